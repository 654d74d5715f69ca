"""Chunks from a stream go in, requests for a delegate come out, their responses go back.

The path of a request that has no content and gets its response at once is a straight line:
`HTTP1ServerConnection.chunk_received` -> `_serve` -> `_begin` -> the target ->
`HTTP1Connection.respond` -> `exchange_finished` -> one ``send``. It makes no future, task or
timer. Whatever takes longer is kept off it.

Requests that arrive together are served in batches with a budget of time: a batch ends after about
a millisecond, and the next one begins when the loop has polled for the events of others.
No request begins while a part of an earlier response waits in this process, so that a connection
never holds more than one response, and `HTTP1Connection.detach` finds nothing pending.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import socket
import time
from collections.abc import Coroutine
from typing import Any

from tornado import stack_context
from tornado._core.seam import printable
from tornado._http1.connection import HTTP1Connection
from tornado._http1.content import MAX_DISCARDED, DiscardedContent, RequestContent
from tornado._http1.decoding import GzipDecoder
from tornado._http1.errors import HeadTooLargeError, MessageError
from tornado._http1.failures import APPLICATION_ERRORS
from tornado._http1.head import RequestHead
from tornado._http1.hooks import warn_of_unused_hooks
from tornado._http1.pacing import PacedConnection
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.reader import RequestReader
from tornado._http1.state import Reading, Sending, Serving
from tornado._http1.writer import error_response
from tornado._loop.seam import eager
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
)
from tornado.iostream import IOStream
from tornado.log import app_log, gen_log

#: Seconds for which the requests of one connection may keep the loop before others have their turn.
_SECONDS_PER_TURN = 0.001
#: Bytes of requests that wait behind the current one before reading pauses.
_MAX_WAITING = 65536
#: Seconds for the rest of a content that is only discarded, whatever the framing.
_DISCARD_SECONDS = 3.0

_monotonic = time.monotonic
_new_exchange = HTTP1Connection.__new__
_copy_headers = HTTPHeaders._copy_of
_request_from_head = HTTPServerRequest._from_head

_START = Reading.START
_IDLE = Serving.IDLE
_CONTENT = Serving.CONTENT
_RESPONDING = Serving.RESPONDING
_CLOSING = Serving.CLOSING


class HTTP1ServerConnection(PacedConnection):
    """The server's end of a connection: it reads requests and serves them, one after the other.

    :param stream: the `.IOStream` of the connection.
    :param params: an `.HTTP1ConnectionParameters`; ``None`` means the defaults.
    :param context: an object of the application, the ``context`` of every exchange; ``remote_ip``
        and ``protocol`` of requests are taken from it.

    .. versionadded:: 4.0
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_body_size",
        "_closed",
        "_delegate",
        "_dispatch",
        "_knows_peer",
        "_uses_tasks",
        "context",
        "fresh_context",
        "unstarted",
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        warn_of_unused_hooks(cls)

    def __init__(
        self,
        stream: IOStream,
        params: HTTP1ConnectionParameters | None = None,
        context: object | None = None,
    ) -> None:
        params = params if params is not None else HTTP1ConnectionParameters()
        size = params.max_body_size
        self._body_size = stream.max_buffer_size if size is None else size
        super().__init__(stream, params, RequestReader(params.limits, self._body_size))
        self.context = context
        self._knows_peer = hasattr(context, "remote_ip") and hasattr(context, "protocol")
        #: The context of the request that begins, until its target takes it; what the target then leaves
        #: to be run is started in it once it was left, as a context cannot be entered twice.
        self.fresh_context: contextvars.Context | None = None
        self.unstarted: Coroutine[Any, Any, None] | None = None
        self._delegate: Any = None
        self._dispatch: Any = None
        self._uses_tasks = False  # each request begins in a task of its own
        self._closed: asyncio.Future[None] | None = None  # asked for by `close`

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that serves the connection."""
        return self._loop

    def start_serving(self, delegate: HTTPServerConnectionDelegate) -> None:
        """Begin to serve requests.

        :param delegate: an `.HTTPServerConnectionDelegate`; or anything with a ``dispatch`` method,
            the fast way.
        """
        warn_of_unused_hooks(HTTP1Connection)
        warn_of_unused_hooks(HTTP1ServerConnection)
        # What runs between two requests runs in this context, not in that of a handler.
        self._base = contextvars.copy_context()
        self._delegate = delegate
        self._dispatch = getattr(delegate, "dispatch", None)
        self._uses_tasks = getattr(delegate, "begins_in_tasks", False)
        stream = self.stream
        stream.written_by_hand = False  # what was, was before HTTP
        if not stream.closed() and stream.socket.family in (socket.AF_INET, socket.AF_INET6):
            stream.set_nodelay(True)
        is_plain = type(stream) is IOStream
        self._taking_seconds = self.params.idle_timeout
        self.set_deadline(self.params.idle_timeout if is_plain else self.params.header_timeout)
        self._attach()

    def _attach(self) -> None:
        with stack_context.NullContext():
            self.stream.attach(self)

    def close(self) -> asyncio.Future[None]:
        """Close the connection at once; a request that is being served is cut off.

        :returns: a future that is done when everyone was told. Cancelling it changes nothing.
        """
        closed = self._closed
        if closed is None or closed.done():
            closed = self._closed = self._loop.create_future()
        self.stream.close()
        if self.phase is Serving.GONE or self._delegate is None:
            closed.set_result(None)
        return closed

    @functools.cached_property
    def local_address(self) -> Any:
        """The address at which the connection arrived, as the socket has it; ``None`` if it has gone."""
        try:
            return self.stream.socket.getsockname()
        except OSError:
            return None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received or served."""
        return self.phase is _IDLE and self.reader.is_between_messages

    def drain(self, close_idle: bool = True) -> None:
        """Close the connection as soon as the current request, if there is one, has its response.

        :param close_idle: if there is none, close it at once; else with the next response.
        """
        self._draining = True
        if close_idle and self.is_idle:
            self.close_when_sent()

    # What the stream tells.

    def chunk_received(self, data: bytes) -> None:
        """Take bytes that arrived."""
        phase = self.phase
        if phase is _CLOSING:
            self._linger(len(data))
            return
        reader = self.reader
        reader.receive(data)
        if phase is _IDLE:
            if not self._scheduled:
                if self._backlogged and self._has_backlog():
                    self._next_request(False)
                else:
                    self._serve()
                return
        elif self.content is not None:
            self._turn = True
            self.content.more_received()
            self._turn = False
            if self._corked is not None:
                self._departures.add(self)
            if self.phase is _IDLE:
                self._next_request(False)
            return
        if reader.buffered > _MAX_WAITING:
            self.pause()

    def eof_received(self) -> bool:
        """The peer sends nothing more. Return whether requests received earlier still need a response."""
        self._eof = True
        return self.phase is _IDLE and self._scheduled

    def stream_closed(self, error: BaseException | None) -> None:
        """The stream was closed, by either side."""
        if self.phase is not Serving.GONE:
            self._leave(Serving.GONE)
            self._abandon()
            self._tell_closed()

    def writing_resumed(self) -> None:
        """The peer has taken most of the backlog; requests wait until it has taken all of it."""

    def deadline_passed(self) -> None:
        """The peer took too long."""
        if self.phase is Serving.DISCARDING:
            self.close_when_sent(linger=True)
            return
        is_blocked = self.phase is _CONTENT and self._paused and self._body_timeout() is None
        if self.phase is _CONTENT and not is_blocked:
            gen_log.info("Timeout reading body from %s", self.context)
        elif self.stream.writing():
            if self.has_taken():
                return  # it is slow to read responses, but goes on
        elif is_blocked or self.phase is _RESPONDING:
            return  # it took all that there was
        self.stream.close()

    def _abandon(self) -> None:
        """Tell the current exchange that its peer is gone."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            try:
                exchange._peer_left()
            except APPLICATION_ERRORS:
                app_log.error("Uncaught exception when a connection closed", exc_info=True)

    def _tell_closed(self) -> None:
        delegate, self._delegate = self._delegate, None
        self._dispatch = None
        on_close = getattr(delegate, "on_close", None)
        if on_close is not None:
            on_close(self)
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    # Requests.

    def _serve(self) -> None:
        """Serve the requests that are here while the budget lasts, then send their responses together."""
        reader = self.reader
        starved = is_late = False
        refused = None
        until = 0.0
        self._scheduled = False
        self._turn = True
        try:
            while True:
                head = reader.read_head()
                if head is None:
                    starved = True
                    break
                if reader.buffer:
                    if not until:
                        until = _monotonic() + _SECONDS_PER_TURN
                    # More than its content: the next one came with this one.
                    is_batch = not head.fields.has_content or reader.buffered > reader.remaining
                    if is_batch and self._corked is None and not self._had_backlog:
                        self._cork()
                # Each request has a context of its own: no context variable passes to the next.
                context = self.fresh_context = contextvars.copy_context()
                context.run(self._begin, head)
                self.fresh_context = None
                if self.unstarted is not None:
                    coro, self.unstarted = self.unstarted, None
                    eager.start(coro, context)
                if self.phase is not _IDLE or not reader.buffer or self._backlogged:
                    break
                is_late = _monotonic() >= until
                if is_late:
                    break
        except MessageError as error:
            refused = error
        self._turn = False
        if self._corked is not None:
            if is_late or self.phase is not _IDLE:
                # Slow handlers: the next one may come before the end of the loop's turn. What runs on
                # may be one, too.
                self._uncork()
            else:
                self._departures.add(self)
        if self._departures.waiting:
            self._departures.leave_if_late()
        if refused is not None:
            self.refuse(refused)
        elif self.phase is _IDLE:
            self._next_request(starved, is_late)

    def _begin(self, head: RequestHead) -> None:
        """Begin to serve the request of ``head``."""
        exchange = self._exchange = _new_exchange(HTTP1Connection)
        exchange.stream = self.stream
        exchange.params = self.params
        exchange.context = self.context
        exchange._server = self
        exchange._head = head
        fields = head.fields
        self.phase = _CONTENT if fields.has_content else _RESPONDING
        self._head_begun = False
        self._deadline = 0.0
        try:
            dispatch = self._dispatch
            if dispatch is None:
                if self._uses_tasks:
                    eager.start(self._begin_in_task(exchange, head))
                else:
                    self._begin_classic(exchange, head)
                return
            headers = (
                _copy_headers(fields.headers) if head.authority is None else head.copy_headers()
            )
            decoder = self._decoder(headers) if self.params.decompress else None
            if self._knows_peer:
                request = _request_from_head(
                    head.method, head.target, fields.version, headers, exchange
                )
            else:
                request = HTTPServerRequest(
                    head.method, head.target, fields.version, headers, connection=exchange
                )
            request.server_connection = self
            if head.authority is not None:
                request.uri = head.sent_target
            target = dispatch(request)
            if fields.has_content or target.streams_body:
                ready = getattr(target, "ready", None)
                self._begin_content(exchange, target, request, decoder, ready)
            elif exchange._server is not None:
                self.reader.state = _START  # nothing follows the head
                exchange._target = target
                target.execute()
        except APPLICATION_ERRORS as error:
            self.application_failed(exchange, error)

    async def _begin_in_task(self, exchange: HTTP1Connection, head: RequestHead) -> None:
        if exchange._server is None:
            return  # the peer left before the task ran
        try:
            self._begin_classic(exchange, head)
        except APPLICATION_ERRORS as error:
            self.application_failed(exchange, error)

    def _begin_classic(self, exchange: HTTP1Connection, head: RequestHead) -> None:
        """Begin to serve a request with a delegate that gets it in parts."""
        headers = head.copy_headers()
        decoder = self._decoder(headers) if self.params.decompress else None
        delegate = self._delegate.start_request(self, exchange)
        ready = delegate.headers_received(
            RequestStartLine(head.method, head.sent_target, head.fields.version), headers
        )
        if ready is not None or head.fields.has_content:
            self._begin_content(exchange, delegate, None, decoder, ready)
        elif exchange._server is not None:
            self.reader.next_message()
            exchange._target = delegate
            delegate.finish()

    def _decoder(self, headers: HTTPHeaders) -> GzipDecoder | None:
        """Return what decodes the content of a request with these headers, and say so in them."""
        coding = headers.get("Content-Encoding", "")
        if coding.lower() not in ("gzip", "x-gzip"):
            return None
        headers["X-Consumed-Content-Encoding"] = coding
        del headers["Content-Encoding"]
        if "Content-Length" in headers:
            del headers["Content-Length"]  # it is that of the encoded content
        return GzipDecoder(self.reader, self.params.chunk_size)

    def _begin_content(
        self,
        exchange: HTTP1Connection,
        target: Any,
        request: HTTPServerRequest | None,
        decoder: GzipDecoder | None,
        ready: Any,
    ) -> None:
        """Begin to receive content; ``request`` is given where ``target`` may want it gathered."""
        if exchange._server is None:
            return  # it has its response already
        exchange._target = target
        self.phase = _CONTENT
        if request is not None and decoder is None and ready is None and not target.streams_body:
            # Small content comes with its head: then there is nothing to wait for.
            try:
                self.reader.check_size()
            except MessageError as error:
                self.refuse(error)
                return
            body = self.reader.take_whole()
            if body is not None:
                self.content_complete()
                request.body = body
                target.execute()
                return
        content = self.content = RequestContent(self, exchange, target, request, decoder)
        content.start(ready)

    # What the content of a request tells.

    def expects_continue(self, exchange: HTTP1Connection) -> bool:
        """Tell whether the client waits for 100 (Continue) before it sends the content."""
        fields = exchange._head.fields if exchange._head is not None else None
        return fields is not None and fields.expects_continue and fields.has_content

    def set_max_body_size(self, size: int) -> None:
        """Bound the content of the current request."""
        self.reader.max_body_size = size

    def set_body_timeout(self, timeout: float | None) -> None:
        """Bound the time for the content of the current request, from now on."""
        if self.phase is _CONTENT:
            self.set_deadline(timeout)

    def content_begins(self) -> None:
        """The content is about to be read."""
        timeout = self._body_timeout()
        if timeout is not None:
            self.set_deadline(timeout)

    def _body_timeout(self) -> float | None:
        exchange = self._exchange
        if exchange is not None and exchange._body_timeout is not None:
            return exchange._body_timeout
        return self.params.body_timeout

    def content_wanted(self) -> None:
        """All that came of the content is consumed."""
        if self._body_timeout() is None:
            # Without a bound on the whole there is one on a standstill.
            self.set_deadline(self.params.header_timeout)
        self.resume()

    def content_blocked(self) -> None:
        """Pause reading while the consumer is busy."""
        self.pause()
        if self._body_timeout() is None:
            self._deadline = 0.0
            if self.stream.writing():
                self.want_taken()

    def content_complete(self) -> None:
        """The content of the request was consumed."""
        self.content = None
        self.reader.next_message()
        self._deadline = 0.0
        self.phase = _RESPONDING
        if self._backlogged and self.stream.writing():
            self.want_taken()
        self.resume()

    def content_discarded(self) -> None:
        """The content of a request that got its response earlier is off the wire."""
        self.content = None
        self.reader.next_message()
        self.phase = _IDLE
        if not self._turn:
            self._next_request(False)

    def application_failed(self, exchange: HTTP1Connection, error: BaseException) -> None:
        """The target or the delegate of the request raised ``error``.

        A delegate of messages takes part in reading the request, so that an input error of it is the
        client's; what else it raises closes the connection. A target's input error is the client's
        only if it comes from taking the request apart.
        """
        is_classic = self._dispatch is None
        if isinstance(error, HTTPInputError) and (is_classic or error.is_of_request):
            self.refuse(error if isinstance(error, MessageError) else MessageError(str(error)))
            return
        app_log.error("Uncaught exception in a request from %s", self.context, exc_info=error)
        if exchange is self._exchange:
            self._break_off(None if is_classic else 500)

    def refuse(self, error: MessageError) -> None:
        """Respond to a message that HTTP does not allow, if no response was begun, and close."""
        if isinstance(error, HeadTooLargeError):
            gen_log.info("Unsatisfiable read, closing connection from %s: %s", self.context, error)
        else:
            reason = printable(str(error))
            gen_log.info("Malformed HTTP message from %s: %s", self.context, reason)
        if self._exchange is not None:
            self._exchange.error = error
        self._break_off(error.status)

    def _break_off(self, status: int | None) -> None:
        """Respond with ``status`` if no response was begun, otherwise let the truncation show.

        :param status: ``None`` closes the connection without a response.
        """
        exchange = self._exchange
        writer = exchange._writer if exchange is not None else None
        if self.phase is Serving.GONE or self.phase is _CLOSING:
            return
        if writer is None or writer.state is Sending.IDLE:
            if status is not None:
                self.send(error_response(status, getattr(self._delegate, "default_headers", None)))
            self.close_when_sent(linger=status is not None)
        elif exchange is not None:
            exchange.close()
        self._abandon()

    # Responses.

    def backlog_grew(self) -> None:
        """A part of a response waits for the peer to take it."""
        self._backlogged = self._had_backlog = True
        if not self._deadline and (
            self.phase is _RESPONDING or (self.phase is _CONTENT and self._paused)
        ):
            self.want_taken()

    def may_keep_alive(self, exchange: HTTP1Connection, is_whole: bool) -> bool:
        """Return whether the connection may stay open after the response to the current request.

        :param is_whole: the response ends here: content that has not arrived by now is discarded.
        """
        head = exchange._head
        assert head is not None
        if not head.fields.keep_alive or self._draining:
            return False
        closes = exchange._no_keep_alive
        if closes or (closes is None and self.params.no_keep_alive):
            return False
        return self.phase is not _CONTENT or self._is_rest_small(head, is_whole)

    def _is_rest_small(self, head: RequestHead, is_whole: bool) -> bool:
        """Return whether it is worthwhile to read the rest of the content only to reach the next request."""
        if head.fields.expects_continue and (self.content is None or not self.content.is_asked_for):
            return False  # the client may send the content or not
        reader = self.reader
        if head.fields.chunked:
            # How much is to come is unknown. A response in parts may still end after the content.
            return not is_whole or reader.is_at_end
        return reader.remaining <= MAX_DISCARDED

    def exchange_finished(self, exchange: HTTP1Connection, status: int, keep_alive: bool) -> None:
        """The response of the current exchange was handed over for sending."""
        if exchange is not self._exchange:
            return
        head = exchange._head
        if status == 101 or (head is not None and head.method == "CONNECT" and status // 100 == 2):
            self.phase = Serving.HELD  # until detach
            self.set_deadline(self.params.idle_timeout)
            options = head.fields.options if head is not None else ()
            if not keep_alive or ("close" in options and "upgrade" not in options):
                self._loop.call_soon(self._close_held, context=self._base)
            return
        exchange._server = exchange._target = exchange._close_callback = None
        self._exchange = None
        if exchange._max_body_size is not None:
            self.reader.max_body_size = self._body_size
        if exchange._no_keep_alive:
            keep_alive = False  # set after the headers were sent
        if self._is_lent:
            self._response_to_borrower_finished(keep_alive)
        elif not keep_alive:
            self.close_when_sent(linger=self.phase is _CONTENT)
        elif self.phase is _RESPONDING:
            if self.reader.state is not _START:  # the response came before it was asked for
                self.reader.next_message()
            self.phase = _IDLE
            if not self._turn:
                self._next_request(False)
        elif head is not None and not self._is_rest_small(head, True):
            self.close_when_sent(linger=True)
        else:
            if self.content is not None:
                self.content.stop()
            self.phase = Serving.DISCARDING
            self.content = DiscardedContent(self)
            self.set_deadline(_DISCARD_SECONDS)
            self._loop.call_soon(self._discard, context=self._base)

    # The end.

    def _discard(self) -> None:
        if self.phase is Serving.DISCARDING and self.content is not None:
            self.content.more_received()

    def hand_over(self, exchange: HTTP1Connection) -> None:
        """Give the stream back, with what was received and not used."""
        if exchange is not self._exchange:
            return
        self._uncork()
        self._leave(Serving.GONE)
        exchange._server = exchange._target = None
        self._exchange = None
        self.stream.detach(self.reader.hand_over())
        self._tell_closed()

    def abort(self) -> None:
        """Send what was written so far, before the stream is closed by force."""
        self._uncork()


HTTP1ServerConnection.__module__ = "tornado.http1connection"
