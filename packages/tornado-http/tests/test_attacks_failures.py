"""Applications that fail, or answer, at any moment: no connection is left waiting for what never comes."""

import asyncio

import pytest

from tornado._http1.state import Serving
from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
)

PUT = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"


def cancelled():
    """Raise what the result of a future that was cancelled raises."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    future.result()


def broken():
    raise RuntimeError("broken")


class Fast:
    """An application with ``dispatch``; ``act`` is called at ``place``."""

    def __init__(self, place, act, streams_body=False):
        self.place = place
        self.act = act
        self.streams_body = streams_body
        self.exchange = None
        self.closed = 0

    def reach(self, place):
        if place == self.place:
            self.act()

    def dispatch(self, request):
        self.exchange = request.connection
        self.reach("dispatch")
        return self

    def execute(self):
        self.reach("execute")

    def data_received(self, chunk):
        self.reach("data_received")

    def finish(self):
        self.reach("finish")

    def on_connection_close(self):
        self.reach("on_connection_close")

    def on_close(self, server_conn):
        self.closed += 1


class Classic(HTTPServerConnectionDelegate, HTTPMessageDelegate):
    def __init__(self, place, act):
        self.place = place
        self.act = act

    def reach(self, place):
        if place == self.place:
            self.act()

    def start_request(self, server_conn, request_conn):
        self.reach("start_request")
        return self

    def headers_received(self, start_line, headers):
        self.reach("headers_received")

    def data_received(self, chunk):
        self.reach("data_received")

    def finish(self):
        self.reach("finish")


CASES = [
    *[(Fast, place, {}) for place in ("dispatch", "execute")],
    *[(Fast, place, {"streams_body": True}) for place in ("dispatch", "data_received", "finish")],
    *[
        (Classic, place, {})
        for place in ("start_request", "headers_received", "data_received", "finish")
    ],
]


@pytest.mark.parametrize("error", [broken, cancelled])
@pytest.mark.parametrize(("kind", "place", "more"), CASES)
@pytest.mark.parametrize("step", [1000, 1])
def test_an_error_ends_the_connection(run, connect, caplog, kind, place, more, error, step):
    async def main():
        stream, peer = connect()
        HTTP1ServerConnection(stream).start_serving(kind(place, error, **more))
        data = PUT + b"abcdef"
        for start in range(0, len(data), step):
            await peer.send(data[start : start + step])
        expected = b"HTTP/1.1 500 " if kind is Fast else b""
        assert (await peer.receive())[:13] == expected
        peer.close()
        while not stream.closed():
            await asyncio.sleep(0.001)

    run(main)
    assert [record.exc_info is not None for record in caplog.records] == [True]


@pytest.mark.parametrize("error", [broken, cancelled])
def test_an_error_in_the_last_call_does_not_keep_the_connection(run, connect, caplog, error):
    async def main():
        stream, peer = connect()
        app = Fast("on_connection_close", error)
        HTTP1ServerConnection(stream).start_serving(app)
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while app.exchange is None:
            await asyncio.sleep(0.001)
        peer.close()
        while not app.closed:
            await asyncio.sleep(0.001)

    run(main)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("step", [1000, 40, 1])
@pytest.mark.parametrize("pieces", [1, 3])
def test_an_answer_within_the_content_leaves_the_connection_of_use(run, connect, step, pieces):
    async def main():
        def answer():
            app.exchange.respond(200, "OK", HTTPHeaders(), b"early")
            app.place = None  # once for each request

        stream, peer = connect()
        app = Fast("data_received", answer, streams_body=True)
        connection = HTTP1ServerConnection(stream)
        connection.start_serving(app)
        size = 6 * pieces
        data = PUT.replace(b"6", b"%d" % size) + b"abcdef" * pieces
        for _ in range(3):
            app.place = "data_received"
            for start in range(0, len(data), step):
                await peer.send(data[start : start + step])
            assert (await peer.receive_head()).endswith(b"early")
            while connection.phase is not Serving.IDLE:
                await asyncio.sleep(0.001)
        connection.close()

    run(main)


def test_a_client_whose_delegate_finds_a_cancelled_future(run, connect):
    async def main(place):
        stream, peer = connect()
        exchange = HTTP1Connection(stream, True)
        exchange.write_headers(RequestStartLine("GET", "/", ""), HTTPHeaders({"Host": "a"}))
        exchange.finish()
        future = exchange.read_response(Classic(place, cancelled))
        await peer.receive_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        done, _ = await asyncio.wait([future], timeout=5)
        assert done
        assert stream.closed()
        assert future.result() is False

    for place in ("headers_received", "data_received", "finish"):
        run(lambda place=place: main(place))
