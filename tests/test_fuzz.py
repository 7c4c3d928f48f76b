"""Every way in, with inputs that are wrong: only the documented error, whatever they hold.

A short look; `make fuzz` takes a million inputs and ten minutes of atheris. Its corpus is replayed here whole.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import files, seeds
from benchmarks.fuzz.targets import CORPUS, TARGETS, Target
from tests import sample_session as sample
from voiceprep.banks.entry import ID_PATTERN
from voiceprep.banks.reading import load_bank
from voiceprep.errors import BankError, ConfigError
from voiceprep.network import check_encrypted, is_this_machine
from voiceprep.providers.deepgram_link import LinkError
from voiceprep.providers.deepgram_listen import FluxDialect, NovaDialect
from voiceprep.recordings.codec import encode_event
from voiceprep.recordings.journal import parse_journal
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.offline import OfflineJudge

INPUTS = {"session": 30, "document": 10, "gemini": 150}
"""Of each target; else 300."""
TARGET = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
GIVEN = settings(deadline=None, max_examples=60, derandomize=True)


@pytest.fixture(autouse=True)
def _parsers_may_warn() -> Iterator[None]:
    """What a library says of a strange file is nobody's failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@TARGET
def test_what_is_right_is_taken(target: Target) -> None:
    assert any(target.accepts(data) for data in target.seeds())


@TARGET
def test_the_corpus_does_no_harm(target: Target) -> None:
    for data in target.kept():
        target.accepts(data)


def test_the_corpus_belongs_to_targets_and_is_small() -> None:
    names = {target.name for target in TARGETS}
    paths = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert paths
    assert {path.parent.name for path in paths} <= names
    assert sum(path.stat().st_size for path in paths) < 500_000


@TARGET
def test_what_is_wrong_is_refused_or_taken(target: Target) -> None:
    source = target.source(7, target.seeds())
    count = 0
    while count < INPUTS.get(target.name, 300):
        data, more = source.make()
        count += more
        target.accepts(data)


# -------------------------------------------------------------------------------------- properties

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30))
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
)
GOOD_BANK: dict[str, Any] = yaml.safe_load(seeds.BANK)
QUESTION_FIELDS = sorted(GOOD_BANK["questions"][0])


Given = TypeVar("Given")
Taken = TypeVar("Taken")
Refusal = TypeVar("Refusal", bound=Exception)


def attempt(
    read: Callable[[Given], Taken], given: Given, refusal: type[Refusal]
) -> tuple[Refusal, None] | tuple[None, Taken]:
    """What a reader says: a refusal of this kind, or a value."""
    try:
        return None, read(given)
    except refusal as error:
        return error, None


@GIVEN
@given(st.sampled_from(QUESTION_FIELDS), ANYTHING, st.booleans())
def test_a_field_of_a_bank_may_hold_anything(name: str, value: object, is_flow: bool) -> None:
    """Refused with file and line; what is taken is what a bank promises."""
    question = {**GOOD_BANK["questions"][0], name: value}
    text = yaml.safe_dump({**GOOD_BANK, "questions": [question]}, allow_unicode=True, default_flow_style=is_flow)
    path = files.place("property.yaml", text.encode("utf-8", "surrogatepass"))
    refusal, bank = attempt(load_bank, path, BankError)
    if bank is None:
        assert str(path) in str(refusal)
        assert len(str(refusal)) < 2_000
        return
    (taken,) = bank.questions
    assert ID_PATTERN.fullmatch(taken.id)
    assert taken.key_points
    assert all(point.weight > 0 and point.text.strip() for point in taken.key_points)
    assert 1 <= taken.difficulty <= 5


@GIVEN
@given(st.lists(ANYTHING, max_size=4), st.text(max_size=80), st.text(max_size=40))
def test_grading_answers_every_line_in_order(points: list[object], answer: str, question: str) -> None:
    wrong = {"id": "wrong", "question": question, "key_points": points, "answer": answer}
    point = {"id": "p", "text": question or "an index"}
    right = {"id": "right", "question": question, "key_points": [point], "answer": answer}
    judge = OfflineJudge(has_word_vectors=False, has_encoder=False)
    told = [json.loads(line) for line in grade_lines([json.dumps(wrong), "{", json.dumps(right)], judge)]
    assert [each["id"] for each in told] == ["wrong", None, "right"]
    for credited in told[2].get("key_points", []):
        if credited["quote"] is not None:
            assert credited["quote"] == answer[credited["start_char"] : credited["end_char"]]


@GIVEN
@given(st.integers(min_value=0), st.binary(max_size=40))
def test_a_journal_cut_and_continued_anywhere_keeps_its_whole_lines(cut: int, rubbish: bytes) -> None:
    lines = [encode_event(event) + b"\n" for event in sample.every_event()]
    data = b"".join(lines)
    cut %= len(data) + 1
    whole = data[:cut].count(b"\n")
    content = parse_journal(data[:cut] + b"\n" + rubbish)
    assert content.events[:whole] == sample.every_event()[:whole]


SECONDS = st.one_of(st.floats(), st.integers(), st.none(), st.text(max_size=3))


@GIVEN
@given(st.lists(st.tuples(st.text(max_size=9), SECONDS, SECONDS), max_size=5), SECONDS, SECONDS)
def test_deepgram_words_have_times_or_are_refused(words: list[Any], start: object, end: object) -> None:
    timed = [{"word": word, "start": first, "end": last} for word, first, last in words]
    best = {"transcript": " ".join(word for word, *_ in words), "words": timed}
    nova = {"type": "Results", "start": start, "duration": end, "channel": {"alternatives": [best]}}
    flux = {
        "type": "TurnInfo",
        "audio_window_start": start,
        "audio_window_end": end,
        "end_of_turn_confidence": 0.5,
        **best,
    }
    for dialect, message in ((NovaDialect("nova-3", (), 25), nova), (FluxDialect("flux", ()), flux)):
        refusal, heard = attempt(dialect.read, message, LinkError)
        assert refusal is None or refusal.is_retryable
        words_heard = heard.words if heard is not None else ()
        assert all(isinstance(word.start_ms, int) and word.text.strip() for word in words_heard)


HOSTS = st.from_regex(r"[a-z0-9.\-]{1,20}", fullmatch=True)


@GIVEN
@given(st.sampled_from(["http", "ws", "HTTP"]), HOSTS, st.text(max_size=9))
def test_no_readable_address_of_another_machine_is_taken(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}://{host}/{path}"
    if is_this_machine(urlsplit(url).hostname or ""):
        check_encrypted(url, "SOME_URL", is_plain_allowed=False)
    else:
        with pytest.raises(ConfigError, match="SOME_URL"):
            check_encrypted(url, "SOME_URL", is_plain_allowed=False)
