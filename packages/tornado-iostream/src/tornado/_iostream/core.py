"""The trunk of every stream: its state, its registration with the loop, its end.

File descriptor events go in; reads, writes and closes of the rooms above come out.
"""

import asyncio
import errno
import os
import select
import sys
from asyncio.events import _get_running_loop
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from tornado import ioloop, stack_context
from tornado._core.seam import check_callback
from tornado._iostream.buffers import WriteQueue
from tornado._iostream.errors import StreamClosedError
from tornado._iostream.reads import Read
from tornado._iostream.state import (
    BROKEN,
    CLOSED,
    CONNECTING,
    HANDSHAKING,
    OPEN,
    READ_ENDED,
    StreamState,
)
from tornado._loop.seam import repeats_errors, run_clean
from tornado._netutil.loops import (
    asyncio_loop_of,
    loop_or_current,
    open_streams_of,
    selector_loop_of,
)
from tornado.log import app_log

if TYPE_CHECKING:
    from tornado._iostream.receiver import ChunkReceiver

ExcInfo: TypeAlias = (
    bool
    | BaseException
    | tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
    | None
)

DEFAULT_MAX_BUFFER_SIZE = 104857600
"""Bytes: what a read may need to have in memory (100 MiB)."""
DEFAULT_READ_CHUNK_SIZE = 65536
"""Bytes: what one system call asks the kernel for."""


class StreamCore:
    """State, loop registration, callbacks and closing."""

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_callbacks_due",
        "_close_callback",
        "_connect_callback",
        "_connect_future",
        "_error_poll",
        "_input_hint",
        "_is_bound",
        "_is_sound",
        "_lender",
        "_loop",
        "_queue",
        "_read",
        "_read_buffer",
        "_reader_on",
        "_reading_paused",
        "_receiver",
        "_state",
        "_total_write_done_index",
        "_total_write_index",
        "_watched_fd",
        "_write_callback",
        "_write_ended",
        "_write_futures",
        "_write_paused",
        "_writer_on",
        "error",
        "io_loop",
        "max_buffer_size",
        "max_write_buffer_size",
        "read_chunk_size",
        "written_by_hand",
    )

    io_loop: ioloop.IOLoop
    max_buffer_size: int
    max_write_buffer_size: int | None
    read_chunk_size: int
    error: BaseException | None
    _is_bound: bool
    _loop: asyncio.AbstractEventLoop
    _state: StreamState
    _read_buffer: bytearray
    _read: Read | None
    _receiver: "ChunkReceiver | None"
    _lender: "ChunkReceiver | None"
    _queue: WriteQueue | None
    _write_futures: "deque[tuple[int, asyncio.Future[None]]] | None"
    _write_callback: Callable[[], Any] | None
    _close_callback: Callable[[], Any] | None
    _connect_callback: Callable[[], Any] | None
    _connect_future: "asyncio.Future[Any] | None"
    _error_poll: "select.poll | None"

    written_by_hand: bool
    """Whether ``write`` was called since this was last set to False: not by an engine, which sends."""

    high_water = 262144
    """Bytes of backlog above which a receiver is told when writing may go on."""
    low_water = 65536
    """Bytes of backlog below which it is told."""

    def __init__(
        self,
        io_loop: ioloop.IOLoop | int | None = None,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        max_write_buffer_size: int | None = None,
    ) -> None:
        if isinstance(io_loop, int):
            # Releases without `io_loop` have max_buffer_size in its place, and so on.
            max_buffer_size, read_chunk_size, max_write_buffer_size = (
                io_loop,
                max_buffer_size,
                read_chunk_size,
            )
            io_loop = None
        # Without a loop of its own, and made while none runs, it belongs to the one that first uses it.
        self._is_bound = io_loop is not None or _get_running_loop() is not None
        self.io_loop = loop_or_current(io_loop)
        self._loop = asyncio_loop_of(self.io_loop)
        self.max_buffer_size = max_buffer_size or DEFAULT_MAX_BUFFER_SIZE
        self.max_write_buffer_size = max_write_buffer_size
        self.read_chunk_size = max(
            1, min(read_chunk_size or DEFAULT_READ_CHUNK_SIZE, self.max_buffer_size // 2)
        )
        self.error = None
        self._state = OPEN
        self._read_buffer = _EMPTY
        self._read = None
        self._receiver = self._lender = None
        self.written_by_hand = False
        self._queue = None
        self._write_futures = None
        self._write_callback = None
        self._close_callback = None
        self._connect_callback = None
        self._connect_future = None
        self._total_write_index = self._total_write_done_index = 0
        self._callbacks_due = 0  # callbacks of users that are scheduled or running
        self._error_poll = None  # asks the kernel for errors of `_watched_fd`, where needed
        self._is_sound = False  # the kernel took output since the last event: it holds no error
        self._watched_fd = -1  # what the loop knows this stream by, closed meanwhile or not
        self._input_hint = 0  # reads that may try the kernel before they wait for the loop
        self._reader_on = self._writer_on = False
        self._reading_paused = self._write_paused = self._write_ended = False

    def _bind(self) -> None:
        """Take the running loop, if this stream was made before it ran and is not registered yet."""
        running = _get_running_loop()
        if self._reader_on or self._writer_on:
            self._is_bound = True
        elif running is not None:
            self._is_bound = True
            if running is not self._loop:
                self.io_loop = loop_or_current(None)
                self._loop = running

    # What a transport offers.

    def fileno(self) -> Any:
        """Return the file descriptor, or an object with a ``fileno`` method, of this stream.

        .. versionadded:: 3.1
        """
        raise NotImplementedError

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read into `buf` without blocking.

        A transport written for releases before 5.0 takes no `buf` and returns the bytes themselves, of at
        most `read_chunk_size`.

        :returns: the count of bytes read, 0 at the end of the stream, ``None`` where nothing is
            there now.

        .. versionadded:: 3.1
        .. versionchanged:: 5.0
           Takes `buf` and returns a count.
        """
        raise NotImplementedError

    def close_fd(self) -> None:
        """Close the file under this stream. ``close`` calls it; nothing else should.

        .. versionadded:: 3.1
        """
        raise NotImplementedError

    def get_fd_error(self) -> Exception | None:
        """Return the error that is recorded on the file, if there is one.

        The stream asks when the loop reports an error and nothing else says what happened.

        .. versionadded:: 3.1
        """
        return None

    # Registration with the loop.

    def _descriptor(self) -> int:
        fd = self.fileno()
        return fd if isinstance(fd, int) else int(fd.fileno())

    def _add_reader(self) -> None:
        loop = selector_loop_of(self.io_loop)
        if repeats_errors(loop):
            self._reader_on = self._register(loop.add_reader, self._handle_read)
            return
        self._reader_on = self._register(loop.add_reader, self._handle_read_once)
        if self._reader_on and hasattr(select, "poll"):
            self._error_poll = select.poll()
            self._error_poll.register(self._watched_fd, 0)

    def _register(self, add: Callable[..., Any], handler: Callable[[], None]) -> bool:
        """Have the loop watch the descriptor; where it cannot, close and return False."""
        open_streams_of(self.io_loop).add(self)
        try:
            fd = self._descriptor()
            if fd < 0:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._watched_fd = fd
            run_clean(add, fd, handler)
        except Exception as error:  # the file was closed behind the stream's back
            if not self._reader_on and not self._writer_on:
                open_streams_of(self.io_loop).discard(self)
            self.close(exc_info=error)
            return False
        return True

    def _unregister(self, remove: Callable[[int], Any]) -> None:
        if not self._reader_on and not self._writer_on:
            open_streams_of(self.io_loop).discard(self)
        try:
            remove(self._watched_fd)
        except (OSError, ValueError, RuntimeError):
            pass  # the file, or the loop, was closed before

    def _remove_reader(self) -> None:
        self._reader_on = False
        self._unregister(selector_loop_of(self.io_loop).remove_reader)

    def _add_writer(self) -> None:
        add = selector_loop_of(self.io_loop).add_writer
        self._writer_on = self._register(add, self._handle_write)

    def _remove_writer(self) -> None:
        self._writer_on = False
        self._unregister(selector_loop_of(self.io_loop).remove_writer)

    def _handle_read(self) -> None:
        """The loop says: readable."""
        raise NotImplementedError

    def _handle_write(self) -> None:
        """The loop says: writable."""
        raise NotImplementedError

    # An event that says "readable" may also stand for an error, such as a reset that arrived
    # together with data. One `recv` takes the data only; the error is what the next one says. A
    # selector loop of asyncio reports the descriptor again for as long as the error is there, so one
    # short read an event is enough. libuv stops watching after the first report: without the look
    # below the end of the connection would never be noticed. Asking for errors by ``poll`` costs a
    # quarter of a `recv` that finds nothing, and leaves the error where it is. Then the
    # descriptor is registered again, which gives the next report, until `recv` has come to the error.
    # The handlers for output need no such look: `send` fails at once when there is an error. For the
    # same reason none is needed where something was sent in response to the event.

    def _handle_read_once(self) -> None:
        """As `_handle_read`, on loops that report an error once and then stop watching."""
        self._is_sound = False
        self._handle_read()
        if self._is_sound:
            return
        poll = self._error_poll
        if self._reader_on and poll is not None and poll.poll(0):
            self._remove_reader()
            self._add_reader()
            if self._writer_on:
                self._remove_writer()
                self._add_writer()

    def _want_input(self) -> None:
        """Make sure that the loop reports input, what is inside the transport already included."""
        if self._state is OPEN and not self._reader_on:
            self._add_reader()

    def _soon(self, function: Callable[..., Any], *args: Any) -> None:
        """Call an own function on the next turn: outside all stack contexts, errors not caught."""
        run_clean(self._loop.call_soon, function, *args)

    # Callbacks that users gave.

    def _schedule(self, callback: Callable[..., Any], *args: Any) -> None:
        # `callback` carries the contexts of who gave it; those active here are not its own.
        self._callbacks_due += 1
        run_clean(self.io_loop.add_callback, self._run_callback, callback, *args)

    def _run_callback(self, callback: Callable[..., Any], *args: Any) -> None:
        try:
            callback(*args)
        except Exception:
            app_log.error("Uncaught exception, closing connection.", exc_info=True)
            # A half-served connection is of no use to anyone; the loop reports the error too.
            self.close(exc_info=True)
            raise
        finally:
            self._callbacks_due -= 1
            if self._state is CLOSED and self._close_callback is not None:
                self._announce_close()

    def _receiver_failed(self, error: Exception) -> None:
        app_log.error("Uncaught exception, closing connection.", exc_info=error)
        self.close(exc_info=error)

    def _await_reset(self) -> None:
        """All was read: where the transport can, have the stream closed if the peer resets it."""

    def _await_no_reset(self) -> None:
        """Undo `_await_reset`."""

    # The end.

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Have `callback` called, by the loop, when the stream closes.

        It runs once, after the callbacks and futures of reads and writes that were pending, and
        after those of reads that these callbacks begin and that the buffer can satisfy. On a
        stream that is closed already it runs on the loop's next turn. ``None`` unsets it.
        """
        check_callback("set_close_callback()", callback)
        if not self._is_bound:
            self._bind()
        self._close_callback = None if callback is None else stack_context.wrap(callback)
        if callback is None:
            return
        if self._state is CLOSED:
            self._announce_close()
        elif self._receiver is None:
            self._want_input()  # the loop must tell when the peer goes away

    def closed(self) -> bool:
        """Whether the stream has been closed."""
        return self._state is CLOSED

    def close(self, exc_info: ExcInfo = False) -> None:
        """Close this stream; a second call does nothing.

        A pending ``read_until_close`` ends with what has arrived, unless the stream closes because
        of an error other than a reset by the peer. Every other pending operation fails with
        `StreamClosedError`. What was written but not yet sent is dropped. An error of the operating
        system in closing the descriptor is ignored.

        :param exc_info: True (take the exception being handled), an exception, or a tuple as of
            `sys.exc_info`: it becomes the stream's `error`.
        """
        if self._state is CLOSED:
            return
        if exc_info:
            if isinstance(exc_info, BaseException):
                self.error = exc_info
            else:
                if not isinstance(exc_info, tuple):
                    exc_info = sys.exc_info()
                if exc_info[1] is not None:
                    self.error = exc_info[1]
        if self._receiver is not None and (self._state is OPEN or self._state is READ_ENDED):
            closing = getattr(self._receiver, "stream_closing", None)
            if closing is not None:
                try:
                    closing()
                except Exception:
                    app_log.error("Uncaught exception while a stream closes", exc_info=True)
        was = self._state
        self._state = CLOSED
        if self._reader_on:
            self._remove_reader()
        if self._writer_on:
            self._remove_writer()
        try:
            if was is READ_ENDED or was is BROKEN:
                self._await_no_reset()
            self._before_close(was)
            self.close_fd()
        except OSError:
            pass  # somebody else has closed it already
        except Exception:
            app_log.error("Uncaught exception while a stream closes", exc_info=True)
        self._fail_connect(was)
        self._end_reads()
        self._abort_writes()
        self._announce_close()

    def _before_close(self, was: StreamState) -> None:
        """Last words to the peer; the descriptor is still open."""

    def _end_reads(self) -> None:
        raise NotImplementedError

    def _abort_writes(self) -> None:
        raise NotImplementedError

    def _fail_connect(self, was: StreamState) -> None:
        future, self._connect_future = self._connect_future, None
        self._connect_callback = None
        if future is not None:
            self._fail_future(future)

    def _fail_future(self, future: "asyncio.Future[Any]") -> None:
        if not future.done():
            future.set_exception(StreamClosedError(self.error))
            future.exception()  # not awaiting a stream that closed is no fault worth a log line

    def _announce_close(self) -> None:
        """Tell the close callback and the receiver, behind everything scheduled so far."""
        if not self._callbacks_due:  # otherwise the last of them brings us here again
            callback, self._close_callback = self._close_callback, None
            if callback is not None:
                self._schedule(callback)
        receiver = self._receiver or self._lender
        self._receiver = self._lender = None
        if receiver is not None and not self._loop.is_closed():
            self._soon(receiver.stream_closed, self.error)

    def _is_starting(self) -> bool:
        return self._state is CONNECTING or self._state is HANDSHAKING


_EMPTY = bytearray()
"""The read buffer of a stream that has not buffered anything; never appended to."""
