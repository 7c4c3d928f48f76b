"""Whether a session that has ended says one thing: journal, audio, transcript, scores and marks, each against the
others. Must not know how the session was held or what befell it.
"""

import stat
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from voiceprep.answers import merge_answers
from voiceprep.events import InterviewerStarted, Journaled, SessionEnded, SessionStarted, TurnEnded, TurnStarted
from voiceprep.model import Answer, Outcome, QuestionScore, Spoken, Transcript, Turn
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples
from voiceprep.recordings.reader import TRACK_RATES_HZ, SessionRecord, load_session
from voiceprep.recordings.samples import load_samples
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.recordings.transcript import render_json, render_markdown, render_vtt, transcript_of
from voiceprep.recordings.turns import last_word
from voiceprep.wiring.records import audit_record, score_record

LOST_MS_MAX = 200
"""What a killed session may lose of its audio; its journal may be ahead by as much."""

OVERLAP_MS = BLOCK_MS
"""Neighbouring words may share so much: recognisers round."""

HeardIn = Callable[[Samples], str]
"""The words in 16 kHz audio, shape (n_samples,)."""


def inconsistencies(folder: Path, words_in: HeardIn | None = None) -> list[str]:
    """What in `folder` contradicts something else in it; nothing is good. `words_in` can hear the candidate."""
    record = load_session(folder)
    slack_ms = LOST_MS_MAX if record.info.outcome is Outcome.RECOVERED else BLOCK_MS
    return [
        *record.problems,
        *_files(folder),
        *_marks(record),
        *_clock(record, slack_ms),
        *_turns(record),
        *_sound(record, slack_ms, words_in),
        *_transcripts(record),
        *_scores(record),
    ]


def _files(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            yield f"{path.name} was left over"
        if (mode := stat.S_IMODE(path.stat().st_mode)) != 0o600:
            yield f"{path.name} has mode {mode:o}"
    if (mode := stat.S_IMODE(folder.stat().st_mode)) != 0o700:
        yield f"the folder has mode {mode:o}"


def _marks(record: SessionRecord) -> Iterator[str]:
    """session.json ↔ journal."""
    end = last_word(record.events)
    told = (end.outcome, end.reason) if end is not None else None
    if told != (record.info.outcome, record.info.reason):
        yield f"session.json says {record.info.outcome} ({record.info.reason}), the journal {told}"


def _clock(record: SessionRecord, slack_ms: int) -> Iterator[str]:
    """Journal ↔ audio: one clock that only runs forward and does not outrun what was recorded."""
    told = [event for event in record.events if isinstance(event, _IN_ORDER)]
    for earlier, later in pairwise(told):
        if later.at_ms < earlier.at_ms:
            yield f"{later.type} at {later.at_ms} ms comes after {earlier.type} at {earlier.at_ms} ms"
    last_ms = max((event.at_ms for event in record.events), default=0)
    if last_ms > record.duration_ms + slack_ms:
        yield f"the journal goes on to {last_ms} ms, the audio ends at {record.duration_ms} ms"
    lengths = {name: samples.size for name in TRACK_RATES_HZ if (samples := _samples(record, name)) is not None}
    if not record.info.has_audio and lengths:
        yield f"no audio was to be kept, and there is {sorted(lengths)}"
    if lengths.get(CANDIDATE_WAV, 0) * 3 != lengths.get(INTERVIEWER_WAV, 0) * 2:
        yield f"the tracks are not equally long: {lengths}"


_IN_ORDER = (SessionStarted, TurnStarted, InterviewerStarted, TurnEnded, SessionEnded)
"""Told when they happen; what was noticed later, such as where speech ended, has an earlier time."""


def _turns(record: SessionRecord) -> Iterator[str]:
    indices = [turn.index for turn in record.turns]
    if indices != list(range(len(indices))):
        yield f"turns {indices}"
    ended = {event.turn.index for event in record.events if isinstance(event, TurnEnded)}
    for started in _started(record.events):
        if unended := set(started) - ended - set(started[-1:]):  # the session may have been broken off in the last
            yield f"turns {sorted(unended)} were begun and never ended"


def _started(events: tuple[Journaled, ...]) -> list[list[int]]:
    """The turns begun in each part of a session that was gone on with."""
    parts: list[list[int]] = [[]]
    for event in events:
        if isinstance(event, SessionStarted):
            parts.append([])
        elif isinstance(event, TurnStarted):
            parts[-1].append(event.turn_index)
    return parts


def _sound(record: SessionRecord, slack_ms: int, words_in: HeardIn | None) -> Iterator[str]:
    """Transcript ↔ audio: who is said to have spoken can be heard there; final words are words that were said."""
    candidate, interviewer = _samples(record, CANDIDATE_WAV), _samples(record, INTERVIEWER_WAV)
    if candidate is None or interviewer is None:
        return
    audible_ms = record.duration_ms - slack_ms
    for turn in record.turns:
        for said in turn.said:
            if said.heard_text and said.end_ms < audible_ms and not _has_sound(interviewer, said, SPEAKER_RATE_HZ):
                yield f"turn {turn.index}: {said.heard_text!r} is not to be heard at {said.start_ms} ms"
        if turn.answer is None or not turn.answer.transcript.words or turn.answer.is_typed:
            continue
        if turn.answer.end_ms < audible_ms and not _has_sound(candidate, turn.answer, MICROPHONE_RATE_HZ):
            yield f"turn {turn.index}: no answer is to be heard at {turn.answer.start_ms} ms"
    if words_in is not None:
        final = [turn for turn in record.turns if turn.index not in record.provisional_turns]
        audible = iter(words_in(np.array(candidate)).split())
        unsaid = [word for word in _answered(final) if word not in audible]
        yield from (f"{word!r} was never said where the transcript has it" for word in unsaid[:1])


def _answered(turns: list[Turn]) -> Iterator[str]:
    for turn in turns:
        if turn.answer is not None:
            yield from turn.answer.transcript.text.split()


def _has_sound(samples: Samples, span: Spoken | Answer, rate_hz: int) -> bool:
    return bool(samples[span.start_ms * rate_hz // 1000 : (span.end_ms + BLOCK_MS) * rate_hz // 1000].any())


def _samples(record: SessionRecord, name: str) -> Samples | None:
    return load_samples(record.folder / name)


def _transcripts(record: SessionRecord) -> Iterator[str]:
    """Journal ↔ transcript."""
    content = transcript_of(record.info, record.turns, record.provisional_turns)
    for ending, render in (("json", render_json), ("md", render_markdown), ("vtt", render_vtt)):
        path = record.folder / f"transcript.{ending}"
        if not path.exists() or path.read_bytes() != render(content):
            yield f"{path.name} is not what the journal says"
    for line in content.lines:
        edges = [line.start_ms, *(ms for word in line.words for ms in (word.start_ms, word.end_ms))]
        if any(later < earlier - OVERLAP_MS for earlier, later in pairwise(edges)):
            yield f"turn {line.turn_index}: the words are not in order: {edges}"


def _scores(record: SessionRecord) -> Iterator[str]:
    """Transcript ↔ scores: each asked question once, from these words, every quote where it says."""
    if record.scores is None or record.delivery is None or record.audit != audit_record(record):
        yield "scores, delivery or audit are missing or of other turns"
    scores = record.scores
    if scores is None:
        return
    if scores.questions != score_record(record).questions:
        yield "the scores are of other words"
    asked = {entry.question_id: entry.transcript for entry in merge_answers(record.turns)}
    if [score.question_id for score in scores.questions] != list(asked):
        yield f"scored {[score.question_id for score in scores.questions]}, asked {list(asked)}"
        return
    for score in scores.questions:
        yield from _quotes(score, asked[score.question_id])


def _quotes(score: QuestionScore, answer: Transcript) -> Iterator[str]:
    for point in score.key_points:
        if point.quote is not None and point.quote != answer.text[point.start_char : point.end_char]:
            yield f"{score.question_id}: the quote {point.quote!r} is not in the answer"
