"""ASGI applications on Tornado's server, asked over sockets."""

import asyncio
import contextlib
import ssl

import pytest

from tornado import web
from tornado.asgi import ASGIContainer
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.testing import ExpectLog
from tornado.websocket import websocket_connect


class Site:
    """A server of one container, and a client of it."""

    def __init__(self, application, dispatcher=None, **settings):
        self.container = ASGIContainer(application, **settings)
        self.dispatcher = dispatcher or self.container

    async def __aenter__(self):
        sockets = bind_sockets(0, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        self.server = HTTPServer(self.dispatcher)
        self.server.add_sockets(sockets)
        self.client = AsyncHTTPClient(force_instance=True)
        return self

    async def __aexit__(self, *exc_info):
        self.client.close()
        self.server.stop()
        await self.server.close_all_connections()

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def fetch(self, path="/", **options):
        return await self.client.fetch(self.url(path), raise_error=False, **options)

    async def bytes(self, request):
        """Send the bytes of a request, and return those of the response, to the connection's end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        response = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        return response


def respond(status=200, headers=(), body=b"", **start):
    async def application(scope, receive, send):
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": list(headers),
                **start,
            }
        )
        await send({"type": "http.response.body", "body": body})

    return application


def ask(application, scenario, **settings):
    async def work():
        async with Site(application, **settings) as site:
            return await asyncio.wait_for(scenario(site), 30)

    return asyncio.run(work())


def test_a_response():
    application = respond(
        201, [(b"x-test", b"1"), (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")]
    )
    response = ask(application, lambda site: site.fetch())
    assert response.code == 201
    assert response.headers["X-Test"] == "1"
    assert response.headers.get_list("Set-Cookie") == ["a=b", "c=d"]


def test_the_scope():
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await respond()(scope, receive, send)

    async def scenario(site):
        await site.fetch("/caf%C3%A9/%2F?q=%20", headers={"X-Test": "\xe9", "Host": "a.example"})
        return site.port

    port = ask(application, scenario, root_path="/mount")
    (scope,) = scopes
    assert scope["type"] == "http"
    assert scope["asgi"]["version"] == "3.0"
    assert scope["http_version"] == "1.1"
    assert (scope["method"], scope["scheme"]) == ("GET", "http")
    assert scope["path"] == "/caf\u00e9//"
    assert scope["raw_path"] == b"/caf%C3%A9/%2F"
    assert scope["query_string"] == b"q=%20"
    assert scope["root_path"] == "/mount"
    assert (b"host", b"a.example") in scope["headers"]
    assert all(name == name.lower() for name, _ in scope["headers"])
    assert scope["client"][0] == "127.0.0.1"
    assert scope["client"][1] > 0
    assert scope["server"] == ("127.0.0.1", port)
    assert "http.response.early_hint" in scope["extensions"]


async def collect(receive):
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


async def echo(scope, receive, send):
    await respond(body=await collect(receive))(scope, receive, send)


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_content(size):
    body = b"x" * size
    response = ask(echo, lambda site: site.fetch(method="POST", body=body))
    assert response.body == body


def test_content_is_held_back_until_it_is_wanted():
    arrived = []

    async def application(scope, receive, send):
        await asyncio.sleep(0.05)
        arrived.append(await receive())
        await respond()(scope, receive, send)

    async def scenario(site):
        return await site.fetch(method="POST", body=b"x" * 1_000_000)

    assert ask(application, scenario).code == 200
    assert len(arrived[0]["body"]) < 500_000, "the rest stayed with the kernel"
    assert arrived[0]["more_body"] is True


def test_a_streamed_response():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"a", b"b", b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    response = ask(application, lambda site: site.fetch())
    assert response.body == b"ab"
    assert response.headers["Transfer-Encoding"] == "chunked"


def test_a_slow_client_slows_the_application():
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with contextlib.suppress(OSError):
            for _ in range(1000):
                await send(
                    {"type": "http.response.body", "body": b"x" * 100_000, "more_body": True}
                )
                sent.append(True)

    async def scenario(site):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        count = -1
        while count != len(sent):  # until it stands still
            count = len(sent)
            await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
        return count

    assert 0 < ask(application, scenario) < 500


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_head(method):
    application = respond(200, [(b"content-length", b"2")], b"ab" if method == "GET" else b"")
    response = ask(application, lambda site: site.fetch(method=method))
    assert response.headers["Content-Length"] == "2"
    assert response.body == (b"ab" if method == "GET" else b"")


async def raises(scope, receive, send):
    raise RuntimeError("on purpose")


async def returns(scope, receive, send):
    pass


async def raises_later(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    raise RuntimeError("on purpose")


async def returns_early(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"part", "more_body": True})


async def cancelled(scope, receive, send):
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("application", "text"),
    [
        (raises, "Uncaught exception in the ASGI application for GET '/'"),
        (cancelled, "Uncaught exception in the ASGI application"),
        (returns, "The ASGI application returned without a response"),
        (respond(200, [(b"x", b"a\r\nb")]), "Uncaught exception"),
        (respond(200, [(b"x y", b"a")]), "Uncaught exception"),
        (respond(200, [(b"content-length", b"5")], b"ab"), "Uncaught exception"),
        (respond(99), "Uncaught exception"),
    ],
)
def test_500_for_an_application_that_fails(application, text):
    with ExpectLog("tornado.application", text), ExpectLog("tornado.access", "", required=False):
        response = ask(application, lambda site: site.fetch())
    assert (response.code, response.body) == (500, b"Internal Server Error")


@pytest.mark.parametrize("application", [raises_later, returns_early])
def test_a_response_that_breaks_off_is_seen_to_be_incomplete(application):
    with ExpectLog("tornado.application", "(Uncaught exception|The ASGI application returned)"):
        response = ask(application, lambda site: site.bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert response.endswith(b"\r\n4\r\npart\r\n")


@pytest.mark.parametrize("header", [b"connection", b"Keep-Alive", b"Transfer-Encoding", b"upgrade"])
def test_headers_of_the_connection_are_the_servers(header):
    response = ask(respond(200, [(header, b"chunked")], b"ab"), lambda site: site.fetch())
    assert response.body == b"ab"
    assert header.decode().title() not in response.headers


def test_messages_out_of_order():
    async def application(scope, receive, send):
        for message in (
            {"type": "http.response.body", "body": b""},
            {"type": "http.response.trailers", "headers": []},
            {"type": "smtp.hello"},
        ):
            with pytest.raises(RuntimeError):
                await send(message)
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        with pytest.raises(RuntimeError, match="a second"):
            await send(start)
        await send({"type": "http.response.body", "body": b"fine"})
        with pytest.raises(RuntimeError, match="after the end"):
            await send({"type": "http.response.body", "body": b""})

    assert ask(application, lambda site: site.fetch()).body == b"fine"


def test_a_client_that_leaves(until):
    seen = []

    async def application(scope, receive, send):
        await receive()
        seen.append((await receive())["type"])
        with pytest.raises(OSError, match="closed"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append("over")

    async def scenario(site):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
        await until(lambda: "over" in seen)

    ask(application, scenario)
    assert seen == ["http.disconnect", "over"]


def test_receive_after_the_response():
    seen = []

    async def application(scope, receive, send):
        await receive()
        await respond()(scope, receive, send)
        seen.append((await receive())["type"])

    ask(application, lambda site: site.fetch())
    assert seen == ["http.disconnect"]


def test_early_hints_and_trailers():
    async def application(scope, receive, send):
        await send({"type": "http.response.early_hint", "links": [b"</a>; rel=preload"]})
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"trailer", b"x-sum")],
                "trailers": True,
            }
        )
        await send({"type": "http.response.body", "body": b"ab"})
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"2")]})

    response = ask(
        application,
        lambda site: site.bytes(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    )
    assert response.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n")
    assert b"HTTP/1.1 200 OK\r\n" in response
    assert response.endswith(b"2\r\nab\r\n0\r\nX-Sum: 2\r\n\r\n")


def test_a_file_by_its_path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 10000)

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(path)})

    response = ask(application, lambda site: site.fetch())
    assert response.body == path.read_bytes()
    assert response.headers["Content-Length"] == "100000"


def test_beside_handlers():
    class Own(web.RequestHandler):
        def get(self):
            self.write("own")

    async def scenario(site):
        responses = [
            await site.fetch("/own"),
            await site.fetch("/other", method="POST", body=b"abc"),
            await site.fetch("/fallback", method="POST", body=b"abc"),
        ]
        connection = await websocket_connect(site.url("/socket", "ws"))
        responses.append(await connection.read_message())
        connection.close()
        return responses

    container = ASGIContainer(greet)
    application = web.Application(
        [
            ("/own", Own),
            ("/fallback", web.FallbackHandler, {"fallback": container}),
            (".*", container),
        ],
        log_function=lambda handler: None,
    )
    own, other, fallback, message = ask(greet, scenario, dispatcher=application)
    assert own.body == b"own"
    assert other.body == fallback.body == b"abc"
    assert message == "hi"


async def greet(scope, receive, send):
    if scope["type"] == "http":
        await echo(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hi"})
        await receive()


def test_the_tls_extension():
    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await respond()(scope, receive, send)

    async def work():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(ASGIContainer(application), ssl_options=context)
        server.add_sockets(sockets)
        client = AsyncHTTPClient(force_instance=True)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        url = f"https://localhost:{sockets[0].getsockname()[1]}/"
        await client.fetch(HTTPRequest(url, ssl_options=trust))
        client.close()
        server.stop()
        await server.close_all_connections()

    asyncio.run(work())
    (scope,) = scopes
    assert scope["scheme"] == "https"
    tls = scope["extensions"]["tls"]
    assert tls["tls_version"] in (0x0303, 0x0304)
    assert isinstance(tls["cipher_suite"], int)
    assert (tls["client_cert_chain"], tls["client_cert_name"]) == ([], None)


def test_lifespan():
    events = []

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            scope["state"]["shared"] = "value"
            assert (await receive())["type"] == "lifespan.startup"
            events.append("startup")
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            events.append("shutdown")
            await send({"type": "lifespan.shutdown.complete"})
            return
        events.append(scope["state"])
        scope["state"]["mine"] = True
        await respond()(scope, receive, send)

    async def scenario(site):
        for _ in range(2):  # it may be entered again
            async with site.container.lifespan():
                await site.fetch()
                await site.fetch()

    ask(application, scenario)
    request = {"shared": "value", "mine": True}
    assert events == ["startup", request, request, "shutdown"] * 2


def test_a_startup_that_fails():
    async def application(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def scenario(site):
        with pytest.raises(RuntimeError, match="no database"):
            async with site.container.lifespan():
                raise AssertionError("not reached")

    ask(application, scenario)


@pytest.mark.parametrize("application", [raises, returns])
def test_an_application_without_a_lifespan(application):
    async def scenario(site):
        async with site.container.lifespan():
            return True

    assert ask(application, scenario)


def test_what_is_no_application():
    with pytest.raises(TypeError, match="callable, not int"):
        ASGIContainer(5)
