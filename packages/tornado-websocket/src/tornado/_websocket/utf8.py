"""Pieces of UTF-8 go in as they arrive, text comes out; the first bad byte is an error at once.

A character that is cut by the end of a piece waits for the next one, but only as long as the bytes
so far can still begin a character (RFC 3629): an overlong form, a surrogate or a value above
U+10FFFF is refused at its first impossible byte.
"""

from codecs import utf_8_decode

from tornado._websocket.codes import CloseCode
from tornado._websocket.errors import ProtocolError

__all__ = ["TextDecoder", "decode_text"]


def decode_text(data: bytes) -> str:
    """Return the text of one whole message; raise `ProtocolError` (1007) if it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _invalid(error.start) from None


class TextDecoder:
    """Decodes one message that arrives in pieces."""

    __slots__ = ("_position", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._position = 0

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return the characters that ``data`` completes.

        :param final: no more follows, so that a character cut short is an error too.
        :raises ProtocolError: with code 1007 at the first byte that cannot belong to UTF-8.
        """
        if self._rest:
            data = self._rest + data
        try:
            text, used = utf_8_decode(data, "strict", final)
        except UnicodeDecodeError as error:
            raise _invalid(self._position + error.start) from None
        rest = self._rest = data[used:] if used < len(data) else b""
        self._position += used
        if len(rest) == 2 and rest[0] == 0xED and rest[1] >= 0xA0:
            # Half of a surrogate, which Python's decoder waits for so that "surrogatepass" can
            # work.
            raise _invalid(self._position)
        return text


def _invalid(position: int) -> ProtocolError:
    return ProtocolError(CloseCode.INVALID_DATA, f"invalid UTF-8 at byte {position} of the message")
