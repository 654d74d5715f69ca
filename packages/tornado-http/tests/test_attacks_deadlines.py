"""Deadlines while content is received: they are the peer's, not those of who consumes the content."""

import asyncio
import socket

from tornado._http1.state import Serving
from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import HTTPHeaders, ResponseStartLine

SIZE = 2_000_000
PUT = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"


class Consumer:
    """Takes its time for each piece of content, and may write before it has all of it."""

    streams_body = True

    def __init__(self, size=0):
        self.size = size
        self.waiting = None

    def dispatch(self, request):
        self.exchange = request.connection
        return self

    def data_received(self, chunk):
        if self.size:
            self.written = self.exchange.write_headers(
                ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders(), bytes(self.size)
            )
            self.written.add_done_callback(asyncio.Future.exception)
            self.size = 0
        self.waiting = asyncio.get_running_loop().create_future()
        return self.waiting

    def finish(self):
        if self.exchange._writer is None:
            self.exchange.respond(200, "OK", HTTPHeaders(), b"fine")

    def on_connection_close(self):
        if self.waiting is not None and not self.waiting.done():
            self.waiting.cancel()


def serve(connect, application, **params):
    stream, peer = connect()
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**params))
    connection.start_serving(application)
    return connection, peer


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def consumed(application):
    waiting, application.waiting = application.waiting, None
    waiting.set_result(None)


def test_a_consumer_may_take_longer_than_the_peer(run, connect):
    async def main():
        application = Consumer()
        connection, peer = serve(connect, application, header_timeout=0.03)
        await peer.send(PUT)
        await until(lambda: application.waiting)
        consumed(application)  # from here on the peer has 30 ms for the next piece
        await asyncio.sleep(0)
        await peer.send(b"d")
        await until(lambda: application.waiting)
        await asyncio.sleep(0.05)
        assert connection.phase is Serving.CONTENT
        assert not connection.stream.closed()
        await peer.send(b"ef")
        consumed(application)
        await until(lambda: application.waiting)
        consumed(application)
        assert (await peer.receive_head()).endswith(b"fine")
        connection.close()

    run(main)


def test_the_peer_has_its_time_again_when_the_consumer_is_ready(run, connect):
    async def main():
        application = Consumer()
        connection, peer = serve(connect, application, header_timeout=0.03)
        await peer.send(PUT)
        await until(lambda: application.waiting)
        await asyncio.sleep(0.05)
        consumed(application)
        await until(connection.stream.closed)

    run(main)


def test_a_body_timeout_is_for_both(run, connect):
    async def main():
        application = Consumer()
        connection, peer = serve(connect, application, body_timeout=0.03)
        await peer.send(PUT)
        await until(connection.stream.closed)

    run(main)


def test_a_consumer_that_waits_for_a_peer_that_never_reads(run, connect):
    async def main():
        application = Consumer(SIZE)
        connection, peer = serve(connect, application, idle_timeout=0.03)
        await peer.send(PUT)
        await until(connection.stream.closed)

    run(main)


def test_an_answer_begun_within_the_content_to_a_peer_that_never_reads(run, connect):
    async def main():
        application = Consumer(SIZE)
        connection, peer = serve(connect, application, idle_timeout=0.03)
        await peer.send(PUT + b"def")
        await until(lambda: application.waiting)
        consumed(application)
        await until(lambda: connection.phase is not Serving.CONTENT)
        await until(connection.stream.closed)

    run(main)


def test_a_slow_peer_counts_by_what_it_takes_from_the_kernel(run, connect):
    """The kernel asks for more only when much of its buffer is free; the peer reads all the same."""

    async def main():
        application = Consumer(2 * SIZE)
        stream, peer = connect()
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(idle_timeout=60))
        connection.start_serving(application)
        await peer.send(PUT + b"def")
        await until(lambda: application.waiting)
        consumed(application)
        await asyncio.sleep(0.01)
        stood_still = 0
        while stood_still < 2:
            sent = stream.sent_late
            await peer.receive(40_000)
            stood_still += stream.sent_late == sent
            connection.deadline_passed()
            assert not stream.closed()
        connection.deadline_passed()  # nothing was read since
        assert stream.closed()

    run(main)
