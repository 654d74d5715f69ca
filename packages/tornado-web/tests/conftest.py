"""Shared fixtures: an in-memory connection, and applications served over real sockets."""

import asyncio
import contextlib
import types

import pytest

from tornado import httputil, web
from tornado.httpserver import HTTPServer


class MemoryConnection:
    """A connection that keeps what is answered."""

    context = types.SimpleNamespace(remote_ip="127.0.0.1", protocol="http")

    def __init__(self):
        self.status = None
        self.reason = None
        self.headers = None
        self.chunks = []
        self.finished = False
        self.closed_callback = None

    @property
    def body(self):
        return b"".join(self.chunks)

    def _future(self):
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    def write_headers(self, start_line, headers, chunk=None, callback=None):
        self.status, self.reason, self.headers = start_line.code, start_line.reason, headers
        if chunk:
            self.chunks.append(chunk)
        return self._future()

    def write(self, chunk, callback=None):
        self.chunks.append(chunk)
        return self._future()

    def finish(self):
        assert not self.finished
        self.finished = True

    def set_close_callback(self, callback):
        self.closed_callback = callback


class RespondingConnection(MemoryConnection):
    """The same with the fast seam."""

    def respond(self, status, reason, headers, body):
        assert not self.finished
        self.status, self.reason, self.headers = status, reason, headers
        self.chunks.append(body)
        self.finished = True


class Memory:
    """Runs requests through an application without sockets."""

    connection_class = RespondingConnection

    def request(self, application, method="GET", uri="/", headers=None, body=b"", connection=None):
        connection = connection or self.connection_class()
        request = httputil.HTTPServerRequest(
            method=method,
            uri=uri,
            version="HTTP/1.1",
            headers=httputil.HTTPHeaders({"Host": "localhost", **(headers or {})}),
            connection=connection,
        )
        if body:
            request.body = body
        target = application.dispatch(request)
        target.execute()
        connection.request = request
        connection.handler = target.handler
        return connection


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def memory_connection():
    return MemoryConnection


class Response:
    """What came over a socket."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, code, *reason = first.split(" ", 2)
        self.version = version
        self.code = int(code)
        self.reason = reason[0] if reason else ""
        self.headers = httputil.HTTPHeaders()
        for line in lines:
            self.headers.parse_line(line)
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = _dechunked(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def cookies(self):
        return {
            line.split("=", 1)[0]: line.split("=", 1)[1].split(";")[0].strip('"')
            for line in self.headers.get_list("Set-Cookie")
        }


def _dechunked(data):
    out = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        out.append(data[:length])
        data = data[length + 2 :]
    return b"".join(out)


class Site:
    """An application served on a loopback port."""

    def __init__(self, application, **kwargs):
        self.server = HTTPServer(application, **kwargs)
        self.server.listen(0, "127.0.0.1")
        [sock] = self.server._sockets.values()
        self.port = sock.getsockname()[1]

    async def send(self, data, *, until_close=True):
        """Send bytes on a connection of its own, and return all that comes until it closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def message(self, path="/", method="GET", headers=None, body=None):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        given = dict(headers or {})
        if "Host" in given:
            lines[1] = f"Host: {given.pop('Host')}"
        given.setdefault("Connection", "close")
        if body is not None:
            if isinstance(body, str):
                body = body.encode()
            given.setdefault("Content-Length", str(len(body)))
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        lines += [f"{name}: {value}" for name, value in given.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")

    async def fetch(self, path="/", method="GET", headers=None, body=None):
        return Response(await self.send(self.message(path, method, headers, body)))

    async def close(self):
        self.server.stop()
        await self.server.close_all_connections()


@pytest.fixture
def served():
    """Run ``check(site)``, a coroutine function, against an application that is served."""

    def run(application, check, **kwargs):
        async def main():
            if isinstance(application, (list, tuple)):
                served_application = web.Application(application)
            else:
                served_application = application
            site = Site(served_application, **kwargs)
            try:
                return await asyncio.wait_for(check(site), 20)
            finally:
                await site.close()
                await asyncio.sleep(0)
                left = asyncio.all_tasks() - {asyncio.current_task()}
                for _ in range(20):
                    if not left:
                        break
                    await asyncio.sleep(0.01)
                    left = asyncio.all_tasks() - {asyncio.current_task()}
                assert not left, left

        return asyncio.run(main())

    return run


@pytest.fixture
def fetch(served):
    """Fetch one thing from an application over a real socket."""

    def run(application, path="/", method="GET", headers=None, body=None):
        return served(application, lambda site: site.fetch(path, method, headers, body))

    return run


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    yield
    web.RequestHandler._template_loaders.clear()
    web.StaticFileHandler.reset()
