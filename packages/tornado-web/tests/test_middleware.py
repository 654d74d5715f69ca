"""Middleware around applications, routers and routes; header fields of every response."""

import asyncio
import contextvars
import logging

import pytest

from tornado import gen, web
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.middleware import Response, ResponseHead
from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.web import Application, HTTPError, RequestHandler, url

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


class Hello(RequestHandler):
    def get(self, name="world"):
        self.write(f"hello {name}")

    def post(self):
        self.write(self.request.body)


class Slow(RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        self.write("one")
        await self.flush()
        self.write("two")


class Broken(RequestHandler):
    def get(self):
        raise KeyError("broken")


class Variable(RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        self.write(VARIABLE.get())


@web.stream_request_body
class Upload(RequestHandler):
    def initialize(self):
        self.chunks = []

    def data_received(self, chunk):
        self.chunks.append(chunk)

    def put(self):
        self.write(b"".join(self.chunks))


ROUTES = [
    ("/", Hello),
    ("/slow", Slow),
    ("/broken", Broken),
    ("/variable", Variable),
    ("/upload", Upload),
    ("/hello/(.*)", Hello),
]


def marked(name):
    """A synchronous middleware that leaves its mark."""

    def mark(request, call_next):
        request.headers.add("X-Seen", name)
        return call_next(request).amend(lambda head: head.headers.add("X-Mark", name))

    return mark


def marked_async(name):
    async def mark(request, call_next):
        await asyncio.sleep(0)
        head = await call_next(request)
        await asyncio.sleep(0)
        head.headers.add("X-Mark", name)
        return head

    return mark


class MarkedObject:
    async def __call__(self, request, call_next):
        head = await call_next(request)
        head.headers.add("X-Mark", "object")
        return head


class Client:
    """Serves an application for each request."""

    def __init__(self, served, application):
        self._served = served
        self._application = application

    def fetch(self, path, method="GET", body=None):
        headers = {"Content-Type": "application/octet-stream"}
        return self._served(self._application, lambda site: site.fetch(path, method, headers, body))

    def raw(self, data):
        return self._served(self._application, lambda site: site.send(data))

    def leave(self, data, until):
        async def check(site):
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(data)
            await asyncio.sleep(0.02)  # even if it leaves before, the outcome is the same
            writer.transport.abort()
            while not until():
                await asyncio.sleep(0.001)

        self._served(self._application, check)


@pytest.fixture
def serve(served):
    return lambda application: Client(served, application)


KINDS = {"sync": marked("a"), "async": marked_async("a"), "object": MarkedObject()}


@pytest.fixture(params=KINDS)
def middleware(request):
    return KINDS[request.param]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/", 200, b"hello world"), ("/slow", 200, b"onetwo"), ("/hello/you", 200, b"hello you")],
)
def test_responses_pass_through(serve, middleware, path, status, body):
    client = serve(Application(ROUTES, middleware=[middleware]))
    response = client.fetch(path)
    assert (response.code, response.body) == (status, body)
    assert len(response.headers.get_list("X-Mark")) == 1


@pytest.mark.parametrize("path", ["/broken", "/unknown"])
def test_error_pages_pass_through(serve, middleware, path):
    client = serve(Application(ROUTES, middleware=[middleware]))
    response = client.fetch(path)
    assert response.code in (404, 500)
    assert len(response.headers.get_list("X-Mark")) == 1


@pytest.mark.parametrize("body", [b"", b"x", b"y" * 200_000])
def test_content_arrives(serve, middleware, body):
    client = serve(Application(ROUTES, middleware=[middleware]))
    assert client.fetch("/", method="POST", body=body).body == body
    assert client.fetch("/upload", method="PUT", body=body).body == body


def test_the_first_is_the_outermost(serve):
    order = [marked("a"), marked_async("b"), marked("c"), marked_async("d")]
    client = serve(Application(ROUTES, middleware=order))
    assert client.fetch("/").headers.get_list("X-Mark") == ["d", "c", "b", "a"]


def test_application_router_and_route(serve):
    inner = [url("/in/side", Hello, middleware=[marked("route")]), ("/in/other", Hello)]
    routes = [Rule(PathMatches("/in/.*"), inner, middleware=[marked("router")]), ("/", Hello)]
    client = serve(Application(routes, middleware=[marked("app")]))

    def marks(path):
        return client.fetch(path).headers.get_list("X-Mark")

    assert marks("/in/side") == ["route", "router", "app"]
    assert marks("/in/other") == ["router", "app"]
    assert marks("/in/none") == ["router", "app"]
    assert marks("/") == ["app"]


def test_names_of_routes_are_found_behind_middleware():
    inner = [url("/in/(.*)", Hello, name="inner", middleware=[marked("a")])]
    application = Application([Rule(PathMatches("/in/.*"), inner, middleware=[marked("b")])])
    assert application.reverse_url("inner", "x") == "/in/x"


def test_a_router_of_its_own(serve):
    def plain(request):
        request.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "2"}), b"ok"
        )
        request.connection.finish()

    router = RuleRouter([Rule(PathMatches("/plain"), plain)], middleware=[marked("router")])
    client = serve(router)
    response = client.fetch("/plain")
    assert (response.body, response.headers["X-Mark"]) == (b"ok", "router")
    assert client.fetch("/none").code == 404


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_middleware_responds_itself(serve, is_async, late):
    async def respond(request, call_next):
        if late:
            await call_next(request)
        return Response(403, "members only", {"X-Own": "1"})

    def respond_at_once(request, call_next):
        if late:
            call_next(request)
        return Response(403, "members only", {"X-Own": "1"})

    client = serve(
        Application(
            ROUTES, middleware=[marked("a"), respond if is_async else respond_at_once, marked("b")]
        )
    )
    for _ in range(2):
        response = client.fetch("/")
        assert (response.code, response.body) == (403, b"members only")
        assert response.headers["X-Own"] == "1"
        assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert response.headers.get_list("X-Mark") == ["a"]


def test_an_early_response_to_an_upload(serve):
    async def refuse(request, call_next):
        await asyncio.sleep(0)
        return Response(413, "")

    client = serve(Application(ROUTES, middleware=[refuse]))
    assert client.fetch("/upload", method="PUT", body=b"x" * 1000).code == 413


def test_paths_may_be_changed_before_routing(serve):
    def strip(request, call_next):
        request.path = request.path.removeprefix("/app")
        return call_next(request)

    client = serve(Application(ROUTES, middleware=[strip]))
    assert client.fetch("/app/hello/you").body == b"hello you"


def test_exceptions_of_handlers_are_seen(serve):
    seen = []

    async def watch(request, call_next):
        head = await call_next(request)
        seen.append((head.status_code, head.exception))
        return head

    client = serve(Application(ROUTES, middleware=[watch]))
    client.fetch("/broken")
    client.fetch("/")
    client.fetch("/none")
    (status, error), (_, nothing), (_, not_found) = seen
    assert status == 500
    assert isinstance(error, KeyError)
    assert nothing is None
    assert isinstance(not_found, HTTPError)


def test_exceptions_of_other_targets_are_raised(serve):
    def broken(request):
        raise KeyError("target")

    async def rescue(request, call_next):
        try:
            return await call_next(request)
        except KeyError:
            return Response(503, "later")

    router = RuleRouter([Rule(PathMatches("/"), broken)], middleware=[rescue])
    assert serve(router).fetch("/").code == 503


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "logs"), [(HTTPError(401), 401, False), (KeyError("x"), 500, True)]
)
def test_what_a_middleware_raises_becomes_an_error_page(
    serve, caplog, error, status, logs, is_async
):
    async def fail(request, call_next):
        raise error

    def fail_at_once(request, call_next):
        raise error

    chain = [marked("a"), fail if is_async else fail_at_once]
    client = serve(Application(ROUTES, middleware=chain))
    with caplog.at_level(logging.ERROR, "tornado.application"):
        response = client.fetch("/")
    assert response.code == status
    assert b"<html>" in response.body
    assert response.headers["X-Mark"] == "a"
    assert ("Uncaught exception in middleware" in caplog.text) == logs


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda request, call_next: None, "neither called call_next nor returned"),
        (lambda request, call_next: "text", "returned str"),
        (lambda request, call_next: [call_next(request), call_next(request)], "twice"),
    ],
)
def test_mistakes_are_named(serve, caplog, wrong, message):
    client = serve(Application(ROUTES, middleware=[wrong]))
    with caplog.at_level(logging.ERROR, "tornado.application"):
        assert client.fetch("/").code == 500
    assert message in caplog.text
    with pytest.raises(TypeError, match="callable"):
        Application(ROUTES, middleware=["no function"])


def test_context_variables_reach_the_handler(serve):
    def set_at_once(request, call_next):
        VARIABLE.set("sync")
        return call_next(request)

    async def set_later(request, call_next):
        await asyncio.sleep(0)
        VARIABLE.set("async")
        return await call_next(request)

    for middleware, expected in [(set_at_once, b"sync"), (set_later, b"async")]:
        client = serve(Application(ROUTES, middleware=[middleware]))
        assert client.fetch("/variable").body == expected
    assert VARIABLE.get() == "unset"


def test_generator_coroutines_are_middleware_too(serve):
    @gen.coroutine
    def old(request, call_next):
        yield gen.moment
        head = yield call_next(request)
        head.headers["X-Old"] = "1"
        raise gen.Return(head)

    assert serve(Application(ROUTES, middleware=[old])).fetch("/").headers["X-Old"] == "1"


def test_static_files(serve, tmp_path):
    (tmp_path / "a.txt").write_text("content")
    application = Application([], static_path=str(tmp_path), middleware=[marked_async("a")])
    response = serve(application).fetch("/static/a.txt")
    assert (response.body, response.headers["X-Mark"]) == (b"content", "a")


class TestDefaultHeaders:
    FIELDS = {"X-Policy": "strict", "Server": "mine"}

    @pytest.mark.parametrize("path", ["/", "/slow", "/broken", "/none"])
    def test_every_response_has_them(self, serve, path):
        client = serve(Application(ROUTES, default_headers=self.FIELDS))
        response = client.fetch(path)
        assert response.headers.get_list("X-Policy") == ["strict"]

    def test_a_handler_may_set_its_own(self, serve):
        class Own(RequestHandler):
            def get(self):
                self.set_header("X-Policy", "lax")

        client = serve(Application([("/", Own)], default_headers=self.FIELDS))
        assert client.fetch("/").headers.get_list("X-Policy") == ["lax"]

    def test_refusals_of_the_server_have_them(self, serve):
        client = serve(Application(ROUTES, default_headers=self.FIELDS))
        head = client.raw(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert b"\r\nX-Policy: strict\r\n" in head

    @pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b"])
    def test_values_that_no_message_may_hold_are_refused(self, value):
        with pytest.raises(ValueError, match="default_headers cannot hold 'X'"):
            Application(ROUTES, default_headers={"X": value})


def test_a_client_that_leaves(serve):
    ended = []

    async def watch(request, call_next):
        try:
            return await call_next(request)
        except StreamClosedError:
            ended.append("closed")
            raise

    class Never(RequestHandler):
        def get(self):
            self._auto_finish = False

        def on_connection_close(self):
            ended.append("handler")

    client = serve(Application([("/", Never)], middleware=[watch]))
    client.leave(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", lambda: len(ended) >= 2)
    assert sorted(ended) == ["closed", "handler"]


def test_without_middleware_nothing_is_in_the_way():
    application = Application(ROUTES)
    assert "find_handler" not in vars(application)
    assert not application._is_patched


class TestWithoutAServer:
    """What a middleware does in front of an exchange of the tests."""

    def run(self, memory_connection, middleware, path="/"):
        async def main():
            application = Application(ROUTES, middleware=middleware)
            exchange = memory_connection()
            request = HTTPServerRequest(
                method="GET",
                uri=path,
                version="HTTP/1.1",
                headers=HTTPHeaders(),
                connection=exchange,
            )
            waiting = application(request)
            if waiting is not None:
                await waiting
            while not exchange.finished:
                await asyncio.sleep(0)
            return exchange

        return asyncio.run(main())

    @pytest.mark.parametrize("path", ["/", "/slow"])
    def test_requests_with_their_content(self, memory_connection, middleware, path):
        exchange = self.run(memory_connection, [middleware], path)
        assert exchange.status == 200
        assert len(exchange.headers.get_list("X-Mark")) == 1

    def test_exchanges_of_the_old_interface(self, memory_connection):
        exchange = self.run(memory_connection, [lambda request, call_next: Response(204)])
        assert exchange.status == 204
        assert "Content-Length" not in exchange.headers


def test_flushes_wait_for_the_middleware(serve):
    """A response is held back until the middleware returns, and so are those who wait for a flush."""
    order = []

    class Flushing(RequestHandler):
        async def get(self):
            self.write("a")
            await self.flush()
            order.append("flushed")

    async def slow(request, call_next):
        head = await call_next(request)
        for _ in range(3):
            await asyncio.sleep(0)
        order.append("returns")
        return head

    assert serve(Application([("/", Flushing)], middleware=[slow])).fetch("/").body == b"a"
    assert order == ["returns", "flushed"]


def test_informational_heads_are_not_held_back(serve):
    class Hints(RequestHandler):
        def get(self):
            hints = HTTPHeaders({"Link": "</a.css>; rel=preload"})
            self.request.connection.write_headers(
                ResponseStartLine("HTTP/1.1", 103, "Early Hints"), hints
            )
            self.write("page")

    client = serve(Application([("/", Hints)], middleware=[marked_async("a")]))
    raw = client.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 103")
    assert raw.count(b"X-Mark") == 1


def test_a_head_may_be_replaced(serve):
    async def teapot(request, call_next):
        head = await call_next(request)
        return ResponseHead(418, "I am a teapot", head.headers)

    response = serve(Application(ROUTES, middleware=[teapot])).fetch("/")
    assert (response.code, response.reason, response.body) == (418, "I am a teapot", b"hello world")


def test_an_amendment_that_fails_is_logged(serve, caplog):
    def broken(request, call_next):
        return call_next(request).amend(lambda head: 1 / 0)

    with caplog.at_level(logging.ERROR, "tornado.application"):
        assert serve(Application(ROUTES, middleware=[broken])).fetch("/").code == 200
    assert "Uncaught exception in middleware" in caplog.text


def test_a_middleware_that_is_cancelled(serve):
    async def cancelled(request, call_next):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    assert serve(Application(ROUTES, middleware=[marked("a"), cancelled])).fetch("/").code == 500


def test_pipelined_requests_are_served_in_order(serve):
    client = serve(Application(ROUTES, middleware=[marked_async("a")]))
    get = b"GET /hello/%d HTTP/1.1\r\nHost: a\r\n%s\r\n"
    requests = [get % (number, b"Connection: close\r\n" * (number == 9)) for number in range(10)]
    raw = client.raw(b"".join(requests))
    positions = [raw.index(b"hello %d" % number) for number in range(10)]
    assert positions == sorted(positions)
    assert raw.count(b"X-Mark: a") == 10
