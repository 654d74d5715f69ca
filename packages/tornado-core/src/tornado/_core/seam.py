"""What other distributions may use of ``tornado-core`` beyond its public API.

- `legacy`: names that released versions of a public module had. A module calls
  ``legacy.provide(__name__)`` once, after its imports, and ``legacy.find(__name__, name)`` where it
  has a ``__getattr__`` of its own. Neither imports anything before such a name is used.
- `printable`: text that comes from a peer, made harmless for a log record.
- `not_callable`, `check_callback`: the error for a callback that cannot be called, and a check.
- `wrong_type`: the error for an argument of a wrong type, in one wording everywhere.

The functions have no state; only `check_callback` raises. Importing this module imports no loop.
"""

from __future__ import annotations

from tornado import _legacy as legacy

__all__ = ["check_callback", "legacy", "not_callable", "printable", "wrong_type"]

#: C0, DEL and C1: line ends, which would forge records, and what terminals take for commands.
_CONTROLS = {number: f"\\x{number:02x}" for number in [*range(0x20), *range(0x7F, 0xA0)]}
# What Unicode ends lines with, and what turns the order of characters around.
_CONTROLS |= {
    number: f"\\u{number:04x}"
    for number in [*range(0x2028, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F]
}


def printable(text: str) -> str:
    r"""Return ``text`` with control characters written as ``\x0a``; for text that comes from a peer.

    To be used on every part of a request or response that enters a log message.
    """
    # Most text needs nothing, and this test is faster than a translation.
    return text if text.isprintable() else text.translate(_CONTROLS)


def wrong_type(function: str, value: object, taken: str) -> TypeError:
    """Return the error to raise where ``function`` was given a value that it does not take.

    :param function: what the caller wrote: ``"utf8()"``, ``"the option port"``.
    :param value: what was given. If it can be awaited, the error asks whether that was forgotten.
    :param taken: the types taken, in words.
    """
    hint = ": did you forget await?" if hasattr(value, "__await__") else ""
    return TypeError(f"{function} takes {taken}, got {type(value).__name__}{hint}")


def not_callable(function: str, value: object) -> TypeError:
    """Return the error to raise where ``function`` was given ``value`` as a callback.

    A coroutine or a future in its place is the result of a function that was called too early.
    """
    name = type(value).__name__
    hint = ": pass the function, without calling it" if hasattr(value, "__await__") else ""
    return TypeError(f"{function} takes a function as callback, got {name}{hint}")


def check_callback(function: str, value: object) -> None:
    """Refuse a callback that cannot be called; ``None`` stands for having none.

    :raises TypeError: see `not_callable`.
    """
    if value is not None and not callable(value):
        raise not_callable(function, value)
