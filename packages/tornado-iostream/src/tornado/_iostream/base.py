"""The public base class of streams."""

from tornado._iostream.push import PushStream


class BaseIOStream(PushStream):
    """A stream over something the loop can watch; for sockets see `IOStream`.

    A subclass gives ``fileno``, ``close_fd``, ``write_to_fd``, ``read_from_fd`` and, if there is
    one, ``get_fd_error``.

    :param io_loop: the loop the stream belongs to; ``None`` means the current one.
    :param max_buffer_size: bytes, default 100 MiB: a read that needs more in memory closes the
        stream.
    :param read_chunk_size: bytes, default 64 KiB: what one system call asks for.
    :param max_write_buffer_size: bytes: ``write`` raises `StreamBufferFullError` rather than have
        more waiting; ``None`` means no limit.

    An argument that is a number in the place of `io_loop` is `max_buffer_size`, as in the releases
    that have no `io_loop`.

    .. versionadded:: 3.1
    .. versionchanged:: 4.0
       `max_write_buffer_size`.
    """

    __slots__ = ()

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once; only TCP streams have something to do here.

        .. versionadded:: 3.1
        """


BaseIOStream.__module__ = "tornado.iostream"
