"""The end of a WebSocket is announced when the closing handshake is done or has failed.

The peer keeps the TCP connection open here, so that nothing else can announce it.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tornado._websocket import client as client_module
from tornado._websocket import session as session_module
from tornado._websocket.handshake import accept_value
from tornado._websocket.masking import apply_mask
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import (
    WebSocketClosedError,
    WebSocketHandler,
    reconnecting_websocket,
    websocket_connect,
)

KEY = b"\x01\x02\x03\x04"


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


@pytest.fixture(autouse=True)
def no_help_by_timers(monkeypatch):
    """Let the time limits for the transport be longer than any of these tests may take."""
    monkeypatch.setattr(session_module, "CLOSE_TIMEOUT", 60)
    monkeypatch.setattr(session_module, "LINGER_TIMEOUT", 60)
    monkeypatch.setattr(client_module, "_GRACE", 0.01)


# ---- the client's side ----


@asynccontextmanager
async def server_that_stays(frames):
    """A server that sends ``frames`` after the handshake, and ends no connection."""
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        (key,) = [
            line[19:] for line in head.split("\r\n") if line.startswith("Sec-Websocket-Key: ")
        ]
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_value(key).encode() + b"\r\n\r\n" + frames
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


ENDS = {
    "close": (b"\x88\x02\x03\xe8", 1000),
    "close with reason": (b"\x88\x05\x0f\xa1bye", 4001),
    "empty close": (b"\x88\x00", None),
    "reserved opcode": (b"\x83\x00", None),
    "masked frame": (b"\x81\x80" + KEY, None),
    "no UTF-8": (b"\x81\x01\xff", None),
    "too long": (b"\x82\x7f" + (2**40).to_bytes(8, "big"), None),
    "bad close code": (b"\x88\x02\x03\xed", None),
}
ends = pytest.mark.parametrize(("frames", "code"), ENDS.values(), ids=ENDS)


async def by_callback(url):
    heard = asyncio.Queue()
    connection = await websocket_connect(url, on_message_callback=heard.put_nowait)
    assert await heard.get() == "first"
    assert await heard.get() is None
    return connection


async def by_awaiting_callback(url):
    heard = asyncio.Queue()
    connection = await websocket_connect(url, on_message_callback=heard.put)
    assert await heard.get() == "first"
    assert await heard.get() is None
    return connection


async def by_reading(url):
    connection = await websocket_connect(url)
    assert await connection.read_message() == "first"
    assert await connection.read_message() is None
    return connection


async def by_iterating(url):
    connection = await websocket_connect(url)
    assert [message async for message in connection] == ["first"]
    return connection


async def by_waiting(url):
    connection = await websocket_connect(url, on_message_callback=lambda message: None)
    await connection.wait_closed()
    return connection


async def by_context(url):
    async with websocket_connect(url) as connection:
        assert [message async for message in connection] == ["first"]
    return connection


async def by_reconnecting(url):
    async for connection in reconnecting_websocket(url):
        assert [message async for message in connection] == ["first"]
        return connection
    return None


@ends
@pytest.mark.parametrize(
    "hear",
    [
        by_callback,
        by_awaiting_callback,
        by_reading,
        by_iterating,
        by_waiting,
        by_context,
        by_reconnecting,
    ],
)
def test_a_client_hears_of_the_end(frames, code, hear):
    async def work():
        async with server_that_stays(b"\x81\x05first" + frames) as url:
            connection = await hear(url)
            assert connection.close_code == code
            assert connection.is_closing()
            with pytest.raises(WebSocketClosedError):
                connection.write_message("late")
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


def test_the_wait_for_the_end_closes_the_transport():
    async def work():
        async with server_that_stays(b"\x88\x00") as url:
            connection = await websocket_connect(url)
            await connection.wait_closed()
            assert connection.stream.closed()

    run(work())


# ---- the server's side ----


class Noting(WebSocketHandler):
    def open(self):
        self.application.handlers.append(self)

    def on_message(self, message):
        if message == "fail":
            raise ZeroDivisionError
        if message == "close":
            self.close(1000, "done")

    def log_exception(self, *exc_info):
        pass

    def on_close(self):
        self.application.ended.put_nowait((self.close_code, self.close_reason))


class Iterating(Noting):
    async def open(self):
        super().open()
        async for message in self:
            self.on_message(message)


@asynccontextmanager
async def client_that_stays(handler, frames):
    application = Application([("/", handler)])
    application.ended = asyncio.Queue()
    application.handlers = []
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
    writer.write(
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frames
    )
    try:
        yield application, reader, writer
    finally:
        writer.transport.abort()
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


def masked(first, payload=b""):
    return bytes((first, 0x80 | len(payload))) + KEY + apply_mask(KEY, payload)


@pytest.mark.parametrize("handler", [Noting, Iterating])
@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (masked(0x88, b"\x03\xe8"), 1000),
        (masked(0x88), None),
        (masked(0x83), None),
        (masked(0x81, b"\xff"), None),
        (b"\x81\x00", None),
        (masked(0xC1, b"x"), None),
        (b"\x82\xff" + (2**40).to_bytes(8, "big"), None),
        (masked(0x81, b"fail"), None),
        (masked(0x81, b"close") + masked(0x88, b"\x03\xe8"), 1000),
    ],
)
def test_a_handler_hears_of_the_end(handler, frames, code):
    async def work():
        async with client_that_stays(handler, frames) as (application, _, writer):
            assert (await application.ended.get())[0] == code
            (instance,) = application.handlers
            with pytest.raises(WebSocketClosedError):
                instance.write_message("late")
            # What the client sends now, and its end, are no news.
            writer.write(masked(0x81, b"more"))
            writer.close()
            await asyncio.sleep(0.01)
            assert application.ended.empty()

    run(work())


def test_a_client_that_never_agrees_to_close(monkeypatch):
    monkeypatch.setattr(session_module, "CLOSE_TIMEOUT", 0.05)

    async def work():
        async with client_that_stays(Noting, masked(0x81, b"close")) as (application, reader, _):
            await reader.readuntil(b"done")
            assert await application.ended.get() == (None, None)
            assert await reader.read() == b""

    run(work())


def test_the_transport_of_a_client_that_stays_is_closed_in_time(monkeypatch):
    monkeypatch.setattr(session_module, "LINGER_TIMEOUT", 0.05)

    async def work():
        async with client_that_stays(Noting, masked(0x83)) as (application, _, _):
            await application.ended.get()
            (instance,) = application.handlers
            assert not instance.stream.closed()
            while not instance.stream.closed():
                await asyncio.sleep(0.01)

    run(work())
