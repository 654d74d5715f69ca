"""The text of a start line goes in; a named tuple of its three parts comes out."""

from __future__ import annotations

import re
from typing import NamedTuple

from tornado._httputil.errors import HTTPInputError
from tornado._httputil.names import TOKEN

_VERSION = re.compile(r"HTTP/1\.[0-9]\Z")
# Visible characters: ASCII, and the bytes above it that clients send unencoded. (Said by what they are
# not: `re` takes milliseconds to compile a set up to \uffff.)
_TARGET = re.compile(r"[^\x00- \x7f]+\Z")
_STATUS_LINE = re.compile(r"(HTTP/1\.[0-9]) ([0-9]{3})(?: ([^\x00-\x08\n-\x1f\x7f]*))?\Z")


class RequestStartLine(NamedTuple):
    """The start line of a request.

    .. versionadded:: 4.0
    """

    #: The method, such as ``GET``.
    method: str
    #: The request's target: path and query in almost every case.
    path: str
    #: ``HTTP/1.1`` or ``HTTP/1.0``.
    version: str


class ResponseStartLine(NamedTuple):
    """The start line of a response.

    .. versionadded:: 4.0
    """

    #: ``HTTP/1.1`` or ``HTTP/1.0``.
    version: str
    #: The status code, of three digits.
    code: int
    #: The reason phrase; it may be empty.
    reason: str


def parse_request_start_line(line: str) -> RequestStartLine:
    """Return the parts of a request's start line.

    >>> parse_request_start_line("GET /spam?eggs=2 HTTP/1.1")
    RequestStartLine(method='GET', path='/spam?eggs=2', version='HTTP/1.1')

    :param line: the line without its line end.
    :raises HTTPInputError: if it is not three parts with one space between each two, if the method
        is no token, if the target holds a space or a control character, or if the version is not of
        HTTP/1.

    .. versionadded:: 4.0
    """
    parts = line.split(" ")
    if len(parts) != 3 or not TOKEN.match(parts[0]) or not _TARGET.match(parts[1]):
        raise HTTPInputError("Malformed HTTP request line")
    method, target, version = parts
    if not _VERSION.match(version):
        raise HTTPInputError(f"Unexpected HTTP version {version[:20]!r}")
    return RequestStartLine(method, target, version)


def parse_response_start_line(line: str) -> ResponseStartLine:
    """Return the parts of a response's start line.

    >>> parse_response_start_line("HTTP/1.1 404 Not Found")
    ResponseStartLine(version='HTTP/1.1', code=404, reason='Not Found')

    :param line: the line without its line end. The reason, and the space before it, may be missing.
    :raises HTTPInputError: if it is no status line of HTTP/1.

    .. versionadded:: 4.0
    """
    match = _STATUS_LINE.match(line)
    if match is None:
        raise HTTPInputError("Error parsing response start line")
    version, code, reason = match.groups()
    return ResponseStartLine(version, int(code), reason or "")


for _exported in (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
):
    _exported.__module__ = "tornado.httputil"
