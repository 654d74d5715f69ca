"""Benchmark figures (JSON files) go in; pictures, tables of ratios and the rows we lose come out.

The files of ``docs/benchmarks`` are what ``benchmarks/run.py --out docs/benchmarks`` writes; the
pictures are those of ``benchmarks/plot.py``. The text that comes out is reStructuredText.
"""

from __future__ import annotations

import ast
import json
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "docs" / "benchmarks"
# For this moment only: some files there are called like modules of others (websocket).
sys.path.insert(0, str(ROOT / "benchmarks"))
import plot  # noqa: E402 - of benchmarks/, as the next
import run  # noqa: E402

sys.path.remove(str(ROOT / "benchmarks"))

#: What the names of sections mean: a title, and the unit of the figures.
SECTIONS = {
    "cpu_us": ("CPU time", "microseconds each"),
    "cpu": ("CPU time", "microseconds for each message"),
    "cpu_us_per_fetch": ("CPU time", "microseconds for each fetch"),
    "time_ns": ("CPU time", "nanoseconds each"),
    "import_cpu_ms": ("Import", "milliseconds of CPU"),
    "memory": ("Memory", "bytes for each idle connection"),
    "idle_bytes": ("Memory", "bytes for each idle connection"),
    "memory_bytes": ("Memory", "bytes"),
    "requests_per_second": ("Throughput", "requests per second"),
    "messages_per_second": ("Throughput", "messages per second"),
    "fetches_per_s": ("Throughput", "fetches per second"),
    "latency_p50_ms": ("Latency, median", "milliseconds"),
    "latency_p99_ms": ("Latency, 99th percentile", "milliseconds"),
    "memory_mib": ("Memory under load", "MiB"),
}


def meaning(section: str) -> tuple[str, str]:
    """Return title and unit of a section; of one that is not known, its name tells both."""
    words = section.replace("_", " ")
    return SECTIONS.get(section, (words.capitalize(), words))


def results() -> dict[str, dict[str, Any]]:
    """Return the contents of all files, by workload, in the order in which they are measured."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(DATA.glob("*.json"))}
    order = [name for name in run.WORKLOADS if name in found]
    return {name: found[name] for name in [*order, *(found.keys() - set(order))]}


def noise() -> float:
    """Return how far the rounds of a row lie apart, as a part of their median: the median of all rows."""
    spreads = [
        (max(values) - min(values)) / statistics.median(values)
        for data in results().values()
        for figures in data["sections"].values()
        for rows in figures.values()
        for values in rows.values()
        if len(values) > 1 and statistics.median(values)
    ]
    return statistics.median(spreads) if spreads else 0.0


def losses() -> Iterator[str]:
    """Yield the lines of a table of the rows in which a peer is ahead."""
    rows = [["benchmark", "figure", "row", "ahead", "ours to theirs"]]
    for name, data in results().items():
        for section, figures in data["sections"].items():
            for workload, best, ratio in run.ahead(section, figures):
                cells = [name, meaning(section)[0], workload, best, _times(ratio)]
                rows.append(cells)
    yield from _table("", rows, "losses") if len(rows) > 1 else ["In no row."]


def describe(name: str) -> str:
    """Return the summary line of the script that measured a workload."""
    docstring = ast.get_docstring(
        ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text("utf-8"))
    )
    return " ".join((docstring or name).partition("\n\n")[0].split())


def ratios(section: str, figures: dict[str, dict[str, list[float]]]) -> list[list[str]]:
    """Return a table: ours as figures, and everybody else as ratios to ours.

    A ratio in bold is that of a peer who is ahead. What there is fewer of, workloads or contestants,
    goes across.
    """
    medians = {
        workload: {name: statistics.median(values) for name, values in rows.items() if values}
        for workload, rows in figures.items()
    }
    medians = {workload: rows for workload, rows in medians.items() if rows}
    names = list(dict.fromkeys(name for rows in medians.values() for name in rows))
    first = plot.reference(names)
    names = [first, *(name for name in names if name != first)]
    table = [["workload", *names]]
    for workload, rows in medians.items():
        cells = [_cell(section, name, rows.get(name), rows.get(first), first) for name in names]
        table.append([workload, *cells])
    if len(names) > max(len(medians), 4):
        table = [list(column) for column in zip(*table, strict=True)]
        table[0][0] = "contestant"
    return table


def _cell(section: str, name: str, value: float | None, ours: float | None, first: str) -> str:
    if value is None:
        return ""
    if name == first or not ours:
        return plot.figure(value)
    ratio = value / ours
    is_ahead = ratio > 1 if run.is_rate(section) else ratio < 1
    is_peer = not plot.is_ours(name) and not plot.is_floor(name)
    return f"**{_times(ratio)}**" if is_ahead and is_peer else _times(ratio)


def _times(ratio: float) -> str:
    return f"{ratio:.2f} \N{MULTIPLICATION SIGN}"


def _literal(text: str) -> str:
    """Return text in which nothing is markup; a ratio's bold stays."""
    return text if text.startswith("**") else re.sub(r"([*`|_\\])", r"\\\1", text)


def page() -> Iterator[str]:
    """Yield the lines of the generated part of the page, as reStructuredText."""
    for name, data in results().items():
        yield from (name, "~" * len(name), "", _literal(describe(name)), "")
        yield f"*Python {data['python']}; {_literal(data['machine'])}.*"
        yield ""
        for index, (section, figures) in enumerate(data["sections"].items()):
            if not any(values for rows in figures.values() for values in rows.values()):
                continue
            title, unit = meaning(section)
            better = "more is better" if run.is_rate(section) else "less is better"
            svg = plot.bars(title, f"{unit}; {better}", figures)
            # The first section is what counts; the others are there for who asks.
            before, after = ("", "") if not index else ("<details><summary>", "</details>")
            summary = f"{before}{title} ({unit}; {better})</summary>" if index else ""
            yield from (".. raw:: html", "")
            yield f"   {summary}"
            yield f"   {' '.join(svg.split())}"
            yield from ("", "")
            yield from _table(f"{title}, {unit}; peers as ratios to ours", ratios(section, figures))
            if after:
                yield from (".. raw:: html", "", f"   {after}", "")


def _table(title: str, rows: list[list[str]], kind: str = "figures") -> Iterator[str]:
    yield f".. list-table:: {_literal(title)}".rstrip()
    yield from ("   :header-rows: 1", f"   :class: {kind}", "")
    for row in rows:
        for index, cell in enumerate(row):
            yield f"   {'*' if not index else ' '} - {_literal(cell)}".rstrip()
    yield ""
