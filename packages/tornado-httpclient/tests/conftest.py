"""Servers that say what a test wants, clients of both kinds, and a watch on what they leave behind."""

import asyncio
import contextlib
import gc
import http.client
import inspect

import pytest

from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

# What is there before the tests is no garbage; without it the collections below are quick.
gc.collect()
gc.freeze()

CURL = "tornado.curl_httpclient.CurlAsyncHTTPClient"
SIMPLE = "tornado.simple_httpclient.SimpleAsyncHTTPClient"


class Request:
    """What a server received."""

    def __init__(self, method, target, headers, body, connection, raw):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self.connection = connection
        self.raw = raw


async def read_request(reader, connection=0, on_head=None):
    """Return the next request, or None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1")[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    if on_head is not None:
        await on_head(headers)
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while True:
            line = await reader.readline()
            if not line:
                return None
            size = int(line.split(b";")[0], 16)
            body += await reader.readexactly(size)
            await reader.readexactly(2)
            if not size:
                break
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body, connection, head)


def response(status=200, body=b"", headers=(), reason=None):
    """Return the bytes of a response."""
    reason = http.client.responses.get(status, "Odd") if reason is None else reason
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Server:
    """A server on the loopback address; `requests` has what came."""

    def __init__(self, handle, application, tls):
        self.handle = handle
        self.application = application
        self.tls = tls
        self.requests = []
        self.connections = 0
        self.open = 0
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        return self

    async def serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                if self.handle is not None:
                    await self.handle(reader, writer)
                else:
                    await self.converse(reader, writer, self.connections)
        finally:
            self.open -= 1
            self.tasks.discard(task)
            writer.close()

    async def converse(self, reader, writer, connection):
        async def on_head(headers):
            if headers.get("expect") == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        while (request := await read_request(reader, connection, on_head)) is not None:
            self.requests.append(request)
            answer = self.application(request)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
            if b"\r\nConnection: close\r\n" in answer:
                return

    async def __aexit__(self, *exc_info):
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(list(self.tasks))
        await asyncio.sleep(0)


@pytest.fixture
def respond():
    """The function that makes the bytes of a response."""
    return response


@pytest.fixture
def receive():
    """The coroutine function that reads a request."""
    return read_request


@pytest.fixture
def serve():
    """Make a server that answers each request with what ``application(request)`` returns."""
    return lambda application, tls=None: Server(None, application, tls)


@pytest.fixture
def serve_raw():
    """Make a server that gives each connection to ``handle(reader, writer)``."""
    return lambda handle, tls=None: Server(handle, None, tls)


@pytest.fixture
def run():
    """Run a coroutine function on a loop of its own; nothing may be left behind."""

    def run(main):
        failures = []

        async def whole():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: failures.append(context))
            IOLoop.current()
            await asyncio.wait_for(main(), 20)
            for _ in range(3):
                await asyncio.sleep(0)
            return [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]

        assert asyncio.run(whole()) == []
        gc.collect()
        assert failures == []

    return run


@pytest.fixture
def age():
    """Let the idle connections of a client in pure Python have been idle for some seconds more."""

    def age(client, seconds):
        for connections in client._transport().pool._idle.values():
            for connection in connections:
                connection.idle_since -= seconds

    return age


@pytest.fixture(params=[SIMPLE, CURL], ids=["simple", "curl"])
def make_client(request):
    """Make a client of either kind, to be used in an ``async with`` block."""
    return _maker(request.param)


@pytest.fixture
def make_simple():
    """Make a client in pure Python."""
    return _maker(SIMPLE)


def _maker(name):
    @contextlib.asynccontextmanager
    async def make(**kwargs):
        saved = AsyncHTTPClient._save_configuration()
        AsyncHTTPClient.configure(name)
        try:
            client = AsyncHTTPClient(force_instance=True, **kwargs)
        finally:
            AsyncHTTPClient._restore_configuration(saved)
        try:
            yield client
            assert not client.active
            assert not client.queue
        finally:
            client.close()
            # Sockets announce their end through the loop.
            for _ in range(3):
                await asyncio.sleep(0)

    make.name = name
    return make
