"""Values of older releases' `tornado.util` and `tornado.log` that programs import."""

from __future__ import annotations

import re
import string
from typing import Any

__all__ = [
    "_alphanum",
    "_re_unescape_pattern",
    "_re_unescape_replacement",
    "_safe_unicode",
    "_websocket_mask_python",
]

_alphanum = frozenset(string.ascii_letters + string.digits)
_re_unescape_pattern = re.compile(r"\\(.)", re.DOTALL)


def _re_unescape_replacement(match: re.Match[str]) -> str:
    """Return the character that a backslash stood before, if `re.escape` may have put it there."""
    character: str = match.group(1)
    if character in _alphanum:
        raise ValueError(f"cannot unescape '\\{character}': re.escape never writes that")
    return character


def _websocket_mask_python(mask: bytes, data: bytes) -> bytes:
    """Return ``data`` combined with the repeated ``mask`` of four bytes by exclusive or."""
    if len(mask) != 4:
        raise ValueError(f"mask has {len(mask)} bytes, expected 4")
    size = len(data)
    key = (bytes(mask) * (size // 4 + 1))[:size]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(key, "little")
    return mixed.to_bytes(size, "little")


def _safe_unicode(s: Any) -> str:
    """Return text and UTF-8 as text, anything else as its `repr`."""
    if isinstance(s, str):
        return s
    if isinstance(s, bytes):
        try:
            return s.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return repr(s)
