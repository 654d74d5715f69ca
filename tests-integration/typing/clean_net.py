"""Streams, HTTP, clients, servers, tests and tools that are clean with Tornado 6.6.1, checked strictly."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import unittest
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, cast

from tornado import autoreload, escape, locale, netutil, options, process, template
from tornado.auth import GoogleOAuth2Mixin, OAuth2Mixin, TwitterMixin
from tornado.concurrent import Future
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httpclient import (
    AsyncHTTPClient,
    HTTPClient,
    HTTPClientError,
    HTTPRequest,
    HTTPResponse,
)
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    url_concat,
)
from tornado.iostream import BaseIOStream, IOStream, SSLIOStream, StreamClosedError
from tornado.log import LogFormatter, access_log, enable_pretty_logging
from tornado.netutil import ExecutorResolver, OverrideResolver, Resolver, bind_sockets
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer
from tornado.testing import (
    AsyncHTTPTestCase,
    AsyncTestCase,
    ExpectLog,
    bind_unused_port,
    gen_test,
)
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect
from tornado.wsgi import WSGIContainer

# Streams.


class Lines(TCPServer):
    async def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        try:
            while True:
                line: bytes = await stream.read_until(b"\n", max_bytes=1000)
                rest: bytes = await stream.read_bytes(4, partial=True)
                fields: bytes = await stream.read_until_regex(rb"\s+")
                count: int = await stream.read_into(bytearray(5))
                await stream.write(line + rest + fields + bytes(count))
        except StreamClosedError as error:
            print(error.real_error, stream.error)
        finally:
            peer: Any = stream.socket.getpeername()
            stream.close()
            stream.set_close_callback(None)
            print(peer, address[1], stream.closed(), stream.max_buffer_size)


class PairStream(BaseIOStream):
    def fileno(self) -> int:
        return 5

    def close_fd(self) -> None:
        pass

    def write_to_fd(self, data: memoryview) -> int:
        return len(data)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        return None

    def get_fd_error(self) -> Exception | None:
        return None


async def connect() -> None:
    client = TCPClient(resolver=Resolver())
    stream: IOStream = await client.connect("localhost", 80, af=socket.AF_INET, timeout=5.0)
    secure: SSLIOStream = await stream.start_tls(False, {"cert_reqs": ssl.CERT_NONE}, "localhost")
    protocol: str | None = secure.socket.version()
    written: Future[None] = secure.write(memoryview(b"x"))
    await asyncio.wait_for(written, 5)
    own = await IOStream(socket.socket()).connect(("localhost", 80), server_hostname="localhost")
    own.set_nodelay(True)
    everything: bytes = await own.read_until_close()
    print(protocol, everything)


class Fixed(Resolver):
    def initialize(self, address: str) -> None:
        self.address = address

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(socket.AF_INET, (self.address, port))]


async def resolve() -> None:
    found: list[tuple[int, Any]] = await Resolver().resolve("localhost", 80)
    mapped = OverrideResolver(resolver=Resolver(), mapping={"a": "b"})
    threaded = ExecutorResolver(executor=ThreadPoolExecutor(2), close_executor=True)
    await mapped.resolve("a", 80)
    threaded.executor.submit(print, found)
    Resolver.configure(Fixed, address="127.0.0.1")
    sockets: list[socket.socket] = bind_sockets(0, "127.0.0.1")
    remove: Callable[[], None] = netutil.add_accept_handler(sockets[0], accepted)
    remove()
    context: ssl.SSLContext = netutil.ssl_options_to_context({"certfile": "x"}, server_side=True)
    assert netutil.is_valid_ip("::1")
    assert context


def accepted(connection: socket.socket, address: Any) -> None:
    connection.close()


async def run_process() -> int:
    child = process.Subprocess(
        ["cat"], stdin=process.Subprocess.STREAM, stdout=process.Subprocess.STREAM
    )
    await child.stdin.write(b"x")
    child.stdin.close()
    content: bytes = await child.stdout.read_until_close()
    child.set_exit_callback(lambda code: None)
    code: int = await child.wait_for_exit(raise_error=False)
    return code + len(content) + (process.task_id() or 0) + process.cpu_count()


# HTTP.


class Memory(HTTPConnection):
    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> Future[None]:
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def finish(self) -> None:
        pass


class Delegate(HTTPMessageDelegate):
    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if isinstance(start_line, RequestStartLine):
            print(start_line.method, start_line.path, start_line.version)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None


class Dispatch(HTTPServerConnectionDelegate):
    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        connection = cast(HTTP1Connection, request_conn)
        connection.set_max_body_size(1000)
        connection.set_body_timeout(10.0)
        stream: IOStream = connection.stream
        return Delegate() if stream else HTTPMessageDelegate()


def answer(request: HTTPServerRequest) -> None:
    connection: HTTPConnection | None = request.connection
    assert connection is not None
    headers = HTTPHeaders({"Content-Length": "2"})
    connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), headers, b"ok")
    connection.finish()
    certificate = request.get_ssl_certificate(binary_form=True)
    values: list[bytes] = request.arguments.get("a", []) + request.query_arguments["b"]
    print(request.full_url(), request.request_time(), certificate, values, request.host_name)


def headers() -> None:
    fields = HTTPHeaders(Accept="x")
    fields.add("Set-Cookie", "a=b")
    fields["Content-Type"] = "text/html"
    listed: list[str] = fields.get_list("Set-Cookie")
    one: str | None = fields.get("Accept")
    other: str = fields.get("Accept", "default")
    for name, value in fields.get_all():
        print(name.title(), value.strip())
    for name in fields:
        print(name, fields[name].lower())
    parsed: HTTPHeaders = HTTPHeaders.parse("A: b\r\n")
    fields.update(parsed)
    fields.update({"D": "e"}, F="g")
    fields.setdefault("H", "i")
    HTTPHeaders(parsed)
    line: RequestStartLine = parse_request_start_line("GET / HTTP/1.1")
    print(listed, one, other, line.path, url_concat("/", {"a": "b"}), url_concat("/", [("a", "b")]))


def serve() -> None:
    server = HTTPServer(Dispatch(), xheaders=True, max_body_size=1000, trusted_downstream=["::1"])
    HTTPServer(answer, ssl_options={"certfile": "x", "keyfile": "y"}).bind(8888, reuse_port=True)
    server.add_sockets(bind_sockets(0))
    server.start(1)
    server.stop()
    HTTP1ConnectionParameters(no_keep_alive=True, chunk_size=100, decompress=True)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"x"]

    container = WSGIContainer(application, executor=ThreadPoolExecutor(1))
    HTTPServer(container).listen(8889)
    container.executor.shutdown()


# Clients.


class Recording(AsyncHTTPClient):
    def fetch_impl(self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        callback(
            HTTPResponse(request, 200, HTTPHeaders(), BytesIO(b"x"), effective_url=request.url)
        )


class Counting(AsyncHTTPClient):
    def fetch(
        self, request: str | HTTPRequest, raise_error: bool = True, **kwargs: Any
    ) -> Future[HTTPResponse]:
        return super().fetch(request, raise_error, **kwargs)


async def fetch() -> str:
    AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient", max_clients=5)
    AsyncHTTPClient.configure(Recording)
    client = AsyncHTTPClient(force_instance=True)
    received: list[bytes] = []
    request = HTTPRequest(
        "http://localhost",
        method="POST",
        headers={"A": "b"},
        body="x",
        streaming_callback=received.append,
        header_callback=lambda line: print(line.strip()),
        request_timeout=5.0,
    )
    request.headers.add("C", "d")
    length: int = len(request.body)
    request.body = b"other"
    try:
        response: HTTPResponse = await client.fetch(request, raise_error=False)
        pending: Future[HTTPResponse] = client.fetch("http://localhost", method="HEAD")
        response = await pending
        response.rethrow()
    except HTTPClientError as error:
        return f"{error.code} {error.message} {error.response}"
    finally:
        client.close()
    url: str = response.effective_url
    seconds: float = response.request_time or 0.0
    print(url, seconds, length, response.headers.get("X"), response.buffer, response.time_info)
    return response.body.decode()


def blocking() -> bytes:
    client = HTTPClient(AsyncHTTPClient, max_clients=1)
    response: HTTPResponse = client.fetch("http://localhost")
    client.close()
    return response.body


async def websocket() -> None:
    connection: WebSocketClientConnection = await websocket_connect(
        "ws://localhost", None, 5.0, ping_interval=10, subprotocols=["a"], max_message_size=1000
    )
    try:
        await connection.write_message("x")
        await connection.write_message({"a": 1}, binary=False)
    except WebSocketClosedError:
        return
    message = await connection.read_message()
    if message is None:
        print(connection.close_code, connection.close_reason, connection.selected_subprotocol)
    else:
        print(message.upper())
    connection.ping(b"x")
    connection.close(1000, "bye")
    await websocket_connect(HTTPRequest("ws://localhost"), on_message_callback=print)


class Login(RequestHandler, GoogleOAuth2Mixin):
    async def get(self) -> None:
        if self.get_argument("code", None):
            access: dict[str, Any] = await self.get_authenticated_user(
                redirect_uri="http://localhost", code=self.get_argument("code")
            )
            user: dict[str, Any] = await self.oauth2_request(
                "https://localhost/user", access_token=access["access_token"]
            )
            self.write(user)
        else:
            self.authorize_redirect(
                redirect_uri="http://localhost",
                client_id=self.get_google_oauth_settings()["key"],
                scope=["profile"],
                response_type="code",
                extra_params={"approval_prompt": "auto"},
            )


class Tweets(RequestHandler, TwitterMixin):
    async def get(self) -> None:
        await self.authenticate_redirect()
        await self.twitter_request("/statuses", access_token={"key": "x"}, post_args={"a": "b"})


class OwnProvider(OAuth2Mixin):
    _OAUTH_AUTHORIZE_URL = "https://localhost/authorize"

    def get_auth_http_client(self) -> AsyncHTTPClient:
        return AsyncHTTPClient()


# Tests.


class PageTest(AsyncHTTPTestCase):
    def get_app(self) -> Application:
        return Application([(r"/", RequestHandler)])

    def get_httpserver_options(self) -> dict[str, Any]:
        return {"xheaders": True}

    def test_page(self) -> None:
        with ExpectLog("tornado.access", "405"):
            response: HTTPResponse = self.fetch("/", method="POST", body="x")
        self.assertEqual(response.code, 405)
        port: int = self.get_http_port()
        self.assertIn(str(port), self.get_url("/"))

    @gen_test(timeout=10)
    async def test_later(self) -> None:
        response = await self.http_client.fetch(self.get_url("/"), raise_error=False)
        self.assertEqual(response.headers["Content-Type"], "text/html; charset=UTF-8")


class LoopTest(AsyncTestCase):
    @gen_test
    def test_generator(self) -> Any:
        yield self.io_loop.run_in_executor(None, print)

    def test_wait(self) -> None:
        self.io_loop.add_callback(self.stop, 5)
        self.assertEqual(self.wait(timeout=5), 5)
        listener, port = bind_unused_port()
        listener.close()
        self.assertTrue(port)


def all_tests() -> unittest.TestSuite:
    return unittest.defaultTestLoader.loadTestsFromName("clean_net")


# The rest.


def tools() -> str:
    options.define("port", default=8888, type=int, help="port", callback=lambda value: None)
    options.define("names", default=["a"], multiple=True, group="names")
    rest: list[str] = options.parse_command_line(["x", "--port=1"], final=False)
    options.parse_config_file("x.conf")
    for name, value in options.options.items():
        print(name, value)
    values: dict[str, Any] = options.options.group_dict("names")
    text: str = (
        escape.to_unicode(b"x") + escape.xhtml_escape("<") + escape.linkify("www.example.com")
    )
    data: bytes = escape.utf8("x")
    nothing: None = escape.utf8(None)
    quoted: str = escape.url_escape("a b") + escape.url_unescape("a+b")
    raw: bytes = escape.url_unescape("a+b", encoding=None)
    decoded: Any = escape.json_decode(escape.json_encode({"a": values}))
    loaded = template.Loader("templates", autoescape=None)
    page: bytes = loaded.load("page.html").generate(title="x")
    own = template.Template("{{ x }}", autoescape="xhtml_escape", whitespace="single")
    print(own.generate(x=1), page, rest, raw, decoded, nothing)
    locale.load_translations("locales", "utf-8")
    german: locale.Locale = locale.get("de_DE")
    text += german.translate("one", "many", 2) + german.format_date(0) + german.list(["a"])
    enable_pretty_logging(options.options, logging.getLogger("x"))
    formatter = LogFormatter(fmt="%(message)s", style="%", color=False)
    access_log.handlers[0].setFormatter(formatter)
    autoreload.add_reload_hook(lambda: None)
    autoreload.watch("x.py")
    autoreload.start(check_time=100)
    return text + quoted + data.decode()
