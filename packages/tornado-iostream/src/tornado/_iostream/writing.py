"""Writing: bytes and file ranges go in, system calls come out, futures tell when all has left."""

import asyncio
import errno
import inspect
import os
from collections import deque
from collections.abc import Callable
from types import MethodType
from typing import Any

from tornado import stack_context
from tornado._core.seam import check_callback, wrong_type
from tornado._iostream.buffers import Buffer, FileRange, WriteQueue
from tornado._iostream.core import StreamCore
from tornado._iostream.errors import StreamBufferFullError, StreamClosedError, is_reset
from tornado._iostream.state import BROKEN, CLOSED, DRAINING, OPEN, READ_ENDED
from tornado.log import gen_log

_ROUNDS = 16
"""Count of system calls after which a flush lets the loop turn."""
_FILE_BLOCK = 65536
"""Bytes read at a time from a file that cannot be sent by ``sendfile``."""


class WriteStream(StreamCore):
    """`write`, the queue behind it, and its flushing."""

    __slots__ = ()

    # What a transport offers.

    def write_to_fd(self, data: memoryview) -> int:
        """Write as much of `data` as goes without blocking; return the count of bytes written.

        Where nothing can be written now, 0 is returned or `BlockingIOError` raised.

        .. versionadded:: 3.1
        """
        raise NotImplementedError

    def _send_now(self, data: Buffer) -> int:
        """One attempt to send `data`; 0 where the kernel takes nothing.

        This way calls `write_to_fd`, as `PullStream._recv_chunk` calls `read_from_fd`.
        """
        view = memoryview(data)
        try:
            return self.write_to_fd(view)
        except (BlockingIOError, InterruptedError):
            return 0
        finally:
            view.release()

    def _send_queue(self, queue: WriteQueue) -> int:
        """One attempt to send the front of `queue`."""
        return self._send_now(queue.head(2 * _FILE_BLOCK))

    def _send_file_part(self, part: FileRange) -> int:
        """One attempt to send the front of `part`."""
        block = _read_at(part.fd, min(part.count, _FILE_BLOCK), part.offset)
        if not block:
            raise _file_ended(part)
        return self._send_now(block)

    # The public side.

    @property
    def _write_buffer(self) -> WriteQueue | None:
        # Programs that frame messages themselves append to this queue, add what they appended to
        # `_total_write_index` and call ``write(b"")``. None says that the stream is closed.
        if self._state is CLOSED:
            return None
        if self._queue is None:
            self._queue = WriteQueue()
        return self._queue

    def write(
        self, data: bytes | bytearray | memoryview, callback: Callable[[], Any] | None = None
    ) -> "asyncio.Future[None]":
        """Write `data`: at once as far as the kernel takes it, the rest as soon as it does.

        A `memoryview` must not change before the write is done; bytes and bytearrays are safe.
        While the stream connects, or its TLS handshake runs, everything waits for that.

        :param callback: called with no argument when everything written so far has left. A later
            write with a callback replaces it.
        :returns: a future that is done when `data` has been handed to the kernel; ``None`` if a
            callback is given. Cancelling the future does not take the data back.
        :raises StreamClosedError: if the stream is closed. A future whose stream closes before it
            is done fails with the same error.
        :raises StreamBufferFullError: if `max_write_buffer_size` would be exceeded.

        .. versionchanged:: 4.0
           Returns a future if no callback is given.
        .. versionchanged:: 4.5
           Takes `memoryview`.
        """
        if self._state is CLOSED or self._write_ended:
            raise StreamClosedError(self.error)
        if not self._is_bound:
            self._bind()
        self.written_by_hand = True
        size = len(data) if type(data) is bytes else _size(data)
        if callback is not None:
            check_callback("write()", callback)
        if self.max_write_buffer_size is not None:
            self._check_write_limit(size, self.max_write_buffer_size)
        if size:
            if self._write_data(data, size) and callback is None:
                future: asyncio.Future[None] = asyncio.Future(loop=self._loop)
                future.set_result(None)
                return future
        elif self._queue and not self._writer_on and self._can_write():
            self._flush()
        if callback is not None:
            self._write_callback = stack_context.wrap(callback)
            if not self._queue and self._can_write():
                self._run_write_callback()
            return None  # type: ignore[return-value]  # the callback style has no future
        return self._write_future()

    def _write_data(self, data: Buffer, size: int) -> bool:
        """Send or queue `data`; whether all of it has left."""
        sent = 0
        if not self._queue and (self._state is OPEN or self._state is READ_ENDED):
            try:
                sent = self._send_now(data)
            except OSError as error:
                self._write_failed(error)
            if sent == size:
                return True
        self._enqueue(data, sent)
        if not self._writer_on and self._can_write():
            self._add_writer()
        return False

    def _write_future(self) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.Future(loop=self._loop)
        if self._state is CLOSED:
            self._fail_future(future)
        elif not self._queue and self._state is not BROKEN:
            future.set_result(None)
        else:
            if self._write_futures is None:
                self._write_futures = deque()
            beyond = 1 if self._state is BROKEN else 0
            self._write_futures.append((self._total_write_index + beyond, future))
        return future

    def writing(self) -> bool:
        """Whether bytes that were written still wait to be sent."""
        return bool(self._queue)

    def flushed(self) -> "asyncio.Future[None] | None":
        """Return a future of everything written so far having left; ``None`` if it has."""
        if self._state is CLOSED:
            future: asyncio.Future[None] = asyncio.Future(loop=self._loop)
            self._fail_future(future)
            return future
        if not self._queue and self._state is not BROKEN:
            return None
        return self._write_future()

    def send_file(self, file: Any, offset: int, count: int) -> "asyncio.Future[None]":
        """Send `count` bytes of `file` from byte `offset`, by ``sendfile`` where that works.

        :param file: a file descriptor or an object with ``fileno()``. It must stay open until the
            future is done; its position is neither used nor moved.
        :returns: a future that is done when the last byte has been handed to the kernel. If the
            file turns out to be shorter, the stream closes. Where `write` was replaced, it gets the
            content in pieces: then nothing else may be written before the future is done.
        :raises StreamClosedError: if the stream is closed.
        """
        if self._state is CLOSED or self._write_ended:
            raise StreamClosedError(self.error)
        if is_replaced(self.write, _OWN_WRITE):
            if not self._is_bound:
                self._bind()
            fd = file if isinstance(file, int) else file.fileno()
            sending = self._send_file_by(self.write, FileRange(fd, offset, count))
            return asyncio.ensure_future(sending, loop=self._loop)
        if count > 0:
            fd = file if isinstance(file, int) else file.fileno()
            queue = self._write_buffer
            assert queue is not None
            idle = not queue
            queue.append_file(FileRange(fd, offset, count))
            self._total_write_index += count
            if idle and self._can_write():
                self._flush()
        return self._write_future()

    async def _send_file_by(self, write: Callable[..., Any], part: FileRange) -> None:
        """Send a part of a file through a ``write`` that is not ours."""
        while part.count > 0:
            piece = _read_at(part.fd, min(part.count, _PIECE_SIZE), part.offset)
            if not piece:
                self._write_failed(_file_ended(part))
                raise StreamClosedError(self.error)
            part = FileRange(part.fd, part.offset + len(piece), part.count - len(piece))
            by_hand = self.written_by_hand
            try:
                sent = write(piece)
            finally:
                self.written_by_hand = by_hand
            if inspect.isawaitable(sent):
                await sent

    # The machinery.

    def _can_write(self) -> bool:
        return self._state is OPEN or self._state is READ_ENDED

    def _check_write_limit(self, size: int, limit: int) -> None:
        queue = self._queue
        waiting = queue.size if queue is not None else 0
        if waiting + size > limit:
            raise StreamBufferFullError(
                f"Reached maximum write buffer size: {waiting} bytes waiting, {size} more to"
                f" write, limit {limit}"
            )

    def _enqueue(self, data: Buffer, sent: int) -> None:
        if self._queue is None:
            self._queue = WriteQueue()
        before = self._queue.size
        self._queue.append_rest(data, sent)
        self._total_write_index += self._queue.size - before

    def _handle_write(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Send what the kernel takes of the queue, then settle what that completed."""
        queue = self._queue
        try:
            for _ in range(_ROUNDS):
                if not queue:
                    break
                part = queue.head_file()
                if part is None:
                    sent = self._send_queue(queue)
                    queue.advance(sent)
                else:
                    sent = self._send_file_part(part)
                    part.offset += sent
                    part.count -= sent
                    if not part.count:
                        queue.drop_head()
                if not sent:
                    break
                self._total_write_done_index += sent
        except Exception as error:
            self._write_failed(error)
            return
        self._settle_writes()

    def _settle_writes(self) -> None:
        futures = self._write_futures
        done = self._total_write_done_index
        while futures and futures[0][0] <= done:
            future = futures.popleft()[1]
            if not future.done():
                future.set_result(None)
        queue = self._queue
        if self._write_paused and (queue is None or queue.size < self.low_water):
            self._write_paused = False
            if self._receiver is not None:
                try:
                    self._receiver.writing_resumed()
                except Exception as error:
                    self._receiver_failed(error)
        if self._state is CLOSED or self._state is BROKEN:
            return
        if queue:  # the receiver may have queued more
            if not self._writer_on:
                self._add_writer()
            return
        if self._writer_on:
            self._remove_writer()
        if self._write_callback is not None:
            self._run_write_callback()
        if self._state is DRAINING:
            self.close()
        elif self._write_ended:
            self._shut_down_writing()

    def _run_write_callback(self) -> None:
        callback, self._write_callback = self._write_callback, None
        if callback is not None:
            self._schedule(callback)

    def _shut_down_writing(self) -> None:
        """Send the end of file; only transports that can close one direction have it."""

    def _write_failed(self, error: Exception) -> None:
        """The kernel refused a write: read what it still holds, then close, on the next turn."""
        if self._state is CLOSED or self._state is BROKEN:
            return
        if not is_reset(error):
            gen_log.warning("Write error on %s: %s", self._watched_fd, error)
        if self.error is None:
            self.error = error
        self._state = BROKEN
        if self._writer_on:
            self._remove_writer()
        self._soon(self._finish_broken, error)

    def _finish_broken(self, error: Exception) -> None:
        if self._state is CLOSED:
            return
        self._drain_input()
        self.close(exc_info=error)

    def _drain_input(self) -> None:
        raise NotImplementedError

    def _abort_writes(self) -> None:
        if self._queue is not None:
            self._queue = None
        self._write_callback = None
        futures, self._write_futures = self._write_futures, None
        for _, future in futures or ():
            self._fail_future(future)


def is_replaced(method: Any, own: Any) -> bool:
    """Return whether `method`, looked up on an instance, is not the function `own`.

    Asked at each call, so a replacement on the instance, its class or one between is noticed at any
    time. The type is compared because transparent wrappers (``wrapt``) respond to ``__func__``, and
    for equality, as what they wrap does.
    """
    return type(method) is not MethodType or method.__func__ is not own


#: What the ways around `WriteStream.write` may pass by.
_OWN_WRITE = WriteStream.write
_PIECE_SIZE = 65536
"""Bytes of a file that are given to a `write` that was replaced, at a time."""


def _file_ended(part: FileRange) -> OSError:
    return OSError(errno.EIO, f"file ended at byte {part.offset}, {part.count} bytes early")


if hasattr(os, "pread"):

    def _read_at(fd: int, count: int, offset: int) -> bytes:
        return os.pread(fd, count, offset)

else:  # pragma: no cover - Windows

    def _read_at(fd: int, count: int, offset: int) -> bytes:
        before = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            os.lseek(fd, offset, os.SEEK_SET)
            return os.read(fd, count)
        finally:
            os.lseek(fd, before, os.SEEK_SET)


def _size(data: Any) -> int:
    """Return how many bytes `data` has; what cannot be sent is refused before anything is queued."""
    try:
        view = memoryview(data)
    except TypeError:
        raise wrong_type("write()", data, "bytes, bytearray or memoryview") from None
    with view:
        if not view.c_contiguous:
            raise TypeError("write() takes contiguous memory, got a memoryview with steps")
        return view.nbytes
