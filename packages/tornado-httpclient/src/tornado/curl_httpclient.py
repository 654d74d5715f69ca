"""The HTTP client over libcurl. Choose it before the first client is made::

    AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")

It needs pycurl, which ``pip install tornado-httpclient[curl]`` installs too.
"""

from tornado import _legacy
from tornado._httpclient.curl import CurlAsyncHTTPClient
from tornado._httpclient.errors import CurlError, CurlSizeError, CurlTimeoutError

_legacy.provide(__name__)

__all__ = ["CurlAsyncHTTPClient", "CurlError", "CurlSizeError", "CurlTimeoutError"]
