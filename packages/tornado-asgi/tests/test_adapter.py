"""Applications of Tornado, driven as an ASGI server drives them."""

import asyncio
import logging

import pytest

from tornado import web
from tornado.asgi import ASGIAdapter
from tornado.httputil import HTTPHeaders, HTTPServerConnectionDelegate, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.testing import ExpectLog


class Echo(web.RequestHandler):
    def get(self, *args):
        self.write({"uri": self.request.uri, "query": self.get_arguments("q")})

    def post(self):
        self.write(self.request.body)


def adapter(*handlers, **settings):
    settings.setdefault("log_function", lambda handler: None)
    return ASGIAdapter(web.Application(list(handlers), **settings))


def test_a_response_is_two_messages(talk, scope):
    server = talk(adapter(("/", Echo)), scope())
    assert [message["type"] for message in server.sent] == [
        "http.response.start",
        "http.response.body",
    ]
    assert server.status == 200
    assert server.headers["content-type"] == "application/json; charset=UTF-8"
    assert server.headers["content-length"] == str(len(server.body))
    assert "date" not in server.headers, "the server adds it"
    assert "server" not in server.headers


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"path": "/a"}, "/a"),
        ({"path": "/caf\u00e9", "raw_path": b"/caf%C3%A9"}, "/caf%C3%A9"),
        ({"path": "/caf\u00e9", "raw_path": None}, "/caf%C3%A9"),
        ({"path": "/a b?", "raw_path": None}, "/a%20b%3F"),
        ({"path": "/a", "query_string": b"q=1&q=2"}, "/a?q=1&q=2"),
        ({"path": "/mount/a", "raw_path": b"/mount/a", "root_path": "/mount"}, "/a"),
        ({"path": "/mount", "raw_path": b"/mount", "root_path": "/mount"}, "/"),
        ({"path": "/mount/a", "raw_path": b"/mount/a", "root_path": "/mount/"}, "/a"),
        ({"path": "/mounted", "raw_path": b"/mounted", "root_path": "/mount"}, "/mounted"),
        ({"path": "/a", "raw_path": b"/a", "root_path": "/mount"}, "/a"),
    ],
)
def test_the_target(talk, scope, fields, target):
    seen = []

    class Handler(web.RequestHandler):
        def get(self):
            seen.append(self.request.uri)

    path = fields.pop("path")
    talk(adapter((".*", Handler)), scope(path, **fields))
    assert seen == [target]


def test_what_a_handler_knows_of_the_request(talk, scope):
    seen = {}

    class Handler(web.RequestHandler):
        def get(self):
            request = self.request
            seen.update(
                method=request.method,
                version=request.version,
                host=request.host,
                ip=request.remote_ip,
                protocol=request.protocol,
                cookie=self.get_cookie("a"),
                repeated=request.headers.get_list("X-Two"),
                scope=request.connection.scope["type"],
            )

    headers = [(b"cookie", b"a=b"), (b"x-two", b"1"), (b"x-two", b"2")]
    talk(adapter(("/", Handler)), scope(headers=headers, scheme="https"))
    assert seen == {
        "method": "GET",
        "version": "HTTP/1.1",
        "host": "example.com",
        "ip": "192.0.2.7",
        "protocol": "https",
        "cookie": "b",
        "repeated": ["1", "2"],
        "scope": "http",
    }


def test_a_client_without_an_address(talk, scope):
    seen = []

    class Handler(web.RequestHandler):
        def get(self):
            seen.append(self.request.remote_ip)

    talk(adapter(("/", Handler)), scope(client=None))
    assert seen == ["0.0.0.0"]


@pytest.mark.parametrize("pieces", [[], [b"ab"], [b"a", b"", b"b"]])
def test_content(talk, scope, pieces):
    length = [(b"content-length", b"%d" % (sum(map(len, pieces)) + 1))]
    server = talk(adapter(("/", Echo)), scope(method="POST", headers=length), b"z", pieces)
    assert server.body == b"".join(pieces) + b"z"


def test_content_over_the_limit(talk, scope):
    application = ASGIAdapter(web.Application([("/", Echo)]), max_body_size=10)
    length = [(b"content-length", b"11")]
    with ExpectLog("tornado.general", "Content too large from 192.0.2.7", level=logging.INFO):
        server = talk(application, scope(method="POST", headers=length), b"x" * 11)
    assert server.status == 413
    assert server.body == b""


def test_content_that_is_streamed(talk, scope, until):
    events = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        def prepare(self):
            self.request.connection.set_max_body_size(100)

        async def data_received(self, chunk):
            events.append(chunk)
            await asyncio.sleep(0)

        def put(self):
            self.write(str(len(events)))

    application = ASGIAdapter(web.Application([("/", Handler)]), max_body_size=1)
    chunked = [(b"transfer-encoding", b"chunked")]
    server = talk(application, scope(method="PUT", headers=chunked), b"c", [b"a", b"b"])
    assert events == [b"a", b"b", b"c"]
    assert (server.status, server.body) == (200, b"3")


def test_streamed_content_over_the_limit(talk, scope):
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def prepare(self):
            self.request.connection.set_max_body_size(2)

        def data_received(self, chunk):
            pass

        def put(self):
            raise AssertionError("not reached")

    with ExpectLog("tornado.general", "Content too large", level=logging.INFO):
        server = talk(
            adapter(("/", Handler)),
            scope(method="PUT", headers=[(b"transfer-encoding", b"chunked")]),
            b"c",
            [b"a", b"b"],
        )
    assert server.status == 413


@pytest.mark.parametrize("status", [200, 304, 204])
def test_no_content_where_there_is_none(talk, scope, status):
    class Handler(web.RequestHandler):
        def get(self):
            self.set_status(status)
            if status == 200:
                self.write("hello")

    method = "HEAD" if status == 200 else "GET"
    server = talk(adapter(("/", Handler)), scope(method=method))
    assert (server.status, server.body) == (status, b"")
    assert server.headers.get("content-length") == ("5" if status == 200 else None)


def test_a_slow_client_slows_its_handler(talk, scope, until):
    written = []

    class Handler(web.RequestHandler):
        async def get(self):
            for number in range(3):
                self.write(f"{number}")
                await self.flush()
                written.append(number)

    async def during(server, task):
        server_ready = server.hold()
        await asyncio.sleep(0.01)
        assert written == []
        server_ready.set()

    server = talk(adapter(("/", Handler)), scope(), during=during)
    assert written == [0, 1, 2]
    assert server.body == b"012"
    assert [message.get("more_body") for message in server.sent[1:]][-1] is False


def test_a_client_that_leaves(talk, scope, until):
    events = []

    class Handler(web.RequestHandler):
        async def get(self):
            self.left = asyncio.Event()
            await self.left.wait()
            try:
                await self.finish("too late")
            except StreamClosedError:
                events.append("not sent")

        def on_connection_close(self):
            events.append("left")
            self.left.set()

        def on_finish(self):
            events.append("finished")

    async def during(server, task):
        server.feed(kind="http.disconnect")
        await until(lambda: "finished" in events)

    server = talk(adapter(("/", Handler)), scope(), during=during)
    assert events[0] == "left"
    assert server.sent == []


def test_cancelling_means_that_the_client_left(scope, make_server, until):
    left = []

    class Handler(web.RequestHandler):
        async def get(self):
            await asyncio.Event().wait()

        def on_connection_close(self):
            left.append(True)

    async def work():
        server = make_server(scope(), [{"type": "http.request"}])
        task = asyncio.ensure_future(
            adapter(("/", Handler))(server.scope, server.receive, server.send)
        )
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert left == [True]


def test_a_send_that_fails_means_that_the_client_left(talk, scope):
    left = []

    class Handler(web.RequestHandler):
        async def get(self):
            self.write("x")
            with pytest.raises(StreamClosedError):
                await self.flush()
            self.finish()

        def on_connection_close(self):
            left.append(True)

    async def work():
        async def send(message):
            raise OSError("gone")

        async def receive():
            await asyncio.Event().wait()

        await adapter(("/", Handler))(scope(), receive, send)
        await asyncio.sleep(0)

    asyncio.run(work())
    assert left == [True]


def test_a_handler_that_fails(talk, scope):
    class Handler(web.RequestHandler):
        def get(self):
            raise RuntimeError("on purpose")

    with ExpectLog("tornado.application", "Uncaught exception"):
        server = talk(adapter(("/", Handler)), scope())
    assert server.status == 500
    assert b"500: Internal Server Error" in server.body


def test_an_application_that_fails_before_there_is_a_handler(talk, scope):
    def function(request):
        raise RuntimeError("on purpose")

    with ExpectLog("tornado.application", "Uncaught exception"):
        server = talk(ASGIAdapter(function), scope())
    assert (server.status, server.body) == (500, b"")


def test_headers_that_the_server_let_through(talk, scope):
    with ExpectLog("tornado.general", "Malformed HTTP message from 192.0.2.7", level=logging.INFO):
        server = talk(adapter(("/", Echo)), scope(headers=[(b"x", b"a\nb")]))
    assert server.status == 400
    with ExpectLog("tornado.general", "Malformed HTTP message", level=logging.INFO):
        server = talk(adapter(("/", Echo)), scope(headers=[(b"host", b"other.example")]))
    assert server.status == 400


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ({"Content-Length": "1"}, b"ab", "more data than"),
        ({"Content-Length": "3"}, b"ab", "1 bytes less than"),
        ({"Content-Length": "many"}, b"ab", "not a decimal number"),
        ({"X": "a\r\nb"}, b"", "control character"),
    ],
)
def test_responses_that_cannot_be_sent(talk, scope, headers, body, text):
    errors = []

    def function(request):
        try:
            request.connection.respond(200, "OK", HTTPHeaders(headers), body)
        except Exception as error:
            errors.append(str(error))
            request.connection.respond(500, "Oh", HTTPHeaders(), b"")

    server = talk(ASGIAdapter(function), scope())
    assert text in errors[0]
    assert server.status == 500


def test_a_response_that_breaks_off_raises(scope, talk):
    def function(request):
        connection = request.connection
        headers = HTTPHeaders({"Content-Length": "5"})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers, b"ab")
        connection.finish()

    with (
        ExpectLog("tornado.application", "Uncaught exception"),
        pytest.raises(ConnectionAbortedError),
    ):
        talk(ASGIAdapter(function), scope())


def test_every_kind_of_application(talk, scope):
    async def coroutine(request):
        await asyncio.sleep(0)
        request.connection.respond(200, "OK", HTTPHeaders(), b"coroutine")

    class Delegate(HTTPServerConnectionDelegate):
        def start_request(self, server_conn, request_conn):
            return web.Application([("/", Echo)]).start_request(server_conn, request_conn)

    router = RuleRouter([Rule(PathMatches("/"), web.Application([("/", Echo)]))])
    assert talk(ASGIAdapter(coroutine), scope()).body == b"coroutine"
    assert talk(ASGIAdapter(Delegate()), scope()).status == 200
    assert talk(ASGIAdapter(router), scope()).status == 200
    assert talk(ASGIAdapter(router), scope("/other")).status == 404
    with pytest.raises(TypeError, match="expected an application"):
        ASGIAdapter(5)


def test_early_hints_where_the_server_has_them(talk, scope):
    class Handler(web.RequestHandler):
        async def get(self):
            await self.request.connection.write_headers(
                ResponseStartLine("HTTP/1.1", 103, "Early Hints"),
                HTTPHeaders({"Link": "</a.css>; rel=preload"}),
            )
            self.write("x")

    server = talk(adapter(("/", Handler)), scope(extensions={"http.response.early_hint": {}}))
    assert server.sent[0] == {
        "type": "http.response.early_hint",
        "links": [b"</a.css>; rel=preload"],
    }
    assert server.sent[1]["status"] == 200
    server = talk(adapter(("/", Handler)), scope())
    assert server.status == 200


def test_trailers_where_the_server_has_them(talk, scope):
    def function(request):
        connection = request.connection
        headers = HTTPHeaders({"Trailer": "X-Sum"})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers, b"ab")
        connection.finish(HTTPHeaders({"X-Sum": "2"}))

    server = talk(ASGIAdapter(function), scope(extensions={"http.response.trailers": {}}))
    assert server.sent[0]["trailers"] is True
    assert server.sent[-1] == {
        "type": "http.response.trailers",
        "headers": [(b"x-sum", b"2")],
        "more_trailers": False,
    }
    server = talk(ASGIAdapter(function), scope())
    assert "trailers" not in server.sent[0]
    assert server.sent[-1]["type"] == "http.response.body"


def test_a_static_file(talk, scope, tmp_path):
    (tmp_path / "file.txt").write_bytes(b"0123456789" * 20000)
    application = adapter(("/(.*)", web.StaticFileHandler, {"path": str(tmp_path)}))
    server = talk(application, scope("/file.txt"))
    assert server.body == b"0123456789" * 20000
    server = talk(application, scope("/file.txt", headers=[(b"range", b"bytes=3-5")]))
    assert (server.status, server.body) == (206, b"345")
    server = talk(application, scope("/file.txt", method="HEAD"))
    assert (server.body, server.headers["content-length"]) == (b"", "200000")


def test_a_file_by_its_path(talk, scope, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    async def function(request):
        connection = request.connection
        headers = HTTPHeaders({"Content-Length": "3"})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers)
        with open(path, "rb") as file:
            await connection.send_file(file, 0, 3)
        connection.finish()

    server = talk(ASGIAdapter(function), scope(extensions={"http.response.pathsend": {}}))
    assert server.sent[1:] == [{"type": "http.response.pathsend", "path": str(path)}]
    server = talk(ASGIAdapter(function), scope())
    assert server.body == b"abc"
    # Somebody puts a link in its place: what was opened is sent, not what the path leads to now.
    other = tmp_path / "other"
    other.write_bytes(b"xyz")

    async def replaced(request):
        connection = request.connection
        headers = HTTPHeaders({"Content-Length": "3"})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers)
        with open(path, "rb") as file:
            path.unlink()
            path.symlink_to(other)
            await connection.send_file(file, 0, 3)
        connection.finish()

    server = talk(ASGIAdapter(replaced), scope(extensions={"http.response.pathsend": {}}))
    assert server.body == b"abc"


def test_detach_is_refused(talk, scope):
    class Handler(web.RequestHandler):
        def get(self):
            with pytest.raises(RuntimeError, match="no stream to detach"):
                self.detach()
            self.write("still here")

    assert talk(adapter(("/", Handler)), scope()).body == b"still here"


def test_unknown_scopes(talk):
    with pytest.raises(ValueError, match="unknown type of ASGI scope: 'smtp'"):
        talk(adapter(("/", Echo)), {"type": "smtp"})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_middleware_that_waits(talk, scope, method):
    async def mark(request, call_next):
        await asyncio.sleep(0)
        head = await call_next(request)
        head.headers["X-Mark"] = "1"
        return head

    application = adapter(("/", Echo), middleware=[mark], default_headers={"X-Default": "2"})
    server = talk(application, scope(method=method, path="/"))
    assert server.status == 200
    assert (server.headers["x-mark"], server.headers["x-default"]) == ("1", "2")
