"""Requests go in; responses come out, in pure Python, over connections that are kept and shared."""

from __future__ import annotations

import asyncio
import collections
import socket
import weakref
from collections.abc import Callable, Hashable
from typing import Any

from tornado._http1.limits import Limits
from tornado._httpclient.base import AsyncHTTPClient, Cancellable
from tornado._httpclient.connection import ClientConnection
from tornado._httpclient.fetching import Fetch
from tornado._httpclient.pool import ConnectionPool
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.tls import Contexts
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.log import gen_log
from tornado.netutil import OverrideResolver, Resolver
from tornado.tcpclient import TCPClient


def _close_sockets(sockets: set[socket.socket]) -> None:
    for each in sockets:
        each.close()
    sockets.clear()


class SimpleAsyncHTTPClient(AsyncHTTPClient):
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
        self.max_clients = max_clients
        self.max_clients_per_origin = max_clients_per_origin
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
        #: fetches that wait, in order
        self.queue: collections.deque[Fetch] = collections.deque()
        #: fetches that have a place among `max_clients`
        self.active: set[Fetch] = set()
        self.contexts = Contexts()
        self._per_origin: collections.Counter[Hashable] = collections.Counter()
        self._is_starting = False
        # Where a loop goes away and nobody has closed its client, its sockets are closed with it.
        self._sockets: set[socket.socket] = set()
        self._finalizer = weakref.finalize(loop, _close_sockets, self._sockets)

    @property
    def waiting(self) -> dict[Fetch, None]:
        """The fetches that wait."""
        return dict.fromkeys(self.queue)

    def fetch(
        self,
        request: str | HTTPRequest,
        callback: Callable[[HTTPResponse], Any] | None = None,
        raise_error: bool = True,
        **kwargs: Any,
    ) -> asyncio.Future[HTTPResponse]:
        """Fetch ``request``: see `.AsyncHTTPClient.fetch`."""
        return super().fetch(request, callback, raise_error, **kwargs)

    def fetch_impl(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> Cancellable | None:
        """Start the fetch, or queue it."""
        fetch = Fetch(self, request, callback)
        try:
            fetch.prepare()
        except Exception as error:
            fetch.fail(error)
            return None
        if not self.queue and self._has_place(fetch):
            self._start(fetch)
        else:
            self.queue.append(fetch)
            fetch.queue()
            if len(self.active) < self.max_clients:
                self._start_queued()
            if fetch in self.queue:
                gen_log.debug(
                    "max_clients limit reached, request queued. %d active, %d queued requests.",
                    len(self.active),
                    len(self.queue),
                )
        return fetch

    def _has_place(self, fetch: Fetch) -> bool:
        if len(self.active) >= self.max_clients:
            return False
        limit = self.max_clients_per_origin
        return limit is None or self._per_origin[fetch.origin] < limit

    def _start(self, fetch: Fetch) -> None:
        self.active.add(fetch)
        if self.max_clients_per_origin is not None:
            self._per_origin[fetch.origin] += 1
        fetch.start()

    def _start_queued(self) -> None:
        """Give free places to fetches that wait, the first ones first."""
        if self._is_starting:
            return  # a fetch that failed at once; the loop below goes on
        self._is_starting = True
        try:
            while self.queue and len(self.active) < self.max_clients:
                fetch = self._next_queued()
                if fetch is None:
                    return
                self._start(fetch)
        finally:
            self._is_starting = False

    def _next_queued(self) -> Fetch | None:
        if self.max_clients_per_origin is None:
            return self.queue.popleft()
        for fetch in self.queue:
            if self._has_place(fetch):
                self.queue.remove(fetch)
                return fetch
        return None

    def fetch_ended(self, fetch: Fetch, had_place: bool) -> None:
        """Take the place of a fetch back; called by the fetch, once."""
        if had_place:
            self.active.discard(fetch)
            if self.max_clients_per_origin is not None:
                self._per_origin[fetch.origin] -= 1
                if self._per_origin[fetch.origin] <= 0:
                    del self._per_origin[fetch.origin]
            if self.queue and not self._closed:
                self._start_queued()
        elif fetch in self.queue:
            self.queue.remove(fetch)

    def adopt(self, stream: IOStream, key: Hashable) -> ClientConnection:
        """Return the connection over a new stream."""
        self._sockets.add(stream.socket)
        return ClientConnection(stream, key, self._limits, self.max_body_size, self._gone)

    def _gone(self, connection: ClientConnection) -> None:
        self.pool.discard(connection)
        self._sockets.difference_update([each for each in self._sockets if each.fileno() < 0])

    def close(self) -> None:
        """Close the client: see `.AsyncHTTPClient.close`."""
        if self._closed:
            return
        super().close()
        for fetch in [*self.queue, *self.active]:
            fetch.cancel()
        self.pool.close()
        if self.own_resolver:
            self.resolver.close()
        self.tcp_client.close()
        self._finalizer()


SimpleAsyncHTTPClient.__module__ = "tornado.simple_httpclient"
