"""Calls of an application's hooks: each in the context in which its connection was accepted."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

from tornado import gen, stack_context
from tornado._loop.seam import CALLBACK_ERRORS, contexts, eager
from tornado._websocket.sending import Sender

__all__ = ["HookCaller", "was_cancelled_itself"]


class HookCaller(Sender):
    """A connection that calls hooks, which may return something to wait for."""

    _context: Context
    #: Calls a hook with arguments; what the hook raises is raised.
    _run: Callable[..., Any]
    _in_stack_contexts = False

    def _begin_calling(self) -> None:
        """Call hooks from now on, in the context of the caller of this, however they are reached."""
        self._context = copy_context()
        self._run = self._context.run
        self._in_stack_contexts = contexts.active()
        if self._in_stack_contexts:
            self._enter: Any = stack_context.wrap(_attempt)
            self._run = self._run_in_stack_contexts

    def _run_in_stack_contexts(self, hook: Callable[..., Any], *args: Any) -> Any:
        """Call a hook; what it raises ends this connection, and is not for the contexts around it."""
        error, result = self._context.run(self._enter, hook, *args)
        if error is not None:
            raise error
        return result

    def _future_of(self, result: Any) -> "asyncio.Future[Any] | None":
        return None if result is None or result is self._sent else self._as_future(result)

    def _as_future(self, result: Any) -> "asyncio.Future[Any] | None":
        """Return the future of what a hook returned, ``None`` if it is nothing to wait for."""
        if asyncio.isfuture(result):
            return result
        if asyncio.iscoroutine(result):
            return self._start(result)
        try:
            return gen.convert_yielded(result)
        except gen.BadYieldError:
            return None

    def _start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any] | None":
        """Run a hook's coroutine, its first step at once where Python can do that."""
        if self._in_stack_contexts:
            started: asyncio.Future[Any] | None = self._run(eager.start, coroutine)
            return started
        loop, context = self._loop, self._context
        if sys.version_info >= (3, 12) and loop.get_task_factory() is None:
            return asyncio.Task(coroutine, loop=loop, context=context, eager_start=True)
        if sys.version_info >= (3, 11):
            return loop.create_task(coroutine, context=context)
        return context.run(loop.create_task, coroutine)


def _attempt(hook: Callable[..., Any], *args: Any) -> tuple[BaseException | None, Any]:
    try:
        return None, hook(*args)
    except CALLBACK_ERRORS as error:
        return error, None


def was_cancelled_itself(future: "asyncio.Future[Any]") -> bool:
    """Return whether a cancelled hook was cancelled itself, as all tasks are when a program ends.

    Otherwise it awaited something that was cancelled, which it did not expect. Before Python 3.11
    there is no telling.
    """
    cancelling = getattr(future, "cancelling", None)
    return cancelling is not None and bool(cancelling())
