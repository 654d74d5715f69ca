"""An exchange that keeps the response, for tests of targets and for transports that need all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tornado._httputil.delegates import HTTPConnection
from tornado._httputil.errors import HTTPOutputError
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.startlines import RequestStartLine, ResponseStartLine

__all__ = ["RecordedExchange"]


class _Peer:
    """A client on this machine."""

    def __init__(self, remote_ip: str, protocol: str) -> None:
        self.remote_ip = remote_ip
        self.protocol = protocol


class RecordedExchange(HTTPConnection):
    """An `Exchange` that keeps what is sent instead of sending it.

    Give it to a request as its ``connection``, dispatch the request, and look at what came::

        exchange = RecordedExchange()
        request = HTTPServerRequest("GET", "/", connection=exchange)
        application.dispatch(request).execute()
        await exchange.wait_finished()
        assert exchange.status == 200

    It has the order of an exchange: calls that do not fit raise `HTTPOutputError`. Framing is not added, and
    nothing is left out for HEAD.

    :param remote_ip: the address of the client.
    :param protocol: ``"http"`` or ``"https"``.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.httputil"

    def __init__(self, remote_ip: str = "127.0.0.1", protocol: str = "http") -> None:
        self.context = _Peer(remote_ip, protocol)
        #: The status of the response, ``None`` until it begins.
        self.status: int | None = None
        #: The reason phrase.
        self.reason = ""
        #: The header fields.
        self.headers = HTTPHeaders()
        #: The pieces of the content, as they were written.
        self.chunks: list[bytes] = []
        #: The fields behind the content.
        self.trailers: HTTPHeaders | None = None
        #: Informational responses that came before: status and header fields of each.
        self.informational: list[tuple[int, HTTPHeaders]] = []
        #: Whether the response is complete.
        self.is_finished = False
        #: Whether the target closed the connection.
        self.is_closed = False
        self._on_close: Callable[[], Any] | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def body(self) -> bytes:
        """The content so far."""
        return b"".join(self.chunks)

    # What a target calls.

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> asyncio.Future[None]:
        assert isinstance(start_line, ResponseStartLine)
        if 100 <= start_line.code < 200 and start_line.code != 101:
            self.informational.append((start_line.code, headers.copy()))
            return _sent(callback)
        if self.status is not None:
            raise HTTPOutputError("a response was begun already")
        self.status, self.reason = start_line.code, start_line.reason
        self.headers = headers.copy()
        if chunk:
            self.chunks.append(bytes(chunk))
        return _sent(callback)

    def write(
        self, chunk: bytes, callback: Callable[..., Any] | None = None
    ) -> asyncio.Future[None]:
        if self.status is None or self.is_finished:
            raise HTTPOutputError("content belongs between the headers and the end of a response")
        self.chunks.append(bytes(chunk))
        return _sent(callback)

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        if self.status is None or self.is_finished:
            raise HTTPOutputError("no response is being sent")
        self.trailers = trailers
        self.is_finished = True
        self._wake()

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        self._on_close = callback

    def close(self) -> None:
        self.is_closed = True
        self._wake()

    # What a test calls.

    def client_leaves(self) -> None:
        """Call the close callback, if one is set, as a transport does when the client leaves."""
        callback, self._on_close = self._on_close, None
        if callback is not None:
            callback()

    async def wait_finished(self) -> None:
        """Wait until the response is complete.

        :raises ConnectionError: if the target closes the connection before.
        """
        if not self.is_finished and not self.is_closed:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        if not self.is_finished:
            raise ConnectionError("the connection was closed before the response was complete")

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)


def _sent(callback: Callable[..., Any] | None) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    if callback is not None:
        loop.call_soon(callback)
    future = loop.create_future()
    future.set_result(None)
    return future
