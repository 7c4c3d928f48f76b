"""The figures as a table and as a picture. Must not know how they came about."""

from collections.abc import Sequence

from benchmarks.endpointing.figures import OURS, Row

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 60
LONGEST_S = 3.2
SERIES = {
    "fixed ": ("#888888", "fixed time-out, s"),
    f"{OURS} caution ": ("#0b6bcb", f"{OURS}, by caution"),
    f"{OURS} --patience ": ("#c2571a", f"{OURS}, by --patience, s"),
}
"""How a policy's name begins → colour and legend."""


def print_rows(title: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    print(f"\n{title}: {rows[0].answers} answers")
    print(
        f"{'policy':27}{'cut-ins':>9}{'answers':>9}{'survive':>9}{'delay, ms':>15}   share of pauses cut, by length"
    )
    print(f"{'':27}{'/answer':>9}{'cut':>9}{'2.4 s':>9}{'P50':>8}{'P90':>7}   {_heads(rows[0])}")
    for row in rows:
        print(
            f"{row.policy:27}{row.cut_ins_per_answer:9.2f}{row.answers_cut_share:9.0%}{row.survival_share:9.0%}"
            f"{row.delay_p50_ms:8}{row.delay_p90_ms:7}   {_shares(row)}"
        )


def print_places(rows: Sequence[Row]) -> None:
    """Where in the answer each policy cuts in."""
    places = sorted({place for row in rows for place in row.by_place})
    print(f"\n{'pauses cut, by place':27}" + "".join(f"{row.policy[-22:]:>24}" for row in rows))
    for place in places:
        print(f"{place:27}" + "".join(f"{_share(row.by_place.get(place, (0, 0))):>24}" for row in rows))


def _heads(row: Row) -> str:
    return "".join(f"{label.removesuffix(' s'):>9}" for label in row.by_length)


def _shares(row: Row) -> str:
    return "".join(f"{cut / count if count else 0:9.0%}" for cut, count in row.by_length.values())


def _share(cell: tuple[int, int]) -> str:
    cut, count = cell
    return f"{cut} of {count}"


def render_svg(rows: Sequence[Row], title: str) -> str:
    """Cut-ins per answer over the median delay: ours at several patiences, and fixed time-outs."""
    most = max(row.cut_ins_per_answer for row in rows) * 1.1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{title}</text>',
    ]
    for tick in range(int(most) + 1):
        y = _y(tick, most)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4:.0f}" text-anchor="end">{tick}</text>')
    for half in range(int(LONGEST_S * 2) + 1):
        x = _x(half * 500)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{half / 2:g}</text>')
    parts.append(
        f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 16}" text-anchor="middle">'
        "median delay after the true end, seconds</text>"
    )
    parts.append(
        f'<text transform="translate(20 {HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "cut-ins per answer</text>"
    )
    for number, prefix in enumerate(SERIES):
        parts += _series([row for row in rows if row.policy.startswith(prefix)], prefix, most)
        colour, legend = SERIES[prefix]
        parts.append(
            f'<text x="{WIDTH - RIGHT - 180}" y="{TOP + 20 + 18 * number}" fill="{colour}" font-weight="bold">'
            f"{legend}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _series(rows: Sequence[Row], prefix: str, most: float) -> list[str]:
    colour, _ = SERIES[prefix]
    points = [(_x(row.delay_p50_ms), _y(row.cut_ins_per_answer, most), row) for row in rows]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    parts = [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for x, y, row in points:
        label = row.policy.removeprefix(prefix).removesuffix(" s")
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 7:.1f}" y="{y - 5:.1f}" fill="{colour}">{label}</text>')
    return parts


def _x(delay_ms: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * delay_ms / 1000 / LONGEST_S


def _y(cut_ins: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * cut_ins / most
