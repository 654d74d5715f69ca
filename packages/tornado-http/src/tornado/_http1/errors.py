"""Exceptions for messages that violate HTTP, with the status to respond with.

The tree of this distribution::

    Exception
    +-- httputil.HTTPInputError          the peer's fault
    |   +-- MessageError                 a message that is refused; has the status to respond with
    |       +-- HeadTooLargeError        a start line or header block over its limit
    |       +-- IncompleteMessageError   the peer closed in the middle of a message
    +-- httputil.HTTPOutputError         the application's fault: a message it must not send
    +-- ValueError                       the application's fault: text that no header may hold
"""

from __future__ import annotations

from tornado._httputil.errors import HTTPInputError


class MessageError(HTTPInputError):
    """A message from the peer that is refused.

    :param reason: what was wrong, with the offending value cut short.
    :param status: the status code a server responds with (a client only reports it).
    """

    __module__ = "tornado.http1engine"

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class HeadTooLargeError(MessageError):
    """A start line or a header block is larger than its limit in bytes."""

    __module__ = "tornado.http1engine"


class IncompleteMessageError(MessageError):
    """The peer closed the connection before the message it had begun was complete."""

    __module__ = "tornado.http1engine"


def escaped(value: str | bytes | bytearray) -> str:
    """Return at most 60 characters of ``value``, in ASCII without control characters."""
    part = value[:60]
    shown = part if isinstance(part, str) else part.decode("latin-1")
    return ascii(shown)[1:-1] + ("..." if len(value) > 60 else "")


def excerpt(value: str | bytes | bytearray) -> str:
    """Return ``value`` fit for a log line: quoted, escaped, at most 60 characters of it."""
    part = value[:60]
    shown = part if isinstance(part, str) else part.decode("latin-1")
    return ascii(shown) + ("..." if len(value) > 60 else "")
