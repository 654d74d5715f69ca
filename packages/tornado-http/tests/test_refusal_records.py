"""The one record of each refused message, in the words of the releases: people search logs for them."""

import asyncio
import gzip
import logging

import pytest

from tornado.http1connection import (
    HTTP1Connection,
    HTTP1ConnectionParameters,
    HTTP1ServerConnection,
)
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate

PUT = b"PUT / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"


def compressed(content):
    return PUT + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


def compressed_chunk(content):
    head = PUT + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)


LIMIT = 1000
SQUEEZED = gzip.compress(bytes(LIMIT + 1))
WHOLE = gzip.compress(b"abc")

#: What comes in, and what the record says; all parts of a tuple.
REFUSED = [
    # the start line
    (b"asdf\r\n\r\n", "Malformed HTTP request line"),
    (b"GET /\r\n\r\n", "Malformed HTTP request line"),
    (b"GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", "Malformed HTTP request line"),
    (b"GE,T / HTTP/1.1\r\nHost: a\r\n\r\n", "Malformed HTTP request line"),
    (b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "Malformed HTTP request line"),
    # header lines
    (PUT + b"no colon\r\n\r\n", ("Malformed HTTP headers", "no colon in header line")),
    (
        PUT + b"A: b\r\nnonsense\r\nC: d\r\n\r\n",
        ("Malformed HTTP headers", "no colon in header line"),
    ),
    (b"GET / HTTP/1.1\r\nHost: foo bar\r\n\r\n", "Invalid Host header"),
    (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "Invalid Host header"),
    (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "Invalid Host header"),
    # lengths
    *[
        (PUT + b"Content-Length: %s\r\n\r\n" % value, "Only integer Content-Length is allowed")
        for value in (b"foo", b"+10", b"1_0", b"-1", b"0x10", b"1.0", b"\xb2")
    ],
    *[
        (PUT + b"Content-Length: %s\r\n\r\n" % value, "Multiple unequal Content-Lengths")
        for value in (b"12, 13", b"12,\xa012", b"12,\x8512", b"12\r\nContent-Length: 13")
    ],
    *[
        (PUT + fields + b"\r\n\r\n", "Message with both Transfer-Encoding and Content-Length")
        for fields in (
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5",
            b"Transfer-Encoding: chunked\r\ncontent-length: 0",
        )
    ],
    (PUT + b"Content-Length: 1001\r\n\r\n", "Content-Length too long"),
    (PUT + b"Content-Length: %s\r\n\r\n" % (b"9" * 30), "Content-Length too long"),
    # codings
    (
        PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Unsupported Transfer-Encoding chunked,chunked",
    ),
    (
        PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        "Unsupported Transfer-Encoding gzip, chunked",
    ),
    (PUT + b"Transfer-Encoding: identity\r\n\r\n", "Unsupported Transfer-Encoding identity"),
    # content
    (CHUNKED + b"3e9\r\n", "chunked body too large"),
    (CHUNKED + (b"64\r\n%s\r\n" % bytes(100)) * 11, "chunked body too large"),
    (compressed(SQUEEZED), "decompressed body too large"),
    (compressed_chunk(SQUEEZED), "decompressed body too large"),
    (compressed(WHOLE[:-1]), "invalid gzip data"),
    (compressed(WHOLE[:5]), "invalid gzip data"),
    (compressed(WHOLE + b"x"), "invalid gzip data"),
    (compressed(b"no gzip"), "invalid gzip data"),
    (compressed_chunk(WHOLE[:-4]), "invalid gzip data"),
    (CHUNKED + b"1\r\nabc\r\n0\r\n\r\n", "improperly terminated chunk"),
    (CHUNKED + b"1\r\na\n0\r\n\r\n", "improperly terminated chunk"),
    (CHUNKED + b"2\r\nab0\r\n\r\n", "improperly terminated chunk"),
]


class Application:
    """Responds to nothing, and takes all content."""

    def dispatch(self, request):
        return self

    streams_body = False

    def execute(self):
        raise AssertionError("the message was accepted")

    def on_connection_close(self):
        pass

    def on_close(self, connection):
        pass


def records(caplog):
    return [(r.name, r.levelname, r.getMessage()) for r in caplog.records]


@pytest.fixture
def refused(run, connect, caplog):
    """Send bytes to a server; return its response and the message of the only record."""

    def go(data, **params):
        async def main():
            stream, peer = connect()
            params.setdefault("max_body_size", LIMIT)
            server = HTTP1ServerConnection(
                stream, HTTP1ConnectionParameters(decompress=True, **params)
            )
            server.start_serving(Application())
            await peer.send(data)
            response = await peer.receive()
            server.close()
            return response

        caplog.set_level(logging.DEBUG)
        response = run(main)
        [(logger, level, message)] = [one for one in records(caplog) if one[1] != "DEBUG"]
        assert (logger, level) == ("tornado.general", "INFO")
        assert message.isprintable()
        assert not caplog.records[-1].exc_info
        return response, message

    return go


@pytest.mark.parametrize(("data", "fragments"), REFUSED)
def test_one_record_says_what_was_wrong(refused, data, fragments):
    response, message = refused(data)
    assert message.startswith("Malformed HTTP message from ")
    for fragment in (fragments,) if isinstance(fragments, str) else fragments:
        assert fragment in message
    assert response.startswith(b"HTTP/1.1 ")
    assert response[9:12] in (b"400", b"413", b"501")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1000,
        b"GET /" + b"y" * 5000,
    ],
)
def test_a_head_that_is_too_large(refused, data):
    response, message = refused(data, max_header_size=4000)
    assert message.startswith("Unsatisfiable read")
    assert response[9:12] in (b"431", b"414")


class Recorder(HTTPMessageDelegate):
    def __init__(self):
        self.closed = 0

    def on_connection_close(self):
        self.closed += 1


@pytest.mark.parametrize(
    ("data", "fragment"),
    [
        (b"1\r\nabc\r\n0\r\n\r\n", "improperly terminated chunk"),
        (b"2\r\nab0\r\n\r\n", "improperly terminated chunk"),
        (b"1\r\na\n0\r\n\r\n", "improperly terminated chunk"),
        (b"3e9\r\n", "chunked body too large"),
    ],
)
def test_a_response_that_is_refused(run, connect, caplog, data, fragment):
    async def main():
        stream, peer = connect()
        client = HTTP1Connection(stream, True, HTTP1ConnectionParameters(max_body_size=LIMIT))
        recorder = Recorder()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
        assert await asyncio.wait_for(client.read_response(recorder), 5) is False
        assert recorder.closed == 1
        assert stream.closed()

    caplog.set_level(logging.INFO)
    run(main)
    [(logger, level, message)] = records(caplog)
    assert (logger, level) == ("tornado.general", "INFO")
    assert message.startswith("Malformed HTTP message from ")
    assert fragment in message


def test_what_is_allowed_leaves_no_record(run, connect, caplog):
    class Accepts(Application):
        def dispatch(self, request):
            self.request = request
            return self

        def execute(self):
            self.request.connection.respond(200, "OK", HTTPHeaders(), self.request.body)

    async def main():
        stream, peer = connect()
        server = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(decompress=True))
        server.start_serving(Accepts())
        await peer.send(compressed(WHOLE) + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")
        await peer.send(PUT + b"Connection: close\r\nContent-Length: 3, 3\r\n\r\nabc")
        assert (await peer.receive()).count(b"\r\n\r\nabc") == 3

    caplog.set_level(logging.INFO)
    run(main)
    assert records(caplog) == []
