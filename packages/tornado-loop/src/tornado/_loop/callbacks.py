"""``callback=`` beside futures: awaited results in; calls of callbacks, in their contexts, out.

Every asynchronous function that took ``callback=`` in some release takes it still, and this room
says once what that means: the callback is called through the loop, never before the function
returned, inside the stack contexts of the caller. If the operation failed, the exception is raised
in those contexts in place of the call: an `ExceptionStackContext` sees it, or else the loop logs it.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tornado._loop import contexts, current
from tornado._loop.contexts import ExceptionStackContext
from tornado._loop.conversion import convert_yielded
from tornado._loop.futures import Future, future_set_exc_info
from tornado.util import ArgReplacer

__all__ = [
    "CALLBACK_ERRORS",
    "ReturnValueIgnoredError",
    "deliver",
    "return_future",
    "schedule",
    "with_callback",
]

_T = TypeVar("_T")

#: What a callback of the application may raise when it is called outside a task. There,
#: ``CancelledError`` is an error like others: no task is being cancelled, and the code that waits for the
#: application must not wait for ever.
CALLBACK_ERRORS = (Exception, asyncio.CancelledError)


class ReturnValueIgnoredError(Exception):
    """A function that takes a callback returned a value, which would be lost."""


def deliver(
    awaitable: Any, callback: Callable[..., Any] | None, *, with_result: bool = True
) -> None:
    """Call ``callback`` with the result of ``awaitable`` when it is there.

    :param awaitable: a future, coroutine or anything else that a coroutine may yield.
    :param callback: ``None`` to do nothing.
    :param with_result: false to call it without an argument, as writers and closers do.
    """
    if callback is None:
        return
    future = convert_yielded(awaitable)

    def call(done: "asyncio.Future[Any]") -> None:
        result = done.result()
        if with_result:
            callback(result)
        else:
            callback()

    io_loop = current.get_current()
    io_loop.add_future(future, call)


def with_callback(
    awaitable: Awaitable[_T], callback: Callable[[_T], Any] | None, io_loop: Any
) -> "asyncio.Future[_T]":
    """Return a future of `awaitable`; or, given a callback, ``None``, and call it with the result.

    :param io_loop: the `IOLoop` on which it happens, which need not be the current one.
    """
    future: asyncio.Future[_T] = asyncio.ensure_future(awaitable, loop=io_loop.asyncio_loop)
    if callback is None:
        return future
    wrapped = contexts.wrap(callback)
    io_loop.add_future(future, lambda done: wrapped(done.result()))
    return None  # type: ignore[return-value]  # the callback style has no future


def schedule(io_loop: Any, callback: Callable[..., Any], *args: Any) -> None:
    """Call a callback that was wrapped before on the next turn, without the contexts of here.

    For layers that store callbacks: `IOLoop.add_callback` would add the stack contexts of the code that
    completes the operation to a callback that was given outside of all contexts.
    """
    contexts.run_clean(io_loop.add_callback, callback, *args)


def return_future(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that passes its result to ``callback=``, so that it returns a future too.

    The function must not return a value; it calls its callback with one value or none. Exceptions
    that it raises later, in its stack context, fail the future; one that it raises before it
    returns is raised at once. Callers may still pass a callback.

    :raises ReturnValueIgnoredError: when the decorated function returns something.

    .. versionadded:: 3.0
    """
    replacer = ArgReplacer(f, "callback")

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = Future()
        bare = False

        def succeed(*value: Any) -> None:
            nonlocal bare
            if not future.done():
                bare = not value
                future.set_result(value[0] if value else None)

        def fail(typ: Any, value: BaseException, tb: Any) -> bool:
            if future.done():
                return False
            future_set_exc_info(future, (typ, value, tb))
            return True

        def call_back(done: "asyncio.Future[Any]") -> None:
            result = done.result()
            if bare:
                callback()
            else:
                callback(result)

        callback, given, kwargs = replacer.replace(succeed, args, kwargs)
        raised = False
        with ExceptionStackContext(fail):
            try:
                result = f(*given, **kwargs)
                if result is not None:
                    raise ReturnValueIgnoredError(
                        "@return_future should not be used with functions that return values:"
                        f" {f!r} returned {result!r}"
                    )
            except BaseException:
                raised = True
                raise
        if raised:
            # The caller learns of errors at the start without waiting.
            future.result()
        if callback is not None:
            io_loop = current.get_current()
            io_loop.add_future(future, call_back)
        return future

    return wrapper


return_future.__module__ = "tornado.concurrent"
ReturnValueIgnoredError.__module__ = "tornado.concurrent"
