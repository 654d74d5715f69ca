"""The exceptions of this distribution::

    Exception
    +-- AuthError                   the login, or a request to the service, failed
        +-- AuthResponseError         the browser came back with a response that cannot be trusted
        +-- AuthRequestError        the service could not be reached, or responded with an error;
                                    a `tornado.httpclient.HTTPClientError` too

A missing setting, or another mistake of the application, is not an `AuthError`.
"""

from __future__ import annotations

from tornado.httpclient import HTTPClientError, HTTPResponse


class AuthError(Exception):
    """A login, or a request to a service, failed.

    It is raised where the future is awaited. A ``callback`` gets ``None`` instead, and the error is logged.

    .. versionadded:: 3.0
    """


class AuthResponseError(AuthError):
    """The response that the browser brought back is forged, incomplete, or was used before.

    This need not be the visitor's fault: somebody may have given them the link.
    """


class AuthRequestError(AuthError, HTTPClientError):
    """A service could not be reached, or responded with an error.

    ``code``, ``message`` and ``response`` are those of `HTTPClientError`: 599 and ``None`` if
    there was no response. The original exception is its ``__cause__``.
    """

    def __init__(self, what: str, code: int, message: str, response: HTTPResponse | None) -> None:
        HTTPClientError.__init__(self, code, message, response)
        #: The requested URL without its query, which may hold secrets.
        self.what = what

    def __str__(self) -> str:
        # The beginning is that of every release; programs look for it in the log.
        return f"Error response HTTP {self.code}: {self.message} fetching {self.what}"

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.code, self.message, None)


for _exported in (AuthError, AuthResponseError, AuthRequestError):
    _exported.__module__ = "tornado.auth"
