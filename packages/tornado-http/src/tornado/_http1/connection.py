"""One exchange of a request and its response over a stream, as the application sees it.

An `HTTP1Connection` is one request and its response. A client makes one for each request; on a
server, the `.HTTP1ServerConnection` makes one for each request it reads.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any

from tornado import stack_context
from tornado._http1.head import RequestHead
from tornado._http1.hooks import warn_of_unused_hooks
from tornado._http1.parameters import HTTP1ConnectionParameters
from tornado._http1.raw import RawHead
from tornado._http1.state import Sending
from tornado._http1.writer import MessageWriter, whole_response
from tornado._loop.seam import done_future
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError

if TYPE_CHECKING:
    from tornado._http1.client import ResponseReceiver
    from tornado._http1.server import HTTP1ServerConnection

#: Content up to this many bytes is joined with its head into one buffer; more leaves as it is.
_JOIN_BELOW = 65536

#: The value of SO_LINGER with which closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


class HTTP1Connection(HTTPConnection):
    """One exchange of a request and its response over a stream.

    :param stream: an `.IOStream`.
    :param is_client: whether this end sends the request.
    :param params: an `.HTTP1ConnectionParameters`; ``None`` means the defaults.
    :param context: an object of the application, passed on as ``context``.

    .. versionadded:: 4.0
    """

    # Defaults live on the class: `HTTP1ServerConnection` makes an exchange for each request, sets
    # only what differs, and does not call __init__.
    stream: IOStream
    context: object | None = None
    is_client = False
    error: BaseException | None = None  #: why reading ended early, where the peer is to blame
    trailers: HTTPHeaders | None = None  #: fields that followed chunked content
    _server: HTTP1ServerConnection | None = None
    _head: RequestHead | None = None
    _target: Any = None
    _writer: MessageWriter | None = None
    _raw: RawHead | None = None
    _receiver: ResponseReceiver | None = None
    _method = "GET"
    _close_callback: Callable[[], Any] | None = None
    _body_timeout: float | None = None
    _max_body_size: int | None = None
    _no_keep_alive: bool | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        warn_of_unused_hooks(cls)

    def __init__(
        self,
        stream: IOStream,
        is_client: bool,
        params: HTTP1ConnectionParameters | None = None,
        context: object | None = None,
    ) -> None:
        self.stream = stream
        self.is_client = is_client
        self.params = params if params is not None else HTTP1ConnectionParameters()
        self.context = context

    @property
    def no_keep_alive(self) -> bool:
        """Whether the connection closes after this exchange in any case; may be set until it is finished."""
        chosen = self._no_keep_alive
        return self.params.no_keep_alive if chosen is None else chosen

    @no_keep_alive.setter
    def no_keep_alive(self, value: bool) -> None:
        self._no_keep_alive = value

    # The way out.

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        """Send a whole response and finish the request; on a server only.

        Where `write_headers` or `finish` was replaced, on the class, a subclass or the instance, they
        are called.

        :raises ValueError: if the head could not be sent as it is; nothing was sent then.
        :raises ~tornado.httputil.HTTPOutputError: if a response was begun already, or
            Content-Length is wrong.
        """
        write_headers, finish = self.write_headers, self.finish
        if (
            type(write_headers) is not MethodType
            or write_headers.__func__ is not _WRITE_HEADERS
            or type(finish) is not MethodType
            or finish.__func__ is not _FINISH
        ):
            super().respond(status, reason, headers, body)  # calls the two
            return
        server = self._server
        request = self._head
        if request is None or (self._writer is not None and self._writer.state is not Sending.IDLE):
            raise HTTPOutputError("a response was begun already")
        if server is None:  # the peer left
            self._writer = _FINISHED
            return
        if self.stream.written_by_hand:
            self._writer = _TAKEN_OVER
            server.taken_over(self, status)
            return
        data, with_body, keep_alive = whole_response(
            status,
            reason,
            headers,
            body,
            request.method,
            request.fields.version == "HTTP/1.0",
            server.may_keep_alive(self, True),
        )
        self._writer = _FINISHED
        if with_body and body:
            if len(body) < _JOIN_BELOW:
                server.send(data + body)
            else:
                server.send_many((data, body))
        else:
            server.send(data)
        server.exchange_finished(self, status, keep_alive)

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[[], Any] | None = None,
    ) -> asyncio.Future[None]:
        """Send a start line and headers, and ``chunk`` with them.

        The framing of the content follows from the headers: with Content-Length it is held to it,
        without one it is chunked where HTTP allows. A response with an informational status may
        be followed by another head.

        :param callback: called through the loop once all is sent.
        :returns: a future that is done once the kernel has taken all; it fails with
            `.StreamClosedError`. Cancelling it does not take the bytes back.
        :raises ValueError: if the head could not be sent as it is; nothing was sent then.
        :raises ~tornado.httputil.HTTPOutputError: if the headers contradict each other, or
            ``chunk`` is too long.
        """
        writer = self._writer
        if writer is None:
            writer = self._new_writer()
        elif writer.state is not Sending.IDLE:
            raise HTTPOutputError("headers were sent already")
        if isinstance(start_line, RequestStartLine):
            self._method = start_line.method
            head = writer.start_request(start_line.method, start_line.path, headers)
        else:
            request = self._head
            method = request.method if request is not None else ""
            code = start_line.code
            if self._server is not None and self.stream.written_by_hand:
                self._writer = _TAKEN_OVER
                self._server.taken_over(self, code)
                return self._put([], callback)
            is_http10 = request is not None and request.fields.version == "HTTP/1.0"
            if is_http10 and code < 200 and code != 101:
                return self._put([], callback)  # HTTP/1.0 knows none (RFC 9110 section 15.2)
            head = writer.start_response(
                code,
                start_line.reason,
                headers,
                method == "HEAD",
                is_http10,
                code == 101 or (method == "CONNECT" and 200 <= code < 300),
            )
        pieces = [head]
        if chunk:
            pieces += writer.content(_as_bytes(chunk))
        self._writer = writer
        return self._put(pieces, callback)

    def write(
        self, chunk: bytes, callback: Callable[[], Any] | None = None
    ) -> asyncio.Future[None]:
        """Send a part of the content, framed as the headers said.

        On a server, and before any headers, ``chunk`` is sent as it is: it begins with a status
        line, and the application writes the whole response itself.

        :param callback: called through the loop once all is sent.
        :returns: a future as of `write_headers`.
        :raises ~tornado.httputil.HTTPOutputError: if it is more than the Content-Length announced.
        """
        writer = self._writer
        chunk = _as_bytes(chunk)
        if writer is None:
            if self.is_client:
                raise HTTPOutputError("content before headers")
            writer = self._writer = self._new_writer()
            writer.state = Sending.RAW
            self._raw = RawHead()
        elif writer is _TAKEN_OVER:
            return self._failed(StreamClosedError(None))
        if self._raw is not None:
            self._raw.receive(chunk)
        return self._put(writer.content(chunk), callback)

    def send_file(self, file: Any, offset: int, count: int) -> asyncio.Future[None]:
        """Send a part of an open file as the content, or as its next part.

        :param file: a file descriptor or an object with ``fileno()``; it stays open until the future
            is done.
        :param offset: of its first byte that is sent.
        :param count: of bytes.
        :returns: a future as of `write_headers`. A file that is shorter closes the connection.
        :raises ~tornado.httputil.HTTPOutputError: if it is more than the Content-Length announced,
            or the content is chunked.
        """
        writer = self._writer
        if writer is None:
            raise HTTPOutputError("content before headers")
        stream = self.stream
        if not writer.take_file(count):
            return done_future(stream.io_loop.asyncio_loop)
        if self._server is not None:
            self._server.uncork()
        elif self._head is not None:
            return self._failed(StreamClosedError(None))
        try:
            sent = stream.send_file(file, offset, count)
        except StreamClosedError as error:
            return self._failed(error)
        if self._server is not None and not sent.done():
            self._server.backlog_grew()
        return sent

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        """End the message.

        :param trailers: fields to send after chunked content.
        :raises ~tornado.httputil.HTTPOutputError: if less was sent than the Content-Length
            announced; the connection is closed then, so that the peer sees the truncation.
        """
        writer = self._writer
        if writer is None:
            if self._head is not None and self._server is None:
                return  # the peer left
            raise HTTPOutputError("finish before headers")
        if writer is _TAKEN_OVER:
            return
        try:
            pieces = writer.finish(trailers)
        except HTTPOutputError:
            if writer.state is Sending.BROKEN:
                self.close()
            raise
        if pieces:
            self._put(pieces, None)
        server = self._server
        if server is not None:
            keep_alive = writer.keep_alive
            if self._raw is not None and self._head is not None:
                keep_alive = keep_alive and self._raw.keeps_alive(self._head.method)
            server.exchange_finished(self, writer.status, keep_alive)

    def _new_writer(self) -> MessageWriter:
        if self._server is not None and self._head is not None:
            return MessageWriter(self._server.may_keep_alive(self, False))
        return MessageWriter(not self.no_keep_alive)

    def _put(self, pieces: list[bytes], callback: Callable[[], Any] | None) -> asyncio.Future[None]:
        """Send ``pieces`` and return the future of it."""
        stream = self.stream
        server = self._server
        try:
            if server is not None:
                server.send_many(pieces)
                if callback is None and server.is_collecting:
                    return done_future(server.loop)  # it leaves with the rest of this turn
            elif self._head is not None or stream is None:
                raise StreamClosedError(None)  # the exchange is over
            elif pieces:
                stream.send_many(pieces)
            flushed = stream.flushed()
        except StreamClosedError as error:
            return self._failed(error)
        if callback is not None:
            callback = stack_context.wrap(callback)
            if flushed is None:
                stream.io_loop.add_callback(callback)
            else:
                flushed.add_done_callback(lambda future: _call_if_sent(future, callback))
        return flushed if flushed is not None else done_future(stream.io_loop.asyncio_loop)

    def _failed(self, error: StreamClosedError) -> asyncio.Future[None]:
        """Return a future of a write that came too late; nobody has to look at it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(error)
        future.exception()
        return future

    # Both ways.

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        """Have ``callback`` called when the connection closes before this exchange is finished.

        ``None`` takes it back; `finish` does, too.
        """
        self._close_callback = None if callback is None else stack_context.wrap(callback)

    def set_body_timeout(self, timeout: float | None) -> None:
        """Bound the time in which the content of the message that arrives must be complete.

        :param timeout: seconds from now on; ``None`` for no bound.
        """
        self._body_timeout = timeout
        if self._server is not None:
            self._server.set_body_timeout(timeout)
        elif self._receiver is not None:
            self._receiver.set_body_timeout(timeout)

    def set_max_body_size(self, max_body_size: int) -> None:
        """Bound the content of the message that arrives; to be called before the first of it is there.

        :param max_body_size: bytes.
        """
        self._max_body_size = max_body_size
        if self._server is not None:
            self._server.set_max_body_size(max_body_size)
        elif self._receiver is not None:
            self._receiver.reader.max_body_size = max_body_size

    def read_response(self, delegate: HTTPMessageDelegate) -> asyncio.Future[bool]:
        """Read one message: the response on a client, a request on a server.

        :param delegate: receives the message. Where a method of it returns an awaitable, reading
            waits for that.
        :returns: a future of whether the connection may carry another exchange. It never fails
            because of the peer: `error` then says what was wrong. Cancelling it closes the
            connection.
        """
        from tornado._http1.client import ResponseReceiver  # it imports this module
        from tornado._http1.single import read_request

        if not self.is_client:
            return read_request(self, delegate)
        self._receiver = ResponseReceiver(self, self._method, delegate)
        return self._receiver.start()

    def detach(self) -> IOStream:
        """Give the stream away, to speak another protocol on it.

        :returns: the stream; a read of it begins with what was received and not used.
        """
        stream = self.stream
        if self._server is not None:
            self._server.hand_over(self)
        elif self._receiver is not None:
            self._receiver.hand_over()
        self._close_callback = None
        self.stream = None  # type: ignore[assignment]  # as in the releases: it is given away
        return stream

    def close(self) -> None:
        """Close the stream at once; what was not sent yet is dropped, and a begun response is truncated."""
        self._close_callback = None
        writer = self._writer
        if self._server is not None:
            if writer is not None and writer.state is Sending.UNTIL_CLOSE:
                self._reset_on_close()
            self._server.abort()
        if self._receiver is not None:
            self._receiver.abort()
        if self.stream is not None:
            self.stream.close()

    def _reset_on_close(self) -> None:
        """Have the connection reset when it is closed.

        Where the end of the connection is the end of the content, only that tells the peer that the
        response is incomplete (RFC 9112 section 8).
        """
        sock = self.stream.socket
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _peer_left(self) -> None:
        """The stream closed before the exchange was finished."""
        self._server = None
        callback, self._close_callback = self._close_callback, None
        target, self._target = self._target, None
        if target is not None:
            target.on_connection_close()
        if callback is not None:
            callback()


def _as_bytes(chunk: bytes | str) -> bytes:
    return chunk.encode("utf-8") if isinstance(chunk, str) else chunk


def _call_if_sent(future: asyncio.Future[None], callback: Callable[[], Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        callback()


_WRITE_HEADERS = HTTP1Connection.write_headers
_FINISH = HTTP1Connection.finish
_FINISHED = MessageWriter()
_FINISHED.state = Sending.DONE
#: The application has written to the stream by itself: what comes through the exchange is discarded.
_TAKEN_OVER = MessageWriter()
_TAKEN_OVER.state = Sending.DONE

HTTP1Connection.__module__ = "tornado.http1connection"
