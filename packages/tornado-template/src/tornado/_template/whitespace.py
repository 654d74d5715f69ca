"""Text between directives goes in, the same text with its white space reduced comes out."""

from __future__ import annotations

import re

from tornado._template.errors import PUBLIC_MODULE, WhitespaceModeError

__all__ = ["MODES", "check_mode", "default_mode", "filter_whitespace"]

MODES = ("all", "single", "oneline")

_BLANKS = re.compile(r"[\t ]+")
# Only from the start of a run: else a long one without a newline would be tried from each place.
_AROUND_NEWLINE = re.compile(r"(?<!\s)\s*\n\s*")
_ANY_RUN = re.compile(r"\s+")


def check_mode(mode: str, filename: str | None = None, lineno: int = 0) -> str:
    """Return *mode*, or raise :exc:`WhitespaceModeError` when it names no mode."""
    if mode not in MODES:
        message = f"invalid whitespace mode {mode!r}, expected one of: {', '.join(MODES)}"
        raise WhitespaceModeError(message, filename, lineno)
    return mode


def default_mode(name: str) -> str:
    """Return the mode for a template called *name* for which nothing else was chosen."""
    return "single" if name.endswith((".html", ".js")) else "all"


def filter_whitespace(mode: str, text: str) -> str:
    """Transform the white space in *text* according to *mode*.

    :param mode: one of

        * ``all``: return the text unchanged;
        * ``single``: replace each run of white space by a single blank, or by a single newline
          where the run holds one;
        * ``oneline``: replace each run of white space, newlines included, by a single blank.
    :param text: the text between two directives.
    :returns: the transformed text.
    :raises ValueError: for any other mode.

    .. versionadded:: 4.3
    """
    if mode == "all":
        return text
    if mode == "single":
        if "  " in text or "\t" in text:
            text = _BLANKS.sub(" ", text)
        if "\n" in text:
            text = _AROUND_NEWLINE.sub("\n", text)
        return text
    if mode == "oneline":
        return _ANY_RUN.sub(" ", text)
    check_mode(mode)
    raise AssertionError("unreachable: check_mode refuses every other mode")


filter_whitespace.__module__ = PUBLIC_MODULE
