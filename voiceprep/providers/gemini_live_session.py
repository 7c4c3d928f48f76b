"""One session of Gemini Live: its messages become our events, and its turns are told apart.

Gemini answers every turn of the candidate's: it is told to ask for its line by a tool, and where it speaks unasked
nobody hears it. Replies carry no name; they are told apart by their order. Must not know addresses or keys.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from voiceprep.costs.prices import told_count
from voiceprep.errors import ProviderError
from voiceprep.model import Usage
from voiceprep.ports import MICROPHONE_RATE_HZ, AudioBlock, Message, OnUsage
from voiceprep.providers.openai_dialect import END_INTERVIEW, NEXT_QUESTION, NOTE
from voiceprep.providers.realtime_socket import CLOSE_S, FATAL_CLOSES, Who
from voiceprep.realtime import (
    Direction,
    EndAsked,
    GoingAway,
    HearingFailed,
    NoteTaken,
    RealtimeEvent,
    RealtimeSetup,
    ReplyAudio,
    ReplyDone,
    ReplyText,
    SpeechBegan,
    SpeechHeard,
    SpeechOver,
    Stumbled,
)
from voiceprep.tasks import Tasks

WRITTEN_AFTER_S = 0.3
"""Transcripts come in pieces without an end; after so long without another one it was the last."""
ASKS_WITHIN_S = 1.5
"""A model that has not asked for its line so long after a turn does not answer that turn."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a session has to know of its model. `on_handle`: how it can be resumed."""

    model: str
    who: Who
    on_usage: OnUsage
    on_handle: Callable[[str], None]


@dataclass(slots=True, eq=False)
class _ModelTurn:
    """One reply. Unasked ones nobody hears. `is_done`: nothing more comes but its `turnComplete`."""

    is_ours: bool
    has_begun: bool = False
    is_muted: bool = False
    is_done: bool = False


class GeminiLiveSession:
    """realtime.RealtimeSession."""

    def __init__(self, manager: Any, session: Any, setup: RealtimeSetup, told: Told, tasks: Tasks) -> None:  # noqa: ANN401
        self.unknown_count = 0
        self._manager, self._session, self._setup, self._told = manager, session, setup, told
        self._events: asyncio.Queue[RealtimeEvent | ProviderError | None] = asyncio.Queue()
        self._outbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._turns: deque[_ModelTurn] = deque()
        self._calls: list[tuple[str, str]] = []
        self._is_tool_tail = False
        self._held: Direction | None = None
        self._utterance = 0
        self._is_hearing = False
        self._texts: dict[str, str] = {}
        self._is_closed = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._receiver = tasks.watch(self._receive_all(), "gemini receiver")
        self._sender = tasks.watch(self._send_all(), "gemini sender")

    # ---------------------------------------------------------------------------------- what we tell

    def remember(self, history: Sequence[Message]) -> None:
        """What was said in sessions before this one."""
        if history:
            turns = [
                {"role": "user" if message.role == "user" else "model", "parts": [{"text": message.text}]}
                for message in history
            ]
            self._send("client_content", turns=turns, turn_complete=False)

    def push(self, block: AudioBlock) -> None:
        if not self._is_hearing:
            self._is_hearing = True
            self._utterance += 1
            if self._setup.are_turns_ours:
                self._send("realtime_input", activity_start={})
            else:
                self._tell(SpeechBegan())
        audio = {"data": block.samples.astype("<i2").tobytes(), "mime_type": f"audio/pcm;rate={MICROPHONE_RATE_HZ}"}
        self._send("realtime_input", audio=audio)

    def commit(self) -> None:
        if not self._is_hearing:  # nothing was said: there is an utterance without words
            self._utterance += 1
            self._tell(SpeechOver(self._name))
            self._tell(HearingFailed(self._name))
            return
        self._send("realtime_input", activity_end={})
        self._close_utterance()
        self._turns.append(_ModelTurn(is_ours=False))

    def request(self, direction: Direction) -> None:
        if self._calls:
            self._answer_calls(direction)
        elif any(not turn.is_ours and not turn.has_begun for turn in self._turns):
            self._held = direction  # it is about to ask for its line, or to speak unasked
            self._after("ask", ASKS_WITHIN_S, self._stop_waiting)
        else:
            self._prompt(direction)

    def _prompt(self, direction: Direction) -> None:
        self._held = None
        self._turns.append(_ModelTurn(is_ours=True))
        self._send("realtime_input", text=direction.instructions)

    def _answer_calls(self, direction: Direction) -> None:
        self._held = None
        calls, self._calls = self._calls, []
        self._turns.append(_ModelTurn(is_ours=True))
        answers = [
            {"id": identity, "name": name, "response": {"line": direction.instructions}} for identity, name in calls
        ]
        self._send("tool_response", function_responses=answers)

    def _stop_waiting(self) -> None:
        for turn in [turn for turn in self._turns if not turn.is_ours and not turn.has_begun]:
            self._turns.remove(turn)
        if self._held is not None:
            self.request(self._held)

    def interrupt(self, heard_ms: int) -> None:
        """Gemini is not told how much was heard; its own count of what it sent has to do."""
        self._held = None
        for turn in self._turns:
            turn.is_muted = turn.is_muted or turn.is_ours

    def _send(self, kind: str, **content: Any) -> None:  # noqa: ANN401 - what the SDK's method of this kind takes
        self._outbox.put_nowait({"kind": kind, **content})

    async def _send_all(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            while (message := await self._outbox.get()) is not None:
                send = getattr(self._session, f"send_{message.pop('kind')}")
                await send(**message)

    # ------------------------------------------------------------------------------- what it tells us

    async def events(self) -> AsyncIterator[RealtimeEvent]:
        while (event := await self._events.get()) is not None:
            if isinstance(event, ProviderError):
                raise event
            yield event

    async def close(self) -> None:
        """Also stops what is still to be sent. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._outbox.put_nowait(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.wait([self._sender])
        for task in (self._sender, self._receiver):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._manager.__aexit__(None, None, None)
        self._events.put_nowait(None)

    async def _receive_all(self) -> None:
        from google.genai.errors import APIError

        while not self._is_closed:
            try:
                async for message in self._session.receive():  # ends with every turn
                    self._take(message)
            except APIError as error:
                code: object = error.code
                if isinstance(code, int) and code >= 1000:
                    self._end(code)
                    return
                if isinstance(code, int):
                    who = self._told.who
                    self._tell(Stumbled(who.error("Gemini reports an error.", "The session goes on.")))
                else:
                    self.unknown_count += 1
            except (ValueError, TypeError, AttributeError, RecursionError):  # the SDK's parser cannot read it
                self.unknown_count += 1

    def _end(self, code: int) -> None:
        is_fatal = code in FATAL_CLOSES or code >= 4000
        self._events.put_nowait(self._told.who.refused_in_session(code) if is_fatal else None)

    def _tell(self, event: RealtimeEvent) -> None:
        self._events.put_nowait(event)

    def _take(self, message: Any) -> None:  # noqa: ANN401 - a LiveServerMessage
        if message.usage_metadata is not None:
            self._told.on_usage(usage_of(self._told.model, message.usage_metadata))
        if message.session_resumption_update is not None:
            update = message.session_resumption_update
            if update.resumable and update.new_handle:
                self._told.on_handle(update.new_handle)
        if message.go_away is not None:
            self._tell(GoingAway(_milliseconds(message.go_away.time_left)))
        if message.tool_call is not None:
            self._take_calls(message.tool_call.function_calls or [])
        if message.tool_call_cancellation is not None:
            cancelled = set(message.tool_call_cancellation.ids or ())
            self._calls = [call for call in self._calls if call[0] not in cancelled]
        if message.server_content is not None:
            self._take_content(message.server_content)

    def _take_content(self, content: Any) -> None:  # noqa: ANN401 - a LiveServerContent
        if content.input_transcription is not None:
            self._write(content.input_transcription.text or "", bool(content.input_transcription.finished))
        for part in (content.model_turn.parts or ()) if content.model_turn is not None else ():
            data = part.inline_data.data if part.inline_data is not None else None
            if data and len(data) >= 2:
                turn = self._speaking()
                if turn.is_ours and not turn.is_muted and not turn.is_done:
                    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
                    self._tell(ReplyAudio(samples))
        if content.output_transcription is not None and content.output_transcription.text:
            turn = self._speaking()
            if turn.is_ours and not turn.is_muted:
                self._tell(ReplyText(content.output_transcription.text))
        if content.generation_complete or content.interrupted:
            self._finish(is_whole=not content.interrupted)
        if content.turn_complete:
            self._complete()

    def _speaking(self) -> _ModelTurn:
        """Whose content has come: that of the oldest turn that is not complete. One nobody asked for is the answer
        to a turn that the model has detected."""
        self._is_tool_tail = False
        if not self._turns:
            self._turns.append(_ModelTurn(is_ours=False))
        turn = self._turns[0]
        if not turn.has_begun:
            turn.has_begun = True
            if not turn.is_ours:
                self._answered()
        return turn

    def _answered(self) -> None:
        """The model answers a turn of the candidate's: that is over, and a line that waits can be asked for."""
        if not self._setup.are_turns_ours and self._is_hearing:
            self._close_utterance()
        if self._held is not None:
            self._prompt(self._held)

    def _finish(self, *, is_whole: bool) -> None:
        turn = self._turns[0] if self._turns and not self._is_tool_tail else None
        if turn is not None and turn.has_begun and not turn.is_done:
            turn.is_done = True
            if turn.is_ours and not turn.is_muted:
                self._tell(ReplyDone(is_whole=is_whole))

    def _complete(self) -> None:
        if self._is_tool_tail:
            self._is_tool_tail = False
            return
        self._finish(is_whole=True)
        if self._turns and self._turns[0].has_begun:
            self._turns.popleft()
        elif self._turns and not self._turns[0].is_ours:  # it has nothing to say
            self._turns.popleft()
            self._answered()

    def _take_calls(self, calls: Sequence[Any]) -> None:
        if not calls:
            return
        if self._turns and not self._turns[0].is_ours:
            self._turns.popleft()
        self._is_tool_tail = True  # a turnComplete may follow, which ends nothing of ours
        for call in calls:
            self._calls.append((str(call.id), str(call.name)))
            if call.name == END_INTERVIEW:
                self._tell(EndAsked())
            elif call.name == NOTE:
                self._tell(NoteTaken(str((call.args or {}).get("text", ""))[:500]))
        if all(call.name not in (NEXT_QUESTION, END_INTERVIEW) for call in calls):
            self._acknowledge()
            return
        if not self._setup.are_turns_ours and self._is_hearing:
            self._close_utterance()
        if self._held is not None:
            self._answer_calls(self._held)

    def _acknowledge(self) -> None:
        """A note needs no line, only to be taken; the model then goes on with its turn."""
        calls, self._calls = self._calls, []
        self._turns.appendleft(_ModelTurn(is_ours=False))
        answers = [{"id": identity, "name": name, "response": {"result": "noted"}} for identity, name in calls]
        self._send("tool_response", function_responses=answers)

    # ------------------------------------------------------------------------------------ utterances

    @property
    def _name(self) -> str:
        return f"utterance-{self._utterance}"

    def _close_utterance(self) -> None:
        self._is_hearing = False
        name = self._name
        self._tell(SpeechOver(name))
        if name in self._texts:
            self._after(name, WRITTEN_AFTER_S, lambda: self._written(name))

    def _write(self, text: str, is_finished: bool) -> None:
        """The next words of what was heard last."""
        earlier = f"utterance-{self._utterance - 1}"
        name = earlier if self._is_hearing and earlier not in self._texts and self._utterance > 1 else self._name
        self._texts[name] = self._texts.get(name, "") + text
        is_over = not self._is_hearing or name != self._name
        self._tell(SpeechHeard(name, self._texts[name].strip(), is_final=is_finished and is_over))
        if is_over and not is_finished:
            self._after(name, WRITTEN_AFTER_S, lambda: self._written(name))

    def _written(self, name: str) -> None:
        self._tell(SpeechHeard(name, self._texts[name].strip(), is_final=True))

    def _after(self, what: str, delay_s: float, act: Callable[[], None]) -> None:
        if (timer := self._timers.pop(what, None)) is not None:
            timer.cancel()
        if not self._is_closed:
            self._timers[what] = asyncio.get_running_loop().call_later(delay_s, act)


def usage_of(model: str, usage: Any) -> Usage:  # noqa: ANN401 - a UsageMetadata
    """By modality; what is not told apart counts as text."""
    taken, given = _by_modality(usage.prompt_tokens_details), _by_modality(usage.response_tokens_details)
    heard, said = taken.get("AUDIO", 0), given.get("AUDIO", 0)
    written = told_count(usage.response_token_count) + told_count(usage.thoughts_token_count)
    return Usage(
        "gemini",
        "realtime",
        model,
        input_tokens=max(0, told_count(usage.prompt_token_count) - heard),
        output_tokens=max(0, written - said),
        audio_input_tokens=heard,
        audio_output_tokens=said,
    )


def _by_modality(details: Sequence[Any] | None) -> dict[str, int]:
    return {getattr(one.modality, "value", str(one.modality)): told_count(one.token_count) for one in details or ()}


def _milliseconds(left: object) -> int:
    """Of a duration such as "49.5s"."""
    try:
        return round(float(str(left).removesuffix("s")) * 1000)
    except (ValueError, OverflowError):
        return 0
