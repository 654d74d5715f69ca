"""A stream and a delegate go in, one request is served, and the stream comes back for the next."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado._http1.connection import HTTP1Connection
from tornado._http1.failures import APPLICATION_ERRORS
from tornado._http1.head import RequestHead
from tornado._http1.server import HTTP1ServerConnection
from tornado._http1.state import Serving
from tornado.httputil import HTTPConnection, HTTPMessageDelegate, HTTPServerConnectionDelegate


class _OneDelegate(HTTPServerConnectionDelegate):
    """Serves the one request with the one delegate there is."""

    def __init__(self, delegate: HTTPMessageDelegate) -> None:
        self._delegate = delegate

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return self._delegate


class SingleRequest(HTTP1ServerConnection):
    """A server connection that serves one request on an exchange that is there already."""

    def __init__(self, connection: HTTP1Connection) -> None:
        super().__init__(connection.stream, connection.params, connection.context)
        if connection._max_body_size is not None:
            self.reader.max_body_size = connection._max_body_size
        self._single = connection
        self.future: asyncio.Future[bool] = self._loop.create_future()
        self.future.add_done_callback(self._future_done)

    def _begin(self, head: RequestHead) -> None:
        exchange = self._exchange = self._single
        exchange._server = self
        exchange._head = head
        exchange._writer = None
        self.phase = Serving.CONTENT if head.fields.has_content else Serving.RESPONDING
        self._deadline = 0.0
        try:
            self._begin_classic(exchange, head)
        except APPLICATION_ERRORS as error:
            self.application_failed(exchange, error)

    def exchange_finished(self, exchange: HTTP1Connection, status: int, keep_alive: bool) -> None:
        super().exchange_finished(exchange, status, keep_alive)
        if self.phase is Serving.IDLE:
            self._give_back()

    def content_discarded(self) -> None:
        super().content_discarded()
        self._give_back()

    def _next_request(self, starved: bool, is_late: bool = False) -> None:
        if self._single._head is None:
            super()._next_request(starved, is_late)

    def _give_back(self) -> None:
        """Return the stream to its pull face, with what came behind the request."""
        if self.phase is Serving.GONE:
            return
        self._uncork()
        self._leave(Serving.GONE)
        self.stream.detach(self.reader.hand_over())
        self._end(True)

    def _tell_closed(self) -> None:
        super()._tell_closed()
        self._end(False)

    def _end(self, goes_on: bool) -> None:
        if not self.future.done():
            self.future.set_result(goes_on)

    def _future_done(self, future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            self.stream.close()


def read_request(
    connection: HTTP1Connection, delegate: HTTPMessageDelegate
) -> asyncio.Future[bool]:
    """Serve one request with ``delegate``; return the future of whether another may follow."""
    connection._head = None
    server = SingleRequest(connection)
    server.start_serving(_OneDelegate(delegate))
    return server.future
