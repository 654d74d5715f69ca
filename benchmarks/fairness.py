"""What greedy connections cost others: latency beside floods, and memory of unread responses.

    python benchmarks/fairness.py            # the Tornado of this interpreter
    python benchmarks/fairness.py --json     # the same, to be compared by another program

Run it with two interpreters, one after the other, and compare: the victim's median and worst latency
should be at most one and a half times those of a released Tornado. The server runs in a process of its
own. Nothing here is a test: the numbers depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import multiprocessing
import resource
import socket
import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
# Frames of one byte, masked with zeros: a message of a thousand fragments, and messages of one.
FRAGMENTS = b"\x01\x81\0\0\0\0x" + b"\x00\x81\0\0\0\0x" * 998 + b"\x80\x81\0\0\0\0x"
MESSAGES = b"\x81\x81\0\0\0\0x" * 1000


def _serve(listener: socket.socket, pipe: Any) -> None:
    from tornado import httpserver, web, websocket

    class Ping(web.RequestHandler):
        def get(self) -> None:
            self.write("pong")

    class Slow(web.RequestHandler):
        def get(self) -> None:
            until = time.perf_counter() + 0.005
            while time.perf_counter() < until:
                pass
            self.write("slow")

    class Large(web.RequestHandler):
        def get(self) -> None:
            self.write(bytes(1_000_000))

    @web.stream_request_body
    class Upload(web.RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            pass

        def post(self) -> None:
            self.write("done")

    class Socket(websocket.WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            pass

    async def main() -> None:
        application = web.Application(
            [
                ("/ping", Ping),
                ("/slow", Slow),
                ("/large", Large),
                ("/upload", Upload),
                ("/socket", Socket),
            ],
            log_function=lambda handler: None,
        )
        server = httpserver.HTTPServer(application)
        listener.setblocking(False)
        server.add_sockets([listener])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pipe.send("ready")
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

    asyncio.run(main())


class Server:
    """The server's process; ``growth`` is its additional peak of memory, in KiB, once it has ended."""

    def __enter__(self) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(listener, theirs))
        self._process.start()
        listener.close()
        self._pipe.recv()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pipe.send("end")
        self.growth = self._pipe.recv()
        self._process.join()


async def _pipeline(
    address: tuple[str, int], request: bytes, body: bytes, done: asyncio.Event
) -> None:
    """Keep 64 requests on the way."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request * 64)
    while not done.is_set():
        await reader.readuntil(b"\r\n\r\n" + body)
        writer.write(request)
    writer.close()


async def _frames(address: tuple[str, int], frames: bytes, done: asyncio.Event) -> None:
    """Send WebSocket frames as fast as the server takes them."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    while not done.is_set():
        writer.write(frames * 10)
        await writer.drain()
    writer.close()


async def _tiny_chunks(address: tuple[str, int], done: asyncio.Event) -> None:
    """Upload in chunks of one byte."""
    _, writer = await asyncio.open_connection(*address)
    writer.write(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not done.is_set():
        writer.write(b"1\r\nx\r\n" * 10000)
        await writer.drain()
    writer.close()


async def _victim(address: tuple[str, int], count: int) -> list[float]:
    reader, writer = await asyncio.open_connection(*address)
    latencies = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(PING)
        await reader.readuntil(b"pong")
        latencies.append(time.perf_counter() - began)
        await asyncio.sleep(0.003)
    writer.close()
    return latencies


_Greedy = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def _beside(
    address: tuple[str, int],
    greedy: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]],
    count: int,
) -> dict[str, float]:
    done = asyncio.Event()
    tasks = [asyncio.ensure_future(one(done)) for one in greedy]
    await asyncio.sleep(0.2)
    latencies = await _victim(address, count)
    done.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "median_ms": round(statistics.median(latencies) * 1000, 2),
        "worst_ms": round(max(latencies) * 1000, 2),
    }


async def _unread(address: tuple[str, int]) -> None:
    """Ask for 32 large responses on each of 20 connections, and read nothing."""
    writers = []
    for _ in range(20):
        _, writer = await asyncio.open_connection(*address, limit=1024)
        reading: Any = writer.transport  # a transport of both directions
        reading.pause_reading()
        writer.write(LARGE * 32)
        writers.append(writer)
    await asyncio.sleep(1.5)
    for writer in writers:
        writer.transport.abort()


def measure(count: int = 150) -> dict[str, object]:
    """Return all numbers."""
    results: dict[str, object] = {}
    for clients in (1, 4):
        with Server() as server:
            greedy = [lambda done: _pipeline(server.address, SLOW, b"slow", done)] * clients
            found = asyncio.run(_beside(server.address, greedy, count))
        results[f"beside {clients} pipelining 5 ms"] = found
    floods: dict[str, Callable[[tuple[str, int], asyncio.Event], Coroutine[Any, Any, None]]] = {
        "beside pipelining fast": lambda address, done: _pipeline(address, PING, b"pong", done),
        "beside one-byte chunks": _tiny_chunks,
        "beside tiny fragments": lambda address, done: _frames(address, FRAGMENTS, done),
        "beside tiny messages": lambda address, done: _frames(address, MESSAGES, done),
    }
    for name, flood in floods.items():
        with Server() as server:
            address = server.address
            one = functools.partial(flood, address)
            results[name] = asyncio.run(_beside(address, [one], count))
    with Server() as server:
        asyncio.run(_unread(server.address))
    results["unread responses, MB"] = round(server.growth / 1024, 1)
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    from tornado import version

    results = {"version": version, **measure()}
    if as_json:
        print(json.dumps(results))
    else:
        for name, value in results.items():
            print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
