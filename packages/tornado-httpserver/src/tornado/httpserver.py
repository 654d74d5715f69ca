"""Listening sockets go in, HTTP requests for an application come out: a non-blocking HTTP/1.1 server.

Most applications only start one, often by `tornado.web.Application.listen`. Anything that is
called with an `HTTPRequest` can be served::

    def handle_request(request):
        message = f"You requested {request.uri}\\n"
        request.connection.write_headers(
            ResponseStartLine("HTTP/1.1", 200, "OK"),
            HTTPHeaders({"Content-Length": str(len(message))}),
            message.encode(),
        )
        request.connection.finish()

    server = HTTPServer(handle_request)
    server.listen(8888)
    IOLoop.current().start()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, cast

from tornado._core.seam import legacy as _legacy
from tornado._http1.seam import CallableAdapter
from tornado._httpserver.context import TrustedProxies, _HTTPRequestContext
from tornado._httpserver.proxied import ProxiedDelegate, ProxiedDispatcher
from tornado.concurrent import Future
from tornado.http1connection import (
    HTTP1Connection,
    HTTP1ConnectionParameters,
    HTTP1ServerConnection,
)
from tornado.httputil import (
    HTTPConnection as _HTTPConnection,
)
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from tornado.iostream import IOStream
from tornado.tcpserver import TCPServer
from tornado.util import Configurable

if TYPE_CHECKING:
    import ssl

    from tornado.ioloop import IOLoop

_legacy.provide(__name__)

__all__ = ["HTTPConnection", "HTTPRequest", "HTTPServer"]

#: The requests that a server hands to an application, under their first name.
HTTPRequest = HTTPServerRequest

#: Seconds that a connection may be idle where nothing else is said.
_IDLE_SECONDS = 3600.0
#: Seconds for a request's head from its first byte on, where nothing else is said.
_HEADER_SECONDS = 60.0
#: Seconds that idle connections stay open when the server drains: their peers may be sending.
_LAST_REQUEST_SECONDS = 0.1

RequestCallback = HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], Any]


class HTTPServer(TCPServer, Configurable, HTTPServerConnectionDelegate):
    r"""A non-blocking, single-threaded HTTP server.

    :param request_callback: an `.HTTPServerConnectionDelegate` such as `tornado.web.Application`,
        or a function that takes an `HTTPRequest` and writes a response, either with
        ``request.connection.write_headers``, ``write`` and ``finish``, or all of its bytes with
        ``request.write`` and ``request.finish``.
    :param no_keep_alive: close each connection after one request.
    :param io_loop: the `.IOLoop` to serve on; ``None``: the one current when the server starts.
    :param xheaders: take the client's address and scheme from X-Real-Ip or X-Forwarded-For and from
        X-Scheme or X-Forwarded-Proto, or from Forwarded (RFC 7239), for a server that only
        proxies can reach.
    :param ssl_options: for TLS: an `ssl.SSLContext`, or keyword arguments of
        `.ssl_options_to_context`.
    :param protocol: ``"http"`` or ``"https"``, reported whatever the connection is, for a proxy
        that ends TLS and does not say so.
    :param decompress_request: decode request content with ``Content-Encoding: gzip``; its limit
        then counts for the decoded content.
    :param chunk_size: bytes of content given to a delegate at once, at most (default 65536).
    :param max_header_size: bytes of a request's line and headers (default 65536): 414 or 431.
    :param idle_connection_timeout: seconds until an idle connection is closed (default 3600).
    :param body_timeout: seconds for a request's content (``None``: any, as long as it keeps coming).
    :param max_body_size: bytes of a request's content (default: ``max_buffer_size``): 413. A
        handler that takes its content as it comes may raise it for itself with
        ``request.connection.set_max_body_size``.
    :param max_buffer_size: bytes that a stream may hold in memory (default 100 MiB).
    :param trusted_downstream: addresses and networks (``10.0.0.0/8``) of proxies, which are ignored in
        X-Forwarded-For and Forwarded; anything else raises `ValueError`.
    :param header_timeout: seconds for a request's line and headers from their first byte on
        (default 60).

    It starts in one of three ways. In this process::

        server = HTTPServer(app)
        server.listen(8888)
        IOLoop.current().start()

    In a process for each processor::

        server = HTTPServer(app)
        server.bind(8888)
        server.start(0)
        IOLoop.current().start()

    With sockets of your own making, among them unix sockets::

        sockets = bind_sockets(8888)
        tornado.process.fork_processes(0)
        server = HTTPServer(app)
        server.add_sockets(sockets)
        IOLoop.current().start()

    .. versionchanged:: 4.0
       ``decompress_request``, ``chunk_size``, ``max_header_size``, ``idle_connection_timeout``,
       ``body_timeout`` and ``max_body_size``; delegates as ``request_callback``.
    .. versionchanged:: 4.5
       ``trusted_downstream``.
    """

    #: For connections whose delegate this server is, which it is where `start_request` was replaced:
    #: instrumentation does that, and tells requests apart by their tasks, as releases since 4.0 have them.
    begins_in_tasks = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # `Configurable` has called initialize with the same arguments.
        pass

    def initialize(
        self,
        request_callback: RequestCallback,
        no_keep_alive: bool = False,
        io_loop: IOLoop | bool | None = None,
        xheaders: bool = False,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,
        protocol: str | None = None,
        decompress_request: bool = False,
        chunk_size: int | None = None,
        max_header_size: int | None = None,
        idle_connection_timeout: float | None = None,
        body_timeout: float | None = None,
        max_body_size: int | None = None,
        max_buffer_size: int | None = None,
        trusted_downstream: Collection[str] | None = None,
        header_timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the server up; the arguments are those of the class. Further ones are those of `.TCPServer`."""
        if isinstance(io_loop, bool):
            # Releases without io_loop have xheaders in its place, and so on.
            moved: Any = (
                io_loop,
                xheaders or None,
                ssl_options,
                protocol or False,
                decompress_request or None,
                chunk_size,
            )
            (xheaders, ssl_options, protocol, decompress_request, chunk_size, max_header_size) = (
                moved
            )
            io_loop = None
        self.request_callback = request_callback
        self.xheaders = bool(xheaders)
        self.protocol: str | None = protocol
        self.trusted_downstream = trusted_downstream
        self._trusted_proxies = TrustedProxies(trusted_downstream or ())
        self.conn_params = HTTP1ConnectionParameters(
            no_keep_alive=no_keep_alive,
            chunk_size=chunk_size,
            max_header_size=max_header_size,
            header_timeout=header_timeout or _HEADER_SECONDS,
            max_body_size=max_body_size,
            body_timeout=body_timeout,
            decompress=bool(decompress_request),
            idle_timeout=idle_connection_timeout or _IDLE_SECONDS,
        )
        TCPServer.__init__(
            self,
            io_loop=io_loop,
            ssl_options=ssl_options,
            max_buffer_size=max_buffer_size,
            **kwargs,
        )
        self._connections: set[HTTP1ServerConnection] = set()
        self._all_closed: asyncio.Future[None] | None = None
        self._dispatcher: ProxiedDispatcher | None = None
        self._adapter: Any = request_callback
        if not isinstance(request_callback, HTTPServerConnectionDelegate) and not hasattr(
            request_callback, "dispatch"
        ):
            self._adapter = CallableAdapter(request_callback)

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        """Return the class that ``HTTPServer.configure`` applies to."""
        return HTTPServer

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        """Return the class that is used where nothing else is configured."""
        return HTTPServer

    # Connections.

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve the connection ``stream``, accepted from ``address``."""
        context = _HTTPRequestContext(stream, address, self.protocol, self._trusted_proxies)
        connection = HTTP1ServerConnection(stream, self.conn_params, context)
        self._connections.add(connection)
        connection.start_serving(self._served_delegate())

    def _served_delegate(self) -> HTTPServerConnectionDelegate:
        """Return what a new connection serves: the application itself where nothing stands between."""
        # Compared with what the class was defined with: programs replace it on this very class.
        if type(self).start_request is not _START_REQUEST or "start_request" in vars(self):
            return self
        dispatch = getattr(self._adapter, "dispatch", None)
        if dispatch is None:
            return self
        if self._dispatcher is None or self._dispatcher.adapted != dispatch:
            self._dispatcher = ProxiedDispatcher(self, dispatch, self.xheaders)
        return cast(HTTPServerConnectionDelegate, self._dispatcher)

    @property
    def default_headers(self) -> HTTPHeaders | None:
        """The application's header fields for every response, which its connections' refusals carry too."""
        return getattr(self.request_callback, "default_headers", None)

    def start_request(
        self, server_conn: object, request_conn: _HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return the delegate of one request; part of the delegate interface.

        Override it to look at each request, or to wrap what serves it.
        """
        adapter = self._adapter
        if not hasattr(adapter, "start_request"):
            adapter = CallableAdapter(adapter)
        delegate: HTTPMessageDelegate = adapter.start_request(server_conn, request_conn)
        return ProxiedDelegate(delegate, request_conn) if self.xheaders else delegate

    def on_close(self, server_conn: object) -> None:
        """A connection closed; part of the delegate interface."""
        self._connections.discard(cast(HTTP1ServerConnection, server_conn))
        if not self._connections and self._all_closed is not None and not self._all_closed.done():
            self._all_closed.set_result(None)
        on_close = getattr(self.request_callback, "on_close", None)
        if on_close is not None and isinstance(self.request_callback, HTTPServerConnectionDelegate):
            on_close(server_conn)

    # The end.

    async def close_all_connections(self) -> None:
        """Close all open connections, whatever they are doing, and wait until they are closed.

        For tests, or after `stop` when no more time is to be given.

        .. versionadded:: 4.0
        """
        for connection in list(self._connections):
            connection.close()
        await self._wait_for_connections(None)

    async def drain(self, timeout: float | None = None) -> int:
        """Stop accepting, let every running request finish, and close each connection as soon as it is idle.

        What peers have sent, or opened, before they could know is still served, and says that the
        connection closes: an idle connection is closed a tenth of a second later.

        :param timeout: seconds until what still runs is cut off; ``None``: never.
        :returns: the number of connections that were cut off.

        Cancelling it leaves the server as it is then: not accepting, its connections ending by
        themselves.

        .. versionadded:: 6.100
        """
        self._accept_waiting()
        self.stop()
        began = asyncio.get_running_loop().time()
        for connection in self._connections:
            connection.drain(close_idle=False)
        try:
            grace = _LAST_REQUEST_SECONDS
            await self._wait_for_connections(grace if timeout is None else min(timeout, grace))
        finally:
            for connection in list(self._connections):
                connection.drain()
        if timeout is not None:
            timeout = max(0.0, began + timeout - asyncio.get_running_loop().time())
        await self._wait_for_connections(timeout)
        cut_off = list(self._connections)
        for connection in cut_off:
            connection.close()
        if cut_off:
            await self._wait_for_connections(None)
        return len(cut_off)

    async def _wait_for_connections(self, timeout: float | None) -> None:
        if not self._connections:
            return
        if self._all_closed is None or self._all_closed.done():
            self._all_closed = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._all_closed], timeout=timeout)


_START_REQUEST = HTTPServer.start_request


class HTTPConnection:
    """A connection whose requests go to a function, as servers of their own making used it before delegates.

    :param stream: the `.IOStream` of the connection.
    :param address: of the peer.
    :param request_callback: called with each `HTTPRequest`.
    :param no_keep_alive: close after one request.
    :param xheaders: as of `HTTPServer`.
    :param protocol: as of `HTTPServer`.
    """

    def __init__(
        self,
        stream: IOStream,
        address: Any,
        request_callback: Callable[[HTTPServerRequest], Any],
        no_keep_alive: bool = False,
        xheaders: bool = False,
        protocol: str | None = None,
    ) -> None:
        self.stream = stream
        self.address = address
        self.request_callback = request_callback
        self.no_keep_alive = no_keep_alive
        self.xheaders = xheaders
        self.protocol = protocol
        self._request: HTTPServerRequest | None = None
        self._close_callback: Callable[[], Any] | None = None
        params = HTTP1ConnectionParameters(
            no_keep_alive=no_keep_alive, header_timeout=_HEADER_SECONDS, idle_timeout=_IDLE_SECONDS
        )
        self._server = HTTP1ServerConnection(
            stream, params, _HTTPRequestContext(stream, address, protocol)
        )
        adapter = CallableAdapter(self._requested)
        self._server.start_serving(
            cast(HTTPServerConnectionDelegate, ProxiedDispatcher(None, adapter.dispatch, xheaders))
        )

    def _requested(self, request: HTTPServerRequest) -> Any:
        self._request = request
        self._exchange().set_close_callback(self._closed)
        return self.request_callback(request)

    def _exchange(self) -> HTTP1Connection:
        if self._request is None:
            raise RuntimeError("no request was received yet")
        return cast(HTTP1Connection, self._request.connection)

    def _closed(self) -> None:
        callback, self._close_callback = self._close_callback, None
        if callback is not None:
            callback()

    def write(self, chunk: bytes, callback: Callable[[], Any] | None = None) -> Future[None]:
        """Send bytes of the response to the current request, its head among them."""
        return self._exchange().write(chunk, callback)

    def finish(self) -> None:
        """End the response to the current request."""
        self._close_callback = None
        self._exchange().finish()

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Have ``callback`` called when the connection closes before the response is finished.

        .. versionadded:: 3.0
        """
        self._close_callback = callback

    def close(self) -> None:
        """Close the connection at once."""
        self.stream.close()
