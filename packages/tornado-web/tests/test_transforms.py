"""Compression, chunks in the old sense, and transforms of one's own."""

import gzip

import pytest

from tornado import httputil
from tornado.web import (
    Application,
    ChunkedTransferEncoding,
    GZipContentEncoding,
    OutputTransform,
    RequestHandler,
)

TEXT = "hello world " * 200
ACCEPT = {"Accept-Encoding": "gzip, deflate, br"}


class Page(RequestHandler):
    def get(self):
        if self.get_argument("type", None):
            self.set_header("Content-Type", self.get_argument("type"))
        if self.get_argument("vary", None):
            self.set_header("Vary", self.get_argument("vary"))
        self.write(TEXT)


class Flushing(RequestHandler):
    async def get(self):
        for part in ("one ", "two ", "three"):
            self.write(part)
            await self.flush()


class Small(RequestHandler):
    def get(self):
        self.write("small")


ROUTES = [("/", Page), ("/flush", Flushing), ("/small", Small)]


@pytest.mark.parametrize("setting", ["compress_response", "gzip"])
def test_settings(fetch, setting):
    app = Application(ROUTES, **{setting: True})
    answer = fetch(app, headers=ACCEPT)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert len(answer.body) < 200
    assert gzip.decompress(answer.body).decode() == TEXT
    assert answer.headers["Etag"].startswith('W/"')


def test_not_by_default(fetch):
    answer = fetch(ROUTES, headers=ACCEPT)
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers


APP = Application(ROUTES, compress_response=True)


@pytest.mark.parametrize(
    ("field", "compressed"),
    [("gzip", True), ("GZIP", True), ("gzip;q=0.5", True), ("x-gzip", True), ("gzip;q=0", False),
     ("gzip;q=x", False), ("", False), ("identity", False), ("deflate", False), ("notgzip", False)],
)  # fmt: skip
def test_accept_encoding(fetch, field, compressed):
    answer = fetch(APP, headers={"Accept-Encoding": field})
    assert ("Content-Encoding" in answer.headers) is compressed
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("kind", "compressed"),
    [("text/plain", True), ("application/json;+charset=x", True), ("image/svg%2Bxml", True),
     ("image/png", False), ("application/zip", False)],
)  # fmt: skip
def test_types(fetch, kind, compressed):
    answer = fetch(APP, "/?type=" + kind, headers=ACCEPT)
    assert ("Content-Encoding" in answer.headers) is compressed


def test_vary_is_extended(fetch):
    assert fetch(APP, "/?vary=Cookie", headers=ACCEPT).headers["Vary"] == "Cookie, Accept-Encoding"


def test_in_parts(fetch):
    answer = fetch(APP, "/flush", headers=ACCEPT)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    assert gzip.decompress(answer.body) == b"one two three"


def test_small_answers_stay(fetch):
    assert fetch(APP, "/small", headers=ACCEPT).body == b"small"


@pytest.mark.parametrize("path", ["/", "/flush", "/small"])
def test_head(fetch, path):
    answer = fetch(APP, path, "HEAD", headers=ACCEPT)
    assert answer.body == b""
    if path != "/flush":
        got = fetch(APP, path, headers=ACCEPT)
        assert answer.headers["Content-Length"] == got.headers["Content-Length"]


def test_conditions(fetch):
    etag = fetch(APP, headers=ACCEPT).headers["Etag"]
    answer = fetch(APP, headers=ACCEPT | {"If-None-Match": etag})
    assert (answer.code, answer.body) == (304, b"")


def test_already_encoded(fetch):
    class Encoded(RequestHandler):
        def get(self):
            self.set_header("Content-Encoding", "br")
            self.write("x" * 5000)

    app = Application([("/", Encoded)], compress_response=True)
    answer = fetch(app, headers=ACCEPT)
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.body == b"x" * 5000


def test_errors_are_sent_well(fetch):
    assert fetch(APP, "/none", headers=ACCEPT).code == 404


def request(version="HTTP/1.1", **headers):
    return httputil.HTTPServerRequest(
        method="GET", uri="/", version=version, headers=httputil.HTTPHeaders(headers)
    )


class TestChunked:
    """The transform as it was before 4.0, fed by hand."""

    def test_frames(self):
        transform = ChunkedTransferEncoding(request())
        headers = httputil.HTTPHeaders()
        status, headers, chunk = transform.transform_first_chunk(200, headers, b"hello", False)
        assert (status, chunk) == (200, b"5\r\nhello\r\n")
        assert headers["Transfer-Encoding"] == "chunked"
        assert transform.transform_chunk(b"", False) == b""
        assert transform.transform_chunk(b"x" * 16, False) == b"10\r\n" + b"x" * 16 + b"\r\n"
        assert transform.transform_chunk(b"end", True) == b"3\r\nend\r\n0\r\n\r\n"

    def test_block_is_the_old_name(self):
        transform = ChunkedTransferEncoding(request())
        transform.transform_first_chunk(200, httputil.HTTPHeaders(), b"", False)
        assert transform.transform_chunk(block=b"x", finishing=False) == b"1\r\nx\r\n"

    @pytest.mark.parametrize(
        ("version", "status", "given"),
        [
            ("HTTP/1.0", 200, {}),
            ("HTTP/1.1", 304, {}),
            ("HTTP/1.1", 204, {}),
            ("HTTP/1.1", 200, {"Content-Length": "5"}),
        ],
    )
    def test_not_where_it_does_not_belong(self, version, status, given):
        transform = ChunkedTransferEncoding(request(version))
        headers = httputil.HTTPHeaders(given)
        _, headers, chunk = transform.transform_first_chunk(status, headers, b"hello", True)
        assert chunk == b"hello"
        assert "Transfer-Encoding" not in headers
        assert transform.transform_chunk(b"x", True) == b"x"

    def test_over_a_connection(self, fetch):
        for path, body in (("/", TEXT.encode()), ("/flush", b"one two three")):
            app = Application(ROUTES, transforms=[ChunkedTransferEncoding])
            answer = fetch(app, path)
            assert answer.code == 200
            assert answer.body == body


class Upper(OutputTransform):
    def transform_first_chunk(self, status_code, headers, chunk, finishing):
        headers["X-Upper"] = "1"
        return 203, headers, chunk.upper()

    def transform_chunk(self, chunk, finishing):
        return chunk.upper()


@pytest.mark.parametrize("how", ["argument", "add_transform"])
def test_own_transforms(fetch, how):
    if how == "argument":
        app = Application(ROUTES, transforms=[Upper])
    else:
        app = Application(ROUTES)
        app.add_transform(Upper)
        assert app.transforms == [Upper]
    answer = fetch(app, "/small")
    assert (answer.code, answer.body, answer.headers["X-Upper"]) == (203, b"SMALL", "1")
    assert fetch(app, "/flush").body == b"ONE TWO THREE"


def test_transforms_in_order(fetch):
    app = Application(ROUTES, transforms=[Upper, GZipContentEncoding])
    answer = fetch(app, "/", headers=ACCEPT)
    assert gzip.decompress(answer.body).decode() == TEXT.upper()


def test_the_base_changes_nothing():
    transform = OutputTransform(request())
    headers = httputil.HTTPHeaders()
    assert transform.transform_first_chunk(200, headers, b"x", True) == (200, headers, b"x")
    assert transform.transform_chunk(b"y", True) == b"y"
