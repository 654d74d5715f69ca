"""A request goes in, perhaps for a static file; nothing from outside of the root comes out, no other host."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tornado._http1.errors import MessageError
from tornado._http1.head import RequestHead
from tornado._http1.reader import RequestReader
from tornado._web.targets import destination
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import (
    Application,
    HTTPError,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
    addslash,
    removeslash,
)

TOKENS = [
    b"\n", b"/", b"//", b"/./", b"..", b"../", b"/..", b"%2e%2e/", b"%2E%2e%2f", b"..%2f", b"%5c",
    b"..\\", b"\\", b"%00", b"%", b"%zz", b"%c0%af", b"%C3%A4", b"a.txt", b"dir", b"dir/", b"secret.txt",
    b"rootlike/secret.txt", b"out", b"outside/", b"in", b"style.css", b"C:", b"a.txt::$DATA", b"~", b"?v=1",
    b"/of", b"//two.example/%2e%2e", b"/static/", b"/strict/", b"Range: bytes=", b"If-Range: ", b"0-0", b"-3",
    b"3-", b"0-99", b"1-2,4-5", b"If-None-Match: ", b"W/", b'"', b"*", b"If-Modified-Since: ",
    b"Mon, 01 Jan 2029 00:00:00 GMT", b"1 Jan 10000 0:0:0", b"Sun Nov  6 08:49:37 1994", b"-0000",
    b"Accept-Encoding: gzip", b", br;q=0", b";q=", b"HEAD ", b"POST ", b"99999999999999999999", b":",
]  # fmt: skip

_SECRET = b"what nobody may see"
_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-static-")
atexit.register(_FOLDER.cleanup)


def _made() -> tuple[str, list[bytes]]:
    """Make the files; return the root and what may be seen."""
    base = Path(_FOLDER.name)
    root = base / "root"
    visible = {
        "a.txt": b"0123456789",
        "dir/index.html": b"<p>",
        "style.css": b"x",
        "style.css.gz": b"z",
    }
    for name, content in visible.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ("secret.txt", "rootlike/secret.txt", "outside/secret.txt", "outside/index.html"):
        path = base / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_SECRET)
    (root / "in").symlink_to("a.txt")
    (root / "out").symlink_to(base / "secret.txt")
    (root / "outside").symlink_to(base / "outside")
    (root / "style.css.br").symlink_to(base / "secret.txt")
    return str(root), list(visible.values())


class _NoSlash(RequestHandler):
    @removeslash
    def get(self) -> None:
        raise HTTPError(404)


class _Slash(RequestHandler):
    @addslash
    def get(self) -> None:
        raise HTTPError(404)


_ROOT, _VISIBLE = _made()
_VERSIONS = {hashlib.sha512(content).hexdigest() for content in _VISIBLE}
_SECRET_VERSION = hashlib.sha512(_SECRET).hexdigest()
_APPLICATION = Application(
    [
        (
            "/strict/(.*)",
            StaticFileHandler,
            {"path": _ROOT, "default_filename": "index.html", "precompressed": True},
        ),
        ("/to/(.*)", RedirectHandler, {"url": "/static/{0}"}),
        ("(/*)(.*)/of", RedirectHandler, {"url": "{0}{1}"}),
        (".*/", _NoSlash),
        (".*", _Slash),
    ],
    static_path=_ROOT,
)

# A refusal is logged, and nearly all are refused here.
logging.getLogger("tornado").setLevel(logging.CRITICAL)


class _Connection:
    """Takes an answer as a whole."""

    context = SimpleNamespace(remote_ip="192.0.2.1", protocol="http")

    def __init__(self) -> None:
        self.answer: tuple[int, HTTPHeaders, bytes] | None = None

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        assert self.answer is None
        self.answer = status, headers, body


def check(data: bytes) -> None:
    """The first line is method and target, or a path below both roots; the others are header fields."""
    first, _, rest = data.partition(b"\n")
    _check_version(first.decode("utf-8", "replace"))
    method, space, target = first.partition(b" ")
    if not space:
        method, target = b"GET", first
    fields = b"".join(line.strip(b"\r") + b"\r\n" for line in rest.split(b"\n") if line)
    for prefix in (b"", b"/static/", b"/strict/", b"/to/"):
        reader = RequestReader()
        reader.receive(method + b" " + prefix + target + b" HTTP/1.1\r\nHost: one.example\r\n")
        reader.receive(fields + b"\r\n")
        try:
            head = reader.read_head()
        except MessageError:
            continue
        if head is not None:
            _check_answer(head)


def _check_answer(head: RequestHead) -> None:
    connection: Any = _Connection()
    headers = head.copy_headers()
    request = HTTPServerRequest._from_head(
        head.method, head.target, head.version, headers, connection
    )
    _APPLICATION.dispatch(request).execute()
    assert connection.answer is not None
    status, headers, body = connection.answer
    assert status < 500, f"{status} for {request.method} {request.uri}"
    assert _SECRET not in body
    assert _SECRET_VERSION not in str(headers)
    path = os.path.normpath(_ROOT).encode()
    assert path not in body
    if status in (301, 302):
        assert destination(headers["Location"]) == ("", ""), headers["Location"]
    elif status == 304:
        assert not body
    elif status == 200 and request.method == "GET":
        assert body in _VISIBLE
        assert headers["Etag"].strip('"') == hashlib.sha512(body).hexdigest()
    elif status == 206 and request.method == "GET":
        unit, _, rest = headers["Content-Range"].partition(" ")
        bounds, _, size = rest.partition("/")
        start, _, last = bounds.partition("-")
        assert unit == "bytes"
        assert len(body) == int(last) + 1 - int(start) > 0
        whole = [content for content in _VISIBLE if len(content) == int(size)]
        assert any(content[int(start) : int(last) + 1] == body for content in whole)
    if status != 304:
        assert request.method == "HEAD" or int(headers["Content-Length"]) == len(body)


def _check_version(path: str) -> None:
    """Links to static files tell nothing of others."""
    try:
        url = StaticFileHandler.make_static_url(_APPLICATION.settings, path)
        version = StaticFileHandler.get_version(_APPLICATION.settings, path)
    except HTTPError as error:
        assert error.status_code == 403  # noqa: PT017 - the path leaves the root
        return
    assert _SECRET_VERSION not in url
    assert version is None or version in _VERSIONS
