r"""Names of released versions' `tornado.httputil` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tornado._httputil.cookies import _unescaped
from tornado._httputil.names import TOKEN_TEXT, normal_form

HTTP_WHITESPACE = " \t"

_CRLF_RE = re.compile(r"\r?\n")
_FORBIDDEN_HEADER_CHARS_RE = re.compile(r"[\x00-\x08\x0A-\x1F\x7F]")
_netloc_re = re.compile(r"^(.+):(\d+)$")

# Of quoted cookies: three octal digits, or any character, behind a backslash.
_OctalPatt = re.compile(r"\\[0-3][0-7][0-7]")
_QuotePatt = re.compile(r"[\\].")
_nulljoin = "".join
_unquote_replace = _unescaped
_unquote_sub = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))").sub


class _ABNF:
    """Patterns of rules in RFC 9110 and RFC 9112, on text in which each character is a byte."""

    token = re.compile(TOKEN_TEXT)
    field_name = token
    field_value = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
    request_target = re.compile(r"[!-~\x80-\xff]+")
    reason_phrase = re.compile(r"[\t -~\x80-\xff]+")


class _NormalizedHeaderCache(dict[str, str]):
    """Header names in any case to their normal form.

    :param size: names that are remembered, at most.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __missing__(self, key: str) -> str:
        normal = normal_form(key)
        if len(self) >= self.size:
            self.clear()
        self[key] = normal
        return normal


_normalized_headers = _NormalizedHeaderCache(1000)


def _int_or_none(val: str) -> int | None:
    """Return the number that ``val`` is, ``None`` if it is blank.

    :raises ValueError: if it is anything else.
    """
    val = val.strip()
    return int(val) if val else None


def _parseparam(s: str) -> Iterator[str]:
    """Yield what stands between semicolons in ``s``, which begins with one.

    A semicolon inside double quotes does not count.
    """
    start = 1
    is_quoted = False
    if s[:1] != ";":
        return
    for position, character in enumerate(s):
        if position == 0:
            continue
        if character == '"' and s[position - 1] != "\\":
            is_quoted = not is_quoted
        elif character == ";" and not is_quoted:
            yield s[start:position].strip()
            start = position + 1
    yield s[start:].strip()
