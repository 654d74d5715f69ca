"""Reconnecting: delays, and what is worth another attempt."""

import asyncio

import pytest

from tornado._websocket import reconnect
from tornado._websocket.errors import HandshakeError, WebSocketError
from tornado._websocket.reconnect import is_temporary
from tornado.httpclient import HTTPError
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import Backoff, WebSocketHandler, reconnecting_websocket


def test_delays_double_up_to_a_limit():
    backoff = Backoff(1, 10, jitter=0)
    assert [backoff.delay() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.delay() == 1


def test_chance_takes_its_share():
    chances = iter([0.0, 0.5, 1.0])
    backoff = Backoff(8, 8, jitter=0.5, chance=lambda: next(chances))
    assert [backoff.delay() for _ in range(3)] == [8, 6, 4]


@pytest.mark.parametrize(
    "arguments", [{"initial": 0}, {"initial": 2, "maximum": 1}, {"factor": 0.5}, {"jitter": 2}]
)
def test_arguments(arguments):
    with pytest.raises(ValueError, match="expected"):
        Backoff(**arguments)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(), True),
        (StreamClosedError(), True),
        (asyncio.TimeoutError(), True),
        (HTTPError(503), True),
        (HTTPError(599), True),
        (HTTPError(429), True),
        (HTTPError(403), False),
        (HTTPError(404), False),
        (WebSocketError(), False),
        (HandshakeError("x"), False),
        (ValueError(), False),
    ],
)
def test_what_is_temporary(error, expected):
    assert is_temporary(error) is expected


class Once(WebSocketHandler):
    """Greets, and closes."""

    def open(self):
        self.application.count += 1
        if self.application.count == 2:
            self.set_nodelay(True)
        self.write_message(f"hello {self.application.count}")
        self.close()


def serve(port=0):
    app = Application([("/", Once)])
    app.count = 0
    server = HTTPServer(app)
    sockets = bind_sockets(port, "127.0.0.1")
    server.add_sockets(sockets)
    return server, sockets[0].getsockname()[1]


QUICK = {"initial": 0.001, "maximum": 0.002}


def test_the_next_connection_follows():
    async def work():
        server, port = serve()
        messages = []
        async for connection in reconnecting_websocket(
            f"ws://127.0.0.1:{port}/", backoff=Backoff(**QUICK)
        ):
            async for message in connection:
                messages.append(message)
            await connection.wait_closed()
            if len(messages) == 3:
                break
        assert messages == ["hello 1", "hello 2", "hello 3"]
        server.stop()
        await server.close_all_connections()

    asyncio.run(asyncio.wait_for(work(), 5))


def test_a_server_that_comes_back():
    async def work():
        server, port = serve()
        server.stop()
        await server.close_all_connections()
        later = asyncio.get_running_loop().create_task(asyncio.sleep(0.03))
        back = []
        later.add_done_callback(lambda _: back.append(serve(port)[0]))
        async for connection in reconnecting_websocket(
            f"ws://127.0.0.1:{port}/", backoff=Backoff(**QUICK)
        ):
            assert await connection.read_message() == "hello 1"
            break
        back[0].stop()
        await connection.wait_closed()

    asyncio.run(asyncio.wait_for(work(), 5))


def test_attempts_are_counted():
    async def work():
        with bind_sockets(0, "127.0.0.1")[0] as sock:
            port = sock.getsockname()[1]
        with pytest.raises(OSError, match=r"."):
            async for _ in reconnecting_websocket(
                f"ws://127.0.0.1:{port}/", backoff=Backoff(**QUICK), max_attempts=3
            ):
                raise AssertionError("nothing to connect to")

    asyncio.run(asyncio.wait_for(work(), 5))


def test_a_refusal_is_final():
    async def work():
        server, port = serve()
        with pytest.raises(HTTPError, match="404"):
            async for _ in reconnecting_websocket(f"ws://127.0.0.1:{port}/missing"):
                raise AssertionError("nothing there")
        server.stop()
        await server.close_all_connections()

    asyncio.run(asyncio.wait_for(work(), 5))


class FakeConnection:
    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def test_only_a_stable_connection_resets_the_delays(monkeypatch):
    """Over a fake client and a fake clock."""
    slept, made = [], []

    class Time:
        now = 0.0

        def time(self):
            return self.now

    clock = Time()

    async def connect(url, **options):
        assert options == {"ping_interval": 5}
        made.append(FakeConnection())
        return made[-1]

    async def sleep(seconds):
        slept.append(seconds)

    class FakeAsyncio:
        TimeoutError = asyncio.TimeoutError
        get_running_loop = staticmethod(lambda: clock)

    FakeAsyncio.sleep = staticmethod(sleep)
    monkeypatch.setattr(reconnect, "websocket_connect", connect)
    monkeypatch.setattr(reconnect, "asyncio", FakeAsyncio)

    async def work():
        lasts = iter([1, 1, 1, 60, 1, 1])
        connections = reconnecting_websocket(
            "ws://x/", backoff=Backoff(1, 100, jitter=0), stable_after=10, ping_interval=5
        )
        async for _ in connections:
            assert all(old.closed for old in made[:-1])
            last = next(lasts, None)
            if last is None:
                break
            clock.now += last
        await connections.aclose()

    asyncio.run(work())
    assert slept == [1, 2, 4, 1, 2]
    assert made[-1].closed
