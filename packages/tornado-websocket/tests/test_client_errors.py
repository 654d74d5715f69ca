"""Connecting that fails: the classes of every release, and the attributes of a connection made."""

import asyncio
import pickle
import socket
import struct
from contextlib import asynccontextmanager

import pytest

from tornado.httpclient import HTTPClientError, HTTPError, HTTPRequest, _RequestProxy
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from tornado.web import Application
from tornado.websocket import (
    HandshakeError,
    WebSocketClientConnection,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


@asynccontextmanager
async def responding(response, reset=False):
    """A server that sends ``response`` to each request and closes the connection."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        else:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("response", "classes"),
    [
        (b"", [HTTPClientError, HTTPStreamClosedError, StreamClosedError]),
        (b"HTTP/1.1 101 Swi", [HTTPClientError, HTTPStreamClosedError, StreamClosedError]),
        (b"HTTP/1.1 100 Continue\r\n\r\n", [HTTPClientError, HTTPStreamClosedError]),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", [HTTPClientError, StreamClosedError]),
        (b"junk\r\n\r\n", [StreamClosedError, HandshakeError, WebSocketError]),
        (b"HTTP/1.1 101 S\r\nfoo\r\n\r\n", [StreamClosedError, HandshakeError]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", [StreamClosedError, HandshakeError]),
        (SWITCH + b"\r\n", [StreamClosedError, HandshakeError]),
        (SWITCH + b"Sec-WebSocket-Accept: no\r\n\r\n", [StreamClosedError, HandshakeError]),
        (SWITCH.replace(b"websocket", b"h2c") + b"\r\n", [StreamClosedError, HandshakeError]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [WebSocketError]),
        (b"HTTP/1.1 204 No Content\r\n\r\n", [WebSocketError]),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", [HTTPClientError]),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", [HTTPClientError]),
    ],
)
def test_responses_that_are_no_handshake(response, classes):
    """Each error is what 6.6 raised, and what is more precise as well."""

    async def work():
        async with responding(response) as url:
            for each in (url, HTTPRequest(url)):
                with pytest.raises(classes[0]) as caught:
                    await websocket_connect(each)
                error = caught.value
                assert [cls for cls in classes if not isinstance(error, cls)] == []
                if isinstance(error, HTTPStreamClosedError):
                    assert (error.code, error.response) == (599, None)
                    assert str(error) == "Stream closed"
                    assert type(pickle.loads(pickle.dumps(error))) is type(error)
                if isinstance(error, StreamClosedError):
                    assert hasattr(error, "real_error")

    run(work())


def test_a_reset():
    async def work():
        async with responding(b"", reset=True) as url:
            with pytest.raises(ConnectionResetError) as caught:
                await websocket_connect(url)
            assert isinstance(caught.value, HTTPClientError)
            assert isinstance(caught.value, StreamClosedError)
            assert isinstance(caught.value.real_error, ConnectionResetError)

    run(work())


def test_a_port_that_nobody_listens_on():
    async def work():
        listening = bind_sockets(0, "127.0.0.1")[0]
        port = listening.getsockname()[1]
        listening.close()
        with pytest.raises(ConnectionRefusedError) as caught:
            await websocket_connect(f"ws://127.0.0.1:{port}/")
        assert not isinstance(caught.value, StreamClosedError)

    run(work())


def test_a_server_that_says_nothing():
    async def work():
        listening = bind_sockets(0, "127.0.0.1")[0]
        with listening, pytest.raises(HTTPTimeoutError) as caught:
            await websocket_connect(
                f"ws://127.0.0.1:{listening.getsockname()[1]}/", connect_timeout=0.05
            )
        assert caught.value.code == 599
        assert isinstance(caught.value, HTTPError)

    run(work())


@pytest.mark.parametrize("declared", [True, False])
def test_the_content_of_a_refusal_is_bounded(declared):
    """A server may send without end; what is kept for the caller to look at is little."""
    size = 1_000_000
    head = f"Content-Length: {size}\r\n" if declared else ""
    response = f"HTTP/1.1 403 Forbidden\r\n{head}\r\n".encode() + bytes(size)

    async def work():
        async with responding(response) as url:
            with pytest.raises((HTTPClientError, WebSocketError)) as caught:
                await websocket_connect(url)
            response_seen = getattr(caught.value, "response", None)
            assert response_seen is None or len(response_seen.body) <= 65536

    run(work())


# ---- a connection made by hand ----


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


@asynccontextmanager
async def echo_server():
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/.*", Echo)]))
    server.add_sockets(sockets)
    try:
        yield f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/path?query"
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


def by_function(url):
    return websocket_connect(url)


def by_request(url):
    return websocket_connect(HTTPRequest(url, headers={"X-Mine": "1"}))


def by_hand(url):
    return WebSocketClientConnection(HTTPRequest(url)).connect_future


def by_proxy(url):
    """As `websocket_connect` did from 4.0 to 6.6, and programs that copied it."""
    request = HTTPRequest(url)
    request.headers = HTTPHeaders(request.headers)
    proxy = _RequestProxy(request, HTTPRequest._DEFAULTS)
    return WebSocketClientConnection(
        request=proxy, compression_options={}, max_message_size=1000, subprotocols=None
    ).connect_future


def by_subclass(url):
    class Connection(WebSocketClientConnection):
        def __init__(self, **kwargs):
            self.mine = kwargs.pop("mine")
            super().__init__(**kwargs)

    proxy = _RequestProxy(HTTPRequest(url), {"connect_timeout": 5.0})
    return Connection(request=proxy, mine=1).connect_future


@pytest.mark.parametrize("connect", [by_function, by_request, by_hand, by_proxy, by_subclass])
def test_attributes_of_a_connection(connect):
    async def work():
        async with echo_server() as url:
            connection = await connect(url)
            connection.write_message("hello")
            assert await connection.read_message() == "hello"
            host = url.split("/")[2]
            assert connection.code is None
            assert connection.parsed.scheme == "http"
            assert connection.parsed.netloc == host
            assert (connection.parsed.path, connection.parsed.query) == ("/path", "query")
            assert connection.request.url.endswith("/path?query")
            sent = connection.request.headers
            assert sent["Upgrade"] == "websocket"
            assert sent["Connection"] == "Upgrade"
            assert sent["Sec-WebSocket-Version"] == "13"
            assert sent["Host"] == host
            assert len(sent["Sec-WebSocket-Key"]) == 24
            assert connection.headers["Upgrade"].lower() == "websocket"
            assert (connection.close_code, connection.close_reason) == (None, None)
            connection.close()
            await connection.wait_closed()

    run(work())


def test_the_callers_request_is_left_alone():
    async def work():
        async with echo_server() as url:
            request = HTTPRequest(url, headers={"X-Mine": "1"})
            async with websocket_connect(request):
                pass
            assert dict(request.headers) == {"X-Mine": "1"}
            assert request.url == url

    run(work())
