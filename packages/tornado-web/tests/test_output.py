"""Writing, flushing and finishing answers; entity tags; redirects."""

import asyncio
import contextlib
import gc
import hashlib
import socket
import weakref

import pytest

from tornado import gen
from tornado.escape import json_decode
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler, asynchronous


def app(action, **settings):
    class Handler(RequestHandler):
        def get(self):
            return action(self)

        post = get

    return Application([("/", Handler)], **settings)


def tag(content):
    return f'"{hashlib.blake2b(content, digest_size=20).hexdigest()}"'


@pytest.mark.parametrize(
    ("chunk", "body", "kind"),
    [
        ("caf\u00e9", b"caf\xc3\xa9", "text/html; charset=UTF-8"),
        (b"\xff\x00", b"\xff\x00", "text/html; charset=UTF-8"),
        ({"a": [1, None]}, b'{"a": [1, null]}', "application/json; charset=UTF-8"),
        ({"a": "</script>"}, b'{"a": "<\\/script>"}', "application/json; charset=UTF-8"),
        (bytearray(b"x"), b"x", "text/html; charset=UTF-8"),
        ("", b"", "text/html; charset=UTF-8"),
    ],
)
@pytest.mark.parametrize("by", ["write", "finish"])
def test_chunks(memory, chunk, body, kind, by):
    answer = memory.request(app(lambda h: getattr(h, by)(chunk) and None))
    assert answer.body == body
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("chunk", [["a"], None, 5, ("a",), object()])
def test_refused_chunks(memory, chunk):
    def action(h):
        with pytest.raises(TypeError, match="only accepts"):
            h.write(chunk)
        h.write("fine")

    assert memory.request(app(action)).body == b"fine"


def test_lists_are_refused_for_a_reason(memory):
    def action(h):
        with pytest.raises(TypeError, match="Lists not accepted for security reasons"):
            h.write([1])

    assert memory.request(app(action)).status == 200


def test_content_type_after_write(memory):
    def action(h):
        h.write({"a": 1})
        h.set_header("Content-Type", "application/vnd.api+json")

    assert memory.request(app(action)).headers["Content-Type"] == "application/vnd.api+json"


def test_several_chunks(memory):
    def action(h):
        for n in range(5):
            h.write(str(n))
        h.finish("!")

    assert memory.request(app(action)).body == b"01234!"


def test_after_finish(memory):
    def action(h):
        h.finish("x")
        for call in (h.finish, lambda: h.write("y"), lambda: h.render("x.html")):
            with pytest.raises(RuntimeError):
                call()

    assert memory.request(app(action)).body == b"x"


def test_finish_returns_a_future(served):
    seen = []

    async def action(h):
        result = h.finish("x")
        assert isinstance(result, asyncio.Future)
        seen.append(await result)

    async def check(site):
        assert (await site.fetch()).body == b"x"

    served(app(action), check)
    assert seen == [None]


def test_finish_waits_for_the_client(served):
    order = []

    class Large(RequestHandler):
        async def get(self):
            await asyncio.sleep(0)
            await self.finish(b"x" * 20_000_000)
            order.append("finished")

    async def check(site):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        await reader.readexactly(1000)
        await asyncio.sleep(0.02)
        order.append("reading")
        await reader.read()
        writer.close()
        await asyncio.sleep(0.01)

    served([("/", Large)], check)
    assert order == ["reading", "finished"]


def test_finish_without_a_loop(memory):
    """Synchronous servers, such as those of WSGI, have none."""

    def action(h):
        assert h.finish("x").done()

    assert memory.request(app(action)).body == b"x"


def test_flush(served):
    steps = []

    async def action(h):
        h.write("one")
        steps.append(await h.flush())
        h.write("two")
        await h.flush()
        h.finish("three")

    async def check(site):
        answer = await site.fetch()
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers
        assert "Etag" not in answer.headers
        assert answer.body == b"onetwothree"

    served(app(action), check)
    assert steps == [None]


@contextlib.contextmanager
def looking_client(site, seen):
    """A client, and a function for handlers to look, from within, at what has come on its side."""
    with socket.create_connection(("127.0.0.1", site.port)) as client:
        client.settimeout(5)

        def look():
            seen.append(client.recv(65536).rpartition(b"\r\n\r\n")[2])

        yield client, look


@pytest.mark.parametrize("style", ["plain", "coroutine"])
def test_what_was_flushed_leaves_before_the_handler_goes_on(served, style):
    seen = []

    async def check(site):
        with looking_client(site, seen) as (client, look):

            class Plain(RequestHandler):
                def get(self):
                    for part in ("one", "two"):
                        self.write(part)
                        self.flush()
                        look()

            class Coroutine(RequestHandler):
                async def get(self):
                    for part in ("one", "two"):
                        self.write(part)
                        await self.flush()
                        look()

            handler = Plain if style == "plain" else Coroutine
            site.server.request_callback.add_handlers(".*", [("/flushed", handler)])
            client.sendall(site.message("/flushed"))
            while len(seen) < 2:
                await asyncio.sleep(0.001)

    served([("/", RequestHandler)], check)
    assert seen == [b"3\r\none\r\n", b"3\r\ntwo\r\n"]


@pytest.mark.parametrize("style", ["finish", "on_finish"])
def test_a_finished_answer_leaves_before_the_handler_goes_on(served, style):
    seen = []

    async def check(site):
        with looking_client(site, seen) as (client, look):

            class Finish(RequestHandler):
                def get(self):
                    self.finish("done")
                    look()

            class OnFinish(RequestHandler):
                def get(self):
                    self.write("done")

                def on_finish(self):
                    look()

            handler = Finish if style == "finish" else OnFinish
            site.server.request_callback.add_handlers(".*", [("/finished", handler)])
            client.sendall(site.message("/finished"))
            # Others are served in the same turn: where nobody waited, it would be no wonder.
            await asyncio.gather(*(site.fetch() for _ in range(4)))
            while not seen:
                await asyncio.sleep(0.001)

    served([("/", RequestHandler)], check)
    assert seen == [b"done"]


def test_flush_callback(served):
    order = []

    class Handler(RequestHandler):
        @asynchronous
        def get(self):
            self.write("x")
            self.flush(callback=self.flushed)
            order.append("returned")

        def flushed(self):
            order.append("flushed")
            # With nothing left to flush it is called all the same.
            self.flush(callback=self.flushed_again)

        def flushed_again(self):
            order.append("again")
            self.finish()

    async def check(site):
        assert (await site.fetch()).body == b"x"

    served([("/", Handler)], check)
    assert order == ["returned", "flushed", "again"]


def test_flush_callback_by_position(served):
    class Handler(RequestHandler):
        @gen.coroutine
        def get(self):
            self.write("x")
            yield gen.Task(self.flush)
            self.write("y")
            yield self.flush()

    async def check(site):
        assert (await site.fetch()).body == b"xy"

    served([("/", Handler)], check)


def test_flush_when_the_client_has_gone(served):
    outcome = []

    class Handler(RequestHandler):
        async def get(self):
            outcome.append("asked")
            while not closed.is_set():
                await asyncio.sleep(0.005)
            try:
                for _ in range(3):
                    self.write("x" * 1000)
                    await self.flush()
            except StreamClosedError:
                outcome.append("closed")

        def on_connection_close(self):
            closed.set()

    async def check(site):
        _reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        while not outcome:
            await asyncio.sleep(0.005)
        writer.close()
        await asyncio.wait_for(closed.wait(), 5)
        for _ in range(100):
            if len(outcome) == 2:
                break
            await asyncio.sleep(0.005)

    closed = asyncio.Event()
    served([("/", Handler)], check)
    assert outcome == ["asked", "closed"]


@pytest.mark.parametrize("connection", ["memory", "responding"])
def test_both_kinds_of_connections(memory, memory_connection, served, connection):
    """A connection that cannot take a whole answer gets it in parts."""

    async def main():
        given = memory_connection() if connection == "memory" else None
        return memory.request(app(lambda h: h.write("x")), connection=given)

    answer = asyncio.run(main())
    assert answer.finished
    assert (answer.status, answer.body) == (200, b"x")
    assert answer.headers["Content-Length"] == "1"
    assert answer.closed_callback is None


def test_head(fetch):
    class Handler(RequestHandler):
        def get(self):
            self.set_header("X-One", "1")
            self.write("12345")

    answer = fetch([("/", Handler)], "/", "HEAD")
    assert answer.code == 200
    assert answer.body == b""
    assert answer.headers["Content-Length"] == "5"
    assert answer.headers["X-One"] == "1"
    assert answer.headers["Etag"] == tag(b"12345")


def test_head_of_its_own(fetch):
    class Handler(RequestHandler):
        def head(self):
            self.set_header("Content-Length", "7")

    answer = fetch([("/", Handler)], "/", "HEAD")
    assert (answer.code, answer.headers["Content-Length"], answer.body) == (200, "7", b"")


def test_head_with_flush(fetch):
    class Handler(RequestHandler):
        async def get(self):
            self.write("one")
            await self.flush()
            self.write("two")
            await self.flush()
            self.finish("three")

    assert fetch([("/", Handler)], "/", "HEAD").body == b""


@pytest.mark.parametrize("status", [204, 304])
def test_no_content(fetch, status):
    answer = fetch(app(lambda h: h.set_status(status)))
    assert answer.code == status
    assert answer.body == b""
    assert "Content-Length" not in answer.headers
    assert "Content-Type" not in answer.headers


def test_content_where_none_is_allowed(fetch):
    def action(h):
        h.set_status(204)
        h.write("x")

    assert fetch(app(action)).code == 500


def test_etag(fetch):
    answer = fetch(app(lambda h: h.write("hello")))
    assert answer.headers["Etag"] == tag(b"hello")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"x", {tag}', 304),
        ('W/"x",W/{tag},"y"', 304),
        ("*", 304),
        ('"x"', 200),
        ("", 200),
        ("{unquoted}", 200),
        ('"a,b"', 200),
    ],
)
def test_if_none_match(fetch, given, code):
    ours = tag(b"hello")
    field = given.replace("{tag}", ours).replace("{unquoted}", ours.strip('"'))
    answer = fetch(app(lambda h: h.write("hello")), headers={"If-None-Match": field})
    assert answer.code == code
    assert answer.body == (b"" if code == 304 else b"hello")
    assert answer.headers["Etag"] == ours
    if code == 304:
        assert "Content-Length" not in answer.headers
        assert "Content-Type" not in answer.headers


def test_no_etag_for_errors_and_posts(fetch):
    assert "Etag" not in fetch(app(lambda h: h.set_status(400))).headers
    assert "Etag" not in fetch(app(lambda h: h.write("x")), "/", "POST", body="").headers


def test_compute_etag_override(fetch):
    class Own(RequestHandler):
        def get(self):
            self.write("x")

        def compute_etag(self):
            return self.get_argument("tag", None)

    assert fetch([("/", Own)], '/?tag="a"').headers["Etag"] == '"a"'
    assert fetch([("/", Own)], '/?tag="a"', headers={"If-None-Match": '"a"'}).code == 304
    assert fetch([("/", Own)], "/?tag=W/%22a%22", headers={"If-None-Match": '"a"'}).code == 304
    answer = fetch([("/", Own)], "/", headers={"If-None-Match": '"a"'})
    assert answer.code == 200
    assert "Etag" not in answer.headers


def test_check_etag_early(fetch):
    """A handler may ask before it does the work."""

    class Early(RequestHandler):
        def get(self):
            self.set_etag_header()
            if self.check_etag_header():
                self.set_status(304)
                return
            self.write("much work")

        def compute_etag(self):
            return '"version 5"'

    assert fetch([("/", Early)]).body == b"much work"
    assert fetch([("/", Early)], headers={"If-None-Match": '"version 5"'}).code == 304


@pytest.mark.parametrize(
    ("kwargs", "code"),
    [
        ({}, 302),
        ({"permanent": True}, 301),
        ({"status": 307}, 307),
        ({"permanent": True, "status": 303}, 303),
    ],
)
def test_redirect(fetch, kwargs, code):
    answer = fetch(app(lambda h: h.redirect("/elsewhere?x=1", **kwargs)))
    assert answer.code == code
    assert answer.headers["Location"] == "/elsewhere?x=1"
    assert answer.body == b""


def test_redirect_errors(memory, fetch):
    def action(h):
        for status in (200, 400, "302"):
            with pytest.raises(ValueError, match="redirect"):
                h.redirect("/", status=status)
        with pytest.raises(ValueError, match="Unsafe header value"):
            h.redirect("/x\r\nSet-Cookie: a=b")
        assert "Location" not in h._headers
        h.set_status(200)
        h.write("fine")

    assert memory.request(app(action)).body == b"fine"

    async def late(h):
        h.write("x")
        await h.flush()
        with pytest.raises(Exception, match="Cannot redirect after headers"):
            h.redirect("/")

    assert fetch(app(late)).body == b"x"


def test_hooks_of_the_end(served):
    order = []

    class Handler(RequestHandler):
        def prepare(self):
            order.append("prepare")

        def get(self):
            order.append("get")

        def on_finish(self):
            order.append("on_finish")
            assert self._finished

    async def check(site):
        await site.fetch()

    served([("/", Handler)], check)
    assert order == ["prepare", "get", "on_finish"]


def test_an_error_in_on_finish_is_logged(fetch, caplog):
    class Handler(RequestHandler):
        def get(self):
            self.write("fine")

        def on_finish(self):
            raise ZeroDivisionError

    assert fetch([("/", Handler)]).body == b"fine"
    assert "Uncaught exception" in caplog.text


def test_finish_override(fetch):
    """An override wraps every answer, also those that end by themselves."""

    class Wrapping(RequestHandler):
        def finish(self, chunk=None):
            if chunk is not None:
                self.write(chunk)
            self.write("!")
            return super().finish()

    class Implicit(Wrapping):
        def get(self):
            self.write("implicit")

    class Explicit(Wrapping):
        def get(self):
            self.finish("explicit")

    class Async(Wrapping):
        async def get(self):
            self.write("async")

    routes = [("/i", Implicit), ("/e", Explicit), ("/a", Async)]
    assert fetch(routes, "/i").body == b"implicit!"
    assert fetch(routes, "/e").body == b"explicit!"
    assert fetch(routes, "/a").body == b"async!"


def test_on_connection_close(served):
    gone = []

    class Wait(RequestHandler):
        @asynchronous
        def get(self):
            waiting.set()

        def on_connection_close(self):
            gone.append(self)

    waiting = asyncio.Event()

    async def check(site):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        await asyncio.wait_for(waiting.wait(), 5)
        writer.close()
        for _ in range(200):
            if gone:
                break
            await asyncio.sleep(0.005)

    served([("/", Wait)], check)
    assert len(gone) == 1


def test_on_connection_close_only_before_the_end(served):
    gone = []

    class Handler(RequestHandler):
        def get(self):
            self.write("x")

        def on_connection_close(self):
            gone.append(self)

    async def check(site):
        await site.fetch()

    served([("/", Handler)], check)
    assert gone == []


def test_detach(served):
    class Handler(RequestHandler):
        async def get(self):
            stream = self.detach()
            await stream.write(b"any bytes at all")
            stream.close()

    async def check(site):
        assert await site.send(site.message()) == b"any bytes at all"

    served([("/", Handler)], check)


def test_a_handler_is_freed_at_once(memory):
    """No cycles: memory does not wait for the cycle collector."""
    references = []

    class Handler(RequestHandler):
        def get(self):
            self.ui.anything = 1
            references.append(weakref.ref(self))
            self.write("x")

    application = Application([("/", Handler)])
    gc.disable()
    try:
        connection = memory.request(application)
        del connection.handler, connection.request
        assert references[0]() is None
    finally:
        gc.enable()


def test_json_of_an_answer(fetch):
    answer = fetch(app(lambda h: h.finish({"n": 1}) and None))
    assert json_decode(answer.body) == {"n": 1}


def test_transfer_encoding_is_not_for_handlers(fetch):
    def action(h):
        h.set_header("Transfer-Encoding", "chunked")
        h.write("whole")

    answer = fetch(app(action))
    assert answer.body == b"whole"
    assert answer.headers["Content-Length"] == "5"
    assert "Transfer-Encoding" not in answer.headers
