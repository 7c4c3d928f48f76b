"""Realtime servers that talk nonsense and hang up: no hang, no traceback, no lost folder.

A short look at each vendor; `python -m benchmarks.realtime_fuzz` takes 10,000 mutated messages for each.
"""

import gc
import logging
from pathlib import Path

import pytest

from tests.nonsense import VENDORS, hold_with_nonsense, losses


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_practice_survives_nonsense(vendor: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    count, room = await hold_with_nonsense(vendor, 4, tmp_path, questions=1)
    gc.collect()  # a task that ended with an exception nobody took says so now
    assert count > 0
    assert losses(room) == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
