"""What a client holds on one event loop: its queue, its fetches and, in subclasses, its connections.

A client may be used from any number of loops, one after the other or at the same time in several
threads. On each it has a `Transport` of its own, made by the first fetch there, so that nothing that
belongs to a loop is ever touched from another.

A transport ends in one of four ways:

* `close`, by the client or because ``asyncio.run`` is about to close the loop: connections are
  closed in order, fetches fail;
* `abandon`, when its loop was closed: only descriptors can be freed;
* `forked`, in a child process: the parent's connections are dropped without a byte on the wire;
* the client was garbage-collected: as `close`.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import weakref
from collections.abc import AsyncGenerator, Callable, Hashable
from typing import Protocol

from tornado._httpclient.errors import HTTPStreamClosedError
from tornado._httpclient.fetch import FetchBase
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado.ioloop import IOLoop
from tornado.log import gen_log


class TransportOwner(Protocol):
    """The client, as far as its transports need it; read anew each time, so it may be changed."""

    max_body_size: int
    max_clients: int
    max_clients_per_origin: int | None


#: Every transport of this process that is not closed: a forked child drops them all.
_open: weakref.WeakSet[Transport] = weakref.WeakSet()


class Transport:
    """The queue of a client on one loop.

    :param owner: the client; it is not kept alive, except by fetches under way.
    """

    def __init__(self, owner: TransportOwner, io_loop: IOLoop) -> None:
        self._owner = weakref.ref(owner)
        self.io_loop = io_loop
        self.loop: asyncio.AbstractEventLoop = io_loop.asyncio_loop
        #: fetches that wait, in order
        self.queue: collections.deque[FetchBase] = collections.deque()
        #: fetches that have a place among ``max_clients``
        self.active: set[FetchBase] = set()
        self.is_closed = False
        self._per_origin: collections.Counter[Hashable] = collections.Counter()
        self._is_starting = False
        self._shutdown: AsyncGenerator[None, None] | None = None
        _open.add(self)

    @property
    def owner(self) -> TransportOwner:
        """The client; there while a fetch is under way."""
        owner = self._owner()
        assert owner is not None
        return owner

    @property
    def max_body_size(self) -> int:
        """Bytes in the content of a response, decompressed, at most."""
        return self.owner.max_body_size

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> FetchBase:
        raise NotImplementedError

    # The queue.

    def fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> FetchBase | None:
        """Start a fetch, or queue it; ``None`` if it is over already."""
        if self._shutdown is None:
            self._watch_shutdown()
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
        owner = self.owner
        if len(self.active) >= owner.max_clients:
            return False
        limit = owner.max_clients_per_origin
        return limit is None or self._per_origin[fetch.origin] < limit

    def _start(self, fetch: FetchBase) -> None:
        self.active.add(fetch)
        if self.owner.max_clients_per_origin is not None:
            self._per_origin[fetch.origin] += 1
        fetch.start()

    def _start_queued(self) -> None:
        """Give free places to fetches that wait, the first ones first."""
        if self._is_starting:
            return  # a fetch that ended at once; the loop below goes on
        self._is_starting = True
        try:
            while self.queue and len(self.active) < self.owner.max_clients:
                fetch = self._next_queued()
                if fetch is None:
                    return
                self._start(fetch)
        finally:
            self._is_starting = False

    def _next_queued(self) -> FetchBase | None:
        if self.owner.max_clients_per_origin is None:
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
            if fetch.origin in self._per_origin:
                self._per_origin[fetch.origin] -= 1
                if self._per_origin[fetch.origin] <= 0:
                    del self._per_origin[fetch.origin]
        elif fetch in self.queue:
            self.queue.remove(fetch)
        if self.queue and not self.is_closed:
            self._start_queued()

    # The end.

    def _watch_shutdown(self) -> None:
        """Have `close` called when ``asyncio.run`` ends, while the loop can still send something.

        asyncio offers no hook for it, but closes the asynchronous generators that were begun in a
        loop before it closes the loop; so one is begun here.
        """
        if asyncio._get_running_loop() is None or getattr(
            self.loop, "_asyncgens_shutdown_called", False
        ):
            return
        self._shutdown = _close_at_shutdown(weakref.ref(self))
        with contextlib.suppress(StopIteration):
            self._shutdown.__anext__().__await__().__next__()

    def _free(self) -> None:
        """Close the connections; the loop may be told."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Close the descriptors of the connections; the loop is closed."""
        raise NotImplementedError

    def _sever(self) -> None:
        """Drop the connections without a byte on the wire, and without a call to a shared kernel object."""
        raise NotImplementedError

    def _fail_all(self, error: Exception) -> None:
        for fetch in [*self.queue, *self.active]:
            fetch.fail(error)

    def _end(self) -> bool:
        if self.is_closed:
            return False
        self.is_closed = True
        _open.discard(self)
        return True

    def close(self) -> None:
        """Fail every fetch, those that wait first, and close all connections."""
        if not self._end():
            return
        error = HTTPStreamClosedError("AsyncHTTPClient closed")
        error._is_farewell = True
        self._fail_all(error)
        self._free()
        shutdown, self._shutdown = self._shutdown, None
        if shutdown is not None:
            # Nothing in it waits, so one step ends it; while it is what closes us, it is running.
            with contextlib.suppress(StopIteration, StopAsyncIteration, RuntimeError):
                shutdown.aclose().__await__().__next__()

    def abandon(self) -> None:
        """Free what is held, now that the loop is closed: its fetches can never end."""
        if self._end():
            self.queue.clear()
            self.active.clear()
            self._abandon()

    def forked(self) -> None:
        """Give up what belongs to the parent process."""
        if not self._end():
            return
        self._sever()
        with contextlib.suppress(Exception):  # the fork may have come amid anything
            self._fail_all(HTTPStreamClosedError("the connection belongs to the parent process"))

    def close_from_anywhere(self) -> None:
        """Close, from another thread than that of the loop too."""
        if self.loop.is_closed():
            self.abandon()
        elif self.loop.is_running() and asyncio._get_running_loop() is not self.loop:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                self.loop.call_soon_threadsafe(self.close)
        else:
            self.close()


async def _close_at_shutdown(transport: weakref.ref[Transport]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        found = transport()
        if found is not None:
            found.close()


def _after_fork() -> None:
    for transport in list(_open):
        transport.forked()


if hasattr(os, "register_at_fork"):
    # After the loops, which have got selectors of their own by now: they registered first.
    os.register_at_fork(after_in_child=_after_fork)
