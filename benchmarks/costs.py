#!/usr/bin/env python3
"""Where the time of one request goes: the costs of a "Hello, world", part by part, and what each buys.

usage: python3 benchmarks/costs.py [--rst FILE]

Every part is run by itself, many times, on the objects of a real connection, in one process and on
one core; the least of some rounds counts, as noise only ever adds. Parts that run by themselves find
warm caches: in a server all of them together take about half as long again. Where this Python has
no Tornado, wheels of this checkout are built and used.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import harness

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n"
ROUNDS = 7
TIMES = 20_000

#: part -> what is bought with it
BUYS = {
    "send": "the system call that takes the answer to the client",
    "recv": "the system call that fetches the request",
    "loop": "asyncio calls the reader: its share of a poll, a handle, a context",
    "head in": "request line and fields found, checked and normalised; a known block is looked up",
    "request object": "`HTTPServerRequest` with a copy of the fields that the handler may change",
    "exchange": "phases, keep-alive, errors of the application caught; and the calls between the parts",
    "context": "context variables of one request never reach the next",
    "routing": "host and path matched, the delegate that runs the handler",
    "handler object": "a `RequestHandler` of its own for each request, with its default headers",
    "handler steps": "`prepare`, XSRF rule, method, `write`, `finish`, `on_finish`: each may be overridden",
    "Etag": "a hash of the content: clients that have it already get 304 and no content",
    "head out": "status line and fields joined; no control character gets on the wire",
    "log": "whether anybody wants a line for this request",
    "timers and turn": "the idle deadline set anew; the answer leaves with others of the turn",
}


def least(function: Callable[[], object], times: int = TIMES) -> float:
    """Return the microseconds of one call."""
    return min(timeit.repeat(function, number=times, repeat=ROUNDS)) / times * 1e6


def kernel() -> dict[str, float]:
    """Return what the two system calls take on a loopback connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    answer = b"x" * 250
    best = {"recv": 1e9, "send": 1e9}
    clock = time.perf_counter
    for _ in range(ROUNDS):
        spent = {"recv": 0.0, "send": 0.0}
        for _ in range(2000):
            client.send(REQUEST)
            t0 = clock()
            server.recv(65536)
            t1 = clock()
            server.send(answer)
            t2 = clock()
            client.recv(65536)
            spent["recv"] += t1 - t0
            spent["send"] += t2 - t1
        best = {name: min(best[name], spent[name] / 2000 * 1e6) for name in best}
    for sock in (client, server, listener):
        sock.close()
    return best


def loop_share() -> float:
    """Return what asyncio spends on one of 32 readable sockets."""
    pairs = [socket.socketpair() for _ in range(32)]
    calls = 0

    async def main() -> float:
        loop = asyncio.get_running_loop()

        def readable() -> None:
            nonlocal calls
            calls += 1

        for near, far in pairs:
            far.send(b"x")
            near.setblocking(False)
            loop.add_reader(near, readable)
        best = 1e9
        for _ in range(ROUNDS):
            calls_before = calls
            begun = time.process_time()
            while time.process_time() - begun < 0.05:
                await asyncio.sleep(0)
            best = min(best, (time.process_time() - begun) / (calls - calls_before) * 1e6)
        for near, _ in pairs:
            loop.remove_reader(near)
        return best

    result = asyncio.run(main())
    for pair in pairs:
        for sock in pair:
            sock.close()
    return result


async def engine_and_web() -> dict[str, float]:
    """Return the parts between the two system calls."""
    import contextvars

    import tornado.web
    from tornado._http1.writer import whole_response
    from tornado.httpserver import HTTPServer
    from tornado.httputil import HTTPServerRequest
    from tornado.iostream import IOStream

    class Main(tornado.web.RequestHandler):
        def get(self) -> None:
            self.write("Hello, world")

    class Silent(IOStream):
        __slots__ = ()

        def send(self, data: bytes) -> bool:
            return True

    application = tornado.web.Application([("/", Main)])
    near, far = socket.socketpair()
    stream = Silent(near)
    server = HTTPServer(application)
    server.handle_stream(stream, ("127.0.0.1", 1))
    connection: Any = next(iter(server._connections))
    connection.chunk_received(REQUEST)
    parts: dict[str, float] = {}
    total = least(lambda: connection.chunk_received(REQUEST))
    reader = connection.reader
    start = reader.state

    def read() -> None:
        reader.receive(REQUEST)
        reader.read_head()
        reader.state = start

    parts["head in"] = least(read)
    reader.receive(REQUEST)
    head = reader.read_head()
    reader.state = start

    class Exchange:
        context = connection.context
        answer: Any = None

        def respond(self, *answer: Any) -> None:
            self.answer = answer

    exchange = Exchange()

    def make_request() -> Any:
        connection: Any = exchange
        return HTTPServerRequest._from_head("GET", "/", "HTTP/1.1", head.copy_headers(), connection)

    parts["request object"] = least(make_request)
    parts["context"] = least(lambda: contextvars.copy_context().run(int))
    request = make_request()
    parts["routing"] = least(lambda: application._dispatch(request))
    parts["handler object"] = least(lambda: Main(application, request))
    whole = least(lambda: application._dispatch(request).execute())
    handler = Main(application, request)
    body = b"Hello, world"
    parts["Etag"] = least(handler.compute_etag)
    parts["log"] = least(handler._log)
    steps = sum(parts[name] for name in ("routing", "handler object", "Etag", "log"))
    parts["handler steps"] = whole - steps
    status, reason, headers, _ = exchange.answer
    parts["head out"] = least(
        lambda: whole_response(status, reason, headers, body, "GET", False, True)
    )

    def turn_ends() -> None:
        connection._corked = [body]
        connection._departures.add(connection)
        connection._next_request(True)

    parts["timers and turn"] = least(turn_ends)
    parts["exchange"] = total - sum(parts.values())
    stream.close()
    far.close()
    return parts


def report(parts: dict[str, float]) -> list[tuple[str, float, str]]:
    """Return the ten largest parts, the largest first, and what each buys."""
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    return [(name, cost, BUYS[name]) for name, cost in ordered[:10]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table there")
    arguments = parser.parse_args()
    harness.with_tornado()
    os.sched_setaffinity(0, {0})
    parts = kernel() | {"loop": loop_share()} | asyncio.run(engine_and_web())
    rows = report(parts)
    total = sum(parts.values())
    for name, cost, buys in rows:
        print(f"{cost:6.2f} us  {name:16} {buys}")
    print(f"{total:6.2f} us  all {len(parts)} parts")
    if arguments.rst:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 15 65", ""]
        lines += ["   * - part", "     - microseconds", "     - what it buys"]
        for name, cost, buys in rows:
            lines += [f"   * - {name}", f"     - {cost:.2f}", f"     - {buys.replace('`', '``')}"]
        lines += [f"   * - all {len(parts)} parts", f"     - {total:.2f}", "     -"]
        arguments.rst.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
