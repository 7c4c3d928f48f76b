"""Whole interviews through the speech-to-speech engine on audio time, with a scripted realtime model."""

from dataclasses import replace

import pytest

from tests.interviews import plan
from tests.room import Room
from tests.s2s_room import S2sRoom
from voiceprep.errors import ProviderError
from voiceprep.events import (
    CandidatePaused,
    HintGiven,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    ProviderFailed,
    SessionEnded,
    TurnEnded,
)
from voiceprep.model import AnswerEnd, Outcome, TurnKind
from voiceprep.ports import Command, CommandKind
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.providers.scripted_realtime import FaultAt, RealtimeFault

FULL = "phrase 1 and phrase 2 and phrase 3 that's it"
LONG = replace(
    plan(1), questions=(replace(plan(1).questions[0], text=" ".join(["Tell me now what you think"] * 4)),)
)
BOTH = pytest.mark.parametrize("ours", [False, True], ids=["their turns", "our turns"])


def answer(text: str = FULL, think_ms: int = 500) -> Script:
    return Script((Wait(think_ms), Say(text)))


@BOTH
async def test_a_whole_interview(ours: bool) -> None:
    room = S2sRoom(plan(2), [answer(), answer()], are_turns_ours=ours)
    assert await room.hold() is Outcome.COMPLETED
    assert room.kinds == [TurnKind.GREETING, TurnKind.QUESTION, TurnKind.QUESTION, TurnKind.CLOSING]
    assert room.answers == [(FULL, AnswerEnd.FINISHED)] * 2
    assert isinstance(room.events[-1], SessionEnded)
    assert room.session is not None
    assert [event.turn for event in room.events if isinstance(event, TurnEnded)] == room.session.turns
    assert all(said.heard_text == said.text for turn in room.session.turns for said in turn.said)


SCRIPTS = {
    "full": [answer(), answer(), answer()],
    "partial": [answer("phrase 1 that's it"), answer("phrase 3 that's it"), answer("I don't know"), answer()] * 2,
    "asking back": [
        answer("could you repeat that"),
        answer(),
        answer("skip this one"),
        answer("phrase 2 that's it"),
    ],
    "ending": [answer(), answer("please stop the interview")],
}


@BOTH
@pytest.mark.parametrize("scripts", SCRIPTS.values(), ids=SCRIPTS)
async def test_both_engines_ask_the_same_questions_for_the_same_answers(scripts: list[Script], ours: bool) -> None:
    cascaded = Room(plan(3), list(scripts))
    s2s = S2sRoom(plan(3), list(scripts), are_turns_ours=ours)
    assert await cascaded.hold() is await s2s.hold()
    assert cascaded.session is not None
    assert s2s.session is not None
    asked = [
        [(turn.brief.kind, turn.brief.question_id, turn.brief.key_point_id, turn.brief.text) for turn in turns]
        for turns in (cascaded.session.turns, s2s.session.turns)
    ]
    assert asked[0] == asked[1]
    answered = [
        [turn.answer.transcript.text for turn in turns if turn.answer is not None]
        for turns in (cascaded.session.turns, s2s.session.turns)
    ]
    assert answered[0] == answered[1]


@BOTH
async def test_an_interruption_is_silent_at_once_and_keeps_what_was_heard(ours: bool) -> None:
    scripts = [Script((Wait(400), Say(FULL)), from_start=True)]
    scripts.insert(0, Script(from_start=True))  # the greeting
    room = S2sRoom(LONG, scripts, are_turns_ours=ours)
    await room.hold()
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]
    assert room.session is not None
    (said,) = room.session.turns[1].said
    assert said.is_interrupted
    assert said.text == LONG.questions[0].text
    assert said.heard_text != said.text
    assert room.model is not None
    (heard_ms,) = [ms for session in room.model.sessions for ms in session.truncations_ms]
    paused = [event.at_ms for event in room.events if isinstance(event, InterviewerPaused)]
    assert abs(heard_ms - (paused[0] - said.start_ms)) <= 40


@BOTH
async def test_a_hum_does_not_stop_the_interviewer(ours: bool) -> None:
    scripts = [Script(from_start=True), Script((Wait(200), Say("mhm"), Wait(6_000), Say(FULL)), from_start=True)]
    room = S2sRoom(LONG, scripts, are_turns_ours=ours)
    await room.hold()
    assert len(room.of(InterviewerResumed)) == 1
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]
    assert room.session is not None
    assert not any(said.is_interrupted for turn in room.session.turns for said in turn.said)


async def test_a_long_silence_is_met_with_nudges_and_then_left() -> None:
    room = S2sRoom(plan(1), [Script()])
    await room.hold()
    assert room.answers == [("", AnswerEnd.SILENT)]
    assert room.session is not None
    assert room.session.turns[1].said[1].text == "Take your time."
    assert room.model is not None
    assert room.model.sessions[0].pushed_ms == []  # silence is not sent


@BOTH
async def test_only_speech_is_sent_with_what_lies_around_it(ours: bool) -> None:
    room = S2sRoom(plan(1), [answer(think_ms=8_000)], are_turns_ours=ours)
    await room.hold()
    assert room.model is not None
    assert room.session is not None
    (session,) = room.model.sessions
    heard = room.session.turns[1].answer
    assert heard is not None
    assert heard.start_ms - session.pushed_ms[0] >= 300
    assert session.pushed_ms[-1] - heard.end_ms <= 1_000 + 400
    assert session.pushed_ms == list(range(session.pushed_ms[0], session.pushed_ms[-1] + 20, 20))


# ----------------------------------------------------------------------------------------- long sessions


@BOTH
@pytest.mark.parametrize("fault", [RealtimeFault.DROP, RealtimeFault.GO_AWAY])
async def test_no_word_is_lost_when_the_connection_is(ours: bool, fault: RealtimeFault) -> None:
    faults = [FaultAt(8_000, fault)]
    room = S2sRoom(plan(2), [answer(think_ms=3_000), answer()], faults, are_turns_ours=ours)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)] * 2
    assert room.model is not None
    assert len(room.model.sessions) == 2
    assert room.model.open_count == 0
    history = [message.text for message in room.model.sessions[1].setup.history]
    assert history[1] == "What about q1?"
    assert room.of(HintGiven) == []


@BOTH
async def test_a_line_that_broke_off_is_said_again(ours: bool) -> None:
    room = S2sRoom(plan(1), [answer()], [FaultAt(0, RealtimeFault.CUT_REPLY)], are_turns_ours=ours)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]
    assert room.model is not None
    assert len(room.model.sessions) == 2


@BOTH
async def test_a_reply_that_never_comes_is_asked_for_in_a_new_session(ours: bool) -> None:
    room = S2sRoom(plan(1), [answer()], [FaultAt(0, RealtimeFault.MUTE)], are_turns_ours=ours)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]


@BOTH
async def test_a_missing_transcript_is_made_here(ours: bool) -> None:
    room = S2sRoom(plan(1), [answer()], [FaultAt(0, RealtimeFault.DEAF)], are_turns_ours=ours)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]


async def test_sessions_are_replaced_before_they_are_too_old() -> None:
    room = S2sRoom(plan(4), [answer(think_ms=3_000)] * 4, session_limit_ms=12_000)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)] * 4
    assert room.model is not None
    assert len(room.model.sessions) >= 3
    assert room.model.open_count == 0
    assert room.of(HintGiven) == []


async def test_a_model_that_cannot_be_reached_again_ends_the_session() -> None:
    faults = [FaultAt(6_000, RealtimeFault.DROP)]
    room = S2sRoom(plan(1), [answer(think_ms=3_000)], faults, failures=1_000)
    with pytest.raises(ProviderError):
        await room.hold()
    assert isinstance(room.events[-1], SessionEnded)
    assert room.events[-1].outcome is Outcome.FAILED


@BOTH
async def test_words_from_before_a_failure_are_no_answer_to_the_turn_that_is_taken_again(ours: bool) -> None:
    broken = answer("phrase 1 and what I was about to say when it broke off is case 1 that's it")
    room = S2sRoom(
        plan(1), [broken, answer()], [FaultAt(5_000, RealtimeFault.DROP)], are_turns_ours=ours, failures=1
    )
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]
    (failed,) = room.of(ProviderFailed)
    spoken = [event for event in room.events if isinstance(event, InterviewerStarted) if event.turn_index == 1]
    assert len(spoken) == 2
    stopped = [event.at_ms for event in room.events if isinstance(event, CandidatePaused)]
    assert stopped[0] > failed.at_ms, "the candidate was in the middle of a sentence"
    assert spoken[1].at_ms >= stopped[0] + 1_000
    assert room.of(InterviewerPaused) == []
    assert room.session is not None
    (heard,) = [turn.answer for turn in room.session.turns if turn.answer is not None]
    assert heard.start_ms > spoken[1].at_ms


# ------------------------------------------------------------------------------------------------ keys


async def test_push_to_talk_waits_for_the_key() -> None:
    commands = [(20_000, Command(CommandKind.DONE))]
    room = S2sRoom(plan(1), [answer()], commands=commands, are_turns_ours=True, is_push_to_talk=True)
    assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [(FULL, AnswerEnd.FINISHED)]
    ended = [event.at_ms for event in room.events if isinstance(event, TurnEnded)]
    assert ended[1] >= 20_000


@BOTH
async def test_keys_skip_repeat_and_end(ours: bool) -> None:
    keys = (CommandKind.REPEAT, CommandKind.SKIP, CommandKind.END)
    commands = [(5_000 * n, Command(kind)) for n, kind in enumerate(keys, 1)]
    room = S2sRoom(plan(3), [Script()] * 3, commands=commands, are_turns_ours=ours)
    assert await room.hold() is Outcome.STOPPED
    assert [ended for _, ended in room.answers] == [AnswerEnd.SKIPPED, AnswerEnd.SESSION_ENDED]
    first = [
        event.spoken.text for event in room.events if isinstance(event, InterviewerEnded) if event.turn_index == 1
    ]
    assert first == ["What about q1?"] * 2
    assert room.of(InterviewerStarted) != []
