#!/usr/bin/env python3
"""All benchmarks, one after the other: figures as JSON, pictures as SVG, and where a peer is ahead.

usage: python3 benchmarks/run.py [--rounds N] [--out DIR] [WORKLOAD ...]

WORKLOAD is the name of a script beside this one (hello, loop, template, iostream, httpserver, web,
httpclient, websocket, asgi); without any, all of them run. Each makes environments of their own for the
peers on first use.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import plot
from harness import Figures

HERE = Path(__file__).resolve().parent
WORKLOADS = [
    "hello",
    "loop",
    "template",
    "iostream",
    "httpserver",
    "web",
    "httpclient",
    "websocket",
    "asgi",
]


def is_rate(section: str) -> bool:
    """Tell whether the figures of a section count something per second, so that more is better."""
    return "per_s" in section


def ahead(section: str, figures: Figures) -> list[tuple[str, str, float]]:
    """Return (workload, the best contestant, ours in relation to it) where that one is a peer.

    Bare floors (servers that answer fixed bytes) take no part.
    """
    found = []
    for workload, rows in figures.items():
        medians = {
            name: statistics.median(values)
            for name, values in rows.items()
            if values and not plot.is_floor(name)
        }
        if len(medians) < 2:
            continue
        best = (max if is_rate(section) else min)(medians, key=lambda name: medians[name])
        if not plot.is_ours(best) and medians[best]:
            ours = medians[plot.reference(medians)]
            found.append((workload, best, ours / medians[best]))
    return found


def peers_ahead(section: str, figures: Figures) -> list[str]:
    """Return a line for each workload in which a peer is the best of all."""
    return [
        f"{section}, {workload}: {best} is ahead, ours is at {ratio:.2f} of it"
        for workload, best, ratio in ahead(section, figures)
    ]


def ratios(title: str, figures: Figures) -> list[str]:
    """Return a line for each workload: our median, and what each peer's is in relation to it."""
    lines = [title]
    for workload, rows in figures.items():
        medians = {name: statistics.median(values) for name, values in rows.items() if values}
        if not medians:
            continue
        first = plot.reference(medians)
        ours = medians.pop(first)
        others = ", ".join(
            f"{name} {value / ours if ours else 0:.2f}" for name, value in medians.items()
        )
        lines.append(f"  {workload}: {first} {plot.figure(ours)}; {others or 'nobody else'}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", default=[])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    behind: list[str] = []
    summary: list[str] = []
    for name in arguments.workloads or WORKLOADS:
        results = arguments.out / f"{name}.json"
        command = [sys.executable, str(HERE / f"{name}.py"), "--rounds", str(arguments.rounds)]
        subprocess.run([*command, "--json", str(results)], check=True)
        for section, figures in json.loads(results.read_text("utf-8"))["sections"].items():
            picture = plot.bars(f"{name}: {section.replace('_', ' ')}", "medians", figures)
            (arguments.out / f"{name}-{section}.svg").write_text(picture, "utf-8")
            behind += [f"{name}: {line}" for line in peers_ahead(section, figures)]
            summary += ratios(f"{name}: {section.replace('_', ' ')}", figures)
    print("\nratios to the first contestant:", *summary, sep="\n")
    print("\nwhere a peer is ahead:" if behind else "\nno peer is ahead")
    for line in behind:
        print(f"  {line}")


if __name__ == "__main__":
    main()
