"""Range headers and sizes go in; the bytes of a file to send come out (RFC 9110, section 14)."""

from __future__ import annotations

from typing import NamedTuple


class Unsatisfiable(Exception):
    """The range lies outside of the content: the response is a 416."""


class ByteRange(NamedTuple):
    """A part of some content, in bytes; ``end`` is the first byte past it."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.end - self.start

    @property
    def is_whole(self) -> bool:
        """Whether this is all of the content."""
        return self.length == self.size

    def content_range(self) -> str:
        """The value of the Content-Range header."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def requested_range(field: str, size: int) -> ByteRange | None:
    """Return the part that a Range header asks for.

    ``None`` means to send everything: for another unit, a malformed field, or several ranges.

    :param field: the header's value.
    :param size: the content's size in bytes.
    :raises Unsatisfiable: if there is no such part.
    """
    unit, _, ranges = field.partition("=")
    if unit.strip().lower() != "bytes" or "," in ranges:
        return None
    first, _, last = ranges.strip().partition("-")
    first, last = first.strip(), last.strip()
    # "bytes=26", without a dash, is read as "bytes=26-".
    if not all(not n or (n.isascii() and n.isdigit()) for n in (first, last)):
        return None
    if len(first) > 100 or len(last) > 100 or not (first or last):
        return None
    if not first:
        # The last so many bytes.
        length = min(int(last), size)
        if not length:
            raise Unsatisfiable
        return ByteRange(size - length, size, size)
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if start >= size or start >= end:
        raise Unsatisfiable
    return ByteRange(start, end, size)
