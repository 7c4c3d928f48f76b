"""The cascaded engine: recogniser → (interview) → voice, one brief at a time.

Must not know providers, devices, plans, scores or files; time is counted in microphone audio.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voiceprep.conduct.briefs import NUDGES
from voiceprep.engines.ahead import LookAhead
from voiceprep.engines.floor import Heard, asks_for_floor, is_echo
from voiceprep.engines.reply import Replies, Reply, Wording, written
from voiceprep.engines.speech import Speech, Voice
from voiceprep.engines.turn import RESUME_AFTER_MS, Lines, Sitting, TurnUnderWay
from voiceprep.events import Emit, HintGiven
from voiceprep.model import AnswerEnd, Spoken, Transcript, Turn, TurnBrief, TurnKind, Word
from voiceprep.ports import (
    Anticipate,
    Controls,
    Microphone,
    Speaker,
    SpeechDetector,
    Synthesizer,
    Transcriber,
    TranscriptionStream,
    TurnModel,
)
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.endpointing import EndpointPolicy, Verdict
from voiceprep.turn_taking.last_words import plain_words
from voiceprep.turn_taking.speech_gate import GateChange

FINAL_HINT_S = 2.0
FINAL_HINT = "Your answer is heard; its text is still to come from the recogniser. You need not say it again."
UNDECODED_MS = 800
"""A recogniser that has said nothing for so long after speech has heard no words."""


@dataclass(frozen=True, slots=True)
class CascadedParts:
    """What the engine is made of. `other_voices`, by name: interviewers who do not speak with `synthesizer`."""

    transcriber: Transcriber
    synthesizer: Synthesizer
    detector: SpeechDetector
    controls: Controls
    turn_model: TurnModel | None = None
    wording: Wording | None = None
    nudges: Sequence[str] = NUDGES
    other_voices: Mapping[str, Synthesizer] = field(default_factory=dict)


class CascadedEngine:
    """Implements ports.Engine. One per session."""

    def __init__(self, parts: CascadedParts, tasks: Tasks, policy: EndpointPolicy) -> None:
        self.parts = parts
        self.tasks = tasks
        self.sitting = Sitting(parts.detector, parts.controls, policy, parts.nudges)
        self._voice = Voice(parts.synthesizer, tasks)
        self._other_voices = {name: Voice(other, tasks) for name, other in parts.other_voices.items()}
        self.replies = Replies(parts.wording)
        self.conversation: list[Turn] = []

    def voice_of(self, brief: TurnBrief) -> Voice:
        """The voice that says `brief`, and everything else in its turn."""
        return self._other_voices.get(brief.interviewer, self._voice)

    async def warm(self) -> None:
        """Load recogniser and voices side by side. Raises ProviderError."""
        parts = [self.parts.transcriber.warm(), self.parts.synthesizer.warm()]
        parts += [other.warm() for other in self.parts.other_voices.values()]
        if self.parts.wording is not None:
            parts.append(self.parts.wording.text_model.warm())
        await asyncio.gather(*parts)

    async def take_turn(
        self,
        turn_index: int,
        brief: TurnBrief,
        mic: Microphone,
        speaker: Speaker,
        emit: Emit,
        anticipate: Anticipate,
    ) -> Turn:
        """Say the brief, listen when it expects an answer. Raises ProviderError, AudioDeviceError."""
        exchange = _Exchange(self, turn_index, brief, Lines(mic, speaker, emit, anticipate))
        try:
            turn = await exchange.run()
        finally:
            exchange.close()
        self.conversation.append(turn)
        return turn


class _Exchange:
    """One turn under way: saying, being interrupted, listening. Implements engines.turn.Side."""

    def __init__(self, engine: CascadedEngine, turn_index: int, brief: TurnBrief, lines: Lines) -> None:
        self._engine, self._brief = engine, brief
        self._mic, self._speaker, self._emit = lines.mic, lines.speaker, lines.emit
        self._floor = engine.sitting.floor
        self._turn = TurnUnderWay(turn_index, brief, lines, engine.sitting, self)
        self._speech: Speech | None = None
        self._is_nudge = False
        self._stream: TranscriptionStream = engine.parts.transcriber.open_stream(self._look_ahead)
        self._ahead = LookAhead(engine.tasks, lines.anticipate, self._prepare)

    @property
    def _now_ms(self) -> int:
        return self._mic.position_ms

    async def run(self) -> Turn:
        await self._turn.begin()
        if not self._turn.is_over:
            self._begin(self._engine.replies.to(self._brief, self._engine.conversation, self._newest_answer))
        while not self._turn.is_over:
            heard = await self._floor.hear(self._mic, self._emit)
            self._stream.push(heard.block, heard.is_voiced)
            if heard.command is not None:
                await self._turn.obey(heard.command)
            elif self._floor.typed and self._speech is None and self._brief.expects_answer:
                self._take_typed(self._floor.typed.popleft())
            elif self._floor.has_left and self._brief.kind is not TurnKind.CLOSING:
                await self._turn.leave(AnswerEnd.SESSION_ENDED)
            elif self._speech is not None:
                self._step_speaking(self._speech, heard)
            else:
                await self._step_listening(heard)
        return self._turn.result()

    def close(self) -> None:
        """Leave nothing running, however the turn ended."""
        self._stream.close()
        self._ahead.close()
        self.hush()

    # --------------------------------------------------------------------------------- speaking

    @property
    def _newest_answer(self) -> str:
        """What this turn replies to."""
        conversation = self._engine.conversation
        answer = conversation[-1].answer if conversation else None
        return answer.transcript.text if answer else ""

    def say(self, text: str, *, is_nudge: bool = False) -> None:
        self._begin(written(text), is_nudge=is_nudge)

    def hush(self) -> None:
        if self._speech is not None:
            self._settle(self._speech.interrupt(self._now_ms))

    def _begin(self, reply: Reply, *, is_nudge: bool = False) -> None:
        self._is_nudge = is_nudge
        self._turn.is_yielding = False
        self._speech = self._engine.voice_of(self._brief).say(reply.key, reply.sentences, self._speaker)

    def _step_speaking(self, speech: Speech, heard: Heard) -> None:
        speech.check()
        speech.started_ms = self._turn.note_start(speech.started_ms, speech.text)
        if self._turn.is_yielding:
            self._yield_or_resume(speech)
        elif heard.change is GateChange.STARTED:
            if self._is_nudge:
                self.hush()
            else:
                self._turn.pause()
        elif speech.is_over:
            self._settle(speech.finish(self._now_ms))

    def _yield_or_resume(self, speech: Speech) -> None:
        """Possible barge-in: words make it real, anything else lets the interviewer go on."""
        gate, provisional = self._floor.gate, self._stream.provisional
        words = plain_words(provisional.text)
        spoken_ms = gate.last_speech_ms - gate.started_ms
        is_real = asks_for_floor(words, spoken_ms) and not is_echo(words, speech.text)
        if is_real and self._brief.expects_answer:
            self.hush()
            return
        silence_ms = self._now_ms - gate.last_speech_ms
        is_decoded = provisional.through_ms >= gate.last_speech_ms or silence_ms >= UNDECODED_MS
        if not gate.is_speech and silence_ms >= RESUME_AFTER_MS and is_decoded:
            self._turn.resume()

    def _settle(self, spoken: Spoken) -> None:
        self._speech = None
        self._turn.note_said(spoken)
        if not self._is_nudge:
            self._turn.listen_from_now()

    # -------------------------------------------------------------------------------- listening

    async def _step_listening(self, heard: Heard) -> None:
        provisional = self._stream.provisional
        self._turn.show(provisional.text)
        self._look_ahead()
        model, recent = self._engine.parts.turn_model, self._floor.recent_audio
        self._ahead.listen(heard.change, model, recent, is_wanted=self._turn.is_model_wanted)
        verdict = self._turn.judge(provisional, self._ahead)
        is_finished = verdict is Verdict.FINISHED or (self._stream.error is not None and self._was_spoken_in_vain)
        ended_by = self._turn.conclude(verdict, is_finished=is_finished)
        if ended_by is not None:
            await self._turn.finish(ended_by)

    def _look_ahead(self) -> None:
        """At the newest text: with every block, and when there is new text between two."""
        if self._speech is None and self._brief.expects_answer and not self._turn.is_over:
            silence_ms = self._now_ms - self._floor.gate.last_speech_ms
            self._ahead.read(self._stream.provisional, self._now_ms, silence_ms)

    @property
    def _was_spoken_in_vain(self) -> bool:
        """The candidate has spoken and waits, and no text will come: `final` makes it good or says why not."""
        return self._floor.gate.last_speech_ms > self._turn.listening_from_ms and self._turn.is_long_silence

    def _prepare(self, brief: TurnBrief, answer: str) -> None:
        """Word and render the likely reply; without an answer only what needs no wording."""
        so_far = [*self._engine.conversation, Turn(self._turn.index, self._brief, tuple(self._turn.said))]
        reply = self._engine.replies.to(brief, so_far, answer)
        if answer or not reply.is_worded:
            self._engine.voice_of(brief).prepare(reply.key, reply.sentences)

    async def final(self) -> Transcript:
        """The final transcript. Who waits unusually long for it is told why nobody answers."""
        telling = asyncio.get_running_loop().call_later(
            FINAL_HINT_S, lambda: self._emit(HintGiven(at_ms=self._now_ms, message=FINAL_HINT))
        )
        try:
            return await self._stream.finish()
        finally:
            telling.cancel()

    def forget(self) -> None:
        self._stream.close()
        self._stream = self._engine.parts.transcriber.open_stream(self._look_ahead)
        self._turn.forget_shown()

    def mishear(self) -> None:
        self.forget()

    def _take_typed(self, text: str) -> None:
        """A typed answer waits until its question was asked: answers may come through a pipe, all at once."""
        words = tuple(Word(word, self._now_ms, self._now_ms) for word in text.split())
        self._turn.end(Transcript(words), AnswerEnd.FINISHED, is_typed=True)

    async def take_done(self) -> None:
        if self._speech is None and self._brief.expects_answer and self._stream.provisional.text:
            await self._turn.finish(AnswerEnd.FINISHED)
