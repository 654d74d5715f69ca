"""Handlers over real sockets, with the client of this package and with bare bytes."""

import asyncio
import base64
import logging
import os
import struct
from contextlib import asynccontextmanager
from unittest import mock

import pytest

from tornado import gen
from tornado._websocket.masking import apply_mask
from tornado.httpclient import HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.middleware import Response
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, authenticated
from tornado.websocket import (
    WebSocketClosedError,
    WebSocketHandler,
    websocket_connect,
)

KEY = b"\x01\x02\x03\x04"


class Recording(WebSocketHandler):
    """Notes what is called, in the list that the application holds."""

    @property
    def log(self):
        return self.application.log

    def open(self, *args, **kwargs):
        self.log.append(("open", args, kwargs))

    def on_close(self):
        self.log.append(("close", self.close_code, self.close_reason))


class Echo(Recording):
    def on_message(self, message):
        self.log.append(message)
        return self.write_message(message, isinstance(message, bytes))


class Server:
    def __init__(self, app, port):
        self.app = app
        self.port = port
        self.log = app.log

    def url(self, path="/"):
        return f"ws://127.0.0.1:{self.port}{path}"

    async def raw(self, path="/", extra=(), version="13", skip=()):
        """Open a connection with a handshake of our own; returns (reader, writer, response head)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        fields = {
            "Host": f"127.0.0.1:{self.port}",
            "Upgrade": "websocket",
            "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": version,
        }
        fields.update(extra)
        lines = [f"{name}: {value}" for name, value in fields.items() if name not in skip]
        writer.write(f"GET {path} HTTP/1.1\r\n".encode() + "\r\n".join([*lines, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, head.decode()

    async def logged(self, entry):
        """Wait until ``entry`` was noted."""
        for _ in range(400):
            if entry in self.log:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{entry} not in {self.log}")


@asynccontextmanager
async def serving(*routes, **settings):
    app = Application([(path, handler) for path, handler in routes], **settings)
    app.log = []
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(app)
    server.add_sockets(sockets)
    try:
        yield Server(app, sockets[0].getsockname()[1])
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


async def finish(connection):
    connection.close()
    await connection.wait_closed()


async def leave(writer):
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        pass


# ---- messages ----


def test_echo():
    async def work():
        async with serving(("/", Echo)) as server:
            async with websocket_connect(server.url()) as connection:
                await connection.write_message("text")
                assert await connection.read_message() == "text"
                await connection.write_message(b"\x00\xff", binary=True)
                assert await connection.read_message() == b"\x00\xff"
                await connection.write_message({"a": 1})
                assert await connection.read_message() == '{"a": 1}'
            await server.logged(("close", None, None))
            assert server.log == [
                ("open", (), {}),
                "text",
                b"\x00\xff",
                '{"a": 1}',
                ("close", None, None),
            ]

    run(work())


def test_the_manuals_example():
    class EchoWebSocket(WebSocketHandler):
        def open(self):
            print("WebSocket opened")

        def on_message(self, message):
            self.write_message("You said: " + message)

        def on_close(self):
            print("WebSocket closed")

    async def work():
        async with serving(("/websocket", EchoWebSocket)) as server:
            async with websocket_connect(server.url("/websocket")) as connection:
                await connection.write_message("Hello, world")
                assert await connection.read_message() == "You said: Hello, world"

    run(work())


def test_path_arguments():
    async def work():
        async with serving(("/n/(?P<x>[0-9]+)", Echo), ("/p/(.*)", Echo)) as server:
            async with websocket_connect(server.url("/p/a%20b")):
                assert server.log.pop() == ("open", ("a b",), {})
            async with websocket_connect(server.url("/n/17")):
                assert server.log[-1] == ("open", (), {"x": "17"})

    run(work())


def test_coroutine_hooks():
    class Handler(Recording):
        async def prepare(self):
            await asyncio.sleep(0)

        async def open(self):
            await asyncio.sleep(0.01)
            self.log.append("open")

        async def on_message(self, message):
            self.log.append(("begin", message))
            await asyncio.sleep(0.001)
            self.log.append(("end", message))
            await self.write_message(message)

        async def on_close(self):
            await asyncio.sleep(0)
            self.log.append("close")

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("1")
                connection.write_message("2")
                assert await connection.read_message() == "1"
                assert await connection.read_message() == "2"
            await server.logged("close")
            assert server.log == [
                "open",
                ("begin", "1"),
                ("end", "1"),
                ("begin", "2"),
                ("end", "2"),
                "close",
            ]

    run(work())


def test_generator_hooks():
    class Handler(Recording):
        @gen.coroutine
        def open(self):
            yield gen.moment
            self.log.append("open")

        @gen.coroutine
        def on_message(self, message):
            yield self.write_message(message)

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("1")
                assert await connection.read_message() == "1"
                assert server.log == ["open"]

    run(work())


def test_async_for():
    class Handler(Recording):
        async def open(self):
            async for message in self:
                await self.write_message(message + "!")
            self.log.append("loop ended")

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("1")
                connection.write_message("2")
                assert await connection.read_message() == "1!"
                assert await connection.read_message() == "2!"
                connection.close(4000, "enough")
            await server.logged(("close", 4000, "enough"))
            assert server.log == ["loop ended", ("close", 4000, "enough")]

    run(work())


def test_template_in_a_message(tmp_path):
    (tmp_path / "message.html").write_text("<b>{{ message }}</b>")

    class Handler(WebSocketHandler):
        def on_message(self, message):
            self.write_message(self.render_string("message.html", message=message))

    async def work():
        async with serving(("/", Handler), template_path=str(tmp_path)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("<hi>")
                assert await connection.read_message() == "<b>&lt;hi&gt;</b>"

    run(work())


# ---- the handshake ----


def test_answer_to_the_handshake():
    class Handler(Echo):
        def set_default_headers(self):
            self.set_header("X-Default", "yes")

        def prepare(self):
            self.set_cookie("session", "1")

    async def work():
        async with serving(("/", Handler)) as server:
            key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
            _, writer, head = await server.raw(extra=key)
            lines = head.lower().split("\r\n")
            assert lines[0] == "http/1.1 101 switching protocols"
            assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in lines
            assert "upgrade: websocket" in lines
            assert "connection: upgrade" in lines
            assert "x-default: yes" in lines
            assert "set-cookie: session=1; path=/" in lines
            assert not any(line.startswith(("content-", "sec-websocket-ext")) for line in lines)
            await leave(writer)

    run(work())


@pytest.mark.parametrize(
    ("extra", "skip", "status", "needs"),
    [
        ({"Upgrade": "h2c"}, (), 400, 'Can "Upgrade" only to "WebSocket".'),
        ({}, ("Upgrade",), 400, 'Can "Upgrade" only to "WebSocket".'),
        ({"Connection": "keep-alive"}, (), 400, '"Connection" must be "Upgrade".'),
        ({}, ("Connection",), 400, '"Connection" must be "Upgrade".'),
        ({}, ("Sec-WebSocket-Key",), 400, "Sec-WebSocket-Key"),
        ({"Sec-WebSocket-Key": "short"}, (), 400, "Sec-WebSocket-Key"),
        ({"Sec-WebSocket-Key": "@" * 24}, (), 400, "Sec-WebSocket-Key"),
        (
            {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="},
            (),
            400,
            "Key",
        ),
        ({"Sec-WebSocket-Version": "12"}, (), 426, "version"),
        ({"Sec-WebSocket-Version": "x"}, (), 426, "version"),
        ({}, ("Sec-WebSocket-Version",), 426, "version"),
        ({"Sec-WebSocket-Extensions": "x; ="}, (), 400, "Sec-WebSocket-Extensions"),
        ({"Sec-WebSocket-Extensions": ";"}, (), 400, "Sec-WebSocket-Extensions"),
        ({"Origin": "http://evil.example"}, (), 403, "Cross origin"),
        ({"Origin": "null"}, (), 403, "Cross origin"),
        ({"Origin": "http://127.0.0.1"}, (), 403, "Cross origin"),
        ({"Origin": "http://127.0.0.1:1.evil.example"}, (), 403, "Cross origin"),
        ({"Origin": ""}, (), 403, "Cross origin"),
    ],
)
def test_refusals(extra, skip, status, needs):
    async def work():
        async with serving(("/", Echo)) as server:
            reader, writer, head = await server.raw(extra=extra, skip=skip)
            assert head.startswith(f"HTTP/1.1 {status} ")
            if status == 426:
                assert "Sec-Websocket-Version: 13, 8, 7" in head
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            assert needs in (await reader.readexactly(length)).decode()
            await leave(writer)
            assert server.log == []

    run(work())


@pytest.mark.parametrize("version", ["13", "8", "7"])
def test_versions(version):
    async def work():
        async with serving(("/", Echo)) as server:
            name = "Origin" if version == "13" else "Sec-WebSocket-Origin"
            origin = {name: f"http://127.0.0.1:{server.port}"}
            _, writer, head = await server.raw(extra=origin, version=version)
            assert head.startswith("HTTP/1.1 101 ")
            await leave(writer)
            _, writer, head = await server.raw(extra={name: "http://evil"}, version=version)
            assert head.startswith("HTTP/1.1 403 ")
            await leave(writer)

    run(work())


def test_check_origin_can_be_overridden():
    class Handler(Echo):
        def check_origin(self, origin):
            self.log.append(origin)
            return origin.endswith(".example.com")

    async def work():
        async with serving(("/", Handler)) as server:
            for origin, status in (("https://a.example.com", 101), ("https://b.example.org", 403)):
                _, writer, head = await server.raw(extra={"Origin": origin})
                assert head.startswith(f"HTTP/1.1 {status} ")
                await leave(writer)
            assert "https://b.example.org" in server.log

    run(work())


def test_other_methods_are_refused():
    async def work():
        async with serving(("/", Echo)) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 405 ")
            await leave(writer)

    run(work())


def test_head_opens_nothing():
    async def work():
        async with serving(("/", Echo)) as server:
            for line, status in ((b"HEAD / HTTP/1.1", b"405"), (b"GET / HTTP/1.0", b"400")):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(
                    line + b"\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                )
                assert (await reader.readline()).split()[1] == status
                await leave(writer)
            assert server.log == []

    run(work())


def test_open_that_is_cancelled():
    tasks = []

    class Handler(Recording):
        async def get(self, *args, **kwargs):
            tasks.append(asyncio.current_task())
            await super().get(*args, **kwargs)

        async def open(self):
            await asyncio.sleep(60)

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            tasks[0].cancel()
            assert await connection.read_message() is None
            assert connection.close_code == 1001
            await server.logged(("close", None, None))

    run(work())


def test_much_is_written_before_anything_is_read():
    """Neither end waits for the other for ever."""

    async def work():
        async with serving(("/", Echo)) as server:
            connection = await websocket_connect(server.url())
            writes = [connection.write_message(bytes(65536), binary=True) for _ in range(300)]
            assert not writes[-1].done()
            for _ in range(300):
                assert len(await connection.read_message()) == 65536
            await asyncio.gather(*writes)
            await finish(connection)

    run(work())


def test_get_can_refuse_and_delegate():
    class Handler(Echo):
        def get_current_user(self):
            return self.get_argument("user", None)

        def get_login_url(self):
            return "/login"

        @authenticated
        async def get(self, *args, **kwargs):
            await super().get(*args, **kwargs)

    async def work():
        async with serving(("/", Handler)) as server:
            _, writer, head = await server.raw()
            assert head.startswith("HTTP/1.1 302 ")
            await leave(writer)
            _, writer, head = await server.raw("/?user=x")
            assert head.startswith("HTTP/1.1 101 ")
            await leave(writer)

    run(work())


def test_subprotocols():
    class Handler(Echo):
        def select_subprotocol(self, subprotocols):
            self.log.append(subprotocols)
            return "two" if "two" in subprotocols else None

        def open(self):
            self.log.append(self.selected_subprotocol)

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url(), subprotocols=["one", "two"]) as connection:
                assert connection.selected_subprotocol == "two"
            async with websocket_connect(server.url(), subprotocols=["one"]) as connection:
                assert connection.selected_subprotocol is None
            async with websocket_connect(server.url()):
                pass
            assert [entry for entry in server.log if type(entry) is not tuple] == [
                ["one", "two"],
                "two",
                ["one"],
                None,
                [],
                None,
            ]

    run(work())


def test_a_subprotocol_that_was_not_offered_is_the_applications_error(caplog):
    class Handler(Echo):
        def select_subprotocol(self, subprotocols):
            return "mine"

    async def work():
        async with serving(("/", Handler)) as server:
            _, writer, head = await server.raw(extra={"Sec-WebSocket-Protocol": "yours"})
            assert head.startswith("HTTP/1.1 500 ")
            await leave(writer)

    run(work())
    assert "expected one of ['yours']" in caplog.text


@pytest.mark.parametrize("hook", ["get_compression_options", "select_subprotocol", "allow_draft76"])
def test_hooks_that_decide_at_once_are_no_coroutines(caplog, hook):
    async def late(*args):
        return None

    handler = type("Late", (Echo,), {hook: late})
    old = {"Sec-WebSocket-Version": "", "Sec-WebSocket-Key1": "1 2", "Sec-WebSocket-Key2": "1 2"}

    async def work():
        async with serving(("/", handler)) as server:
            _, writer, head = await server.raw(extra=old if hook == "allow_draft76" else {})
            assert head.startswith("HTTP/1.1 500 ")
            await leave(writer)

    run(work())
    assert f"TypeError: Late.{hook} must not be a coroutine: it returned a coroutine" in caplog.text


def test_messages_sent_with_the_handshake():
    """A client may not wait for the answer."""

    async def work():
        async with serving(("/", Echo)) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                + b"\x81\x82"
                + KEY
                + apply_mask(KEY, b"hi")
            )
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(4) == b"\x81\x02hi"
            await leave(writer)

    run(work())


def test_http_methods_have_no_place_after_the_handshake():
    class Handler(Recording):
        def on_message(self, message):
            for call in (
                lambda: self.write("x"),
                lambda: self.redirect("/"),
                lambda: self.set_header("a", "b"),
                lambda: self.set_cookie("a", "b"),
                lambda: self.set_status(200),
                self.flush,
                self.finish,
            ):
                with pytest.raises(RuntimeError, match="has no place in a WebSocket"):
                    call()
            self.write_message("done")

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("go")
                assert await connection.read_message() == "done"

    run(work())


# ---- errors ----


class Failing(Recording):
    def open(self):
        if self.get_argument("where") == "open":
            raise ZeroDivisionError

    def on_message(self, message):
        raise ZeroDivisionError


@pytest.mark.parametrize("where", ["open", "message"])
def test_an_error_in_a_hook_closes_with_1011(where, caplog):
    async def work():
        async with serving(("/", Failing)) as server:
            connection = await websocket_connect(server.url(f"/?where={where}"))
            if where == "message":
                connection.write_message("x")
            assert await connection.read_message() is None
            assert connection.close_code == 1011
            await server.logged(("close", None, None))

    run(work())
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.exc_info[0] for record in errors] == [ZeroDivisionError]


def test_on_message_must_be_written():
    async def work():
        async with serving(("/", Recording)) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x")
            assert await connection.read_message() is None
            assert connection.close_code == 1011

    run(work())


@pytest.mark.parametrize("how", ["reset", "end"])
def test_a_client_that_leaves_within_a_message_costs_no_traceback(how, caplog):
    caplog.set_level(logging.DEBUG)

    class Handler(Echo):
        async def on_message(self, message):
            for _ in range(1000):
                await self.write_message(b"x" * 100_000, binary=True)

    async def work():
        async with serving(("/", Handler)) as server:
            _, writer, _ = await server.raw()
            frame = b"\x81\xfe\x10\x00" + KEY + b"x" * 0x1000
            writer.write(b"\x81\x82" + KEY + apply_mask(KEY, b"go"))
            writer.write(frame[:1000])
            await writer.drain()
            await asyncio.sleep(0.02)
            if how == "reset":
                sock = writer.get_extra_info("socket")
                sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER with no time: RST
            writer.transport.abort()
            await server.logged(("close", None, None))

    run(work())
    assert [record for record in caplog.records if record.exc_info] == []
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.INFO] == []


def test_writing_after_the_end():
    handlers = []

    class Handler(Echo):
        def on_close(self):
            super().on_close()
            handlers.append(self)

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()):
                pass
            await server.logged(("close", None, None))
            with pytest.raises(WebSocketClosedError):
                handlers[0].write_message("late")
            with pytest.raises(WebSocketClosedError):
                handlers[0].ping()
            handlers[0].close()

    run(work())


# ---- closing ----


def test_close_codes_both_ways():
    class Handler(Recording):
        def on_message(self, message):
            self.close(4321, "server's reason")

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x")
            assert await connection.read_message() is None
            assert (connection.close_code, connection.close_reason) == (4321, "server's reason")
            await server.logged(("close", 4321, None))
            connection = await websocket_connect(server.url())
            await asyncio.sleep(0)
            connection.close(1001, "client's reason")
            await connection.wait_closed()
            await server.logged(("close", 1001, "client's reason"))

    run(work())


@pytest.mark.parametrize(
    ("reason", "received"),
    [(b"plain", "plain"), ("\u2603".encode(), "\u2603"), (b"", None), (b"x" * 123, "x" * 123)],
)
def test_a_close_reason_in_bytes(reason, received):
    class Handler(Recording):
        def on_message(self, message):
            self.close(4321, reason)

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x")
            assert await connection.read_message() is None
            assert (connection.close_code, connection.close_reason) == (4321, received)
            connection = await websocket_connect(server.url())
            await asyncio.sleep(0)
            connection.close(1001, reason)
            await connection.wait_closed()
            await server.logged(("close", 1001, received))

    run(work())


@pytest.mark.parametrize("reason", [b"x" * 124, b"\xff", 5, ["a"]])
def test_a_close_reason_that_cannot_be_sent(reason):
    caught = []

    class Handler(Recording):
        def on_message(self, message):
            with pytest.raises((ValueError, TypeError)) as error:
                self.close(4321, reason)
            caught.append(error.type)
            self.close(4000)

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x")
            assert await connection.read_message() is None
            assert connection.close_code == 4000

    run(work())
    assert len(caught) == 1


def test_too_early_to_write():
    """While the handshake is being answered."""

    class Handler(Echo):
        def select_subprotocol(self, subprotocols):
            for call in (lambda: self.write_message("x"), self.ping):
                with pytest.raises(WebSocketClosedError):
                    call()
            self.close()
            return None

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("hi")
                assert await connection.read_message() == "hi"

    run(work())


def test_close_in_open():
    class Handler(Recording):
        def open(self):
            self.log.append("open")
            assert self.ws_connection is not None
            self.close(1000, "no")
            assert self.ws_connection is None  # what programs ask

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            assert await connection.read_message() is None
            assert connection.close_reason == "no"
            await server.logged(("close", 1000, None))
            assert server.log == ["open", ("close", 1000, None)]

    run(work())


def test_on_close_waits_for_open():
    class Handler(Recording):
        async def open(self):
            self.log.append("open begins")
            await asyncio.sleep(0.03)
            self.log.append("open ends")

    async def work():
        async with serving(("/", Handler)) as server:
            _, writer, _ = await server.raw()
            writer.transport.abort()
            await server.logged(("close", None, None))
            assert server.log == ["open begins", "open ends", ("close", None, None)]

    run(work())


def test_no_on_close_without_open():
    async def work():
        async with serving(("/", Echo)) as server:
            _, writer, _ = await server.raw(skip=("Sec-WebSocket-Key",))
            await leave(writer)
            await asyncio.sleep(0.02)
            assert server.log == []

    run(work())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", 1002),
        (b"\xf1\x80" + KEY, 1002),
        (b"\x83\x80" + KEY, 1002),
        (b"\x09\x80" + KEY, 1002),
        (b"\x89\xfe\x00\x7e" + KEY + b"x" * 126, 1002),
        (b"\x88\x82" + KEY + apply_mask(KEY, b"\x03\xed"), 1002),
        (b"\x81\x81" + KEY + apply_mask(KEY, b"\xff"), 1007),
        (b"\x01\xfe\x10\x00" + KEY + apply_mask(KEY, b"ok\xc0"), 1007),
        (b"\x82\xff\x00\x00\x00\x00\x10\x00\x00\x00", 1009),
    ],
)
def test_what_breaks_the_protocol_is_refused_on_the_wire(data, code, caplog):
    """SECURITY: the close frame says why, nothing follows it, the server serves on."""
    caplog.set_level(logging.DEBUG, "tornado.general")

    async def work():
        async with serving(("/", Echo)) as server:
            reader, writer, _ = await server.raw()
            writer.write(data)
            await server.logged(("close", None, None))  # this side has not ended the connection
            answer = await reader.read()
            assert answer[0] == 0x88
            assert answer[2:4] == code.to_bytes(2, "big")
            assert len(answer) == 2 + answer[1]
            await leave(writer)
            await server.logged(("close", None, None))
            assert server.log == [("open", (), {}), ("close", None, None)]
            async with websocket_connect(server.url()) as connection:
                connection.write_message("still here")
                assert await connection.read_message() == "still here"

    run(work())
    reasons = [r for r in caplog.records if "failed with" in r.getMessage()]
    assert [r.levelno for r in reasons] == [logging.DEBUG]
    assert [r for r in caplog.records if r.exc_info] == []


def test_decompression_bomb():
    class Handler(Echo):
        def get_compression_options(self):
            return {}

    async def work():
        async with serving(("/", Handler), websocket_max_message_size=100_000) as server:
            connection = await websocket_connect(server.url(), compression_options={})
            connection.write_message(b"\x00" * 5_000_000, binary=True)
            assert await connection.read_message() is None
            assert connection.close_code == 1009

    run(work())


# ---- settings ----


def test_max_message_size():
    async def work():
        async with serving(("/", Echo), websocket_max_message_size=1000) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x" * 1000)
            assert await connection.read_message() == "x" * 1000
            connection.write_message("x" * 1001)
            assert await connection.read_message() is None
            assert connection.close_code == 1009

    run(work())


def test_pings():
    class Handler(Recording):
        def on_pong(self, data):
            self.log.append(("pong", data, self.latency is not None))

        def on_message(self, message):
            self.ping("mine")

    async def work():
        async with serving(("/", Handler), websocket_ping_interval=0.02) as server:
            async with websocket_connect(server.url()) as connection:
                await server.logged(("pong", b"", True))
                connection.write_message("ping me")
                await server.logged(("pong", b"mine", True))

    run(work())


def test_a_client_that_answers_no_ping_is_closed():
    async def work():
        settings = {"websocket_ping_interval": 0.02, "websocket_ping_timeout": 0.01}
        async with serving(("/", Echo), **settings) as server:
            reader, writer, _ = await server.raw()
            data = await reader.readexactly(4)
            assert data == b"\x89\x00\x88\x10"
            await leave(writer)
            await server.logged(("close", None, None))

    run(work())


def test_pings_from_the_client_are_answered():
    class Handler(Recording):
        def on_ping(self, data):
            self.log.append(("ping", data))

    async def work():
        async with serving(("/", Handler)) as server:
            reader, writer, _ = await server.raw()
            writer.write(b"\x89\x82" + KEY + apply_mask(KEY, b"hi"))
            assert await reader.readexactly(4) == b"\x8a\x02hi"
            assert ("ping", b"hi") in server.log
            await leave(writer)

    run(work())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression_level": 1, "mem_level": 3},
        {"server_no_context_takeover": True, "client_no_context_takeover": True},
        {"server_max_window_bits": 9, "client_max_window_bits": 10},
        {"server_max_window_bits": 8, "client_max_window_bits": 8},
    ],
)
def test_compression(options):
    class Handler(Echo):
        def get_compression_options(self):
            return options

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url(), compression_options={}) as connection:
                assert "permessage-deflate" in connection.headers["Sec-WebSocket-Extensions"]
                for message in ("hello " * 1000, "hello " * 1000, "", "x", "ä" * 70_000):
                    connection.write_message(message)
                    assert await connection.read_message() == message

    run(work())


def test_set_nodelay():
    class Handler(Echo):
        def open(self):
            self.set_nodelay(True)

    async def work():
        async with serving(("/", Handler)) as server:
            async with websocket_connect(server.url()) as connection:
                connection.write_message("x")
                assert await connection.read_message() == "x"

    run(work())


def test_async_callback(caplog):
    class Handler(Recording):
        def on_message(self, message):
            self.async_callback(lambda text: self.write_message(text), message)()
            self.async_callback(lambda: 1 // 0)()

    async def work():
        async with serving(("/", Handler)) as server:
            connection = await websocket_connect(server.url())
            connection.write_message("x")
            assert await connection.read_message() == "x"
            assert await connection.read_message() is None

    run(work())
    assert "ZeroDivisionError" in caplog.text


def test_request_that_is_no_websocket_beside_one():
    class Plain(RequestHandler):
        def get(self):
            self.write("plain")

    async def work():
        async with serving(("/", Echo), ("/plain", Plain)) as server:
            _, writer, head = await server.raw("/plain")
            assert head.startswith("HTTP/1.1 200 ")
            await leave(writer)

    run(work())


def test_many_connections_with_pings():
    """The shape of the benchmark's 2,000 for a minute, small enough for every run."""
    pongs = set()

    class Handler(Recording):
        def on_pong(self, data):
            pongs.add(self)

    async def work():
        async with serving(("/", Handler), websocket_ping_interval=0.2) as server:
            connections = await asyncio.gather(
                *[websocket_connect(server.url()) for _ in range(100)]
            )
            for _ in range(200):
                if len(pongs) == 100:
                    break
                await asyncio.sleep(0.01)
            assert len(pongs) == 100
            assert not any(connection.is_closing() for connection in connections)
            await asyncio.gather(*map(finish, connections))

    run(work())


def test_flood_of_messages_is_held_back():
    """A client that sends without end to a handler that does not finish: the kernel holds the rest."""
    release = asyncio.Event()

    class Handler(Recording):
        async def on_message(self, message):
            self.log.append("message")
            await release.wait()

    async def work():
        async with serving(("/", Handler)) as server:
            _, writer, _ = await server.raw()
            frame = b"\x82\xfe\x27\x10" + KEY + bytes(10_000)
            sent = 0
            for _ in range(3000):
                writer.write(frame)
                try:
                    await asyncio.wait_for(writer.drain(), 0.05)
                except asyncio.TimeoutError:
                    break
                sent += len(frame)
            else:
                raise AssertionError("nothing held the client back")
            assert server.log.count("message") == 1
            writer.transport.abort()
            release.set()
            await server.logged(("close", None, None))

    run(work())


@pytest.mark.parametrize("use", [lambda h: h.write_message("x"), lambda h: h.ping(b"x")])
def test_nothing_is_written_after_close_whatever_carries_the_messages(use):
    """Test suites of applications put a mock in the connection's place (jupyter_server does)."""
    request = HTTPServerRequest("GET", "/", connection=mock.Mock())
    handler = WebSocketHandler(Application(), request)
    connection = handler.ws_connection = mock.MagicMock()
    use(handler)
    handler.close(4000, "enough")
    connection.close.assert_called_once_with(4000, "enough")
    assert handler.ws_connection is None
    with pytest.raises(WebSocketClosedError):
        use(handler)


# ---- middleware ----


def _held(request, call_next):
    async def hold():
        await asyncio.sleep(0)
        return await call_next(request)

    return hold()


@pytest.mark.parametrize(
    "middleware", [lambda request, call_next: call_next(request), _held], ids=["sync", "async"]
)
def test_handshakes_pass_through_middleware(middleware):
    def amend(request, call_next):
        return call_next(request).amend(lambda head: head.headers.add("X-Mark", "1"))

    async def work():
        chain = [middleware, amend, middleware]
        async with serving(("/", Echo), middleware=chain) as server:
            async with websocket_connect(server.url()) as connection:
                assert connection.headers["X-Mark"] == "1"
                await connection.write_message("text")
                assert await connection.read_message() == "text"
            await server.logged(("close", None, None))

    run(work())


def test_middleware_refuses_a_handshake():
    async def refuse(request, call_next):
        await asyncio.sleep(0)
        return Response(403, "members only")

    async def work():
        async with serving(("/", Echo), middleware=[refuse]) as server:
            with pytest.raises(HTTPClientError, match="403"):
                await websocket_connect(server.url())
            assert server.log == []

    run(work())
