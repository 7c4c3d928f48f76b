"""The transcript of a session as JSON, Markdown and WebVTT; derived from turns, so it can be made again.

Must not know scores.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from voiceprep.language.plaintext import clock, escape_markdown, plain
from voiceprep.model import Turn, Word
from voiceprep.recordings.codec import encode
from voiceprep.recordings.info import SCHEMA_VERSION, SessionInfo

CUE_WORDS = 12
CUE_GAP_MS = 1_500


class Voice(StrEnum):
    INTERVIEWER = "interviewer"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One stretch of one voice. `text` is what was heard; `heard` what the recogniser wrote before repairs.

    `is_provisional`: the session was cut off and these are the last provisional words. `name`: who of several
    interviewers it is.
    """

    voice: Voice
    turn_index: int
    question_id: str | None
    start_ms: int
    end_ms: int
    text: str
    heard: str
    words: tuple[Word, ...] = ()
    is_provisional: bool = False
    is_interrupted: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        """Whose words these are, for people."""
        return self.name or self.voice.value.capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFile:
    """transcript.json"""

    schema_version: int = SCHEMA_VERSION
    session_id: str
    lines: tuple[TranscriptLine, ...]


def transcript_of(
    info: SessionInfo, turns: Iterable[Turn], provisional_turns: frozenset[int] = frozenset()
) -> TranscriptFile:
    """Who said what, in the order it began."""
    lines = [line for turn in turns for line in _turn_lines(turn, turn.index in provisional_turns)]
    return TranscriptFile(session_id=info.id, lines=tuple(sorted(lines, key=lambda line: line.start_ms)))


def render_json(transcript: TranscriptFile) -> bytes:
    return encode(transcript)


def render_markdown(transcript: TranscriptFile) -> bytes:
    parts = [f"# Transcript of {escape_markdown(transcript.session_id)}"]
    for line in transcript.lines:
        note = " (cut off; provisional words)" if line.is_provisional else ""
        note = " (interrupted)" if line.is_interrupted else note
        text = escape_markdown(line.text) or "…"
        parts.append(f"**{escape_markdown(line.label)}** [{clock(line.start_ms)}]{note}\n\n> {text}")
    return ("\n\n".join(parts) + "\n").encode()


def render_vtt(transcript: TranscriptFile) -> bytes:
    """WebVTT (W3C): one cue per breath of at most 12 words, with the voice named."""
    cues = [
        f"{_vtt_time(start_ms)} --> {_vtt_time(max(end_ms, start_ms + 1))}\n"
        f"<v {_vtt_text(line.label)}>{_vtt_text(text)}"
        for line in transcript.lines
        for start_ms, end_ms, text in _cues(line)
    ]
    return ("\n\n".join(["WEBVTT", *cues]) + "\n").encode()


def _vtt_text(text: str) -> str:
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _turn_lines(turn: Turn, is_provisional: bool) -> Iterator[TranscriptLine]:
    for spoken in turn.said:
        yield TranscriptLine(
            Voice.INTERVIEWER,
            turn.index,
            turn.brief.question_id,
            spoken.start_ms,
            spoken.end_ms,
            spoken.heard_text,
            spoken.heard_text,
            is_interrupted=spoken.is_interrupted,
            name=turn.brief.interviewer,
        )
    if turn.answer is not None and turn.answer.transcript.words:
        transcript = turn.answer.transcript
        yield TranscriptLine(
            Voice.CANDIDATE,
            turn.index,
            turn.brief.question_id,
            turn.answer.start_ms,
            turn.answer.end_ms,
            transcript.text,
            transcript.heard,
            transcript.words,
            is_provisional,
        )


def _cues(line: TranscriptLine) -> Iterator[tuple[int, int, str]]:
    if not line.words:
        if line.text:
            yield line.start_ms, line.end_ms, line.text
        return
    cue: list[Word] = []
    for word in line.words:
        if cue and (len(cue) == CUE_WORDS or word.start_ms - cue[-1].end_ms > CUE_GAP_MS):
            yield cue[0].start_ms, cue[-1].end_ms, " ".join(kept.text for kept in cue)
            cue = []
        cue.append(word)
    yield cue[0].start_ms, cue[-1].end_ms, " ".join(kept.text for kept in cue)


def _vtt_time(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
