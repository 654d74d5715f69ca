"""Starting native coroutines: a coroutine in; None, or the future of the rest of it, out."""

import asyncio
import sys
from asyncio.events import _get_running_loop
from collections.abc import Coroutine
from typing import Any

from tornado._loop import contexts, conversion, current

__all__ = ["start"]

_EAGER = sys.version_info >= (3, 12)


def start(coro: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any] | None":
    """Run a coroutine as a task, at once as far as Python can, and return its future.

    From Python 3.12 on its first step runs before this returns. If it came to its end then, and
    well, its result is dropped and None returned, so that nobody needs to wait; if it failed, a
    done future is returned. Elsewhere the task starts on the loop's next turn.
    """
    loop = _get_running_loop()
    if contexts.in_use and contexts.stack.get():
        future = conversion.drive(coro)
    elif _EAGER and loop is not None:
        future = asyncio.Task(coro, loop=loop, eager_start=True)  # type: ignore[call-arg]  # 3.12
    else:
        future = (loop or current.asyncio_loop()).create_task(coro)
    if future.done():
        if not future.cancelled() and future.exception() is None:
            return None
        return future
    conversion.hold(future)
    return future
