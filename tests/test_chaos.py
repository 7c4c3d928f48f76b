"""A short run of the chaos harness, and proof that it can fail: what was spoiled is complained about."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chaos.disk import MortalDisk
from benchmarks.chaos.holding import hold
from benchmarks.chaos.results import Result, append_result, load_results, summary
from benchmarks.chaos.running import play_all, played
from benchmarks.chaos.story import CASCADES, Story, draw
from tests.consistency import inconsistencies
from tests.provider_room import words_in
from voiceprep.model import Outcome
from voiceprep.recordings.files import write_private


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 7])
def test_sessions_of_which_the_worst_is_made(seed: int) -> None:
    """Five of each; more with `python -m benchmarks.chaos --sessions 1000`."""
    stories = [played(number) for number in range(seed, seed + 5)]
    assert [(done.story.seed, what) for done in stories for what in done.complaints] == []
    assert all(done.ends for done in stories)


def test_a_seed_tells_the_same_story() -> None:
    assert [draw(seed) for seed in range(50)] == [draw(seed) for seed in range(50)]
    assert {draw(seed).name for seed in range(50)} == {"cascaded", "openai", "grok", "gemini"}
    assert any(draw(seed).death is not None for seed in range(50))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_process_dies_in_the_middle_of_a_write(tmp_path: Path, share: float) -> None:
    seen: list[bytes] = []
    disk = MortalDisk(lambda: seen.append((tmp_path / ".file.tmp").read_bytes()), share)
    disk.arm(1)  # opening comes first
    write_private(tmp_path / "file", b"0123456789", disk)
    assert seen == [b"0123456789"[: int(10 * share)]]
    assert (tmp_path / "file").read_bytes() == b"0123456789"


# ------------------------------------------------------------------------------------ many of them


def result(seed: int, code: str = "abc", complaints: tuple[str, ...] = ()) -> Result:
    return Result(code, seed, "cascaded", ("completed",), ("recogniser: drop",), complaints, 1.5)


def test_what_became_of_each_is_one_figure_whoever_played_it(tmp_path: Path) -> None:
    file, seeds = tmp_path / "results.jsonl", range(10, 13)
    assert load_results(file, "abc", seeds) == {}
    for one in (result(12), result(10), result(11, "other commit"), result(9), result(10, complaints=("later",))):
        append_result(file, one)
    assert load_results(file, "abc", seeds) == {12: result(12), 10: result(10)}
    append_result(file, result(11, complaints=("hung",)))
    found = list(load_results(file, "abc", seeds).values())
    *_, all_line, bad_line = summary(found, seeds, "abc")
    assert all_line.split() == "3 sessions (cascaded 3), seeds 10 to 12, code abc, 4 s of processor".split()
    assert bad_line.split() == "1 unrecoverable, inconsistent, wrongly marked or hung: seeds 11".split()


def die_of_eleven(seeds: Sequence[int], code: str, file: Path) -> None:
    """Plays a share, in a process that does not survive one of them."""
    for seed in seeds:
        if seed == 11:
            os._exit(7)
        append_result(file, result(seed, code))


def test_a_run_goes_on_where_it_was_broken_off_and_survives_a_process_that_dies(tmp_path: Path) -> None:
    file, seeds = tmp_path / "results.jsonl", range(10, 15)
    before = result(10, complaints=("found in the first part",))
    append_result(file, before)
    play_all(seeds, 2, "abc", file, die_of_eleven)
    found = load_results(file, "abc", seeds)
    assert sorted(found) == list(seeds)
    assert found[10] == before
    assert found[11].complaints == ("its process ended with 7",)
    assert [found[seed] for seed in (12, 13, 14)] == [result(seed) for seed in (12, 13, 14)]


def calm() -> Story:
    """Nothing goes wrong."""
    story = replace(draw(0), blows=(), losses=(), death=None, interrupt_at_ms=None)
    return replace(story, cascade=CASCADES[0], realtime=None)


def test_a_session_that_takes_too_long_is_said_to_hang(tmp_path: Path) -> None:
    held = asyncio.run(hold(calm(), tmp_path, MortalDisk(lambda: None), limit_s=0.0))
    assert (held.is_hung, held.how) == (True, None)


# ------------------------------------------------------------------------------------ the checker itself


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session in which nothing went wrong."""
    held = asyncio.run(hold(calm(), tmp_path_factory.mktemp("whole"), MortalDisk(lambda: None)))
    assert (held.how, held.violations, held.leftovers) == (Outcome.COMPLETED, [], [])
    assert held.folder is not None
    return held.folder


def _cut(name: str, by_bytes: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-by_bytes])


def _replace(name: str, old: str, new: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return spoil


def _silence(name: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[:44] + bytes(len(data) - 44))

    return spoil


def _remove_scores(folder: Path) -> None:
    for path in folder.glob("scores-*"):
        path.unlink()


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "audio cut": (_cut("candidate.wav", 6_400), "header"),
    "audio silent": (_silence("candidate.wav"), "no answer is to be heard"),
    "interviewer silent": (_silence("interviewer.wav"), "is not to be heard"),
    "journal cut": (_cut("events.jsonl", 200), "unfinished"),
    "marked otherwise": (_replace("session.json", '"completed"', '"stopped"'), "session.json says stopped"),
    "transcript of other words": (_replace("transcript.json", "phrase", "phase"), "not what the journal says"),
    "scores gone": (_remove_scores, "scores"),
    "readable by others": (lambda folder: (folder / "events.jsonl").chmod(0o644), "mode 644"),
    "a draft left": (lambda folder: write_private(folder / ".session.json.tmp", b""), "left over"),
}


def test_a_whole_session_is_consistent(whole: Path) -> None:
    assert inconsistencies(whole, words_in) == []


def test_words_that_were_never_said_are_complained_about(whole: Path) -> None:
    assert any("was never said" in what for what in inconsistencies(whole, lambda samples: "nothing at all"))


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_spoiled_is_complained_about(whole: Path, tmp_path: Path, name: str) -> None:
    spoil, complaint = SPOILED[name]
    folder = Path(shutil.copytree(whole, tmp_path / whole.name))
    spoil(folder)
    assert complaint in "\n".join(inconsistencies(folder))
