"""Responses made within one turn go in, one ``send`` for all of them comes out."""

from __future__ import annotations

from collections.abc import Sequence

from tornado._http1.departures import departures_of
from tornado._http1.timer import LazyTimer
from tornado.iostream import IOStream, StreamClosedError

#: Bytes that are collected before they are sent.
_MAX_CORKED = 65536


class CorkedOutput(LazyTimer):
    """The lower half of a server connection: its deadline and its way out."""

    __slots__ = (
        "_backlogged",
        "_cork_limit",
        "_corked",
        "_departures",
        "_had_backlog",
        "_size",
        "_taken",
        "_taking_seconds",
        "_turn",
        "stream",
    )

    def __init__(self, stream: IOStream) -> None:
        super().__init__(stream.io_loop.asyncio_loop)
        self.stream = stream
        self._departures = departures_of(stream.io_loop)
        self._turn = False  # requests are being served right now
        self._corked: list[bytes] | None = None  # what is to be sent together
        self._size = 0  # bytes in it
        self._cork_limit = _MAX_CORKED  # so many are sent at once
        self._backlogged = False  # the kernel did not take all at once, some time ago
        # The same, and no quiet moment since. Then nothing is corked: the kernel's buffer may be
        # full, and the next request must find nothing of the responses before it in this process.
        self._had_backlog = False
        self._taken = 0  # bytes of the backlog that the peer took, when last looked at
        self._taking_seconds: float | None = None  # for some more of it

    @property
    def is_collecting(self) -> bool:
        """Whether something waits for the end of this turn."""
        return self._corked is not None

    def _cork(self) -> None:
        """Collect the responses to requests that came together.

        No more is collected than the kernel has room for, so that what comes to light when it is sent is
        never a backlog that a later request of the batch, which takes the stream, could leave behind.
        """
        room = self.stream.send_room()
        self._cork_limit = _MAX_CORKED if room is None else min(room, _MAX_CORKED)
        if self._cork_limit:
            self._corked = []

    def send(self, data: bytes) -> None:
        """Send ``data``: at the end of the turn, with what else is collected, or at once outside of it."""
        corked = self._corked
        if corked is not None:
            corked.append(data)
        elif self._turn and not self._had_backlog and self._departures.keeps():
            self._corked = [data]
            self._cork_limit = _MAX_CORKED
        else:
            self._send(data)
            return
        self._size += len(data)
        if self._size >= self._cork_limit:
            self._uncork()

    def _send(self, data: bytes) -> None:
        try:
            if not self.stream.send(data):
                self.backlog_grew()
        except StreamClosedError:
            pass  # stream_closed tells those whom it concerns

    def send_many(self, pieces: Sequence[bytes]) -> None:
        """Send ``pieces`` as `send` does, at the end of a turn, large ones without a copy."""
        corked = self._corked
        if corked is None:
            corked = self._corked = []
        corked += pieces
        self._size += sum(map(len, pieces))
        if not self._turn or self._size >= self._cork_limit:
            self._uncork()

    def _uncork(self) -> None:
        """Send what was collected."""
        corked, self._corked = self._corked, None
        size, self._size = self._size, 0
        if not corked:
            return
        if len(corked) == 1:
            self._send(corked[0])
        elif size < _MAX_CORKED:
            self._send(b"".join(corked))
        else:
            try:
                if not self.stream.send_many(corked):
                    self.backlog_grew()
            except StreamClosedError:
                pass  # stream_closed tells those whom it concerns

    def uncork(self) -> None:
        """Send what was collected so far, so that something else can follow it."""
        if self._corked is not None:
            self._uncork()

    #: The stream is about to close, and would drop what was collected.
    stream_closing = uncork

    def send_failed(self) -> None:
        """What was collected could not be sent."""
        self.stream.close()

    def backlog_grew(self) -> None:
        """Something that was written waits for the peer to take it."""
        self._backlogged = True

    def _has_backlog(self) -> bool:
        """Return whether a part of a response waits in this process for the peer to take it."""
        self._backlogged = self.stream.writing()
        return self._backlogged

    def want_taken(self) -> None:
        """Bound the time for the peer to take some of the backlog."""
        self._taken = self.stream.taken
        self.set_deadline(self._taking_seconds)

    def has_taken(self) -> bool:
        """Return whether the peer took some of the backlog in time; then it gets as long for some more."""
        if self.stream.taken == self._taken:
            return False
        self.want_taken()
        return True
