"""How a request ends: return values, failures after the headers, clients that have gone, contexts."""

import asyncio
import contextvars
import gzip
import logging
import socket
import struct

import pytest

from tornado import gen
from tornado.iostream import StreamClosedError
from tornado.web import (
    Application,
    ErrorHandler,
    Finish,
    HTTPError,
    RequestHandler,
    StaticFileHandler,
    asynchronous,
    authenticated,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def records(caplog, level=logging.INFO):
    """What was logged, but for the access log."""
    return [r for r in caplog.records if r.levelno >= level and r.name != "tornado.access"]


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


class TestReturnValues:
    async def io(self):
        await asyncio.sleep(0)
        return {"a": 1}

    def handlers():
        class Native(RequestHandler):
            async def get(self):
                self.write("x")
                await asyncio.sleep(0)
                return {"a": 1}

        class AtOnce(RequestHandler):
            async def get(self):
                self.write("x")
                return 5

        class Finishes(RequestHandler):
            async def get(self):
                return self.finish("x")

        class PlainFinishes(RequestHandler):
            def get(self):
                return self.finish("x")

        class Delegates(RequestHandler):
            def get(self):
                self.write("x")
                return self.io()

            async def io(self):
                await asyncio.sleep(0)
                return ["value"]

        class Generator(RequestHandler):
            @gen.coroutine
            def get(self):
                self.write("x")
                yield gen.moment
                raise gen.Return(5)

        class AtOnceGenerator(RequestHandler):
            @gen.coroutine
            def get(self):
                self.write("x")
                return 5

        class Authenticated(RequestHandler):
            def get_current_user(self):
                return "user"

            @authenticated
            async def get(self):
                self.write("x")
                return {"a": 1}

        class DoneFuture(RequestHandler):
            def get(self):
                self.write("x")
                future = asyncio.get_running_loop().create_future()
                future.set_result("value")
                return future

        class Asynchronous(RequestHandler):
            @asynchronous
            @gen.coroutine
            def get(self):
                self.write("x")
                yield gen.moment
                return 5

        class Prepares(RequestHandler):
            async def prepare(self):
                return {"a": 1}

            def get(self):
                self.write("x")

        class ListOfCoroutines(RequestHandler):
            def get(self):
                self.write("x")
                return [asyncio.sleep(0, 1), asyncio.sleep(0, 2)]

        return list(locals().values())

    @pytest.mark.parametrize("handler", handlers())
    def test_are_ignored(self, fetch, caplog, handler):
        answer = fetch([("/", handler)])
        assert (answer.code, answer.body) == (200, b"x")
        assert records(caplog) == []

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ({"a": 1}, "a dict"),
            ({}, "a dict"),
            ([], "a list"),
            ([1], "a list"),
            ("text", "a str"),
            (b"bytes", "a bytes"),
            (5, "an int"),
            (0, "an int"),
            ((1, 2), "a tuple"),
            (object(), "an object"),
        ],
    )
    def test_data_from_a_plain_method(self, fetch, caplog, value, kind):
        class Items(RequestHandler):
            def get(self):
                return value

        assert fetch([("/", Items)]).code == 500
        assert f"Items.get returned {kind}; use self.write(...)" in caplog.text
        assert caplog.text.count("Traceback") == 1


class TestWrongContent:
    @pytest.mark.parametrize(
        ("value", "hint"),
        [
            (3, "not int"),
            (None, "not NoneType"),
            ([1], "not list. Lists not accepted for security reasons"),
            (object(), "not object"),
        ],
    )
    def test_the_type_is_named(self, fetch, caplog, value, hint):
        class Handler(RequestHandler):
            def get(self):
                self.write(value)

        assert fetch([("/", Handler)]).code == 500
        assert hint in caplog.text

    def test_a_coroutine(self, fetch, caplog):
        class Handler(RequestHandler):
            def get(self):
                coro = asyncio.sleep(0)
                try:
                    self.write(coro)
                finally:
                    coro.close()

        assert fetch([("/", Handler)]).code == 500
        assert "not coroutine; did you forget to await it?" in caplog.text


class TestBrokenOff:
    def handler(how, error):
        class Breaks(RequestHandler):
            async def get(self):
                self.write("x" * 100)
                if how == "awaited":
                    await self.flush()
                else:
                    self.flush()
                self.write("y" * 100)
                raise error

        return Breaks

    @pytest.mark.parametrize("compress", [False, True])
    @pytest.mark.parametrize("how", ["awaited", "flushed"])
    @pytest.mark.parametrize("error", [ValueError("x"), HTTPError(503), asyncio.TimeoutError()])
    def test_no_last_chunk(self, served, caplog, how, error, compress):
        app = Application([("/", TestBrokenOff.handler(how, error))], compress_response=compress)

        async def check(site):
            return await site.send(GET.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n"))

        raw = served(app, check)
        head, _, body = raw.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert not body.endswith(b"0\r\n\r\n")
        size, _, rest = body.partition(b"\r\n")
        chunk = rest[: int(size, 16)]
        assert rest[int(size, 16) :] == b"\r\n"  # nothing behind it
        if compress:
            with pytest.raises(EOFError):
                gzip.decompress(chunk)
        else:
            assert chunk == b"x" * 100
        assert "Cannot send error response after headers written" in caplog.text

    def test_on_finish_and_the_log_come_all_the_same(self, served, caplog):
        caplog.set_level(logging.INFO)
        finished = []

        class Breaks(TestBrokenOff.handler("awaited", ValueError())):
            def on_finish(self):
                finished.append(self.get_status())

        served([("/", Breaks)], lambda site: site.send(GET))
        assert finished == [200]
        assert len([r for r in caplog.records if r.name == "tornado.access"]) == 1

    def test_finish_after_a_flush_is_a_whole_response(self, fetch):
        class Ends(RequestHandler):
            async def get(self):
                self.write("x")
                await self.flush()
                raise Finish("y")

        assert fetch([("/", Ends)]).raw.endswith(b"1\r\nx\r\n1\r\ny\r\n0\r\n\r\n")

    @pytest.mark.parametrize("way", ["send_error", "callback", "async_callback", "cancelled"])
    def test_other_ways(self, served, way):
        class Breaks(RequestHandler):
            @asynchronous
            def get(self):
                self.write("x" * 10)
                self.flush()
                loop = asyncio.get_running_loop()
                if way == "send_error":
                    self.send_error(500)
                elif way == "callback":
                    from tornado.ioloop import IOLoop

                    IOLoop.current().add_callback(self.fail)
                elif way == "async_callback":
                    loop.call_soon(self.async_callback(self.fail))
                else:
                    task = loop.create_task(self.wait())
                    loop.call_soon(task.cancel)
                    return task

            def fail(self):
                raise ValueError

            async def wait(self):
                await asyncio.sleep(10)

        raw = served([("/", Breaks)], lambda site: site.send(GET))
        assert raw.endswith(b"\r\nxxxxxxxxxx\r\n")

    def test_what_was_flushed_arrives_first(self, served):
        class Breaks(RequestHandler):
            def get(self):
                self.write(b"x" * 3_000_000)
                self.flush()
                raise ValueError

        raw = served([("/", Breaks)], lambda site: site.send(GET))
        assert raw.partition(b"\r\n\r\n")[2].count(b"x") == 3_000_000
        assert not raw.endswith(b"0\r\n\r\n")


class TestStatusesWithoutContent:
    @pytest.mark.parametrize("status", [204, 205, 304])
    @pytest.mark.parametrize(
        "way", ["raise", "send_error", "handler", "async", "traceback", "reason"]
    )
    def test_no_content_and_no_error(self, served, caplog, status, way):
        class Raises(RequestHandler):
            def get(self):
                raise HTTPError(status, reason="Foo" if way == "reason" else None)

        class Sends(RequestHandler):
            def get(self):
                self.send_error(status)

        class Later(RequestHandler):
            async def get(self):
                await asyncio.sleep(0)
                raise HTTPError(status)

        handler = {"send_error": Sends, "async": Later}.get(way, Raises)
        route = ("/", ErrorHandler, {"status_code": status}) if way == "handler" else ("/", handler)
        app = Application([route], serve_traceback=way == "traceback")
        raw = served(app, lambda site: site.send(site.message("/")))
        head, _, body = raw.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert body == b""
        assert b"Transfer-Encoding" not in head
        if status != 205:
            assert b"Content-Length" not in head
        if way == "reason":
            assert head.startswith(b"HTTP/1.1 %d Foo\r\n" % status)
        assert records(caplog) == []

    def test_a_page_of_ones_own_is_left_out(self, fetch, caplog):
        class Own(RequestHandler):
            def get(self):
                raise HTTPError(304)

            def write_error(self, status_code, **kwargs):
                self.finish("my page")

        answer = fetch([("/", Own)])
        assert (answer.code, answer.body) == (304, b"")
        assert records(caplog) == []


class TestLengths:
    @pytest.mark.parametrize(
        ("length", "message"),
        [
            ("2", "Tried to write more data than Content-Length"),
            ("45", "Tried to write 40 bytes less than Content-Length"),
        ],
    )
    def test_whole(self, fetch, caplog, length, message):
        raised = []

        class Wrong(RequestHandler):
            def get(self):
                self.set_header("Content-Length", length)
                try:
                    self.finish("hello")
                except Exception as e:
                    raised.append(str(e))
                    raise

        assert fetch([("/", Wrong)]).code == 500
        assert raised == [message]
        first, second = records(caplog, logging.ERROR)
        assert (first.name, first.getMessage()[:18]) == (
            "tornado.application",
            "Uncaught exception",
        )
        assert second.name == "tornado.general"
        assert second.getMessage().startswith("Failed to flush partial response")


class TestErrorPages:
    def pages():
        class Native(RequestHandler):
            async def write_error(self, status_code, **kwargs):
                await asyncio.sleep(0)
                self.finish(f"page {status_code}")

        class Writes(RequestHandler):
            async def write_error(self, status_code, **kwargs):
                await asyncio.sleep(0)
                self.write(f"page {status_code}")

        class Generator(RequestHandler):
            @gen.coroutine
            def write_error(self, status_code, **kwargs):
                yield gen.moment
                self.finish(f"page {status_code}")

        class Old(RequestHandler):
            async def get_error_html(self, status_code, **kwargs):
                await asyncio.sleep(0)
                return f"page {status_code}"

        return [Native, Writes, Generator, Old]

    @pytest.mark.parametrize("page", pages())
    @pytest.mark.parametrize("kind", ["plain", "async", "send_error"])
    def test_coroutines(self, fetch, page, kind):
        class Fails(page):
            if kind == "plain":

                def get(self):
                    raise HTTPError(418)

            elif kind == "async":

                async def get(self):
                    await asyncio.sleep(0)
                    raise HTTPError(418)

            else:

                def get(self):
                    self.send_error(418)

        answer = fetch([("/", Fails)])
        assert (answer.code, answer.body) == (418, b"page 418")

    def test_a_coroutine_that_fails(self, fetch, caplog):
        class Fails(RequestHandler):
            def get(self):
                raise HTTPError(418)

            async def write_error(self, status_code, **kwargs):
                self.write("page")
                raise ValueError

        assert fetch([("/", Fails)]).code == 418
        assert "Uncaught exception in write_error" in caplog.text


var = contextvars.ContextVar("var", default=None)


class TestContexts:
    def methods():
        async def native(self):
            await asyncio.sleep(0)
            self.write(str(var.get()))

        async def at_once(self):
            self.write(str(var.get()))

        @gen.coroutine
        def generator(self):
            yield gen.moment
            self.write(str(var.get()))

        def plain(self):
            self.write(str(var.get()))

        async def fails(self):
            await asyncio.sleep(0)
            raise HTTPError(418)

        def fails_at_once(self):
            raise HTTPError(418)

        async def cancelled(self):
            await asyncio.sleep(0)
            raise asyncio.CancelledError

        return [native, at_once, generator, plain, fails, fails_at_once, cancelled]

    @pytest.mark.parametrize("method", methods(), ids=lambda m: m.__name__)
    @pytest.mark.parametrize("kind", ["plain", "async"])
    def test_one_from_prepare_to_on_finish(self, served, method, kind):
        outcomes = []

        class Handler(RequestHandler):
            if kind == "plain":

                def prepare(self):
                    self.token = var.set(1)

            else:

                async def prepare(self):
                    self.token = var.set(1)
                    await asyncio.sleep(0)

            get = method

            def on_finish(self):
                try:
                    var.reset(self.token)
                except ValueError as e:
                    outcomes.append(e)
                else:
                    outcomes.append(var.get())

        class Sees(RequestHandler):
            def get(self):
                self.write(str(var.get()))

        async def check(site):
            await site.fetch("/")
            raw = await site.send(
                site.message("/", headers={"Connection": "keep-alive"}) + site.message("/sees")
            )
            assert raw.endswith(b"None")  # nothing leaks into the next request

        served([("/", Handler), ("/sees", Sees)], check)
        assert outcomes == [None, None]


class Gone:
    """A client that sends a request and leaves."""

    async def leave(self, port, request=GET, read=0):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sock = writer.get_extra_info("socket")
        writer.write(request)
        await writer.drain()
        if read:
            await reader.readexactly(read)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


class TestDelivery(Gone):
    @pytest.mark.parametrize("way", ["finish", "flush", "render", "finish after flush"])
    def test_an_awaited_delivery_that_did_not_take_place(self, served, tmp_path, way):
        (tmp_path / "page.html").write_text("page")
        outcomes = []

        class Waits(RequestHandler):
            async def get(self):
                left = asyncio.Event()
                self.on_connection_close = left.set
                if way == "finish after flush":
                    self.write("x")
                    await self.flush()
                await left.wait()
                try:
                    if way == "flush":
                        self.write("x")
                        await self.flush()
                    elif way == "render":
                        await self.render("page.html")
                    else:
                        await self.finish()
                except StreamClosedError as e:
                    outcomes.append(type(e))
                    raise
                else:
                    outcomes.append("delivered")

        async def check(site):
            await self.leave(site.port, read=10 if way == "finish after flush" else 0)
            await until(lambda: outcomes)

        served(Application([("/", Waits)], template_path=str(tmp_path)), check)
        assert outcomes == [StreamClosedError]

    @pytest.mark.parametrize("close", [False, True])
    def test_a_delivery_that_took_place(self, fetch, close):
        outcomes = []

        class Finishes(RequestHandler):
            async def get(self):
                await self.finish("x")
                outcomes.append("delivered")

        headers = {"Connection": "close" if close else "keep-alive"}
        if close:
            assert fetch([("/", Finishes)], headers=headers).body == b"x"
            assert outcomes == ["delivered"]


class TestAbortedDownloads(Gone):
    @pytest.mark.parametrize("compress", [False, True])
    @pytest.mark.parametrize("own", [False, True])
    def test_nothing_is_logged(self, served, caplog, tmp_path, compress, own):
        (tmp_path / "large.txt").write_bytes(bytes(range(256)) * 50_000)
        finished = []

        class Files(StaticFileHandler):
            if own:

                @classmethod
                def get_content(cls, abspath, start=None, end=None):
                    with open(abspath, "rb") as file:
                        while chunk := file.read(65536):
                            yield chunk

            def on_finish(self):
                finished.append(True)

            def log_exception(self, *args):
                raise AssertionError("no failure of the handler")

        app = Application([("/(.*)", Files, {"path": str(tmp_path)})], compress_response=compress)
        request = b"GET /large.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"

        async def check(site):
            await self.leave(site.port, request, read=1000)
            await until(lambda: finished)

        served(app, check)
        assert records(caplog) == []


def test_a_file_that_is_truncated_while_it_is_sent(served, caplog, tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * 30_000_000)

    async def check(site):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
        writer.write(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        with open(path, "r+b") as file:
            file.truncate(100_000)
        received = 0
        while data := await reader.read(65536):
            received += len(data)
        assert received < 30_000_000
        writer.close()
        await until(lambda: records(caplog, logging.ERROR))

    served([("/(.*)", StaticFileHandler, {"path": str(tmp_path)})], check)
    [record] = records(caplog, logging.ERROR)
    assert "was truncated while it was sent" in record.getMessage()


def test_a_handlers_own_task_that_is_cancelled(served, caplog):
    tasks = []

    class Waits(RequestHandler):
        async def get(self):
            tasks.append(asyncio.current_task())
            await asyncio.sleep(10)

    async def check(site):
        fetching = asyncio.create_task(site.fetch("/"))
        await until(lambda: tasks)
        tasks[0].cancel()
        answer = await fetching
        assert answer.code == 500
        assert tasks[0].cancelled()

    served([("/", Waits)], check)
    if hasattr(asyncio.Task, "cancelling"):  # Python 3.11
        assert records(caplog) == []


@pytest.mark.parametrize("callback", [None, "callback"])
def test_engine_over_asynchronous(fetch, callback):
    class Old(RequestHandler):
        @gen.engine
        @asynchronous
        def get(self):
            for text in ("", "o", "", ""):
                self.write(text)
                if callback:
                    yield gen.Task(self.flush)
                else:
                    yield gen.moment
            self.write("k")
            self.finish()

    assert fetch([("/", Old)]).body == b"ok"


class TestHead:
    def app(root):
        class Own(RequestHandler):
            def head(self):
                self.set_header("Content-Length", "20000")
                self.set_header("Content-Type", "text/plain")

            def get(self):
                self.set_header("Content-Type", "text/plain")
                self.write("a" * 20000)

        class Silent(RequestHandler):
            def head(self):
                pass

            def get(self):
                self.write("a" * 20000)

        class Shared(RequestHandler):
            def get(self):
                self.write("a" * 20000)

        return Application(
            [
                ("/own", Own),
                ("/silent", Silent),
                ("/shared", Shared),
                ("/(.*)", StaticFileHandler, {"path": str(root)}),
            ],
            compress_response=True,
        )

    @pytest.mark.parametrize("path", ["/large.txt", "/small.txt", "/own", "/silent", "/shared"])
    @pytest.mark.parametrize("encoding", ["gzip", "identity"])
    def test_states_nothing_that_get_does_not(self, fetch, tmp_path, path, encoding):
        (tmp_path / "large.txt").write_bytes(b"a" * 20000)
        (tmp_path / "small.txt").write_bytes(b"a" * 26)
        app = TestHead.app(tmp_path)
        headers = {"Accept-Encoding": encoding}
        get = fetch(app, path, headers=headers)
        head = fetch(app, path, method="HEAD", headers=headers)
        assert head.raw.endswith(b"\r\n\r\n")
        for name in ("Content-Length", "Etag", "Last-Modified", "Content-Encoding", "Vary"):
            assert head.headers.get(name) in (None, get.headers.get(name)), name
        if path != "/silent":
            assert head.headers.get("Content-Encoding") == get.headers.get("Content-Encoding")
        if path.endswith(".txt"):
            compressed = encoding == "gzip"
            assert (get.headers.get("Content-Encoding") == "gzip") == compressed
            assert head.headers["Etag"] == get.headers["Etag"]
