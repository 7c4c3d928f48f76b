"""Whole interviews as text: the real plan, rules and judge, a simulated candidate, speech counted by its words.

Must not know how figures are shown.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from voiceprep.answers import merge_answers
from voiceprep.audio.persona import CandidateStyle, Persona
from voiceprep.conduct.interview import after_turn, next_brief, start
from voiceprep.conduct.planning import WORD_MS, Plan, speaking_ms
from voiceprep.conduct.standing import InterviewState
from voiceprep.model import (
    Answer,
    AnswerEnd,
    Bank,
    ExampleLevel,
    InterviewerAudit,
    Question,
    QuestionScore,
    Spoken,
    Transcript,
    Turn,
    TurnBrief,
    TurnKind,
    Word,
)
from voiceprep.ports import Judge
from voiceprep.scoring.audit import AuditScope, audit_interviewer

THINK_MS, TURN_END_MS = 1_000, 700
"""Before the candidate's first word, and from the last one to the interviewer's next."""
SILENCE_MS = 40_000
"""How long nobody is waited for, nudges included."""

EXAMPLE_OF = {
    CandidateStyle.STRONG: ExampleLevel.STRONG,
    CandidateStyle.PARTIAL: ExampleLevel.PARTIAL,
    CandidateStyle.RAMBLING: ExampleLevel.PARTIAL,
    CandidateStyle.WEAK: ExampleLevel.WEAK,
}


class Remembering:
    """A judge that judges the same words once."""

    def __init__(self, judge: Judge) -> None:
        self.name, self.version = judge.name, judge.version
        self._judge = judge
        self._known: dict[tuple[str, str], QuestionScore] = {}

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        key = (question.id, transcript.text)
        if key not in self._known:
            self._known[key] = self._judge.score(question, transcript)
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Held:
    """One simulated interview. `probes`: (question, key point, was it really missing); the rest nobody can tell."""

    plan: Plan
    style: CandidateStyle
    turns: tuple[Turn, ...]
    scores: Mapping[str, QuestionScore]
    audit: InterviewerAudit
    duration_ms: int
    probes: tuple[tuple[str, str, bool], ...]
    decision_ms: tuple[float, ...] = field(repr=False)


def hold(plan: Plan, bank: Bank, style: CandidateStyle, judge: Judge) -> Held:
    """Hold one interview to its end."""
    persona = Persona(style, bank, plan.seed)
    questions = {question.id: question for question in plan.pool}
    state, now_ms = start(plan), 0
    turns: list[Turn] = []
    decision_ms: list[float] = []
    while True:
        began_s = time.perf_counter()
        brief = next_brief(state, now_ms)
        decision_ms.append((time.perf_counter() - began_s) * 1000)
        if brief is None:
            break
        turn = _turn(len(turns), brief, persona, now_ms)
        turns.append(turn)
        now_ms = (turn.answer.end_ms if turn.answer else turn.said[0].end_ms) + TURN_END_MS
        state = after_turn(state, turn, _score(brief, turns, questions, judge))
    now_ms -= TURN_END_MS
    return Held(
        plan,
        style,
        tuple(turns),
        _final_scores(turns, questions, judge),
        audit_interviewer(turns, (), AuditScope(questions, len(plan.questions), now_ms, plan.limit_ms), judge),
        now_ms,
        tuple(probes_of(turns, questions, style)),
        tuple(decision_ms),
    )


def _turn(index: int, brief: TurnBrief, persona: Persona, now_ms: int) -> Turn:
    spoken = Spoken(brief.text, brief.text, now_ms, now_ms + speaking_ms(brief.text))
    if not brief.expects_answer:
        return Turn(index, brief, (spoken,))
    text = persona.reply(brief, index)
    limit_ms = brief.limit_from(spoken.end_ms)
    if not text:
        end_ms = spoken.end_ms + min(SILENCE_MS, limit_ms)
        return Turn(index, brief, (spoken,), Answer(Transcript(), end_ms, end_ms, AnswerEnd.SILENT))
    first_ms = spoken.end_ms + THINK_MS
    said = text.split()
    fitting = said[: max(0, (limit_ms - THINK_MS) // WORD_MS)]
    words = tuple(
        Word(word, first_ms + n * WORD_MS, first_ms + (n + 1) * WORD_MS) for n, word in enumerate(fitting)
    )
    ended_by = AnswerEnd.FINISHED if len(fitting) == len(said) else AnswerEnd.TIME_LIMIT
    end_ms = words[-1].end_ms if words else first_ms
    return Turn(index, brief, (spoken,), Answer(Transcript(words), first_ms, end_ms, ended_by))


def _score(
    brief: TurnBrief, turns: list[Turn], questions: Mapping[str, Question], judge: Judge
) -> QuestionScore | None:
    question = questions.get(brief.question_id or "")
    if question is None:
        return None
    return next(
        judge.score(question, asked.transcript)
        for asked in merge_answers(turns)
        if asked.question_id == question.id
    )


def _final_scores(turns: list[Turn], questions: Mapping[str, Question], judge: Judge) -> dict[str, QuestionScore]:
    return {
        asked.question_id: judge.score(questions[asked.question_id], asked.transcript)
        for asked in merge_answers(turns)
    }


def probes_of(
    turns: Sequence[Turn], questions: Mapping[str, Question], style: CandidateStyle
) -> Iterator[tuple[str, str, bool]]:
    """Against what a fair marker would credit: the example's own list, and what was said to earlier probes."""
    said: dict[str, set[str]] = {}
    for turn in turns:
        question = questions.get(turn.brief.question_id or "")
        if question is None:
            continue
        if turn.brief.kind is TurnKind.QUESTION:
            said[question.id] = set(_credited(question, style))
        point_id = turn.brief.key_point_id
        if point_id is not None:
            yield question.id, point_id, point_id not in said[question.id]
            if style is CandidateStyle.STRONG:
                said[question.id].add(point_id)


def _credited(question: Question, style: CandidateStyle) -> tuple[str, ...]:
    level = EXAMPLE_OF.get(style)
    return next((each.credited for each in question.examples if each.level is level), ())


def decision_times(state: InterviewState, elapsed_ms: int, count: int) -> list[float]:
    """How long one decision takes, in milliseconds, `count` times."""
    times = []
    for _ in range(count):
        began_s = time.perf_counter()
        next_brief(state, elapsed_ms)
        times.append((time.perf_counter() - began_s) * 1000)
    return times
