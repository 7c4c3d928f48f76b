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
from benchmarks.agreement.figures import correlation, kappa
from voiceprep.scoring.encoder import has_encoder
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.vectors import has_vectors

RESULTS = Path(__file__).parent.parent / "results" / "agreement.json"
SEEDS = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one file. `bias`: credited by the judge − by the marker, as shares of the decisions."""

    answer_count: int
    decision_count: int
    kappa: float
    bias: float
    correlation: float
    answers_per_s: float


def measure(source: Path, judge: OfflineJudge, seed: int | None = None) -> Figures:
    """With the word errors that `seed` makes, if one is given."""
    answers = load_answers(source)
    chance = random.Random(seed)
    lines = [answer.line if seed is None else misheard_line(answer.line, chance) for answer in answers]
    started_s = time.process_time()
    graded = [json.loads(line) for line in grade_lines(lines, judge)]
    seconds = time.process_time() - started_s
    pairs, marked, scored = [], [], []
    for answer, document in zip(answers, graded, strict=True):
        if json.loads(answer.line)["key_points"]:
            pairs += [(point["id"] in answer.credited, point["credited"]) for point in document["key_points"]]
        marked.append(answer.mark)
        scored.append(document["score"] or 0.0)
    return Figures(
        len(answers),
        len(pairs),
        kappa(pairs),
        sum(said - wanted for wanted, said in pairs) / len(pairs),
        correlation(marked, scored),
        len(answers) / seconds,
    )


def misheard_line(line: str, chance: random.Random) -> str:
    entry = json.loads(line)
    return json.dumps(entry | {"answer": mishear(entry["answer"], chance)})


def rows(judge: OfflineJudge) -> Iterator[dict[str, object]]:
    """Per file its figures, and what 10 % word errors cost: the mean over SEEDS."""
    for source in (*DEVELOPMENT, *HELD_OUT):
        plain = measure(source, judge)
        wrong = [measure(source, judge, seed) for seed in SEEDS]
        yield {
            "file": source.name,
            "is_held_out": source in HELD_OUT,
            **{name: round(value, 3) for name, value in asdict(plain).items()},
            "kappa_with_errors": round(fmean(each.kappa for each in wrong), 3),
            "correlation_with_errors": round(fmean(each.correlation for each in wrong), 3),
        }


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
