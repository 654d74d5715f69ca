"""The lifespan protocol: what runs before the first request, and after the last one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from tornado._asgi.messages import Message, Receive, Send
from tornado.log import app_log


async def serve_lifespan(application: Any, receive: Receive, send: Send) -> None:
    """Run the hooks of ``application`` when the server starts and when it stops.

    An application may have a method ``lifespan()`` that returns an asynchronous context manager, as
    `tornado.web.Application` has.
    """
    hooks = getattr(application, "lifespan", None)
    async with contextlib.AsyncExitStack() as stack:
        message = await receive()
        if message["type"] != "lifespan.startup":
            return
        try:
            if hooks is not None:
                await stack.enter_async_context(hooks())
        except Exception as error:
            app_log.error("Startup failed", exc_info=True)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await stack.aclose()
        except Exception as error:
            app_log.error("Shutdown failed", exc_info=True)
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


class Lifespan:
    """The server's side of the protocol, for one ASGI application.

    An asynchronous context manager that may be entered again after it was left.
    """

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application
        #: What the application shares with its requests; ``None`` outside of the lifespan.
        self.state: dict[str, Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping: asyncio.Event | None = None
        self._reply: asyncio.Future[Message | None] | None = None

    async def __aenter__(self) -> Lifespan:
        if self._task is not None:
            raise RuntimeError("the lifespan of this application has begun already")
        self.state = {}
        self._stopping = asyncio.Event()
        self._reply = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._run())
        try:
            reply = await asyncio.shield(self._reply)
        except asyncio.CancelledError:
            await self._end()
            raise
        if reply is not None and reply["type"] == "lifespan.startup.failed":
            await self._end()
            raise RuntimeError(f"the application failed to start: {reply.get('message', '')}")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._stopping is not None
        self._reply = asyncio.get_running_loop().create_future()
        self._stopping.set()
        task = self._task
        assert task is not None
        try:
            waited: list[asyncio.Future[Any]] = [task, self._reply]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._reply.done():
                reply = self._reply.result()
                if reply is not None and reply["type"] == "lifespan.shutdown.failed":
                    app_log.error("Shutdown failed: %s", reply.get("message", ""))
        finally:
            await self._end()

    async def _end(self) -> None:
        task, self._task = self._task, None
        self.state = None
        if task is not None:
            done, _ = await asyncio.wait([task], timeout=1)
            if not done:
                task.cancel()
                await asyncio.wait([task])

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._receive_startup(), self._send)
        except Exception:
            # An application that does not know the protocol raises; that is how it says so.
            app_log.debug("The application has no lifespan", exc_info=True)
        finally:
            self._settle(None)

    def _receive_startup(self) -> Receive:
        has_started = False

        async def receive() -> Message:
            nonlocal has_started
            if not has_started:
                has_started = True
                return {"type": "lifespan.startup"}
            assert self._stopping is not None
            await self._stopping.wait()
            return {"type": "lifespan.shutdown"}

        return receive

    async def _send(self, message: Message) -> None:
        self._settle(message)

    def _settle(self, message: Message | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(message)
