"""What must never work on the wire: every case is refused, whole and byte by byte, with its status."""

import asyncio
import logging
import tracemalloc

import pytest

from tornado._http1.errors import MessageError
from tornado._http1.limits import Limits
from tornado._http1.reader import RequestReader, ResponseReader
from tornado._http1.state import Reading
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import HTTPHeaders

GET = b"GET / HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"

CONTENT_LENGTHS = {
    f"Content-Length {value!r}": (PUT + b"Content-Length: " + value + b"\r\n\r\n0123456789", status)
    for value, status in [
        (b"+5", 400),
        (b"-5", 400),
        (b"1 0", 400),
        (b"0x5", 400),
        (b"1_0", 400),
        (b"5.0", 400),
        (b"5e0", 400),
        (b"", 400),
        (b"5,", 400),
        (b",5", 400),
        (b"5, 6", 400),
        (b"5;6", 400),
        (b"5\x0b", 400),
        ("\u00b2".encode("latin-1"), 400),
        ("\u0665".encode(), 400),
        (b"9" * 20, 413),
        (b"0" * 5000 + b"5", 413),
        (b"1048577", 413),
        (b"9223372036854775808", 413),
    ]
}

FRAMING = {
    "unequal lengths on two lines": (
        PUT + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        400,
    ),
    "length and coding": (PUT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "coding and length": (PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400),
    "coding in HTTP/1.0": (b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    **{
        f"Transfer-Encoding {value!r}": (
            PUT + b"Transfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n",
            status,
        )
        for value, status in [
            (b"identity", 501),
            (b"gzip", 501),
            (b"gzip, chunked", 501),
            (b"xchunked", 501),
            (b"chunked, chunked", 400),
            (b"chunked, gzip", 400),
            (b"chunked;q=1", 400),
            (b"chunked,", 400),
            (b",chunked", 400),
            (b"\x0bchunked", 400),
            (b'"chunked"', 400),
            (b"", 400),
        ]
    },
    "coding repeated": (
        PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "coding hidden by a space": (PUT + b"Transfer-Encoding : chunked\r\n\r\n", 400),
}

CHUNKS = {
    f"chunk {line!r}": (CHUNKED + line, 400)
    for line in [
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"1_0\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\t;a\r\nhello\r\n",
        b"5 ;a\r\nhello\r\n",
        b"\r\n",
        b";a\r\n",
        b"g\r\n",
        b"10000000000000000\r\n",
        b"0000000000000000000005\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\rhello\r\n",
        b"5;a\x00b\r\nhello\r\n",
        b"5;a\x0bb\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\r0\r\n\r\n",
        b"5\r\nhello!\r\n",
        b"0\r\nNo colon\r\n\r\n",
        b"0\r\nX : y\r\n\r\n",
        b"0\r\n X: y\r\n\r\n",
        b"0\r\nX: a\x00b\r\n\r\n",
        b"0\r\nX: a\nY: b\r\n\r\n",
        b"5;" + b"a" * 5000 + b"\r\nhello\r\n",
        (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 20,
    ]
}
CHUNKS["a chunk beyond the limit"] = (CHUNKED + b"100001\r\n", 413)
CHUNKS["chunks beyond the limit together"] = (
    CHUNKED + b"80000\r\n" + bytes(0x80000) + b"\r\n80001\r\n",
    413,
)
CHUNKS["endless trailers"] = (CHUNKED + b"0\r\n" + b"X: y\r\n" * 5000, 431)
CHUNKS["a trailer without end"] = (CHUNKED + b"0\r\nX: " + b"y" * 20000, 431)
CHUNKS["many trailers"] = (CHUNKED + b"0\r\n" + b"X: y\r\n" * 501 + b"\r\n", 431)

CONTROLS = [*range(0x09), 0x0A, 0x0B, 0x0C, 0x0D, *range(0x0E, 0x20), 0x7F]
HEADS = {
    **{
        f"control {code:#04x} in {where}": (template.replace(b"@", bytes([code])), 400)
        for code in CONTROLS
        for where, template in [
            ("the target", b"GET /a@b HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("the method", b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("the version", b"GET / HTTP/1.1@\r\n" + HOST + b"\r\n"),
            ("a name", GET + HOST + b"X@Y: z\r\n\r\n"),
            ("a value", GET + HOST + b"X: y@z\r\n\r\n"),
            ("the end of a value", GET + HOST + b"X: y@\r\n\r\n"),
            ("the start of a value", GET + HOST + b"X: @y\r\n\r\n"),
        ]
    },
    "lone LF as line ends": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "lone LF at the end": (GET + b"Host: a\n\r\n", 400),
    "space before the colon": (GET + HOST + b"X : y\r\n\r\n", 400),
    "tab before the colon": (GET + HOST + b"X\t: y\r\n\r\n", 400),
    "empty name": (GET + HOST + b": y\r\n\r\n", 400),
    "folded line": (GET + HOST + b"X: y\r\n z\r\n\r\n", 400),
    "line folded with a tab": (GET + HOST + b"X: y\r\n\tz\r\n\r\n", 400),
    "folded first line": (GET + b" Host: a\r\n\r\n", 400),
    "line without colon": (GET + HOST + b"XYZ\r\n\r\n", 400),
    **{
        f"name with {character!r}": (GET + HOST + b"X" + character + b": y\r\n\r\n", 400)
        for character in [
            b" ",
            b"(",
            b")",
            b"<",
            b">",
            b"@",
            b",",
            b";",
            b'"',
            b"/",
            b"[",
            b"]",
            b"?",
            b"=",
            b"{",
            b"\\",
            b"\xe9",
        ]
    },
    "no Host": (GET + b"\r\n", 400),
    "two Hosts": (GET + HOST + b"Host: b\r\n\r\n", 400),
    "the same Host twice": (GET + HOST + HOST + b"\r\n", 400),
    "two Hosts in HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
    **{
        f"Host {value!r}": (GET + b"Host: " + value + b"\r\n\r\n", 400)
        for value in [
            b"a, b",
            b"a,b",
            b"user@a",
            b"user:pw@a",
            b"a b",
            b"a/b",
            b"a?b",
            b"a#b",
            b"a\\b",
            b"a:b",
            b"a:80:81",
            b"a:-1",
            b"a:65536",
            b"a:+80",
            b"a: 80",
            b"[::1",
            b"::1",
            b"[::1]x",
            b"[::g]",
            b"[]",
            b"\xe9",
            b"<script>",
            b"%zz",
            b"http://a",
        ]
    },
    **{
        f"request line {line!r}": (line + b"\r\n" + HOST + b"\r\n", status)
        for line, status in [
            (b"GET", 400),
            (b"GET /", 400),
            (b"GET  HTTP/1.1", 400),
            (b"GET  / HTTP/1.1", 400),
            (b"GET /  HTTP/1.1", 400),
            (b"GET / a HTTP/1.1", 400),
            (b"GET / HTTP/1.1 ", 400),
            (b" GET / HTTP/1.1", 400),
            (b"GET\t/ HTTP/1.1", 400),
            (b"GET /HTTP/1.1", 400),
            (b"/ HTTP/1.1", 400),
            (b"HTTP/1.1", 400),
            (b"HTTP/1.1 200 OK", 400),
            (b"GET / http/1.1", 400),
            (b"GET / HTTP/11", 400),
            (b"GET / HTTP/1.10", 400),
            (b"GET / HTTP/1", 400),
            (b"GET / HTTP/1.x", 400),
            (b"GET / HTTP/0.9", 505),
            (b"GET / HTTP/1.2", 505),
            (b"GET / HTTP/2.0", 505),
            (b"GET / HTTP/3.0", 505),
            (b"G(T / HTTP/1.1", 400),
            (b"GET a HTTP/1.1", 400),
            (b"GET * HTTP/1.1", 400),
            (b"GET ftp://a/ HTTP/1.1", 400),
            (b"GET http:/// HTTP/1.1", 400),
            (b"GET http://user@a/ HTTP/1.1", 400),
            (b"GET http://a,b/ HTTP/1.1", 400),
            (b"GET http://a:b/ HTTP/1.1", 400),
            (b"CONNECT / HTTP/1.1", 400),
            (b"CONNECT a HTTP/1.1", 400),
            (b"CONNECT a:b HTTP/1.1", 400),
            (b"CONNECT http://a:80/ HTTP/1.1", 400),
        ]
    },
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), 400),
    "empty lines without end": (b"\r\n" * 20, 400),
    "a line that never ends": (b"GET /" + b"a" * 70000, 414),
    "a long request line": (b"GET /" + b"a" * 65530 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a header that never ends": (GET + HOST + b"X: " + b"y" * 70000, 431),
    "headers without end": (GET + HOST + b"X: y\r\n" * 20000, 431),
    "a large head": (GET + HOST + b"X: " + b"y" * 65536 + b"\r\n\r\n", 431),
    "many headers": (GET + HOST + b"X: y\r\n" * 500 + b"\r\n", 431),
}


@pytest.mark.parametrize("case", [*CONTENT_LENGTHS, *FRAMING, *CHUNKS, *HEADS])
def test_requests_that_are_refused(case):
    data, status = {**CONTENT_LENGTHS, **FRAMING, **CHUNKS, **HEADS}[case]
    step = 1 if len(data) < 5000 else 997
    for pieces in ([data], [data[i : i + step] for i in range(0, len(data), step)]):
        reader = RequestReader(max_body_size=1048576)
        with pytest.raises(MessageError) as caught:
            for piece in pieces:
                reader.receive(piece)
                while reader.next_event() is not None:
                    reader.check_size()
        assert caught.value.status == status
        assert reader.state is Reading.BROKEN
        # What comes behind a violation is never taken for a message.
        reader.receive(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reader.next_event() is None


def test_the_text_for_both_framings():
    reader = RequestReader()
    reader.receive(FRAMING["length and coding"][0])
    with pytest.raises(MessageError, match="with both Transfer-Encoding and Content-Length"):
        reader.next_event()


class Refusing:
    """An application that must not be reached by any attack, and by one request behind them."""

    def __init__(self):
        self.reached = []

    def dispatch(self, request):
        self.reached.append(request.uri)
        return Echo(request)


class Echo:
    streams_body = False

    def __init__(self, request):
        self.request = request

    def execute(self):
        self.request.connection.respond(200, "OK", HTTPHeaders(), b"fine")

    def on_connection_close(self):
        pass


@pytest.mark.parametrize("group", ["CONTENT_LENGTHS", "FRAMING", "CHUNKS", "HEADS"])
def test_attacks_over_a_real_socket(run, connect, caplog, group):
    """Each is answered with its status, logged once without a trace, and the server serves on."""
    caplog.set_level(logging.INFO, "tornado")
    params = HTTP1ConnectionParameters(max_body_size=1048576, header_timeout=5)

    async def attack(app, case, data, status):
        caplog.clear()
        stream, peer = connect()
        HTTP1ServerConnection(stream, params).start_serving(app)
        sending = asyncio.ensure_future(
            peer.send(data + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        )
        answer = await peer.receive()
        sending.cancel()
        peer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.split()[1] == b"%d" % status, case
        assert b"\r\nConnection: close" in head, case
        assert rest == b"", case
        assert [record.exc_info for record in caplog.records] == [None], case
        assert caplog.records[0].levelno in (logging.INFO, logging.WARNING)
        while not stream.closed():
            await asyncio.sleep(0.001)

    async def main():
        app = Refusing()
        for case, (data, status) in globals()[group].items():
            await attack(app, case, data, status)
        assert set(app.reached) <= {
            "/"
        }  # chunked ones are dispatched before their content is there
        stream, peer = connect()
        connection = HTTP1ServerConnection(stream, params)
        connection.start_serving(app)
        await peer.send(b"GET /served HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.receive_head()).endswith(b"fine")
        connection.close()

    run(main, timeout=30)


RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n: a\r\n\r\n",
    b"HTTP/1.1 200 O\x00K\r\n\r\n",
    b"HTTP/1.1 200 O\rK\r\n\r\n",
    b"HTTP/1.1 200 O\nK\r\n\r\n",
    b"HTTP/1.1  200 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 +20 OK\r\n\r\n",
    b"HTTP/1.1 099 OK\r\n\r\n",
    b"HTTP/2.0 200 OK\r\n\r\n",
    b"http/1.1 200 OK\r\n\r\n",
    b"ICY 200 OK\r\n\r\n",
    b"<html>\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x0a",
    b"HTTP/1.1 200 OK\nX: y\n z\n\n",
    b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n",
    b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\r\nA: b\n\n",
    b"HTTP/1.1 200 OK\n" + b"X: y\n" * 20000,
    b"HTTP/1.1 200 " + b"O" * 70000,
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 600 + b"\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1048577),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 11,
    b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 11,
]


@pytest.mark.parametrize("data", RESPONSES, ids=lambda data: repr(data[:60]))
def test_responses_that_are_refused(data):
    step = 1 if len(data) < 5000 else 9973
    for pieces in ([data], [data[i : i + step] for i in range(0, len(data), step)]):
        reader = ResponseReader(max_body_size=1048576)
        with pytest.raises(MessageError):
            for piece in pieces:
                reader.receive(piece)
                while reader.next_event() is not None:
                    reader.check_size()
        assert reader.state is Reading.BROKEN


@pytest.mark.parametrize("chunked", [False, True])
def test_memory_stays_bounded_before_a_refusal(chunked):
    # One byte a time, without end: what is kept never exceeds the limits by much.
    reader = RequestReader(Limits.for_header_size(8192))
    if chunked:
        reader.receive(CHUNKED + b"0\r\n")
        reader.next_event()
    tracemalloc.start()
    try:
        with pytest.raises(MessageError):
            for _ in range(100000):
                reader.receive(b"x: y\r\n" if chunked else b"x")
                reader.next_event()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


def test_one_header_name_many_times_is_linear():
    # The count limit is far above; the value is joined only once, when somebody asks.
    limits = Limits(max_header_size=1 << 20, max_header_count=50_000)
    reader = RequestReader(limits)
    reader.receive(GET + HOST + b"X: y\r\n" * 40_000 + b"\r\n")
    headers = reader.next_event().copy_headers()
    assert len(headers.get_list("X")) == 40_000
    assert len(headers["X"]) == 79_999


def test_what_was_refused_is_not_remembered():
    bad = GET + b"Host: a\r\nX : y\r\n\r\n"
    for _ in range(3):
        reader = RequestReader()
        reader.receive(bad)
        with pytest.raises(MessageError):
            reader.next_event()


def test_what_is_remembered_is_bounded():
    from tornado._http1 import head  # the table under test

    reader = RequestReader()
    for i in range(2000):
        reader.receive(GET + HOST + b"X-%d: y\r\n\r\n" % i)
        reader.next_event()
        reader.next_message()
    assert len(head._known) <= head._MAX_KNOWN
    assert all(len(block) <= head._MAX_KNOWN_SIZE for block in head._known)


def test_a_stricter_server_is_not_fooled_by_what_another_remembered():
    data = GET + HOST + b"X: y\r\n" * 20 + b"\r\n"
    lax = RequestReader()
    lax.receive(data)
    assert lax.next_event() is not None
    strict = RequestReader(Limits(max_header_count=10))
    strict.receive(data)
    with pytest.raises(MessageError) as caught:
        strict.next_event()
    assert caught.value.status == 431
