"""The subcommands, and what is common to them: arguments, and errors in one line."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from collections.abc import Sequence
from typing import Any

import tornado
from tornado._cli.errors import FAILED, NO_APPLICATION, CommandError
from tornado._cli.options import add_arguments
from tornado._cli.targets import load


def main(argv: Sequence[str] | None = None, program: str = "tornado") -> int:
    """Run a command line and return its exit status.

    :param argv: the arguments; those of the process by default.
    :param program: how the command is called in messages.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(program)
    arguments = parser.parse_args(given)
    command = getattr(arguments, "command", None)
    if command is None:
        parser.print_help()
        return 2
    name = arguments.__dict__.pop("command_name")
    del arguments.command
    try:
        status: int = command(arguments, given)
        return status
    except CommandError as error:
        print(f"{program} {name}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return FAILED


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Tornado, from the command line.")
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, command: Any, summary: str, **options: Any) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", **options
        )
        made.set_defaults(command=command, command_name=name)
        return made

    serving = add(
        "serve",
        _serve,
        "serve a Tornado, ASGI or WSGI application",
        epilog="Every option may also be set in the environment (--max-body-size as"
        " TORNADO_MAX_BODY_SIZE) or in a TOML file (see --config). Sizes take the suffixes K, M and G;"
        " times are seconds. SIGTERM ends the server in order, SIGHUP replaces its workers.",
    )
    serving.add_argument(
        "target",
        metavar="TARGET",
        help="module:name of the application, or of a function that makes it",
    )
    add_arguments(serving)
    for name, command, summary in (
        ("routes", _routes, "list the routes of a Tornado application"),
        (
            "check",
            _check,
            "look for mistakes in the settings and templates of a Tornado application",
        ),
    ):
        looking = add(name, command, summary)
        looking.add_argument("target", metavar="TARGET", help="module:name of the application")
        looking.add_argument("--app-dir", default=".", help="where modules are looked for first")
        looking.add_argument(
            "--factory",
            action="store_true",
            help="the target is a function that makes the application",
        )
    from tornado._cli.fetching import add_fetch_arguments, fetch

    add_fetch_arguments(add("fetch", fetch, "send a request and show the response"))
    add("version", _version, "show which distributions are installed")
    return parser


def _serve(arguments: argparse.Namespace, given: list[str]) -> int:
    from tornado._cli.serve import serve

    return serve(arguments, given)


def _application(arguments: argparse.Namespace) -> Any:
    target = load(arguments.target, "auto", arguments.factory, arguments.app_dir)
    if not hasattr(target.application, "default_router"):
        raise CommandError(f"{target.name} is no tornado.web.Application", NO_APPLICATION)
    return target.application


def _routes(arguments: argparse.Namespace, given: list[str]) -> int:
    from tornado._cli.inspecting import routes

    rows = routes(_application(arguments))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
        )
    return 0


def _check(arguments: argparse.Namespace, given: list[str]) -> int:
    from tornado._cli.inspecting import problems

    found = list(problems(_application(arguments)))
    for problem in found:
        print(problem)
    print(
        f"{len(found)} problem{'s' if len(found) != 1 else ''} found"
        if found
        else "no problems found"
    )
    return FAILED if found else 0


def _version(arguments: argparse.Namespace, given: list[str]) -> int:
    print(f"Tornado {tornado.version}, Python {platform.python_version()}, {platform.platform()}")
    for distribution in sorted(
        importlib.metadata.distributions(), key=lambda each: str(each.metadata["Name"])
    ):
        name = str(distribution.metadata["Name"])
        if name == "tornado" or name.startswith("tornado-") or name in _COMPANIONS:
            print(f"  {name} {distribution.version}")
    return 0


#: What else matters in a report of a fault.
_COMPANIONS = {"uvloop", "pycurl", "pycares", "twisted", "redis"}
