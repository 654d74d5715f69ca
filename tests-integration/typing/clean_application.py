"""A small application of everything, clean with Tornado 6.6.1, checked strictly."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tornado import gen, httpserver, httputil, template
from tornado.escape import json_encode, xhtml_escape
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.iostream import IOStream, StreamClosedError
from tornado.locks import Condition, Lock
from tornado.options import define, options
from tornado.queues import Queue
from tornado.tcpserver import TCPServer
from tornado.web import Application, HTTPError, RequestHandler, authenticated, url
from tornado.websocket import WebSocketHandler

define("port", default=8888, type=int, help="port")


class MainHandler(RequestHandler):
    def initialize(self, title: str) -> None:
        self.title = title

    def get_current_user(self) -> str | None:
        name = self.get_signed_cookie("name")
        return name.decode() if name else None

    @authenticated
    async def get(self, number: str) -> None:
        async with Lock():
            await gen.sleep(0.1)
        if number == "0":
            raise HTTPError(404, "no %s", number)
        self.set_header("X-Title", xhtml_escape(self.title))
        self.write({"number": int(number), "q": self.get_argument("q", "")})

    def post(self) -> None:
        files: list[httputil.HTTPFile] = self.request.files.get("file", [])
        self.write(json_encode([file.filename for file in files]))


class Echo(WebSocketHandler):
    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message, binary=isinstance(message, bytes))


class LineServer(TCPServer):
    async def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        try:
            while True:
                line: bytes = await stream.read_until(b"\n", max_bytes=1000)
                await stream.write(line)
        except StreamClosedError:
            pass


async def fetch(address: str) -> str:
    client = AsyncHTTPClient()
    try:
        response: HTTPResponse = await client.fetch(HTTPRequest(address, request_timeout=5.0))
    except HTTPClientError as error:
        return str(error.code)
    return response.body.decode()


async def work(queue: Queue[int], bell: Condition) -> int:
    await queue.put(1)
    await bell.wait(timeout=timedelta(seconds=1))
    async for item in queue:
        return item
    return 0


def make_application() -> Application:
    return Application(
        [url(r"/(\d+)", MainHandler, {"title": "a"}, name="main"), (r"/echo", Echo)],
        cookie_secret="x" * 32,
    )


def main() -> None:
    server = httpserver.HTTPServer(make_application(), xheaders=True)
    server.listen(options.port, "127.0.0.1")
    loop = IOLoop.current()
    loop.add_callback(print, "started")
    PeriodicCallback(lambda: None, 1000).start()
    page: bytes = template.Template("{{ x }}").generate(x=1)
    print(page, asyncio.run(fetch("http://127.0.0.1/")))
    loop.start()
