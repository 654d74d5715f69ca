"""python-socketio with its Tornado driver: both transports, rooms, acknowledgements."""

from __future__ import annotations

import pytest

SERVER = """
import asyncio, sys
import socketio
from tornado import web

server = socketio.AsyncServer(async_mode="tornado")

@server.event
async def connect(sid, environ):
    await server.enter_room(sid, "everybody")

@server.event
async def say(sid, text):
    await server.emit("said", text, room="everybody")
    return "thanks for " + text

@server.event
async def binary(sid, data):
    return data[::-1]

async def main():
    web.Application([(r"/socket.io/", socketio.get_tornado_handler(server))]).listen(
        int(sys.argv[1]), address="127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""

CLIENT = """
import sys, threading
import socketio

said, done = [], threading.Event()
client = socketio.Client()
transports = sys.argv[2].split(",")

@client.event
def said_(text): pass

@client.on("said")
def on_said(text):
    said.append(text)
    done.set()

client.connect(sys.argv[1], transports=transports, wait_timeout=30)
print(client.call("say", "hello", timeout=30))
print(client.call("binary", bytes(range(256)) * 300, timeout=30) == (bytes(range(256)) * 300)[::-1])
done.wait(30)
print(said, client.transport())
client.disconnect()
"""


@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
def test_talk(installed, unused_port, transports):
    home = installed("python-socketio", "requests", "websocket-client")
    (home.folder / "server.py").write_text(SERVER, "utf-8")
    (home.folder / "client.py").write_text(CLIENT, "utf-8")
    port = unused_port()
    server = home.start("python", "server.py", str(port))
    server.wait_for_url(f"http://127.0.0.1:{port}/")
    got = home.call("python", "client.py", f"http://127.0.0.1:{port}", transports)
    last = transports.split(",")[-1]
    assert got == f"thanks for hello\nTrue\n['hello'] {last}\n"
    server.no_errors()
