"""The client against this package's server, and against servers that misbehave."""

import asyncio
import base64
import gc
import inspect
import logging
import ssl
import sys
import tempfile
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import pytest

from tornado._websocket.handshake import accept_value
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.netutil import Resolver, bind_sockets, bind_unix_socket
from tornado.util import TimeoutError
from tornado.web import Application, RequestHandler
from tornado.websocket import (
    HandshakeError,
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)


class Echo(WebSocketHandler):
    def on_message(self, message):
        return self.write_message(message, isinstance(message, bytes))


class Show(WebSocketHandler):
    """Sends what the request's header named ``header`` holds."""

    def open(self):
        self.write_message(self.request.headers.get(self.get_argument("header"), "absent"))


class Burst(WebSocketHandler):
    def open(self):
        for i in range(5):
            self.write_message(str(i))
        self.close(1000, "done")


class Missing(RequestHandler):
    def get(self):
        self.set_status(404)
        self.write("no such thing")


class Plain(RequestHandler):
    def get(self):
        self.write("plain")


class Redirect(RequestHandler):
    def get(self):
        self.redirect(self.get_argument("to"))


ROUTES = [
    ("/", Echo),
    ("/show", Show),
    ("/burst", Burst),
    ("/missing", Missing),
    ("/plain", Plain),
    ("/redirect", Redirect),
]


@asynccontextmanager
async def serving(**options):
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application(ROUTES), **options)
    server.add_sockets(sockets)
    try:
        yield f"ws://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)


@asynccontextmanager
async def scripted(talk):
    """A server that does with each connection what ``talk(reader, writer)`` does."""
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


# ---- messages ----


def test_read_and_write():
    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/")
            assert type(connection) is WebSocketClientConnection
            await connection.write_message("one")
            assert await connection.read_message() == "one"
            connection.close()
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


def test_the_queue_of_received_messages():
    """``read_queue``, as programs and their tests know it from 5.0 to 6.6."""

    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/")
            with pytest.raises(TimeoutError):
                await connection.read_queue.get(timedelta(milliseconds=1))
            waiting = connection.read_queue.get()
            await connection.write_message("one")
            await connection.write_message("two")
            assert await waiting == "one"
            assert await connection.read_queue.get(IOLoop.current().time() + 5) == "two"
            connection.close()
            assert await connection.read_queue.get() is None
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


def test_iteration_ends_with_the_connection():
    async def work():
        async with serving() as base:
            async with await websocket_connect(base + "/burst") as connection:
                assert [message async for message in connection] == ["0", "1", "2", "3", "4"]
                assert (connection.close_code, connection.close_reason) == (1000, "done")
                assert await connection.read_message() is None

    run(work())


def test_messages_wait_for_whoever_reads_late():
    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/burst")
            await asyncio.sleep(0.03)
            for i in range(5):
                assert await connection.read_message() == str(i)
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


def test_callbacks():
    async def work():
        async with serving() as base:
            connected, read = [], []
            future = websocket_connect(base + "/", callback=connected.append)
            assert connected == []
            connection = await future
            await asyncio.sleep(0)
            assert connected == [future]
            connection.write_message("hi")
            reading = connection.read_message(callback=read.append)
            assert await reading == "hi"
            await asyncio.sleep(0)
            assert read == [reading]
            connection.close()
            await connection.wait_closed()

    run(work())


def test_on_message_callback():
    async def work():
        async with serving() as base:
            messages = []
            connection = await websocket_connect(
                base + "/burst", on_message_callback=messages.append
            )
            await connection.wait_closed()
            assert messages == ["0", "1", "2", "3", "4", None]

    run(work())


def test_on_message_callback_may_be_a_coroutine():
    async def work():
        async with serving() as base:
            messages, running = [], []

            async def on_message(message):
                running.append(message)
                assert len(running) == 1
                await asyncio.sleep(0)
                running.pop()
                messages.append(message)

            connection = await websocket_connect(base + "/burst", on_message_callback=on_message)
            await connection.wait_closed()
            await asyncio.sleep(0.01)
            assert messages[:5] == ["0", "1", "2", "3", "4"]

    run(work())


def test_error_in_the_callback(caplog):
    def on_message(message):
        if message is not None:
            raise ZeroDivisionError

    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/burst", on_message_callback=on_message)
            await connection.wait_closed()

    run(work())
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info[0] is ZeroDivisionError


def test_write_after_close():
    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/")
            connection.close()
            with pytest.raises(WebSocketClosedError):
                connection.write_message("late")
            with pytest.raises(WebSocketClosedError):
                connection.ping()
            await connection.wait_closed()
            with pytest.raises(WebSocketClosedError):
                connection.write_message("later")

    run(work())


def test_ping_and_latency():
    class Client(WebSocketClientConnection):
        pongs = []

        def on_pong(self, data):
            self.pongs.append(data)

    async def work():
        async with serving() as base:
            connection = Client(HTTPRequest(base + "/"))
            await connection.connect_future
            assert connection.latency is None
            connection.ping()
            connection.ping(b"data")
            connection.write_message("x")
            assert await connection.read_message() == "x"
            assert connection.pongs == [b"", b"data"]
            assert connection.latency > 0
            connection.close()
            await connection.wait_closed()

    run(work())


def test_a_server_that_answers_no_ping_is_left():
    async def talk(reader, writer):
        await answer(reader, writer)
        await reader.read()

    async def work():
        async with scripted(talk) as port:
            connection = await websocket_connect(
                f"ws://127.0.0.1:{port}/", ping_interval=0.02, ping_timeout=0.01
            )
            await asyncio.sleep(0.05)
            assert connection.is_closing()
            connection.protocol._abort()
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


def test_max_message_size():
    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/", max_message_size=1000)
            connection.write_message("x" * 1001)
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


# ---- the request ----


def test_headers_of_a_request():
    async def work():
        async with serving() as base:
            headers = {"X-Mine": "yes", "User-Agent": "me"}
            for name, expected in (("X-Mine", "yes"), ("User-Agent", "me"), ("Host", base[5:])):
                request = HTTPRequest(f"{base}/show?header={name}", headers=headers)
                connection = await websocket_connect(request)
                assert await connection.read_message() == expected
                connection.close()
                await connection.wait_closed()
            assert request.headers == headers

    run(work())


def test_basic_auth():
    async def work():
        async with serving() as base:
            expected = "Basic " + base64.b64encode(b"user:pass word").decode()
            inline = base.replace("ws://", "ws://user:pass%20word@")
            for request in (
                inline + "/show?header=Authorization",
                HTTPRequest(
                    base + "/show?header=Authorization",
                    auth_username="user",
                    auth_password="pass word",
                ),
            ):
                async with websocket_connect(request) as connection:
                    assert await connection.read_message() == expected

    run(work())


def test_origin_is_sent_only_if_asked_for():
    async def work():
        async with serving() as base:
            async with websocket_connect(base + "/show?header=Origin") as connection:
                assert await connection.read_message() == "absent"
            request = HTTPRequest(base + "/", headers={"Origin": "http://evil.example"})
            with pytest.raises(HTTPError) as caught:
                await websocket_connect(request)
            assert caught.value.code == 403

    run(work())


def test_old_positions_of_the_loop():
    async def work():
        async with serving() as base:
            loop = IOLoop.current()
            called = []
            for args in (
                (loop,),
                (loop, called.append),
                (None, called.append),
                (loop, called.append, 5.0),
                (called.append,),
                (called.append, 5.0),
                (None, 5.0),
            ):
                connection = await websocket_connect(base + "/", *args)
                assert connection.io_loop is loop
                connection.close()
                await connection.wait_closed()
            assert len(called) == 5
            connection = await websocket_connect(base + "/", io_loop=loop)
            connection.close()
            await connection.wait_closed()
            connection = WebSocketClientConnection(loop, HTTPRequest(base + "/"))
            await connection.connect_future
            connection.close()
            await connection.wait_closed()

    run(work())


def test_positions_of_five_one_and_later():
    async def work():
        async with serving() as base:
            messages = []
            connection = await websocket_connect(
                base + "/", None, 5.0, messages.append, {}, 10.0, 5.0, 1000, ["sub"], Resolver()
            )
            assert connection._parameters.max_message_size == 1000
            assert connection._parameters.ping_interval == 10.0
            connection.write_message("x")
            while not messages:
                await asyncio.sleep(0)
            connection.close()
            await connection.wait_closed()
            with pytest.raises(TypeError, match="10 arguments"):
                websocket_connect(base + "/", *[None] * 10)

    run(work())


def test_signature_names_every_parameter():
    names = set(inspect.signature(websocket_connect).parameters)
    assert {"url", "io_loop", "callback", "resolver", "subprotocols"} <= names


def test_another_loop():
    """The connection belongs to the loop that it is given, which need not run yet."""
    loop = IOLoop(make_current=False)
    done = []

    async def work():
        async with serving() as base:
            connection = await websocket_connect(base + "/", io_loop=loop)
            assert connection.io_loop is loop
            connection.write_message("x")
            done.append(await connection.read_message())
            connection.close()
            await connection.wait_closed()

    loop.run_sync(work, timeout=10)
    loop.close(all_fds=True)
    assert done == ["x"]


# ---- refusals ----


def test_not_found():
    async def work():
        async with serving() as base:
            with pytest.raises(HTTPError) as caught:
                await websocket_connect(base + "/missing")
            assert caught.value.code == 404
            assert caught.value.response.body == b"no such thing"

    run(work())


def test_no_handshake():
    async def work():
        async with serving() as base:
            with pytest.raises(WebSocketError, match="Non-websocket response"):
                await websocket_connect(base + "/plain")

    run(work())


def test_nobody_listens():
    async def work():
        with bind_sockets(0, "127.0.0.1")[0] as sock:
            port = sock.getsockname()[1]
        with pytest.raises(OSError, match=r"."):
            await websocket_connect(f"ws://127.0.0.1:{port}/")

    run(work())


@pytest.mark.parametrize("url", ["ftp://x/", "ws:///path", "x", "wss:"])
def test_urls_that_are_no_websockets(url):
    async def work():
        with pytest.raises(ValueError, match=r"scheme|host"):
            websocket_connect(url)

    run(work())


def test_connect_timeout():
    async def talk(reader, writer):
        await reader.read()

    async def work():
        async with scripted(talk) as port:
            with pytest.raises(HTTPError, match="Timeout") as caught:
                await websocket_connect(f"ws://127.0.0.1:{port}/", connect_timeout=0.02)
            assert caught.value.code == 599
            with pytest.raises(ValueError, match="connect_timeout"):
                websocket_connect(HTTPRequest(f"ws://127.0.0.1:{port}/"), connect_timeout=1)

    run(work())


def test_cancelling_gives_up():
    async def talk(reader, writer):
        assert await reader.read() != b""

    async def work():
        async with scripted(talk) as port:
            future = websocket_connect(f"ws://127.0.0.1:{port}/")
            await asyncio.sleep(0.02)
            future.cancel()
            with pytest.raises(asyncio.CancelledError):
                await future

    run(work())


def test_a_failure_that_nobody_looks_at(caplog):
    """As with any future, it is reported when it is forgotten."""

    async def work():
        async with serving() as base:
            connection = WebSocketClientConnection(HTTPRequest(base + "/missing"))
            future = connection.connect_future
            while not future.done():
                await asyncio.sleep(0.001)
            assert future.exception().code == 404
            with pytest.raises(WebSocketClosedError):
                connection.read_message()
            with pytest.raises(WebSocketClosedError):
                connection.write_message("x")
            del connection, future
            gc.collect()

    run(work())
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


async def answer(reader, writer, **changes):
    """Answer a handshake, with ``changes`` to the fields (None leaves one out)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = head.split("Sec-Websocket-Key: ")[1].split("\r\n")[0]
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_value(key),
    }
    fields.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    writer.write("\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""]).encode())
    return head


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": "h2c"},
        {"Upgrade": None},
        {"Connection": "close"},
        {"Connection": None},
        {"Sec_WebSocket_Accept": "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Sec_WebSocket_Accept": None},
        {"Sec_WebSocket_Protocol": "other"},
        {"Sec_WebSocket_Extensions": "permessage-deflate; x=1"},
        {"Sec_WebSocket_Extensions": "permessage-deflate, permessage-deflate"},
        {"Sec_WebSocket_Extensions": "other"},
        {"Sec_WebSocket_Extensions": "permessage-deflate; server_max_window_bits=99"},
    ],
)
def test_answers_that_are_no_handshake(changes):
    async def talk(reader, writer):
        await answer(reader, writer, **changes)
        await reader.read()

    async def work():
        async with scripted(talk) as port:
            with pytest.raises(HandshakeError):
                await websocket_connect(
                    f"ws://127.0.0.1:{port}/", subprotocols=["mine"], compression_options={}
                )

    run(work())


def test_an_answer_that_is_no_http(caplog):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")

    async def work():
        async with scripted(talk) as port:
            with pytest.raises(HandshakeError, match="no HTTP"):
                await websocket_connect(f"ws://127.0.0.1:{port}/")

    run(work())


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 1", b"HTTP/1.1 101 OK\r\nUpgrade: webs"])
def test_a_server_that_closes_within_its_answer(part):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(part)

    async def work():
        async with scripted(talk) as port:
            with pytest.raises(StreamClosedError):
                await websocket_connect(f"ws://127.0.0.1:{port}/")

    run(work())


def test_frames_with_the_handshake():
    async def talk(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = head.split("Sec-Websocket-Key: ")[1].split("\r\n")[0]
        writer.write(
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n\x81\x02hi\x88\x00" % accept_value(key).encode()
        )
        assert (await reader.readexactly(6))[:2] == b"\x88\x80"

    async def work():
        async with scripted(talk) as port:
            connection = await websocket_connect(f"ws://127.0.0.1:{port}/")
            assert await connection.read_message() == "hi"
            assert await connection.read_message() is None
            assert connection.close_code is None
            await connection.wait_closed()

    run(work())


def test_a_masked_frame_from_the_server_is_refused():
    async def talk(reader, writer):
        await answer(reader, writer)
        writer.write(b"\x81\x82\x00\x00\x00\x00hi")
        data = await reader.read()
        assert data[0] == 0x88

    async def work():
        async with scripted(talk) as port:
            connection = await websocket_connect(f"ws://127.0.0.1:{port}/")
            assert await connection.read_message() is None
            await connection.wait_closed()

    run(work())


# ---- redirects ----


def test_redirects_are_followed_when_asked_for():
    async def work():
        async with serving() as base, serving() as other:
            http_other = other.replace("ws://", "http://")
            for target in ("/", base + "/", http_other + "/"):
                url = f"{base}/redirect?to={target}"
                async with websocket_connect(url, follow_redirects=True) as connection:
                    connection.write_message("x")
                    assert await connection.read_message() == "x"
            request = HTTPRequest(f"{base}/redirect?to=/", follow_redirects=False)
            with pytest.raises(HTTPError) as caught:
                await websocket_connect(request, follow_redirects=True)
            assert caught.value.code == 302
            request = HTTPRequest(f"{base}/redirect?to=/redirect?to=/", max_redirects=1)
            with pytest.raises(HTTPError, match="302"):
                await websocket_connect(request, follow_redirects=True)
            with pytest.raises(ValueError, match="scheme"):
                url = f"{base}/redirect?to=file:///etc/passwd"
                await websocket_connect(url, follow_redirects=True)

    run(work())


@pytest.mark.skipif(sys.platform == "win32", reason="needs unix sockets")
def test_unix_sockets_are_opt_in_and_never_the_target_of_a_redirect():
    async def work(path):
        url = f"ws+unix://{quote(path, safe='')}/"
        with pytest.raises(ValueError, match="allow_unix_sockets"):
            await websocket_connect(url)
        with pytest.raises(ValueError, match="allow_unix_sockets"):
            await websocket_connect(HTTPRequest(url))
        server = HTTPServer(Application(ROUTES))
        server.add_socket(bind_unix_socket(path))
        try:
            request = HTTPRequest(url, allow_unix_sockets=True)
            async with websocket_connect(request) as connection:
                connection.write_message("x")
                assert await connection.read_message() == "x"
            async with serving() as base:
                for target in (url, url.replace("ws+unix", "http+unix")):
                    request = HTTPRequest(
                        f"{base}/redirect?to={quote(target)}", allow_unix_sockets=True
                    )
                    with pytest.raises(ValueError, match="scheme in redirect"):
                        await websocket_connect(request, follow_redirects=True)
        finally:
            server.stop()
            await server.close_all_connections()

    # The path of a unix socket is limited to about a hundred bytes, which tmp_path may exceed.
    with tempfile.TemporaryDirectory() as folder:
        run(work(f"{folder}/socket"))


def test_redirects_are_errors_otherwise():
    async def work():
        async with serving() as base:
            url = f"{base}/redirect?to=/"
            for request in (url, HTTPRequest(url), HTTPRequest(url, follow_redirects=True)):
                with pytest.raises(HTTPError) as caught:
                    await websocket_connect(request)
                assert caught.value.code == 302
                assert caught.value.response.headers["Location"] == "/"

    run(work())


def test_credentials_do_not_pass_to_another_origin():
    async def work():
        async with serving() as base, serving() as other:
            headers = {"Authorization": "secret", "Cookie": "a=b", "X-Mine": "stays"}
            for name, there in (
                ("Authorization", "absent"),
                ("Cookie", "absent"),
                ("X-Mine", "stays"),
            ):
                for server, expected in ((base, headers[name]), (other, there)):
                    to = f"{server}/show%3Fheader={name}"
                    request = HTTPRequest(f"{base}/redirect?to={to}", headers=headers)
                    async with websocket_connect(request, follow_redirects=True) as connection:
                        assert await connection.read_message() == expected

    run(work())


# ---- proxies and TLS ----


def proxy(log, status="200 OK"):
    async def talk(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        log.append(head)
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if not status.startswith("200"):
            return
        host, port = head.split()[1].rsplit(":", 1)
        there_reader, there_writer = await asyncio.open_connection(host, int(port))

        async def pump(source, sink):
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    return talk


def test_a_proxy_is_asked_for_a_tunnel():
    async def work():
        log = []
        async with serving() as base, scripted(proxy(log)) as port:
            request = HTTPRequest(
                base + "/",
                proxy_host="127.0.0.1",
                proxy_port=port,
                proxy_username="me",
                proxy_password="secret",
            )
            connection = await websocket_connect(request)
            connection.write_message("x")
            assert await connection.read_message() == "x"
            connection.close()
            await connection.wait_closed()
            (head,) = log
            assert head.startswith(f"CONNECT {base[5:]} HTTP/1.1\r\n")
            credentials = base64.b64encode(b"me:secret").decode()
            assert f"Proxy-Authorization: Basic {credentials}\r\n" in head

    run(work())


def test_a_proxy_that_refuses():
    async def work():
        async with scripted(proxy([], "407 Proxy Authentication Required")) as port:
            request = HTTPRequest("ws://127.0.0.1:1/", proxy_host="127.0.0.1", proxy_port=port)
            with pytest.raises(HTTPError, match="407"):
                await websocket_connect(request)

    run(work())


def test_tls(certificate):
    async def work():
        async with serving(ssl_options=certificate) as base:
            url = base.replace("ws://", "wss://") + "/"
            for options in (
                {"ca_certs": certificate["certfile"]},
                {"validate_cert": False},
                {"ssl_options": {"ca_certs": certificate["certfile"]}},
                {"ssl_options": ssl.create_default_context(cafile=certificate["certfile"])},
            ):
                connection = await websocket_connect(HTTPRequest(url, **options))
                connection.write_message("x" * 100_000)
                assert await connection.read_message() == "x" * 100_000
                connection.close()
                await connection.wait_closed()

    run(work())


def test_tls_through_a_proxy(certificate):
    async def work():
        async with serving(ssl_options=certificate) as base, scripted(proxy([])) as port:
            request = HTTPRequest(
                base.replace("ws://", "wss://") + "/",
                ca_certs=certificate["certfile"],
                proxy_host="127.0.0.1",
                proxy_port=port,
            )
            async with websocket_connect(request) as connection:
                connection.write_message("x")
                assert await connection.read_message() == "x"

    run(work())


def test_an_unknown_certificate_is_refused(certificate, caplog):
    async def work():
        async with serving(ssl_options=certificate) as base:
            with pytest.raises(ssl.SSLError) as caught:
                await websocket_connect(base.replace("ws://", "wss://") + "/")
            assert not isinstance(caught.value, StreamClosedError)

    run(work())
