"""The way of a request through its handler: hooks, every kind of coroutine, streamed content."""

import asyncio

import pytest

from tornado import gen, web
from tornado.concurrent import Future
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import Application, HTTPError, RequestHandler, asynchronous, stream_request_body


def test_order_of_calls(memory):
    calls = []

    class Handler(RequestHandler):
        def __init__(self, application, request, **kwargs):
            calls.append("__init__")
            super().__init__(application, request, **kwargs)

        def set_default_headers(self):
            calls.append("set_default_headers")

        def initialize(self, x):
            calls.append("initialize")

        def prepare(self):
            calls.append("prepare")

        def get(self, story):
            calls.append("get " + story)

        def on_finish(self):
            calls.append("on_finish")

    memory.request(Application([("/(.*)", Handler, {"x": 1})]), uri="/s")
    assert calls == [
        "__init__",
        "set_default_headers",
        "initialize",
        "prepare",
        "get s",
        "on_finish",
    ]


@pytest.mark.parametrize("how", ["finish", "send_error", "redirect", "raise", "async"])
def test_prepare_may_answer(fetch, how):
    class Handler(RequestHandler):
        def prepare(self):
            if how == "finish":
                self.finish("prepared")
            elif how == "send_error":
                self.send_error(403)
            elif how == "redirect":
                self.redirect("/x")
            elif how == "raise":
                raise HTTPError(409)
            else:
                return self.later()
            return None

        async def later(self):
            await asyncio.sleep(0)
            self.finish("prepared")

        def get(self):
            raise AssertionError("not to be called")

    answer = fetch([("/", Handler)])
    codes = {"finish": 200, "send_error": 403, "redirect": 302, "raise": 409, "async": 200}
    assert answer.code == codes[how]
    if answer.code == 200:
        assert answer.body == b"prepared"


class Native(RequestHandler):
    async def get(self):
        await asyncio.sleep(0)
        self.write("done")


class NativeAtOnce(RequestHandler):
    async def get(self):
        self.write("done")


class Generator(RequestHandler):
    @gen.coroutine
    def get(self):
        yield gen.moment
        self.write("done")


class GeneratorAtOnce(RequestHandler):
    @gen.coroutine
    def get(self):
        self.write("done")


class Both(RequestHandler):
    @asynchronous
    @gen.coroutine
    def get(self):
        yield gen.sleep(0.001)
        self.write("done")


class BothFinishing(RequestHandler):
    @asynchronous
    @gen.coroutine
    def get(self):
        yield gen.sleep(0.001)
        self.finish("done")


class BothNative(RequestHandler):
    @asynchronous
    async def get(self):
        await asyncio.sleep(0)
        self.write("done")


class Engine(RequestHandler):
    @asynchronous
    @gen.engine
    def get(self):
        yield gen.Task(IOLoop.current().add_callback)
        self.finish("done")


class Callback(RequestHandler):
    @asynchronous
    def get(self):
        IOLoop.current().add_callback(self.later)

    def later(self):
        self.finish("done")


class FinishedLater(RequestHandler):
    """Finishes in a callback, and returns a future."""

    def get(self):
        future = Future()
        IOLoop.current().add_callback(future.set_result, None)
        self.write("done")
        return future


class AsyncPrepare(RequestHandler):
    async def prepare(self):
        await asyncio.sleep(0)
        self.write("do")

    def get(self):
        self.write("ne")


class AsyncBoth(AsyncPrepare):
    async def get(self):
        await asyncio.sleep(0)
        self.write("ne")


class GeneratorPrepare(RequestHandler):
    @gen.coroutine
    def prepare(self):
        yield gen.moment
        self.write("do")

    @gen.coroutine
    def get(self):
        yield gen.moment
        self.write("ne")


KINDS = [
    Native, NativeAtOnce, Generator, GeneratorAtOnce, Both, BothFinishing, BothNative, Engine, Callback,
    FinishedLater, AsyncPrepare, AsyncBoth, GeneratorPrepare,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_kinds_of_methods(fetch, kind):
    answer = fetch([("/", kind)])
    assert (answer.code, answer.body) == (200, b"done")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_kinds_of_methods_pipelined(served, kind):
    async def check(site):
        message = site.message(headers={"Connection": "keep-alive"})
        answer = await site.send(message * 3 + site.message())
        assert answer.count(b"HTTP/1.1 200 OK") == 4
        assert answer.count(b"done") == 4

    served([("/", kind)], check)


def failing(kind):
    class Native(RequestHandler):
        async def get(self):
            await asyncio.sleep(0)
            raise HTTPError(409)

    class AtOnce(RequestHandler):
        async def get(self):
            raise HTTPError(409)

    class Generator(RequestHandler):
        @gen.coroutine
        def get(self):
            yield gen.moment
            raise HTTPError(409)

    class Engine(RequestHandler):
        @asynchronous
        @gen.engine
        def get(self):
            yield gen.Task(IOLoop.current().add_callback)
            raise HTTPError(409)

    class Sync(RequestHandler):
        @asynchronous
        def get(self):
            raise HTTPError(409)

    class Prepare(RequestHandler):
        async def prepare(self):
            await asyncio.sleep(0)
            raise HTTPError(409)

        get = RequestHandler.finish

    return locals()[kind]


@pytest.mark.parametrize("kind", ["Native", "AtOnce", "Generator", "Engine", "Sync", "Prepare"])
def test_kinds_of_failures(fetch, kind):
    assert fetch([("/", failing(kind))]).code == 409


def test_cancelled_wait(fetch, caplog):
    """Waiting for what was cancelled is a failure of the handler."""

    class Handler(RequestHandler):
        async def get(self):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.cancel)
            await future

    assert fetch([("/", Handler)]).code == 500
    assert "CancelledError" in caplog.text


def test_cancelled_when_the_client_leaves(served, caplog):
    """As long polls do: nobody is there to be answered, and nothing went wrong."""

    class Poll(RequestHandler):
        async def get(self):
            self.waiting = asyncio.get_running_loop().create_future()
            waiting.set()
            await self.waiting

        def on_connection_close(self):
            self.waiting.cancel()
            left.set()

    waiting, left = asyncio.Event(), asyncio.Event()

    async def check(site):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        await asyncio.wait_for(waiting.wait(), 5)
        writer.close()
        await asyncio.wait_for(left.wait(), 5)
        await asyncio.sleep(0.01)

    served([("/", Poll)], check)
    assert [r for r in caplog.records if r.levelname != "DEBUG"] == []


@pytest.mark.parametrize("how", ["flush", "finish", "before-headers", "raised"])
def test_writing_to_a_client_that_left(served, caplog, how):
    """No failure of the handler: nothing is logged as one, and on_finish is called."""

    class Writer(RequestHandler):
        async def get(self):
            if how == "raised":
                self.write("x")
                await self.flush()
            waiting.set()
            await asyncio.wait_for(left.wait(), 5)
            if how == "raised":
                raise StreamClosedError
            while True:
                self.write("x" * 1000)
                if how == "before-headers":
                    return
                if how == "finish":
                    await self.flush()
                    await self.finish()
                    return
                await self.flush()

        def on_connection_close(self):
            left.set()

        def on_finish(self):
            ended.append(self)

    waiting, left = asyncio.Event(), asyncio.Event()
    ended = []

    async def check(site):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        await asyncio.wait_for(waiting.wait(), 5)
        writer.close()
        await asyncio.wait_for(left.wait(), 5)
        for _ in range(100):
            if ended:
                break
            await asyncio.sleep(0.005)

    served([("/", Writer)], check)
    assert len(ended) == 1
    assert [r for r in caplog.records if r.levelname not in ("DEBUG", "INFO")] == []


def test_a_closed_stream_of_somebody_else(fetch, caplog):
    """That another connection closed is an error as any other."""

    class Handler(RequestHandler):
        async def get(self):
            raise StreamClosedError

    assert fetch([("/", Handler)]).code == 500
    assert "Uncaught exception" in caplog.text


def test_current_task_and_timeouts(fetch):
    """What needs a task works in the first step already."""

    class Handler(RequestHandler):
        async def get(self):
            assert asyncio.current_task() is not None
            await asyncio.wait_for(asyncio.sleep(0), 1)
            self.write("fine")

    assert fetch([("/", Handler)]).body == b"fine"


def test_a_wait_in_one_does_not_hold_another(served):
    class Slow(RequestHandler):
        async def get(self):
            await asyncio.wait_for(release.wait(), 5)
            self.write("slow")

    class Fast(RequestHandler):
        def get(self):
            release.set()
            self.write("fast")

    release = asyncio.Event()

    async def check(site):
        slow = asyncio.create_task(site.fetch("/slow"))
        await asyncio.sleep(0.01)
        assert (await site.fetch("/fast")).body == b"fast"
        assert (await slow).body == b"slow"

    served([("/slow", Slow), ("/fast", Fast)], check)


@stream_request_body
class Streaming(RequestHandler):
    log = None

    def initialize(self, log):
        self.log = log

    def prepare(self):
        self.log.append("prepare")

    def data_received(self, chunk):
        assert isinstance(chunk, bytes)
        self.log.append(chunk)

    def post(self):
        self.log.append("post")
        assert self.request.body == b""
        self.write("fine")


class AsyncStreaming(Streaming):
    """Inherits the way its base takes content."""

    async def prepare(self):
        await asyncio.sleep(0.001)
        self.log.append("prepare")

    async def data_received(self, chunk):
        self.log.append("<")
        await asyncio.sleep(0)
        self.log.append(chunk)
        self.log.append(">")

    async def post(self):
        await asyncio.sleep(0)
        super().post()


class TestStreaming:
    def test_simple(self, fetch):
        log = []
        answer = fetch([("/", Streaming, {"log": log})], "/", "POST", body="foo=bar")
        assert answer.body == b"fine"
        assert log[0] == "prepare"
        assert b"".join(log[1:-1]) == b"foo=bar"
        assert log[-1] == "post"

    def test_no_content(self, fetch):
        log = []
        assert fetch([("/", Streaming, {"log": log})], "/", "POST", body="").body == b"fine"
        assert log == ["prepare", "post"]

    @pytest.mark.parametrize("handler", [Streaming, AsyncStreaming])
    def test_chunked(self, served, handler):
        log = []

        async def check(site):
            head = site.message("/", "POST", {"Transfer-Encoding": "chunked"})
            answer = await site.send(head + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            assert answer.endswith(b"fine")

        served([("/", handler, {"log": log})], check)
        assert b"".join(item for item in log if isinstance(item, bytes)) == b"abcdefg"
        assert log[0] == "prepare"
        assert log[-1] == "post"
        if handler is AsyncStreaming:
            # One piece at a time.
            marks = [item for item in log if item in ("<", ">")]
            assert marks == ["<", ">"] * (len(marks) // 2)

    def test_large(self, served):
        log = []
        content = b"x" * 3_000_000

        async def check(site):
            assert (await site.fetch("/", "POST", body=content)).body == b"fine"

        served([("/", AsyncStreaming, {"log": log})], check)
        assert sum(len(item) for item in log if isinstance(item, bytes)) == len(content)
        assert len(log) > 10

    def test_limit_may_be_raised(self, served):
        received = []

        @stream_request_body
        class Unlimited(RequestHandler):
            def prepare(self):
                if self.get_query_argument("raise", None):
                    self.request.connection.set_max_body_size(10_000)

            def data_received(self, chunk):
                received.append(chunk)

            def put(self):
                self.write(str(sum(map(len, received))))

        async def check(site):
            assert (await site.fetch("/?raise=1", "PUT", body="x" * 5000)).body == b"5000"
            assert (await site.fetch("/", "PUT", body="x" * 5000)).code in (400, 413)

        served([("/", Unlimited)], check, max_body_size=1000)

    @pytest.mark.parametrize(
        "when", ["prepare", "prepare-raise", "async-prepare", "data", "async-data"]
    )
    def test_early_answers(self, served, when, caplog):
        @stream_request_body
        class Refusing(RequestHandler):
            def prepare(self):
                if when == "prepare":
                    self.set_status(403)
                    self.finish()
                elif when == "prepare-raise":
                    raise HTTPError(403)
                elif when == "async-prepare":
                    return self.later()
                return None

            async def later(self):
                await asyncio.sleep(0)
                raise HTTPError(403)

            def data_received(self, chunk):
                if when == "data":
                    raise HTTPError(403)
                if when == "async-data":
                    return self.later()
                raise AssertionError("the content was refused")

            def post(self):
                raise AssertionError("not to be called")

        async def check(site):
            assert (await site.fetch("/", "POST", body="x" * 100)).code == 403
            # The server serves on.
            assert (await site.fetch("/other")).code == 404

        served([("/", Refusing)], check)

    def test_the_client_leaves(self, served, caplog):
        seen = []

        class Left(Streaming):
            def on_connection_close(self):
                seen.append("closed")
                done.set()

            def post(self):
                raise AssertionError("not all of it came")

        done = asyncio.Event()

        async def check(site):
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(site.message("/", "POST", {"Content-Length": "100"}) + b"begun")
            await asyncio.sleep(0.02)
            writer.close()
            await asyncio.wait_for(done.wait(), 5)

        served([("/", Left, {"log": []})], check)
        assert seen == ["closed"]

    def test_decorator(self):
        with pytest.raises(TypeError):
            stream_request_body(object)
        assert web._has_stream_request_body(Streaming)
        assert web._has_stream_request_body(AsyncStreaming)
        assert not web._has_stream_request_body(RequestHandler)
        with pytest.raises(TypeError):
            web._has_stream_request_body(object)

    def test_data_received_must_be_written(self, fetch, caplog):
        @stream_request_body
        class Forgetful(RequestHandler):
            pass

        assert fetch([("/", Forgetful)], "/", "POST", body="x").code == 500


def test_malformed_forms_are_refused(served, caplog):
    class Handler(RequestHandler):
        def post(self):
            self.write("accepted")

    async def check(site):
        bad = {"Content-Type": "multipart/form-data; boundary=B"}
        answer = await site.fetch("/", "POST", bad, "no parts here")
        assert answer.code == 400
        assert answer.headers["Connection"] == "close"
        assert (await site.fetch("/", "POST", body="a=b")).body == b"accepted"

    served([("/", Handler)], check)
    warnings = [r for r in caplog.records if r.name == "tornado.general"]
    assert len(warnings) == 1
    assert not warnings[0].exc_info
