"""The HTTP client over libcurl. Choose it before the first client is made::

    AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")

It needs pycurl, which ``pip install tornado-httpclient[curl]`` installs too.
"""

from tornado._core.seam import legacy as _legacy

try:
    import pycurl as _pycurl  # noqa: F401 - found missing here, with what to do about it
except ImportError as _error:
    raise ImportError(
        f"tornado.curl_httpclient needs pycurl: pip install 'tornado-httpclient[curl]' ({_error})",
        name="pycurl",
    ) from _error

from tornado._httpclient.curl import CurlAsyncHTTPClient
from tornado._httpclient.errors import CurlError, CurlSizeError, CurlTimeoutError

_legacy.provide(__name__)

__all__ = ["CurlAsyncHTTPClient", "CurlError", "CurlSizeError", "CurlTimeoutError"]
