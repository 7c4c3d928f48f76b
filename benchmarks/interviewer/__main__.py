"""`python -m benchmarks.interviewer [--bank ID] [--persona NAME] [--spoken N]`: 1 when a target is missed.

`--spoken N` holds interviews of N questions aloud instead, with the embedded engines.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.interviewer.figures import PRECISION_LEAST, BankRow, bank_row, misses
from benchmarks.interviewer.show import as_json, print_table, render_picture, spoken_json, spoken_line
from benchmarks.interviewer.simulate import Held, Remembering, decision_times, hold
from benchmarks.interviewer.spoken import hold_aloud, overall_precision
from voiceprep.audio.persona import CandidateStyle
from voiceprep.banks import bank_folders, find_bank, list_banks
from voiceprep.conduct.interview import after_turn, next_brief, start
from voiceprep.conduct.interviewers import INTERVIEWERS, Interviewer
from voiceprep.conduct.planning import Wish, make_plan
from voiceprep.model import Bank, KeyPoint, Question, Turn
from voiceprep.scoring.offline import OfflineJudge

RESULTS = Path(__file__).parents[1] / "results"
TIMED = (CandidateStyle.STRONG, CandidateStyle.PARTIAL, CandidateStyle.RAMBLING)
"""They have enough to say to fill the time; who says nothing is done with a bank sooner."""
LARGE_BANK = 1_000
SAMPLES = 200


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interviewer", description=__doc__)
    parser.add_argument("--bank", default="", help="only this one")
    parser.add_argument("--persona", default="neutral", choices=list(INTERVIEWERS))
    parser.add_argument("--minutes", type=float, default=15.0, help="of the timed interviews")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spoken", type=int, default=0, metavar="N", help="aloud, with N questions of each bank")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    return parser.parse_args()


def simulate(bank: Bank, interviewer: Interviewer, minutes: float, seed: int) -> BankRow:
    judge = Remembering(OfflineJudge())
    whole = make_plan(bank, Wish(3, seed, len(bank.questions), interviewer=interviewer))
    timed = make_plan(bank, Wish(3, seed, None, round(minutes * 60_000), interviewer=interviewer))
    return bank_row(
        bank.id,
        [hold(whole, bank, style, judge) for style in CandidateStyle],
        [hold(timed, bank, style, judge) for style in TIMED],
    )


def large_bank() -> Bank:
    """As many questions as nobody has, each with its own words."""
    points = [
        tuple(
            KeyPoint(
                f"p{n}",
                f"thing {n} of {number} matters",
                n,
                (f"thing {n} of {number}",),
                f"What of {n} in {number}?",
            )
            for n in range(1, 6)
        )
        for number in range(LARGE_BANK)
    ]
    return Bank(
        "large",
        "Large",
        tuple(
            Question(
                f"q{number}", f"topic {number % 25}", f"How does {number} work?", each, difficulty=number % 5 + 1
            )
            for number, each in enumerate(points)
        ),
    )


def measure_decisions() -> dict[str, float]:
    """Planning and deciding on a bank of a thousand questions, in milliseconds."""
    bank, judge = large_bank(), OfflineJudge(has_word_vectors=False)
    wishes = {"plan_10_questions": Wish(3, 1, 10), "plan_60_minutes": Wish(3, 1, None, 3_600_000)}
    found = {}
    for name, wish in wishes.items():
        times = []
        for seed in range(20):
            began_s = time.perf_counter()
            make_plan(bank, replace(wish, seed=seed))
            times.append((time.perf_counter() - began_s) * 1000)
        found[name] = sorted(times)[len(times) // 2]
    plan = make_plan(bank, wishes["plan_60_minutes"])
    held: Held = hold(plan, bank, CandidateStyle.PARTIAL, judge)
    state = start(plan)
    for turn in held.turns[:12]:
        brief = next_brief(state, turn.said[0].start_ms)
        assert brief is not None
        question = next((each for each in plan.pool if each.id == brief.question_id), None)
        score = judge.score(question, turn.answer.transcript) if question and turn.answer else None
        state = after_turn(state, Turn(turn.index, brief, turn.said, turn.answer), score)
    times = sorted([*held.decision_ms, *decision_times(state, 600_000, SAMPLES)])
    return found | {"decision_p50": times[len(times) // 2], "decision_max": times[-1]}


def speak(banks: Sequence[Bank], interviewer: Interviewer, arguments: argparse.Namespace) -> int:
    """A sample aloud: a table, results/interviewer-spoken.json, and whether the target is met."""
    rows = []
    with tempfile.TemporaryDirectory() as recordings:
        for bank in banks:
            plan = make_plan(bank, Wish(3, arguments.seed, arguments.spoken, interviewer=interviewer))
            rows.append(hold_aloud(plan, bank, Path(recordings)))
            print(spoken_line(rows[-1]), flush=True)
    precision = overall_precision(rows)
    probe_count = sum(row.probe_count for row in rows)
    print("nothing was probed" if precision is None else f"precision {precision:.3f} over {probe_count} probes")
    if not arguments.bank and arguments.persona == "neutral":
        document = {"precision": precision, "probe_count": probe_count, "banks": [spoken_json(row) for row in rows]}
        path = arguments.results / "interviewer-spoken.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if precision is None or precision >= PRECISION_LEAST else 1


def main() -> int:
    arguments = read_arguments()
    folders = bank_folders()
    banks = [find_bank(arguments.bank, folders)] if arguments.bank else list_banks(folders)
    began_s = time.perf_counter()
    interviewer = INTERVIEWERS[arguments.persona]
    if arguments.spoken:
        return speak(banks, interviewer, arguments)
    rows: list[BankRow] = []
    for bank in banks:
        rows.append(simulate(bank, interviewer, arguments.minutes, arguments.seed))
        print(f"{bank.id}: {time.perf_counter() - began_s:.0f} s", file=sys.stderr, flush=True)
    print_table(rows)
    decisions = measure_decisions()
    print(f"\nOn a bank of {LARGE_BANK} questions, ms: " + ", ".join(f"{k} {v:.2f}" for k, v in decisions.items()))
    print(f"{time.perf_counter() - began_s:.0f} s")
    if not arguments.bank and arguments.persona == "neutral":
        arguments.results.mkdir(parents=True, exist_ok=True)
        text = json.dumps(as_json(rows, decisions), indent=2)
        (arguments.results / "interviewer.json").write_text(text + "\n", encoding="utf-8")
        (arguments.results / "interviewer.svg").write_text(render_picture(rows), encoding="utf-8")
    missed = misses(rows)
    for line in missed:
        print(line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
