"""The value of a Cookie field goes in; every reader of cookies takes it, and no signature is made up."""

from __future__ import annotations

import logging

from tornado.httputil import HTTPHeaders, HTTPServerRequest, parse_cookie
from tornado.web import create_signed_value, decode_signed_value, get_signature_key_version

TOKENS = [
    b";", b"; ", b"=", b'"', b'""', b"\\", b"\\073", b"\\377", b"\\400", b'\\"', b",", b" ", b"\t",
    b"a", b"a=b", b"$Version=1", b"__Host-a=1", b"Path=/", b"expires", b"HttpOnly", b"\0", b"\r",
    b"\n", b"\x7f", b"\xff", b"\xe2\x82\xac", b"|", b":", b"2|", b"1:0|", b"10:1300000000|", b"6:a|",
    b"0:|", b"-1:", b"99999999999999999999:", b"4:YQ==|", b"YQ==|1300000000|",
]  # fmt: skip

SECRETS: dict[int, str] = {0: "first", 7: "second"}
NOW = 1_300_000_000.0

# A refused signature is logged, and nearly all are refused here.
logging.getLogger("tornado").setLevel(logging.CRITICAL)


def check(data: bytes) -> None:
    """The whole input is the field, a signed value, and something to sign."""
    text = data.decode("latin-1")
    _check_field(text)
    _check_signed(data)
    _check_forged(data)


def _check_field(text: str) -> None:
    cookies = parse_cookie(text)
    for name in cookies:
        assert name == name.strip()
        assert ";" not in name
        assert "=" not in name
    headers = HTTPHeaders._from_normalized([("Cookie", text), ("Host", "h")])
    request = HTTPServerRequest("GET", "/", "HTTP/1.1", headers)
    for name, morsel in request.cookies.items():
        assert morsel.value == cookies[name]
    # A cookie cannot pass for another: what one field holds is what its parts hold.
    expected: dict[str, str] = {}
    for part in text.split(";"):
        expected.update(parse_cookie(part))
    assert cookies == expected


def _check_signed(data: bytes) -> None:
    for secret in ("secret", SECRETS):
        for oldest in (1, 2):
            decoded = decode_signed_value(
                secret, "name", data, clock=lambda: NOW, min_version=oldest
            )
            assert decoded is None, "a signature was taken that nobody made"
    version = get_signature_key_version(data)
    assert version is None or isinstance(version, int)
    signed = create_signed_value(SECRETS, "name", data, clock=lambda: NOW, key_version=7)
    assert get_signature_key_version(signed) == 7
    assert decode_signed_value(SECRETS, "name", signed, clock=lambda: NOW) == data
    assert decode_signed_value(SECRETS, "other", signed, clock=lambda: NOW) is None
    late = NOW + 32 * 86400
    assert decode_signed_value(SECRETS, "name", signed, clock=lambda: late) is None


def _check_forged(data: bytes) -> None:
    """A signed value that was changed is believed only if it still says the same.

    The changes are in the input: each two bytes name a place and what to do there.
    """
    for version in (1, 2):
        value = data[-6:]
        signed = create_signed_value("secret", "name", value, version, clock=lambda: NOW)
        forged = bytearray(signed)
        for place, change in zip(data[0:16:2], data[1:16:2], strict=False):
            at = place % (len(forged) + 1)
            if change < 64:
                forged[at : at + 1 + change // 16] = b""
            elif change < 128:
                forged[at:at] = bytes([b"0123456789|:=ab-"[change % 16]])
            elif change < 192:
                forged[at : at + 1] = bytes([b"0123456789|:=ab-"[change % 16]])
            else:
                # A part goes elsewhere, such as digits over a border between fields.
                part = forged[at : at + 1 + change % 8]
                del forged[at : at + 1 + change % 8]
                to = (at + change // 8) % (len(forged) + 1)
                forged[to:to] = part
        decoded = decode_signed_value("secret", "name", bytes(forged), clock=lambda: NOW)
        assert decoded is None or (decoded == value and forged == signed), bytes(forged)
