"""Answers of OpenID and ID tokens go in; only what was signed is believed, all else is one error."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tornado._auth import id_token, openid_response
from tornado._auth.errors import AuthResponseError
from tornado._auth.flows import unpadded
from tornado._auth.openid import _stateless
from tornado.escape import parse_qs_bytes

try:
    from joserfc.jwk import OKPKey
except ImportError:
    # An extra of tornado-auth: without it there are no ID tokens.
    OKPKey = None  # type: ignore[assignment,misc]

TOKENS = [
    b"openid.", b"&openid.ns=", b"&openid.mode=id_res", b"&openid.signed=", b"&openid.sig=x",
    b"&openid.return_to=", b"&openid.op_endpoint=", b"&openid.ns.ax=", b"&openid.ax.type.a=",
    b"&openid.ax.value.a=", b"&openid.ax.count.a=1", b"http%3A%2F%2Fspecs.openid.net%2Fauth%2F2.0",
    b"http%3A%2F%2Fopenid.net%2Fsrv%2Fax%2F1.0", b"https%3A%2F%2Fop%2F", b"%2C", b",ax.type.a", b"%",
    b"%5B", b"[", b"&", b"=", b"+", b"%00", b"%ff", b".", b"\n", b"{", b"}", b"[", b"]", b'"', b":",
    b",", b'"kid":"k"', b'"alg":"Ed25519"', b'"alg":"none"', b'"alg":"HS256"', b'"alg":[]',
    b'"crit":["b64"]', b'"b64":false', b'"jwk":{}', b'"iss":"i"', b'"aud":["a"]', b'"aud":[[]]',
    b'"azp":"a"', b'"exp":', b'"iat":', b'"nbf":', b"NaN", b"Infinity", b"1e999", b"-1", b"true",
    b"null", b'"\\ud800"', b'"nonce":"n"', b'"sub":"s"', b"[[[[[[[[[[[[[[[[", b'{"a":', b"9" * 60,
]  # fmt: skip

_ENDPOINT = "https://op/"
_HERE = "https://rp/login?a=b"
_NOW = 1_300_000_000.0
_ALGORITHMS = ("RS256", "ES256", "Ed25519")
_EXPECTED = id_token.Expected("i", "a", "n", _ALGORITHMS)


def _prepared() -> tuple[Callable[[bytes], bytes], dict[str, Any]] | None:
    """Return how the provider signs, and its public keys."""
    if OKPKey is None:
        return None
    secret = bytes(range(32))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = unpadded(private.public_key().public_bytes_raw())
    key = {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "k", "use": "sig"}
    return private.sign, {"keys": [key]}


_PREPARED = _prepared()


def check(data: bytes) -> None:
    """The first byte chooses: an answer of OpenID, or the header and the claims of an ID token."""
    if not data:
        return
    if data[0] & 1:
        _check_token(data[1:])
    else:
        _check_answer(data[1:])


def _check_answer(query: bytes) -> None:
    arguments = parse_qs_bytes(query, keep_blank_values=True)
    try:
        fields = openid_response.fields_of(arguments)
        signed = openid_response.signed_fields(fields, _ENDPOINT)
    except AuthResponseError as error:
        assert str(error)
        return
    listed = fields["signed"].split(",")
    assert signed.keys() == set(listed)
    assert all(signed[name] == fields[name] for name in signed)
    assert all(len(arguments[f"openid.{name}"]) == 1 for name in signed)
    assert signed["op_endpoint"] == _ENDPOINT
    assert len(_stateless(signed["return_to"])) <= len(signed["return_to"])
    openid_response.is_valid(query)
    try:
        values = openid_response.attributes(
            openid_response.extension(signed, openid_response.NS_AX)
        )
        assert set(values.values()) <= set(signed.values())
        openid_response.check_return_to(signed["return_to"], _HERE, arguments, whole=True)
        nonces = openid_response.Nonces()
        nonces.take(_ENDPOINT, signed["response_nonce"], _NOW)
    except AuthResponseError:
        return
    assert urlsplit(signed["return_to"])[:3] == ("https", "rp", "/login")
    try:
        nonces.take(_ENDPOINT, signed["response_nonce"], _NOW)
    except AuthResponseError:
        return
    raise AssertionError("a replayed answer was taken")


def _check_token(sent: bytes) -> None:
    if _PREPARED is None:
        return
    sign, keys = _PREPARED
    header, _, claims = sent.partition(b"\n")
    content = f"{unpadded(header)}.{unpadded(claims)}"
    signature = unpadded(sign(content.encode()))
    for token, is_signed in (
        (f"{content}.{signature}", True),
        (f"{content}.{signature[:-4]}AAAA", False),
        (f"{content}.", False),
        (sent.decode("latin-1"), False),
    ):
        try:
            believed = id_token.verified_claims(token, keys, _EXPECTED, _NOW)
        except AuthResponseError as error:
            assert str(error)
            continue
        assert is_signed, f"believed without a signature: {token}"
        assert believed["iss"] == "i"
        assert believed["aud"] == "a" or "a" in believed["aud"]
        assert believed["nonce"] == "n"
        assert believed["sub"]
        assert believed["exp"] > _NOW - id_token.LEEWAY_SECONDS
        assert math.isfinite(believed["iat"])
        decoded = base64.urlsafe_b64decode(token.split(".")[0] + "==")
        assert any(f'"{name}"'.encode() in decoded for name in _ALGORITHMS)
        try:
            id_token.check_access_token(token, believed, "access")
        except AuthResponseError:
            continue
        assert "at_hash" not in believed or believed["at_hash"] is None
