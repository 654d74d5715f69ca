"""The workspace as data: from packages/*/pyproject.toml to names, versions and requirements."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # the tools' own environment brings it
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
META_PACKAGE = "tornado"

# The table of layers, lowest first: an arrow only ever points to an earlier name.
LAYERS = [
    "tornado-core",
    "tornado-escape",
    "tornado-template",
    "tornado-loop",
    "tornado-broadcast",
    "tornado-iostream",
    "tornado-http",
    "tornado-httpserver",
    "tornado-httpclient",
    "tornado-web",
    "tornado-speedups",
    "tornado-websocket",
    "tornado-auth",
    "tornado-wsgi",
    "tornado-asgi",
    "tornado-cli",
    "tornado-testing",
    "tornado-database",
    "tornado-twisted",
    META_PACKAGE,
]


@dataclass(frozen=True)
class Distribution:
    """One folder of packages/ and what its pyproject.toml declares."""

    name: str
    folder: Path
    version: str
    requires: tuple[str, ...]
    extras: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def pyproject(self) -> Path:
        return self.folder / "pyproject.toml"

    @property
    def source(self) -> Path:
        return self.folder / "src" / "tornado"

    def modules(self) -> list[str]:
        """Return the dotted names of all modules in this distribution, sorted.

        A module in C is found by the stub that describes it.
        """
        names = []
        for path in [*self.source.rglob("*.py"), *self.source.rglob("*.pyi")]:
            parts = path.relative_to(self.source.parent).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        return sorted(names)


def requirement_name(requirement: str) -> str:
    """Return the normalised project name of a requirement such as `PyMySQL>=1.1`."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def load(root: Path = ROOT) -> dict[str, Distribution]:
    """Read every distribution below `root`/packages, in the order of the layers."""
    found = {}
    for name in LAYERS:
        folder = root / "packages" / name
        project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))[
            "project"
        ]
        found[name] = Distribution(
            name=name,
            folder=folder,
            version=project["version"],
            requires=tuple(project.get("dependencies", ())),
            extras={k: tuple(v) for k, v in project.get("optional-dependencies", {}).items()},
        )
    return found


def closure(name: str, distributions: dict[str, Distribution]) -> set[str]:
    """Return the names of all siblings that `name` requires, directly or through others."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        for requirement in distributions[todo.pop()].requires:
            sibling = requirement_name(requirement)
            if sibling in distributions and sibling not in seen:
                seen.add(sibling)
                todo.append(sibling)
    return seen
