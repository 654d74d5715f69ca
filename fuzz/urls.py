"""URLs, targets and queries go in; arguments, new URLs and where a client would connect come out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

from tornado._httpclient.redirects import follow
from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import parse_url
from tornado._httputil.urls import origin_form
from tornado._web.targets import destination, leaves_host
from tornado.escape import url_escape, url_unescape
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerRequest,
    parse_request_start_line,
    parse_response_start_line,
    split_host_and_port,
    url_concat,
)

TOKENS = [
    b"\n", b"http://", b"https://", b"HTTP:", b"http+unix://", b"javascript:", b"file:///", b"//",
    b"///", b"/\\", b"\\\\", b"@", b"u:p@", b":", b":80", b":443", b":99999", b"[", b"]", b"[::1]",
    b"[::1%25lo]", b"?", b"#", b"&", b"=", b"+", b"%", b"%2f", b"%2F%2e", b"%00", b"%zz", b"%C3%A4",
    b";", b".", b"..", b"/../", b" ", b"\t", b"\r", b"\0", b"\x7f", b"\xe4", b"\xc3\xa4", b"h", b"*",
    b"\xef\xbc\x8f", b"\xe2\x84\x80", b"xn--", b"GET / HTTP/1.1", b"HTTP/1.0 200 OK", b"one.example",
]  # fmt: skip

_HERE = "https://one.example/folder/page?q=1#part"
_SECRETS = {"Authorization": "Basic eDp5", "Cookie": "id=1", "Proxy-Authorization": "Basic eDp5"}


def check(data: bytes) -> None:
    """The first line is a URL, the second a query; together they are other things too."""
    assert url_unescape(url_escape(data), encoding=None) == data
    assert url_unescape(url_escape(data, plus=False), encoding=None, plus=False) == data
    url, _, query = data.decode("utf-8", "replace").partition("\n")
    _check_request(data.decode("latin-1").replace("\n", "&"))
    _check_concatenation(url, query)
    _check_start_lines(url)
    _check_target(url)
    _check_redirect(url)


def _check_request(target: str) -> None:
    request = HTTPServerRequest("GET", target, "HTTP/1.1", HTTPHeaders(Host=target[:64]))
    name, port = split_host_and_port(target)
    if port is None:
        assert name == target
    else:
        assert 0 <= port < 10**10
        assert name
        assert target.startswith(f"{name}:")
        assert int(target[len(name) + 1 :]) == port
    assert request.host_name == request.host_name.lower()
    assert request.full_url() == f"http://{request.host}{origin_form(target)}"
    expected: dict[str, list[bytes]] = {}
    try:
        arguments = request.arguments
    except HTTPInputError:
        assert target.count("&") > 500
        return
    for field, value in parse_qsl(target.partition("?")[2], True, encoding="latin-1"):
        expected.setdefault(field, []).append(value.encode("latin-1"))
    assert arguments == expected


def _check_concatenation(url: str, query: str) -> None:
    added = parse_qsl(query, True)
    result = url_concat(url, added)
    if not added:
        assert result == url
        return
    before, _, fragment = url.partition("#")
    base, _, old = before.partition("?")
    after, _, kept = result.partition("#")
    assert kept == fragment
    assert after.partition("?")[0] == base
    assert parse_qsl(after.partition("?")[2], True) == [*parse_qsl(old, True), *added]
    if not leaves_host(url):
        assert not leaves_host(result), f"{result!r} is on another host than {url!r}"


def _check_start_lines(line: str) -> None:
    for parse in (parse_request_start_line, parse_response_start_line):
        try:
            parts: Any = parse(line)
        except HTTPInputError:
            continue
        if parse is parse_request_start_line:
            assert line == " ".join(parts)
            assert parts.version.startswith("HTTP/1.")
        else:
            assert 0 <= parts.code <= 999
    scheme, host = destination(line)
    assert scheme == scheme.lower()
    if not leaves_host(line):
        assert (scheme, host) == ("", "")


def _check_target(url: str) -> None:
    try:
        target = parse_url(url)
    except ValueError:
        return
    assert target.scheme in ("http", "https", "http+unix")
    assert target.host
    assert 0 <= target.port <= 65535
    for part in (target.authority, target.path):
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part
    assert not set(target.authority) & set('/?#@\\"<>')
    assert target.path.startswith("/")


def _check_redirect(location: str) -> None:
    settings = Settings()
    settings.__dict__.update(
        url=_HERE, method="POST", max_redirects=3, _headers=HTTPHeaders(_SECRETS), _body=b"x",
        auth_username="user", auth_password="word", client_cert="c", client_key="k",
    )  # fmt: skip
    here = parse_url(_HERE)
    if not location.isprintable():
        return  # no header field holds it
    try:
        following = follow(settings, here, 302, HTTPHeaders({"Location": location}))
        there = parse_url(following.url)
    except ValueError:
        return
    assert following.max_redirects == 2
    assert following.method == "GET"
    assert following._body is None
    assert there.scheme in ("http", "https")
    if there.origin == here.origin:
        return
    assert not set(following._headers) & set(_SECRETS), f"secrets go to {there.origin}"
    kept = SimpleNamespace(**{k: v for k, v in following.__dict__.items() if v is not None})
    for name in ("auth_username", "auth_password", "client_cert", "client_key"):
        assert not hasattr(kept, name), f"{name} goes to {there.origin}"
