"""Ways to wait: durations, deadlines and sets of futures in; futures out."""

import asyncio
import datetime
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from tornado._loop import contexts, current
from tornado._loop.conversion import convert_yielded
from tornado._loop.futures import (
    CompatibleFuture,
    Future,
    chain_future,
    drop_own_frames,
    future_add_done_callback,
    future_set_result_unless_cancelled,
    is_future,
    named_future,
)
from tornado.log import app_log
from tornado.util import TimeoutError

__all__ = ["WaitIterator", "maybe_future", "sleep", "with_timeout"]

if TYPE_CHECKING:
    import concurrent.futures

    from tornado._loop.conversion import Yieldable
    from tornado._loop.ioloop import IOLoop

_Types = type[BaseException] | tuple[type[BaseException], ...]


def maybe_future(x: Any) -> "asyncio.Future[Any]":
    """Return ``x`` if it is a future, else a future whose result it is.

    .. versionadded:: 4.0
    """
    if is_future(x):
        return x  # type: ignore[no-any-return]  # it was found to be one
    future: asyncio.Future[Any] = Future()
    future.set_result(x)
    return future


@named_future
class _Timed(CompatibleFuture[Any]):
    """A future with a timeout of the loop behind it; cancelling it cancels that, and ``inner``."""

    __slots__ = ("_handle", "_inner", "_io_loop")

    _handle: Any
    _inner: Any
    _io_loop: Any

    def cancel(self, msg: Any = None) -> bool:
        if not super().cancel(msg):
            return False
        if self._handle is not None:
            self._io_loop.remove_timeout(self._handle)
        if self._inner is not None:
            self._inner.cancel()
        return True


def _new_timed(io_loop: Any, inner: Any) -> _Timed:
    future = _Timed(loop=current.asyncio_loop())
    if future._source_traceback:
        drop_own_frames(future)
    future._io_loop = io_loop
    future._inner = inner
    future._handle = None
    return future


def sleep(duration: float) -> "asyncio.Future[None]":
    """Return a future that is done after ``duration`` seconds; cancelling it stops the timer.

    .. versionadded:: 4.1
    """
    io_loop = current.get_current()
    future = _new_timed(io_loop, None)
    future._handle = contexts.run_clean(
        io_loop.call_later, duration, future_set_result_unless_cancelled, future, None
    )
    return future


@overload
def with_timeout(
    timeout: float | datetime.timedelta,
    future: "Yieldable",
    quiet_exceptions: _Types = (),
    *,
    message: str | Callable[[], str] | None = None,
) -> "asyncio.Future[Any]": ...


@overload
def with_timeout(
    timeout: float | datetime.timedelta,
    future: "Yieldable",
    io_loop: "IOLoop | None" = None,
    quiet_exceptions: _Types = (),
    *,
    message: str | Callable[[], str] | None = None,
) -> "asyncio.Future[Any]": ...


def with_timeout(  # type: ignore[misc]  # the third parameter is either
    timeout: float | datetime.timedelta,
    future: Any,
    io_loop: Any = None,
    quiet_exceptions: _Types = (),
    *,
    message: str | Callable[[], str] | None = None,
) -> "asyncio.Future[Any]":
    """Wait for ``future``, but not longer than ``timeout``.

    :param timeout: a deadline by the clock of `tornado.ioloop.IOLoop.time`, or a
        `datetime.timedelta` from now.
    :param future: anything that a coroutine may yield. It is not cancelled when time is up.
    :param io_loop: the loop for the timer; ``None`` for the current one.
    :param quiet_exceptions: one or more exception types that are not logged if the future fails
        after time was up.
    :param message: the text of the error, or a function that returns it, called only when time is
        up; "Timeout" if left out.
    :raises tornado.util.TimeoutError: when time is up.

    Cancelling the returned future cancels ``future``.

    .. versionadded:: 4.0
    .. versionchanged:: 6.6
       Added ``message``.
    """
    if io_loop is not None and not hasattr(io_loop, "add_timeout"):
        # The third parameter is quiet_exceptions since release 5.
        io_loop, quiet_exceptions = None, io_loop
    inner = convert_yielded(future)
    io_loop = io_loop or current.get_current()
    result = _new_timed(io_loop, inner)
    chain_future(inner, result)

    def report(done: Any) -> None:
        try:
            done.result()
        except asyncio.CancelledError:
            pass
        except Exception as error:
            if not isinstance(error, quiet_exceptions):
                app_log.error("Exception in Future %r after timeout", future, exc_info=True)

    def expire() -> None:
        if result.done():
            return
        error: Exception
        try:
            error = TimeoutError((message() if callable(message) else message) or "Timeout")
        except Exception as raised:
            error = raised
        result.set_exception(error)
        future_add_done_callback(inner, report)

    if not inner.done():
        result._handle = contexts.run_clean(io_loop.add_timeout, timeout, expire)
        future_add_done_callback(inner, lambda _: io_loop.remove_timeout(result._handle))
    return result


class WaitIterator:
    """Gives the results of several futures one by one, in the order in which they are done.

    :param args: futures, the same one several times if need be; then `current_index` is the
        position of the last one.
    :param kwargs: futures with names; then it is the name. Not both.
    :raises ValueError: if both are given.

    ::

        wait_iterator = gen.WaitIterator(future1, future2)
        while not wait_iterator.done():
            try:
                result = yield wait_iterator.next()
            except Exception as e:
                print(f"{e} from {wait_iterator.current_future}")
            else:
                print(f"{result} at {wait_iterator.current_index}")

    ``async for result in wait_iterator`` does it too.

    .. versionadded:: 4.1
    .. versionchanged:: 4.3
       ``async for``.
    """

    def __init__(
        self,
        *args: "asyncio.Future[Any] | concurrent.futures.Future[Any]",
        **kwargs: "asyncio.Future[Any] | concurrent.futures.Future[Any]",
    ) -> None:
        if args and kwargs:
            raise ValueError("WaitIterator takes positional or keyword arguments, not both")
        named: Any = kwargs.items() if kwargs else enumerate(args)
        # Each future with the places at which it was given; `next` gives it once for each.
        self._unfinished: dict[Any, deque[Any]] = {}
        for name, future in named:
            self._unfinished.setdefault(convert_yielded(future), deque()).append(name)
        self._finished: deque[Any] = deque()
        # What `next` returned and has no result yet.
        self._waiting: deque[asyncio.Future[Any]] = deque()
        #: Where in the arguments the future was that gave the last result.
        self.current_index: int | str | None = None
        #: The future that gave the last result.
        self.current_future: asyncio.Future[Any] | None = None
        for future, places in list(self._unfinished.items()):
            for _ in list(places):
                future_add_done_callback(future, self._done_callback)

    def done(self) -> bool:
        """Whether all results were given."""
        if self._finished or self._unfinished:
            return False
        self.current_index = self.current_future = None
        return True

    def next(self) -> "asyncio.Future[Any]":
        """Return a future of the next result: of a future of the set, whichever is done next.

        A future that was given several times is given as often.
        """
        future: asyncio.Future[Any] = Future()
        if self._finished:
            self._return_result(self._finished.popleft(), future)
        else:
            self._waiting.append(future)
        return future

    def _done_callback(self, done: Any) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():  # it was not cancelled
                self._return_result(done, future)
                return
        self._finished.append(done)

    def _return_result(self, done: Any, future: "asyncio.Future[Any]") -> None:
        chain_future(done, future)
        places = self._unfinished[done]
        self.current_future = done
        self.current_index = places.popleft()
        if not places:
            del self._unfinished[done]

    def __aiter__(self) -> "WaitIterator":
        return self

    def __anext__(self) -> "asyncio.Future[Any]":
        if self.done():
            raise StopAsyncIteration
        return self.next()


for _name in (WaitIterator, maybe_future, sleep, with_timeout):
    _name.__module__ = "tornado.gen"
del _name
