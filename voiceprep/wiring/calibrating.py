"""Runs a judge over graded examples and traps, and keeps what came of it. Must not hold a session."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from voiceprep.model import Question, QuestionScore, Transcript
from voiceprep.scoring import calibrate as figures
from voiceprep.scoring.calibrate import Calibration, Graded
from voiceprep.scoring.grade import written_transcript
from voiceprep.scoring.judge import ModelJudge
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.overall import JudgeName, rubric_hash
from voiceprep.scoring.trap_answers import make_denials, make_traps
from voiceprep.settings import Settings
from voiceprep.wiring.asking import open_model
from voiceprep.wiring.rescoring import OFFLINE

Pairs = Sequence[tuple[Question, Transcript]]
Mark = Callable[[Pairs], Awaitable[Sequence[QuestionScore]]]
RETEST_MAX = 60
"""So many examples are scored a second time."""


@dataclass(frozen=True, slots=True)
class _Marker:
    """A judge that is open."""

    name: JudgeName
    mark: Mark
    costs: list[float]


def run_calibration(
    choice: str, votes: int, questions: Sequence[Question], settings: Settings, environment: Mapping[str, str]
) -> Calibration:
    """Everything measured once. Raises ConfigError, ProviderError."""
    return asyncio.run(_run(choice, votes, questions, settings, environment))


async def _run(
    choice: str, votes: int, questions: Sequence[Question], settings: Settings, environment: Mapping[str, str]
) -> Calibration:
    started_s = time.monotonic()
    async with _open_marker(choice, votes, settings, environment) as marker:
        examples = [(question, example) for question in questions for example in question.examples]
        pairs = [(question, _spoken(example.text)) for question, example in examples]
        scores = await marker.mark(pairs)
        again = await marker.mark(pairs[:RETEST_MAX])
        traps = list(make_traps(questions))
        trapped = await marker.mark([(question, _spoken(text)) for _, question, text in traps])
        denials = list(make_denials(questions))
        denied = await marker.mark([(question, _spoken(text)) for question, _, text in denials])
    graded = [
        Graded(question.id, frozenset(example.credited), score, len(example.text.split()))
        for (question, example), score in zip(examples, scores, strict=True)
    ]
    pairs_decided = figures.decisions(graded)
    return Calibration(
        judge=marker.name.name,
        judge_version=marker.name.version,
        rubric_hash=rubric_hash(questions),
        question_count=len(questions),
        example_count=len(graded),
        point_count=len(pairs_decided),
        kappa=figures.kappa(pairs_decided),
        kappa_interval=figures.kappa_interval(graded),
        bias=figures.bias(pairs_decided),
        correlation=figures.score_correlation(graded),
        length_bias=figures.length_bias(graded),
        abstained=sum(each.score.is_abstained for each in graded) / max(1, len(graded)),
        retest=figures.same_share(scores[:RETEST_MAX], again),
        traps=_fallen_for(traps, trapped),
        denied=_credited_denials(denials, denied),
        seconds=time.monotonic() - started_s,
        cost_usd=sum(marker.costs),
    )


def _fallen_for(
    traps: Sequence[tuple[str, Question, str]], scores: Sequence[QuestionScore]
) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for (kind, _, _), score in zip(traps, scores, strict=True):
        earned, tried = found.get(kind, (0, 0))
        found[kind] = (earned + bool(score.score), tried + 1)
    return found


def _credited_denials(
    denials: Sequence[tuple[Question, str, str]], scores: Sequence[QuestionScore]
) -> tuple[int, int]:
    credited = sum(
        any(point.id == point_id and point.is_credited for point in score.key_points)
        for (_, point_id, _), score in zip(denials, scores, strict=True)
    )
    return credited, len(denials)


@asynccontextmanager
async def _open_marker(
    choice: str, votes: int, settings: Settings, environment: Mapping[str, str]
) -> AsyncIterator[_Marker]:
    offline = OfflineJudge()
    if choice == OFFLINE:

        async def mark(pairs: Pairs) -> Sequence[QuestionScore]:
            return [offline.score(*pair) for pair in pairs]

        yield _Marker(offline, mark, [])
        return
    async with open_model(choice, settings, environment) as asked:
        judge = ModelJudge(asked.model, choice, offline, votes)
        yield _Marker(judge, judge.score_all, asked.costs_usd)


def _spoken(text: str) -> Transcript:
    return written_transcript(text)[0]
