"""What both implementations of `.AsyncHTTPClient` share: a transport on each loop that they are used on."""

from __future__ import annotations

import asyncio
import collections
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tornado._httpclient.base import AsyncHTTPClient, Cancellable
from tornado._httpclient.fetch import FetchBase
from tornado._httpclient.request import HTTPRequest
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.transport import Transport
from tornado.ioloop import IOLoop

_T = TypeVar("_T", bound=Transport)


def _close_all(transports: dict[asyncio.AbstractEventLoop, Transport]) -> None:
    while transports:
        transports.popitem()[1].close_from_anywhere()


class QueueingClient(AsyncHTTPClient, Generic[_T]):
    """A client whose fetches wait in a queue for one of ``max_clients`` places, on each loop."""

    max_body_size: int
    #: fetches at a time
    max_clients: int
    #: fetches at a time from one origin
    max_clients_per_origin: int | None

    def _initialize_queue(
        self,
        max_clients: int,
        max_clients_per_origin: int | None,
        allow_unix_sockets: bool,
    ) -> None:
        self.max_clients = max_clients
        self.max_clients_per_origin = max_clients_per_origin
        if allow_unix_sockets:
            self.defaults["allow_unix_sockets"] = True
        self._transports: dict[asyncio.AbstractEventLoop, _T] = {}
        self._finalizer = weakref.finalize(self, _close_all, self._transports)  # type: ignore[arg-type]  # of one kind

    def _make_transport(self, io_loop: IOLoop) -> _T:
        raise NotImplementedError

    def _transport(self) -> _T:
        """Return the transport of the loop on which a fetch would run now."""
        running = asyncio._get_running_loop()
        if running is not None:
            known = self._transports.get(running)
            if known is not None and not known.is_closed:
                return known
        io_loop = self._loop_in_use()
        loop = io_loop.asyncio_loop
        transport = self._transports.get(loop)
        if transport is None or transport.is_closed:
            self._drop_closed_loops()
            transport = self._transports[loop] = self._make_transport(io_loop)
        return transport

    @property
    def queue(self) -> collections.deque[FetchBase]:
        """The fetches on this loop that wait, in order."""
        return self._transport().queue

    @property
    def active(self) -> set[FetchBase]:
        """The fetches on this loop that have a place among `max_clients`."""
        return self._transport().active

    @property
    def waiting(self) -> dict[FetchBase, None]:
        """The fetches on this loop that wait."""
        return dict.fromkeys(self.queue)

    def fetch_impl(
        self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]
    ) -> Cancellable | None:
        """Start the fetch, or queue it."""
        proxy: Any = request  # `AsyncHTTPClient.fetch` gives a request with the defaults filled in
        return self._transport().fetch(proxy, callback)

    def close(self) -> None:
        """Close the client: see `.AsyncHTTPClient.close`."""
        if not self._closed:
            super().close()
            self._finalizer()

    def _drop_closed_loops(self) -> None:
        for loop in [each for each in list(self._transports) if each.is_closed()]:
            self._transports.pop(loop).abandon()
