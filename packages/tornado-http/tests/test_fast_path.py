"""What a request on a kept-alive connection costs, counted, not timed."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado.http1connection import HTTP1ConnectionParameters, HTTP1ServerConnection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
)

GET = b"GET /path?query HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nUser-Agent: test\r\n\r\n"
ROUNDS = 50
COUNTED = {
    "send",
    "sendmsg",
    "sendall",
    "recv",
    "recv_into",
    "setsockopt",
    "getsockopt",
    "shutdown",
}


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what is asked of it."""

    def __init__(self):
        super().__init__()
        self.counts = dict.fromkeys(
            ["create_future", "create_task", "call_at", "call_soon", "add_reader", "add_writer"], 0
        )

    def create_future(self):
        self.counts["create_future"] += 1
        return super().create_future()

    def create_task(self, coroutine, **options):
        self.counts["create_task"] += 1
        return super().create_task(coroutine, **options)

    def call_at(self, *args, **options):
        self.counts["call_at"] += 1
        return super().call_at(*args, **options)

    def call_soon(self, *args, **options):
        self.counts["call_soon"] += 1
        return super().call_soon(*args, **options)

    def add_reader(self, *args):
        self.counts["add_reader"] += 1
        return super().add_reader(*args)

    def add_writer(self, *args):
        self.counts["add_writer"] += 1
        return super().add_writer(*args)


class CountingSocket:
    """Counts calls of a socket's methods that reach the kernel."""

    def __init__(self, sock):
        self._sock = sock
        self.calls = {}

    def __getattr__(self, name):
        value = getattr(self._sock, name)
        if name in COUNTED:
            self.calls[name] = self.calls.get(name, 0) + 1
        return value


def headers():
    return HTTPHeaders({"Content-Type": "text/plain", "Content-Length": "2"})


class Target:
    streams_body = False

    def __init__(self, request):
        self.request = request

    def execute(self):
        self.request.connection.respond(200, "OK", headers(), b"hi")

    def on_connection_close(self):
        raise AssertionError


class Dispatcher:
    def dispatch(self, request):
        return Target(request)


class Message(HTTPMessageDelegate):
    def __init__(self, connection):
        self.connection = connection

    def finish(self):
        self.connection.write_headers(ResponseStartLine("", 200, "OK"), headers())
        self.connection.write(b"hi")
        self.connection.finish()


class Delegate(HTTPServerConnectionDelegate):
    def start_request(self, server_conn, request_conn):
        return Message(request_conn)


class Context:
    remote_ip = "4.4.4.4"
    protocol = "http"


def rounds(loop, peer, count, request=GET):
    """Run the loop until a peer beside it has had `count` answers."""

    def ask():
        try:
            for _ in range(count):
                peer.sock.sendall(request)
                assert peer.sock.recv(10_000).endswith(b"\r\n\r\nhi")
        finally:
            loop.call_soon_threadsafe(loop.stop)

    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(ask)
        loop.run_forever()
        asked.result()


@pytest.mark.parametrize("kind", [Dispatcher, Delegate])
def test_counts(connect, peers, kind):
    loop = CountingLoop()
    asyncio.set_event_loop(loop)
    made = {}

    async def begin():
        stream, peer = connect()
        params = HTTP1ConnectionParameters(header_timeout=60, idle_timeout=3600, body_timeout=60)
        connection = HTTP1ServerConnection(stream, params, Context())
        stream.socket = CountingSocket(stream.socket)
        connection.start_serving(kind())
        peer.sock.settimeout(5)
        return connection, peer

    async def end(connection):
        connection.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def futures():
        return sum(isinstance(thing, asyncio.Future) for thing in gc.get_objects())

    try:
        connection, peer = loop.run_until_complete(begin())
        rounds(loop, peer, 2)
        before = dict(loop.counts)
        connection.stream.socket.calls.clear()
        gc.collect()
        futures_before = futures()
        rounds(loop, peer, ROUNDS)
        made["futures"] = futures() - futures_before
        made["counts"] = {name: loop.counts[name] - before[name] for name in before}
        made["calls"] = dict(connection.stream.socket.calls)
        loop.run_until_complete(end(connection))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        for peer in peers:
            peer.close()
    assert made["counts"] == dict.fromkeys(made["counts"], 0)
    assert made["calls"] == {"recv": ROUNDS, "send": ROUNDS}
    assert made["futures"] == 0


def test_content_that_came_with_its_head_is_no_batch(connect, peers):
    """The room of the kernel is asked for where responses are collected, not for each form."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b"

    async def begin():
        stream, peer = connect()
        connection = HTTP1ServerConnection(stream, None, Context())
        stream.socket = CountingSocket(stream.socket)
        connection.start_serving(Dispatcher())
        peer.sock.settimeout(5)
        return connection, peer

    async def end(connection):
        connection.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    try:
        connection, peer = loop.run_until_complete(begin())
        rounds(loop, peer, 2, post)
        calls = connection.stream.socket.calls
        calls.clear()
        rounds(loop, peer, ROUNDS, post)
        assert calls == {"recv": ROUNDS, "send": ROUNDS}
        loop.run_until_complete(end(connection))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("kind", [Dispatcher, Delegate])
def test_no_cycles_are_left_to_the_collector(run, connect, kind):
    async def main():
        stream, peer = connect()
        connection = HTTP1ServerConnection(stream, None, Context())
        connection.start_serving(kind())
        await peer.send(GET)
        await peer.receive_head()
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            for _ in range(20):
                await peer.send(GET)
                await peer.receive_head()
            assert len(gc.get_objects()) - before < 20
        finally:
            gc.enable()
        connection.close()

    run(main)
