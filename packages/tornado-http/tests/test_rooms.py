"""The small rooms of the engine on their own: names, framing, raw heads, dates, decoding, the lazy timer."""

import gzip
import subprocess
import sys
import zlib

import pytest

import tornado.http1connection
from tornado._http1.adapter import CallableAdapter
from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import IncompleteMessageError, MessageError, excerpt
from tornado._http1.fields import check_names, parse_fields
from tornado._http1.framing import (
    connection_options,
    content_length,
    is_chunked,
    is_host,
    keeps_alive,
)
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.raw import RawHead
from tornado._http1.timer import LazyTimer
from tornado._http1.writer import error_response
from tornado._httputil.dates import http_date
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPOutputError, RequestStartLine


def test_the_public_module():
    names = tornado.http1connection.__all__
    assert sorted(names) == names
    for name in names:
        assert getattr(tornado.http1connection, name).__module__ == "tornado.http1connection"


#: Rooms that know no stream, loop, socket or clock.
SANS_IO = """
    tornado._http1.decoding tornado._http1.errors tornado._http1.fields tornado._http1.framing
    tornado._http1.head tornado._http1.limits tornado._http1.raw tornado._http1.reader
    tornado._http1.state tornado._http1.writer tornado._httputil.headers tornado._httputil.startlines
""".split()


@pytest.mark.parametrize("room", SANS_IO)
def test_the_engine_loads_no_stream_and_no_loop(room):
    """In a process of its own: what is loaded already would hide what a room loads."""
    program = f"""
import sys
import {room}
unwanted = "asyncio ssl socket email http.client tornado.httputil tornado.iostream tornado.ioloop"
print([name for name in unwanted.split() if name in sys.modules])
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


def test_errors():
    error = MessageError("because", 431)
    assert (str(error), error.status) == ("because", 431)
    assert isinstance(error, HTTPInputError)
    assert not isinstance(error, HTTPOutputError)
    assert IncompleteMessageError("x").status == 400


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "'a'"),
        (b"a\r\n\x00\xff", r"'a\r\n\x00\xff'"),
        (bytearray(b"x"), "'x'"),
        ("y" * 100, "'" + "y" * 60 + "'..."),
        ("\u2028", r"'\u2028'"),
    ],
)
def test_excerpts_are_safe_to_log(value, expected):
    assert excerpt(value) == expected


def test_fields():
    block = b"\r\nhost: a\r\nX-a:\tb \r\nETag:\r\n\r\n"
    assert parse_fields(block, 10) == [("Host", "a"), ("X-A", "b"), ("Etag", "")]
    assert parse_fields(b"\r\n\r\n", 0) == []
    with pytest.raises(MessageError) as caught:
        parse_fields(block, 2)
    assert caught.value.status == 431


def test_names_to_be_sent():
    check_names(["X-Anything", "content-type", "!#$%&'*+-.^_`|~1"])
    for name in ("", "X Y", "X:", "X\n", "\u00e9"):
        with pytest.raises(ValueError, match="invalid header name"):
            check_names(["Host", name])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", True),
        ("a", True),
        ("a:", True),
        ("A-b_c.example:65535", True),
        ("[::1]", True),
        ("[fe80::1%25eth0]:80", True),
        ("[v1.x:y]", True),
        ("%41", True),
        ("1.2.3.4:0", True),
        ("a:65536", False),
        ("a:000080", False),
        ("a\n", False),
        ("a,b", False),
        ("u@a", False),
        ("[::1", False),
    ],
)
def test_hosts(value, expected):
    assert is_host(value) is expected


def test_framing():
    assert content_length([]) is None
    assert content_length(["7"]) == 7
    assert content_length(["7, 7", "7"]) == 7
    assert content_length(["007"]) == 7
    assert is_chunked([], "HTTP/1.0") is False
    assert is_chunked(["Chunked"], "HTTP/1.1") is True
    assert connection_options(["a, B", "close"]) == ["a", "b", "close"]
    assert keeps_alive(["close"], "HTTP/1.1") is False


@pytest.mark.parametrize(
    ("pieces", "method", "expected"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"], "GET", True),
        ([b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nContent-Length: 1\r\n\r\n"], "GET", False),
        ([b"HTTP/1.1 200 OK\r\n\r\n"], "HEAD", True),
        ([b"HTTP/1.1 304 OK\r\n\r\n"], "GET", True),
        ([b"HTTP/1.1 200 OK\r", b"\nTRANSFER-ENCODING: chunked\r\n\r", b"\n"], "GET", True),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, close\r\n\r\n"], "GET", False),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"], "GET", False),
        ([b"x" * 70000, b"\r\n\r\n"], "GET", False),
    ],
)
def test_raw_heads(pieces, method, expected):
    raw = RawHead()
    for piece in pieces:
        raw.receive(piece)
    assert raw.keeps_alive(method) is expected


def test_dates():
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert http_date(1.9) == "Thu, 01 Jan 1970 00:00:01 GMT"
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert http_date() is http_date() or http_date() is http_date()  # unless two seconds pass


def test_answers_to_refused_requests():
    head = error_response(431)
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n")
    assert head.endswith(b"GMT\r\n\r\n")


class Limit:
    max_body_size = 1_000_000


def decoded(data, step=None, piece=65536, limit=Limit):
    decoder = GzipDecoder(limit, piece)
    pieces = []
    for i in range(0, len(data), step or len(data)):
        pieces += decoder.decode(data[i : i + (step or len(data))])
    decoder.finish()
    return pieces


def test_decoding():
    body = bytes(range(256)) * 1000
    data = gzip.compress(body)
    for step in (None, 1, 100):
        assert b"".join(decoded(data, step)) == body
    assert max(map(len, decoded(data, piece=1000))) == 1000
    assert b"".join(decoded(gzip.compress(b"a") + gzip.compress(b"b"))) == b"ab"
    GzipDecoder(Limit).finish()  # no content at all


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"plain", 400),
        (gzip.compress(b"x" * 100)[:-1], 400),
        (gzip.compress(b"x") + b"\x00", 400),
        (gzip.compress(b"x") + b"garbage", 400),
        (gzip.compress(b"x")[:-8] + bytes(8), 400),
        (gzip.compress(bytes(1_000_001)), 413),
        (gzip.compress(bytes(600_000)) * 2, 413),
    ],
)
def test_decoding_refuses(data, status):
    for step in (None, 1):
        with pytest.raises(MessageError) as caught:
            decoded(data, step)
        assert caught.value.status == status


def test_a_bomb_is_not_inflated_beyond_the_limit():
    pieces = []
    decoder = GzipDecoder(Limit, 10_000)
    with pytest.raises(MessageError):
        pieces.extend(decoder.decode(gzip.compress(bytes(50_000_000))))
    assert sum(map(len, pieces)) <= 1_000_000


def test_thousands_of_members_take_linear_time(monkeypatch):
    handled = 0

    class Counting:
        def __init__(self):
            self.inflater = zlib.decompressobj(31)

        def decompress(self, data, size):
            nonlocal handled
            handled += len(data)
            return self.inflater.decompress(data, size)

        def __getattr__(self, name):
            return getattr(self.inflater, name)

    monkeypatch.setattr("tornado._http1.decoding._inflater", Counting)
    costs = []
    for count in (2_000, 8_000):
        handled = 0
        assert decoded(gzip.compress(b"") * count) == []
        costs.append(handled)
    assert costs[1] < 5 * costs[0]


class Clock:
    """A loop's clock and timers, moved by hand."""

    def __init__(self):
        self.now = 100.0
        self.armed = []

    def time(self):
        return self.now

    def call_at(self, when, callback):
        handle = Handle(when, callback)
        self.armed.append(handle)
        return handle

    def advance(self, seconds):
        self.now += seconds
        due = [one for one in self.armed if one.when <= self.now and not one.cancelled]
        self.armed = [one for one in self.armed if one.when > self.now]
        for one in due:
            one.callback()


class Handle:
    def __init__(self, when, callback):
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class Timer(LazyTimer):
    passed = 0

    def deadline_passed(self):
        self.passed += 1


def test_the_lazy_timer():
    clock = Clock()
    timer = Timer(clock)
    timer.set_deadline(10)
    for _ in range(50):
        clock.advance(1)
        timer.set_deadline(10)
    assert timer.passed == 0
    clock.advance(9)
    assert timer.passed == 0
    clock.advance(1)
    assert timer.passed == 1
    clock.advance(100)
    assert timer.passed == 1
    timer.set_deadline(10)
    timer.set_deadline(1)  # sooner than what is armed
    clock.advance(1)
    assert timer.passed == 2
    timer.set_deadline(1)
    timer.set_deadline(None)
    clock.advance(10)
    timer.set_deadline(1)
    timer.cancel_deadline()
    clock.advance(10)
    assert timer.passed == 2


def test_setting_a_later_deadline_arms_nothing():
    clock = Clock()
    timer = Timer(clock)
    for _ in range(1000):
        timer.set_deadline(10)
        clock.advance(0.001)
    assert len(clock.armed) == 1


def test_parameters():
    params = HTTP1ConnectionParameters(True, 1000, 2000, 1.5, 3000, 2.5, True)
    assert params.no_keep_alive is True
    assert params.chunk_size == 1000
    assert params.max_header_size == params.limits.max_start_line == 2000
    assert params.header_timeout == params.idle_timeout == 1.5
    assert params.max_body_size == 3000
    assert params.body_timeout == 2.5
    assert params.decompress is True
    defaults = HTTP1ConnectionParameters()
    assert (defaults.chunk_size, defaults.max_header_size) == (65536, 65536)


class Connection:
    context = None

    def __init__(self):
        self.written = b""

    def write(self, chunk, callback=None):
        self.written += chunk

    def finish(self):
        self.written += b"."


def test_the_adapter_by_way_of_delegates():
    def handle(request):
        request.write(request.body + request.uri.encode())
        request.finish()

    connection = Connection()
    delegate = CallableAdapter(handle).start_request(None, connection)
    delegate.headers_received(RequestStartLine("PUT", "/x", "HTTP/1.1"), HTTPHeaders({"Host": "a"}))
    delegate.data_received(b"ab")
    delegate.data_received(b"c")
    delegate.finish()
    assert connection.written == b"abc/x."
    delegate.on_connection_close()
