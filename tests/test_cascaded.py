"""Whole interviews through the cascaded engine on audio time, with everything scripted but the engine itself."""

import asyncio

import numpy as np
import pytest

from tests.interviews import plan
from tests.room import Room
from voiceprep.errors import ProviderError
from voiceprep.events import (
    AnswerHeard,
    Event,
    HintGiven,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    ProviderFailed,
    QuestionScored,
    SessionEnded,
    TurnEnded,
    TurnStarted,
)
from voiceprep.model import AnswerEnd, Outcome, TurnKind
from voiceprep.ports import Command, CommandKind
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.turn_taking.endpointing import EndpointPolicy

FULL = "phrase 1 and phrase 2 and phrase 3 that's it"


def answer(text: str = FULL, think_ms: int = 500) -> Script:
    return Script((Wait(think_ms), Say(text)))


def kinds(room: Room) -> list[TurnKind]:
    return [event.brief.kind for event in room.events if isinstance(event, TurnStarted)]


def answers(room: Room) -> list[tuple[str, AnswerEnd]]:
    heard = [event.answer for event in room.events if isinstance(event, AnswerHeard)]
    return [(found.transcript.text, found.ended_by) for found in heard]


async def test_a_whole_interview() -> None:
    room = Room(plan(2), [answer(), answer()])
    assert await room.hold() is Outcome.COMPLETED
    assert kinds(room) == [TurnKind.GREETING, TurnKind.QUESTION, TurnKind.QUESTION, TurnKind.CLOSING]
    assert answers(room) == [(FULL, AnswerEnd.FINISHED)] * 2
    scored = [event.score for event in room.events if isinstance(event, QuestionScored)]
    assert [(score.question_id, score.score) for score in scored] == [("q1", 1.0), ("q2", 1.0)]
    assert isinstance(room.events[-1], SessionEnded)
    assert room.session is not None
    assert [event.turn for event in room.events if isinstance(event, TurnEnded)] == room.session.turns


async def test_the_missing_point_is_followed_up_and_counts() -> None:
    room = Room(plan(1), [answer("phrase 1 and phrase 2 that's it"), answer("ah yes phrase 3 that's it")])
    await room.hold()
    assert kinds(room)[2] is TurnKind.FOLLOW_UP
    scored = [event.score for event in room.events if isinstance(event, QuestionScored)]
    assert [score.score for score in scored] == [1.0]


async def test_the_reply_starts_at_the_needed_silence_and_was_prepared() -> None:
    room = Room(plan(2), [answer(), answer()])
    await room.hold()
    assert room.session is not None
    timings = room.session.turns[2].timings
    assert timings.speech_end_ms is not None
    assert timings.decided_ms == timings.speech_end_ms + EndpointPolicy().finished_ms + 10
    assert timings.reply_ms is not None
    assert timings.reply_ms <= EndpointPolicy().finished_ms + 40
    question = room.session.turns[2].said[0].text
    sentence = question.split(". ")[1]
    assert room.synthesizer.synthesized.count(sentence) == 1


async def test_thinking_pauses_do_not_end_an_answer() -> None:
    steps = (Wait(300), Say("first of all because"), Wait(2400), Say("of phrase 1 and um"), Wait(2300), Say(FULL))
    room = Room(plan(1), [Script(steps)])
    await room.hold()
    text, ended_by = answers(room)[0]
    assert text.endswith("that's it")
    assert ended_by is AnswerEnd.FINISHED


async def test_silence_is_nudged_and_then_the_interview_goes_on() -> None:
    room = Room(plan(2), [Script(), answer()])
    await room.hold()
    assert answers(room) == [("", AnswerEnd.SILENT), (FULL, AnswerEnd.FINISHED)]
    said = [spoken.text for spoken in room.session.turns[1].said] if room.session else []
    assert said[1] == "Take your time."
    assert "skip" in said[3].lower()


async def test_an_answer_during_a_nudge_is_heard() -> None:
    room = Room(plan(1), [answer(think_ms=9_200)])
    await room.hold()
    assert answers(room)[0][0] == FULL
    assert room.session is not None
    assert room.session.turns[1].said[1].is_interrupted


async def barge_in(*steps: Say | Wait) -> Room:
    """Interrupt the first question (the greeting's entry is empty)."""
    room = Room(plan(1), [Script((), from_start=True), Script(steps, from_start=True)])
    await room.hold()
    return room


async def test_words_over_the_question_stop_it() -> None:
    room = await barge_in(Wait(100), Say(FULL))
    spoken = next(e.spoken for e in room.events if isinstance(e, InterviewerEnded) and e.spoken.is_interrupted)
    assert spoken.text == "What about q1?"
    assert spoken.heard_text in ("What", "What about", "")
    assert answers(room)[0][0] == FULL
    onset_ms = next(e.at_ms for e in room.events if isinstance(e, InterviewerStarted) and e.turn_index == 1) + 100
    paused = next(e for e in room.events if isinstance(e, InterviewerPaused))
    assert paused.at_ms - onset_ms <= 100


@pytest.mark.parametrize("sound", [Say(sound_ms=160), Say("mm-hm"), Say("yeah okay"), Say("hello")])
async def test_a_noise_or_a_nod_lets_the_interviewer_go_on(sound: Say) -> None:
    room = await barge_in(Wait(60), sound)
    assert len(room.of(InterviewerPaused)) == len(room.of(InterviewerResumed)) == 1
    ended = [e.spoken for e in room.events if isinstance(e, InterviewerEnded) and e.spoken.text == "What about q1?"]
    assert [spoken.is_interrupted for spoken in ended] == [False]
    question_samples = 3 * room.synthesizer.WORD_SAMPLES
    paused, resumed = room.of(InterviewerPaused)[0], room.of(InterviewerResumed)[0]
    assert 0 < resumed.at_ms - paused.at_ms <= 1100
    assert sum(len(samples) for samples, _ in room.heard) >= question_samples


async def test_the_greeting_is_never_lost() -> None:
    room = Room(plan(1), [Script((Wait(60), Say("hello nice to meet you")), from_start=True), answer()])
    await room.hold()
    first = next(e.spoken for e in room.events if isinstance(e, InterviewerEnded))
    assert not first.is_interrupted
    assert answers(room) == [(FULL, AnswerEnd.FINISHED)]


@pytest.mark.parametrize("request_text", ["could you repeat the question please"])
async def test_asking_for_the_question_again(request_text: str) -> None:
    room = Room(plan(1), [answer(request_text)])
    room.scripts.append(answer())
    await room.hold()
    said = [spoken.text for spoken in room.session.turns[1].said] if room.session else []
    assert said[:2] == ["What about q1?"] * 2


async def test_skip_by_voice() -> None:
    room = Room(plan(2), [answer("let's skip this one"), answer()])
    await room.hold()
    assert [end for _, end in answers(room)] == [AnswerEnd.SKIPPED, AnswerEnd.FINISHED]


def key(at_ms: int, kind: CommandKind, text: str = "") -> tuple[int, Command]:
    return at_ms, Command(kind, text)


async def test_end_key_stops_but_keeps_what_was_said() -> None:
    room = Room(plan(3), [Script((Wait(100), Say("phrase 1 " * 30)))], [key(6_000, CommandKind.END)])
    assert await room.hold() is Outcome.STOPPED
    text, ended_by = answers(room)[0]
    assert text.startswith("phrase 1")
    assert ended_by is AnswerEnd.SESSION_ENDED
    assert kinds(room)[-1] is TurnKind.CLOSING


async def test_end_key_in_the_greeting() -> None:
    room = Room(plan(3), [], [key(500, CommandKind.END)])
    assert await room.hold() is Outcome.STOPPED
    assert kinds(room) == [TurnKind.GREETING, TurnKind.CLOSING]


async def test_done_key_ends_the_answer_at_once() -> None:
    room = Room(plan(1), [answer("phrase 1 and phrase 2 and phrase 3 and")], [key(5_800, CommandKind.DONE)])
    await room.hold()
    heard = next(event for event in room.events if isinstance(event, AnswerHeard))
    assert heard.answer.transcript.text == "phrase 1 and phrase 2 and phrase 3 and"
    assert 5_800 <= heard.at_ms <= 5_840


async def test_pause_key_holds_time_and_speech() -> None:
    held = [key(500, CommandKind.PAUSE), key(40_500, CommandKind.GO_ON)]
    room = Room(plan(1), [answer()], held)
    await room.hold()
    ends = [e.at_ms for e in room.events if isinstance(e, InterviewerEnded)]
    assert ends[0] > 40_500
    assert not [a for a in answers(room) if a[1] is AnswerEnd.SILENT]
    assert all(not 600 < at_ms < 40_400 for _, at_ms in room.heard)


async def test_typed_answers_wait_for_their_question() -> None:
    typed = [key(0, CommandKind.ANSWER, FULL), key(0, CommandKind.ANSWER, "I don't know")]
    room = Room(plan(2), [], typed)
    assert await room.hold() is Outcome.COMPLETED
    assert answers(room) == [(FULL, AnswerEnd.FINISHED), ("I don't know", AnswerEnd.FINISHED)]


async def test_the_end_of_a_pipe_waits_for_what_was_typed() -> None:
    typed = [key(0, CommandKind.ANSWER, FULL), key(0, CommandKind.NO_MORE)]
    room = Room(plan(3), [], typed)
    assert await room.hold() is Outcome.STOPPED
    assert answers(room) == [(FULL, AnswerEnd.FINISHED), ("", AnswerEnd.SESSION_ENDED)]


async def test_audio_that_runs_out_ends_the_interview() -> None:
    room = Room(plan(5), [answer()], limit_ms=12_000)
    assert await room.hold() is Outcome.STOPPED
    assert answers(room)[0] == (FULL, AnswerEnd.FINISHED)
    assert room.events[-1].at_ms < 20_000


async def test_a_failed_turn_is_offered_again() -> None:
    room = Room(plan(1), [answer(), answer()], failures=1)
    assert await room.hold() is Outcome.COMPLETED
    assert len(room.of(ProviderFailed)) == 1
    assert answers(room) == [(FULL, AnswerEnd.FINISHED)]


async def test_three_failures_in_a_row_end_the_session() -> None:
    room = Room(plan(1), [answer()] * 5, failures=9)
    with pytest.raises(ProviderError):
        await room.hold()
    end = room.events[-1]
    assert isinstance(end, SessionEnded)
    assert end.outcome is Outcome.FAILED


async def test_same_script_same_session() -> None:
    first, second = Room(plan(2), [answer(), answer()]), Room(plan(2), [answer(), answer()])
    await first.hold()
    await second.hold()
    assert first.events == second.events
    assert all(
        np.array_equal(one[0], other[0]) and one[1] == other[1]
        for one, other in zip(first.heard, second.heard, strict=True)
    )


@pytest.mark.parametrize("words", ["wait", "hold on", "sorry"])
async def test_a_short_call_does_interrupt(words: str) -> None:
    room = await barge_in(Wait(60), Say(words), Wait(200), Say(FULL))
    assert any(e.spoken.is_interrupted for e in room.events if isinstance(e, InterviewerEnded))


async def test_who_waits_long_for_the_final_text_is_told() -> None:
    is_final = asyncio.Event()

    def tell(event: Event) -> None:
        if isinstance(event, HintGiven):
            is_final.set()

    room = Room(plan(1), [answer()], is_final=is_final, listeners=[tell])
    async with asyncio.timeout(60):
        assert await room.hold() is Outcome.COMPLETED
    (hint,) = room.of(HintGiven)
    assert isinstance(hint, HintGiven)
    assert "still to come" in hint.message
    assert answers(room)[0] == (FULL, AnswerEnd.FINISHED)


async def test_who_does_not_wait_is_told_nothing() -> None:
    room = Room(plan(1), [answer()])
    await room.hold()
    assert room.of(HintGiven) == []
