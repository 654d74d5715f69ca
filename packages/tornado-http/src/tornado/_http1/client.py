"""Reads one response from a stream for a delegate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tornado import gen, stack_context
from tornado._core.seam import printable
from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import HeadTooLargeError, MessageError
from tornado._http1.failures import APPLICATION_ERRORS
from tornado._http1.feed import ContentFeed
from tornado._http1.head import ResponseHead
from tornado._http1.reader import ResponseReader
from tornado._http1.state import Reading
from tornado._http1.timer import LazyTimer
from tornado.httputil import HTTPInputError, HTTPMessageDelegate, ResponseStartLine
from tornado.log import app_log, gen_log

if TYPE_CHECKING:
    from tornado._http1.connection import HTTP1Connection


class ResponseReceiver(LazyTimer):
    """Reads the response to the request of ``connection`` for ``delegate``."""

    __slots__ = (
        "_connection",
        "_delegate",
        "_feed",
        "_future",
        "_head",
        "_stream",
        "reader",
    )

    def __init__(
        self, connection: HTTP1Connection, method: str, delegate: HTTPMessageDelegate
    ) -> None:
        stream = connection.stream
        params = connection.params
        super().__init__(stream.io_loop.asyncio_loop)
        self._connection = connection
        self._stream = stream
        self._delegate = delegate
        size = connection._max_body_size
        if size is None:
            size = params.max_body_size
        if size is None:
            size = stream.max_buffer_size
        #: the reader of the response
        self.reader = ResponseReader(params.limits, size)
        self.reader.method = method
        self._head: ResponseHead | None = None
        self._feed: ContentFeed | None = None
        self._future: asyncio.Future[bool] = self._loop.create_future()

    def start(self) -> asyncio.Future[bool]:
        """Begin to read; return the future of whether the connection may carry another exchange."""
        self.set_deadline(self._connection.params.header_timeout)
        self._future.add_done_callback(self._future_done)
        with stack_context.NullContext():
            self._stream.attach(self)
        return self._future

    def set_body_timeout(self, timeout: float | None) -> None:
        """Bound the time for the content, from now on."""
        if self._head is not None:
            self.set_deadline(timeout)

    # What the stream tells.

    def chunk_received(self, data: bytes) -> None:
        """Take bytes that arrived."""
        if self._future.done():
            return
        self.reader.receive(data)
        self._read()

    def eof_received(self) -> bool:
        """The peer sends nothing more: that may be how the response ends."""
        if not self._future.done():
            self.reader.receive_eof()
            self._read()
        return not self._future.done()

    def stream_closed(self, error: BaseException | None) -> None:
        """The stream closed before the response was complete."""
        if not self._future.done():
            if self._connection.error is None:
                self._connection.error = error
            self._end_early()

    def writing_resumed(self) -> None:
        """Nothing here waits for the peer to take what was sent."""

    def deadline_passed(self) -> None:
        """The peer took too long."""
        if self._head is None:
            reason = "Timeout reading headers"
        else:
            reason = "Timeout reading body"
        gen_log.info("%s from %s", reason, self._connection.context)
        self._connection.error = TimeoutError(reason)
        self._end_early()

    # Events.

    def _read(self) -> None:
        try:
            while self._feed is None:
                head = self.reader.read_head()
                if head is None:
                    if self.reader.state is Reading.CLOSED:
                        self._end_early()
                    return
                if not self._begin(head):
                    return
            self._feed.pump()
        except MessageError as error:
            self.content_refused(error)

    def _begin(self, head: ResponseHead) -> bool:
        """Report ``head``; tell whether the next step can be taken at once."""
        delegate = self._delegate
        headers = head.headers
        is_final = self.reader.state is not Reading.START
        decoder = None
        if is_final:
            self._head = head
            if self._connection.params.decompress and self.reader.state is not Reading.COMPLETE:
                coding = headers.get("Content-Encoding", "")
                if coding.lower() in ("gzip", "x-gzip"):
                    headers["X-Consumed-Content-Encoding"] = coding
                    del headers["Content-Encoding"]
                    decoder = GzipDecoder(
                        self.reader, self._connection.params.chunk_size, allows_padding=True
                    )
            timeout = self._connection._body_timeout
            self.set_deadline(
                timeout if timeout is not None else self._connection.params.body_timeout
            )
        try:
            start_line = ResponseStartLine(head.version, head.status, head.reason)
            ready = delegate.headers_received(start_line, headers)
        except APPLICATION_ERRORS as error:
            self.consumer_failed(error)
            return False
        if self._future.done():
            return False
        if not is_final and ready is None:
            return True
        feed = ContentFeed(
            self._loop,
            self.reader,
            self,
            delegate.data_received,
            self._connection.params.chunk_size,
            decoder,
        )
        if is_final:
            self.reader.check_size()
            self._feed = feed
            return ready is None or not feed.wait(ready)
        future = gen.convert_yielded(ready)
        if future.done():
            return True
        self._stream.pause_reading()
        future.add_done_callback(self._informational_done)
        return False

    def _informational_done(self, future: asyncio.Future[Any]) -> None:
        if self._future.done():
            return
        if future.cancelled() or future.exception() is not None:
            self.consumer_failed(future.exception() or RuntimeError("cancelled"))
            return
        self._stream.resume_reading()
        self._read()

    # What the feed reports.

    def content_wanted(self) -> None:
        """The delegate waits for more."""
        self._stream.resume_reading()

    def content_blocked(self) -> None:
        """The delegate needs time."""
        self._stream.pause_reading()

    def content_ended(self) -> None:
        """The response is complete."""
        connection = self._connection
        head = self._head
        assert head is not None
        writer = connection._writer
        # Without a writer the application has written the request to the stream by itself.
        reusable = (
            self.reader.may_reuse(head)
            and not connection.no_keep_alive
            and (writer is None or (writer.is_complete and writer.keep_alive))
        )
        connection.trailers = self.reader.trailers
        tell_trailers = getattr(self._delegate, "trailers_received", None)
        self.cancel_deadline()
        unread = self.reader.hand_over()
        self._stream.detach(unread)
        if not reusable and not self.reader.is_upgraded:
            self._stream.close()
        try:
            if connection.trailers is not None and tell_trailers is not None:
                tell_trailers(connection.trailers)
            self._delegate.finish()
        except APPLICATION_ERRORS as error:
            self._fail(error)
            return
        if not self._future.done():
            self._future.set_result(reusable)

    def content_refused(self, error: MessageError) -> None:
        """The response violates the protocol."""
        self._refuse(error)

    def consumer_failed(self, error: BaseException) -> None:
        """The delegate raised ``error``."""
        if isinstance(error, HTTPInputError):
            self._refuse(error)
        else:
            self._fail(error)

    def _refuse(self, error: HTTPInputError) -> None:
        self._connection.error = error
        context = self._connection.context
        if isinstance(error, HeadTooLargeError):
            gen_log.info("Unsatisfiable read, closing connection from %s: %s", context, error)
        else:
            gen_log.info("Malformed HTTP message from %s: %s", context, printable(str(error)))
        self._end_early()

    # The end.

    def _leave(self) -> None:
        self.cancel_deadline()
        if self._feed is not None:
            self._feed.stop()
        self._stream.detach()

    def _end_early(self) -> None:
        """Close the connection, and tell the delegate that the response stays incomplete."""
        self._leave()
        self._stream.close()
        if self._future.done():
            return
        self._future.set_result(False)
        try:
            self._delegate.on_connection_close()
        except APPLICATION_ERRORS:
            app_log.error("Uncaught exception when a connection closed", exc_info=True)

    def _fail(self, error: BaseException) -> None:
        """The delegate is at fault."""
        context = self._connection.context
        app_log.error("Uncaught exception in a response from %s", context, exc_info=error)
        self._end_early()

    def _future_done(self, future: asyncio.Future[bool]) -> None:
        if future.cancelled():
            self._leave()
            self._stream.close()

    def hand_over(self) -> None:
        """Give the stream back, with what was received and not used."""
        if not self._future.done():
            if self.reader.state is not Reading.HANDED_OVER:
                self._leave()
                self._stream.detach(self.reader.hand_over())
            self._future.set_result(False)

    def abort(self) -> None:
        """The application closes the connection."""
        if not self._future.done():
            self._leave()
            self._future.set_result(False)
