#!/usr/bin/env python3
"""Check every import of the sources, and print the offending lines.

usage: python3 tools/check_layers.py [--root DIR] [--graph]

Imports inside functions and below ``if TYPE_CHECKING`` count like any other. An import is a defect when

- the distribution it stands in does not require, directly or through its siblings, the distribution
  that holds the imported module;
- it takes a private module or a private name from another distribution, other than what stands in
  that distribution's one ``seam.py``;
- it closes a circle: following imports, one comes back to the module in which it stands. Circles that
  are known stand in a table, to be cut.

--graph prints the declared arrows instead, a distribution a line: its name, in brackets the public
modules it holds, and what it requires. The documentation's picture is drawn from the same.
"""

from __future__ import annotations

import argparse
import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import _bootstrap

if TYPE_CHECKING:
    from _workspace import Distribution

# Import name -> project name, where the two differ.
PROJECTS = {"MySQLdb": "mysqlclient", "OpenSSL": "pyopenssl", "zope": "zope-interface"}

# Projects that are part of another's public interface: who requires the one has the other.
IMPLIED = {"twisted": {"zope-interface"}}

# Modules that only a host which already has it loads: pytest loads the plugin it finds.
HOSTED = {("tornado-testing", "pytest"), ("tornado-testing", "_pytest")}

# The circles that are still there: a name leaves this table when its circle is cut, and none is added.
KNOWN_CIRCLES = [
    # A connection names the server and the client that use it, and picks one of them where it reads.
    "tornado._http1: client connection content lending pacing server single",
    # `IOStream.start_tls` returns an `SSLIOStream`, which is an `IOStream`; types only.
    "tornado._iostream: plain tls",
    # `RequestHandler.application` is an `Application`, `UIModule.handler` a `RequestHandler`; types only.
    "tornado._web: application arguments cookies delegate execution failure handler identity output"
    " rendering special state static uimodules versions xsrf",
]
KNOWN_CIRCLES_AT_RUN_TIME = ["tornado._http1: connection lending pacing server single"]


@functools.cache
def imports(text: str, package: tuple[str, ...]) -> list[tuple[int, str, bool]]:
    """Return every import in ``text``, the source of a module of ``package``.

    :returns: triples of the line, the dotted name, and whether it is for type checkers only.
    """
    tree = ast.parse(text)
    typed = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for statement in block.body
        for node in ast.walk(statement)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, node in typed) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [
                (node.lineno, f"{module}.{alias.name}", node in typed) for alias in node.names
            ]
    return found


def owners(distributions: dict[str, Distribution]) -> tuple[dict[str, str], list[str]]:
    """Return module -> distribution for the whole workspace, and complaints about shared files."""
    owner: dict[str, str] = {}
    problems = []
    for distribution in distributions.values():
        for module in distribution.modules():
            if module in owner:
                problems.append(f"{module} lies in {owner[module]} and in {distribution.name}")
            owner.setdefault(module, distribution.name)
    return owner, problems


def find_owner(name: str, owner: dict[str, str]) -> str | None:
    """Return the distribution of the longest leading part of `name` that is a module."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        found = owner.get(".".join(parts[:length]))
        if found and (length > 1 or len(parts) == 1):
            return found
    # `from tornado import version`: a name of the namespace itself
    if len(parts) == 2 and parts[1] in ("version", "version_info"):
        return owner.get("tornado")
    return None


def check_distribution(
    distribution: Distribution, distributions: dict[str, Distribution], owner: dict[str, str]
) -> Iterator[str]:
    """Yield a line for every import of `distribution` that its requirements do not cover."""
    from _workspace import closure, requirement_name  # needs the tools' environment on 3.10

    siblings = closure(distribution.name, distributions) | {distribution.name}
    declared = {requirement_name(r) for name in siblings for r in distributions[name].requires}
    declared |= {implied for name in declared for implied in IMPLIED.get(name, ())}
    optional = {requirement_name(r) for rs in distribution.extras.values() for r in rs}
    optional |= {
        s for name in optional & distributions.keys() for s in closure(name, distributions)
    }
    for path in sorted(distribution.source.rglob("*.py")):
        relative = path.relative_to(distribution.source.parent)
        for line, name, _ in imports(path.read_text("utf-8"), relative.parts[:-1]):
            where = f"{path.relative_to(distribution.folder.parent.parent)}:{line}"
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "__future__":
                continue
            if top != "tornado":
                project = requirement_name(PROJECTS.get(top, top))
                known = project in declared or project in optional
                if not known and (distribution.name, top) not in HOSTED:
                    yield f"{where}: imports {name}, which {distribution.name} does not require"
                continue
            home = find_owner(name, owner)
            if home is None:
                yield f"{where}: imports {name}, which no distribution holds"
            elif home not in siblings and home not in optional:
                yield f"{where}: imports {name} of {home}, which {distribution.name} does not require"


def is_private(name: str) -> bool:
    """Return whether any part of the dotted ``name`` begins with one underscore."""
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def module_of(name: str, owner: dict[str, str]) -> str | None:
    """Return the longest leading part of the dotted ``name`` that is a module of the workspace."""
    while name not in owner:
        name, _, last = name.rpartition(".")
        if not last:
            return None
    return name


def check_seams(distributions: dict[str, Distribution], owner: dict[str, str]) -> Iterator[str]:
    """Yield a line for every private import across distributions that bypasses a seam."""
    for distribution in distributions.values():
        seams = [module for module in distribution.modules() if module.endswith(".seam")]
        if len(seams) > 1:
            yield f"{distribution.name} has {len(seams)} seams, expected one: {', '.join(seams)}"
        for where, _, name, _ in every_import(distribution):
            module = module_of(name, owner) if is_private(name) else None
            if module is None or owner[module] == distribution.name:
                continue
            home = owner[module]
            if not module.endswith(".seam") or is_private(name[len(module) :]):
                yield f"{where}: imports {name} of {home}, which is private there and not in its seam"


def every_import(distribution: Distribution) -> Iterator[tuple[str, str, str, bool]]:
    """Yield (place, importing module, imported name, whether it is for types only) for every import."""
    for path in sorted(distribution.source.rglob("*.py")):
        parts = path.relative_to(distribution.source.parent).with_suffix("").parts
        package = parts[:-1]
        module = ".".join(package if parts[-1] == "__init__" else parts)
        place = path.relative_to(distribution.folder.parent.parent)
        for line, name, is_typed in imports(path.read_text("utf-8"), package):
            yield f"{place}:{line}", module, name, is_typed


def circles(
    distributions: dict[str, Distribution], owner: dict[str, str], at_run_time: bool = False
) -> list[str]:
    """Return the groups of modules that import each other in a circle, each as a line of text.

    :param at_run_time: leave out imports for type checkers.

    The namespace itself imports its modules when they are used, and belongs to no circle.
    """
    targets: dict[str, set[str]] = {}
    for distribution in distributions.values():
        for _, module, name, is_typed in every_import(distribution):
            target = module_of(name, owner)
            if target not in (None, "tornado", module) and not (at_run_time and is_typed):
                targets.setdefault(module, set()).add(target)
    reachable = {module: _reachable(module, targets) for module in targets}
    groups = {
        tuple(sorted(m for m in found if module in reachable.get(m, ())))
        for module, found in reachable.items()
        if module in found
    }
    return [_described(group) for group in sorted(groups)]


def _described(group: tuple[str, ...]) -> str:
    """Return a circle as ``"package: module module"``, or as whole names if they share no package."""
    packages = {name.rpartition(".")[0] for name in group}
    if len(packages) > 1:
        return " ".join(group)
    return f"{packages.pop()}: {' '.join(name.rpartition('.')[2] for name in group)}"


def _reachable(start: str, targets: dict[str, set[str]]) -> set[str]:
    """Return every module that ``start`` imports, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def check_circles(distributions: dict[str, Distribution], owner: dict[str, str]) -> Iterator[str]:
    """Yield a line for each circle that is not in the tables of those that are known."""
    for found in circles(distributions, owner):
        if found not in KNOWN_CIRCLES:
            yield f"import circle in {found}"
    for found in circles(distributions, owner, at_run_time=True):
        if found not in KNOWN_CIRCLES_AT_RUN_TIME:
            yield f"import circle at run time in {found}"


def check_arrows(distributions: dict[str, Distribution]) -> Iterator[str]:
    """Yield a line for every declared requirement that points up the table of layers."""
    from _workspace import LAYERS, requirement_name  # needs the tools' environment on 3.10

    for name, distribution in distributions.items():
        for requirement in distribution.requires:
            sibling = requirement_name(requirement)
            if sibling in distributions and LAYERS.index(sibling) >= LAYERS.index(name):
                yield f"{name} requires {sibling}, which stands above it"


def graph(root: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return distribution -> (its public modules, the projects it requires), lowest layer first."""
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    arrows = {}
    for name, distribution in _workspace.load(root).items():
        modules = [
            module.removeprefix("tornado.")
            for module in distribution.modules()
            if not any(part.startswith("_") for part in module.split("."))
        ]
        requires = [_workspace.requirement_name(each) for each in distribution.requires]
        arrows[name] = (modules, requires)
    return arrows


def check(root: Path) -> list[str]:
    """Return every complaint about the workspace below `root`."""
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    distributions = _workspace.load(root)
    owner, problems = owners(distributions)
    problems += check_arrows(distributions)
    for distribution in distributions.values():
        problems += check_distribution(distribution, distributions, owner)
    problems += check_seams(distributions, owner)
    problems += check_circles(distributions, owner)
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=_bootstrap.ROOT)
    parser.add_argument("--graph", action="store_true", help="print the declared arrows")
    arguments = parser.parse_args()
    _bootstrap.enter()
    if arguments.graph:
        for name, (modules, requires) in graph(arguments.root).items():
            print(f"{name} [{', '.join(modules)}] -> {', '.join(requires)}")
        return 0
    problems = check(arguments.root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} imports or requirements are wrong" if problems else "layers hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
