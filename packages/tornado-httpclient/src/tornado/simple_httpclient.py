"""The HTTP client in pure Python: `tornado.httpclient.AsyncHTTPClient` uses it unless told otherwise."""

from tornado._core.seam import legacy as _legacy
from tornado._httpclient.errors import (
    HTTPHeadTooLargeError,
    HTTPProtocolError,
    HTTPProxyError,
    HTTPRedirectError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
)
from tornado._httpclient.simple import SimpleAsyncHTTPClient

_legacy.provide(__name__)

__all__ = [
    "HTTPHeadTooLargeError",
    "HTTPProtocolError",
    "HTTPProxyError",
    "HTTPRedirectError",
    "HTTPStreamClosedError",
    "HTTPTimeoutError",
    "SimpleAsyncHTTPClient",
]
