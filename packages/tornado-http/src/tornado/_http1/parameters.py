"""The options of an HTTP/1.1 connection, on either side."""

from __future__ import annotations

from tornado._http1.limits import Limits


class HTTP1ConnectionParameters:
    """Parameters of `.HTTP1Connection` and `.HTTP1ServerConnection`.

    :param no_keep_alive: if true, the connection closes after one request.
    :param chunk_size: bytes of content handed to a delegate at once, at most, where it must be
        divided (default 65536).
    :param max_header_size: bytes of a start line and headers, at most (default 65536).
    :param header_timeout: seconds for the head of a message, counted from its first byte, and from
        the start of a connection with TLS (``None``: without bound). On a server it is also the
        time that a kept-alive connection may be idle, unless ``idle_timeout`` is given.
    :param max_body_size: bytes of content, at most (default: the stream's ``max_buffer_size``).
    :param body_timeout: seconds for all content of a message (``None``: without bound, but then a
        server wants some progress every ``header_timeout`` seconds).
    :param decompress: if true, content with ``Content-Encoding: gzip`` is decoded.
    :param idle_timeout: seconds that a server waits for the next request (``None``:
        ``header_timeout``).
    :param limits: bounds on heads, chunks and trailers; takes the place of ``max_header_size``.

    .. versionadded:: 4.0
    """

    __slots__ = (
        "__dict__",
        "body_timeout",
        "chunk_size",
        "decompress",
        "header_timeout",
        "idle_timeout",
        "limits",
        "max_body_size",
        "max_header_size",
        "no_keep_alive",
    )

    def __init__(
        self,
        no_keep_alive: bool = False,
        chunk_size: int | None = None,
        max_header_size: int | None = None,
        header_timeout: float | None = None,
        max_body_size: int | None = None,
        body_timeout: float | None = None,
        decompress: bool = False,
        *,
        idle_timeout: float | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.no_keep_alive = no_keep_alive
        self.chunk_size = chunk_size or 65536
        self.limits = limits if limits is not None else Limits.for_header_size(max_header_size)
        self.max_header_size = self.limits.max_header_size
        self.header_timeout = header_timeout
        self.max_body_size = max_body_size
        self.body_timeout = body_timeout
        self.decompress = decompress
        self.idle_timeout = idle_timeout if idle_timeout is not None else header_timeout


HTTP1ConnectionParameters.__module__ = "tornado.http1connection"
