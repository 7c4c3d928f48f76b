"""How far the offline judge agrees with the graded answers, by text vectors. Run: python -m benchmarks.agreement

Per key point: Cohen's kappa and bias (credited by the judge − by the marker, as shares). Per answer: correlation of
the score with the share of points that the marker credits. Nothing was chosen on `fresh.txt`; the constants are
fitted on the others.
"""

import json
import random
import time
from pathlib import Path

from benchmarks.agreement.answers import load_answers
from benchmarks.agreement.figures import correlation, kappa
from voiceprep.scoring.encoder import has_encoder
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.vectors import has_vectors

HERE = Path(__file__).parent
WORD_ERRORS = 0.1
SMALL_WORDS = ("the", "a", "where", "it", "and")
SOURCES = (
    HERE / "tuned.txt",
    HERE / "heldout.txt",
    HERE / "fresh.txt",
    HERE.parent.parent / "tests" / "graded_answers.txt",
)


def misheard(line: str, chance: random.Random) -> str:
    """The same line with WORD_ERRORS of the answer's words dropped, cut short or replaced by a small word."""
    entry = json.loads(line)
    words = [
        chance.choice(("", word[:-1], chance.choice(SMALL_WORDS))) if chance.random() < WORD_ERRORS else word
        for word in entry["answer"].split()
    ]
    return json.dumps(entry | {"answer": " ".join(word for word in words if word)})


def measure(source: Path, judge: OfflineJudge, *, is_misheard: bool = False) -> str:
    """One line of figures."""
    answers = load_answers(source)
    chance = random.Random(3)
    lines = [misheard(answer.line, chance) if is_misheard else answer.line for answer in answers]
    started = time.perf_counter()
    graded = [json.loads(line) for line in grade_lines(lines, judge)]
    seconds = time.perf_counter() - started
    pairs, marked, scored = [], [], []
    for answer, document in zip(answers, graded, strict=True):
        if json.loads(answer.line)["key_points"]:
            pairs += [(point["id"] in answer.credited, point["credited"]) for point in document["key_points"]]
        marked.append(answer.mark)
        scored.append(document["score"] or 0.0)
    bias = sum(said - wanted for wanted, said in pairs) / len(pairs)
    return (
        f"{source.name:20} {len(answers):4} answers {len(pairs):5} points  kappa {kappa(pairs):.3f}  "
        f"bias {bias:+.3f}  correlation {correlation(marked, scored):.3f}  {len(answers) / seconds:.0f} answers/s"
    )


def main() -> None:
    for name, is_there, judge in (
        ("sentence vectors", has_encoder(), OfflineJudge()),
        ("word vectors", has_vectors(), OfflineJudge(has_encoder=False)),
        ("words only", True, OfflineJudge(has_word_vectors=False, has_encoder=False)),
    ):
        print(name if is_there else f"{name}: not installed")
        for source in SOURCES if is_there else ():
            print("  " + measure(source, judge))
            print("    with 10 % word errors: " + measure(source, judge, is_misheard=True))


if __name__ == "__main__":
    main()
