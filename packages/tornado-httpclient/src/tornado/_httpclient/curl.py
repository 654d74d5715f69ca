"""Requests go in; responses come out, over libcurl's multi interface and this project's loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any

import pycurl

from tornado._httpclient.connection import readable
from tornado._httpclient.curl_fetch import CurlFetch
from tornado._httpclient.queueing import QueueingClient
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._loop.contexts import run_clean
from tornado.ioloop import IOLoop

_MASKS = {
    pycurl.POLL_NONE: IOLoop.NONE,
    pycurl.POLL_IN: IOLoop.READ,
    pycurl.POLL_OUT: IOLoop.WRITE,
    pycurl.POLL_INOUT: IOLoop.READ | IOLoop.WRITE,
}


def _inode(descriptor: int) -> int | None:
    """Return what tells a socket from a later one with the same descriptor."""
    try:
        return os.fstat(descriptor).st_ino
    except OSError:
        return None


class CurlAsyncHTTPClient(QueueingClient):
    """The client over libcurl. It needs pycurl: ``pip install tornado-httpclient[curl]``.

    It does what `~tornado.simple_httpclient.SimpleAsyncHTTPClient` does, and besides connects from
    a named network interface, authenticates to proxies by Digest, and hands out its handle to
    ``prepare_curl_callback``. ``ssl_options`` are taken as a dictionary only.
    """

    def initialize(  # type: ignore[override]  # more parameters, in their old order
        self,
        io_loop: IOLoop | None = None,
        max_clients: int = 10,
        defaults: dict[str, Any] | None = None,
        max_body_size: int | None = None,
        max_simultaneous_connections: int | None = None,
        *,
        max_header_size: int | None = None,
        max_clients_per_origin: int | None = None,
    ) -> None:
        """Set up a new client.

        :arg max_clients: fetches at a time; others wait in a queue, and their ``connect_timeout``
            runs meanwhile.
        :arg defaults: parameters of `~tornado.httpclient.HTTPRequest`, for requests that leave
            them out.
        :arg max_body_size: bytes in the content of a response, decompressed (default 100 MiB).
        :arg max_simultaneous_connections: of Tornado 2: lowers ``max_clients``.
        :arg max_header_size: bytes in the head of a response (default 64 KiB).
        :arg max_clients_per_origin: fetches at a time from one origin, the one that a request
            begins with (default: no other limit than ``max_clients``).

        .. versionchanged:: 6.6
           Added ``max_body_size``.
        """
        super().initialize(io_loop=io_loop, defaults=defaults)
        if max_simultaneous_connections is not None:
            max_clients = min(max_clients, max_simultaneous_connections)
        self._initialize_queue(max_clients, max_clients_per_origin)
        self.max_body_size = 104857600 if max_body_size is None else max_body_size
        self.max_header_size = 65536 if max_header_size is None else max_header_size
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._watched: set[int] = set()
        # Sockets that libcurl keeps for later, with their inodes, and whether a transfer was added.
        self._idle: dict[int, int] = {}
        self._was_added = False
        self._timer: asyncio.TimerHandle | None = None
        self._free: list[Any] = []
        self._fetches: dict[Any, CurlFetch] = {}
        # libcurl must not be called out of its own callbacks, except for what it says. What they
        # want done waits here until it returns.
        self._is_inside = False
        self._deferred: list[Callable[[], None]] = []

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> CurlFetch:
        return CurlFetch(self, request, callback)

    # For fetches.

    def take_handle(self) -> Any:
        """Return a handle; `set_up` resets it."""
        return self._free.pop() if self._free else pycurl.Curl()

    def add_handle(self, curl: Any, fetch: CurlFetch) -> None:
        """Start a transfer."""
        self._fetches[curl] = fetch
        self._when_outside(lambda: self._add(curl))

    def _add(self, curl: Any) -> None:
        if curl in self._fetches:
            self._was_added = True
            self._multi.add_handle(curl)

    def give_back(self, curl: Any) -> None:
        """Take back a handle whose transfer is over."""
        descriptor = curl.getinfo(pycurl.ACTIVESOCKET)
        self._multi.remove_handle(curl)
        curl.reset()
        self._free.append(curl)
        if descriptor >= 0:
            inode = _inode(descriptor)
            if inode is not None:
                self._idle[descriptor] = inode

    def drop(self, curl: Any) -> None:
        """End a transfer before its time; its connection is closed."""
        self._fetches.pop(curl, None)
        self._when_outside(lambda: self._remove(curl))

    def _remove(self, curl: Any) -> None:
        try:
            self._multi.remove_handle(curl)
        except pycurl.error:
            pass  # it was never added
        curl.reset()
        self._free.append(curl)

    def resume(self, curl: Any) -> None:
        """Let a transfer go on that a callback had paused."""

        def go_on() -> None:
            if curl in self._fetches:
                self._enter(lambda: curl.pause(pycurl.PAUSE_CONT))

        self._when_outside(go_on)

    def fail_later(self, fetch: CurlFetch, error: Exception) -> None:
        """Have a fetch fail as soon as libcurl has returned."""
        self._when_outside(lambda: fetch.fail(error))

    def _spoil_unquiet(self) -> None:
        """Shut down kept connections on which something came that nobody asked for.

        libcurl would take it for the answer to the next request. A connection that is shut down it
        finds broken, and makes a new one.
        """
        if not self._idle:
            return
        for descriptor in readable(list(self._idle)):
            inode = self._idle.pop(descriptor)
            if inode == _inode(descriptor):
                duplicate = socket.socket(fileno=os.dup(descriptor))
                with duplicate, contextlib.suppress(OSError):
                    duplicate.shutdown(socket.SHUT_RDWR)

    # libcurl and the loop.

    def _when_outside(self, action: Callable[[], None]) -> None:
        if self._is_inside:
            self._deferred.append(action)
        else:
            action()

    def _enter(self, call: Callable[[], Any]) -> None:
        """Call into libcurl; then do what its callbacks have asked for, and end what is over."""
        self._is_inside = True
        try:
            call()
        finally:
            self._is_inside = False
        while self._deferred:
            deferred, self._deferred = self._deferred, []
            for action in deferred:
                action()
        self._end_transfers()

    def _end_transfers(self) -> None:
        left = 1
        while left and not self._closed:
            left, good, bad = self._multi.info_read()
            for curl in good:
                self._end_transfer(curl, None)
            for curl, errno, message in bad:
                self._end_transfer(curl, (errno, message))

    def _end_transfer(self, curl: Any, error: tuple[int, str] | None) -> None:
        fetch = self._fetches.pop(curl, None)
        if fetch is not None:
            fetch.attempt_complete(error)

    def _watch(self, event: int, fd: int, multi: Any, data: Any) -> None:
        """libcurl wants to know about a socket, or no more."""
        run_clean(self._watch_clean, event, fd)

    def _watch_clean(self, event: int, fd: int) -> None:
        if event == pycurl.POLL_REMOVE:
            if fd in self._watched:
                self._watched.discard(fd)
                self.io_loop.remove_handler(fd)
            return
        self._idle.pop(fd, None)
        if fd in self._watched:
            self.io_loop.update_handler(fd, _MASKS[event])
        else:
            self._watched.add(fd)
            self.io_loop.add_handler(fd, self._handle_events, _MASKS[event])

    def _handle_events(self, fd: Any, events: int) -> None:
        action = 0
        if events & IOLoop.READ:
            action |= pycurl.CSELECT_IN
        if events & IOLoop.WRITE:
            action |= pycurl.CSELECT_OUT
        if not self._closed:
            self._enter(lambda: self._multi.socket_action(fd, action))

    def _set_timer(self, milliseconds: int) -> None:
        """libcurl wants to be called in so many milliseconds; -1: not at all."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            loop = self.io_loop.asyncio_loop
            self._timer = run_clean(loop.call_later, milliseconds / 1000, self._handle_timeout)

    def _handle_timeout(self) -> None:
        self._timer = None
        if not self._closed:
            if self._was_added:
                self._was_added = False
                self._spoil_unquiet()
            self._enter(lambda: self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0))

    def handle_callback_exception(self, callback: Any) -> None:
        """Log an exception that a callback has raised; called inside an ``except`` block."""
        self.io_loop.handle_callback_exception(callback)

    def close(self) -> None:
        """Close the client: see `.AsyncHTTPClient.close`."""
        if self._closed:
            return
        super().close()
        self._cancel_all()
        self._abandon()
        for fd in self._watched:
            self.io_loop.remove_handler(fd)
        self._watched.clear()

    def _abandon(self) -> None:
        super()._abandon()
        self._set_timer(-1)
        for curl in self._free:
            curl.close()
        self._free.clear()
        self._multi.close()


CurlAsyncHTTPClient.__module__ = "tornado.curl_httpclient"
