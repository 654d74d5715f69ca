"""`PipeIOStream`: a stream over one end of a pipe."""

import contextlib
import errno
import os
import warnings
from collections.abc import Callable
from typing import Any, overload

from tornado._iostream.base import BaseIOStream
from tornado._iostream.writing import is_replaced


class PipeIOStream(BaseIOStream):
    """A stream over a file descriptor of a pipe (or a FIFO, a terminal, a character device).

    A pipe goes one way: of two streams, one reads and the other writes. The stream owns the
    descriptor and makes it non-blocking. Not for Windows, whose loops cannot watch pipes.

    :param fd: an open file descriptor. The other arguments are those of `BaseIOStream`.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int, *args: Any, **kwargs: Any) -> None:
        self.fd = fd
        os.set_blocking(fd, False)
        super().__init__(*args, **kwargs)

    def fileno(self) -> int:
        """Return the file descriptor; -1 after `close`."""
        return self.fd

    def close_fd(self) -> None:
        """Close the descriptor."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self, _close: Callable[[int], None] = os.close) -> None:
        # A descriptor is a bare number: nothing else would close it when the stream is dropped.
        fd = getattr(self, "fd", -1)  # it is missing if __init__ failed
        if fd >= 0:
            self.fd = -1
            warnings.warn(f"unclosed pipe stream of descriptor {fd}", ResourceWarning, stacklevel=2)
            with contextlib.suppress(OSError):
                _close(fd)

    @overload
    def read_from_fd(self, buf: bytearray | memoryview) -> int | None: ...

    @overload
    def read_from_fd(self, buf: None = None) -> bytes | None: ...

    def read_from_fd(self, buf: bytearray | memoryview | None = None) -> Any:
        """Read from the pipe, see `BaseIOStream.read_from_fd`."""
        data = self._read_pipe(self.read_chunk_size if buf is None else len(buf))
        if buf is None or data is None:
            return data
        memoryview(buf)[: len(data)] = data
        return len(data)

    def write_to_fd(self, data: memoryview) -> int:
        """Write to the pipe, see `BaseIOStream.write_to_fd`."""
        try:
            return os.write(self.fd, data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _recv_chunk(self, limit: int) -> bytes | None:
        if is_replaced(self.read_from_fd, _OWN_READ):
            return super()._recv_chunk(limit)
        return self._read_pipe(limit)

    def _read_pipe(self, limit: int) -> bytes | None:
        try:
            return os.read(self.fd, limit)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            # The end that writes reports events only when the end that reads is gone; a terminal
            # whose other side is closed gives EIO. Both are ends of file.
            if error.errno in (errno.EBADF, errno.EIO):
                return b""
            raise


_OWN_READ = PipeIOStream.read_from_fd
PipeIOStream.__module__ = "tornado.iostream"
