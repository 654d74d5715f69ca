"""The transfers of a `CurlAsyncHTTPClient` on one loop, over libcurl's multi interface."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any, Protocol

import pycurl

from tornado._httpclient.connection import readable
from tornado._httpclient.curl_fetch import CurlFetch
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.transport import Transport, TransportOwner
from tornado._loop.seam import run_clean
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


#: Handles of parent processes: libcurl would say farewell to their peers if it freed them.
_left_alone: list[Any] = []


class CurlOwner(TransportOwner, Protocol):
    """The client, as far as its transports need it."""

    max_header_size: int


class CurlTransport(Transport):
    """libcurl's multi handle on one loop, and the easy handles of its fetches."""

    def __init__(self, owner: CurlOwner, io_loop: IOLoop) -> None:
        super().__init__(owner, io_loop)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._watched: set[int] = set()
        # Sockets that libcurl keeps for later, with their inodes, and whether a transfer was added.
        self._idle: dict[int, int] = {}
        self._was_added = False
        self._timer: asyncio.TimerHandle | None = None
        self._handles: list[Any] = []
        self._fetches: dict[Any, CurlFetch] = {}
        # libcurl must not be called out of its own callbacks, except for what it says. What they
        # want done waits here until it returns.
        self._is_inside = False
        self.is_severed = False
        self._deferred: list[Callable[[], None]] = []

    @property
    def max_header_size(self) -> int:
        """Bytes in the head of a response at most."""
        return self.owner.max_header_size  # type: ignore[attr-defined,no-any-return]  # a CurlOwner

    def _make_fetch(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
    ) -> CurlFetch:
        return CurlFetch(self, request, callback)

    # For fetches.

    def take_handle(self) -> Any:
        """Return a handle; `set_up` resets it."""
        return self._handles.pop() if self._handles else pycurl.Curl()

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
        self._handles.append(curl)
        if descriptor >= 0:
            inode = _inode(descriptor)
            if inode is not None:
                self._idle[descriptor] = inode

    def drop(self, curl: Any) -> None:
        """End a transfer before its time; its connection is closed."""
        self._fetches.pop(curl, None)
        if self.is_severed:
            return
        self._when_outside(lambda: self._remove(curl))

    def _remove(self, curl: Any) -> None:
        try:
            self._multi.remove_handle(curl)
        except pycurl.error:
            pass  # it was never added
        curl.reset()
        self._handles.append(curl)

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

        libcurl would take it for the response to the next request. A connection that is shut down it
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
        while left and not self.is_closed:
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
        if not self.is_closed:
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
        if not self.is_closed:
            if self._was_added:
                self._was_added = False
                self._spoil_unquiet()
            self._enter(lambda: self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0))

    # The end.

    def _free(self) -> None:
        for fd in self._watched:
            self.io_loop.remove_handler(fd)
        self._abandon()

    def _abandon(self) -> None:
        self._watched.clear()
        self._set_timer(-1)
        for curl in self._handles:
            curl.close()
        self._handles.clear()
        self._multi.close()

    def _sever(self) -> None:
        # libcurl would shut down TLS connections when it closes them, and cannot be told not to. So
        # each of its sockets is replaced by one that leads nowhere, and libcurl is left alone.
        self.is_severed = True
        is_own = getattr(self.loop, "_selector", None) is not None
        for fd in self._watched:
            if is_own:  # else the epoll descriptor is shared with the parent
                self.io_loop.remove_handler(fd)
        _left_alone.append((self._multi, self._handles, list(self._fetches)))
        known = [fd for fd, inode in self._idle.items() if _inode(fd) == inode]
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in {*self._watched, *known}:
            with contextlib.suppress(OSError):
                os.dup2(nowhere, fd)
        os.close(nowhere)
        if self._timer is not None:
            self._timer.cancel()
