"""Numbers as short text: level bar, dBFS, m:ss, and words made safe to print. Pure; knows no console."""

import math
from collections.abc import Sequence

from voiceprep.language.plaintext import clock, plain

FLOOR_DBFS = -60.0
"""The empty end of the level bar: below it is room noise on any usable microphone."""

_SILENT_DBFS = -90.0


def level_bar(level_dbfs: float, width_chars: int, is_ascii: bool = False) -> str:
    """A bar of exactly `width_chars`, empty at `FLOOR_DBFS` and full at 0 dBFS. NaN counts as silence."""
    full, empty = ("#", "-") if is_ascii else ("█", "░")
    share = 0.0 if math.isnan(level_dbfs) else (level_dbfs - FLOOR_DBFS) / -FLOOR_DBFS
    filled = round(min(max(share, 0.0), 1.0) * width_chars)
    return full * filled + empty * (width_chars - filled)


def level_graph(levels_dbfs: Sequence[float], width_chars: int) -> str:
    """Levels over time as `width_chars` columns, each the loudest of its share; same scale as `level_bar`."""
    marks = "▁▂▃▄▅▆▇█"
    columns = []
    for column in range(min(width_chars, len(levels_dbfs))):
        first = column * len(levels_dbfs) // width_chars
        loudest = max(levels_dbfs[first : max(first + 1, (column + 1) * len(levels_dbfs) // width_chars)])
        share = min(max((loudest - FLOOR_DBFS) / -FLOOR_DBFS, 0.0), 1.0)
        columns.append(marks[round(share * (len(marks) - 1))])
    return "".join(columns)


def level_text(level_dbfs: float) -> str:
    """`-23 dBFS`, or `silent` for digital silence and NaN."""
    if math.isnan(level_dbfs) or level_dbfs <= _SILENT_DBFS:
        return "silent"
    return f"{min(round(level_dbfs), 0)} dBFS"


def time_left_text(at_ms: int, limit_ms: int) -> str:
    """`3:20 left`; without a limit (0) `11:40 so far`."""
    return f"{clock(limit_ms - at_ms)} left" if limit_ms else f"{clock(at_ms)} so far"


def printable(text: str, encoding: str = "utf-8") -> str:
    """`plain` text with nothing in it that `encoding` cannot write."""
    return plain(text).encode(encoding, "replace").decode(encoding)
