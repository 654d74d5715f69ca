"""What a server knows of its client: the address and the scheme, by itself or from a proxy's headers."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from tornado._http1.seam import TOKEN
from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, SSLIOStream

_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-Ip", "X-Scheme", "X-Forwarded-Proto")


class TrustedProxies(frozenset[str]):
    """Addresses and networks of proxies. An address is contained by value, however it is written.

    :raises ValueError: if an item is neither an address nor a network.
    """

    _addresses: frozenset[ipaddress.IPv4Address | ipaddress.IPv6Address]
    _networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def __new__(cls, proxies: Iterable[str] = ()) -> TrustedProxies:
        if isinstance(proxies, str):
            raise TypeError(f"trusted_downstream is a list of addresses, not {proxies!r}")
        self = super().__new__(cls, proxies)
        addresses, networks = set(), []
        for proxy in self:
            try:
                if "/" in proxy:
                    networks.append(ipaddress.ip_network(proxy, strict=False))
                else:
                    addresses.add(_parsed_address(proxy))
            except ValueError:
                raise ValueError(
                    f"trusted_downstream: {proxy!r} is neither an IP address nor a network"
                ) from None
        self._addresses = frozenset(addresses)
        self._networks = tuple(networks)
        return self

    def __contains__(self, address: object) -> bool:
        if not self or not isinstance(address, str) or not _is_address(address):
            return False
        parsed = _parsed_address(address)
        return parsed in self._addresses or any(parsed in network for network in self._networks)


def _parsed_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address in ``text``; one of IPv4 also where it is mapped into IPv6."""
    parsed = ipaddress.ip_address(text)
    return getattr(parsed, "ipv4_mapped", None) or parsed


class _HTTPRequestContext:
    """What a server knows of its client.

    :param protocol: the scheme to report whatever the stream is; ``None``: as the stream is.
    :param trusted_downstream: addresses and networks of proxies whose entries in X-Forwarded-For and
        Forwarded are ignored.
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
        if not isinstance(trusted_downstream, TrustedProxies):
            trusted_downstream = TrustedProxies(trusted_downstream or ())
        self.trusted_downstream = trusted_downstream

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
                self._apply_forwarded(headers.get_list("Forwarded"))
            return
        address = headers.get("X-Real-Ip")
        if address is not None:
            address = address.rpartition(",")[2]  # of several lines the nearest proxy's is the last
        elif "X-Forwarded-For" in headers:
            address = self._nearest(
                [_without_port(one.strip()) for one in headers["X-Forwarded-For"].split(",")]
            )
        if address is not None:
            self._take_address(_without_port(address.strip()))
        scheme = headers.get("X-Scheme", headers.get("X-Forwarded-Proto"))
        if scheme is not None:
            self._take_scheme(scheme.rpartition(",")[2].strip())

    def _apply_forwarded(self, lines: list[str]) -> None:
        """Take address and scheme from the Forwarded lines of a request.

        The list is read from its right end, where the nearest proxy wrote: nothing that stands to
        the left of an element changes how that is read. A faulty element counts as ``for=unknown``.
        """
        address = ""
        is_nearest = True
        for element in forwarded_from_right(lines):
            address = _without_port(element.get("for", ""))
            if is_nearest:
                is_nearest = False
                self._take_scheme(element.get("proto", ""))
            if address not in self.trusted_downstream:
                break
        self._take_address(address)

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
    """Return whether ``text`` is an address in a usual form.

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


def forwarded_from_right(lines: list[str]) -> Iterator[dict[str, str]]:
    """Yield the elements of Forwarded lines (RFC 7239 section 4), the nearest proxy's first.

    :returns: for each element its parameters, names in lower case; none for a faulty element. Empty
        elements are left out.
    """
    for line in reversed(lines):
        for element in _split_from_right(line):
            if element.strip(" \t"):
                yield _parse_element(element) or {}


def _split_from_right(line: str) -> Iterator[str]:
    """Yield what the commas in ``line`` separate, from its end; those within quotes do not count.

    Whether a comma is quoted follows from what stands to its right: a quote that the client has left
    open concerns nothing that a proxy appends.
    """
    end = position = len(line)
    is_quoted = False
    while position:
        position -= 1
        character = line[position]
        if character == '"':
            before = position
            while before and line[before - 1] == "\\":
                before -= 1
            if (position - before) % 2 == 0:  # not escaped
                is_quoted = not is_quoted
            position = before
        elif character == "," and not is_quoted:
            yield line[position + 1 : end]
            end = position
    yield line[:end]


def _parse_element(value: str) -> dict[str, str] | None:
    """Return the parameters of one element; ``None`` if it is malformed."""
    parameters: dict[str, str] = {}
    position = 0
    while True:
        position = _skip_space(value, position)
        equals = value.find("=", position)
        name = value[position:equals].strip(" \t").lower()
        parsed = _parameter_value(value, equals + 1) if equals > 0 else None
        if parsed is None or not TOKEN.match(name) or name in parameters:
            return None
        parameters[name], position = parsed
        position = _skip_space(value, position)
        if position == len(value):
            return parameters
        if value[position] != ";":
            return None
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
