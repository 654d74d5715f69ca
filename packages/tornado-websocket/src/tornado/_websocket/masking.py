"""A mask key and a payload go in, the masked or unmasked payload comes out; and fresh keys.

RFC 6455 section 5.3: octet *i* is combined with octet *i mod 4* of the key by exclusive or, and
the same step undoes it.
"""

import os
import struct
from collections.abc import Iterator
from typing import Any

__all__ = ["apply_mask", "next_mask_key", "rotate_key"]

# Up to this many bytes one exclusive or of two big integers is faster, above it four strided table
# look-ups: the two meet at about 700 bytes on CPython 3.10 to 3.13.
_INTEGER_LIMIT = 640

_IDENTITY = int.from_bytes(bytes(range(256)), "little")

# _TABLES[k] translates each byte b to b ^ k.
_TABLES = tuple(
    (_IDENTITY ^ int.from_bytes(bytes((k,)) * 256, "little")).to_bytes(256, "little")
    for k in range(256)
)

_from_bytes = int.from_bytes


def apply_mask(key: bytes, data: bytes) -> bytes:
    """Return ``data`` masked with the four bytes of ``key``; twice gives ``data`` again."""
    size = len(data)
    if size <= _INTEGER_LIMIT:
        pattern = (key * ((size + 3) >> 2))[:size]
        return (_from_bytes(data, "little") ^ _from_bytes(pattern, "little")).to_bytes(
            size, "little"
        )
    out = bytearray(size)
    first, second, third, fourth = key
    out[0::4] = data[0::4].translate(_TABLES[first])
    out[1::4] = data[1::4].translate(_TABLES[second])
    out[2::4] = data[2::4].translate(_TABLES[third])
    out[3::4] = data[3::4].translate(_TABLES[fourth])
    return bytes(out)


def rotate_key(key: bytes, count: int) -> bytes:
    """Return the key that goes on where ``count`` bytes have been masked already."""
    shift = count & 3
    return key[shift:] + key[:shift]


# Keys have to be unpredictable, not secret from this process: one system call fetches many of them.
_KEYS_PER_READ = 1024
_unpack_keys = struct.Struct("4s").iter_unpack
_keys: Iterator[tuple[Any, ...]] = iter(())


def next_mask_key() -> bytes:
    """Return four fresh bytes from the system's strong random source (RFC 6455 section 10.3)."""
    global _keys
    found = next(_keys, None)
    if found is None:
        _keys = _unpack_keys(os.urandom(4 * _KEYS_PER_READ))
        found = next(_keys)
    key: bytes = found[0]
    return key


def _forget_keys() -> None:
    global _keys
    _keys = iter(())


# A forked child must not go on with its parent's keys.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_keys)
