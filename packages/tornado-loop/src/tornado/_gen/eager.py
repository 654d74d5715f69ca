"""Starting native coroutines eagerly, in a context of the caller's choice."""

import asyncio
import sys
from asyncio.events import _get_running_loop
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any

from tornado._loop import contexts, conversion, current

__all__ = ["start", "start_later"]

_EAGER = sys.version_info >= (3, 12)
_TASK_TAKES_CONTEXT = sys.version_info >= (3, 11)


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine each step of which runs in a context, for what cannot be given one."""

    def __init__(self, coro: Coroutine[Any, Any, Any], context: Context) -> None:
        self._coro = coro
        self._context = context

    def send(self, value: Any) -> Any:
        return self._context.run(self._coro.send, value)

    def throw(self, *exc_info: Any) -> Any:
        return self._context.run(self._coro.throw, *exc_info)

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        result: Any = yield from self._coro.__await__()
        return result


def start(
    coro: Coroutine[Any, Any, Any], context: Context | None = None
) -> "asyncio.Future[Any] | None":
    """Run a coroutine as a task, at once as far as Python can, and return its future.

    From Python 3.12 on its first step runs before this returns. If it finished then without an
    exception, its result is dropped and None is returned, so that nobody needs to wait; if it failed, a
    done future is returned. Elsewhere the task starts on the loop's next turn.

    :param context: the context of every step, which must not be entered when this is called; None: a
        copy of the current one.
    """
    loop = _get_running_loop()
    future: asyncio.Future[Any]
    if contexts.in_use and contexts.stack.get():
        future = conversion.drive(coro if context is None else _Stepped(coro, context))
    elif _EAGER and loop is not None:
        future = asyncio.Task(coro, loop=loop, eager_start=True, context=context)  # type: ignore[call-arg]  # 3.12
    else:
        future = _task(loop or current.asyncio_loop(), coro, context)
    if future.done():
        if not future.cancelled() and future.exception() is None:
            return None
        return future
    conversion.hold(future)
    return future


def start_later(coro: Coroutine[Any, Any, Any], context: Context | None = None) -> None:
    """Run a coroutine as a task from the loop's next turn on.

    :param context: as of `start`, except that it may be entered now.
    """
    conversion.hold(_task(_get_running_loop() or current.asyncio_loop(), coro, context))


def _task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], context: Context | None
) -> "asyncio.Future[Any]":
    if context is None:
        return loop.create_task(coro)
    if _TASK_TAKES_CONTEXT:
        return loop.create_task(coro, context=context)  # type: ignore[call-arg]  # 3.11
    return loop.create_task(_Stepped(coro, context))
