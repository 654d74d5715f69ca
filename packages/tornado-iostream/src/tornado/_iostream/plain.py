"""`IOStream`: a stream over a connected, or about to be connected, socket."""

import asyncio
import errno
import os
import socket as socket_module
import ssl
import sys
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from tornado import stack_context
from tornado._core.seam import check_callback
from tornado._iostream.base import BaseIOStream
from tornado._iostream.buffers import Buffer, FileRange, WriteQueue
from tornado._iostream.errors import StreamClosedError
from tornado._iostream.pull import _INLINE_READS
from tornado._iostream.state import CLOSED, CONNECTING, OPEN, READ_ENDED
from tornado._iostream.writing import _file_ended, is_replaced
from tornado._loop.seam import run_clean
from tornado._netutil.addresses import name_address, port_number
from tornado._netutil.hangups import forget_hangup, watch_hangup
from tornado.log import gen_log

if TYPE_CHECKING:
    from tornado._iostream.tls import SSLIOStream

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # the kernel does not tell there

_Self = TypeVar("_Self", bound="IOStream")

_UNIX_RETRY_SECONDS = 0.01
_SENDFILE_MOST = 1 << 20
_AF_UNIX = getattr(socket_module, "AF_UNIX", None)


class IOStream(BaseIOStream):
    """A stream over a socket.

    The socket comes from ``accept``, or is made by ``socket.socket`` and connected before or by
    `connect`. The stream makes it non-blocking and owns it. If the stream closes because of an
    error, its `error` attribute holds the exception.

    The other arguments are those of `BaseIOStream`.
    """

    __slots__ = ("_address", "socket")

    socket: socket_module.socket  # None after close
    #: does `start_tls`; `tornado._iostream.tls`, which is built upon this room, puts its function here
    _upgrade: "ClassVar[Callable[..., asyncio.Future[SSLIOStream]]]"

    def __init__(self, socket: socket_module.socket, *args: Any, **kwargs: Any) -> None:
        self.socket = socket
        if socket.gettimeout() != 0:
            socket.setblocking(False)
        super().__init__(*args, **kwargs)

    # System calls.

    def fileno(self) -> socket_module.socket | int:
        """Return the file descriptor of the socket; -1 after `close`."""
        sock = self.socket
        return -1 if sock is None else sock.fileno()

    def close_fd(self) -> None:
        """Close the socket."""
        sock, self.socket = self.socket, None  # type: ignore[assignment]
        if sock is not None:
            sock.close()

    def get_fd_error(self) -> Exception | None:
        """Return the pending error of the socket, if there is one."""
        code = self.socket.getsockopt(socket_module.SOL_SOCKET, socket_module.SO_ERROR)
        return OSError(code, os.strerror(code)) if code else None

    @overload
    def read_from_fd(self, buf: bytearray | memoryview) -> int | None: ...

    @overload
    def read_from_fd(self, buf: None = None) -> bytes | None: ...

    def read_from_fd(self, buf: bytearray | memoryview | None = None) -> Any:
        """Read from the socket, see `BaseIOStream.read_from_fd`."""
        try:
            if buf is None:
                return self.socket.recv(self.read_chunk_size)
            return self.socket.recv_into(buf, len(buf))
        except (BlockingIOError, InterruptedError):
            return None

    def write_to_fd(self, data: memoryview) -> int:
        """Write to the socket, see `BaseIOStream.write_to_fd`."""
        try:
            return self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    # The quick ways around `read_from_fd` and `write_to_fd`, for as long as nobody replaced these:
    # see `is_replaced`, which the two methods that every request uses spell out.

    def _recv_chunk(self, limit: int) -> bytes | None:
        method = self.read_from_fd
        if type(method) is not MethodType or method.__func__ is not _OWN_READ:
            return super()._recv_chunk(limit)
        try:
            return self.socket.recv(limit)
        except (BlockingIOError, InterruptedError):
            return None

    def _recv_into(self, space: memoryview) -> int | None:
        if is_replaced(self.read_from_fd, _OWN_READ):
            return super()._recv_into(space)
        try:
            return self.socket.recv_into(space)
        except (BlockingIOError, InterruptedError):
            return None

    def _send_now(self, data: Buffer) -> int:
        method = self.write_to_fd
        if type(method) is not MethodType or method.__func__ is not _OWN_WRITE:
            return super()._send_now(data)
        try:
            sent = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        self._is_sound = True
        return sent

    if hasattr(socket_module.socket, "sendmsg"):

        def _send_list(self, chunks: Sequence[Buffer]) -> int:
            if is_replaced(self.write_to_fd, _OWN_WRITE):
                return super()._send_list(chunks)
            try:
                return self.socket.sendmsg(chunks[:64])
            except (BlockingIOError, InterruptedError):
                return 0

        def _send_queue(self, queue: WriteQueue) -> int:
            if is_replaced(self.write_to_fd, _OWN_WRITE):
                return super()._send_queue(queue)
            return self._send_list(queue.buffers())

    if hasattr(os, "sendfile"):

        def _send_file_part(self, part: FileRange) -> int:
            if is_replaced(self.write_to_fd, _OWN_WRITE):
                return super()._send_file_part(part)
            try:
                sent = os.sendfile(
                    self.socket.fileno(), part.fd, part.offset, min(part.count, _SENDFILE_MOST)
                )
            except (BlockingIOError, InterruptedError):
                return 0
            except OSError as error:
                if isinstance(error, ConnectionError):
                    raise
                # Not every kind of file can be sent from within the kernel.
                return super()._send_file_part(part)
            if not sent:
                raise _file_ended(part)
            return sent

    def _read_idle(self) -> None:
        # Look without taking: the next reader may be another owner (start_tls, detach).
        if is_replaced(self.read_from_fd, _OWN_READ):
            super()._read_idle()
            return
        try:
            if self.socket.recv(1, socket_module.MSG_PEEK):
                self._remove_reader()
                self._input_hint = _INLINE_READS
            else:
                self._input_ended()
        except (BlockingIOError, InterruptedError):
            return
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOTCONN:
                self._remove_reader()
                return
            self._read_failed(error)

    def send_room(self) -> int | None:
        if fcntl is None or self.socket is None:
            return None
        try:
            size = self.socket.getsockopt(socket_module.SOL_SOCKET, socket_module.SO_SNDBUF)
        except OSError:
            return None
        # Half of the buffer is for what the kernel itself keeps with the bytes, see socket(7).
        return max(0, size // 2 - self._unacknowledged())

    def _unacknowledged(self) -> int:
        if fcntl is None or self.socket is None:
            return 0
        try:
            held = fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):
            return 0
        return int.from_bytes(held, sys.byteorder)

    # Connecting.

    def connect(
        self: _Self,
        address: Any,
        callback: Callable[[], Any] | str | None = None,
        server_hostname: str | None = None,
    ) -> "asyncio.Future[_Self]":
        """Connect the socket to `address` without blocking.

        ``write`` and the reads may be called before the connection stands; they wait for it.

        :param address: as for ``socket.connect``: ``(host, port)`` for TCP. A host name in it is
            looked up with a blocking call; `tornado.tcpclient` looks names up without.
        :param callback: called without arguments once connected. If connecting fails, only the
            close callback is called. A string here is `server_hostname`.
        :param server_hostname: used by `SSLIOStream` only.
        :returns: a future of this stream; ``None`` if a callback is given.
        :raises StreamClosedError: if the stream is closed; through the future, if connecting fails:
            its ``real_error`` says why, and names the address.

        .. versionchanged:: 4.0
           Returns a future if no callback is given.
        """
        if isinstance(callback, str):
            callback = None  # server_hostname, which only TLS needs
        check_callback("connect()", callback)
        if not self._is_bound:
            self._bind()
        if isinstance(address, tuple) and len(address) > 1 and isinstance(address[1], str):
            address = (address[0], port_number(address[1]), *address[2:])
        if self._state is CLOSED:
            raise StreamClosedError(self.error)
        if self._reader_on:
            self._remove_reader()  # an unconnected socket reports events that mean nothing
        self._state = CONNECTING
        future: asyncio.Future[_Self] | None = None
        if callback is None:
            future = self._connect_future = asyncio.Future(loop=self._loop)
        else:
            self._connect_callback = stack_context.wrap(callback)
        self._address = address
        self._start_connecting(address)
        return future  # type: ignore[return-value]  # the callback style has no future

    def _start_connecting(self, address: Any) -> None:
        if self._state is not CONNECTING:
            return  # closed meanwhile
        try:
            self.socket.connect(address)
        except (BlockingIOError, InterruptedError):
            if self.socket.family == _AF_UNIX:
                # The listener's queue is full, and nothing is under way that could be waited for.
                run_clean(
                    self._loop.call_later, _UNIX_RETRY_SECONDS, self._start_connecting, address
                )
                return
        except OSError as error:
            self._connect_failed(error)
            return
        self._add_writer()

    def _connect_failed(self, error: Exception) -> None:
        name_address(error, self._address)
        if self._connect_future is None:
            gen_log.warning("Connect error on fd %s: %s", self._descriptor(), error)
        self.close(exc_info=error)

    def _handle_write(self) -> None:
        if self._state is not CONNECTING:
            self._flush()
            return
        try:
            error = self.get_fd_error()
        except Exception as failure:
            error = failure
        if error is not None:
            self._connect_failed(error)
            return
        self._remove_writer()
        self._connected()

    def _connected(self) -> None:
        """The transport's connection stands."""
        self._opened()

    def _opened(self) -> None:
        """Bytes can go both ways now: start what waited for that."""
        self._state = OPEN
        callback, self._connect_callback = self._connect_callback, None
        future, self._connect_future = self._connect_future, None
        if future is not None and not future.done():
            future.set_result(self)
        if callback is not None:
            self._schedule(callback)
        if self._queue:
            self._flush()
        else:
            self._settle_writes()
        if self._state is not OPEN or self._reading_paused:
            return
        if self._read is not None or self._receiver is not None or self._close_callback is not None:
            self._want_input()

    # Changes on the way.

    def start_tls(
        self,
        server_side: bool,
        ssl_options: "dict[str, Any] | ssl.SSLContext | None" = None,
        server_hostname: str | None = None,
        *,
        handshake_timeout: float | None = None,
    ) -> "asyncio.Future[SSLIOStream]":
        """Turn this stream into an `SSLIOStream`, as ``STARTTLS`` in several protocols does.

        This stream must be idle: no pending read or write and nothing in its buffers. It cannot be
        used afterwards; the new stream inherits its close callback.

        :param ssl_options: keyword arguments as of `tornado.netutil.ssl_options_to_context`, or a
            context. ``None`` means: verify the server's certificate against the system's
            authorities (client side).
        :param server_hostname: the name the certificate must be for.
        :param handshake_timeout: seconds, default 60.
        :returns: a future of the new stream, done after the handshake. If that fails, so does the
            future, with the cause, an `ssl.SSLError` for instance, or a `StreamClosedError` where
            there is none.
        :raises ValueError: if this stream is not idle.

        .. versionadded:: 4.0
        """
        return self._upgrade(self, server_side, ssl_options, server_hostname, handshake_timeout)

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once (True) or let the kernel gather them (False, the default).

        Sockets other than TCP ignore it.

        .. versionadded:: 3.1
        """
        sock = self.socket
        if sock is not None and sock.family in (socket_module.AF_INET, socket_module.AF_INET6):
            try:
                sock.setsockopt(socket_module.IPPROTO_TCP, socket_module.TCP_NODELAY, int(value))
            except OSError:
                if not _is_reset(sock):
                    raise

    def write_eof(self) -> None:
        """Send the end of file after everything written so far; reading goes on.

        Further writes raise `StreamClosedError`. Idempotent.

        .. versionadded:: 6.100
        """
        if self._write_ended or self._state is CLOSED:
            return
        self._write_ended = True
        if not self._queue and self._can_write():
            self._shut_down_writing()

    def _await_reset(self) -> None:
        watch_hangup(self.io_loop, self._descriptor(), self._was_reset)

    def _was_reset(self) -> None:
        error = self.get_fd_error()
        if error is not None:
            # Linux says EPIPE here, as the peer had ended its side before.
            error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        self.close(exc_info=error if error is not None else False)

    def _await_no_reset(self) -> None:
        forget_hangup(self.io_loop, self._descriptor())

    def _shut_down_writing(self) -> None:
        if self._state is READ_ENDED:
            self.close()
            return
        try:
            self.socket.shutdown(socket_module.SHUT_WR)
        except OSError as error:
            if error.errno == errno.ENOTCONN:  # the peer has reset the connection
                error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            self._write_failed(error)


_OWN_READ = IOStream.read_from_fd
_OWN_WRITE = IOStream.write_to_fd


def _is_reset(sock: socket_module.socket) -> bool:
    """Whether the peer is gone: some systems refuse to set options then."""
    try:
        sock.getpeername()
    except OSError:
        return True
    return False


IOStream.__module__ = "tornado.iostream"
