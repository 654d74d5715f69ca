"""Reading: chunks from the kernel go in, results of pending reads and chunks for a receiver out."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import re
from collections.abc import Callable
from types import MethodType
from typing import Any

from tornado import stack_context
from tornado._core.seam import check_callback, wrong_type
from tornado._iostream.core import _EMPTY, StreamCore
from tornado._iostream.errors import (
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
    is_reset,
)
from tornado._iostream.reads import (
    Read,
    ReadBytes,
    ReadInto,
    ReadManyBytes,
    ReadRegex,
    ReadUntil,
    ReadUntilClose,
    take_front,
)
from tornado._iostream.state import BROKEN, CLOSED, DRAINING, OPEN, READ_ENDED
from tornado.log import gen_log

_IS_POSIX = os.name == "posix"
_ROUNDS = 16
"""Count of full chunks after which a read lets the loop turn."""
_INLINE_READS = 8
"""Count of reads that may ask the kernel directly before one goes through the loop again."""


class PullStream(StreamCore):
    """The ``read_…`` family over one buffer."""

    __slots__ = ()

    def _recv_chunk(self, limit: int) -> bytes | None:
        """One attempt to read; ``None`` where nothing is there, ``b""`` at the end.

        This way calls `read_from_fd`, which a subclass gives or somebody replaced. A transport of
        ours has a quicker way for the case that its `read_from_fd` is its own.
        """
        if not _takes_buffer(self.read_from_fd):
            return self._recv_unbuffered()
        memory = bytearray(limit)
        try:
            count = self.read_from_fd(memory)
        except (BlockingIOError, InterruptedError):
            return None
        return None if count is None else take_front(memory, count)

    def _recv_unbuffered(self) -> bytes | None:
        """Read by a `read_from_fd` as it was until 4.5, without a parameter."""
        try:
            read: Any = self.read_from_fd
            data: bytes | None = read()
        except (BlockingIOError, InterruptedError):
            return None
        return data

    def _recv_into(self, space: memoryview) -> int | None:
        """As `_recv_chunk`, into memory that is there already."""
        if not _takes_buffer(self.read_from_fd):
            data = self._recv_unbuffered()
            if data is None:
                return None
            taken = min(len(data), len(space))
            space[:taken] = data[:taken]
            self._unread(data[taken:])
            return taken
        try:
            count: int | None = self.read_from_fd(space)
        except (BlockingIOError, InterruptedError):
            return None
        return count

    # The public side.

    def read_until(
        self,
        delimiter: bytes,
        callback: Callable[[bytes], Any] | int | None = None,
        max_bytes: int | None = None,
    ) -> asyncio.Future[bytes]:
        """Read up to and including the first `delimiter`.

        :param callback: called by the loop with the bytes; then ``None`` is returned.
        :param max_bytes: if the delimiter does not end within so many bytes, the stream closes.
        :returns: a future of the bytes. Cancelling it leaves all data to the next read.
        :raises StreamClosedError: if the stream is closed and its buffer does not have the
            delimiter; a future fails with the same error.

        .. versionchanged:: 4.0
           `max_bytes`; the callback is optional.
        """
        if isinstance(callback, int):
            callback, max_bytes = None, callback
        if type(delimiter) is not bytes:
            delimiter = _octets("read_until()", delimiter)
        return self._start_read(ReadUntil(delimiter, max_bytes), callback)

    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        callback: Callable[[bytes], Any] | int | None = None,
        max_bytes: int | None = None,
    ) -> asyncio.Future[bytes]:
        """Read up to and including the first match of `regex`; all else as in `read_until`."""
        if isinstance(callback, int):
            callback, max_bytes = None, callback
        return self._start_read(ReadRegex(re.compile(regex), max_bytes), callback)

    def read_bytes(
        self,
        num_bytes: int,
        callback: Callable[[bytes], Any] | bool | None = None,
        streaming_callback: Callable[[bytes], Any] | None = None,
        partial: bool = False,
    ) -> asyncio.Future[bytes]:
        """Read `num_bytes` bytes, or with `partial` any number of them, at least one.

        :param callback: called by the loop with the bytes; then ``None`` is returned.
        :param streaming_callback: called with each chunk as it arrives; the final result is empty.
        :returns: a future of the bytes. Cancelling it leaves all data to the next read.
        :raises StreamClosedError: if the stream is closed and its buffer does not hold enough; a
            future fails with the same error.

        .. versionchanged:: 4.0
           `partial`; the callback is optional.
        """
        if isinstance(callback, bool):
            partial, callback = callback, None
        try:
            count = int(num_bytes)
        except (TypeError, ValueError):
            raise wrong_type("read_bytes()", num_bytes, "a count of bytes") from None
        if count < 0:
            raise ValueError(f"cannot read {count} bytes, expected 0 or more")
        read: Read
        if self.read_chunk_size < count <= self.max_buffer_size and not (
            partial or streaming_callback is not None
        ):
            read = ReadManyBytes(count)
        else:
            read = ReadBytes(count, partial)
        return self._start_read(read, callback, streaming_callback)

    def read_into(
        self,
        buf: bytearray | memoryview,
        callback: Callable[[int], Any] | bool | None = None,
        partial: bool = False,
    ) -> asyncio.Future[int]:
        """Read into `buf` until it is full, or with `partial` until anything is in it.

        :param callback: called by the loop with the count of bytes; then ``None`` is returned.
        :returns: a future of the count of bytes. If it is cancelled, what was read goes to the
            next read (`buf` holds a copy).
        :raises StreamClosedError: as in `read_bytes`.

        .. versionadded:: 5.0
        """
        if isinstance(callback, bool):
            partial, callback = callback, None
        return self._start_read(ReadInto(_writable_memory(buf), partial), callback)

    def read_until_close(
        self,
        callback: Callable[[bytes], Any] | None = None,
        streaming_callback: Callable[[bytes], Any] | None = None,
    ) -> asyncio.Future[bytes]:
        """Read everything until the stream closes, at most `max_buffer_size` bytes.

        With a `streaming_callback` there is no such limit: it gets each chunk as it arrives, and
        the final result is empty. On a stream that is closed already, the result is what is left
        in its buffer.

        .. versionchanged:: 4.0
           The callback is optional.
        """
        return self._start_read(ReadUntilClose(), callback, streaming_callback)

    def reading(self) -> bool:
        """Whether a read is pending."""
        return self._pending_read() is not None

    # The machinery.

    def _pending_read(self) -> Read | None:
        """The pending read; one whose future was cancelled is put away first."""
        read = self._read
        if read is not None and read.future is not None and read.future.done():
            self._read = None
            returned = read.give_back()
            if returned:
                self._unread(returned)
            return None
        return read

    def _start_read(
        self,
        read: Read,
        callback: Callable[..., Any] | int | None,
        streaming: Callable[[bytes], Any] | None = None,
    ) -> asyncio.Future[Any]:
        """Satisfy `read` from the buffer or leave it pending; return its future or ``None``."""
        if not self._is_bound:
            self._bind()
        if self._read is not None and self._pending_read() is not None:
            raise AssertionError("Already reading")
        if self._receiver is not None:
            wanted = getattr(self._receiver, "read_wanted", None)
            if wanted is not None:
                wanted()
            if self._receiver is not None:
                raise AssertionError("Already reading: a receiver is attached")
        if streaming is not None:
            check_callback("streaming_callback", streaming)
        if callback is not None:
            check_callback("callback of a read", callback)
            function: Any = callback  # it was found to be one
            read.callback = stack_context.wrap(function)
        else:
            read.future = asyncio.Future(loop=self._loop)
        if streaming is not None:
            read.streaming = stack_context.wrap(streaming)
        self._read = read
        try:
            self._try_inline_read()
        except BaseException:
            if self._read is read:
                self._read = None
            raise
        return read.future  # type: ignore[return-value]  # the callback style has no future

    def _try_inline_read(self) -> None:
        """Satisfy the read that was just begun from the buffer, or wait for input.

        Programs replace this method, to make reads fail, so each read calls it once.
        """
        read = self._read
        if read is None:
            return
        if (self._read_buffer or not read.needs_input) and self._try_read(read):
            return
        if self._state is OPEN:
            if self._input_hint:
                self._read_inline(read)
            if self._read is not read:
                return
            if not self._reader_on:
                self._want_input()
            elif _IS_POSIX:  # elsewhere a socket is no file descriptor
                # A descriptor that was closed behind the stream's back is reported by no loop.
                try:
                    os.get_inheritable(self._watched_fd)  # the cheapest question that needs it open
                except OSError as error:
                    self.close(exc_info=error)
            if self._state is CLOSED and self.error is not None:
                raise self.error
        elif not self._is_starting() and self._state is not BROKEN:
            self._fail_late_read(read)

    def _read_inline(self, read: Read) -> None:
        """Ask the kernel at once: `_read_idle` saw that it has something."""
        self._input_hint -= 1
        self._read_loop(read)
        if self._read is read:
            self._input_hint = 0

    def _fail_late_read(self, read: Read) -> None:
        """`read` was started after the end of input, and the buffer does not satisfy it."""
        if isinstance(read, ReadUntilClose):
            self._end_reads()
            return
        self._read = None
        self._unread(read.give_back())
        raise StreamClosedError(self.error)

    def _try_read(self, read: Read) -> bool:
        """Let `read` take from the buffer; True if that ended it."""
        buffer = self._read_buffer
        try:
            if read.streaming is not None and buffer:
                data = read.stream_out(buffer)
                if data:
                    self._schedule(read.streaming, data)
            result = read.take(buffer)
        except UnsatisfiableReadError as error:
            gen_log.info("Unsatisfiable read, closing connection: %s", error)
            self.close(exc_info=error)
            return True
        if result is None:
            return False
        self._finish_read(read, result)
        return True

    def _finish_read(self, read: Read, result: bytes | int) -> None:
        self._read = None
        if read.future is not None:
            read.future.set_result(result)
        else:
            assert read.callback is not None
            self._schedule(read.callback, result)

    def _append(self, data: bytes) -> None:
        if self._read_buffer is _EMPTY:
            self._read_buffer = bytearray(data)
        else:
            self._read_buffer += data

    def _unread(self, data: bytes) -> None:
        if data:
            self._read_buffer = bytearray(data) + self._read_buffer

    def _handle_read(self) -> None:
        receiver = self._receiver
        if receiver is None:
            read = self._read
            if read is None:
                self._read_idle()
            elif read.future is None or not read.future.done() or self._pending_read():
                self._read_loop(read)
            return
        try:
            data = self._recv_chunk(self.read_chunk_size)
        except Exception as error:
            self._read_failed(error)
            return
        if data:
            try:
                receiver.chunk_received(data)
            except Exception as error:
                self._receiver_failed(error)
        elif data is not None:
            self._input_ended()

    def _read_loop(self, read: Read) -> None:
        """Receive for `read` until it is satisfied or the kernel has no more."""
        try:
            for _ in range(_ROUNDS):
                if read.fills:
                    if not self._fill(read):
                        return
                    continue
                limit = self.read_chunk_size
                if self._read_buffer:
                    limit = min(limit, self.max_buffer_size - len(self._read_buffer) + 1)
                data = self._recv_chunk(limit)
                if data is None:
                    return
                if not data:
                    self._input_ended()
                    return
                if not self._read_buffer and read.is_exactly(data):
                    self._finish_read(read, data)
                    return
                self._append(data)
                if self._try_read(read):
                    return
                if len(self._read_buffer) > self.max_buffer_size:
                    self._buffer_full()
                    return
                if len(data) < limit and not self._has_buffered_input():
                    return
        except Exception as error:
            self._read_failed(error)
            return
        self._pause_turn()

    def _fill(self, read: Read) -> bool:
        """Receive into the memory of `read`; whether to go on."""
        count = self._recv_into(read.space())
        if count is None:
            return False
        if not count:
            self._input_ended()
            return False
        result = read.put(count)
        if result is not None:
            self._finish_read(read, result)
            return False
        return True

    def _has_buffered_input(self) -> bool:
        """Whether the transport holds input that the loop cannot see."""
        return False

    def _pause_turn(self) -> None:
        """Input is left while the loop gets its turn; a level-triggered loop reports it again."""

    def _buffer_full(self) -> None:
        gen_log.error("Reached maximum read buffer size")
        self._read_failed(
            StreamBufferFullError(
                f"Reached maximum read buffer size: {len(self._read_buffer)} bytes buffered, limit"
                f" {self.max_buffer_size}"
            )
        )

    def _read_idle(self) -> None:
        """Readable, and nobody reads: notice the end, buffer a little ahead, then stop looking."""
        if len(self._read_buffer) >= self.read_chunk_size:
            self._remove_reader()
            return
        try:
            data = self._recv_chunk(self.read_chunk_size)
        except Exception as error:
            self._read_failed(error)
            return
        if data:
            self._append(data)
        elif data is not None:
            self._input_ended()

    def _input_ended(self) -> None:
        """The peer sent its end of file."""
        ended = getattr(self._receiver, "eof_received", None)
        if ended is not None and self._state is OPEN:
            try:
                stays = ended()
            except Exception as error:
                self._receiver_failed(error)
                return
            if self._state is CLOSED:
                return
        else:
            stays = False
        if self._state is OPEN and (stays or self._queue):
            self._state = READ_ENDED if stays else DRAINING
            if self._reader_on:
                self._remove_reader()
            self._end_reads()
            if self._state is READ_ENDED:
                self._await_reset()
            return
        self.close()

    def _read_failed(self, error: Exception) -> None:
        """The transport raised `error`: whatever it is, nothing may stay registered."""
        if not is_reset(error):
            gen_log.warning("error on read: %s", error)
        self.close(exc_info=error)

    def _end_reads(self) -> None:
        """No more bytes will come: finish or fail what is pending."""
        read = self._pending_read()
        if read is None:
            return
        if isinstance(read, ReadUntilClose) and not self._is_cut_off(read):
            buffer = self._read_buffer
            if read.streaming is not None and buffer:
                self._schedule(read.streaming, read.stream_out(buffer))
            self._finish_read(read, take_front(buffer, len(buffer)))
            return
        self._read = None
        self._unread(read.give_back())
        if read.future is not None:
            self._fail_future(read.future)

    def _is_cut_off(self, read: Read) -> bool:
        """Return whether an error ended the input, so that a part must not pass for the whole.

        A reset does not count: many peers end that way. A callback cannot be given an error: it
        gets what arrived, in every release that has callbacks.
        """
        return read.future is not None and self.error is not None and not is_reset(self.error)

    def _drain_input(self) -> None:
        """After a failed write: deliver what the peer said before it went away."""
        total = 0
        while self._state is BROKEN and total < self.max_buffer_size:
            if self._reading_paused:
                return
            try:
                data = self._recv_chunk(self.read_chunk_size)
            except Exception:
                return  # the error of the write says what happened
            if not data:
                return
            total += len(data)
            receiver = self._receiver
            if receiver is not None:
                try:
                    receiver.chunk_received(data)
                except Exception as error:
                    self._receiver_failed(error)
                continue
            read = self._pending_read()
            self._append(data)
            if read is not None:
                self._try_read(read)


def _octets(function: str, value: Any) -> bytes:
    """Return what a caller gave as bytes; other types must not wait for input to be noticed."""
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise wrong_type(function, value, "bytes") from None


def _writable_memory(buf: Any) -> memoryview:
    try:
        memory = memoryview(buf)
    except TypeError:
        raise wrong_type("read_into()", buf, "a bytearray or memoryview") from None
    if memory.readonly:
        raise TypeError("read_into() takes memory that can be written to, such as a bytearray")
    return memory.cast("B")


def _takes_buffer(method: Any) -> bool:
    """Return whether ``read_from_fd`` of a subclass has the parameter it has had since 5.0.

    One that was put on an instance, say by a test, has to take it.
    """
    return type(method) is not MethodType or _has_parameter(method.__func__)


@functools.lru_cache(maxsize=64)
def _has_parameter(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(places) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)
