"""One turn of speech-to-speech: the model says the line, is interrupted, listens.

Must not know vendors, devices, plans, scores or files; time is counted in microphone audio.
"""

from voiceprep.engines.ahead import LookAhead
from voiceprep.engines.directions import direction, verbatim
from voiceprep.engines.floor import Heard, asks_for_floor, is_echo
from voiceprep.engines.line_said import Line
from voiceprep.engines.s2s_parts import Conversation
from voiceprep.engines.sending import TRAILING_MS, SendGate
from voiceprep.engines.turn import RESUME_AFTER_MS, Lines, TurnUnderWay
from voiceprep.engines.utterances import WORD_MS, Utterances
from voiceprep.errors import ProviderError
from voiceprep.events import HintGiven, InterviewerNoted, ProviderFailed
from voiceprep.model import AnswerEnd, Spoken, Transcript, Turn, TurnBrief, TurnKind
from voiceprep.realtime import (
    Direction,
    EndAsked,
    HearingFailed,
    NoteTaken,
    RealtimeEvent,
    ReplyAudio,
    ReplyDone,
    ReplyText,
    SpeechBegan,
    SpeechHeard,
    SpeechOver,
    Stumbled,
)
from voiceprep.turn_taking.endpointing import Verdict
from voiceprep.turn_taking.last_words import plain_words
from voiceprep.turn_taking.speech_gate import GateChange

SURE_MS = 600
"""Speech of this length over the interviewer is no hum: it interrupts before anybody knows its words."""
UNDECIDED_MS = 3_000
"""Silence after which the interviewer goes on, whatever the model may still be thinking of a sound."""
LISTEN_ON_MS = 10_000
"""A model that detects turns gets so much silence at most; after that it is ours to say that somebody is silent."""
NO_REPLY_MS, STALLED_MS = 12_000, 6_000
"""A model that says nothing for so long after it was asked, or in the middle of a line, has lost the thread."""
COMMIT_AFTER_MS = TRAILING_MS
REPLIES_MAX = 3
"""So many attempts at one line before the turn counts as failed."""


def _nothing_to_prepare(brief: TurnBrief, answer: str) -> None:
    """A realtime model words its lines when it says them."""


class Exchange:
    """One turn under way: saying, being interrupted, listening. Implements engines.turn.Side."""

    def __init__(self, conversation: Conversation, turn_index: int, brief: TurnBrief, lines: Lines) -> None:
        self._conversation, self._manners = conversation, conversation.manners
        self._brief = brief
        self._mic, self._speaker, self._emit = lines.mic, lines.speaker, lines.emit
        self._floor, self._link = conversation.sitting.floor, conversation.parts.link
        self._turn = TurnUnderWay(turn_index, brief, lines, conversation.sitting, self)
        self._utterances = Utterances(conversation.parts.transcriber)
        self._ahead = LookAhead(conversation.tasks, lines.anticipate, _nothing_to_prepare)
        self._gate = SendGate()
        self._is_uncommitted = False
        self._line: Line | None = None
        self._attempts = 0
        self._is_done = False
        self._is_leaving = False

    @property
    def _now_ms(self) -> int:
        return self._mic.position_ms

    async def run(self) -> Turn:
        self._link.on_event, self._link.on_drop = self._on_event, self._on_drop
        await self._turn.begin()
        self._link.check()
        self._link.tick(self._now_ms, is_quiet=True)
        if not self._turn.is_over:
            self._begin(direction(self._brief))
        while not self._turn.is_over:
            heard = await self._floor.hear(self._mic, self._emit)
            self._send(heard)
            self._link.check()
            if heard.command is not None:
                await self._turn.obey(heard.command)
            elif self._is_leaving or (self._floor.has_left and self._brief.kind is not TurnKind.CLOSING):
                await self._turn.leave(AnswerEnd.SESSION_ENDED)
            elif self._line is not None:
                self._step_speaking(self._line, heard)
            else:
                await self._step_listening(heard)
        return self._turn.result()

    def close(self) -> None:
        """Leave nothing running, however the turn ended."""
        self._ahead.close()
        self.hush()
        self._link.settle()

    # ------------------------------------------------------------------------- what the model tells

    def _on_event(self, event: RealtimeEvent) -> None:
        """Acts at once: sound is on its way to the ear, or stopped, before anything else happens."""
        line = self._line
        match event:
            case ReplyAudio(samples) if line is not None and not line.is_done:
                line.play(samples)
            case ReplyText(text) if line is not None:
                line.tell(text)
            case ReplyDone(is_whole) if line is not None and not line.is_done:
                line.end(is_whole=is_whole)
            case SpeechBegan():
                self._utterances.take(event)
                if line is not None and not self._manners.is_push_to_talk:
                    self._pause_for(line)
            case SpeechOver() | SpeechHeard() | HearingFailed():
                self._utterances.take(event)
            case EndAsked():
                self._is_leaving = True
            case NoteTaken(text):
                self._emit(InterviewerNoted(at_ms=self._now_ms, turn_index=self._turn.index, text=text))
            case Stumbled(error):
                self._tell_failure(error)
            case _:
                pass

    def _on_drop(self, is_speaking: bool) -> None:
        """The connection broke. The candidate's words are heard anew; a line that had begun is said again."""
        self._utterances.cut()
        line = self._line
        if is_speaking and line is not None and line.has_sound:
            self._link.interrupt(0)
            line.end(is_whole=False)

    def _tell_failure(self, error: ProviderError) -> None:
        self._emit(
            ProviderFailed(at_ms=self._now_ms, provider=error.provider, stage=error.stage, message=error.message)
        )

    # --------------------------------------------------------------------------- what we tell the model

    def _send(self, heard: Heard) -> None:
        """Speech and what lies around it. Turns of our own are committed where speech has stopped."""
        self._utterances.push(heard.block, heard.is_voiced)
        gate, now_ms = self._floor.gate, self._now_ms
        silence_ms = now_ms - gate.last_speech_ms
        is_awaited = self._utterances.is_speaking and silence_ms < LISTEN_ON_MS
        is_held_open = not self._manners.are_turns_ours and is_awaited
        for block in self._gate.step(heard.block, gate, is_held_open=is_held_open):
            self._link.push(block)
            self._is_uncommitted = True
        if self._manners.are_turns_ours and self._is_uncommitted and silence_ms >= COMMIT_AFTER_MS:
            self._commit()
        is_quiet = not gate.is_speech and not self._is_uncommitted and not self._utterances.is_speaking
        self._link.tick(now_ms, is_quiet=is_quiet and self._utterances.is_understood)

    def _commit(self) -> None:
        self._is_uncommitted = False
        self._utterances.expect()
        self._link.commit()

    # --------------------------------------------------------------------------------------- speaking

    def say(self, text: str, *, is_nudge: bool = False) -> None:
        self._begin(verbatim(text), is_nudge=is_nudge)

    def hush(self) -> None:
        """The candidate has the word: the model learns how much of its line was heard."""
        if self._line is not None:
            spoken, heard_ms = self._line.interrupt(self._now_ms)
            self._link.interrupt(heard_ms)
            self._settle(self._line, spoken)

    def _begin(self, what: Direction, *, is_nudge: bool = False) -> None:
        self._turn.is_yielding = False
        self._line = Line(what, self._speaker, self._now_ms, is_nudge=is_nudge)
        self._link.request(what)

    def _step_speaking(self, line: Line, heard: Heard) -> None:
        line.started_ms = self._turn.note_start(line.started_ms, line.direction.text)
        if self._turn.is_yielding:
            self._yield_or_resume(line)
        elif heard.change is GateChange.STARTED and not self._manners.is_push_to_talk:
            self._pause_for(line)
        elif line.is_over:
            self._settle_or_repeat(line)
        elif line.quiet_ms(self._now_ms) >= (STALLED_MS if line.has_sound else NO_REPLY_MS):
            self._renew(line)

    def _renew(self, line: Line) -> None:
        """The model has lost the thread: before the line, or in the middle of it, which is then said again."""
        line.wait_anew(self._now_ms)
        if line.has_sound:
            self._link.interrupt(0)
            line.end(is_whole=False)
        else:
            self._note_attempt()
        self._link.renew()

    def _pause_for(self, line: Line) -> None:
        """Somebody speaks over the line; a nudge gives way at once."""
        if self._turn.is_yielding:
            return
        if line.is_nudge:
            self.hush()
        else:
            self._turn.pause()

    def _yield_or_resume(self, line: Line) -> None:
        gate = self._floor.gate
        words = plain_words(self._utterances.provisional.text)
        spoken_ms = gate.last_speech_ms - gate.started_ms
        is_meant = spoken_ms >= SURE_MS or asks_for_floor(words, spoken_ms)
        if is_meant and self._brief.expects_answer and not is_echo(words, line.text):
            self.hush()
            return
        silence_ms = self._now_ms - gate.last_speech_ms
        is_known = not self._utterances.is_speaking and not self._is_uncommitted and self._utterances.is_understood
        if not gate.is_speech and silence_ms >= (RESUME_AFTER_MS if is_known else UNDECIDED_MS):
            self._turn.resume()

    def _settle_or_repeat(self, line: Line) -> None:
        spoken = line.finish(self._now_ms)
        if line.is_whole or (line.has_sound and not self._brief.expects_answer):
            self._settle(line, spoken)
            return
        self._note_attempt()
        if spoken.heard_text:
            self._turn.note_said(spoken)
            self._emit(HintGiven(at_ms=self._now_ms, message="The connection broke off; that is said again."))
        self._begin(line.direction, is_nudge=line.is_nudge)

    def _note_attempt(self) -> None:
        """A line was not said. Raises ProviderError when that was the last time it is tried."""
        self._attempts += 1
        if self._attempts >= REPLIES_MAX:
            self._line = None
            self._speaker.stop()
            raise ProviderError(
                "The realtime model did not say its line.",
                "Try again, or use --mode cascaded.",
                provider=self._link.name,
                stage="realtime",
            )

    def _settle(self, line: Line, spoken: Spoken) -> None:
        self._line = None
        self._link.remember("assistant", spoken.heard_text)
        self._turn.note_said(spoken)
        if line.is_nudge:
            return
        if self._brief.expects_answer and not spoken.is_interrupted:
            self.forget()
        self._turn.listen_from_now()

    def forget(self) -> None:
        """What was said over the line is no answer to it."""
        self._utterances.forget()
        self._link.settle()
        self._turn.forget_shown()

    # -------------------------------------------------------------------------------------- listening

    async def _step_listening(self, heard: Heard) -> None:
        gate, provisional = self._floor.gate, self._utterances.provisional
        self._turn.show(provisional.text)
        if not gate.is_speech:
            self._ahead.read(provisional, self._now_ms, self._now_ms - gate.last_speech_ms)
        if self._manners.are_turns_ours:
            model, recent = self._conversation.parts.turn_model, self._floor.recent_audio
            self._ahead.listen(heard.change, model, recent, is_wanted=self._turn.is_model_wanted)
        verdict = self._turn.judge(provisional, self._ahead)
        ended_by = self._turn.conclude(verdict, is_finished=self._is_finished(verdict))
        if ended_by is not None:
            await self._finish(ended_by)

    def _is_finished(self, verdict: Verdict) -> bool:
        """The answer is over, and everything of it is understood or will not be."""
        heard, gate = self._utterances, self._floor.gate
        if gate.is_speech:
            return False
        if self._is_done:
            return heard.is_understood
        if self._manners.is_push_to_talk:
            return False
        patience_ms, silence_ms = self._manners.policy.patience_ms, self._now_ms - gate.last_speech_ms
        if self._manners.are_turns_ours:
            is_over = verdict is Verdict.FINISHED or (heard.is_misheard and silence_ms >= patience_ms)
            return is_over and heard.is_understood
        if heard.has_ended:
            return heard.is_understood
        is_unheard = not heard.is_speaking and heard.voiced_ms >= SURE_MS
        return is_unheard and silence_ms >= UNDECIDED_MS + patience_ms

    async def _finish(self, ended_by: AnswerEnd) -> None:
        self._is_done = False
        if self._manners.are_turns_ours and self._is_uncommitted:
            self._commit()
        await self._turn.finish(ended_by)

    async def final(self) -> Transcript:
        return await self._utterances.finish()

    def mishear(self) -> None:
        """A line that was cut short for nothing is said again."""
        was_cut = bool(self._turn.said) and self._turn.said[-1].is_interrupted
        self.forget()
        if was_cut:
            self.say(self._turn.asked)

    async def take_done(self) -> None:
        if not self._brief.expects_answer:
            return
        if self._line is not None:
            if self._manners.is_push_to_talk:
                self.hush()
        elif self._utterances.is_speaking:  # the model still waits: there is no time for that now
            await self._finish(AnswerEnd.FINISHED)
        elif self._utterances.voiced_ms >= WORD_MS:
            self._is_done = True
            if self._manners.are_turns_ours and self._is_uncommitted:
                self._commit()
