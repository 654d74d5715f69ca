"""The value of a Cookie field goes in; a dictionary of names and values comes out."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def _unescaped(match: re.Match[str]) -> str:
    octal: str | None = match.group(1)
    if octal is not None:
        return chr(int(octal, 8))
    character: str = match.group(2)
    return character


def _unquote_cookie(value: str) -> str:
    """Return ``value`` without the quotes and backslashes that `http.cookies` adds."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    value = value[1:-1]
    return _ESCAPED.sub(_unescaped, value) if "\\" in value else value


def parse_cookie(cookie: str) -> dict[str, str]:
    r"""Return the names and values in ``cookie``, the value of a Cookie field.

    >>> parse_cookie('session=38afes7a8; theme="dark\\054 warm"')
    {'session': '38afes7a8', 'theme': 'dark, warm'}

    It is taken apart as browsers do: every semicolon ends a cookie, one inside quotes too, so no
    cookie's value can pass for another cookie. What has no ``=`` is a value whose name is empty.
    Of cookies with one name the last one counts.

    .. versionadded:: 4.4.2
    """
    cookies: dict[str, str] = {}
    for part in cookie.split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            name, value = "", name
        name, value = name.strip(), value.strip()
        if name or value:
            cookies[name] = _unquote_cookie(value)
    return cookies


parse_cookie.__module__ = "tornado.httputil"
