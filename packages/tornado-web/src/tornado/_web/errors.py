"""Exceptions that end a request, and what their statuses, reasons and messages may be.

The tree::

    Exception
    +-- HTTPError               respond with this status
    |   +-- MissingArgumentError  400: a required argument did not come
    |   +-- BadContentError       400: a form that cannot be read
    +-- Finish                  end the request as it stands
"""

from __future__ import annotations

import operator
import re
from typing import Any

from tornado._core.seam import printable
from tornado._http1.seam import reason_phrase

__all__ = ["Finish", "HTTPError", "MissingArgumentError"]


class HTTPError(Exception):
    """Raised in a handler, ends the request with an error page of that status.

    :param status_code: the status to respond with; 500 by default. A code that
        `http.client.responses` does not list is fine.
    :param log_message: for the log only, never shown to the peer (unless
        ``serve_traceback`` is set); may hold ``%s`` fields.
    :param args: values for the fields of ``log_message``.
    :param reason: (keyword only) the reason phrase of the status line; the
        standard one by default.

    .. versionadded:: 1.0
    .. versionchanged:: 3.2
       ``reason``.
    .. versionchanged:: 4.5
       ``status_code`` has a default.
    """

    __module__ = "tornado.web"

    #: Also for subclasses that do not call the constructor.
    log_message: str | None = None

    def __init__(
        self,
        status_code: int = 500,
        log_message: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.status_code = checked_status(status_code)
        self.log_message = log_message
        self.args = args
        self.reason: str | None = kwargs.get("reason")
        if log_message and not args:
            # Without values nothing is to be filled in, so a lone % is just that.
            self.log_message = log_message.replace("%", "%%")

    def get_message(self) -> str | None:
        """Return ``log_message`` with its fields filled in, or ``None`` if there is none.

        .. versionadded:: 6.6
        """
        if not self.log_message:
            return None
        try:
            return self.log_message % self.args
        except (TypeError, ValueError):
            # A message whose fields do not fit must not hide the error it belongs to.
            return f"{self.log_message} {self.args!r}"

    def __str__(self) -> str:
        reason = self.reason or reason_phrase(self.status_code)
        message = self.get_message()
        text = f"HTTP {self.status_code:d}: {reason}"
        return f"{text} ({message})" if message else text


class Finish(Exception):
    """Raised in a handler, ends the request without an error page.

    What was written so far is the response; an argument, if any, is passed to
    `.RequestHandler.finish`. Nothing is logged but the request itself.

    .. versionadded:: 3.2
    .. versionchanged:: 4.3
       Arguments are passed to ``finish``.
    """

    __module__ = "tornado.web"


class MissingArgumentError(HTTPError):
    """A required argument was not sent; raised by `.RequestHandler.get_argument`. Status 400.

    :param arg_name: the argument's name, kept in the attribute ``arg_name``.

    .. versionadded:: 3.1
    """

    __module__ = "tornado.web"

    def __init__(self, arg_name: str) -> None:
        super().__init__(400, f"Missing argument {printable(arg_name)}")
        self.arg_name = arg_name


class BadContentError(HTTPError):
    """The content of the request breaks the rules; the connection is closed after the response."""


# Visible characters of Latin-1, spaces and tabs, but no "<": browsers of old took a status line for a page.
_REASON = re.compile(r"[\x09\x20-\x3b\x3d-\x7e\x80-\xff]+")
_NO_CONTENT = frozenset((204, 205, 304))


def checked_status(status: Any) -> int:
    """Return a status code as a plain integer.

    :raises TypeError: if it is no integer; a member of `http.HTTPStatus` is one.
    :raises ValueError: if it has not three digits.
    """
    try:
        code = operator.index(status)
    except TypeError:
        raise TypeError(
            f"a status is an integer, not {status!r} of type {type(status).__name__}"
        ) from None
    if not 100 <= code <= 999:
        raise ValueError(f"a status is a number from 100 to 999, not {code}")
    return code


def is_plain_reason(reason: str) -> bool:
    """Return whether a status line can hold ``reason``, and may: see RFC 9112, section 4."""
    return _REASON.fullmatch(reason) is not None


def has_no_content(status: int) -> bool:
    """Return whether a response with this status is sent without content (RFC 9110, section 15)."""
    return status in _NO_CONTENT or status < 200
