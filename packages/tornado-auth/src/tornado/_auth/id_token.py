"""Verifying an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

No network and no clock: the caller passes keys and time. Signatures are verified by
joserfc, the extra ``oidc``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from tornado._auth.errors import AuthResponseError
from tornado._auth.flows import secrets_equal, unpadded

#: Seconds by which the provider's clock may differ.
LEEWAY_SECONDS = 60


@dataclass(frozen=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str | None
    algorithms: Sequence[str]


class UnknownKeyError(AuthResponseError):
    """The token is signed by none of the known keys; the provider may have newer ones."""


def require_joserfc() -> None:
    """Raise an `ImportError` that names the extra, unless it is installed."""
    if find_spec("joserfc") is None:
        raise ImportError(
            "verifying ID tokens needs joserfc: pip install 'tornado-auth[oidc]'", name="joserfc"
        )


def key_id(token: str) -> str | None:
    """Return which key signed ``token``, as its header says without proof.

    :raises AuthResponseError: if it is no signed token.
    """
    try:
        header = _header_of(token)
    except (ValueError, RecursionError):
        raise AuthResponseError("the ID token has no header in JSON") from None
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else None


def _header_of(token: str) -> Any:
    first = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))


def verified_claims(
    token: str, keys: Mapping[str, Any], expected: Expected, now: float
) -> dict[str, Any]:
    """Return the claims of ``token``.

    :param keys: the provider's JSON Web Key Set.
    :param now: seconds since the epoch.
    :raises UnknownKeyError: if its key is not among them.
    :raises AuthResponseError: if its signature is wrong, or it does not say what is expected.
    """
    claims = _signed_claims(token, keys, expected.algorithms)
    _check_parties(claims, expected)
    _check_times(claims, now)
    if expected.nonce is not None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not secrets_equal(nonce, expected.nonce):
            raise AuthResponseError("the ID token's nonce is not that of this login")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise AuthResponseError("the ID token names no subject")
    return claims


def _signed_claims(
    token: str, keys: Mapping[str, Any], algorithms: Sequence[str]
) -> dict[str, Any]:
    require_joserfc()
    # Here, since it is an optional requirement.
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    kid = key_id(token)
    # Symmetric keys have no place among a provider's public ones.
    usable = [
        key
        for key in keys.get("keys") or []
        if isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
        and (kid is None or key.get("kid") == kid)
    ]
    if not usable:
        raise UnknownKeyError("the ID token is signed by a key that the provider does not name")
    if kid is None and len(usable) > 1:
        raise AuthResponseError(f"the ID token names none of {len(usable)} keys")
    try:
        key_set = KeySet.import_key_set({"keys": [dict(usable[0])]})
        signed = jws.deserialize_compact(token, key_set, algorithms=list(algorithms))
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise AuthResponseError(f"the ID token is invalid: {error}") from error
    if not isinstance(claims, dict):
        raise AuthResponseError("the ID token holds no claims")
    return claims


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise AuthResponseError(
            f"the ID token's issuer is {claims.get('iss')!r}, expected {expected.issuer!r}"
        )
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise AuthResponseError(
            f"the ID token is for {audience!r}, expected {expected.client_id!r}"
        )
    authorized = claims.get("azp")
    if authorized is None and len(audiences) > 1:
        raise AuthResponseError("the ID token is for several, and does not name its party")
    if authorized is not None and authorized != expected.client_id:
        raise AuthResponseError(
            f"the ID token's party is {authorized!r}, expected {expected.client_id!r}"
        )


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    def time_of(name: str) -> float:
        value = claims.get(name)
        # JSON as Python reads it has NaN, which is neither before nor after anything.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
            raise AuthResponseError(f"the ID token's {name} is {value!r}, expected seconds")
        return value

    if time_of("exp") <= now - LEEWAY_SECONDS:
        raise AuthResponseError("the ID token has expired")
    if time_of("iat") > now + LEEWAY_SECONDS:
        raise AuthResponseError("the ID token was issued in the future")
    if "nbf" in claims and time_of("nbf") > now + LEEWAY_SECONDS:
        raise AuthResponseError("the ID token is not valid yet")


def check_access_token(token: str, claims: Mapping[str, Any], access_token: str) -> None:
    """Check that the access token came with the ID token, if that says so (section 3.1.3.8).

    :raises AuthResponseError: if it did not.
    """
    expected = claims.get("at_hash")
    if expected is None:
        return
    algorithm = str(_header_of(token).get("alg"))
    # With Ed25519 it is of SHA-512, as that signs.
    bits = algorithm[-3:] if algorithm[-3:] in ("256", "384", "512") else "512"
    hashed = hashlib.new(f"sha{bits}", access_token.encode("ascii", "replace")).digest()
    if not secrets_equal(unpadded(hashed[: len(hashed) // 2]), str(expected)):
        raise AuthResponseError("the access token is not the one of the ID token")
