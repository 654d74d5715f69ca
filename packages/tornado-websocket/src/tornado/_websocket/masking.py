"""A mask key and a payload go in, the masked or unmasked payload comes out; and fresh keys.

RFC 6455 section 5.3: octet *i* is combined with octet *i mod 4* of the key by exclusive or, and
the same step undoes it. `tornado.speedups` does that in C where it is installed.
"""

import os
import struct
from collections.abc import Callable

__all__ = ["apply_mask", "mask_in_c", "mask_in_python", "next_mask_key", "rotate_key"]

#: `tornado.speedups.websocket_mask`, where that extra is installed.
mask_in_c: Callable[[bytes, bytes], bytes] | None = None
try:
    from tornado.speedups import websocket_mask
except ImportError:
    pass
else:
    mask_in_c = websocket_mask

# Up to this many bytes one exclusive or of two big integers is faster, above it four strided table
# look-ups: the two meet at about 700 bytes on CPython 3.10 to 3.13.
_INTEGER_LIMIT = 640

# From this many bytes on, a view of them is cheaper than a copy.
_WORTH_A_VIEW = 4096

_IDENTITY = int.from_bytes(bytes(range(256)), "little")

# _TABLES[k] translates each byte b to b ^ k.
_TABLES = tuple(
    (_IDENTITY ^ int.from_bytes(bytes((k,)) * 256, "little")).to_bytes(256, "little")
    for k in range(256)
)

_from_bytes = int.from_bytes


# Room to work in, of the size below. Whoever uses one takes it off the list and puts it back, so
# threads share no room. Taking one and finding none is one step: another thread may be faster.
_BLOCK = 65536
_rooms: list[bytearray] = []


def apply_mask(key: bytes, data: bytes, start: int = 0, stop: int | None = None) -> bytes:
    """Return ``data[start:stop]`` masked with the four bytes of ``key``; twice gives it again."""
    if mask_in_c is None:
        return mask_in_python(key, data, start, stop)
    if start or (stop is not None and stop != len(data)):
        # A view spares the copy of a long slice, and costs more than that of a short one.
        data = data[start:stop] if len(data) < _WORTH_A_VIEW else memoryview(data)[start:stop]  # type: ignore[assignment]
    return mask_in_c(key, data)


def mask_in_python(key: bytes, data: bytes, start: int = 0, stop: int | None = None) -> bytes:
    """Do what `apply_mask` does without `tornado.speedups`."""
    if stop is None:
        stop = len(data)
    size = stop - start
    if size <= _INTEGER_LIMIT:
        pattern = (key * ((size + 3) >> 2))[:size]
        return (_from_bytes(data[start:stop], "little") ^ _from_bytes(pattern, "little")).to_bytes(
            size, "little"
        )
    if size > _BLOCK:
        # A block is a multiple of four bytes, so that each begins with the first byte of the key.
        return b"".join(
            mask_in_python(key, data, at, min(at + _BLOCK, stop))
            for at in range(start, stop, _BLOCK)
        )
    try:
        room = _rooms.pop()
    except IndexError:
        room = bytearray(_BLOCK)
    first, second, third, fourth = key
    # A bytearray translates faster than bytes, which look whether anything changed.
    room[0:size:4] = bytearray(data[start:stop:4]).translate(_TABLES[first])
    room[1:size:4] = bytearray(data[start + 1 : stop : 4]).translate(_TABLES[second])
    room[2:size:4] = bytearray(data[start + 2 : stop : 4]).translate(_TABLES[third])
    room[3:size:4] = bytearray(data[start + 3 : stop : 4]).translate(_TABLES[fourth])
    with memoryview(room) as view:
        masked = bytes(view[:size])
    _rooms.append(room)
    return masked


def rotate_key(key: bytes, count: int) -> bytes:
    """Return the key that goes on where ``count`` bytes have been masked already."""
    shift = count & 3
    return key[shift:] + key[:shift]


# Keys have to be unpredictable, not secret from this process: one system call fetches many of them.
_KEYS_PER_READ = 1024
_split = struct.Struct("4s").iter_unpack
_keys: list[bytes] = []


def next_mask_key() -> bytes:
    """Return four fresh bytes from the system's strong random source (RFC 6455 section 10.3)."""
    try:
        return _keys.pop()
    except IndexError:
        fresh: list[bytes] = [key for (key,) in _split(os.urandom(4 * _KEYS_PER_READ))]
        key = fresh.pop()
        _keys.extend(fresh)
        return key


# A forked child must not go on with its parent's keys.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keys.clear)
