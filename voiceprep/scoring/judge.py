"""The model judge: a language model decides each key point; every quote is looked up. Must not know files.

It never decides alone: floors come from the offline traps, and what it says about an answer that the offline judge
sees very differently is marked for a second look. A call that fails leaves the offline score standing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from statistics import median

from voiceprep.errors import ProviderError
from voiceprep.model import KeyPointScore, Question, QuestionScore, Transcript
from voiceprep.ports import Judge, TextModel
from voiceprep.replies import ask_for
from voiceprep.scoring import evidence, traps
from voiceprep.scoring.verdicts import (
    PROMPT_HASH,
    Verdict,
    make_prompt,
    parse_reply,
)
from voiceprep.scoring.words import tokenize
from voiceprep.structured import UnusableReplyError

DISAGREEMENT_MAX = 0.34
"""Beyond this difference to the offline score somebody should look again."""
CALLS_AT_ONCE = 4

FAILED_FLAG = "judge_failed"
UNFOUND_FLAG = "unfound_quotes"
DISAGREES_FLAG = "disagrees_with_offline"
RANGE_FLAG = "votes"


class ModelJudge:
    """Marks with `model` (opened and closed by whoever made it); `votes` calls an answer, the median decides."""

    def __init__(self, model: TextModel, name: str, offline: Judge, votes: int = 1) -> None:
        self.name = name
        self.votes = votes
        self.marked_count = 0
        """Answers that the model has marked so far."""
        self._model = model
        self._offline = offline
        self.version = sha256(f"{name}|{PROMPT_HASH}|{votes}|{offline.version}".encode()).hexdigest()[:12]

    async def score_all(self, pairs: Sequence[tuple[Question, Transcript]]) -> tuple[QuestionScore, ...]:
        """One score per pair, a few at a time. A question whose calls fail keeps its offline score, flagged."""
        gate = asyncio.Semaphore(CALLS_AT_ONCE)

        async def one(question: Question, transcript: Transcript) -> QuestionScore:
            async with gate:
                return await self.score(question, transcript)

        return tuple(await asyncio.gather(*(one(*pair) for pair in pairs)))

    async def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        """Never raises what a provider does wrong."""
        offline = self._offline.score(question, transcript)
        finding = traps.find_traps(question, transcript.text, tokenize(transcript.text))
        if not question.key_points or finding.is_zero or offline.score is None:
            return offline
        try:
            votes = [await self._ask(question, transcript) for _ in range(self.votes)]
        except (ProviderError, UnusableReplyError, TimeoutError):
            return replace(offline, flags=(*offline.flags, FAILED_FLAG))
        self.marked_count += 1
        return _with_second_look(combine(question, transcript, votes), offline)

    async def _ask(self, question: Question, transcript: Transcript) -> tuple[Verdict, ...]:
        prompt = make_prompt(question, transcript.text)
        return await ask_for(self._model, prompt, lambda reply: parse_reply(reply, question))


def combine(question: Question, transcript: Transcript, votes: Sequence[Sequence[Verdict]]) -> QuestionScore:
    """Key points that more than half of the votes credit with a quote that is there; how far votes differ."""
    checked = [[check_quote(verdict, transcript) for verdict in vote] for vote in votes]
    unfound = sum(
        verdict.credited and not point.is_credited
        for vote, row in zip(votes, checked, strict=True)
        for verdict, point in zip(vote, row, strict=True)
    )
    points = []
    for place, point in enumerate(question.key_points):
        crediting = [row[place] for row in checked if row[place].is_credited]
        is_credited = median([float(row[place].is_credited) for row in checked]) > 0.5
        points.append(crediting[0] if is_credited else KeyPointScore(point.id, is_credited=False, credit=0.0))
    shares = [evidence.weighted_share(row, question) or 0.0 for row in checked]
    flags = [f"{UNFOUND_FLAG}:{unfound}"] if unfound else []
    if len(votes) > 1:
        flags.append(f"{RANGE_FLAG}:{min(shares):.2f}-{max(shares):.2f}")
    return QuestionScore(question.id, evidence.weighted_share(points, question), tuple(points), flags=tuple(flags))


def check_quote(verdict: Verdict, transcript: Transcript) -> KeyPointScore:
    """A credited verdict whose quote stands in the transcript, with its span; otherwise not credited."""
    nothing = KeyPointScore(verdict.id, is_credited=False, credit=0.0)
    span = evidence.find_quote(verdict.quote, transcript) if verdict.credited and verdict.quote else None
    audio = evidence.audio_span(*span, transcript) if span else None
    if span is None or audio is None:
        return nothing
    return KeyPointScore(verdict.id, True, 1.0, transcript.text[span[0] : span[1]], *span, *audio)


def _with_second_look(score: QuestionScore, offline: QuestionScore) -> QuestionScore:
    kept = tuple(flag for flag in offline.flags if not flag.startswith("denied:"))
    differs = abs((score.score or 0.0) - (offline.score or 0.0)) > DISAGREEMENT_MAX
    return replace(score, flags=(*kept, *score.flags, *((DISAGREES_FLAG,) if differs else ())))
