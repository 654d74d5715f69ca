"""The public base class of streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado._iostream.push import PushStream

if TYPE_CHECKING:
    import asyncio

    from tornado._loop.seam import Selectable


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

    if TYPE_CHECKING:
        # What programs see. The callbacks of releases up to 5.1 are accepted, but not declared, so that
        # methods that override these need not have them.
        def fileno(self) -> int | Selectable: ...

        def read_until(  # type: ignore[override]
            self, delimiter: bytes, max_bytes: int | None = None
        ) -> asyncio.Future[bytes]: ...

        def read_until_regex(  # type: ignore[override]
            self, regex: bytes, max_bytes: int | None = None
        ) -> asyncio.Future[bytes]: ...

        def read_bytes(  # type: ignore[override]
            self, num_bytes: int, partial: bool = False
        ) -> asyncio.Future[bytes]: ...

        def read_into(  # type: ignore[override]
            self, buf: bytearray, partial: bool = False
        ) -> asyncio.Future[int]: ...

        def read_until_close(self) -> asyncio.Future[bytes]: ...  # type: ignore[override]

        def write(  # type: ignore[override]
            self, data: bytes | memoryview
        ) -> asyncio.Future[None]: ...

    def set_nodelay(self, value: bool) -> None:
        """Send small writes at once; only TCP streams have something to do here.

        .. versionadded:: 3.1
        """


BaseIOStream.__module__ = "tornado.iostream"
