"""An event of one HTTP/1.1 message goes in, the state that follows comes out: all states and all transitions.

`Reading` is the message that arrives, `Sending` the one that leaves; for a server these are request
and response, for a client the other way round. `Serving` is the work of a server connection. The tables
below are the only definition of what may follow what; `advance` applies them and refuses
everything else.

The engine assigns the state directly, without `advance`, where the branch it is in already fixes
both ends of an arrow of the table (a head that was just parsed can only have been read in
``START``). `tests/test_state.py` drives the engine along every arrow and holds what it does
against these tables.
"""

from __future__ import annotations

import enum
from typing import TypeVar


class Reading(enum.Enum):
    """Where the message that arrives stands."""

    __module__ = "tornado.http1engine"

    START = "start"  #: the head is expected; a part of it may have come
    FIXED = "fixed"  #: content of a known length follows
    CHUNK_SIZE = "chunk size"  #: the line with a chunk's size is expected
    CHUNK_DATA = "chunk data"  #: a chunk's data is expected
    CHUNK_END = "chunk end"  #: the CRLF after a chunk's data is expected
    TRAILERS = "trailers"  #: field lines after the last chunk are expected
    UNTIL_CLOSE = "until close"  #: content ends where the connection ends (responses only)
    COMPLETE = "complete"  #: all of the message came; its end was not reported yet
    DONE = "done"  #: the end was reported
    HANDED_OVER = "handed over"  #: what follows belongs to another protocol (upgrade, CONNECT)
    CLOSED = "closed"  #: the peer closed between two messages
    BROKEN = "broken"  #: the peer violated the protocol; nothing more is read


class Sending(enum.Enum):
    """Where the message that leaves stands."""

    __module__ = "tornado.http1engine"

    IDLE = "idle"  #: nothing was sent (informational responses do not count)
    FIXED = "fixed"  #: the head was sent with a Content-Length that is not used up
    CHUNKED = "chunked"  #: the head was sent; content leaves in chunks
    UNTIL_CLOSE = "until close"  #: the head was sent; content ends with the connection
    RAW = "raw"  #: the application writes the bytes of the message itself
    NO_CONTENT = "no content"  #: the head was sent; no content may follow (HEAD, 204, 304)
    DONE = "done"  #: the message is complete
    HANDED_OVER = "handed over"  #: the stream was given away
    BROKEN = "broken"  #: the message can not be completed; the connection closes


class Event(enum.Enum):
    """What happens to a message."""

    HEAD_FIXED = enum.auto()  #: a head that announces a length above zero
    HEAD_CHUNKED = enum.auto()  #: a head that announces chunks
    HEAD_UNTIL_CLOSE = enum.auto()  #: a head whose content ends with the connection
    HEAD_EMPTY = enum.auto()  #: a head without content
    INFORMATIONAL = enum.auto()  #: a 1xx head: another head follows
    RAW = enum.auto()  #: bytes of an application that writes head and content itself
    SIZE = enum.auto()  #: a chunk's size above zero
    LAST_SIZE = enum.auto()  #: the size zero
    DATA_END = enum.auto()  #: the last byte of content, or of a chunk's data
    CHUNK_END = enum.auto()  #: the CRLF after a chunk's data
    TRAILERS_END = enum.auto()  #: the empty line after the trailers
    END = enum.auto()  #: the end is reported, or the application finished
    NEXT = enum.auto()  #: the connection turns to its next message
    HAND_OVER = enum.auto()  #: upgrade, CONNECT, detach
    CLOSE = enum.auto()  #: the peer closed
    ERROR = enum.auto()  #: a violation, or an application that failed


READING: dict[Reading, dict[Event, Reading]] = {
    Reading.START: {
        Event.HEAD_FIXED: Reading.FIXED,
        Event.HEAD_CHUNKED: Reading.CHUNK_SIZE,
        Event.HEAD_UNTIL_CLOSE: Reading.UNTIL_CLOSE,
        Event.HEAD_EMPTY: Reading.COMPLETE,
        Event.INFORMATIONAL: Reading.START,
        Event.CLOSE: Reading.CLOSED,
        Event.ERROR: Reading.BROKEN,
        Event.HAND_OVER: Reading.HANDED_OVER,
    },
    Reading.FIXED: {Event.DATA_END: Reading.COMPLETE, Event.ERROR: Reading.BROKEN},
    Reading.CHUNK_SIZE: {
        Event.SIZE: Reading.CHUNK_DATA,
        Event.LAST_SIZE: Reading.TRAILERS,
        Event.ERROR: Reading.BROKEN,
    },
    Reading.CHUNK_DATA: {Event.DATA_END: Reading.CHUNK_END, Event.ERROR: Reading.BROKEN},
    Reading.CHUNK_END: {Event.CHUNK_END: Reading.CHUNK_SIZE, Event.ERROR: Reading.BROKEN},
    Reading.TRAILERS: {Event.TRAILERS_END: Reading.COMPLETE, Event.ERROR: Reading.BROKEN},
    Reading.UNTIL_CLOSE: {Event.CLOSE: Reading.COMPLETE, Event.ERROR: Reading.BROKEN},
    Reading.COMPLETE: {
        Event.END: Reading.DONE,
        # A shell that knows from the head that nothing follows may skip the report of the end.
        Event.NEXT: Reading.START,
        Event.HAND_OVER: Reading.HANDED_OVER,
    },
    Reading.DONE: {Event.NEXT: Reading.START, Event.HAND_OVER: Reading.HANDED_OVER},
    Reading.HANDED_OVER: {},
    Reading.CLOSED: {},
    Reading.BROKEN: {},
}

SENDING: dict[Sending, dict[Event, Sending]] = {
    Sending.IDLE: {
        Event.HEAD_FIXED: Sending.FIXED,
        Event.HEAD_CHUNKED: Sending.CHUNKED,
        Event.HEAD_UNTIL_CLOSE: Sending.UNTIL_CLOSE,
        Event.HEAD_EMPTY: Sending.NO_CONTENT,
        Event.INFORMATIONAL: Sending.IDLE,
        Event.RAW: Sending.RAW,
        Event.END: Sending.DONE,
        Event.HAND_OVER: Sending.HANDED_OVER,
        Event.ERROR: Sending.BROKEN,
    },
    **{
        sending: {
            Event.END: Sending.DONE,
            Event.ERROR: Sending.BROKEN,
            Event.HAND_OVER: Sending.HANDED_OVER,
        }
        for sending in (
            Sending.FIXED,
            Sending.CHUNKED,
            Sending.UNTIL_CLOSE,
            Sending.RAW,
            Sending.NO_CONTENT,
        )
    },
    Sending.DONE: {Event.NEXT: Sending.IDLE, Event.HAND_OVER: Sending.HANDED_OVER},
    Sending.HANDED_OVER: {},
    Sending.BROKEN: {},
}


class Serving(enum.Enum):
    """What a server connection is about."""

    IDLE = "idle"  #: no request is being served; a part of a head may have arrived
    CONTENT = "content"  #: the content of the current request is being consumed
    RESPONDING = "responding"  #: the request is complete, its response is not
    DISCARDING = (
        "discarding"  #: the response is out; the rest of the request's content is read and dropped
    )
    CLOSING = "closing"  #: the last response is out or on its way; whatever arrives is ignored
    HELD = "held"  #: 101 or the 2xx of a CONNECT was sent; the stream waits to be taken by `detach`
    GONE = "gone"  #: the stream is closed, or was taken


#: What may follow on a server connection.
SERVING: dict[Serving, frozenset[Serving]] = {
    Serving.IDLE: frozenset({Serving.CONTENT, Serving.RESPONDING, Serving.CLOSING, Serving.GONE}),
    Serving.CONTENT: frozenset(
        {Serving.RESPONDING, Serving.DISCARDING, Serving.CLOSING, Serving.HELD, Serving.GONE}
    ),
    Serving.RESPONDING: frozenset(
        # Back to content: where there is none, and the target takes it as it comes.
        {Serving.IDLE, Serving.CONTENT, Serving.CLOSING, Serving.HELD, Serving.GONE}
    ),
    Serving.DISCARDING: frozenset({Serving.IDLE, Serving.CLOSING, Serving.GONE}),
    Serving.HELD: frozenset({Serving.CLOSING, Serving.GONE}),
    Serving.CLOSING: frozenset({Serving.GONE}),
    Serving.GONE: frozenset(),
}

_State = TypeVar("_State", Reading, Sending)


def advance(table: dict[_State, dict[Event, _State]], state: _State, event: Event) -> _State:
    """Return the state that follows ``event`` in ``state``.

    :raises ValueError: if ``table`` has no such arrow.
    """
    try:
        return table[state][event]
    except KeyError:
        raise ValueError(f"{event.name} can not follow in state {state.name}") from None
