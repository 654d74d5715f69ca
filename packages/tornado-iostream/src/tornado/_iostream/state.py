"""The states of a stream and the changes allowed between them; all of it is in this file."""

from enum import Enum


class StreamState(Enum):
    """Where a stream is in its life."""

    CONNECTING = "connecting"
    """``connect`` was called; the kernel has not reported the outcome."""
    HANDSHAKING = "handshaking"
    """The TLS handshake runs; reads wait, writes queue."""
    OPEN = "open"
    """Bytes go both ways."""
    READ_ENDED = "read ended"
    """The peer sent its end of file and the owner asked to keep the writing side open."""
    DRAINING = "draining"
    """The peer sent its end of file; what was written before still goes out, then it closes."""
    BROKEN = "broken"
    """A write failed; what the kernel has already received is read, then it closes."""
    CLOSED = "closed"
    """Nothing more happens; what is left in the read buffer can still be read."""


CONNECTING = StreamState.CONNECTING
HANDSHAKING = StreamState.HANDSHAKING
OPEN = StreamState.OPEN
READ_ENDED = StreamState.READ_ENDED
DRAINING = StreamState.DRAINING
BROKEN = StreamState.BROKEN
CLOSED = StreamState.CLOSED

TRANSITIONS: dict[StreamState, frozenset[StreamState]] = {
    OPEN: frozenset({CONNECTING, HANDSHAKING, READ_ENDED, DRAINING, BROKEN, CLOSED}),
    CONNECTING: frozenset({OPEN, HANDSHAKING, CLOSED}),
    HANDSHAKING: frozenset({OPEN, CLOSED}),
    READ_ENDED: frozenset({BROKEN, CLOSED}),
    DRAINING: frozenset({BROKEN, CLOSED}),
    BROKEN: frozenset({CLOSED}),
    CLOSED: frozenset(),
}
