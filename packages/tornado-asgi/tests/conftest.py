"""What the tests of ASGI share: a server in the other direction, and a scope by hand."""

from __future__ import annotations

import asyncio
import contextlib

import pytest


class Server:
    """Plays the ASGI server for one connection: feeds messages, and keeps those it was sent."""

    def __init__(self, scope, messages=(), ends=False):
        self.scope = scope
        self.sent = []
        self._events = asyncio.Queue()
        for message in messages:
            self._events.put_nowait(message)
        self._hold = None

    def feed(self, **message):
        message["type"] = message.pop("kind")
        self._events.put_nowait(message)

    async def receive(self):
        return await self._events.get()

    async def send(self, message):
        if self._hold is not None:
            await self._hold.wait()
        self.sent.append(message)

    def hold(self):
        """Take nothing until the returned event is set."""
        self._hold = asyncio.Event()
        return self._hold

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(m["body"] for m in self.sent if m["type"].endswith(".body"))


def http_scope(path="/", method="GET", headers=(), **other):
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"example.com"), *headers],
        "client": ("192.0.2.7", 5000),
        "server": ("192.0.2.1", 80),
        **other,
    }


async def no_other_task():
    """Wait until no task but this one is left; a task that stays fails the test."""
    for _ in range(1000):
        if len(asyncio.all_tasks()) == 1:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"tasks were left behind: {asyncio.all_tasks()}")


@pytest.fixture
def alone():
    return no_other_task


@pytest.fixture
def scope():
    return http_scope


@pytest.fixture
def talk():
    """Return a function that serves one request with an ASGI application and returns the `Server`."""

    def run(application, scope, body=b"", pieces=None, during=None):
        async def work():
            messages = [
                {"type": "http.request", "body": piece, "more_body": True} for piece in pieces or ()
            ]
            messages.append({"type": "http.request", "body": body, "more_body": False})
            server = Server(scope, messages)
            task = asyncio.ensure_future(application(scope, server.receive, server.send))
            if during is not None:
                await during(server, task)
            await asyncio.wait_for(task, 10)
            await no_other_task()
            return server

        return asyncio.run(work())

    return run


@pytest.fixture
def until():
    """Return a coroutine function that waits until a condition holds."""

    async def wait(condition):
        async with asyncio.timeout(10) if hasattr(asyncio, "timeout") else contextlib.nullcontext():
            while not condition():
                await asyncio.sleep(0.001)

    return wait


@pytest.fixture
def make_server():
    return Server
