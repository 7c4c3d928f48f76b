"""Bars as SVG text: one group a row, P50 solid and P95 pale behind it. No library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABEL_WIDTH, BAR_HEIGHT, ROW_HEIGHT = 760, 190, 18, 34
COLOURS = {"voiceprep": "#0f766e", "livekit": "#6366f1", "pipecat": "#d97706"}


@dataclass(frozen=True)
class Bar:
    """`note` stands behind the bar."""

    engine: str
    label: str
    p50: float
    p95: float
    note: str = ""


def render_bars(title: str, subtitle: str, bars: Sequence[Bar], unit: str = "ms") -> str:
    """An SVG document."""
    top = 64
    height = top + ROW_HEIGHT * len(bars) + 16
    longest = max((bar.p95 for bar in bars), default=1.0)
    scale = (WIDTH - LABEL_WIDTH - 170) / longest
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="17" font-weight="600" fill="#111827">{escape(title)}</text>',
        f'<text x="16" y="48" fill="#4b5563">{escape(subtitle)}</text>',
    ]
    for index, bar in enumerate(bars):
        y = top + index * ROW_HEIGHT
        colour = COLOURS.get(bar.engine, "#374151")
        middle = y + BAR_HEIGHT - 4
        p50_width, p95_width = bar.p50 * scale, bar.p95 * scale
        values = f"{bar.p50:.0f} / {bar.p95:.0f} {unit} {bar.note}".strip()
        lines += [
            f'<text x="16" y="{middle}" fill="#111827">{escape(bar.label)}</text>',
            f'<g fill="{colour}"><rect x="{LABEL_WIDTH}" y="{y}" width="{p95_width:.1f}" height="{BAR_HEIGHT}"'
            f' opacity="0.3"/><rect x="{LABEL_WIDTH}" y="{y}" width="{p50_width:.1f}" height="{BAR_HEIGHT}"/></g>',
            f'<text x="{LABEL_WIDTH + p95_width + 8:.1f}" y="{middle}" fill="#374151">{escape(values)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
