"""A start line, headers and content go in; the bytes of a message come out, framed and checked.

`whole_response` serialises a whole response in one step; `MessageWriter` the
messages that leave in pieces, in both roles. Neither lets a CR, LF, NUL or another control
character of the application reach the wire.
"""

from __future__ import annotations

import http
from collections.abc import Iterable

from tornado._http1.errors import excerpt
from tornado._http1.fields import ALL_CONTROLS, check_names, sent_names
from tornado._http1.framing import connection_options, content_length
from tornado._http1.state import Sending
from tornado._httputil.dates import http_date
from tornado._httputil.errors import HTTPInputError, HTTPOutputError
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.names import TOKEN

_IDLE = Sending.IDLE
_FIXED = Sending.FIXED
_CHUNKED = Sending.CHUNKED
_NO_CONTENT = Sending.NO_CONTENT
_DONE = Sending.DONE

#: Status lines of the registered codes with their registered reasons.
_STATUS_LINES: dict[int, tuple[str, str]] = {
    status.value: (status.phrase, f"HTTP/1.1 {status.value} {status.phrase}")
    for status in http.HTTPStatus
}

#: Methods whose requests have content even where no length is given.
_METHODS_WITH_CONTENT = ("POST", "PUT", "PATCH")


def _status_line(status: int, reason: str) -> str:
    known = _STATUS_LINES.get(status)
    if known is not None and known[0] == reason:
        return known[1]
    if not 100 <= status <= 999:
        raise ValueError(f"status code {status}, expected 100 to 999")
    if not reason.isascii() and max(reason) > "\xff":
        reason = "Unknown"  # Latin-1 cannot carry it
    return f"HTTP/1.1 {status} {reason}"


def has_no_content(status: int) -> bool:
    """Tell whether responses of this status never have content, whatever their headers say."""
    return status == 204 or status == 304 or status < 200


def _finish_head(lines: list[str], names: Iterable[str]) -> bytes:
    """Return the head of these lines, the empty line included.

    :raises ValueError: if it holds what no head may hold.
    """
    if not sent_names.issuperset(names):
        check_names(names)
    count = len(lines) + 1
    lines.append("\r\n")
    head = "\r\n".join(lines).encode("latin-1")
    # Every CR and LF must come from here: what came with a value, name or reason changes the count.
    if len(head) - len(head.translate(None, ALL_CONTROLS)) != count * 2:
        raise ValueError(f"control character in the head of a message: {excerpt(head)}")
    return head


def whole_response(
    status: int,
    reason: str,
    headers: HTTPHeaders,
    body: bytes,
    method: str,
    is_http10: bool,
    keep_alive: bool,
) -> tuple[bytes, bool, bool]:
    """Return the head of a response, whether ``body`` follows, and whether the connection stays open.

    :param method: of the request.
    :raises ValueError: if the head would hold a control character or an invalid name.
    :raises HTTPOutputError: if a Content-Length is set that is not the length of ``body``.
    """
    names = headers._fields
    known = _STATUS_LINES.get(status)
    if known is not None and known[0] == reason:
        lines = [known[1]]
    else:
        lines = [_status_line(status, reason)]
    if headers._repeated:
        lines += headers._lines()
    else:
        try:
            for name, value in names.items():
                lines.append(name + ": " + value)  # a comprehension is a call
        except TypeError:  # a value that was set as something else than text
            lines[1:] = headers._lines()
    with_body = method != "HEAD"
    hands_over = status == 101 or (method == "CONNECT" and 200 <= status < 300)
    if status < 200 or status == 204 or status == 304 or hands_over:
        with_body = False
        if status != 304:
            lines = _without_framing(lines)
    else:
        length = (
            names.get("Content-Length") if not headers._repeated else _one_length(headers, lines)
        )
        if "Transfer-Encoding" in names:
            if length is not None:
                raise HTTPOutputError("headers with both Transfer-Encoding and Content-Length")
        elif length is None:
            if with_body or body:  # after HEAD, no content says nothing about that of GET
                lines.append(f"Content-Length: {len(body)}")
        elif with_body and length != str(len(body)):
            missing = (_declared_length(headers, lines) or 0) - len(body)
            if missing:
                raise HTTPOutputError(length_mismatch(missing))
    if "Date" not in names:
        lines.append(f"Date: {http_date()}")
    if hands_over:
        keep_alive = not _asks_to_close(headers)
    elif not keep_alive or is_http10 or "Connection" in names:
        keep_alive = _add_connection(lines, headers, is_http10, keep_alive)
    return _finish_head(lines, names), with_body, keep_alive


def _asks_to_close(headers: HTTPHeaders) -> bool:
    return "close" in connection_options(headers.get_list("Connection"))


def _add_connection(
    lines: list[str], headers: HTTPHeaders, is_http10: bool, keep_alive: bool
) -> bool:
    """Say in ``lines``, once, what becomes of the connection; return whether it stays open.

    The application may ask for it to be closed, and may name further options.
    """
    options: list[str] = []
    if "Connection" in headers._fields:
        values = headers.get_list("Connection")
        options = [one for one in connection_options(values) if one not in ("keep-alive", "")]
        if "close" in options:
            keep_alive = False
            options.remove("close")
        lines[:] = [line for line in lines if not line.startswith("Connection:")]
    if not keep_alive:
        if not is_http10:  # where it is the default
            options.append("close")
    elif is_http10:
        options.append("Keep-Alive")
    if options:
        lines.append(f"Connection: {', '.join(options)}")
    return keep_alive


def length_mismatch(missing: int) -> str:
    """Return the message for content that is not as long as its Content-Length.

    :param missing: the number of bytes that lack; less than 0 for content that is too long.
    """
    if missing < 0:
        return "Tried to write more data than Content-Length"
    return f"Tried to write {missing} bytes less than Content-Length"


def _without_framing(lines: list[str]) -> list[str]:
    return [
        line
        for line in lines
        if not line.startswith("Content-Length:") and not line.startswith("Transfer-Encoding:")
    ]


def _one_length(headers: HTTPHeaders, lines: list[str]) -> str | None:
    """Return the Content-Length of headers in which fields are repeated, and leave one line of it.

    :raises HTTPOutputError: if there are several that differ.
    """
    values = headers.get_list("Content-Length")
    if len(values) > 1:
        if len(set(values)) > 1:
            raise HTTPOutputError(f"several Content-Lengths: {excerpt(', '.join(values))}")
        line = f"Content-Length: {values[0]}"
        lines[:] = [one for one in lines if one != line]
        lines.append(line)
    return values[0] if values else None


def _declared_length(headers: HTTPHeaders, lines: list[str]) -> int | None:
    """Return the Content-Length that the application set."""
    value = _one_length(headers, lines)
    if value is None:
        return None
    if "Transfer-Encoding" in headers._fields:
        raise HTTPOutputError("headers with both Transfer-Encoding and Content-Length")
    if len(value) < 19 and value.isdecimal() and value.isascii():
        return int(value)
    try:
        return content_length([value])
    except HTTPInputError as error:
        raise HTTPOutputError(str(error)) from None


class MessageWriter:
    """One message that leaves in pieces: a head, content, the end.

    Every method returns the pieces to send, in order, as a list of bytes (perhaps empty), or
    raises and sends nothing.
    """

    __module__ = "tornado.http1engine"

    __slots__ = ("_remaining", "keep_alive", "state", "status")

    def __init__(self, keep_alive: bool = True) -> None:
        #: where the message stands
        self.state = _IDLE
        #: whether the connection stays open after it
        self.keep_alive = keep_alive
        #: the status code sent, for a response
        self.status = 0
        self._remaining = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the message is missing."""
        return (
            self.state is _DONE
            or self.state is _NO_CONTENT
            or (self.state is _FIXED and not self._remaining)
        )

    def start_response(
        self,
        status: int,
        reason: str,
        headers: HTTPHeaders,
        is_head: bool,
        is_http10: bool,
        hands_over: bool = False,
    ) -> bytes:
        """Return the head of a response; after an informational one the message is to be started yet.

        :param hands_over: the connection is given to another protocol behind the head.

        :raises ValueError: if the head would hold a control character or an invalid name.
        :raises HTTPOutputError: if the headers contradict each other.
        """
        names = headers._fields
        lines = [_status_line(status, reason), *headers._lines()]
        if status < 200 and not hands_over:
            self.status = status
            return _finish_head(_without_framing(lines), names)
        length = _declared_length(headers, lines)
        if has_no_content(status) or hands_over:
            if status != 304:
                lines = _without_framing(lines)
            state = _NO_CONTENT
        elif "Transfer-Encoding" in names:
            state = Sending.RAW
        elif length is not None:
            self._remaining = length
            state = _FIXED
        elif is_http10:
            self.keep_alive = False
            state = Sending.UNTIL_CLOSE
        else:
            lines.append("Transfer-Encoding: chunked")
            state = _CHUNKED
        if is_head:
            state = _NO_CONTENT
        if "Date" not in names:
            lines.append(f"Date: {http_date()}")
        if hands_over:
            self.keep_alive = not _asks_to_close(headers)
        elif not self.keep_alive or is_http10 or "Connection" in names:
            self.keep_alive = _add_connection(lines, headers, is_http10, self.keep_alive)
        head = _finish_head(lines, names)
        self.status = status
        self.state = state
        return head

    def start_request(self, method: str, target: str, headers: HTTPHeaders) -> bytes:
        """Return the head of a request.

        Content of unknown length leaves in chunks where Transfer-Encoding says so, or where the
        method calls for content and no Content-Length is set.

        :raises ValueError: if the head would hold white space or a control character where none
            belongs.
        :raises HTTPOutputError: if the headers contradict each other.
        """
        names = headers._fields
        if not TOKEN.match(method):
            raise ValueError(f"invalid method {excerpt(method)}")
        if not target or not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError(f"invalid request target {excerpt(target)}")
        lines = [f"{method} {target} HTTP/1.1", *headers._lines()]
        length = _declared_length(headers, lines)
        if "Transfer-Encoding" in names:
            if headers["Transfer-Encoding"].lower() != "chunked":
                raise HTTPOutputError(
                    f"Transfer-Encoding {names['Transfer-Encoding']!r} in a request"
                )
            state = _CHUNKED
        elif length is not None:
            state = _FIXED
        elif method in _METHODS_WITH_CONTENT:
            lines.append("Transfer-Encoding: chunked")
            state = _CHUNKED
        else:
            state = _NO_CONTENT
        if "close" in connection_options([headers.get("Connection", "")]):
            self.keep_alive = False
        head = _finish_head(lines, names)
        self._remaining = length or 0
        self.state = state
        return head

    def content(self, chunk: bytes) -> list[bytes]:
        """Return the pieces of a part of the content.

        :raises HTTPOutputError: if it is more than the Content-Length, or no content may be sent.
        """
        state = self.state
        if state is _CHUNKED:
            return [b"%x\r\n" % len(chunk), chunk, b"\r\n"] if chunk else []
        if state is _FIXED:
            if len(chunk) > self._remaining:
                raise HTTPOutputError(length_mismatch(-1))
            self._remaining -= len(chunk)
        elif state is _NO_CONTENT:
            if chunk and self.status == 0:
                raise HTTPOutputError(
                    "content in a request without Content-Length or Transfer-Encoding"
                )
            return []
        elif state is not Sending.UNTIL_CLOSE and state is not Sending.RAW:
            raise HTTPOutputError(f"content can not be written in state {state.name}")
        return [chunk] if chunk else []

    def take_file(self, count: int) -> bool:
        """Account for ``count`` bytes of content that leave by another way; tell whether they shall.

        :raises HTTPOutputError: if it is more than the Content-Length, or the framing needs more
            than the bytes themselves.
        """
        if self.state is _CHUNKED:
            raise HTTPOutputError("a file can not be sent as it is in chunked content")
        if self.state is _FIXED:
            if count > self._remaining:
                raise HTTPOutputError(length_mismatch(-1))
            self._remaining -= count
        elif self.state is _NO_CONTENT:
            return False
        elif self.state is not Sending.UNTIL_CLOSE and self.state is not Sending.RAW:
            raise HTTPOutputError(f"content can not be written in state {self.state.name}")
        return True

    def finish(self, trailers: HTTPHeaders | None = None) -> list[bytes]:
        """Return the pieces that end the message.

        :param trailers: fields to send after chunked content; ignored where the framing has no
            place for them.
        :raises HTTPOutputError: if less was written than the Content-Length; the message is then
            broken.
        """
        state = self.state
        if state is _FIXED and self._remaining:
            self.state = Sending.BROKEN
            raise HTTPOutputError(length_mismatch(self._remaining))
        if state is _CHUNKED:
            end = b"0\r\n\r\n"
            if trailers is not None and len(trailers):
                end = _finish_head(["0", *trailers._lines()], trailers._fields)
            self.state = _DONE
            return [end]
        if state is _IDLE and self.status:
            self.state = _DONE  # an informational head is all that there is
            return []
        if state in (_IDLE, _DONE, Sending.BROKEN, Sending.HANDED_OVER):
            raise HTTPOutputError(f"a message can not be finished in state {state.name}")
        self.state = _DONE
        return []


def error_response(status: int, fields: HTTPHeaders | None = None) -> bytes:
    """Return the whole response to a request that is refused: no content, and the connection closes.

    :param fields: more header fields.
    :raises ValueError: if a field holds what no message may hold.
    """
    line = _status_line(status, http.HTTPStatus(status).phrase)
    own = ("Content-Length: 0", "Connection: close", f"Date: {http_date()}")
    more = [f"{name}: {value}" for name, value in fields.get_all()] if fields else ()
    if any("\r" in text or "\n" in text or "\0" in text for text in more):
        raise ValueError("a header field holds a line break or a null character")
    return "\r\n".join((line, *own, *more, "\r\n")).encode("latin-1")


#: The response that lets a client send the content it announced.
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
