"""A stream goes in; one exchange of request and response after the other comes out.

The connection stays attached to its stream while it waits in the pool: a server that closes it, or
sends what nobody asked for, is noticed at once.
"""

from __future__ import annotations

import enum
import select
import ssl
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from tornado._httpclient.errors import (
    HTTPResetError,
    HTTPStreamClosedError,
    head_too_large,
    refused,
)
from tornado._iostream.seam import stops
from tornado._loop.seam import run_clean
from tornado.http1engine import (
    END,
    Limits,
    MessageError,
    MessageWriter,
    Reading,
    ResponseHead,
    ResponseReader,
)
from tornado.iostream import IOStream, StreamClosedError

#: Content up to this size leaves in one piece with the head.
_JOINED_SIZE = 16384


class ConnectionState(enum.Enum):
    """Where a connection stands."""

    #: no exchange; in the pool, or about to be used
    IDLE = "idle"
    #: a request was begun, its response is not complete
    BUSY = "busy"
    #: as `BUSY`, but whoever takes the response needs time
    PAUSED = "paused"
    #: of no more use
    CLOSED = "closed"


_IDLE = ConnectionState.IDLE
_BUSY = ConnectionState.BUSY
_PAUSED = ConnectionState.PAUSED
_CLOSED = ConnectionState.CLOSED


class ResponseConsumer(Protocol):
    """Takes the response of one exchange."""

    def informational_received(self, head: ResponseHead) -> None:
        """A head before the final one is there, such as 100 or 103."""

    def head_received(self, head: ResponseHead) -> None:
        """The head of the final response is there."""

    def data_received(self, data: bytes) -> None:
        """A piece of its content is there. May call `ClientConnection.pause`."""

    def response_complete(self, reusable: bool) -> None:
        """The response is complete.

        :param reusable: whether the connection may carry another exchange; else it is closed.
        """

    def exchange_failed(self, error: BaseException, untouched: bool) -> None:
        """There is no whole response. The connection is closed.

        :param untouched: whether nothing at all came of a response.
        """


class ClientConnection:
    """A connection for requests to one origin.

    :param stream: connected.
    :param key: what requests must have in common to use this connection.
    :param gone: called with the connection when its stream closed.
    """

    __slots__ = (
        "_close_error",
        "_consumer",
        "_gone",
        "_head",
        "_is_reading",
        "_touched",
        "_watch",
        "_writer",
        "idle_since",
        "key",
        "reader",
        "state",
        "stops",
        "stream",
        "was_idle",
    )

    def __init__(
        self,
        stream: IOStream,
        key: Hashable,
        limits: Limits,
        max_body_size: int,
        gone: Callable[[ClientConnection], None],
    ) -> None:
        self.stream = stream
        self.key = key
        self.reader = ResponseReader(limits, max_body_size)
        self.state = _IDLE
        #: seconds for which it was idle before this exchange; 0 if this is its first one
        self.was_idle = 0.0
        #: the loop's time at which it went idle, in seconds
        self.idle_since = 0.0
        #: how many servers of this process had stopped when it was made
        self.stops = stops.count
        self._gone = gone
        self._consumer: ResponseConsumer | None = None
        self._writer: MessageWriter | None = None
        self._head: ResponseHead | None = None
        self._touched = False
        self._is_reading = False
        self._close_error: BaseException | None = None
        self._watch: Callable[[float], list[Any]] | None = None
        run_clean(stream.attach, self)

    # Sending.

    def begin(
        self,
        consumer: ResponseConsumer,
        method: str,
        writer: MessageWriter,
        head: bytes,
        body: bytes | None,
    ) -> None:
        """Send a request, and give the response to ``consumer``.

        :param writer: what made ``head``.
        :param body: all content; ``None`` if there is none, or it is sent with `send_content`.
        :raises StreamClosedError: if the connection was closed.
        """
        self.state = _BUSY
        self._consumer = consumer
        self._writer = writer
        self._head = None
        self._touched = False
        self.reader.method = method
        if body is None:
            self.stream.send(head)
            return
        pieces = [*writer.content(body), *writer.finish()]
        if len(body) <= _JOINED_SIZE:
            self.stream.send(b"".join([head, *pieces]))
        else:
            self.stream.send_many([head, *pieces])

    def send_content(self, chunk: bytes) -> None:
        """Send a piece of the content.

        :raises HTTPOutputError: if it is more than was announced.
        :raises StreamClosedError: if the connection was closed.
        """
        assert self._writer is not None
        pieces = self._writer.content(chunk)
        if pieces:
            self.stream.send_many(pieces)

    def finish_content(self) -> None:
        """Send the end of the content.

        :raises HTTPOutputError: if it is less than was announced.
        :raises StreamClosedError: if the connection was closed.
        """
        assert self._writer is not None
        pieces = self._writer.finish()
        if pieces:
            self.stream.send_many(pieces)

    # What the stream tells.

    def chunk_received(self, data: bytes) -> None:
        """Take bytes that arrived."""
        if self._consumer is None:
            # Nobody asked for them: whatever they are, no later request may get them as its response.
            self.close()
            return
        self._touched = True
        self.reader.receive(data)
        self._read()

    def eof_received(self) -> bool:
        """The peer sends nothing more: that may be how the response ends."""
        if self._consumer is not None:
            self.reader.receive_eof()
            self._read()
        return self.state is _PAUSED

    def stream_closed(self, error: BaseException | None) -> None:
        """The stream closed."""
        self._gone(self)
        if self.state is _PAUSED:
            # What came before is still wanted, if it makes a whole response.
            self._close_error = error
            self.reader.receive_eof()
        elif self._consumer is not None:
            self._fail(self._cut_off(error, "Stream closed"))
        else:
            self.state = _CLOSED

    def writing_resumed(self) -> None:
        """Producers of content wait for what is queued themselves."""

    # The response.

    def pause(self) -> None:
        """Deliver nothing more until `resume`."""
        if self.state is _BUSY:
            self.state = _PAUSED
            self.stream.pause_reading()

    def resume(self) -> None:
        """Deliver what was received meanwhile, and go on."""
        if self.state is _PAUSED:
            self.state = _BUSY
            if not self.stream.closed():
                self.stream.resume_reading()
            if not self._is_reading:
                self._read()

    def _read(self) -> None:
        reader = self.reader
        self._is_reading = True
        try:
            while self.state is _BUSY:
                event = reader.next_event()
                consumer = self._consumer
                assert consumer is not None
                if event is None:
                    if reader.state is Reading.CLOSED:
                        self._fail(self._cut_off(self._close_error, "Stream closed"))
                    return
                if isinstance(event, bytes):
                    consumer.data_received(event)
                elif event is END:
                    self._complete()
                    return
                else:
                    assert isinstance(event, ResponseHead)
                    if event.status >= 200 or event.status == 101:
                        _check_framing(event)
                        self._head = event
                        consumer.head_received(event)
                    else:
                        consumer.informational_received(event)
        except MessageError as error:
            if reader._eof:
                # It was not malformed, it was cut off.
                self._fail(self._cut_off(self._close_error, f"Stream closed: {error}"))
            elif self._head is not None:
                # The declared size was checked with the head.
                self._fail(refused(error, "Body too long" if error.status == 413 else None))
            elif error.status in (414, 431):
                self._fail(head_too_large(error))
            else:
                self._fail(refused(error))
        finally:
            self._is_reading = False

    def _complete(self) -> None:
        consumer, writer, head = self._consumer, self._writer, self._head
        assert consumer is not None
        assert writer is not None
        assert head is not None
        self._consumer = None
        reusable = (
            self.reader.may_reuse(head)
            and writer.is_complete
            and writer.keep_alive
            and not self.stream.closed()
        )
        if reusable:
            self.reader.next_message()
            self.state = _IDLE
        else:
            self.close()
        consumer.response_complete(reusable)

    def _cut_off(self, error: BaseException | None, text: str) -> BaseException:
        """Return what a caller is told when the connection ended before the response did.

        :param error: what the system said of the connection, if it said something.
        """
        if error is None:
            return HTTPStreamClosedError(text)
        if self._head is not None and isinstance(error, ConnectionResetError):
            # A response had begun: it broke off, by whatever means.
            reset = HTTPResetError(str(error))
            reset.__cause__ = error
            return reset
        return error

    def _fail(self, error: BaseException) -> None:
        consumer = self._consumer
        self._consumer = None
        self.close()
        if consumer is not None:
            consumer.exchange_failed(error, not self._touched)

    def close(self) -> None:
        """Close the connection; a consumer hears nothing more. Harmless when it is closed."""
        self._consumer = None
        self.state = _CLOSED
        self.stream.close()

    def sever(self) -> None:
        """Drop the connection in a forked child: it is the parent's, which goes on with it."""
        self._consumer = None
        self.state = _CLOSED
        stream = self.stream
        if getattr(stream.io_loop.asyncio_loop, "_selector", None) is None:
            # This loop shares its epoll descriptor with the parent: to unregister here would
            # unregister there.
            stream.socket.close()
        else:
            # With an error a TLS stream says no farewell.
            stream.close(ConnectionAbortedError("the connection belongs to the parent process"))

    def is_quiet(self) -> bool:
        """Ask the operating system whether nothing arrived: neither bytes nor the end."""
        if self.state is not _IDLE:
            return False
        watch = self._watch
        if watch is None:
            watch = self._watch = watch_of(self.stream.socket.fileno())
        if not watch(0):
            return True
        sock = self.stream.socket
        if not isinstance(sock, ssl.SSLSocket):
            return False
        # It may be a TLS record without content, a session ticket for instance.
        try:
            sock.recv(1)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except (OSError, ValueError):
            pass
        return False


def _check_framing(head: ResponseHead) -> None:
    """Refuse a 204 that announces content, which others would read as the next response.

    :raises MessageError: if it does.
    """
    if head.status == 204 and (head.fields.chunked or head.fields.content_length):
        raise MessageError("Response with code 204 should not have body")


if hasattr(select, "poll"):

    def watch_of(descriptor: int) -> Callable[[float], list[Any]]:
        """Return a function that says, after so many milliseconds, whether something has arrived."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return poll.poll

    def readable(descriptors: list[int]) -> list[int]:
        """Return the descriptors on which something happened, or that are none any more."""
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        return [descriptor for descriptor, _ in poll.poll(0)]

else:

    def watch_of(descriptor: int) -> Callable[[float], list[Any]]:
        """Return a function that says, after so many milliseconds, whether something has arrived."""
        return lambda timeout: select.select([descriptor], [], [], timeout / 1000)[0]

    def readable(descriptors: list[int]) -> list[int]:
        """Return the descriptors on which something happened."""
        return select.select(descriptors, [], [], 0)[0]


def closed_error(error: StreamClosedError) -> BaseException:
    """Return what a caller is told of a closed stream: what the system said, if it said something."""
    return error.real_error or HTTPStreamClosedError("Stream closed")
