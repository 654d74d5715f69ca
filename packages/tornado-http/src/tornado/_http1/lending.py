"""Streams that an application reads from, or writes to, by itself while it handles a request.

`request.connection.stream` belongs to the handler of the request, without `detach`: the first read lends
it. When the response is finished, the connection takes the stream back, unless the application goes on
reading. Nothing of ours is sent behind bytes that the application has written by itself: a tunnel never
gets an error page.
"""

from __future__ import annotations

from tornado._http1.closing import ClosingConnection
from tornado._http1.connection import HTTP1Connection
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.reader import RequestReader
from tornado._http1.state import Serving
from tornado.iostream import IOStream


class LendingConnection(ClosingConnection):
    """A server connection whose stream may be in the hands of the application."""

    __slots__ = ("_exchange", "_is_lent", "_scheduled")

    def __init__(
        self, stream: IOStream, params: HTTP1ConnectionParameters, reader: RequestReader
    ) -> None:
        super().__init__(stream, params, reader)
        self._exchange: HTTP1Connection | None = None
        self._is_lent = False  # the application reads from the stream by itself
        self._scheduled = False  # a turn is scheduled

    def _next_request(self, starved: bool, is_late: bool = False) -> None:
        raise NotImplementedError  # the connection above schedules requests

    def _tell_closed(self) -> None:
        raise NotImplementedError

    def _attach(self) -> None:
        raise NotImplementedError

    def read_wanted(self) -> None:
        """The application reads from the stream: it has it for as long as it handles the request."""
        if self.phase is Serving.RESPONDING or self.phase is Serving.HELD:
            self._uncork()
            self._is_lent = True
            self._paused = False
            self._deadline = 0.0
            self.stream.lend(self.reader.take_unread())

    def _take_back(self) -> None:
        """Go on with the next request, unless the application goes on reading."""
        if self.phase is not Serving.IDLE or self.stream.closed():
            return
        if self.stream.reading():
            self._let_go()
            return
        self._is_lent = self._scheduled = False
        self._attach()
        self._next_request(False)

    def _let_go(self) -> None:
        """Leave the stream to the application for good."""
        self._uncork()
        self._leave(Serving.GONE)
        self.stream.detach()
        self._tell_closed()

    def taken_over(self, exchange: HTTP1Connection, status: int) -> None:
        """The application has written to the stream by itself: no response of ours follows that."""
        if exchange is not self._exchange:
            return
        exchange._server = exchange._target = exchange._close_callback = None
        self._exchange = None
        if status < 400 and self.stream.reading():
            self._let_go()
        else:
            self.close_when_sent()

    def _response_to_borrower_finished(self, keep_alive: bool) -> None:
        """Take the stream back, or leave it to the application, which goes on reading."""
        if keep_alive:
            self.phase = Serving.IDLE
            self._scheduled = True
            self._loop.call_soon(self._take_back, context=self._base)
        elif self.stream.reading():
            self._let_go()
        else:
            self.close_when_sent()

    def _close_held(self) -> None:
        """Close a tunnel that one side wants closed, unless `detach` came right after the response."""
        if self.phase is Serving.HELD and not self._is_lent:
            self.close_when_sent()
