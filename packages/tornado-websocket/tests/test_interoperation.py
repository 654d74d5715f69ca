"""Both ends against the websockets and aiohttp libraries over sockets, and wsproto over bytes."""

import asyncio
import os

import aiohttp
import pytest
import websockets
from aiohttp import web
from websockets.asyncio.server import serve
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from tornado._websocket import events
from tornado._websocket.engine import Engine, Role
from tornado._websocket.negotiation import DeflateOptions, DeflateParameters
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

MESSAGES = [
    "text",
    "",
    b"",
    b"\x00\xff" * 10,
    "äöü€🌍" * 100,
    "x" * 125,
    "x" * 126,
    b"y" * 65535,
    b"z" * 65536,
    os.urandom(300_000),
    "repeat " * 20_000,
]


class Echo(WebSocketHandler):
    def on_message(self, message):
        return self.write_message(message, isinstance(message, bytes))

    def get_compression_options(self):
        return {} if self.get_argument("deflate", None) else None

    def select_subprotocol(self, subprotocols):
        return subprotocols[-1] if subprotocols else None


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 20))


async def with_our_server(work):
    server = HTTPServer(Application([("/", Echo)]))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    try:
        await work(sockets[0].getsockname()[1])
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("deflate", [True, False])
def test_client_of_websockets(deflate):
    async def work(port):
        url = f"ws://127.0.0.1:{port}/" + ("?deflate=1" if deflate else "")
        async with websockets.connect(url, subprotocols=["a", "b"], max_size=None) as connection:
            assert connection.subprotocol == "b"
            assert bool(connection.protocol.extensions) is deflate
            for message in MESSAGES:
                await connection.send(message)
                assert await connection.recv() == message
            await connection.send(["frag", "ment", "ed"])
            assert await connection.recv() == "fragmented"
            await (await connection.ping(b"x"))
            await connection.close(4000, "bye")
            assert connection.protocol.close_rcvd.code == 4000

    run(with_our_server(work))


@pytest.mark.parametrize("deflate", [True, False])
def test_client_of_aiohttp(deflate):
    async def work(port):
        url = f"ws://127.0.0.1:{port}/" + ("?deflate=1" if deflate else "")
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(
                url, compress=15 if deflate else 0, protocols=["a", "b"], max_msg_size=0
            ) as connection:
                assert connection.protocol == "b"
                assert bool(connection.compress) is deflate
                for message in MESSAGES:
                    if isinstance(message, str):
                        await connection.send_str(message)
                    else:
                        await connection.send_bytes(message)
                    assert (await connection.receive()).data == message
                await connection.close(code=4000, message=b"bye")
                assert connection.close_code == 4000

    run(with_our_server(work))


async def talk(url, deflate):
    options = {} if deflate else None
    connection = await websocket_connect(url, compression_options=options, subprotocols=["b"])
    assert connection.selected_subprotocol == "b"
    assert ("Sec-WebSocket-Extensions" in connection.headers) is deflate
    for message in MESSAGES:
        await connection.write_message(message, isinstance(message, bytes))
        assert await connection.read_message() == message
    connection.ping(b"x")
    connection.close(4000, "bye")
    assert await connection.read_message() is None
    # aiohttp answers 1000 to every code.
    assert connection.close_code in (1000, 4000)
    await connection.wait_closed()


@pytest.mark.parametrize("deflate", [True, False])
def test_server_of_websockets(deflate):
    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    async def work():
        compression = "deflate" if deflate else None
        async with serve(
            echo, "127.0.0.1", 0, compression=compression, subprotocols=["b"], max_size=None
        ) as server:
            port = server.sockets[0].getsockname()[1]
            await talk(f"ws://127.0.0.1:{port}/", deflate)

    run(work())


@pytest.mark.parametrize("deflate", [True, False])
def test_server_of_aiohttp(deflate):
    async def echo(request):
        connection = web.WebSocketResponse(protocols=["b"], compress=deflate, max_msg_size=0)
        await connection.prepare(request)
        async for message in connection:
            if message.type is aiohttp.WSMsgType.TEXT:
                await connection.send_str(message.data)
            else:
                await connection.send_bytes(message.data)
        return connection

    async def work():
        app = web.Application()
        app.router.add_get("/", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await talk(f"ws://127.0.0.1:{runner.addresses[0][1]}/", deflate)
        await runner.cleanup()

    run(work())


# ---- wsproto: engines against each other, without sockets ----


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "parameters",
    [
        None,
        DeflateParameters(),
        DeflateParameters(True, True),
        DeflateParameters(server_max_window_bits=9, client_max_window_bits=10),
    ],
    ids=["plain", "deflate", "no takeover", "small windows"],
)
def test_wsproto(role, parameters):
    server = role is Role.SERVER
    codecs = parameters.codecs(server, DeflateOptions()) if parameters else None
    ours = Engine(role, deflate=codecs)
    extensions = []
    if parameters:
        extension = PerMessageDeflate(
            parameters.client_no_context_takeover,
            parameters.client_max_window_bits,
            parameters.server_no_context_takeover,
            parameters.server_max_window_bits,
        )
        extension._enabled = True
        extensions.append(extension)
    theirs = Connection(ConnectionType.CLIENT if server else ConnectionType.SERVER, extensions)
    for message in MESSAGES * 2:
        kind = TextMessage if isinstance(message, str) else BytesMessage
        ours.feed(theirs.send(kind(data=message)))
        assert ours.next_event() == message
        payload = message.encode() if isinstance(message, str) else message
        theirs.receive_data(ours.encode_message(payload, kind is BytesMessage))
        parts = [event.data for event in theirs.events()]
        assert ("" if kind is TextMessage else b"").join(parts) == message
    ours.feed(theirs.send(Ping(payload=b"p")))
    assert ours.next_event() == events.Ping(b"p")
    theirs.receive_data(ours.take_output())
    assert list(theirs.events()) == [Pong(payload=b"p")]
    theirs.receive_data(ours.encode_close(4000, "bye"))
    (event,) = theirs.events()
    assert (event.code, event.reason) == (4000, "bye")
    ours.feed(theirs.send(CloseConnection(code=4000)))
    assert ours.next_event() == events.CloseReceived(4000, "")
