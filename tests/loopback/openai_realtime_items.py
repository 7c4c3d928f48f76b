"""What has been said in one realtime conversation, as the server keeps it, and what a reply to it costs.

Must not know sockets.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.realtime import Message

USER_TOKEN_MS = 100
ASSISTANT_TOKEN_MS = 50
_PART_KINDS = {"user": ("input_text", "input_audio"), "assistant": ("output_text",), "system": ("input_text",)}


@dataclass
class Item:
    """`audio_ms`: of a candidate's speech, or of the model's that was sent and not truncated.

    `hearing`: what the model makes of the audio; `text`: what was said, empty until it is known.
    """

    id: str
    message: Message
    audio_ms: float = 0.0
    text: str = ""
    hearing: "asyncio.Task[str] | None" = None
    is_truncated: bool = False

    @property
    def role(self) -> str:
        return str(self.message.get("role", ""))

    @property
    def has_model_audio(self) -> bool:
        parts = self.message.get("content") or [{}]
        return self.role == "assistant" and parts[0].get("type") == "output_audio"


@dataclass
class Items:
    """In their order."""

    all: dict[str, Item] = field(default_factory=dict)
    cached_tokens: int = 0

    @property
    def last_id(self) -> str | None:
        return next(reversed(self.all), None)

    def add(self, item: Item, after_id: str | None = None) -> str | None:
        """Put it last, or behind another; the id of the one before it."""
        if after_id is None or after_id == self.last_id:
            before_id = self.last_id
            self.all[item.id] = item
            return before_id
        entries = list(self.all.items())
        place = 0 if after_id == "root" else 1 + list(self.all).index(after_id)
        self.all = dict([*entries[:place], (item.id, item), *entries[place:]])
        return None if after_id == "root" else after_id

    async def said(self) -> tuple[tuple[str, str], ...]:
        """(role, text) of everything with words; waits for what is still being heard."""
        lines = []
        for item in tuple(self.all.values()):
            if item.hearing is not None:
                item.text = await item.hearing
            if item.role and item.text:
                lines.append((item.role, item.text))
        return tuple(lines)

    def context(self, instructions: str) -> tuple[int, int]:
        """Tokens of audio and of text that a reply begins with."""
        audio = sum(
            round(item.audio_ms / (ASSISTANT_TOKEN_MS if item.role == "assistant" else USER_TOKEN_MS))
            for item in self.all.values()
        )
        words = sum(tokens_in(item.text) for item in self.all.values() if not item.audio_ms)
        return audio, words + tokens_in(instructions)

    def usage(self, context: tuple[int, int], text: str, said_ms: float) -> Message:
        """Of a reply: everything before it is billed again, at a lower price what the last reply was told too."""
        audio, words = context
        cached = min(self.cached_tokens, audio + words)
        self.cached_tokens = audio + words
        cached_audio = min(audio, cached)
        out_audio, out_text = round(said_ms / ASSISTANT_TOKEN_MS), tokens_in(text)
        return {
            "input_tokens": audio + words,
            "output_tokens": out_audio + out_text,
            "total_tokens": audio + words + out_audio + out_text,
            "input_token_details": {
                "text_tokens": words,
                "audio_tokens": audio,
                "image_tokens": 0,
                "cached_tokens": cached,
                "cached_tokens_details": {
                    "text_tokens": cached - cached_audio,
                    "audio_tokens": cached_audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": out_text, "audio_tokens": out_audio},
        }


def tokens_in(text: str) -> int:
    """One for every four characters, at least one where there are any."""
    return -(-len(text) // 4)


def item_mistake(item: Mapping[str, Any], call_ids: set[str]) -> str | None:
    """Why the service would not take an item from a client."""
    if item["type"] == "function_call_output":
        return None if item["call_id"] in call_ids else f"no call {item['call_id']}"
    if item["type"] == "function_call":
        return None
    if item["type"] != "message":
        return f"an item of type {item['type']}"
    kinds = [part.get("type") for part in item["content"]]
    wrong = [kind for kind in kinds if kind not in _PART_KINDS[item["role"]]]
    if wrong:
        return f"{wrong[0]} in a message of the {item['role']}"
    if not kinds:
        return "a message without content"
    return None
