"""Scores a recorded session with the judge that was asked for. Must not hold a session."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from voiceprep.answers import merge_answers
from voiceprep.errors import ConfigError, ProviderError
from voiceprep.model import Question, QuestionScore, SessionScores, Transcript
from voiceprep.ports import Judge
from voiceprep.providers.registry import Needs, make_text_model
from voiceprep.recordings.reader import SessionRecord
from voiceprep.scoring.judge import FAILED_FLAG, ModelJudge
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.overall import summarise
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.wiring.asking import open_model
from voiceprep.wiring.calibrations import known_kappa
from voiceprep.wiring.records import score_record

OFFLINE = "offline"


def score_with(
    choice: str, votes: int, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SessionScores, float]:
    """The scores by judge `choice` (`offline` or `PROVIDER[:MODEL]`) and what they cost in USD.

    Raises ConfigError for an unknown judge, ProviderError when no question could be marked by the model.
    """
    if choice == OFFLINE:
        return score_record(record), 0.0
    if not 1 <= votes <= 9:
        raise ConfigError(f"--votes {votes} is not between 1 and 9.", "One call an answer is the default.")
    return asyncio.run(_score(choice, votes, record, settings, environment))


async def _score(
    choice: str, votes: int, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SessionScores, float]:
    async with open_model(choice, settings, environment) as asked:
        judge = ModelJudge(asked.model, choice, OfflineJudge(), votes)
        pairs = _answered(record)
        scores = await judge.score_all(pairs)
    if not judge.marked_count and any(FAILED_FLAG in score.flags for score in scores):
        raise ProviderError(
            f"{choice} marked no answer: every call failed or replied with something else than verdicts.",
            "The offline score stands. Run `voiceprep score` again later, or with another --judge.",
            provider=choice.split(":")[0],
            stage="score",
        )
    found = summarise(judge, [question for question, _ in pairs], scores)
    return replace(found, kappa=known_kappa(record.folder.parent, judge.version)), sum(asked.costs_usd)


class _Waiting:
    """A model judge for callers that wait for every answer."""

    def __init__(self, judge: ModelJudge, runner: asyncio.Runner) -> None:
        self.name, self.version = judge.name, judge.version
        self._judge, self._runner = judge, runner

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        return self._runner.run(self._judge.score(question, transcript))


@contextmanager
def open_judge(choice: str, settings: Settings, environment: Mapping[str, str]) -> Iterator[Judge]:
    """The judge `choice`, `offline` or `PROVIDER[:MODEL]`. Raises ConfigError, ProviderError."""
    if choice == OFFLINE:
        yield OfflineJudge()
        return
    with asyncio.Runner() as runner:
        tasks = Tasks()
        runner.run(tasks.__aenter__())
        needs = Needs(tasks, (), environment, lambda _usage: None, settings.plain_http, settings.offline)
        model = make_text_model(choice, needs, lambda _error: None)
        try:
            runner.run(model.warm())
            yield _Waiting(ModelJudge(model, choice, OfflineJudge()), runner)
        finally:
            runner.run(model.close())
            runner.run(tasks.__aexit__(None, None, None))


def _answered(record: SessionRecord) -> list[tuple[Question, Transcript]]:
    questions = record.info.questions
    return [
        (questions[entry.question_id], entry.transcript)
        for entry in merge_answers(record.turns)
        if entry.question_id in questions
    ]
