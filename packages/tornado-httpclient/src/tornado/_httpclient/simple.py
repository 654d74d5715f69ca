"""The client in pure Python, over connections that are kept and shared."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from tornado._httpclient.connection import ClientConnection
from tornado._httpclient.fetching import Fetch
from tornado._httpclient.pool import ConnectionPool
from tornado._httpclient.positions import in_order_of, of_simple
from tornado._httpclient.queueing import QueueingClient
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.tls import Contexts
from tornado._httpclient.transport import Transport
from tornado.http1engine import Limits
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.netutil import OverrideResolver, Resolver
from tornado.tcpclient import TCPClient

#: Lines in the head of a response. Its bytes have a limit of their own; this one only bounds what
#: the shortest lines cost, and is far above what servers send.
_MAX_HEADER_COUNT = 10_000


class SimpleTransport(Transport):
    """The connections of a `SimpleAsyncHTTPClient` on one loop."""

    def __init__(self, owner: SimpleAsyncHTTPClient, io_loop: IOLoop) -> None:
        super().__init__(owner, io_loop)
        self.pool = owner._make_pool(self.loop)
        self._connections: set[ClientConnection] = set()

    @property
    def client(self) -> SimpleAsyncHTTPClient:
        """The client, whose settings the fetches read."""
        return self.owner  # type: ignore[return-value]  # what was given to the constructor

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> Fetch:
        return Fetch(self, request, callback)

    def adopt(self, stream: IOStream, key: Hashable) -> ClientConnection:
        """Return the connection over a new stream."""
        client = self.client
        connection = ClientConnection(stream, key, client._limits, client.max_body_size, self._gone)
        self._connections.add(connection)
        return connection

    def _gone(self, connection: ClientConnection) -> None:
        self.pool.discard(connection)
        self._connections.discard(connection)

    def _free(self) -> None:
        self.pool.close()
        for connection in list(self._connections):
            connection.close()
        self._connections.clear()

    def _abandon(self) -> None:
        while self._connections:
            with contextlib.suppress(OSError, AttributeError):  # closed already
                self._connections.pop().stream.socket.close()

    def _sever(self) -> None:
        while self._connections:
            with contextlib.suppress(Exception):  # the fork may have come amid anything
                self._connections.pop().sever()


class SimpleAsyncHTTPClient(QueueingClient[SimpleTransport]):
    """The client in pure Python.

    Connections are kept alive and used again for the same origin (scheme, host, port, proxy and
    TLS parameters). A request that met a connection which the server had just closed is sent once
    more if its method is idempotent. A connection is never used again after a response that was
    unfinished, too large or followed by other bytes.
    """

    @in_order_of(of_simple)
    def initialize(  # type: ignore[override]  # more parameters, in their old order
        self,
        io_loop: IOLoop | None = None,
        max_clients: int = 10,
        hostname_mapping: dict[str, str] | None = None,
        max_buffer_size: int = 104857600,
        resolver: Resolver | None = None,
        defaults: dict[str, Any] | None = None,
        max_header_size: int | None = None,
        max_body_size: int | None = None,
        max_simultaneous_connections: int | None = None,
        *,
        max_idle_connections: int = 100,
        max_idle_per_origin: int | None = None,
        idle_timeout: float = 60.0,
        max_clients_per_origin: int | None = None,
        allow_unix_sockets: bool = False,
    ) -> None:
        """Set up a new client.

        :param max_clients: fetches at a time; others wait in a queue, and their ``connect_timeout``
            runs meanwhile.
        :param hostname_mapping: addresses for names, in place of what the resolver says (see
            `~tornado.netutil.OverrideResolver`).
        :param max_buffer_size: bytes that a connection may buffer (default 100 MiB).
        :param resolver: finds the addresses of names (default: a new `~tornado.netutil.Resolver`).
        :param defaults: parameters of `~tornado.httpclient.HTTPRequest`, for requests that leave
            them out.
        :param max_header_size: bytes in the head of a response (default 64 KiB).
        :param max_body_size: bytes in the content of a response, compressed as well as decompressed
            (default: ``max_buffer_size``).
        :param max_simultaneous_connections: of Tornado 2: lowers ``max_clients``.
        :param max_idle_connections: idle connections to keep, at most; 0 keeps none.
        :param max_idle_per_origin: the same for each origin (default: ``max_clients``).
        :param idle_timeout: seconds to keep an idle connection.
        :param max_clients_per_origin: fetches at a time from one origin, the one that a request
            begins with (default: no other limit than ``max_clients``).
        :param allow_unix_sockets: whether URLs of the scheme ``http+unix`` are fetched; a request may
            say so for itself. Only for programs that fetch no URL of others.

        .. versionchanged:: 4.2
           Added ``max_body_size``.
        """
        super().initialize(io_loop=io_loop, defaults=defaults)
        if max_simultaneous_connections is not None:
            max_clients = min(max_clients, max_simultaneous_connections)
        self.max_buffer_size = max_buffer_size
        self.max_header_size = max_header_size
        self.max_body_size = max_buffer_size if max_body_size is None else max_body_size
        self._limits = replace(
            Limits.for_header_size(max_header_size), max_header_count=_MAX_HEADER_COUNT
        )
        self.own_resolver = resolver is None
        self.resolver = Resolver() if resolver is None else resolver
        if hostname_mapping is not None:
            self.resolver = OverrideResolver(resolver=self.resolver, mapping=hostname_mapping)
        self.tcp_client = TCPClient(resolver=self.resolver)
        self._contexts = Contexts()
        #: addresses for names, as given
        self.hostname_mapping = hostname_mapping
        self._takes_any_host = hostname_mapping is not None or not self.own_resolver
        self._idle_limits = (
            max_idle_connections,
            max_clients if max_idle_per_origin is None else max_idle_per_origin,
            idle_timeout,
        )
        self._initialize_queue(max_clients, max_clients_per_origin, allow_unix_sockets)

    def _make_transport(self, io_loop: IOLoop) -> SimpleTransport:
        return SimpleTransport(self, io_loop)

    def _make_pool(self, loop: asyncio.AbstractEventLoop) -> ConnectionPool:
        return ConnectionPool(loop, *self._idle_limits)

    def close(self) -> None:
        """Close the client: see `.AsyncHTTPClient.close`."""
        if self._closed:
            return
        super().close()
        if self.own_resolver:
            self.resolver.close()
        self.tcp_client.close()


SimpleAsyncHTTPClient.__module__ = "tornado.simple_httpclient"
