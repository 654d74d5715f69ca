"""Nothing in, a self-signed certificate for loopback addresses out, for tests only.

An X.509 certificate (RFC 5280) over a P-256 key, signed with ECDSA (FIPS 186-5), in plain Python, so
that tests over TLS need no further package and no key lies in a repository. The arithmetic takes no
care of side channels: nothing but a test may trust what it makes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ipaddress
import os
import secrets
import shutil
import tempfile
from atexit import register
from datetime import datetime, timedelta, timezone

# P-256: the field's prime, the group's order, the curve's coefficient and its base point.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_A = _P - 3
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int] | None

_NAMES = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")
_VALID = timedelta(days=2)


def _add(a: _Point, b: _Point) -> _Point:
    """Return the sum of two points of the curve; None is the neutral one."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % _P == 0:
            return None
        slope = (3 * a[0] * a[0] + _A) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _multiply(factor: int, point: _Point) -> tuple[int, int]:
    """Return a multiple of a point, for a factor that is none of the group's order."""
    result: _Point = None
    while factor:
        if factor & 1:
            result = _add(result, point)
        point = _add(point, point)
        factor >>= 1
    assert result is not None
    return result


# --- DER (X.690) --------------------------------------------------------------------------------


def _tagged(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, *parts)


def _integer(number: int) -> bytes:
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tagged(0x03, b"\0", content)


def _identifier(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    encoded = bytes([first * 40 + second])
    for arc in rest:
        digits = [arc & 127]
        while arc := arc >> 7:
            digits.append(128 | (arc & 127))
        encoded += bytes(reversed(digits))
    return _tagged(0x06, encoded)


def _time(moment: datetime) -> bytes:
    return _tagged(0x17, moment.strftime("%y%m%d%H%M%SZ").encode("ascii"))


_EC_KEY = _sequence(_identifier("1.2.840.10045.2.1"), _identifier("1.2.840.10045.3.1.7"))
_ECDSA_SHA256 = _sequence(_identifier("1.2.840.10045.4.3.2"))


def _sign(key: int, message: bytes) -> bytes:
    """Return the ECDSA signature of a message, DER-encoded."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        r = _multiply(nonce, _G)[0] % _N
        s = pow(nonce, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _sequence(_integer(r), _integer(s))


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode("ascii")
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def make_certificate(now: datetime | None = None) -> tuple[str, str]:
    """Return (certificate, private key) in PEM, for localhost, 127.0.0.1 and ::1.

    :param now: the time around which it is valid, two days before and after; ``None`` means now.
    """
    now = now or datetime.now(timezone.utc)
    key = secrets.randbelow(_N - 1) + 1
    x, y = _multiply(key, _G)
    public = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    name = _sequence(
        _tagged(0x31, _sequence(_identifier("2.5.4.3"), _tagged(0x0C, b"tornado.testing")))
    )
    alternatives = [_tagged(0x82, host.encode("ascii")) for host in _NAMES]
    alternatives += [_tagged(0x87, ipaddress.ip_address(a).packed) for a in _ADDRESSES]
    extensions = _sequence(
        _sequence(_identifier("2.5.29.17"), _tagged(0x04, _sequence(*alternatives))),
        # CA: clients that verify are given this certificate as the one they trust.
        _sequence(
            _identifier("2.5.29.19"),
            _tagged(0x01, b"\xff"),
            _tagged(0x04, _sequence(_tagged(0x01, b"\xff"))),
        ),
        _sequence(  # it signs, itself as a certificate too
            _identifier("2.5.29.15"),
            _tagged(0x01, b"\xff"),
            _tagged(0x04, _tagged(0x03, b"\x02\x84")),
        ),
        _sequence(
            _identifier("2.5.29.14"),
            _tagged(0x04, _tagged(0x04, hashlib.sha1(public, usedforsecurity=False).digest())),
        ),
    )
    body = _sequence(
        _tagged(0xA0, _integer(2)),
        _integer(secrets.randbits(120) + 1),
        _ECDSA_SHA256,
        name,
        _sequence(_time(now - _VALID), _time(now + _VALID)),
        name,
        _sequence(_EC_KEY, _bits(public)),
        _tagged(0xA3, extensions),
    )
    certificate = _sequence(body, _ECDSA_SHA256, _bits(_sign(key, body)))
    private = _sequence(
        _integer(0),
        _EC_KEY,
        _tagged(
            0x04,
            _sequence(
                _integer(1), _tagged(0x04, key.to_bytes(32, "big")), _tagged(0xA1, _bits(public))
            ),
        ),
    )
    return _pem("CERTIFICATE", certificate), _pem("PRIVATE KEY", private)


@functools.cache
def certificate_files() -> tuple[str, str]:
    """Return the paths of a certificate and its key, made once and removed with the process."""
    folder = tempfile.mkdtemp(prefix="tornado-testing-")
    register(shutil.rmtree, folder, True)
    paths = (os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem"))
    for path, text in zip(paths, make_certificate(), strict=True):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    return paths
