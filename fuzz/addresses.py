"""Header fields of proxies go in; address and scheme of a request come out, and no forgery counts."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

from tornado._httpserver.context import _HTTPRequestContext, forwarded_from_right
from tornado.httputil import HTTPHeaders

TOKENS = [
    b"\n", b"X-Forwarded-For: ", b"X-Real-Ip: ", b"X-Scheme: ", b"X-Forwarded-Proto: ",
    b"Forwarded: ", b"for=", b"For=", b"proto=", b"by=", b"host=", b'"', b'="', b"\\", b'\\"', b",",
    b", ", b";", b"=", b" ", b"\t", b":", b"[", b"]", b"[::1]", b"::1", b"::ffff:1.2.3.4", b"%lo",
    b"%1", b":80", b"]:80", b"1.2.3.4", b"10.0.0.1", b"127.1", b"0x7f.0.0.1", b"2130706433",
    b"010.0.0.1", b"_hidden", b"unknown", b"https", b"HTTP", b"ftp", b"http,https", b"\xa0", b"\xb2",
    b"fe80::1%eth0", b"localhost", b"1.2.3.4 ", b"0.0.0.0",
]  # fmt: skip

_NAMES = ("X-Forwarded-For", "X-Real-Ip", "X-Scheme", "X-Forwarded-Proto", "Forwarded")
_PROXY = "10.0.0.1"
_CLIENT = "192.0.2.9"


def _applied(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """Return address and scheme after these fields came from our own proxy; they are taken back."""
    stream: Any = SimpleNamespace(socket=SimpleNamespace(family=socket.AF_INET))
    context = _HTTPRequestContext(stream, (_PROXY, 4711), None, [_PROXY])
    context._apply_xheaders(HTTPHeaders._from_normalized(pairs))
    result = context.remote_ip, context.protocol
    context._unapply_xheaders()
    assert (context.remote_ip, context.protocol) == (_PROXY, "http")
    return cast("tuple[str, str]", result)


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text.partition("%")[0])
        except (OSError, ValueError):
            continue
        return True
    return False


def check(data: bytes) -> None:
    """Each line is a header field; others than those of proxies are left out."""
    pairs = []
    for line in data.decode("latin-1").split("\n"):
        name, colon, value = line.partition(":")
        if colon and name in _NAMES:
            pairs.append((name, value.strip(" \t")))
    address, scheme = _applied(pairs)
    assert address.isascii()
    assert address.isprintable()
    assert _is_address(address), f"{address!r} is no address"
    assert scheme in ("http", "https")
    if not pairs:
        assert (address, scheme) == (_PROXY, "http")
        return
    unquoted = [value.replace("\\", "") for _, value in pairs]
    assert address == _PROXY or any(address in value for value in unquoted)
    for name, value in pairs:
        if name == "Forwarded":
            _check_appended("Forwarded", value, f"for={_CLIENT};proto=http")
            for element in forwarded_from_right([value]):
                assert all(key == key.lower() and key.strip() for key in element)
        elif name == "X-Forwarded-For":
            _check_appended(name, value, _CLIENT)


def _check_appended(name: str, sent: str, written: str) -> None:
    """What the client sends comes before what the proxy adds of it, which counts or nothing does."""
    address, scheme = _applied([(name, f"{sent}, {written}")])
    assert address in (_CLIENT, _PROXY), f"{address} was forged by {sent!r}"
    assert scheme == "http", f"{scheme} was forged by {sent!r}"
