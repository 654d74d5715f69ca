"""Waiters: a grant or a deadline in; a future that loses neither when its awaiter is cancelled out.

Locks and queues hand what they have to the first waiter in line. Between that moment and the next
turn of the loop the awaiting task may be cancelled: then the grant is given back.
"""

import asyncio
import datetime
from asyncio.events import _get_running_loop
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from tornado._loop import contexts, current
from tornado._loop.futures import CompatibleFuture
from tornado.util import TimeoutError

__all__ = ["TimedWaiter", "Timeout", "Waiter", "Waiters", "granted"]

Timeout = float | datetime.timedelta | None


def granted(value: Any) -> "asyncio.Future[Any]":
    """Return a future that need not wait."""
    future: asyncio.Future[Any] = asyncio.Future(loop=_get_running_loop() or current.asyncio_loop())
    future.set_result(value)
    return future


class Waiter(CompatibleFuture[Any]):
    """A future of something that is granted once, by setting the result."""

    __slots__ = ("_give_back",)

    #: Called with the result if nobody will get it.
    _give_back: Callable[[Any], None] | None

    def abandon(self) -> None:
        """Give back what was granted: whoever waited was cancelled before getting it."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None and self.done() and not self.cancelled():
            if self.exception() is None:
                give_back(self.result())

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from super().__await__())
        except asyncio.CancelledError:
            self.abandon()
            raise
        finally:
            # The exception's traceback holds this frame: without this, a reference cycle.
            del self

    __iter__ = __await__


class TimedWaiter(Waiter):
    """A waiter with a timeout of the loop behind it."""

    __slots__ = ("_handle",)

    #: The loop, and its handle of the timeout; ``None`` when that is over.
    _handle: Any

    def set_result(self, value: Any) -> None:
        """Grant what is waited for, and stop the timer."""
        super().set_result(value)
        self._stop_timer()

    def cancel(self, msg: Any = None) -> bool:
        """Cancel, and stop the timer; what was granted already stays granted."""
        if not super().cancel(msg):
            return False
        self._stop_timer()
        return True

    def expire(self, outcome: Any) -> None:
        """Time is up: an exception is raised, anything else is the result."""
        self._handle = None
        if self.done():
            return
        self._give_back = None
        if isinstance(outcome, BaseException):
            self.set_exception(outcome)
        else:
            self.set_result(outcome)

    def _stop_timer(self) -> None:
        if self._handle is not None:
            io_loop, handle = self._handle
            self._handle = None
            io_loop.remove_timeout(handle)


class Waiters:
    """A line of waiters, first come first served; those that are done leave it unnoticed."""

    __slots__ = ("_give_back", "_line")

    def __init__(self, give_back: Callable[[Any], None] | None = None) -> None:
        self._line: deque[asyncio.Future[Any]] = deque()
        self._give_back = give_back

    def add_plain(self) -> "asyncio.Future[Any]":
        """Return a new future at the end of the line, the fastest: without timeout or giving back.

        Whoever has something to give back sees to it: see `Semaphore.__aenter__`.
        """
        return self._append(asyncio.Future(loop=_get_running_loop() or current.asyncio_loop()))

    def add(self, timeout: Timeout, expired: Any = None) -> "asyncio.Future[Any]":
        """Return a new waiter at the end of the line.

        :param timeout: a deadline, a `datetime.timedelta` from now, or ``None``.
        :param expired: the result when time is up; ``None`` for a `tornado.util.TimeoutError`.
        """
        if timeout is not None:
            return self._append(self._timed(timeout, expired))
        if self._give_back is None:
            return self.add_plain()
        waiter = Waiter(loop=_get_running_loop() or current.asyncio_loop())
        waiter._give_back = self._give_back
        return self._append(waiter)

    def _timed(self, timeout: float | datetime.timedelta, expired: Any) -> TimedWaiter:
        waiter = TimedWaiter(loop=_get_running_loop() or current.asyncio_loop())
        waiter._give_back = self._give_back
        waiter._handle = None
        io_loop = current.get_current()
        outcome = TimeoutError("Timeout") if expired is None else expired
        handle = contexts.run_clean(io_loop.add_timeout, timeout, waiter.expire, outcome)
        waiter._handle = (io_loop, handle)
        return waiter

    def _append(self, waiter: "asyncio.Future[Any]") -> "asyncio.Future[Any]":
        line = self._line
        if len(line) > 100 and line[0].done():
            self._line = line = deque(w for w in line if not w.done())
        line.append(waiter)
        return waiter

    def pop(self) -> "asyncio.Future[Any] | None":
        """Return the first that still waits, and take it out of the line; ``None`` if nobody is."""
        line = self._line
        while line:
            waiter = line.popleft()
            if not waiter.done():
                return waiter
        return None

    def __len__(self) -> int:
        return sum(not waiter.done() for waiter in self._line)

    def __bool__(self) -> bool:
        line = self._line
        while line and line[0].done():
            line.popleft()
        return bool(line)
