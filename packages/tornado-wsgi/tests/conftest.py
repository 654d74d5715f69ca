"""A server on a free port for whatever a test wants to serve, and raw requests to it."""

from __future__ import annotations

import socket
import threading

import pytest

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop


def parse(answer: bytes) -> tuple[str, dict, bytes]:
    """Return (status line, fields, content) of an answer; chunks are put together."""
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    if fields.get("Transfer-Encoding") == "chunked":
        whole = b""
        while content:
            size, _, rest = content.partition(b"\r\n")
            length = int(size, 16)
            whole += rest[:length]
            content = rest[length + 2 :]
            if not length:
                break
        content = whole
    return status, fields, content


class Served:
    """A server that runs in a thread of its own; requests are made from the test's."""

    def __init__(self, make):
        self._make = make
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self):
        self.loop = IOLoop()
        self.loop.add_callback(self._start)
        self.loop.start()
        self.loop.close(all_fds=True)

    def _start(self):
        self.server = HTTPServer(self._make())
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        self.server.add_sockets([listening])
        self._ready.set()

    parse = staticmethod(parse)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return all that comes back until the server closes."""
        with self.connect() as peer:
            peer.sendall(request)
            parts = []
            while part := peer.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def get(self, path: str = "/", *lines: str, method: str = "GET") -> tuple[str, dict, bytes]:
        fields = ["Host: example.com:8080", "Connection: close", *lines]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *fields]) + "\r\n\r\n"
        return parse(self.ask(head.encode("latin-1")))

    def post(self, path: str, body: bytes, *lines: str) -> tuple[str, dict, bytes]:
        fields = ["Host: example.com", "Connection: close", f"Content-Length: {len(body)}", *lines]
        head = "\r\n".join([f"POST {path} HTTP/1.1", *fields]) + "\r\n\r\n"
        return parse(self.ask(head.encode("latin-1") + body))

    def stop(self):
        async def close():
            self.server.stop()
            await self.server.close_all_connections()
            self.loop.stop()

        if not self._thread.is_alive():
            return
        self.loop.add_callback(close)
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def serve():
    started = []

    def start(make):
        started.append(Served(make))
        return started[-1]

    yield start
    for served in started:
        served.stop()
