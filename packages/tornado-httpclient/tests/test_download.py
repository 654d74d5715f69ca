"""Downloads into files, which go on where they broke off."""

import os

import pytest

from tornado.httpclient import BearerAuth, HTTPClientError, Retries
from tornado.simple_httpclient import HTTPProtocolError

pytestmark = pytest.mark.filterwarnings("error")

CONTENT = os.urandom(400_000)


class Flaky:
    """A server that breaks off each response after ``size`` bytes of it."""

    def __init__(self, receive, size, etags=('"1"',), shift=0):
        self.receive, self.size, self.shift = receive, size, shift
        self.etags = list(etags)
        self.requests = []

    async def handle(self, reader, writer):
        request = await self.receive(reader)
        self.requests.append(request)
        etag = self.etags.pop(0) if len(self.etags) > 1 else self.etags[0]
        start = 0
        head = b"HTTP/1.1 200 OK\r\n"
        wanted = request.headers.get("range")
        if wanted is not None and request.headers["if-range"] == etag:
            start = int(wanted.partition("=")[2][:-1])
            head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n" % (
                start + self.shift,
                len(CONTENT) - 1,
                len(CONTENT),
            )
        rest = CONTENT[start:]
        if etag:
            head += b"ETag: %s\r\n" % etag.encode()
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(rest) + rest[: self.size])
        await writer.drain()


def test_a_broken_download_goes_on(run, make_client, serve_raw, receive, tmp_path):
    path = tmp_path / "file"
    flaky = Flaky(receive, 150_000)
    seen = []

    async def main():
        async with serve_raw(flaky.handle) as server, make_client() as client:
            session = client.session(server.url, retries=Retries(1, backoff=0.001))
            response = await session.download(
                "/", path, progress=lambda received, total: seen.append((received, total))
            )
            assert response.code == 206
            assert path.read_bytes() == CONTENT
            assert os.listdir(tmp_path) == ["file"]
            starts = [each.headers.get("range") for each in flaky.requests]
            assert starts == [None, "bytes=150000-", "bytes=300000-"]
            assert seen[-1] == (len(CONTENT), len(CONTENT))
            assert [received for received, _ in seen] == sorted(received for received, _ in seen)

    run(main)


def test_a_download_may_break_often_as_long_as_it_gets_on(
    run, make_simple, serve_raw, receive, tmp_path
):
    path = tmp_path / "file"
    flaky = Flaky(receive, 20_000)

    async def main():
        async with serve_raw(flaky.handle) as server, make_simple() as client:
            session = client.session(server.url, retries=Retries(1, backoff=0, budget=0))
            await session.download("/", path)
            assert path.read_bytes() == CONTENT
            assert len(flaky.requests) == 20

    run(main)


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_without_a_strong_validator_it_begins_again(
    run, make_simple, serve_raw, receive, tmp_path, etag
):
    path = tmp_path / "file"
    flaky = Flaky(receive, 150_000, [etag])

    async def main():
        async with serve_raw(flaky.handle) as server, make_simple() as client:
            session = client.session(server.url, retries=Retries(1, backoff=0.001, budget=0))
            with pytest.raises((HTTPClientError, OSError)):
                await session.download("/", path)
            assert all("range" not in each.headers for each in flaky.requests)
            assert os.listdir(tmp_path) == []
            flaky.size = len(CONTENT)
            await session.download("/", path)
            assert path.read_bytes() == CONTENT

    run(main)


def test_content_that_changed_begins_again(run, make_simple, serve_raw, receive, tmp_path):
    path = tmp_path / "file"
    flaky = Flaky(receive, 250_000, ['"1"', '"2"', '"2"'])

    async def main():
        async with serve_raw(flaky.handle) as server, make_simple() as client:
            session = client.session(server.url, retries=Retries(2, backoff=0.001))
            await session.download("/", path)
            assert path.read_bytes() == CONTENT
            assert [each.headers.get("if-range") for each in flaky.requests] == [None, '"1"', '"2"']

    run(main)


def test_a_wrong_range_is_refused(run, make_simple, serve_raw, receive, tmp_path):
    flaky = Flaky(receive, 150_000, shift=1)

    async def main():
        async with serve_raw(flaky.handle) as server, make_simple() as client:
            session = client.session(server.url, retries=Retries(1, backoff=0.001))
            with pytest.raises(HTTPProtocolError, match="Content-Range"):
                await session.download("/", tmp_path / "file")
            assert os.listdir(tmp_path) == []

    run(main)


def test_a_status_that_is_no_success(run, make_client, serve, respond, tmp_path):
    codes = [503, 404]

    async def main():
        async with serve(lambda r: respond(codes.pop(0), b"page")) as server:
            async with make_client() as client:
                session = client.session(
                    server.url, retries=Retries(1, backoff=0.001), auth=BearerAuth("t")
                )
                with pytest.raises(HTTPClientError, match="404"):
                    await session.download("/", tmp_path / "file")
                assert server.requests[1].headers["authorization"] == "Bearer t"
                assert os.listdir(tmp_path) == []
                with pytest.raises(FileNotFoundError):
                    await session.download("/", tmp_path / "no" / "file")

    run(main)
