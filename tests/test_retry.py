"""Retry: one question again, compared blind and in both orders; the old session is only read."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import Done, run, run_apart
from voiceprep.answers import AskedQuestion, merge_answers
from voiceprep.model import Bank, KeyPointScore, Question, QuestionScore, Transcript, TurnKind
from voiceprep.practice.retry import compare, improvement
from voiceprep.recordings.age import NO_SEAL
from voiceprep.recordings.comparison import Comparison, Verdict, load_comparison, save_comparison
from voiceprep.recordings.reader import load_session
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.wiring.recall import reworded

QUESTION = sample.QUESTIONS[0]
SAME, WHICH = QUESTION.key_points


class WordJudge:
    """Credits a key point for its word; what it thinks of an answer depends on nothing else."""

    name, version = "word", "1"

    def score(self, question: Question, answer: Transcript) -> QuestionScore:
        points = tuple(self._point(point.id, word, answer) for point, word in zip((SAME, WHICH), ("same", "put")))  # noqa: B905
        return QuestionScore(question.id, (2 * points[0].credit + points[1].credit) / 3, points)

    def _point(self, point_id: str, word: str, answer: Transcript) -> KeyPointScore:
        at = answer.text.find(word)
        if at < 0:
            return KeyPointScore(point_id, False, 0.0)
        return KeyPointScore(point_id, True, 1.0, word, at, at + len(word), 1_000, 2_000)


class MoodyJudge(WordJudge):
    """Changes its mind: every second answer it hears gets nothing."""

    def __init__(self) -> None:
        self._heard_count = 0

    def score(self, question: Question, answer: Transcript) -> QuestionScore:
        self._heard_count += 1
        return super().score(question, answer if self._heard_count % 2 else Transcript())


class LyingJudge(WordJudge):
    """Quotes what nobody said."""

    def _point(self, point_id: str, word: str, answer: Transcript) -> KeyPointScore:
        return KeyPointScore(point_id, True, 1.0, word, 0, len(word))


def _asked(text: str) -> AskedQuestion:
    turn = sample.turn(
        1, TurnKind.QUESTION, QUESTION.text, 0, question_id=QUESTION.id, answer=sample.answer(text, 5_000)
    )
    return merge_answers([turn])[0]


def _compare(before: str, after: str, judge: WordJudge | None = None) -> Comparison:
    return compare(QUESTION, ("old", _asked(before)), ("new", _asked(after)), WHICH, judge or WordJudge())


def test_what_is_gained_lost_and_kept() -> None:
    better = _compare("the same each time", "the same, and put is one")
    assert better.verdict is Verdict.BETTER
    assert better.is_done
    assert [(point.before, point.after) for point in better.points] == [(1.0, 1.0), (0.0, 1.0)]
    assert better.before.score == pytest.approx(2 / 3)
    assert better.after.score == 1.0
    worse = _compare("the same, and put is one", "put is one")
    assert (worse.verdict, worse.is_done) == (Verdict.WORSE, True)
    assert _compare("it is the same", "always the same").verdict is Verdict.SAME


def test_a_judge_that_does_not_say_the_same_in_both_orders_decides_nothing() -> None:
    assert _compare("the same and put", "the same and put", MoodyJudge()).verdict is Verdict.UNSURE


def test_quotes_nobody_said_count_for_nothing() -> None:
    comparison = _compare("nothing of that", "nothing either", LyingJudge())
    assert [(point.before, point.after) for point in comparison.points] == [(0.0, 0.0), (0.0, 0.0)]
    assert not comparison.is_done


def test_the_heaviest_missing_point_is_asked_for() -> None:
    judge = WordJudge()
    assert improvement(QUESTION, judge.score(QUESTION, _asked("put").transcript)) == SAME
    assert improvement(QUESTION, judge.score(QUESTION, _asked("put same").transcript)) is None
    assert improvement(QUESTION, None) == SAME


def test_a_comparison_is_read_as_it_was_written(tmp_path: Path) -> None:
    comparison = _compare("the same", "put")
    save_comparison(tmp_path, comparison)
    assert load_comparison(tmp_path) == comparison
    (tmp_path / "comparison.json").write_text("{")
    assert load_comparison(tmp_path) is None


# ---------------------------------------------------------------------------------------- the command


def _held(recordings: Path, *arguments: str) -> Done:
    options = ("--pace", "fast", "--plain", "--recordings", str(recordings))
    return run_apart(*arguments, *options)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weak answer to one question."""
    folder = tmp_path_factory.mktemp("recordings")
    done = _held(folder, "interview", "--questions", "1", "--candidate", "weak", "--seed", "3", "--speaker", "none")
    assert done.code == 0, done.err
    return folder


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_retry_is_a_session_of_its_own_with_the_comparison_in_it(recordings: Path) -> None:
    old = next(folder for folder in recordings.iterdir() if folder.is_dir())
    before = _content(old)
    question = load_session(old).info.plan[0]
    done = _held(recordings, "retry", old.name, "--question", question.id, "--candidate", "strong", "--seed", "1")
    assert done.code == 0, done.err
    assert _content(old) == before, "the old session is only read"
    assert "This time say: " in done.out
    assert "Compared    better" in done.out
    new = next(folder for folder in recordings.iterdir() if folder.is_dir() and folder != old)
    record = load_session(new)
    assert record.info.retry_of == old.name
    assert record.info.plan == (question,)
    assert record.comparison is not None
    assert record.comparison.verdict is Verdict.BETTER
    again = compare(
        question,
        (old.name, merge_answers(load_session(old).turns)[0]),
        (new.name, merge_answers(record.turns)[0]),
        next((point for point in question.key_points if point.id == record.comparison.asked_for), None),
        OfflineJudge(),
    )
    assert again == record.comparison, "made again from both folders it is the same"
    shown = run("report", new.name, "--recordings", recordings)
    assert "Asked for   done" in shown.out
    assert (
        "Compared with the earlier answer"
        in run("report", new.name, "--format", "markdown", "--recordings", recordings).out
    )
    page = run("report", new.name, "--format", "html", "--recordings", recordings)
    html = Path(page.out.strip()).read_text(encoding="utf-8")
    assert f'src="../{old.name}/candidate.wav#t=' in html
    assert 'src="candidate.wav#t=' in html


@pytest.mark.parametrize(
    ("which", "question", "hint"),
    [("last", "no-such-question", "has no answer to a question"), ("20", "", "Type more of the id")],
)
def test_what_cannot_be_retried_is_said(tmp_path: Path, which: str, question: str, hint: str) -> None:
    record = sample.record_session(tmp_path)
    record.folder.rename(tmp_path / "20260301T183000Z-sample-bank-0001")
    sample.record_session(tmp_path)
    done = run("retry", which, "--question", question, "--recordings", tmp_path, "--mic", "keyboard")
    assert done.code in (2, 5)
    assert hint in done.err


def test_a_silent_answer_cannot_be_retried(tmp_path: Path) -> None:
    sample.record_session(tmp_path)
    done = run("retry", "last", "--question", "index", "--recordings", tmp_path, "--mic", "keyboard")
    assert done.code == 2
    assert "It has answers to: idempotent." in done.err


# ---------------------------------------------------------------------------------------- practice --due


def test_practice_due_asks_what_was_missed(recordings: Path) -> None:
    with_plan = ("practice", "--due", "--plan", "--json", "--recordings", str(recordings))
    assert "Nothing is due" in run(*with_plan).out, "it was asked today"


def test_practice_due_takes_the_bank_of_what_is_due(tmp_path: Path) -> None:
    from tests.test_schedule import NOON
    from voiceprep.recordings.reviews import NamedReview, Rating, save_reviews

    bank = json.loads(run("banks", "show", "python-backend", "--json").out)
    known = bank["questions"][0]["id"]
    reviews = [NamedReview("python-backend", known, "", Rating.AGAIN, NOON, "Why?", "topic")]
    exported = tmp_path / "s.json"
    save_reviews(exported, reviews)
    (tmp_path / "r").mkdir()
    assert run("schedule", "import", exported, "--recordings", tmp_path / "r").code == 0
    plan = json.loads(run("practice", "--due", "--plan", "--json", "--recordings", tmp_path / "r").out)
    assert [question["id"] for question in plan["questions"]] == [known]


def test_a_question_that_comes_again_is_worded_anew(tmp_path: Path) -> None:
    question = replace(sample.QUESTIONS[0], wordings=("What makes a method idempotent?",))
    sample_bank = Bank("sample-bank", "A sample bank", (question, sample.QUESTIONS[1]))
    assert reworded(tmp_path, NO_SEAL, sample_bank) == sample_bank, "never asked: as it is written"
    record = sample.record_session(tmp_path)
    assert reworded(tmp_path, NO_SEAL, sample_bank).questions[0].text == "What makes a method idempotent?"
    shutil.copytree(record.folder, tmp_path / "20260302T183000Z-sample-bank-00fe")
    assert reworded(tmp_path, NO_SEAL, sample_bank) == sample_bank, "and round again"


def test_simulated_candidates_count_only_until_a_person_answers(tmp_path: Path) -> None:
    from voiceprep.recordings.codec import encode

    record = sample.record_session(tmp_path)
    (record.folder / "session.json").write_bytes(encode(replace(record.info, candidate="partial")))
    first = json.loads(run("due", "--json", "--recordings", tmp_path).out)
    assert {question["id"] for question in first["due"]} == {"idempotent", "index"}
    assert "simulated" in run("history", "--recordings", tmp_path).out
    assert "simulated candidate (partial)" in run("report", "last", "--recordings", tmp_path).out
    record.folder.rename(tmp_path / "20260228T183000Z-sample-bank-00fe")
    person = sample.record_session(tmp_path)
    (person.folder / "session.json").write_bytes(encode(replace(person.info, bank_id="other-bank")))
    later = json.loads(run("due", "--json", "--recordings", tmp_path).out)
    assert {question["bank"] for question in later["due"]} == {"other-bank"}
