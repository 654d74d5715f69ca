#!/usr/bin/env python3
"""Show, check or set the one version of all distributions, and their siblings' pins.

usage: python3 tools/version.py [--check | --set X.Y.Z]
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import _bootstrap


def core_init(root: Path) -> Path:
    return root / "packages" / "tornado-core" / "src" / "tornado" / "__init__.py"


def pin(version: str) -> str:
    """Return the requirement a sibling carries: compatible with the version's first two parts."""
    return "~= " + ".".join(version.split(".")[:2])


def check(root: Path) -> list[str]:
    """Return every disagreement between the distributions' versions and pins."""
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    distributions = _workspace.load(root)
    version = distributions["tornado-core"].version
    problems = [
        f"{d.name} is {d.version}, tornado-core is {version}"
        for d in distributions.values()
        if d.version != version
    ]
    for distribution in distributions.values():
        rows = [*distribution.requires, *(r for rs in distribution.extras.values() for r in rs)]
        for requirement in rows:
            sibling = _workspace.requirement_name(requirement)
            if sibling in distributions and not requirement.endswith(pin(version)):
                problems.append(
                    f"{distribution.name} requires {requirement!r}, expected {pin(version)!r}"
                )
    source = core_init(root).read_text("utf-8")
    numbers = ", ".join(version.split("."))
    for line in (f'version = "{version}"', f"version_info = ({numbers}, 0)"):
        if line not in source.splitlines():
            problems.append(f"tornado/__init__.py lacks the line {line!r}")
    return problems


def set_version(root: Path, version: str) -> None:
    """Write `version` into every pyproject.toml, every sibling's pin and the core's module."""
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    for distribution in _workspace.load(root).values():
        text = distribution.pyproject.read_text("utf-8")
        text = re.sub(r'(?m)^version = "[^"]*"$', f'version = "{version}"', text)
        text = re.sub(r'("tornado[a-z-]*(?:\[[a-z,]*\])?) ~= [^"]*"', rf'\1 {pin(version)}"', text)
        distribution.pyproject.write_text(text, "utf-8")
    init = core_init(root)
    text = init.read_text("utf-8")
    text = re.sub(r'(?m)^version = "[^"]*"$', f'version = "{version}"', text)
    numbers = ", ".join(version.split("."))
    text = re.sub(r"(?m)^version_info = .*$", f"version_info = ({numbers}, 0)", text)
    init.write_text(text, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=_bootstrap.ROOT)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="exit 1 where anything disagrees")
    group.add_argument("--set", metavar="X.Y.Z", help="the new version")
    arguments = parser.parse_args()
    _bootstrap.enter()
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    if arguments.set:
        if not re.fullmatch(r"\d+\.\d+\.\d+", arguments.set):
            parser.error(f"a version reads X.Y.Z, not {arguments.set!r}")
        set_version(arguments.root, arguments.set)
    problems = check(arguments.root)
    for problem in problems:
        print(problem)
    if not arguments.check:
        for distribution in _workspace.load(arguments.root).values():
            print(f"{distribution.name:20} {distribution.version}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
