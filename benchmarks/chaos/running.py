"""Plays the stories of many seeds in some processes that share one file of results."""

import faulthandler
import multiprocessing
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.chaos.playing import Played, play
from benchmarks.chaos.results import Result, append_result, load_results
from benchmarks.chaos.story import draw

STUCK_S = 3_600.0
"""Of wall time for one story: its process is ended with a traceback, for its own watch does not see it any more."""

PlayShare = Callable[[Sequence[int], str, Path], None]


def played(seed: int) -> Played:
    """The story of a seed, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return play(draw(seed), Path(folder))


def play_share(seeds: Sequence[int], code: str, file: Path) -> None:
    """One after another; what became of each is told and written at once."""
    for seed in seeds:
        faulthandler.dump_traceback_later(STUCK_S, exit=True)
        before_s = _cpu_s()
        done = played(seed)
        faulthandler.cancel_dump_traceback_later()
        told = tuple(done.ends), tuple(done.blows), tuple(done.complaints)
        result = Result(code, seed, done.story.name, *told, round(_cpu_s() - before_s, 2))
        append_result(file, result)
        for line in result.lines():
            print(line, flush=True)


def play_all(
    seeds: Sequence[int], process_count: int, code: str, file: Path, worker: PlayShare = play_share
) -> None:
    """Those that `file` does not have yet, shared out; a process that dies is a complaint, and the rest goes on."""
    context = multiprocessing.get_context("spawn")
    while left := _unplayed(seeds, code, file):
        shares = [left[number::process_count] for number in range(min(process_count, len(left)))]
        processes = [context.Process(target=worker, args=(share, code, file)) for share in shares]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        for process, share in zip(processes, shares, strict=True):
            for seed in _unplayed(share, code, file)[:1]:
                complaint = f"its process ended with {process.exitcode}"
                append_result(file, Result(code, seed, draw(seed).name, (), (), (complaint,), 0.0))


def _unplayed(seeds: Sequence[int], code: str, file: Path) -> list[int]:
    known = load_results(file, code, seeds)
    return [seed for seed in seeds if seed not in known]


def _cpu_s() -> float:
    """Of this process and those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
