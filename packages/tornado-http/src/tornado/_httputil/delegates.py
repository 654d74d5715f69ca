"""Base classes of the delegate interface, by which a connection and an application exchange messages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.startlines import RequestStartLine, ResponseStartLine

#: Bytes of a file that are read and sent at a time.
_FILE_PIECE = 262144


class HTTPServerConnectionDelegate:
    """What a server asks, for each request, who takes it. An application is one.

    .. versionadded:: 4.0
    """

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return who receives the next request; called when one begins.

        :param server_conn: stands for the whole connection of the client, the same object for each of
            its requests.
        :param request_conn: where the response to this request is written.
        """
        raise NotImplementedError

    def on_close(self, server_conn: object) -> None:
        """Called when the connection has closed.

        :param server_conn: what `start_request` was given for it.
        """


class HTTPMessageDelegate:
    """Who receives one message, a request or a response, piece by piece.

    .. versionadded:: 4.0
    """

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Take the start line and the headers.

        :returns: ``None``, or an awaitable: the content is not read before it is done.
        """

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take the next piece of the content.

        :returns: ``None``, or an awaitable: nothing more is read before it is done.
        """

    def finish(self) -> None:
        """The message is complete; nothing follows."""

    def on_connection_close(self) -> None:
        """The connection closed before the message was complete, or before its response was sent.

        Of `finish` and this method at most one is called while the message is received.
        """


class HTTPConnection:
    """Base class for an application's side of a connection: where it writes the message it sends.

    A transport of your own overrides `write_headers`, `write` and `finish`. The other methods of
    `Exchange` have defaults here that fit a transport without a stream and without limits.

    .. versionadded:: 4.0
    .. versionchanged:: 6.100
       Everything of `Exchange`.
    """

    #: Facts about the peer; see `Peer`.
    context: Any = None
    #: The `.IOStream` below, ``None`` where there is none.
    stream: Any = None
    #: Whether the connection is closed after this response.
    no_keep_alive: bool = False

    if TYPE_CHECKING:
        # Without the callbacks, which methods of transports that override these need not take.
        def write_headers(
            self,
            start_line: RequestStartLine | ResponseStartLine,
            headers: HTTPHeaders,
            chunk: bytes | None = None,
        ) -> asyncio.Future[None]: ...

        def write(self, chunk: bytes) -> asyncio.Future[None]: ...

    else:

        def write_headers(self, start_line, headers, chunk=None, callback=None):
            """Send the start line and the headers; see `Exchange.write_headers`.

            :param start_line: of a request on a client's connection, of a response on a server's.
            :param headers: all headers; those about the framing may be completed.
            :param chunk: the first piece of the content; it is sent together with the headers.
            :param callback: called without arguments when everything was sent.
            :returns: a future that is done when everything was sent.
            """
            raise NotImplementedError

        def write(self, chunk, callback=None):
            """Send a piece of the content; `write_headers` comes first.

            :param callback: called without arguments when it was sent.
            :returns: a future that is done when it was sent.
            """
            raise NotImplementedError

    def finish(self) -> None:
        """End the message."""
        raise NotImplementedError

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        """Send a whole response; see `Exchange.respond`. Here by `write_headers` and `finish`."""
        if status >= 200 and status not in (204, 304):
            headers.setdefault("Content-Length", str(len(body)))
        self.write_headers(ResponseStartLine("HTTP/1.1", status, reason), headers, body or None)
        self.finish()

    def send_file(self, file: Any, offset: int, count: int) -> asyncio.Future[None]:
        """Send a part of an open file; see `Exchange.send_file`. Here read in pieces by a thread."""
        return asyncio.ensure_future(self._send_pieces(file, offset, count))

    async def _send_pieces(self, file: Any, offset: int, count: int) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        loop = asyncio.get_running_loop()
        while count:
            size = min(count, _FILE_PIECE)
            piece = await loop.run_in_executor(None, os.pread, descriptor, size, offset)
            if not piece:
                self.close()
                raise EOFError(f"the file ended {count} bytes early")
            await self.write(piece)
            offset += len(piece)
            count -= len(piece)

    def send_now(self) -> None:
        """Send what was kept back; see `Exchange.send_now`. Here nothing is."""

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Have ``callback`` called when the peer leaves; see `Exchange`. Here it never is."""

    def set_max_body_size(self, max_body_size: int) -> None:
        """Limit the content; see `Exchange`. Here there is no limit."""

    def set_body_timeout(self, timeout: float | None) -> None:
        """Limit the time for the content; see `Exchange`. Here there is no limit."""

    def detach(self) -> Any:
        """Give the stream away; see `Exchange`. Here there is none.

        :raises RuntimeError: always.
        """
        raise RuntimeError(f"{type(self).__name__} has no stream to detach")

    def close(self) -> None:
        """Close the connection; see `Exchange`. Here nothing is open."""


for _exported in (HTTPServerConnectionDelegate, HTTPMessageDelegate, HTTPConnection):
    _exported.__module__ = "tornado.httputil"
