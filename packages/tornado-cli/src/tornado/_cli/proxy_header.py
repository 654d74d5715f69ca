"""The PROXY protocol, versions 1 and 2: what a proxy says of a connection before its first byte.

The bytes of a header in, the client's address out; no I/O.
"""

from __future__ import annotations

import ipaddress
import struct

#: Bytes of the longest header of version 1, the line end included.
MAX_LINE = 107
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
#: Bytes of a header of version 2 before the addresses.
FIXED_SIZE = 16

Address = tuple[str, int]


class ProxyHeaderError(ValueError):
    """A header is malformed."""


def read_line(line: bytes) -> Address | None:
    """Return the client's address in a header of version 1.

    :param line: with its CRLF.
    :returns: ``None`` where the proxy does not know it.
    :raises ProxyHeaderError: if it is malformed.
    """
    if not line.endswith(b"\r\n") or len(line) > MAX_LINE:
        raise ProxyHeaderError(f"malformed PROXY line {line[:MAX_LINE]!r}")
    parts = line[:-2].split(b" ")
    if parts[:2] == [b"PROXY", b"UNKNOWN"]:
        return None
    if len(parts) != 6 or parts[0] != b"PROXY" or parts[1] not in (b"TCP4", b"TCP6"):
        raise ProxyHeaderError(f"malformed PROXY line {line!r}")
    version = 4 if parts[1] == b"TCP4" else 6
    return _address(parts[2].decode("latin-1"), version), _port(parts[4])


def size_of_rest(fixed: bytes) -> int:
    """Return how many bytes follow the first `FIXED_SIZE` ones of a header of version 2.

    :raises ProxyHeaderError: if they begin no such header.
    """
    if not fixed.startswith(SIGNATURE) or fixed[12] >> 4 != 2:
        raise ProxyHeaderError("malformed PROXY header")
    size: int = struct.unpack_from("!H", fixed, 14)[0]
    return size


def read_binary(fixed: bytes, rest: bytes) -> Address | None:
    """Return the client's address in a header of version 2.

    :returns: ``None`` for a connection of the proxy itself, such as a health check, and for other
        families than IP.
    :raises ProxyHeaderError: if it is malformed.
    """
    command, family = fixed[12] & 0x0F, fixed[13] >> 4
    if command == 0:
        return None
    if command != 1:
        raise ProxyHeaderError(f"unknown PROXY command {command}")
    if family == 1 and len(rest) >= 12:
        return str(ipaddress.IPv4Address(rest[:4])), struct.unpack_from("!H", rest, 8)[0]
    if family == 2 and len(rest) >= 36:
        return str(ipaddress.IPv6Address(rest[:16])), struct.unpack_from("!H", rest, 32)[0]
    if family in (0, 3):
        return None
    raise ProxyHeaderError("PROXY header too short for its addresses")


def _address(text: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise ProxyHeaderError(str(error)) from None
    if address.version != version:
        raise ProxyHeaderError(f"{text} is no address of IPv{version}")
    return str(address)


def _port(text: bytes) -> int:
    if not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise ProxyHeaderError(f"malformed port {text!r}")
    return int(text)
