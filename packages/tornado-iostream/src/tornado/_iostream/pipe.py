"""`PipeIOStream`: a stream over one end of a pipe."""

import errno
import os
from typing import Any

from tornado._iostream.base import BaseIOStream
from tornado._iostream.buffers import Buffer


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

    def read_from_fd(self, buf: bytearray | memoryview | None = None) -> Any:
        """Read from the pipe, see `BaseIOStream.read_from_fd`."""
        if buf is None:
            return self._recv_chunk(self.read_chunk_size)
        data = self._recv_chunk(len(buf))
        if data is None:
            return None
        memoryview(buf)[: len(data)] = data
        return len(data)

    def write_to_fd(self, data: memoryview) -> int:
        """Write to the pipe, see `BaseIOStream.write_to_fd`."""
        return self._send_now(data)

    def _recv_chunk(self, limit: int) -> bytes | None:
        try:
            return os.read(self.fd, limit)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            # The end that writes reports events only when the end that reads is gone; a terminal
            # whose other side is closed answers EIO. Both are ends of file.
            if error.errno in (errno.EBADF, errno.EIO):
                return b""
            raise

    def _send_now(self, data: Buffer) -> int:
        try:
            return os.write(self.fd, data)
        except (BlockingIOError, InterruptedError):
            return 0


PipeIOStream.__module__ = "tornado.iostream"
