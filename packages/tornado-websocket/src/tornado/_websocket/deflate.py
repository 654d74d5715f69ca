"""Messages go in, compressed messages come out, and back (RFC 7692 section 7.2).

Nothing here trusts the peer's data: what inflates past the room it is given is refused before it
is kept.
"""

import zlib
from collections.abc import Callable
from typing import Any

from tornado._websocket.codes import CloseCode
from tornado._websocket.errors import ProtocolError

__all__ = ["MAX_WINDOW_BITS", "Deflater", "Inflater"]

#: The base-two logarithm of the largest LZ77 window, in bytes.
MAX_WINDOW_BITS = 15

# Every flushed block ends with these bytes; RFC 7692 takes them off before sending and puts them
# back.
_TAIL = b"\x00\x00\xff\xff"

# A sender may end its DEFLATE stream inside a message and begin another (RFC 7692 section
# 7.2.3.4); each costs the receiver a fresh window, so a message made of thousands of them is an
# attack.
_MAX_STREAMS_PER_MESSAGE = 64


class Deflater:
    """Compresses the messages that one side sends.

    :param window_bits: base-two logarithm of the LZ77 window in bytes, 8 to 15.
    :param context_takeover: whether a message may refer back to the ones before it.
    :param level: zlib's compression level.
    :param mem_level: zlib's memory level, 1 to 9.
    """

    __slots__ = ("_context_takeover", "_new", "_stream", "settings")

    def __init__(
        self,
        window_bits: int = MAX_WINDOW_BITS,
        context_takeover: bool = True,
        level: int = zlib.Z_DEFAULT_COMPRESSION,
        mem_level: int = zlib.DEF_MEM_LEVEL,
    ) -> None:
        #: What a message compressed for somebody else has to have in common with this side's to be
        #: usable here.
        self.settings = (window_bits, level, mem_level)
        self._context_takeover = context_takeover
        if window_bits == 8:
            # zlib cannot deflate with a window of 256 bytes. Run-length encoding refers back by
            # one byte only, which fits any window.
            def new() -> Any:
                return zlib.compressobj(level, zlib.DEFLATED, -9, mem_level, zlib.Z_RLE)
        else:

            def new() -> Any:
                return zlib.compressobj(level, zlib.DEFLATED, -window_bits, mem_level)

        self._new: Callable[[], Any] = new
        self._stream: Any = None

    def deflate(self, payload: bytes) -> bytes:
        """Return ``payload`` compressed as the payload of one message."""
        if not payload:
            # An empty stored block without its tail; zlib gives nothing where it has just flushed.
            return b"\x00"
        stream = self._stream
        if stream is None:
            stream = self._new()
            if self._context_takeover:
                self._stream = stream
        data: bytes = stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH)
        return data[:-4] if data.endswith(_TAIL) else data

    @classmethod
    def once(cls, window_bits: int, level: int, mem_level: int, payload: bytes) -> bytes:
        """Return ``payload`` compressed without reference to anything else."""
        return cls(window_bits, False, level, mem_level).deflate(payload)

    def forget(self) -> None:
        """Refer to nothing earlier: the peer's window holds what was not compressed here."""
        self._stream = None


class Inflater:
    """Decompresses the messages that one side receives.

    :param window_bits: base-two logarithm of the largest LZ77 window in bytes that the peer may
        use, 8 to 15.
    :param context_takeover: whether the peer's messages may refer back to the ones before them.
    """

    __slots__ = ("_context_takeover", "_stream", "_streams_ended", "_window_bits")

    def __init__(self, window_bits: int = MAX_WINDOW_BITS, context_takeover: bool = True) -> None:
        self._window_bits = window_bits
        self._context_takeover = context_takeover
        self._stream: Any = None
        self._streams_ended = 0

    def inflate(self, data: bytes, room: int) -> bytes:
        """Return what the next ``data`` of a message holds.

        :param room: the most bytes that may come out.
        :raises ProtocolError: with code 1009 if more would come out, 1007 if ``data`` is no
            DEFLATE.
        """
        pieces: list[bytes] = []
        while data:
            stream = self._stream
            if stream is None:
                stream = self._stream = zlib.decompressobj(-self._window_bits)
            try:
                piece = stream.decompress(data, room + 1)
            except zlib.error:
                raise ProtocolError(
                    CloseCode.INVALID_DATA, "compressed data does not inflate"
                ) from None
            if len(piece) > room:
                raise ProtocolError(CloseCode.TOO_BIG, "message too big after decompression")
            room -= len(piece)
            pieces.append(piece)
            if stream.eof:
                data = stream.unused_data
                self._stream = None
                self._streams_ended += 1
                if self._streams_ended > _MAX_STREAMS_PER_MESSAGE:
                    raise ProtocolError(
                        CloseCode.INVALID_DATA, "too many DEFLATE streams in one message"
                    )
            else:
                data = stream.unconsumed_tail
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self, room: int) -> bytes:
        """Return what the end of a message brings out; the errors are those of `inflate`."""
        rest = self.inflate(_TAIL, room)
        if self._streams_ended or not self._context_takeover:
            self._stream = None
            self._streams_ended = 0
        return rest
