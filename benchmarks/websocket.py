#!/usr/bin/env python3
"""WebSocket echo and broadcast by this project and its peers: server CPU per message.

Echo: 50 connections, each sends a message when its last one came back, of 125 bytes and of 64 KiB.
Broadcast: 1,000 connections, one of which says when the next message goes to all; the figure is for
each copy that is sent. Ours masks in C where tornado-speedups was built, and is shown without it too.
`--idle N` holds N connections with pings for `--seconds` in one process of this project, and tells
memory and CPU for each.

usage: python3 benchmarks/websocket.py [--rounds N] [--only NAME] [--json FILE] [--idle N --seconds S]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import harness
from harness import Contestant, Figures, Server

LOOP = """
import sys, asyncio
if "pure" in sys.argv:
    sys.modules["tornado.speedups"] = None
if "uvloop" in sys.argv:
    import uvloop
    run = uvloop.run
else:
    run = asyncio.run
"""

OURS = (
    LOOP
    + """
from tornado.netutil import bind_sockets
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketHandler, broadcast
everybody = set()
class Echo(WebSocketHandler):
    def on_message(self, message):
        return self.write_message(message, True)
class All(WebSocketHandler):
    def open(self):
        everybody.add(self)
    def on_message(self, message):
        broadcast(everybody, message, True)
    def on_close(self):
        everybody.discard(self)
class Idle(WebSocketHandler):
    def on_message(self, message):
        pass
async def main():
    sockets = bind_sockets(0, "127.0.0.1")
    routes = [("/echo", Echo), ("/all", All), ("/idle", Idle)]
    interval = float(sys.argv[-1]) if "pings" in sys.argv else None
    server = HTTPServer(Application(routes, websocket_ping_interval=interval))
    server.add_sockets(sockets)
    print("PORT", sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
run(main())
"""
)

TORNADO = (
    LOOP
    + """
from tornado.netutil import bind_sockets
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketHandler
everybody = set()
class Echo(WebSocketHandler):
    def on_message(self, message):
        return self.write_message(message, True)
class All(WebSocketHandler):
    def open(self):
        everybody.add(self)
    def on_message(self, message):
        for one in everybody:
            one.write_message(message, True)
    def on_close(self):
        everybody.discard(self)
async def main():
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/echo", Echo), ("/all", All)]))
    server.add_sockets(sockets)
    print("PORT", sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
run(main())
"""
)

AIOHTTP = (
    LOOP
    + """
from aiohttp import web
everybody = set()
async def echo(request):
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    async for message in ws:
        await ws.send_bytes(message.data)
    return ws
async def to_all(request):
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    everybody.add(ws)
    try:
        async for message in ws:
            for one in everybody:
                await one.send_bytes(message.data)
    finally:
        everybody.discard(ws)
    return ws
async def main():
    app = web.Application()
    app.router.add_get("/echo", echo)
    app.router.add_get("/all", to_all)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("PORT", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
run(main())
"""
)

WEBSOCKETS = (
    LOOP
    + """
from websockets.asyncio.server import broadcast, serve
everybody = set()
async def handler(ws):
    if ws.request.path == "/echo":
        async for message in ws:
            await ws.send(message)
    else:
        everybody.add(ws)
        try:
            async for message in ws:
                broadcast(everybody, message)
        finally:
            everybody.discard(ws)
async def main():
    server = await serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
run(main())
"""
)

PICOWS = (
    LOOP
    + """
from picows import WSListener, WSMsgType, ws_create_server
everybody = set()
class Echo(WSListener):
    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.BINARY:
            transport.send(WSMsgType.BINARY, frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
class All(WSListener):
    def on_ws_connected(self, transport):
        everybody.add(transport)
    def on_ws_disconnected(self, transport):
        everybody.discard(transport)
    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.BINARY:
            data = frame.get_payload_as_bytes()
            for one in everybody:
                one.send(WSMsgType.BINARY, data)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
async def main():
    def listen(request):
        return Echo() if request.path == b"/echo" else All()
    server = await ws_create_server(listen, "127.0.0.1", 0)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
run(main())
"""
)

STARLETTE = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
everybody = set()
async def echo(ws):
    await ws.accept()
    async for message in ws.iter_bytes():
        await ws.send_bytes(message)
async def to_all(ws):
    await ws.accept()
    everybody.add(ws)
    try:
        async for message in ws.iter_bytes():
            for one in everybody:
                await one.send_bytes(message)
    finally:
        everybody.discard(ws)
app = Starlette(routes=[WebSocketRoute("/echo", echo), WebSocketRoute("/all", to_all)])
sock = socket.socket(proto=socket.IPPROTO_TCP); sock.bind(("127.0.0.1", 0)); sock.listen(1024)
print("PORT", sock.getsockname()[1], flush=True)
loop = "uvloop" if "uvloop" in sys.argv else "asyncio"
config = uvicorn.Config(app, loop=loop, http="httptools", access_log=False, log_level="warning",
                        ws_per_message_deflate=False, ws_ping_interval=None)
uvicorn.Server(config).run(sockets=[sock])
"""

# The load is plain sockets, so that it is the same for all and no library of a contestant is in it.
LOAD = """
import json, os, selectors, socket, sys, time
kind, port, size, count, seconds = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5])
HANDSHAKE = (
    "GET /%s HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n" % (kind, port)
).encode()
def connect():
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(HANDSHAKE)
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += sock.recv(4096)
    assert head.startswith(b"HTTP/1.1 101"), head
    return sock
def mask(payload, key=b"\\x37\\xfa\\x21\\x3d"):
    n = len(payload)
    if n < 126: head = bytes((0x82, 0x80 | n))
    elif n < 65536: head = b"\\x82\\xfe" + n.to_bytes(2, "big")
    else: head = b"\\x82\\xff" + n.to_bytes(8, "big")
    pattern = (key * (n // 4 + 1))[:n]
    return head + key + (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(n, "big")
socks = [connect() for _ in range(count)]
frame = mask(b"x" * size)
answer = size + (2 if size < 126 else 4 if size < 65536 else 10)
print("READY", flush=True)
sys.stdin.readline()
selector = selectors.EpollSelector()
left = {}
for sock in socks:
    selector.register(sock, selectors.EVENT_READ, sock)
    left[sock] = answer
done = 0
start = time.perf_counter()
stop = start + seconds
space = bytearray(1 << 20)
if kind == "echo":
    for sock in socks:
        sock.sendall(frame)
    running = len(socks)
    while running:
        for key, _ in selector.select():
            sock = key.data
            rest = left[sock] - sock.recv_into(space)
            if rest:
                left[sock] = rest
                continue
            left[sock] = answer
            done += 1
            if time.perf_counter() < stop:
                sock.sendall(frame)
            else:
                running -= 1
else:
    while time.perf_counter() < stop:
        socks[0].sendall(frame)
        waiting = len(socks)
        while waiting:
            for key, _ in selector.select():
                sock = key.data
                rest = left[sock] - sock.recv_into(space)
                left[sock] = rest or answer
                if not rest:
                    waiting -= 1
        done += len(socks)
print(json.dumps({"done": done, "seconds": time.perf_counter() - start}), flush=True)
sys.stdin.readline()
for sock in socks:
    sock.sendall(b"\\x88\\x82\\0\\0\\0\\0\\x03\\xe8")
for sock in socks:
    sock.settimeout(2)
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass
    sock.close()
"""

LOADS = {
    "echo of 125 bytes, 50 connections": ("echo", 125, 50),
    "echo of 64 KiB, 50 connections": ("echo", 65536, 50),
    "broadcast of 125 bytes to 1,000": ("all", 125, 1000),
}


class Load:
    """A process that makes load: connected when made, running when told."""

    def __init__(
        self, script: str, kind: str, port: int, size: int, count: int, seconds: float
    ) -> None:
        command = [sys.executable, script, kind, *map(str, (port, size, count, seconds))]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_pin_to_last,
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "READY\n":
            raise RuntimeError("the load could not connect")

    def run(self) -> dict[str, float]:
        """Run the load and return what it did; the connections stay open."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        figures: dict[str, float] = json.loads(self.process.stdout.readline())
        return figures

    def close(self) -> None:
        """End the process, and its connections with it."""
        self.process.communicate("bye\n", timeout=20)


def _pin_to_last() -> None:
    cores = os.cpu_count() or 1
    if cores > 1:
        os.sched_setaffinity(0, {cores - 1})


def measure(
    contestants: Sequence[Contestant], load_script: str, rounds: int
) -> tuple[Figures, Figures]:
    """Return (server CPU microseconds per message, messages per second)."""
    cpu: Figures = {name: {c.name: [] for c in contestants} for name in LOADS}
    rate: Figures = {name: {c.name: [] for c in contestants} for name in LOADS}
    for turn in range(rounds):
        for contestant in contestants:
            with Server(contestant) as server:
                for name, (kind, size, count) in LOADS.items():
                    warm = Load(load_script, kind, server.port, size, count, 0.3)
                    warm.run()
                    warm.close()
                    load = Load(load_script, kind, server.port, size, count, 2)
                    time.sleep(0.2)  # what is left to do for the connections before is not counted
                    before = server.cpu_seconds()
                    figures = load.run()
                    spent = server.cpu_seconds() - before
                    load.close()
                    cpu[name][contestant.name].append(spent / figures["done"] * 1e6)
                    rate[name][contestant.name].append(figures["done"] / figures["seconds"])
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr, flush=True)
    return cpu, rate


IDLE_CLIENT = """
import asyncio, sys
from tornado.websocket import websocket_connect
port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
async def main():
    connections = []
    for start in range(0, count, 100):
        connections += await asyncio.gather(*[
            websocket_connect(f"ws://127.0.0.1:{port}/idle") for _ in range(min(100, count - start))])
    print("READY", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    lost = sum(connection.is_closing() for connection in connections)
    print(lost, flush=True)
    for connection in connections:
        connection.close()
    await asyncio.gather(*[connection.wait_closed() for connection in connections])
asyncio.run(main())
"""


def hold_idle(
    python: str, server_script: str, client_script: str, count: int, seconds: float
) -> None:
    """Hold connections that do nothing but answer pings, and print what one of them costs."""
    interval = seconds / 6
    contestant = Contestant("ours", [python, server_script, "pings", str(interval)])
    with Server(contestant) as server:
        before = server.memory_bytes()
        client = subprocess.Popen(
            [python, client_script, str(server.port), str(count), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert client.stdout is not None
        assert client.stdin is not None
        client.stdout.readline()
        spent = server.cpu_seconds()
        time.sleep(seconds)
        spent = server.cpu_seconds() - spent
        memory = server.memory_bytes() - before
        client.stdin.write("stop\n")
        client.stdin.flush()
        lost = int(client.stdout.readline())
        client.wait(30)
    print(
        f"{count} idle connections, a ping every {interval:g} s, for {seconds:g} s: {lost} lost,"
        f" {memory / count / 1024:.1f} KiB each, {100 * spent / seconds:.1f} % of a core"
    )


def main() -> None:
    parser = harness.arguments(__doc__.splitlines()[0])
    parser.add_argument("--idle", type=int, metavar="N", help="hold N idle connections instead")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    sources = {
        "ours": OURS,
        "tornado": TORNADO,
        "aiohttp": AIOHTTP,
        "websockets": WEBSOCKETS,
        "picows": PICOWS,
        "starlette": STARLETTE,
        "load": LOAD,
        "idle": IDLE_CLIENT,
    }
    # A script called tornado.py would shadow the package it imports.
    with harness.scripts({f"run_{name}.py": text for name, text in sources.items()}) as path:

        def script(name: str) -> str:
            return path(f"run_{name}.py")

        mine = harness.ours()
        if options.idle:
            hold_idle(mine, script("ours"), script("idle"), options.idle, options.seconds)
            return
        peers = {
            "tornado (released)": ("tornado", ["tornado<6.100", "uvloop"]),
            "aiohttp": ("aiohttp", ["aiohttp", "uvloop"]),
            "websockets": ("websockets", ["websockets", "uvloop"]),
            "picows": ("picows", ["picows", "uvloop"]),
            "starlette, uvicorn": (
                "starlette",
                ["starlette", "uvicorn", "httptools", "websockets", "uvloop"],
            ),
        }
        contestants = [Contestant("ours", [mine, script("ours")])]
        contestants.append(Contestant("ours, without speedups", [mine, script("ours"), "pure"]))
        contestants.append(Contestant("ours, uvloop", [mine, script("ours"), "uvloop"]))
        for name, (source, requirements) in peers.items():
            if options.only and not any(part in name for part in options.only):
                continue
            python = harness.environment(requirements)
            contestants.append(Contestant(name, [python, script(source)]))
            contestants.append(Contestant(f"{name}, uvloop", [python, script(source), "uvloop"]))
        contestants = harness.chosen(contestants, options.only)
        cpu, rate = measure(contestants, script("load"), options.rounds)
    print(harness.table("server CPU per message", "microseconds", cpu))
    print(harness.table("throughput", "messages per second", rate, more_is_better=True))
    if options.json:
        harness.save(options.json, "websocket", {"cpu_us": cpu, "messages_per_second": rate})


if __name__ == "__main__":
    main()
