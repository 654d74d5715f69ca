"""Requests for a WebSocket go in, calls of an application's hooks come out."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from tornado import httputil
from tornado._websocket.afterwards import see_through
from tornado._websocket.coding import Extension
from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE
from tornado._websocket.errors import HandshakeError, WebSocketClosedError
from tornado._websocket.handshake import SUPPORTED_VERSIONS, is_same_origin
from tornado._websocket.parameters import Parameters, known_at_once
from tornado._websocket.protocol import MessageIterator, WebSocketProtocol
from tornado._websocket.protocol13 import WebSocketProtocol13
from tornado._websocket.protocol76 import WebSocketProtocol76
from tornado._websocket.seam import Carrier
from tornado.escape import json_encode
from tornado.log import gen_log
from tornado.web import HTTPError, RequestHandler

__all__ = ["WebSocketHandler"]


class WebSocketHandler(RequestHandler):
    """Base of the classes that handle WebSocket requests.

    Define `on_message`, and `open` and `on_close` where they are of use::

        class EchoWebSocket(tornado.websocket.WebSocketHandler):
            def open(self):
                print("WebSocket opened")

            def on_message(self, message):
                self.write_message("You said: " + message)

            def on_close(self):
                print("WebSocket closed")

    or read the messages in a loop, which ends when the connection does::

        class EchoWebSocket(tornado.websocket.WebSocketHandler):
            async def open(self):
                async for message in self:
                    await self.write_message(message)

    The request that opens a WebSocket is an HTTP request, and ``initialize``, ``prepare`` and the
    methods that look at a request work as in any handler; after it there are only messages, `ping`
    and `close`.

    Hooks may be plain functions or coroutines. Messages come one at a time, in order: while a
    coroutine of `on_message` runs, or while the peer does not take what was written to it (256
    KiB), nothing more is read. If a hook raises, that is logged and the connection closes with the
    code 1011.

    Settings of the application: ``websocket_ping_interval`` and ``websocket_ping_timeout``
    (seconds), ``websocket_max_message_size`` (bytes, default 10 MiB).

    .. versionadded:: 1.1
    """

    #: What carries the messages; ``None`` before the handshake, and from `close` on or after the end.
    ws_connection: WebSocketProtocol | None = None
    #: The close code and the reason that the client sent; ``None`` if it sent none. Set before
    #: `on_close` is called.
    close_code: int | None = None
    close_reason: str | None = None
    #: The stream below; ``None`` before the handshake.
    stream: Any = None
    open_args: tuple[Any, ...] = ()
    open_kwargs: dict[str, Any] = {}
    _opened = False
    _on_close_called = False

    # ---- the handshake ----

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Respond to the opening handshake. Override it to refuse some, and await the original."""
        if self.request.method != "GET":
            raise HTTPError(405)  # a HEAD request, which a plain handler treats as GET
        self.open_args = args
        self.open_kwargs = kwargs
        if isinstance(self.request.connection, Carrier):
            await self._be_carried(self.request.connection)
            return
        connection = self.get_websocket_protocol()
        try:
            if connection is None:
                # Says which of the fields is wrong.
                connection = WebSocketProtocol13(self)
            if self.request.version == "HTTP/1.0":
                raise HandshakeError("a WebSocket needs HTTP/1.1")
            if isinstance(connection, WebSocketProtocol13):
                connection.read_request(self.request.headers)
            if not await self._is_origin_allowed():
                raise HandshakeError("Cross origin websockets not allowed", 403)
            self.ws_connection = connection
            await connection.accept_connection(self)
        except HandshakeError as error:
            self.ws_connection = None
            gen_log.debug("WebSocket handshake refused: %s", error)
            self.clear()
            self.set_status(error.status)
            for name, value in error.headers.items():
                self.set_header(name, value)
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.finish(str(error))

    async def _be_carried(self, carrier: Carrier) -> None:
        if not await self._is_origin_allowed():
            self.set_status(403)
            self.finish("Cross origin websockets not allowed")
            return
        self._finished = True
        self._auto_finish = False
        self.ws_connection = carrier.carry_websocket(self)
        await self.ws_connection.accept_connection(self)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return an object for the version that the request asks for, ``None`` for an unknown one.

        .. versionadded:: 4.0
        """
        headers = self.request.headers
        if headers.get("Sec-WebSocket-Version") in SUPPORTED_VERSIONS:
            return WebSocketProtocol13(
                self,
                False,
                None,
                Parameters(
                    self.ping_interval,
                    self.ping_timeout,
                    self.max_message_size,
                    known_at_once(self.get_compression_options(), self, "get_compression_options"),
                ),
            )
        if "Sec-WebSocket-Key1" in headers and known_at_once(
            self.allow_draft76(), self, "allow_draft76"
        ):
            return WebSocketProtocol76(self, Parameters(max_message_size=self.max_message_size))
        return None

    def _origin(self) -> str | None:
        headers = self.request.headers
        origin: str | None = headers.get("Origin", headers.get("Sec-WebSocket-Origin"))
        return origin

    async def _is_origin_allowed(self) -> bool:
        """Return whether the handshake may come from where it says it does.

        What a browser says in Sec-Fetch-Site is believed first, since a proxy may have rewritten
        Host. Whatever looks cross-origin is for `check_origin` to decide.
        """
        origin = self._origin()
        site = self.request.headers.get("Sec-Fetch-Site")
        if site in ("same-origin", "none"):
            return True
        if origin is None:
            return site is None  # no browser's
        if site is None and is_same_origin(origin, self.request.headers.get("Host")):
            return True
        allowed: Any = self.check_origin(origin)
        if inspect.isawaitable(allowed):  # an awaitable itself would always count as true
            allowed = await allowed
        return bool(allowed)

    def check_origin(self, origin: str) -> bool:
        """Return whether pages of ``origin`` may open this WebSocket, if they look cross-origin.

        By default `check_trusted_origin` decides, and so the setting ``trusted_origins``. Override
        it to allow others; a browser sends its cookies with the handshake whoever asks for it, so
        to allow all of them (return ``True``) is safe only where the user is known by other means.

        It is not asked for pages of the same host and port as the request's Host, for those that
        the browser calls ``same-origin`` in Sec-Fetch-Site, nor for clients that send no Origin,
        which browsers never are.

        :param origin: ``scheme://host[:port]`` or ``null``, as the browser sent it.

        .. versionadded:: 4.0
        .. versionchanged:: 6.6
           Asked only for what looks cross-origin.
        """
        return self.check_trusted_origin(origin)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Return the one to speak of the subprotocols that the client offers, ``None`` for none.

        A client that is offered none may close the connection.

        :param subprotocols: in the client's order of preference.

        .. versionchanged:: 5.1
           The list is empty, and no longer holds an empty string, if none are offered.
        """
        return None

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that `select_subprotocol` returned.

        .. versionadded:: 5.1
        """
        return self.ws_connection.selected_subprotocol if self.ws_connection else None

    #: The extensions to accept besides compression, in order of preference. See `Extension`.
    websocket_extensions: Sequence[Extension] = ()

    def get_compression_options(self) -> dict[str, Any] | None:
        """Return ``None`` for no compression (the default), or options for permessage-deflate.

        An empty dict takes the defaults. ``compression_level`` (-1 to 9) and ``mem_level`` (1 to
        9) are zlib's; with ``server_no_context_takeover``, ``client_no_context_takeover`` (true or
        false), ``server_max_window_bits`` and ``client_max_window_bits`` (8 to 15) memory is saved
        at the cost of compression: with none of them each connection holds about 300 KiB.

        .. versionadded:: 4.1
        .. versionchanged:: 4.5
           ``compression_level`` and ``mem_level``.
        .. versionchanged:: 6.100
           The four parameters of RFC 7692.
        """
        return None

    def allow_draft76(self) -> bool:
        """Return whether to speak the older protocol "draft 76" too; by default not.

        Its handshake does not protect other servers and proxies from scripts: allow it only for
        clients that know nothing else.

        .. versionadded:: 2.3
        """
        return False

    def get_websocket_scheme(self) -> str:
        """Return the scheme of the request's URL, ``ws`` or ``wss``; only draft 76 asks for it.

        .. versionadded:: 2.3
        """
        return "wss" if self.request.protocol == "https" else "ws"

    def _switch_protocols(
        self, fields: list[tuple[str, str]], reason: str = "Switching Protocols"
    ) -> Any:
        """Respond with 101, with what ``prepare`` set and ``fields``; return the stream that is free now."""
        self.set_status(101, reason)
        self.clear_header("Content-Type")
        for name, value in fields:
            self.set_header(name, value)
        self._transforms = []
        _, headers, _ = self._head(b"", False)
        connection = self.request.connection
        connection.write_headers(httputil.ResponseStartLine("", 101, self._reason), headers)
        self._headers_written = self._finished = True
        self._auto_finish = False
        self.stream = connection.detach()
        self.application.open_connections.add(self)
        self._log()
        self.on_finish()
        return self.stream

    def _asyncio_loop(self, stream: Any) -> asyncio.AbstractEventLoop:
        """Return the loop that moves ``stream``."""
        io_loop = getattr(stream, "io_loop", None)
        return io_loop.asyncio_loop if io_loop is not None else asyncio.get_running_loop()

    # ---- hooks ----

    def open(self, *args: Any, **kwargs: Any) -> Awaitable[None] | None:
        """Hook called when the WebSocket is open. Override it.

        :param args: the groups of the route's pattern, as a ``get`` method would have them.

        It may be a coroutine; no message is handed to `on_message` before it is done.
        """

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take a message. Override it, unless messages are read with ``async for``.

        :param message: `str` for a text message, `bytes` for a binary one.
        :returns: ``None``, or an awaitable that is waited for before the next message is handed
            over.

        .. versionchanged:: 4.5
           May be a coroutine.
        """
        raise NotImplementedError

    def on_ping(self, data: bytes) -> Awaitable[None] | None:
        """Hook called when the client sent a ping; the pong is sent already.

        .. versionadded:: 5.0
        """

    def on_pong(self, data: bytes) -> Awaitable[None] | None:
        """Hook called when a pong arrived."""

    def on_close(self) -> Awaitable[None] | None:
        """Hook called when the connection is over, once, and not before `open` is done.

        ``close_code`` and ``close_reason`` hold what the client sent.
        """

    # ---- to the client ----

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> "asyncio.Future[None]":
        """Send a message to the client.

        :param message: text, or bytes, or a dict, which is sent as JSON.
        :param binary: whether the message is binary; otherwise bytes have to be UTF-8.
        :returns: a future that is done when the message has left this process. Whoever writes much
            awaits it: a client that is slow then slows the writer. It fails with
            `WebSocketClosedError` if the connection ends before.
        :raises WebSocketClosedError: if the connection is closed or closing.

        .. versionchanged:: 3.2
           Raises `WebSocketClosedError`.
        .. versionchanged:: 4.3
           Returns a future.
        """
        connection = self.ws_connection
        if connection is None:
            raise WebSocketClosedError("the WebSocket is closed")
        if isinstance(message, dict):
            message = json_encode(message)
        return connection.write_message(message, binary)

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping.

        :param data: at most 125 bytes, which come back to `on_pong`.
        :raises WebSocketClosedError: if the connection is closed or closing.
        :raises ValueError: for more data.

        .. versionchanged:: 5.1
           ``data`` is optional.
        """
        if self.ws_connection is None:
            raise WebSocketClosedError("the WebSocket is closed")
        self.ws_connection.write_ping(data.encode() if isinstance(data, str) else data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin to close this WebSocket; the connection ends when the client has agreed.

        :param code: 1000 to 1003, 1007 to 1014, or 3000 to 4999 for an application's own.
        :param reason: at most 123 bytes as UTF-8.
        :raises ValueError: for another code, or a longer reason.

        .. versionchanged:: 4.0
           ``code`` and ``reason``.
        """
        connection = self.ws_connection
        if connection is None:
            return
        connection.close(code, reason)
        # Before the handshake is done there is nothing to close, except where an application put
        # something of its own in place, a mock for instance.
        if self._opened or not isinstance(connection, WebSocketProtocol):
            self.ws_connection = None

    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once (the default), or let the system gather them.

        .. versionadded:: 3.1
        """
        assert self.ws_connection is not None
        self.ws_connection.set_nodelay(value)

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Read messages in a loop, in place of `on_message`; it ends when the connection does.

        .. versionadded:: 6.100
        """
        return MessageIterator(self.ws_connection)

    # ---- settings ----

    @property
    def ping_interval(self) -> float | None:
        """Seconds between two pings, ``None`` for none: the setting ``websocket_ping_interval``.

        .. versionadded:: 4.5
        """
        interval: float | None = self.settings.get("websocket_ping_interval")
        return interval

    @property
    def ping_timeout(self) -> float | None:
        """Seconds after a ping by which a pong must have arrived: ``websocket_ping_timeout``.

        ``None`` stands for the interval, and the interval is the most.

        .. versionadded:: 4.5
        """
        timeout: float | None = self.settings.get("websocket_ping_timeout")
        return timeout

    @property
    def max_message_size(self) -> int:
        """Bytes that a message may have: ``websocket_max_message_size``, by default 10 MiB.

        A longer one closes the connection with the code 1009, before it is received.

        .. versionadded:: 4.5
        """
        size: int | None = self.settings.get("websocket_max_message_size")
        return DEFAULT_MAX_MESSAGE_SIZE if size is None else size

    @property
    def latency(self) -> float | None:
        """Seconds that the last ping took until its pong, ``None`` before the first.

        .. versionadded:: 6.100
        """
        return self.ws_connection.latency if self.ws_connection is not None else None

    # ---- the end ----

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        """Called by what carries the messages when the connection is over.

        .. versionadded:: 6.3
        """
        self.close_code = close_code
        self.close_reason = close_reason
        self.on_connection_close()

    def on_connection_close(self) -> None:
        """Called when the connection is over, before or after the handshake; see `on_close`."""
        connection, self.ws_connection = self.ws_connection, None
        self.application.open_connections.discard(self)
        if connection is not None and not connection.client_terminated:
            connection.on_connection_close()
        if self._opened and not self._on_close_called:
            self._on_close_called = True
            see_through(self.on_close(), self)
            self._break_cycles()

    def send_error(self, *args: Any, **kwargs: Any) -> None:
        """Respond with an error; after the handshake, end the connection at once."""
        if self.stream is None:
            super().send_error(*args, **kwargs)
        else:
            # No HTTP response has a place here any more.
            self.stream.close()

    def async_callback(
        self, callback: Callable[..., Any] | None, *args: Any, **kwargs: Any
    ) -> Callable[..., Any] | None:
        """Return ``callback`` with arguments bound; what it raises is logged and ends the connection.

        .. versionadded:: 2.0
        """
        if self.ws_connection is None or callback is None:
            return super().async_callback(callback, *args, **kwargs)
        return self.ws_connection.async_callback(callback, *args, **kwargs)


def _refuse_http(name: str) -> Callable[..., Any]:
    """Return a method that works as HTTP's does before the handshake, and not at all after it."""
    original = getattr(RequestHandler, name)

    def method(self: WebSocketHandler, *args: Any, **kwargs: Any) -> Any:
        if self.stream is not None:
            raise RuntimeError(f"{name}() has no place in a WebSocket; write_message() has")
        return original(self, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"WebSocketHandler.{name}"
    method.__doc__ = original.__doc__
    return method


for _name in ("write", "redirect", "set_header", "set_cookie", "set_status", "flush", "finish"):
    setattr(WebSocketHandler, _name, _refuse_http(_name))

WebSocketHandler.__module__ = "tornado.websocket"
