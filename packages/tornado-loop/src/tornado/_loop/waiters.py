"""Waiters: a grant or a deadline in; a future that loses neither when its awaiter is cancelled out.

Locks and queues hand what they have to the first waiter in line. Between that moment and the next
turn of the loop the awaiting task may be cancelled: then the grant is given back.
"""

import asyncio
import datetime
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from tornado._loop import contexts, current
from tornado._loop.futures import CompatibleFuture
from tornado.util import TimeoutError

__all__ = ["Timeout", "Waiter", "Waiters"]

Timeout = float | datetime.timedelta | None


class Waiter(CompatibleFuture[Any]):
    """A future of something that is granted once, with a timeout of the loop behind it."""

    __slots__ = ("_give_back", "_handle", "item")

    #: What a producer waits to hand over.
    item: Any

    #: Called with the result if nobody will get it.
    _give_back: Callable[[Any], None] | None
    _handle: Any

    def grant(self, value: Any) -> None:
        """Set the result."""
        self.set_result(value)
        if self._handle is not None:
            self._drop_handle()

    def cancel(self, msg: Any = None) -> bool:
        """Cancel; what was granted already stays granted."""
        if not super().cancel(msg):
            return False
        if self._handle is not None:
            self._drop_handle()
        return True

    def abandon(self) -> None:
        """Give back what was granted: whoever waited was cancelled before getting it."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None and self.done() and not self.cancelled():
            if self.exception() is None:
                give_back(self.result())

    def expire(self, outcome: Any) -> None:
        """Time is up: an exception is raised, anything else is the result."""
        self._handle = None
        if self.done():
            return
        if isinstance(outcome, BaseException):
            self.set_exception(outcome)
        else:
            self.set_result(outcome)

    def _drop_handle(self) -> None:
        io_loop, handle = self._handle
        self._handle = None
        io_loop.remove_timeout(handle)

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


class Waiters:
    """A line of waiters, first come first served; those that are done leave it unnoticed."""

    __slots__ = ("_give_back", "_line")

    def __init__(self, give_back: Callable[[Any], None] | None = None) -> None:
        self._line: deque[Waiter] = deque()
        self._give_back = give_back

    def granted(self, value: Any) -> Waiter:
        """Return a waiter that need not wait."""
        waiter = Waiter(loop=current.asyncio_loop())
        waiter._give_back = waiter._handle = None
        waiter.set_result(value)
        return waiter

    def add(self, timeout: Timeout, expired: Any = None) -> Waiter:
        """Return a new waiter at the end of the line.

        :param timeout: a deadline, a `datetime.timedelta` from now, or ``None``.
        :param expired: the result when time is up; ``None`` for a `tornado.util.TimeoutError`.
        """
        waiter = Waiter(loop=current.asyncio_loop())
        waiter._give_back = self._give_back
        waiter._handle = None
        line = self._line
        if len(line) > 100 and line[0].done():
            self._line = line = deque(w for w in line if not w.done())
        line.append(waiter)
        if timeout is not None:
            io_loop = current.get_current()
            outcome = TimeoutError("Timeout") if expired is None else expired
            handle = contexts.run_clean(io_loop.add_timeout, timeout, waiter.expire, outcome)
            waiter._handle = (io_loop, handle)
        return waiter

    def pop(self) -> Waiter | None:
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
