"""One wording, in all distributions, for arguments of a wrong type."""

from __future__ import annotations

__all__ = ["wrong_type"]


def wrong_type(function: str, value: object, taken: str) -> TypeError:
    """Return the error to raise where ``function`` was given a value that it does not take.

    :param function: what the caller wrote: ``"utf8()"``, ``"the option port"``.
    :param value: what was given. If it can be awaited, the error asks whether that was forgotten.
    :param taken: the types taken, in words.
    """
    hint = ": did you forget await?" if hasattr(value, "__await__") else ""
    return TypeError(f"{function} takes {taken}, got {type(value).__name__}{hint}")
