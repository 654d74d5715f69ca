"""What a handler may do with its request's connection: read and write the stream, set limits, say 1xx."""

import asyncio
import gzip
import warnings

import pytest

from tornado._http1.hooks import _UNUSED
from tornado.http1connection import (
    HTTP1Connection,
    HTTP1ConnectionParameters,
    HTTP1ServerConnection,
)
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CONNECT = b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class Application:
    """Calls `act(request)` for each request."""

    streams_body = False

    def __init__(self, act, dispatched=None):
        self.act = act
        self.dispatched = dispatched
        self.gone = []
        self.closed = 0

    def dispatch(self, request):
        if self.dispatched is not None:
            self.dispatched(request)
        return Target(self, request)

    def on_close(self, connection):
        self.closed += 1


class Target:
    streams_body = False

    def __init__(self, app, request):
        self.app = app
        self.request = request

    def execute(self):
        self.app.act(self.request)

    def on_connection_close(self):
        self.app.gone.append(self.request.uri)


def serve(connect, app, **params):
    stream, peer = connect()
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**params))
    connection.start_serving(app)
    return connection, stream, peer


def respond(request, body=b"", status=200, **fields):
    request.connection.respond(status, "OK", HTTPHeaders(fields), body)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


# The stream.


@pytest.mark.parametrize("ending", ["none", "finish", "error page"])
@pytest.mark.parametrize("request_", [CONNECT, GET], ids=["connect", "get"])
def test_a_tunnel_without_detach(run, connect, request_, ending):
    async def main():
        received = []

        def act(request):
            stream = request.connection.stream
            stream.read_until_close(lambda rest: received.append(rest), received.append)
            stream.write(b"HTTP/1.0 200 Connection established\r\n\r\n")
            if ending == "finish":
                respond(request)
            elif ending == "error page":
                respond(request, b"an error page", 500)

        app = Application(act)
        _, stream, peer = serve(connect, app)
        await peer.send(request_ + b"first bytes")
        expected = b"HTTP/1.0 200 Connection established\r\n\r\n"
        if ending == "error page":
            assert await peer.receive() == expected
        else:
            assert await peer.receive_head() == expected
            await peer.send(b", more bytes")
            await until(lambda: b"".join(received) == b"first bytes, more bytes")
            stream.write(b"and back")
            assert await peer.receive(8) == b"and back"
        peer.close()
        await until(lambda: app.closed)
        assert stream.closed() or ending == "finish"
        assert app.gone == (["a:80" if request_ is CONNECT else "/"] if ending == "none" else [])

    run(main)


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_handler_that_reads_and_then_responds(run, connect, in_parts):
    async def main():
        async def act(request):
            word = await request.connection.stream.read_until(b"!")
            if in_parts:
                request.connection.write_headers(
                    OK, HTTPHeaders({"Content-Length": str(len(word))})
                )
                request.connection.write(word)
                request.connection.finish()
            else:
                respond(request, word)

        tasks = []
        app = Application(lambda request: tasks.append(asyncio.ensure_future(act(request))))
        connection, _, peer = serve(connect, app)
        await peer.send(GET + b"word one!" + GET + b"wo")
        assert (await peer.receive_head()).endswith(b"word one!")
        await peer.send(b"rd two!" + GET)
        assert (await peer.receive_head()).endswith(b"word two!")
        await peer.send(b"word three!")
        assert (await peer.receive_head()).endswith(b"word three!")
        connection.close()

    run(main)


@pytest.mark.parametrize("in_parts", [False, True])
def test_no_response_follows_what_a_handler_wrote_to_the_stream(run, connect, in_parts):
    async def main():
        def act(request):
            request.connection.stream.write(b"HTTP/1.1 204 Mine\r\n\r\n")
            if in_parts:
                request.connection.write_headers(OK, HTTPHeaders(), b"x").add_done_callback(
                    asyncio.Future.exception
                )
                request.connection.write(b"y").add_done_callback(asyncio.Future.exception)
                request.connection.finish()
            else:
                respond(request, b"xyz")

        connection, _, peer = serve(connect, Application(act))
        await peer.send(GET + GET)
        assert await peer.receive() == b"HTTP/1.1 204 Mine\r\n\r\n"
        connection.close()

    run(main)


def test_a_closed_stream_is_reported_while_it_is_lent(run, connect):
    async def main():
        reads = []

        def act(request):
            reads.append(request.connection.stream.read_bytes(100))
            request.connection.stream.set_close_callback(lambda: reads.append("closed"))

        app = Application(act)
        _, _, peer = serve(connect, app)
        await peer.send(GET)
        await until(lambda: reads)
        peer.close()
        await until(lambda: app.closed)
        assert app.gone == ["/"]
        assert reads[1:] == ["closed"]
        assert isinstance(reads[0].exception(), OSError)

    run(main)


def test_content_that_is_being_received_cannot_be_read_beside(run, connect):
    async def main():
        caught = []

        def dispatched(request):
            with pytest.raises(AssertionError) as info:
                request.connection.stream.read_bytes(1)
            caught.append(str(info.value))

        connection, _, peer = serve(connect, Application(respond, dispatched))
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
        assert "Already reading" in caught[0]
        connection.close()

    run(main)


# CONNECT.


@pytest.mark.parametrize(
    ("request_", "fields", "closes"),
    [
        (CONNECT, {}, False),
        (CONNECT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), {}, True),
        (CONNECT, {"Connection": "close"}, True),
        (b"CONNECT a:80 HTTP/1.0\r\n\r\n", {}, False),
    ],
)
@pytest.mark.parametrize("in_parts", [False, True])
def test_a_successful_response_to_connect(run, connect, request_, fields, closes, in_parts):
    """It has no content and no framing, whatever the handler says (RFC 9110 section 9.3.6)."""

    async def main():
        def act(request):
            if in_parts:
                request.connection.write_headers(OK, HTTPHeaders(fields), b"content")
                request.connection.finish()
            else:
                respond(request, b"content", **fields)

        connection, _, peer = serve(connect, Application(act))
        await peer.send(request_)
        head = await peer.receive_head()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head
        if closes:
            assert await peer.receive() == b""
        else:
            await peer.quiet()
        connection.close()

    run(main)


def test_detach_right_after_a_response_to_connect_that_asks_to_close(run, connect):
    async def main():
        def act(request):
            respond(request)
            detached = request.connection.detach()
            detached.write(b"tunnel")

        _, stream, peer = serve(connect, Application(act))
        await peer.send(CONNECT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        while b"tunnel" not in await peer.receive(6):
            pass
        await peer.quiet()
        stream.close()

    run(main)


# What a handler says of the connection, and before its response.


@pytest.mark.parametrize("when", ["before", "between", "after"])
@pytest.mark.parametrize("in_parts", [False, True])
def test_no_keep_alive_can_be_set(run, connect, when, in_parts):
    async def main():
        def act(request):
            exchange = request.connection
            assert exchange.no_keep_alive is False
            exchange.no_keep_alive = when == "before"
            if in_parts:
                exchange.write_headers(OK, HTTPHeaders({"Content-Length": "1"}), b"x")
                exchange.no_keep_alive = when != "after"
                exchange.finish()
            else:
                exchange.respond(200, "OK", HTTPHeaders(), b"x")
            exchange.no_keep_alive = True

        connection, _, peer = serve(connect, Application(act))
        await peer.send(GET + GET)
        if when == "before" or (in_parts and when == "between"):
            data = await peer.receive()
            assert data.count(b"HTTP/1.1 200") == 1
            assert (b"Connection: close" in data) == (when == "before")
        else:
            data = b""
            while data.count(b"HTTP/1.1 200") < 2:
                data += await peer.receive(1)
        connection.close()

    run(main)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("statuses", [[103], [102], [103, 103, 102]])
@pytest.mark.parametrize("in_parts", [False, True])
def test_informational_heads_before_any_response(run, connect, version, statuses, in_parts):
    async def main():
        def act(request):
            exchange = request.connection
            for status in statuses:
                line = ResponseStartLine("HTTP/1.1", status, "Soon")
                future = exchange.write_headers(line, HTTPHeaders({"Link": "</a>"}))
                assert future.done()
            if in_parts:
                exchange.write_headers(OK, HTTPHeaders({"Content-Length": "5"}), b"final")
                exchange.finish()
            else:
                exchange.respond(200, "OK", HTTPHeaders(), b"final")

        _, _, peer = serve(connect, Application(act))
        await peer.send(b"GET / HTTP/" + version + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
        data = await peer.receive()
        assert data.count(b" Soon\r\n") == (len(statuses) if version == b"1.1" else 0)
        assert data.count(b"HTTP/1.1 200 OK\r\n") == 1
        assert data.endswith(b"\r\n\r\nfinal")

    run(main)


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(
    ("request_", "fields", "line"),
    [
        (b"Connection: close", {"Connection": "keep-alive"}, b"Connection: close"),
        (b"Connection: close", {"Connection": "Keep-Alive, X-Hop"}, b"Connection: x-hop, close"),
        (b"X: y", {"Connection": "keep-alive"}, None),
        (b"X: y", {"Connection": "close"}, b"Connection: close"),
        (b"X: y", {"Connection": "keep-alive, close"}, b"Connection: close"),
    ],
)
def test_one_true_connection_line(run, connect, request_, fields, line, in_parts):
    async def main():
        def act(request):
            if in_parts:
                fields_ = HTTPHeaders({**fields, "Content-Length": "0"})
                request.connection.write_headers(OK, fields_)
                request.connection.finish()
            else:
                respond(request, **fields)

        connection, _, peer = serve(connect, Application(act))
        await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + request_ + b"\r\n\r\n")
        head = await peer.receive_head()
        lines = [one for one in head.split(b"\r\n") if one.lower().startswith(b"connection:")]
        assert lines == ([] if line is None else [line])
        connection.close()

    run(main)


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_reason_that_latin_1_cannot_carry(run, connect, in_parts):
    async def main():
        def act(request):
            if in_parts:
                line = ResponseStartLine("HTTP/1.1", 200, "\u2603 snow")
                request.connection.write_headers(line, HTTPHeaders({"Content-Length": "0"}))
                request.connection.finish()
            else:
                request.connection.respond(200, "\u2603 snow", HTTPHeaders(), b"")

        connection, _, peer = serve(connect, Application(act))
        await peer.send(GET)
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200 Unknown\r\n")
        connection.close()

    run(main)


def test_closing_a_close_delimited_response_resets(run, connect):
    """Otherwise half a response would look like a whole one."""

    async def main():
        def act(request):
            request.connection.write_headers(OK, HTTPHeaders(), b"half a page")
            asyncio.get_running_loop().call_later(0.01, request.connection.close)

        _, _, peer = serve(connect, Application(act))
        await peer.send(b"GET / HTTP/1.0\r\n\r\n")
        loop = asyncio.get_running_loop()
        with pytest.raises(ConnectionResetError):
            while await loop.sock_recv(peer.sock, 65536):
                pass

    run(main)


# Limits.


@pytest.mark.parametrize("place", ["routing", "headers_received"])
@pytest.mark.parametrize("coding", ["fixed", "chunked", "gzip"])
@pytest.mark.parametrize(
    ("default", "chosen", "size", "status"),
    [(10, 1000, 500, 200), (10, 1000, 2000, 413), (1000, 10, 500, 413), (1000, 10, 10, 200)],
)
def test_set_max_body_size(run, connect, place, coding, default, chosen, size, status):
    class Delegate(HTTPServerConnectionDelegate, HTTPMessageDelegate):
        def start_request(self, server_conn, request_conn):
            self.exchange = request_conn
            return self

        def headers_received(self, start_line, headers):
            self.exchange.set_max_body_size(chosen)

        def finish(self):
            self.exchange.respond(200, "OK", HTTPHeaders(), b"")

    async def main():
        if place == "routing":
            app = Application(respond, lambda request: request.connection.set_max_body_size(chosen))
        else:
            app = Delegate()
        connection, _, peer = serve(connect, app, max_body_size=default, decompress=True)
        content, fields = bytes(size), b"Content-Length: %d" % size
        if coding == "chunked":
            content = b"%x\r\n%s\r\n0\r\n\r\n" % (size, content)
            fields = b"Transfer-Encoding: chunked"
        elif coding == "gzip":
            content = gzip.compress(content)
            fields = b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip"
            content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
            if len(content) > chosen:
                connection.close()
                return
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n" + content)
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 %d " % status)
        if status == 200:  # the limit was that of one request
            assert connection.reader.max_body_size == default
        connection.close()

    run(main)


@pytest.mark.parametrize("name", sorted(_UNUSED))
@pytest.mark.parametrize("base", [HTTP1Connection, HTTP1ServerConnection])
def test_an_override_that_is_never_called_is_reported_once(base, name):
    with pytest.warns(RuntimeWarning, match=f"Limited.{name} is never called") as caught:
        cls = type("Limited", (base,), {name: lambda self: None, "__qualname__": "Limited"})
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("Further", (cls,), {})


def test_the_warning_names_the_replacement():
    with pytest.warns(RuntimeWarning, match="set_max_body_size"):
        type("Limited", (HTTP1Connection,), {"_read_body": lambda self: None})


def test_a_hook_that_was_assigned_is_reported(run, connect, monkeypatch):
    monkeypatch.setattr(HTTP1Connection, "_read_fixed_body", lambda self: None, raising=False)

    async def main():
        with pytest.warns(RuntimeWarning, match="_read_fixed_body is never called"):
            connection, _, _ = serve(connect, Application(respond))
        connection.close()

    run(main)


# Replaced steps.


class Transparent:
    """Wraps a function and passes for it in every look-up, as wrapt's wrappers do."""

    def __init__(self, wrapped, log):
        self.__wrapped__ = wrapped
        self.log = log

    def __get__(self, instance, owner):
        return Transparent(self.__wrapped__.__get__(instance, owner), self.log)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __eq__(self, other):
        return self.__wrapped__ == other

    __hash__ = None

    def __call__(self, *args, **kwargs):
        self.log.append(self.__wrapped__.__name__)
        return self.__wrapped__(*args, **kwargs)


@pytest.mark.parametrize("name", ["write_headers", "finish"])
@pytest.mark.parametrize("way", ["class", "class, later", "instance"])
def test_replaced_steps_are_called(run, connect, monkeypatch, name, way):
    async def main():
        log = []

        def replace():
            replaced = Transparent(getattr(HTTP1Connection, name), log)
            monkeypatch.setattr(HTTP1Connection, name, replaced)

        def act(request):
            if way == "instance":
                setattr(
                    request.connection, name, Transparent(getattr(request.connection, name), log)
                )
            respond(request, b"body")

        if way == "class":
            replace()
        connection, _, peer = serve(connect, Application(act))
        for number in range(3):
            if way == "class, later" and number == 1:
                replace()
            await peer.send(GET)
            head = await peer.receive_head()
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert (
                head.endswith(b"\r\nContent-Length: 4\r\n\r\nbody") or b"Content-Length: 4" in head
            )
        assert log == [name] * (2 if way == "class, later" else 3)
        connection.close()

    run(main)
