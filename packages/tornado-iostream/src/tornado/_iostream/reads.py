"""Pending reads: the bytes buffered so far go in, the result of the read comes out when it is met.

No socket and no loop in here: a stream appends what it received to a `bytearray` and asks the
pending read to take its result out of it.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tornado._iostream.errors import UnsatisfiableReadError

if TYPE_CHECKING:
    from asyncio import Future


def take_front(buffer: bytearray, count: int) -> bytes:
    """Cut the first `count` bytes off `buffer` and return them."""
    if count == len(buffer):
        data = bytes(buffer)
        buffer.clear()
        return data
    with memoryview(buffer) as view:
        data = bytes(view[:count])
    del buffer[:count]
    return data


class Read:
    """One read that waits. Exactly one of `future` and `callback` is set by the stream."""

    __slots__ = ("callback", "future", "streaming")

    future: "Future[Any] | None"
    callback: Callable[..., Any] | None
    streaming: Callable[[bytes], Any] | None
    needs_input: bool
    """Whether an empty buffer can never satisfy it."""
    fills = False
    """Whether it has memory, `space()`, that the kernel may write to."""

    def __init__(self) -> None:
        self.future = None
        self.callback = None
        self.streaming = None

    def is_exactly(self, data: bytes) -> bool:
        """Whether `data`, arriving on an empty buffer, is the whole result and nothing more."""
        return False

    def take(self, buffer: bytearray) -> bytes | int | None:
        """Take the result out of `buffer`; ``None`` while there is not enough.

        :raises UnsatisfiableReadError: when more bytes could not help.
        """
        raise NotImplementedError  # pragma: no cover - every kind of read has its own

    def stream_out(self, buffer: bytearray) -> bytes:
        """Take what a streaming callback may have now."""
        return b""

    def space(self) -> memoryview:
        """Memory into which the kernel may put the next bytes directly, if it `fills`."""
        raise NotImplementedError  # pragma: no cover - only asked of those that have some

    def put(self, count: int) -> int | bytes | None:
        """`count` bytes were put into `space()`: return the result if that met the read."""
        return None

    def give_back(self) -> bytes:
        """What was taken for this read before it was given up."""
        return b""


class ReadUntil(Read):
    """Up to and including the first occurrence of a delimiter."""

    __slots__ = ("_scanned", "delimiter", "max_bytes")

    needs_input = True

    def __init__(self, delimiter: bytes, max_bytes: int | None) -> None:
        self.future = self.callback = self.streaming = None
        self.delimiter = delimiter
        self.max_bytes = max_bytes
        self._scanned = 0

    def is_exactly(self, data: bytes) -> bool:
        delimiter = self.delimiter
        found = data.find(delimiter)
        return (
            found >= 0
            and found + len(delimiter) == len(data)
            and (self.max_bytes is None or len(data) <= self.max_bytes)
        )

    def take(self, buffer: bytearray) -> bytes | None:
        delimiter = self.delimiter
        found = buffer.find(delimiter, self._scanned)
        most = self.max_bytes
        if found < 0:
            if most is not None and len(buffer) >= most:
                raise UnsatisfiableReadError(
                    f"delimiter {delimiter!r} not found within {most} bytes"
                )
            self._scanned = max(0, len(buffer) - len(delimiter) + 1)
            return None
        end = found + len(delimiter)
        if most is not None and end > most:
            raise UnsatisfiableReadError(f"delimiter {delimiter!r} not found within {most} bytes")
        return take_front(buffer, end)


class ReadRegex(Read):
    """Up to and including the first match of a regular expression."""

    __slots__ = ("max_bytes", "pattern")

    needs_input = False

    def __init__(self, pattern: "re.Pattern[bytes]", max_bytes: int | None) -> None:
        self.future = self.callback = self.streaming = None
        self.pattern = pattern
        self.max_bytes = max_bytes

    def take(self, buffer: bytearray) -> bytes | None:
        match = self.pattern.search(buffer)
        most = self.max_bytes
        if match is None:
            if most is not None and len(buffer) >= most:
                raise UnsatisfiableReadError(
                    f"regex {self.pattern.pattern!r} not matched within {most} bytes"
                )
            return None
        end = match.end()
        if most is not None and end > most:
            raise UnsatisfiableReadError(
                f"regex {self.pattern.pattern!r} not matched within {most} bytes"
            )
        del match  # it refers to the buffer
        return take_front(buffer, end)


class ReadBytes(Read):
    """A number of bytes, or with `partial` any number up to it."""

    __slots__ = ("count", "needs_input", "partial")

    def __init__(self, count: int, partial: bool) -> None:
        self.future = self.callback = self.streaming = None
        self.count = count
        self.needs_input = count > 0
        self.partial = partial

    def is_exactly(self, data: bytes) -> bool:
        if self.streaming is not None:
            return False
        length = len(data)
        return length == self.count or (self.partial and length < self.count)

    def take(self, buffer: bytearray) -> bytes | None:
        if len(buffer) >= self.count:
            return take_front(buffer, self.count)
        if self.partial and buffer:
            return take_front(buffer, len(buffer))
        return None

    def stream_out(self, buffer: bytearray) -> bytes:
        data = take_front(buffer, min(len(buffer), self.count))
        self.count -= len(data)
        if self.partial and data:
            self.count = 0
        return data


class ReadUntilClose(Read):
    """Everything until the stream closes; the stream itself ends this read."""

    __slots__ = ()

    needs_input = True

    def __init__(self) -> None:
        self.future = self.callback = self.streaming = None

    def take(self, buffer: bytearray) -> bytes | None:
        return None

    def stream_out(self, buffer: bytearray) -> bytes:
        return take_front(buffer, len(buffer))


class ReadInto(Read):
    """Into memory of the caller, until it is full, or with `partial` until anything is in it."""

    __slots__ = ("_filled", "_view", "partial")

    needs_input = False
    fills = True

    def __init__(self, view: memoryview, partial: bool) -> None:
        self.future = self.callback = self.streaming = None
        self._view = view
        self._filled = 0
        self.partial = partial

    def take(self, buffer: bytearray) -> bytes | int | None:
        count = min(len(buffer), len(self._view) - self._filled)
        if count:
            with memoryview(buffer) as source:
                self._view[self._filled : self._filled + count] = source[:count]
            del buffer[:count]
        return self.put(count)

    def space(self) -> memoryview:
        return self._view[self._filled :]

    def put(self, count: int) -> int | bytes | None:
        self._filled += count
        if self._filled == len(self._view) or (self.partial and self._filled):
            return self._result()
        return None

    def _result(self) -> int | bytes:
        return self._filled

    def give_back(self) -> bytes:
        return bytes(self._view[: self._filled])


class ReadManyBytes(ReadInto):
    """A large number of bytes, received straight into their final size."""

    __slots__ = ("_memory",)

    needs_input = True

    def __init__(self, count: int) -> None:
        self._memory = bytearray(count)
        super().__init__(memoryview(self._memory), partial=False)

    def _result(self) -> bytes:
        return bytes(self._memory)
