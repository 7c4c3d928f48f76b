"""What real mishearing costs the offline judge: python -m benchmarks.agreement.spoken [ANSWERS] [NOISE_DB]

Graded answers are said by the embedded voice, with noise, and heard by the embedded recogniser; both texts are
graded. Prints the word error rate and the kappa before and after.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.agreement.answers import DEVELOPMENT, GradedAnswer, load_answers
from benchmarks.agreement.figures import correlation, kappa
from benchmarks.recogniser import edits, plain_words
from benchmarks.speaking import open_ear
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.offline import OfflineJudge

RESULTS = Path(__file__).parent.parent / "results" / "spoken_agreement.json"
ANSWERS, SIGNAL_TO_NOISE_DB = 90, 5.0


async def hear_all(answers: list[GradedAnswer], noise_db: float) -> list[str]:
    async with open_ear(noise_db) as ear:
        return [await ear.hear(answer.text) for answer in answers]


def agreement(answers: list[GradedAnswer], texts: list[str], judge: OfflineJudge) -> tuple[float, float]:
    """(kappa per key point, correlation per answer) of the judge with the marks when `texts` are what was said."""
    lines = [json.dumps(json.loads(a.line) | {"answer": text}) for a, text in zip(answers, texts, strict=True)]
    graded = [json.loads(line) for line in grade_lines(lines, judge)]
    pairs = [
        (point["id"] in answer.credited, point["credited"])
        for answer, document in zip(answers, graded, strict=True)
        for point in document["key_points"]
    ]
    scores = [document["score"] or 0.0 for document in graded]
    return kappa(pairs), correlation([answer.mark for answer in answers], scores)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS
    noise_db = float(sys.argv[2]) if len(sys.argv) > 2 else SIGNAL_TO_NOISE_DB
    everything = [answer for source in DEVELOPMENT for answer in load_answers(source)]
    answers = everything[:: max(1, len(everything) // count)][:count]
    heard = asyncio.run(hear_all(answers, noise_db))
    words = sum(len(plain_words(answer.text)) for answer in answers)
    wrong = sum(edits(plain_words(a.text), plain_words(text)) for a, text in zip(answers, heard, strict=True))
    judge = OfflineJudge()
    typed_kappa, typed_correlation = agreement(answers, [answer.text for answer in answers], judge)
    heard_kappa, heard_correlation = agreement(answers, heard, judge)
    found = {
        "answers": len(answers),
        "signal_to_noise_db": noise_db,
        "word_error_rate": round(wrong / words, 3),
        "kappa_typed": round(typed_kappa, 3),
        "kappa_heard": round(heard_kappa, 3),
        "kappa_lost": round(typed_kappa - heard_kappa, 3),
        "correlation_typed": round(typed_correlation, 3),
        "correlation_heard": round(heard_correlation, 3),
    }
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
