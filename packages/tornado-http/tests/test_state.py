"""The engine is driven along every arrow of the tables, and held against them."""

import itertools

import pytest

from tornado._http1.errors import MessageError
from tornado._http1.reader import END, RequestReader, ResponseReader
from tornado._http1.state import (
    READING,
    SENDING,
    SERVING,
    Event,
    Reading,
    Sending,
    Serving,
    advance,
)
from tornado._http1.writer import MessageWriter
from tornado.httputil import HTTPHeaders, HTTPOutputError

HOST = b"Host: a\r\n"


def test_every_state_has_a_row():
    assert set(READING) == set(Reading)
    assert set(SENDING) == set(Sending)
    assert set(SERVING) == set(Serving)


@pytest.mark.parametrize("table", [READING, SENDING], ids=["reading", "sending"])
def test_advance_follows_the_table_and_refuses_the_rest(table):
    for state, event in itertools.product(table, Event):
        if event in table[state]:
            assert advance(table, state, event) is table[state][event]
        else:
            with pytest.raises(ValueError, match=event.name):
                advance(table, state, event)


READS = [
    # role, events of the table, bytes
    ("request", [Event.HEAD_EMPTY], b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("request", [Event.HEAD_FIXED], b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\n"),
    (
        "request",
        [Event.HEAD_FIXED, Event.DATA_END],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.SIZE],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\n",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.SIZE, Event.DATA_END],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.SIZE, Event.DATA_END, Event.CHUNK_END],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.LAST_SIZE],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.LAST_SIZE, Event.TRAILERS_END],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("request", [Event.ERROR], b"nonsense\r\n\r\n"),
    (
        "request",
        [Event.HEAD_FIXED, Event.ERROR],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\na!",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.ERROR],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.SIZE, Event.DATA_END, Event.ERROR],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX",
    ),
    (
        "request",
        [Event.HEAD_CHUNKED, Event.LAST_SIZE, Event.ERROR],
        b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n :\r\n\r\n",
    ),
    ("response", [Event.INFORMATIONAL], b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("response", [Event.HEAD_UNTIL_CLOSE], b"HTTP/1.1 200 OK\r\n\r\n"),
    ("response", [Event.HEAD_EMPTY], b"HTTP/1.1 204 OK\r\n\r\n"),
]


@pytest.mark.parametrize(("role", "events", "data"), READS)
def test_reading_arrows(role, events, data):
    reader = RequestReader() if role == "request" else ResponseReader()
    expected = Reading.START
    for event in events:
        expected = advance(READING, expected, event)
    reader.receive(data)
    eof = expected is Reading.BROKEN
    try:
        for _ in range(10):
            if reader.state is Reading.COMPLETE:
                break
            if reader.next_event() is None:
                if not eof:
                    break
                reader.receive_eof()
    except MessageError:
        pass
    # The end may have been reported at once: one arrow further.
    assert reader.state in (expected, READING[expected].get(Event.END, expected))


def test_reading_to_the_end_and_on():
    reader = RequestReader()
    for skip_end in (False, True):
        reader.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reader.next_event().method == "GET"
        assert reader.state is Reading.COMPLETE
        if not skip_end:
            assert reader.next_event() is END
            assert reader.state is advance(READING, Reading.COMPLETE, Event.END)
        reader.next_message()
        assert reader.state is Reading.START
    with pytest.raises(ValueError, match="START"):
        reader.next_message()
    reader.receive_eof()
    assert reader.next_event() is None
    assert reader.state is advance(READING, Reading.START, Event.CLOSE)
    assert reader.next_event() is None


def test_reading_until_close():
    reader = ResponseReader()
    reader.receive(b"HTTP/1.1 200 OK\r\n\r\nabc")
    reader.next_event()
    assert reader.next_event() == b"abc"
    assert reader.next_event() is None
    reader.receive_eof()
    assert reader.next_event() is END
    assert reader.state is Reading.DONE


@pytest.mark.parametrize("done", [False, True])
def test_hand_over(done):
    reader = RequestReader()
    reader.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nraw bytes")
    reader.next_event()
    if done:
        assert reader.next_event() is END
    assert reader.hand_over() == b"raw bytes"
    assert reader.state is advance(READING, Reading.COMPLETE, Event.HAND_OVER)
    assert reader.next_event() is None
    assert reader.hand_over() == b""


def headers(**fields):
    return HTTPHeaders({name.replace("_", "-"): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("event", "status", "fields", "is_head", "is_http10"),
    [
        (Event.HEAD_FIXED, 200, {"Content_Length": "3"}, False, False),
        (Event.HEAD_CHUNKED, 200, {}, False, False),
        (Event.HEAD_UNTIL_CLOSE, 200, {}, False, True),
        (Event.HEAD_EMPTY, 204, {}, False, False),
        (Event.HEAD_EMPTY, 304, {}, False, False),
        (Event.HEAD_EMPTY, 200, {"Content_Length": "3"}, True, False),
        (Event.INFORMATIONAL, 103, {}, False, False),
        (Event.RAW, 200, {"Transfer_Encoding": "chunked"}, False, False),
    ],
)
def test_sending_arrows(event, status, fields, is_head, is_http10):
    writer = MessageWriter()
    writer.start_response(status, "X", headers(**fields), is_head, is_http10)
    assert writer.state is advance(SENDING, Sending.IDLE, event)
    if event is Event.INFORMATIONAL:
        return
    if event is Event.HEAD_FIXED:
        writer.content(b"abc")
    writer.finish()
    assert writer.state is advance(SENDING, advance(SENDING, Sending.IDLE, event), Event.END)
    with pytest.raises(HTTPOutputError):
        writer.finish()
    with pytest.raises(HTTPOutputError):
        writer.content(b"x")


def test_a_short_message_is_broken():
    writer = MessageWriter()
    writer.start_response(200, "OK", headers(Content_Length="3"), False, False)
    writer.content(b"ab")
    with pytest.raises(HTTPOutputError, match="1 bytes less"):
        writer.finish()
    assert writer.state is advance(SENDING, Sending.FIXED, Event.ERROR)
