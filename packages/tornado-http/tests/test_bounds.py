"""Bounds that nothing else would miss if they were gone."""

import asyncio
import socket

import pytest

from tornado._http1 import head as head_room
from tornado._http1.reader import RequestReader
from tornado.http1connection import HTTP1ServerConnection
from tornado.httputil import HTTPHeaders


@pytest.fixture
def known(monkeypatch):
    """The header blocks that are remembered; none to begin with."""
    blocks = {}
    monkeypatch.setattr(head_room, "_known", blocks)
    return blocks


def read(size, number=0):
    """Read the head of a request whose block of header lines has `size` bytes."""
    block = b" HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\nX: " % number
    reader = RequestReader()
    reader.receive(b"GET /" + block + b"x" * (size - len(block) - 3) + b"\r\n\r\n")
    assert reader.read_head() is not None


@pytest.mark.parametrize(("size", "count"), [(200, 1), (2048, 1), (2060, 0), (4096, 0), (60000, 0)])
def test_large_header_blocks_are_not_remembered(known, size, count):
    read(size)
    assert len(known) == count
    assert all(len(block) <= head_room._MAX_KNOWN_SIZE for block in known)


def test_few_header_blocks_are_remembered(known):
    for number in range(2000):
        read(200, number)
        assert len(known) <= head_room._MAX_KNOWN


class Application:
    def dispatch(self, request):
        return Target(request)

    def on_close(self, connection):
        pass


class Target:
    streams_body = False

    def __init__(self, request):
        self.request = request

    def execute(self):
        self.request.connection.respond(200, "OK", HTTPHeaders({"Connection": "close"}), b"x" * 100)

    def on_connection_close(self):
        pass


@pytest.mark.parametrize("unread", [b"x", b"GET / HTTP/1.1\r\n", b"x" * 30000])
def test_a_last_response_is_not_lost_to_bytes_behind_its_request(run, connect, unread):
    """Bytes that the reader has taken and nobody will use: more of their kind may be in the kernel."""

    async def main():
        stream, peer = connect()
        connection = HTTP1ServerConnection(stream)
        connection.start_serving(Application())
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + unread)
        data = await peer.receive()
        assert data.endswith(b"x" * 100)
        # It lingers: what the peer goes on sending resets nothing.
        assert not stream.closed()
        for _ in range(20):
            await peer.send(b"y" * 1000)
            await asyncio.sleep(0)
        error = peer.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert error == 0
        connection.close()

    run(main)
