"""Handlers that fail, or answer, where nobody expects it: each request is answered, and so is the next."""

import asyncio

import pytest

from tornado import web
from tornado.web import Application, RequestHandler


def cancelled():
    """Raise what the result of a future that was cancelled raises."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    future.result()


def broken():
    raise RuntimeError("broken")


class Failing(RequestHandler):
    def initialize(self, place, act):
        self.place, self.act = place, act
        self.reach("initialize")

    def reach(self, place):
        if place == self.place:
            self.act()

    def prepare(self):
        self.reach("prepare")

    def post(self):
        self.reach("post")


@web.stream_request_body
class Streaming(Failing):
    def data_received(self, chunk):
        self.reach("data_received")


@pytest.mark.parametrize("act", [broken, cancelled])
@pytest.mark.parametrize(
    ("kind", "place"),
    [
        *[(Failing, place) for place in ("initialize", "prepare", "post")],
        *[(Streaming, place) for place in ("initialize", "prepare", "data_received", "post")],
    ],
)
def test_an_error_is_answered_and_the_next_request_too(served, kind, place, act):
    async def check(site):
        for _ in range(2):
            assert (await site.fetch("/", "POST", body="content")).code == 500
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        message = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ncontent"
        for _ in range(3):
            writer.write(message)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.startswith(b"HTTP/1.1 500 ")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()

    served(Application([("/", kind, {"place": place, "act": act})]), check)


@web.stream_request_body
class Early(RequestHandler):
    """Answers as soon as it has seen some content."""

    def data_received(self, chunk):
        if not self._finished:
            self.set_status(403)
            self.finish("enough")

    def post(self):
        self.write("all of it")


def test_an_answer_within_the_content(served):
    async def check(site):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        for step in (1000, 70, 7):
            message = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n" + b"content" * 3
            for start in range(0, len(message), step):
                writer.write(message[start : start + step])
                await asyncio.sleep(0)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.startswith(b"HTTP/1.1 403 ")
            assert await reader.readexactly(6) == b"enough"
        writer.close()
        await writer.wait_closed()

    served([("/", Early)], check)
