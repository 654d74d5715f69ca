"""Content in gzip coding goes in, its plain bytes come out in pieces of bounded size (RFC 1952)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from tornado._http1.errors import MessageError

#: Bytes decoded at a time, at most: zlib copies what is left of them with every piece and every
#: member, of which there may be thousands.
_PART_SIZE = 16384


class SizeLimit(Protocol):
    """Where a decoder reads its bound, each time: the application may move it until content comes."""

    max_body_size: int


SizeLimit.__module__ = "tornado.http1engine"


class GzipDecoder:
    """Decodes one message's content.

    What many small members decode to is collected, so that a piece costs about its bytes.

    :param limit: its ``max_body_size`` is the number of decoded bytes at most; more is refused with
        status 413.
    :param piece_size: bytes of one piece at most.
    :param allows_padding: whether zeros may follow the last member, as gzip(1) ignores them.
    """

    __module__ = "tornado.http1engine"

    def __init__(
        self, limit: SizeLimit, piece_size: int = 65536, allows_padding: bool = False
    ) -> None:
        self._limit = limit
        self._piece_size = piece_size
        self._allows_padding = allows_padding
        self._decoded = 0
        self._inflater = _inflater()
        self._begun = False
        self._is_padded = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` adds, in pieces; nothing of a piece is computed before it is asked for.

        :raises MessageError: if ``data`` is no gzip, goes on with something else behind its end,
            or decodes to more than the limit.
        """
        collected = bytearray()
        size = self._piece_size
        for start in range(0, len(data), _PART_SIZE):
            part = data[start : start + _PART_SIZE]
            while part:
                if self._inflater.eof and not self._begin_member(part):
                    break
                piece, part = self._inflate(part, size - len(collected))
                if len(piece) == size and not collected:
                    yield piece
                    continue
                collected += piece
                if len(collected) == size:
                    yield bytes(collected)
                    collected.clear()
        if collected:
            yield bytes(collected)

    def _begin_member(self, data: bytes) -> bool:
        """Prepare for another member (RFC 1952 section 2.2); return whether ``data`` is one.

        What is neither a member nor padding is refused by its first bytes.
        """
        if self._allows_padding and data[0] == 0:
            self._is_padded = True
        if self._is_padded:
            if data.strip(b"\0"):
                raise MessageError("invalid gzip data: padding is followed by other bytes")
            return False
        self._inflater = _inflater()
        return True

    def _inflate(self, data: bytes, size: int) -> tuple[bytes, bytes]:
        """Return the next ``size`` decoded bytes at most, and what is left of ``data``."""
        self._begun = True
        try:
            piece = self._inflater.decompress(data, size)
        except zlib.error as error:
            raise MessageError(f"invalid gzip data: {error}") from None
        self._decoded += len(piece)
        if self._decoded > self._limit.max_body_size:
            raise MessageError(
                f"decompressed body too large: over {self._limit.max_body_size} bytes", 413
            )
        return piece, self._inflater.unconsumed_tail or self._inflater.unused_data

    def finish(self) -> None:
        """Check that the content ended where a member of gzip ends; no content at all passes.

        :raises MessageError: if it was cut off.
        """
        if self._begun and not self._inflater.eof:
            raise MessageError("invalid gzip data: it is cut off")


def _inflater() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
