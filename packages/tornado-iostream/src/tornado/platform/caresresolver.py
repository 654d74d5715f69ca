"""Host names go in, addresses come out, by the c-ares library: no threads, no blocking.

It needs ``pycares``, the extra ``tornado-iostream[cares]``. c-ares asks the name servers itself;
it does not know every way a system may be configured to find names (mDNS, NSS modules).
"""

import asyncio
import socket as socket_module
from collections.abc import Callable
from typing import Any

import pycares

from tornado import ioloop
from tornado._core.seam import legacy as _legacy
from tornado._loop.seam import run_clean, with_callback
from tornado._netutil.addresses import port_number
from tornado._netutil.loops import asyncio_loop_of, loop_or_current, selector_loop_of
from tornado._netutil.resolvers import Addresses
from tornado.netutil import Resolver

_legacy.provide(__name__)

__all__ = ["CaresResolver"]

_legacy.provide(__name__)

_NO_SOCKET = -1
_LONGEST_TIMER_SECONDS = 1.0


class CaresResolver(Resolver):
    """Looks names up with c-ares on the loop.

    ``Resolver.configure("tornado.platform.caresresolver.CaresResolver")`` makes it the default.

    .. versionadded:: 3.0
    """

    channel: "pycares.Channel"

    def initialize(self, io_loop: "ioloop.IOLoop | None" = None, **channel: Any) -> None:
        """Open a channel on `io_loop`, by default the current loop.

        :param channel: options of ``pycares.Channel``, such as ``servers`` or ``timeout``.
        """
        super().initialize(io_loop)
        self._own_loop = loop_or_current(io_loop)
        self._io_loop = self._own_loop
        self._loop = asyncio_loop_of(self._own_loop)
        self._descriptors: dict[int, tuple[bool, bool]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._pending = 0
        self._closed = False
        self.channel = pycares.Channel(sock_state_cb=self._on_socket, **channel)

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket_module.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "asyncio.Future[Addresses]":
        """Look `host` up, see `tornado.netutil.Resolver.resolve`."""
        if self._closed:
            raise RuntimeError("the resolver is closed")
        future: asyncio.Future[Addresses] = asyncio.Future(loop=self._loop)

        def on_result(result: Any, error: int | None) -> None:
            self._pending -= 1
            if future.done():
                return
            if error:
                reason = pycares.errno.strerror(error)
                if isinstance(reason, bytes):
                    reason = reason.decode("ascii", "replace")
                future.set_exception(
                    OSError(f"C-Ares returned error {error}: {reason} while resolving {host}")
                )
            else:
                future.set_result(_addresses(result))

        self._pending += 1
        self.channel.getaddrinfo(
            host,
            port_number(port),
            family=socket_module.AddressFamily(family),
            type=socket_module.SOCK_STREAM,
            callback=on_result,
        )
        self._set_timer()
        return with_callback(future, callback, self._own_loop)

    def close(self) -> None:
        """Cancel what is pending, whose futures then fail with `OSError`, and close the channel."""
        if self._closed:
            return
        self.channel.cancel()
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for fd in list(self._descriptors):
            self._watch(fd, False, False)
        self.channel.close()

    def _on_socket(self, fd: int, readable: bool, writable: bool) -> None:
        if not self._closed:
            self._watch(fd, readable, writable)

    def _watch(self, fd: int, readable: bool, writable: bool) -> None:
        selector = selector_loop_of(self._own_loop)
        was_readable, was_writable = self._descriptors.pop(fd, (False, False))
        if readable and not was_readable:
            run_clean(selector.add_reader, fd, self._process, fd, _NO_SOCKET)
        elif was_readable and not readable:
            selector.remove_reader(fd)
        if writable and not was_writable:
            run_clean(selector.add_writer, fd, self._process, _NO_SOCKET, fd)
        elif was_writable and not writable:
            selector.remove_writer(fd)
        if readable or writable:
            self._descriptors[fd] = (readable, writable)

    def _process(self, read_fd: int, write_fd: int) -> None:
        self.channel.process_fd(read_fd, write_fd)
        self._set_timer()

    def _channel_timeout(self) -> float | None:
        timeout: Callable[[], float | None] = self.channel.timeout  # pycares leaves it untyped
        return timeout()

    def _set_timer(self) -> None:
        """Let c-ares notice in time that a server does not respond."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending and not self._closed:
            seconds: float | None = self._channel_timeout()
            if seconds is None or not 0 <= seconds <= _LONGEST_TIMER_SECONDS:
                seconds = _LONGEST_TIMER_SECONDS
            self._timer = run_clean(
                self._loop.call_later, seconds, self._process, _NO_SOCKET, _NO_SOCKET
            )


def _addresses(result: Any) -> Addresses:
    found: Addresses = []
    for node in result.nodes:
        host, *rest = node.addr
        if isinstance(host, bytes):
            host = host.decode("ascii")
        entry = (node.family, (host, *rest))
        if entry not in found:
            found.append(entry)
    return found
