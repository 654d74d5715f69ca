"""Header blocks and field values go in; headers, parameters, ranges and languages come out."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

import tempfile
from pathlib import Path

from tornado import locale
from tornado._http1.errors import MessageError
from tornado._http1.fields import parse_fields
from tornado._httputil.parameters import _parse_header
from tornado._httputil.ranges import _parse_request_range
from tornado._web.ranges import Unsatisfiable, requested_range
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest
from tornado.web import Application, RequestHandler

TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"\x0b", b"\x7f", b"\x80", b"\xff", b"\x85", b"\xa0", b" ", b"\t",
    b":", b": ", b",", b";", b"; ", b"=", b'="', b'"', b"\\", b'\\"', b"*=", b"*0=", b"*1*=",
    b"UTF-8''", b"%e2%82%ac", b"latin-1''%e4", b"Host: h\r\n", b"host: i\r\n", b"Set-Cookie: a=b\r\n",
    b"Content-Type: text/html; charset=x\r\n", b"\r\n ", b"bytes=", b"0-", b"-1", b"1-2", b"9-3",
    b"-0", b"-", b"000000000000000001", b"99999999999999999999", b"\xb2", b"_", b"+1", b"en", b"de-CH",
    b"zh_Hant-TW", b";q=0.5", b";q=0", b";q=nan", b";q=inf", b";q=-1", b";q=1e999", b"*", b"form-data",
]  # fmt: skip

_SIZES = (0, 1, 10, 10**20)

with tempfile.TemporaryDirectory() as folder:
    for code in ("de", "es_GT", "pt_BR", "zh_TW"):
        (Path(folder) / f"{code}.csv").touch()
    locale.load_translations(folder)


def check(data: bytes) -> None:
    """The whole input is a block of field lines, and the value of several fields."""
    text = data.decode("latin-1")
    _check_block(data, text)
    _check_parameters(text)
    for size in _SIZES:
        _check_range(text, size)
    _check_language(text)


def _check_block(data: bytes, text: str) -> None:
    parsed: HTTPHeaders | None = None
    try:
        parsed = HTTPHeaders.parse(text)
    except HTTPInputError as error:
        assert str(error)
    else:
        for name, value in parsed.get_all():
            assert name.isascii()
            assert name.isprintable()
            assert not set(name) & set(' ()<>@,;:\\"/[]?={}')
            assert not set(value) & set("\r\n\0\x0b\x7f")
            assert value == value.strip(" \t")
        assert HTTPHeaders.parse(str(parsed)) == parsed
        assert HTTPHeaders.parse(str(parsed).replace("\n", "\r\n")) == parsed
        assert parsed.copy() == parsed
        for name in parsed:
            assert parsed[name.upper()] == ",".join(parsed.get_list(name.lower()))
    # The engine's own reader takes no more than the public one, and the same from it.
    try:
        pairs = parse_fields(b"\r\n" + data.removesuffix(b"\r\n") + b"\r\n\r\n", 64)
    except MessageError:
        return
    assert parsed is not None, "only the engine takes this"
    assert parsed == HTTPHeaders._from_normalized(pairs)


def _check_parameters(text: str) -> None:
    key, parameters = _parse_header(text)
    assert key == text.partition(";")[0].strip()
    for name, value in parameters.items():
        assert name == name.lower()
        assert not set(name) & set('";=')
        assert len(value) <= 2 * len(text)
    # It is written again as it was read, where nothing needs quotes.
    plain = {name: value for name, value in parameters.items() if (name + value).isalnum()}
    written = "; ".join(["x", *(f"{name}={value}" for name, value in plain.items())])
    assert _parse_header(written) == ("x", plain)


def _check_range(text: str, size: int) -> None:
    bounds = _parse_request_range(text)
    try:
        part = requested_range(text, size)
    except Unsatisfiable:
        return
    if part is None:
        return
    assert part.size == size
    assert 0 <= part.start <= part.end <= size
    assert part.length > 0
    if bounds is not None:
        start, end, _ = slice(*bounds).indices(size)
        assert (part.start, part.end) == (start, end)


class _Handler(RequestHandler):
    def __init__(self, field: str) -> None:
        headers = HTTPHeaders._from_normalized([("Accept-Language", field)])
        request = HTTPServerRequest("GET", "/", "HTTP/1.1", headers)
        super().__init__(_APPLICATION, request)


_APPLICATION = Application()


def _check_language(text: str) -> None:
    chosen = _Handler(text).get_browser_locale()
    assert chosen.code in locale.get_supported_locales()
