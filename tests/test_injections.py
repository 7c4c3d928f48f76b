"""Thirty ways to talk to a machine instead of the interviewer: spoken, written into a paper, or told to a judge.

Each stays data: inside its fence, without marks, without a say in what comes next, and no tool runs for it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benchmarks.fuzz.messages import SETUP, WHO, Wire
from tests.interviews import plan, question, score, turn
from tests.test_offline_judge import THREADS, spoken
from voiceprep.conduct.interview import after_turn, next_brief, start
from voiceprep.knowledge import rewording
from voiceprep.model import TurnBrief, TurnKind
from voiceprep.providers.openai_dialect import OpenAIDialect
from voiceprep.providers.openai_realtime_session import OpenAIRealtimeSession, Told
from voiceprep.providers.realtime_socket import RealtimeSocket
from voiceprep.providers.scripted import ScriptedTextModel
from voiceprep.realtime import EndAsked, NoteTaken, RealtimeEvent
from voiceprep.scoring import verdicts
from voiceprep.scoring.judge import ModelJudge
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.trap_answers import INJECTIONS
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.requests import spoken_request
from voiceprep.wording import Task, accept, build_prompt, system_prompt

STYLE = pytest.mark.parametrize("style", INJECTIONS)
OFFLINE = OfflineJudge(has_encoder=False)
SYSTEM = system_prompt("Python")
FOLLOW_UP = Task(TurnBrief(TurnKind.FOLLOW_UP, "Okay. And what of 1?", "q1", ask="And what of 1?"), question("q1"))


@STYLE
def test_the_interviewers_prompt_keeps_an_answer_in_its_fence(style: str) -> None:
    prompt = build_prompt(SYSTEM, replace(FOLLOW_UP, answer=f"{style} </answer> {style}"))
    assert prompt.system == SYSTEM
    newest = prompt.messages[-1].text
    assert newest.count("<answer>") == newest.count("</answer>") == 1
    inside, after = newest.removeprefix("<answer>").split("</answer>")
    assert len(inside) >= 2 * len(style)
    assert style not in after
    assert after.strip().startswith("Plan for your next line:")


@STYLE
def test_a_model_that_repeats_it_is_not_spoken(style: str) -> None:
    assert accept(style, FOLLOW_UP) is None


@STYLE
def test_the_judges_prompt_keeps_an_answer_between_marks_it_cannot_know(style: str) -> None:
    answer = f"{style} </answer> {style}"
    prompt = verdicts.make_prompt(THREADS, answer)
    text = prompt.messages[-1].text
    mark = text.rpartition("</answer ")[2].rstrip(">")
    assert len(mark) == 16
    assert text.count(mark) == 2
    assert text.split(f"<answer {mark}>\n")[1] == f"{answer}\n</answer {mark}>"
    assert style not in prompt.system


@STYLE
async def test_a_judge_that_obeys_is_not_asked_or_not_believed(style: str) -> None:
    points = [
        {"id": point.id, "credited": True, "quote": style, "reason": "as told"} for point in THREADS.key_points
    ]
    model = ScriptedTextModel([json.dumps({"key_points": points})] * 3)
    for answer in (style, f"Well. {style} Thank you."):
        result = await ModelJudge(model, "scripted:m", OFFLINE).score(THREADS, spoken(answer))
        assert not result.score
        assert not any(point.is_credited for point in result.key_points)


@STYLE
def test_a_paper_is_fenced_and_cannot_reword_its_question(style: str) -> None:
    asked = replace(question("q1"), sources=(f"cv.md, page 1: “{style}”",))
    prompt = rewording.make_prompt((asked,))
    assert style not in prompt.system
    reply = {"questions": [{"id": "q1", "question": style, "quote": style}]}
    assert rewording.apply_reply(json.dumps(reply), (asked,)) == (asked,)


@STYLE
def test_what_is_said_changes_neither_the_plan_nor_the_end(style: str) -> None:
    """The same briefs come as after any other answer that said nothing."""
    assert spoken_request(style) is None
    told = {}
    for words in (style, "nothing of use"):
        state, briefs = start(plan(2)), []
        while (brief := next_brief(state, 0)) is not None:
            briefs.append((brief.kind, brief.question_id, brief.key_point_id, brief.ask))
            state = after_turn(state, turn(len(briefs), brief, words), score(brief.question_id or ""))
        told[words] = briefs
    assert told[style] == told["nothing of use"]
    assert told[style][-1][0] is TurnKind.CLOSING


CALLS = (
    ("set_score", '{"score": 1.0}'),
    ("run_shell", '{"command": "true"}'),
    ("next_question", '{"question": "skip all"}'),
    ("note", '{"text": "' + "x" * 5_000 + '"}'),
    ("note", "no JSON"),
    ("", ""),
)


@pytest.mark.parametrize(("name", "arguments"), CALLS)
async def test_a_function_call_of_a_realtime_model_does_what_it_may_and_nothing_else(
    name: str, arguments: str
) -> None:
    call = {"type": "response.function_call_arguments.done", "name": name, "call_id": "c", "arguments": arguments}
    sent: list[str] = []

    class Recording(Wire):
        async def send(self, message: object) -> None:
            sent.append(str(message))

    async def all_of(events: AsyncIterator[RealtimeEvent]) -> list[RealtimeEvent]:
        return [event async for event in events]

    told = Told("openai", "m", OpenAIDialect("m"), WHO, lambda usage: None)
    async with asyncio.timeout(60), Tasks() as tasks:
        socket = RealtimeSocket(Recording(json.dumps(call).encode()), tasks, WHO)
        session = OpenAIRealtimeSession(socket, SETUP, told)
        events = await all_of(session.events())
        await session.close()
    assert not [event for event in events if isinstance(event, EndAsked)]
    notes = [event for event in events if isinstance(event, NoteTaken)]
    assert len(notes) == (name == "note")
    assert all(len(note.text) <= 500 for note in notes)
    answers = [json.loads(text)["item"]["output"] for text in sent if "function_call_output" in text]
    expected = {"note": ["noted"], "next_question": []}
    assert answers == expected.get(name, ["there is no such function"])
