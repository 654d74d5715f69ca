"""Text between directives goes in, the same text with its white space reduced comes out."""

from __future__ import annotations

import re

from tornado._template.errors import PUBLIC_MODULE, WhitespaceModeError

__all__ = ["MODES", "check_mode", "default_mode", "filter_whitespace"]

MODES = ("all", "single", "oneline")


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
    # Patterns are compiled at first use and kept by `re`: importing this module stays cheap.
    if mode == "single":
        if "  " in text or "\t" in text:
            text = re.sub(r"[\t ]+", " ", text)
        if "\n" in text:
            # Only from the start of a run: else a long one without a newline would be tried
            # from each of its places.
            text = re.sub(r"(?<!\s)\s*\n\s*", "\n", text)
        return text
    if mode == "oneline":
        return re.sub(r"\s+", " ", text)
    check_mode(mode)
    raise AssertionError("unreachable: check_mode refuses every other mode")


filter_whitespace.__module__ = PUBLIC_MODULE
