"""Bytes as they arrive go in; heads, content and the ends of messages come out, or one clear error.

    reader = RequestReader()
    reader.receive(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    head = reader.next_event()       # a RequestHead
    reader.next_event() is END       # nothing follows this one
    reader.next_message()            # ready for the next request

`next_event` returns a head, ``bytes`` of content, `END`, or ``None`` where more bytes are needed.
The readers know no clock: whoever feeds them keeps the deadlines.
"""

from __future__ import annotations

import enum
import re
from typing import Generic, TypeVar

from tornado._http1.errors import (
    HeadTooLargeError,
    IncompleteMessageError,
    MessageError,
    excerpt,
)
from tornado._http1.fields import CONTROLS, parse_fields
from tornado._http1.head import (
    FIRST_BYTE,
    RequestHead,
    ResponseHead,
    parse_request_head,
    parse_response_head,
    with_crlf,
)
from tornado._http1.limits import DEFAULT_LIMITS, Limits
from tornado._http1.state import Reading
from tornado._httputil.headers import HTTPHeaders

#: The largest content accepted where nothing else is said: 100 MiB.
DEFAULT_MAX_BODY_SIZE = 100 * 1024 * 1024

#: Chunks at the beginning of a content whose borders are kept, as some applications expect ...
_SINGLE_CHUNKS = 4
#: ... and how many of those that follow one event joins: tiny ones are cheap to send and not to read.
_CHUNKS_PER_EVENT = 256

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(;[^\r\n]*)?\Z")


class EndOfMessage(enum.Enum):
    """The type of `END`."""

    __module__ = "tornado.http1engine"

    END = "end"


#: Reported once after the last content of a message.
END = EndOfMessage.END

_START = Reading.START
_FIXED = Reading.FIXED
_CHUNK_SIZE_LINE = Reading.CHUNK_SIZE
_CHUNK_DATA = Reading.CHUNK_DATA
_CHUNK_END = Reading.CHUNK_END
_TRAILERS = Reading.TRAILERS
_UNTIL_CLOSE = Reading.UNTIL_CLOSE
_COMPLETE = Reading.COMPLETE

_Head = TypeVar("_Head", RequestHead, ResponseHead)


class MessageReader(Generic[_Head]):
    """What both roles share: the buffer, content of each framing, the end.

    :param limits: bounds of heads, chunks and trailers.
    :param max_body_size: bytes of content at most; `max_body_size` may be set anew for each
        message, after its head was read and before the next event is asked for.
    """

    __module__ = "tornado.http1engine"

    __slots__ = (
        "_chunks",
        "_eof",
        "_extensions",
        "_position",
        "_received",
        "_remaining",
        "_scanned",
        "_skipped",
        "buffer",
        "limits",
        "max_body_size",
        "state",
        "trailers",
    )

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, max_body_size: int = DEFAULT_MAX_BODY_SIZE
    ) -> None:
        self.limits = limits
        self.max_body_size = max_body_size
        #: where the message stands
        self.state = _START
        #: the trailers of a chunked message that had some, once it is complete
        self.trailers: HTTPHeaders | None = None
        #: What was received and is not used up begins at ``_position``; between messages the buffer
        #: is empty where nothing is left. It is the very chunk that came where that holds whole
        #: messages, and a bytearray, which grows in place, where parts must be put together.
        self.buffer: bytes | bytearray = b""
        self._position = 0
        self._scanned = 0  # bytes after _position in which the end of the head is not
        self._skipped = 0  # empty lines before the head
        self._remaining = 0  # bytes of content, or of the current chunk, that are to come
        self._received = 0  # bytes of chunked or close-delimited content so far
        self._extensions = 0  # bytes of chunk extensions so far
        self._chunks = 0  # complete chunks so far
        self._eof = False

    def receive(self, data: bytes) -> None:
        """Take bytes that arrived."""
        buffer = self.buffer
        position = self._position
        if position == len(buffer):
            self.buffer = data
            self._position = 0
            return
        if not isinstance(buffer, bytearray):
            buffer = self.buffer = bytearray(memoryview(buffer)[position:])
            self._position = 0
        elif position > 65536:
            del buffer[:position]
            self._position = 0
        buffer += data

    def receive_eof(self) -> None:
        """Take note that the peer will send nothing more."""
        self._eof = True

    @property
    def buffered(self) -> int:
        """Bytes that were received and belong to no event yet."""
        return len(self.buffer) - self._position

    @property
    def remaining(self) -> int:
        """Bytes of content, or of the current chunk, that no event has brought yet."""
        return self._remaining if self.state is not _COMPLETE else 0

    @property
    def is_joining(self) -> bool:
        """Whether the last event joined chunks, and more of them are here to be joined."""
        return (
            (self.state is _CHUNK_END or self.state is _CHUNK_DATA)
            and self._chunks > _SINGLE_CHUNKS
            and self._position + 2 < len(self.buffer)
        )

    @property
    def is_at_end(self) -> bool:
        """Whether all of the current message has been read."""
        return self.state is _COMPLETE or self.state is Reading.DONE

    @property
    def is_between_messages(self) -> bool:
        """Whether no byte of a message has come since the last one (empty lines aside)."""
        return self.state is _START and self._position == len(self.buffer)

    def next_message(self) -> None:
        """Turn to the next message: allowed once this one is complete.

        :raises ValueError: if it is not.
        """
        if self.state is not _COMPLETE and self.state is not Reading.DONE:
            raise ValueError(f"no next message in state {self.state.name}")
        self.state = _START
        if self._position == len(self.buffer):
            self.buffer = b""
            self._position = 0
        if self.trailers is not None:
            self.trailers = None

    def take_unread(self) -> bytes:
        """Return what was received of the next message, between two messages, and forget it."""
        unread = bytes(memoryview(self.buffer)[self._position :])
        self.buffer = b""
        self._position = self._scanned = 0
        return unread

    def hand_over(self) -> bytes:
        """Give up reading: what was received and not used belongs to another protocol, and is returned."""
        unread = bytes(memoryview(self.buffer)[self._position :])
        self.buffer = b""
        self._position = 0
        self.state = Reading.HANDED_OVER
        return unread

    def next_event(self) -> _Head | bytes | EndOfMessage | None:
        """Return the next event, or ``None`` if more bytes are needed.

        :raises MessageError: once, for a violation; nothing can be read afterwards.
        """
        state = self.state
        if state is _START:
            return self.read_head()
        if state is _COMPLETE:
            self.state = Reading.DONE
            return END
        try:
            if state is _FIXED:
                return self._read_fixed()
            if state is _UNTIL_CLOSE:
                return self._read_until_close()
            if state in (_CHUNK_SIZE_LINE, _CHUNK_DATA, _CHUNK_END, _TRAILERS):
                return self._read_chunks()
        except MessageError:
            self.state = Reading.BROKEN
            raise
        return None

    def read_head(self) -> _Head | None:
        """Return the next head, or ``None`` if more bytes are needed. Only between two messages.

        :raises MessageError: once, for a violation.
        """
        data = self.buffer
        position = self._position
        try:
            if position == len(data):
                if self._eof:
                    self._head_incomplete()
                return None
            if data[position] < 32:
                position = self._skip_blank_lines()
                if position < 0:
                    if self._eof:
                        self._head_incomplete()
                    return None
                data = self.buffer
            end = data.find(b"\r\n\r\n", position + self._scanned)
            if end < 0:
                self._head_incomplete()
                return None
            end += 4
            if end - position > self.limits.max_header_size:
                raise self._head_too_large(data, position)
            if end == len(data):
                head = bytes(data) if position == 0 else bytes(data[position:])
                self.buffer = b""
                self._position = 0
            else:
                head = bytes(data[position:end])
                self._position = end
            self._scanned = self._skipped = 0
            return self._parse_head(head)
        except MessageError:
            self.state = Reading.BROKEN
            raise

    #: what an error calls a start line of the wrong shape
    _bad_line = "Malformed HTTP request line"

    def _parse_head(self, head: bytes) -> _Head | None:
        """Parse a whole head and set the state that its framing asks for."""
        raise NotImplementedError

    def _skip_blank_lines(self) -> int:
        """Skip CRLFs before a start line (RFC 9112 2.2); return where that begins, or -1."""
        data = self.buffer
        position = self._position
        while data[position : position + 2] == b"\r\n":
            position += 2
            self._skipped += 1
            if self._skipped > self.limits.max_blank_lines:
                raise MessageError("too many empty lines before a start line")
        if position == len(data):
            self.buffer = b""
            self._position = 0
            return -1
        self._position = position
        return -1 if data[position:] == b"\r" else position

    def _head_incomplete(self) -> None:
        """Check what has come of a head so far, in time linear over all calls."""
        data = self.buffer
        position = self._position
        size = len(data) - position
        if self._eof:
            if size == 0:
                self.state = Reading.CLOSED
                return
            raise IncompleteMessageError("connection closed in the middle of a head")
        if not FIRST_BYTE.match(data, position):
            raise MessageError(f"{self._bad_line} {excerpt(data[position : position + 60])}")
        if size > self.limits.max_header_size:
            raise self._head_too_large(data, position)
        fresh = position + self._scanned
        if data.count(b"\n", fresh) != data.count(b"\r\n", fresh):
            raise MessageError("bare LF in a head")
        # The next search starts early enough to find a CRLF CRLF of which up to three bytes are
        # here.
        self._scanned = max(size - 3, 0)
        while self._scanned and data[position + self._scanned] == 10:
            self._scanned -= 1
        # One more: the CR of a line that is just short enough may be here without its LF.
        if size > self.limits.max_start_line + 1 and data.find(b"\r\n", position) < 0:
            raise self._head_too_large(data, position)

    def _head_too_large(self, data: bytes | bytearray, position: int) -> MessageError:
        end = data.find(b"\r\n", position, position + self.limits.max_start_line + 2)
        if end < 0:
            return HeadTooLargeError(f"start line over {self.limits.max_start_line} bytes", 414)
        return HeadTooLargeError(f"head over {self.limits.max_header_size} bytes", 431)

    def _expect(self, chunked: bool, length: int | None) -> None:
        """Set the state for content of this framing."""
        if chunked:
            self._received = self._extensions = self._remaining = self._chunks = 0
            self.state = _CHUNK_SIZE_LINE
        elif length:
            self._remaining = length
            self.state = _FIXED
        else:
            self.state = _COMPLETE

    def check_size(self) -> None:
        """Refuse content whose declared length is over `max_body_size`, before any of it is read.

        :raises MessageError: with status 413.
        """
        if self.state is _FIXED and self._remaining > self.max_body_size:
            self.state = Reading.BROKEN
            raise self._content_too_large("Content-Length too long", self._remaining)

    def take_whole(self) -> bytes | None:
        """Return the content if it is of known length and all of it is here; then it is complete."""
        if self.state is not _FIXED or len(self.buffer) - self._position < self._remaining:
            return None
        content = self._take(self._remaining)
        self._remaining = 0
        self.state = _COMPLETE
        return content

    def _content_too_large(self, what: str, size: int) -> MessageError:
        return MessageError(f"{what}: {size} bytes, at most {self.max_body_size} are allowed", 413)

    def _incomplete(self) -> None:
        if self._eof:
            raise IncompleteMessageError("connection closed in the middle of the content")

    def _take(self, count: int) -> bytes:
        """Return and use up ``count`` bytes at most."""
        data = self.buffer
        position = self._position
        end = position + count
        if end >= len(data):
            self.buffer = b""
            self._position = 0
        else:
            self._position = end
        if isinstance(data, bytes):
            return data[position:end]
        return bytes(memoryview(data)[position:end])

    def _read_fixed(self) -> bytes | None:
        if self._position == len(self.buffer):
            self._incomplete()
            return None
        content = self._take(self._remaining)
        self._remaining -= len(content)
        if not self._remaining:
            self.state = _COMPLETE
        return content

    def _read_until_close(self) -> bytes | EndOfMessage | None:
        if self._position == len(self.buffer):
            if not self._eof:
                return None
            self.state = Reading.DONE
            return END
        self._received += len(self.buffer) - self._position
        if self._received > self.max_body_size:
            raise self._content_too_large("body too large", self._received)
        return self._take(len(self.buffer))

    def _read_chunks(self) -> bytes | EndOfMessage | None:
        """Return the data of a chunk, or later of several chunks that are here, as one piece."""
        parts: list[bytes] = []
        while True:
            state = self.state
            if state is _CHUNK_DATA:
                if self._position == len(self.buffer):
                    break
                part = self._take(self._remaining)
                parts.append(part)
                self._remaining -= len(part)
                if self._remaining:
                    break
                self.state = _CHUNK_END
                self._chunks += 1
                if self._chunks <= _SINGLE_CHUNKS or len(parts) >= _CHUNKS_PER_EVENT:
                    break
            elif state is _CHUNK_END:
                if not self._read_chunk_end():
                    break
            elif state is _CHUNK_SIZE_LINE:
                if not self._read_chunk_size():
                    break
            elif state is _COMPLETE or not self._read_trailers():
                break
        if parts:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if self.state is _COMPLETE:
            self.state = Reading.DONE
            return END
        self._incomplete()
        return None

    def _read_chunk_end(self) -> bool:
        position = self._position
        end = self.buffer[position : position + 2]
        if end == b"\r\n":
            self._position = position + 2
            self.state = _CHUNK_SIZE_LINE
            return True
        if end and end != b"\r":
            raise MessageError(f"improperly terminated chunk: {excerpt(end)} in place of CRLF")
        return False

    def _read_chunk_size(self) -> bool:
        data = self.buffer
        position = self._position
        most = self.limits.max_chunk_line
        end = data.find(b"\r\n", position, position + most + 2)
        if end < 0:
            so_far = len(data) - position
            if so_far > most:
                raise MessageError(f"chunk size line over {most} bytes")
            if so_far and data.find(b"\n", position) >= 0:
                raise MessageError("bare LF in a chunk size line")
            return False
        line = bytes(data[position:end])
        match = _CHUNK_SIZE.match(line)
        if match is None:
            raise MessageError(f"invalid chunk size {excerpt(line)}")
        digits, extensions = match.groups()
        if extensions:
            self._extensions += len(extensions)
            if self._extensions > self.limits.max_chunk_extensions:
                raise MessageError(
                    f"chunk extensions over {self.limits.max_chunk_extensions} bytes"
                )
            if len(line.translate(None, CONTROLS)) != len(line):
                raise MessageError("control character in a chunk extension")
        size = int(digits, 16)
        self._position = end + 2
        if size == 0:
            self._position = end  # the CRLF is the first of the trailers
            self._scanned = 0
            self.state = _TRAILERS
            return True
        self._received += size
        if self._received > self.max_body_size:
            raise self._content_too_large("chunked body too large", self._received)
        self._remaining = size
        self.state = _CHUNK_DATA
        return True

    def _read_trailers(self) -> bool:
        data = self.buffer
        position = self._position
        if data[position : position + 4] == b"\r\n\r\n":
            self._position = position + 4
            self.state = _COMPLETE
            return True
        end = data.find(b"\r\n\r\n", position + self._scanned)
        size = (len(data) if end < 0 else end) - position
        if size > self.limits.max_trailer_size:
            raise MessageError(f"trailers over {self.limits.max_trailer_size} bytes", 431)
        if end < 0:
            if data.count(b"\n", position + self._scanned) != data.count(
                b"\r\n", position + self._scanned
            ):
                raise MessageError("bare LF in trailers")
            self._scanned = max(size - 3, 0)
            while self._scanned and data[position + self._scanned] == 10:
                self._scanned -= 1
            return False
        block = bytes(data[position : end + 4])
        self.trailers = HTTPHeaders._from_normalized(
            parse_fields(block, self.limits.max_header_count)
        )
        self._position = end + 4
        self._scanned = 0
        self.state = _COMPLETE
        return True


class RequestReader(MessageReader[RequestHead]):
    """The reader of a server."""

    __module__ = "tornado.http1engine"

    __slots__ = ()

    def _parse_head(self, head: bytes) -> RequestHead:
        request = parse_request_head(head, self.limits)
        fields = request.fields
        if fields.has_content:
            self._expect(fields.chunked, fields.content_length)
        else:
            self.state = _COMPLETE
        return request


#: Ends of lines before a start line, and what ends a head: an empty line.
_LINE_ENDS = re.compile(rb"[\r\n]*")
_EMPTY_LINE = re.compile(rb"\n\r?\n")


class ResponseReader(MessageReader[ResponseHead]):
    """The reader of a client. Set `method` to the method of each request before its response is read.

    Informational responses are events like others; the final head comes after them, and
    `next_message` is not needed in between. After ``101``, and after a successful response to
    CONNECT, the only event is `END`: then `hand_over` returns what came of the other protocol.
    """

    __module__ = "tornado.http1engine"

    __slots__ = ("_informational", "is_upgraded", "method")

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, max_body_size: int = DEFAULT_MAX_BODY_SIZE
    ) -> None:
        super().__init__(limits, max_body_size)
        #: the method of the request
        self.method = "GET"
        #: whether another protocol follows the head
        self.is_upgraded = False
        self._informational = 0

    _bad_line = "malformed status line"

    def read_head(self) -> ResponseHead | None:
        """Return the next head, as `MessageReader.read_head`; a lone LF ends a line in it too."""
        self._complete_lines()
        return super().read_head()

    def _complete_lines(self) -> None:
        """Turn each lone LF of the head into CRLF. Content behind the head stays as it is."""
        data = self.buffer
        start = self._position + self._scanned
        begin = start
        if not self._scanned and begin < len(data) and data[begin] < 32:
            # Before the start line there may be empty lines.
            begin = _LINE_ENDS.match(data, begin).end()  # type: ignore[union-attr]  # it always does
        found = _EMPTY_LINE.search(data, begin)
        end = len(data) if found is None else found.end()
        if data.count(b"\n", start, end) == data.count(b"\r\n", start, end):
            return
        if start > self._position and data[start] == 10 and data[start - 1] == 13:
            start += 1  # the second half of a CRLF
        if not isinstance(data, bytearray):
            data = self.buffer = bytearray(data)
        data[start:end] = with_crlf(data[start:end])

    def _parse_head(self, head: bytes) -> ResponseHead:
        response = parse_response_head(head, self.limits)
        status = response.status
        fields = response.fields
        if status < 200 and status != 101:
            self._informational += 1
            if self._informational > self.limits.max_informational:
                raise MessageError(f"over {self.limits.max_informational} informational responses")
            return response
        self._informational = 0
        if status == 101 or (self.method == "CONNECT" and status < 300):
            self.is_upgraded = True
            self.state = _COMPLETE
        elif self.method == "HEAD" or status in (204, 304):
            self.state = _COMPLETE
        elif fields.chunked or fields.content_length is not None:
            self._expect(fields.chunked, fields.content_length)
        else:
            self._received = 0
            self.state = _UNTIL_CLOSE
        return response

    def may_reuse(self, response: ResponseHead) -> bool:
        """Return whether the connection may carry another request, now that ``response`` is complete.

        Bytes that came after it belong to no request: they rule it out.
        """
        return (
            self.state in (_COMPLETE, Reading.DONE)
            and not self.is_upgraded
            and response.fields.keep_alive
            and not self._eof
            and not self.buffered
            and (
                response.fields.chunked
                or response.fields.content_length is not None
                or response.status in (204, 304)
                or self.method == "HEAD"
            )
        )
