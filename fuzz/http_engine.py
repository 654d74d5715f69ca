"""Bytes go to the HTTP/1.1 readers of both roles; however they are cut, the events must be the same."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

import driving

from tornado._http1.errors import MessageError
from tornado._http1.head import RequestHead, ResponseHead
from tornado._http1.limits import Limits
from tornado._http1.reader import END, RequestReader, ResponseReader

TOKENS = [
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b": ", b",", b";", b"0", b"-1",
    b"GET ", b"POST ", b"HEAD ", b"CONNECT ", b"OPTIONS ", b"/", b"*", b"http://h/", b"HTTP/1.1",
    b"HTTP/1.0", b"HTTP/2.0", b"Host: h\r\n", b"Content-Length: 3\r\n", b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"chunked",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;a=b\r\n", b"ffffffffffffffff",
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 304 x\r\n", b"204",
    b"101", b"\x80", b"\xff", b"\x0b", b"\x7f", b"+3", b"0x3", b"3, 3", b"[::1]:80", b"%00",
]  # fmt: skip

LIMITS = Limits(
    max_header_size=1024, max_start_line=256, max_header_count=32, max_chunk_line=128,
    max_chunk_extensions=256, max_trailer_size=256,
)  # fmt: skip
MAX_BODY_SIZE = 512
_METHODS = ("GET", "HEAD", "CONNECT")
_OF_HEADS = (414, 431, 501, 505)

Trace = tuple[list[object], "int | None", int]


def _described(head: RequestHead | ResponseHead) -> object:
    """Return a head as something that compares, after looking at what applications rely on."""
    fields = head.fields
    pairs = list(fields.headers.get_all())
    for name, value in pairs:
        assert name
        assert not set(name) & set("\r\n\0 :")
        assert not set(value) & set("\r\n\0")
        assert value == value.strip(" \t")
    assert fields.content_length is None or fields.content_length >= 0
    assert not (fields.chunked and fields.content_length is not None), "two framings"
    if isinstance(head, RequestHead):
        assert head.method.isascii()
        assert not set(head.method + head.target) & set(" \r\n\0")
        return (head.method, head.target, head.version, pairs)
    return (head.version, head.status, head.reason, pairs)


def _trace(reader: RequestReader | ResponseReader, pieces: list[bytes]) -> Trace:
    """Return the events, adjoining content joined; the status of the error; what was left unread."""
    events: list[object] = []
    content = 0

    def take() -> None:
        nonlocal content
        while True:
            event = reader.next_event()
            if event is None:
                return
            if isinstance(event, bytes):
                assert event
                content += len(event)
                assert content <= MAX_BODY_SIZE
                if isinstance(events[-1], bytes):
                    events[-1] += event
                else:
                    events.append(event)
            elif event is END:
                events.append(END)
                if reader.trailers is not None:
                    events.append(list(reader.trailers.get_all()))
                if getattr(reader, "is_upgraded", False):
                    return
                content = 0
                reader.next_message()
            else:
                events.append(_described(event))
                reader.check_size()

    try:
        for piece in pieces:
            reader.receive(piece)
            take()
        reader.receive_eof()
        take()
    except MessageError as error:
        assert 400 <= error.status < 600
        # How much of the content came before the error depends on how it was cut.
        if events and isinstance(events[-1], bytes):
            events.pop()
        try:
            again = reader.next_event()
        except MessageError:
            again = END
        assert again is None, "a broken reader went on"
        # A head that is wrong in two ways, such as too large, is refused for what shows first.
        return events, 400 if error.status in _OF_HEADS else error.status, 0
    assert reader.buffered <= driving.MAX_SIZE
    return events, None, reader.buffered


def check(data: bytes) -> None:
    """The first byte chooses role, method and cuts; the rest is what the peer sends."""
    if not data:
        return
    choice, sent = data[0], data[1:]

    def reader() -> RequestReader | ResponseReader:
        if choice & 1:
            made = ResponseReader(LIMITS, MAX_BODY_SIZE)
            made.method = _METHODS[(choice >> 1) % 3]
            return made
        return RequestReader(LIMITS, MAX_BODY_SIZE)

    whole = _trace(reader(), [sent])
    size = 1 + (choice >> 3)
    for width in {1, size}:
        cut = _trace(reader(), [sent[i : i + width] for i in range(0, len(sent), width)])
        assert cut == whole, f"cut into {width}: {cut}, whole: {whole}"
