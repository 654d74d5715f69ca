"""Which pages may open a WebSocket: Sec-Fetch-Site, Origin, trusted origins and the two hooks."""

import asyncio

import pytest

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

HOST = "app.example:8080"
SAME = f"http://{HOST}"
OTHER = "https://other.example"


class Socket(WebSocketHandler):
    def open(self):
        self.close()


class Own(Socket):
    """As programs for older releases decide for themselves."""

    def check_origin(self, origin):
        self.application.asked.append(origin)
        return origin == OTHER


class Asynchronous(Socket):
    async def check_origin(self, origin):
        await asyncio.sleep(0)
        return origin == OTHER


class Trusting(Socket):
    def check_trusted_origin(self, origin):
        return origin == OTHER


def ask(handler, headers, **settings):
    """Return the status of a handshake with these header fields, and which origins were asked about."""

    async def work():
        application = Application([("/", handler)], **settings)
        application.asked = []
        server = HTTPServer(application)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        try:
            reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
            lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
            writer.write(
                f"GET / HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                f"{''.join(lines)}\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            return int(head.split()[1]), application.asked
        finally:
            server.stop()
            await server.close_all_connections()
            await asyncio.sleep(0)

    return asyncio.run(asyncio.wait_for(work(), 10))


def fields(site=None, origin=None):
    pairs = {"Sec-Fetch-Site": site, "Origin": origin}
    return {name: value for name, value in pairs.items() if value is not None}


#: Sec-Fetch-Site and Origin, and what becomes of the handshake if OTHER is trusted and if not.
CASES = [
    (None, None, 101, 101),
    (None, SAME, 101, 101),
    (None, SAME + "/page", 101, 101),
    (None, OTHER, 101, 403),
    (None, OTHER + "/page", 403, 403),
    (None, "null", 403, 403),
    (None, HOST, 403, 403),
    (None, "http://app.example", 403, 403),
    ("same-origin", None, 101, 101),
    ("same-origin", SAME, 101, 101),
    ("same-origin", "https://public.example", 101, 101),
    ("none", None, 101, 101),
    ("none", OTHER, 101, 101),
    ("same-site", None, 403, 403),
    ("same-site", SAME, 403, 403),
    ("same-site", OTHER, 101, 403),
    ("cross-site", None, 403, 403),
    ("cross-site", SAME, 403, 403),
    ("cross-site", OTHER, 101, 403),
    ("anything", OTHER, 101, 403),
    ("Same-Origin", OTHER, 101, 403),
    ("", OTHER, 101, 403),
]


@pytest.mark.parametrize(("site", "origin", "trusted", "otherwise"), CASES)
def test_who_may_open_a_websocket(site, origin, trusted, otherwise):
    headers = fields(site, origin)
    assert ask(Socket, headers) == (otherwise, [])
    assert ask(Socket, headers, trusted_origins=[OTHER])[0] == trusted
    for handler in (Own, Asynchronous, Trusting):
        assert ask(handler, headers)[0] == trusted


@pytest.mark.parametrize(
    ("site", "origin", "asked"),
    [
        (None, SAME, []),
        (None, None, []),
        ("same-origin", OTHER, []),
        (None, OTHER, [OTHER]),
        ("cross-site", SAME, [SAME]),
        ("cross-site", None, []),
    ],
)
def test_the_hook_is_asked_about_what_looks_cross_origin(site, origin, asked):
    assert ask(Own, fields(site, origin))[1] == asked


def test_xsrf_cookies_do_not_matter():
    for settings in ({}, {"xsrf_cookies": True}, {"cross_origin_protection": True}):
        assert ask(Socket, fields(None, SAME), **settings)[0] == 101
        assert ask(Socket, fields("cross-site", OTHER), **settings)[0] == 403


def test_a_coroutine_that_refuses_counts_as_no():
    class Refusing(Socket):
        async def check_origin(self, origin):
            return False

    assert ask(Refusing, fields(None, OTHER))[0] == 403


def test_drafts_name_the_field_otherwise():
    assert ask(Socket, {"Sec-WebSocket-Origin": OTHER})[0] == 403
    assert ask(Socket, {"Sec-WebSocket-Origin": SAME})[0] == 101
