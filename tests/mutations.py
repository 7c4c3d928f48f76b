"""Frames of JSON gone wrong in every way a seed can think of, and connections that end when they like.

Must not know protocols, except that a frame has a `type`.
"""

import json
import random
from collections.abc import Callable
from typing import Any

NEST = 20_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1e308, float("nan"), "", " ", "x" * 5_000, "\ud800", "\0", "1", [], {}, [[]],
    {"": None}, ["a", 1], {"type": {}},
)  # fmt: skip
"""Values put in the place of others."""


class Mutator:
    """Give `tamper` to a server's script. `count`: frames changed, lost, doubled or moved so far.

    The first `spared` frames of a connection mostly stay whole, so that conversations get going. `break_off` ends
    the connection; it is called about once in `frames_per_break` frames.
    """

    def __init__(
        self,
        seed: int,
        break_off: Callable[[random.Random], None],
        *,
        share: float = 0.4,
        spared: int = 2,
        frames_per_break: int = 400,
    ) -> None:
        self.count = 0
        self._random = random.Random(seed)
        self._break_off = break_off
        self._share = share
        self._spared = spared
        self._frames_per_break = frames_per_break
        self._kinds: list[str] = []
        self._held: list[str] = []
        self._since_greeting = 0
        self._mutations: tuple[Callable[[str], list[str]], ...] = (
            self._lose,
            self._double,
            self._hold,
            self._cut,
            self._scribble,
            self._nest,
            self._change,
            self._change,
            self._change,
            self._change,
            self._change,
        )

    def tamper(self, text: str) -> list[str]:
        """What goes out instead of a frame."""
        chance = self._random
        is_greeting = '"session.created"' in text or '"setupComplete"' in text
        self._since_greeting = 0 if is_greeting else self._since_greeting + 1
        if self._since_greeting < self._spared and chance.random() < 0.95:
            return [text]
        if chance.randrange(self._frames_per_break) == 0:
            self._break_off(chance)
        if chance.random() >= self._share:
            held, self._held = self._held, []
            return [text, *held]
        self.count += 1
        return chance.choice(self._mutations)(text)

    def _lose(self, text: str) -> list[str]:
        return []

    def _double(self, text: str) -> list[str]:
        return [text, text]

    def _hold(self, text: str) -> list[str]:
        """It comes after the next one."""
        self._held.append(text)
        return []

    def _cut(self, text: str) -> list[str]:
        return [text[: self._random.randrange(len(text))]]

    def _scribble(self, text: str) -> list[str]:
        letters = list(text)
        for _ in range(self._random.randint(1, 5)):
            letters[self._random.randrange(len(letters))] = self._random.choice('"{}[]:,\\0é\x01')
        return ["".join(letters)]

    def _nest(self, text: str) -> list[str]:
        """Deeper than a parser can go, alone or inside."""
        deep = "[" * NEST + "]" * NEST
        return [deep if self._random.random() < 0.5 else f'{{"type": {json.dumps("response.done")}, "x": {deep}}}']

    def _change(self, text: str) -> list[str]:
        """One or two values, keys or the type."""
        frame = json.loads(text)
        for _ in range(self._random.randint(1, 2)):
            self._change_once(frame)
        return [json.dumps(frame)]

    def _change_once(self, frame: Any) -> None:  # noqa: ANN401 - any JSON
        chance = self._random
        place = frame
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                return
            key = chance.choice(keys)
            inner = place[key]
            if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
                place = inner
                continue
            break
        if key == "type" and isinstance(inner, str):
            self._kinds.append(inner)
        match chance.randrange(4):
            case 0:
                del place[key]
            case 1 if isinstance(place, dict):
                place[f"{key}_"] = place.pop(key)
            case 2 if key == "type":
                place[key] = chance.choice(self._kinds)
            case _:
                place[key] = chance.choice(ODD)
