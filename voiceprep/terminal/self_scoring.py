"""Asks candidates to rate their own answers after the interview, before any score is shown."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from voiceprep.answers import merge_answers
from voiceprep.errors import ProviderError
from voiceprep.language.plaintext import plain
from voiceprep.practice.spoken_rating import parse_rating
from voiceprep.recordings.reader import SessionRecord
from voiceprep.recordings.self_scores import RATING_MAX, SelfScore, add_self_scores
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.listening import open_ear
from voiceprep.wiring.sealing import seal_at_end

_RATINGS = frozenset(map(str, range(RATING_MAX + 1)))

Hear = Callable[[], str]
"""One reply as it was spoken, empty when nothing was heard."""


def rate_aloud(record: SessionRecord, console: Console, choice: Choice) -> SessionRecord:
    """As `rate_answers`, by voice where the session was spoken into a microphone. Raises RecordingError."""
    if not choice.uses_microphone or not os.isatty(0):
        return rate_answers(record, console)
    try:
        with open_ear(choice, NoControls()) as hear:
            return rate_answers(record, console, hear=hear)
    except ProviderError as error:
        console.print(f"{plain(error.message)} Type your ratings.", soft_wrap=True)
        return rate_answers(record, console)


def rate_answers(record: SessionRecord, console: Console, fd: int = 0, hear: Hear | None = None) -> SessionRecord:
    """Ask for every answer, keep what was said; the record with it. Raises RecordingError."""
    if not os.isatty(fd):
        console.print("--self-score needs somebody at a terminal: no answer was rated.", soft_wrap=True)
        return record
    with os.fdopen(os.dup(fd), encoding="utf-8", errors="replace") as lines:
        given = ask_ratings(record, console, lines.readline, hear)
    if not given:
        return record
    add_self_scores(record.folder, given)
    seal_at_end(record.folder)
    return replace(record, self_scores=(*record.self_scores, *given))


def ask_ratings(
    record: SessionRecord, console: Console, read_line: Callable[[], str], hear: Hear | None = None
) -> list[SelfScore]:
    """A rating per answered question; Enter skips one, the end of the input or Ctrl-C skips the rest."""
    questions = record.info.questions
    answered = [asked for asked in merge_answers(record.turns) if asked.answers]
    given: list[SelfScore] = []
    if answered:
        how = "Say it, like “three out of five”, or wait and type." if hear else "Enter skips."
        console.print(f"How good was each answer, 0 to {RATING_MAX}? {how}")
    try:
        for number, asked in enumerate(answered, start=1):
            question = questions.get(asked.question_id)
            text = question.text if question else asked.turns[0].brief.text
            rating = _ask(f"{number}. {plain(text)} ", console, read_line, hear)
            if rating is not None:
                given.append(SelfScore(asked.question_id, rating, datetime.now(UTC)))
    except (EOFError, KeyboardInterrupt):
        console.print()
    return given


def _ask(prompt: str, console: Console, read_line: Callable[[], str], hear: Hear | None) -> int | None:
    """First by voice, where there is one, then typed until it is a rating or empty. Raises EOFError at the end of
    the input."""
    if hear is not None:
        console.print(prompt, markup=False, soft_wrap=True)
        heard = hear()
        rating = parse_rating(heard, RATING_MAX)
        if rating is not None:
            console.print(f"   {rating} of {RATING_MAX}", markup=False)
            return rating
        told = f"I heard “{plain(heard)}”." if heard else "I heard nothing."
        console.print(f"   {told} Type it, or Enter skips.", markup=False, soft_wrap=True)
        prompt = "   "
    while True:
        console.print(prompt, end="", markup=False, soft_wrap=True)
        line = read_line()
        if not line:
            raise EOFError
        said = line.strip()
        if not said:
            return None
        rating = int(said) if said in _RATINGS else parse_rating(said, RATING_MAX) if _is_worded(said) else None
        if rating is not None:
            return rating
        console.print(f"A whole number from 0 to {RATING_MAX}, or Enter to skip.")


def _is_worded(said: str) -> bool:
    """ "7 out of 10" and "seven" are; "-1" and "4.5" are numbers that are none of the scale."""
    return any(letter.isalpha() or letter in "/%" for letter in said)
