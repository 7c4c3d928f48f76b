"""Deepgram's recognisers: nova-3 (listen v1), which writes every "um", and Flux (listen v2), which hears turns end.

Must not know when an answer ends, nor what the words are for.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from voiceprep.model import Term, Word
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, OnText, OnUsage, ignore_text
from voiceprep.providers.deepgram_connection import Dialect, ListenLink, Message
from voiceprep.providers.deepgram_link import PROVIDER, LinkError, LinkPolicy, open_client
from voiceprep.providers.deepgram_stream import DeepgramStream, Heard, spread
from voiceprep.tasks import Tasks

KEYTERMS_MAX = 100
KEYTERM_CHARS_MAX = 1_000
"""Deepgram takes 500 tokens of keyterms; technical names run at two to four letters a token."""

ENDPOINTING_MS = 25
"""Silence after which Deepgram calls what it has final: less than ours, so that the final is there when we ask."""

END_OF_TURN_THRESHOLD = 0.7
"""How sure Flux must be (0.5..1.0) before it ends a turn of its own, which makes a final."""

_INTERIM, _RESULTS = re.compile(rb'"is_final"\s*:\s*false'), re.compile(rb'"type"\s*:\s*"Results"')
_ANSWERS_FINALIZE = re.compile(rb'"from_finalize"\s*:\s*true')
_UPDATE, _TURN_INFO = re.compile(rb'"event"\s*:\s*"Update"'), re.compile(rb'"type"\s*:\s*"TurnInfo"')
"""Told without reading the JSON: a text cannot hold a bare quotation mark."""

_UNREADABLE = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
"""What comes of a message that is not what it says."""


class DeepgramTranscriber:
    """ports.Transcriber over listen v1, which keeps fillers for delivery to count; over listen v2 when `model` is a
    Flux, whose streams say how likely it is that the answer is over.

    `endpointing_ms` (v1) 0 leaves every final to Finalize. Raises nothing until `warm` or a stream's `finish`.
    """

    name = PROVIDER

    def __init__(
        self,
        tasks: Tasks,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str = "nova-3",
        glossary: Sequence[Term] = (),
        on_usage: OnUsage | None = None,
        endpointing_ms: int = ENDPOINTING_MS,
        policy: LinkPolicy | None = None,
    ) -> None:
        self._glossary = tuple(glossary)
        terms = tuple(keyterms(glossary))
        dialect: Dialect = NovaDialect(model, terms, endpointing_ms)
        if model.startswith("flux"):
            dialect = FluxDialect(model, terms)
        opening = partial(open_client, api_key, base_url, dialect.resource)
        self._link = ListenLink(tasks, dialect, opening, policy or LinkPolicy(), on_usage)

    async def close(self) -> None:
        """The connection belongs to the session's tasks and ends with them."""

    async def warm(self) -> None:
        """Connect; nothing when there is a connection. Raises ProviderError (stage `stt`)."""
        await self._link.warm()

    def open_stream(self, on_text: OnText = ignore_text) -> DeepgramStream:
        """The next answer; its audio goes over the connection that is there."""
        stream = DeepgramStream(self._link, self._glossary, on_text)
        self._link.open(stream)
        return stream


class NewestWords:
    """The words of the newest message. Most messages repeat those of the one before: making them anew is most of
    what reading costs."""

    def __init__(self) -> None:
        self._items: object = []
        self._words: tuple[Word, ...] = ()

    def of(self, items: Any) -> tuple[Word, ...]:  # noqa: ANN401 - any JSON
        """What Deepgram's `items` say. Raises one of `_UNREADABLE`."""
        if items != self._items:
            self._words = tuple(
                word
                for item in items
                for word in spread(
                    item.get("punctuated_word") or item["word"], _ms(item["start"]), _ms(item["end"])
                )
            )
            self._items = items
        return self._words


@dataclass(frozen=True, slots=True)
class NovaDialect:
    """Listen v1. UtteranceEnd and SpeechStarted are not asked for: our own endpointer knows both sooner."""

    model: str
    keyterms: tuple[str, ...]
    endpointing_ms: int
    newest: NewestWords = field(default_factory=NewestWords)
    resource = "listen.v1"
    keep_alive = json.dumps({"type": "KeepAlive"})
    finalize = json.dumps({"type": "Finalize"})

    def connect(self, client: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401 - the SDK's client
        takes_keyterms = self.keyterms and self.model.startswith("nova-3")
        opening: AbstractAsyncContextManager[Any] = client.listen.v1.connect(
            model=self.model,
            language="en",
            encoding="linear16",
            sample_rate=MICROPHONE_RATE_HZ,
            channels=1,
            interim_results="true",
            smart_format="true",
            punctuate="true",
            endpointing=self.endpointing_ms or "false",
            keyterm=list(self.keyterms) if takes_keyterms else None,
            # The SDK has no name for it yet.
            request_options={"additional_query_parameters": {"filler_words": "true"}},
        )
        return opening

    def is_passing(self, text: bytes, after: bytes) -> bool:
        return bool(_INTERIM.search(text) and _RESULTS.search(after) and not _ANSWERS_FINALIZE.search(text))

    def read(self, message: Message) -> Heard | None:
        """Results → what was heard. Raises LinkError on Error and on what cannot be read."""
        kind = message.get("type")
        if kind == "Error":
            raise LinkError("reports an error")
        if kind != "Results":
            return None
        try:
            best = message["channel"]["alternatives"][0]
            start_ms, length_ms = _ms(message["start"]), _ms(message["duration"])
            words = self.newest.of(best["words"])
            if not words:
                words = tuple(spread(best["transcript"], start_ms, start_ms + length_ms))
        except _UNREADABLE:
            raise LinkError("sent something unreadable") from None
        is_final, closes = message.get("is_final") is True, message.get("from_finalize") is True
        return Heard(start_ms, start_ms + length_ms, words, is_final or closes, closes)


@dataclass(frozen=True, slots=True)
class FluxDialect:
    """Listen v2. A turn of Flux is one final; an answer may hold several."""

    model: str
    keyterms: tuple[str, ...]
    newest: NewestWords = field(default_factory=NewestWords)
    resource = "listen.v2"
    keep_alive = bytes(2 * MICROPHONE_RATE_HZ * BLOCK_MS // 1000)  # v2 has no KeepAlive: a block of silence
    finalize = json.dumps({"type": "ForceEndTurn"})

    def connect(self, client: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401 - the SDK's client
        opening: AbstractAsyncContextManager[Any] = client.listen.v2.connect(
            model=self.model,
            encoding="linear16",
            sample_rate=MICROPHONE_RATE_HZ,
            eot_threshold=END_OF_TURN_THRESHOLD,
            keyterm=list(self.keyterms) or None,
        )
        return opening

    def is_passing(self, text: bytes, after: bytes) -> bool:
        return bool(_UPDATE.search(text) and _TURN_INFO.search(after))

    def read(self, message: Message) -> Heard | None:
        """TurnInfo → what was heard. Raises LinkError on Error and on what cannot be read."""
        kind = message.get("type")
        if kind == "Error":
            raise LinkError("reports an error")
        if kind != "TurnInfo":
            return None
        try:
            start_ms, end_ms = _ms(message["audio_window_start"]), _ms(message["audio_window_end"])
            confidence = float(message["end_of_turn_confidence"])
            items = message["words"]
            is_timed = all(item.get("start") is not None and item.get("end") is not None for item in items)
            words = self.newest.of(items) if is_timed else tuple(spread(message["transcript"], start_ms, end_ms))
        except _UNREADABLE:
            raise LinkError("sent something unreadable") from None
        is_final = message.get("event") == "EndOfTurn"
        closes = is_final and message.get("trigger") == "manual"
        return Heard(start_ms, end_ms, words, is_final, closes, is_timed, confidence)


def keyterms(glossary: Sequence[Term]) -> Iterator[str]:
    """The first terms of the glossary, as many as Deepgram takes."""
    chars = 0
    for term in glossary[:KEYTERMS_MAX]:
        chars += len(term.written)
        if chars > KEYTERM_CHARS_MAX:
            return
        yield term.written


def _ms(seconds: float) -> int:
    return round(float(seconds) * 1000)
