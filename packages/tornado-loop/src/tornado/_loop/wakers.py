"""Wakers and descriptors' flags: what `tornado.platform.auto` and its siblings offered.

The loop has no use for them: asyncio's own loops have a waker. Programs of earlier releases make
pipes of their own, and wake loops and threads of their own with these.
"""

from __future__ import annotations

import os
import socket
import time
from io import FileIO
from typing import Protocol

__all__ = [
    "PipeWaker",
    "SocketWaker",
    "Waker",
    "monotonic_time",
    "set_close_exec",
    "set_nonblocking",
    "try_close",
]

_CHUNK = 4096

#: A clock that is never set, in seconds.
monotonic_time = time.monotonic


class _Closable(Protocol):
    def close(self) -> None: ...


def set_close_exec(fd: int) -> None:
    """Set the close-on-exec flag of a descriptor: programs that are started do not inherit it.

    :param fd: the descriptor's number.
    :raises OSError: if it is not open.
    """
    os.set_inheritable(fd, False)


def set_nonblocking(fd: int) -> None:
    """Have reads and writes of a descriptor return at once.

    :param fd: the descriptor's number.
    :raises OSError: if it is not open.
    """
    os.set_blocking(fd, False)


def try_close(f: _Closable) -> None:
    """Close a file or socket; one that cannot be closed, or is closed, is left as it is."""
    try:
        f.close()
    except OSError:
        pass


class Waker:
    """Interface of an object that wakes another thread from ``select``.

    The other thread waits until `fileno` can be read, then calls `consume`.
    """

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        raise NotImplementedError

    def write_fileno(self) -> int:
        """Return the descriptor that is written to."""
        raise NotImplementedError

    def wake(self) -> None:
        """Make `fileno` readable; safe from every thread and from signal handlers."""
        raise NotImplementedError

    def consume(self) -> None:
        """Take back every `wake` so far, after the wait."""
        raise NotImplementedError

    def close(self) -> None:
        """Close both descriptors; a second call does nothing."""
        raise NotImplementedError


class _PairWaker(Waker):
    """What the wakers share: two ends, one read and one written."""

    reader: FileIO | socket.socket
    writer: FileIO | socket.socket

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self.reader.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that is written to."""
        return self.writer.fileno()

    def close(self) -> None:
        """Close both descriptors; a second call does nothing."""
        self.reader.close()
        try_close(self.writer)


class PipeWaker(_PairWaker):
    """A waker over a pipe, for POSIX systems."""

    reader: FileIO
    writer: FileIO

    def __init__(self) -> None:
        # Neither is inherited by programs that are started, since Python 3.4.
        reading, writing = os.pipe()
        set_nonblocking(reading)
        set_nonblocking(writing)
        self.reader = os.fdopen(reading, "rb", 0)
        self.writer = os.fdopen(writing, "wb", 0)

    def wake(self) -> None:
        """Make `fileno` readable; safe from every thread and from signal handlers."""
        try:
            self.writer.write(b"x")
        except (OSError, ValueError):
            pass  # full, so the reader will wake; or closed

    def consume(self) -> None:
        """Take back every `wake` so far."""
        try:
            while self.reader.read(_CHUNK):
                pass
        except OSError:
            pass


class SocketWaker(_PairWaker):
    """A waker over a pair of sockets, for systems that cannot wait for pipes."""

    reader: socket.socket
    writer: socket.socket

    def __init__(self) -> None:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)

    def wake(self) -> None:
        """Make `fileno` readable; safe from every thread and from signal handlers."""
        try:
            self.writer.send(b"x")
        except OSError:
            pass  # full, so the reader will wake; or closed

    def consume(self) -> None:
        """Take back every `wake` so far."""
        try:
            while self.reader.recv(_CHUNK):
                pass
        except OSError:
            pass


Waker.__module__ = "tornado.platform.interface"
for _class, _home in ((PipeWaker, "posix"), (SocketWaker, "common")):
    _class.__module__ = f"tornado.platform.{_home}"
    _class.__name__ = _class.__qualname__ = "Waker"
try_close.__module__ = "tornado.platform.common"
set_close_exec.__module__ = set_nonblocking.__module__ = "tornado.platform.posix"
del _class, _home
