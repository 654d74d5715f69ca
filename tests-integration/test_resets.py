"""A client that sends something and resets in the same moment, on every loop: the server lets go."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
POLL = b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n"
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Socket(WebSocketHandler):
    def open(self):
        self.settings["events"].append("open")

    def on_close(self):
        self.settings["events"].append("gone")


class Poll(RequestHandler):
    async def get(self):
        self.settings["events"].append("open")
        self.waiting = asyncio.get_running_loop().create_future()
        await self.waiting

    def on_connection_close(self):
        self.settings["events"].append("gone")
        self.waiting.cancel()


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("end", [reset, socket.socket.close], ids=["reset", "close"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (UPGRADE, bytes.fromhex("818500000000 6865")),  # a message that is not complete
        (UPGRADE, bytes.fromhex("818200000000 6869 81")),  # one that is, and half a head
        (POLL, b"GET /next HT"),
        (POLL, POLL),
    ],
    ids=["frame", "frames", "part of a request", "request"],
)
def test_the_handler_hears_of_it(loop, end, first, then):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    events = []

    async def main():
        application = Application([("/socket", Socket), ("/poll", Poll)], events=events)
        server = application.listen(0, "127.0.0.1")
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(first)
        await until(lambda: events == ["open"])
        client.sendall(then)
        end(client)
        await until(lambda: "gone" in events)
        server.stop()
        await server.close_all_connections()

    io_loop = IOLoop(loop) if loop == "uvloop" else IOLoop()
    io_loop.run_sync(main)
    io_loop.close()
    assert events == ["open", "gone"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("sent", [b"GET /", UPLOAD, UPLOAD + b"some"])
def test_requests_that_are_not_complete(loop, sent):
    if loop == "uvloop":
        pytest.importorskip("uvloop")

    async def main():
        application = Application([("/upload", RequestHandler)])
        server = application.listen(0, "127.0.0.1")
        streams = []
        handle_stream = server.handle_stream
        server.handle_stream = lambda stream, address: (
            streams.append(stream),
            handle_stream(stream, address),
        )[1]
        client = socket.create_connection(("127.0.0.1", server.port))
        await until(lambda: streams)
        client.sendall(sent)
        reset(client)
        await until(lambda: streams[0].closed())
        server.stop()

    io_loop = IOLoop(loop) if loop == "uvloop" else IOLoop()
    io_loop.run_sync(main)
    io_loop.close()
