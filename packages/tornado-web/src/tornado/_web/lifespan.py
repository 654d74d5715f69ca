"""What an application does before its first request and after its last one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from tornado import gen
from tornado.log import app_log

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerConnectionDelegate

#: A function of the application, or several of them; what they return is awaited if it can be.
Hooks = Callable[[Any], Any] | Iterable[Callable[[Any], Any]] | None


class Lifespan:
    """The hooks of one application.

    :param on_startup: called in their order, before the first request.
    :param on_shutdown: called in their order, after the last request.
    :param around: a function of the application that returns an asynchronous context manager, such as
        one decorated with `contextlib.asynccontextmanager`.
    :raises TypeError: if one of them is no function.
    """

    def __init__(
        self,
        on_startup: Hooks,
        on_shutdown: Hooks,
        around: Callable[[Any], AbstractAsyncContextManager[Any]] | None,
    ) -> None:
        self.on_startup = _hooks("on_startup", on_startup)
        self.on_shutdown = _hooks("on_shutdown", on_shutdown)
        if around is not None and not callable(around):
            raise TypeError(f"lifespan is a function of the application, not {around!r}")
        self.around = around

    @contextlib.asynccontextmanager
    async def run(self, application: HTTPServerConnectionDelegate) -> AsyncIterator[None]:
        """Enter the context manager and run the startup hooks; at the end the shutdown hooks, and leave it.

        If a startup hook raises, the shutdown hooks do not run, but the context manager is left. If a
        shutdown hook raises, that is logged, the others run, and the first error is raised in the end.
        """
        async with contextlib.AsyncExitStack() as stack:
            if self.around is not None:
                await stack.enter_async_context(self.around(application))
            for hook in self.on_startup:
                await _called(hook, application)
            try:
                yield
            finally:
                await self._shut_down(application)

    async def _shut_down(self, application: HTTPServerConnectionDelegate) -> None:
        failure: Exception | None = None
        for hook in self.on_shutdown:
            try:
                await _called(hook, application)
            except Exception as error:
                app_log.error("Exception in shutdown hook %r", hook, exc_info=True)
                failure = failure or error
        if failure is not None:
            raise failure


def _hooks(name: str, hooks: Hooks) -> list[Callable[[Any], Any]]:
    if hooks is None:
        return []
    found = [hooks] if callable(hooks) else list(hooks)
    for hook in found:
        if not callable(hook):
            raise TypeError(f"{name} takes functions of the application, not {hook!r}")
    return found


async def _called(hook: Callable[[Any], Any], application: Any) -> None:
    result = hook(application)
    if result is not None:
        with contextlib.suppress(gen.BadYieldError):
            result = gen.convert_yielded(result)
            await result
