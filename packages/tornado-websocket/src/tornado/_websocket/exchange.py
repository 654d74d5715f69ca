"""One request without content over a stream, and its response."""

from typing import Any, NamedTuple

from tornado._websocket.errors import HandshakeError
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.http1engine import IncompleteMessageError
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.simple_httpclient import HTTPStreamClosedError

__all__ = ["InvalidHandshakeError", "Reply", "exchange"]

#: Bytes of a refusal's content that are kept for the caller to look at.
MAX_REFUSAL_SIZE = 65536


class _NoResponseError(HTTPStreamClosedError, StreamClosedError):
    """The server closed the connection without a response.

    6.x raised a `HTTPStreamClosedError`, other releases a `StreamClosedError`.
    """

    def __init__(self, real_error: BaseException | None = None) -> None:
        self.code = 599
        self.message = "Stream closed"
        self.response = None
        self.real_error = real_error
        OSError.__init__(self, self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.real_error,)


class _ResetError(_NoResponseError, ConnectionResetError):
    """The same, where the connection was reset; 6.x raised what the system reported."""


class InvalidHandshakeError(HandshakeError, StreamClosedError):
    """The server's response breaks a rule, so that the connection was closed.

    The releases raised a `StreamClosedError`.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        self.headers = {}
        self.real_error = None
        OSError.__init__(self, message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status)


class Reply(NamedTuple):
    """The response to a request."""

    start_line: ResponseStartLine
    headers: HTTPHeaders
    body: bytes


class _Collector(HTTPMessageDelegate):
    """Keeps one response."""

    start_line: ResponseStartLine | None = None
    headers: HTTPHeaders

    @property
    def is_interim(self) -> bool:
        """Return whether the head is none of a final response, nor the one that ends HTTP here."""
        return (
            self.start_line is not None
            and self.start_line.code in range(100, 200)
            and (self.start_line.code != 101)
        )

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        self.start_line = start_line
        self.headers = headers

    def data_received(self, chunk: bytes) -> None:
        self.chunks.append(chunk)


async def exchange(stream: IOStream, method: str, target: str, headers: HTTPHeaders) -> Reply:
    """Send a request without content over ``stream`` and return the response.

    After a 101 the stream is free for another protocol; otherwise it may be closed.

    :raises HTTPStreamClosedError: which is a `StreamClosedError` too, if the connection ended
        before the response.
    :raises InvalidHandshakeError: if the response is no HTTP.
    """
    parameters = HTTP1ConnectionParameters(max_body_size=MAX_REFUSAL_SIZE)
    connection = HTTP1Connection(stream, True, parameters)
    collector = _Collector()
    connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)
    connection.finish()
    await connection.read_response(collector)
    if collector.start_line is None or collector.is_interim:
        error = connection.error
        if isinstance(error, ConnectionResetError):
            raise _ResetError(error)
        if error is None or isinstance(error, (OSError, IncompleteMessageError)):
            raise _NoResponseError(error)
        raise InvalidHandshakeError(f"the server's response is no HTTP: {error}") from error
    return Reply(collector.start_line, collector.headers, b"".join(collector.chunks))
