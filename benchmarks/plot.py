"""Figures of a benchmark in, an SVG picture out: bars for each contestant, in groups by workload.

The picture takes its colours from the page around it where that is the documentation's (light or
dark), and has its own where it stands alone. A thin line on each bar goes from the lowest round to
the highest; the figures at its end are the median and its ratio to ours.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from html import escape

from harness import Figures

_BAR = 20
_GAP = 18
_LEFT = 190
_WIDTH = 430
_RIGHT = 140

_STYLE = """
.plot{font:13px/1 system-ui,sans-serif;max-width:100%;height:auto}
.plot .paper{fill:var(--color-background-primary,#fff)}
.plot text{fill:var(--color-foreground-primary,#1a1a1a)}
.plot .title{font-size:15px;font-weight:600}
.plot .workload{font-weight:600}
.plot .name{text-anchor:end}
.plot .ratio{fill:var(--color-foreground-muted,#6b6f76)}
.plot .ours{fill:#2463c4}
.plot .peer{fill:#9aa4b2}
.plot .range{stroke:var(--color-foreground-primary,#1a1a1a);stroke-width:1.2;opacity:.55}
.plot .one{stroke:var(--color-foreground-muted,#6b6f76);stroke-dasharray:2 3;opacity:.7}
"""


def is_ours(contestant: str) -> bool:
    """Tell whether a contestant is this project, on whatever loop, and not a peer."""
    return contestant.startswith(("ours", "this project"))


def is_floor(contestant: str) -> bool:
    """Tell whether a contestant only answers fixed bytes: nobody can use it for anything else."""
    return "fixed" in contestant or "floor" in contestant


def reference(contestants: Iterable[str]) -> str:
    """Return the contestant that ratios are to: the first one of ours, or else the first of all."""
    names = list(contestants)
    return next(filter(is_ours, names), names[0])


def figure(value: float) -> str:
    """Return a figure with three or four digits that count: ``8.45``, ``145``, ``38,270``."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def bars(title: str, unit: str, figures: Figures) -> str:
    """Return an SVG document with the medians of `figures` as bars; each workload has its own scale."""
    y = 44
    parts = []
    for workload, rows in figures.items():
        medians = {name: statistics.median(values) for name, values in rows.items() if values}
        if not medians:
            continue
        parts.append(f'<text x="12" y="{y + 13}" class="workload">{escape(workload)}</text>')
        y += _BAR + 3
        top = y
        scale = _WIDTH / (max(max(rows[name]) for name in medians) or 1.0)
        first = medians[reference(medians)]
        for name, value in medians.items():
            parts.append(_bar(y, name, value, rows[name], scale, first))
            y += _BAR
        if len(medians) > 1:
            x = _LEFT + first * scale
            parts.append(f'<path d="M{x:.1f} {top - 2}V{y - 2}" class="one"/>')
        y += _GAP
    width, height = _LEFT + _WIDTH + _RIGHT, y
    heading = f"{escape(title)} ({escape(unit)})"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-label="{heading}"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<style>{_STYLE}</style>"
        '<rect width="100%" height="100%" class="paper"/>'
        f'<text x="12" y="24" class="title">{heading}</text>' + "".join(parts) + "</svg>\n"
    )


def _bar(y: int, name: str, median: float, values: list[float], scale: float, first: float) -> str:
    width = max(1.0, median * scale)
    low, high = _LEFT + min(values) * scale, _LEFT + max(values) * scale
    middle = y + (_BAR - 5) / 2
    kind = "ours" if is_ours(name) else "peer"
    ratio = f"{median / first:.2f} \N{MULTIPLICATION SIGN}" if first else ""
    label = max(high, _LEFT + width) + 7
    return (
        f'<text x="{_LEFT - 8}" y="{y + 12}" class="name">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 5}" rx="2" class="{kind}"/>'
        f'<path d="M{low:.1f} {middle}H{high:.1f}" class="range"/>'
        f'<text x="{label:.1f}" y="{y + 12}">{figure(median)}'
        f' <tspan class="ratio" dx="4">{ratio}</tspan></text>'
    )
