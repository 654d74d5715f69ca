"""Names that released versions of `tornado.iostream` and its neighbours had; see `tornado._legacy`."""

from __future__ import annotations

import doctest
import errno
import functools
import os
import ssl
import sys
import unittest
from collections import deque
from typing import TypeVar

from tornado._iostream.plain import IOStream
from tornado._netutil.addresses import format_address

_WINDOWS = sys.platform == "win32"


def _numbers(*names: str) -> tuple[int, ...]:
    """Return the error numbers with these names, and those that Windows has beside them."""
    windows = [f"WSA{name}" for name in names]
    return tuple(getattr(errno, name) for name in [*names, *windows] if hasattr(errno, name))


#: Errors that mean "not now", "the peer is gone" and "the connection is being made".
_ERRNO_WOULDBLOCK = _numbers("EWOULDBLOCK", "EAGAIN")
_ERRNO_CONNRESET = _numbers("ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT")
_ERRNO_INPROGRESS = _numbers("EINPROGRESS")

_IOStreamType = TypeVar("_IOStreamType", bound=IOStream)


@functools.cache
def _client_ssl_defaults() -> ssl.SSLContext:
    """Return the context of clients that were given no options."""
    return ssl.create_default_context(ssl.Purpose.SERVER_AUTH)


@functools.cache
def _server_ssl_defaults() -> ssl.SSLContext:
    """Return the context of servers that were given no options."""
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)


def _merge_prefix(deque: deque[bytes], size: int) -> None:
    """Make the first item of ``deque`` hold its first ``size`` bytes: fewer if it has no more."""
    if len(deque) == 1 and len(deque[0]) <= size:
        return
    whole = b"".join(deque)
    deque.clear()
    deque.extend(part for part in (whole[:size], whole[size:]) if part)
    if not deque:
        deque.append(b"")


def _double_prefix(deque: deque[bytes]) -> None:
    """Make the first item of ``deque`` at least twice as long as it was, if there is that much."""
    if len(deque) > 1:
        _merge_prefix(deque, max(len(deque[0]) * 2, len(deque[0]) + len(deque[1])))


class _StreamBuffer:
    """Bytes that are appended at the end and taken off the front."""

    _large_buf_threshold = 2048

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes)

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Append ``data``."""
        self._bytes += data

    def peek(self, size: int) -> memoryview:
        """Return at most ``size`` bytes from the front; release the view before any change."""
        return memoryview(self._bytes)[:size]

    def advance(self, size: int) -> None:
        """Take ``size`` bytes off the front."""
        del self._bytes[:size]


def doctests() -> unittest.TestSuite:
    """Return the examples in the docstrings of `tornado.iostream`, as the test loader wants them."""
    return doctest.DocTestSuite("tornado.iostream")


def _pipe_cloexec() -> tuple[int, int]:
    """Return the two ends of a pipe that no program started from this one inherits."""
    return os.pipe()


#: How messages show an address.
_format_addr = format_address
