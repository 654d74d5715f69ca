"""An exchange that keeps the response."""

import asyncio

import pytest

from tornado.httputil import (
    HTTPHeaders,
    HTTPOutputError,
    HTTPServerRequest,
    RecordedExchange,
    ResponseStartLine,
)

OK = ResponseStartLine("HTTP/1.1", 200, "OK")


def run(work):
    asyncio.run(asyncio.wait_for(work(), 5))


def test_a_whole_response():
    async def work():
        exchange = RecordedExchange()
        exchange.respond(404, "Not Found", HTTPHeaders({"X": "1"}), b"none")
        await exchange.wait_finished()
        assert (exchange.status, exchange.reason, exchange.body) == (404, "Not Found", b"none")
        assert exchange.headers["X"] == "1"
        assert exchange.headers["Content-Length"] == "4"

    run(work)


def test_a_response_in_parts():
    async def work():
        exchange = RecordedExchange()
        called = []
        hints = HTTPHeaders({"Link": "</a.css>"})
        exchange.write_headers(ResponseStartLine("", 103, "Early Hints"), hints)
        fields = HTTPHeaders({"X": "1"})
        await exchange.write_headers(OK, fields, b"a", callback=lambda: called.append(1))
        fields["X"] = "2"
        await exchange.write(memoryview(b"b"))
        waiting = asyncio.ensure_future(exchange.wait_finished())
        await asyncio.sleep(0)
        assert not waiting.done()
        exchange.finish(HTTPHeaders({"T": "3"}))
        await waiting
        assert exchange.informational == [(103, hints)]
        assert (exchange.status, exchange.chunks) == (200, [b"a", b"b"])
        assert exchange.headers["X"] == "1", "as it was when it was sent"
        assert exchange.trailers == HTTPHeaders({"T": "3"})
        assert called == [1]

    run(work)


def test_a_file(tmp_path):
    async def work():
        path = tmp_path / "file"
        path.write_bytes(b"0123456789")
        exchange = RecordedExchange()
        exchange.write_headers(OK, HTTPHeaders())
        with path.open("rb") as file:
            await exchange.send_file(file, 2, 5)
        exchange.finish()
        assert exchange.body == b"23456"

    run(work)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda exchange: exchange.write(b"x"),
        lambda exchange: exchange.finish(),
        lambda exchange: [exchange.respond(200, "OK", HTTPHeaders(), b"") for _ in range(2)],
        lambda exchange: [exchange.write_headers(OK, HTTPHeaders()) for _ in range(2)],
        lambda exchange: [
            exchange.respond(200, "OK", HTTPHeaders(), b""),
            exchange.write(b"more"),
        ],
    ],
    ids=["no head", "no response", "two responses", "two heads", "after the end"],
)
def test_calls_out_of_order(wrong):
    async def work():
        with pytest.raises(HTTPOutputError):
            wrong(RecordedExchange())

    run(work)


def test_a_target_that_closes():
    async def work():
        exchange = RecordedExchange()
        exchange.write_headers(OK, HTTPHeaders(), b"a")
        asyncio.get_running_loop().call_soon(exchange.close)
        with pytest.raises(ConnectionError, match="before the response was complete"):
            await exchange.wait_finished()

    run(work)


def test_a_client_that_leaves():
    exchange = RecordedExchange()
    left = []
    exchange.client_leaves()
    exchange.set_close_callback(lambda: left.append(1))
    exchange.client_leaves()
    exchange.client_leaves()
    assert left == [1]


def test_what_a_request_knows_of_its_peer():
    exchange = RecordedExchange("10.1.2.3", "https")
    request = HTTPServerRequest("GET", "/", connection=exchange, host="a")
    assert (request.remote_ip, request.protocol) == ("10.1.2.3", "https")
