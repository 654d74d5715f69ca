"""Server-sent events, informational responses and trailers, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tornado import web
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        (web.ServerSentEvent("a"), "data: a\n\n"),
        (web.ServerSentEvent(""), "data: \n\n"),
        (web.ServerSentEvent(" a"), "data:  a\n\n"),
        (web.ServerSentEvent("a\nb\r\nc\rd\n"), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"),
        (web.ServerSentEvent("\u2028\u00e4\x0b"), "data: \u2028\u00e4\x0b\n\n"),
        (web.ServerSentEvent({"a": 1}), 'data: {"a": 1}\n\n'),
        (web.ServerSentEvent(1), "data: 1\n\n"),
        (web.ServerSentEvent(), "\n"),
        (web.ServerSentEvent(id="7"), "id: 7\n\n"),
        (web.ServerSentEvent("a", id=""), "id: \ndata: a\n\n"),
        (web.ServerSentEvent("a", "b", "c", 10), "event: b\nid: c\nretry: 10\ndata: a\n\n"),
    ],
)
def test_events_as_they_are_sent(event: web.ServerSentEvent, sent: str) -> None:
    assert event.encode() == sent.encode()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"event": "a\nb"}, "event of an event holds a line end"),
        ({"event": "a\rb"}, "event of an event holds a line end"),
        ({"id": "a\nid: b"}, "id of an event holds a line end or NUL"),
        ({"id": "a\0"}, "id of an event holds a line end or NUL"),
        ({"retry": -1}, "retry is -1; expected milliseconds"),
        ({"retry": 1.5}, "retry is 1.5; expected milliseconds"),
    ],
)
def test_events_that_cannot_be_sent(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        web.ServerSentEvent("x", **attributes)


class Counting(web.EventStream):
    async def events(self, *args: str) -> AsyncIterator[Any]:
        start = int(self.last_event_id or 0)
        for number in range(start + 1, start + 3):
            yield web.ServerSentEvent({"n": number}, id=str(number))
        yield "the end"


def test_a_stream_of_events(fetch: Any) -> None:
    response = fetch([("/", Counting)])
    assert response.code == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in response.headers
    assert response.text == 'id: 1\ndata: {"n": 1}\n\nid: 2\ndata: {"n": 2}\n\ndata: the end\n\n'


@pytest.mark.parametrize(("given", "first"), [("7", "id: 8"), ("0", "id: 1")])
def test_a_client_that_reconnects_says_where_it_was(fetch: Any, given: str, first: str) -> None:
    response = fetch([("/", Counting)], headers={"Last-Event-ID": given})
    assert response.text.startswith(first)


def test_the_last_id_is_text_in_utf8(fetch: Any) -> None:
    class Handler(web.EventStream):
        async def events(self) -> AsyncIterator[Any]:
            yield self.last_event_id

    response = fetch(
        [("/", Handler)], headers={"Last-Event-ID": "\u00e4".encode().decode("latin-1")}
    )
    assert response.text == "data: \u00e4\n\n"


def test_head_sends_no_events(fetch: Any) -> None:
    response = fetch([("/", Counting)], method="HEAD")
    assert (response.code, response.body) == (200, b"")
    assert response.headers["Content-Type"] == "text/event-stream"


def test_a_refusal_in_prepare(fetch: Any) -> None:
    class Handler(Counting):
        def prepare(self) -> None:
            self.set_status(204)
            self.finish()

    assert fetch([("/", Handler)]).code == 204


def test_a_coroutine_sends_events_and_comments(fetch: Any) -> None:
    class Handler(web.EventStream):
        async def events(self, name: str) -> None:
            await self.send_comment("hello\nyou")
            await self.send_event(name, event="greeting", id="1", retry=5)

    response = fetch([("/(.*)", Handler)], path="/ann")
    assert response.text == ": hello\n: you\n\nevent: greeting\nid: 1\nretry: 5\ndata: ann\n\n"


def test_an_error_breaks_the_stream_off(served: Any) -> None:
    class Handler(web.EventStream):
        async def events(self) -> AsyncIterator[Any]:
            yield "one"
            raise RuntimeError("broken")

    async def check(site: Any) -> None:
        raw = await site.send(site.message())
        assert b"data: one" in raw
        assert not raw.endswith(b"0\r\n\r\n")

    served([("/", Handler)], check)


def test_comments_keep_an_idle_stream_alive(served: Any) -> None:
    class Handler(web.EventStream):
        heartbeat = 0.01

        async def events(self) -> AsyncIterator[Any]:
            await enough["event"].wait()
            yield "late"

    enough: dict[str, asyncio.Event] = {}

    async def check(site: Any) -> None:
        enough["event"] = asyncio.Event()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        for _ in range(3):
            await reader.readuntil(b"3\r\n:\n\n\r\n")
        enough["event"].set()
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        writer.close()

    served([("/", Handler)], check)


@pytest.mark.parametrize("kind", ["waiting", "sending", "coroutine"])
def test_a_client_that_leaves_cancels_the_events(served: Any, kind: str) -> None:
    ended: dict[str, asyncio.Future[str]] = {}

    async def guarded(handler: web.EventStream) -> AsyncIterator[Any]:
        try:
            yield "one"
            if kind == "waiting":
                await asyncio.Event().wait()
            while True:
                yield "x" * 10_000
        except (asyncio.CancelledError, StreamClosedError, GeneratorExit) as error:
            ended["future"].set_result(type(error).__name__)
            raise

    class Handler(web.EventStream):
        def events(self) -> Any:
            if kind != "coroutine":
                return guarded(self)
            return self.run()

        async def run(self) -> None:
            async for event in guarded(self):
                await self.send_event(event)

        def on_finish(self) -> None:
            finished.append(self)

    finished: list[web.RequestHandler] = []

    async def check(site: Any) -> None:
        ended["future"] = asyncio.get_running_loop().create_future()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        await reader.readuntil(b"data: one\n\n")
        writer.transport.abort()
        await ended["future"]
        while not finished:
            await asyncio.sleep(0.001)

    served([("/", Handler)], check)


def test_a_slow_client_slows_the_events(served: Any) -> None:
    sent: list[int] = []

    class Handler(web.EventStream):
        async def events(self) -> AsyncIterator[Any]:
            for number in range(2000):
                sent.append(number)
                yield "x" * 100_000

    async def check(site: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1000)
        writer.write(site.message())
        await reader.readuntil(b"text/event-stream")
        before = -1
        while len(sent) != before:  # until it stands still
            before = len(sent)
            await asyncio.sleep(0.2)
        assert before < 1000
        writer.transport.abort()

    served([("/", Handler)], check)


def test_a_stream_without_events_is_a_mistake(fetch: Any) -> None:
    class Handler(web.EventStream):
        pass

    with pytest.raises(NotImplementedError, match=r"Handler\.events is not defined"):
        Handler.events(Handler.__new__(Handler))


# Informational responses.


def test_early_hints_come_before_the_response(served: Any) -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            self.send_early_hints("</a.css>; rel=preload; as=style", "</b.js>; rel=preload")
            self.send_informational(102, {"X-Progress": "half"})
            await go_on["event"].wait()
            self.write("page")

    go_on: dict[str, asyncio.Event] = {}

    async def check(site: Any) -> None:
        go_on["event"] = asyncio.Event()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message())
        assert await reader.readuntil(b"\r\n\r\n") == (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n"
            b"Link: </b.js>; rel=preload\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == (
            b"HTTP/1.1 102 Processing\r\nX-Progress: half\r\n\r\n"
        )
        go_on["event"].set()
        rest = await reader.read()
        assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
        assert rest.endswith(b"\r\n\r\npage")
        writer.close()
        # HTTP/1.0 knows none.
        old = await site.send(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        assert old.startswith(b"HTTP/1.1 200 OK\r\n")

    served([("/", Handler)], check)


def test_informational_responses_that_cannot_be_sent(fetch: Any) -> None:
    found: list[str] = []

    class Handler(web.RequestHandler):
        def attempt(self, *args: Any) -> None:
            try:
                self.send_informational(*args)
            except (ValueError, RuntimeError) as error:
                found.append(type(error).__name__)

        def get(self) -> None:
            for status in (99, 100, 101, 200):
                self.attempt(status)
            self.attempt(103, {"Link": "a\r\nb: c"})
            self.write("x")
            self.flush()
            self.attempt(103)
            self.finish()
            self.attempt(103)

    assert fetch([("/", Handler)]).text == "x"
    assert found == ["ValueError"] * 5 + ["RuntimeError"] * 2


# Trailers.


class Trailing(web.RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Length", "100")
        self.set_trailer("X-Sum", "1")
        self.set_trailer("X-Other", "2")
        self.write("content")
        if self.get_argument("flush", ""):
            self.clear_header("Content-Length")
            self.flush()
            self.set_trailer("X-Late", "3")
        self.set_trailer("X-Sum", "4")


@pytest.mark.parametrize("flush", ["", "1"])
def test_trailers_follow_the_content(served: Any, flush: str) -> None:
    async def check(site: Any) -> None:
        raw = await site.send(site.message(f"/?flush={flush}"))
        head, _, rest = raw.partition(b"\r\n\r\n")
        assert b"Trailer: X-Sum, X-Other" in head
        assert b"Transfer-Encoding: chunked" in head
        assert b"Content-Length" not in head
        late = b"X-Late: 3\r\n" if flush else b""
        assert rest == b"7\r\ncontent\r\n0\r\nX-Sum: 4\r\nX-Other: 2\r\n" + late + b"\r\n"
        # HTTP/1.0 has no place for them.
        old = await site.send(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        assert old.endswith(b"\r\n\r\ncontent")
        head_only = await site.send(site.message(f"/?flush={flush}", "HEAD"))
        assert head_only.endswith(b"\r\n\r\n")

    served([("/", Trailing)], check)


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "Host", "Set-Cookie", "Trailer", "Content-Type"]
)
def test_fields_that_are_no_trailers(memory: Any, name: str) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            with pytest.raises(ValueError, match="must not be sent as a trailer"):
                self.set_trailer(name, "x")
            self.finish()
            with pytest.raises(RuntimeError):
                self.set_trailer("X-Sum", "x")

    assert memory.request(web.Application([("/", Handler)])).status == 200


@pytest.mark.parametrize("streaming", [False, True])
def test_trailers_of_a_request(served: Any, streaming: bool) -> None:
    class Handler(web.RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            assert self.request.trailers is None

        def post(self) -> None:
            trailers = self.request.trailers
            assert isinstance(trailers, HTTPHeaders)
            self.write(trailers["X-Sum"])

        def get(self) -> None:
            assert self.request.trailers is None

    if streaming:
        web.stream_request_body(Handler)

    async def check(site: Any) -> None:
        raw = await site.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\nX-Sum: 900\r\n\r\n"
        )
        assert raw.endswith(b"\r\n\r\n900")
        assert (await site.fetch("/")).code == 200

    served([("/", Handler)], check)
