"""What is wrong with a message goes in as text; the exception that says whose fault it is comes out.

The tree of this room::

    Exception
    +-- HTTPInputError     the peer sent what HTTP does not allow, or more than was agreed
    +-- HTTPOutputError    the application tried to send what HTTP does not allow
"""

from __future__ import annotations


class HTTPInputError(Exception):
    """A message from the peer, or a part of one, is malformed or over a limit.

    A server answers with 400 (or a more telling status, where the exception carries one) and logs
    one line.

    .. versionadded:: 4.0
    """


class HTTPOutputError(Exception):
    """A message that the application sends does not fit its framing: a body longer than declared, say.

    .. versionadded:: 4.0
    """


for _exported in (HTTPInputError, HTTPOutputError):
    _exported.__module__ = "tornado.httputil"
