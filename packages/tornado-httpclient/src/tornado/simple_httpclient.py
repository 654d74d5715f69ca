"""The HTTP client in pure Python: `tornado.httpclient.AsyncHTTPClient` uses it unless told otherwise."""

from tornado import _legacy
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
