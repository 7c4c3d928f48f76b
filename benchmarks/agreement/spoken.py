"""What real mishearing costs the offline judge: python -m benchmarks.agreement.spoken [NOISE_DB]

All graded answers are said by the embedded voice, with noise, and heard by the embedded recogniser; both texts are
graded. What was heard is kept among the temporary files, so that another judge is soon measured.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.agreement.answers import DEVELOPMENT, HELD_OUT, GradedAnswer, load_answers
from benchmarks.agreement.judged import Judged, agreement, by_question, judge_answers, mark_correlation
from benchmarks.recogniser import edits, plain_words
from benchmarks.speaking import open_ear
from voiceprep.scoring.intervals import bootstrap_interval
from voiceprep.scoring.offline import OfflineJudge

RESULTS = Path(__file__).parent.parent / "results" / "spoken_agreement.json"
SIGNAL_TO_NOISE_DB = 8.0
"""At which the recogniser gets about every tenth word of DEVELOPMENT wrong."""
HEARD = Path(tempfile.gettempdir()) / "voiceprep-spoken"


async def hear_all(texts: Sequence[str], noise_db: float) -> dict[str, str]:
    """What is heard of each text; what was heard before is read from HEARD."""
    HEARD.mkdir(exist_ok=True)
    path = HEARD / f"heard-{noise_db:g}-db.jsonl"
    known = dict(json.loads(line) for line in path.read_text("utf-8").splitlines()) if path.exists() else {}
    async with open_ear(noise_db) as ear:
        with path.open("a", encoding="utf-8") as kept:
            for text in dict.fromkeys(texts):
                if text not in known:
                    known[text] = await ear.hear(text)
                    kept.write(json.dumps([text, known[text]]) + "\n")
                    kept.flush()
    return known


def measure(answers: Sequence[GradedAnswer], heard: Mapping[str, str], judge: OfflineJudge) -> dict[str, object]:
    """Agreement of the judge with the marks on what was typed and on what was heard of it, and what that loses."""
    typed = judge_answers(answers, [answer.text for answer in answers], judge)
    misheard = judge_answers(answers, [heard[answer.text] for answer in answers], judge)
    pairs = list(zip(by_question(typed), by_question(misheard), strict=True))
    interval = bootstrap_interval([list(zip(*pair, strict=True)) for pair in pairs], kappa_lost)
    return {
        "answers": len(answers),
        "questions": len(pairs),
        "word_error_rate": round(word_error_rate(answers, heard), 3),
        "kappa_typed": round(agreement(typed), 3),
        "kappa_heard": round(agreement(misheard), 3),
        "kappa_lost": round(agreement(typed) - agreement(misheard), 3),
        "kappa_lost_interval": interval and [round(bound, 3) for bound in interval],
        "correlation_typed": round(mark_correlation(typed), 3),
        "correlation_heard": round(mark_correlation(misheard), 3),
    }


def kappa_lost(pairs: Sequence[tuple[Judged, Judged]]) -> float:
    """From the answers as typed to the same as heard."""
    typed, heard = zip(*pairs, strict=True)
    return agreement(typed) - agreement(heard)


def word_error_rate(answers: Sequence[GradedAnswer], heard: Mapping[str, str]) -> float:
    words = sum(len(plain_words(answer.text)) for answer in answers)
    return sum(edits(plain_words(each.text), plain_words(heard[each.text])) for each in answers) / words


def main() -> None:
    noise_db = float(sys.argv[1]) if len(sys.argv) > 1 else SIGNAL_TO_NOISE_DB
    files = {source.name: load_answers(source) for source in (*DEVELOPMENT, *HELD_OUT)}
    for name, sources in (("all development sets", DEVELOPMENT), ("all held-out sets", HELD_OUT)):
        files[name] = [answer for source in sources for answer in files[source.name]]
    heard = asyncio.run(hear_all([answer.text for answers in files.values() for answer in answers], noise_db))
    judge = OfflineJudge()
    found: dict[str, object] = {"signal_to_noise_db": noise_db}
    for name, answers in files.items():
        found[name] = measure(answers, heard, judge)
        print(name, json.dumps(found[name]), flush=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
