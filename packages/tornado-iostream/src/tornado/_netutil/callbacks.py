"""An awaitable and perhaps a callback go in; a future comes out, or the callback gets the result."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tornado import ioloop, stack_context
from tornado._netutil.loops import asyncio_loop_of

_T = TypeVar("_T")


def with_callback(
    awaitable: Awaitable[_T],
    callback: Callable[[_T], Any] | None,
    io_loop: ioloop.IOLoop,
) -> "asyncio.Future[_T]":
    """Return a future of `awaitable`; or, given a callback, ``None``, and call it with the result.

    In the callback style an error is reported by the loop, and the callback is not called.
    """
    future: asyncio.Future[_T] = asyncio.ensure_future(awaitable, loop=asyncio_loop_of(io_loop))
    if callback is None:
        return future
    wrapped = stack_context.wrap(callback)
    io_loop.add_future(future, lambda done: wrapped(done.result()))
    return None  # type: ignore[return-value]  # the callback style has no future
