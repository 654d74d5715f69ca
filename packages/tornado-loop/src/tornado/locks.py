"""Locks for coroutines: waiting coroutines in; turns, in the order of asking, out.

They are like those of `threading`, but waiting does not block: ``await`` it, or ``yield`` it. They
are not thread-safe. A ``timeout`` is a deadline by the clock of `tornado.ioloop.IOLoop.time`, or a
`datetime.timedelta` from now; one that is past, or zero, means: now or never. A waiter that is cancelled
while waiting leaves the line, and what was granted to it goes to the next.
"""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from tornado._core.seam import legacy as _legacy
from tornado._loop import current
from tornado._loop.waiters import Timeout, Waiters, granted

if TYPE_CHECKING:
    from tornado._loop.ioloop import IOLoop

_legacy.provide(__name__)

__all__ = ["BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"]


class Condition:
    """Lets coroutines wait until they are notified.

    Unlike `threading.Condition` it needs no lock: coroutines do not interrupt each other.

    .. versionadded:: 4.2
    """

    def __init__(self) -> None:
        self._waiters = Waiters()

    def __repr__(self) -> str:
        waiting = f" waiters[{len(self._waiters)}]" if self._waiters else ""
        return f"<{type(self).__name__}{waiting}>"

    @property
    def io_loop(self) -> "IOLoop":
        """The current loop: a condition belongs to none, so it may be made before there is one."""
        return cast("IOLoop", current.get_current())

    def wait(self, timeout: Timeout = None) -> "asyncio.Future[bool]":
        """Wait for `notify`; the future's result is whether it came, and not the timeout."""
        return self._waiters.add(timeout, expired=False)

    def notify(self, n: int = 1) -> None:
        """Wake the ``n`` that have waited longest, or all if there are fewer."""
        while n > 0:
            waiter = self._waiters.pop()
            if waiter is None:
                return
            waiter.set_result(True)
            n -= 1

    def notify_all(self) -> None:
        """Wake all that wait."""
        self.notify(len(self._waiters))


class Event:
    """Lets coroutines wait until a flag is set.

    .. versionadded:: 4.2
    """

    def __init__(self) -> None:
        self._value = False
        self._waiters = Waiters()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'set' if self._value else 'clear'}>"

    def is_set(self) -> bool:
        """Whether the flag is set."""
        return self._value

    def set(self) -> None:
        """Set the flag and wake all that wait; from now on nobody waits, until `clear`."""
        self._value = True
        while (waiter := self._waiters.pop()) is not None:
            waiter.set_result(None)

    def clear(self) -> None:
        """Clear the flag: who waits now, waits for the next `set`."""
        self._value = False

    def wait(self, timeout: Timeout = None) -> "asyncio.Future[None]":
        """Wait until the flag is set.

        :raises tornado.util.TimeoutError: when time is up, from the future.
        """
        if self._value:
            return granted(None)
        return self._waiters.add(timeout)


class _Releasing:
    """What ``with (yield semaphore.acquire()):`` holds: it releases at the end of the block."""

    __slots__ = ("_owner",)

    def __init__(self, owner: "Semaphore | Lock") -> None:
        self._owner = owner

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._owner.release()


class _ReleasedByAsyncWith:
    """What ``async with`` releases at the end of its block, and plain ``with`` does not take."""

    def release(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> NoReturn:
        raise RuntimeError(
            f"use 'async with' instead of 'with', or 'with (yield {type(self).__name__}.acquire())'"
        )

    def __exit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.release()


class Semaphore(_ReleasedByAsyncWith):
    """A number of permits, each held by one coroutine at a time.

    :param value: how many there are at first.
    :raises ValueError: if it is negative.

    ::

        async with semaphore:
            await work()

    In generators: ``with (yield semaphore.acquire()):``.

    .. versionadded:: 4.2
    .. versionchanged:: 4.3
       ``async with``.
    """

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError(f"semaphore initial value must be >= 0, got {value}")
        self._value = value
        self._waiters = Waiters(give_back=self._give_back)
        self._releasing = _Releasing(self)

    def __repr__(self) -> str:
        state = f"unlocked,value:{self._value}" if self._value else "locked"
        waiting = f",waiters:{len(self._waiters)}" if self._waiters else ""
        return f"<{type(self).__name__} [{state}{waiting}]>"

    def acquire(self, timeout: Timeout = None) -> "asyncio.Future[_Releasing]":
        """Take a permit, waiting for one if need be.

        The future's result is a context manager that releases the permit.

        :raises tornado.util.TimeoutError: when time is up, from the future.
        """
        if self._value > 0:
            self._value -= 1
            return granted(self._releasing)
        return self._waiters.add(timeout)

    def release(self) -> None:
        """Give a permit back, to the one that has waited longest."""
        waiter = self._waiters.pop()
        if waiter is not None:
            waiter.set_result(self._releasing)
        else:
            self._value += 1

    def _give_back(self, _: Any) -> None:
        Semaphore.release(self)

    async def __aenter__(self) -> None:
        if self._value > 0:
            self._value -= 1
            return
        future = self._waiters.add_plain()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._give_back(None)
            raise


class BoundedSemaphore(Semaphore):
    """A semaphore that notices when it is released more often than it was acquired.

    .. versionadded:: 4.2
    """

    def __init__(self, value: int = 1) -> None:
        super().__init__(value)
        self._initial_value = value

    def release(self) -> None:
        """Give a permit back, to the one that has waited longest.

        :raises ValueError: if all permits are there already.
        """
        if self._value >= self._initial_value:
            raise ValueError("Semaphore released too many times")
        super().release()


class Lock(_ReleasedByAsyncWith):
    """A lock that one coroutine holds at a time.

    ::

        async with lock:
            await work()

    In generators: ``with (yield lock.acquire()):``.

    .. versionadded:: 4.2
    .. versionchanged:: 4.3
       ``async with``.
    """

    def __init__(self) -> None:
        self._block = BoundedSemaphore(1)
        self._block._releasing = _Releasing(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} _block={self._block!r}>"

    def acquire(self, timeout: Timeout = None) -> "asyncio.Future[_Releasing]":
        """Take the lock, waiting for it if need be.

        The future's result is a context manager that releases it.

        :raises tornado.util.TimeoutError: when time is up, from the future.
        """
        return self._block.acquire(timeout)

    def release(self) -> None:
        """Give the lock to the one that has waited longest, or nobody.

        :raises RuntimeError: if it is not locked.
        """
        try:
            self._block.release()
        except ValueError:
            raise RuntimeError("release unlocked lock") from None

    async def __aenter__(self) -> None:
        await self._block.__aenter__()
