"""Fetches go in; they get their places among ``max_clients``, in order."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable, Hashable
from typing import Any

from tornado._httpclient.base import AsyncHTTPClient, Cancellable
from tornado._httpclient.fetch import FetchBase
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado.log import gen_log


class QueueingClient(AsyncHTTPClient):
    """What both implementations share: the queue."""

    max_body_size: int

    def _initialize_queue(self, max_clients: int, max_clients_per_origin: int | None) -> None:
        #: fetches at a time
        self.max_clients = max_clients
        #: fetches at a time from one origin
        self.max_clients_per_origin = max_clients_per_origin
        #: fetches that wait, in order
        self.queue: collections.deque[FetchBase] = collections.deque()
        #: fetches that have a place among `max_clients`
        self.active: set[FetchBase] = set()
        self._per_origin: collections.Counter[Hashable] = collections.Counter()
        self._is_starting = False

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> FetchBase:
        raise NotImplementedError

    @property
    def waiting(self) -> dict[FetchBase, None]:
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
        fetch = self._make_fetch(request, callback)
        try:
            fetch.prepare()
        except Exception as error:
            fetch.fail(error)
            return None
        if not self.queue and self._has_place(fetch):
            self._start(fetch)
            return fetch
        fetch.queue()
        self.queue.append(fetch)
        self._start_queued()
        gen_log.debug(
            "max_clients limit reached, request queued. %d active, %d queued requests.",
            len(self.active),
            len(self.queue),
        )
        return fetch

    def _has_place(self, fetch: FetchBase) -> bool:
        if len(self.active) >= self.max_clients:
            return False
        limit = self.max_clients_per_origin
        return limit is None or self._per_origin[fetch.origin] < limit

    def _start(self, fetch: FetchBase) -> None:
        self.active.add(fetch)
        if self.max_clients_per_origin is not None:
            self._per_origin[fetch.origin] += 1
        fetch.start()

    def _start_queued(self) -> None:
        """Give free places to fetches that wait, the first ones first."""
        if self._is_starting:
            return  # a fetch that ended at once; the loop below goes on
        self._is_starting = True
        try:
            while self.queue and len(self.active) < self.max_clients:
                fetch = self._next_queued()
                if fetch is None:
                    return
                self._start(fetch)
        finally:
            self._is_starting = False

    def _next_queued(self) -> FetchBase | None:
        if self.max_clients_per_origin is None:
            return self.queue.popleft()
        for fetch in self.queue:
            if self._has_place(fetch):
                self.queue.remove(fetch)
                return fetch
        return None

    def fetch_ended(self, fetch: FetchBase, had_place: bool) -> None:
        """Take the place of a fetch back; called by the fetch, once."""
        if had_place:
            self.active.discard(fetch)
            if self.max_clients_per_origin is not None:
                self._per_origin[fetch.origin] -= 1
                if self._per_origin[fetch.origin] <= 0:
                    del self._per_origin[fetch.origin]
        elif fetch in self.queue:
            self.queue.remove(fetch)
        if self.queue and not self._closed:
            self._start_queued()

    def _cancel_all(self) -> None:
        """End every fetch, those that wait first."""
        for fetch in [*self.queue, *self.active]:
            fetch.cancel()
