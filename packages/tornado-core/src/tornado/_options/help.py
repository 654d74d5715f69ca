"""The definitions of options go in; the text that ``--help`` prints comes out."""

import os
import textwrap
from collections.abc import Mapping

from tornado._options.option import Option

__all__ = ["format_help"]

# Columns: help starts at _INDENT, and lines end before _WIDTH.
_INDENT = 35
_WIDTH = 79


def format_help(program: str, options: Mapping[str, Option]) -> str:
    """Return the help on ``options``, grouped and sorted, without a line end at its end.

    :param program: how the program was called.
    :param options: the definitions by their names with dashes.
    """
    groups: dict[str, list[tuple[str, Option]]] = {}
    for name, option in options.items():
        groups.setdefault(option.group_name or "", []).append((name, option))
    lines = [f"Usage: {program} [OPTIONS]", "", "Options:", ""]
    for group, members in sorted(groups.items()):
        if group:
            lines += ["", f"{os.path.normpath(group)} options:", ""]
        for name, option in sorted(members, key=lambda member: member[0]):
            lines += _entry(name, option)
    return "\n".join([*lines, ""])


def _entry(name: str, option: Option) -> list[str]:
    label = f"  --{name}={option.metavar}" if option.metavar else f"  --{name}"
    text = option.help or ""
    default = option.default
    if isinstance(default, list):
        default = ",".join(map(str, default))
    if default is not None and default != "":
        text = f"{text} (default {default})".lstrip()
    described = textwrap.wrap(text, _WIDTH - _INDENT)
    if len(label) < _INDENT and described:
        described[0] = label.ljust(_INDENT) + described[0]
        first, rest = described[:1], described[1:]
    else:
        first, rest = [label], described
    return first + [" " * _INDENT + line for line in rest]
