"""Connecting to a host and port, over whichever of its addresses responds first."""

import asyncio
import datetime
import functools
import socket as socket_module
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from tornado import ioloop
from tornado._core.seam import legacy as _legacy
from tornado._iostream.errors import stream_closed_by
from tornado._loop.seam import run_clean
from tornado._netutil.addresses import address_named, format_address, host_text, port_number
from tornado._netutil.loops import asyncio_loop_of, io_loop_attribute, loop_or_current
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
        self.streams: dict[IOStream, Any] = {}  # with the address that each connects to
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
                error = stream_closed_by(self.last_error) if self.last_error else None
                self.future.set_exception(error or OSError("connection failed"))
            return
        family, address = addresses.popleft()
        try:
            stream, future = self.connect(family, address)
        except OSError as error:
            # No such family here, or the source address does not fit: as good as no response.
            self.failed(error)
            run_clean(self.loop.call_soon, self.try_next, addresses)
            return
        self.streams[stream] = address
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
            self.streams.pop(stream, None)
            stream.close()
            self.failed(stream.error or error)
            self.try_next(addresses)
        else:
            self.streams.pop(stream, None)
            self.future.set_result((family, address, stream))

    def on_settled(self, future: "asyncio.Future[Any]") -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        for stream in list(self.streams):
            stream.close()
        self.streams.clear()


class _Progress:
    """What a call of `TCPClient.connect` is waiting for, to be named when the time is up."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.connector: _Connector | None = None
        self.tls_address: Any = None

    def describe(self) -> str:
        if self.tls_address is not None:
            return f"during TLS handshake with {format_address(self.tls_address)}"
        if self.connector is None:
            return f"while resolving {self.host}"
        tried = ", ".join(sorted(map(format_address, self.connector.streams.values())))
        return f"while connecting to {tried}" if tried else "while connecting"


class TCPClient:
    """Makes connections, see `connect`.

    :param resolver: by default a new `tornado.netutil.Resolver`, which `close` closes.
    :param io_loop: the loop the streams belong to; ``None`` means the current one at each call.

    .. versionadded:: 4.0
    """

    def __init__(
        self, resolver: Resolver | None = None, io_loop: "ioloop.IOLoop | None" = None
    ) -> None:
        self._io_loop = io_loop
        if resolver is not None:
            self.resolver = resolver
            self._own_resolver = False
        else:
            self.resolver = Resolver(io_loop=io_loop) if io_loop is not None else Resolver()
            self._own_resolver = True

    io_loop = io_loop_attribute

    def close(self) -> None:
        """Close the resolver, if this client made it."""
        if self._own_resolver:
            self.resolver.close()

    async def connect(
        self,
        host: str,
        port: int | str,
        af: socket_module.AddressFamily = socket_module.AF_UNSPEC,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None" = None,
        max_buffer_size: int | None = None,
        source_ip: str | None = None,
        source_port: int | None = None,
        timeout: float | datetime.timedelta | None = None,
    ) -> IOStream:
        """Connect to `host` and `port` and return the stream.

        :param host: a name or an IP address, as text or bytes. All its addresses are tried, one more each 0.3
            seconds: where it has both IPv4 and IPv6 ones, the other family first. It goes to the
            resolver as it is.
        :param port: a number, or its decimal text.
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
        :raises tornado.util.TimeoutError: when the time is up. The text says what was waited for.
        :raises OSError: if the name is unknown.
        :raises tornado.iostream.StreamClosedError: if no address responds or the handshake fails. It
            is an instance of the class of the error, such as `ConnectionRefusedError`, too; that of
            the address tried last is its ``real_error``.

        Cancelling closes what was begun.

        .. versionchanged:: 4.5
           `source_ip` and `source_port`.
        .. versionchanged:: 5.0
           `timeout`.
        """
        if isinstance(timeout, datetime.timedelta):
            timeout = timeout.total_seconds()
        progress = _Progress(host_text(host))
        connecting = self._connect(
            progress,
            host,
            port_number(port),
            af,
            ssl_options,
            max_buffer_size,
            source_ip,
            port_number(source_port),
        )
        if timeout is None:
            return await connecting
        return await _within(asyncio.ensure_future(connecting), timeout, progress)

    async def _connect(
        self,
        progress: _Progress,
        host: str,
        port: int,
        af: socket_module.AddressFamily,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None",
        max_buffer_size: int | None,
        source_ip: str | None,
        source_port: int | None,
    ) -> IOStream:
        if ssl_options is not None:
            # Options that cannot be used are the caller's fault; say so before connecting.
            ssl_options = ssl_options_to_context(ssl_options, server_side=False)
        addresses = await self.resolver.resolve(host, port, af)
        io_loop = loop_or_current(self._io_loop)
        connect = functools.partial(
            self._create_stream, max_buffer_size, source_ip=source_ip, source_port=source_port
        )
        progress.connector = _Connector(
            addresses, connect, asyncio_loop_of(io_loop), is_port_fixed=bool(source_port)
        )
        connected = progress.connector.start()
        try:
            _, address, stream = await connected
        except asyncio.CancelledError:
            if _has_result(connected):  # it came together with the cancellation
                connected.result()[2].close()
            raise
        if ssl_options is None:
            return stream
        progress.tls_address = address
        secure = stream.start_tls(False, ssl_options=ssl_options, server_hostname=host_text(host))
        return await _or_close(secure)

    def _create_stream(
        self,
        max_buffer_size: int | None,
        af: socket_module.AddressFamily,
        address: Any,
        source_ip: str | None = None,
        source_port: int | None = None,
    ) -> "tuple[IOStream, asyncio.Future[IOStream]]":
        # Programs override this to connect by other means.
        sock = socket_module.socket(af, socket_module.SOCK_STREAM)
        try:
            if source_ip is not None or source_port is not None:
                local = source_ip
                if local is None:
                    local = "::1" if af == socket_module.AF_INET6 else "127.0.0.1"
                with address_named(local, source_port or 0):
                    sock.bind((local, source_port or 0))
            stream = IOStream(sock, self._io_loop, max_buffer_size)
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


async def _within(work: "asyncio.Task[IOStream]", seconds: float, progress: _Progress) -> IOStream:
    """Await `work` for at most `seconds`; it is cancelled when they are over."""
    try:
        done, _ = await asyncio.wait([work], timeout=seconds)
    except asyncio.CancelledError:
        if _has_result(work):
            work.result().close()
        work.cancel()
        raise
    if not done:
        reached = progress.describe()
        work.cancel()
        await asyncio.wait([work])
        if not _has_result(work):  # it may have finished in the last moment
            if not work.cancelled():
                work.exception()
            raise TimeoutError(f"Timeout {reached}")
    return work.result()
