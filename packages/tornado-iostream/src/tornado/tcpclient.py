"""Host and port go in, a connected stream comes out: over whichever address answers first."""

import asyncio
import datetime
import functools
import socket as socket_module
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from tornado import _legacy, ioloop
from tornado._loop.contexts import run_clean
from tornado._netutil.loops import asyncio_loop_of, loop_or_current
from tornado.iostream import IOStream
from tornado.netutil import Resolver, ssl_options_to_context
from tornado.util import TimeoutError

_legacy.provide(__name__)

__all__ = ["TCPClient"]

_S = TypeVar("_S", bound=IOStream)
_Address = tuple[int, Any]

_INITIAL_CONNECT_TIMEOUT = 0.3
"""Seconds an attempt has before another one is made beside it (RFC 8305)."""


class _Connector:
    """Tries addresses of two families until one connects.

    "Happy eyeballs", RFC 8305: the family that the resolver puts first has a head start; then the
    other runs beside it, and after each further such time, if nothing was heard, the next address
    of either. An attempt that fails is followed at once by the next one of its family. Streams that
    lose are closed.
    """

    def __init__(
        self,
        addresses: list[_Address],
        connect: "Callable[[int, Any], tuple[IOStream, asyncio.Future[IOStream]]]",
        loop: asyncio.AbstractEventLoop,
        is_port_fixed: bool = False,
    ) -> None:
        self.loop = loop
        self.is_port_fixed = is_port_fixed  # so that a family has one attempt at a time
        self.connect = connect
        self.future: asyncio.Future[tuple[int, Any, IOStream]] = asyncio.Future(loop=loop)
        self.last_error: BaseException | None = None
        self.remaining = len(addresses)
        self.streams: set[IOStream] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.head_start = 0.0
        primary, secondary = self.split(addresses)
        self.primary = deque(primary)
        self.secondary = deque(secondary)
        self.secondary_started = not secondary

    @staticmethod
    def split(addresses: list[_Address]) -> tuple[list[_Address], list[_Address]]:
        """Part the addresses into those of the first one's family and the others."""
        first = addresses[0][0] if addresses else None
        return (
            [entry for entry in addresses if entry[0] == first],
            [entry for entry in addresses if entry[0] != first],
        )

    def start(
        self, head_start: float = _INITIAL_CONNECT_TIMEOUT
    ) -> "asyncio.Future[tuple[int, Any, IOStream]]":
        self.future.add_done_callback(self.on_settled)
        self.head_start = head_start
        if not self.primary:
            self.future.set_exception(OSError("no address to connect to"))
            return self.future
        self.try_next(self.primary)
        self.arm()
        return self.future

    def arm(self) -> None:
        """Have the next address tried after a while, if there is one."""
        if self.timer is not None or self.future.done():
            return
        if self.is_port_fixed and self.secondary_started:
            return
        if self.primary or self.secondary:
            self.timer = run_clean(self.loop.call_later, self.head_start, self.on_silence)

    def on_silence(self) -> None:
        """Nothing was heard for a while."""
        self.timer = None
        if not self.secondary_started:
            self.start_secondary()
        else:
            longer = len(self.secondary) > len(self.primary)
            self.try_next(self.secondary if longer else self.primary)
        self.arm()

    def start_secondary(self) -> None:
        if not self.secondary_started and not self.future.done():
            self.secondary_started = True
            self.try_next(self.secondary)

    def try_next(self, addresses: "deque[_Address]") -> None:
        if self.future.done():
            return
        if not addresses:
            if self.remaining == 0:
                self.future.set_exception(self.last_error or OSError("connection failed"))
            return
        family, address = addresses.popleft()
        try:
            stream, future = self.connect(family, address)
        except OSError as error:
            # No such family here, or the source address does not fit: as good as not answering.
            self.failed(error)
            run_clean(self.loop.call_soon, self.try_next, addresses)
            return
        self.streams.add(stream)
        future.add_done_callback(
            functools.partial(self.on_connected, addresses, family, address, stream)
        )

    def failed(self, error: BaseException) -> None:
        self.remaining -= 1
        self.last_error = error
        self.start_secondary()

    def on_connected(
        self,
        addresses: "deque[_Address]",
        family: int,
        address: Any,
        stream: IOStream,
        future: "asyncio.Future[IOStream]",
    ) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if self.future.done():
            stream.close()
        elif error is not None:
            self.streams.discard(stream)
            stream.close()
            self.failed(stream.error or error)
            self.try_next(addresses)
        else:
            self.streams.discard(stream)
            self.future.set_result((family, address, stream))

    def on_settled(self, future: "asyncio.Future[Any]") -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        for stream in list(self.streams):
            stream.close()
        self.streams.clear()


class TCPClient:
    """Makes connections, see `connect`.

    :param resolver: by default a new `tornado.netutil.Resolver`, which `close` closes.
    :param io_loop: the loop the streams belong to; ``None`` means the current one at each call.

    .. versionadded:: 4.0
    """

    def __init__(
        self, resolver: Resolver | None = None, io_loop: "ioloop.IOLoop | None" = None
    ) -> None:
        self.io_loop = io_loop
        if resolver is not None:
            self.resolver = resolver
            self._own_resolver = False
        else:
            self.resolver = Resolver(io_loop=io_loop) if io_loop is not None else Resolver()
            self._own_resolver = True

    def close(self) -> None:
        """Close the resolver, if this client made it."""
        if self._own_resolver:
            self.resolver.close()

    async def connect(
        self,
        host: str,
        port: int,
        af: int = socket_module.AF_UNSPEC,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None" = None,
        max_buffer_size: int | None = None,
        source_ip: str | None = None,
        source_port: int | None = None,
        timeout: float | datetime.timedelta | None = None,
    ) -> IOStream:
        """Connect to `host` and `port` and return the stream.

        :param host: a name or an IP address. All its addresses are tried, one more each 0.3
            seconds: where it has both IPv4 and IPv6 ones, the other family first.
        :param af: ``AF_INET`` or ``AF_INET6`` restrict to that family.
        :param ssl_options: speak TLS, with these options (see
            `tornado.netutil.ssl_options_to_context`) and a certificate for `host`; the stream is an
            `tornado.iostream.SSLIOStream`. ``None`` means no TLS.
        :param max_buffer_size: bytes, for the stream.
        :param source_ip: the local address to connect from; by default `source_port` alone is on
            the loopback address.
        :param source_port: the local port to connect from.
        :param timeout: seconds, or a `datetime.timedelta`, for everything: looking the name up,
            connecting, shaking hands.
        :raises tornado.util.TimeoutError: when the time is up.
        :raises OSError: if the name is unknown or no address answers; the error is that of the
            address tried last.

        Cancelling closes what was begun.

        .. versionchanged:: 4.5
           `source_ip` and `source_port`.
        .. versionchanged:: 5.0
           `timeout`.
        """
        if isinstance(timeout, datetime.timedelta):
            timeout = timeout.total_seconds()
        if timeout is None:
            return await self._connect(
                host, port, af, ssl_options, max_buffer_size, source_ip, source_port
            )
        work = asyncio.ensure_future(
            self._connect(host, port, af, ssl_options, max_buffer_size, source_ip, source_port)
        )
        return await _within(work, timeout)

    async def _connect(
        self,
        host: str,
        port: int,
        af: int,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None",
        max_buffer_size: int | None,
        source_ip: str | None,
        source_port: int | None,
    ) -> IOStream:
        if ssl_options is not None:
            # Options that cannot be used are the caller's fault; say so before connecting.
            ssl_options = ssl_options_to_context(ssl_options, server_side=False)
        addresses = await self.resolver.resolve(host, port, af)
        io_loop = loop_or_current(self.io_loop)
        connect = functools.partial(
            self._create_stream,
            max_buffer_size,
            source_ip=source_ip,
            source_port=source_port,
            io_loop=io_loop,
        )
        connected = _Connector(
            addresses, connect, asyncio_loop_of(io_loop), is_port_fixed=bool(source_port)
        ).start()
        try:
            _, _, stream = await connected
        except asyncio.CancelledError:
            if _has_result(connected):  # it came together with the cancellation
                connected.result()[2].close()
            raise
        if ssl_options is None:
            return stream
        secure = stream.start_tls(False, ssl_options=ssl_options, server_hostname=host)
        return await _or_close(secure)

    def _create_stream(
        self,
        max_buffer_size: int | None,
        af: int,
        address: Any,
        source_ip: str | None = None,
        source_port: int | None = None,
        io_loop: "ioloop.IOLoop | None" = None,
    ) -> "tuple[IOStream, asyncio.Future[IOStream]]":
        sock = socket_module.socket(af, socket_module.SOCK_STREAM)
        try:
            if source_ip is not None or source_port is not None:
                local = source_ip
                if local is None:
                    local = "::1" if af == socket_module.AF_INET6 else "127.0.0.1"
                sock.bind((local, source_port or 0))
            stream = IOStream(sock, io_loop, max_buffer_size)
        except BaseException:
            sock.close()
            raise
        return stream, stream.connect(address)


def _has_result(future: "asyncio.Future[Any]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


async def _or_close(future: "asyncio.Future[_S]") -> _S:
    """Await a future of a stream; a stream that comes together with a cancellation is closed."""
    try:
        return await future
    except asyncio.CancelledError:
        if _has_result(future):
            future.result().close()
        raise


async def _within(work: "asyncio.Task[IOStream]", seconds: float) -> IOStream:
    """Await `work` for at most `seconds`; it is cancelled when they are over."""
    try:
        done, _ = await asyncio.wait([work], timeout=seconds)
    except asyncio.CancelledError:
        if _has_result(work):
            work.result().close()
        work.cancel()
        raise
    if not done:
        work.cancel()
        await asyncio.wait([work])
        if not _has_result(work):  # it may have finished in the last moment
            if not work.cancelled():
                work.exception()
            raise TimeoutError("Operation timed out")
    return work.result()
