"""Frames of JSON gone wrong in every way a seed can think of, and connections that end when they like.

Must not know protocols, except that a frame has a `type`.
"""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

NEST = 20_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", " ", "x" * 5_000, "\ud800",
    "\0", "1", [], {}, [[]], {"": None}, ["a", 1], {"type": {}},
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
            change(frame, self._random, self._kinds)
        return [json.dumps(frame)]


def change(frame: Any, chance: random.Random, kinds: list[str]) -> None:  # noqa: ANN401 - any JSON
    """One value or key inside `frame`. `kinds`: the types seen so far, which are also put in each other's place."""
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
        kinds.append(inner)
    match chance.randrange(4):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[f"{key}_"] = place.pop(key)
        case 2 if key == "type" and kinds:
            place[key] = chance.choice(kinds)
        case _:
            place[key] = deepcopy(chance.choice(ODD))  # the next change may go inside it
