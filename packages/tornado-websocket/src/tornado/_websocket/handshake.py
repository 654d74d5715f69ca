"""Header fields of an opening handshake go in, what they ask for or settle comes out.

RFC 6455 section 4 for both sides. Whatever the peer got wrong is a `HandshakeError` with the
status to respond with.
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tornado._websocket.coding import Extension, ExtensionCodec, check_extensions
from tornado._websocket.errors import HandshakeError
from tornado._websocket.extensions import Offer, parse_extensions, split_subprotocols

__all__ = [
    "SUPPORTED_VERSIONS",
    "Request",
    "accept_value",
    "check_response",
    "is_same_origin",
    "make_key",
    "read_request",
    "request_fields",
]

#: 13 is RFC 6455; 8 and 7 are drafts with the same frames that differ in the name of the Origin
#: field.
SUPPORTED_VERSIONS = ("13", "8", "7")

_authority_end = re.compile(r"[/?#\\]")  # a browser reads a backslash as a slash

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client's opening handshake asks for."""

    key: str
    version: str
    #: Who sent the page that asks, ``None`` if the client is no browser.
    origin: str | None
    subprotocols: list[str]
    extensions: list[Offer]


def accept_value(key: str) -> str:
    """Return the Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    digest = hashlib.sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def make_key() -> str:
    """Return a fresh Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def _has_token(headers: Mapping[str, str], name: str, token: str) -> bool:
    field = headers.get(name, "")
    return any(part.strip(" \t").lower() == token for part in field.split(","))


def read_request(headers: Mapping[str, str]) -> Request:
    """Return what a GET request with these header fields asks for.

    :param headers: field names without regard to case; repeated fields joined by commas.
    :raises HandshakeError: with status 400, or 426 for a version not spoken here.
    """
    if not _has_token(headers, "Upgrade", "websocket"):
        raise HandshakeError('Can "Upgrade" only to "WebSocket".')
    if not _has_token(headers, "Connection", "upgrade"):
        raise HandshakeError('"Connection" must be "Upgrade".')
    version = headers.get("Sec-WebSocket-Version", "")
    if version not in SUPPORTED_VERSIONS:
        raise HandshakeError(
            f"WebSocket version {version!r} is not spoken here",
            426,
            {"Sec-WebSocket-Version": ", ".join(SUPPORTED_VERSIONS)},
        )
    key = headers.get("Sec-WebSocket-Key", "")
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        valid = False
    if not valid:
        raise HandshakeError("Sec-WebSocket-Key is not 16 bytes in base64")
    return Request(
        key,
        version,
        headers.get("Origin" if version == "13" else "Sec-WebSocket-Origin", headers.get("Origin")),
        split_subprotocols(headers.get("Sec-WebSocket-Protocol", "")),
        parse_extensions(headers.get("Sec-WebSocket-Extensions", "")),
    )


def is_same_origin(origin: str, host: str | None) -> bool:
    """Return whether an Origin names the same host and port as a Host field; its path is ignored.

    :param origin: ``scheme://host[:port]``.
    """
    _, separator, rest = origin.partition("://")
    authority = _authority_end.split(rest, maxsplit=1)[0]
    return bool(separator and authority) and authority.lower() == (host or "").lower()


def request_fields(
    key: str, subprotocols: Sequence[str] = (), extensions: str = ""
) -> list[tuple[str, str]]:
    """Return the fields that make a client's GET request an opening handshake."""
    fields = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
    ]
    if subprotocols:
        fields.append(("Sec-WebSocket-Protocol", ",".join(subprotocols)))
    if extensions:
        fields.append(("Sec-WebSocket-Extensions", extensions))
    return fields


def check_response(
    headers: Mapping[str, str],
    key: str,
    subprotocols: Sequence[str] = (),
    extensions: Sequence[Extension] = (),
) -> tuple[str | None, list[ExtensionCodec]]:
    """Return the subprotocol and the codecs of the extensions that a 101 response settles.

    :param key: what the request's Sec-WebSocket-Key was.
    :param subprotocols: what was offered.
    :param extensions: what was offered.
    :raises HandshakeError: with status 101, if the response breaks RFC 6455 section 4.1 or RFC
        7692.
    """
    try:
        if not _has_token(headers, "Upgrade", "websocket"):
            raise HandshakeError("the server's Upgrade field is not websocket")
        if not _has_token(headers, "Connection", "upgrade"):
            raise HandshakeError("the server's Connection field is not Upgrade")
        if headers.get("Sec-WebSocket-Accept", "") != accept_value(key):
            raise HandshakeError("the server's Sec-WebSocket-Accept does not match the key")
        subprotocol = headers.get("Sec-WebSocket-Protocol")
        if subprotocol is not None and subprotocol not in subprotocols:
            raise HandshakeError(f"the server chose a subprotocol not offered: {subprotocol!r}")
        return subprotocol, check_extensions(
            headers.get("Sec-WebSocket-Extensions", ""), extensions
        )
    except HandshakeError as error:
        error.status = 101
        raise
