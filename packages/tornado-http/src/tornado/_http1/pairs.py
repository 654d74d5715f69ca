"""Headers as pairs of bytes, which is how ASGI has them, without a detour through text.

A client repeats its headers, and an application those of its responses. The pairs of a request are
made once for each block of field lines that is remembered (`Fields`), and the line of a response's
field once for each pair, at most `_MAX_LINES` of at most `_MAX_LINE` bytes. Lines are made by
`HTTPHeaders`, so that what may not be sent is refused here as everywhere; whatever is unusual in a
response (framing, connection options, no content, HTTP/1.0) is left to the common way.
"""

from __future__ import annotations

import enum
import http
from collections.abc import Iterable
from typing import Any

from tornado._http1.connection import _FINISHED, _JOIN_BELOW, HTTP1Connection
from tornado._http1.state import Serving
from tornado._httputil.dates import date_field
from tornado._httputil.headers import HTTPHeaders
from tornado.httputil import HTTPServerRequest

Pair = tuple[bytes, bytes]

_MAX_LINES = 1024
_MAX_LINE = 256

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii")
    for status in http.HTTPStatus
    if status.value >= 200 and status.value not in (204, 304)
}
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
#: Fields that decide on framing or on the connection, or that the server writes.
_UNUSUAL = frozenset(
    (
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
#: Fields that hold secrets, or never the same value twice.
_UNREMEMBERED = frozenset((b"set-cookie", b"etag", b"last-modified", b"www-authenticate"))

_RESPOND = HTTP1Connection.respond
_WRITE_HEADERS = HTTP1Connection.write_headers
_FINISH = HTTP1Connection.finish

#: Stands for the line of a Content-Length, which is made anew.
_LENGTH = b"Content-Length"

_lines: dict[Pair, bytes] = {}


class UnusualFieldError(ValueError):
    """A field that the fast way does not deal with."""


def _line_of(pair: Pair) -> bytes:
    """Return the line of a field that was not seen before.

    :raises ValueError: if it is unusual, or may not be sent.
    """
    name, value = pair
    if type(name) is not bytes or type(value) is not bytes:
        raise UnusualFieldError("expected bytes")
    lower = name.lower()
    if lower in _UNUSUAL:
        raise UnusualFieldError(name)
    if lower == b"content-length":
        return _LENGTH
    headers = HTTPHeaders()
    headers.add(name.decode("latin-1"), value.decode("latin-1"))
    line = headers._lines()[0].encode("latin-1") + b"\r\n"
    if len(line) <= _MAX_LINE and lower not in _UNREMEMBERED:
        if len(_lines) >= _MAX_LINES:
            _lines.clear()
        _lines[pair] = line
    return line


def request_pairs(request: HTTPServerRequest) -> list[Pair]:
    """Return the headers of a request as pairs of bytes, names in lower case; the list is the caller's."""
    headers = request.headers
    connection = request.connection
    head = connection._head if type(connection) is HTTP1Connection else None
    if head is not None:
        fields = head.fields
        known = fields.headers
        if headers._fields == known._fields and headers._repeated == known._repeated:
            pairs = fields.raw_pairs
            if pairs is None:
                pairs = fields.raw_pairs = _pairs_of(known)
            return pairs.copy()
    return _pairs_of(headers)


def _pairs_of(headers: HTTPHeaders) -> list[Pair]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.get_all()
    ]


class Content(enum.Enum):
    """The content of a request that begins."""

    NONE = "none"  #: there is none, or it is empty
    WHOLE = "whole"  #: all of it arrived with the head
    PENDING = "pending"  #: some of it may be still to come


def content_of(request: HTTPServerRequest) -> Content:
    """Return what is known of the content of a request that begins."""
    connection = request.connection
    if type(connection) is not HTTP1Connection or connection._head is None:
        headers = request.headers
        has_content = "Content-Length" in headers or "Transfer-Encoding" in headers
        return Content.PENDING if has_content else Content.NONE
    fields = connection._head.fields
    if not fields.has_content:
        return Content.NONE
    server, length = connection._server, fields.content_length
    if server is None or length is None or server.reader.buffered < length:
        return Content.PENDING
    return Content.WHOLE


def asks_for_websocket(request: HTTPServerRequest) -> bool:
    """Return whether a request asks to speak WebSocket from now on."""
    fields = request.headers._fields
    return (
        "Upgrade" in fields and request.method == "GET" and fields["Upgrade"].lower() == "websocket"
    )


def respond_with_pairs(exchange: Any, status: int, pairs: Iterable[Pair], body: bytes) -> bool:
    """Send a whole response and finish the request, if the response is of the usual kind.

    :param pairs: the headers, names in lower case; a Content-Length and a Date are added.
    :returns: whether that was done. If not, nothing was sent, and `HTTP1Connection.respond` is to be
        called.
    """
    if type(exchange) is not HTTP1Connection or not isinstance(pairs, (list, tuple)):
        return False  # what can be read only once is left to the common way
    server, request = exchange._server, exchange._head
    start = _STATUS_LINES.get(status)
    if (
        start is None
        or server is None
        or request is None
        or exchange._writer is not None
        or request.method not in _METHODS
        or request.fields.version != "HTTP/1.1"
        or exchange.stream.written_by_hand
        or server.phase is not Serving.RESPONDING
        or not server.may_keep_alive(exchange, True)
        # One that somebody replaced is to be called.
        or getattr(exchange.respond, "__func__", None) is not _RESPOND
        or getattr(exchange.write_headers, "__func__", None) is not _WRITE_HEADERS
        or getattr(exchange.finish, "__func__", None) is not _FINISH
    ):
        return False
    parts = [start]
    length = None
    try:
        for pair in pairs:
            line = _lines.get(pair)
            if line is None:
                line = _LENGTH if pair[0] == b"content-length" else _line_of(pair)
            if line is _LENGTH:
                if length is not None:
                    return False
                length = pair[1]
            else:
                parts.append(line)
    except (TypeError, ValueError):
        return False  # the common way finds out what is wrong, if anything is
    size = b"%d" % len(body)
    if length is not None and length != size:
        return False
    parts += b"Content-Length: ", size, b"\r\n", date_field(), b"\r\n"
    if len(body) < _JOIN_BELOW:
        parts.append(body)
        data = b"".join(parts)  # raises for what is no bytes, before anything has happened
        exchange._writer = _FINISHED
        server.send(data)
    else:
        exchange._writer = _FINISHED
        server.send_many((b"".join(parts), body))
    server.exchange_finished(exchange, status, True)
    return True
