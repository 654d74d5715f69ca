"""Budgets: what one connection may take of the loop's time and of the memory, next to others."""

import asyncio
import gzip
import socket

import pytest

from tornado._http1 import departures as departures_room
from tornado._http1 import feed as feed_room
from tornado._http1 import server as server_room
from tornado._http1.content import GatheredContent
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerConnectionDelegate

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED_POST = (
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
)


class Clock:
    """A clock that stands still unless a handler moves it."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for room in (server_room, feed_room, departures_room):
        monkeypatch.setattr(room, "_monotonic", clock)
    return clock


class Application:
    """Responds at once; each response takes `seconds` of `clock`."""

    def __init__(self, clock, seconds, body=b"", act=None):
        self.clock = clock
        self.seconds = seconds
        self.body = body
        self.act = act
        self.log = []

    def dispatch(self, request):
        return Target(self, request)

    def on_close(self, connection):
        pass


class Target:
    streams_body = False

    def __init__(self, app, request):
        self.app = app
        self.request = request

    def execute(self):
        app = self.app
        app.log.append(self.request.uri)
        if app.clock is not None:
            app.clock.now += app.seconds
        if app.act is not None and app.act(self.request):
            return
        self.request.connection.respond(200, "OK", HTTPHeaders(), app.body)

    def on_connection_close(self):
        pass


def serve(stream, application, **params):
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**params))
    connection.start_serving(application)
    return connection


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def served_by_turn(connection, app, expected):
    """Return how many requests each turn of the loop served."""
    counts = []
    before = 0
    while len(app.log) < expected:
        await asyncio.sleep(0)
        if len(app.log) > before:
            counts.append(len(app.log) - before)
            before = len(app.log)
    return counts


@pytest.mark.parametrize("message", [GET, POST, CHUNKED_POST], ids=["get", "post", "chunked"])
@pytest.mark.parametrize(
    ("seconds", "most"), [(0.005, 1), (0.0006, 2), (0.0003, 4)], ids=["slow", "middling", "fast"]
)
def test_a_batch_of_requests_ends_after_a_millisecond(run, connect, clock, message, seconds, most):
    async def main():
        stream, peer = connect()
        app = Application(clock, seconds)
        connection = serve(stream, app)
        await peer.send(message * 24)
        counts = await served_by_turn(connection, app, 24)
        assert max(counts) == most
        data = b""
        while data.count(b"HTTP/1.1 200") < 24:
            data += await peer.receive(1)
        connection.close()

    run(main)


def test_others_come_first_when_a_turn_was_used_up(run, connect, clock):
    async def main():
        log = []
        streams = [connect(), connect()]

        def act(request):
            if not log:  # arrives while this one has its turn
                streams[1][1].sock.send(GET)
            log.append("slow")

        slow = Application(clock, 0.005, act=act)
        quick = Application(clock, 0.0, act=lambda request: log.append("quick"))
        connections = [serve(streams[0][0], slow), serve(streams[1][0], quick)]
        await streams[0][1].send(GET * 4)
        await until(lambda: len(log) == 5)
        assert log.index("quick") == 1
        for connection in connections:
            connection.close()

    run(main)


@pytest.mark.parametrize("responds", [True, False], ids=["responds", "waits"])
def test_a_kept_response_leaves_when_it_was_kept_too_long(run, connect, clock, responds):
    """One connection's response, ready first, does not wait for the handlers of others."""

    async def main():
        (first, peer), (second, other) = connect(), connect()
        quick = serve(first, Application(clock, 0.0))
        slow = serve(second, Application(clock, 0.005, act=lambda request: not responds))
        departures = quick._departures
        kept = []
        loop = asyncio.get_running_loop()
        loop.call_soon(quick.chunk_received, GET)
        loop.call_soon(lambda: kept.append(len(departures.waiting)))
        loop.call_soon(slow.chunk_received, GET)
        loop.call_soon(lambda: kept.append(len(departures.waiting)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert kept == [1, 0]
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
        quick.close()
        slow.close()
        if not responds:
            assert await other.receive() == b""

    run(main)


@pytest.mark.parametrize("message", [GET, POST, CHUNKED_POST], ids=["get", "post", "chunked"])
@pytest.mark.parametrize("size", [1_000_000, 60_000])
def test_no_request_begins_while_a_response_is_unsent(run, connect, message, size):
    async def main():
        stream, peer = connect()
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        largest = []

        def act(request):
            largest.append(stream.backlog)
            return False

        app = Application(None, 0, bytes(size), act)
        connection = serve(stream, app)
        await peer.send(message * 32)
        await asyncio.sleep(0.05)
        assert stream.backlog <= size + 65536 + 1000
        assert len(app.log) < 32 or size < 100_000
        data = 0
        while data < 32 * size:
            data += len(await peer.receive(1))
        await until(lambda: len(app.log) == 32)
        assert max(largest) == 0
        connection.close()

    run(main)


@pytest.mark.parametrize("before", [1, 3])
@pytest.mark.parametrize("size", [5_000_000, 200_000])
def test_detach_finds_nothing_of_ours_pending(run, connect, before, size):
    async def main():
        stream, peer = connect()

        def act(request):
            if request.uri != "/detach":
                return False
            detached = request.connection.detach()
            detached.write(b"the last words")
            detached.close()
            return True

        serve(stream, Application(None, 0, bytes(size), act))
        await peer.send(GET * before + GET.replace(b"/", b"/detach", 1))
        data = await peer.receive()
        assert data.count(b"HTTP/1.1 200") == before
        assert data.endswith(b"the last words")
        assert len(data) > size * before

    run(main)


@pytest.mark.parametrize("before", [1, 2, 5, 40])
@pytest.mark.parametrize("size", [300, 3000, 20_000, 60_000])
def test_detach_where_the_kernel_has_little_room(run, connect, before, size):
    async def main():
        stream, peer = connect()
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

        def act(request):
            if request.uri != "/detach":
                return False
            detached = request.connection.detach()
            assert not detached.backlog
            detached.close()
            return True

        serve(stream, Application(None, 0, bytes(size), act))
        await peer.send(GET * before + GET.replace(b"/", b"/detach", 1))
        data = await peer.receive()
        assert data.count(b"HTTP/1.1 200") == before
        assert data.count(b"\0") == size * before

    run(main)


@pytest.mark.parametrize("kind", ["later", "at once"])
def test_a_request_that_comes_during_a_slow_handler_is_next(run, connect, clock, kind):
    async def main():
        stream, peer = connect()
        other, victim = connect()
        seen = []

        def answered():
            try:
                return b"200 OK" in victim.sock.recv(1000, socket.MSG_PEEK)
            except BlockingIOError:
                return False

        def handle(request):
            if not seen:
                victim.sock.send(GET)
            seen.append(answered())
            clock.now += 0.005
            request.connection.respond(200, "OK", HTTPHeaders(), b"")

        def act(request):
            if kind == "later":
                asyncio.get_running_loop().call_soon(handle, request)
            else:
                handle(request)
            return True

        first = serve(stream, Application(None, 0, b"", act))
        first._departures._at_once = 1000  # as if handlers had been slow before
        serve(other, Application(None, 0, b""))
        await peer.send(GET * 4)
        await until(lambda: len(seen) == 4)
        assert seen[2:] == [True, True]
        if kind == "later":
            assert seen[1]
        stream.close()
        other.close()

    run(main)


class Content(HTTPServerConnectionDelegate, HTTPMessageDelegate):
    """Records pieces of content, and turns of the loop between the head and the end."""

    def __init__(self, clock=None, seconds=0.0):
        self.clock = clock
        self.seconds = seconds
        self.pieces = []
        self.turns = 0
        self.counts = []
        self.is_open = False

    def start_request(self, server_conn, request_conn):
        self.connection = request_conn
        return self

    def headers_received(self, start_line, headers):
        self.is_open = True
        asyncio.get_running_loop().call_soon(self.turned)

    def turned(self):
        if self.is_open:
            self.turns += 1
            self.counts.append(len(self.pieces))
            asyncio.get_running_loop().call_soon(self.turned)

    def data_received(self, chunk):
        self.pieces.append(chunk)
        if self.clock is not None:
            self.clock.now += self.seconds

    def finish(self):
        self.is_open = False
        self.connection.respond(200, "OK", HTTPHeaders(), b"")


def chunks(*sizes):
    return b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes) + b"0\r\n\r\n"


def post(content, fields=b"Transfer-Encoding: chunked\r\n"):
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + content


def test_tiny_chunks_are_joined_and_let_the_loop_turn(run, connect):
    async def main():
        stream, peer = connect()
        app = Content()
        connection = serve(stream, app)
        connection.chunk_received(post(chunks(*[1] * 5000)))
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
        assert b"".join(app.pieces) == b"x" * 5000
        assert len(app.pieces) < 10
        assert app.turns > 10
        connection.close()

    run(main)


@pytest.mark.parametrize(
    ("sizes", "chunk_size", "expected"),
    [
        ([20, 30], 16, [16, 4, 16, 14]),
        ([4, 4, 4], 10, [4, 4, 4]),
        ([10, 10, 6], 10, [10, 10, 6]),
        ([1, 2, 3, 4], 10, [1, 2, 3, 4]),
        ([5] * 10, 16, [5, 5, 5, 5, 16, 14]),
    ],
)
def test_the_first_chunks_keep_their_borders(run, connect, sizes, chunk_size, expected):
    async def main():
        stream, peer = connect()
        app = Content()
        connection = serve(stream, app, chunk_size=chunk_size)
        await peer.send(post(chunks(*sizes)))
        await peer.receive_head()
        assert [len(piece) for piece in app.pieces] == expected
        connection.close()

    run(main)


@pytest.mark.parametrize(
    ("size", "chunk_size", "expected"),
    [(50, 16, [16, 16, 16, 2]), (26, 10, [10, 10, 6]), (20, 10, [10, 10])],
)
@pytest.mark.parametrize("coding", ["identity", "gzip", "gzip, many members"])
def test_content_of_known_length_in_pieces(run, connect, size, chunk_size, expected, coding):
    async def main():
        stream, peer = connect()
        app = Content()
        connection = serve(stream, app, chunk_size=chunk_size, decompress=True)
        content, fields = b"x" * size, b""
        if coding == "gzip":
            content, fields = gzip.compress(content), b"Content-Encoding: gzip\r\n"
        elif coding != "identity":
            content, fields = gzip.compress(b"x") * size, b"Content-Encoding: gzip\r\n"
        await peer.send(post(content, fields + b"Content-Length: %d\r\n" % len(content)))
        await peer.receive_head()
        assert [len(piece) for piece in app.pieces] == expected
        connection.close()

    run(main)


@pytest.mark.parametrize("way", ["time", "count"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_consumer_of_many_pieces_lets_the_loop_turn(run, connect, clock, way, coding):
    async def main():
        stream, peer = connect()
        app = Content(clock, 0.0006 if way == "time" else 0.0)
        connection = serve(stream, app, chunk_size=100, decompress=True)
        content, fields = bytes(30000), b""
        if coding == "gzip":
            content, fields = gzip.compress(content), b"Content-Encoding: gzip\r\n"
        head_and_content = post(content, fields + b"Content-Length: %d\r\n" % len(content))
        connection.chunk_received(head_and_content)
        await peer.receive_head()
        assert len(app.pieces) == 300
        most = max(
            [b - a for a, b in zip(app.counts, app.counts[1:], strict=False)] + [app.counts[0]]
        )
        assert most <= (4 if way == "time" else feed_room._CALLS_PER_TURN)
        connection.close()

    run(main)


@pytest.mark.parametrize("size", [1, 2, 100, 5000])
def test_gathered_pieces_cost_about_their_bytes(size):
    gathered = GatheredContent()
    for index in range(1000):
        gathered.add(bytes([index % 256]) * size)
    assert len(gathered._parts) <= 2 + 1000 * size // 65536 or size >= 2048
    assert gathered.take() == b"".join(bytes([index % 256]) * size for index in range(1000))
    gathered.add(b"again")
    assert gathered.take() == b"again"
