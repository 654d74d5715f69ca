"""Fields of a head go in, the length of its content and the fate of its connection come out."""

from __future__ import annotations

import re

from tornado._http1.errors import MessageError, escaped, excerpt
from tornado._httputil.names import TOKEN

_DIGITS = re.compile(r"[0-9]{1,19}\Z")
_MANY_DIGITS = re.compile(r"[0-9]+\Z")

# uri-host [ ":" port ] of RFC 9110 7.2, a comma left out: nobody's name has one, and lists of
# hosts do.
_HOST = re.compile(
    r"(?:\[(?:[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~%-]+)?|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+;=:-]+)\]"
    r"|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*)(?::([0-9]{0,5}))?\Z"
)


def is_host(value: str) -> bool:
    """Return whether ``value`` is a host with an optional port, as a Host field may hold."""
    match = _HOST.match(value)
    return match is not None and int(match.group(1) or 0) <= 65535


def content_length(values: list[str]) -> int | None:
    """Return the length that the Content-Length ``values`` announce, or ``None`` where there are none.

    :raises MessageError: 400 where one is anything but ASCII digits or two differ, 413 where it
        is beyond 19 digits.
    """
    if not values:
        return None
    text = values[0]
    if len(values) > 1 or "," in text:
        several = {one.strip(" \t") for value in values for one in value.split(",")}
        if len(several) != 1:
            raise MessageError(f"Multiple unequal Content-Lengths: {excerpt(', '.join(values))}")
        text = several.pop()
    if _DIGITS.match(text):
        return int(text)
    if _MANY_DIGITS.match(text):
        raise MessageError("Content-Length too long", 413)
    raise MessageError(f"Only integer Content-Length is allowed, not {excerpt(text)}")


def is_chunked(values: list[str], version: str) -> bool:
    """Return whether Transfer-Encoding ``values`` announce chunks: exactly ``chunked``, in HTTP/1.1.

    :raises MessageError: 501 for a coding that is not known here, 400 for everything else that is
        not ``chunked``.
    """
    if not values:
        return False
    if version == "HTTP/1.0":
        raise MessageError("Transfer-Encoding in HTTP/1.0")
    value = ",".join(values)
    if value.lower() == "chunked":
        return True
    codings = [one.strip(" \t") for one in value.lower().split(",")]
    reason = f"Unsupported Transfer-Encoding {escaped(value)}"
    if len(values) == 1 and "chunked" not in codings[:-1] and all(map(TOKEN.match, codings)):
        raise MessageError(reason, 501)
    raise MessageError(reason)


def connection_options(values: list[str]) -> list[str]:
    """Return the options of all Connection lines, in lower case."""
    if len(values) == 1 and "," not in values[0]:
        return [values[0].lower()]
    return [one.strip(" \t").lower() for value in values for one in value.split(",")]


def keeps_alive(options: list[str], version: str) -> bool:
    """Return whether the sender means to go on after this message (RFC 9112 9.3)."""
    if "close" in options:
        return False
    return version != "HTTP/1.0" or "keep-alive" in options
