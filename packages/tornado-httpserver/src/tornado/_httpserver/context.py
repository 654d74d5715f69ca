"""A stream, an address and the headers of proxies go in; the client's address and scheme come out."""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import Any

from tornado._httputil.names import TOKEN
from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, SSLIOStream

_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-Ip", "X-Scheme", "X-Forwarded-Proto")


class _HTTPRequestContext:
    """What a server knows of its client.

    :arg protocol: the scheme to report whatever the stream is; ``None``: as the stream is.
    :arg trusted_downstream: addresses of proxies whose entries in X-Forwarded-For and Forwarded
        are passed over.
    """

    __slots__ = (
        "__dict__",
        "_orig_protocol",
        "_orig_remote_ip",
        "address",
        "address_family",
        "protocol",
        "remote_ip",
        "trusted_downstream",
    )

    def __init__(
        self,
        stream: IOStream,
        address: Any,
        protocol: str | None,
        trusted_downstream: Collection[str] | None = None,
    ) -> None:
        self.address = address
        sock = stream.socket
        self.address_family = sock.family if sock is not None else None
        if self.address_family in (socket.AF_INET, socket.AF_INET6) and address:
            self.remote_ip = address[0]
        else:
            self.remote_ip = "0.0.0.0"  # a unix socket, or one of unknown kind
        if protocol:
            self.protocol = protocol
        else:
            self.protocol = "https" if isinstance(stream, SSLIOStream) else "http"
        self._orig_remote_ip = self.remote_ip
        self._orig_protocol = self.protocol
        self.trusted_downstream = frozenset(trusted_downstream or ())

    def __str__(self) -> str:
        if self.address_family in (socket.AF_INET, socket.AF_INET6):
            return str(self.remote_ip)
        return str(self.address) or "a unix socket"

    def _apply_xheaders(self, headers: HTTPHeaders) -> None:
        """Take address and scheme for one request from what a proxy in front has written.

        X-Forwarded-For and X-Real-Ip, X-Scheme and X-Forwarded-Proto count if any of them is
        there, else Forwarded (RFC 7239): a proxy that sets the former may pass on a client's
        forgery of the latter.
        """
        self._unapply_xheaders()
        if not any(name in headers for name in _PROXY_HEADERS):
            if "Forwarded" in headers:
                self._apply_forwarded(headers["Forwarded"])
            return
        address = headers.get("X-Real-Ip")
        if address is None and "X-Forwarded-For" in headers:
            address = self._nearest(
                [_without_port(one.strip()) for one in headers["X-Forwarded-For"].split(",")]
            )
        if address is not None:
            self._take_address(_without_port(address.strip()))
        scheme = headers.get("X-Scheme", headers.get("X-Forwarded-Proto"))
        if scheme is not None:
            self._take_scheme(scheme.rpartition(",")[2].strip())

    def _apply_forwarded(self, value: str) -> None:
        """Take address and scheme from a Forwarded field."""
        elements = parse_forwarded(value)
        if not elements:
            return
        chosen = elements[0]
        for element in reversed(elements):
            chosen = element
            if _without_port(element.get("for", "")) not in self.trusted_downstream:
                break
        self._take_address(_without_port(chosen.get("for", "")))
        self._take_scheme(elements[-1].get("proto", ""))

    def _nearest(self, addresses: list[str]) -> str:
        """Return the last address that is none of our own proxies."""
        for address in reversed(addresses):
            if address not in self.trusted_downstream:
                return address
        return addresses[0]

    def _take_address(self, address: str) -> None:
        if _is_address(address):
            self.remote_ip = address

    def _take_scheme(self, scheme: str) -> None:
        if scheme.lower() in ("http", "https"):
            self.protocol = scheme.lower()

    def _unapply_xheaders(self) -> None:
        """Return to what the connection itself says."""
        self.remote_ip = self._orig_remote_ip
        self.protocol = self._orig_protocol


def _is_address(text: str) -> bool:
    """Tell whether ``text`` is an address in a usual form.

    Resolvers take ``127.1``, ``0x7f.0.0.1`` and ``2130706433`` for addresses too; an application that
    compares texts would not know these again. An IPv6 zone (``fe80::1%eth0``) means nothing on
    another machine than the one that wrote it, and what follows a colon in it may be anything.
    """
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def _without_port(node: str) -> str:
    """Return the address of ``address``, ``address:port``, ``[v6]`` or ``[v6]:port``."""
    if node.startswith("["):
        address, bracket, port = node[1:].partition("]")
        return address if bracket and (not port or _is_port(port)) else node
    if node.count(":") == 1:
        address, _, port = node.partition(":")
        return address if _is_port(":" + port) else node
    return node


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit()


def parse_forwarded(value: str) -> list[dict[str, str]]:
    """Return the elements of a Forwarded field (RFC 7239 section 4), the nearest proxy's last.

    :returns: for each element its parameters, names in lower case; an empty list if the field is
        malformed.
    """
    elements: list[dict[str, str]] = [{}]
    position = 0
    while True:
        position = _skip_space(value, position)
        equals = value.find("=", position)
        if equals < 0:
            return [] if value[position:] else elements
        name = value[position:equals].strip(" \t").lower()
        parsed = _parameter_value(value, equals + 1)
        if parsed is None or not TOKEN.match(name) or name in elements[-1]:
            return []
        elements[-1][name], position = parsed
        position = _skip_space(value, position)
        if position == len(value):
            return elements
        if value[position] == ",":
            elements.append({})
        elif value[position] != ";":
            return []
        position += 1


def _skip_space(value: str, position: int) -> int:
    while position < len(value) and value[position] in " \t":
        position += 1
    return position


def _parameter_value(value: str, position: int) -> tuple[str, int] | None:
    """Return the token or quoted string at ``position`` and the position behind it."""
    if value[position : position + 1] != '"':
        end = position
        while end < len(value) and value[end] not in ";, \t":
            end += 1
        return (value[position:end], end) if end > position else None
    characters: list[str] = []
    position += 1
    while position < len(value):
        character = value[position]
        if character == '"':
            return "".join(characters), position + 1
        if character == "\\":
            position += 1
            character = value[position : position + 1]
        characters.append(character)
        position += 1
    return None
