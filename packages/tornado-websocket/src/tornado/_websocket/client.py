"""A URL goes in, a client's end of a WebSocket comes out."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, overload
from urllib.parse import SplitResult, urlsplit

from tornado import stack_context
from tornado._httpclient.seam import HTTPTimeoutError, plain_request
from tornado._websocket.afterwards import see_through
from tornado._websocket.coding import Extension, ExtensionCodec, offer_extensions
from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE
from tornado._websocket.errors import WebSocketClosedError, WebSocketError
from tornado._websocket.handshake import check_response
from tornado._websocket.opening import as_http, limit_of, open_websocket
from tornado._websocket.parameters import Parameters
from tornado._websocket.protocol import MessageIterator, WebSocketProtocol
from tornado._websocket.protocol13 import WebSocketProtocol13, all_extensions
from tornado.escape import json_encode
from tornado.httpclient import HTTPRequest
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.ioloop import IOLoop
from tornado.log import app_log
from tornado.netutil import Resolver
from tornado.tcpclient import TCPClient
from tornado.util import TimeoutError

__all__ = ["ConnectFuture", "WebSocketClientConnection", "websocket_connect"]

#: Seconds that `WebSocketClientConnection.wait_closed` gives a server to close the connection below.
_GRACE = 0.25


class WebSocketClientConnection:
    """A client's end of a WebSocket; `websocket_connect` makes it.

    It is an asynchronous iterator over the messages, and an asynchronous context manager that
    closes the connection::

        async with websocket_connect("ws://localhost:8888/") as connection:
            await connection.write_message("hello")
            async for message in connection:
                print(message)

    :param request: an `HTTPRequest`, whose headers show what the handshake sent afterwards. The
        parameters that follow are those of `websocket_connect`.
    :param io_loop: the loop to use; ``None`` for the current one. As in old releases the loop may
        come first.

    .. versionadded:: 3.2
    """

    #: The header fields of the server's response to the handshake.
    headers: HTTPHeaders
    #: ``None``: there is no status of a response but that of the handshake, which was a success.
    code: int | None = None

    def __init__(
        self,
        request: HTTPRequest,
        on_message_callback: Callable[[str | bytes | None], Any] | None = None,
        compression_options: dict[str, Any] | None = None,
        ping_interval: float | None = None,
        ping_timeout: float | None = None,
        max_message_size: int | None = DEFAULT_MAX_MESSAGE_SIZE,
        subprotocols: Sequence[str] | None = None,
        resolver: Resolver | None = None,
        io_loop: IOLoop | None = None,
        follow_redirects: bool = False,
        *,
        extensions: Sequence[Extension] | None = None,
    ) -> None:
        if isinstance(request, IOLoop):
            # (io_loop, request, on_message_callback, ...), as before 5.0: everything is one
            # further.
            moved: Any = (
                request,
                on_message_callback,
                compression_options,
                ping_interval,
                ping_timeout,
                None if max_message_size is DEFAULT_MAX_MESSAGE_SIZE else max_message_size,
                subprotocols or DEFAULT_MAX_MESSAGE_SIZE,
            )
            io_loop, request, on_message_callback, compression_options = moved[:4]
            ping_interval, ping_timeout, max_message_size = moved[4:]
            subprotocols = None
        self.io_loop: IOLoop = io_loop or IOLoop.current()
        self.request = request
        plain = plain_request(request)
        #: The URL of the handshake, of the scheme ``http`` or ``https``, split into its parts.
        self.parsed: SplitResult = urlsplit(as_http(plain.url, plain.allow_unix_sockets))
        self._plain_request: HTTPRequest = plain
        self._follow_redirects = follow_redirects
        self.protocol: WebSocketProtocol13 | None = None
        self.stream: Any = None
        self._callback: Any = stack_context.wrap(on_message_callback)
        self._parameters = Parameters(
            ping_interval,
            ping_timeout,
            DEFAULT_MAX_MESSAGE_SIZE if max_message_size is None else max_message_size,
            compression_options,
        )
        self._subprotocols: Sequence[str] = subprotocols or ()
        self._resolver: Resolver | None = resolver
        self._extensions = all_extensions(extensions or (), compression_options)
        self._codecs: Sequence[ExtensionCodec] = ()
        self._subprotocol: str | None = None
        self._key = ""
        self._closed: asyncio.Future[None] | None = None
        loop = self.io_loop.asyncio_loop
        #: A future of this connection, done when it is open.
        self.connect_future: ConnectFuture = ConnectFuture(loop=loop)
        self._connecting = loop.create_task(self._connect())
        self._connecting.add_done_callback(self._connected)
        self.connect_future.add_done_callback(self._connect_future_done)

    # ---- connecting ----

    async def _connect(self) -> None:
        client = TCPClient(self._resolver)
        try:
            opening = open_websocket(
                self._plain_request,
                client,
                self._subprotocols,
                offer_extensions(self._extensions),
                self._accept,
                self._follow_redirects,
            )
            stream = await asyncio.wait_for(opening, limit_of(self._plain_request))
        except asyncio.TimeoutError:
            raise HTTPTimeoutError("Timeout while connecting") from None
        finally:
            if self._resolver is None:
                client.close()
        protocol = self.get_websocket_protocol()
        assert isinstance(protocol, WebSocketProtocol13)
        self.protocol = protocol
        self.stream = stream
        protocol.selected_subprotocol = self._subprotocol
        if self._callback is None:
            protocol._pull()
        protocol.begin_client(stream, self.io_loop.asyncio_loop, self._codecs)
        protocol.start_pinging()

    def _accept(self, key: str, start_line: ResponseStartLine, headers: HTTPHeaders) -> None:
        self._key = key
        self.headers_received(start_line, headers)

    def headers_received(self, start_line: ResponseStartLine, headers: HTTPHeaders) -> None:
        """Check the head of the server's response.

        :raises WebSocketError: if it does not accept the handshake.

        .. versionadded:: 4.0
        """
        if start_line.code != 101:
            raise WebSocketError(f"Non-websocket response: status {start_line.code}, expected 101")
        self.headers = headers
        self._subprotocol, self._codecs = check_response(
            headers, self._key, self._subprotocols, self._extensions
        )

    def _connected(self, task: "asyncio.Task[None]") -> None:
        """Settle `connect_future` by what became of connecting."""
        future = self.connect_future
        if task.cancelled():
            future.cancel()
            return
        error = task.exception()
        if future.done():
            if self.protocol is not None:
                self.protocol._abort()
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(self)
        if self.protocol is not None:
            # Whoever waits for the future runs before the first message comes.
            self.io_loop.asyncio_loop.call_soon(self.protocol._opened)

    def _connect_future_done(self, future: "asyncio.Future[Any]") -> None:
        if future.cancelled():
            self._connecting.cancel()

    def get_websocket_protocol(self) -> WebSocketProtocol:
        """Return the object that speaks the protocol for this connection.

        .. versionadded:: 4.0
        """
        return WebSocketProtocol13(self, mask_outgoing=True, params=copy.copy(self._parameters))

    # ---- messages ----

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> "asyncio.Future[None]":
        """Send a message to the server; see `WebSocketHandler.write_message`.

        .. versionchanged:: 5.0
           Raises `WebSocketClosedError` if the connection is closed.
        """
        if self.protocol is None:
            raise WebSocketClosedError("the WebSocket is not open")
        if isinstance(message, dict):
            message = json_encode(message)
        return self.protocol.write_message(message, binary)

    def read_message(
        self, callback: Callable[["asyncio.Future[str | bytes | None]"], Any] | None = None
    ) -> "asyncio.Future[str | bytes | None]":
        """Return a future of the next message; of ``None`` when the connection is closed.

        Nothing is read from the network beyond one message that nobody asked for. Cancelling the
        future loses no message.

        :param callback: called with the future when it is done.
        :raises WebSocketClosedError: if the connection is not open yet.
        """
        if self.protocol is None:
            raise WebSocketClosedError("the WebSocket is not open")
        future = self.protocol.receive()
        if callback is not None:
            self.io_loop.add_future(future, callback)
        return future

    @property
    def read_queue(self) -> "MessageQueue":
        """The received messages as a queue to get from, for programs that know it from 5.0 to 6.6."""
        return MessageQueue(self)

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Iterate over the messages until the connection is closed.

        .. versionadded:: 6.100
        """
        return MessageIterator(self.protocol)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Hand a message to the callback that was given; ``None`` when the connection is closed."""
        if self._callback is not None:
            result: Awaitable[None] | None = self._callback(message)
            return result
        return None

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping with at most 125 bytes of ``data``.

        :raises WebSocketClosedError: if the connection is closed or closing.

        .. versionadded:: 5.1
        """
        if self.protocol is None:
            raise WebSocketClosedError("the WebSocket is not open")
        self.protocol.write_ping(data.encode() if isinstance(data, str) else data)

    def on_ping(self, data: bytes) -> Awaitable[None] | None:
        """Hook called when the server sent a ping; the pong is sent already."""

    def on_pong(self, data: bytes) -> Awaitable[None] | None:
        """Hook called when a pong arrived."""

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that the server chose, ``None`` for none.

        .. versionadded:: 5.1
        """
        return self._subprotocol

    @property
    def latency(self) -> float | None:
        """Seconds that the last ping took until its pong, ``None`` before the first.

        .. versionadded:: 6.100
        """
        return self.protocol.latency if self.protocol is not None else None

    # ---- the end ----

    @property
    def close_code(self) -> int | None:
        """The close code that the server sent, ``None`` if it sent none.

        .. versionadded:: 4.0
        """
        return self.protocol.close_code if self.protocol is not None else None

    @property
    def close_reason(self) -> str | None:
        """The reason that the server sent, ``None`` if it sent none.

        .. versionadded:: 4.0
        """
        return self.protocol.close_reason if self.protocol is not None else None

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin to close the connection; it ends when the server has agreed, or after 5 seconds.

        :param code: 1000 to 1003, 1007 to 1014, or 3000 to 4999 for an application's own.
        :param reason: at most 123 bytes as UTF-8.
        :raises ValueError: for another code, or a longer reason.

        .. versionchanged:: 4.0
           ``code`` and ``reason``.
        """
        if self.protocol is None:
            self.connect_future.cancel()
        else:
            self.protocol.close(code, reason)

    def is_closing(self) -> bool:
        """Return whether nothing more can be sent.

        .. versionadded:: 6.100
        """
        return self.protocol is None or self.protocol.is_closing()

    async def wait_closed(self) -> None:
        """Wait until the connection has ended; cancelling the wait changes nothing.

        It has ended when the closing handshake is done or has failed. A server that does not close
        the connection below shortly after that finds it closed.

        .. versionadded:: 6.100
        """
        if self.protocol is None:
            return
        if not self.protocol._finished:
            if self._closed is None:
                self._closed = self.io_loop.asyncio_loop.create_future()
            await asyncio.shield(self._closed)
        await self.protocol._wait_for_transport(_GRACE)

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        """Called when the connection is over.

        .. versionadded:: 6.3
        """
        self.on_connection_close()

    def on_connection_close(self) -> None:
        """Called when the connection is over; tells the callback."""
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        see_through(self.on_message(None), self)  # type: ignore[arg-type]  # says that it is over

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what a hook or the callback raised.

        .. versionadded:: 6.3
        """
        app_log.error("Uncaught exception %s", value, exc_info=(typ, value, tb))  # type: ignore[arg-type]  # None only by hand

    async def __aenter__(self) -> "WebSocketClientConnection":
        await self.connect_future
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()
        await self.wait_closed()


class MessageQueue:
    """A queue of what a connection receives, from which messages can only be taken."""

    __slots__ = ("_connection",)

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection

    def get(self, timeout: float | timedelta | None = None) -> "asyncio.Future[str | bytes | None]":
        """Return a future of the next message; of ``None`` when the connection is closed.

        :param timeout: the time of the loop at which to give up, or how long to wait.
        :raises tornado.util.TimeoutError: in the future, when no message came in time.
        """
        future = self._connection.read_message()
        if timeout is not None and not future.done():
            io_loop = self._connection.io_loop
            handle = io_loop.add_timeout(timeout, _expire, future)
            future.add_done_callback(lambda _: io_loop.remove_timeout(handle))
        return future


def _expire(future: "asyncio.Future[str | bytes | None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError("no message came in time"))


class ConnectFuture(asyncio.Future[WebSocketClientConnection]):
    """A future of an open connection, and a context manager of it."""

    async def __aenter__(self) -> WebSocketClientConnection:
        return await self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.result().__aexit__(*exc_info)


_POSITIONS = (
    "callback",
    "connect_timeout",
    "on_message_callback",
    "compression_options",
    "ping_interval",
    "ping_timeout",
    "max_message_size",
    "subprotocols",
    "resolver",
)


@overload
def websocket_connect(
    url: str | HTTPRequest,
    callback: Callable[["asyncio.Future[WebSocketClientConnection]"], Any] | None = None,
    connect_timeout: float | None = None,
    on_message_callback: Callable[[str | bytes | None], Any] | None = None,
    compression_options: dict[str, Any] | None = None,
    ping_interval: float | None = None,
    ping_timeout: float | None = None,
    max_message_size: int | None = DEFAULT_MAX_MESSAGE_SIZE,
    subprotocols: Sequence[str] | None = None,
    resolver: Resolver | None = None,
    *,
    io_loop: IOLoop | None = None,
    follow_redirects: bool = False,
    extensions: Sequence[Extension] | None = None,
) -> ConnectFuture: ...


@overload
def websocket_connect(
    url: str | HTTPRequest, io_loop: IOLoop, *args: Any, **kwargs: Any
) -> ConnectFuture: ...


def websocket_connect(
    url: str | HTTPRequest,
    *args: Any,
    callback: Callable[["asyncio.Future[WebSocketClientConnection]"], Any] | None = None,
    connect_timeout: float | None = None,
    on_message_callback: Callable[[str | bytes | None], Any] | None = None,
    compression_options: dict[str, Any] | None = None,
    ping_interval: float | None = None,
    ping_timeout: float | None = None,
    max_message_size: int | None = DEFAULT_MAX_MESSAGE_SIZE,
    subprotocols: Sequence[str] | None = None,
    resolver: Resolver | None = None,
    io_loop: IOLoop | None = None,
    follow_redirects: bool = False,
    extensions: Sequence[Extension] | None = None,
) -> ConnectFuture:
    """Open a WebSocket to a server.

    :param url: ``ws://`` or ``wss://``, or an `HTTPRequest` with such a URL: its headers, TLS
        options, credentials, proxy (through which the connection is tunnelled) and time limits
        count.
    :param callback: called with the future that is returned, when it is done.
    :param connect_timeout: seconds for everything up to the server's response, default 20; not with
        an `HTTPRequest`, which has its own.
    :param on_message_callback: called with each message, and with ``None`` when the connection is
        closed. If it returns an awaitable the next message waits for it. Without it, messages wait
        for `WebSocketClientConnection.read_message`.
    :param compression_options: ``None`` for no compression, else as
        `WebSocketHandler.get_compression_options` returns them.
    :param ping_interval: seconds between two pings, ``None`` for none.
    :param ping_timeout: seconds after a ping by which a pong must have arrived; ``None`` for
        the interval, which is the most.
    :param max_message_size: bytes that a message may have.
    :param subprotocols: the subprotocols to offer, in order of preference.
    :param resolver: what looks the host up; ``None`` for the default.
    :param io_loop: the loop to use, ``None`` for the current one. In old releases it came second
        by position, and still may.
    :param follow_redirects: whether to go where a redirect leads; otherwise it is an `HTTPError`,
        also if the `HTTPRequest` would have redirects followed. The scheme, and a header meant for
        this server only, are treated as in a fetch.
    :param extensions: the extensions to offer besides compression, in order of preference.
    :returns: a future of a `WebSocketClientConnection`; cancelling it gives up. It also works in
        ``async with``, which closes the connection.
    :raises ValueError: for a URL that is no WebSocket's. Through the future: `HTTPError` if the
        server (or a proxy) refuses, `WebSocketError` if its response is not a handshake, `OSError` if
        it cannot be reached.

    .. versionadded:: 3.1
    .. versionchanged:: 4.1
       ``on_message_callback``, ``compression_options``.
    .. versionchanged:: 4.5
       ``ping_interval``, ``ping_timeout``, ``max_message_size``.
    .. versionchanged:: 5.1
       ``subprotocols``.
    .. versionchanged:: 6.3
       ``resolver``.
    .. versionchanged:: 6.100
       ``follow_redirects`` and ``extensions``.
    """
    given: dict[str, Any] = {
        "callback": callback,
        "connect_timeout": connect_timeout,
        "on_message_callback": on_message_callback,
        "compression_options": compression_options,
        "ping_interval": ping_interval,
        "ping_timeout": ping_timeout,
        "max_message_size": max_message_size,
        "subprotocols": subprotocols,
        "resolver": resolver,
    }
    if args and (isinstance(args[0], IOLoop) or (args[0] is None and _is_callback(args[1:2]))):
        # (url, io_loop, callback, ...), as before 5.0.
        io_loop = args[0] or io_loop
        args = args[1:]
    if len(args) > len(_POSITIONS):
        raise TypeError(f"{len(args)} arguments after url, expected at most {len(_POSITIONS)}")
    given.update(zip(_POSITIONS, args, strict=False))
    callback = given.pop("callback")
    connect_timeout = given.pop("connect_timeout")
    if isinstance(url, HTTPRequest):
        if connect_timeout is not None:
            raise ValueError("connect_timeout goes into the HTTPRequest")
        # What the caller does with its request later is no concern of ours.
        request = copy.copy(url)
    else:
        request = HTTPRequest(url, connect_timeout=connect_timeout)
    as_http(request.url, request.allow_unix_sockets)
    request.headers = HTTPHeaders(request.headers)
    connection = WebSocketClientConnection(
        request,
        io_loop=io_loop,
        follow_redirects=follow_redirects,
        extensions=extensions,
        **given,
    )
    if callback is not None:
        connection.io_loop.add_future(connection.connect_future, callback)
    return connection.connect_future


def _is_callback(following: tuple[Any, ...]) -> bool:
    return bool(following) and callable(following[0])


for _public in (WebSocketClientConnection, websocket_connect):
    _public.__module__ = "tornado.websocket"
