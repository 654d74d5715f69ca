"""A request and the secrets of OAuth 1.0 go in; the HMAC-SHA1 signature comes out (RFC 5849, section 3.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tornado.escape import utf8

_DEFAULT_PORTS = {"http": 80, "https": 443}


def encode(value: Any) -> str:
    """Return ``value`` percent-encoded, all but letters, digits and ``-._~`` (section 3.6)."""
    if isinstance(value, bytes):
        return quote(value, safe="~")
    return quote(str(value), safe="~")


def base_uri(url: str) -> str:
    """Return the URL as it is signed: without query and default port (section 3.4.1.2)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{parts.port}"
    return f"{scheme}://{host}{parts.path or '/'}"


def pairs_of(parameters: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield name and value of each parameter; one whose value is a list or tuple is there repeatedly."""
    for name, value in parameters.items():
        if isinstance(value, (list, tuple)):
            for each in value:
                yield name, each
        else:
            yield name, value


def base_string(method: str, url: str, parameters: Mapping[str, Any]) -> str:
    """Return the text that is signed (section 3.4.1.1)."""
    pairs = [*parse_qsl(urlsplit(url).query, keep_blank_values=True), *pairs_of(parameters)]
    encoded = sorted((encode(name), encode(value)) for name, value in pairs)
    normalized = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join([method.upper(), encode(base_uri(url)), encode(normalized)])


def hmac_sha1(
    consumer_secret: str | bytes,
    method: str,
    url: str,
    parameters: Mapping[str, Any],
    token_secret: str | bytes = "",
) -> str:
    """Return the signature (section 3.4.2).

    :arg parameters: those of query, form and protocol, without ``oauth_signature``.
    """
    key = f"{encode(consumer_secret)}&{encode(token_secret)}"
    text = base_string(method, url, parameters)
    # The protocol prescribes SHA-1; as the hash of an HMAC it still holds.
    signature = hmac.new(utf8(key), utf8(text), hashlib.sha1).digest()
    return base64.b64encode(signature).decode("ascii")
