"""What middleware works with: the call of the next one, the head of its response, a response of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator
from typing import Any, Protocol

from tornado import httputil
from tornado._http1.seam import TOKEN

__all__ = ["Call", "CallNext", "DefaultHeaders", "Middleware", "Response", "ResponseHead"]


class ResponseHead:
    """The head of a response that has not been sent yet. Middleware may change all of it.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.middleware"

    def __init__(
        self,
        status_code: int,
        reason: str,
        headers: httputil.HTTPHeaders,
        exception: BaseException | None = None,
    ) -> None:
        #: The status, such as 200; 0 if the handler took the connection away without a response.
        self.status_code = status_code
        #: The reason phrase.
        self.reason = reason
        #: The header fields, with the framing that the handler chose.
        self.headers = headers
        #: The exception for which a `.RequestHandler` responds with this error, if any.
        self.exception = exception


class Response:
    """A whole response, for middleware to return in place of the handler's.

    :param status_code: the status.
    :param body: the content; text is encoded as UTF-8.
    :param headers: header fields. Content-Length is added, and a Content-Type for text.
    :param reason: the reason phrase, by default the standard one.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.middleware"

    def __init__(
        self,
        status_code: int = 200,
        body: str | bytes = b"",
        headers: httputil.HTTPHeaders | dict[str, str] | None = None,
        *,
        reason: str | None = None,
    ) -> None:
        self.status_code = status_code
        self.reason = httputil.responses.get(status_code, "Unknown") if reason is None else reason
        self.headers = httputil.HTTPHeaders(headers or {})
        if isinstance(body, str):
            self.headers.setdefault("Content-Type", "text/plain; charset=UTF-8")
            body = body.encode()
        self.body = body


class Call:
    """A call of the next middleware or the handler: what ``call_next(request)`` returns.

    To await it gives the `ResponseHead`, as soon as the handler has produced it. It raises what the target
    raised instead of responding, and `.StreamClosedError` if the client left.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.middleware"

    def __init__(self) -> None:
        self._amendments: list[Callable[[ResponseHead], object]] = []
        self._future: asyncio.Future[ResponseHead] | None = None
        self._head: ResponseHead | None = None
        self._error: BaseException | None = None

    def amend(self, callback: Callable[[ResponseHead], object]) -> Call:
        """Have ``callback(head)`` called just before the head of the response is sent.

        It may change the head. This costs nothing but the call: the response is not held back.

        :returns: this object, to be returned by the middleware.
        """
        self._amendments.append(callback)
        return self

    def __await__(self) -> Generator[Any, None, ResponseHead]:
        if self._error is not None:
            raise self._error
        if self._head is not None:
            return self._head
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
        return (yield from asyncio.shield(self._future).__await__())

    @property
    def _is_over(self) -> bool:
        return self._head is not None or self._error is not None

    def _has_begun(self, head: ResponseHead) -> None:
        self._head = head
        if self._future is not None and not self._future.done():
            self._future.set_result(head)

    def _has_failed(self, error: BaseException) -> None:
        if self._is_over:
            return
        self._error = error
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)
            self._future.exception()  # the middleware may have stopped waiting


#: What a middleware calls to have the request served.
CallNext = Callable[[httputil.HTTPServerRequest], Call]


class Middleware(Protocol):
    """A function, or an object that is called like one, that runs around every request.

    :param request: the request; its content has not been read yet.
    :param call_next: finds what is to respond to a request and starts it; to be called once at most.
    :returns: what ``call_next`` returned, the `ResponseHead` that awaiting it gave, or a `Response` of its
        own; or an awaitable of one of them, as coroutine functions do.

    .. versionadded:: 6.100
    """

    def __call__(self, request: httputil.HTTPServerRequest, call_next: CallNext, /) -> Any:
        """Serve ``request``."""


_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class DefaultHeaders:
    """Middleware that adds header fields to responses which do not have them.

    :param fields: the fields; read for each response.
    :raises ValueError: if a name or value may not be in a message.
    """

    def __init__(self, fields: httputil.HTTPHeaders) -> None:
        for name, value in fields.get_all():
            if not TOKEN.match(name) or _FORBIDDEN.search(value) or not value.isascii():
                raise ValueError(f"default_headers cannot hold {name!r}: {value!r}")
        self._fields = fields

    def __call__(self, request: httputil.HTTPServerRequest, call_next: CallNext) -> Call:
        return call_next(request).amend(self.add)

    def add(self, head: ResponseHead) -> None:
        """Add the fields that ``head`` does not have."""
        headers = head.headers
        missing = [(name, value) for name, value in self._fields.get_all() if name not in headers]
        for name, value in missing:
            headers.add(name, value)


Middleware.__module__ = "tornado.middleware"
