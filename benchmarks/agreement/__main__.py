"""How far the offline judge agrees with the graded answers, by text vectors. Run: python -m benchmarks.agreement

Per key point: Cohen's kappa and bias. Per answer: correlation of the score with the share of points that the marker
credits. All again with 10 % word errors. Nothing was chosen on HELD_OUT; the constants in use were fitted on
DEVELOPMENT (see fit.py).
"""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.agreement.answers import DEVELOPMENT, HELD_OUT, load_answers, mishear
from benchmarks.agreement.judged import agreement, agreement_interval, decisions, judge_answers, mark_correlation
from voiceprep.scoring.encoder import has_encoder
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.vectors import has_vectors

RESULTS = Path(__file__).parent.parent / "results" / "agreement.json"
SEEDS = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one file. `kappa_interval`: see judged. `bias`: credited by the judge − by the marker, per decision."""

    answer_count: int
    decision_count: int
    kappa: float
    kappa_interval: tuple[float, float] | None
    bias: float
    correlation: float
    answers_per_s: float


def measure(source: Path, judge: OfflineJudge, seed: int | None = None) -> Figures:
    """With the word errors that `seed` makes, if one is given."""
    answers = load_answers(source)
    chance = random.Random(seed)
    texts = [answer.text if seed is None else mishear(answer.text, chance) for answer in answers]
    started_s = time.process_time()
    judged = judge_answers(answers, texts, judge)
    seconds = time.process_time() - started_s
    pairs = decisions(judged)
    return Figures(
        len(answers),
        len(pairs),
        agreement(judged),
        agreement_interval(judged),
        sum(said - wanted for wanted, said in pairs) / len(pairs),
        mark_correlation(judged),
        len(answers) / seconds,
    )


def rows(judge: OfflineJudge) -> Iterator[dict[str, object]]:
    """Per file its figures, and what 10 % word errors cost: the mean over SEEDS."""
    for source in (*DEVELOPMENT, *HELD_OUT):
        plain = measure(source, judge)
        wrong = [measure(source, judge, seed) for seed in SEEDS]
        yield {
            "file": source.name,
            "is_held_out": source in HELD_OUT,
            **{name: rounded(value) for name, value in asdict(plain).items()},
            "kappa_with_errors": round(fmean(each.kappa for each in wrong), 3),
            "correlation_with_errors": round(fmean(each.correlation for each in wrong), 3),
        }


def rounded(value: float | tuple[float, float] | None) -> float | tuple[float, ...] | None:
    return tuple(round(each, 3) for each in value) if isinstance(value, tuple) else value and round(value, 3)


def main() -> None:
    found: dict[str, list[dict[str, object]]] = {}
    for name, is_there, judge in (
        ("sentence vectors", has_encoder(), OfflineJudge()),
        ("word vectors", has_vectors(), OfflineJudge(has_encoder=False)),
        ("words only", True, OfflineJudge(has_word_vectors=False, has_encoder=False)),
    ):
        print(name if is_there else f"{name}: not installed")
        if not is_there:
            continue
        found[name] = []
        for row in rows(judge):
            found[name].append(row)
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
