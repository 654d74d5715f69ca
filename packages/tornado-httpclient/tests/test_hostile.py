"""Servers that break the rules, by accident or on purpose: what no client may fall for."""

import asyncio
import gzip
import ssl
import zlib

import brotli
import pytest

from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError

#: Everything that a fetch from a bad server may raise.
ERRORS = (HTTPClientError, OSError, ssl.SSLError)


@pytest.fixture
def answer_with(serve_raw, receive):
    """Make a server that reads a request, sends these bytes and closes the connection."""

    def make(data):
        async def handle(reader, writer):
            await receive(reader)
            writer.write(data)
            await writer.drain()

        return serve_raw(handle)

    return make


HEAD = b"HTTP/1.1 200 OK\r\n"

MALFORMED = {
    "garbage": b"\x00\x01\x02\xff" * 20,
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "code of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "code with sign": b"HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
    "no colon": HEAD + b"X a\r\nContent-Length: 0\r\n\r\n",
    "control character": HEAD + b"X: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "half a head": HEAD + b"X: a\r\n",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "lengths that differ": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length of letters": HEAD + b"Content-Length: ten\r\n\r\n0123456789",
    "short content": HEAD + b"Content-Length: 10\r\n\r\nshort",
    "chunk size of letters": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "chunks cut off": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "last chunk missing": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunk too long": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n",
    "many 1xx, then nothing": b"HTTP/1.1 103 Hints\r\n\r\n" * 50,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed(run, make_client, answer_with, kind):
    async def main():
        async with answer_with(MALFORMED[kind]) as server, make_client() as client:
            for _ in range(2):
                with pytest.raises(ERRORS):
                    await client.fetch(server.url)
            assert server.connections == 2

    run(main)


STRICT = {
    "folded line": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "both framings": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before colon": HEAD + b"X : a\r\nContent-Length: 0\r\n\r\n",
    "bare CR": HEAD + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "unknown transfer coding": HEAD + b"Transfer-Encoding: rot13\r\n\r\n0\r\n\r\n",
    "chunk size with 0x": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "endless 1xx": b"HTTP/1.1 103 Hints\r\n\r\n" * 11 + HEAD + b"Content-Length: 0\r\n\r\n",
    "huge length": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "bare LF in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
    "bare LF in trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\n",
}


@pytest.mark.parametrize("kind", STRICT)
def test_strictness_of_the_engine(run, make_simple, answer_with, kind):
    # libcurl has its own mind about these.
    async def main():
        async with answer_with(STRICT[kind]) as server, make_simple() as client:
            with pytest.raises(HTTPClientError):
                await client.fetch(server.url)

    run(main)


def test_end_of_the_connection_is_told_from_nonsense(run, make_simple, answer_with):
    async def main():
        async with make_simple() as client:
            for data in (b"", HEAD, HEAD + b"Content-Length: 10\r\n\r\nshort"):
                async with answer_with(data) as server:
                    with pytest.raises(HTTPStreamClosedError):
                        await client.fetch(server.url)

    run(main)


@pytest.mark.parametrize("limit", ["max_header_size", "max_body_size", "both framings"])
def test_too_large(run, make_client, answer_with, limit):
    async def main():
        size = 100_000
        if limit == "max_header_size":
            data = HEAD + b"X: " + b"x" * size + b"\r\nContent-Length: 0\r\n\r\n"
            options = {"max_header_size": 10_000}
        elif limit == "max_body_size":
            data = HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
            options = {"max_body_size": 10_000}
        else:
            chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
            data = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100 + b"0\r\n\r\n"
            options = {"max_body_size": 10_000}
        async with answer_with(data) as server, make_client(**options) as client:
            with pytest.raises(ERRORS):
                await client.fetch(server.url)
            got = []
            with pytest.raises(ERRORS):
                await client.fetch(server.url, streaming_callback=got.append)
            assert len(b"".join(got)) <= 10_000

    run(main)


def test_endless_head(run, make_client, serve_raw, receive):
    sent = 0

    async def handle(reader, writer):
        nonlocal sent
        await receive(reader)
        writer.write(HEAD)
        while not writer.transport.is_closing() and sent < 100_000_000:
            writer.write(b"X: " + b"x" * 1000 + b"\r\n")
            sent += 1000
            await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            with pytest.raises(ERRORS):
                await client.fetch(server.url)
            await asyncio.sleep(0.02)
        assert sent < 20_000_000

    run(main)


BOMB = b"\0" * 5_000_000


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(BOMB)),
        ("gzip", gzip.compress(gzip.compress(b"")) + gzip.compress(BOMB)),
        ("deflate", zlib.compress(BOMB)),
        ("gzip", gzip.compress(b"content")[:-1]),
        ("gzip", gzip.compress(b"content") + b"garbage"),
        ("gzip", b"no gzip at all"),
        ("deflate", zlib.compress(b"content")[:-1]),
        ("deflate", zlib.compress(b"content") + b"garbage"),
        ("deflate", b"\xff" * 20),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_compression(run, make_client, serve, respond, coding, data):
    async def main():
        answer = respond(body=data, headers=[("Content-Encoding", coding)])
        async with (
            serve(lambda r: answer) as server,
            make_client(max_body_size=1_000_000) as client,
        ):
            with pytest.raises(HTTPClientError):
                await client.fetch(server.url)
            got = []
            with pytest.raises(HTTPClientError):
                await client.fetch(server.url, streaming_callback=got.append)
            assert sum(map(len, got)) <= 1_000_000

    run(main)


def test_brotli(run, make_client, serve, respond):
    packed = brotli.compress(b"content" * 1000)

    async def main():
        async def application(request):
            body = {"/good": packed, "/bomb": brotli.compress(BOMB), "/cut": packed[:-1]}[
                request.path
            ]
            return respond(body=body, headers=[("Content-Encoding", "br")])

        async with serve(application) as server, make_client(max_body_size=1_000_000) as client:
            assert (await client.fetch(f"{server.url}/good")).body == b"content" * 1000
            assert "br" in server.requests[0].headers["accept-encoding"]
            for path in ("/bomb", "/cut"):
                with pytest.raises(HTTPClientError):
                    await client.fetch(server.url + path)

    run(main)


def test_unknown_coding_stays(run, make_client, serve, respond):
    async def main():
        answer = respond(body=b"as it is", headers=[("Content-Encoding", "aes128gcm")])
        async with serve(lambda r: answer) as server, make_client() as client:
            response = await client.fetch(server.url)
            assert response.body == b"as it is"
            assert response.headers["Content-Encoding"] == "aes128gcm"

    run(main)


def test_bytes_after_the_answer_answer_nothing(run, make_client, serve_raw, receive, respond):
    async def handle(reader, writer):
        while (request := await receive(reader)) is not None:
            writer.write(respond(body=request.path.encode()) + respond(body=b"smuggled"))
            await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client(max_clients=1) as client:
            for number in range(10):
                response = await client.fetch(f"{server.url}/{number}")
                assert response.body == b"/%d" % number

    run(main)


def test_bytes_while_idle_answer_nothing(run, make_client, serve_raw, receive, respond):
    async def handle(reader, writer):
        while (request := await receive(reader)) is not None:
            writer.write(respond(body=request.path.encode()))
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(respond(body=b"smuggled"))

    async def main():
        async with serve_raw(handle) as server, make_client(max_clients=1) as client:
            for number in range(5):
                response = await client.fetch(f"{server.url}/{number}")
                assert response.body == b"/%d" % number
                await asyncio.sleep(0.03)
            assert server.connections == 5

    run(main)


def test_answer_before_the_content_was_sent(run, make_client, serve_raw, respond):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(respond(413, b"too much", [("Connection", "close")]))
        await writer.drain()
        await asyncio.sleep(0.05)

    async def main():
        async with serve_raw(handle) as server, make_client() as client:

            async def produce(write):
                for _ in range(10_000):
                    await write(b"x" * 65536)
                    await asyncio.sleep(0)

            response = await client.fetch(
                server.url, method="POST", body_producer=produce, raise_error=False
            )
            assert response.code == 413
            assert response.body == b"too much"

    run(main)


def test_drip(run, make_client, serve_raw, receive, respond):
    async def handle(reader, writer):
        while await receive(reader) is not None:
            for byte in respond(body=b"drip", headers=[("X-Long", "x" * 50)]):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            for _ in range(2):
                assert (await client.fetch(server.url)).body == b"drip"
            assert server.connections == 1

    run(main)


def test_drip_that_does_not_end(run, make_client, serve_raw, receive):
    async def handle(reader, writer):
        await receive(reader)
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await asyncio.sleep(0.005)

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            with pytest.raises(HTTPTimeoutError):
                await client.fetch(server.url, request_timeout=0.1)

    run(main)


def test_close_at_every_byte(run, make_client, serve_raw, receive, respond):
    whole = respond(body=b"chunked", headers=[("X-A", "b")])
    count = 0

    async def handle(reader, writer):
        nonlocal count
        await receive(reader)
        writer.write(whole[:count])
        await writer.drain()

    async def main():
        nonlocal count
        async with serve_raw(handle) as server, make_client() as client:
            for cut in range(len(whole)):
                count = cut
                with pytest.raises(ERRORS):
                    await client.fetch(server.url, method="POST", body=b"")
            assert server.connections == len(whole)
            count = len(whole)
            assert (await client.fetch(server.url)).body == b"chunked"

    run(main)


def test_redirects_cannot_inject(run, make_client, serve, respond):
    async def main():
        async def application(request):
            if request.path == "/":
                return respond(302, headers=[("Location", "/x%0d%0aEvil:%20yes y")])
            return respond(body=request.raw)

        async with serve(application) as server, make_client() as client:
            response = await client.fetch(server.url)
            assert b"\r\nEvil" not in response.body
            assert response.body.startswith(b"GET /x%0d%0aEvil:%20yes%20y HTTP/1.1\r\n")

    run(main)
