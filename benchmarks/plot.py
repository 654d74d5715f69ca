"""Figures of a benchmark in, an SVG picture out: bars for each contestant, in groups by workload."""

from __future__ import annotations

import statistics
from html import escape

from harness import Figures

_COLOURS = ("#2463c4", "#6ea0e8", "#b3261e", "#e08a2c", "#5b8a3a", "#7a5195", "#2f7f86", "#8a8a8a")
_BAR = 18
_GAP = 14
_LEFT = 230
_WIDTH = 620


def bars(title: str, unit: str, figures: Figures) -> str:
    """Return an SVG document with the medians of `figures` as bars; each workload has its own scale."""
    names = list(dict.fromkeys(name for rows in figures.values() for name in rows))
    y = 40
    parts = []
    for workload, rows in figures.items():
        medians = {name: statistics.median(values) for name, values in rows.items() if values}
        if not medians:
            continue
        parts.append(f'<text x="10" y="{y + 12}" class="w">{escape(workload)}</text>')
        y += _BAR + 2
        longest = max(medians.values()) or 1.0
        for name, value in medians.items():
            width = max(1.0, value / longest * _WIDTH)
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" class="n">{escape(name)}</text>')
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 4}" fill="{colour}"/>'
            )
            parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 12}">{value:.4g}</text>')
            y += _BAR
        y += _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 90}" height="{y + 10}"'
        ' font-family="sans-serif" font-size="12">'
        "<style>.n{text-anchor:end}.w{font-weight:bold}</style>"
        '<rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="20" font-size="15">{escape(title)} ({escape(unit)})</text>'
        + "".join(parts)
        + "</svg>\n"
    )
