"""Every simulated candidate over a whole bank with the embedded engines: are the scores in the promised order?

`python -m benchmarks.candidates [--bank ID]` prints them and writes results/candidates.json; 1 on violations.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from voiceprep.answers import merge_answers
from voiceprep.audio.candidate import CandidateStyle
from voiceprep.model import Bank
from voiceprep.settings import Settings
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.choice import Choice, load_bank_for, plan_for
from voiceprep.wiring.local import LocalHost
from voiceprep.wiring.sessions import Held, hold

RESULTS = Path(__file__).parent / "results" / "candidates.json"
JUDGED = ("strong", "partial", "weak", "silent", "offtopic", "injection")
WORTHLESS = ("silent", "offtopic", "injection")
QUESTIONS_MAX = 100

Scores = Mapping[str, float | None]
"""Question id → score; None where the judge abstained."""


def hold_style(bank: Bank, style: str, question_ids: Sequence[str], recordings: str, seed: int) -> Held:
    """One interview over all of `question_ids`, on audio time."""
    settings = Settings(bank=bank.id, questions=QUESTIONS_MAX, speaker="none", recordings=recordings)
    wanted = Bank(
        bank.id,
        bank.title,
        tuple(question for question in bank.questions if question.id in question_ids),
        bank.description,
        bank.glossary,
    )
    choice = Choice(settings, wanted, plan_for(settings, wanted, seed), {}, CandidateStyle(style), is_fast=True)
    return asyncio.run(hold(choice, LocalHost(NoControls()), lambda event: None, lambda folder: None))


def scores_of(held: Held) -> dict[str, float | None]:
    scores = held.record.scores
    return {} if scores is None else {score.question_id: score.score for score in scores.questions}


def mean(scores: Scores) -> float:
    """Abstentions count as nothing."""
    return sum(score or 0.0 for score in scores.values()) / len(scores) if scores else 0.0


def find_violations(found: Mapping[str, Scores], question_ids: Sequence[str]) -> list[str]:
    """Where the promise is broken: means, zeros, and the order question by question."""
    means = {style: mean(scores) for style, scores in found.items()}
    promises: tuple[tuple[str, str, Callable[[float], bool]], ...] = (
        ("strong", "at least 0.75", lambda value: value >= 0.75),
        ("partial", "0.35 to 0.75", lambda value: 0.35 <= value <= 0.75),
        ("weak", "below 0.35", lambda value: value < 0.35),
    )
    violations = [
        f"{style} scores {means[style]:.2f} on average; promised is {promise}"
        for style, promise, is_kept in promises
        if style in means and not is_kept(means[style])
    ]
    for question_id in question_ids:
        score = {style: scores.get(question_id) for style, scores in found.items()}
        violations += [
            f"{question_id}: {style} scores {_text(score[style])}, promised is 0.0"
            for style in WORTHLESS
            if style in score and score[style] != 0.0
        ]
        violations += [
            f"{question_id}: {better} {_text(score[better])} is not above {worse} {_text(score[worse])}"
            for better, worse in (("strong", "partial"), ("partial", "weak"))
            if better in score and worse in score and not (score[better] or 0.0) > (score[worse] or 0.0)
        ]
    return violations


def _text(score: float | None) -> str:
    return "none" if score is None else f"{score:.2f}"


def print_table(found: Mapping[str, Scores], question_ids: Sequence[str]) -> None:
    width = max(len(question_id) for question_id in question_ids)
    print(" " * width, *(f"{style:>9}" for style in found))
    for question_id in question_ids:
        print(f"{question_id:{width}}", *(f"{_text(scores.get(question_id)):>9}" for scores in found.values()))
    print(f"{'on average':{width}}", *(f"{mean(scores):>9.3f}" for scores in found.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bank", default="python-backend")
    parser.add_argument("--style", action="append", choices=[*JUDGED, "rambling"], help="only these")
    parser.add_argument("--question", action="append", help="only these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recordings", help="keep the session folders here")
    chosen = parser.parse_args()

    bank = load_bank_for(Settings(bank=chosen.bank))
    question_ids = [q.id for q in bank.questions if not chosen.question or q.id in chosen.question]
    found: dict[str, Scores] = {}
    answers: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for style in chosen.style or JUDGED:
            began_s = time.perf_counter()
            held = hold_style(bank, style, question_ids, chosen.recordings or scratch, chosen.seed)
            found[style] = scores_of(held)
            answers[style] = {
                entry.question_id: entry.transcript.text for entry in merge_answers(held.record.turns)
            }
            took_s, audio_s = time.perf_counter() - began_s, held.record.duration_ms / 1000
            print(f"{style}: {audio_s:.0f} s of interview in {took_s:.0f} s", file=sys.stderr, flush=True)
    violations = find_violations(found, question_ids)
    print_table(found, question_ids)
    print(*violations or ["Every promise is kept."], sep="\n")
    is_whole = not chosen.style and not chosen.question
    if is_whole:
        _save(bank, chosen.seed, found, answers, violations)
    sys.exit(bool(violations))


def _save(
    bank: Bank,
    seed: int,
    found: Mapping[str, Scores],
    answers: Mapping[str, Mapping[str, str]],
    violations: Sequence[str],
) -> None:
    document = {
        "bank": bank.id,
        "seed": seed,
        "means": {style: round(mean(scores), 4) for style, scores in found.items()},
        "scores": found,
        "heard": answers,
        "violations": list(violations),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
