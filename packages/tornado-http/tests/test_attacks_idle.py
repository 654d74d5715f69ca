"""Time limits for what a peer sends between responses, and after them."""

import asyncio

import pytest

from tornado._http1 import closing
from tornado._http1 import server as server_room
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import HTTPHeaders

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def serve(connect, application, **params):
    stream, peer = connect()
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**params))
    connection.start_serving(application)
    return peer, connection


async def dripped(peer, piece, most=400):
    """Send `piece` again and again; return how often that went before the connection was closed."""
    for count in range(most):
        try:
            await peer.send(piece)
        except OSError:
            return count
        await asyncio.sleep(0.005)
    return most


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"X"], ids=["lines", "bytes"])
@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n", b"", GET], ids=["line", "none", "request"]
)
def test_a_head_that_never_ends_counts_as_idle(run, connect, first, piece):
    async def main():
        peer, connection = serve(connect, Early(), idle_timeout=0.05, header_timeout=60)
        await peer.send(first)
        assert await dripped(peer, piece) < 400
        assert connection.stream.closed()

    run(main)


def test_the_idle_time_begins_anew_after_each_response(run, connect):
    async def main():
        peer, connection = serve(connect, Early(), idle_timeout=100, header_timeout=200)
        await asyncio.sleep(0)
        deadlines = [connection._deadline]
        for _ in range(3):
            await peer.send(GET[:10])
            while not connection.reader.buffered:
                await asyncio.sleep(0.001)
            assert connection._deadline == deadlines[-1]
            await peer.send(GET[10:])
            assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
            deadlines.append(connection._deadline)
        assert deadlines == sorted(set(deadlines))
        connection.close()

    run(main)


class Early:
    """Responds before the content has come."""

    def dispatch(self, request):
        return EarlyTarget(request)

    def on_close(self, connection):
        pass


class EarlyTarget:
    streams_body = True

    def __init__(self, request):
        request.connection.respond(200, "OK", HTTPHeaders(), b"")

    def execute(self):
        pass

    def on_connection_close(self):
        pass


@pytest.mark.parametrize("framing", [b"Content-Length: 10000", b"Transfer-Encoding: chunked"])
def test_content_that_is_discarded_has_a_total_time(run, connect, monkeypatch, framing):
    monkeypatch.setattr(server_room, "_DISCARD_SECONDS", 0.02)
    monkeypatch.setattr(closing, "LINGER_SECONDS", 0.02)

    async def main():
        peer, connection = serve(connect, Early(), idle_timeout=60, header_timeout=60)
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
        piece = b"1" if b"Length" in framing else b"1\r\nx\r\n"
        assert await dripped(peer, piece) < 400
        assert connection.stream.closed()

    run(main)


def test_a_response_in_the_middle_of_chunked_content_closes(run, connect):
    """The end of the content is not there, and might never be."""

    async def main():
        peer, connection = serve(connect, Early(), idle_timeout=60, header_timeout=60)
        await peer.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
        )
        assert b"Connection: close" in await peer.receive()
        connection.close()

    run(main)
