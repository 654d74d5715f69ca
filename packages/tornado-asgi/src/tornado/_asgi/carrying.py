"""A WebSocket of an ASGI server, as the connection of a `WebSocketHandler`.

The server speaks the protocol of RFC 6455; here are only messages. `WebSocketExchange` is the request's
connection, a `Carrier`; `CarriedWebSocket` is what the handler writes to once it has accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

from tornado import gen
from tornado._asgi.exchange import ASGIExchange, Responding, log_failure, raw_headers
from tornado._asgi.messages import Message, Receive, Scope, Send
from tornado._asgi.requests import make_request, read_headers
from tornado._loop.seam import CALLBACK_ERRORS
from tornado.escape import to_unicode, utf8
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    Target,
)
from tornado.websocket import WebSocketClosedError, WebSocketProtocol

#: Seconds for the client to confirm that the WebSocket is closed.
_CLOSING_SECONDS = 5.0

#: Fields of the handshake's response that the server writes itself.
_SERVERS = frozenset(
    [
        "Content-Length",
        "Content-Type",
        "Date",
        "Sec-Websocket-Accept",
        "Sec-Websocket-Extensions",
        "Sec-Websocket-Protocol",
        "Server",
    ]
)


class WebSocketExchange(ASGIExchange):
    """The connection of a handshake: refused by a response, or accepted by a handler."""

    _types = "websocket.http.response"

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, 0)
        self._target: Target | None = None
        self._carried: CarriedWebSocket | None = None
        self._is_accepted = False

    # What a handler does.

    def carry_websocket(self, handler: Any) -> WebSocketProtocol:
        """Return what carries the messages of ``handler``; see `Carrier`."""
        self._carried = CarriedWebSocket(handler, self)
        return self._carried

    def accept(self, subprotocol: str | None, headers: HTTPHeaders) -> None:
        """Accept the handshake."""
        fields = HTTPHeaders()
        for name, value in headers.get_all():
            if name not in _SERVERS:
                fields.add(name, value)
        message: Message = {"type": "websocket.accept", "headers": raw_headers(fields)}
        if subprotocol:
            message["subprotocol"] = subprotocol
        self._is_accepted = True
        self.state = Responding.CONTENT
        self.pump.put(message)

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> asyncio.Future[None]:
        if isinstance(start_line, ResponseStartLine) and start_line.code == 101:
            # The handler switches protocols: `detach` follows.
            assert self._carried is not None
            self.accept(self._carried.selected_subprotocol, headers)
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            written.set_result(None)
            return written
        return super().write_headers(start_line, headers, chunk, callback)

    def detach(self) -> Any:
        if self._carried is None or not self._is_accepted:
            return super().detach()
        return _Stream(self)

    # What the adapter does.

    async def serve(
        self, dispatch: Callable[[HTTPServerRequest], Target], receive: Receive, send: Send
    ) -> None:
        """Serve the WebSocket, to its end."""
        receiving: asyncio.Task[None] | None = None
        denies = "websocket.http.response" in self._extensions
        try:
            try:
                request = make_request(self.scope, self, read_headers(self.scope))
                request.method = "GET"
                target = self._target = dispatch(request)
                if target.streams_body:
                    target.finish()
                else:
                    target.execute()
            except HTTPInputError:
                self.respond(400, "Bad Request", HTTPHeaders(), b"")
            except CALLBACK_ERRORS:
                log_failure("in a WebSocket's handshake")
                self._fail()
            receiving = asyncio.ensure_future(self._receive(receive))
            await self.pump.run(send if denies else _without_denial(send), lambda: self.is_over)
        except asyncio.CancelledError:
            self.client_left(None)
            raise
        except (OSError, RuntimeError) as error:
            # RuntimeError: what servers raise for a message after the end.
            self.client_left(error)
        finally:
            self.gone(1006, None)
            if receiving is not None:
                receiving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await receiving

    async def _receive(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code", 1005)
                self.gone(code, message.get("reason"))
                self.client_left(None)
                return
            if message["type"] == "websocket.receive" and self._carried is not None:
                text = message.get("text")
                await self._carried.received(text if text is not None else message["bytes"])

    def client_left(self, error: BaseException | None = None) -> None:
        was_undecided = self.state is Responding.IDLE
        super().client_left(error)
        if was_undecided and self._target is not None:
            try:
                self._target.on_connection_close()
            except CALLBACK_ERRORS:
                log_failure("when a client left")

    def close_websocket(self, code: int, reason: str) -> None:
        """Send the closing handshake, and wait a little for the client's."""
        self.pump.put({"type": "websocket.close", "code": code, "reason": reason})
        loop = asyncio.get_running_loop()
        loop.call_later(_CLOSING_SECONDS, self.client_left, None)

    def gone(self, code: int | None, reason: str | None) -> None:
        """The WebSocket is over."""
        carried, self._carried = self._carried, None
        if carried is not None and self._is_accepted:
            carried.ended(None if code in (1005, 1006) else code, reason)

    def _fail(self) -> None:
        if self._is_accepted:
            self.close_websocket(1011, "")
        elif self.state is Responding.IDLE:
            self.respond(500, "Internal Server Error", HTTPHeaders(), b"")


def _without_denial(send: Send) -> Send:
    """Refuse a handshake as ASGI did before its extension for it: the server responds with 403."""

    async def translated(message: Message) -> None:
        if message["type"] == "websocket.http.response.start":
            await send({"type": "websocket.close", "code": 1000})
        elif not message["type"].startswith("websocket.http.response"):
            await send(message)

    return translated


class _Stream:
    """Stands for the stream of a connection that has none: it can be closed."""

    def __init__(self, exchange: WebSocketExchange) -> None:
        self._exchange = exchange

    def close(self, exc_info: object = None) -> None:
        self._exchange.close_websocket(1011, "")

    def closed(self) -> bool:
        return self._exchange.is_over

    def set_nodelay(self, value: bool) -> None:
        """The server's affair."""


class CarriedWebSocket(WebSocketProtocol):
    """The WebSocket of one handler."""

    def __init__(self, handler: Any, exchange: WebSocketExchange) -> None:
        super().__init__(handler)
        self._exchange = exchange
        self._is_open = False
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        #: messages for `receive`, once it was called
        self._pulled: deque[str | bytes] | None = None
        self._puller: asyncio.Future[str | bytes | None] | None = None
        self._taken: asyncio.Future[None] | None = None

    async def accept_connection(self, handler: Any = None) -> None:
        """Accept the handshake and open the handler."""
        handler = self.handler
        offered = list(self._exchange.scope.get("subprotocols") or [])
        self.selected_subprotocol = handler.select_subprotocol(offered)
        if self.selected_subprotocol and self.selected_subprotocol not in offered:
            raise ValueError(f"subprotocol {self.selected_subprotocol!r} was not offered")
        self.stream = handler._switch_protocols([])
        handler._opened = True
        try:
            result = handler.open(*handler.open_args, **handler.open_kwargs)
            if result is not None and (awaitable := _awaitable(result)) is not None:
                await awaitable
        except CALLBACK_ERRORS as error:
            self._failed(error)
        finally:
            self._is_open = True
            if not self._opened.done():
                self._opened.set_result(None)

    async def received(self, message: str | bytes) -> None:
        """Deliver a message; return when the next one may come."""
        await self._opened
        if self.client_terminated:
            return
        if len(message) > self.handler.max_message_size:
            self.close(1009, "message too big")
            return
        if self._pulled is not None:
            await self._deliver_to_puller(message)
            return
        try:
            result = self.handler.on_message(message)
            if result is not None and (awaitable := _awaitable(result)) is not None:
                await awaitable
        except CALLBACK_ERRORS as error:
            if isinstance(error, asyncio.CancelledError) and self.client_terminated:
                raise
            self._failed(error)

    async def _deliver_to_puller(self, message: str | bytes) -> None:
        if self._puller is not None and not self._puller.done():
            self._puller.set_result(message)
            return
        assert self._pulled is not None
        self._pulled.append(message)
        self._taken = asyncio.get_running_loop().create_future()
        await self._taken

    def receive(self) -> asyncio.Future[str | bytes | None]:
        future: asyncio.Future[str | bytes | None] = asyncio.get_running_loop().create_future()
        if self._pulled is None:
            self._pulled = deque()
        # A handler that reads in `open` has to get its messages while that runs.
        if not self._opened.done():
            self._opened.set_result(None)
        if self._pulled:
            future.set_result(self._pulled.popleft())
            if self._taken is not None and not self._taken.done():
                self._taken.set_result(None)
        elif self.client_terminated:
            future.set_result(None)
        else:
            self._puller = future
        return future

    def write_message(self, message: str | bytes, binary: bool = False) -> asyncio.Future[None]:
        if self.is_closing():
            raise WebSocketClosedError("the WebSocket is closed")
        key, value = ("bytes", utf8(message)) if binary else ("text", to_unicode(message))
        sent = self._exchange.pump.put_awaitable({"type": "websocket.send", key: value})
        return _closed_error(sent)

    def write_ping(self, data: bytes) -> None:
        """Nothing: an ASGI server sends its own pings."""
        if self.is_closing():
            raise WebSocketClosedError("the WebSocket is closed")
        if len(data) > 125:
            raise ValueError(f"a ping of {len(data)} bytes, at most 125 are allowed")

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        if not self.is_closing():
            self.server_terminated = True
            self._exchange.close_websocket(1000 if code is None else code, reason or "")

    def is_closing(self) -> bool:
        return self.client_terminated or self.server_terminated

    def start_pinging(self) -> None:
        """Nothing: an ASGI server sends its own pings."""

    def ended(self, code: int | None, reason: str | None) -> None:
        """The client has gone, or has agreed to close."""
        self.client_terminated = True
        self.close_code, self.close_reason = code, reason
        if not self._opened.done():
            self._opened.set_result(None)
        if self._puller is not None and not self._puller.done():
            self._puller.set_result(None)
        try:
            self.handler.on_ws_connection_close(code, reason)
        except CALLBACK_ERRORS as error:
            self.handler.log_exception(type(error), error, error.__traceback__)

    def _abort(self) -> None:
        if not self.is_closing():
            self.server_terminated = True
            self._exchange.close_websocket(1011, "")

    def _failed(self, error: BaseException) -> None:
        self.handler.log_exception(type(error), error, error.__traceback__)
        self._abort()


def _awaitable(result: Any) -> Any:
    """Return ``result`` if it can be awaited; anything else that a hook returns is ignored."""
    try:
        return gen.convert_yielded(result)
    except gen.BadYieldError:
        return None


def _closed_error(sent: asyncio.Future[None]) -> asyncio.Future[None]:
    """Return a future that fails with `WebSocketClosedError` where ``sent`` fails."""
    result: asyncio.Future[None] = sent.get_loop().create_future()

    def settle(done: asyncio.Future[None]) -> None:
        if result.done():
            return
        if done.cancelled() or done.exception() is not None:
            result.set_exception(WebSocketClosedError("the WebSocket was closed"))
            result.exception()
        else:
            result.set_result(None)

    sent.add_done_callback(settle)
    return result
