"""What went wrong with a fetch goes in; the exception that tells it comes out.

The tree of this distribution::

    Exception
    +-- HTTPClientError                any fetch that brought no good response; carries a status code
        +-- HTTPTimeoutError           599: time was up; the message says where
        +-- HTTPStreamClosedError      599: the connection closed before the response was complete
        +-- HTTPProtocolError          599: the server's answer violates HTTP, or is over a limit
        +-- HTTPProxyError             599: the proxy refused to connect to the server
        +-- CurlError                  599: libcurl's error; `errno` is its number

What the operating system reports (`OSError`, `ssl.SSLError`) and what the caller did wrong
(`ValueError`, `KeyError`) is raised as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado.httputil import responses

if TYPE_CHECKING:
    from tornado._httpclient.response import HTTPResponse


class HTTPClientError(Exception):
    """A fetch did not bring a successful response.

    * ``code``: the status code of the response, such as 404; 599 if there was no whole response.
    * ``message``: what went wrong; for a status code its registered reason.
    * ``response``: the `HTTPResponse`, if there is one.

    With ``follow_redirects=False``, or too many redirects, a redirect is an error too:
    ``error.response.headers["Location"]`` tells where it leads.

    .. versionchanged:: 5.1
       Renamed from ``HTTPError``, which is kept as an alias.
    """

    def __init__(
        self, code: int, message: str | None = None, response: HTTPResponse | None = None
    ) -> None:
        self.code = code
        self.message = message or responses.get(code, "Unknown")
        self.response = response
        super().__init__(code, message, response)

    def __str__(self) -> str:
        return f"HTTP {self.code}: {self.message}"

    # The response shows its error, and the error its response: the standard form would not end.
    __repr__ = __str__


HTTPError = HTTPClientError


class _NoResponse(HTTPClientError):
    """Base of the errors that stand for a response that never came."""

    def __init__(self, message: str) -> None:
        super().__init__(599, message=message)

    def __str__(self) -> str:
        return self.message or type(self).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


class HTTPTimeoutError(_NoResponse):
    """A fetch took longer than its ``connect_timeout`` or ``request_timeout``.

    .. versionadded:: 5.1
    """


class HTTPStreamClosedError(_NoResponse):
    """The connection closed before the response was complete.

    Where the operating system had more to say (a reset connection, for instance), its own
    exception is raised instead.

    .. versionadded:: 5.1
    """


class HTTPProtocolError(_NoResponse):
    """The server's answer is against the rules of HTTP, or larger than the client allows."""


class HTTPProxyError(_NoResponse):
    """The proxy did not make a connection to the server."""


HTTPClientError.__module__ = "tornado.httpclient"
for _exported in (HTTPTimeoutError, HTTPStreamClosedError, HTTPProtocolError, HTTPProxyError):
    _exported.__module__ = "tornado.simple_httpclient"
