"""The public base class of streams, and how subclasses of it may replace its system calls."""

import inspect
from typing import Any

from tornado._iostream.pull import PullStream
from tornado._iostream.push import PushStream
from tornado._iostream.writing import WriteStream


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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # The quick ways around `read_from_fd` and `write_to_fd` only fit the class that has them:
        # a subclass that replaces either gets the ways that call it.
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "read_from_fd" in own:
            for name in ("_recv_chunk", "_recv_into", "_read_idle"):
                if name not in own:
                    setattr(cls, name, getattr(PullStream, name))
            if not _takes_buffer(own["read_from_fd"]):
                setattr(cls, "_recv_chunk", _recv_chunk_unbuffered)  # noqa: B010 - for mypy
                setattr(cls, "_recv_into", _recv_into_unbuffered)  # noqa: B010
        if "write_to_fd" in own:
            for name in ("_send_now", "_send_list", "_send_queue", "_send_file_part"):
                if name not in own:
                    owner = PushStream if name == "_send_list" else WriteStream
                    setattr(cls, name, getattr(owner, name))


def _takes_buffer(function: Any) -> bool:
    """Whether a replaced ``read_from_fd`` has the parameter it has had since 5.0."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(places) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _recv_chunk_unbuffered(self: Any, limit: int) -> bytes | None:
    try:
        data: bytes | None = self.read_from_fd()
    except (BlockingIOError, InterruptedError):
        return None
    return data


def _recv_into_unbuffered(self: Any, space: memoryview) -> int | None:
    data = _recv_chunk_unbuffered(self, len(space))
    if data is None:
        return None
    taken = min(len(data), len(space))
    space[:taken] = data[:taken]
    if taken < len(data):
        self._unread(data[taken:])
    return taken


BaseIOStream.__module__ = "tornado.iostream"
