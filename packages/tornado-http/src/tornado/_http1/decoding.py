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


class GzipDecoder:
    """Decodes one message's content.

    :arg limit: its ``max_body_size`` is the number of decoded bytes at most; more is refused with
        status 413.
    :arg piece_size: bytes of one piece at most.
    """

    def __init__(self, limit: SizeLimit, piece_size: int = 65536) -> None:
        self._limit = limit
        self._piece_size = piece_size
        self._decoded = 0
        self._inflater = _inflater()
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` adds, in pieces; nothing of a piece is computed before it is asked for.

        :raises MessageError: if ``data`` is no gzip, goes on with something else behind its end,
            or decodes to more than the limit.
        """
        for start in range(0, len(data), _PART_SIZE):
            yield from self._decode_part(data[start : start + _PART_SIZE])

    def _decode_part(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflater.eof:
                # Another member may follow (RFC 1952 2.2); anything else is refused by its first
                # bytes.
                self._inflater = _inflater()
            self._begun = True
            try:
                piece = self._inflater.decompress(data, self._piece_size)
            except zlib.error as error:
                raise MessageError(f"content is not valid gzip: {error}") from None
            data = self._inflater.unconsumed_tail or self._inflater.unused_data
            self._decoded += len(piece)
            if self._decoded > self._limit.max_body_size:
                raise MessageError(
                    f"content over {self._limit.max_body_size} bytes when decoded", 413
                )
            if piece:
                yield piece

    def finish(self) -> None:
        """Check that the content ended where a member of gzip ends; no content at all passes.

        :raises MessageError: if it was cut off.
        """
        if self._begun and not self._inflater.eof:
            raise MessageError("gzip content is cut off")


def _inflater() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)
