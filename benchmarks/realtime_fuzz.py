"""`python -m benchmarks.realtime_fuzz [--messages 10000] [--vendors openai,grok,gemini]`

Whole practices against realtime servers whose messages are mutated, lost, doubled and moved, and whose connections
break at random. Prints a line a vendor; exits 1 at a hang, an exception or a folder that lost something.
"""

import argparse
import asyncio
import gc
import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.nonsense import VENDORS, hold_with_nonsense, losses

HANG_S = 180.0
FIRST_SEED = 101


class Errors(logging.Handler):
    """What asyncio says of tasks whose exceptions nobody took."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@dataclass
class Tally:
    """Of one vendor."""

    vendor: str
    messages: int = 0
    practices: int = 0
    sessions: int = 0
    hangs: int = 0
    exceptions: int = 0
    losses: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.hangs or self.exceptions or self.losses)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.realtime_fuzz")
    parser.add_argument("--messages", type=int, default=10_000, help="mutated ones, of each vendor")
    parser.add_argument("--vendors", default=",".join(VENDORS))
    return parser.parse_args()


async def fuzz(vendor: str, messages: int, errors: Errors) -> Tally:
    """Practice after practice, each with a seed of its own."""
    tally = Tally(vendor)
    while tally.messages < messages:
        seed = FIRST_SEED + tally.practices
        tally.practices += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                count, room = await hold_with_nonsense(vendor, seed, Path(folder), limit_s=HANG_S)
            except TimeoutError:
                tally.hangs += 1
                print(f"{vendor} seed {seed}: hangs", flush=True)
                continue
            except Exception as error:  # what it looks for
                tally.exceptions += 1
                print(f"{vendor} seed {seed}: {error!r}", flush=True)
                continue
            tally.messages += count
            tally.sessions += room.link.session_count if room.link is not None else 0
            for loss in losses(room):
                tally.losses += 1
                print(f"{vendor} seed {seed}: {loss}", flush=True)
    gc.collect()
    for message in errors.messages:
        tally.exceptions += 1
        print(f"{vendor}: {message}", flush=True)
    errors.messages.clear()
    return tally


def main() -> None:
    arguments = read_arguments()
    errors = Errors()
    logging.getLogger().addHandler(errors)
    tallies = []
    for vendor in arguments.vendors.split(","):
        began_s = time.monotonic()
        tally = asyncio.run(fuzz(vendor, arguments.messages, errors))
        tallies.append(tally)
        print(
            f"{vendor:<8} {tally.messages:>6} mutated messages in {tally.practices} practices, {tally.sessions} "
            f"connections: {tally.hangs} hangs, {tally.exceptions} exceptions, {tally.losses} losses "
            f"({time.monotonic() - began_s:.0f} s)",
            flush=True,
        )
    sys.exit(not all(tally.is_clean for tally in tallies))


if __name__ == "__main__":
    main()
