"""A peer that is gone, in every state of a connection: the end is heard, and nothing stays behind.

How it goes: by a reset, by the end of its connection, by the end of its sending direction. Over: TCP
and TLS, asyncio and uvloop.
"""

import asyncio
import functools
import os
import socket
import ssl
import struct

import pytest

from tornado._websocket.masking import apply_mask
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

KEY = b"\x01\x02\x03\x04"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(payload, first=0x81):
    return bytes((first, 0x80 | len(payload))) + KEY + apply_mask(KEY, payload)


#: What the client sends last.
STATES = {
    "idle": b"",
    "within a head": b"\x81",
    "within a payload": b"\x81\x85\x00\x00\x00\x00he",
    "within a fragmented message": frame(b"part", 0x01),
    "after a message": frame(b"hello"),
    "while a hook runs": frame(b"slow"),
    "after many messages": frame(b"hello") * 50 + b"\x81",
    "while much is sent to it": frame(b"much"),
}


class Handler(WebSocketHandler):
    def open(self):
        self.set_nodelay(True)
        self.application.events.put_nowait("open")

    async def on_message(self, message):
        if message == "slow":
            await asyncio.sleep(0.02)
        elif message == "much":
            for _ in range(64):
                await self.write_message(b"x" * 65536, binary=True)

    def on_close(self):
        self.application.events.put_nowait("close")


def held():
    """Return the descriptors of this process and the tasks of the loop."""
    return set(os.listdir("/proc/self/fd")), asyncio.all_tasks()


@pytest.fixture(scope="module")
def tls(certificate):
    """Contexts of a server and of a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(**certificate)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificate["certfile"])
    return server, client


def new_loop(name):
    if name == "uvloop":
        return pytest.importorskip("uvloop").new_event_loop()
    return asyncio.new_event_loop()


async def left_behind(before):
    """Return the descriptors and tasks that are there and were not before, once they are none."""
    for _ in range(200):
        descriptors, tasks = (now - then for now, then in zip(held(), before, strict=True))
        if not descriptors and not tasks:
            break
        await asyncio.sleep(0.01)
    return descriptors, tasks


def drain(sock):
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


async def leave(sock, how, blocking):
    """Go in the way that ``how`` says; the state's bytes are on their way already."""
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    elif how == "FIN":
        sock.close()
    else:
        sock.shutdown(socket.SHUT_WR)
        await blocking(drain, sock)  # it may still read


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
@pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"])
@pytest.mark.parametrize("transport", ["plain", "TLS"])
@pytest.mark.parametrize("how", ["reset", "FIN", "half-close"])
def test_a_server_hears_that_its_client_is_gone(loop_name, transport, how, tls):
    async def one(port, last, application, blocking):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.settimeout(10)
        if transport == "TLS":
            sock = await blocking(lambda: tls[1].wrap_socket(sock, server_hostname="127.0.0.1"))
        await blocking(sock.sendall, HANDSHAKE)
        assert await application.events.get() == "open"
        # The end comes together with the last bytes, before the server's loop turns.
        sock.sendall(last)
        await leave(sock, how, blocking)
        assert await application.events.get() == "close"
        sock.close()

    async def work():
        application = Application([("/", Handler)])
        application.events = asyncio.Queue()
        options = {"ssl_options": tls[0]} if transport == "TLS" else {}
        server = HTTPServer(application, **options)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        loop = asyncio.get_running_loop()

        def blocking(func, *args):
            return loop.run_in_executor(None, func, *args)

        await blocking(int)  # the thread that stays
        try:
            for state, last in STATES.items():
                before = held()
                work = one(sockets[0].getsockname()[1], last, application, blocking)
                try:
                    await asyncio.wait_for(work, 5)
                except asyncio.TimeoutError:
                    pytest.fail(f"the end was not heard: {state}")
                assert await left_behind(before) == (set(), set()), state
        finally:
            server.stop()
            await server.close_all_connections()
            await loop.shutdown_default_executor()

    loop = new_loop(loop_name)
    try:
        loop.run_until_complete(asyncio.wait_for(work(), 60))
    finally:
        loop.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
@pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"])
@pytest.mark.parametrize("how", ["reset", "FIN", "half-close"])
@pytest.mark.parametrize("pull", [True, False])
def test_a_client_hears_that_its_server_is_gone(loop_name, how, pull):
    from tornado._websocket.handshake import accept_value

    async def one(listening, last):
        loop = asyncio.get_running_loop()
        heard = asyncio.Queue()
        connecting = websocket_connect(
            f"ws://127.0.0.1:{listening.getsockname()[1]}/",
            on_message_callback=None if pull else heard.put_nowait,
        )
        sock, _ = await loop.sock_accept(listening)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await loop.sock_recv(sock, 4096)
        (key,) = [line for line in head.decode().split("\r\n") if "-Key: " in line]
        accept = accept_value(key.partition(": ")[2])
        await loop.sock_sendall(
            sock,
            b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n",
        )
        connection = await connecting
        sock.send(last)
        await leave(sock, how, functools.partial(loop.run_in_executor, None))
        if pull:
            while await connection.read_message() is not None:
                pass
        else:
            while await heard.get() is not None:
                pass
        await connection.wait_closed()
        assert connection.stream.closed()
        sock.close()

    async def work():
        listening = bind_sockets(0, "127.0.0.1")[0]
        try:
            for last in (b"", b"\x81", b"\x81\x05he", b"\x01\x02he", b"\x81\x02hi" * 3):
                before = held()
                await asyncio.wait_for(one(listening, last), 5)
                assert await left_behind(before) == (set(), set()), last
        finally:
            listening.close()

    loop = new_loop(loop_name)
    try:
        loop.run_until_complete(asyncio.wait_for(work(), 30))
    finally:
        loop.close()
