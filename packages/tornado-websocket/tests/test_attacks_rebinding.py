"""A name of the attacker's that came to mean this server: its pages pass for the same origin.

Origin and Host agree then, so no check of origins can tell. What tells is the host that an
application is bound to.
"""

import asyncio

import pytest

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Socket(WebSocketHandler):
    def open(self):
        self.close()


@pytest.fixture
def status():
    """Return the status that a handshake is answered with."""

    async def ask(application, host, origin):
        server = HTTPServer(application)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        try:
            reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
            writer.write(HANDSHAKE.format(host=host, origin=origin).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            return int(head.split()[1])
        finally:
            server.stop()
            await server.close_all_connections()

    return lambda *arguments: asyncio.run(asyncio.wait_for(ask(*arguments), 10))


def bound():
    application = Application()
    application.add_handlers(r"app\.example", [("/ws", Socket)])
    return application


def test_an_application_bound_to_its_host(status):
    assert status(bound(), "app.example", "https://app.example") == 101
    assert status(bound(), "app.example:8080", "https://app.example:8080") == 101


@pytest.mark.parametrize(
    "host", ["evil.example", "app.example.evil.example", "xapp.example", "appXexample", "127.0.0.1"]
)
def test_a_rebound_host_is_not_served(status, host):
    assert status(bound(), host, f"http://{host}") == 404


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://app.example.evil.example",
        "http://app.example:8080",
        "http://evil.example/app.example",
        "http://user@app.example",
        "app.example",
        "null",
        "file://",
    ],
)
def test_pages_of_other_origins(status, origin):
    assert status(bound(), "app.example", origin) == 403
