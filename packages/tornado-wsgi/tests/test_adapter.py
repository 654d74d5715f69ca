"""Handlers behind the adapter: coroutines that need not wait, lengths, responses that break off."""

from __future__ import annotations

import asyncio
import io
import wsgiref.util

import pytest

from tornado import gen
from tornado.web import Application, RequestHandler, StaticFileHandler
from tornado.wsgi import WSGIAdapter, WSGIApplication, WSGIContainer

CONTENT = b"0123456789abcdefghijklmnop"


class Hello(RequestHandler):
    async def prepare(self):
        await asyncio.sleep(0)

    async def get(self):
        self.write("hel")
        await self.flush()
        await asyncio.sleep(0)
        self.write("lo")


class Coroutine(RequestHandler):
    @gen.coroutine
    def get(self):
        self.write("hel")
        yield self.flush()
        self.write("lo")


class Finishes(RequestHandler):
    async def get(self):
        await self.finish("hello")


class Virtual(StaticFileHandler):
    """Content from memory."""

    @classmethod
    def get_absolute_path(cls, root, path):
        return path

    def validate_absolute_path(self, root, absolute_path):
        return absolute_path

    def get_content_size(self):
        return len(CONTENT)

    def get_modified_time(self):
        return None

    @classmethod
    def get_content(cls, abspath, start=None, end=None):
        yield CONTENT[start:end]


class Waits(RequestHandler):
    async def get(self):
        await asyncio.get_running_loop().create_future()


class TooMuch(RequestHandler):
    def get(self):
        self.set_header("Content-Length", "2")
        if self.get_argument("flush", None):
            self.write("h")
            self.flush()
        self.finish("hello")


class TooLittle(RequestHandler):
    def get(self):
        self.set_header("Content-Length", "42")
        if self.get_argument("flush", None):
            self.write("h")
            self.flush()
        self.finish("ok")


class BreaksOff(RequestHandler):
    def get(self):
        self.write("half")
        self.flush()
        raise KeyError("as planned")


@pytest.fixture
def handlers(tmp_path):
    (tmp_path / "a.txt").write_bytes(CONTENT)
    (tmp_path / "large.bin").write_bytes(CONTENT * 20000)
    return [
        ("/hello", Hello),
        ("/coroutine", Coroutine),
        ("/finishes", Finishes),
        ("/virtual/(.*)", Virtual, {"path": "/"}),
        ("/static/(.*)", StaticFileHandler, {"path": str(tmp_path)}),
        ("/waits", Waits),
        ("/much", TooMuch),
        ("/little", TooLittle),
        ("/breaks", BreaksOff),
    ]


def call(application, path, **more):
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    environ.update(more)
    wsgiref.util.setup_testing_defaults(environ)
    seen = []
    content = b"".join(application(environ, lambda *args: seen.append(args)))
    [(status, headers)] = seen
    return status, dict(headers), content


@pytest.fixture(params=["inside a loop", "without a loop"])
def called(request):
    def run(application, path, **more):
        if request.param == "without a loop":
            return call(application, path, **more)

        async def main():
            return call(application, path, **more)

        return asyncio.run(main())

    return run


@pytest.mark.parametrize("path", ["/hello", "/finishes"])
def test_coroutines_that_need_not_wait(called, handlers, path):
    assert called(WSGIAdapter(Application(handlers)), path)[2] == b"hello"


def test_a_generator_that_need_not_wait_inside_a_loop(handlers):
    async def main():
        return call(WSGIAdapter(Application(handlers)), "/coroutine")

    assert asyncio.run(main())[2] == b"hello"


@pytest.mark.parametrize("path", ["/virtual/a.txt", "/static/a.txt"])
def test_files(called, handlers, path):
    adapter = WSGIAdapter(Application(handlers))
    status, headers, content = called(adapter, path)
    assert (status, content) == ("200 OK", CONTENT)
    assert called(adapter, path, HTTP_RANGE="bytes=20-")[2] == CONTENT[20:]
    status, headers, content = called(adapter, path, HTTP_IF_NONE_MATCH=headers["Etag"])
    assert (status, content) == ("304 Not Modified", b"")
    assert "Last-Modified" not in headers


def test_a_large_file(called, handlers):
    assert called(WSGIAdapter(Application(handlers)), "/static/large.bin")[2] == CONTENT * 20000


def test_files_are_compressed_whatever_their_size(called, handlers):
    adapter = WSGIAdapter(Application(handlers, compress_response=True))
    _status, headers, content = called(adapter, "/static/a.txt", HTTP_ACCEPT_ENCODING="gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert content.startswith(b"\x1f\x8b")


@pytest.mark.parametrize("kind", [WSGIApplication, lambda h: WSGIAdapter(Application(h))])
def test_an_application_in_the_container(serve, handlers, kind):
    served = serve(lambda: WSGIContainer(kind(handlers)))
    assert served.get("/virtual/a.txt")[2] == CONTENT


def test_waiting_inside_a_loop_is_refused(called, handlers):
    with pytest.raises(RuntimeError, match="did not answer"):
        called(WSGIAdapter(Application(handlers)), "/waits")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/much", "Tried to write more data than Content-Length"),
        ("/little", "Tried to write 40 bytes less than Content-Length"),
    ],
)
def test_lengths_are_checked(handlers, caplog, path, message):
    status, _, _ = call(WSGIAdapter(Application(handlers)), path)
    assert status == "500 Internal Server Error"
    application, general = [
        r for r in caplog.records if r.levelname == "ERROR" and r.name != "tornado.access"
    ]
    assert application.getMessage().startswith("Uncaught exception")
    assert str(application.exc_info[1]) == message
    assert general.name == "tornado.general"
    assert general.getMessage().startswith("Failed to flush partial response")


@pytest.mark.parametrize("path", ["/much", "/little", "/breaks"])
def test_a_response_that_breaks_off_reaches_the_server_as_an_exception(handlers, caplog, path):
    with pytest.raises(RuntimeError, match="broke off"):
        call(WSGIAdapter(Application(handlers)), path, QUERY_STRING="flush=1")
    assert "Cannot send error response after headers written" in caplog.text


def test_a_container_serves_nothing_half(serve, handlers):
    served = serve(lambda: WSGIContainer(WSGIAdapter(Application(handlers))))
    assert served.get("/breaks")[0] == "HTTP/1.1 500 Internal Server Error"
