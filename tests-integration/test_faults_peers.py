"""Peers that leave at every stage, of servers and clients: bounded, told clearly, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import ssl
import struct
import time

import pytest

from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.websocket import WebSocketError, websocket_connect

SERVER = r"""
import asyncio, gc, logging, os, sys
import tornado.web, tornado.websocket
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.testing import AsyncHTTPSTestCase

logging.basicConfig(format="%(levelname)s %(message)s", level=logging.ERROR)

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("x" * 1000)
    async def post(self):
        await asyncio.sleep(0.002)
        self.write(self.request.body)

class Stream(tornado.web.RequestHandler):
    async def get(self):
        for number in range(40):
            self.write(b"x" * 50000)
            await self.flush()

class Wait(tornado.web.RequestHandler):
    async def get(self):
        self.left = asyncio.Event()
        try:
            await asyncio.wait_for(self.left.wait(), float(self.get_argument("seconds")))
        except asyncio.TimeoutError:
            self.write("waited")
    def on_connection_close(self):
        self.left.set()

@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.size = 0
    async def data_received(self, chunk):
        self.size += len(chunk)
        await asyncio.sleep(0)
    def put(self):
        self.write(str(self.size))

class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)

class State(tornado.web.RequestHandler):
    def get(self):
        gc.collect()
        self.write({"descriptors": len(os.listdir("/proc/self/fd")),
                    "tasks": len(asyncio.all_tasks()),
                    "connections": sum(len(each._connections) for each in servers)})

servers = []

async def main():
    app = tornado.web.Application(
        [("/", Main), ("/stream", Stream), ("/wait", Wait), ("/upload", Upload), ("/echo", Echo),
         ("/state", State)], static_path=sys.argv[1])
    for options in ({}, {"ssl_options": AsyncHTTPSTestCase.default_ssl_options()}):
        sockets = bind_sockets(0, "127.0.0.1")
        servers.append(HTTPServer(app, **options))
        servers[-1].add_sockets(sockets)
        print("listens %d" % sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

LARGE = 3_000_000
SSL_LEAVES = "ignore:unclosed <ssl.SSLSocket:ResourceWarning"
"""What Python does with a socket that is reset in the moment in which it is wrapped."""


@pytest.fixture
def server(program, tmp_path):
    (tmp_path / "large").write_bytes(bytes(LARGE))
    running = program("-W", SSL_LEAVES, "-c", SERVER, str(tmp_path))
    running.ports = [int(port) for port in running.wait_for(r"listens (\d+)", 2)]
    return running


def connected(port: int, secure: bool) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    if not secure:
        return plain
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def leave(sock: socket.socket, how: str) -> bytes:
    """End a connection; return what still came where only our half is closed."""
    received = b""
    with contextlib.suppress(OSError):
        if how == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half-close":
            sock.shutdown(socket.SHUT_WR)
            while data := sock.recv(1_000_000):
                received += data
    sock.close()
    return received


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
)
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FRAME = b"\x82\xfe\x03\xe8\0\0\0\0" + bytes(1000)
"""A masked message of 1,000 bytes."""


def state_of(peer, server) -> dict[str, int]:
    with peer(server.ports[0]) as client:
        status, content = client.get("/state")
        assert status == 200
        found: dict[str, int] = json.loads(content)
        return found


def settled(peer, server, until, before: dict[str, int]) -> None:
    """Wait until the server holds no more than before; it has nothing to complain of."""
    seen: list[dict[str, int]] = []

    def is_level() -> bool:
        seen.append(state_of(peer, server))
        return all(seen[-1][key] <= before[key] for key in before)

    try:
        until(is_level, 20)
    except AssertionError:
        pytest.fail(f"before: {before}, after: {seen[-1]}")
    assert server.lines[2:] == []


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_leaving_at_every_byte_of_a_request(server, peer, until, how):
    before = state_of(peer, server)
    for request in (GET, POST, CHUNKED):
        for size in range(len(request) + 1):
            sock = connected(server.ports[0], secure=False)
            sock.sendall(request[:size])
            if size % 3 == 0:
                time.sleep(0.001)  # sometimes it is read before the end comes
            received = leave(sock, how)
            if how == "half-close" and (request, size) == (GET, len(GET)):
                assert received.endswith(b"\r\n\r\n" + b"x" * 1000)
            elif how == "half-close" and size < len(request):
                assert not received.startswith(b"HTTP/1.1 2")
    settled(peer, server, until, before)


STAGES = {
    "stream": b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
    "file": b"GET /static/large HTTP/1.1\r\nHost: a\r\n\r\n",
    "waiting": b"GET /wait?seconds=5 HTTP/1.1\r\nHost: a\r\n\r\n",
    "upload": b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"
    + bytes(300_000),
    "pipeline": GET * 200,
    "websocket": UPGRADE + FRAME * 50,
    "part of a frame": UPGRADE + FRAME * 3 + FRAME[:500],
}


COMES = {"waiting": 0, "upload": 0, "websocket": 5000, "part of a frame": 100}
"""Bytes of an answer that come at least, where that is less than is asked for."""


@pytest.mark.parametrize(
    ("how", "secure"),
    [(how, False) for how in ("close", "reset", "half-close")]
    + [(how, True) for how in ("close", "reset")],  # TLS ends both halves
)
def test_leaving_at_every_stage_of_an_answer(server, peer, until, how, secure):
    before = state_of(peer, server)
    for stage, request in STAGES.items():
        for size in (0, 1, 100, 5000, 100_000):
            if size > COMES.get(stage, size):
                continue
            sock = connected(server.ports[secure], secure)
            sock.sendall(request)
            received = 0
            while received < size and (data := sock.recv(min(size - received, 65536))):
                received += len(data)
            rest = leave(sock, how)
            if how == "half-close" and stage == "pipeline":
                assert received + len(rest) > 200 * 1000
    settled(peer, server, until, before)


def test_leaving_during_the_handshake(server, peer, until):
    """At every stage of TLS, and with what is no TLS at all."""
    before = state_of(peer, server)
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="a")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    for how in ("close", "reset", "half-close"):
        for data in (b"", hello[:1], hello[:5], hello[:-1], hello, hello + b"x" * 100, GET):
            for wait in (0.0, 0.002):
                sock = connected(server.ports[1], secure=False)
                sock.sendall(data)
                time.sleep(wait)
                leave(sock, how)
    settled(peer, server, until, before)


DYING = r"""
import os, re, signal, socket, struct, sys, threading

answer = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + bytes(50)
chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"a\r\n" + bytes(10) + b"\r\n") * 5
upgrade = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Accept: %s\r\n\r\n")

def serve(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        received = sock.recv(65536)
        if not received:
            return
        data += received
    kind, size, how = re.match(rb"GET /(\w+)/(\d+)/(\w+)", data).groups()
    if kind == b"websocket":
        import base64, hashlib
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", data)[1]
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        whole = upgrade % base64.b64encode(accept) + b"\x82\x7e\x03\xe8" + bytes(1000)
    else:
        whole = {b"length": answer, b"chunked": chunked}[kind]
    sock.sendall(whole[:int(size)])
    if how == b"kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == b"reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=256)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
LENGTHS = {"length": 90, "chunked": 122}


def open_sockets() -> int:
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return count


@contextlib.asynccontextmanager
async def nothing_left():
    """The sockets that are open and the tasks that run afterwards are those of before."""
    gc.collect()
    sockets, tasks = open_sockets(), len(asyncio.all_tasks())
    yield
    for _ in range(500):
        gc.collect()
        if open_sockets() <= sockets and len(asyncio.all_tasks()) <= tasks:
            break
        await asyncio.sleep(0.01)
    assert open_sockets() <= sockets
    assert len(asyncio.all_tasks()) <= tasks


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("kind", list(LENGTHS))
def test_servers_that_leave_at_every_byte(program, unused_port, kind, how):
    port = unused_port()
    program("-c", DYING, str(port)).wait_for("(ready)")

    async def main():
        async with nothing_left():
            client = AsyncHTTPClient(force_instance=True)
            for size in range(LENGTHS[kind] - 1):
                began = time.monotonic()
                with pytest.raises((HTTPError, OSError)) as caught:
                    await client.fetch(f"http://127.0.0.1:{port}/{kind}/{size}/{how}")
                if isinstance(caught.value, HTTPError):
                    assert caught.value.code == 599
                assert str(caught.value)
                assert time.monotonic() - began < 5
            client.close()

    asyncio.run(main())


@pytest.mark.parametrize("how", ["close", "reset"])
def test_websocket_servers_that_leave_at_every_byte(program, unused_port, how):
    port = unused_port()
    program("-c", DYING, str(port)).wait_for("(ready)")

    async def main():
        async with nothing_left():
            head = 129
            for size in range(head):
                with pytest.raises((HTTPError, OSError, WebSocketError)):
                    await websocket_connect(f"ws://127.0.0.1:{port}/websocket/{size}/{how}")
            for size in (head, head + 1, head + 3, head + 4, head + 500, head + 1003):
                url = f"ws://127.0.0.1:{port}/websocket/{size}/{how}"
                try:
                    connection = await websocket_connect(url)
                except (HTTPError, OSError, WebSocketError):
                    assert how == "reset"  # it came before the answer was looked at
                    continue
                assert await asyncio.wait_for(connection.read_message(), 5) is None
                assert connection.close_code in (None, 1006)
            url = f"ws://127.0.0.1:{port}/websocket/{head + 1004}/close"
            connection = await websocket_connect(url)
            assert await connection.read_message() == bytes(1000)
            assert await asyncio.wait_for(connection.read_message(), 5) is None

    asyncio.run(main())


def test_a_server_process_that_dies(program, unused_port, until):
    """Killed in the midst of an answer, with many others under way; another takes its place."""
    port = unused_port()

    async def main():
        async with nothing_left():
            client = AsyncHTTPClient(force_instance=True, max_clients=20)
            for size in (0, 10, 45):
                dying = program("-c", DYING, str(port))
                dying.wait_for("(ready)")
                whole = f"http://127.0.0.1:{port}/length/90/close"
                assert len((await client.fetch(whole)).body) == 50
                others = [client.fetch(whole) for _ in range(10)]
                last = client.fetch(f"http://127.0.0.1:{port}/length/{size}/kill")
                others += [client.fetch(whole) for _ in range(30)]
                results = await asyncio.wait_for(
                    asyncio.gather(last, *others, return_exceptions=True), 20
                )
                assert isinstance(results[0], (HTTPError, OSError))
                for result in results[1:]:
                    if isinstance(result, BaseException):
                        assert isinstance(result, (HTTPError, OSError))
                        assert str(result)
                    else:
                        assert len(result.body) == 50
                assert dying.wait() == -9
                with pytest.raises(ConnectionRefusedError):
                    await client.fetch(whole)
            client.close()

    asyncio.run(main())
