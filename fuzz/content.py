"""A response with coded content goes in; what comes out is bounded, and the same however it was cut."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

import gzip
import zlib
from typing import Any

from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import MessageError
from tornado._http1.reader import END, ResponseReader
from tornado._httpclient.decoding import DeflateDecoder, decoder_for

TOKENS = [
    b"\x1f\x8b", b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\xff\xff",
    b"\x1f\x8b\x08\x08\0\0\0\0\0\xffname\0", b"\x03\0", b"\x03\0\0\0\0\0\0\0\0\0", b"\x01\0\0\xff\xff",
    b"\x78\x9c", b"\x78\x9c\x03\0\0\0\0\x01", b"\x78\xda\xed\xc1", b"\0\0\0\xff\xff", b"\0", b"\xff",
    b"hello", b"\xcbH\xcd\xc9\xc9\x07\0", b"a" * 64, b"\x4b\x4c\xa4\x3d\x00\x00", b"\r\n",
]  # fmt: skip

_MAX_BODY_SIZE = 8192
_PIECE_SIZE = 256
_FRAMINGS = ("chunked", "length", "close")


class Refused(Exception):
    """What a reader or a decoder says of wrong content."""


def _sent(content: bytes, framing: str, width: int) -> bytes:
    """Return a response with this content."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: x\r\n"
    if framing == "length":
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(content), content)
    if framing == "close":
        return head + b"\r\n" + content
    parts = [content[i : i + width] for i in range(0, len(content), width)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def _received(pieces: list[bytes], coding: str) -> bytes:
    """Return the content as a client decodes it.

    :raises Refused: if it does not.
    """
    reader = ResponseReader(max_body_size=_MAX_BODY_SIZE)
    decoder: Any = None
    decoded: list[bytes] = []
    try:
        for piece in [*pieces, b""]:
            if piece:
                reader.receive(piece)
            else:
                reader.receive_eof()
            while (event := reader.next_event()) is not None:
                if isinstance(event, bytes):
                    for part in decoder.decode(event):
                        assert 0 < len(part) <= 65536
                        assert coding != "gzip" or len(part) <= _PIECE_SIZE
                        decoded.append(part)
                        assert sum(map(len, decoded)) <= _MAX_BODY_SIZE
                elif event is END:
                    decoder.finish()
                    return b"".join(decoded)
                else:
                    reader.check_size()
                    if coding == "gzip":
                        decoder = GzipDecoder(reader, _PIECE_SIZE)
                    else:
                        decoder = decoder_for(coding, reader)
    except MessageError as error:
        assert str(error)
        raise Refused(str(error)) from None
    raise AssertionError("a response without an end")


def _expected(content: bytes, coding: str) -> bytes | None:
    """Return what the standard library makes of it; ``None`` if it refuses it."""
    try:
        if coding == "gzip":
            decoded = b""
            while content:
                inflater = zlib.decompressobj(31)
                decoded += inflater.decompress(content)
                if not inflater.eof:
                    return None
                content = inflater.unused_data
            return decoded
        is_zlib = bool(content) and content[0] & 15 == 8 and content[0] >> 4 <= 7
        inflater = zlib.decompressobj(15 if is_zlib else -15)
        decoded = inflater.decompress(content)
    except zlib.error:
        return None
    if content and (not inflater.eof or inflater.unused_data):
        return None
    return decoded


def check(data: bytes) -> None:
    """The first byte chooses coding, framing, cuts and whether the rest is coded already."""
    if not data:
        return
    choice, content = data[0], data[1:]
    coding = "gzip" if choice & 1 else "deflate"
    framing = _FRAMINGS[(choice >> 1) % 3]
    if choice & 32:
        # Members of their own, the last one many times as large.
        *members, last = content.split(b"\n")
        if coding == "gzip":
            parts = [gzip.compress(part, mtime=0) for part in [*members, last * 100]]
            content = b"".join(parts)
        else:
            content = zlib.compress(content * 100)
    if choice & 64:
        content = content[:-1]
    expected = _expected(content, coding)
    whole = _sent(content, framing, 1 + (choice >> 3))
    results: set[bytes | None] = set()
    for width in (1, 1 + (choice >> 2), len(whole)):
        if width == 1 and len(whole) > 2048:
            continue
        pieces = [whole[i : i + width] for i in range(0, len(whole), width)]
        try:
            results.add(_received(pieces, coding))
        except Refused:
            results.add(None)
    if len(content) > _MAX_BODY_SIZE or expected is None or len(expected) > _MAX_BODY_SIZE:
        expected = None
    assert results == {expected}


assert isinstance(decoder_for("deflate", ResponseReader()), DeflateDecoder)
