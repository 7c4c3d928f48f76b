"""The nouns, frozen. Must not know audio samples, devices, providers, files or the clock.

`*_ms` is session audio time, counted in microphone samples from the start of the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# ---------------------------------------------------------------------------------------------- bank


class QuestionKind(StrEnum):
    TECHNICAL = "technical"
    BEHAVIOURAL = "behavioural"
    SYSTEM_DESIGN = "system-design"
    EXPERIENCE = "experience"


class ExampleLevel(StrEnum):
    STRONG = "strong"
    PARTIAL = "partial"
    WEAK = "weak"


class StarPart(StrEnum):
    """The parts of a story about what somebody did (Situation, Task, Action, Result)."""

    SITUATION = "situation"
    TASK = "task"
    ACTION = "action"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One thing a good answer says. `weight` is relative within the question; `probe` asks for it when missing.

    `star`: the part of a behavioural story it belongs to, None for what belongs to none (such as a lesson learned).
    """

    id: str
    text: str
    weight: float = 1.0
    phrases: tuple[str, ...] = ()
    probe: str = ""
    star: StarPart | None = None


@dataclass(frozen=True, slots=True)
class Misconception:
    """A typical wrong belief and how people say it."""

    id: str
    text: str
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A graded answer, one of several at its level. `credited` names the key points a fair marker would credit."""

    level: ExampleLevel
    text: str
    credited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One bank question (DESIGN section 5). `difficulty` 1–5; `answer_seconds` is the expected length.

    `anchors`: what answers of level 1 to 5 look like, in that order, for behavioural questions; else empty.
    `wordings`: other ways to ask the very same, for when it is asked again.
    """

    id: str
    topic: str
    text: str
    key_points: tuple[KeyPoint, ...]
    kind: QuestionKind = QuestionKind.TECHNICAL
    difficulty: int = 3
    reference: str = ""
    misconceptions: tuple[Misconception, ...] = ()
    answer_seconds: int = 60
    examples: tuple[Example, ...] = ()
    sources: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary entry: how a technical term is written, what recognisers hear instead, how it is pronounced.

    `phonemes` uses the misaki alphabet of the local voice; empty means its own guess is good.
    """

    written: str
    heard_as: tuple[str, ...] = ()
    phonemes: str = ""


@dataclass(frozen=True, slots=True)
class Bank:
    """`draft`: nobody has reviewed its questions yet; it is used only where it is named."""

    id: str
    title: str
    questions: tuple[Question, ...]
    description: str = ""
    glossary: tuple[Term, ...] = ()
    draft: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What earlier sessions say about what to ask; empty for a newcomer.

    `due`: question ids, most urgent first. `missed`: question id → key points missing from the latest answer.
    `topic_scores`: topic → scores 0..1, newest last. `asked`: question ids of late, newest last.
    """

    due: tuple[str, ...] = ()
    missed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic_scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


NO_HISTORY = History()


# ------------------------------------------------------------------------------------------ speech


@dataclass(frozen=True, slots=True)
class Word:
    """One written token and when it was said. `heard` is what the recogniser wrote before a glossary repair."""

    text: str
    start_ms: int
    end_ms: int
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What somebody said. `text` is always the words joined by single spaces, so offsets map to words."""

    words: tuple[Word, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def heard(self) -> str:
        """The words as the recogniser wrote them, before glossary repairs."""
        return " ".join(word.heard or word.text for word in self.words)


class AnswerEnd(StrEnum):
    """Why listening stopped."""

    FINISHED = "finished"  # the candidate finished speaking
    SILENT = "silent"  # nothing was said, nudges included
    SKIPPED = "skipped"  # the candidate asked for the next question
    TIME_LIMIT = "time_limit"
    SESSION_ENDED = "session_ended"  # the candidate ended the interview, or the audio ran out


@dataclass(frozen=True, slots=True)
class Answer:
    """One stretch of listening. `start_ms`/`end_ms`: first to last speech sample (both the same when silent)."""

    transcript: Transcript
    start_ms: int
    end_ms: int
    ended_by: AnswerEnd
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the interviewer said: what was meant, and the part that was heard before an interruption."""

    text: str
    heard_text: str
    start_ms: int
    end_ms: int
    is_interrupted: bool = False


class TurnKind(StrEnum):
    GREETING = "greeting"
    QUESTION = "question"
    FOLLOW_UP = "follow_up"
    HINT = "hint"  # a coach's, with the offer to try again
    CLOSING = "closing"


class FollowUpKind(StrEnum):
    """What a follow-up does."""

    PROBE = "probe"  # asks for a key point that is missing
    CHALLENGE = "challenge"  # takes up a misconception
    EXAMPLE = "example"  # asks for the case behind a claim
    DEEPER = "deeper"  # goes on from a strong answer
    LAST_WORD = "last_word"  # offers what is left of the time
    CUT_IN = "cut_in"  # interrupts on purpose: a composure drill


@dataclass(frozen=True, slots=True)
class TurnBrief:
    """What the interviewer does next: say `text`, then listen when `expects_answer`.

    `ask` is the bare question in `text`, without what leads up to it. `expected_answer_ms` is how long an answer
    usually takes, None when nobody knows. `answer_limit_ms` ends listening politely, and so does
    `listen_until_ms` on the session clock; `question_number` counts from 1. `is_cut_short`: the limit is there to
    interrupt the candidate on purpose. `interviewer`: the name of who speaks, where the interviewers have names.
    """

    kind: TurnKind
    text: str
    question_id: str | None = None
    key_point_id: str | None = None
    expects_answer: bool = True
    answer_limit_ms: int = 180_000
    expected_answer_ms: int | None = None
    question_number: int = 0
    question_count: int = 0
    ask: str = ""
    follow_up: FollowUpKind | None = None
    listen_until_ms: int | None = None
    is_cut_short: bool = False
    interviewer: str = ""

    def limit_from(self, now_ms: int) -> int:
        """How long an answer may take that is listened to from `now_ms` on."""
        until_ms = self.listen_until_ms
        return self.answer_limit_ms if until_ms is None else max(0, min(self.answer_limit_ms, until_ms - now_ms))


@dataclass(frozen=True, slots=True)
class TurnTimings:
    """Stage times of one reply on the session clock; None where a stage did not happen.

    `speech_end_ms` is the end of the candidate's previous speech, `first_sound_ms` the first sample heard.
    """

    speech_end_ms: int | None = None
    decided_ms: int | None = None
    first_sound_ms: int | None = None

    @property
    def reply_ms(self) -> int | None:
        """End of the candidate's speech to the first sound of the reply."""
        if self.speech_end_ms is None or self.first_sound_ms is None:
            return None
        return self.first_sound_ms - self.speech_end_ms


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange: the brief, what was said of it, and the answer (None when none was expected)."""

    index: int
    brief: TurnBrief
    said: tuple[Spoken, ...]
    answer: Answer | None = None
    timings: TurnTimings = field(default_factory=TurnTimings)


# ------------------------------------------------------------------------------------------ scores


@dataclass(frozen=True, slots=True)
class KeyPointScore:
    """Credited or not, with the evidence: `quote == answer[start_char:end_char]` and its audio span."""

    id: str
    is_credited: bool
    credit: float
    quote: str | None = None
    start_char: int | None = None
    end_char: int | None = None
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """`score` is the weighted share of credit in 0..1, or None when there is not enough evidence."""

    question_id: str
    score: float | None
    key_points: tuple[KeyPointScore, ...]
    is_abstained: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionScores:
    """A whole session judged once, by which version of which judge on which rubric.

    `overall` is computed from the questions, never by a model. `interval` is the 90 % interval of the mean over
    questions; both None when nothing could be scored.
    """

    judge: str
    judge_version: str
    rubric_hash: str
    questions: tuple[QuestionScore, ...]
    overall: float | None
    interval: tuple[float, float] | None
    kappa: float | None = None
    """How far this version of the judge agrees with graded examples (`voiceprep calibrate`); None: not measured."""


@dataclass(frozen=True, slots=True)
class SpeechPause:
    """Silence inside an answer."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class FillerCount:
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class PaceWindow:
    """Words per minute of speech in a stretch of an answer."""

    start_ms: int
    end_ms: int
    pace_wpm: float


@dataclass(frozen=True, slots=True)
class AnswerLength:
    """How long somebody talked about a question, and the length its bank expects (None when it says none)."""

    question_id: str
    spoken_ms: int
    expected_ms: int | None


@dataclass(frozen=True, slots=True)
class MicrophoneLevel:
    """How loud recorded speech was: percentiles 10 and 90 of 20 ms frames, and the share of clipped samples.

    A check of the microphone; it says nothing about the speaker.
    """

    low_dbfs: float
    high_dbfs: float
    clipped_share: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it was said, observed on the audio timeline; None where there was too little speech to tell.

    `pace_wpm` leaves out gaps over 1 s; `pauses` are silences of 0.5 s and more inside answers;
    `time_to_first_word_ms` has one entry per answer; `talk_share` is candidate / (candidate + interviewer).
    """

    answer_count: int
    word_count: int
    speech_ms: int
    pace_wpm: float | None
    pace_percentile: int | None
    fillers: tuple[FillerCount, ...]
    fillers_per_100_words: float | None
    pauses: tuple[SpeechPause, ...]
    longest_pause_ms: int
    time_to_first_word_ms: tuple[int, ...]
    talk_share: float | None
    interruption_count: int
    interrupted_count: int = 0
    """How often the interviewer began while the candidate was talking."""
    pause_p50_ms: int | None = None
    pause_p90_ms: int | None = None
    pauses_between_clauses: int = 0
    """Pauses where a clause may end; the rest fall within one."""
    pace_windows: tuple[PaceWindow, ...] = ()
    pace_p10_wpm: float | None = None
    pace_p90_wpm: float | None = None
    repeat_count: int = 0
    restart_count: int = 0
    hedges: tuple[FillerCount, ...] = ()
    answer_lengths: tuple[AnswerLength, ...] = ()
    microphone: MicrophoneLevel | None = None
    """None: no audio, or too little speech in it."""


class AuditKind(StrEnum):
    """What an interviewer should not do."""

    LEAK = "leak"  # gave a key point away
    REPEAT = "repeat"  # asked the same again
    DOUBLE_QUESTION = "double_question"
    JUDGEMENT = "judgement"  # said how an answer was
    LONG_LEAD = "long_lead"  # more than two sentences before a follow-up's question
    NEEDLESS_PROBE = "needless_probe"  # asked for what had been said
    CUT_IN = "cut_in"  # began while the candidate was not finished


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing the interviewer did in a turn; `key_point_id` where it is about one."""

    kind: AuditKind
    turn_index: int
    line: str
    key_point_id: str | None = None


@dataclass(frozen=True, slots=True)
class InterviewerAudit:
    """How the interviewer did. `talk_share`: interviewer / (interviewer + candidate); `used_share`: length of the
    session / planned time, None without a limit. `recoveries_ms`: how long the candidate took to go on each time
    the interviewer interrupted on purpose.
    """

    question_count: int
    planned_count: int
    follow_up_count: int
    probe_count: int
    talk_share: float | None
    used_share: float | None
    findings: tuple[AuditFinding, ...] = ()
    recoveries_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call to a provider consumed, in the units it is billed by; 0 where a unit does not apply.

    Tokens are of text unless they are named otherwise; cached ones are part of the others.
    """

    provider: str
    stage: str
    model: str
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    audio_ms: int = 0
    characters: int = 0
    audio_input_tokens: int = 0
    audio_cached_tokens: int = 0
    audio_output_tokens: int = 0


class Outcome(StrEnum):
    """How a session ended; `running` in a folder means it was killed."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    RECOVERED = "recovered"
