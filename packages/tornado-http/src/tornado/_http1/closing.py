"""How a server connection pauses, and how it ends without losing the last response."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Protocol

from tornado._http1.corking import CorkedOutput
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.reader import RequestReader
from tornado._http1.state import Serving
from tornado.iostream import IOStream

#: For how many seconds and bytes a peer may go on sending after it was told that the connection
#: closes: closing at once would reset the connection and might take the response from it.
LINGER_SECONDS = 2.0
MAX_LINGERING = 16 * 1024 * 1024
#: Seconds for a peer to take some of the last response where no header timeout is set.
_LAST_RESPONSE_SECONDS = 60.0


class IncomingContent(Protocol):
    """The content of the current request, whether it is used or discarded."""

    is_asked_for: bool

    def more_received(self) -> None:
        """Take note that the reader got more bytes."""

    def stop(self) -> None:
        """Consume nothing more."""


class ClosingConnection(CorkedOutput):
    """What a server connection receives at the moment, and its orderly end."""

    __slots__ = ("_base", "_lingered", "_paused", "content", "params", "phase", "reader")

    def __init__(
        self, stream: IOStream, params: HTTP1ConnectionParameters, reader: RequestReader
    ) -> None:
        super().__init__(stream)
        self.params = params
        self.reader = reader
        self.phase = Serving.IDLE  #: a `Serving`
        #: the content that is being received
        self.content: IncomingContent | None = None
        self._base = contextvars.copy_context()
        self._paused = False  # reading is paused
        #: bytes received since the last response; -1: nothing is received any more
        self._lingered = -1

    def pause(self) -> None:
        """Receive nothing for now."""
        if not self._paused and self.phase is not Serving.GONE:
            self._paused = True
            self.stream.pause_reading()

    def resume(self) -> None:
        """Receive again."""
        if self._paused:
            self._paused = False
            self._base.copy().run(self.stream.resume_reading)

    def _arm(self, deadline: float) -> None:
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._timer_fired, context=self._base)

    def _leave(self, phase: Serving) -> None:
        """Serve no further request: release the timer, the content being received, what was corked."""
        self.phase = phase
        self.cancel_deadline()
        self._corked = None
        if self.content is not None:
            self.content.stop()
            self.content = None

    def close_when_sent(self, linger: bool = False) -> None:
        """Serve no further request, and close when all responses are sent.

        :param linger: give the peer time to read the response while it is still sending.
        """
        if self.phase is Serving.CLOSING or self.phase is Serving.GONE:
            return
        # Closing a socket that holds unread bytes resets the connection.
        linger = linger or self.reader.buffered > 0
        self._uncork()
        self._leave(Serving.CLOSING)
        if linger:
            self._lingered = 0
        flushed = self.stream.flushed()
        if flushed is None:
            self._last_response_sent(None)
            return
        self._taking_seconds = self.params.header_timeout or _LAST_RESPONSE_SECONDS
        self.want_taken()
        flushed.add_done_callback(self._last_response_sent)

    def _last_response_sent(self, future: asyncio.Future[None] | None) -> None:
        stream = self.stream
        if future is not None and not future.cancelled():
            future.exception()  # where it failed the stream is closed, and stream_closed comes
        if stream.closed():
            return
        if self._lingered < 0:
            stream.close()
            return
        if type(stream) is IOStream:  # TLS has no half-close
            stream.write_eof()
            if stream.closed():
                return
        self.set_deadline(LINGER_SECONDS)
        self.resume()

    def _linger(self, count: int) -> None:
        """Discard ``count`` bytes that came after the last response."""
        if self._lingered >= 0:
            self._lingered += count
        if self._lingered > MAX_LINGERING:
            self.stream.close()
