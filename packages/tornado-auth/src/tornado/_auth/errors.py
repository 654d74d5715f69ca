"""What went wrong with a login goes in; the exception that tells it comes out.

The tree of this distribution::

    Exception
    +-- AuthError                   the login, or a request to the service, failed
        +-- AuthAnswerError         the browser came back with an answer that must not be believed
        +-- AuthRequestError        the service could not be asked, or answered with an error;
                                    a `tornado.httpclient.HTTPClientError` too

A missing setting and other mistakes of the application are no `AuthError`.
"""

from __future__ import annotations

from tornado.httpclient import HTTPClientError, HTTPResponse


class AuthError(Exception):
    """A login failed, or a request to a service.

    Whoever awaits gets it raised. A ``callback`` is called with ``None`` instead, and the error is logged.

    .. versionadded:: 3.0
    """


class AuthAnswerError(AuthError):
    """The answer that the browser brought back is forged, incomplete, or was used before.

    Not necessarily the visitor's fault: somebody may have given them the link.
    """


class AuthRequestError(AuthError, HTTPClientError):
    """A service could not be reached, or answered with an error.

    ``code``, ``message`` and ``response`` are those of `HTTPClientError`: 599 and ``None`` where
    nothing was answered. The original exception is its ``__cause__``.
    """

    def __init__(self, what: str, code: int, message: str, response: HTTPResponse | None) -> None:
        HTTPClientError.__init__(self, code, message, response)
        #: What was asked for: the URL without its query, which may hold secrets.
        self.what = what

    def __str__(self) -> str:
        # The beginning is that of every release; programs look for it in the log.
        return f"Error response HTTP {self.code}: {self.message} fetching {self.what}"

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.code, self.message, None)


for _exported in (AuthError, AuthAnswerError, AuthRequestError):
    _exported.__module__ = "tornado.auth"
