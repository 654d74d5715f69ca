"""The responses of one turn of the loop, sent together.

Each system call slows down the code that runs after it, as it leaves cold caches behind, and a client
on the same machine is woken by it. Where many requests come in one turn, their responses are therefore
kept until the last of them was served, `_TOGETHER` of them at most. A response that comes alone is sent
at once, and so is every one while handlers are slow: a response is kept for about a millisecond,
and for one handler of another connection at most.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
import weakref
from collections import deque
from typing import Protocol

from tornado._iostream.seam import asyncio_loop_of, queue_of, when_stopped
from tornado.ioloop import IOLoop
from tornado.log import app_log

#: Responses that leave together, at most.
_TOGETHER = 16
#: Seconds for which a response may be kept. If it was kept longer, handlers are slow ...
_LONGEST_SECONDS = 0.001
#: ... and the next so many turns of connections send their responses at once;
_AT_ONCE_WHEN_SLOW = 1000
#: so many if there were fewer than three responses to keep.
_AT_ONCE_WHEN_FEW = 16

_monotonic = time.monotonic
_NO_CONTEXT = contextvars.Context()


class Departing(Protocol):
    """A connection with responses to send."""

    def uncork(self) -> None:
        """Send them."""

    def send_failed(self) -> None:
        """They could not be sent."""


class Departures:
    """The connections of one loop whose responses have not left yet."""

    __slots__ = (
        "__weakref__",
        "_at_once",
        "_kept_since",
        "_loop",
        "_queue",
        "_scheduled",
        "waiting",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, queue: deque[asyncio.Handle] | None
    ) -> None:
        self._loop = loop
        #: what else the loop is about to call in this turn; ``None`` where it does not tell
        self._queue = queue
        #: connections whose responses are kept
        self.waiting: list[Departing] = []
        self._scheduled = False
        self._kept_since = 0.0
        self._at_once = 0

    def keeps(self) -> bool:
        """Return whether a response that is ready now should wait for others of this turn."""
        if self.waiting:
            if _monotonic() - self._kept_since <= _LONGEST_SECONDS:
                return True
            self.leave()
        if self._at_once:
            self._at_once -= 1
            return False
        return self._queue is None or len(self._queue) > 0

    def add(self, connection: Departing) -> None:
        """Send the responses of ``connection`` with those of others; it is not waiting already."""
        waiting = self.waiting
        queue = self._queue
        if not waiting:
            if queue is not None and not queue:
                connection.uncork()  # several requests that came together, and nobody else's
                return
            self._kept_since = _monotonic()
            if not self._scheduled:
                self._scheduled = True
                self._loop.call_soon(self._turn_ended, context=_NO_CONTEXT)
        waiting.append(connection)
        # The last one knows that nothing follows but the call scheduled here.
        if len(waiting) >= _TOGETHER or (queue is not None and len(queue) == 1):
            self.leave()
        else:
            self.leave_if_late()

    def leave_if_late(self) -> None:
        """Send what has been kept for too long, at the end of a connection's turn."""
        if self.waiting and _monotonic() - self._kept_since > _LONGEST_SECONDS:
            self.leave()

    def _turn_ended(self) -> None:
        self._scheduled = False
        self.leave()

    def leave(self) -> None:
        """Send all that was kept."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        if _monotonic() - self._kept_since > _LONGEST_SECONDS:
            self._at_once = _AT_ONCE_WHEN_SLOW
        elif len(waiting) < 3:
            self._at_once = _AT_ONCE_WHEN_FEW
        for connection in waiting:
            try:
                connection.uncork()
            except Exception:
                app_log.error("Cannot send a response", exc_info=True)
                connection.send_failed()


_by_loop: weakref.WeakKeyDictionary[IOLoop, Departures] = weakref.WeakKeyDictionary()


def departures_of(io_loop: IOLoop) -> Departures:
    """Return the `Departures` of ``io_loop``."""
    departures = _by_loop.get(io_loop)
    if departures is None:
        departures = _by_loop[io_loop] = Departures(asyncio_loop_of(io_loop), queue_of(io_loop))
        when_stopped(io_loop, departures.leave)
    return departures
