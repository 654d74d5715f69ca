"""What a stream raises when it is closed, overfull, or asked for something it can never find.

The tree::

    OSError
      StreamClosedError         the stream closed before the operation was done
        (unnamed)               the same, and an instance of its cause's class too: see
                                `stream_closed_by`
    Exception
      UnsatisfiableReadError    a read's condition cannot be met within its `max_bytes`
      StreamBufferFullError     a buffer reached its limit
"""

import errno
import functools
import ssl
from typing import Any

CONNECTION_RESETS = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNRESET ECONNABORTED EPIPE ETIMEDOUT WSAECONNRESET WSAECONNABORTED WSAETIMEDOUT"
    ).split()
    if hasattr(errno, name)
)
"""Error numbers that mean: the peer has gone. Everyday events, not worth a log record."""


class StreamClosedError(OSError):
    """The stream was closed, by this side or the other, before the operation was done.

    Futures of a stream fail with this error when their stream closes. The close callback of a
    stream runs after the futures have failed.

    :param real_error: the exception that made the stream close; ``None`` where it closed in order.

    .. versionchanged:: 4.3
       `real_error` holds the underlying error.
    """

    def __init__(self, real_error: BaseException | None = None) -> None:
        super().__init__("Stream is closed")
        self.real_error = real_error


class UnsatisfiableReadError(Exception):
    """A read cannot be satisfied: its delimiter or pattern is not within `max_bytes`.

    It is seen as `StreamClosedError.real_error` and as the `error` attribute of the stream.
    """


class StreamBufferFullError(Exception):
    """A buffer is full.

    Raised by ``write`` when `max_write_buffer_size` would be exceeded; found as the `error` of a
    stream that closed because a pending read needs more than `max_buffer_size` bytes.
    """


def is_reset(error: BaseException | None) -> bool:
    """Return whether `error` says no more than that the peer has gone."""
    if isinstance(error, ssl.SSLError):
        return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return isinstance(error, OSError) and error.errno in CONNECTION_RESETS


def stream_closed_by(error: BaseException | None) -> StreamClosedError:
    """Return a `StreamClosedError` that is an instance of the class of `error` too.

    Releases up to 5.1 raise `StreamClosedError` where later ones raise the cause itself. Callers
    catch either; this exception serves both, has the text and attributes of the cause, and the
    cause as `real_error`.
    """
    if error is None or isinstance(error, StreamClosedError):
        return error or StreamClosedError()
    cause: Any = type(error)  # mypy finds that no class is hashable whose instances are exceptions
    combined = _combined_class(cause)
    if combined is None:
        return StreamClosedError(error)
    result: StreamClosedError = combined(error)
    return result


@functools.lru_cache(maxsize=64)
def _combined_class(cause: type[BaseException]) -> type[StreamClosedError] | None:
    if not issubclass(cause, Exception):
        return None  # a cancellation, say, must not be mistaken for a failure

    def __init__(self: StreamClosedError, error: BaseException) -> None:
        # Not the constructor of the cause's class, whose parameters nobody knows here.
        self.__dict__.update(error.__dict__)
        self.args = error.args
        self.real_error = error
        if isinstance(error, OSError):
            for name in ("errno", "strerror", "filename", "filename2"):
                value = getattr(error, name)
                if value is not None:
                    setattr(self, name, value)
        self.__cause__ = error

    def __str__(self: StreamClosedError) -> str:
        return str(self.real_error)

    try:
        return type(
            "StreamClosedError",
            (StreamClosedError, cause),
            {"__init__": __init__, "__str__": __str__, "__module__": "tornado.iostream"},
        )
    except TypeError:
        return None  # two classes written in C whose instances differ in layout


for _public in (StreamClosedError, UnsatisfiableReadError, StreamBufferFullError):
    _public.__module__ = "tornado.iostream"
