"""A request without content goes into a stream, what answers it comes out."""

from typing import Any, NamedTuple

from tornado._http1.errors import IncompleteMessageError
from tornado._websocket.errors import HandshakeError
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

__all__ = ["Answer", "exchange"]

#: Bytes of a refusal's content that are kept for the caller to look at.
MAX_REFUSAL_SIZE = 65536


class Answer(NamedTuple):
    """What answered a request."""

    start_line: ResponseStartLine
    headers: HTTPHeaders
    body: bytes


class _Collector(HTTPMessageDelegate):
    """Keeps one response."""

    start_line: ResponseStartLine | None = None
    headers: HTTPHeaders

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        self.start_line = start_line
        self.headers = headers

    def data_received(self, chunk: bytes) -> None:
        self.chunks.append(chunk)


async def exchange(stream: IOStream, method: str, target: str, headers: HTTPHeaders) -> Answer:
    """Send a request without content over ``stream`` and return what answers it.

    After a 101 the stream is free for another protocol; otherwise it may be closed.

    :raises StreamClosedError: if the connection ended before the answer.
    :raises HandshakeError: if the answer is no HTTP.
    """
    parameters = HTTP1ConnectionParameters(max_body_size=MAX_REFUSAL_SIZE)
    connection = HTTP1Connection(stream, True, parameters)
    collector = _Collector()
    connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)
    connection.finish()
    await connection.read_response(collector)
    if collector.start_line is None:
        error = connection.error
        if error is None or isinstance(error, (OSError, IncompleteMessageError)):
            raise StreamClosedError(error)
        raise HandshakeError(f"the server's answer is no HTTP: {error}", 0) from error
    return Answer(collector.start_line, collector.headers, b"".join(collector.chunks))
