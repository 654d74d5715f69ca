"""Fetch over HTTP, without blocking or with it.

`AsyncHTTPClient` is the interface; what does the work is either
`~tornado.simple_httpclient.SimpleAsyncHTTPClient`, in pure Python and the default, or
`~tornado.curl_httpclient.CurlAsyncHTTPClient` over libcurl::

    AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")

Both keep connections alive, stream both ways, and follow redirects without carrying credentials to
another origin. `HTTPClient` is the same for code that has no loop.

On the command line::

    python -m tornado.httpclient --print_headers http://www.example.com
"""

from tornado._core.seam import legacy as _legacy
from tornado._httpclient.base import AsyncHTTPClient
from tornado._httpclient.blocking import HTTPClient
from tornado._httpclient.command import main
from tornado._httpclient.cookies import Cookie, CookieJar
from tornado._httpclient.errors import HTTPClientError, HTTPError
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.retries import Retries
from tornado._httpclient.schemes import Auth, BasicAuth, BearerAuth, DigestAuth
from tornado._httpclient.session import BlockingSession, Session
from tornado._httpclient.streaming import ResponseStream

_legacy.provide(__name__)

__all__ = [
    "AsyncHTTPClient",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "BlockingSession",
    "Cookie",
    "CookieJar",
    "DigestAuth",
    "HTTPClient",
    "HTTPClientError",
    "HTTPError",
    "HTTPRequest",
    "HTTPResponse",
    "ResponseStream",
    "Retries",
    "Session",
    "_RequestProxy",
    "main",
]

if __name__ == "__main__":
    main()
