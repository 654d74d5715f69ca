"""Exceptions that say whose fault an invalid message is.

The tree of this room::

    Exception
    +-- HTTPInputError     the peer sent what HTTP does not allow, or more than was agreed
    +-- HTTPOutputError    the application tried to send what HTTP does not allow
"""

from __future__ import annotations


class HTTPInputError(Exception):
    """A message from the peer, or a part of one, is malformed or over a limit.

    A server responds with 400 (or a more telling status, where the exception carries one) and logs
    one line if the error was found in the request that it serves; see `is_of_request`.

    .. versionadded:: 4.0
    """

    #: Whether the error was found while `HTTPServerRequest` took a request apart, so that its client is
    #: to blame. Other errors of this class that an application raises are its own, such as those of
    #: `HTTPHeaders.add`.
    is_of_request: bool = False

    #: The status that a server responds with.
    status: int = 400

    #: Whether the connection can go on after the response, since the message was read as a whole.
    is_recoverable: bool = False


class HTTPOutputError(Exception):
    """A message that the application sends does not fit its framing: a body longer than declared, say.

    .. versionadded:: 4.0
    """


for _exported in (HTTPInputError, HTTPOutputError):
    _exported.__module__ = "tornado.httputil"
