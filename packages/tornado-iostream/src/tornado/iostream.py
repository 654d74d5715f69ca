"""Bytes to and from sockets and pipes without blocking.

An `IOStream` reads and writes a non-blocking socket. Every ``read`` method and ``write`` returns a
future, or takes a callback and returns ``None``::

    async def ask(host, port):
        stream = IOStream(socket.socket())
        await stream.connect((host, port))
        await stream.write(b"time?\\n")
        reply = await stream.read_until(b"\\n")
        stream.close()
        return reply

At most one read is pending at a time; writes queue. `SSLIOStream` is the same over TLS,
`PipeIOStream` over a pipe, and `BaseIOStream` what they have in common.
"""

from tornado._core.seam import legacy as _legacy
from tornado._iostream.base import BaseIOStream
from tornado._iostream.errors import (
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
)
from tornado._iostream.pipe import PipeIOStream
from tornado._iostream.plain import IOStream
from tornado._iostream.tls import SSLIOStream

_legacy.provide(__name__)

__all__ = [
    "BaseIOStream",
    "IOStream",
    "PipeIOStream",
    "SSLIOStream",
    "StreamBufferFullError",
    "StreamClosedError",
    "UnsatisfiableReadError",
]
