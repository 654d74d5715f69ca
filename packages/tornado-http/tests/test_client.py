"""`HTTP1Connection` as a client over real sockets: requests out, responses in."""

import asyncio
import gzip
import logging

import pytest

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPOutputError,
    RequestStartLine,
)


class Recorder(HTTPMessageDelegate):
    """Records what a connection tells."""

    def __init__(self):
        self.heads = []
        self.body = b""
        self.ends = []

    def headers_received(self, start_line, headers):
        self.heads.append((start_line, headers))

    def data_received(self, chunk):
        self.body += chunk

    def finish(self):
        self.ends.append("finish")

    def on_connection_close(self):
        self.ends.append("close")


def request(stream, method="GET", target="/", body=None, finish=True, headers=None, **params):
    connection = HTTP1Connection(stream, True, HTTP1ConnectionParameters(**params), "the server")
    fields = HTTPHeaders({"Host": "a"}) if headers is None else headers
    connection.write_headers(RequestStartLine(method, target, ""), fields)
    if body is not None:
        connection.write(body)
    if finish:
        connection.finish()
    return connection


@pytest.fixture
def fetch(run, connect):
    """Send a request, answer `pieces`; return (recorder, whether reuse is possible, connection)."""

    def go(*pieces, method="GET", close=False, recorder=None, **params):
        async def main():
            stream, peer = connect()
            told = recorder or Recorder()
            connection = request(stream, method, **params)
            reading = connection.read_response(told)
            await peer.receive_head()
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(0)
            if close:
                peer.close()
            reusable = await reading
            assert stream.closed() is not reusable
            stream.close()
            return told, reusable, connection

        return run(main)

    return go


@pytest.mark.parametrize(
    ("method", "headers", "body", "expected"),
    [
        ("GET", {"Host": "a"}, None, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "PUT",
            {"Content-Length": "3"},
            b"abc",
            b"PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        ),
        (
            "POST",
            {},
            b"abc",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ),
        (
            "DELETE",
            {"Transfer-Encoding": "chunked"},
            b"abc",
            b"DELETE / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ),
    ],
)
def test_requests(run, connect, method, headers, body, expected):
    async def main():
        stream, peer = connect()
        request(stream, method, body=body, headers=HTTPHeaders(headers))
        assert await peer.receive(len(expected)) == expected
        stream.close()

    run(main)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/a b", {}),
        ("GET", "/a\r\nX: y", {}),
        ("GET", "/\x00", {}),
        ("GET", "/\u00e9", {}),
        ("GET", "", {}),
        ("G T", "/", {}),
        ("GET /x HTTP/1.1\r\n", "/", {}),
        ("GET", "/", {"X": "a\r\nY: b"}),
        ("GET", "/", {"X\n": "a"}),
    ],
)
def test_nothing_is_sent_of_what_no_request_may_hold(run, connect, method, target, headers):
    async def main():
        stream, peer = connect()
        with pytest.raises(ValueError):  # noqa: PT011 - also UnicodeEncodeError
            request(stream, method, target, headers=HTTPHeaders(headers))
        await peer.quiet(0.005)
        stream.close()

    run(main)


def test_contradictory_requests(run, connect):
    async def main():
        stream, _ = connect()
        for headers in (
            {"Content-Length": "3", "Transfer-Encoding": "chunked"},
            {"Transfer-Encoding": "gzip"},
            {"Content-Length": "-3"},
        ):
            with pytest.raises(HTTPOutputError):
                request(stream, "PUT", headers=HTTPHeaders(headers))
        with pytest.raises(HTTPOutputError):
            request(stream, "GET", body=b"abc")
        with pytest.raises(HTTPOutputError):
            HTTP1Connection(stream, True).write(b"abc")
        with pytest.raises(HTTPOutputError):
            HTTP1Connection(stream, True).finish()
        stream.close()

    run(main)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("method", "data", "body", "reusable"),
    [
        ("GET", OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
        ("GET", OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", False),
        (
            "GET",
            OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nX: y\r\n\r\n",
            b"hello",
            True,
        ),
        ("HEAD", OK + b"Content-Length: 5\r\n\r\n", b"", True),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (
            "GET",
            b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
            b"hello",
            True,
        ),
    ],
)
def test_responses(fetch, step, method, data, body, reusable):
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    recorder, got, connection = fetch(*pieces, method=method)
    assert recorder.body == body
    assert recorder.ends == ["finish"]
    assert len(recorder.heads) == 1
    assert got is reusable
    assert connection.error is None
    assert connection.trailers == (HTTPHeaders({"X": "y"}) if b"X: y" in data else None)


def test_no_keep_alive(fetch):
    assert fetch(OK + b"Content-Length: 0\r\n\r\n", no_keep_alive=True)[1] is False


def test_a_request_that_asked_to_close_ends_the_connection(fetch):
    headers = HTTPHeaders({"Host": "a", "Connection": "close"})
    assert fetch(OK + b"Content-Length: 0\r\n\r\n", headers=headers)[1] is False


def test_bytes_behind_a_response_rule_out_reuse(fetch):
    recorder, reusable, _ = fetch(OK + b"Content-Length: 0\r\n\r\n" + OK)
    assert recorder.ends == ["finish"]
    assert reusable is False


def test_content_until_close(fetch):
    recorder, reusable, connection = fetch(OK + b"\r\nhel", b"lo", close=True)
    assert recorder.body == b"hello"
    assert recorder.ends == ["finish"]
    assert reusable is False
    assert connection.error is None


def test_informational_responses(fetch):
    recorder, reusable, _ = fetch(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n"
        + OK
        + b"Content-Length: 0\r\n\r\n"
    )
    assert [start.code for start, _ in recorder.heads] == [100, 103, 200]
    assert reusable is True


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"nonsense\r\n\r\n",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Content-Length: 99\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n99\r\n",
        OK + b"\r\n" + b"x" * 99,
    ],
)
def test_refused_responses(fetch, caplog, data):
    caplog.set_level(logging.INFO, "tornado")
    recorder, reusable, connection = fetch(data, max_body_size=50)
    assert reusable is False
    assert recorder.ends == ["close"]
    assert isinstance(connection.error, HTTPInputError)
    assert ["the server" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    "data",
    [b"", OK, OK + b"Content-Length: 5\r\n\r\nhe", OK + b"Transfer-Encoding: chunked\r\n\r\n"],
)
def test_a_server_that_leaves(fetch, data):
    recorder, reusable, _ = fetch(data, close=True)
    assert reusable is False
    assert recorder.ends == ["close"]


@pytest.mark.parametrize(
    ("data", "params"),
    [
        (b"", {"header_timeout": 0.02}),
        (OK, {"header_timeout": 0.02}),
        (OK + b"Content-Length: 5\r\n\r\nhe", {"body_timeout": 0.02, "header_timeout": 5}),
    ],
)
def test_deadlines(fetch, data, params):
    recorder, reusable, connection = fetch(data, **params)
    assert reusable is False
    assert recorder.ends == ["close"]
    assert isinstance(connection.error, TimeoutError)


def test_two_exchanges_on_one_stream(run, connect):
    async def main():
        stream, peer = connect()
        for i in range(3):
            recorder = Recorder()
            connection = request(stream, target=f"/{i}")
            reading = connection.read_response(recorder)
            assert (await peer.receive_head()).startswith(b"GET /%d" % i)
            await peer.send(OK + b"Content-Length: 1\r\n\r\n%d" % i)
            assert await reading is True
            assert recorder.body == b"%d" % i
        stream.close()

    run(main)


def test_no_reuse_while_the_request_is_incomplete(run, connect):
    async def main():
        stream, peer = connect()
        connection = request(
            stream, "PUT", body=b"he", finish=False, headers=HTTPHeaders({"Content-Length": "5"})
        )
        recorder = Recorder()
        reading = connection.read_response(recorder)
        await peer.send(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        assert await reading is False
        assert recorder.ends == ["finish"]
        assert stream.closed()

    run(main)


def test_decompress(fetch):
    body = bytes(300_000)
    data = gzip.compress(body)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(data)
    recorder, reusable, _ = fetch(head + data, decompress=True)
    assert recorder.body == body
    assert recorder.heads[0][1]["X-Consumed-Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in recorder.heads[0][1]
    assert reusable is True
    recorder, _, _ = fetch(head + data)
    assert recorder.body == data
    recorder, reusable, connection = fetch(head + data, decompress=True, max_body_size=100_000)
    assert recorder.ends == ["close"]
    assert len(recorder.body) <= 100_000
    assert connection.error.status == 413
    cut = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (len(data) - 4) + data[:-4]
    recorder, _, _ = fetch(cut, decompress=True)
    assert recorder.ends == ["close"]
    recorder, _, _ = fetch(OK + b"Content-Encoding: gzip\r\n\r\n", decompress=True, method="HEAD")
    assert recorder.heads[0][1]["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("way", ["headers", "data"])
def test_a_delegate_sets_the_pace(run, connect, way):
    class Slow(Recorder):
        def headers_received(self, start_line, headers):
            super().headers_received(start_line, headers)
            return asyncio.sleep(0.005) if way == "headers" else None

        def data_received(self, chunk):
            async def take():
                await asyncio.sleep(0.001)
                self.body += chunk

            return take()

    async def main():
        stream, peer = connect()
        recorder = Slow()
        connection = request(stream, chunk_size=10)
        reading = connection.read_response(recorder)
        await peer.send(b"HTTP/1.1 103 X\r\n\r\n" + OK + b"Content-Length: 35\r\n\r\n" + bytes(35))
        assert await reading is True
        assert recorder.body == bytes(35)
        stream.close()

    run(main)


@pytest.mark.parametrize("step", ["headers_received", "data_received", "finish", "later"])
def test_errors_of_the_delegate_end_the_connection(run, connect, caplog, step):
    def fail(*args):
        raise ZeroDivisionError

    async def fail_later(*args):
        raise ZeroDivisionError

    async def main():
        stream, peer = connect()
        recorder = Recorder()
        if step == "later":
            recorder.data_received = fail_later
        else:
            setattr(recorder, step, fail)
        reading = request(stream).read_response(recorder)
        await peer.send(OK + b"Content-Length: 2\r\n\r\nhi")
        assert await reading is False
        assert recorder.ends[-1:] == ["close"]
        assert recorder.ends.count("close") == 1
        assert stream.closed()

    run(main)
    assert len(caplog.records) == 1
    assert caplog.records[0].levelname == "ERROR"
    assert caplog.records[0].getMessage().startswith("Uncaught exception")
    assert caplog.records[0].exc_info[0] is ZeroDivisionError


def test_requests_written_by_hand_leave_the_connection_open(run, connect):
    async def main():
        stream, peer = connect()
        for number in range(3):
            stream.write(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
            assert b"GET /%d " % number in await peer.receive_head()
            await peer.send(OK + b"Content-Length: 2\r\n\r\nhi")
            recorder = Recorder()
            assert await HTTP1Connection(stream, True).read_response(recorder) is True
            assert recorder.body == b"hi"
        await peer.send(OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi")
        assert await HTTP1Connection(stream, True).read_response(Recorder()) is False
        assert stream.closed()

    run(main)


def test_an_input_error_of_the_delegate_ends_the_connection(fetch):
    class Picky(Recorder):
        def data_received(self, chunk):
            raise HTTPInputError("not like that")

    recorder, reusable, connection = fetch(OK + b"Content-Length: 2\r\n\r\nhi", recorder=Picky())
    assert recorder.ends == ["close"]
    assert str(connection.error) == "not like that"
    assert reusable is False


def test_cancelling_closes(run, connect):
    async def main():
        stream, peer = connect()
        reading = request(stream).read_response(Recorder())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await asyncio.sleep(0)
        assert stream.closed()
        await peer.receive()

    run(main)


@pytest.mark.parametrize("when", ["headers", "finish", "after"])
@pytest.mark.parametrize(("method", "status"), [("GET", 101), ("CONNECT", 200)])
def test_hand_over(run, connect, when, method, status):
    class Taking(Recorder):
        def headers_received(self, start_line, headers):
            super().headers_received(start_line, headers)
            if when == "headers":
                self.taken = self.connection.detach()

        def finish(self):
            super().finish()
            if when == "finish":
                self.taken = self.connection.detach()

    async def main():
        stream, peer = connect()
        recorder = Taking()
        recorder.connection = request(stream, method, "a:1" if method == "CONNECT" else "/")
        reading = recorder.connection.read_response(recorder)
        await peer.send(b"HTTP/1.1 %d X\r\n\r\nother protocol" % status)
        assert await reading is False
        if when == "after":
            recorder.taken = recorder.connection.detach()
        assert recorder.taken is stream
        assert not stream.closed()
        assert await stream.read_bytes(14) == b"other protocol"
        stream.close()

    run(main)


def test_close(run, connect):
    async def main():
        stream, peer = connect()
        connection = request(stream)
        reading = connection.read_response(Recorder())
        connection.close()
        assert await reading is False
        assert stream.closed()
        await peer.receive()

    run(main)


def test_limits_may_be_set_for_one_response(run, connect):
    async def main():
        stream, peer = connect()
        connection = request(stream, max_body_size=3)
        connection.set_max_body_size(5)
        connection.set_body_timeout(5)
        recorder = Recorder()
        reading = connection.read_response(recorder)
        await peer.send(OK + b"Content-Length: 5\r\n\r\nhello")
        assert await reading is True
        assert recorder.body == b"hello"
        stream.close()

    run(main)
