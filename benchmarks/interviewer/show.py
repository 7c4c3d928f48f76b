"""The figures as a table, as JSON and as a picture. Must not know how they came about."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.interviewer.figures import BankRow
from benchmarks.interviewer.spoken import SpokenRow
from voiceprep.model import AuditKind

SHOWN = (AuditKind.LEAK, AuditKind.REPEAT, AuditKind.DOUBLE_QUESTION, AuditKind.NEEDLESS_PROBE)
BAR_HEIGHT, GAP, LEFT, WIDTH, TOP = 14, 26, 150, 760, 60
COLOURS = {
    "strong": "#1a7f37",
    "partial": "#b08800",
    "rambling": "#c2571a",
    "weak": "#b3261e",
    "silent": "#888888",
    "offtopic": "#666666",
    "injection": "#444444",
}


def print_table(rows: Sequence[BankRow]) -> None:
    print(
        f"{'bank':18}{'questions':>10}{'coverage':>10}{'follow-ups':>12}{'probes':>8}{'precision':>11}"
        f"{'leaks':>7}{'repeats':>9}{'double':>8}{'needless':>10}{'time kept':>11}{'in order':>10}"
    )
    for row in rows:
        counts = [row.found.get(kind, 0) for kind in SHOWN]
        precision = "–" if row.precision is None else f"{row.precision:.3f}"
        in_order = f"{row.question_count - len(row.disordered)}/{row.question_count}"
        print(
            f"{row.bank:18}{row.question_count:10}{row.coverage:10.0%}{row.follow_up_count:12}{row.probe_count:8}"
            f"{precision:>11}{counts[0]:7}{counts[1]:9}{counts[2]:8}{counts[3]:10}{row.time_kept_share:11.0%}"
            f"{in_order:>10}"
        )
    print(f"\n{'mean score':18}" + "".join(f"{style:>11}" for style in COLOURS))
    for row in rows:
        print(f"{row.bank:18}" + "".join(f"{row.mean_scores.get(style, 0):11.2f}" for style in COLOURS))


def as_json(rows: Sequence[BankRow], decisions: Mapping[str, float]) -> dict[str, Any]:
    return {
        "banks": [
            {
                "bank": row.bank,
                "questions": row.question_count,
                "coverage": round(row.coverage, 4),
                "follow_ups": row.follow_up_count,
                "probes": row.probe_count,
                "probe_precision": None if row.precision is None else round(row.precision, 4),
                "findings": {kind.value: row.found.get(kind, 0) for kind in AuditKind},
                "time_used": [round(share, 4) for share in row.used_shares],
                "mean_scores": {style: round(value, 4) for style, value in row.mean_scores.items()},
                "not_in_order": list(row.disordered),
            }
            for row in rows
        ],
        "decisions_ms": {name: round(value, 3) for name, value in decisions.items()},
    }


def render_picture(rows: Sequence[BankRow]) -> str:
    """Mean scores of the candidates, bank by bank, as SVG."""
    per_bank = len(COLOURS) * BAR_HEIGHT + GAP
    height = TOP + per_bank * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="20" y="24" font-size="15">Mean score of each simulated candidate, by bank</text>',
        '<text x="20" y="44" fill="#555555">probe precision is the share of probed key points that were really '
        "missing</text>",
    ]
    scale = WIDTH - LEFT - 70
    for number, row in enumerate(rows):
        y = TOP + number * per_bank
        precision = "" if row.precision is None else f", probe precision {row.precision:.2f}"
        parts.append(f'<text x="20" y="{y + 14}" font-weight="bold">{row.bank}{precision}</text>')
        for place, (style, colour) in enumerate(COLOURS.items()):
            top, value = y + 20 + place * BAR_HEIGHT, row.mean_scores.get(style, 0.0)
            parts.append(f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end">{style}</text>')
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{max(1.0, scale * value):.1f}" height="{BAR_HEIGHT - 3}" '
                f'fill="{colour}"/>'
            )
            parts.append(f'<text x="{LEFT + scale * value + 6:.1f}" y="{top + 10}">{value:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])


def spoken_line(row: SpokenRow) -> str:
    """One bank of the spoken run."""
    precision = "   –" if row.precision is None else f"{row.precision:.2f}"
    found = ", ".join(f"{count} × {kind.value}" for kind, count in sorted(row.found.items())) or "nothing found"
    return (
        f"{row.bank:<16} {row.question_count:>3} questions {row.follow_up_count:>3} follow-ups "
        f"{row.probe_count:>3} probes, precision {precision}; {found}"
    )


def spoken_json(row: SpokenRow) -> dict[str, object]:
    found = {kind.value: count for kind, count in sorted(row.found.items())}
    return asdict(row) | {"found": found}
