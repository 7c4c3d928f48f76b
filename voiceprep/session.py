"""One interview from greeting to goodbye: brief → turn → new state, everything told as events, scored on the way.

Must not know devices, providers, files or the screen; whoever listens to the events does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from voiceprep.answers import merge_answers
from voiceprep.conduct import interview
from voiceprep.conduct.briefs import welcome_back
from voiceprep.conduct.planning import Plan
from voiceprep.errors import ProviderError, RecordingError, VoiceprepError
from voiceprep.events import Emit, Event, ProviderFailed, QuestionScored, SessionEnded, SessionStarted, TurnEnded
from voiceprep.model import (
    Answer,
    AnswerEnd,
    Outcome,
    QuestionScore,
    Transcript,
    Turn,
    TurnBrief,
    TurnKind,
)
from voiceprep.ports import Anticipation, Engine, Judge, Microphone, Speaker
from voiceprep.tasks import Tasks

BROKEN_OFF = "interrupted"
"""Why a session ended whose process was told to stop; somebody may go on with it at once."""

FAILURES_MAX = 3
"""So many failed turns in a row end the session; each one before that is offered again."""


@dataclass(frozen=True, slots=True)
class SessionParts:
    """Who takes part. `listeners` hear every event, in order: the recorder first, so that it is written before
    anybody acts on it."""

    engine: Engine
    mic: Microphone
    speaker: Speaker
    judge: Judge
    listeners: Sequence[Emit]
    tasks: Tasks
    budget_usd: float | None = None


class Session:
    """Lifecycle, events and scoring; the engine hears and speaks."""

    def __init__(self, plan: Plan, parts: SessionParts, turns: Sequence[Turn] = ()) -> None:
        """`turns`: those of a session that is gone on with."""
        self.plan = plan
        self.turns = list(turns)
        self._parts = parts
        self._questions = {question.id: question for question in plan.pool}
        self._coverage: dict[tuple[str, str], QuestionScore] = {}
        self._state = interview.resume(plan, self.turns, self._judge_so_far)
        self._is_back = bool(turns)
        self._scoring: dict[str, asyncio.Task[None]] = {}
        self._spent_usd = 0.0

    def emit(self, event: Event) -> None:
        """Tell every listener. A listener that fails to record stops the session."""
        for listener in self._parts.listeners:
            listener(event)

    def note_cost(self, cost_usd: float) -> None:
        """Something was paid for. The interview closes before the next turn would go over the budget."""
        self._spent_usd += cost_usd

    @property
    def _is_spent(self) -> bool:
        """One more turn that costs 1.5 times the usual, and the goodbye after it, would go over the budget."""
        budget_usd = self._parts.budget_usd
        if budget_usd is None:
            return False
        turn_count = len(self.turns) + 1  # what comes next is half paid for: it was prepared ahead
        return self._spent_usd * (1 + 2.5 / turn_count) >= budget_usd

    async def run(self, started_at: datetime) -> Outcome:
        """Hold the interview. Raises what stopped it, after telling it as SessionEnded."""
        self.emit(SessionStarted(at_ms=self._now_ms, started_at=started_at))
        try:
            await self._converse()
            await asyncio.gather(*self._scoring.values())
        except asyncio.CancelledError:
            self._end(Outcome.STOPPED, BROKEN_OFF)
            raise
        except RecordingError:
            raise  # the journal itself is broken: there is nowhere to write the end
        except VoiceprepError as error:
            self._end(Outcome.FAILED, error.message)
            raise
        except Exception as error:
            self._end(Outcome.FAILED, f"unexpected {type(error).__name__}")
            raise
        is_stopped = self._state.ended_by is AnswerEnd.SESSION_ENDED
        outcome = Outcome.STOPPED if is_stopped else Outcome.COMPLETED
        self._end(outcome, "ended by the candidate" if is_stopped else "all questions done")
        return outcome

    @property
    def _now_ms(self) -> int:
        return self._parts.mic.position_ms

    def _end(self, outcome: Outcome, reason: str) -> None:
        self.emit(SessionEnded(at_ms=self._now_ms, outcome=outcome, reason=reason))

    async def _converse(self) -> None:
        failure_count = 0
        while (brief := self._next_brief()) is not None:
            try:
                turn = await self._take_turn(brief)
            except ProviderError as error:
                self.emit(_failed(error, self._now_ms))
                failure_count += 1
                if failure_count >= FAILURES_MAX:
                    raise
                continue
            failure_count = 0
            self._is_back = False
            self.turns.append(turn)
            self.emit(TurnEnded(at_ms=self._now_ms, turn=turn))
            self._state = interview.after_turn(self._state, turn, self._judge_so_far(brief, self.turns))

    def _next_brief(self) -> TurnBrief | None:
        brief = interview.next_brief(self._state, self._now_ms, is_spent=self._is_spent)
        return welcome_back(brief) if brief is not None and self._is_back else brief

    async def _take_turn(self, brief: TurnBrief) -> Turn:
        parts = self._parts
        if brief.kind in (TurnKind.QUESTION, TurnKind.CLOSING):
            self._score_last_question()

        def anticipate(answer: Answer) -> Anticipation | None:
            return self._anticipate(brief, answer)

        index = len(self.turns)
        return await parts.engine.take_turn(index, brief, parts.mic, parts.speaker, self.emit, anticipate)

    # ------------------------------------------------------------------------------------ scoring

    def _anticipate(self, brief: TurnBrief, answer: Answer) -> Anticipation | None:
        """What would come next if `answer` were final. Reads the state, changes nothing of it."""
        turn = Turn(len(self.turns), brief, (), answer)
        score = self._judge_so_far(brief, [*self.turns, turn])
        following = interview.next_brief(interview.after_turn(self._state, turn, score), self._now_ms)
        return None if following is None else Anticipation(following, interview.is_covered(brief, score))

    def _judge_so_far(self, brief: TurnBrief, turns: Sequence[Turn]) -> QuestionScore | None:
        """What the answers cover, for choosing the follow-up. The same words are judged once."""
        question = self._questions.get(brief.question_id or "")
        if question is None:
            return None
        transcript = _transcript(turns, question.id)
        key = (question.id, transcript.text)
        if key not in self._coverage:
            self._coverage[key] = self._parts.judge.score(question, transcript)
        return self._coverage[key]

    def _score_last_question(self) -> None:
        """The question that is being left is scored for good, with its audio spans, in the background."""
        asked = [turn.brief.question_id for turn in self.turns if turn.brief.question_id]
        if asked and asked[-1] not in self._scoring:
            self._scoring[asked[-1]] = self._parts.tasks.work(self._score(asked[-1]), "score")

    async def _score(self, question_id: str) -> None:
        transcript = _transcript(self.turns, question_id)
        judge = self._parts.judge
        score = await self._parts.tasks.in_thread(judge.score, self._questions[question_id], transcript)
        self.emit(QuestionScored(at_ms=self._now_ms, score=score))


def _transcript(turns: Sequence[Turn], question_id: str) -> Transcript:
    """All answers to one question in order; empty when there is none."""
    asked = (entry.transcript for entry in merge_answers(turns) if entry.question_id == question_id)
    return next(asked, Transcript())


def _failed(error: ProviderError, at_ms: int) -> ProviderFailed:
    return ProviderFailed(at_ms=at_ms, provider=error.provider, stage=error.stage, message=error.message)
