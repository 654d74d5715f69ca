"""Pieces of content from the loop's thread in, a file for the application's thread out (``wsgi.input``)."""

from __future__ import annotations

import asyncio
import io
import threading
from collections import deque

#: Bytes that wait for the application before the connection stops reading.
MAX_WAITING = 262144


class StreamedContent(io.BufferedIOBase):
    """A readable file over content that is still arriving.

    `put`, `end` and `abort` belong to the loop's thread; reading belongs to one other thread, which it
    blocks until there is something. Reading raises `ConnectionResetError` where the client left
    before the content was complete.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._offset = 0  # of the first piece, up to where it was read
        self._size = 0
        self._is_complete = False
        self._is_aborted = False
        self._room: asyncio.Future[None] | None = None

    # The loop's side.

    def put(self, piece: bytes) -> asyncio.Future[None] | None:
        """Add a piece; the future that is returned, if any, is done when there is room for more."""
        with self._changed:
            if self.closed or self._is_aborted:
                return None
            self._pieces.append(piece)
            self._size += len(piece)
            self._changed.notify()
            if self._size < MAX_WAITING:
                return None
            self._room = self._loop.create_future()
            return self._room

    def end(self) -> None:
        """The content is complete."""
        with self._changed:
            self._is_complete = True
            self._changed.notify()

    def abort(self) -> None:
        """The client left: no more comes."""
        with self._changed:
            self._is_aborted = not self._is_complete
            self._changed.notify()
            self._give_room()

    def _give_room(self) -> None:
        """Let the connection read on. Called with the lock held, from either thread."""
        room, self._room = self._room, None
        if room is not None:
            self._loop.call_soon_threadsafe(_resolve, room)

    # The application's side.

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return ``size`` bytes, or what there is up to the end; everything for -1."""
        wanted = -1 if size is None else size
        parts = []
        while wanted:
            part = self._take(wanted, None)
            if not part:
                break
            parts.append(part)
            if wanted > 0:
                wanted -= len(part)
        return b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        """Return what has arrived, at least a byte before the end, at most ``size``."""
        return self._take(size, None) if size else b""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line with its end, or the first ``size`` bytes of a longer one."""
        wanted = -1 if size is None else size
        parts = []
        while wanted:
            part = self._take(wanted, b"\n")
            parts.append(part)
            if not part or part.endswith(b"\n"):
                break
            if wanted > 0:
                wanted -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Drop what was not read."""
        with self._changed:
            self._pieces.clear()
            self._size = 0
            self._give_room()
            super().close()

    def _take(self, limit: int, end: bytes | None) -> bytes:
        """Wait for a piece and return it, up to ``limit`` bytes and up to ``end``; nothing at the end."""
        with self._changed:
            while not self._pieces and not self._is_complete and not self._is_aborted:
                self._changed.wait()
            if not self._pieces:
                if self._is_aborted:
                    raise ConnectionResetError("the client left before its content was complete")
                return b""
            piece = self._pieces[0]
            start = self._offset
            stop = len(piece)
            if end is not None:
                found = piece.find(end, start)
                stop = stop if found < 0 else found + len(end)
            if 0 <= limit < stop - start:
                stop = start + limit
            if stop == len(piece):
                self._pieces.popleft()
                self._offset = 0
            else:
                self._offset = stop
            self._size -= stop - start
            if self._size < MAX_WAITING:
                self._give_room()
            return piece[start:stop]


def _resolve(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
