"""Constants and functions of older releases' `tornado.escape` that programs import.

See `tornado._legacy`.
"""

from __future__ import annotations

import html.entities
import re

from tornado._escape.percent import unquote_to_bytes

#: Types that `tornado.escape.utf8` and `tornado.escape.to_unicode` return as they are.
_UTF8_TYPES = (bytes, type(None))
_TO_UNICODE_TYPES = (str, type(None))
_BASESTRING_TYPES = (str, type(None))

_XHTML_ESCAPE_RE = re.compile("[&<>\"']")
_XHTML_ESCAPE_DICT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}

_PERCENT_EQUALS_SWAP = bytes.maketrans(b"%=", b"=%")

#: A URL in text that was escaped for HTML: group 1 is all of it, 2 the protocol, 3 its slashes.
_URL_RE = re.compile(
    r"""\b((?:([\w-]+):(/{1,3})|www[.])"""
    r"""(?:(?:&amp;|&quot;|[^\s&()])*[^\s!"#$%&'()*+,.:;<=>?@\[\\\]^`{|}~]"""
    r"""|\((?:&amp;|&quot;|[^\s&()])*\))+)"""
)

_unquote_to_bytes = unquote_to_bytes


def _build_unicode_map() -> dict[str, str]:
    """Return the named characters of HTML 4: name without ``&`` and ``;`` to character."""
    return {name: chr(number) for name, number in html.entities.name2codepoint.items()}


_HTML_UNICODE_MAP = _build_unicode_map()


def _convert_entity(m: re.Match[str]) -> str:
    """Return what a character reference stands for; itself if it stands for nothing.

    :param m: group 1 is ``#`` or empty, group 2 the number (``x`` in front of hexadecimal digits)
        or the name.
    """
    sign, reference = m.group(1), m.group(2)
    if sign != "#":
        return _HTML_UNICODE_MAP.get(reference, f"&{reference};")
    try:
        if reference[:1].lower() == "x":
            return chr(int(reference[1:], 16))
        return chr(int(reference))
    except (ValueError, OverflowError):
        return f"&#{reference};"
