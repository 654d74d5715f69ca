"""Server connections over real sockets: what a delegate and a peer see."""

import asyncio
import contextvars
import gzip
import logging
import socket

import pytest

from tornado._http1 import closing
from tornado._http1.errors import MessageError
from tornado._http1.state import SERVING
from tornado.http1connection import (
    HTTP1Connection,
    HTTP1ConnectionParameters,
    HTTP1ServerConnection,
)
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


def parse(data):
    """Return (status line, headers, rest) of the response that `data` starts with."""
    head, _, rest = data.partition(b"\r\n\r\n")
    line, _, fields = head.decode("latin-1").partition("\r\n")
    return line, HTTPHeaders.parse(fields), rest


class Target:
    """Answers with `answer(request)`; records what happens to it."""

    streams_body = False

    def __init__(self, app, request):
        self.app = app
        self.request = request

    def execute(self):
        self.app.executed.append((self.request.method, self.request.uri, self.request.body))
        self.app.answer(self.request)

    def on_connection_close(self):
        self.app.closed.append(self.request.uri)


class Streaming(Target, HTTPMessageDelegate):
    streams_body = True

    def __init__(self, app, request):
        super().__init__(app, request)
        self.ready = None
        self.parts = []

    def data_received(self, chunk):
        self.parts.append(chunk)

    def finish(self):
        self.request.body = b"".join(self.parts)
        self.execute()


class Dispatcher:
    """An application with the fast seam."""

    target = Target

    def __init__(self, answer=None):
        self.executed = []
        self.closed = []
        self.connections_closed = 0
        self.answer = answer or (lambda request: respond(request, request.uri.encode()))

    def dispatch(self, request):
        return self.target(self, request)

    def on_close(self, connection):
        self.connections_closed += 1


class Classic(HTTPServerConnectionDelegate):
    """The same by the way of delegates."""

    def __init__(self, answer=None):
        self.executed = []
        self.closed = []
        self.connections_closed = 0
        self.answer = answer or (lambda request: respond(request, request.uri.encode()))

    def start_request(self, server_conn, request_conn):
        return ClassicMessage(self, request_conn)

    def on_close(self, connection):
        self.connections_closed += 1


class ClassicMessage(HTTPMessageDelegate):
    def __init__(self, app, connection):
        self.app = app
        self.connection = connection
        self.body = b""

    def headers_received(self, start_line, headers):
        self.method, self.uri, self.version = start_line
        self.headers = headers

    def data_received(self, chunk):
        self.body += chunk

    def finish(self):
        self.app.executed.append((self.method, self.uri, self.body))
        self.app.answer(self)

    def on_connection_close(self):
        self.app.closed.append(self.uri)


def respond(request, body=b"", status=200, **fields):
    headers = HTTPHeaders({name.replace("_", "-"): value for name, value in fields.items()})
    request.connection.respond(status, "OK", headers, body)


def respond_in_parts(request, *chunks, trailers=None, **fields):
    headers = HTTPHeaders({name.replace("_", "-"): value for name, value in fields.items()})
    request.connection.write_headers(OK, headers)
    for chunk in chunks:
        request.connection.write(chunk)
    request.connection.finish(trailers) if trailers else request.connection.finish()


class Checked(HTTP1ServerConnection):
    """A server connection that holds each change of its phase against the table."""

    @property
    def phase(self):
        return self._checked_phase

    @phase.setter
    def phase(self, phase):
        before = getattr(self, "_checked_phase", None)
        assert before is None or before is phase or phase in SERVING[before], (before, phase)
        self._checked_phase = phase


def serve(stream, app, **params):
    connection = Checked(stream, HTTP1ConnectionParameters(**params), "the client")
    connection.start_serving(app)
    return connection


@pytest.fixture(params=[Dispatcher, Classic])
def kind(request):
    return request.param


@pytest.fixture
def exchange(run, connect):
    """Serve one connection with `app`, send `data`, return all that comes back until the end."""

    def go(app, *pieces, half_close=True, **params):
        async def main():
            stream, peer = connect()
            connection = serve(stream, app, **params)
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(0.005 if len(pieces) > 1 else 0)
            if half_close:
                # The answers first: an end of the input would cut off what is not answered at once.
                await asyncio.sleep(0.02)
                peer.sock.shutdown(socket.SHUT_WR)
            data = await peer.receive()
            connection.close()
            return data

        return run(main)

    return go


def test_a_request_and_its_answer(kind, exchange):
    app = kind()
    line, headers, body = parse(exchange(app, b"GET /x?y HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert line == "HTTP/1.1 200 OK"
    assert headers["Content-Length"] == "4"
    assert headers["Date"].endswith("GMT")
    assert "Connection" not in headers
    assert body == b"/x?y"
    assert app.executed == [("GET", "/x?y", b"")]
    assert app.closed == []
    assert app.connections_closed == 1


@pytest.mark.parametrize("pieces", [1, 7, 60])
def test_content(kind, exchange, pieces):
    data = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"
    step = len(data) // pieces
    app = kind()
    got = exchange(app, *[data[i : i + step] for i in range(0, len(data), step)])
    assert parse(got)[2] == b"/x"
    assert app.executed == [("PUT", "/x", b"abcdefghijklmnopqrstuvwxyz")]


def test_chunked_content_and_trailers(kind, exchange):
    seen = []
    app = kind(lambda request: (seen.append(request.connection.trailers), respond(request)))
    exchange(
        app,
        b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
    )
    assert app.executed == [("PUT", "/x", b"abcde")]
    assert seen == [HTTPHeaders({"X-Sum": "5"})]


def test_trailers_reach_a_delegate_that_wants_them(exchange):
    class Message(ClassicMessage):
        def trailers_received(self, trailers):
            self.app.executed.append(dict(trailers))

    class App(Classic):
        def start_request(self, server_conn, request_conn):
            return Message(self, request_conn)

    app = App()
    exchange(
        app,
        b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 5\r\n\r\n",
    )
    assert app.executed == [{"X-Sum": "5"}, ("PUT", "/x", b"")]


def test_pipelined_requests_are_answered_in_order(kind, exchange):
    app = kind()
    data = b"".join(
        b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\nPUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        % (i, i)
        for i in range(50)
    )
    got = exchange(app, data)
    assert got.count(b"HTTP/1.1 200 OK") == 100
    assert [(method, uri) for method, uri, _ in app.executed] == [
        (method, f"/{i}") for i in range(50) for method in ("GET", "PUT")
    ]


def test_pipelined_requests_are_answered_in_one_send(run, connect):
    async def main():
        stream, peer = connect()
        sends = []
        send = stream.socket.send
        app = Dispatcher()

        class Counting:
            def __init__(self, sock):
                self._sock = sock

            def send(self, data):
                sends.append(len(data))
                return send(data)

            def __getattr__(self, name):
                return getattr(self._sock, name)

        stream.socket = Counting(stream.socket)
        connection = serve(stream, app)
        await peer.send(GET * 16)
        while len(app.executed) < 16:
            await asyncio.sleep(0.001)
        assert len(sends) <= 2  # two where the requests came in two pieces
        connection.close()

    run(main)


@pytest.mark.parametrize(
    "first",
    [
        b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
        b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
        b"GET /1 HTTP/1.0\r\n\r\n",
    ],
)
def test_nothing_behind_the_last_request_is_executed(kind, exchange, first):
    app = kind()
    data = exchange(app, first + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", half_close=False)
    assert [uri for _, uri, _ in app.executed] == ["/1"]
    _, headers, body = parse(data)
    assert headers.get("Connection") == (None if b"HTTP/1.0" in first else "close")
    assert body == b"/1"


def test_http_1_0_stays_open_when_asked(kind, exchange):
    app = kind()
    request = b"GET /%d HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    data = exchange(app, request % 1 + request % 2)
    assert data.count(b"Connection: Keep-Alive\r\n") == 2
    assert len(app.executed) == 2


def test_no_keep_alive(kind, exchange):
    app = kind()
    data = exchange(app, GET + GET, half_close=False, no_keep_alive=True)
    assert data.count(b"HTTP/1.1 200") == 1
    assert parse(data)[1]["Connection"] == "close"


def test_an_answer_that_says_close_closes(kind, exchange):
    app = kind(lambda request: respond(request, b"x", Connection="close"))
    data = exchange(app, GET + GET, half_close=False)
    assert data.count(b"HTTP/1.1 200") == 1


def test_absolute_form(kind, exchange):
    seen = []
    app = kind(lambda request: (seen.append(request.headers["Host"]), respond(request)))
    exchange(app, b"GET http://b.example/x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert app.executed == [("GET", "http://b.example/x", b"")]
    assert seen == ["b.example"]


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(
    ("request_line", "status", "content", "length"),
    [
        (b"HEAD / HTTP/1.1", 200, b"", "5"),
        (b"GET / HTTP/1.1", 204, b"", None),
        (b"GET / HTTP/1.1", 304, b"", "5"),
        (b"GET / HTTP/1.1", 200, b"hello", "5"),
    ],
)
def test_answers_without_content(kind, exchange, in_parts, request_line, status, content, length):
    def answer(request):
        headers = HTTPHeaders({"Content-Length": "5"})
        if in_parts:
            start = ResponseStartLine("HTTP/1.1", status, "X")
            request.connection.write_headers(start, headers, b"he")
            request.connection.write(b"llo")
            request.connection.finish()
        else:
            request.connection.respond(status, "X", headers, b"hello")

    data = exchange(kind(answer), request_line + b"\r\nHost: a\r\n\r\n" + GET)
    line, headers, rest = parse(data)
    assert line == f"HTTP/1.1 {status} X"
    assert headers.get("Content-Length") == length
    assert rest.startswith(content + b"HTTP/1.1 ")  # the second answer follows at once


def test_chunked_answer(kind, exchange):
    app = kind(
        lambda request: respond_in_parts(
            request, b"abc", b"", b"defg", trailers=HTTPHeaders({"X": "y"})
        )
    )
    _, headers, body = parse(exchange(app, GET))
    assert headers["Transfer-Encoding"] == "chunked"
    assert body == b"3\r\nabc\r\n4\r\ndefg\r\n0\r\nX: y\r\n\r\n"


def test_close_delimited_answer_to_http_1_0(kind, exchange):
    app = kind(lambda request: respond_in_parts(request, b"abc", b"def"))
    data = exchange(app, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", half_close=False)
    _, headers, body = parse(data)
    assert "Connection" not in headers  # HTTP/1.0 closes by default
    assert "Transfer-Encoding" not in headers
    assert body == b"abcdef"


def test_large_answers_are_not_joined(kind, exchange):
    body = bytes(range(256)) * 4096
    app = kind(lambda request: respond(request, body))
    assert parse(exchange(app, GET))[2] == body


def test_informational_answers(kind, exchange):
    def answer(request):
        early = ResponseStartLine("HTTP/1.1", 103, "Early Hints")
        request.connection.write_headers(early, HTTPHeaders({"Link": "</a.css>"}))
        respond_in_parts(request, b"x", Content_Length="1")

    data = exchange(kind(answer), GET)
    assert data.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n")


EXPECT = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"


def test_expect(kind, run, connect):
    async def main():
        stream, peer = connect()
        app = kind()
        connection = serve(stream, app)
        await peer.send(EXPECT)
        assert await peer.receive(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await peer.send(b"hello")
        assert parse(await peer.receive_head())[0] == "HTTP/1.1 200 OK"
        assert app.executed == [("PUT", "/x", b"hello")]
        connection.close()

    run(main)


def test_expect_is_not_answered_where_content_came_or_is_refused(kind, exchange):
    assert exchange(kind(), EXPECT + b"hello").startswith(b"HTTP/1.1 200 OK")
    data = exchange(kind(), EXPECT, half_close=False, max_body_size=4)
    assert data.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in data
    old = EXPECT.replace(b"1.1", b"1.0")
    assert exchange(kind(), old, b"hello").startswith(b"HTTP/1.1 200 OK")


class EarlyStreaming(Streaming):
    def __init__(self, app, request):
        super().__init__(app, request)
        app.executed.append("early")
        respond(request, b"no", 403)


def early():
    app = Dispatcher()
    app.target = EarlyStreaming
    return app


def test_an_answer_before_the_content(exchange):
    app = early()
    put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    data = exchange(app, put + b"he", b"llo" + put + b"hello")
    assert data.count(b"HTTP/1.1 403 OK") == 2
    assert app.executed == ["early", "early"]


def test_an_answer_before_the_content_to_a_client_that_waits(exchange):
    # Whether it sends the content now is anyone's guess: the connection can not be used any more.
    data = exchange(early(), EXPECT, half_close=False)
    assert parse(data)[1]["Connection"] == "close"
    assert b"100 Continue" not in data


@pytest.mark.parametrize("framing", [b"Content-Length: 30000000", b"Transfer-Encoding: chunked"])
def test_an_answer_before_too_much_content(run, connect, framing):
    async def main():
        stream, peer = connect()
        connection = serve(stream, early())
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
        try:
            for _ in range(100):
                await asyncio.wait_for(peer.send(b"2710\r\n" + bytes(10000) + b"\r\n"), 1)
        except OSError:
            pass
        data = await peer.receive()
        assert data.startswith(b"HTTP/1.1 403 OK")
        connection.close()

    run(main)


def test_streaming(exchange):
    app = Dispatcher()
    app.target = Streaming
    exchange(app, b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", b"he", b"llo")
    exchange(app, GET)
    assert app.executed == [("PUT", "/x", b"hello"), ("GET", "/", b"")]


def test_a_consumer_sets_the_pace(run, connect):
    class Slow(Streaming):
        def data_received(self, chunk):
            super().data_received(chunk)
            self.app.future = asyncio.get_running_loop().create_future()
            return self.app.future

    async def main():
        stream, peer = connect()
        app = Dispatcher()
        app.target = Slow
        app.future = None
        connection = serve(stream, app, chunk_size=1000)
        sending = asyncio.ensure_future(
            peer.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + bytes(3000))
        )
        for expected in (1000, 2000, 3000):
            while app.future is None:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.005)
            future, app.future = app.future, None
            assert sum(map(len, connection._exchange._target.parts)) == expected
            future.set_result(None)
        await sending
        assert parse(await peer.receive_head())[2] == b"/x"
        assert app.executed == [("PUT", "/x", bytes(3000))]
        connection.close()

    run(main)


def test_a_busy_consumer_stops_reading_from_the_socket(run, connect):
    class Stuck(Streaming):
        def data_received(self, chunk):
            self.parts.append(chunk)
            return asyncio.get_running_loop().create_future()

    async def main():
        stream, peer = connect()
        app = Dispatcher()
        app.target = Stuck
        connection = serve(stream, app)
        size = 50_000_000
        await peer.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(peer.send(bytes(size)), 0.2)
        assert connection.reader.buffered < 1_000_000
        connection.close()

    run(main)


@pytest.mark.parametrize("way", ["ready", "headers_received"])
def test_content_waits_until_the_handler_is_ready(run, connect, way):
    async def main():
        stream, peer = connect()
        future = asyncio.get_running_loop().create_future()
        if way == "ready":

            class Late(Streaming):
                def __init__(self, app, request):
                    super().__init__(app, request)
                    self.ready = future

            app = Dispatcher()
            app.target = Late
        else:

            class Message(ClassicMessage):
                def headers_received(self, start_line, headers):
                    super().headers_received(start_line, headers)
                    return future

            class App(Classic):
                def start_request(self, server_conn, request_conn):
                    return Message(self, request_conn)

            app = App()
        connection = serve(stream, app, max_body_size=3)
        await peer.send(EXPECT)
        await peer.quiet()
        connection._exchange.set_max_body_size(5)
        future.set_result(None)
        assert await peer.receive(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        await peer.send(b"hello")
        assert parse(await peer.receive_head())[0] == "HTTP/1.1 200 OK"
        assert app.executed == [("PUT", "/x", b"hello")]
        # The limit was that of one request.
        await peer.send(EXPECT)
        assert (await peer.receive()).startswith(b"HTTP/1.1 413 ") if way == "ready" else True
        connection.close()

    run(main)


# Refusals.


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 70000, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000, 431),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + bytes(1001), 413),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + bytes(1001),
            413,
        ),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ],
)
def test_refused(kind, exchange, caplog, data, status):
    caplog.set_level(logging.INFO, "tornado")
    app = kind()
    got = exchange(app, data, half_close=False, max_body_size=1000)
    line, headers, body = parse(got)
    assert line.split()[1] == str(status)
    assert headers["Connection"] == "close"
    assert headers["Content-Length"] == "0"
    assert body == b""
    assert app.executed == []
    assert app.connections_closed == 1
    assert len(caplog.records) == 1
    record = caplog.records[0]
    assert record.levelno in (logging.INFO, logging.WARNING)
    assert record.exc_info is None
    assert "the client" in record.getMessage()


def test_a_refusal_comes_after_the_answers_before_it(kind, exchange):
    app = kind()
    data = exchange(app, GET + GET + b"bad\r\n\r\n" + GET, half_close=False)
    assert data.count(b"HTTP/1.1 200") == 2
    assert data.count(b"HTTP/1.1 400") == 1
    assert len(app.executed) == 2


def test_a_refusal_reaches_a_peer_that_is_still_sending(run, connect):
    async def main():
        stream, peer = connect()
        connection = serve(stream, Dispatcher(), max_body_size=1000)
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
        await peer.send(bytes(3000000))
        assert (await peer.receive()).startswith(b"HTTP/1.1 413 ")
        connection.close()

    run(main)


def test_a_peer_that_never_stops_sending_is_cut_off(run, connect, monkeypatch):
    monkeypatch.setattr(closing, "LINGER_SECONDS", 0.02)

    async def main():
        stream, peer = connect()
        serve(stream, Dispatcher())
        await peer.send(b"bad\r\n\r\n")
        assert (await peer.receive()).startswith(b"HTTP/1.1 400 ")
        await asyncio.sleep(0.05)
        assert stream.closed()

    run(main)


def test_content_that_breaks_off_tells_the_target(kind, exchange):
    app = kind()
    exchange(app, b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    assert app.executed == []
    assert app.closed == ["/x"]


# The application's faults.


def test_an_error_before_the_answer(kind, exchange, caplog):
    def answer(request):
        raise ZeroDivisionError("oops")

    app = kind(answer)
    data = exchange(app, GET + GET, half_close=False)
    # What a delegate of messages raises closes the connection, as in Tornado 6.6.
    assert data.startswith(b"HTTP/1.1 500 ") or kind is Classic
    assert data.count(b"HTTP/1.1") == (0 if kind is Classic else 1)
    assert caplog.records[0].getMessage().startswith("Uncaught exception")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.records[0].exc_info[1].args == ("oops",)


def test_an_error_after_the_first_flush_shows_as_truncation(kind, exchange, caplog):
    def answer(request):
        request.connection.write_headers(OK, HTTPHeaders())
        request.connection.write(b"abc")
        raise ZeroDivisionError("oops")

    data = exchange(kind(answer), GET)
    assert data.endswith(b"3\r\nabc\r\n")
    assert len(caplog.records) == 1


def test_an_error_after_the_answer_is_only_logged(kind, exchange, caplog):
    def answer(request):
        respond(request, b"x")
        raise ZeroDivisionError("oops")

    data = exchange(kind(answer), GET + GET)
    assert data.count(b"HTTP/1.1 200 OK") == 2
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("error", "status"), [(HTTPInputError("bad form"), 400), (MessageError("big form", 413), 413)]
)
def test_input_errors_of_a_delegate_are_the_peers(exchange, caplog, error, status):
    def answer(request):
        raise error

    data = exchange(Classic(answer), GET)
    assert data.startswith(b"HTTP/1.1 %d " % status)
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


def read_form(request):
    return request.body_arguments


def read_query(request):
    return request.arguments


def add_bad_name(request):
    HTTPHeaders().add("X\r\nY", "v")


def parse_bad_headers(request):
    HTTPHeaders.parse("no colon")


def fail_elsewhere(request):
    raise MessageError("in a response of another server", 413)


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (read_form, 400),
        (read_query, 400),
        (add_bad_name, 500),
        (parse_bad_headers, 500),
        (fail_elsewhere, 500),
    ],
)
def test_input_errors_of_a_target_are_its_own_unless_it_reads_the_request(exchange, act, status):
    data = exchange(
        Dispatcher(act),
        b"POST /?"
        + b"a&" * (2000 if act is read_query else 2)
        + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\nabc",
    )
    assert data.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    ("status", "reason", "fields"),
    [
        (200, "OK", {"X": "a\r\nY: b"}),
        (200, "OK", {"X": "a\nb"}),
        (200, "OK", {"X": "a\rb"}),
        (200, "OK", {"X": "a\x00b"}),
        (200, "OK", {"X: y\r\nZ": "b"}),
        (200, "OK", {"X Y": "b"}),
        (200, "OK", {"X:": "b"}),
        (200, "OK", {"": "b"}),
        (200, "O\r\nX: y", {}),
        (200, "O\x00K", {}),
        (302, "Found", {"Location": "/\r\nSet-Cookie: a=b"}),
        (200, "OK", {"Set-Cookie": "a=b\x0bc"}),
        (200, "OK", {"X": "\u0100"}),
        (99, "OK", {}),
        (1000, "OK", {}),
    ],
)
@pytest.mark.parametrize("in_parts", [False, True])
def test_nothing_is_written_of_what_no_head_may_hold(
    kind, exchange, status, reason, fields, in_parts
):
    def answer(request):
        with pytest.raises(ValueError):  # noqa: PT011 - also UnicodeEncodeError
            if in_parts:
                start = ResponseStartLine("HTTP/1.1", status, reason)
                request.connection.write_headers(start, HTTPHeaders(fields), b"x")
            else:
                request.connection.respond(status, reason, HTTPHeaders(fields), b"x")
        respond(request, b"fine")

    line, headers, body = parse(exchange(kind(answer), GET))
    assert line == "HTTP/1.1 200 OK"
    assert set(headers) == {"Content-Length", "Date"}
    assert body == b"fine"


def test_contradictions_are_refused(kind, exchange):
    def answer(request):
        connection = request.connection
        both = HTTPHeaders({"Content-Length": "3", "Transfer-Encoding": "chunked"})
        for act in (
            lambda: connection.respond(200, "OK", HTTPHeaders({"Content-Length": "2"}), b"abc"),
            lambda: connection.respond(200, "OK", both, b"abc"),
            lambda: connection.write_headers(OK, both),
            lambda: connection.write_headers(OK, HTTPHeaders({"Content-Length": "x"})),
            lambda: connection.write_headers(OK, HTTPHeaders({"Content-Length": "2"}), b"abc"),
            lambda: connection.finish(),
        ):
            with pytest.raises(HTTPOutputError):
                act()
        connection.write_headers(OK, HTTPHeaders({"Content-Length": "3"}), b"ab")
        for act in (
            lambda: connection.write(b"cd"),
            lambda: connection.write_headers(OK, HTTPHeaders()),
            lambda: connection.respond(200, "OK", HTTPHeaders(), b""),
        ):
            with pytest.raises(HTTPOutputError):
                act()
        connection.write(b"c")
        connection.finish()
        for act in (connection.finish, lambda: connection.write(b"x")):
            with pytest.raises(HTTPOutputError):
                act()

    data = exchange(kind(answer), GET)
    assert data.count(b"HTTP/1.1") == 1
    assert parse(data)[2] == b"abc"


def test_a_short_answer_closes_the_connection(kind, exchange):
    def answer(request):
        request.connection.write_headers(OK, HTTPHeaders({"Content-Length": "3"}), b"ab")
        with pytest.raises(HTTPOutputError, match="1 bytes less"):
            request.connection.finish()

    app = kind(answer)
    data = exchange(app, GET + GET, half_close=False)
    assert data.endswith(b"\r\n\r\nab")
    assert len(app.executed) == 1


# Answers that come later, and peers that do not wait.


def test_an_answer_later(kind, run, connect):
    async def main():
        stream, peer = connect()
        requests = []
        app = kind(requests.append)
        connection = serve(stream, app)
        await peer.send(GET + GET)
        for count in (1, 2):
            while len(requests) < count:
                await asyncio.sleep(0.001)
            await peer.quiet(0.005)
            assert len(requests) == count  # one after the other
            respond(requests[-1], b"%d" % count)
            assert parse(await peer.receive_head())[2] == b"%d" % count
        connection.close()

    run(main)


def test_a_peer_that_leaves(kind, run, connect):
    async def main():
        stream, peer = connect()
        requests = []
        told = []
        app = kind(requests.append)
        serve(stream, app)
        await peer.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        while not requests:
            await asyncio.sleep(0.001)
        requests[0].connection.set_close_callback(lambda: told.append("callback"))
        peer.close()
        while not app.closed:
            await asyncio.sleep(0.001)
        assert app.closed == ["/x"]
        assert told == ["callback"]
        assert app.connections_closed == 1
        # What is written now goes nowhere, and hurts nobody.
        connection = requests[0].connection
        future = connection.write_headers(OK, HTTPHeaders(), b"x")
        with pytest.raises(StreamClosedError):
            await future
        connection.finish()

    run(main)


def test_respond_to_a_peer_that_left(run, connect):
    async def main():
        stream, peer = connect()
        requests = []
        app = Dispatcher(requests.append)
        serve(stream, app)
        await peer.send(GET)
        while not requests:
            await asyncio.sleep(0.001)
        peer.close()
        while not app.closed:
            await asyncio.sleep(0.001)
        respond(requests[0], b"x")

    run(main)


def test_close_callback_is_not_called_after_finish(kind, run, connect):
    async def main():
        stream, peer = connect()
        told = []

        def answer(request):
            request.connection.set_close_callback(lambda: told.append(1))
            respond(request)

        app = kind(answer)
        serve(stream, app)
        await peer.send(GET)
        await peer.receive_head()
        peer.close()
        while not app.connections_closed:
            await asyncio.sleep(0.001)
        assert told == []
        assert app.closed == []

    run(main)


def test_a_connection_object_serves_one_request(kind, exchange):
    kept = []

    def answer(request):
        kept.append(request.connection)
        if len(kept) == 2:
            with pytest.raises(HTTPOutputError):
                kept[0].write(b"smuggled")
            with pytest.raises(HTTPOutputError):
                kept[0].write_headers(OK, HTTPHeaders(), b"smuggled")
        respond(request, b"x")

    data = exchange(kind(answer), GET + GET)
    assert len(kept) == 2
    assert b"smuggled" not in data


def test_writes_return_futures_that_wait_for_the_peer(kind, run, connect):
    async def main():
        stream, peer = connect()
        requests = []
        serve(stream, kind(requests.append))
        await peer.send(GET)
        while not requests:
            await asyncio.sleep(0.001)
        connection = requests[0].connection
        future = connection.write_headers(OK, HTTPHeaders())
        assert future.done()
        await future
        called = []
        future = connection.write(bytes(10_000_000), lambda: called.append("big"))
        assert not future.done()
        reading = asyncio.ensure_future(peer.receive())
        await future
        connection.write(b"small", lambda: called.append("small"))
        connection.finish()
        await asyncio.sleep(0.01)
        assert called == ["big", "small"]
        connection.close()
        stream.close()
        assert len(await reading) > 10_000_000

    run(main)


# Fairness and bounds.


def test_requests_that_wait_are_bounded(kind, run, connect):
    async def main():
        stream, peer = connect()
        app = kind(lambda request: None)
        connection = serve(stream, app)
        sending = asyncio.ensure_future(peer.send(GET * 500_000))
        await asyncio.sleep(0.1)
        assert connection.reader.buffered < 300_000
        assert not sending.done()
        sending.cancel()
        connection.close()

    run(main)


def test_requests_before_a_half_close_are_all_answered(run, connect):
    async def main():
        stream, peer = connect()
        app = Dispatcher()
        serve(stream, app)
        await peer.send(GET * 200)
        peer.sock.shutdown(socket.SHUT_WR)
        assert (await peer.receive()).count(b"HTTP/1.1 200") == 200

    run(main)


def test_context_variables_do_not_pass_to_the_next_request(kind, exchange):
    variable = contextvars.ContextVar("variable", default="clean")
    seen = []

    def answer(request):
        seen.append(variable.get())
        variable.set("dirty")
        respond(request)

    put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    exchange(kind(answer), GET + GET, put, GET, put)
    assert seen == ["clean"] * 5


def test_context_variables_of_a_coroutine_do_not_pass_on_either(kind, run, connect):
    variable = contextvars.ContextVar("variable", default="clean")

    async def main():
        stream, peer = connect()
        seen = []

        async def handle(request):
            await asyncio.sleep(0.001)
            variable.set("dirty")
            respond(request)

        def answer(request):
            seen.append(variable.get())
            tasks.append(asyncio.ensure_future(handle(request)))

        tasks = []
        connection = serve(stream, kind(answer), idle_timeout=5)
        # So much behind the first one that reading pauses, and is resumed by the coroutine.
        sending = asyncio.ensure_future(peer.send(GET * 6000))
        while len(seen) < 10:
            await asyncio.sleep(0.001)
        connection.close()
        sending.cancel()
        for task in tasks:
            await task
        assert set(seen) == {"clean"}
        assert variable not in connection._base

    run(main)


# Deadlines.


@pytest.mark.parametrize(
    ("data", "params", "logged"),
    [
        (b"", {"idle_timeout": 0.03}, False),
        (GET, {"idle_timeout": 0.03}, False),
        (b"", {"header_timeout": 0.03}, False),
        (b"GET / HT", {"header_timeout": 0.03, "idle_timeout": 5}, False),
        (GET + b"GET", {"header_timeout": 0.03, "idle_timeout": 5}, False),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", {"body_timeout": 0.03}, True),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
            {"header_timeout": 0.03},
            True,
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
            {"body_timeout": 0.03, "header_timeout": 5},
            True,
        ),
    ],
)
def test_deadlines(kind, run, connect, caplog, data, params, logged):
    caplog.set_level(logging.INFO, "tornado")

    async def main():
        stream, peer = connect()
        app = kind()
        serve(stream, app, **params)
        await peer.send(data)
        got = await peer.receive(timeout=1)
        assert got.count(b"HTTP/1.1") == data.count(GET)
        assert app.connections_closed == 1

    run(main)
    assert ["Timeout reading body" in record.getMessage() for record in caplog.records] == [
        True
    ] * logged


def test_slow_bytes_do_not_move_the_deadline_of_a_head(run, connect):
    async def main():
        stream, peer = connect()
        serve(stream, Dispatcher(), header_timeout=0.05, idle_timeout=5)
        start = asyncio.get_running_loop().time()
        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe
            for _ in range(1000):
                await peer.send(b"G")
                await asyncio.sleep(0.005)
        assert asyncio.get_running_loop().time() - start < 1

    run(main)


def test_bytes_move_the_deadline_of_a_standstill(run, connect):
    async def main():
        stream, peer = connect()
        connection = serve(stream, Dispatcher(), header_timeout=0.06, idle_timeout=5)
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.01)
            await peer.send(b"x")
        assert parse(await peer.receive_head())[0] == "HTTP/1.1 200 OK"
        connection.close()

    run(main)


def test_a_handler_may_take_its_time(kind, run, connect):
    async def main():
        stream, peer = connect()
        requests = []
        app = kind(requests.append)
        connection = serve(stream, app, idle_timeout=0.02, header_timeout=0.02, body_timeout=0.02)
        await peer.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        await asyncio.sleep(0.06)
        respond(requests[0], b"late")
        assert parse(await peer.receive_head())[2] == b"late"
        connection.close()

    run(main)


def test_set_body_timeout(run, connect):
    class Timed(Streaming):
        def __init__(self, app, request):
            super().__init__(app, request)
            request.connection.set_body_timeout(0.02)

    async def main():
        stream, peer = connect()
        app = Dispatcher()
        app.target = Timed
        serve(stream, app, header_timeout=5)
        await peer.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        assert await peer.receive(timeout=1) == b""
        assert app.closed == ["/x"]

    run(main)


# Decoding.


def gzipped(body):
    return encoded(gzip.compress(body))


def encoded(data):
    return (
        b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (
            len(data),
            data,
        )
    )


@pytest.mark.parametrize("target", [Target, Streaming, None])
def test_decompress(exchange, target):
    seen = []
    app = Dispatcher() if target else Classic()
    if target:
        app.target = target
    app.answer = lambda request: (seen.append(request.headers), respond(request))
    body = bytes(200_000)
    exchange(app, gzipped(body), decompress=True)
    assert app.executed == [("PUT", "/x", body)]
    assert seen[0]["X-Consumed-Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in seen[0]
    # The length that is stated is that of what the application gets, or none is.
    assert seen[0].get("Content-Length") == ("200000" if target is Target else None)


@pytest.mark.parametrize(
    ("framing", "content", "length"),
    [
        (b"Content-Length: 0", b"", None),
        (b"Content-Length: 20", gzip.compress(b"", mtime=0), "0"),
        (
            b"Transfer-Encoding: chunked",
            b"14\r\n%s\r\n0\r\n\r\n" % gzip.compress(b"", mtime=0),
            None,
        ),
    ],
)
def test_the_length_of_decoded_content(exchange, framing, content, length):
    seen = []
    app = Dispatcher()
    app.answer = lambda request: (seen.append(request.headers), respond(request))
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: x-gzip\r\n%s\r\n\r\n" % framing
    exchange(app, head + content, decompress=True)
    assert seen[0].get("Content-Length") == length


def test_content_stays_as_it_is_unless_asked(kind, exchange):
    app = kind()
    request = gzipped(b"abc")
    exchange(app, request)
    assert app.executed == [("PUT", "/x", request.partition(b"\r\n\r\n")[2])]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (gzipped(bytes(10_000_000)), 413),
        (encoded(gzip.compress(b"abc" * 100)[:-4]), 400),
        (encoded(b"abc"), 400),
        (encoded(gzip.compress(b"x") + b"garbage"), 400),
    ],
    ids=["bomb", "cut off", "no gzip", "garbage behind"],
)
def test_bad_gzip(kind, exchange, request_, status):
    app = kind()
    data = exchange(app, request_, half_close=False, decompress=True, max_body_size=1_000_000)
    assert data.startswith(b"HTTP/1.1 %d " % status)
    assert app.executed == []


# Other protocols.


def test_detach(kind, run, connect):
    async def main():
        stream, peer = connect()
        detached = []
        app = kind(lambda request: detached.append(request.connection.detach()))
        serve(stream, app)
        await peer.send(GET + b"raw")
        while not detached:
            await asyncio.sleep(0.001)
        assert detached == [stream]
        assert await stream.read_bytes(3) == b"raw"
        await stream.write(b"back")
        assert await peer.receive(4) == b"back"
        assert app.connections_closed == 1
        assert app.closed == []
        stream.close()

    run(main)


@pytest.mark.parametrize(
    ("request_line", "status"), [(b"GET / HTTP/1.1", 101), (b"CONNECT b:1 HTTP/1.1", 200)]
)
def test_hand_over_after_an_answer(kind, run, connect, request_line, status):
    async def main():
        stream, peer = connect()
        requests = []

        def answer(request):
            requests.append(request)
            start = ResponseStartLine("HTTP/1.1", status, "X")
            fields = {"Connection": "Upgrade", "Upgrade": "x"} if status == 101 else {}
            request.connection.write_headers(start, HTTPHeaders({**fields, "Content-Length": "0"}))
            request.connection.finish()

        serve(stream, kind(answer), no_keep_alive=True)
        await peer.send(request_line + b"\r\nHost: b:1\r\n\r\nGET /not-http")
        _, headers, rest = parse(await peer.receive_head())
        assert rest == b""
        assert "close" not in headers.get("Connection", "")
        assert requests[0].connection.detach() is stream
        assert await stream.read_bytes(13) == b"GET /not-http"
        stream.close()

    run(main)


# Raw bytes.


def raw(*chunks):
    def answer(request):
        for chunk in chunks:
            request.connection.write(chunk)
        request.connection.finish()

    return answer


@pytest.mark.parametrize(
    ("chunks", "stays"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"], True),
        ([b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 2\r\n\r", b"\nhi"], True),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"], True),
        ([b"HTTP/1.1 204 None\r\n\r\n"], True),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\nhi"], False),
        ([b"HTTP/1.1 200 OK\r\n\r\nhi"], False),
        ([b"hi"], False),
    ],
)
def test_raw_answers(kind, exchange, chunks, stays):
    app = kind(raw(*chunks))
    data = exchange(app, GET + GET)
    assert data == b"".join(chunks) * (2 if stays else 1)


def test_raw_answer_to_a_last_request(kind, exchange):
    app = kind(raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh\u00e9".replace("\u00e9", "e")))
    data = exchange(app, b"GET / HTTP/1.0\r\n\r\n" + GET, half_close=False)
    assert data.count(b"HTTP/1.1") == 1


# The end.


def test_drain(kind, run, connect):
    async def main():
        idle_stream, idle = connect()
        busy_stream, busy = connect()
        half_stream, half = connect()
        requests = []
        app = kind(requests.append)
        connections = [serve(stream, app) for stream in (idle_stream, busy_stream, half_stream)]
        await busy.send(GET)
        await half.send(GET[:-2])
        while not requests:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert [connection.is_idle for connection in connections] == [True, False, False]
        for connection in connections:
            connection.drain()
        assert await idle.receive() == b""
        respond(requests[0], b"x")
        _, headers, body = parse(await busy.receive())
        assert headers["Connection"] == "close"
        assert body == b"x"
        await half.send(b"\r\n")
        while len(requests) < 2:
            await asyncio.sleep(0.001)
        respond(requests[1], b"y")
        assert parse(await half.receive())[2] == b"y"
        await asyncio.sleep(0)
        assert app.connections_closed == 3

    run(main)


def test_close(kind, run, connect):
    async def main():
        stream, peer = connect()
        app = kind(lambda request: None)
        connection = serve(stream, app)
        await peer.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.01)
        await connection.close()
        assert app.closed == ["/x"]
        await connection.close()
        assert await peer.receive() == b""
        assert app.closed == ["/x"]
        assert app.connections_closed == 1

    run(main)


def test_close_by_the_application_sends_what_was_written(kind, exchange):
    def answer(request):
        request.connection.write_headers(OK, HTTPHeaders({"Content-Length": "9"}), b"abc")
        request.connection.close()

    assert exchange(kind(answer), GET, half_close=False).endswith(b"\r\n\r\nabc")


def test_a_stream_that_is_closed_already(run, connect):
    async def main():
        stream, _ = connect()
        stream.close()
        app = Dispatcher()
        serve(stream, app)
        while not app.connections_closed:
            await asyncio.sleep(0.001)

    run(main)


def test_files_as_content(kind, exchange, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1000)

    def answer(request):
        with pytest.raises(HTTPOutputError):
            request.connection.send_file(1, 0, 1)
        request.connection.write_headers(OK, HTTPHeaders({"Content-Length": "100002"}), b"a")
        file = path.open("rb")
        if len(app.executed) == 2:
            with pytest.raises(HTTPOutputError):
                request.connection.send_file(file, 0, 100002)
        future = request.connection.send_file(file, 10, 100000)
        future.add_done_callback(lambda _: file.close())
        request.connection.write(b"z")
        request.connection.finish()

    app = kind(answer)
    data = exchange(app, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
    _, _, rest = parse(data)
    assert parse(rest)[2] == b"a" + path.read_bytes()[10:100010] + b"z"


# One request by hand.


def test_read_response_of_a_server(run, connect):
    async def main():
        stream, peer = connect()
        app = Classic()
        await peer.send(
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        )
        for expected in (True, True):
            connection = HTTP1Connection(stream, False, None, "context")
            message = app.start_request(None, connection)
            assert await connection.read_response(message) is expected
        await peer.send(b"GET /3 HTTP/1.0\r\n\r\n")
        connection = HTTP1Connection(stream, False)
        assert await connection.read_response(app.start_request(None, connection)) is False
        assert (await peer.receive()).count(b"HTTP/1.1 200") == 3
        assert app.executed == [("GET", "/1", b""), ("PUT", "/2", b"hi"), ("GET", "/3", b"")]

    run(main)


@pytest.mark.parametrize("cut", [1, 10, len(GET) - 1])
def test_read_response_of_a_server_whose_head_comes_in_parts(run, connect, cut):
    async def main():
        stream, peer = connect()
        app = Classic()
        connection = HTTP1Connection(stream, False)
        reading = connection.read_response(app.start_request(None, connection))
        await peer.send(GET[:cut])
        await asyncio.sleep(0.01)
        await peer.send(GET[cut:])
        assert await reading is True
        assert (await peer.receive_head()).startswith(b"HTTP/1.1 200")
        stream.close()

    run(main)
