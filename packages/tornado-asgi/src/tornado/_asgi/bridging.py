"""A WebSocket of Tornado's server, for an ASGI application."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from tornado._asgi.messages import HOP_BY_HOP, Message
from tornado._asgi.serving import Container
from tornado._loop.seam import CALLBACK_ERRORS
from tornado.log import app_log
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler


def application_for(container: Container, settings: dict[str, Any]) -> Application:
    """Return an application whose one handler passes WebSockets to the container's application."""
    settings = {"log_function": _log_nothing, **settings}
    return Application([(r".*", Bridge, {"container": container})], **settings)


def _log_nothing(handler: Any) -> None:
    """The application that is served logs what it wants."""


class Bridge(WebSocketHandler):
    """One WebSocket between its client and an ASGI application."""

    def initialize(self, container: Container) -> None:
        self._container = container
        self._events: deque[Message] = deque([{"type": "websocket.connect"}])
        self._arrived: asyncio.Future[None] | None = None
        self._taken: asyncio.Future[None] | None = None
        #: done when the application accepts, refuses or ends
        self._decided: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        #: done when the response to the handshake was sent
        self._responded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._denial: Message | None = None
        self._is_over = False
        self._task: asyncio.Task[None] | None = None

    async def get(self, *args: Any, **kwargs: Any) -> None:
        self._task = asyncio.ensure_future(self._run_application())
        try:
            await self._respond(await self._decided)
        finally:
            if not self._responded.done():
                self._responded.set_result(None)

    async def _respond(self, decision: Message) -> None:
        """Do with the handshake what the application decided."""
        kind = decision["type"]
        if kind == "websocket.accept":
            self._subprotocol = decision.get("subprotocol")
            self._add_headers(decision)
            await super().get()
            if self.ws_connection is None:
                self._websocket_over(1006, "")  # the handshake was malformed, and refused
        elif kind == "websocket.close":
            self.set_status(403)
            self.finish()
        elif kind == "failed":
            self.send_error(500)
        else:
            # A denial: the application writes the response, and this method ends with it.
            assert self._task is not None
            await asyncio.wait([self._task])
            if not self._finished:
                self._auto_finish = False
                self.request.connection.close()

    # The handler.

    def check_origin(self, origin: str) -> bool:
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return self._subprotocol

    async def on_message(self, message: str | bytes) -> None:
        key = "text" if isinstance(message, str) else "bytes"
        self._add_event({"type": "websocket.receive", key: message})
        if self._events and not self._is_over:
            self._taken = asyncio.get_running_loop().create_future()
            await self._taken

    def on_close(self) -> None:
        code = self.close_code
        self._websocket_over(1005 if code is None else code, self.close_reason or "")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._websocket_over(1006, "")

    def _websocket_over(self, code: int, reason: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._add_event({"type": "websocket.disconnect", "code": code, "reason": reason})
            if self._taken is not None and not self._taken.done():
                self._taken.set_result(None)

    def _add_event(self, event: Message) -> None:
        self._events.append(event)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    # The application.

    async def _run_application(self) -> None:
        try:
            scope = self._container.scope_of(self.request, "websocket")
            await self._container.application(scope, self._asgi_receive, self._asgi_send)
        except CALLBACK_ERRORS as error:
            if not (self._is_over and isinstance(error, OSError)):
                app_log.error(
                    "Uncaught exception in the ASGI application for WebSocket %r",
                    self.request.path,
                    exc_info=True,
                )
            self._application_ended(1011)
        else:
            self._application_ended(1000)

    def _application_ended(self, code: int) -> None:
        """The application has returned."""
        if not self._decided.done():
            self._decided.set_result({"type": "failed"})
        elif self.ws_connection is not None and not self._is_over:
            self.close(code)
        self._websocket_over(1006, "")

    async def _asgi_receive(self) -> Message:
        while not self._events:
            if self._is_over:
                return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        event = self._events.popleft()
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        return event

    async def _asgi_send(self, message: Message) -> None:
        kind = message["type"]
        if kind.startswith("websocket.http.response"):
            await self._deny(message)
        elif not self._decided.done():
            if kind not in ("websocket.accept", "websocket.close"):
                raise RuntimeError(f"{kind} before websocket.accept")
            self._decided.set_result(message)
            await self._responded
        elif self._is_over or self.ws_connection is None:
            raise OSError("the WebSocket is closed")
        elif kind == "websocket.send":
            await self._send_message(message)
        elif kind == "websocket.close":
            self.close(message.get("code", 1000), message.get("reason") or None)
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r}")

    async def _send_message(self, message: Message) -> None:
        text = message.get("text")
        try:
            if text is not None:
                await self.write_message(text)
            else:
                await self.write_message(message["bytes"], binary=True)
        except WebSocketClosedError as error:
            raise OSError("the WebSocket is closed") from error

    async def _deny(self, message: Message) -> None:
        if message["type"] == "websocket.http.response.start":
            if self._decided.done():
                raise RuntimeError("websocket.http.response.start after a decision")
            self._decided.set_result(message)
            self._denial = message
            self.set_status(int(message["status"]))
            self.clear_header("Content-Type")
            self._add_headers(message)
            return
        if self._denial is None:
            raise RuntimeError(f"{message['type']} before its start")
        self.write(message.get("body") or b"")
        if message.get("more_body"):
            await self.flush()
        else:
            self.finish()

    def _add_headers(self, message: Message) -> None:
        for name, value in message.get("headers") or ():
            text = bytes(name).decode("latin-1")
            if text.title() not in HOP_BY_HOP:
                self.add_header(text, bytes(value).decode("latin-1"))
