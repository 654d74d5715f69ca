"""Exceptions of a fetch.

The tree of this distribution::

    Exception
    +-- HTTPClientError                any fetch that brought no good response; carries a status code
        +-- HTTPTimeoutError           599: time was up; the message says where
        +-- HTTPStreamClosedError      599: the connection closed before the response was complete
        |   +-- HTTPResetError         599: it was reset meanwhile; a `ConnectionResetError` too
        |   +-- HTTPProtocolError      599: the response violates HTTP, or is over a limit
        |       +-- HTTPHeadTooLargeError    its head is; an `iostream.UnsatisfiableReadError` too
        |       +-- HTTPRedirectError        its Location is of no use; a `ValueError` too
        +-- HTTPProxyError             599: the proxy refused to connect to the server
        +-- CurlError                  599: libcurl's error; `errno` is its number
            +-- CurlTimeoutError       an `HTTPTimeoutError` too
            +-- CurlSizeError          over ``max_body_size``; an `HTTPProtocolError` too

What the operating system reports (`OSError`, `ssl.SSLError`) and what the caller did wrong
(`ValueError`, `KeyError`) is raised as it is.
"""

from __future__ import annotations

import errno
from typing import Any

from tornado._http1.seam import MessageError
from tornado._httpclient.response import HTTPClientError as HTTPClientError  # belongs to the tree
from tornado.iostream import UnsatisfiableReadError
from tornado.log import gen_log

HTTPError = HTTPClientError


class _NoResponse(HTTPClientError):
    """Base of the errors that stand for a response that never came."""

    #: Whether the text begins with the status, as it did for callbacks before Tornado 5.
    _shows_status = False
    #: Whether the client, or its loop, was closed: then it is no fault if nobody awaits the fetch.
    _is_farewell = False

    def __init__(self, message: str) -> None:
        super().__init__(599, message=message)

    def __str__(self) -> str:
        if self._shows_status:
            return super().__str__()
        return self.message or type(self).__name__

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


class HTTPTimeoutError(_NoResponse):
    """A fetch took longer than its ``connect_timeout`` or ``request_timeout``.

    .. versionadded:: 5.1
    """


class HTTPStreamClosedError(_NoResponse):
    """The connection closed before the response was complete, or was closed because of it.

    Where the operating system had more to say before a response began (a reset connection, for
    instance), its own exception is raised instead.

    .. versionadded:: 5.1
    """


class HTTPProtocolError(HTTPStreamClosedError):
    """The server's response violates the rules of HTTP, or is larger than the client allows."""


class HTTPResetError(HTTPStreamClosedError, ConnectionResetError):
    """The connection was reset in the middle of the response: an error of the system's too."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.errno = errno.ECONNRESET
        self.strerror = message


class HTTPHeadTooLargeError(HTTPProtocolError, UnsatisfiableReadError):
    """The head of the response is larger than ``max_header_size``."""


class HTTPRedirectError(HTTPProtocolError, ValueError):
    """The Location of a redirect is no URL that may be followed."""


class HTTPProxyError(_NoResponse):
    """The proxy did not make a connection to the server."""


class CurlError(HTTPClientError):
    """libcurl could not finish a fetch.

    * ``errno``: libcurl's number, such as ``pycurl.E_COULDNT_CONNECT``.
    """

    def __init__(self, errno: int, message: str) -> None:
        HTTPClientError.__init__(self, 599, message)
        self.errno = errno

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.errno, self.message)


class CurlTimeoutError(CurlError, HTTPTimeoutError):
    """A fetch over libcurl took too long: caught as an `HTTPTimeoutError` too."""


class CurlSizeError(CurlError, HTTPProtocolError):
    """A response that came over libcurl is larger than ``max_body_size``."""


#: What released versions log of a refused response, by what our own message contains.
_RECORDS = (
    ("unequal Content-Length", "Multiple unequal Content-Lengths"),
    (
        "both Transfer-Encoding and Content-Length",
        "Message with both Transfer-Encoding and Content-Length",
    ),
    ("folded header line", "Obsolete line folding in a header"),
    ("informational responses", "Too many 1xx responses"),
)


def refused(error: MessageError, record: str | None = None) -> HTTPProtocolError:
    """Log that a response was refused, and return the exception for it.

    :param record: the text to log in place of the error's own.
    """
    if record is None:
        reason = error.reason
        record = next((text for part, text in _RECORDS if part in reason), reason)
    # The releases log the context of the connection, of which clients have none.
    gen_log.info("Malformed HTTP message from %s: %s", None, record)
    return HTTPProtocolError(error.reason)


def head_too_large(error: MessageError) -> HTTPHeadTooLargeError:
    """Log that the head of a response was too large, and return the exception for it."""
    gen_log.info("Unsatisfiable read, closing connection: %s", error.reason)
    return HTTPHeadTooLargeError(error.reason)


HTTPClientError.__module__ = "tornado.httpclient"
for _exported in (
    HTTPTimeoutError,
    HTTPStreamClosedError,
    HTTPResetError,
    HTTPProtocolError,
    HTTPHeadTooLargeError,
    HTTPRedirectError,
    HTTPProxyError,
):
    _exported.__module__ = "tornado.simple_httpclient"
for _over_curl in (CurlError, CurlTimeoutError, CurlSizeError):
    _over_curl.__module__ = "tornado.curl_httpclient"
