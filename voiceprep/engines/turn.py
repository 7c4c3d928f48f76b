"""What a turn is in any engine: it starts, is said, is listened to, obeys the keys and ends with an answer.

Must not know how an engine hears and speaks: it asks a `Side` for that. Time is counted in microphone audio.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from voiceprep.conduct.briefs import NUDGES
from voiceprep.engines.ahead import LookAhead
from voiceprep.engines.floor import Floor
from voiceprep.events import (
    AnswerHeard,
    Emit,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    ProvisionalHeard,
    TurnStarted,
)
from voiceprep.model import Answer, AnswerEnd, Spoken, Transcript, Turn, TurnBrief, TurnTimings
from voiceprep.ports import (
    Anticipate,
    Command,
    CommandKind,
    Controls,
    Microphone,
    Provisional,
    Speaker,
    SpeechDetector,
)
from voiceprep.turn_taking.endpointing import Endpointer, EndpointPolicy, Hearing, Verdict
from voiceprep.turn_taking.requests import Request, spoken_request

RESUME_AFTER_MS = 400
"""Silence after a sound without words before the interviewer goes on."""

HAS_FINISHED_MS, LET_FINISH_MS = 1_000, 10_000
"""Silence that shows that a candidate has finished whom a failure of ours took by surprise; how long that is waited
for."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Where one turn is heard and said, and who is told."""

    mic: Microphone
    speaker: Speaker
    emit: Emit
    anticipate: Anticipate


class Sitting:
    """What lasts from turn to turn: who is speaking, this candidate's pauses, and how the newest answer ended.

    `is_turn_open`: a turn has begun and not ended; when another begins, that one broke off.
    """

    def __init__(
        self,
        detector: SpeechDetector,
        controls: Controls,
        policy: EndpointPolicy,
        nudges: Sequence[str] = NUDGES,
    ) -> None:
        self.floor = Floor(detector, controls)
        self.endpointer = Endpointer(policy)
        self.nudges = nudges
        self.previous = TurnTimings()
        self.is_turn_open = False


class Side(Protocol):
    """An engine's own side of one turn."""

    def say(self, text: str, *, is_nudge: bool = False) -> None:
        """Begin to say it, word for word."""
        ...

    def hush(self) -> None:
        """Stop what is being said, if anything is."""
        ...

    def forget(self) -> None:
        """What was heard so far is no answer."""
        ...

    def mishear(self) -> None:
        """What sounded like an answer holds no words."""
        ...

    async def take_done(self) -> None:
        """The candidate says by key that the answer is over; before an answer it means nothing."""
        ...

    async def final(self) -> Transcript:
        """All that was heard. Raises ProviderError."""
        ...


class TurnUnderWay:
    """One turn from its start to its answer."""

    def __init__(self, turn_index: int, brief: TurnBrief, lines: Lines, sitting: Sitting, side: Side) -> None:
        self.index, self.brief = turn_index, brief
        self.said: list[Spoken] = []
        self.is_over = False
        self.is_yielding = False
        self.listening_from_ms = 0
        self._mic, self._speaker, self._emit = lines.mic, lines.speaker, lines.emit
        self._sitting, self._side = sitting, side
        self._floor, self._endpointer = sitting.floor, sitting.endpointer
        self._first_sound_ms: int | None = None
        self._shown = ""
        self._nudge_count = 0
        self._answer: Answer | None = None

    @property
    def now_ms(self) -> int:
        return self._mic.position_ms

    @property
    def asked(self) -> str:
        """What was said of the brief, to be said again word for word."""
        return self.said[0].text if self.said and self.said[0].text else self.brief.text

    async def begin(self) -> None:
        """Who was speaking when the turn before this one broke off may finish: that is no answer to this brief."""
        self._emit(TurnStarted(at_ms=self.now_ms, turn_index=self.index, brief=self.brief))
        was_broken_off, self._sitting.is_turn_open = self._sitting.is_turn_open, True
        from_ms, gate = self.now_ms, self._floor.gate
        while was_broken_off and not self.is_over and self.now_ms - from_ms < LET_FINISH_MS:
            if not 0 < gate.last_speech_ms > self.now_ms - HAS_FINISHED_MS:
                return
            command = (await self._floor.hear(self._mic, self._emit)).command
            if command is not None and command.kind is not CommandKind.REPEAT:  # it will be said anyway
                await self.obey(command)

    def result(self) -> Turn:
        """The turn as it went. The next one is timed from the end of its answer."""
        self._sitting.is_turn_open = False
        timings = replace(self._sitting.previous, first_sound_ms=self._first_sound_ms)
        answer = self._answer
        if answer is not None and answer.transcript.words:
            self._sitting.previous = TurnTimings(speech_end_ms=answer.end_ms, decided_ms=self.now_ms)
        else:
            self._sitting.previous = TurnTimings()
        return Turn(self.index, self.brief, tuple(self.said), answer, timings)

    # --------------------------------------------------------------------------------- speaking

    def note_start(self, started_ms: int | None, text: str) -> int | None:
        """When what is being said was first heard; None while it was not. `started_ms`: what was known of it."""
        heard_ms = self._speaker.heard_ms
        if started_ms is not None or heard_ms <= 0:
            return started_ms
        started_ms = self.now_ms - heard_ms
        if self._first_sound_ms is None:
            self._first_sound_ms = started_ms
        self._emit(InterviewerStarted(at_ms=started_ms, turn_index=self.index, text=text))
        return started_ms

    def pause(self) -> None:
        """Somebody speaks over the interviewer: silence at once, and time to find out whether it was meant."""
        self._speaker.pause()
        self.is_yielding = True
        self._emit(InterviewerPaused(at_ms=self.now_ms, turn_index=self.index))

    def resume(self) -> None:
        """It was not: the interviewer goes on, and what was heard meanwhile is no answer."""
        self.is_yielding = False
        self._speaker.resume()
        self._side.forget()
        self._emit(InterviewerResumed(at_ms=self.now_ms, turn_index=self.index))

    def note_said(self, spoken: Spoken) -> None:
        self.said.append(spoken)
        self._emit(InterviewerEnded(at_ms=self.now_ms, turn_index=self.index, spoken=spoken))

    def listen_from_now(self) -> None:
        """The brief was said; an answer is expected, or none."""
        if not self.brief.expects_answer:
            self.is_over = True
            return
        now_ms, brief = self.now_ms, self.brief
        self.listening_from_ms = now_ms
        self._endpointer.begin(now_ms, brief.limit_from(now_ms), brief.expected_answer_ms)

    # -------------------------------------------------------------------------------- listening

    def show(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._emit(ProvisionalHeard(at_ms=self.now_ms, turn_index=self.index, text=text))

    def forget_shown(self) -> None:
        """The next text is another one's."""
        self._shown = ""

    @property
    def is_model_wanted(self) -> bool:
        """See Endpointer."""
        return self._endpointer.is_model_wanted

    def judge(self, provisional: Provisional, ahead: LookAhead) -> Verdict:
        """Whether the answer is over, by what is known at this block."""
        gate = self._floor.gate
        hearing = Hearing(
            self.now_ms,
            gate.is_speech,
            gate.last_speech_ms,
            provisional.text,
            provisional.through_ms,
            ahead.is_covered(provisional),
            ahead.turn_probability(provisional),
            ahead.is_model_awaited(provisional),
        )
        return self._endpointer.step(hearing)

    def conclude(self, verdict: Verdict, *, is_finished: bool) -> AnswerEnd | None:
        """How the answer has ended, if it has; a silence is met with a nudge and in the end with the next question.

        `is_finished`: the engine holds it to be over.
        """
        if verdict is Verdict.NUDGE:
            nudges = self._sitting.nudges
            self._side.say(nudges[min(self._nudge_count, len(nudges) - 1)], is_nudge=True)
            self._nudge_count += 1
        elif verdict is Verdict.SILENT:
            self.end(Transcript(), AnswerEnd.SILENT)
        elif verdict is Verdict.TIME_LIMIT:
            return AnswerEnd.TIME_LIMIT
        elif self._mic.is_ended and self.is_long_silence:
            return AnswerEnd.SESSION_ENDED
        elif is_finished:
            return AnswerEnd.FINISHED
        return None

    @property
    def is_long_silence(self) -> bool:
        """All patience has passed since the last speech."""
        return self.now_ms - self._floor.gate.last_speech_ms >= self._endpointer.policy.patience_ms

    async def finish(self, ended_by: AnswerEnd) -> None:
        """The final transcript decides: an answer, a spoken request, or only noise."""
        transcript = await self._side.final()
        request = spoken_request(transcript.text)
        if ended_by is AnswerEnd.FINISHED and not transcript.words:
            self._side.mishear()
        elif request is Request.REPEAT:
            self._side.forget()
            self._side.say(self.asked)
        elif request is Request.MOMENT:
            self._side.forget()
            self._endpointer.be_patient(self.now_ms)
        elif request is Request.SKIP:
            self.end(transcript, AnswerEnd.SKIPPED)
        elif request is Request.END:
            self.end(transcript, AnswerEnd.SESSION_ENDED)
        else:
            self.end(transcript, ended_by)

    def end(self, transcript: Transcript, ended_by: AnswerEnd, *, is_typed: bool = False) -> None:
        words = transcript.words
        start_ms, end_ms = (words[0].start_ms, words[-1].end_ms) if words else (self.now_ms, self.now_ms)
        if words and not is_typed:
            end_ms = max(end_ms, min(self._floor.gate.last_speech_ms, self.now_ms))
        self._answer = Answer(transcript, start_ms, end_ms, ended_by, is_typed)
        self._emit(AnswerHeard(at_ms=self.now_ms, turn_index=self.index, answer=self._answer))
        self.is_over = True

    # --------------------------------------------------------------------------------- commands

    async def obey(self, command: Command) -> None:
        if command.kind is CommandKind.PAUSE:
            command = await self._hold()
        if command.kind is CommandKind.END:
            await self.leave(AnswerEnd.SESSION_ENDED)
        elif command.kind is CommandKind.SKIP:
            await self.leave(AnswerEnd.SKIPPED)
        elif command.kind is CommandKind.DONE:
            await self._side.take_done()
        elif command.kind is CommandKind.REPEAT:
            self._side.hush()
            self.is_over = False
            self._side.say(self.asked)

    async def _hold(self) -> Command:
        self._speaker.pause()
        command, held_ms = await self._floor.hold(self._mic, self._emit)
        self._endpointer.shift(held_ms)
        if not self.is_yielding:
            self._speaker.resume()
        return command

    async def leave(self, ended_by: AnswerEnd) -> None:
        """End the turn now, keeping what was said so far."""
        self._side.hush()
        if self.brief.expects_answer or ended_by is AnswerEnd.SESSION_ENDED:
            self.end(await self._side.final(), ended_by)
        self.is_over = True
