"""Running coroutines that may never wait without making a task for each.

Before Python 3.12 a task begins on the loop's next turn. A coroutine that never waits, as most handlers
of requests, needs none of that, but it may ask for `asyncio.current_task`, as timeouts, cancel scopes
and sniffio do. `ParkedTask` is therefore a real task that waits for work. A coroutine takes its first
step while the parked task is the current one (`asyncio` documents ``_enter_task`` for this); if that
step was the last one, the same task is lent to the next coroutine. If not, the task wakes and carries
the coroutine from there on, as its own.

Nobody can tell the difference. A task is lent again only if nothing of the coroutine is left on it: no
reference, strong or weak, no callback, no request to cancel it and no new name. While it is
parked it is not among `asyncio.all_tasks`, so that code which waits for all of them does not wait for it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.tasks import _enter_task, _leave_task, _register_task, _unregister_task
from collections.abc import Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any
from weakref import getweakrefcount

from tornado._gen import eager
from tornado._loop import contexts, conversion

__all__ = ["Starter"]

_TASKS_START_EAGERLY = sys.version_info >= (3, 12)
_current_task = asyncio.current_task
_references = sys.getrefcount


class ParkedTask:
    """One task that waits for a coroutine.

    :param loop: the running loop.
    """

    __slots__ = ("_awakened", "_context", "_coro", "_waited", "is_parked", "loop", "name", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.is_parked = False
        self._coro: Coroutine[Any, Any, Any] | None = None
        self._context: Context | None = None
        self._waited: Any = None
        self._awakened: asyncio.Future[None] = loop.create_future()
        task: Any = loop.create_task(self._carry())
        task._log_destroy_pending = False  # a loop may be closed while it is parked
        self.task = task
        self.name = task.get_name()
        _unregister_task(self.task)

    def is_unused(self) -> bool:
        """Return whether nothing of the last coroutine is left on the task, references aside."""
        task = self.task
        return (
            not self._awakened.done()
            and not task._must_cancel
            and task._callbacks is None
            and not getweakrefcount(task)
            and task.get_name() is self.name
        )

    def end(self) -> None:
        """Have the task end, as that of a coroutine that has ended."""
        if not self._awakened.done():
            self._awakened.set_result(None)

    def adopt(self, coro: Coroutine[Any, Any, Any], context: Context, waited: Any) -> None:
        """Have the task carry ``coro`` on, which waits for ``waited``."""
        self._coro, self._context, self._waited = coro, context, waited
        _register_task(self.task)
        conversion.hold(self.task)
        if not self._awakened.done():  # it was cancelled otherwise, and wakes of that
            self._awakened.set_result(None)

    async def _carry(self) -> None:
        self.is_parked = True
        cancelled: BaseException | None = None
        try:
            await self._awakened
        except asyncio.CancelledError as error:
            if self._coro is None:
                raise
            waited = self._waited
            # What a task does that is cancelled while it waits: what it waits for is cancelled.
            if waited is None or not waited.cancel():
                cancelled = error
        if self._coro is None:
            return  # the coroutine is over, and left something that waits for the end of its task
        assert self._context is not None
        await _Rest(self._coro, self._context, self._waited, cancelled)


class _Rest:
    """What is left of a coroutine after its first step, each step in its context."""

    def __init__(
        self,
        coro: Coroutine[Any, Any, Any],
        context: Context,
        waited: Any,
        error: BaseException | None,
    ) -> None:
        self._coro = coro
        self._context = context
        self._waited = waited
        self._error = error

    def __await__(self) -> Generator[Any, Any, None]:
        coro, run, waited, error = self._coro, self._context.run, self._waited, self._error
        self._waited = self._error = None
        value: Any = None
        try:
            while True:
                if error is None:
                    try:
                        value = yield waited
                    except BaseException as raised:
                        error = raised
                if error is None:
                    waited = run(coro.send, value)
                else:
                    thrown, error = error, None
                    waited = run(coro.throw, thrown)
                    del thrown
        except StopIteration:
            return


class Starter:
    """Starts coroutines, and keeps one task parked for them."""

    __slots__ = ("_parked",)

    def __init__(self) -> None:
        self._parked: ParkedTask | None = None

    def start(self, coro: Coroutine[Any, Any, None], server: Any) -> None:
        """Run ``coro`` at once up to its first wait, and from there on as a task.

        An exception that the first step raises is raised here.

        :param server: the connection that may hold a fresh context for the coroutine, in which this is
            called then (``fresh_context``); otherwise the context is a copy of the current one.
        """
        context: Context | None = getattr(server, "fresh_context", None)
        if context is not None:
            server.fresh_context = None
        if _TASKS_START_EAGERLY:
            if context is None:
                eager.start(coro)
            else:
                server.unstarted = coro
            return
        loop = asyncio.get_running_loop()
        parked = self._parked
        if parked is None or parked.loop is not loop:
            parked = self._parked = ParkedTask(loop)
        if (
            not parked.is_parked
            or (contexts.in_use and contexts.stack.get())
            or _current_task(loop) is not None
        ):
            if context is None:
                eager.start(coro)
            else:
                server.unstarted = coro
            return
        if context is None:
            context = copy_context()
            self._step(parked, coro, context, context.run, (coro.send, None))
        else:
            self._step(parked, coro, context, coro.send, (None,))

    def _step(
        self,
        parked: ParkedTask,
        coro: Coroutine[Any, Any, None],
        context: Context,
        call: Any,
        arguments: tuple[Any, ...],
    ) -> None:
        loop, task = parked.loop, parked.task
        count = _references(task)
        is_over = True
        _enter_task(loop, task)
        try:
            waited = call(*arguments)
            is_over = False
        except StopIteration:
            return
        finally:
            _leave_task(loop, task)
            if is_over and (_references(task) != count or not parked.is_unused()):
                parked.end()
                self._parked = None
        self._parked = None
        parked.adopt(coro, context, waited)
