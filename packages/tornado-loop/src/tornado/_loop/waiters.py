"""Waiters: the futures that locks and queues give out, with or without a deadline.

Locks and queues hand what they have to the first waiter in line. Between that moment and the next
turn of the loop the awaiting task may be cancelled: then the grant is given back.

A waiter belongs to the loop in which it began to wait, a line to none: locks and queues may be made
at import, and used in one loop after another. Waiters whose loop was closed are skipped.
"""

import asyncio
import datetime
from asyncio.events import _get_running_loop
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from tornado._loop import contexts, current
from tornado._loop.futures import CompatibleFuture, drop_own_frames, named_future
from tornado.util import TimeoutError

__all__ = ["TimedWaiter", "Timeout", "Waiter", "Waiters", "granted"]

_F = TypeVar("_F", bound="asyncio.Future[Any]")
Timeout = float | datetime.timedelta | None


def granted(value: Any) -> "asyncio.Future[Any]":
    """Return a future that is done, with ``value`` as its result."""
    future: asyncio.Future[Any] = asyncio.Future(loop=_get_running_loop() or current.asyncio_loop())
    if future._source_traceback:  # type: ignore[attr-defined]  # typeshed leaves it out
        drop_own_frames(future)
    future.set_result(value)
    return future


def _made(future: _F) -> _F:
    if future._source_traceback:  # type: ignore[attr-defined]  # typeshed leaves it out
        drop_own_frames(future)
    return future


@named_future
class Waiter(CompatibleFuture[Any]):
    """A future of something that is granted once, by setting the result."""

    __slots__ = ("_give_back",)

    #: Called with the result if nobody will get it.
    _give_back: Callable[[Any], None] | None

    def abandon(self) -> None:
        """Give back what was granted: the waiter was cancelled before getting it."""
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


@named_future
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

        A caller that has something to give back handles that: see `Semaphore.__aenter__`.
        """
        return self._append(
            _made(asyncio.Future(loop=_get_running_loop() or current.asyncio_loop()))
        )

    def add(self, timeout: Timeout, expired: Any = None) -> "asyncio.Future[Any]":
        """Return a new waiter at the end of the line.

        :param timeout: a deadline, a `datetime.timedelta` from now, or ``None``.
        :param expired: the result when time is up; ``None`` for a `tornado.util.TimeoutError`.
        """
        if timeout is not None:
            return self._append(self._timed(timeout, expired))
        if self._give_back is None:
            return self.add_plain()
        waiter = _made(Waiter(loop=_get_running_loop() or current.asyncio_loop()))
        waiter._give_back = self._give_back
        return self._append(waiter)

    def _timed(self, timeout: float | datetime.timedelta, expired: Any) -> TimedWaiter:
        waiter = _made(TimedWaiter(loop=_get_running_loop() or current.asyncio_loop()))
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
            self._line = line = deque(filter(_is_waiting, line))
        line.append(waiter)
        return waiter

    def pop(self) -> "asyncio.Future[Any] | None":
        """Return the first that still waits, and take it out of the line; ``None`` if nobody is."""
        line = self._line
        while line:
            waiter = line.popleft()
            if _is_waiting(waiter):
                return waiter
        return None

    def __len__(self) -> int:
        return sum(map(_is_waiting, self._line))

    def __bool__(self) -> bool:
        line = self._line
        while line and not _is_waiting(line[0]):
            line.popleft()
        return bool(line)


def _is_waiting(waiter: "asyncio.Future[Any]") -> bool:
    """Return whether somebody may still get what ``waiter`` is granted."""
    return not waiter.done() and not waiter.get_loop().is_closed()
