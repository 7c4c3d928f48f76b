"""Asks candidates to rate their own answers after the interview, before any score is shown."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from voiceprep.answers import merge_answers
from voiceprep.plaintext import plain
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.self_scores import RATING_MAX, SelfScore, add_self_scores

_RATINGS = frozenset(map(str, range(RATING_MAX + 1)))


def rate_answers(record: SessionRecord, console: Console, fd: int = 0) -> SessionRecord:
    """Ask for every answer, keep what was said; the record with it. Raises RecordingError."""
    if not os.isatty(fd):
        console.print("--self-score needs somebody at a terminal: no answer was rated.", soft_wrap=True)
        return record
    with os.fdopen(os.dup(fd), encoding="utf-8", errors="replace") as lines:
        given = ask_ratings(record, console, lines.readline)
    if not given:
        return record
    add_self_scores(record.folder, given)
    return load_session(record.folder)


def ask_ratings(record: SessionRecord, console: Console, read_line: Callable[[], str]) -> list[SelfScore]:
    """A rating per answered question; Enter skips one, the end of the input or Ctrl-C skips the rest."""
    questions = record.info.questions
    answered = [asked for asked in merge_answers(record.turns) if asked.answers]
    given: list[SelfScore] = []
    if answered:
        console.print(f"How good was each answer, 0 to {RATING_MAX}? Enter skips.")
    try:
        for number, asked in enumerate(answered, start=1):
            question = questions.get(asked.question_id)
            text = question.text if question else asked.turns[0].brief.text
            rating = _ask(f"{number}. {plain(text)} ", console, read_line)
            if rating is not None:
                given.append(SelfScore(asked.question_id, rating, datetime.now(UTC)))
    except (EOFError, KeyboardInterrupt):
        console.print()
    return given


def _ask(prompt: str, console: Console, read_line: Callable[[], str]) -> int | None:
    """Until it is a rating or empty. Raises EOFError at the end of the input."""
    while True:
        console.print(prompt, end="", markup=False, soft_wrap=True)
        line = read_line()
        if not line:
            raise EOFError
        said = line.strip()
        if not said:
            return None
        if said in _RATINGS:
            return int(said)
        console.print(f"A whole number from 0 to {RATING_MAX}, or Enter to skip.")
