"""The bytes of a head go in; an object with every fact that framing needs comes out.

A client on a kept-alive connection repeats its field lines byte for byte. What was found in a
block of field lines (`Fields`: version, headers, framing) is therefore remembered under the bytes
of the block, at most `_MAX_KNOWN` blocks of at most `_MAX_KNOWN_SIZE` bytes; each message gets
headers of its own, copied from there. Only whole blocks are compared, so nobody learns from the
time taken what others sent, short of sending the very same block.
"""

from __future__ import annotations

import re

from tornado._http1.errors import HeadTooLargeError, MessageError, excerpt
from tornado._http1.fields import parse_fields
from tornado._http1.framing import (
    connection_options,
    content_length,
    is_chunked,
    is_host,
    keeps_alive,
)
from tornado._http1.limits import Limits
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.names import TOKEN, TOKEN_TEXT

_MAX_KNOWN = 256
_MAX_KNOWN_SIZE = 2048

_METHODS = frozenset("GET HEAD POST PUT DELETE PATCH OPTIONS".split())
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]\Z")
#: What a start line may begin with.
FIRST_BYTE = re.compile(TOKEN_TEXT.rstrip("+").encode())
_REQUEST_END = re.compile(rb" HTTP/[0-9]\.[0-9]\Z")
# VCHAR, and the bytes past ASCII that clients have always sent without encoding them.
_TARGET = re.compile(r"[!-~\x80-\xff]+\Z")
_ABSOLUTE = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://([^/?#]+)(.*)\Z")
_STATUS_LINE = re.compile(r"(HTTP/1\.[0-9]) ([1-9][0-9][0-9])(?: ([\t -~\x80-\xff]*))?\Z")

_NO_VALUES: list[str] = []
_copy_headers = HTTPHeaders._copy_of


class Fields:
    """What a block of field lines says; never changed once made, since many messages share it."""

    __module__ = "tornado.http1engine"

    __slots__ = (
        "chunked",
        "content_length",
        "count",
        "expects_continue",
        "has_content",
        "headers",
        "keep_alive",
        "options",
        "raw_pairs",
        "version",
    )

    def __init__(self, version: str, pairs: list[tuple[str, str]]) -> None:
        """Judge the validated ``pairs`` of a message of ``version``.

        :raises MessageError: if the framing or connection fields are against the rules.
        """
        self.version = version
        self.count = len(pairs)
        #: The headers as pairs of bytes, once somebody asked for them (see `pairs`).
        self.raw_pairs: list[tuple[bytes, bytes]] | None = None
        headers = self.headers = HTTPHeaders._from_normalized(pairs)
        fields = headers._fields
        self.options: list[str] = _NO_VALUES
        self.keep_alive = version != "HTTP/1.0"
        self.chunked = self.expects_continue = False
        self.content_length: int | None = None
        if "Connection" in fields:
            self.options = connection_options(headers.get_list("Connection"))
            self.keep_alive = keeps_alive(self.options, version)
        if "Transfer-Encoding" in fields:
            if "Content-Length" in fields:
                raise MessageError("Message with both Transfer-Encoding and Content-Length")
            self.chunked = is_chunked(headers.get_list("Transfer-Encoding"), version)
        elif "Content-Length" in fields:
            self.content_length = content_length(headers.get_list("Content-Length"))
        self.has_content = self.chunked or bool(self.content_length)
        if "Expect" in fields and version != "HTTP/1.0":
            self.expects_continue = fields["Expect"].lower() == "100-continue"


class RequestHead:
    """The head of a request: ``method``, ``target``, and the ``fields`` it shares with its like.

    ``target`` is in origin-form, also where the request had the absolute-form; then ``authority``
    holds the host that the target named, else it is ``None``. ``sent_target`` is the target as it
    was sent.
    """

    __module__ = "tornado.http1engine"

    __slots__ = ("authority", "fields", "method", "sent_target", "target")

    def __init__(
        self,
        method: str,
        target: str,
        fields: Fields,
        authority: str | None,
        sent_target: str | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.authority = authority
        self.sent_target = target if sent_target is None else sent_target

    @property
    def version(self) -> str:
        """``"HTTP/1.1"`` or ``"HTTP/1.0"``."""
        return self.fields.version

    def copy_headers(self) -> HTTPHeaders:
        """Return the headers as an object that belongs to this request alone."""
        headers = _copy_headers(self.fields.headers)
        if self.authority is not None:
            headers["Host"] = self.authority
        return headers


class ResponseHead:
    """The head of a response: ``status``, ``reason``, ``version`` as it came, and its ``fields``."""

    __module__ = "tornado.http1engine"

    __slots__ = ("fields", "reason", "status", "version")

    def __init__(self, version: str, status: int, reason: str, fields: Fields) -> None:
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields

    @property
    def headers(self) -> HTTPHeaders:
        """The headers; nobody else holds them."""
        return self.fields.headers


_known: dict[bytes, Fields] = {}


def parse_request_head(head: bytes, limits: Limits) -> RequestHead:
    """Return the request whose head is ``head``, the empty line included.

    :raises MessageError: with status 400, 414, 431, 501 or 505.
    """
    end = head.find(b"\r\n")
    block = head[end - 8 :]
    fields = _known.get(block)
    if fields is None:
        fields = _parse_request_fields(head, end, block, limits)
    elif fields.count > limits.max_header_count:
        raise MessageError(f"more than {limits.max_header_count} header lines", 431)
    if end > limits.max_start_line:
        raise HeadTooLargeError(f"request line of {end} bytes", 414)
    line = head[: end - 8].decode("latin-1")
    method, _, rest = line.partition(" ")
    target = rest[:-1]
    if method not in _METHODS or rest[:1] != "/" or not rest.isascii() or not target.isprintable():
        return _unusual_request(head[:end].decode("latin-1"), method, target, fields)
    if rest[-1] != " " or " " in target:
        raise MessageError(f"Malformed HTTP request line {excerpt(head[:end])}")
    return RequestHead(method, target, fields, None)


def _parse_request_fields(head: bytes, end: int, block: bytes, limits: Limits) -> Fields:
    """Return what a block of field lines that was not seen before says, and remember it."""
    # The same errors, in the same order, as where the head comes in pieces: what is wrong at first
    # sight, then the field lines, then what they mean.
    if (
        not FIRST_BYTE.match(head)
        or head.find(b"\n", 0, end) >= 0
        or not _REQUEST_END.match(head[max(end - 9, 0) : end])
    ):
        raise MessageError(f"Malformed HTTP request line {excerpt(head[:end])}")
    pairs = parse_fields(block, limits.max_header_count)
    version = block[:8].decode("latin-1")
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise MessageError(f"unknown version {version}", 505)
    fields = Fields(version, pairs)
    host = fields.headers._fields.get("Host")
    if host is None:
        if version == "HTTP/1.1":
            raise MessageError("HTTP/1.1 request without Host")
    elif fields.headers._repeated and "Host" in fields.headers._repeated:
        raise MessageError("repeated Host")
    elif not is_host(host):
        raise MessageError(f"Invalid Host header {excerpt(host)}")
    if len(block) <= _MAX_KNOWN_SIZE:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[block] = fields
    return fields


def _unusual_request(line: str, method: str, target: str, fields: Fields) -> RequestHead:
    """Return a request of another method or form of target than almost all have."""
    if not TOKEN.match(method) or line[-9] != " " or not _TARGET.match(target):
        raise MessageError(f"Malformed HTTP request line {excerpt(line)}")
    if method == "CONNECT":
        if not is_host(target) or not target.rpartition(":")[2].isdigit():
            raise MessageError(f"invalid target of CONNECT {excerpt(target)}")
        return RequestHead(method, target, fields, None)
    if target[0] == "/" or (target == "*" and method == "OPTIONS"):
        return RequestHead(method, target, fields, None)
    absolute = _ABSOLUTE.match(target)
    if absolute is None or not is_host(absolute.group(1)):
        raise MessageError(f"invalid target {excerpt(target)}")
    authority, rest = absolute.groups()
    if not rest:
        rest = "*" if method == "OPTIONS" else "/"
    elif rest[0] != "/":
        rest = "/" + rest
    return RequestHead(method, rest, fields, authority, target)


_LONE_LF = re.compile(rb"(?<!\r)\n")


def with_crlf(lines: bytes | bytearray) -> bytes:
    """Return ``lines`` with each lone LF as CRLF: a client takes both for the end of a line (RFC 9112
    section 2.2).
    """
    return _LONE_LF.sub(b"\r\n", lines)


def parse_response_head(head: bytes, limits: Limits) -> ResponseHead:
    """Return the response whose head is ``head``, the empty line included, all lines ending in CRLF.

    :raises MessageError: if it is malformed (its ``status`` is of no use to a client).
    """
    end = head.find(b"\r\n")
    if end > limits.max_start_line:
        raise HeadTooLargeError(f"status line of {end} bytes", 431)
    match = _STATUS_LINE.match(head[:end].decode("latin-1"))
    if match is None:
        raise MessageError(f"malformed status line {excerpt(head[:end])}")
    version, status, reason = match.groups()
    fields = Fields(version, parse_fields(head[end:], limits.max_header_count))
    return ResponseHead(version, int(status), reason or "", fields)
