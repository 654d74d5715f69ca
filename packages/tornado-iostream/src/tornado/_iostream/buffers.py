"""Bytes waiting to be written: buffers go in, what one `send` or `sendmsg` should take comes out."""

from collections import deque
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

_COPIED_BELOW = 4096
"""Bytes: a smaller chunk is copied behind the last one, a larger is kept by reference."""
_JOINED_UP_TO = 65536
"""Bytes: a run of small chunks grows to about this size before a new one is begun."""
_MOST_BUFFERS = 64
"""Count of buffers given to one `sendmsg`; below every system's IOV_MAX."""


class FileRange:
    """`count` bytes of an open file from `offset`, queued to be sent without passing through here."""

    __slots__ = ("count", "fd", "offset")

    def __init__(self, fd: int, offset: int, count: int) -> None:
        self.fd = fd
        self.offset = offset
        self.count = count


class WriteQueue:
    """Chunks in the order they were written, and how much of the first has left already.

    `append` is also called by programs that queue many frames themselves before one ``write(b"")``.
    """

    __slots__ = ("_items", "_sent", "size")

    def __init__(self) -> None:
        self._items: deque[Buffer | FileRange] = deque()
        self._sent = 0  # bytes of the first item that are gone
        self.size = 0
        """Bytes in memory that wait here; file ranges are not counted."""

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return bool(self._items)

    def append(self, data: Buffer) -> None:
        """Queue `data`. Small chunks are joined; a large `memoryview` must not change until sent."""
        if isinstance(data, memoryview):
            if data.format != "B" or data.ndim != 1:
                data = data.cast("B") if data.c_contiguous else data.tobytes()
            elif not data.contiguous:
                data = data.tobytes()
        count = len(data)
        if not count:
            return
        self.size += count
        items = self._items
        if count <= _COPIED_BELOW:
            last = items[-1] if items else None
            if type(last) is bytearray and len(last) < _JOINED_UP_TO:
                last += data
                return
            items.append(bytearray(data))
        else:
            items.append(bytes(data) if isinstance(data, bytearray) else data)

    def append_rest(self, data: Buffer, sent: int) -> None:
        """Queue what follows the first `sent` bytes of `data`."""
        rest = memoryview(data).cast("B")[sent:] if sent else data
        # A view of a bytearray would keep its owner from changing its size.
        self.append(bytes(rest) if isinstance(data, bytearray) else rest)

    def append_file(self, part: FileRange) -> None:
        """Queue a range of a file."""
        self._items.append(part)

    def head_file(self) -> FileRange | None:
        """The file range that is to be sent next, if the next item is one."""
        items = self._items
        head = items[0] if items else None
        return head if isinstance(head, FileRange) else None

    def drop_head(self) -> None:
        """Remove the file range at the head."""
        self._items.popleft()

    def head(self, most: int) -> Buffer:
        """Return at most about `most` bytes from the front as one buffer; the queue keeps them."""
        items = self._items
        first = items[0]
        assert not isinstance(first, FileRange)
        if len(first) - self._sent >= most or len(items) == 1:
            return memoryview(first)[self._sent : self._sent + most]
        parts: list[Buffer] = []
        total = 0
        for view in self.buffers():
            parts.append(view[: most - total])
            total += len(parts[-1])
            if total >= most:
                break
        return b"".join(parts)

    def buffers(self) -> list[memoryview]:
        """Return the front of the queue, up to the next file range, as views for `sendmsg`."""
        views: list[memoryview] = []
        for item in self._items:
            if isinstance(item, FileRange) or len(views) == _MOST_BUFFERS:
                break
            views.append(memoryview(item))
        if views and self._sent:
            views[0] = views[0][self._sent :]
        return views

    def advance(self, count: int) -> None:
        """Forget `count` bytes from the front: they were sent."""
        self.size -= count
        items = self._items
        count += self._sent
        while count:
            first = items[0]
            assert not isinstance(first, FileRange)
            length = len(first)
            if count < length:
                break
            count -= length
            items.popleft()
        self._sent = count

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self._sent = self.size = 0
