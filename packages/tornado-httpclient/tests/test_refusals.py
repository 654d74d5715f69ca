"""Responses that are refused: which exception the caller gets, and what the log says."""

import asyncio
import errno
import gzip
import socket
import struct
import tracemalloc

import pytest

from tornado.curl_httpclient import CurlError
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.iostream import UnsatisfiableReadError
from tornado.simple_httpclient import HTTPProtocolError, HTTPStreamClosedError

pytestmark = pytest.mark.filterwarnings("error")

OK = b"HTTP/1.1 200 OK\r\n"


def answers(data, receive):
    async def handle(reader, writer):
        await receive(reader)
        writer.write(data)
        await writer.drain()

    return handle


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1/",
        "ftp://x/",
        "http://a:99999/",
        "http://a b/",
        "data:x",
        "http://%31/",
        "http://%2Frun%2Fs.sock/",
        "http://\xff/",
    ],
)
def test_a_location_of_no_use_is_the_servers_fault(run, make_client, serve, respond, location):
    async def main():
        async with serve(lambda r: respond(302, headers=[("Location", location)])) as server:
            async with make_client() as client:
                with pytest.raises(HTTPClientError) as raised:
                    await client.fetch(server.url)
                assert isinstance(raised.value, ValueError)
                assert raised.value.code == 599
                assert raised.value.response.request.url == server.url
                # What the caller says is the caller's fault.
                with pytest.raises(ValueError, match="http") as own:
                    await client.fetch("http://[::1/")
                assert not isinstance(own.value, HTTPClientError)

    run(main)


RECORDS = [
    (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "Multiple unequal Content-Lengths"),
    (OK + b"Content-Length: 101\r\n\r\n", "Content-Length too long"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101, "Body too long"),
    (OK + b"\r\n" + b"x" * 101, "Body too long"),
    (
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 101),
        "decompressed body too large",
    ),
    (OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk", "invalid gzip data"),
    (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x")[:-1], "invalid gzip data"),
    (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x") + b"y", "invalid gzip data"),
    (
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "Message with both Transfer-Encoding and Content-Length",
    ),
    (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nx",
        "Response with code 204 should not have body",
    ),
    (
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Response with code 204 should not have body",
    ),
]


@pytest.mark.parametrize(("data", "text"), RECORDS)
def test_refused_responses(run, make_simple, serve_raw, receive, data, text, caplog):
    caplog.set_level("INFO", "tornado.general")

    async def main():
        async with serve_raw(answers(data, receive)) as server:
            async with make_simple(max_body_size=100) as client:
                with pytest.raises(HTTPStreamClosedError) as raised:
                    await client.fetch(server.url)
                assert isinstance(raised.value, HTTPProtocolError)
                assert raised.value.response.code == 599
                assert raised.value.response.error is raised.value
                assert raised.value.response.request_time >= 0
                [record] = [each for each in caplog.records if each.name == "tornado.general"]
                assert record.levelname == "INFO"
                assert record.getMessage() == f"Malformed HTTP message from None: {text}"

    run(main)


def test_head_over_the_limit(run, make_simple, serve_raw, receive, caplog):
    caplog.set_level("INFO", "tornado.general")

    async def main():
        for data in (OK + b"X: " + b"x" * 2000 + b"\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 2000):
            async with serve_raw(answers(data, receive)) as server:
                async with make_simple(max_header_size=1000) as client:
                    with pytest.raises(UnsatisfiableReadError) as raised:
                        await client.fetch(server.url)
                    assert isinstance(raised.value, HTTPStreamClosedError)
        assert [each.levelname for each in caplog.records] == ["INFO", "INFO"]
        assert all("Unsatisfiable read" in each.getMessage() for each in caplog.records)

    run(main)


def test_a_204_with_an_empty_body_is_accepted(run, make_client, serve_raw, receive):
    async def main():
        data = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
        async with serve_raw(answers(data, receive)) as server, make_client() as client:
            assert (await client.fetch(server.url)).code == 204

    run(main)


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_size_limit_over_libcurl(run, make_client, serve, respond, coding):
    if "curl" not in make_client.name:
        pytest.skip("libcurl's classes")

    async def main():
        body = b"x" * 1000
        headers = []
        if coding is not None:
            body, headers = gzip.compress(body), [("Content-Encoding", coding)]
        async with serve(lambda r: respond(body=body, headers=headers)) as server:
            async with make_client(max_body_size=100) as client:
                with pytest.raises(CurlError, match="max_body_size") as raised:
                    await client.fetch(server.url)
                assert raised.value.errno
                assert isinstance(raised.value, HTTPProtocolError)

    run(main)


def test_time_outs_know_their_request(run, make_client, serve_raw):
    async def handle(reader, writer):
        await reader.read()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            with pytest.raises(HTTPClientError, match=r"^Timeout during request") as raised:
                await client.fetch(server.url, request_timeout=0.05)
            response = raised.value.response
            assert (response.code, response.request.url) == (599, server.url)
            assert response.request_time >= 0.05

    run(main)


def test_text_for_callbacks(run, make_client, serve_raw):
    async def main():
        async with serve_raw(lambda r, w: asyncio.sleep(1)) as server, make_client() as client:
            responses = []
            client.fetch(server.url, responses.append, request_timeout=0.02)
            while not responses:
                await asyncio.sleep(0.001)
            assert str(responses[0].error).startswith("HTTP 599: Timeout during request")

    run(main)


@pytest.mark.parametrize("framing", ["gzip members", "chunks", "deliveries"])
def test_many_small_pieces_take_little_memory(framing):
    """Each would be an object of some fifty bytes, and a place in a list."""
    from tornado._httpclient.content import Gathered
    from tornado.httputil import HTTPHeaders

    count = 200_000
    content = Gathered(100_000_000)
    if framing == "gzip members":
        content.decode(HTTPHeaders({"Content-Encoding": "gzip"}))
        data = gzip.compress(b"x", 9, mtime=0) * 100
        pieces = [data] * (count // 100)
    else:
        pieces = [b"%c" % (n % 256) for n in range(256)] * (count // 256)
    tracemalloc.start()
    for piece in pieces:
        content.take(piece)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    body = content.end().getvalue()
    assert used < 3 * count
    assert body == (b"x" * count if framing == "gzip members" else b"".join(pieces))


@pytest.mark.parametrize("pieces", ["whole", "bytewise"])
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\r\n",
        b"HTTP/1.1 200 OK\nX: y\r\nContent-Length: 2\n\n",
        b"\nHTTP/1.1 200 OK\nContent-Length: 2\n\n",
        b"HTTP/1.1 103 Hints\nA: b\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\n",
    ],
)
def test_lone_line_feeds_in_a_head(run, make_client, serve_raw, receive, head, pieces):
    if head.startswith(b"\n") and "curl" in make_client.name:
        pytest.skip("libcurl wants the status line first")

    async def handle(reader, writer):
        await receive(reader)
        data = head + b"\n\n"
        for piece in [data] if pieces == "whole" else [data[n : n + 1] for n in range(len(data))]:
            writer.write(piece)
            await asyncio.sleep(0)

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            response = await client.fetch(server.url)
            assert (response.code, response.body) == (200, b"\n\n")
            assert response.headers["Content-Length"] == "2"

    run(main)


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 16, b"\0" * 100_000])
@pytest.mark.parametrize("split", [True, False])
def test_zeros_behind_gzip(run, make_client, serve_raw, receive, padding, split):
    async def handle(reader, writer):
        await receive(reader)
        body = gzip.compress(b"content")
        writer.write(OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        half = len(padding) // 2
        pieces = [body, padding[:half], padding[half:]] if split else [body + padding]
        for piece in pieces:
            if piece:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            assert (await client.fetch(server.url)).body == b"content"

    run(main)


@pytest.mark.parametrize("tail", [b"x", b"\0x", b"\0\0" + gzip.compress(b"y")[:-1]])
def test_other_bytes_behind_gzip(run, make_client, serve, respond, tail):
    async def main():
        headers = [("Content-Encoding", "gzip")]
        body = gzip.compress(b"content") + tail
        async with serve(lambda r: respond(body=body, headers=headers)) as server:
            async with make_client() as client:
                with pytest.raises(HTTPProtocolError):
                    await client.fetch(server.url)

    run(main)


RESPONSES_THAT_BREAK_OFF = [
    OK + b"Content-Length: 10\r\n\r\nabc",
    OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\na",
    OK + b"\r\nabc",
]


@pytest.mark.parametrize("data", RESPONSES_THAT_BREAK_OFF)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_reset_within_a_response(run, make_client, serve_raw, receive, data, streaming):
    """`except HTTPError` catches it, as it does an early end; so does the class of the system."""
    pieces = []
    kwargs = {"streaming_callback": pieces.append} if streaming else {}

    async def handle(reader, writer):
        await receive(reader)
        writer.write(data)
        await writer.drain()
        await asyncio.wait_for(arrived.wait(), 10)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async def main():
        nonlocal arrived
        arrived = asyncio.Event()
        async with serve_raw(handle) as server, make_client() as client:
            fetching = asyncio.ensure_future(
                client.fetch(
                    server.url, header_callback=lambda line: line.strip() or arrived.set(), **kwargs
                )
            )
            with pytest.raises(HTTPClientError, match=r"(?i)reset") as raised:
                await fetching
            error = raised.value
            assert error.code == 599
            assert error.response.code == 599
            if not isinstance(error, CurlError):
                assert isinstance(error, HTTPStreamClosedError)
                assert isinstance(error, ConnectionResetError)
                assert error.errno == errno.ECONNRESET

    arrived = None
    run(main)


@pytest.mark.parametrize("count", [501, 3000])
def test_many_header_lines(run, make_client, serve_raw, receive, count):
    """Their bytes have a limit; the client has no small one for their number."""

    async def main():
        data = (
            OK
            + b"".join(b"Link: <%d>\r\n" % i for i in range(count))
            + b"Content-Length: 0\r\n\r\n"
        )
        async with serve_raw(answers(data, receive)) as server, make_client() as client:
            response = await client.fetch(server.url)
            assert len(response.headers.get_list("Link")) == count

    run(main)


@pytest.mark.parametrize(
    "name", ["streaming_callback", "header_callback", "prepare_curl_callback", "body_producer"]
)
@pytest.mark.parametrize("value", [5, "write", b"x"])
def test_callbacks_that_cannot_be_called(name, value):
    with pytest.raises(TypeError, match=f"{name} takes a function"):
        HTTPRequest("http://x/", **{name: value})
    request = HTTPRequest("http://x/")
    with pytest.raises(TypeError, match=f"{name} takes a function"):
        setattr(request, name, value)


def test_arguments_of_fetch_that_mean_nothing(run, make_client):
    async def main():
        async with make_client() as client:
            with pytest.raises(TypeError, match="function as callback, got int"):
                client.fetch("http://127.0.0.1/", callback=5)
            for url in (5, None, ["http://127.0.0.1/"]):
                with pytest.raises(TypeError, match=r"fetch\(\) takes a URL"):
                    await client.fetch(url)

    run(main)
