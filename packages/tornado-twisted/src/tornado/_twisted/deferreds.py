"""Deferreds in coroutines: a Deferred in; a future, or something that every driver can wait for, out."""

import asyncio
from asyncio.events import _get_running_loop
from collections.abc import Callable, Generator
from contextvars import Context
from types import TracebackType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tornado._loop.seam import convert_yielded
from tornado.concurrent import Future

__all__ = ["future_of"]

# Twisted leaves it untyped.
_traceback_of: Any = Failure.getTracebackObject


@convert_yielded.register(Deferred)
def future_of(deferred: "Deferred[Any]") -> "asyncio.Future[Any]":
    """Return a future of a Deferred's result; cancelling the one cancels the other."""
    future: asyncio.Future[Any] = Future()

    def succeed(result: Any) -> Any:
        if not future.done():
            future.set_result(result)
        return result

    def fail(failure: Failure) -> None:
        if future.done():
            return
        error: Any = failure.value
        traceback = _traceback_of(failure)
        if isinstance(traceback, TracebackType):  # a cleaned failure has an imitation
            error = error.with_traceback(traceback)
        if isinstance(error, StopIteration):
            # No coroutine can be left by it, so no future takes it.
            error, cause = RuntimeError("a Deferred failed with StopIteration"), error
            error.__cause__ = cause
        future.set_exception(error)

    def pass_on(done: "asyncio.Future[Any]") -> None:
        if done.cancelled():
            deferred.cancel()

    deferred.addCallbacks(succeed, fail)
    future.add_done_callback(pass_on)
    return future


class _Awaited(Deferred[Any]):
    """What ``await deferred`` yields in a task: to Twisted it is a Deferred, to asyncio a future.

    Who drives the coroutine is not known until it looks at what was yielded: a task of asyncio (or
    of Tornado) finds the protocol of futures, ``inlineCallbacks`` and ``ensureDeferred`` find a
    Deferred, `tornado.gen` converts it like any other.
    """

    # asyncio's mark of a future that is being awaited; the task sets it to false.
    _asyncio_future_blocking = True
    _future: "asyncio.Future[Any] | None" = None
    outcome: Any = None

    def __init__(self, awaited: "Deferred[Any]") -> None:
        super().__init__(lambda _: awaited.cancel())
        awaited.addCallbacks(self._succeed, self._fail)

    def _succeed(self, result: Any) -> Any:
        self.outcome = result
        if not self.called:
            self.callback(result)
        return result

    def _fail(self, failure: Failure) -> None:
        if not self.called:
            self.errback(failure)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the task that awaits."""
        return asyncio.get_running_loop()

    def add_done_callback(
        self, fn: Callable[["asyncio.Future[Any]"], object], *, context: Context | None = None
    ) -> None:
        """Have the task woken with a future of the result."""
        self._future = future_of(self)
        self._future.add_done_callback(fn, context=context)

    def cancel(self, msg: Any = None) -> bool:  # type: ignore[override]  # asyncio wants a result
        """Cancel what is awaited; the task is woken at once, whatever comes of that."""
        if self._future is not None and not self._future.done():
            return self._future.cancel(msg)
        super().cancel()
        return True


_deferred_class: Any = Deferred
_generate = _deferred_class.__await__


def _await(self: "Deferred[Any]") -> Generator[Any, Any, Any]:
    """Wait for a Deferred in whatever drives this coroutine."""
    loop = _get_running_loop()
    if (self.called and not self.paused) or loop is None or asyncio.current_task(loop) is None:
        return (yield from _generate(self))
    awaited = _Awaited(self)
    yield awaited
    return awaited.outcome


# Twisted's own yields the Deferred, which a task of asyncio refuses.
_deferred_class.__await__ = _await
