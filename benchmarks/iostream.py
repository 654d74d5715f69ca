#!/usr/bin/env python3
"""Echo over TCP: server CPU per message for small, middling and large messages, and memory per idle
connection, by both faces of this project's streams and by their peers.

usage: python3 benchmarks/iostream.py [--rounds N] [--only NAME] [--json FILE]

The client keeps 32 connections busy: it sends a message on each, then reads all the echoes.
"""

from __future__ import annotations

import socket
import sys

import harness
from harness import Contestant, Figures, Server

CONNECTIONS = 32
IDLE_CONNECTIONS = 5000
MESSAGES = {
    "64 B": (64, 40000),
    "125 B": (125, 40000),
    "4 KiB": (4096, 30000),
    "1 MiB": (1 << 20, 150),
}

START = """
import asyncio, resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if "uvloop" in sys.argv:
    import uvloop
    new_loop = uvloop.new_event_loop
else:
    new_loop = asyncio.new_event_loop
loop = new_loop()
asyncio.set_event_loop(loop)
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
sock.listen(1024)
sock.setblocking(False)
port = sock.getsockname()[1]
"""

PULL = (
    START
    + """
from tornado.iostream import StreamClosedError
from tornado.tcpserver import TCPServer
class Echo(TCPServer):
    async def handle_stream(self, stream, address):
        stream.set_nodelay(True)
        try:
            size = int.from_bytes(await stream.read_bytes(4), "big")
            while True:
                stream.write(await stream.read_bytes(size))
        except StreamClosedError:
            pass
async def main():
    server = Echo()
    server.add_socket(sock)
    print("PORT", port, flush=True)
    await asyncio.Event().wait()
loop.run_until_complete(main())
"""
)

PUSH = (
    START
    + """
from tornado.tcpserver import TCPServer
class Receiver:
    def __init__(self, stream):
        self.stream = stream
        self.begun = False
    def chunk_received(self, data):
        if not self.begun:
            self.begun = True
            data = data[4:]
        if not self.stream.send(data) and self.stream.backlog > self.stream.high_water:
            self.stream.pause_reading()
    def writing_resumed(self):
        self.stream.resume_reading()
    def stream_closed(self, error):
        pass
class Echo(TCPServer):
    def handle_stream(self, stream, address):
        stream.set_nodelay(True)
        stream.attach(Receiver(stream))
async def main():
    server = Echo()
    server.add_socket(sock)
    print("PORT", port, flush=True)
    await asyncio.Event().wait()
loop.run_until_complete(main())
"""
)

STREAMS = (
    START
    + """
async def serve(reader, writer):
    try:
        size = int.from_bytes(await reader.readexactly(4), "big")
        while True:
            writer.write(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    await asyncio.start_server(serve, sock=sock)
    print("PORT", port, flush=True)
    await asyncio.Event().wait()
loop.run_until_complete(main())
"""
)

PROTOCOL = (
    START
    + """
class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.begun = False
    def data_received(self, data):
        if not self.begun:
            self.begun = True
            data = data[4:]
        self.transport.write(data)
    def pause_writing(self):
        self.transport.pause_reading()
    def resume_writing(self):
        self.transport.resume_reading()
async def main():
    await loop.create_server(Echo, sock=sock)
    print("PORT", port, flush=True)
    await asyncio.Event().wait()
loop.run_until_complete(main())
"""
)


def connect(port: int, size: int) -> socket.socket:
    """Open a connection and announce the size of its messages."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(size.to_bytes(4, "big"))
    return sock


def exchange(sock: socket.socket, message: bytes, memory: memoryview) -> None:
    """Send a large message and read its echo at the same time."""
    sock.setblocking(False)
    sent = received = 0
    while received < len(message):
        try:
            if sent < len(message):
                sent += sock.send(memoryview(message)[sent : sent + 262144])
        except BlockingIOError:
            pass
        try:
            count = sock.recv_into(memory[received:])
            if not count:
                raise RuntimeError("the server closed the connection")
            received += count
        except BlockingIOError:
            pass


def load(port: int, size: int, messages: int) -> None:
    """Exchange `messages` messages of `size` bytes over the connections."""
    message = bytes(size)
    memory = memoryview(bytearray(size))
    if size > 65536:
        with connect(port, size) as sock:
            for _ in range(messages):
                exchange(sock, message, memory)
        return
    socks = [connect(port, size) for _ in range(CONNECTIONS)]
    for _ in range(messages // CONNECTIONS):
        for sock in socks:
            sock.sendall(message)
        for sock in socks:
            if sock.recv_into(memory, size, socket.MSG_WAITALL) != size:
                raise RuntimeError("the server closed a connection")
    for sock in socks:
        sock.close()


def measure(contestant: Contestant, cpu: Figures, memory: Figures) -> None:
    """One round of one contestant."""
    with Server(contestant) as server:
        for name, (size, messages) in MESSAGES.items():
            load(server.port, size, messages // 10)
            before = server.cpu_seconds()
            load(server.port, size, messages)
            spent = server.cpu_seconds() - before
            cpu.setdefault(name, {}).setdefault(contestant.name, []).append(spent / messages * 1e6)
    with Server(contestant) as server:
        load(server.port, 64, 1000)
        before = server.memory_bytes()
        idle = [connect(server.port, 64) for _ in range(IDLE_CONNECTIONS)]
        for sock in idle:  # one message each, so that buffers which grow on use have been used
            sock.sendall(bytes(64))
        for sock in idle:
            sock.recv(64, socket.MSG_WAITALL)
        spent = (server.memory_bytes() - before) / IDLE_CONNECTIONS
        rows = memory.setdefault(f"{IDLE_CONNECTIONS} idle connections", {})
        rows.setdefault(contestant.name, []).append(spent)
        for sock in idle:
            sock.close()


def main() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    options = harness.arguments("Echo over TCP").parse_args()
    sources = {
        "echo_pull.py": PULL,
        "echo_push.py": PUSH,
        "echo_streams.py": STREAMS,
        "echo_protocol.py": PROTOCOL,
    }
    here = harness.ours("uvloop")
    peer = harness.environment(["tornado<6.100", "uvloop"])
    with harness.scripts(sources) as path:
        contestants = []
        for loop in ("", " uvloop"):
            for name, python, script in (
                ("asyncio Protocol", here, "echo_protocol.py"),
                ("this project, push", here, "echo_push.py"),
                ("this project, pull", here, "echo_pull.py"),
                ("asyncio streams", here, "echo_streams.py"),
                ("released Tornado", peer, "echo_pull.py"),
            ):
                command = [python, path(script), *loop.split()]
                contestants.append(Contestant(name + loop, command))
        cpu: Figures = {}
        memory: Figures = {}
        for turn in range(options.rounds):
            for contestant in harness.chosen(contestants, options.only):
                measure(contestant, cpu, memory)
            print(f"round {turn + 1} of {options.rounds} done", file=sys.stderr, flush=True)
    print(harness.table("Server CPU per message", "microseconds", cpu))
    print(harness.table("Memory per idle connection", "bytes", memory))
    if options.json:
        harness.save(options.json, "iostream", {"cpu": cpu, "memory": memory})


if __name__ == "__main__":
    main()
