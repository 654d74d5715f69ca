"""A request goes in; its response comes out, over a connection of the pool or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from tornado._httpclient.callbacks import wait_for_result
from tornado._httpclient.connecting import connect
from tornado._httpclient.connection import ClientConnection, closed_error
from tornado._httpclient.errors import HTTPStreamClosedError, refused
from tornado._httpclient.fetch import IDEMPOTENT, FetchBase, FetchState, Places
from tornado._httpclient.outgoing import headers_for
from tornado._httpclient.pool import ConnectionPool
from tornado._httpclient.proxies import Proxy, proxy_for
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.settings import Settings
from tornado._httpclient.tls import Contexts, tls_key
from tornado._httpclient.urls import Target, parse_url
from tornado._loop.seam import run_clean
from tornado.http1engine import MessageError, MessageWriter, ResponseHead
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

#: Seconds for which a kept connection counts as fresh. Servers give up idle connections after some
#: time; what they close sooner, they do not close for being idle. A request that must not be sent
#: twice is not sent over an older connection, and one that may be is repeated only there.
FRESH = 1.0
#: Seconds after which connecting is given up from outside.
_GRACE = 1.0
#: Seconds to wait for 100 Continue; then the content is sent anyhow (RFC 9110 section 10.1.1).
CONTINUE_TIMEOUT = 1.0


class ClientSettings(Protocol):
    """What a fetch reads of its client."""

    tcp_client: TCPClient
    _contexts: Contexts
    max_buffer_size: int
    #: whether a custom resolver may know names that no other could
    _takes_any_host: bool


class Connections(Places, Protocol):
    """Where a fetch gets its connections."""

    pool: ConnectionPool

    @property
    def client(self) -> ClientSettings:
        """The client, as it is set up."""

    def adopt(self, stream: IOStream, key: Hashable) -> ClientConnection:
        """Return the connection over a new stream."""


class Fetch(FetchBase):
    """A fetch over connections of a pool; it is the consumer of its exchanges, one after the other."""

    __slots__ = (
        "_connecting",
        "_connection",
        "_connections",
        "_continue_timer",
        "_is_second_try",
        "_producing",
        "_send_content",
    )

    def __init__(
        self,
        connections: Connections,
        request: _RequestProxy,
        deliver: Callable[[HTTPResponse], None],
    ) -> None:
        super().__init__(connections, request, deliver)
        self._connections = connections
        self._connecting: asyncio.Task[IOStream] | None = None
        self._connection: ClientConnection | None = None
        self._is_second_try = False
        self._send_content: Callable[[], None] | None = None
        self._continue_timer: asyncio.TimerHandle | None = None
        self._producing: asyncio.Task[None] | None = None

    # The way to the server.

    def _check_host(self, target: Target) -> None:
        if not self._connections.client._takes_any_host:
            super()._check_host(target)

    def _attempt(self) -> None:
        """Send the request, over a connection from the pool or a new one."""
        try:
            settings = self._settings
            target = self._target
            if target is None:
                target = self._target = parse_url(settings.url, settings.allow_unix_sockets)
            self._check_host(target)
            proxy = proxy_for(settings, target)
            tls = tls_key(settings) if target.scheme == "https" else None
            key = (
                target.origin if proxy is None or tls is not None else None,
                proxy,
                tls,
                settings.network_interface,
                settings.allow_ipv6,
            )
            headers = self._sent = headers_for(settings, target)
            path = target.path
            if proxy is not None and target.scheme == "http":
                path = f"http://{target.authority}{path}"
                if proxy.authorization is not None:
                    headers["Proxy-Authorization"] = proxy.authorization
            if settings.auth_mode == "digest":
                self._authenticate(headers, target)
            writer = MessageWriter()
            head = writer.start_request(settings.method, path, headers)
        except Exception as error:
            self.fail(error)
            return
        connection = None
        if not self._is_second_try:
            repeatable = settings.method in IDEMPOTENT and settings._body_producer is None
            connection = self._connections.pool.take(key, None if repeatable else FRESH)
        if connection is not None:
            self.time_info["connect"] = 0.0
            self._send(connection, writer, head)
            return
        self.state = FetchState.CONNECTING
        seconds = self._connecting_seconds()
        if seconds is not None:
            # Connecting knows better what it is waiting for; a TCPClient of the application may not.
            self._arm(self._loop.time() - self._start + seconds + _GRACE)
        self._connecting = run_clean(self._begin_connecting, target, proxy, settings, seconds)
        self._connecting.add_done_callback(lambda done: self._connected(done, key, writer, head))

    def _begin_connecting(
        self, target: Target, proxy: Proxy | None, settings: Settings, seconds: float | None
    ) -> asyncio.Task[IOStream]:
        return self._loop.create_task(self._open(target, proxy, settings, seconds))

    async def _open(
        self, target: Target, proxy: Proxy | None, settings: Settings, seconds: float | None
    ) -> IOStream:
        client = self._connections.client
        tls = client._contexts.context_for(settings) if target.scheme == "https" else None
        return await connect(
            client.tcp_client,
            target,
            proxy,
            tls,
            settings,
            client.max_buffer_size,
            timeout=seconds,
        )

    def _connected(
        self, task: asyncio.Task[IOStream], key: Hashable, writer: MessageWriter, head: bytes
    ) -> None:
        if self._connecting is task:
            self._connecting = None
        if task.cancelled():
            if self.state is FetchState.CONNECTING:
                # By whoever cancelled all tasks, as `asyncio.run` does when it ends.
                closed = HTTPStreamClosedError("Connecting was cancelled")
                closed._is_farewell = True
                self.fail(closed)
            return
        error = task.exception()
        if self.state is not FetchState.CONNECTING:
            if error is None:
                task.result().close()
            return
        if error is not None:
            if isinstance(error, StreamClosedError):
                error = closed_error(error)
            self.fail(error)
            return
        self.time_info["connect"] = self._loop.time() - self._start
        self._send(self._connections.adopt(task.result(), key), writer, head)

    def _send(self, connection: ClientConnection, writer: MessageWriter, head: bytes) -> None:
        settings = self._settings
        is_timed = self.state is FetchState.EXCHANGING
        self.state = FetchState.EXCHANGING
        self._connection = connection
        if not is_timed:
            self._arm(settings.request_timeout)
        try:
            body = settings._body
            producer = settings._body_producer
            if producer is not None:
                connection.begin(self, settings.method, writer, head, None)
                self._when_wanted(lambda: self._produce(connection, producer))
            elif body and settings.expect_100_continue:
                connection.begin(self, settings.method, writer, head, None)
                self._when_wanted(lambda: self._send_body(connection, body))
            else:
                connection.begin(self, settings.method, writer, head, body)
        except StreamClosedError as error:
            self.exchange_failed(closed_error(error), True)
        except Exception as error:
            self.fail(error)

    # Content of the request.

    def _when_wanted(self, send: Callable[[], None]) -> None:
        """Send the content at once, or when the server has asked for it, or has not in time."""
        if not self._settings.expect_100_continue:
            send()
            return
        self._send_content = send
        self._continue_timer = self._loop.call_later(CONTINUE_TIMEOUT, self.continue_received)

    def _send_body(self, connection: ClientConnection, body: bytes) -> None:
        connection.send_content(body)
        connection.finish_content()

    def _produce(self, connection: ClientConnection, producer: Callable[[Any], Any]) -> None:
        self._producing = self._run(
            self._loop.create_task, self._run_producer(connection, producer)
        )

    async def _run_producer(
        self, connection: ClientConnection, producer: Callable[[Any], Any]
    ) -> None:
        stream = connection.stream
        loop = self._loop

        def write(chunk: bytes) -> asyncio.Future[None]:
            if self._connection is not connection:
                raise HTTPStreamClosedError("the exchange is over")
            connection.send_content(chunk)
            if stream.backlog > stream.low_water:
                flushed = stream.flushed()
                if flushed is not None:
                    return flushed
            done = loop.create_future()
            done.set_result(None)
            return done

        try:
            await wait_for_result(producer(write))
            if self._connection is connection:
                connection.finish_content()
        except StreamClosedError:
            pass  # the connection tells about it, and perhaps a response came before
        except Exception as error:
            if self._connection is connection:
                self.fail(error)

    def _stop_sending(self) -> None:
        self._send_content = None
        if self._continue_timer is not None:
            self._continue_timer.cancel()
            self._continue_timer = None
        producing, self._producing = self._producing, None
        if producing is not None and not producing.done():
            producing.cancel()

    # The response.

    def informational_received(self, head: ResponseHead) -> None:
        """Show a head before the final one; after 100, send the content that the server waits for."""
        if self._next is None and self._call_header_callback(
            head.version, head.status, head.reason, head.headers
        ):
            if head.status == 100:
                self.continue_received()

    def continue_received(self) -> None:
        """Send the content that the server waits for, or has not asked for in time."""
        send, self._send_content = self._send_content, None
        if self._continue_timer is not None:
            self._continue_timer.cancel()
            self._continue_timer = None
        if send is not None:
            try:
                send()
            except StreamClosedError as error:
                self.fail(closed_error(error))
            except Exception as error:
                self.fail(error)

    def head_received(self, head: ResponseHead) -> None:
        """Take the head of the final response."""
        self._send_content = None  # the server does not want it any more
        self._take_head(head.version, head.status, head.reason, head.headers)
        connection = self._connection
        if connection is not None and self._next is None:
            try:
                connection.reader.check_size()
            except MessageError as error:
                self.fail(refused(error, "Content-Length too long"))

    def _pause(self) -> None:
        if self._connection is not None:
            self._connection.pause()

    def _resume(self) -> None:
        if self._connection is not None:
            self._connection.resume()

    def response_complete(self, reusable: bool) -> None:
        """The exchange is over: give the connection back, then go on or deliver."""
        connection = self._connection
        self._connection = None
        self._is_second_try = False
        self._stop_sending()
        if reusable and connection is not None:
            self._connections.pool.put(connection)
        self._take_end()

    def exchange_failed(self, error: BaseException, untouched: bool) -> None:
        """The connection broke. Once, a request that can be sent again is."""
        connection = self._connection
        self._connection = None
        settings = self._settings
        if (
            untouched
            and connection is not None
            and connection.was_idle >= FRESH
            and not self._is_second_try
            and settings.method in IDEMPOTENT
            and settings._body_producer is None
        ):
            # The server closed the connection while it was idle, and we learned too late.
            self._is_second_try = True
            self._stop_sending()
            self._attempt()
            return
        self.fail(error)

    def _leave(self) -> None:
        """Give up what is under way."""
        connection, self._connection = self._connection, None
        self._stop_sending()
        self._waiting = None
        if connection is not None:
            connection.close()
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
