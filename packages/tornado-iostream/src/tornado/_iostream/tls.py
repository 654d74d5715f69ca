"""`SSLIOStream`: a stream whose bytes travel through TLS, for both sides."""

import asyncio
import logging
import socket as socket_module
import ssl
from collections.abc import Callable, Sequence
from typing import Any, overload

from tornado import stack_context
from tornado._iostream.buffers import Buffer, FileRange, WriteQueue
from tornado._iostream.errors import StreamClosedError, is_reset, stream_closed_by
from tornado._iostream.plain import IOStream
from tornado._iostream.state import (
    CLOSED,
    CONNECTING,
    DRAINING,
    HANDSHAKING,
    OPEN,
    READ_ENDED,
    StreamState,
)
from tornado._iostream.writing import is_replaced
from tornado._loop.seam import run_clean
from tornado._netutil.addresses import format_address
from tornado._netutil.tls import ssl_wrap_socket
from tornado.log import gen_log

DEFAULT_HANDSHAKE_TIMEOUT = 60.0
"""Seconds a handshake may take."""
_RECORD = 16384
"""Bytes of plaintext one TLS record holds at most."""
_ROUNDS = 16
_TALKING = frozenset({OPEN, READ_ENDED, DRAINING})
_NOT_TLS = frozenset(
    {
        "HTTPS_PROXY_REQUEST",
        "HTTP_REQUEST",
        "PACKET_LENGTH_TOO_LONG",
        "UNKNOWN_PROTOCOL",
        "WRONG_SSL_VERSION",
        "WRONG_VERSION_NUMBER",
    }
)
"""OpenSSL's reasons for what does not even look like TLS: a plain client on a TLS port, say."""


class SSLIOStream(IOStream):
    """A stream over a TLS socket.

    A connected `ssl.SSLSocket`, made with ``do_handshake_on_connect=False``, begins its handshake
    by itself, on the side it was made for. A plain socket is wrapped when `connect` has connected
    it, as a client. Reads and writes wait for the handshake.

    :param ssl_options: keyword arguments as of `tornado.netutil.ssl_options_to_context`, or an
        `ssl.SSLContext`; used by `connect`. By default the server's certificate is verified
        against the system's authorities and its name against the one connected to.
    :param handshake_timeout: seconds after which an unfinished handshake closes the stream;
        default 60; ``None`` or 0 means never.
    """

    __slots__ = (
        "_handshake_future",
        "_handshake_timeout",
        "_handshake_timer",
        "_read_wants_write",
        "_server_hostname",
        "_ssl_options",
        "_write_wants_read",
    )

    socket: ssl.SSLSocket  # once it is connected; None after close
    _handshake_future: "asyncio.Future[SSLIOStream] | None"
    _handshake_timer: asyncio.TimerHandle | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ssl_options: Any = kwargs.pop("ssl_options", None)
        self._handshake_timeout: float | None = kwargs.pop(
            "handshake_timeout", DEFAULT_HANDSHAKE_TIMEOUT
        )
        super().__init__(*args, **kwargs)
        self._server_hostname: str | None = None
        self._handshake_future = None
        self._handshake_timer = None
        self._read_wants_write = self._write_wants_read = False
        if isinstance(self.socket, ssl.SSLSocket) and _is_connected(self.socket):
            self._begin_handshake()

    # The handshake.

    def connect(
        self,
        address: Any,
        callback: Callable[[], Any] | str | None = None,
        server_hostname: str | None = None,
    ) -> "asyncio.Future[SSLIOStream]":
        """Connect, then shake hands; the future or callback is told after both.

        :param server_hostname: the name sent to the server and required of its certificate; by
            default the host of `address`.

        :raises StreamClosedError: through the future, if connecting or the handshake fails; the
            exception is an instance of the cause's class too, such as `ssl.SSLCertVerificationError`
            or `ConnectionRefusedError`.

        Everything else is as in `IOStream.connect`.
        """
        if isinstance(callback, str):
            callback, server_hostname = None, callback
        if server_hostname is None and isinstance(address, tuple):
            server_hostname = str(address[0]).partition("%")[0]
        self._server_hostname = server_hostname
        return super().connect(address, callback)

    def _connected(self) -> None:
        options = {} if self._ssl_options is None else self._ssl_options
        try:
            self.socket = ssl_wrap_socket(
                self.socket,
                options,
                server_hostname=self._server_hostname,
                server_side=False,
                do_handshake_on_connect=False,
            )
        except (OSError, ValueError) as error:
            self._connect_failed(error)
            return
        self._begin_handshake()

    def _begin_handshake(self) -> None:
        self._state = HANDSHAKING
        if self._handshake_timeout:
            self._handshake_timer = run_clean(
                self._loop.call_later, self._handshake_timeout, self._handshake_expired
            )
        self._soon(self._do_handshake)

    def _do_handshake(self) -> None:
        if self._state is not HANDSHAKING:
            return
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            if self._writer_on:
                self._remove_writer()
            if not self._reader_on:
                self._add_reader()
        except ssl.SSLWantWriteError:
            if not self._writer_on:
                self._add_writer()
        except Exception as error:
            if isinstance(error, ssl.SSLError):
                self._log_tls_error(error)
            self.close(exc_info=error)
        else:
            self._handshake_done()

    def _handshake_done(self) -> None:
        self._stop_timer()
        if self._writer_on:
            self._remove_writer()
        future, self._handshake_future = self._handshake_future, None
        self._opened()
        if future is not None and not future.done():
            future.set_result(self)

    def _handshake_expired(self) -> None:
        self._handshake_timer = None
        if self._state is HANDSHAKING:
            error = TimeoutError(
                f"TLS handshake with {self._peer()} not done in {self._handshake_timeout} seconds"
            )
            gen_log.warning("SSL handshake timed out on %s", self._peer())
            self.close(exc_info=error)

    def _stop_timer(self) -> None:
        timer, self._handshake_timer = self._handshake_timer, None
        if timer is not None:
            timer.cancel()

    def _log_tls_error(self, error: ssl.SSLError) -> None:
        level = logging.DEBUG if self._is_of_no_interest(error) else logging.WARNING
        gen_log.log(level, "SSL Error on %s %s: %s", self._descriptor(), self._peer(), error)

    def _is_of_no_interest(self, error: ssl.SSLError) -> bool:
        """Return whether `error` is one of those that scanners and load balancers cause all the time.

        A client wants to know why it could not connect. The operator of a server wants to know of
        clients that do not trust its certificate, and of those that do not speak TLS at all.
        """
        if is_reset(error):
            return True
        reason = error.reason or ""
        is_distrust = "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)
        return self.socket.server_side and reason not in _NOT_TLS and not is_distrust

    def _peer(self) -> str:
        try:
            return format_address(self.socket.getpeername())
        except OSError:
            return "(not connected)"

    def wait_for_handshake(
        self, callback: Callable[[], Any] | None = None
    ) -> "asyncio.Future[SSLIOStream]":
        """Wait until the handshake is done, for servers that look at it before they read.

        Afterwards ``stream.socket.getpeercert()``, ``selected_alpn_protocol()`` and the like tell
        what was agreed.

        :param callback: called without arguments; then ``None`` is returned.
        :returns: a future of this stream.
        :raises RuntimeError: if someone waits already.
        :raises StreamClosedError: through the future, if the stream closes first. Where an error
            closed it, the exception is an instance of that error's class too.

        .. versionadded:: 4.2
        """
        if self._handshake_future is not None and not self._handshake_future.done():
            raise RuntimeError("Already waiting")
        if not self._is_bound:
            self._bind()
        future: asyncio.Future[SSLIOStream] = asyncio.Future(loop=self._loop)
        if self._state is CLOSED:
            self._fail_handshake(future)
        elif self._state is CONNECTING or self._state is HANDSHAKING:
            self._handshake_future = future
        elif not isinstance(self.socket, ssl.SSLSocket):
            self._handshake_future = future  # not connected yet
        else:
            future.set_result(self)
        if callback is None:
            return future
        wrapped = stack_context.wrap(callback)

        def on_done(done: "asyncio.Future[SSLIOStream]") -> None:
            if done.exception() is None:
                self._schedule(wrapped)

        self.io_loop.add_future(future, on_done)
        return None  # type: ignore[return-value]  # the callback style has no future

    def _fail_connect(self, was: StreamState) -> None:
        self._stop_timer()
        for future in (self._connect_future, self._handshake_future):
            if future is not None:
                self._fail_handshake(future)
        self._handshake_future = None
        super()._fail_connect(was)

    def _fail_handshake(self, future: "asyncio.Future[SSLIOStream]") -> None:
        if not future.done():
            future.set_exception(stream_closed_by(self.error))
            future.exception()  # as in `_fail_future`

    # Reading and writing.

    @overload
    def read_from_fd(self, buf: bytearray | memoryview) -> int | None: ...

    @overload
    def read_from_fd(self, buf: None = None) -> bytes | None: ...

    def read_from_fd(self, buf: bytearray | memoryview | None = None) -> Any:
        """Read decrypted bytes, see `BaseIOStream.read_from_fd`."""
        if buf is None:
            return self._decrypt(self.socket.recv, min(self.read_chunk_size, _RECORD), b"")
        return self._decrypt(self.socket.recv_into, memoryview(buf), 0)

    def write_to_fd(self, data: memoryview) -> int:
        """Encrypt and write, see `BaseIOStream.write_to_fd`."""
        return self._encrypt(data)

    def _recv_chunk(self, limit: int) -> bytes | None:
        if is_replaced(self.read_from_fd, _OWN_READ):
            return super(IOStream, self)._recv_chunk(limit)
        data: bytes | None = self._decrypt(self.socket.recv, min(limit, _RECORD), b"")
        return data

    def _recv_into(self, space: memoryview) -> int | None:
        if is_replaced(self.read_from_fd, _OWN_READ):
            return super(IOStream, self)._recv_into(space)
        count: int | None = self._decrypt(self.socket.recv_into, space, 0)
        return count

    def _read_idle(self) -> None:
        super(IOStream, self)._read_idle()  # OpenSSL cannot look without taking

    def _decrypt(self, receive: Callable[[Any], Any], argument: Any, end: Any) -> Any:
        """Return what ``receive(argument)`` does, ``None`` while it waits, `end` at the end."""
        try:
            return receive(argument)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLWantWriteError:
            self._want_write_to_read()
            return None
        except ssl.SSLZeroReturnError:
            return end

    def _want_write_to_read(self) -> None:
        """The protocol has to send something (a key update) before it can go on reading."""
        self._read_wants_write = True
        if not self._writer_on:
            self._add_writer()

    def _send_now(self, data: Buffer) -> int:
        if is_replaced(self.write_to_fd, _OWN_WRITE):
            return super(IOStream, self)._send_now(data)
        return self._encrypt(data)

    def _send_list(self, chunks: Sequence[Buffer]) -> int:
        return self._send_now(b"".join(chunks))

    def _send_queue(self, queue: WriteQueue) -> int:
        return super(IOStream, self)._send_queue(queue)

    def _send_file_part(self, part: FileRange) -> int:
        return super(IOStream, self)._send_file_part(part)

    def _encrypt(self, data: Buffer) -> int:
        sent = 0
        size = len(data)
        # The traceback of an error that is kept would keep the views, and they the caller's memory.
        with memoryview(data) as view:
            try:
                while sent < size:  # OpenSSL takes one record at a time
                    with view[sent : sent + _RECORD] as record:
                        sent += self.socket.send(record)
            except ssl.SSLWantWriteError:
                pass
            except ssl.SSLWantReadError:
                self._write_wants_read = True
                if not self._reader_on:
                    self._add_reader()
        return sent

    def _has_buffered_input(self) -> bool:
        return self.socket.pending() > 0

    def _want_input(self) -> None:
        super()._want_input()
        if self._state is OPEN and self.socket.pending():
            self._soon(self._handle_read)

    def _handle_read(self) -> None:
        if self._state is HANDSHAKING:
            self._do_handshake()
            return
        if self._write_wants_read:
            self._write_wants_read = False
            self._flush()
        for _ in range(_ROUNDS):
            if self._state is CLOSED or self._reading_paused:
                return
            super()._handle_read()
            if self._state is not OPEN or not self._reader_on or not self.socket.pending():
                return
        self._pause_turn()

    def _pause_turn(self) -> None:
        if self._state is OPEN and self.socket.pending():
            self._soon(self._handle_read)  # the loop cannot see what OpenSSL holds

    def _handle_write(self) -> None:
        if self._state is HANDSHAKING:
            self._do_handshake()
            return
        if self._state is CONNECTING:
            super()._handle_write()
            return
        if self._read_wants_write:
            self._read_wants_write = False
            self._handle_read()
            if self._state is CLOSED:
                return
        self._flush()

    def _add_writer(self) -> None:
        if not self._write_wants_read:
            super()._add_writer()

    # The end.

    def _shut_down_writing(self) -> None:
        # TLS 1.2 has no half-close that both sides must honour; the peer learns it by our close.
        if self._state is not OPEN:
            self.close()

    def _before_close(self, was: StreamState) -> None:
        if was not in _TALKING or self.error is not None:
            return
        if isinstance(self.socket, ssl.SSLSocket):
            try:
                self.socket.unwrap()  # tell the peer that nothing was cut off; do not wait for it
            except (OSError, ValueError):
                pass


def _is_connected(sock: socket_module.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def upgrade(
    stream: IOStream,
    server_side: bool,
    ssl_options: Any,
    server_hostname: str | None,
    handshake_timeout: float | None,
) -> "asyncio.Future[SSLIOStream]":
    """Move the socket of the idle `stream` into a new `SSLIOStream` and shake hands."""
    if stream.closed():
        raise StreamClosedError(stream.error)
    if (
        stream.reading()
        or stream.writing()
        or stream._state is not OPEN
        or stream._receiver is not None
        or stream._read_buffer
    ):
        raise ValueError("IOStream is not idle; cannot convert to SSL")
    if ssl_options is None:
        ssl_options = {}
    if not stream._is_bound:
        stream._bind()
    loop = stream._loop
    future: asyncio.Future[SSLIOStream] = asyncio.Future(loop=loop)
    if stream._reader_on:
        stream._remove_reader()
    if stream._writer_on:
        stream._remove_writer()
    sock, stream.socket = stream.socket, None  # type: ignore[assignment]
    close_callback, stream._close_callback = stream._close_callback, None
    stream._state = CLOSED
    try:
        wrapped = ssl_wrap_socket(
            sock,
            ssl_options,
            server_hostname=server_hostname,
            server_side=server_side,
            do_handshake_on_connect=False,
        )
    except BaseException:
        sock.close()
        if close_callback is not None:
            stream._schedule(close_callback)
        raise
    secure = SSLIOStream(
        wrapped,
        ssl_options=ssl_options,
        io_loop=stream.io_loop,
        max_buffer_size=stream.max_buffer_size,
        read_chunk_size=stream.read_chunk_size,
        max_write_buffer_size=stream.max_write_buffer_size,
        handshake_timeout=(
            DEFAULT_HANDSHAKE_TIMEOUT if handshake_timeout is None else handshake_timeout
        ),
    )
    secure._close_callback = close_callback

    def on_settled(done: "asyncio.Future[SSLIOStream]") -> None:
        if done.cancelled():
            secure.close()  # the waiter has given up

    def on_handshake(done: "asyncio.Future[SSLIOStream]") -> None:
        error = done.exception()
        if future.done():
            return
        if error is None:
            future.set_result(secure)
        else:
            # The plain cause, as in every release: programs tell a certificate that is not valid
            # from a connection that was closed by the class.
            future.set_exception(secure.error or error)
            future.exception()

    future.add_done_callback(on_settled)
    secure.wait_for_handshake().add_done_callback(on_handshake)
    return future


_OWN_READ = SSLIOStream.read_from_fd
_OWN_WRITE = SSLIOStream.write_to_fd

SSLIOStream.__module__ = "tornado.iostream"

IOStream._upgrade = staticmethod(upgrade)
