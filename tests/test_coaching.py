"""The coach: what a hint says, who wants to try again, and a whole coached drill on both engines."""

from dataclasses import replace

import pytest

from tests.interviews import plan, score
from tests.room import Room
from tests.s2s_room import S2sRoom
from voiceprep.conduct.coaching import ALL_SAID, OFFER, better_sentence, hint_for, take_away, wants_retry
from voiceprep.conduct.planning import Plan
from voiceprep.model import KeyPoint, Question, TurnKind
from voiceprep.providers.scripted import Say, Script, Wait

QUESTION = Question(
    "q",
    "asyncio",
    "When do you use asyncio?",
    (
        KeyPoint("waiting", "it suits work that waits", 2.0, ("lots of waiting",)),
        KeyPoint("cpu", "processes use several cores", 1.0, ("several cores",)),
    ),
    reference="Asyncio suits work that mostly waits for the network. Use processes where several cores are needed.",
)


def test_a_hint_names_the_most_valuable_missing_point_and_says_it_better() -> None:
    hint = hint_for(QUESTION, None)
    assert hint.missing == QUESTION.key_points[0]
    assert hint.text == (
        "Two things were missing. The most important one: It suits work that waits. "
        "You could say: Asyncio suits work that mostly waits for the network."
    )


def test_nothing_missing_is_said_too() -> None:
    whole = replace(score("q1", "p1", "p2", "p3"))
    assert hint_for(plan(1).questions[0], whole).text == ALL_SAID
    assert hint_for(plan(1).questions[0], whole).missing is None


def test_without_a_reference_people_are_quoted() -> None:
    assert better_sentence(replace(QUESTION, reference=""), QUESTION.key_points[1]) == "Several cores."


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Yes please.", True),
        ("sure, let me try", True),
        ("Okay, once more", True),
        ("No thanks", False),
        ("not now, next question please", False),
        ("let's move on, yes", False),
        ("", False),
        ("hmm", False),
    ],
)
def test_who_wants_to_try_again(words: str, wanted: bool) -> None:
    assert wants_retry(words) is wanted


def test_what_to_take_away_is_short() -> None:
    assert take_away(QUESTION.key_points) == (
        "To remember for next time: It suits work that waits. Processes use several cores."
    )
    assert take_away(()) == "You said everything I was listening for."


# --------------------------------------------------------------------------------------- whole drills


def answer(text: str) -> Script:
    return Script((Wait(400), Say(text)))


def coached(count: int = 2) -> Plan:
    return replace(plan(count), is_coached=True)


SCRIPTS = [
    answer("phrase 1 and phrase 2 that's it"),
    answer("yes please"),
    answer("phrase 3 that's it"),
    answer("phrase 1 and phrase 3 that's it"),
    answer("no thanks"),
]


@pytest.mark.parametrize("room_type", [Room, S2sRoom])
async def test_a_coached_drill(room_type: type[Room] | type[S2sRoom]) -> None:
    room = room_type(coached(), list(SCRIPTS))
    await room.hold()
    assert room.session is not None
    turns = room.session.turns
    assert [turn.brief.kind for turn in turns] == [
        TurnKind.GREETING,
        TurnKind.QUESTION,
        TurnKind.HINT,
        TurnKind.FOLLOW_UP,
        TurnKind.QUESTION,
        TurnKind.HINT,
        TurnKind.CLOSING,
    ]
    assert turns[2].brief.text.startswith("One thing was missing. Point 3.")
    assert turns[2].brief.text.endswith(OFFER)
    assert turns[3].brief.text == "Good. Once more, then: What about q1?"
    assert turns[5].brief.text.startswith("One thing was missing. Point 2.")
    assert turns[6].brief.text.startswith("To remember for next time: Point 2.")


@pytest.mark.parametrize("room_type", [Room, S2sRoom])
async def test_a_whole_answer_is_not_asked_for_again(room_type: type[Room] | type[S2sRoom]) -> None:
    room = room_type(coached(1), [answer("phrase 1 and phrase 2 and phrase 3 that's it")])
    await room.hold()
    assert room.session is not None
    assert [turn.brief.text for turn in room.session.turns][2] == ALL_SAID
    assert room.session.turns[2].answer is None
