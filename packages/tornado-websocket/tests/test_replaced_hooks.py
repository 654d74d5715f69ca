"""Hooks and methods that are replaced in every way there is: each is called, for each connection."""

import asyncio
from contextlib import asynccontextmanager
from unittest import mock

import pytest

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketHandler,
    websocket_connect,
)


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


class Plain(WebSocketHandler):
    """Defines every hook; what replaces one calls it."""

    def open(self):
        self.application.handlers.append(self)

    def on_message(self, message):
        self.write_message(message)

    def on_ping(self, data):
        pass

    def on_pong(self, data):
        pass

    def on_close(self):
        self.application.closed.set()


@asynccontextmanager
async def serving(handler):
    application = Application([("/", handler)])
    application.handlers = []
    application.closed = asyncio.Event()
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    try:
        yield application, f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/"
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


async def talk(url, application, after_open=lambda handler: None):
    """One connection on which every hook of a handler has its turn."""
    application.closed.clear()
    connection = await websocket_connect(url)
    handler = application.handlers[-1]
    after_open(handler)
    connection.ping(b"from the client")
    handler.ping(b"from the server")
    connection.write_message("hello")
    assert await connection.read_message() == "hello"
    connection.write_message("again")
    assert await connection.read_message() == "again"
    connection.close()
    await application.closed.wait()
    await connection.wait_closed()


HOOKS = ["open", "on_message", "write_message", "on_ping", "on_pong", "on_close"]
LATER = [name for name in HOOKS if name != "open"]


def counting(original, calls, name):
    def replacement(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    return replacement


def expected(name):
    return [name] * (2 if name in ("on_message", "write_message") else 1)


@pytest.mark.parametrize("name", HOOKS)
def test_in_a_subclass(name):
    calls = []
    handler = type("Mine", (Plain,), {name: counting(getattr(Plain, name), calls, name)})

    async def work():
        async with serving(handler) as (application, url):
            await talk(url, application)

    run(work())
    assert calls == expected(name)


@pytest.mark.parametrize(
    ("owner", "name"),
    [*((Plain, name) for name in HOOKS), (WebSocketHandler, "write_message")],
)
def test_on_the_class_after_a_connection(owner, name):
    calls = []

    async def work():
        async with serving(Plain) as (application, url):
            await talk(url, application)
            assert calls == []
            with mock.patch.object(owner, name, counting(getattr(owner, name), calls, name)):
                await talk(url, application)
            await talk(url, application)

    run(work())
    assert calls == expected(name)


@pytest.mark.parametrize("name", LATER)
def test_on_an_instance_while_it_is_open(name):
    calls = []

    def replace(handler):
        original = getattr(handler, name)

        def replacement(*args, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        setattr(handler, name, replacement)

    async def work():
        async with serving(Plain) as (application, url):
            await talk(url, application, replace)

    run(work())
    assert calls == expected(name)


@pytest.mark.parametrize("name", HOOKS)
def test_by_a_transparent_wrapper(name):
    wrapt = pytest.importorskip("wrapt")
    calls = []

    def wrapper(wrapped, instance, args, kwargs):
        calls.append(name)
        return wrapped(*args, **kwargs)

    class Wrapped(Plain):
        pass

    setattr(Wrapped, name, Plain.__dict__.get(name, getattr(Plain, name)))
    wrapt.wrap_function_wrapper(Wrapped, name, wrapper)

    async def work():
        async with serving(Wrapped) as (application, url):
            await talk(url, application)

    run(work())
    assert calls == expected(name)


@pytest.mark.parametrize("name", ["check_origin", "select_subprotocol", "get_compression_options"])
def test_decisions_of_the_handshake(name):
    calls = []

    async def work():
        async with serving(Plain) as (application, url):
            with mock.patch.object(
                WebSocketHandler, name, counting(getattr(WebSocketHandler, name), calls, name)
            ):
                connection = await websocket_connect(url)
                connection.close()
                await application.closed.wait()
                await connection.wait_closed()

    run(work())
    assert calls == ([] if name == "check_origin" else [name])


@pytest.mark.parametrize("name", ["on_message", "on_ping", "on_pong", "write_message"])
@pytest.mark.parametrize("how", ["subclass", "class", "instance"])
def test_on_a_client(name, how):
    calls = []
    original = getattr(WebSocketClientConnection, name)
    replacement = counting(original, calls, name)

    async def work():
        async with serving(Plain) as (application, url):
            heard = asyncio.Queue()
            connection = await websocket_connect(url, on_message_callback=heard.put_nowait)
            if how == "subclass":
                connection.__class__ = type(
                    "Mine", (WebSocketClientConnection,), {name: replacement}
                )
            elif how == "instance":
                setattr(connection, name, replacement.__get__(connection))
            application.handlers[-1].ping(b"p")
            connection.ping(b"p")
            connection.write_message("hello")
            assert await heard.get() == "hello"
            connection.close()
            assert await heard.get() is None
            await connection.wait_closed()

    if how == "class":
        with mock.patch.object(WebSocketClientConnection, name, replacement):
            run(work())
    else:
        run(work())
    assert calls == [name] * (2 if name == "on_message" else 1)


def test_a_peer_that_was_closed_for_its_silence_cannot_be_written_to():
    """A writer on the client's side learns of the server's ping timeout by the close frame."""

    async def work():
        application = Application([("/", Plain)], websocket_ping_interval=0.02)
        application.handlers = []
        application.closed = asyncio.Event()
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(application)
        server.add_sockets(sockets)
        try:
            connection = await websocket_connect(f"ws://127.0.0.1:{sockets[0].getsockname()[1]}/")
            original = connection.protocol._handle_message
            connection.protocol._handle_message = lambda opcode, data: (
                None if opcode == 9 else original(opcode, data)
            )
            assert await connection.read_message() is None
            assert (connection.close_code, connection.close_reason) == (1000, "ping timed out")
            with pytest.raises(WebSocketClosedError):
                connection.write_message("late")
            await application.closed.wait()
            assert application.handlers[0].close_code == 1000
            await connection.wait_closed()
        finally:
            server.stop()
            await server.close_all_connections()

    run(work())
