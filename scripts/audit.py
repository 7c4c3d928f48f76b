"""`audit.py ANSWERS REPORT.json…`: what pip-audit found in the locks, held against the answers in audit.toml.

Fails for a finding without an answer. Says so where the database could not be asked, which is no failure: pip-audit
itself then reports that nothing is known, because it has skipped everything.
"""

import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def read_report(path: Path) -> list[dict[str, Any]]:
    """What is said about each package; nothing where pip-audit gave up."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return dependencies


def judge(answers: list[dict[str, Any]], reports: dict[str, list[dict[str, Any]]]) -> tuple[list[str], bool]:
    """Lines to print, and whether all is well."""
    today = datetime.now(UTC).date()
    known = {(answer["package"], answer["id"]): answer for answer in answers}
    lines, is_well = [], True
    for lock, dependencies in reports.items():
        asked = [each for each in dependencies if "vulns" in each]
        skipped = len(dependencies) - len(asked)
        if not asked:
            lines.append(f"{lock}: the database of known weaknesses could not be asked. NOT AUDITED")
            continue
        lines.append(f"{lock}: {len(asked)} packages asked about" + (f", {skipped} not" if skipped else ""))
        for each in asked:
            for finding in each["vulns"]:
                answer = known.get((each["name"], finding["id"]))
                is_answered = answer is not None and answer["until"] >= today
                missing = "NO ANSWER in audit.toml" if answer is None else "its answer is EXPIRED"
                why = answer["why"] if answer is not None and is_answered else missing
                lines.append(f"  {each['name']} {each['version']} {finding['id']}: {why}")
                is_well = is_well and is_answered
    return lines, is_well


def main() -> None:
    answers = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8")).get("answer", [])
    reports = {Path(name).stem: read_report(Path(name)) for name in sys.argv[2:]}
    lines, is_well = judge(answers, reports)
    print("\n".join(lines))
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
