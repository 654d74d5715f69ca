"""What a stream raises when it is closed, overfull, or asked for something it can never find.

The tree::

    OSError
      StreamClosedError         the stream closed before the operation was done
    Exception
      UnsatisfiableReadError    a read's condition cannot be met within its `max_bytes`
      StreamBufferFullError     a buffer reached its limit
"""


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


for _public in (StreamClosedError, UnsatisfiableReadError, StreamBufferFullError):
    _public.__module__ = "tornado.iostream"
