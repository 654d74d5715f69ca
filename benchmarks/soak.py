#!/usr/bin/env python3
"""Endurance: mixed traffic for some minutes, then the count of errors, memory, descriptors and tasks.

usage: python3 benchmarks/soak.py [--seconds 600] [--clients 40] [--json FILE]

One server process takes keep-alive requests, forms, uploads, streamed answers, WebSockets, clients that
reset their connection, clients that send slowly, and TLS. Everything talks to 127.0.0.1 and ends by itself.
Where this Python has no Tornado, wheels of this checkout are built and used.
Exit status 1 when a client saw a wrong answer, or when memory, descriptors or tasks of the server grew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import harness

SERVER = r"""
import asyncio, gc, os, sys
import tornado.web, tornado.websocket
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.testing import AsyncHTTPSTestCase

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, " + self.get_argument("name", "world"))
    async def post(self):
        await asyncio.sleep(0)
        self.write({"name": self.get_body_argument("name")})

@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.size = 0
    def data_received(self, chunk):
        self.size += len(chunk)
    def put(self):
        self.write(str(self.size))

class Stream(tornado.web.RequestHandler):
    async def get(self):
        for number in range(20):
            self.write(b"x" * 5000)
            await self.flush()

class Echo(tornado.websocket.WebSocketHandler):
    def get_compression_options(self):
        return {}
    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))

class State(tornado.web.RequestHandler):
    def get(self):
        gc.collect()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        self.write({"memory_bytes": pages * os.sysconf("SC_PAGE_SIZE"),
                    "descriptors": len(os.listdir("/proc/self/fd")),
                    "tasks": len(asyncio.all_tasks())})

async def main():
    app = tornado.web.Application([("/", Main), ("/upload", Upload), ("/stream", Stream),
                                   ("/echo", Echo), ("/state", State)])
    ports = []
    for options in ({}, {"ssl_options": AsyncHTTPSTestCase.default_ssl_options()}):
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(app, idle_connection_timeout=20, body_timeout=20, **options)
        server.add_sockets(sockets)
        ports.append(sockets[0].getsockname()[1])
    print("PORTS", *ports, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

CUT_SHORT = [
    b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HT",
    b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nxx",
]

errors: Counter[str] = Counter()
done: Counter[str] = Counter()


def expect(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        errors[f"{what}: {got!r:.80}"] += 1
    done[what] += 1


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Return (status line, content) of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.split("\r\n")
    fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    if "content-length" in fields:
        return status, await reader.readexactly(int(fields["content-length"]))
    content = b""
    while size := int(await reader.readline(), 16):
        content += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, content


async def keep_alive(port: int, tls: ssl.SSLContext | None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    for _ in range(random.randint(1, 50)):
        name = str(random.random())
        writer.write(f"GET /?name={name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        _, content = await read_answer(reader)
        expect("tls" if tls else "keep-alive", content, f"Hello, {name}".encode())
    writer.close()


async def form(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b"name=" + b"n" * random.randint(1, 2000)
    writer.write(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    _, content = await read_answer(reader)
    expect("form", json.loads(content)["name"], body[5:].decode())
    writer.close()


async def upload(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    size = random.randint(1, 3_000_000)
    writer.write(b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
    left = size
    while left:
        piece = min(left, 65536)
        writer.write(b"u" * piece)
        await writer.drain()
        left -= piece
    _, content = await read_answer(reader)
    expect("upload", content, str(size).encode())
    writer.close()


async def stream(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    _, content = await read_answer(reader)
    expect("stream", len(content), 100_000)
    writer.close()


async def websocket(port: int) -> None:
    from tornado.websocket import websocket_connect

    compression: dict[str, int] | None = random.choice([None, {}])
    connection = await websocket_connect(
        f"ws://127.0.0.1:{port}/echo", compression_options=compression
    )
    for _ in range(random.randint(1, 30)):
        message = os.urandom(random.randint(0, 5000))
        await connection.write_message(message, binary=True)
        expect("websocket", await connection.read_message(), message)
    connection.close()
    while await connection.read_message() is not None:
        pass


async def reset(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(random.choice(CUT_SHORT))
    await writer.drain()
    await asyncio.sleep(random.random() / 50)
    peer: socket.socket = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    done["reset"] += 1
    del reader


async def slow(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for byte in b"GET /?name=slow HTTP/1.1\r\nHost: a\r\n\r\n":
        writer.write(bytes([byte]))
        await asyncio.sleep(0.005)
    _, content = await read_answer(reader)
    expect("slow", content, b"Hello, slow")
    writer.close()


async def state(port: int) -> dict[str, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /state HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    _, content = await read_answer(reader)
    writer.close()
    found: dict[str, int] = json.loads(content)
    return found


async def client(ports: list[int], tls: ssl.SSLContext, until: float) -> None:
    kinds = [keep_alive, form, upload, stream, websocket, reset, slow]
    while time.monotonic() < until:
        kind = random.choice([*kinds, None])
        name = kind.__name__ if kind else "tls"
        try:
            if kind is None:
                await asyncio.wait_for(keep_alive(ports[1], tls), 60)
            elif kind is keep_alive:
                await asyncio.wait_for(keep_alive(ports[0], None), 60)
            else:
                await asyncio.wait_for(kind(ports[0]), 60)  # type: ignore[operator]  # one argument
        except Exception as error:
            errors[f"{name}: {error!r:.80}"] += 1


async def soak(ports: list[int], seconds: float, clients: int) -> dict[str, object]:
    """Run the traffic; return the figures."""
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    # What a process takes once, for caches and its first threads, is no leak.
    await asyncio.gather(
        *(client(ports, tls, time.monotonic() + min(5.0, seconds / 3)) for _ in range(clients))
    )
    await asyncio.sleep(0.5)
    before = await state(ports[0])
    await asyncio.gather(*(client(ports, tls, time.monotonic() + seconds) for _ in range(clients)))
    for _ in range(100):  # the server notices closed connections a moment later
        after = await state(ports[0])
        if after["descriptors"] <= before["descriptors"] and after["tasks"] <= before["tasks"]:
            break
        await asyncio.sleep(0.1)
    return {
        "seconds": seconds,
        "done": dict(done),
        "errors": dict(errors),
        "before": before,
        "after": after,
    }


def grew(figures: dict[str, object]) -> list[str]:
    """Return what the server holds more of than before, a margin for memory aside."""
    before, after = figures["before"], figures["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    margins = {
        "memory_bytes": before["memory_bytes"] // 5 + 8_000_000,
        "descriptors": 2,
        "tasks": 1,
    }
    return [key for key, margin in margins.items() if after[key] > before[key] + margin]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    harness.with_tornado()
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        ports = [int(port) for port in server.stdout.readline().split()[1:]]
        figures = asyncio.run(soak(ports, arguments.seconds, arguments.clients))
    finally:
        server.terminate()
        server.wait(10)
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    more = grew(figures)
    for what in more:
        print(f"the server's {what} grew")
    return 1 if errors or more else 0


if __name__ == "__main__":
    sys.exit(main())
