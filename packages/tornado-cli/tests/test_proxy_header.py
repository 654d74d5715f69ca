"""The PROXY protocol, by its bytes."""

import struct

import pytest

from tornado._cli import proxy_header
from tornado._cli.proxy_header import ProxyHeaderError


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n", ("192.0.2.1", 5000)),
        (b"PROXY TCP6 2001:db8:0::1 2001:db8::2 5000 80\r\n", ("2001:db8::1", 5000)),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN anything at all\r\n", None),
    ],
)
def test_lines(line, address):
    assert proxy_header.read_line(line) == address


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 5000\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 5000 80\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 5000 80\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 70000 80\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +500 80\r\n",
        b"PROXY TCP4 evil 192.0.2.2 5000 80\r\n",
        b"PROXY  TCP4 192.0.2.1 192.0.2.2 5000 80\r\n",
        b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
    ],
)
def test_malformed_lines(line):
    with pytest.raises(ProxyHeaderError):
        proxy_header.read_line(line)


def binary(command, family, rest):
    head = struct.pack("!BBH", 0x20 | command, family << 4 | 1, len(rest))
    return proxy_header.SIGNATURE + head, rest


FOUR = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + struct.pack("!HH", 5000, 80)
SIX = bytes.fromhex("20010db8000000000000000000000001") * 2 + struct.pack("!HH", 5000, 80)


@pytest.mark.parametrize(
    ("command", "family", "rest", "address"),
    [
        (1, 1, FOUR, ("192.0.2.1", 5000)),
        (1, 1, FOUR + b"TLV", ("192.0.2.1", 5000)),
        (1, 2, SIX, ("2001:db8::1", 5000)),
        (0, 0, b"", None),
        (0, 1, FOUR, None),
        (1, 0, b"", None),
        (1, 3, b"x" * 216, None),
    ],
)
def test_binary(command, family, rest, address):
    fixed, rest = binary(command, family, rest)
    assert proxy_header.size_of_rest(fixed) == len(rest)
    assert proxy_header.read_binary(fixed, rest) == address


@pytest.mark.parametrize(
    ("command", "family", "rest"), [(2, 1, FOUR), (1, 1, FOUR[:-1]), (1, 2, FOUR), (1, 4, FOUR)]
)
def test_malformed_binary(command, family, rest):
    fixed, rest = binary(command, family, rest)
    with pytest.raises(ProxyHeaderError):
        proxy_header.read_binary(fixed, rest)


@pytest.mark.parametrize("fixed", [b"\r\n\r\n\x00\r\nQUIT\r\x21\x11\x00", b"x" * 16])
def test_what_begins_no_header(fixed):
    with pytest.raises(ProxyHeaderError):
        proxy_header.size_of_rest(fixed)


def test_another_version():
    with pytest.raises(ProxyHeaderError):
        proxy_header.size_of_rest(proxy_header.SIGNATURE + b"\x11\x11\x00\x00")
