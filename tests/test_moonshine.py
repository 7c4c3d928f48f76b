"""The local recogniser: what it writes, when it decodes, and what it does when something goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from tests.speech import blocks, noise, quiet, spoken
from voiceprep.audio.vad import SileroDetector
from voiceprep.errors import ProviderError
from voiceprep.model import Term, Transcript
from voiceprep.ports import MICROPHONE_RATE_HZ, Provisional, Samples, TranscriptionStream
from voiceprep.providers.answer_stream import AnswerStream
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber, is_due
from voiceprep.providers.moonshine_model import MoonshineModel, parse_vocabulary, tidy, without_loop
from voiceprep.providers.segments import Tokens
from voiceprep.providers.timed_words import Recognised
from voiceprep.tasks import Tasks


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    async with asyncio.timeout(60), Tasks() as tasks:
        yield tasks


async def hear(stream: TranscriptionStream, tasks: Tasks, samples: Samples) -> list[Provisional]:
    """Push everything on audio time; what was provisional after each block."""
    detector = SileroDetector()
    seen = []
    for block in blocks(samples):
        stream.push(block, detector.probability(block) >= 0.5)
        await tasks.settle()
        seen.append(stream.provisional)
    return seen


# ------------------------------------------------------------------------------------- the real model


async def test_a_spoken_answer(tasks: Tasks) -> None:
    said = "The consumer acknowledges a message only after the work is done."
    samples = await spoken(HibariSynthesizer(tasks), said)
    stream = MoonshineTranscriber(tasks).open_stream()
    seen = await hear(stream, tasks, samples)
    transcript = await stream.finish()
    assert transcript.text == said
    assert seen[-1].text == said, "nothing is left to do after the pause"
    assert seen[-1].through_ms == len(samples) * 1000 // MICROPHONE_RATE_HZ // 20 * 20
    assert len({one.text for one in seen}) >= 4
    assert all(earlier.through_ms <= later.through_ms for earlier, later in pairwise(seen))
    assert seen[50].text.startswith("The consum"), "words after a second, early enough for a barge-in"


async def test_word_times(tasks: Tasks) -> None:
    voice = HibariSynthesizer(tasks)
    first, second = [await spoken(voice, text) for text in ("This index helps.", "Not always.")]
    stream = MoonshineTranscriber(tasks).open_stream()
    await hear(stream, tasks, np.concatenate((first, quiet(2_000), second)))
    words = (await stream.finish()).words
    assert [word.text.strip(".,").lower() for word in words] == ["this", "index", "helps", "not", "always"]
    assert all(word.start_ms < word.end_ms for word in words)
    assert all(earlier.end_ms <= later.start_ms + 1 for earlier, later in pairwise(words))
    first_ms = len(first) * 1000 // MICROPHONE_RATE_HZ
    assert 250 < words[0].start_ms < 500
    assert words[2].end_ms < first_ms
    assert words[3].start_ms > first_ms + 2_000


async def test_a_long_answer_is_taken_in_pieces(tasks: Tasks) -> None:
    said = (
        "An index speeds up reads, but every insert has to update it. A process has its own memory. "
        "The load balancer sends a request to the server with the fewest open connections. "
        "The context manager closes the file even when the block raises an exception."
    )
    stream = MoonshineTranscriber(tasks).open_stream()
    await hear(stream, tasks, await spoken(HibariSynthesizer(tasks), said))
    heard = (await stream.finish()).text.lower().replace(",", "").replace(".", "").split()
    expected = said.lower().replace(",", "").replace(".", "").split()
    assert len(set(expected) - set(heard)) <= 2
    assert abs(len(heard) - len(expected)) <= 2


@pytest.mark.parametrize(
    "samples", [quiet(3_000), noise(3_000), noise(3_000, level=200.0)], ids=["quiet", "noise", "soft noise"]
)
@pytest.mark.parametrize("is_speech", [False, True])
async def test_nothing_said_nothing_written(tasks: Tasks, samples: Samples, is_speech: bool) -> None:
    """Not even when the detector is fooled."""
    stream = MoonshineTranscriber(tasks).open_stream()
    for block in blocks(samples):
        stream.push(block, is_speech)
        await tasks.settle()
    assert await stream.finish() == Transcript()
    assert stream.provisional.text == ""
    assert stream.provisional.through_ms == 3_000


async def test_glossary_repairs_keep_what_was_heard(tasks: Tasks) -> None:
    samples = await spoken(HibariSynthesizer(tasks), "I would make the request idempotent.")
    stream = MoonshineTranscriber(tasks, (Term("idempotent", ("item potent",)),)).open_stream()
    seen = await hear(stream, tasks, samples)
    transcript = await stream.finish()
    assert transcript.text == seen[-1].text == "I would make the request idempotent."
    (repaired,) = [word for word in transcript.words if word.heard]
    assert repaired.text == "idempotent."
    assert transcript.heard == f"I would make the request {repaired.heard}"


async def test_quiet_speech(tasks: Tasks) -> None:
    samples = (await spoken(HibariSynthesizer(tasks), "I would add an index.")) // 30
    stream = MoonshineTranscriber(tasks).open_stream()
    for block in blocks(samples):
        stream.push(block, True)
    assert (await stream.finish()).text == "I would add an index."


async def test_a_draft_saves_work_and_changes_nothing(tasks: Tasks) -> None:
    samples = await spoken(HibariSynthesizer(tasks), "A hash table finds a key in constant time on average.")
    model = MoonshineModel()
    whole = model.decode(samples)
    begun = model.decode(samples[: len(samples) // 2])
    assert whole is not None
    assert begun is not None
    assert model.decode(samples, draft=begun) == whole
    assert model.decode(samples, draft=(*whole, *whole)) == whole
    assert model.decode(samples, draft=tuple(reversed(whole))) == whole
    assert model.decode(samples, is_wanted=lambda: False) is None


# ------------------------------------------------------------------------------------ when it decodes


@dataclass
class ScriptedDecode:
    """Answers with the length of what it was given; `held` decodes wait until `let_go` or given up."""

    lengths_ms: list[int] = field(default_factory=list)
    held: bool = False
    error: ProviderError | None = None
    given_up: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, samples: Samples, draft: Tokens) -> Recognised:
        self.lengths_ms.append(len(samples) * 1000 // MICROPHONE_RATE_HZ)
        length_ms = self.lengths_ms[-1]
        if self.error is not None:
            raise self.error
        try:
            if self.held:
                await self.go.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return Recognised(f"{length_ms} ms", tokens=(len(samples),))


def open_stream(tasks: Tasks, decode: ScriptedDecode) -> AnswerStream:
    """The local recogniser's, without its model."""
    return AnswerStream(tasks, decode, is_due)


async def push(stream: AnswerStream, tasks: Tasks, is_speech: bool, from_ms: int, to_ms: int) -> None:
    for block in blocks(quiet(to_ms - from_ms), from_ms):
        stream.push(block, is_speech)
        await tasks.settle()


async def test_first_text_early_then_every_second_and_at_the_pause(tasks: Tasks) -> None:
    decode = ScriptedDecode()
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 3_000)
    assert decode.lengths_ms == [400, 1_400, 2_400]
    await push(stream, tasks, False, 3_000, 3_100)
    assert decode.lengths_ms[3:] == []
    await push(stream, tasks, False, 3_100, 4_000)
    assert decode.lengths_ms[3:] == [3_120]
    assert (await stream.finish()).text == "3120 ms"
    assert decode.lengths_ms[4:] == [], "the pause had been decoded"


async def test_finish_without_a_pause_decodes_the_rest(tasks: Tasks) -> None:
    decode = ScriptedDecode()
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 1_000)
    assert stream.provisional == Provisional("400 ms", 400)
    assert (await stream.finish()).text == "1000 ms"


async def test_too_little_speech_is_not_decoded(tasks: Tasks) -> None:
    decode = ScriptedDecode()
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 80)
    await push(stream, tasks, False, 80, 1_000)
    assert (await stream.finish()).text == ""
    assert decode.lengths_ms == []
    assert stream.provisional == Provisional("", 1_000)


async def test_an_empty_answer(tasks: Tasks) -> None:
    assert await open_stream(tasks, ScriptedDecode()).finish() == Transcript()


async def test_one_decode_at_a_time_and_a_pause_gives_up_a_stale_one(tasks: Tasks) -> None:
    decode = ScriptedDecode(held=True)
    stream = open_stream(tasks, decode)
    for block in blocks(quiet(3_000)):
        stream.push(block, True)
        await asyncio.sleep(0)
    assert decode.lengths_ms == [400], "the next one waits"
    for block in blocks(quiet(300), 3_000):
        stream.push(block, False)
    decode.go.set()
    await tasks.settle()
    assert decode.given_up == 1
    assert decode.lengths_ms == [400, 3_120]
    assert (await stream.finish()).text == "3120 ms"


async def test_long_answers_are_committed_at_pauses(tasks: Tasks) -> None:
    decode = ScriptedDecode()
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 7_000)
    await push(stream, tasks, False, 7_000, 7_400)
    await push(stream, tasks, True, 7_400, 7_900)
    assert stream.provisional.text == "7120 ms 500 ms", "the pre-roll is part of the second piece"
    assert max(decode.lengths_ms[-2:]) < 7_200


async def test_endless_speech_is_cut(tasks: Tasks) -> None:
    decode = ScriptedDecode()
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 30_000)
    transcript = await stream.finish()
    assert max(decode.lengths_ms) <= 12_000
    assert sum(int(word.text) for word in transcript.words[::2]) == 30_000


async def test_a_failure_surfaces_once_at_the_end(tasks: Tasks) -> None:
    decode = ScriptedDecode(error=ProviderError("It broke.", provider="local", stage="stt"))
    stream = open_stream(tasks, decode)
    await push(stream, tasks, True, 0, 3_000)
    assert len(decode.lengths_ms) == 1, "no second try on the same answer"
    with pytest.raises(ProviderError, match=r"It broke\."):
        await stream.finish()


async def test_close_gives_up(tasks: Tasks) -> None:
    decode = ScriptedDecode(held=True)
    stream = open_stream(tasks, decode)
    for block in blocks(quiet(1_000)):
        stream.push(block, True)
        await asyncio.sleep(0)
    stream.close()
    decode.go.set()
    await tasks.settle()
    await push(stream, tasks, True, 1_000, 3_000)
    assert decode.given_up == 1
    assert decode.lengths_ms == [400]
    assert stream.provisional.text == ""


# ------------------------------------------------------------------------------------------- the parts


def test_vocabulary() -> None:
    long_piece = b"x" * 300
    data = b"\x05<unk>\x00\x02ab" + bytes([128 + 300 % 128, 300 // 128]) + long_piece
    assert parse_vocabulary(data) == (b"<unk>", b"", b"ab", long_piece)
    with pytest.raises(ValueError, match="ends inside"):
        parse_vocabulary(b"\x05abc")


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([9, 1, 2, 1, 2, 1, 2], [9, 1, 2, 1, 2, 1, 2]),
        ([9, 1, 2, 1, 2, 1, 2, 1, 2], [9, 1, 2]),
        ([7, 7, 7, 7, 7], [7, 7, 7, 7, 7]),
        ([5, *[7] * 8], [5, 7]),
        ([], []),
    ],
)
def test_loops_are_cut(tokens: list[int], expected: list[int]) -> None:
    assert without_loop(tokens) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" We  do. ", "We do."),
        ("In short,, yes..", "In short, yes."),
        ("♪", ""),
        ("You", ""),
        ("You.", ""),
        ("Thank you for watching!", ""),
        ("You do", "You do"),
        ("so - well ...", "so well"),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text) == expected
