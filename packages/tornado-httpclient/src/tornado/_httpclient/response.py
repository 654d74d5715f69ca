"""What a fetch returns, and what it raises for a status that is no success.

Each refers to the other; the errors without a response are in `tornado._httpclient.errors`.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tornado._http1.seam import parse_header, reason_phrase
from tornado.httputil import HTTPHeaders

if TYPE_CHECKING:
    from tornado._httpclient.request import HTTPRequest, _RequestProxy


class HTTPClientError(Exception):
    """A fetch did not bring a successful response.

    * ``code``: the status code of the response, such as 404; 599 if there was no whole response.
    * ``message``: what went wrong; for a status code its registered reason.
    * ``response``: the `HTTPResponse`, if there is one.

    With ``follow_redirects=False``, or too many redirects, a redirect is an error too:
    ``error.response.headers["Location"]`` tells where it leads.

    .. versionchanged:: 5.1
       Renamed from ``HTTPError``, which is kept as an alias.
    """

    def __init__(
        self, code: int, message: str | None = None, response: HTTPResponse | None = None
    ) -> None:
        self.code = code
        self.message = message or reason_phrase(code)
        self.response = response
        super().__init__(code, message, response)

    def __str__(self) -> str:
        return f"HTTP {self.code}: {self.message}"

    # The response shows its error, and the error its response: the standard form would not end.
    __repr__ = __str__


class HTTPResponse:
    """The response to a request.

    * ``request``: the `HTTPRequest`.
    * ``code``: the status code, such as 200 or 404; 599 if there was no whole response.
    * ``reason``: the text that came with the code, or the registered one.
    * ``headers``: `HTTPHeaders`.
    * ``effective_url``: what was fetched in the end, after redirects.
    * ``buffer``: a file of the content, or ``None``.
    * ``body``: the content, as bytes; empty if it went to a ``streaming_callback``.
    * ``error``: an exception if the fetch failed; a status that is no success is an error too.
    * ``request_time``: seconds from the start of the request to its end. Time in the queue of the
      client is not in it.
    * ``start_time``: when the request started, in seconds since the epoch.
    * ``time_info``: seconds by what they were spent on. ``queue`` is the time waiting for a place
      among the client's ``max_clients``; the others are points in time, counted from the start:
      ``connect`` (0 on a connection that was kept alive), ``starttransfer`` (the head of the
      response was there), ``redirect`` (the last redirect was there) and ``total``. libcurl adds
      ``namelookup``, ``appconnect`` and ``pretransfer``.

    .. versionadded:: 5.1
       ``start_time``.
    """

    error: BaseException | None = None
    #: Whether ``error`` only says that the status is no success.
    _error_is_response_code: bool

    def __init__(
        self,
        request: HTTPRequest | _RequestProxy,
        code: int,
        headers: HTTPHeaders | None = None,
        buffer: BytesIO | None = None,
        effective_url: str | None = None,
        error: BaseException | None = None,
        request_time: float | None = None,
        time_info: dict[str, float] | None = None,
        reason: str | None = None,
        start_time: float | None = None,
    ) -> None:
        inner: Any = request.__dict__.get("request") or request
        self.request: HTTPRequest = inner
        self.code = code
        self.reason = reason or reason_phrase(code)
        self.headers = HTTPHeaders() if headers is None else headers
        self.buffer = buffer
        self._body: bytes | None = None
        self.effective_url: str = inner.url if effective_url is None else effective_url
        self.error = error
        self._error_is_response_code = False
        if error is None and not 200 <= code < 300:
            self._error_is_response_code = True
            self.error = HTTPClientError(code, message=self.reason, response=self)
        self.start_time = start_time
        self.request_time = request_time
        self.time_info: dict[str, float] = time_info or {}

    @property
    def body(self) -> bytes:
        """The content, as bytes."""
        if self._body is None:
            self._body = b"" if self.buffer is None else self.buffer.getvalue()
        return self._body

    @property
    def text(self) -> str:
        """The content as text: in the charset that Content-Type names, else in UTF-8.

        What is invalid in it becomes U+FFFD. JSON is in UTF-8, UTF-16 or UTF-32, as it says itself.
        """
        content_type, parameters = parse_header(self.headers.get("Content-Type", ""))
        charset = parameters.get("charset", "utf-8")
        if content_type.lower() == "application/json" and "charset" not in parameters:
            charset = json.detect_encoding(self.body)
        try:
            return self.body.decode(charset, "replace")
        except LookupError:  # a charset that Python does not know
            return self.body.decode("utf-8", "replace")

    def json(self, **kwargs: Any) -> Any:
        """Return the object that the content is in JSON.

        :param kwargs: for `json.loads`.
        :raises ValueError: if it is no JSON.
        """
        return json.loads(self.body, **kwargs)

    def raise_for_status(self) -> HTTPResponse:
        """Return this response, or raise its error if it has one.

        :raises HTTPClientError: if the status is no success; otherwise what `error` is.
        """
        self.rethrow()
        return self

    def rethrow(self) -> None:
        """Raise ``error``, if there is one."""
        if self.error is not None:
            raise self.error

    def __repr__(self) -> str:
        shown: list[tuple[str, Any]] = sorted(self.__dict__.items())
        return f"HTTPResponse({', '.join(f'{name}={value!r}' for name, value in shown)})"


HTTPResponse.__module__ = "tornado.httpclient"
