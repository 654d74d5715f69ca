"""Multipart forms that are read while they arrive, and files that are gathered on disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tornado import httputil, web
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets


def field(name: str, value: bytes) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"


def file(name: str, value: bytes, filename: str = "f.bin") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return head.encode() + b"Content-Type: a/b\r\n\r\n" + value + b"\r\n"


END = b"--b--\r\n"


class Client:
    """One connection that sends a request in pieces of the test's choice."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def start(
        self, length: int, content_type: str = "multipart/form-data; boundary=b", more: str = ""
    ) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(
            f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n{more}\r\n".encode()
        )

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def response(self) -> tuple[int, bytes]:
        raw = await self.reader.read()
        self.writer.close()
        head, _, body = raw.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    async def post(self, body: bytes, **kwargs: Any) -> tuple[int, bytes]:
        await self.start(len(body), **kwargs)
        with contextlib.suppress(ConnectionError):  # the server may have refused already
            await self.send(body)
        return await self.response()


@contextlib.asynccontextmanager
async def served(handler: type[web.RequestHandler], **settings: Any) -> AsyncIterator[Client]:
    application = web.Application([("/", handler)], log_function=lambda handler: None, **settings)
    server = HTTPServer(application)
    [socket] = bind_sockets(0, "127.0.0.1")
    server.add_socket(socket)
    try:
        yield Client(socket.getsockname()[1])
    finally:
        server.stop()
        await server.close_all_connections()


def run(
    handler: type[web.RequestHandler], test: Callable[[Client], Awaitable[Any]], **settings: Any
) -> Any:
    async def main() -> Any:
        async with served(handler, **settings) as client:
            return await asyncio.wait_for(test(client), 20)

    return asyncio.run(main())


def _posting(body: bytes, **kwargs: Any) -> Callable[[Client], Awaitable[tuple[int, bytes]]]:
    return lambda client: client.post(body, **kwargs)


class Reading(web.MultipartHandler):
    """Says what it read."""

    async def post(self) -> None:
        async for part in self.parts():
            if part.is_file:
                size = 0
                async for chunk in part:
                    size += len(chunk)
                self.write(f"{part.name}={part.filename}/{part.content_type}:{size};")
            else:
                self.write(f"{part.name}={await part.text()};")


def test_parts_are_read_as_they_come() -> None:
    body = field("a", b"1") + file("f", b"x" * 300_000) + field("b", "\u00e4".encode()) + END
    expected = "a=1;f=f.bin/a/b:300000;b=\u00e4;".encode()
    assert run(Reading, lambda client: client.post(body)) == (200, expected)


def test_the_method_runs_while_content_arrives() -> None:
    events: dict[str, asyncio.Event] = {}
    seen: list[str] = []

    class Handler(web.MultipartHandler):
        async def post(self) -> None:
            async for part in self.parts():
                seen.append(await part.text())
                events["arrived"].set()

    async def check(client: Client) -> None:
        events["arrived"] = asyncio.Event()
        first, second = field("a", b"1"), field("a", b"2") + END
        await client.start(len(first + second))
        # The end of a part is seen with the next delimiter.
        await client.send(first + second[:5])
        await events["arrived"].wait()
        assert seen == ["1"]
        await client.send(second[5:])
        assert (await client.response())[0] == 200
        assert seen == ["1", "2"]

    run(Handler, check)


def test_the_client_is_held_back_while_the_method_is_busy() -> None:
    events: dict[str, asyncio.Event] = {}

    class Handler(web.MultipartHandler):
        max_body_size = 1 << 30

        async def post(self) -> None:
            await events["go_on"].wait()
            size = 0
            async for part in self.parts():
                async for chunk in part:
                    size += len(chunk)
            self.write(str(size))

    async def check(client: Client) -> None:
        events["go_on"] = asyncio.Event()
        size = 64 * 1024 * 1024
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n\r\n'
        await client.start(len(head) + size + 2 + len(END))
        await client.send(head)

        async def feed() -> None:
            for _ in range(size // 65536):
                await client.send(b"x" * 65536)
            await client.send(b"\r\n" + END)

        feeding = asyncio.ensure_future(feed())
        done, _ = await asyncio.wait([feeding], timeout=0.5)
        assert not done  # the kernel's buffers are full, and the server takes no more
        events["go_on"].set()
        await feeding
        assert await client.response() == (200, str(size).encode())

    run(Handler, check)


def test_prepare_decides_by_the_fields_before_the_file() -> None:
    class Handler(web.MultipartHandler):
        async def prepare(self) -> None:
            async for part in self.parts():
                if part.is_file:
                    self.upload = part
                    break
                if part.name == "token" and await part.text() != "good":
                    raise web.HTTPError(403)

        async def post(self) -> None:
            self.write(await self.upload.read())

    body = file("f", b"content") + END
    good = field("token", b"good") + body
    bad = field("token", b"bad") + body
    assert run(Handler, lambda client: client.post(good)) == (200, b"content")
    assert run(Handler, lambda client: client.post(bad))[0] == 403


def test_what_is_not_read_is_skipped() -> None:
    class Handler(web.MultipartHandler):
        async def post(self) -> None:
            parts = [part async for part in self.parts()]
            assert [chunk async for chunk in parts[0]] == []
            self.write(",".join(part.name for part in parts))

    body = file("a", b"x" * 200_000) + file("b", b"y" * 200_000) + field("c", b"z") + END
    assert run(Handler, lambda client: client.post(body)) == (200, b"a,b,c")


def test_a_method_may_finish_without_reading() -> None:
    class Handler(web.MultipartHandler):
        async def post(self) -> None:
            async for part in self.parts():
                self.write(part.name)
                return

    body = file("a", b"x" * 1_000_000) + END
    status, content = run(Handler, lambda client: client.post(body))
    assert (status, content) == (200, b"a")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nothing", 400),
        (field("a", b"1"), 400),
        (field("a", b"1") + b"--b\r\nno header\r\n\r\n" + END, 400),
        (field("a", b"\xff") + END, 400),
        (field("a", b"x" * 2_000_000) + END, 413),
        (field("a", b"1") * 101 + END, 400),
        (END, 200),
    ],
)
@pytest.mark.parametrize("kind", ["parts", "files"])
def test_malformed_forms(body: bytes, status: int, kind: str) -> None:
    class Gathering(web.UploadHandler):
        def post(self) -> None:
            self.get_body_arguments("a")

    handler = Reading if kind == "parts" else Gathering
    assert run(handler, lambda client: client.post(body))[0] == status


@pytest.mark.parametrize("handler", [web.MultipartHandler, web.UploadHandler])
def test_limits_of_a_class(handler: type[web.MultipartHandler]) -> None:
    class Limited(handler):  # type: ignore[valid-type, misc]
        multipart_config = httputil.ParseMultipartConfig(max_file_size=1000, max_files=1)

        async def post(self) -> None:
            if handler is web.MultipartHandler:
                async for part in self.parts():
                    await part.read()

    for body, status in [
        (file("a", b"x" * 1000) + END, 200),
        (file("a", b"x" * 1001) + END, 413),
        (file("a", b"x") + file("a", b"x") + END, 400),
    ]:
        assert run(Limited, _posting(body))[0] == status

    class Large(Limited):
        max_body_size = 100

    assert run(Large, lambda client: client.post(file("a", b"x" * 90) + END))[0] == 413


def test_other_content_than_a_form() -> None:
    status, _ = run(Reading, lambda client: client.post(b"{}", content_type="application/json"))
    assert status == 415


@pytest.mark.parametrize("handler", [web.MultipartHandler, web.UploadHandler])
def test_a_client_that_leaves(handler: type[web.MultipartHandler]) -> None:
    events: dict[str, asyncio.Event] = {}

    class Handler(handler):  # type: ignore[valid-type, misc]
        async def post(self) -> None:
            try:
                async for part in self.parts():
                    async for _ in part:
                        pass
            except StreamClosedError:
                events["left"].set()
                raise

        def on_connection_close(self) -> None:
            handlers.append(self)
            events["gone"].set()

    async def check(client: Client) -> None:
        events["left"], events["gone"] = asyncio.Event(), asyncio.Event()
        body = file("a", b"x" * 3_000_000)
        await client.start(len(body) * 2)
        await client.send(body)
        client.writer.close()
        await events["gone"].wait()
        if handler is web.MultipartHandler:
            await events["left"].wait()
        else:
            while handlers[0]._opened:
                await asyncio.sleep(0.001)

    handlers: list[Any] = []
    run(Handler, check)


class Gathering(web.UploadHandler):
    """Says what came, and keeps the files to see that they are closed."""

    spool_threshold = 1000
    kept: list[Any]

    def post(self) -> None:
        files = self.request.files
        for name, uploads in sorted(files.items()):
            for upload in uploads:
                self.kept.append(upload)
                rolled = upload.file._rolled
                start = upload.file.read(2).decode()
                assert upload["body"] == upload.body
                assert len(upload.body) == upload.size
                self.write(f"{name}={upload.filename}:{upload.size}:{rolled}:{start};")
        for name in sorted(self.request.body_arguments):
            self.write(f"{name}={self.get_arguments(name)};")


def test_files_above_the_threshold_are_on_disk() -> None:
    class Handler(Gathering):
        kept: list[Any] = []

    body = field("a", b"1") + file("small", b"s" * 1000) + file("large", b"l" * 300_000, "g")
    body += field("a", b"2") + END
    status, content = run(Handler, lambda client: client.post(body))
    assert (status, content.decode()) == (
        200,
        "large=g:300000:True:ll;small=f.bin:1000:False:ss;a=['1', '2'];",
    )
    assert [upload.file.closed for upload in Handler.kept] == [True, True]


def test_no_file_is_left_on_disk(tmp_path: Path) -> None:
    class Handler(web.UploadHandler):
        spool_threshold = 10
        spool_directory = str(tmp_path)

        async def post(self) -> None:
            [upload] = self.request.files["f"]
            assert list(tmp_path.iterdir()) == []  # it has no name
            await upload.save_to(str(tmp_path / "saved"))
            self.write(str(upload.size))

    content = os.urandom(200_000)
    assert run(Handler, lambda client: client.post(file("f", content) + END)) == (200, b"200000")
    assert (tmp_path / "saved").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_arguments_of_the_query_and_of_the_form() -> None:
    class Handler(web.UploadHandler):
        def post(self) -> None:
            self.write(f"{self.get_arguments('a')} {self.get_body_arguments('a')}")

    assert run(Handler, lambda client: client.post(field("a", b"1") + END)) == (200, b"['1'] ['1']")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "expected"),
    [
        ("application/json", b'{"a": 1}', 200, b'{"a": 1}'),
        ("application/x-www-form-urlencoded", b"a=1&a=2", 200, b"a=1&a=2"),
        ("text/plain", b"x" * 101, 413, b""),
        ("application/x-www-form-urlencoded", b"&" * 1001, 413, b""),
    ],
)
def test_other_content_is_the_body(
    content_type: str, body: bytes, status: int, expected: bytes
) -> None:
    class Handler(web.UploadHandler):
        max_plain_size = 100

        def post(self) -> None:
            self.write(self.request.body)
            if content_type.startswith("application/x-www"):
                assert self.get_arguments("a") == ["1", "2"]

    got = run(Handler, lambda client: client.post(body, content_type=content_type))
    assert got[0] == status
    if status == 200:
        assert got[1] == expected


def test_a_file_is_refused_by_the_fields_before_it() -> None:
    class Handler(web.UploadHandler):
        async def file_started(self, part: httputil.MultipartPart) -> None:
            await asyncio.sleep(0)
            assert (part.name, part.filename) == ("f", "f.bin")
            if self.get_body_argument("album", None) != "mine":
                raise web.HTTPError(409)

        def post(self) -> None:
            self.write(self.request.files["f"][0].body)

    upload = file("f", b"content")
    mine = field("album", b"mine") + upload + END
    other = field("album", b"other") + upload + END
    late = upload + field("album", b"mine") + END
    assert run(Handler, lambda client: client.post(mine)) == (200, b"content")
    assert run(Handler, lambda client: client.post(other))[0] == 409
    assert run(Handler, lambda client: client.post(late))[0] == 409


def test_the_token_against_forgery_may_be_a_field_before_the_files() -> None:
    started: list[str] = []

    class Handler(web.UploadHandler):
        def file_started(self, part: httputil.MultipartPart) -> None:
            started.append(part.name)

        def post(self) -> None:
            self.write("fine")

    token = "0123456789abcdef0123456789abcdef"
    more = f"Cookie: _xsrf={token}\r\n"
    upload = file("f", b"content")
    first = field("_xsrf", token.encode()) + upload + END
    for body, status, names in [
        (first, 200, ["f"]),
        (upload + END, 403, []),
        (upload + field("_xsrf", token.encode()) + END, 403, []),
        (field("_xsrf", b"wrong") + END, 403, []),
        (field("a", b"1") + END, 403, []),
        (field("_xsrf", token.encode()) + END, 200, []),
    ]:
        started.clear()
        got = run(Handler, _posting(body, more=more), xsrf_cookies=True)
        assert (got[0], started) == (status, names), body


def test_a_handler_that_gathers_has_no_parts() -> None:
    class Handler(web.UploadHandler):
        def post(self) -> None:
            self.parts()

    assert run(Handler, lambda client: client.post(END))[0] == 500


def test_content_that_a_transport_gives_whole() -> None:
    class Whole(web.UploadHandler):
        def post(self) -> None:
            self.write(self.request.files["f"][0].body)

    for handler, expected in ((Reading, "f=f.bin/a/b:3;"), (Whole, "abc")):
        application = web.Application([("/", handler)], log_function=lambda handler: None)
        request = httputil.HTTPServerRequest(
            "POST",
            "/",
            headers=httputil.HTTPHeaders({"Content-Type": "multipart/form-data; boundary=b"}),
            body=file("f", b"abc") + END,
            connection=(kept := _Kept()),
        )
        made = handler(application, request)
        asyncio.run(made._execute([]))
        assert b"".join(kept.chunks).decode() == expected


class _Kept(httputil.HTTPConnection):
    """A connection in memory."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def write_headers(self, start_line: Any, headers: Any, chunk: bytes | None = None) -> Any:
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> Any:
        self.chunks.append(chunk)
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    def finish(self) -> None:
        pass
