"""The simulated candidate: what each style says, when it speaks, that the same seed behaves the same."""

from collections.abc import AsyncGenerator
from itertools import pairwise

import numpy as np
import pytest

from voiceprep.audio.candidate import CandidateManners, CandidateStyle, SimulatedCandidate
from voiceprep.audio.line import MicrophoneLine
from voiceprep.audio.pace import FastPace
from voiceprep.audio.persona import ANECDOTES, DO_NOT_KNOW, INJECTIONS, Persona, sentences
from voiceprep.errors import ProviderError
from voiceprep.events import InterviewerEnded, InterviewerStarted, TurnStarted
from voiceprep.model import Bank, Example, ExampleLevel, KeyPoint, Question, Spoken, TurnBrief, TurnKind
from voiceprep.ports import SPEAKER_RATE_HZ, Samples
from voiceprep.tasks import Tasks

STRONG = "An index is a sorted copy. It makes reads fast. It makes writes slow. It also costs space."
PARTIAL = "An index makes reads fast. I use them often."
WEAK = "It is something in the database."
POINT = KeyPoint("writes", "every write has to update the index", phrases=("inserts get slower",))
QUESTION = Question(
    "q-index",
    "databases",
    "What does an index cost?",
    (POINT,),
    examples=(
        Example(ExampleLevel.STRONG, STRONG),
        Example(ExampleLevel.PARTIAL, PARTIAL),
        Example(ExampleLevel.WEAK, WEAK),
    ),
)
BANK = Bank("b", "Bank", (QUESTION,))
ASKED = TurnBrief(TurnKind.QUESTION, QUESTION.text, "q-index")
PROBED = TurnBrief(TurnKind.FOLLOW_UP, "And for writes?", "q-index", "writes")
GREETED = TurnBrief(TurnKind.GREETING, "Hello.", expects_answer=False)
LOUD = 2_000


class ToneVoice:
    """A synthesizer: 100 ms of tone per word, in pieces; remembers what it was asked."""

    name = "tone"

    def __init__(self) -> None:
        self.said: list[str] = []

    async def warm(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing is open."""

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        self.said.append(text)
        for _ in text.split():
            times = np.arange(SPEAKER_RATE_HZ // 10) / SPEAKER_RATE_HZ
            yield (8_000 * np.sin(2 * np.pi * 300 * times)).astype(np.int16)


class BrokenVoice(ToneVoice):
    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        if text:
            raise ProviderError("No voice.", provider="scripted", stage="tts")
        yield np.zeros(0, np.int16)


class Interview:
    """Drives a candidate with events and listens to it."""

    def __init__(
        self, tasks: Tasks, style: CandidateStyle, manners: CandidateManners | None = None, seed: int = 1
    ) -> None:
        self.voice = ToneVoice()
        self.candidate = SimulatedCandidate(
            style, BANK, self.voice, tasks, FastPace(tasks), seed=seed, manners=manners
        )
        self.mic = MicrophoneLine(self.candidate)
        self.heard: list[Samples] = []

    async def listen(self, n_ms: int) -> Samples:
        part = [(await self.mic.read()).samples for _ in range(n_ms // 20)]
        self.heard += part
        return np.concatenate(part)

    async def ask(self, brief: TurnBrief, turn_index: int = 0, question_ms: int = 400) -> int:
        """Put one question; when its last sample was heard."""
        self.candidate.on_event(TurnStarted(at_ms=self.mic.position_ms, turn_index=turn_index, brief=brief))
        self.begin(turn_index, brief.text)
        await self.listen(question_ms)
        self.end(turn_index, brief.text)
        return self.mic.position_ms

    def begin(self, turn_index: int, text: str = "Hm.") -> None:
        at_ms = self.mic.position_ms
        self.candidate.on_event(InterviewerStarted(at_ms=at_ms, turn_index=turn_index, text=text))

    def end(self, turn_index: int, text: str = "Hm.") -> None:
        at_ms = self.mic.position_ms
        spoken = Spoken(text, text, 0, at_ms)
        self.candidate.on_event(InterviewerEnded(at_ms=at_ms, turn_index=turn_index, spoken=spoken))


def spans_ms(samples: Samples) -> list[tuple[int, int]]:
    """Loud stretches, in 20 ms blocks."""
    loud = np.abs(samples[: samples.size // 320 * 320].reshape(-1, 320)).max(axis=1) > LOUD
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    return [(int(start) * 20, int(end) * 20) for start, end in edges.reshape(-1, 2)]


# ------------------------------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    ("style", "brief", "text"),
    [
        (CandidateStyle.STRONG, ASKED, STRONG),
        (CandidateStyle.PARTIAL, ASKED, PARTIAL),
        (CandidateStyle.WEAK, ASKED, WEAK),
        (CandidateStyle.SILENT, ASKED, ""),
        (CandidateStyle.SILENT, PROBED, ""),
        (CandidateStyle.STRONG, PROBED, "Every write has to update the index. Inserts get slower."),
        (CandidateStyle.PARTIAL, PROBED, DO_NOT_KNOW[1]),
        (CandidateStyle.WEAK, PROBED, DO_NOT_KNOW[1]),
        (CandidateStyle.OFFTOPIC, ASKED, ANECDOTES[1]),
        (CandidateStyle.OFFTOPIC, PROBED, ANECDOTES[1]),
        (CandidateStyle.INJECTION, ASKED, INJECTIONS[1]),
        (CandidateStyle.STRONG, GREETED, ""),
        (CandidateStyle.WEAK, TurnBrief(TurnKind.GREETING, "Ready?"), "Yes, I am ready."),
        (CandidateStyle.STRONG, TurnBrief(TurnKind.QUESTION, "Eh?", "q-unknown"), DO_NOT_KNOW[1]),
    ],
)
def test_what_each_style_says(style: CandidateStyle, brief: TurnBrief, text: str) -> None:
    assert Persona(style, BANK, seed=1).reply(brief, 0) == text


def test_rambling_hides_the_partial_answer_in_fillers() -> None:
    said = Persona(CandidateStyle.RAMBLING, BANK, seed=1).reply(ASKED, 0)
    for sentence in sentences(PARTIAL):
        assert sentence[1:] in said
    assert len(said) > 2 * len(PARTIAL)
    assert said.lower().count("um,") + said.lower().count("uh,") >= 4


@pytest.mark.parametrize("level", list(ExampleLevel))
def test_a_question_without_examples_still_gets_an_answer(level: ExampleLevel) -> None:
    bare = Question("q", "t", "?", (POINT, KeyPoint("b", "it costs space")))
    said = Persona(CandidateStyle(level.value), Bank("b", "B", (bare,)), 1).reply(
        TurnBrief(TurnKind.QUESTION, "?", "q"), 0
    )
    points = {ExampleLevel.STRONG: 2, ExampleLevel.PARTIAL: 1, ExampleLevel.WEAK: 0}[level]
    assert ("update the index" in said) + ("costs space" in said) == points


# --------------------------------------------------------------------------------------- when


async def test_waits_for_the_end_of_the_question_thinks_then_answers_with_pauses() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.STRONG)
        ended_ms = await room.ask(ASKED)
        await room.listen(12_000)
    assert room.voice.said == sentences(STRONG)
    spans = spans_ms(np.concatenate(room.heard))
    assert len(spans) == 4
    assert 300 <= spans[0][0] - ended_ms <= 1_220
    pauses_ms = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert all(280 <= pause_ms <= 1_500 for pause_ms in pauses_ms)
    assert [end - start for start, end in spans] == pytest.approx(
        [100 * len(s.split()) for s in sentences(STRONG)], abs=40
    )
    assert not room.candidate.is_speaking


async def test_a_long_thinking_pause_comes_now_and_then() -> None:
    manners = CandidateManners(long_pause_share=1.0)
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.STRONG, manners)
        await room.ask(ASKED)
        await room.listen(12_000)
    spans = spans_ms(np.concatenate(room.heard))
    pauses_ms = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert sum(pause_ms >= 980 for pause_ms in pauses_ms) == 1


async def test_answers_once_however_often_the_interviewer_speaks() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.WEAK)
        await room.ask(ASKED)
        await room.listen(4_000)
        room.begin(0, "Take your time.")
        room.end(0, "Take your time.")
        later = await room.listen(4_000)
    assert not spans_ms(later)
    assert room.voice.said == [WEAK]


async def test_silent_is_a_quiet_room_not_digital_silence() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.SILENT)
        await room.ask(ASKED)
        heard = (await room.listen(5_000)).astype(float)
    level_dbfs = 20 * np.log10(np.sqrt(np.mean(heard**2)) / 32768)
    assert level_dbfs == pytest.approx(-65, abs=0.5)
    assert room.voice.said == []


async def test_nothing_is_said_before_a_question_or_after_a_statement() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.STRONG)
        room.end(0)
        await room.ask(GREETED)
        assert not spans_ms(await room.listen(3_000))


async def test_barges_in_at_the_chosen_moment_and_does_not_answer_twice() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.WEAK, CandidateManners(barge_in_ms={3: 700}))
        await room.ask(ASKED, turn_index=3, question_ms=1_000)
        await room.listen(5_000)
    assert [start for start, _ in spans_ms(np.concatenate(room.heard))] == [700]


async def test_makes_a_noise_in_a_chosen_turn_and_still_answers() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.WEAK, CandidateManners(noise_burst_ms={0: 200}))
        await room.ask(ASKED, question_ms=1_000)
        await room.listen(5_000)
    spans = spans_ms(np.concatenate(room.heard))
    assert spans[0] == (200, 360)
    assert len(spans) == 2


async def test_finishes_the_sentence_when_cut_off_and_counts_it() -> None:
    async with Tasks() as tasks:
        room = Interview(tasks, CandidateStyle.STRONG)
        await room.ask(ASKED)
        while not spans_ms(await room.listen(20)):
            assert room.mic.position_ms < 3_000
        await room.ask(PROBED, turn_index=1)
        await room.listen(10_000)
    assert room.candidate.cut_count == 1
    assert room.voice.said[-2:] == ["Every write has to update the index.", "Inserts get slower."]
    lengths_ms = [end - start for start, end in spans_ms(np.concatenate(room.heard))]
    assert lengths_ms == pytest.approx([600, 700, 300], abs=40)


async def test_the_same_seed_behaves_the_same_and_another_one_does_not() -> None:
    async def hear(seed: int) -> list[int]:
        async with Tasks() as tasks:
            room = Interview(tasks, CandidateStyle.STRONG, seed=seed)
            await room.ask(ASKED)
            heard: list[int] = (await room.listen(8_000)).tolist()
        return heard

    first, again, other = await hear(4), await hear(4), await hear(5)
    assert first == again
    assert first != other


async def test_a_voice_that_fails_is_reported_where_the_microphone_is_read() -> None:
    async with Tasks() as tasks:
        candidate = SimulatedCandidate(CandidateStyle.WEAK, BANK, BrokenVoice(), tasks, FastPace(tasks))
        room = Interview(tasks, CandidateStyle.WEAK)
        room.candidate = candidate
        room.mic = MicrophoneLine(candidate)
        await room.ask(ASKED)
        with pytest.raises(ProviderError, match="No voice"):
            await room.listen(3_000)


async def test_closing_forgets_an_answer_that_was_never_given() -> None:
    async with Tasks() as tasks:
        for voice in (ToneVoice(), BrokenVoice()):
            candidate = SimulatedCandidate(CandidateStyle.STRONG, BANK, voice, tasks, FastPace(tasks))
            candidate.on_event(TurnStarted(at_ms=0, turn_index=0, brief=ASKED))
            await candidate.read()
            candidate.close()
            candidate.close()
            block = await candidate.read()
            assert block is not None
            assert np.abs(block).max() < LOUD
