"""The bounds of one message, in bytes and counts: what a parser may be made to hold before it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on what a peer may send. A value past its bound is an error with the status named."""

    #: bytes of a head: start line, field lines and the empty line (431).
    max_header_size: int = 65536
    #: bytes of the start line (414 for a request).
    max_start_line: int = 65536
    #: field lines in a head, or in a chunked message's trailers (431).
    max_header_count: int = 500
    #: bytes of a line that holds a chunk's size and its extensions (400).
    max_chunk_line: int = 4096
    #: bytes of all chunk extensions in one message (400).
    max_chunk_extensions: int = 16384
    #: bytes of the trailers (431).
    max_trailer_size: int = 16384
    #: empty lines skipped before a start line (400).
    max_blank_lines: int = 8
    #: informational (1xx) responses before the final one, for a client (error).
    max_informational: int = 10

    @classmethod
    def for_header_size(cls, max_header_size: int | None) -> Limits:
        """Return the defaults with heads of at most ``max_header_size`` bytes (``None``: 65536)."""
        if not max_header_size or max_header_size == cls.max_header_size:
            return DEFAULT_LIMITS
        return cls(max_header_size=max_header_size, max_start_line=max_header_size)


# Not in its body: a dataclass looks for its module while it is made.
Limits.__module__ = "tornado.http1engine"

#: The bounds where nothing else is said.
DEFAULT_LIMITS = Limits()
