"""The push face: chunks go to a receiver as they arrive, whole writes go out without a future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

from tornado._iostream.buffers import Buffer
from tornado._iostream.errors import StreamClosedError
from tornado._iostream.pull import PullStream
from tornado._iostream.reads import take_front
from tornado._iostream.state import CLOSED, DRAINING, OPEN, READ_ENDED
from tornado._iostream.writing import _OWN_WRITE, WriteStream, is_replaced

if TYPE_CHECKING:
    from tornado._iostream.receiver import ChunkReceiver

_SENDING = frozenset({OPEN, READ_ENDED, DRAINING})


class PushStream(PullStream, WriteStream):
    """`attach` a receiver, `send` bytes, watch the `backlog`."""

    __slots__ = ()

    def attach(self, receiver: ChunkReceiver) -> None:
        """Give every chunk that arrives from now on to `receiver`, buffered bytes at once.

        :raises RuntimeError: if a read is pending or a receiver is attached already.
        """
        if self._pending_read() is not None or self._receiver is not None:
            raise RuntimeError("cannot attach: the stream is being read already")
        if not self._is_bound:
            self._bind()
        self._receiver = receiver
        self._lender = None
        self._reading_paused = False
        if self._read_buffer:
            receiver.chunk_received(take_front(self._read_buffer, len(self._read_buffer)))
        if self._receiver is receiver:
            if self._state is CLOSED:
                self._announce_close()
            elif not self._reading_paused:
                self._want_input()

    def detach(self, unread: bytes = b"") -> None:
        """Return to the pull face; `unread` is what the next read finds first.

        Harmless on a stream without a receiver.
        """
        self._receiver = self._lender = None
        self._reading_paused = False
        if unread:
            self._unread(unread)
        if self._close_callback is not None:
            self._want_input()  # as `set_close_callback` would have asked for

    def lend(self, unread: bytes = b"") -> None:
        """Return to the pull face as `detach` does; the receiver still hears when the stream closes."""
        receiver = self._receiver
        self.detach(unread)
        self._lender = receiver

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`; bytes stay in the kernel. Idempotent."""
        self._reading_paused = True
        if self._reader_on:
            self._remove_reader()

    def resume_reading(self) -> None:
        """Deliver again, by the loop, never before this returns. Idempotent."""
        if self._reading_paused:
            self._reading_paused = False
            self._want_input()

    @property
    def backlog(self) -> int:
        """Bytes written that still wait in this process's memory."""
        queue = self._queue
        return queue.size if queue is not None else 0

    @property
    def sent_late(self) -> int:
        """Bytes sent so far that had to wait, those of files too: it grows while the peer takes them."""
        return self._total_write_done_index

    @property
    def taken(self) -> int:
        """A number that changes while the peer takes what had to wait.

        `sent_late` alone may stand still for long though a slow peer reads: the kernel asks for more
        when a third of its buffer is free, which may be a megabyte.
        """
        return self._total_write_done_index - self._unacknowledged()

    def send_room(self) -> int | None:
        """Return how many bytes the kernel takes at once, at least; ``None`` where it does not tell."""
        return None

    def _unacknowledged(self) -> int:
        """Bytes that the kernel holds for the peer; 0 where it does not tell."""
        return 0

    def send(self, data: bytes) -> bool:
        """Write `data` without a future: in one system call at once if nothing is queued.

        :returns: True if nothing stays queued. False if something does, or if the write failed; the
            receiver then hears ``stream_closed``.
        :raises StreamClosedError: if the stream is closed.
        :raises StreamBufferFullError: if `max_write_buffer_size` would be exceeded.

        Where ``write`` was replaced, on the instance or a class, it is called, as released engines
        did (`is_replaced`, spelled out here for each response).
        """
        write = self.write
        if type(write) is not MethodType or write.__func__ is not _OWN_WRITE:
            return self._send_by(write, data)
        limit = self.max_write_buffer_size
        if limit is not None:
            self._check_write_limit(len(data), limit)
        if self._state is OPEN and not self._queue and not self._write_ended:
            try:
                sent = self._send_now(data)
            except OSError as error:
                self._write_failed(error)
                return False
            if sent == len(data):
                return True
            self._enqueue(data, sent)
        else:
            self._check_writable()
            if self._state is READ_ENDED and not self._queue:
                self._write_data(data, len(data))
                return not self._queue and self._state is READ_ENDED
            self._enqueue(data, 0)
        self._register_backlog()
        return False

    def send_many(self, chunks: Sequence[bytes]) -> bool:
        """Write `chunks` in order as `send` would, in one ``sendmsg`` where the transport has it."""
        if len(chunks) == 1:
            return self.send(chunks[0])
        if is_replaced(self.write, _OWN_WRITE):
            return self._send_by(self.write, b"".join(chunks))
        limit = self.max_write_buffer_size
        if limit is not None:
            self._check_write_limit(sum(map(len, chunks)), limit)
        sent = 0
        if self._can_write() and not self._queue and not self._write_ended:
            try:
                sent = self._send_list(chunks)
            except OSError as error:
                self._write_failed(error)
                return False
        else:
            self._check_writable()
        for chunk in chunks:
            if sent >= len(chunk):
                sent -= len(chunk)
            else:
                self._enqueue(chunk, sent)
                sent = 0
        if not self._queue:
            return True
        self._register_backlog()
        return False

    def _send_by(self, write: Callable[..., Any], data: bytes) -> bool:
        """Send through a ``write`` that is not ours; to its caller this was an engine's."""
        by_hand = self.written_by_hand
        try:
            write(data)
        finally:
            self.written_by_hand = by_hand
        if not self._queue:
            return self._can_write()
        self._register_backlog()
        return False

    def _send_list(self, chunks: Sequence[Buffer]) -> int:
        return self._send_now(b"".join(chunks))

    def _register_backlog(self) -> None:
        queue = self._queue
        if queue is not None and queue.size > self.high_water:
            self._write_paused = True
        if not self._writer_on and self._state in _SENDING:
            self._add_writer()

    def _check_writable(self) -> None:
        if self._state is CLOSED or self._write_ended:
            raise StreamClosedError(self.error)
