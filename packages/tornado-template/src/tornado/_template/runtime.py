"""Values of expressions go in, text comes out: the functions that generated code calls.

Everything is ``str`` until a template is done, and is encoded once. The one exception is bytes
that are not UTF-8 and are output raw: see :func:`encode`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from tornado.escape import xhtml_escape

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "apply",
    "custom_escape",
    "encode",
    "escape_text",
    "escaper",
    "fill",
    "fill_escaped",
    "raw_text",
    "text",
]


def text(value: object) -> str:
    """Return *value* as exactly a ``str``: bytes decoded from UTF-8, anything else by ``str()``."""
    if isinstance(value, str):
        # Of a subclass its characters count, not what it makes of itself.
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, bytes):
        return bytes.decode(value)
    return str(value)


def escape_text(value: Any) -> str:
    """Return *value* as text that is safe in HTML, what ``xhtml_escape`` makes of it."""
    if type(value) is not str:
        if type(value) is int:
            return str(value)
        value = text(value)
    plain: str = value
    if "&" in plain or "<" in plain or ">" in plain or '"' in plain or "'" in plain:
        return _replace_special(plain)
    return plain


def _replace_special(value: str) -> str:
    return (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )


# --- bytes that are not UTF-8 ---------------------------------------------------------------

# Raw output may hold any bytes. They travel inside the text as a lone surrogate, a secret of this
# process and their hexadecimal digits: no text from outside can pretend to be such bytes, and
# encoding fails on the surrogate, so that only templates which use this pay for it.
_SECRET = os.urandom(16).hex()
_MARK = "\udfff"


def raw_text(value: Any) -> str:
    """Return *value* as :func:`text` does; bytes that are not UTF-8 reach the output unchanged."""
    if isinstance(value, bytes):
        try:
            return bytes.decode(value)
        except UnicodeDecodeError:
            return f"{_MARK}{_SECRET}:{value.hex()};"
    return text(value)


def encode(output: str) -> bytes:
    """Return the output of a template as bytes in UTF-8.

    :raises UnicodeEncodeError: when an expression gave a lone surrogate.
    """
    try:
        return output.encode()
    except UnicodeEncodeError:
        if _SECRET not in output:
            raise
    pieces = re.split(f"{_MARK}{_SECRET}:([0-9a-f]*);", output)
    return b"".join(
        bytes.fromhex(piece) if index % 2 else piece.encode() for index, piece in enumerate(pieces)
    )


# --- functions that a template names --------------------------------------------------------


def custom_escape(function: Callable[[bytes], Any], value: Any) -> str:
    """Return what an autoescape *function* makes of *value*, which it gets as bytes."""
    if function is xhtml_escape:
        return escape_text(value)
    return _result(function(text(value).encode()), "autoescape", function)


def apply(function: Callable[[bytes], Any], body: str) -> str:
    """Return what the *function* of an ``{% apply %}`` makes of the body, which it gets as bytes."""
    return _result(function(encode(body)), "apply", function)


def _result(value: Any, role: str, function: object) -> str:
    if isinstance(value, (str, bytes)):
        return raw_text(value)
    name = getattr(function, "__name__", repr(function))
    message = f"{role} function {name} returned {type(value).__name__}, expected str or bytes"
    raise TypeError(message)


def escaper(function: Callable[[bytes], Any]) -> Callable[[Any], str]:
    """Return how to escape one value where ``xhtml_escape`` means *function* in the namespace."""
    if function is xhtml_escape:
        return escape_text
    return lambda value: custom_escape(function, value)


# --- loops ----------------------------------------------------------------------------------


def fill_escaped(formats: list[str], values: list[str]) -> str:
    """Return the joined *formats* with their ``%s`` filled by the *values*, escaped for HTML.

    All values are escaped in one go, which costs a fraction of escaping them one by one.
    """
    joined = "\0".join(values)
    if "&" in joined or "<" in joined or ">" in joined or '"' in joined or "'" in joined:
        escaped = _replace_special(joined).split("\0")
        if len(escaped) != len(values):  # a value holds a NUL itself
            escaped = [escape_text(value) for value in values]
        values = escaped
    return "".join(formats) % tuple(values)


def fill(formats: list[str], values: list[str]) -> str:
    """Return the joined *formats* with their ``%s`` filled by the *values* as they are."""
    return "".join(formats) % tuple(values)
