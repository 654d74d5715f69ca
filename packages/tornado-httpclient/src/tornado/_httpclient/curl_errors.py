"""A number and a message of libcurl go in; an exception of this project's tree comes out."""

from __future__ import annotations

from typing import Any

from tornado._httpclient.errors import HTTPClientError, HTTPTimeoutError


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


for _exported in (CurlError, CurlTimeoutError):
    _exported.__module__ = "tornado.curl_httpclient"
