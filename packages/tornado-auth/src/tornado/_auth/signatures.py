"""The HMAC-SHA1 signatures of OAuth 1.0 requests (RFC 5849, section 3.4)."""

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
    """Return the base string URI: without query and default port (section 3.4.1.2)."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{parts.port}"
    return f"{scheme}://{host}{parts.path or '/'}"


def pairs_of(parameters: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield the name and value of each parameter, repeating the name for a list or tuple of values."""
    for name, value in parameters.items():
        if isinstance(value, (list, tuple)):
            for each in value:
                yield name, each
        else:
            yield name, value


def base_string(method: str, url: str, parameters: Mapping[str, Any]) -> str:
    """Return the signature base string (section 3.4.1.1)."""
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

    :param parameters: those of query, form and protocol, without ``oauth_signature``.
    """
    key = f"{encode(consumer_secret)}&{encode(token_secret)}"
    text = base_string(method, url, parameters)
    # The protocol prescribes SHA-1, which is still sound as the hash of an HMAC.
    signature = hmac.new(utf8(key), utf8(text), hashlib.sha1).digest()
    return base64.b64encode(signature).decode("ascii")
