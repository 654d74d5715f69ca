"""When a server connection turns to its next request, and for how long it waits for one."""

from __future__ import annotations

import asyncio

from tornado._http1.lending import LendingConnection
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.reader import RequestReader
from tornado._http1.state import Serving
from tornado.iostream import IOStream


class PacedConnection(LendingConnection):
    """A server connection between two requests."""

    __slots__ = ("_draining", "_eof", "_head_begun")

    def __init__(
        self, stream: IOStream, params: HTTP1ConnectionParameters, reader: RequestReader
    ) -> None:
        super().__init__(stream, params, reader)
        self._draining = False
        self._eof = False
        self._head_begun = False  # the deadline is that of a head of which a part has come

    def _serve(self) -> None:
        raise NotImplementedError

    def _serve_later(self) -> None:
        # Called before the loop polls for events, so that what arrived for other connections
        # while this one had its turn comes first.
        self._loop.call_soon(self._serve_again, context=self._base)

    def _serve_again(self) -> None:
        if self.phase is Serving.IDLE and self._scheduled:
            if self._backlogged and self._has_backlog():
                self._scheduled = False
                self._next_request(False)
            else:
                self._serve()

    def _next_request(self, starved: bool, is_late: bool = False) -> None:
        """Schedule the next request: now if it is buffered, else when data came or the backlog is sent.

        :param starved: what is buffered is known to be no more than a part of a head.
        :param is_late: the connection has used up its turn.
        """
        if self._scheduled:
            return
        buffered = self.reader.buffer
        if self._backlogged and self._has_backlog():
            self.pause()
            self.want_taken()
            flushed = self.stream.flushed()
            if flushed is not None:
                self._scheduled = True
                flushed.add_done_callback(self._backlog_sent, context=self._base)
        elif buffered and not starved:
            self._scheduled = True
            later = self._serve_later if is_late else self._serve_again
            self._loop.call_soon(later, context=self._base)
        elif self._eof or (self._draining and not buffered):
            self.close_when_sent()
        else:
            if buffered:
                if not self._head_begun:
                    self._wait_for_head(True)
            else:
                # As in `_wait_for_head`, without a call: this is where most requests end.
                self._had_backlog = False
                deadline = self._deadline
                if not deadline:
                    idle = self.params.idle_timeout
                    if idle is not None:
                        self._deadline = deadline = self._now() + idle
                if deadline and (self._timer is None or self._timer_at > deadline):
                    self._wait_for_head(False)
            if self._paused:
                self.resume()

    def _backlog_sent(self, future: asyncio.Future[None]) -> None:
        """All responses are with the kernel, or the stream is closed."""
        if not future.cancelled() and future.exception() is None and self.phase is Serving.IDLE:
            self._scheduled = False
            self._next_request(False)

    def _wait_for_head(self, has_begun: bool) -> None:
        """Set the deadline for the next head.

        The time from the last response to the end of the next head counts as idle, also where a
        part of that head has come: ``header_timeout``, from its first byte on, is a second bound.
        """
        now = self._now()
        idle, deadline = self.params.idle_timeout, self._deadline
        if not deadline and idle is not None:
            deadline = now + idle
        if has_begun:
            self._head_begun = True
            limit = self.params.header_timeout
            if limit is not None and (not deadline or now + limit < deadline):
                deadline = now + limit
        else:
            self._had_backlog = False
        if deadline:
            self._deadline = deadline
            timer = self._timer
            if timer is None or self._timer_at > deadline:
                if timer is not None:
                    timer.cancel()
                self._arm(deadline)
