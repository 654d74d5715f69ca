"""Futures: results, errors and callbacks in; asyncio's futures, set and chained safely, out."""

import asyncio
import concurrent.futures
import os
from asyncio.events import _get_running_loop
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from tornado._core.seam import not_callable
from tornado._loop import contexts, current
from tornado.log import app_log

if TYPE_CHECKING:
    from traceback import StackSummary

__all__ = [
    "FUTURES",
    "CompatibleFuture",
    "Future",
    "TracebackFuture",
    "chain_future",
    "done_future",
    "drop_own_frames",
    "future_add_done_callback",
    "future_set_exc_info",
    "future_set_exception_unless_cancelled",
    "future_set_result_unless_cancelled",
    "is_future",
    "named_future",
]

_T = TypeVar("_T")
_C = TypeVar("_C", bound=type[asyncio.Future[Any]])
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_AnyFuture = asyncio.Future[_T] | concurrent.futures.Future[_T]

_MODULE = "tornado.concurrent"

# Where the sources of this project lie, as tracebacks name them.
_OWN_FOLDER = os.path.dirname(os.path.dirname(__file__)) + os.sep

#: The classes whose objects are futures.
FUTURES = (asyncio.Future, concurrent.futures.Future)


class _FutureType(type):
    """Lets every asyncio future pass for a `Future`."""

    def __instancecheck__(cls, instance: object) -> bool:
        if cls is Future:
            return isinstance(instance, asyncio.Future)
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is Future:
            return issubclass(subclass, asyncio.Future)
        return type.__subclasscheck__(cls, subclass)


class CompatibleFuture(asyncio.Future[_T], metaclass=_FutureType):
    """An asyncio future with the methods that futures had before Tornado 5."""

    __slots__ = ()

    #: Where asyncio's debug mode saw it being made; otherwise ``None``.
    _source_traceback: "StackSummary | None"

    def running(self) -> bool:
        """Whether the operation is still going on."""
        return not self.done()

    def exc_info(self) -> _ExcInfo | None:
        """Return the exception as a `sys.exc_info` triple; None if there is none (yet)."""
        if not self.done() or self.cancelled():
            return None
        error = self.exception()
        return None if error is None else (type(error), error, error.__traceback__)

    def set_exc_info(self, exc_info: _ExcInfo) -> None:
        """Fail with the exception of a `sys.exc_info` triple."""
        _type, error, traceback = exc_info
        if error is None:
            raise TypeError("set_exc_info called with no exception")
        self.set_exception(error.with_traceback(traceback))


if TYPE_CHECKING:
    Future = asyncio.Future
else:

    class Future(CompatibleFuture):
        """asyncio's future, which any thread with an `IOLoop` can make.

        It is an `asyncio.Future`, and every `asyncio.Future` is an instance of this class too. In
        addition it can be made before a loop runs (it belongs to the thread's current `IOLoop`),
        and has the methods of earlier releases: `running`, `exc_info`, `set_exc_info`.

        :param loop: the asyncio loop it belongs to; ``None`` for the current one.

        .. versionadded:: 3.0
        """

        __slots__ = ()

        def __init__(self, *, loop=None):
            if loop is None:
                loop = _get_running_loop() or current.asyncio_loop()
            super().__init__(loop=loop)
            if self._source_traceback:
                drop_own_frames(self)

        def result(self, timeout=None):
            """Return the result or raise the exception; ``timeout`` is accepted, never waited.

            :raises asyncio.InvalidStateError: if there is none yet.
            """
            try:
                return super().result()
            finally:
                # The exception's traceback holds this frame: without this, a reference cycle.
                del self

        def exception(self, timeout=None):
            """Return the exception, None after success; ``timeout`` is accepted, never waited.

            :raises asyncio.InvalidStateError: if the future is not done.
            """
            return super().exception()


TracebackFuture = Future


def named_future(cls: _C) -> _C:
    """Decorate a subclass of `CompatibleFuture`: it is called ``Future`` by asyncio's messages.

    asyncio begins its "... exception was never retrieved" with the name of the class. People filter
    on the record, whose text is the same for all futures.
    """
    cls.__name__ = cls.__qualname__ = "Future"
    return cls


def drop_own_frames(future: Any) -> None:
    """Let the ``repr`` of a future that asyncio's debug mode traced name the caller's line.

    Call it where ``future._source_traceback`` is true, which costs nothing outside of debug mode:
    the frames of this project at the inner end of the recorded stack are taken off.
    """
    stack = future._source_traceback
    while stack and len(stack) > 1 and stack[-1].filename.startswith(_OWN_FOLDER):
        del stack[-1]


_done: tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"] | None = None


def done_future(loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
    """Return a shared, already completed future of ``loop``."""
    global _done
    found = _done  # read once: other threads have other loops, and put their own there
    if found is None or found[0] is not loop:
        future: asyncio.Future[None] = loop.create_future()
        future.set_result(None)
        _done = found = (loop, future)
    return found[1]


def is_future(x: object) -> bool:
    """Whether ``x`` is a future of asyncio or `concurrent.futures`.

    .. versionadded:: 4.0
    """
    return isinstance(x, FUTURES)


def future_set_result_unless_cancelled(future: "_AnyFuture[_T]", value: _T) -> None:
    """Set the result of ``future`` unless it was cancelled.

    .. versionadded:: 5.0
    """
    if not future.cancelled():
        future.set_result(value)


def future_set_exception_unless_cancelled(future: "_AnyFuture[_T]", exc: BaseException) -> None:
    """Fail ``future`` with ``exc``; if it was cancelled, log the exception instead.

    .. versionadded:: 6.0
    """
    if future.cancelled():
        app_log.error("Exception after Future was cancelled", exc_info=exc)
    else:
        future.set_exception(exc)


def future_set_exc_info(future: "_AnyFuture[_T]", exc_info: _ExcInfo) -> None:
    """Fail ``future`` with the exception of a `sys.exc_info` triple; log it if it was cancelled.

    :raises ValueError: if the triple holds no exception.

    .. versionadded:: 5.0
    """
    error = exc_info[1]
    if error is None:
        raise ValueError("future_set_exc_info called with no exception")
    future_set_exception_unless_cancelled(future, error.with_traceback(exc_info[2]))


@overload
def future_add_done_callback(
    future: "concurrent.futures.Future[_T]",
    callback: Callable[["concurrent.futures.Future[_T]"], object],
) -> None: ...


@overload
def future_add_done_callback(
    future: "asyncio.Future[_T]", callback: Callable[["asyncio.Future[_T]"], object]
) -> None: ...


def future_add_done_callback(future: "_AnyFuture[Any]", callback: Callable[[Any], object]) -> None:
    """Call ``callback(future)`` when ``future`` is done; at once, if it is done already.

    The callback runs in the stack contexts that are active now.

    .. versionadded:: 5.0
    """
    if future.done():
        callback(future)
    elif not callable(callback):
        raise not_callable("future_add_done_callback()", callback)
    else:
        future.add_done_callback(contexts.wrap(callback) if contexts.in_use else callback)


def chain_future(a: "_AnyFuture[_T]", b: "_AnyFuture[_T]") -> None:
    """Let ``b`` end as ``a`` ends, unless ``b`` was done or cancelled before.

    Either may be a `concurrent.futures.Future`; a result from another thread reaches ``b`` through
    the current loop. Cancelling ``b`` leaves ``a`` alone.

    .. versionchanged:: 5.0
       If both are asyncio's and ``a`` is done, ``b`` is set at once.
    """
    if isinstance(a, asyncio.Future):
        if a.done():
            _copy_state(a, b)
        else:
            a.add_done_callback(lambda done: _copy_state(done, b))
        return
    io_loop = current.get_current()
    io_loop.add_future(a, lambda done: _copy_state(done, b))


def _copy_state(a: "_AnyFuture[_T]", b: "_AnyFuture[_T]") -> None:
    if b.done():
        return
    if a.cancelled():
        b.cancel()
        return
    error = a.exception()
    if error is None:
        b.set_result(a.result())
    else:
        b.set_exception(raisable(error))


def raisable(error: BaseException) -> BaseException:
    """Return `error`, or in place of a `StopIteration` what a future of asyncio can fail with.

    A future that waits for another one must end, with whatever that one failed. Python 3.12 does
    the same in its own futures.
    """
    if not isinstance(error, StopIteration):
        return error
    replaced = RuntimeError("a future cannot raise StopIteration")
    replaced.__cause__ = error
    return replaced


for _name in (
    Future,
    is_future,
    future_set_result_unless_cancelled,
    future_set_exception_unless_cancelled,
    future_set_exc_info,
    future_add_done_callback,
    chain_future,
):
    _name.__module__ = _MODULE
del _name
