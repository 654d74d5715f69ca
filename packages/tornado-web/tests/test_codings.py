"""Compression in the coding that a client prefers: negotiation, streams, levels, and what is left alone."""

from __future__ import annotations

import gc
import gzip
import importlib
import sys
import zlib
from typing import Any

import pytest

from tornado._web.codings import (
    accepted_codings,
    brotli_encoder,
    gzip_encoder,
    zstd_encoder,
)
from tornado.web import Application, ContentCompression, RequestHandler

brotli: Any = importlib.import_module("brotli")
try:
    zstd: Any = importlib.import_module("compression.zstd")
except ImportError:
    zstd = importlib.import_module("backports.zstd")

TEXT = "hello world " * 200
DECODERS: dict[str, Any] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}
ALL = ("zstd", "br", "gzip")


class Page(RequestHandler):
    def get(self) -> None:
        for name in ("Content-Type", "Vary", "Cache-Control", "Content-Encoding"):
            if self.get_argument(name, None):
                self.set_header(name, self.get_argument(name))
        self.set_status(int(self.get_argument("status", "200")))
        if self.get_status() == 200:
            self.write(TEXT[: int(self.get_argument("length", "10000"))])


class Flushing(RequestHandler):
    async def get(self) -> None:
        for part in ("one ", "two ", "three"):
            self.write(part * 100)
            await self.flush()


def application(*codings: str, **levels: int) -> Application:
    return Application(
        [("/", Page), ("/flush", Flushing)],
        compress_response=list(codings or ALL),
        compression_levels=levels,
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", []),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip"]),
        ("gzip;q=1.0, br;q=0.5, zstd;q=0.7", ["gzip", "zstd", "br"]),
        ("br;q=0.5, gzip;q=0.5", ["br", "gzip"]),
        ("zstd;q=0, *;q=0.1", ["br", "gzip"]),
        ("*", ["zstd", "br", "gzip"]),
        ("*;q=0", []),
        ("*;q=0, br", ["br"]),
        ("identity", []),
        ("X-GZIP ; Q=0.3", ["gzip"]),
        ("br;q=, gzip;q=x, zstd;q=0.000", ["br"]),
        (" , ,br", ["br"]),
        ("brotli, zstandard", []),
    ],
)
def test_negotiation(field: str, expected: list[str]) -> None:
    assert accepted_codings(field, ALL) == expected


@pytest.mark.parametrize("coding", ALL)
def test_each_coding(fetch: Any, coding: str) -> None:
    response = fetch(application(), headers={"Accept-Encoding": f"{coding}, gzip;q=0.1"})
    assert response.headers["Content-Encoding"] == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["Etag"].startswith('W/"')
    assert len(response.body) < 200
    assert DECODERS[coding](response.body).decode() == TEXT


@pytest.mark.parametrize("coding", ALL)
def test_what_is_flushed_can_be_decoded_at_once(served: Any, coding: str) -> None:
    async def check(site: Any) -> None:
        response = await site.fetch("/flush", headers={"Accept-Encoding": coding})
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert DECODERS[coding](response.body) == b"one " * 100 + b"two " * 100 + b"three" * 100
        first, _, rest = response.raw.partition(b"\r\n\r\n")[2].partition(b"\r\n")
        piece = rest[: int(first, 16)]
        if coding == "gzip":
            decoded = zlib.decompressobj(31).decompress(piece)
        elif coding == "br":
            decoded = brotli.Decompressor().process(piece)
        else:
            decoded = zstd.ZstdDecompressor().decompress(piece)
        assert decoded == b"one " * 100

    served(application(), check)


@pytest.mark.parametrize("coding", ALL)
def test_head_says_what_get_does(fetch: Any, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    get = fetch(application(), headers=headers)
    head = fetch(application(), headers=headers, method="HEAD")
    for name in ("Content-Encoding", "Content-Length", "Vary", "Etag", "Content-Type"):
        assert head.headers.get(name) == get.headers.get(name), name
    assert head.body == b""


def test_the_order_of_the_list_counts_among_equal_weights(fetch: Any) -> None:
    for codings in (ALL, ("gzip", "br"), ("br",)):
        response = fetch(application(*codings), headers={"Accept-Encoding": "gzip, br, zstd"})
        assert response.headers["Content-Encoding"] == codings[0]


def test_a_client_that_accepts_none(fetch: Any) -> None:
    response = fetch(application("br"), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.text == TEXT


@pytest.mark.parametrize("setting", [True, ["zstd", "gzip"]])
@pytest.mark.parametrize(
    ("query", "vary"),
    [
        ("", "Accept-Encoding"),
        ("?Content-Type=image/png", None),
        ("?Content-Type=image/png&Vary=Cookie", "Cookie"),
        ("?length=100", None),
        ("?status=204", None),
        ("?status=304", "Accept-Encoding"),
        ("?Content-Encoding=br", None),
        ("?Cache-Control=private,%20no-transform", None),
        ("?Vary=Cookie", "Cookie, Accept-Encoding"),
        ("?Vary=accept-encoding", "accept-encoding"),
        ("?Vary=*", "*"),
    ],
)
def test_vary_stands_only_where_the_response_may_vary(
    fetch: Any, setting: Any, query: str, vary: str | None
) -> None:
    app = Application([("/", Page)], compress_response=setting)
    for accepted in ("gzip", "identity"):
        response = fetch(app, f"/{query}", headers={"Accept-Encoding": accepted})
        assert response.headers.get("Vary") == vary
        if vary is None:
            assert response.headers.get("Content-Encoding") in (None, "br")


@pytest.mark.parametrize(
    ("coding", "low", "high"), [("gzip", 1, 9), ("br", 0, 11), ("zstd", 1, 19)]
)
def test_levels(fetch: Any, coding: str, low: int, high: int) -> None:
    sizes = []
    for level in (low, high):
        response = fetch(
            application(coding, **{coding: level}), headers={"Accept-Encoding": coding}
        )
        assert DECODERS[coding](response.body).decode() == TEXT
        sizes.append(len(response.body))
    assert sizes[1] <= sizes[0]
    for level in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"no level {level} of {coding}; expected {low} to"):
            application(coding, **{coding: level})


def test_settings_that_cannot_be() -> None:
    with pytest.raises(
        ValueError, match="no content coding 'brotli'; expected some of zstd, br, gzip"
    ):
        application("brotli")
    with pytest.raises(ValueError, match="no content coding 'deflate'"):
        application("gzip", deflate=1)


@pytest.mark.parametrize(("coding", "extra"), [("br", "brotli"), ("zstd", "zstd")])
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, coding: str, extra: str
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("tornado._web.codings.importlib.import_module", missing)
    with pytest.raises(ImportError, match=rf"install tornado-web\[{extra}\]"):
        application(coding)


def test_a_subclass_chooses_its_codings(fetch: Any) -> None:
    class Own(ContentCompression):
        CODINGS = ("br",)
        MIN_LENGTH = 10
        CONTENT_TYPES = {"image/bmp"}

    app = Application([("/", Page)], transforms=[Own])
    response = fetch(
        app, "/?length=20&Content-Type=image/bmp", headers={"Accept-Encoding": "br, gzip"}
    )
    assert response.headers["Content-Encoding"] == "br"
    assert brotli.decompress(response.body).decode() == TEXT[:20]


@pytest.mark.parametrize("make", [gzip_encoder, brotli_encoder, zstd_encoder])
def test_an_encoder_of_a_response_that_is_broken_off(make: Any) -> None:
    unraised: list[Any] = []
    before, sys.unraisablehook = sys.unraisablehook, unraised.append
    try:
        encode = make(5)
        encode(b"content", False)
        del encode
        gc.collect()
    finally:
        sys.unraisablehook = before
    assert unraised == []
