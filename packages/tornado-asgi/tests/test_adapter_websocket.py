"""WebSocket handlers, driven as an ASGI server drives them."""

import asyncio

import pytest

from tornado import web
from tornado.asgi import ASGIAdapter
from tornado.testing import ExpectLog
from tornado.websocket import WebSocketClosedError, WebSocketHandler

CONNECT = {"type": "websocket.connect"}


@pytest.fixture
def websocket(scope):
    """Return a function that makes the scope of a WebSocket."""

    def make(path="/", **other):
        headers = [(b"upgrade", b"websocket"), *other.pop("headers", ())]
        made = scope(path, headers=headers, scheme="ws", subprotocols=[], **other)
        made["type"] = "websocket"
        del made["method"]
        return made

    return make


@pytest.fixture
def serve(make_server, alone):
    """Return a function that opens one WebSocket, runs a scenario, and returns the `Server`."""

    def run(handler, scope, scenario=None, **settings):
        settings.setdefault("log_function", lambda handler: None)
        application = ASGIAdapter(web.Application([("/", handler)], **settings))

        async def work():
            server = make_server(scope, [CONNECT])
            task = asyncio.ensure_future(application(scope, server.receive, server.send))
            if scenario is not None:
                await scenario(server)
            await asyncio.wait_for(task, 20)
            await alone()
            return server

        return asyncio.run(work())

    return run


class Echo(WebSocketHandler):
    log = None

    def initialize(self):
        self.log = []
        type(self).last = self

    def open(self):
        self.log.append("open")

    async def on_message(self, message):
        self.log.append(message)
        await self.write_message(message, isinstance(message, bytes))

    def on_close(self):
        self.log.append(("close", self.close_code, self.close_reason))


def types(server):
    return [message["type"].removeprefix("websocket.") for message in server.sent]


def test_messages(serve, websocket, until):
    async def scenario(server):
        server.feed(kind="websocket.receive", text="a")
        server.feed(kind="websocket.receive", bytes=b"\x00", text=None)
        await until(lambda: len(server.sent) == 3)
        server.feed(kind="websocket.disconnect", code=4000, reason="done")

    server = serve(Echo, websocket(), scenario)
    assert server.sent[0]["type"] == "websocket.accept"
    assert server.sent[1:] == [
        {"type": "websocket.send", "text": "a"},
        {"type": "websocket.send", "bytes": b"\x00"},
    ]
    assert Echo.last.log == ["open", "a", b"\x00", ("close", 4000, "done")]


def test_headers_and_subprotocol_of_the_handshake(serve, websocket, until):
    class Handler(Echo):
        def prepare(self):
            self.set_cookie("a", "b")
            self.set_header("X-Test", "1")

        def select_subprotocol(self, subprotocols):
            return subprotocols[-1]

    async def scenario(server):
        await until(lambda: server.sent)
        assert Handler.last.selected_subprotocol == "two"
        server.feed(kind="websocket.disconnect", code=1005)

    scope = websocket()
    scope["subprotocols"] = ["one", "two"]
    server = serve(Handler, scope, scenario)
    (accept,) = server.sent
    assert accept["subprotocol"] == "two"
    assert dict(accept["headers"]) == {b"set-cookie": b"a=b; Path=/", b"x-test": b"1"}
    assert Handler.last.log[-1] == ("close", None, None)


def test_the_handler_closes(serve, websocket, until):
    class Handler(Echo):
        def on_message(self, message):
            self.close(4001, "enough")
            with pytest.raises(WebSocketClosedError):
                self.write_message("more")

    async def scenario(server):
        server.feed(kind="websocket.receive", text="a")
        await until(lambda: len(server.sent) == 2)
        server.feed(kind="websocket.disconnect", code=4001, reason="enough")

    server = serve(Handler, websocket(), scenario)
    assert server.sent[1] == {"type": "websocket.close", "code": 4001, "reason": "enough"}
    assert Handler.last.log == ["open", ("close", 4001, "enough")]


@pytest.mark.parametrize("hook", ["open", "on_message"])
def test_a_hook_that_fails(serve, websocket, until, hook):
    class Handler(Echo):
        pass

    async def fail(self, *args):
        raise RuntimeError("on purpose")

    setattr(Handler, hook, fail)

    async def scenario(server):
        server.feed(kind="websocket.receive", text="a")
        await until(lambda: len(server.sent) == 2)
        server.feed(kind="websocket.disconnect", code=1011)

    with ExpectLog("tornado.application", "Uncaught exception"):
        server = serve(Handler, websocket(), scenario)
    assert types(server) == ["accept", "close"]
    assert server.sent[1]["code"] == 1011
    assert Handler.last.log[-1][0] == "close"


def test_reading_in_a_loop(serve, websocket, until):
    class Handler(Echo):
        async def open(self):
            async for message in self:
                await self.write_message(message * 2)
            self.log.append("over")

    async def scenario(server):
        for text in ("a", "b", "c"):
            server.feed(kind="websocket.receive", text=text)
        await until(lambda: len(server.sent) == 4)
        server.feed(kind="websocket.disconnect", code=1000)

    server = serve(Handler, websocket(), scenario)
    assert [message["text"] for message in server.sent[1:]] == ["aa", "bb", "cc"]
    assert "over" in Handler.last.log


def test_one_message_at_a_time(serve, websocket, until):
    running = []

    class Handler(Echo):
        async def on_message(self, message):
            running.append(message)
            await self.go.wait()
            running.remove(message)

        def open(self):
            self.go = asyncio.Event()

    async def scenario(server):
        for text in ("a", "b"):
            server.feed(kind="websocket.receive", text=text)
        await until(lambda: running == ["a"])
        await asyncio.sleep(0.01)
        assert running == ["a"]
        Handler.last.go.set()
        await until(lambda: running == [])
        server.feed(kind="websocket.disconnect", code=1000)

    serve(Handler, websocket(), scenario)


def test_a_message_over_the_limit(serve, websocket, until):
    async def scenario(server):
        server.feed(kind="websocket.receive", text="x" * 11)
        await until(lambda: len(server.sent) == 2)
        server.feed(kind="websocket.disconnect", code=1009)

    server = serve(Echo, websocket(), scenario, websocket_max_message_size=10)
    assert server.sent[1]["code"] == 1009


DENIAL = {"websocket.http.response": {}}


class Refused(Echo):
    def prepare(self):
        raise web.HTTPError(401)


@pytest.mark.parametrize(
    ("handler", "headers", "status"),
    [
        (Refused, [], 401),
        (Echo, [(b"origin", b"http://evil.example")], 403),
        (web.ErrorHandler, [], 404),
    ],
)
def test_refusals(serve, websocket, handler, headers, status):
    class Handler(handler):
        def initialize(self):
            super().initialize(*([404] if handler is web.ErrorHandler else []))

    server = serve(Handler, websocket(headers=headers, extensions=DENIAL))
    assert server.sent[0]["type"] == "websocket.http.response.start"
    assert server.status == status
    assert server.sent[-1]["more_body"] is False
    server = serve(Handler, websocket(headers=headers))
    assert types(server) == ["close"]


def test_a_client_that_leaves_before_it_was_accepted(serve, websocket, until):
    left = []

    class Handler(Echo):
        async def prepare(self):
            await asyncio.sleep(0)
            self.go = asyncio.Event()
            await self.go.wait()

        def on_connection_close(self):
            left.append(True)
            self.go.set()

    async def scenario(server):
        await asyncio.sleep(0.01)
        server.feed(kind="websocket.disconnect", code=1006)

    server = serve(Handler, websocket(), scenario)
    assert server.sent == []
    assert left == [True]


def test_pings_are_the_servers_affair(serve, websocket, until):
    class Handler(Echo):
        def open(self):
            self.ping(b"x")
            with pytest.raises(ValueError, match="126 bytes"):
                self.ping(b"x" * 126)

    async def scenario(server):
        await until(lambda: server.sent)
        server.feed(kind="websocket.disconnect", code=1000)

    assert types(serve(Handler, websocket(), scenario)) == ["accept"]
