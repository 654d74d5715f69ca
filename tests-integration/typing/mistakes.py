"""Mistakes that the annotations of Tornado 6.6.1 find. Both type checkers have to report each marked line.

A line without a mark has to be clean.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Generator
from typing import Any

from tornado import escape, gen, httputil, locale, netutil, options, template, web
from tornado.concurrent import Future, chain_future, dummy_executor, future_add_done_callback
from tornado.httpclient import AsyncHTTPClient, HTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.iostream import IOStream
from tornado.locks import Condition, Event, Lock
from tornado.queues import Queue
from tornado.routing import PathMatches, Rule
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer
from tornado.testing import AsyncHTTPTestCase, bind_unused_port
from tornado.util import ObjectDict
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect


class Listed(RequestHandler):
    SUPPORTED_METHODS = ["GET"]  # expect-error


class Arguments(RequestHandler):
    def get(self) -> None:
        number: int = self.get_argument("a")  # expect-error
        text: str = self.get_argument("a", None)  # expect-error
        query: bytes = self.get_query_argument("a", "x")  # expect-error
        body: str = self.get_body_argument("a", default=None)  # expect-error
        self.get_argument("a", 5)  # expect-error
        self.get_query_argument(b"a")  # expect-error
        cookie: str = self.get_cookie("a")  # expect-error
        signed: str = self.get_signed_cookie("a", "x")  # expect-error
        values: str = self.get_arguments("a")  # expect-error
        group: int = self.path_args[0]  # expect-error
        named: bytes = self.path_kwargs["a"]  # expect-error
        host: bytes = self.request.host  # expect-error
        address: int = self.request.remote_ip  # expect-error
        print(number, text, query, body, cookie, signed, values, group, named, host, address)

    def post(self) -> int:  # expect-error
        return 5

    def prepare(self) -> int:  # expect-error
        return 5


class Output(RequestHandler):
    async def get(self) -> None:
        self.write(5)  # expect-error
        self.write(["a"])  # expect-error
        self.finish(5)  # expect-error
        self.set_header("A", None)  # expect-error
        self.set_header("A", ["a"])  # expect-error
        self.add_header("A", 1.5 + 2j)  # expect-error
        self.set_status("200")  # expect-error
        self.redirect(5)  # expect-error
        self.set_cookie("a", 5)  # expect-error
        result: int = await self.flush()  # expect-error
        self.render("a.html").result().upper()  # expect-error
        self.finish().append(5)  # expect-error
        url: bytes = self.static_url("a.css")  # expect-error
        self.no_such_method()  # expect-error
        self.request.connection.no_such_method()  # expect-error
        stream: int = self.detach()  # expect-error
        page: str = self.render_string("a.html")  # expect-error
        self.application.settings.append(5)  # expect-error
        self.ui.update(5)  # expect-error
        print(result, url, stream, page)

    @web.authenticated  # expect-error
    def put(self) -> int:
        return 5


class Chat(WebSocketHandler):
    def on_message(self, message: bytes) -> None:  # expect-error
        self.write_message(5)  # expect-error
        self.close("bye")  # expect-error

    def check_origin(self, origin: str) -> str:  # expect-error
        return origin


def application() -> None:
    web.Application([(5, Chat)])  # expect-error
    web.Application([("/", Chat, "kwargs")])  # expect-error
    web.Application(transforms=[Chat])  # expect-error
    web.Application().listen("a", 5)  # expect-error
    web.url(5, Chat)  # expect-error
    web.HTTPError("404")  # expect-error
    Rule("/", Chat)  # expect-error
    PathMatches(5)  # expect-error


@gen.coroutine
def length(text: str) -> Generator[Any, Any, int]:
    yield gen.sleep(0)
    return len(text)


async def coroutines() -> None:
    wrong: str = await length("x")  # expect-error
    number: int = length("x")  # expect-error
    await gen.sleep("1")  # expect-error
    await gen.multi(5)  # expect-error
    mapping: list[Any] = await gen.multi({"a": gen.sleep(0)})  # expect-error
    await gen.with_timeout("1", gen.sleep(0))  # expect-error
    await gen.with_timeout(1, 5)  # expect-error
    await gen.with_timeout(datetime.timedelta(1), gen.sleep(0), message=5)  # expect-error
    gen.WaitIterator(5)  # expect-error
    gen.no_such_function()  # expect-error
    print(wrong, number, mapping)


def futures(future: Future[int]) -> None:
    future.set_result("x")  # expect-error
    chain_future(5, future)  # expect-error
    future_add_done_callback(future, 5)  # expect-error
    dummy_executor.submit(5)  # expect-error
    submitted: int = dummy_executor.submit(len, "x")  # expect-error
    print(submitted)


def loops(loop: IOLoop, future: Future[int]) -> None:
    loop.add_callback(5)  # expect-error
    loop.call_later("1", print)  # expect-error
    loop.add_timeout("1", print)  # expect-error
    handle: int = loop.call_later(1, print)  # expect-error
    loop.add_future(5, print)  # expect-error
    loop.add_future(future, lambda done: done.no_such_method())  # expect-error
    loop.add_handler("x", print, IOLoop.READ)  # expect-error
    loop.run_sync(5)  # expect-error
    loop.run_in_executor(5, print)  # expect-error
    loop.no_such_method()  # expect-error
    print(IOLoop.current().asynchronous)  # expect-error
    maybe: IOLoop = IOLoop.current(instance=False)  # expect-error
    PeriodicCallback(5, 1000)  # expect-error
    PeriodicCallback(print, "1000")  # expect-error
    PeriodicCallback(lambda: 5, 1000)  # expect-error
    IOLoop.configure(5)  # expect-error
    print(handle, maybe)


async def locks(queue: Queue[int]) -> None:
    await queue.put("x")  # expect-error
    text: str = await queue.get()  # expect-error
    flag: str = await Condition().wait()  # expect-error
    await Event().wait(timeout="1")  # expect-error
    (await Lock().acquire()).no_such_method()  # expect-error
    print(text, flag)


async def streams(stream: IOStream) -> None:
    text: str = await stream.read_until(b"\n")  # expect-error
    await stream.read_until("\n")  # expect-error
    await stream.read_bytes("5")  # expect-error
    count: bytes = await stream.read_into(bytearray(5))  # expect-error
    await stream.write("text")  # expect-error
    stream.close(5)  # expect-error
    stream.socket.no_such_method()  # expect-error
    stream.set_close_callback(5)  # expect-error
    other: str = await TCPClient().connect("localhost", 80)  # expect-error
    await TCPClient().connect("localhost", 80, ssl_options=5)  # expect-error
    print(text, count, other)


class Server(TCPServer):
    async def handle_stream(self, stream: str, address: Any) -> None:  # expect-error
        pass


def servers() -> None:
    TCPServer(ssl_options=5)  # expect-error
    TCPServer().listen(None)  # expect-error
    HTTPServer(web.Application()).no_such_method()  # expect-error
    netutil.bind_sockets([])  # expect-error
    netutil.is_valid_ip(5)  # expect-error
    port: str = bind_unused_port()[1]  # expect-error
    print(port)


async def clients(client: AsyncHTTPClient) -> None:
    print((await client.fetch("http://localhost")).no_such_attribute)  # expect-error
    await client.fetch(5)  # expect-error
    code: str = (await client.fetch("http://localhost")).code  # expect-error
    body: str = (await client.fetch("http://localhost")).body  # expect-error
    HTTPRequest(5)  # expect-error
    HTTPRequest("http://localhost", method=5)  # expect-error
    HTTPRequest("http://localhost", headers=5)  # expect-error
    HTTPRequest("http://localhost", streaming_callback=5)  # expect-error
    HTTPRequest("http://localhost", request_timeout="5")  # expect-error
    blocking: int = HTTPClient().fetch("http://localhost")  # expect-error
    await websocket_connect(5)  # expect-error
    connection = await websocket_connect("ws://localhost")
    message: int = await connection.read_message()  # expect-error
    await connection.write_message(5)  # expect-error
    await websocket_connect("ws://localhost", ping_interval="5")  # expect-error
    print(code, body, blocking, message)


def messages(request: httputil.HTTPServerRequest, headers: httputil.HTTPHeaders) -> None:
    httputil.HTTPHeaders(5)  # expect-error
    headers["A"] = 5  # expect-error
    headers.add("A", 5)  # expect-error
    headers.update({"A": 5})  # expect-error
    one: int = headers["A"]  # expect-error
    maybe: str = headers.get("A")  # expect-error
    listed: str = headers.get_list("A")  # expect-error
    values: list[str] = request.arguments["a"]  # expect-error
    upload: str = request.files["a"][0]  # expect-error
    elapsed: str = request.request_time()  # expect-error
    httputil.url_concat("/", 5)  # expect-error
    httputil.HTTPServerRequest(connection=5)  # expect-error
    httputil.HTTPServerRequest(headers={"A": "b"})  # expect-error
    print(one, maybe, listed, values, upload, elapsed)


class PageTest(AsyncHTTPTestCase):
    def test_page(self) -> None:
        text: int = self.fetch("/")  # expect-error
        port: str = self.get_http_port()  # expect-error
        print(text, port)


def tools() -> None:
    options.define(5)  # expect-error
    options.define("a", type=5)  # expect-error
    rest: str = options.parse_command_line()  # expect-error
    text: str = escape.utf8("x")  # expect-error
    data: bytes = escape.to_unicode(b"x")  # expect-error
    nothing: str = escape.to_unicode(None)  # expect-error
    escape.utf8(5)  # expect-error
    page: str = template.Template("x").generate()  # expect-error
    template.Template(5)  # expect-error
    template.Loader(5)  # expect-error
    german: str = locale.get("de")  # expect-error
    locale.get("de").translate(5)  # expect-error
    ObjectDict().update(5)  # expect-error
    asyncio.run(web.Application())  # expect-error
    print(rest, text, data, nothing, page, german)
