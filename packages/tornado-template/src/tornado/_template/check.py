"""A directory goes in; each of its templates is compiled, and what is wrong is reported.

The command ``python -m tornado.template check DIR``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from tornado._template.errors import ParseError
from tornado._template.extending import registered
from tornado._template.loaders import Loader
from tornado._template.whitespace import MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tornado._template.extending import Directive

__all__ = ["Problem", "check_directory", "main"]


class Problem:
    """Something wrong with a template: where, what, and the text of the line."""

    __slots__ = ("lineno", "message", "name", "text")

    def __init__(self, name: str, lineno: int, message: str, text: str) -> None:
        self.name = name
        self.lineno = lineno
        self.message = message
        self.text = text


def template_names(directory: str, patterns: Sequence[str]) -> Iterator[str]:
    """Yield, sorted, the names of the files below *directory* that match one of *patterns*.

    Hidden files and directories are left out, and so are binary files.
    """
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            path = os.path.join(folder, file)
            name = os.path.relpath(path, directory).replace(os.sep, "/")
            if (
                not file.startswith(".")
                and any(fnmatch(name, pattern) for pattern in patterns)
                and not _is_binary(path)
            ):
                yield name


def _is_binary(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"\0" in file.read(8192)
    except OSError:
        return False  # let loading it report why


def check_directory(
    directory: str,
    patterns: Sequence[str] = ("*",),
    autoescape: str | None = "xhtml_escape",
    whitespace: str | None = None,
    directives: Iterable[Directive] = (),
) -> tuple[int, list[Problem]]:
    """Compile every template below *directory*.

    :param patterns: which files are templates, as shell patterns for their paths.
    :param autoescape: as for the application's loader.
    :param whitespace: as for the application's loader.
    :param directives: as for the application's loader.
    :returns: how many templates there are, and what is wrong with them.
    """
    loader = Loader(directory, autoescape=autoescape, whitespace=whitespace, directives=directives)
    problems: list[Problem] = []
    seen: set[tuple[str, int, str]] = set()
    count = 0
    for name in template_names(directory, patterns):
        count += 1
        try:
            # One that another template refers to is loaded already, but not compiled by itself.
            _ = loader.load(name).code
        except (ParseError, OSError, UnicodeDecodeError) as error:
            problem = _problem(loader, name, error)
            identity = (problem.name, problem.lineno, problem.message)
            if identity not in seen:  # each template that includes a broken one trips over it
                seen.add(identity)
                problems.append(problem)
    return count, problems


def _problem(loader: Loader, name: str, error: Exception) -> Problem:
    lineno = 0
    message = str(error)
    if isinstance(error, ParseError):
        name = error.filename or name
        lineno = error.lineno
        message = error.message
    elif isinstance(error, OSError):
        name, lineno = error.__dict__.get("template_location", (name, 0))
        message = f"{error.strerror}: {error.filename}"
    elif isinstance(error, UnicodeDecodeError):
        lineno = error.object.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: {error.reason} at byte {error.start}"
    return Problem(name, lineno, message, _line(loader.source_path(name), lineno))


def _line(path: str, lineno: int) -> str:
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return ""
    if not 0 < lineno <= len(lines):
        return ""
    return lines[lineno - 1].decode("utf-8", "backslashreplace").strip()


def _directives(target: str) -> list[Directive]:
    """Return the directive, or the directives, that ``MODULE:NAME`` names."""
    module, colon, name = target.partition(":")
    if not colon:
        raise ValueError("expected MODULE:NAME")
    found = getattr(importlib.import_module(module), name)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status: 0 all compile, 1 some do not, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="python -m tornado.template", description="Work with templates."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="compile every template below a directory and report errors",
        description="Compile every template below a directory. Each error is reported as"
        " PATH:LINE: MESSAGE, with the line's text below. Exit status: 0 if all compile, 1 if"
        " some do not, 2 if there is nothing to check.",
    )
    check.add_argument("directory", metavar="DIR", help="the loader's root directory")
    check.add_argument(
        "--match",
        metavar="PATTERN",
        action="append",
        help="check only paths that match, such as '*.html' (may be repeated; default: all files)",
    )
    check.add_argument("--autoescape", default="xhtml_escape", help="default: %(default)s")
    check.add_argument("--whitespace", choices=MODES, help="default: by file name")
    check.add_argument(
        "--directives",
        metavar="MODULE:NAME",
        action="append",
        default=[],
        help="a directive of the application, or a list of them (may be repeated)",
    )
    check.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)

    if not os.path.isdir(options.directory):
        print(f"{options.directory}: no such directory", file=sys.stderr)
        return 2
    autoescape = None if options.autoescape == "None" else options.autoescape
    directives: list[Directive] = []
    for target in options.directives:
        try:
            directives.extend(_directives(target))
        except (ImportError, AttributeError, ValueError) as error:
            print(f"--directives {target}: {error}", file=sys.stderr)
            return 2
    try:
        registered(directives)
    except (TypeError, ValueError) as error:
        print(f"--directives: {error}", file=sys.stderr)
        return 2
    count, problems = check_directory(
        options.directory, options.match or ["*"], autoescape, options.whitespace, directives
    )
    for problem in problems:
        path = os.path.join(options.directory, problem.name)
        print(f"{path}:{problem.lineno}: {problem.message}")
        if problem.text:
            print(f"    {problem.text}")
    if not options.quiet:
        print(f"{count} templates checked, {len(problems)} errors")
    if not count:
        print(f"{options.directory}: no templates found", file=sys.stderr)
        return 2
    return 1 if problems else 0
