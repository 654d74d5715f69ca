"""The content of a request on its way to the target, or to nowhere."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from tornado import gen
from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import MessageError
from tornado._http1.failures import APPLICATION_ERRORS
from tornado._http1.feed import ContentFeed
from tornado._http1.reader import END
from tornado._http1.state import Sending
from tornado._http1.writer import CONTINUE
from tornado.httputil import HTTPHeaders, HTTPServerRequest

if TYPE_CHECKING:
    from tornado._http1.connection import HTTP1Connection
    from tornado._http1.server import HTTP1ServerConnection

#: Bytes of a request's content that are read and dropped when the response came before it.
MAX_DISCARDED = 262144
#: Bytes of one piece of content that is gathered: decoding is bounded by them, nothing is divided.
_GATHERED_PIECE = 1 << 30
#: Pieces below this many bytes are copied into blocks of about `_BLOCK` bytes.
_SMALL_PIECE = 2048
_BLOCK = 65536


#: Content of this many bytes makes it worth while to look after the allocator.
_LARGE_CONTENT = 262144
_allocator_prepared = False


def _prepare_allocator() -> None:
    """Make glibc's malloc keep up to 8 MiB of freed memory, instead of returning it each time.

    Large content is a block that comes and goes with each request, and is copied once or twice more
    by whoever parses it. malloc maps such blocks anew each time, or trims its heap behind them: the
    page faults then cost as much as everything else. It raises both of its thresholds when a larger
    mapped block is freed; this one is never touched, so it costs nothing. Elsewhere it does nothing.
    """
    global _allocator_prepared
    _allocator_prepared = True
    bytes(4 * 1024 * 1024)


class GatheredContent:
    """Collects pieces of content; small ones in blocks, since each object costs more than its bytes."""

    __slots__ = ("_block", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes | bytearray] = []
        self._block: bytearray | None = None  # the last part, if it is to be filled further

    def add(self, piece: bytes) -> None:
        """Add a piece."""
        if len(piece) >= _SMALL_PIECE or not self._parts:
            self._parts.append(piece)
            self._block = None
            return
        block = self._block
        if block is None or len(block) >= _BLOCK:
            block = self._block = bytearray()
            self._parts.append(block)
        block += piece

    def take(self) -> bytes:
        """Return all of it, and let go of it."""
        parts, self._parts, self._block = self._parts, [], None
        whole = b"".join(parts)
        parts.clear()  # its memory is of use to those who parse the content
        return whole


class RequestContent:
    """The content of one request on its way to ``target``.

    :param request: the request, where the target may want its content gathered; ``None`` for a
        delegate of messages.
    """

    __slots__ = (
        "_context",
        "_exchange",
        "_feed",
        "_gathered",
        "_is_decoded",
        "_request",
        "_server",
        "_target",
        "is_asked_for",
    )

    def __init__(
        self,
        server: HTTP1ServerConnection,
        exchange: HTTP1Connection,
        target: Any,
        request: HTTPServerRequest | None,
        decoder: GzipDecoder | None,
    ) -> None:
        self._server = server
        self._exchange = exchange
        self._target = target
        self._request = request
        #: whether the client was told to send it, or needs not be told
        self.is_asked_for = not server.expects_continue(exchange)
        self._context = contextvars.copy_context()
        if not _allocator_prepared and server.reader.remaining >= _LARGE_CONTENT:
            _prepare_allocator()
        self._gathered: GatheredContent | None = None
        self._is_decoded = decoder is not None
        consume = None
        piece_size = server.params.chunk_size
        if request is not None and not target.streams_body:
            self._gathered = GatheredContent()
            consume = self._gathered.add
            piece_size = _GATHERED_PIECE
        self._feed = ContentFeed(
            server.loop,
            server.reader,
            self,
            consume or target.data_received,
            piece_size,
            decoder,
        )

    def start(self, ready: Awaitable[Any] | None) -> None:
        """Let content flow, once ``ready`` is done."""
        if ready is not None:
            future = gen.convert_yielded(ready)
            if not future.done():
                self._server.pause()
                future.add_done_callback(self._ready)
                return
            future.result()
        self._flow()

    def _ready(self, future: Any) -> None:
        if self._server.content is not self:
            if not future.cancelled():
                future.exception()  # the request is gone, and its error with it
            return
        if future.cancelled():
            self.consumer_failed(RuntimeError("the preparation of a request was cancelled"))
        elif future.exception() is not None:
            self.consumer_failed(future.exception())
        else:
            self._flow()

    def _flow(self) -> None:
        server = self._server
        try:
            server.reader.check_size()
        except MessageError as error:
            server.refuse(error)
            return
        if not self.is_asked_for:
            self.is_asked_for = True
            writer = self._exchange._writer
            if not server.reader.buffered and (writer is None or writer.state is Sending.IDLE):
                server.send(CONTINUE)
        server.content_begins()
        self._feed.pump()

    def more_received(self) -> None:
        """The reader got more bytes."""
        if self.is_asked_for:
            self._context.run(self._feed.pump)

    def stop(self) -> None:
        """Consume nothing more."""
        self._feed.stop()

    # What the feed reports.

    def content_wanted(self) -> None:
        """The consumer waits for more."""
        self._server.content_wanted()

    def content_blocked(self) -> None:
        """The consumer needs time."""
        self._server.content_blocked()

    def content_ended(self) -> None:
        """All is consumed: let the target respond."""
        exchange = self._exchange
        trailers = self._server.reader.trailers
        exchange.trailers = trailers
        self._server.content_complete()
        try:
            if self._gathered is not None:
                assert self._request is not None
                self._request.body = body = self._gathered.take()
                if self._is_decoded and "Transfer-Encoding" not in self._request.headers:
                    self._request.headers["Content-Length"] = str(len(body))
                self._target.execute()
            else:
                if trailers is not None:
                    _tell_trailers(self._target, trailers)
                self._target.finish()
        except APPLICATION_ERRORS as error:
            self._server.application_failed(exchange, error)

    def content_refused(self, error: MessageError) -> None:
        """The content violates the protocol."""
        self._server.refuse(error)

    def consumer_failed(self, error: BaseException) -> None:
        """The target raised ``error``."""
        self._server.application_failed(self._exchange, error)


def _tell_trailers(target: Any, trailers: HTTPHeaders) -> None:
    tell = getattr(target, "trailers_received", None)
    if tell is not None:
        tell(trailers)


class DiscardedContent:
    """The rest of the content of a request that already has its response."""

    __slots__ = ("_dropped", "_server")

    is_asked_for = True

    def __init__(self, server: HTTP1ServerConnection) -> None:
        self._server = server
        self._dropped = 0

    def more_received(self) -> None:
        """Drop what was received; the connection goes on if the end is not too far."""
        server = self._server
        reader = server.reader
        try:
            while True:
                event = reader.next_event()
                if event is END:
                    server.content_discarded()
                    return
                if event is None:
                    server.resume()  # the deadline is that of the whole
                    return
                assert isinstance(event, bytes)
                self._dropped += len(event)
                if self._dropped > MAX_DISCARDED:
                    server.close_when_sent(linger=True)
                    return
        except MessageError:
            server.close_when_sent(linger=True)

    def stop(self) -> None:
        """Drop nothing more."""
