"""What a coroutine may yield: futures, awaitables and registered types in; futures out.

This registry sits beneath both `tornado.gen` and `tornado.ioloop`: coroutines convert what they
yield, the loop what its callbacks return.
"""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Coroutine
from functools import singledispatch
from inspect import isawaitable
from typing import Any, TypeAlias

from tornado._loop import contexts, current
from tornado._loop.futures import FUTURES, done_future, drop_own_frames

__all__ = ["BadYieldError", "completed", "convert_yielded", "drive", "hold", "task_of"]

#: What coroutines may yield, as far as types can tell; more can be registered with `convert_yielded`.
Yieldable: TypeAlias = (
    Awaitable[Any]
    | list[Awaitable[Any]]
    | dict[Any, Awaitable[Any]]
    | concurrent.futures.Future[Any]
    | None
)


class BadYieldError(Exception):
    """A coroutine yielded something that nobody knows how to wait for."""


BadYieldError.__module__ = "tornado.gen"


def drive(coro: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
    """Run a native coroutine inside the stack contexts that are active.

    A task of asyncio does not enter them at each step; `tornado._gen.runner` puts a function here
    that does.
    """
    return current.asyncio_loop().create_task(coro)


@singledispatch
def convert_yielded(yielded: Any) -> "asyncio.Future[Any]":
    """Return a future for something that a coroutine yielded.

    Futures are returned as they are; native coroutines and other awaitables become tasks; lists
    and dicts of such things become one future of a list or dict (see `tornado.gen.multi`).
    ``None`` and `tornado.gen.moment` become a future that is done: they take a turn of the loop
    only where a generator yields them by themselves.
    More types can be registered, as with any `functools.singledispatch` function::

        @gen.convert_yielded.register(Deferred)
        def _(deferred): ...

    :raises BadYieldError: for anything else.

    .. versionadded:: 4.1
    .. versionchanged:: 4.3
       Awaitables too.
    """
    if yielded is None:
        return completed()
    if isinstance(yielded, FUTURES):
        return yielded  # type: ignore[return-value]  # both kinds of futures have what is used
    if isawaitable(yielded):
        return task_of(yielded)
    raise BadYieldError(f"yielded unknown object {yielded!r}")


convert_yielded.__module__ = "tornado.gen"


def completed() -> "asyncio.Future[None]":
    """Return a future of the current loop that is done, with the result ``None``."""
    return done_future(current.asyncio_loop())


def task_of(awaitable: Awaitable[Any]) -> "asyncio.Future[Any]":
    """Return a future for an awaitable; a coroutine starts as a task on the loop's next turn.

    The task is held until it is done: asyncio itself keeps only a weak reference.
    """
    if asyncio.isfuture(awaitable):
        return awaitable
    loop = current.asyncio_loop()
    coro = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
    if contexts.in_use and contexts.stack.get():
        return drive(coro)
    task = loop.create_task(coro)
    if task._source_traceback:  # type: ignore[attr-defined]  # typeshed leaves it out
        drop_own_frames(task)
    hold(task)
    return task


def hold(task: "asyncio.Future[Any]") -> None:
    """Keep a task from being collected before it is done."""
    loop = task.get_loop()
    io_loop = current.by_asyncio_loop.get(loop) or current.adopt_loop(loop)
    io_loop._hold(task)
    task.add_done_callback(io_loop._release)


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
