"""Requests go in; responses come out, in pure Python, over connections that are kept and shared."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable, Hashable
from typing import Any

from tornado._http1.limits import Limits
from tornado._httpclient.connection import ClientConnection
from tornado._httpclient.fetching import Fetch
from tornado._httpclient.pool import ConnectionPool
from tornado._httpclient.queueing import QueueingClient
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.tls import Contexts
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.netutil import OverrideResolver, Resolver
from tornado.tcpclient import TCPClient


def _close_sockets(sockets: dict[int, socket.socket]) -> None:
    for each in sockets.values():
        each.close()
    sockets.clear()


class SimpleAsyncHTTPClient(QueueingClient):
    """The client in pure Python.

    Connections are kept alive and used again for the same origin (scheme, host, port, proxy and
    TLS parameters). A request that met a connection which the server had just closed is sent once
    more if its method is idempotent. A connection is never used again after an answer that was
    unfinished, too large or followed by other bytes.
    """

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
    ) -> None:
        """Set up a new client.

        :arg max_clients: fetches at a time; others wait in a queue, and their ``connect_timeout``
            runs meanwhile.
        :arg hostname_mapping: addresses for names, in place of what the resolver says (see
            `~tornado.netutil.OverrideResolver`).
        :arg max_buffer_size: bytes that a connection may buffer (default 100 MiB).
        :arg resolver: finds the addresses of names (default: a new `~tornado.netutil.Resolver`).
        :arg defaults: parameters of `~tornado.httpclient.HTTPRequest`, for requests that leave
            them out.
        :arg max_header_size: bytes in the head of a response (default 64 KiB).
        :arg max_body_size: bytes in the content of a response, compressed as well as decompressed
            (default: ``max_buffer_size``).
        :arg max_simultaneous_connections: of Tornado 2: lowers ``max_clients``.
        :arg max_idle_connections: idle connections to keep, at most; 0 keeps none.
        :arg max_idle_per_origin: the same for each origin (default: ``max_clients``).
        :arg idle_timeout: seconds to keep an idle connection.
        :arg max_clients_per_origin: fetches at a time from one origin, the one that a request
            begins with (default: no other limit than ``max_clients``).

        .. versionchanged:: 4.2
           Added ``max_body_size``.
        """
        super().initialize(io_loop=io_loop, defaults=defaults)
        if max_simultaneous_connections is not None:
            max_clients = min(max_clients, max_simultaneous_connections)
        self.max_buffer_size = max_buffer_size
        self.max_header_size = max_header_size
        self.max_body_size = max_buffer_size if max_body_size is None else max_body_size
        self._limits = Limits.for_header_size(max_header_size)
        self.own_resolver = resolver is None
        self.resolver = Resolver() if resolver is None else resolver
        if hostname_mapping is not None:
            self.resolver = OverrideResolver(resolver=self.resolver, mapping=hostname_mapping)
        self.tcp_client = TCPClient(resolver=self.resolver, io_loop=self.io_loop)
        loop = self.io_loop.asyncio_loop
        self.pool = ConnectionPool(
            loop,
            max_idle_connections,
            max_clients if max_idle_per_origin is None else max_idle_per_origin,
            idle_timeout,
        )
        self.contexts = Contexts()
        self._initialize_queue(max_clients, max_clients_per_origin)
        # Where a loop goes away and nobody has closed its client, its sockets are closed with it.
        self._sockets: dict[int, socket.socket] = {}
        self._finalizer = weakref.finalize(loop, _close_sockets, self._sockets)

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> Fetch:
        return Fetch(self, request, callback)

    def adopt(self, stream: IOStream, key: Hashable) -> ClientConnection:
        """Return the connection over a new stream."""
        connection = ClientConnection(stream, key, self._limits, self.max_body_size, self._gone)
        self._sockets[id(connection)] = stream.socket
        return connection

    def _gone(self, connection: ClientConnection) -> None:
        self.pool.discard(connection)
        self._sockets.pop(id(connection), None)

    def _abandon(self) -> None:
        super()._abandon()
        self._finalizer()

    def close(self) -> None:
        """Close the client: see `.AsyncHTTPClient.close`."""
        if self._closed:
            return
        super().close()
        self._cancel_all()
        self.pool.close()
        if self.own_resolver:
            self.resolver.close()
        self.tcp_client.close()
        self._finalizer()


SimpleAsyncHTTPClient.__module__ = "tornado.simple_httpclient"
