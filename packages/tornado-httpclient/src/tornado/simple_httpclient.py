"""The HTTP client in pure Python: `tornado.httpclient.AsyncHTTPClient` uses it unless told otherwise."""

from tornado._httpclient.errors import (
    HTTPProtocolError,
    HTTPProxyError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
)
from tornado._httpclient.simple import SimpleAsyncHTTPClient

__all__ = [
    "HTTPProtocolError",
    "HTTPProxyError",
    "HTTPStreamClosedError",
    "HTTPTimeoutError",
    "SimpleAsyncHTTPClient",
]
