"""WebSockets of ASGI applications on Tornado's server, by Tornado's client."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tornado.asgi import ASGIContainer
from tornado.httpclient import HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.testing import ExpectLog
from tornado.websocket import websocket_connect


def visit(application, scenario, **settings):
    """Serve ``application`` and run a scenario with its WebSocket URL."""

    async def work():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(ASGIContainer(application, websocket_settings=settings))
        server.add_sockets(sockets)
        try:
            url = f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/room?q=1"
            return await asyncio.wait_for(scenario(url), 30)
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(work())


class Recorder:
    """An ASGI application that runs a scenario once it has accepted."""

    def __init__(self, scenario, **accept):
        self.scenario = scenario
        self.accept = accept
        self.events = []
        self.scope = None

    async def __call__(self, scope, receive, send):
        self.scope = scope
        assert scope["type"] == "websocket"
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept", **self.accept})
        await self.scenario(self, receive, send)


async def echo(self, receive, send):
    while True:
        event = await receive()
        self.events.append(event)
        if event["type"] == "websocket.disconnect":
            return
        await send({**event, "type": "websocket.send"})


def test_messages():
    application = Recorder(echo)

    async def scenario(url):
        connection = await websocket_connect(url)
        await connection.write_message("a")
        await connection.write_message(b"\x00", binary=True)
        received = [await connection.read_message(), await connection.read_message()]
        connection.close(4000, "done")
        assert await connection.read_message() is None
        return received

    assert visit(application, scenario) == ["a", b"\x00"]
    assert application.events[-1] == {
        "type": "websocket.disconnect",
        "code": 4000,
        "reason": "done",
    }
    scope = application.scope
    assert (scope["scheme"], scope["path"], scope["query_string"]) == ("ws", "/room", b"q=1")
    assert "method" not in scope


def test_subprotocol_and_headers():
    application = Recorder(echo, subprotocol="b", headers=[(b"x-test", b"1")])

    async def scenario(url):
        connection = await websocket_connect(url, subprotocols=["a", "b"])
        found = connection.selected_subprotocol, connection.headers["X-Test"]
        connection.close()
        assert await connection.read_message() is None
        return found

    assert visit(application, scenario) == ("b", "1")
    assert application.scope["subprotocols"] == ["a", "b"]


def test_the_application_closes():
    async def close(self, receive, send):
        await send({"type": "websocket.close", "code": 4001, "reason": "enough"})
        self.events.append(await receive())
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.send", "text": "more"})

    async def scenario(url):
        connection = await websocket_connect(url)
        assert await connection.read_message() is None
        return connection.close_code, connection.close_reason

    application = Recorder(close)
    assert visit(application, scenario) == (4001, "enough")
    (event,) = application.events
    assert (event["type"], event["code"]) == ("websocket.disconnect", 4001)


@pytest.mark.parametrize(("error", "code"), [(RuntimeError("on purpose"), 1011), (None, 1000)])
def test_the_application_ends(error, code):
    async def end(self, receive, send):
        if error is not None:
            raise error

    async def scenario(url):
        connection = await websocket_connect(url)
        assert await connection.read_message() is None
        return connection.close_code

    text = "Uncaught exception in the ASGI application for WebSocket '/room'"
    with ExpectLog("tornado.application", text, required=error is not None):
        assert visit(Recorder(end), scenario) == code


def refusing(*messages):
    async def application(scope, receive, send):
        await receive()
        for message in messages:
            await send(message)

    return application


async def fails(scope, receive, send):
    raise RuntimeError("on purpose")


async def returns(scope, receive, send):
    pass


DENIAL = [
    {"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"no")]},
    {"type": "websocket.http.response.body", "body": b"go ", "more_body": True},
    {"type": "websocket.http.response.body", "body": b"away"},
]


@pytest.mark.parametrize(
    ("application", "status", "body"),
    [
        (refusing({"type": "websocket.close"}), 403, b""),
        (refusing(*DENIAL), 401, b"go away"),
        (fails, 500, None),
        (returns, 500, None),
    ],
)
def test_refusals(application, status, body):
    async def scenario(url):
        with pytest.raises(HTTPClientError) as caught:
            await websocket_connect(url)
        return caught.value

    with ExpectLog("tornado.application", "Uncaught exception", required=application is fails):
        error = visit(application, scenario)
    assert error.code == status
    if body is not None:
        assert error.response.body == body


def test_messages_before_accepting():
    async def application(scope, receive, send):
        with pytest.raises(RuntimeError, match="before websocket"):
            await send({"type": "websocket.send", "text": "a"})
        with pytest.raises(RuntimeError, match="before its start"):
            await send({"type": "websocket.http.response.body"})
        await send({"type": "websocket.accept"})
        with pytest.raises(RuntimeError, match="unexpected"):
            await send({"type": "websocket.sing"})

    async def scenario(url):
        connection = await websocket_connect(url)
        return await connection.read_message()

    assert visit(application, scenario) is None


def test_messages_are_held_back_until_they_are_wanted():
    async def wait(self, receive, send):
        await self.go.wait()
        while (await receive())["type"] != "websocket.disconnect":
            self.events.append(True)

    application = Recorder(wait)

    async def scenario(url):
        application.go = asyncio.Event()
        connection = await websocket_connect(url)
        sending = asyncio.ensure_future(send_many(connection))
        await asyncio.sleep(0.3)
        assert not sending.done(), "the client has to wait"
        application.go.set()
        await sending
        connection.close()
        assert await connection.read_message() is None

    async def send_many(connection):
        for _ in range(300):
            await connection.write_message(b"x" * 100_000, binary=True)

    visit(application, scenario)
    assert len(application.events) == 300


def test_settings():
    async def scenario(url):
        connection = await websocket_connect(url)
        await connection.write_message("x" * 11)
        assert await connection.read_message() is None
        return connection.close_code

    assert visit(Recorder(echo), scenario, websocket_max_message_size=10) == 1009


def test_a_denial_that_breaks_off():
    async def application(scope, receive, send):
        for message in DENIAL[:2]:
            await send(message)

    async def scenario(url):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        response = await reader.read()
        writer.close()
        await writer.wait_closed()
        return response

    response = visit(application, scenario)
    assert response.startswith(b"HTTP/1.1 401 ")
    assert response.endswith(b"\r\n3\r\ngo \r\n"), "without the last chunk"
