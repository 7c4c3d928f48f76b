"""`python -m benchmarks.mutation [--modules interview,endpointing,offline] [--sample N] [--seed 1]`

Changes a module in one place after another and runs its tests each time, in a forked process that swaps the code of
the functions: tests are collected once. Prints the survivors, changes that no test noticed. Some are equivalent.
"""

import argparse
import gc
import importlib
import os
import random
import select
import signal
import sys
import time
import types
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.mutation.mutants import Mutant, mutants

ORDINARY = "not device and not browser and not slow and not peers"
FACTOR, LEAST_S = 8, 20.0
"""A mutant may take so many times as long as the tests take without it, at least so long; else it hangs: killed."""
EXAMPLES_MAX = 15
"""Of each hypothesis test."""

SUBJECTS = {
    "interview": ("voiceprep.conduct.interview", ["test_interview", "test_interview_edges", "test_follow_ups"]),
    "endpointing": ("voiceprep.turn_taking.endpointing", ["test_endpointing", "test_endpointing_edges"]),
    "offline": ("voiceprep.scoring.offline", ["test_offline_judge", "test_offline_edges"]),
}
"""Name → module and the test files that are about it."""


@dataclass
class Judgement:
    """What became of a module's mutants."""

    name: str
    sample: list[Mutant]
    all_count: int
    killed: int = 0
    hung: int = 0
    survivors: list[Mutant] = field(default_factory=list)

    def lines(self) -> list[str]:
        noticed = self.killed + self.hung
        tried = noticed + len(self.survivors)
        head = (
            f"{self.name}: {tried} of {self.all_count} mutants tried, {noticed} killed ({self.hung} of them hung), "
            f"{len(self.survivors)} survived: {noticed / max(tried, 1):.0%}"
        )
        return [head, *(f"  {mutant}" for mutant in self.survivors)]


class Mutating:
    """A pytest plugin: instead of running the tests once, runs them for every mutant, each in a fork."""

    def __init__(self, judgement: Judgement, module: types.ModuleType, until_s: float) -> None:
        self._judgement, self._module, self._until_s = judgement, module, until_s

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from hypothesis import settings  # pytest wants to see it first

        settings.register_profile("mutation", deadline=None, derandomize=True, max_examples=EXAMPLES_MAX)
        settings.load_profile("mutation")
        began_s = time.monotonic()
        if self._fork(session, None, 600.0) != 0:
            raise pytest.UsageError("the tests fail without any mutant")
        limit_s = max(LEAST_S, FACTOR * (time.monotonic() - began_s))
        for mutant in self._judgement.sample:
            if time.monotonic() > self._until_s:
                break
            match self._fork(session, mutant, limit_s):
                case 0:
                    self._judgement.survivors.append(mutant)
                    print(f"  survives: {mutant}", flush=True)
                case None:
                    self._judgement.hung += 1
                case _:
                    self._judgement.killed += 1
        return True

    def _fork(self, session: pytest.Session, mutant: Mutant | None, limit_s: float) -> int | None:
        """The exit code of the tests; None where they hang."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self._test(session, mutant)
        end = os.pidfd_open(child)
        is_over = bool(select.select([end], [], [], limit_s)[0])
        os.close(end)
        if not is_over:
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        return os.waitstatus_to_exitcode(status) if is_over else None

    def _test(self, session: pytest.Session, mutant: Mutant | None) -> None:
        """In the child; does not return."""
        code = 1
        try:
            if mutant is not None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(1, 2)
                swap(self._module, mutant)
            for item, following in zip(session.items, [*session.items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    break
            code = int(bool(session.testsfailed))
        finally:
            os._exit(code)


def swap(module: types.ModuleType, mutant: Mutant) -> None:
    """Give the functions of a loaded module the mutant's code, and constants and defaults the mutant's values."""
    compiled = compile(mutant.tree, module.__file__ or "", "exec")
    codes = {(code.co_qualname, code.co_firstlineno): code for code in _codes(compiled)}
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType) and found.__module__ == module.__name__:
            code = codes.get((found.__code__.co_qualname, found.__code__.co_firstlineno))
            if code is not None and code.co_freevars == found.__code__.co_freevars:
                found.__code__ = code
    fresh = types.ModuleType(module.__name__)
    exec(compiled, fresh.__dict__)
    for name, value in vars(fresh).items():
        present = getattr(module, name, None)
        if isinstance(value, int | float) and present != value:
            setattr(module, name, value)
        elif isinstance(value, dict) and isinstance(present, dict) and not name.startswith("__"):
            present |= {key: each for key, each in value.items() if isinstance(each, int | float)}
        elif isinstance(value, type) and isinstance(present, type) and value.__module__ == module.__name__:
            _swap_defaults(vars(present).get("__init__"), vars(value).get("__init__"))
        elif isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            _swap_defaults(present, value)


def _swap_defaults(present: object, fresh: object) -> None:
    """Of arguments, and so of a dataclass's fields: numbers and tuples of them; the rest keeps its identity."""
    if isinstance(present, types.FunctionType) and isinstance(fresh, types.FunctionType):
        pairs = zip(present.__defaults__ or (), fresh.__defaults__ or (), strict=True)
        present.__defaults__ = tuple(new if isinstance(new, int | float | tuple) else old for old, new in pairs)
        named = (fresh.__kwdefaults__ or {}).items()
        present.__kwdefaults__ = {
            **(present.__kwdefaults__ or {}),
            **{name: new for name, new in named if isinstance(new, int | float | tuple)},
        }


def _codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return [code, *(deeper for each in inner for deeper in _codes(each))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation")
    parser.add_argument("--modules", default=",".join(SUBJECTS))
    parser.add_argument("--sample", type=int, default=0, help="so many mutants of each module; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each module, at most")
    arguments = parser.parse_args()
    for name in arguments.modules.split(","):
        path, tests = SUBJECTS[name]
        module = importlib.import_module(path)
        every = mutants(Path(module.__file__ or "").read_text(encoding="utf-8"))
        count = min(arguments.sample or len(every), len(every))
        sample = random.Random(arguments.seed).sample(every, count)
        judgement = Judgement(name, sample, len(every))
        plugin = Mutating(judgement, module, time.monotonic() + arguments.minutes * 60)
        files = [f"tests/{test}.py" for test in tests]
        options = ["-q", "-p", "no:cacheprovider", "-m", ORDINARY, *files]
        pytest.main(options, plugins=[plugin])
        print("\n".join(judgement.lines()), flush=True)


if __name__ == "__main__":
    main()
