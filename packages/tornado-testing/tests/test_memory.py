"""The in-memory client: real handlers, no socket."""

import asyncio

import pytest

from tornado.httpclient import HTTPClientError
from tornado.testing import AsyncTestCase, InMemoryClient, gen_test
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body


class MainHandler(RequestHandler):
    def get(self):
        self.set_cookie("seen", "yes")
        self.write({"host": self.request.host, "ip": self.request.remote_ip})

    def post(self):
        self.write(self.get_body_argument("name"))


class SlowHandler(RequestHandler):
    left = False

    async def get(self):
        self.write("a")
        await self.flush()
        await asyncio.sleep(0)
        self.write("b")


class EndlessHandler(RequestHandler):
    def initialize(self, left):
        self.left = left
        self.future = asyncio.get_running_loop().create_future()

    async def get(self):
        await self.future

    def on_connection_close(self):
        self.left.append(True)
        self.future.cancel()


@stream_request_body
class UploadHandler(RequestHandler):
    def prepare(self):
        self.size = 0

    def data_received(self, chunk):
        self.size += len(chunk)

    def put(self):
        self.write(str(self.size))


class ErrorHandler(RequestHandler):
    def get(self):
        raise HTTPError(418)


class TestInMemory(AsyncTestCase):
    def setUp(self):
        super().setUp()
        self.left = []
        application = Application(
            [
                ("/", MainHandler),
                ("/slow", SlowHandler),
                ("/endless", EndlessHandler, {"left": self.left}),
                ("/upload", UploadHandler),
                ("/error", ErrorHandler),
            ]
        )
        self.client = InMemoryClient(application, remote_ip="10.0.0.1", host="example.com")

    @gen_test
    async def test_get(self):
        response = await self.client.fetch("/?x=1")
        assert response.code == 200
        assert response.body == b'{"host": "example.com", "ip": "10.0.0.1"}'
        assert response.headers["Set-Cookie"] == "seen=yes; Path=/"
        assert response.reason == "OK"

    @gen_test
    async def test_form(self):
        response = await self.client.fetch("/", method="POST", body="name=J%C3%BCrg")
        assert response.body == "Jürg".encode()

    @gen_test
    async def test_flushed_pieces(self):
        assert (await self.client.fetch("/slow")).body == b"ab"

    @gen_test
    async def test_head_has_no_content(self):
        response = await self.client.fetch("/", method="HEAD")
        assert (response.code, response.body) == (200, b"")

    @gen_test
    async def test_streamed_request(self):
        assert (await self.client.fetch("/upload", method="PUT", body=b"x" * 100)).body == b"100"

    @gen_test
    async def test_errors(self):
        assert (await self.client.fetch("/error")).code == 418
        assert (await self.client.fetch("/nowhere")).code == 404
        with pytest.raises(HTTPClientError):
            await self.client.fetch("/error", raise_error=True)

    @gen_test
    async def test_cancelling_is_a_client_that_leaves(self):
        fetch = asyncio.ensure_future(self.client.fetch("/endless"))
        await asyncio.sleep(0)
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        assert self.left == [True]
