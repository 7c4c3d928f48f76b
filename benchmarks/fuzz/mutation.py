"""Good inputs gone wrong in every way a seed can think of. Must not know what they are for."""

import json
import random
from collections.abc import Sequence

from tests.mutations import NEST, Mutator, change

ODD_TEXT = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[31m", b"\xe2\x80\xae", b"&a", b"*a", b"<<: ", b"!!python/object:x ",
    b"- ", b": ", b"? ", b"| ", b"> ", b"{", b"}", b"[", b"]", b'"', b"'", b"#", b"---\n", b"...\n", b"%TAG ! x\n",
    b"\t", b"\r", b"\xc2\x85", b"9" * 5_000, b"1e999", b".nan", b"-.inf", b"0x7fffffffffffffffff", b"1:30:00", b"~",
    b"yes", b"../../../etc/passwd", b"=1+1", b"[" * NEST, b"{a: " * 500, b"x" * 70_000, b"stream\n", b"0 0 R",
    b"obj <</Kids [1 0 R] /Parent 1 0 R>>", b"/Length 99999999999", b"/Count 2147483648",
)  # fmt: skip
"""Put somewhere into a text."""
BREAKS = b" \n\t,:;=\"'[]{}()<>/\\#"


class Bytes:
    """Of any format: lines, words and bytes are lost, doubled, moved, cut, filled with something odd."""

    def __init__(self, seed: int, seeds: Sequence[bytes]) -> None:
        self._random = random.Random(seed)
        self._seeds = list(seeds)
        self._changes = (self._odd, self._odd, self._lines, self._lines, self._bytes, self._cut, self._word)

    def make(self) -> tuple[bytes, int]:
        """An input, and how many it counts as."""
        chance = self._random
        data = chance.choice(self._seeds)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            data = chance.choice(self._changes)(data)
        return data, 1

    def _place(self, data: bytes) -> int:
        return self._random.randrange(len(data) + 1)

    def _odd(self, data: bytes) -> bytes:
        place = self._place(data)
        kept = data[place + self._random.choice((0, 0, 1, 5, 30)) :]
        return data[:place] + self._random.choice(ODD_TEXT) + kept

    def _lines(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        place, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        match self._random.randrange(4):
            case 0:
                del lines[place]
            case 1:
                lines.insert(other, lines[place])
            case 2:
                lines[place], lines[other] = lines[other], lines[place]
            case _:
                lines[place] = b" " * self._random.randrange(9) + lines[place].lstrip()
        return b"\n".join(lines)

    def _bytes(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 6)):
            if changed:
                changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)

    def _cut(self, data: bytes) -> bytes:
        first, second = sorted((self._place(data), self._place(data)))
        without, twice = data[:first] + data[second:], data + data[first:]
        return self._random.choice((data[:first], data[first:second], without, twice))

    def _word(self, data: bytes) -> bytes:
        """A piece between two breaks is replaced by another."""
        ends = [place for place, byte in enumerate(data) if byte in BREAKS]
        if len(ends) < 4:
            return data
        first, second = (self._random.randrange(len(ends) - 1) for _ in range(2))
        other = data[ends[second] + 1 : ends[second + 1]]
        return data[: ends[first] + 1] + other + data[ends[first + 1] :]


class Lines:
    """A JSON message a line: as tests.mutations does it to servers' messages."""

    def __init__(self, seed: int, seeds: Sequence[bytes]) -> None:
        self._random = random.Random(seed)
        self._seeds = [seed.decode().split("\n") for seed in seeds]
        self._mutator = Mutator(seed, lambda chance: None, spared=0)

    def make(self) -> tuple[bytes, int]:
        """A conversation, and how many of its messages are wrong."""
        before = self._mutator.count
        lines = list(self._random.choice(self._seeds))
        if self._random.random() < 0.3:
            self._random.shuffle(lines)
        told = [text for line in lines for text in self._mutator.tamper(line)]
        return "\n".join(told).encode("utf-8", "surrogatepass"), self._mutator.count - before


class Documents:
    """JSON files, parts of one input: a value or a key of one of them is wrong, or its bytes are."""

    def __init__(self, seed: int, seeds: Sequence[bytes], separator: bytes = b"\x1e") -> None:
        self._random = random.Random(seed)
        self._seeds = list(seeds)
        self._separator = separator
        self._bytes = Bytes(seed, seeds)
        self._kinds: list[str] = []

    def make(self) -> tuple[bytes, int]:
        """An input, and how many it counts as."""
        if self._random.random() < 0.3:
            return self._bytes.make()
        parts = self._random.choice(self._seeds).split(self._separator)
        place = self._random.randrange(len(parts))
        parts[place] = self._changed(parts[place])
        return self._separator.join(parts), 1

    def _changed(self, part: bytes) -> bytes:
        """A file of JSON, or of a JSON document a line."""
        try:
            return self._changed_value(part)
        except json.JSONDecodeError:
            lines = part.split(b"\n")
        line = self._random.choice([place for place, text in enumerate(lines) if text.strip()])
        lines[line] = self._changed_value(lines[line])
        return b"\n".join(lines)

    def _changed_value(self, text: bytes) -> bytes:
        value = json.loads(text)
        for _ in range(self._random.choice((1, 1, 2, 4))):
            change(value, self._random, self._kinds)
        return json.dumps(value).encode("utf-8", "surrogatepass")
