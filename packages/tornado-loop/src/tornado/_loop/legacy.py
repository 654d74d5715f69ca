"""Names of released versions' loop, locks and queues that programs use; see `tornado._legacy`."""

from __future__ import annotations

import asyncio
import datetime
from types import TracebackType
from typing import Any, Protocol

from tornado._loop import contexts
from tornado.ioloop import IOLoop
from tornado.util import TimeoutError

#: `tornado.concurrent`: reference cycles with finalizers are collected, since Python 3.4.
_GC_CYCLE_FINALIZERS = True
#: `tornado.concurrent`: stands for a result that was not given.
_NO_RESULT = object()

#: `tornado.ioloop`: seconds that a polling loop without timeouts slept at most.
_POLL_TIMEOUT = 3600.0


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


_FileDescriptorLike = int | _HasFileno


class _ReleasingContextManager:
    """Releases a lock or semaphore at the end of a ``with`` block."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._obj.release()


def _set_timeout(future: asyncio.Future[Any], timeout: float | datetime.timedelta | None) -> None:
    """Fail ``future`` with `tornado.util.TimeoutError` if it is not done in time.

    :param timeout: a time by the loop's clock, a duration, or ``None`` for no bound.
    """
    if not timeout:
        return

    def expire() -> None:
        if not future.done():
            future.set_exception(TimeoutError())

    io_loop = IOLoop.current()
    handle = io_loop.add_timeout(timeout, expire)
    future.add_done_callback(lambda _: io_loop.remove_timeout(handle))


class _State:
    """The active stack contexts: a tuple of them and the innermost, as instrumentation saves them."""

    @property
    def contexts(self) -> tuple[tuple[Any, ...], Any]:
        active = contexts.stack.get()
        return active, active[-1] if active else None

    @contexts.setter
    def contexts(self, value: tuple[tuple[Any, ...], Any]) -> None:
        contexts.stack.set(value[0])


_state = _State()
