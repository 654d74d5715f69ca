"""The arrows between distributions go in, an SVG picture of the layers comes out.

The arrows are those of ``tools/check_layers.py --graph``, so that the picture shows what the check
holds the imports to. Boxes stand as high as their longest way
down to the bottom; arrows that pass a layer have a place of their own in it, the order within a
layer is the one with the fewest crossings that a search from several starts finds, and places are
chosen so that arrows are as straight as their neighbours allow.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from html import escape
from statistics import mean

#: Modules that the picture leaves out: a package that holds nothing, and names of releases before 6.
UNSEEN = frozenset(
    ["platform"]
    + [f"platform.{name}" for name in ("auto", "common", "epoll", "interface", "posix", "select")]
)

#: distribution -> (its public modules, the projects it requires)
Graph = dict[str, tuple[list[str], list[str]]]

WHOLE = "tornado"
_PREFIX = "tornado-"
_BOX = 186
_PASSAGE = 16
_SPACE = 26
_ROW_SPACE = 44
_LINE = 16
_LETTERS = 26
_MARGIN = 14
_STARTS = 30

STYLE = """
.layers{font:13px/1 system-ui,sans-serif;max-width:100%;height:auto;display:block;margin:1.5em auto}
.layers text{fill:var(--color-foreground-primary,#1a1a1a);text-anchor:middle}
.layers .box{fill:var(--color-background-secondary,#f6f7f9);stroke:#2463c4;stroke-width:1.3}
.layers .extra .box{stroke-dasharray:5 4}
.layers .head{fill:#2463c4}
.layers .extra .head{fill:#5f6f86}
.layers text.title{fill:#fff;font-weight:600;font-size:13.5px}
.layers .module{font-size:12px}
.layers a{text-decoration:none}
.layers a:hover .module{text-decoration:underline}
.layers .project{font-size:12px;fill:var(--color-foreground-muted,#6b6f76)}
.layers .arrow{fill:none;stroke:var(--color-foreground-muted,#6b6f76);stroke-width:1.4}
.layers .tip{fill:var(--color-foreground-muted,#6b6f76)}
.layers .whole{fill:none;stroke:#2463c4;stroke-width:1.3;opacity:.6}
"""


@dataclass(eq=False)
class Node:
    """A distribution, or the passage of an arrow through a layer between its ends."""

    name: str = ""
    level: int = 0
    lines: list[list[tuple[str, str]]] = field(default_factory=list)
    above: list[Node] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        if self.name:
            self.height = 36 + _LINE * max(1, len(self.lines))

    @property
    def width(self) -> int:
        return _BOX if self.name else _PASSAGE


def levels(graph: Graph) -> dict[str, int]:
    """Return how many arrows the longest way from each distribution down to the bottom has."""
    found: dict[str, int] = {}
    while len(found) < len(graph):
        for name, (_, requires) in graph.items():
            below = [each for each in requires if each in graph]
            if name not in found and all(each in found for each in below):
                found[name] = max((found[each] + 1 for each in below), default=0)
    return found


def direct(graph: Graph) -> dict[str, list[str]]:
    """Return for each distribution the siblings it requires that no other of them brings anyway."""

    def reach(name: str) -> set[str]:
        below = {each for each in graph[name][1] if each in graph}
        return below.union(*map(reach, below)) if below else below

    return {
        name: [
            each
            for each in requires
            if each in graph
            and not any(each in reach(other) for other in requires if other in graph)
        ]
        for name, (_, requires) in graph.items()
    }


def rows_of(graph: Graph) -> list[list[Node]]:
    """Return the layers, lowest first, with a passage wherever an arrow goes through one."""
    level = levels(graph)
    rows: list[list[Node]] = [[] for _ in range(max(level.values()) + 1)]
    boxes = {}
    for name, (modules, requires) in graph.items():
        node = Node(name, level[name], _lines(modules, [r for r in requires if r not in graph]))
        boxes[name] = node
        rows[level[name]].append(node)
    for name, below in direct(graph).items():
        for other in below:
            upper = boxes[name]
            for between in range(level[name] - 1, level[other], -1):
                passage = Node(level=between)
                rows[between].append(passage)
                _join(upper, passage)
                upper = passage
            _join(upper, boxes[other])
    return rows


def _join(upper: Node, lower: Node) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _lines(modules: list[str], projects: list[str]) -> list[list[tuple[str, str]]]:
    """Return (class, word) pairs in lines that fit into a box."""
    words = [("module", module) for module in modules if module not in UNSEEN]
    words += [("project", f"+ {project}") for project in projects]
    lines: list[list[tuple[str, str]]] = []
    for word in words:
        for line in lines:
            if sum(len(text) + 3 for _, text in line) + len(word[1]) <= _LETTERS:
                line.append(word)
                break
        else:
            lines.append([word])
    return lines


def arrange(rows: list[list[Node]]) -> None:
    """Order the nodes of each row with few crossings and short arrows; give every node its place."""
    chance = random.Random(1)  # the same picture each time
    best: tuple[tuple[int, float], list[list[Node]]] | None = None
    for _ in range(_STARTS):
        tried = [chance.sample(row, len(row)) for row in rows]
        while sum(_improve(tried, index) for index in range(len(tried))):
            pass
        _place(tried)
        score = (_crossings(tried), _length(tried))
        if best is None or score < best[0]:
            best = (score, tried)
    assert best is not None
    rows[:] = best[1]
    _place(rows)
    left = min(node.x - node.width / 2 for row in rows for node in row)
    top = _MARGIN + 44.0
    for row in reversed(rows):
        height = max(node.height for node in row)
        for node in row:
            node.x += _MARGIN + 8 - left
            node.y = top + (height - node.height) / 2 if node.name else top
            node.height = node.height or height
        top += height + _ROW_SPACE


def _improve(rows: list[list[Node]], index: int) -> bool:
    """Put one row into the order with the fewest crossings; tell whether that made a difference."""
    before = _crossings(rows)
    orders = []
    for order in itertools.permutations(rows[index]):
        rows[index] = list(order)
        orders.append((_crossings(rows), len(orders), rows[index]))
    fewest, _, rows[index] = min(orders)
    return fewest < before


def _place(rows: list[list[Node]]) -> None:
    for row in rows:
        for index, node in enumerate(row):
            node.x = float(index * _BOX)
    for _ in range(60):
        for row in [*rows, *reversed(rows)]:
            _settle(row)


def _length(rows: list[list[Node]]) -> float:
    return sum(abs(node.x - other.x) for row in rows for node in row for other in node.below)


def _crossings(rows: list[list[Node]]) -> int:
    count = 0
    for lower, upper in itertools.pairwise(rows):
        place = {id(node): index for index, node in enumerate(lower)}
        ends = [[place[id(n)] for n in node.below] for node in upper]
        for index, mine in enumerate(ends):
            count += sum(a > b for theirs in ends[index + 1 :] for a in mine for b in theirs)
    return count


def _settle(row: list[Node]) -> None:
    """Move each node of a row as near to the mean of its neighbours as the others let it."""
    offsets, total = [], 0.0
    for index, node in enumerate(row):
        if index:
            total += (row[index - 1].width + node.width) / 2 + _SPACE
        offsets.append(total)
    # Pools of neighbours that would overlap share one mean (isotonic regression).
    pools: list[list[float]] = []
    for node, offset in zip(row, offsets, strict=True):
        joined = [other.x for other in node.above + node.below]
        pools.append([mean(joined or [node.x]) - offset])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    wanted = [mean(pool) for pool in pools for _ in pool]
    for node, offset, x in zip(row, offsets, wanted, strict=True):
        node.x = x + offset


def picture(graph: Graph, reference: str = "") -> str:
    """Return the SVG; modules are links to pages below ``reference``."""
    whole = set(graph[WHOLE][1])
    layers = {name: row for name, row in graph.items() if name != WHOLE}
    rows = rows_of(layers)
    arrange(rows)
    everything = [node for row in rows for node in row]
    width = max(node.x + node.width / 2 for node in everything) + _MARGIN + 8
    height = max(node.y + node.height for node in everything) + _MARGIN + 10
    parts = [_arrow(node) for node in everything if node.name]
    parts += [_box(node, node.name in whole, reference) for node in everything if node.name]
    label = "The distributions in layers; each arrow points at what one requires"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="layers" role="img" aria-label="{label}"'
        f' width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"<style>{STYLE}</style>"
        '<defs><marker id="layer-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
        f'<rect x="1" y="1" width="{width - 2:.0f}" height="{height - 2:.0f}" rx="10" class="whole"/>'
        f'<text x="{width / 2:.0f}" y="24"><tspan font-weight="600">tornado</tspan>'
        " brings every box with a whole frame; the dashed ones are extras</text>"
        + "".join(parts)
        + "</svg>\n"
    )


def _port(node: Node, other: Node, side: str) -> float:
    """Return where on a box's edge the arrow to ``other`` begins or ends, so that none share a point."""
    if not node.name:
        return node.x
    joined = sorted(getattr(node, side), key=lambda each: each.x)
    return node.x + (joined.index(other) - (len(joined) - 1) / 2) * min(
        34, _BOX / len(joined) / 1.3
    )


def _arrow(box: Node) -> str:
    """Return the paths from a box to all boxes it requires, through the passages between."""
    paths = []
    for first in box.below:
        upper, lower = box, first
        x, y = _port(upper, lower, "below"), upper.y + upper.height
        path = f"M{x:.1f} {y:.1f}"
        while True:
            end_x, end_y = _port(lower, upper, "above"), lower.y - (3 if lower.name else 0)
            middle = (y + end_y) / 2
            path += f"C{x:.1f} {middle:.1f} {end_x:.1f} {middle:.1f} {end_x:.1f} {end_y:.1f}"
            if lower.name:
                break
            y = lower.y + lower.height
            path += f"V{y:.1f}"
            upper, lower, x = lower, lower.below[0], end_x
        paths.append(f'<path d="{path}" class="arrow" marker-end="url(#layer-tip)"/>')
    return "".join(paths)


def _box(node: Node, in_whole: bool, reference: str) -> str:
    left = node.x - _BOX / 2
    title = escape(node.name.removeprefix(_PREFIX))
    lines = []
    for index, line in enumerate(node.lines):
        y = node.y + 26 + 19 + index * _LINE
        words = [_word(kind, word, reference) for kind, word in line]
        lines.append(f'<text x="{node.x:.1f}" y="{y:.1f}">{" · ".join(words)}</text>')
    return (
        f'<g class="{"" if in_whole else "extra"}">'
        f'<rect x="{left:.1f}" y="{node.y:.1f}" width="{_BOX}" height="{node.height}" rx="6" class="box"/>'
        f'<path d="M{left:.1f} {node.y + 26:.1f}v-20a6 6 0 0 1 6-6h{_BOX - 12}a6 6 0 0 1 6 6v20z"'
        ' class="head"/>'
        f'<text x="{node.x:.1f}" y="{node.y + 18:.1f}" class="title">{title}</text>'
        + "".join(lines)
        + "</g>"
    )


def _word(kind: str, word: str, reference: str) -> str:
    text = f'<tspan class="{kind}">{escape(word)}</tspan>'
    if kind != "module" or not reference:
        return text
    page = "version" if word == "tornado" else word.replace(".", "_")
    return f'<a href="{reference}{page}.html">{text}</a>'
