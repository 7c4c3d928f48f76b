"""What is found out while an answer is not over: early, once per words, again only when it turns out otherwise."""

import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from voiceprep.engines.ahead import LookAhead
from voiceprep.model import Answer, TurnBrief, TurnKind
from voiceprep.ports import Anticipation, Provisional, Samples
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.speech_gate import GateChange

FIRST, SECOND = (TurnBrief(TurnKind.FOLLOW_UP, text) for text in ("What of 1?", "What of 2?"))


class Watched:
    """A LookAhead and what it prepared. The second point is asked for once the first was said."""

    def __init__(self, tasks: Tasks, foresee: Callable[[Answer], None] = lambda answer: None) -> None:
        self.prepared: list[tuple[str, str]] = []
        self.judged: list[str] = []
        self._foresee = foresee
        self.ahead = LookAhead(tasks, self._anticipate, self._prepare)

    def _anticipate(self, answer: Answer) -> Anticipation:
        text = answer.transcript.text
        self.judged.append(text)
        self._foresee(answer)
        return Anticipation(SECOND if "one" in text else FIRST, "two" in text)

    def _prepare(self, brief: TurnBrief, answer: str) -> None:
        self.prepared.append((brief.text, answer))


async def test_the_likely_brief_is_known_from_the_first_words_on() -> None:
    async with Tasks() as tasks:
        watched = Watched(tasks)
        for text in ("Well", "Well I", "Well I would"):
            watched.ahead.read(Provisional(text, 900), now_ms=1_000, silence_ms=0)
            await tasks.settle()
    assert watched.judged == ["Well"]
    assert watched.prepared == [(FIRST.text, "")]


async def test_a_lull_is_enough_and_what_was_likely_is_prepared_before_it_is_judged() -> None:
    async with Tasks() as tasks:
        watched = Watched(tasks)
        watched.ahead.read(Provisional("Well", 900), now_ms=1_000, silence_ms=0)
        await tasks.settle()
        watched.ahead.read(Provisional("Well, that one.", 2_000), now_ms=2_060, silence_ms=60)
        assert watched.prepared[1:] == [(FIRST.text, "Well, that one.")]
        await tasks.settle()
    assert watched.prepared[2:] == [(SECOND.text, "Well, that one.")]


async def test_equal_words_cost_nothing() -> None:
    async with Tasks() as tasks:
        watched = Watched(tasks)
        for text in ("one and two", "One and two.", "One, and two."):
            watched.ahead.read(Provisional(text, 2_000), now_ms=2_200, silence_ms=200)
            await tasks.settle()
        assert watched.ahead.is_covered(Provisional("One and Two!", 2_000))
        assert not watched.ahead.is_covered(Provisional("One and two and", 2_000))
    assert len(watched.judged) == len(watched.prepared) == 1


@pytest.mark.parametrize(("text", "enough_ms"), [("That is one.", 60), ("That one", 200), ("Not one because", 500)])
async def test_the_less_likely_words_are_the_last_the_later_they_are_looked_at(text: str, enough_ms: int) -> None:
    async with Tasks() as tasks:
        watched = Watched(tasks)
        watched.ahead.read(Provisional("Not", 900), now_ms=1_000, silence_ms=0)
        await tasks.settle()
        watched.ahead.read(Provisional(text, 2_000), now_ms=2_100, silence_ms=enough_ms - 20)
        assert watched.prepared[1:] == []
        watched.ahead.read(Provisional(text, 2_000), now_ms=2_120, silence_ms=enough_ms)
        assert watched.prepared[1:] == [(FIRST.text, text)]
        await tasks.settle()


async def test_what_is_found_out_about_older_words_is_dropped() -> None:
    may_go_on = threading.Event()
    async with Tasks() as tasks:
        watched = Watched(tasks, lambda answer: None if "two" in answer.transcript.text else _wait(may_go_on))
        watched.ahead.read(Provisional("Well", 900), now_ms=1_000, silence_ms=0)
        watched.ahead.read(Provisional("one and two.", 2_000), now_ms=2_100, silence_ms=100)
        may_go_on.set()
        await tasks.settle()
    assert watched.prepared == [(SECOND.text, "one and two.")]


def _wait(event: threading.Event) -> None:
    assert event.wait(timeout=20)


class Model:
    """A turn model that counts what it was asked."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def probability(self, samples: Samples) -> float:
        self.heard.append(int(samples[0]))
        return 0.25


async def test_a_turn_model_is_asked_once_in_a_silence_and_hears_how_it_began() -> None:
    async with Tasks() as tasks:
        ahead, model = Watched(tasks).ahead, Model()
        for sound, change, is_wanted in (
            (7, GateChange.STOPPED, False),
            (8, None, True),
            (9, None, True),
            (10, GateChange.STARTED, False),
            (11, GateChange.STOPPED, False),
            (12, None, False),
        ):
            recent = partial(np.full, 320, sound, np.int16)
            ahead.listen(change, model, recent, is_wanted=is_wanted)
            await tasks.settle()
            assert ahead.turn_probability(Provisional()) == (0.25 if sound in (8, 9) else None)
            assert ahead.is_model_awaited(Provisional()) is (sound in (7, 11, 12))
            assert not ahead.is_model_awaited(Provisional("One.", 900, 0.9)), "the recogniser has judged itself"
    assert model.heard == [7], "as speech stopped, however late it is wanted"


async def test_what_a_turn_model_says_of_an_earlier_silence_is_not_taken_for_this_one() -> None:
    async with Tasks() as tasks:
        ahead, model = Watched(tasks).ahead, Model()

        def silence() -> Samples:
            return np.zeros(320, np.int16)

        ahead.listen(GateChange.STOPPED, model, silence, is_wanted=True)
        ahead.listen(GateChange.STARTED, model, silence, is_wanted=False)
        ahead.listen(GateChange.STOPPED, model, silence, is_wanted=False)
        await tasks.settle()
        assert model.heard == [0]
        assert (ahead.turn_probability(Provisional()), ahead.is_model_awaited(Provisional())) == (None, True)
