"""An opcode and a payload go in, the bytes of a frame come out (RFC 6455 section 5.2)."""

from enum import IntEnum
from struct import Struct

from tornado._websocket.masking import apply_mask

__all__ = [
    "MAX_CONTROL_PAYLOAD",
    "SHORT_BINARY_HEADS",
    "SHORT_TEXT_HEADS",
    "Opcode",
    "build_frame",
    "build_head",
]

#: A control frame's payload has at most this many bytes (RFC 6455 section 5.5).
MAX_CONTROL_PAYLOAD = 125


class Opcode(IntEnum):
    """What a frame carries."""

    #: The next fragment of a message.
    CONTINUATION = 0x0
    #: The first or only fragment of a text message.
    TEXT = 0x1
    #: The first or only fragment of a binary message.
    BINARY = 0x2
    #: The closing handshake.
    CLOSE = 0x8
    #: Are you there?
    PING = 0x9
    #: I am here.
    PONG = 0xA


_pack_16 = Struct("!BBH").pack
_pack_64 = Struct("!BBQ").pack

#: The two bytes that open an unmasked final frame, by the size of a payload below 126 bytes.
SHORT_TEXT_HEADS = tuple(bytes((0x81, size)) for size in range(126))
SHORT_BINARY_HEADS = tuple(bytes((0x82, size)) for size in range(126))


def build_head(first: int, size: int) -> bytes:
    """Return what stands before the ``size`` bytes of an unmasked frame."""
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return _pack_16(first, 126, size)
    return _pack_64(first, 127, size)


def build_frame(first: int, payload: bytes, key: bytes | None = None) -> bytes:
    """Return one whole frame.

    :param first: the frame's first byte: the final bit (0x80), the compression bit (0x40) and the
        opcode.
    :param key: four bytes to mask with, as a client must; ``None`` leaves the payload as it is.
    """
    size = len(payload)
    if key is None:
        return build_head(first, size) + payload
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = _pack_16(first, 0xFE, size)
    else:
        head = _pack_64(first, 0xFF, size)
    return head + key + apply_mask(key, payload)
