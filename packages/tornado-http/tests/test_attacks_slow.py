"""Peers that read answers slowly or never, and peers that are still sending when they are refused."""

import asyncio
import socket

import pytest

from tornado._http1.server import _CLOSING
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import HTTPHeaders, ResponseStartLine

SIZE = 2_000_000


class Large:
    """An application whose every answer is more than the kernel's buffers hold."""

    def dispatch(self, request):
        return LargeTarget(request)


class LargeTarget:
    streams_body = False

    def __init__(self, request):
        self.request = request

    def execute(self):
        self.request.connection.respond(200, "OK", HTTPHeaders(), bytes(SIZE))

    def on_connection_close(self):
        pass


class Streaming(Large):
    """An application that writes a part of its answer and leaves the rest for later."""

    def dispatch(self, request):
        self.exchange = request.connection
        return StreamingTarget(request)


class StreamingTarget(LargeTarget):
    def execute(self):
        self.written = self.request.connection.write_headers(
            ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders(), bytes(SIZE)
        )


class SendingFile(Large):
    def __init__(self, file):
        self.file = file

    def dispatch(self, request):
        target = SendingFileTarget(request)
        target.file = self.file
        return target


class SendingFileTarget(LargeTarget):
    def execute(self):
        exchange = self.request.connection
        headers = HTTPHeaders({"Content-Length": str(SIZE)})
        exchange.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers)
        exchange.send_file(self.file, 0, SIZE).add_done_callback(asyncio.Future.exception)


def serve(connect, application=None, **params):
    """Return a connection that serves, over small buffers, and its peer."""
    stream, peer = connect()
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**params))
    connection.start_serving(application or Large())
    return connection, peer


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    "request_head",
    [b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"],
)
def test_the_last_answer_is_not_cut_off_while_the_peer_goes_on_reading(run, connect, request_head):
    async def main():
        connection, peer = serve(connect, header_timeout=60)
        stream = connection.stream
        await peer.send(request_head)
        await until(lambda: connection.phase is _CLOSING)
        received = 0
        for _ in range(3):
            backlog = stream.backlog
            while stream.backlog == backlog:
                received += len(await peer.receive(16384))
            connection.deadline_passed()
            assert not stream.closed()
        received += len(await peer.receive())
        assert received > SIZE

    run(main)


def test_a_peer_that_stops_reading_the_last_answer_is_cut_off(run, connect):
    async def main():
        connection, peer = serve(connect, header_timeout=0.02)
        await peer.send(b"GET / HTTP/1.0\r\n\r\n")
        await until(connection.stream.closed)

    run(main)


def test_a_peer_that_never_reads_its_answers_is_cut_off(run, connect):
    async def main():
        connection, peer = serve(connect, idle_timeout=0.02)
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
        await until(connection.stream.closed)

    run(main)


def test_a_peer_that_reads_its_answers_late_is_served_on(run, connect):
    async def main():
        connection, peer = serve(connect, idle_timeout=60)
        stream = connection.stream
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        await until(lambda: stream.backlog > 262144)
        received = 0
        for _ in range(3):
            backlog = stream.backlog
            while stream.backlog == backlog:
                received += len(await peer.receive(16384))
            connection.deadline_passed()
            assert not stream.closed()
        received += len(await peer.receive(3 * SIZE - received))
        assert received >= 3 * SIZE
        connection.close()

    run(main)


def test_a_peer_that_stops_reading_a_streamed_answer_is_cut_off(run, connect):
    async def main():
        connection, peer = serve(connect, Streaming(), idle_timeout=0.02)
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(connection.stream.closed)

    run(main)


def test_a_peer_that_stops_reading_a_file_is_cut_off(run, connect, tmp_path):
    (tmp_path / "file").write_bytes(bytes(SIZE))

    async def main():
        with (tmp_path / "file").open("rb") as file:
            connection, peer = serve(connect, SendingFile(file), idle_timeout=0.02)
            await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(connection.stream.closed)

    run(main)


def test_a_streamed_answer_may_pause_for_as_long_as_it_likes(run, connect):
    async def main():
        application = Streaming()
        connection, peer = serve(connect, application, idle_timeout=60)
        stream = connection.stream
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = len(await peer.receive(65536))
        connection.deadline_passed()  # it took a part
        assert not stream.closed()
        while stream.writing():
            received += len(await peer.receive(1))
        connection.deadline_passed()  # it took all
        assert not stream.closed()
        application.exchange.write(bytes(10))
        application.exchange.finish()
        connection.deadline_passed()  # and is idle now
        received += len(await peer.receive())
        assert received > SIZE + 10

    run(main)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n", b"413"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"400"),
    ],
)
def test_a_refusal_is_not_lost_to_what_the_peer_goes_on_sending(run, connect, head, status):
    async def main():
        connection, peer = serve(connect, max_body_size=1000)
        await peer.send(head)
        await until(lambda: connection.phase is _CLOSING)
        # A connection that was closed already would be reset by the first piece.
        for _ in range(20):
            await peer.send(bytes(65536))
            await asyncio.sleep(0.001)
        assert not connection.stream.closed()
        assert (await peer.receive()).split()[1] == status
        connection.close()

    run(main)
