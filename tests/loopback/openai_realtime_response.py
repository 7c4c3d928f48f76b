"""One reply of OpenAI's realtime model, event by event: words and sound interleaved, function calls, its end.

Must not know sockets.
"""

import asyncio
import base64
import json
import random
from copy import deepcopy
from typing import Any, Protocol

from tests.loopback.openai_realtime_dialect import Dialect
from tests.loopback.openai_realtime_items import Item, Items
from tests.loopback.realtime import Asked, Message, Reply, Script, ToolCall, wait_ms
from voiceprep.audio.streams import resample
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

WORDS_AHEAD = 2
"""The transcript runs a little ahead of the sound."""


class Host(Protocol):
    """The conversation a reply belongs to."""

    script: Script
    dialect: Dialect
    items: Items
    call_ids: set[str]
    session: Message
    random: random.Random
    active: "Response | None"

    def send(self, kind: str, **fields: Any) -> None: ...  # noqa: ANN401 - fields of any message

    def identity(self, kind: str) -> str: ...

    def add_item(self, item: Item) -> None: ...

    async def said_piece(self, piece_ms: float) -> None: ...


class Response:
    """Made by a conversation, which spawns `run`."""

    def __init__(self, host: Host, number: int, request: Message) -> None:
        self.id = host.identity("resp")
        self._host = host
        self._number = number
        self._request = request
        self._is_aside = request.get("conversation") == "none"
        self._modalities = host.dialect.modalities(host.session, request)
        self._stop = asyncio.Event()
        self._reason = ""
        self._output: list[Message] = []
        self._text = ""
        self._said_ms = 0.0
        self._context = (0, 0)

    def cancel(self, reason: str) -> None:
        """`turn_detected` or `client_cancelled`; what is on its way still arrives."""
        self._reason = self._reason or reason
        self._stop.set()

    async def run(self) -> None:
        """To its end, whatever it is."""
        host = self._host
        host.send("response.created", response=self._shown("in_progress"))
        tells_limits_first = host.random.random() < 0.5
        if tells_limits_first:
            self._tell_limits()
        reply = await self._decide()
        if not reply.failure:
            if reply.text and not self._stop.is_set():
                await self._answer(reply)
            for call in reply.tools:
                if not self._stop.is_set():
                    self._call(call)
        if not tells_limits_first:
            self._tell_limits()
        self._finish(reply.failure)

    async def _decide(self) -> Reply:
        host = self._host
        said = await host.items.said()
        system = str(host.session.get("instructions") or "")
        instructions = str(self._request.get("instructions") or system)
        self._context = host.items.context(instructions)
        return host.script.reply(Asked(self._number, system, instructions, said))

    # ------------------------------------------------------------------------------------ words

    async def _answer(self, reply: Reply) -> None:
        host, place = self._host, self._begin_item()
        item, at = place
        is_spoken = "audio" in self._modalities
        part = {"type": "audio", "transcript": ""} if is_spoken else {"type": "text", "text": ""}
        host.send("response.content_part.added", **at, content_index=0, part=part)
        if is_spoken:
            await self._speak(item, at, reply)
            host.send("response.output_audio.done", **at, content_index=0)
            host.send("response.output_audio_transcript.done", **at, content_index=0, transcript=self._text)
            part = {"type": "audio", "transcript": self._text}
        else:
            await self._write(at, reply)
            host.send("response.output_text.done", **at, content_index=0, text=self._text)
            part = {"type": "text", "text": self._text}
        host.send("response.content_part.done", **at, content_index=0, part=part)
        if not item.is_truncated:
            item.text = self._text
            word = {"transcript": self._text} if is_spoken else {"text": self._text}
            item.message["content"] = [{**item.message["content"][0], **word}]
        self._end_item(item, at)

    def _begin_item(self) -> tuple[Item, Message]:
        host = self._host
        kind = "output_audio" if "audio" in self._modalities else "output_text"
        identity = host.identity("item")
        shown = {"id": identity, "object": "realtime.item", "type": "message", "role": "assistant"}
        item = Item(identity, {**shown, "status": "in_progress", "content": [{"type": kind}]})
        return item, self._announce(item, {**item.message, "content": []})

    def _announce(self, item: Item, shown: Message) -> Message:
        """Tell of a new item; what places it."""
        at = {"response_id": self.id, "item_id": item.id, "output_index": len(self._output)}
        told = {name: value for name, value in at.items() if name != "item_id"}
        self._host.send("response.output_item.added", **told, item=shown)
        if not self._is_aside:
            self._host.add_item(item)
        return at

    def _end_item(self, item: Item, at: Message) -> None:
        item.message["status"] = "incomplete" if self._stop.is_set() else "completed"
        shown = deepcopy(item.message)
        self._output.append(shown)
        told = {name: value for name, value in at.items() if name != "item_id"}
        self._host.send("response.output_item.done", **told, item=shown)
        if not self._is_aside:
            self._host.send("conversation.item.done", item=shown)

    async def _speak(self, item: Item, at: Message, reply: Reply) -> None:
        host = self._host
        rate_hz = host.dialect.output_rate_hz(host.session)
        pieces = _pieces(resample(await host.script.say(reply.text), SPEAKER_RATE_HZ, rate_hz), rate_hz, reply)
        words, told, late = reply.text.split(), 0, reply.late_pieces
        await wait_ms(reply.first_audio_ms, self._stop)
        for index, piece in enumerate(pieces):
            if self._stop.is_set():
                late -= 1
                if late < 0:
                    return
            wanted = min(len(words), WORDS_AHEAD + (index + 1) * len(words) // len(pieces))
            self._tell(words[told:wanted], "response.output_audio_transcript.delta", at)
            told = wanted
            delta = base64.b64encode(piece.astype("<i2").tobytes()).decode()
            host.send("response.output_audio.delta", **at, content_index=0, delta=delta)
            piece_ms = len(piece) * 1000 / rate_hz
            self._said_ms += piece_ms
            if not item.is_truncated:
                item.audio_ms += piece_ms
            await host.said_piece(piece_ms)
            await wait_ms(reply.between_pieces_ms, self._stop)

    async def _write(self, at: Message, reply: Reply) -> None:
        for word in reply.text.split():
            if self._stop.is_set():
                return
            self._tell([word], "response.output_text.delta", at)
            await wait_ms(reply.between_pieces_ms, self._stop)

    def _tell(self, words: list[str], kind: str, at: Message) -> None:
        for word in words:
            delta = f" {word}" if self._text else word
            self._text += delta
            self._host.send(kind, **at, content_index=0, delta=delta)

    def _call(self, call: ToolCall) -> None:
        host = self._host
        call_id, arguments = host.identity("call"), json.dumps(call.arguments)
        host.call_ids.add(call_id)
        shown = {"id": host.identity("item"), "object": "realtime.item", "type": "function_call"}
        message = {**shown, "status": "in_progress", "name": call.name, "call_id": call_id, "arguments": ""}
        item = Item(message["id"], message)
        at = self._announce(item, deepcopy(message))
        half = len(arguments) // 2
        for delta in (arguments[:half], arguments[half:]):
            host.send("response.function_call_arguments.delta", **at, call_id=call_id, delta=delta)
        done = {"call_id": call_id, "name": call.name, "arguments": arguments}
        host.send("response.function_call_arguments.done", **at, **done)
        message["arguments"] = arguments
        self._end_item(item, at)

    # -------------------------------------------------------------------------------------- end

    def _finish(self, failure: str) -> None:
        host = self._host
        if failure:
            error = {"type": "server_error", "code": failure}
            end = self._shown("failed", {"type": "failed", "error": error})
        elif self._reason:
            end = self._shown("cancelled", {"type": "cancelled", "reason": self._reason})
        else:
            end = self._shown("completed", {"type": "completed"})
        usage = host.items.usage(self._context, self._text, self._said_ms)
        if host.active is self:
            host.active = None
        host.send("response.done", response={**end, "usage": host.dialect.usage(usage)})

    def _shown(self, status: str, details: Message | None = None) -> Message:
        host = self._host
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": list(self._output),
            "conversation_id": None if self._is_aside else "conv_loopback",
            "output_modalities": self._modalities,
            "max_output_tokens": host.session.get("max_output_tokens", "inf"),
            "audio": {"output": host.dialect.shown_output(host.session)},
            "usage": None,
            "metadata": self._request.get("metadata"),
        }

    def _tell_limits(self) -> None:
        limits = [
            {"name": "requests", "limit": 5_000, "remaining": 5_000 - self._number, "reset_seconds": 0.01},
            {"name": "tokens", "limit": 800_000, "remaining": 799_000, "reset_seconds": 0.07},
        ]
        self._host.send("rate_limits.updated", rate_limits=limits)


def _pieces(samples: Samples, rate_hz: int, reply: Reply) -> list[Samples]:
    size = rate_hz * reply.piece_ms // 1000
    return [samples[start : start + size] for start in range(0, len(samples), size)]
