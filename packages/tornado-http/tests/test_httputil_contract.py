"""The contract's members, and what `HTTPConnection` gives a transport of one's own."""

import asyncio

import pytest

from tornado import httputil
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPConnection, HTTPHeaders, ResponseStartLine


class Recorder(HTTPConnection):
    """A transport that implements only what it must."""

    def __init__(self):
        self.calls = []

    def write_headers(self, start_line, headers, chunk=None, callback=None):
        self.calls.append((start_line.code, start_line.reason, dict(headers), chunk))
        return self._done()

    def write(self, chunk, callback=None):
        self.calls.append(chunk)
        return self._done()

    def finish(self):
        self.calls.append("finish")

    def close(self):
        self.calls.append("close")

    def _done(self):
        try:
            future = asyncio.get_running_loop().create_future()
        except RuntimeError:
            return None
        future.set_result(None)
        return future


def members(protocol):
    annotated = set(getattr(protocol, "__annotations__", ()))
    return annotated | {name for name in vars(protocol) if not name.startswith("_")}


@pytest.mark.parametrize("implementation", [HTTPConnection, HTTP1Connection])
def test_every_member_of_an_exchange_is_there(implementation):
    missing = {name for name in members(httputil.Exchange) if not hasattr(implementation, name)}
    assert missing == set()


@pytest.mark.parametrize(
    ("status", "body", "length"),
    [(200, b"hello", "5"), (404, b"", "0"), (204, b"", None), (304, b"", None)],
)
def test_respond_by_the_other_methods(status, body, length):
    connection = Recorder()
    headers = HTTPHeaders({"X-Test": "1"})
    connection.respond(status, "Why", headers, body)
    expected = {"X-Test": "1"}
    if length is not None:
        expected["Content-Length"] = length
    assert connection.calls == [(status, "Why", expected, body or None), "finish"]


def test_respond_keeps_the_length_that_was_set():
    connection = Recorder()
    connection.respond(200, "OK", HTTPHeaders({"Content-Length": "7"}), b"")
    assert connection.calls[0][2] == {"Content-Length": "7"}


def test_a_file_is_sent_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("tornado._httputil.delegates._FILE_PIECE", 4)
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    async def work():
        connection = Recorder()
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders())
        with open(path, "rb") as file:
            await connection.send_file(file, 1, 6)
            await connection.send_file(file.fileno(), 8, 2)
            assert file.tell() == 0
        return connection.calls[1:]

    assert asyncio.run(work()) == [b"1234", b"56", b"89"]


def test_a_file_that_is_too_short_closes_the_connection(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"01234")

    async def work():
        connection = Recorder()
        with open(path, "rb") as file, pytest.raises(EOFError, match="ended 5 bytes early"):
            await connection.send_file(file, 0, 10)
        return connection.calls

    assert asyncio.run(work()) == [b"01234", "close"]


def test_there_is_no_stream_to_detach():
    with pytest.raises(RuntimeError, match="Recorder has no stream to detach"):
        Recorder().detach()


def test_what_has_nothing_to_do_does_nothing():
    connection = Recorder()
    connection.send_now()
    connection.set_close_callback(print)
    connection.set_max_body_size(1)
    connection.set_body_timeout(None)
    assert connection.calls == []
    assert connection.no_keep_alive is False
