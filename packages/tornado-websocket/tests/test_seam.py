"""The two seams by which another transport carries a WebSocketHandler, each shown by a double."""

import asyncio

import pytest

from tornado._websocket.masking import apply_mask
from tornado._websocket.seam import Carrier
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest
from tornado.web import Application
from tornado.websocket import WebSocketHandler, WebSocketProtocol

KEY = b"\x05\x06\x07\x08"


class Chat(WebSocketHandler):
    def open(self, room):
        self.log = self.application.log
        self.log.append(("open", room))

    def on_message(self, message):
        self.log.append(message)
        self.write_message(f"{message}!")
        if message == "bye":
            self.close(4000, "bye too")

    def on_close(self):
        self.log.append(("close", self.close_code, self.close_reason))

    def select_subprotocol(self, subprotocols):
        return subprotocols[0] if subprotocols else None


@pytest.fixture
def app():
    app = Application([("/(.*)", Chat)])
    app.log = []
    return app


def request_to(connection, **fields):
    headers = HTTPHeaders({"Host": "example.com", **fields})
    request = HTTPServerRequest("GET", "/room", "HTTP/1.1", headers, connection=connection)
    connection.context = None
    return request


class Http2Stream(HTTPConnection):
    """A connection whose bytes go elsewhere: the frames of this package over a byte transport.

    So a stream of HTTP/2 with an extended CONNECT (RFC 8441) would carry them.
    """

    def __init__(self, transport):
        self.transport = transport
        self.answer = None

    def write_headers(self, start_line, headers, chunk=None, callback=None):
        self.answer = (start_line.code, headers)

    def detach(self):
        return self.transport


HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "sample",
}


def frame(text):
    return bytes((0x81, 0x80 | len(text))) + KEY + apply_mask(KEY, text.encode())


def test_bytes_by_another_transport(app, memory_transport):
    async def work():
        loop = asyncio.get_running_loop()
        transport, _ = memory_transport.pair(loop)
        connection = Http2Stream(transport)
        target = app.dispatch(request_to(connection, **HANDSHAKE))
        target.execute()
        await asyncio.sleep(0.01)
        status, headers = connection.answer
        assert status == 101
        assert headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers["Sec-WebSocket-Protocol"] == "sample"
        transport.give(frame("hello"))
        assert transport.sent == [b"\x81\x06hello!"]
        transport.close()
        await asyncio.sleep(0.01)

    asyncio.run(work())
    assert app.log == [("open", "room"), "hello", ("close", None, None)]


class Messages(WebSocketProtocol):
    """What an ASGI server's connection might be: it has messages, and needs no engine."""

    def __init__(self, handler):
        super().__init__(handler)
        self.sent = []
        self.ended = False

    async def accept_connection(self, handler=None):
        self.sent.append(("accept", self.handler.select_subprotocol(["given"])))
        self.handler._opened = True
        self.handler.open(*self.handler.open_args)

    def write_message(self, message, binary=False):
        self.sent.append(message)

    def write_ping(self, data):
        raise NotImplementedError("its server pings by itself")

    def close(self, code=None, reason=None):
        self.sent.append(("close", code, reason))
        self.ended = True

    def is_closing(self):
        return self.ended

    def start_pinging(self):
        pass

    def _abort(self):
        self.ended = True


class AsgiConnection(HTTPConnection):
    """A request's connection that is a `Carrier`."""

    carried = None

    def carry_websocket(self, handler):
        self.carried = Messages(handler)
        return self.carried


def test_messages_by_another_transport(app):
    async def work():
        connection = AsgiConnection()
        assert isinstance(connection, Carrier)
        app.dispatch(request_to(connection)).execute()
        await asyncio.sleep(0.01)
        carried = connection.carried
        handler = carried.handler
        handler.on_message("hello")
        handler.on_message("bye")
        assert carried.sent == [("accept", "given"), "hello!", "bye!", ("close", 4000, "bye too")]
        carried.client_terminated = True
        handler.on_ws_connection_close(1000, "done")
        assert handler.ws_connection is None

    asyncio.run(work())
    assert app.log == [("open", "room"), "hello", "bye", ("close", 1000, "done")]


def test_a_carrier_asks_for_the_origin_too(app):
    async def work():
        connection = AsgiConnection()
        answers = []
        connection.write_headers = lambda start_line, headers, chunk=None: answers.append(
            start_line.code
        )
        connection.finish = lambda: None
        app.dispatch(request_to(connection, Origin="http://evil")).execute()
        await asyncio.sleep(0.01)
        assert answers == [403]
        assert connection.carried is None

    asyncio.run(work())
    assert app.log == []
