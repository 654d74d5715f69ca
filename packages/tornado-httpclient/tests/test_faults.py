"""Connections that break at the wrong moment, many fetches at once: nothing leaks or goes astray."""

import asyncio
import gc
import itertools
import random
import socket

import pytest

from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import HTTPStreamClosedError

pytestmark = pytest.mark.filterwarnings("error")


def test_stale_connection(run, make_client, serve_raw, receive, respond):
    """The server closes the kept connection; the next request is sent over a new one."""

    async def handle(reader, writer):
        await receive(reader)
        writer.write(respond(body=b"x"))
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            for method, body in [("GET", None), ("POST", b"y"), ("GET", None)]:
                assert (await client.fetch(server.url, method=method, body=body)).body == b"x"
                await asyncio.sleep(0.01)
            assert server.connections == 3

    run(main)


@pytest.mark.parametrize(
    ("method", "body", "idle", "sent"),
    [
        # The server's idle time-out explains the end: what is idempotent is sent again.
        ("GET", None, 2, ["/1", "/2", "/2"]),
        ("PUT", b"y", 2, ["/1", "/2", "/2"]),
        # It does not: the request may be what killed the server.
        ("GET", None, 0, ["/1", "/2"]),
        ("PUT", b"y", 0.5, ["/1", "/2"]),
        ("POST", b"y", 0.5, ["/1", "/2"]),
    ],
)
def test_connection_that_dies_with_the_request(
    run, make_simple, serve_raw, receive, respond, age, method, body, idle, sent
):
    received = []

    async def handle(reader, writer):
        for number in itertools.count():
            request = await receive(reader)
            if request is None:
                return
            received.append(request.path)
            if number == 1:
                return
            writer.write(respond(body=b"x"))
            await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_simple() as client:
            await client.fetch(f"{server.url}/1")
            age(client, idle)
            fetch = client.fetch(f"{server.url}/2", method=method, body=body)
            if sent.count("/2") == 2:
                assert (await fetch).body == b"x"
            else:
                with pytest.raises((HTTPClientError, OSError)):
                    await fetch
            assert received == sent

    run(main)


def test_a_server_that_always_dies_is_asked_twice_at_most(
    run, make_simple, serve_raw, receive, respond, age
):
    received = 0

    async def handle(reader, writer):
        nonlocal received
        while await receive(reader) is not None:
            received += 1
            if received > 1:
                return
            writer.write(respond())
            await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_simple() as client:
            await client.fetch(server.url)
            age(client, 2)
            with pytest.raises((HTTPClientError, OSError)):
                await client.fetch(server.url)
            assert received == 3

    run(main)


def test_post_is_not_sent_over_a_connection_that_just_closed(
    run, make_simple, serve_raw, receive, respond
):
    """The end has arrived, but the loop has not turned: the operating system is asked."""
    received = []

    async def handle(reader, writer):
        received.append((await receive(reader)).method)
        writer.write(respond())
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_simple() as client:
            await client.fetch(server.url)
            [[connection]] = client._transport().pool._idle.values()
            connection.stream.pause_reading()
            await asyncio.sleep(0.01)
            assert len(client._transport().pool) == 1
            assert (await client.fetch(server.url, method="POST", body=b"")).code == 200
            assert received == ["GET", "POST"]

    run(main)


def test_idle_connections_are_limited(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server:
            async with make_simple(max_idle_connections=2) as client:
                await asyncio.gather(*[client.fetch(server.url) for _ in range(5)])
                assert len(client._transport().pool) == 2
            async with make_simple(max_idle_per_origin=1) as client:
                await asyncio.gather(*[client.fetch(server.url) for _ in range(5)])
                assert len(client._transport().pool) == 1
            async with make_simple(max_idle_connections=0) as client:
                await client.fetch(server.url)
                assert len(client._transport().pool) == 0
            async with make_simple(idle_timeout=0.02) as client:
                await client.fetch(server.url)
                assert len(client._transport().pool) == 1
                await asyncio.sleep(0.05)
                assert len(client._transport().pool) == 0
                await client.fetch(server.url)
            await asyncio.sleep(0.01)
            assert server.open == 0

    run(main)


def test_origins_do_not_share_connections(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"1")) as first:
            async with serve(lambda r: respond(body=b"2")) as second, make_simple() as client:
                for _ in range(2):
                    assert (await client.fetch(first.url)).body == b"1"
                    assert (await client.fetch(second.url)).body == b"2"
                # Another name for the same address is another origin.
                url = f"http://localhost:{first.port}"
                assert (await client.fetch(url, allow_ipv6=False)).body == b"1"
                assert (first.connections, second.connections) == (2, 1)

    run(main)


def test_many_fetches_with_faults_and_cancels(run, make_client, serve_raw, receive, respond):
    """Every answer carries the token of its request; none may reach another fetch."""
    chance = random.Random(20240229)

    async def handle(reader, writer):
        while (request := await receive(reader)) is not None:
            token = request.headers["x-token"]
            what = chance.random()
            answer = respond(body=token.encode() * 20, headers=[("X-Token", token)])
            if what < 0.05:
                writer.write(answer[: chance.randrange(len(answer))])
                return
            if what < 0.1:
                writer.write(answer + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
            elif what < 0.15:
                writer.write(answer[:30])
                await asyncio.sleep(0.002)
                writer.write(answer[30:])
            elif what < 0.2:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + answer)
                return
            else:
                writer.write(answer)
            await writer.drain()

    async def main():
        counts = {"good": 0, "failed": 0, "cancelled": 0}

        async def one(client, url, number):
            token = f"token-{number}-"
            method = chance.choice(["GET", "GET", "POST"])
            future = client.fetch(
                url,
                method=method,
                body=b"x" if method == "POST" else None,
                headers={"X-Token": token},
            )
            if chance.random() < 0.25:
                await asyncio.sleep(chance.random() * 0.004)
                if future.cancel():
                    counts["cancelled"] += 1
                    return
            try:
                response = await future
            except (HTTPClientError, OSError):
                counts["failed"] += 1
                return
            assert response.headers["X-Token"] == token
            assert response.body == token.encode() * 20
            counts["good"] += 1

        async with serve_raw(handle) as server, make_client(max_clients=25) as client:
            for start in range(0, 1500, 100):
                await asyncio.gather(
                    *[one(client, server.url, start + each) for each in range(100)]
                )
            for _ in range(3):
                await asyncio.sleep(0)
            assert not client.active
            assert sum(counts.values()) == 1500
            assert counts["good"] > 800
            assert counts["failed"] > 10
            assert counts["cancelled"] > 50

    run(main)


def _sockets():
    gc.collect()
    return sum(isinstance(each, socket.socket) and each.fileno() >= 0 for each in gc.get_objects())


def test_nothing_leaks(run, make_simple, serve, respond):
    async def main():
        async def application(request):
            if request.path == "/slow":
                await asyncio.sleep(10)
            return respond(body=b"x")

        async with serve(application) as server:
            async with make_simple(max_clients=5) as client:
                await asyncio.gather(*[client.fetch(server.url) for _ in range(5)])
                before = _sockets()
                for _ in range(20):
                    futures = [client.fetch(f"{server.url}/slow") for _ in range(5)]
                    await asyncio.sleep(0)
                    for future in futures:
                        future.cancel()
                    await asyncio.gather(*[client.fetch(server.url) for _ in range(5)])
                # The server's sides of what was cancelled are open until its handlers end.
                await server.__aexit__()
                await asyncio.sleep(0.01)
                assert _sockets() < before
                assert not client.active
                assert len(client._transport()._connections) == len(client._transport().pool) == 0

    run(main)


def test_many_bad_urls_in_the_queue(run, make_simple, serve, respond):
    """What fails at once must not start the next one by recursion."""

    async def main():
        async with serve(lambda r: respond()) as server, make_simple(max_clients=1) as client:
            first = client.fetch(server.url)
            others = [client.fetch("http://localhost/", headers={"X": "a\n"}) for _ in range(3000)]
            await first
            done = await asyncio.gather(*others, return_exceptions=True)
            assert {type(each) for each in done} == {ValueError}

    run(main)


def test_streaming_coroutine_that_fails(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x" * 300_000)) as server, make_client() as client:

            async def fail(chunk):
                await asyncio.sleep(0.001)
                raise ZeroDivisionError

            with pytest.raises(HTTPStreamClosedError) as raised:
                await client.fetch(server.url, streaming_callback=fail)
            assert isinstance(raised.value.__cause__, ZeroDivisionError)

            async def cancelled(chunk):
                raise asyncio.CancelledError

            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url, streaming_callback=cancelled)

            future = asyncio.get_running_loop().create_future()
            fetch = client.fetch(server.url, streaming_callback=lambda chunk: future)
            await asyncio.sleep(0.02)
            fetch.cancel()
            future.set_exception(ZeroDivisionError())
            await asyncio.sleep(0)
            assert (await client.fetch(server.url)).code == 200

    run(main)


@pytest.mark.parametrize("whole", [True, False])
def test_connection_that_closes_while_the_reader_is_busy(
    run, make_client, serve_raw, receive, respond, whole
):
    async def handle(reader, writer):
        await receive(reader)
        answer = respond(body=b"x" * 200_000)
        writer.write(answer if whole else answer[:-1])
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            chunks = []

            async def slow(chunk):
                chunks.append(chunk)
                await asyncio.sleep(0.005)

            fetch = client.fetch(server.url, streaming_callback=slow)
            if whole:
                assert (await fetch).code == 200
            else:
                with pytest.raises((HTTPClientError, OSError)):
                    await fetch
            assert len(b"".join(chunks)) >= 199_000

    run(main)


def test_server_that_closes_during_an_upload(run, make_client, serve_raw):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")

    async def main():
        async with serve_raw(handle) as server, make_client() as client:

            async def produce(write):
                for _ in range(10_000):
                    await write(b"x" * 65536)
                    await asyncio.sleep(0)

            for kwargs in ({"body_producer": produce}, {"body": b"x" * 30_000_000}):
                with pytest.raises((HTTPClientError, OSError)):
                    await client.fetch(server.url, method="PUT", **kwargs)

    run(main)


def test_content_is_sent_without_leave_in_the_end(
    run, make_simple, serve_raw, respond, monkeypatch
):
    """A server that never says 100 Continue."""
    monkeypatch.setattr("tornado._httpclient.fetching.CONTINUE_TIMEOUT", 0.02)

    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(respond(body=await reader.readexactly(7)))
        await writer.drain()

    async def main():
        async with serve_raw(handle) as server, make_simple() as client:
            response = await client.fetch(
                server.url, method="POST", body=b"content", expect_100_continue=True
            )
            assert response.body == b"content"

    run(main)
