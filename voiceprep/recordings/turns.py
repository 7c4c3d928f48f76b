"""Turns from a journal: the finished ones, and what can be said of those a killed session left open. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from voiceprep.events import (
    AnswerHeard,
    CandidatePaused,
    CandidateStarted,
    InterviewerEnded,
    InterviewerStarted,
    Journaled,
    ProvisionalHeard,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from voiceprep.model import Answer, AnswerEnd, Spoken, Transcript, Turn, TurnTimings, Word


def last_word(events: Sequence[Journaled]) -> SessionEnded | None:
    """How the session ended, None when it did not; an end after which it was resumed is none."""
    for event in reversed(events):
        if isinstance(event, SessionEnded):
            return event
        if isinstance(event, SessionStarted):
            return None
    return None


def closed_turns(events: Sequence[Journaled]) -> tuple[Turn, ...]:
    """Every turn that ended, by index; a turn that was taken twice counts as it ended last."""
    turns = {event.turn.index: event.turn for event in events if isinstance(event, TurnEnded)}
    return tuple(turns[index] for index in sorted(turns))


def open_turns(events: Sequence[Journaled]) -> tuple[Turn, ...]:
    """Turns that started and never ended, closed with what the journal holds.

    An answer that was never finished is the last provisional text, its words spread evenly over the speech.
    """
    closed = {turn.index for turn in closed_turns(events)}
    starts = {
        event.turn_index: (event, place)
        for place, event in enumerate(events)
        if isinstance(event, TurnStarted) and event.turn_index not in closed
    }
    return tuple(_close_turn(start, events[place:]) for _, (start, place) in sorted(starts.items()))


def provisional_turn_indices(events: Sequence[Journaled]) -> frozenset[int]:
    """Turns whose answer is only provisional text: heard, but never finished by the recogniser."""
    finished = {event.turn_index for event in events if isinstance(event, AnswerHeard)}
    provisional = {event.turn_index for event in events if isinstance(event, ProvisionalHeard) and event.text}
    return frozenset(provisional - finished)


def _close_turn(start: TurnStarted, events: Sequence[Journaled]) -> Turn:
    """Close the turn that begins with `start`, the first of `events`."""
    own = _until_next_turn(events)
    said = _said(own)
    answers = [event.answer for event in own if isinstance(event, AnswerHeard)]
    answer = answers[-1] if answers else _provisional_answer(own)
    first_sound_ms = said[0].start_ms if said else None
    return Turn(start.turn_index, start.brief, said, answer, TurnTimings(first_sound_ms=first_sound_ms))


def _until_next_turn(events: Sequence[Journaled]) -> Sequence[Journaled]:
    for place, event in enumerate(events[1:], start=1):
        if isinstance(event, TurnStarted):
            return events[:place]
    return events


def _said(events: Sequence[Journaled]) -> tuple[Spoken, ...]:
    said: list[Spoken] = []
    begun: InterviewerStarted | None = None
    for event in events:
        if isinstance(event, InterviewerStarted):
            begun = event
        elif isinstance(event, InterviewerEnded):
            said.append(event.spoken)
            begun = None
    if begun is not None:
        # How much of it was heard went down with the process; saying nothing is the honest guess.
        said.append(Spoken(begun.text, "", begun.at_ms, max(begun.at_ms, events[-1].at_ms), is_interrupted=True))
    return tuple(said)


def _provisional_answer(events: Sequence[Journaled]) -> Answer | None:
    heard = [event for event in events if isinstance(event, ProvisionalHeard)]
    if not heard or not heard[-1].text.split():
        return None
    spoken_until_ms = max(
        (event.at_ms for event in events if isinstance(event, CandidatePaused | ProvisionalHeard)),
        default=heard[-1].at_ms,
    )
    started_ms = _speech_start_ms(events, heard[0].at_ms)
    words = heard[-1].text.split()
    edges = [started_ms + (spoken_until_ms - started_ms) * n // len(words) for n in range(len(words) + 1)]
    spread = tuple(Word(word, *span) for word, span in zip(words, pairwise(edges), strict=True))
    return Answer(Transcript(spread), started_ms, spoken_until_ms, AnswerEnd.SESSION_ENDED)


def _speech_start_ms(events: Sequence[Journaled], provisional_ms: int) -> int:
    """The onset this answer began with: the first after the interviewer's last words, before the first text."""
    asked_ms = max(
        (event.at_ms for event in events if isinstance(event, InterviewerEnded) and event.at_ms < provisional_ms),
        default=events[0].at_ms,
    )
    onsets = [event.at_ms for event in events if isinstance(event, CandidateStarted)]
    return min((ms for ms in onsets if asked_ms <= ms <= provisional_ms), default=min(asked_ms, provisional_ms))
