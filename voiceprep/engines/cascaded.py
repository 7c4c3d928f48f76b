"""The cascaded engine: recogniser → (interview) → voice, one brief at a time.

Must not know providers, devices, plans, scores or files; time is counted in microphone audio.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from voiceprep.briefs import NUDGES
from voiceprep.endpointing import Endpointer, EndpointPolicy, Hearing, Verdict
from voiceprep.engines.ahead import LookAhead
from voiceprep.engines.floor import Floor, Heard, asks_for_floor, is_echo
from voiceprep.engines.reply import Replies, Reply, Wording, written
from voiceprep.engines.speech import Speech, Voice
from voiceprep.events import (
    AnswerHeard,
    Emit,
    HintGiven,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    ProvisionalHeard,
    TurnStarted,
)
from voiceprep.last_words import plain_words
from voiceprep.model import Answer, AnswerEnd, Spoken, Transcript, Turn, TurnBrief, TurnKind, TurnTimings, Word
from voiceprep.ports import (
    Anticipate,
    Command,
    CommandKind,
    Controls,
    Microphone,
    Provisional,
    Speaker,
    SpeechDetector,
    Synthesizer,
    Transcriber,
    TranscriptionStream,
    TurnModel,
)
from voiceprep.requests import Request, spoken_request
from voiceprep.speech_gate import GateChange
from voiceprep.tasks import Tasks

RESUME_AFTER_MS = 400
"""Silence after a sound without words before the interviewer goes on."""
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
        self.floor = Floor(parts.detector, parts.controls)
        self._voice = Voice(parts.synthesizer, tasks)
        self._other_voices = {name: Voice(other, tasks) for name, other in parts.other_voices.items()}
        self.endpointer = Endpointer(policy)
        self.replies = Replies(parts.wording)
        self.conversation: list[Turn] = []
        self.previous = TurnTimings()

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
        exchange = _Exchange(self, turn_index, brief, _Lines(mic, speaker, emit, anticipate))
        try:
            turn = await exchange.run()
        finally:
            exchange.close()
        self.conversation.append(turn)
        return turn


@dataclass(frozen=True, slots=True)
class _Lines:
    mic: Microphone
    speaker: Speaker
    emit: Emit
    anticipate: Anticipate


class _Exchange:
    """One turn under way: saying, being interrupted, listening."""

    def __init__(self, engine: CascadedEngine, turn_index: int, brief: TurnBrief, lines: _Lines) -> None:
        self._engine = engine
        self._index = turn_index
        self._brief = brief
        self._mic, self._speaker = lines.mic, lines.speaker
        self._emit = lines.emit
        self._floor = engine.floor
        self._said: list[Spoken] = []
        self._speech: Speech | None = None
        self._is_nudge = False
        self._is_yielding = False
        self._first_sound_ms: int | None = None
        self._listening_from_ms = 0
        self._stream: TranscriptionStream = engine.parts.transcriber.open_stream(self._look_ahead)
        self._ahead = LookAhead(engine.tasks, lines.anticipate, self._prepare)
        self._shown = ""
        self._nudge_count = 0
        self._answer: Answer | None = None
        self._is_over = False

    @property
    def _now_ms(self) -> int:
        return self._mic.position_ms

    async def run(self) -> Turn:
        self._emit(TurnStarted(at_ms=self._now_ms, turn_index=self._index, brief=self._brief))
        self._say(self._engine.replies.to(self._brief, self._engine.conversation, self._newest_answer))
        while not self._is_over:
            heard = await self._floor.hear(self._mic, self._emit)
            self._stream.push(heard.block, heard.is_voiced)
            if heard.command is not None:
                await self._obey(heard.command)
            elif self._floor.typed and self._speech is None and self._brief.expects_answer:
                self._take_typed(self._floor.typed.popleft())
            elif self._floor.has_left and self._brief.kind is not TurnKind.CLOSING:
                await self._leave(AnswerEnd.SESSION_ENDED)
            elif self._speech is not None:
                self._step_speaking(self._speech, heard)
            else:
                await self._step_listening(heard)
        return self._turn()

    def close(self) -> None:
        """Leave nothing running, however the turn ended."""
        self._stream.close()
        self._ahead.close()
        if self._speech is not None:
            self._hush(self._speech)

    def _turn(self) -> Turn:
        previous = self._engine.previous
        timings = replace(previous, first_sound_ms=self._first_sound_ms)
        answer = self._answer
        if answer is not None and answer.transcript.words:
            self._engine.previous = TurnTimings(speech_end_ms=answer.end_ms, decided_ms=self._now_ms)
        else:
            self._engine.previous = TurnTimings()
        return Turn(self._index, self._brief, tuple(self._said), answer, timings)

    # --------------------------------------------------------------------------------- speaking

    @property
    def _asked(self) -> str:
        """What was said of the brief, to be said again word for word."""
        return self._said[0].text if self._said and self._said[0].text else self._brief.text

    @property
    def _newest_answer(self) -> str:
        """What this turn replies to."""
        conversation = self._engine.conversation
        answer = conversation[-1].answer if conversation else None
        return answer.transcript.text if answer else ""

    def _say(self, reply: Reply, *, is_nudge: bool = False) -> None:
        self._is_nudge = is_nudge
        self._is_yielding = False
        self._speech = self._engine.voice_of(self._brief).say(reply.key, reply.sentences, self._speaker)

    def _step_speaking(self, speech: Speech, heard: Heard) -> None:
        speech.check()
        self._note_start(speech)
        if self._is_yielding:
            self._yield_or_resume(speech)
        elif heard.change is GateChange.STARTED:
            if self._is_nudge:
                self._hush(speech)
            else:
                self._speaker.pause()
                self._is_yielding = True
                self._emit(InterviewerPaused(at_ms=self._now_ms, turn_index=self._index))
        elif speech.is_over:
            self._settle(speech.finish(self._now_ms))

    def _note_start(self, speech: Speech) -> None:
        heard_ms = self._speaker.heard_ms
        if speech.started_ms is not None or heard_ms <= 0:
            return
        speech.started_ms = self._now_ms - heard_ms
        if self._first_sound_ms is None:
            self._first_sound_ms = speech.started_ms
        self._emit(InterviewerStarted(at_ms=speech.started_ms, turn_index=self._index, text=speech.text))

    def _yield_or_resume(self, speech: Speech) -> None:
        """Possible barge-in: words make it real, anything else lets the interviewer go on."""
        gate, provisional = self._floor.gate, self._stream.provisional
        words = plain_words(provisional.text)
        spoken_ms = gate.last_speech_ms - gate.started_ms
        is_real = asks_for_floor(words, spoken_ms) and not is_echo(words, speech.text)
        if is_real and self._brief.expects_answer:
            self._hush(speech)
            return
        silence_ms = self._now_ms - gate.last_speech_ms
        is_decoded = provisional.through_ms >= gate.last_speech_ms or silence_ms >= UNDECODED_MS
        if not gate.is_speech and silence_ms >= RESUME_AFTER_MS and is_decoded:
            self._is_yielding = False
            self._speaker.resume()
            self._reopen_stream()
            self._emit(InterviewerResumed(at_ms=self._now_ms, turn_index=self._index))

    def _hush(self, speech: Speech) -> None:
        self._settle(speech.interrupt(self._now_ms))

    def _settle(self, spoken: Spoken) -> None:
        self._speech = None
        self._said.append(spoken)
        self._emit(InterviewerEnded(at_ms=self._now_ms, turn_index=self._index, spoken=spoken))
        if self._is_nudge:
            return
        if self._brief.expects_answer:
            self._listening_from_ms = self._now_ms
            brief = self._brief
            self._engine.endpointer.begin(self._now_ms, brief.limit_from(self._now_ms), brief.expected_answer_ms)
        else:
            self._is_over = True

    # -------------------------------------------------------------------------------- listening

    async def _step_listening(self, heard: Heard) -> None:
        gate, provisional = self._floor.gate, self._stream.provisional
        self._show(provisional)
        self._look_ahead()
        self._ahead.listen(heard.change, self._engine.parts.turn_model, self._floor.recent_audio)
        hearing = Hearing(
            self._now_ms,
            gate.is_speech,
            gate.last_speech_ms,
            provisional.text,
            provisional.through_ms,
            self._ahead.is_covered(provisional),
            self._ahead.turn_probability(provisional),
        )
        verdict = self._engine.endpointer.step(hearing)
        if verdict is Verdict.NUDGE:
            nudges = self._engine.parts.nudges
            self._say(written(nudges[min(self._nudge_count, len(nudges) - 1)]), is_nudge=True)
            self._nudge_count += 1
        elif verdict is Verdict.SILENT:
            self._end(Transcript(), AnswerEnd.SILENT)
        elif verdict is Verdict.FINISHED:
            await self._finish(AnswerEnd.FINISHED)
        elif verdict is Verdict.TIME_LIMIT:
            await self._finish(AnswerEnd.TIME_LIMIT)
        elif self._mic.is_ended and self._is_long_silence(gate.last_speech_ms):
            await self._finish(AnswerEnd.SESSION_ENDED)
        elif self._stream.error is not None and self._was_spoken_in_vain:
            await self._finish(AnswerEnd.FINISHED)

    def _look_ahead(self) -> None:
        """At the newest text: with every block, and when there is new text between two."""
        if self._speech is None and self._brief.expects_answer and not self._is_over:
            silence_ms = self._now_ms - self._floor.gate.last_speech_ms
            self._ahead.read(self._stream.provisional, self._now_ms, silence_ms)

    @property
    def _was_spoken_in_vain(self) -> bool:
        """The candidate has spoken and waits, and no text will come: `finish` makes it good or says why not."""
        last_ms = self._floor.gate.last_speech_ms
        return last_ms > self._listening_from_ms and self._is_long_silence(last_ms)

    def _is_long_silence(self, last_speech_ms: int) -> bool:
        return self._now_ms - last_speech_ms >= self._engine.endpointer.policy.patience_ms

    def _show(self, provisional: Provisional) -> None:
        if provisional.text == self._shown:
            return
        self._shown = provisional.text
        self._emit(ProvisionalHeard(at_ms=self._now_ms, turn_index=self._index, text=provisional.text))

    def _prepare(self, brief: TurnBrief, answer: str) -> None:
        """Word and render the likely reply; without an answer only what needs no wording."""
        so_far = [*self._engine.conversation, Turn(self._index, self._brief, tuple(self._said))]
        reply = self._engine.replies.to(brief, so_far, answer)
        if answer or not reply.is_worded:
            self._engine.voice_of(brief).prepare(reply.key, reply.sentences)

    async def _finish(self, ended_by: AnswerEnd) -> None:
        """The final transcript decides: an answer, a spoken request, or only noise."""
        transcript = await self._final()
        request = spoken_request(transcript.text)
        if ended_by is AnswerEnd.FINISHED and not transcript.words:
            self._reopen_stream()
        elif request is Request.REPEAT:
            self._reopen_stream()
            self._say(written(self._asked))
        elif request is Request.MOMENT:
            self._reopen_stream()
            self._engine.endpointer.be_patient(self._now_ms)
        elif request is Request.SKIP:
            self._end(transcript, AnswerEnd.SKIPPED)
        elif request is Request.END:
            self._end(transcript, AnswerEnd.SESSION_ENDED)
        else:
            self._end(transcript, ended_by)

    async def _final(self) -> Transcript:
        """The final transcript. Who waits unusually long for it is told why nobody answers."""
        telling = asyncio.get_running_loop().call_later(
            FINAL_HINT_S, lambda: self._emit(HintGiven(at_ms=self._now_ms, message=FINAL_HINT))
        )
        try:
            return await self._stream.finish()
        finally:
            telling.cancel()

    def _reopen_stream(self) -> None:
        self._stream.close()
        self._stream = self._engine.parts.transcriber.open_stream(self._look_ahead)
        self._shown = ""

    def _end(self, transcript: Transcript, ended_by: AnswerEnd, *, is_typed: bool = False) -> None:
        words: Sequence[Word] = transcript.words
        start_ms, end_ms = (words[0].start_ms, words[-1].end_ms) if words else (self._now_ms, self._now_ms)
        if words and not is_typed:
            end_ms = max(end_ms, min(self._floor.gate.last_speech_ms, self._now_ms))
        self._answer = Answer(transcript, start_ms, end_ms, ended_by, is_typed)
        self._emit(AnswerHeard(at_ms=self._now_ms, turn_index=self._index, answer=self._answer))
        self._is_over = True

    # --------------------------------------------------------------------------------- commands

    async def _obey(self, command: Command) -> None:
        if command.kind is CommandKind.PAUSE:
            command = await self._hold()
        if command.kind is CommandKind.END:
            await self._leave(AnswerEnd.SESSION_ENDED)
        elif command.kind is CommandKind.SKIP:
            await self._leave(AnswerEnd.SKIPPED)
        elif command.kind is CommandKind.DONE:
            await self._take_done()
        elif command.kind is CommandKind.REPEAT:
            if self._speech is not None:
                self._hush(self._speech)
            self._is_over = False
            self._say(written(self._asked))

    def _take_typed(self, text: str) -> None:
        """A typed answer waits until its question was asked: answers may come through a pipe, all at once."""
        words = tuple(Word(word, self._now_ms, self._now_ms) for word in text.split())
        self._end(Transcript(words), AnswerEnd.FINISHED, is_typed=True)

    async def _take_done(self) -> None:
        """The candidate says by key that the answer is over; before an answer it means nothing."""
        if self._speech is None and self._brief.expects_answer and self._stream.provisional.text:
            await self._finish(AnswerEnd.FINISHED)

    async def _hold(self) -> Command:
        self._speaker.pause()
        command, held_ms = await self._floor.hold(self._mic, self._emit)
        self._engine.endpointer.shift(held_ms)
        if not self._is_yielding:
            self._speaker.resume()
        return command

    async def _leave(self, ended_by: AnswerEnd) -> None:
        """End the turn now, keeping what was said so far."""
        if self._speech is not None:
            self._hush(self._speech)
        if self._brief.expects_answer or ended_by is AnswerEnd.SESSION_ENDED:
            self._end(await self._final(), ended_by)
        self._is_over = True
