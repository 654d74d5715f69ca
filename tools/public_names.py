#!/usr/bin/env python3
"""Check that no name is missing which a released Tornado had: of modules, classes and living instances.

usage: python tools/public_names.py [--scan FOLDER ...] [--add FILE ...]

Runs in an environment that holds the built distributions. --scan looks instead at the sources below
FOLDER (an environment's site-packages, say) for names of Tornado that they use and that are missing
here. --add makes released_names.json from what tools/collect_names.py printed for each release, and
needs no Tornado.

Names that are missing on purpose are in missing_names.toml, each group with its reason.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import importlib
import json
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
DATA = HERE / "released_names.json"
EXCEPTIONS = HERE / "missing_names.toml"

#: kind -> owner -> releases, joined by spaces -> names, joined by spaces.
Names = dict[str, dict[str, dict[str, str]]]


def load() -> Names:
    names: Names = json.loads(DATA.read_text("utf-8"))
    return names


def add(files: list[Path]) -> None:
    """Write what `collect_names.py` found for several releases as one table."""
    releases: dict[tuple[str, str, str], set[str]] = {}
    for file in files:
        found = json.loads(file.read_text("utf-8"))
        for kind in ("modules", "classes", "instances"):
            for owner, names in found[kind].items():
                for name in names:
                    releases.setdefault((kind, owner, name), set()).add(found["version"])
    grouped: dict[str, dict[str, dict[str, list[str]]]] = {}
    for (kind, owner, name), where in sorted(releases.items()):
        key = " ".join(sorted(where))
        grouped.setdefault(kind, {}).setdefault(owner, {}).setdefault(key, []).append(name)
    rows = {
        kind: {o: {k: " ".join(v) for k, v in groups.items()} for o, groups in owners.items()}
        for kind, owners in grouped.items()
    }
    text = json.dumps(rows, indent=0, sort_keys=True, ensure_ascii=True)
    DATA.write_text(text + "\n", "ascii")


def released(kind: str) -> Iterator[tuple[str, str, str]]:
    """Yield (owner, name, releases) of a kind: ``modules``, ``classes`` or ``instances``."""
    for owner, groups in load()[kind].items():
        for releases, names in groups.items():
            for name in names.split():
                yield owner, name, releases


def resolve(module: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


class Exceptions:
    """The names that are missing on purpose, and which of these entries were of use."""

    def __init__(self) -> None:
        groups = tomllib.loads(EXCEPTIONS.read_text("utf-8"))["group"]
        self._patterns = {
            pattern: bool(group.get("optional")) for group in groups for pattern in group["names"]
        }
        self._used: set[str] = set()

    def allow(self, name: str) -> bool:
        hits = [pattern for pattern in self._patterns if fnmatch.fnmatchcase(name, pattern)]
        self._used.update(hits)
        return bool(hits)

    def unused(self) -> list[str]:
        needed = {pattern for pattern, is_optional in self._patterns.items() if not is_optional}
        return sorted(needed - self._used)


def missing_module_names() -> Iterator[tuple[str, str]]:
    for owner, name, releases in released("modules"):
        module = resolve(owner)
        if module is None:
            yield f"{owner}:*", releases
        elif not hasattr(module, name) and resolve(f"{owner}.{name}") is None:
            yield f"{owner}:{name}", releases


def missing_class_names() -> Iterator[tuple[str, str]]:
    for owner, name, releases in released("classes"):
        module, _, cls = owner.partition(":")
        there = getattr(resolve(module), cls, None)
        if there is not None and not hasattr(there, name):
            yield f"{owner}.{name}", releases


def missing_instance_names() -> Iterator[tuple[str, str]]:
    import collect_names

    instances = collect_names.Instances()
    instances.collect()
    for key, name, releases in released("instances"):
        objects = instances.objects.get(key)
        if objects is None:
            yield f"{key} (not made)", releases
        elif not all(hasattr(thing, name) for thing in objects):
            yield f"{key}.{name}", releases


def check() -> int:
    """Print what is missing; return the exit status."""
    exceptions = Exceptions()
    checks = (missing_module_names, missing_class_names, missing_instance_names)
    problems = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for find in checks:
            for name, releases in find():
                if not exceptions.allow(name):
                    problems[name] = releases
    for name, releases in sorted(problems.items()):
        print(f"missing: {name} (in {releases})")
    unused = exceptions.unused()
    for pattern in unused:
        print(f"{EXCEPTIONS.name}: nothing is missing that {pattern} stands for")
    count = sum(
        len(names.split()) for o in load().values() for g in o.values() for names in g.values()
    )
    print(f"{count} names, {len(problems)} missing")
    return 1 if problems or unused else 0


class Uses(ast.NodeVisitor):
    """The names of Tornado that a source file uses, by import or by a dotted path from an import."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = []
        self._aliases: dict[str, str] = {}

    def visit_Try(self, node: ast.Try) -> None:
        # What a program tries to import, it can do without.
        if not any(_names_in(h.type) & {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"}
                   or h.type is None for h in node.handlers):  # fmt: skip
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] == "tornado":
                self.found.append((alias.name, node.lineno))
                name = alias.asname or "tornado"
                self._aliases[name] = alias.name if alias.asname else "tornado"

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and (node.module or "").split(".")[0] == "tornado":
            for alias in node.names:
                if alias.name != "*":
                    self.found.append((f"{node.module}.{alias.name}", node.lineno))
                    self._aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts = []
        here: ast.expr = node
        while isinstance(here, ast.Attribute):
            parts.append(here.attr)
            here = here.value
        if isinstance(here, ast.Name) and here.id in self._aliases:
            self.found.append((".".join([self._aliases[here.id], *reversed(parts)]), node.lineno))
        else:
            self.generic_visit(node)


def _names_in(node: ast.expr | None) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()


def is_there(path: str) -> bool:
    """Return whether a dotted path resolves, as far as it leads through modules and classes."""
    parts = path.split(".")
    thing: Any = importlib.import_module(parts[0])
    dotted = parts[0]
    for part in parts[1:]:
        if isinstance(thing, types.ModuleType):
            dotted = f"{dotted}.{part}"
            inner = getattr(thing, part, None)
            if inner is None and not hasattr(thing, part):
                inner = resolve(dotted)
                if inner is None:
                    return False
            if not (isinstance(inner, types.ModuleType) and inner.__name__.startswith("tornado")):
                if isinstance(inner, types.ModuleType):
                    return True
            thing = inner
        elif isinstance(thing, type):
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        else:
            return True
    return True


def is_released(path: str, known: set[str], whole: set[str]) -> bool:
    """Return whether some release had this path, or an object at its beginning that is not `whole`."""
    parts = path.split(".")
    beginnings = {".".join(parts[:count]) for count in range(1, len(parts))}
    return path in known or bool((beginnings & known) - whole)


def scan(folders: list[Path]) -> int:
    """Print each missing name that the sources below these folders use; return the exit status."""
    known = {f"{owner}.{name}" for owner, name, _ in released("modules")}
    known |= {f"{owner.replace(':', '.')}.{name}" for owner, name, _ in released("classes")}
    # What is behind a module or class is known name by name; private attributes of classes are not.
    whole = {owner.replace(":", ".") for kind in ("modules", "classes") for owner in load()[kind]}
    problems: dict[str, str] = {}
    uses = 0
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).parts
            if inside[0] == "tornado":
                continue
            source = path.read_bytes()
            if b"tornado" not in source:
                continue
            try:
                visitor = Uses()
                visitor.visit(ast.parse(source))
            except (SyntaxError, ValueError):
                continue  # for another Python
            for name, line in visitor.found:
                uses += 1
                if not is_there(name) and is_released(name, known, whole):
                    problems.setdefault(name, f"{path}:{line}")
    for name, where in sorted(problems.items()):
        print(f"missing: {name}, used at {where}")
    print(f"{uses} uses of Tornado's names, {len(problems)} names missing")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scan", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--add", nargs="+", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.add:
        add(arguments.add)
        return 0
    if arguments.scan:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return scan(arguments.scan)
    return check()


if __name__ == "__main__":
    sys.exit(main())
