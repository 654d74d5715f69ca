"""A plain function of a request goes in, a delegate of server connections comes out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tornado import gen
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.log import app_log


class CallableTarget:
    """Calls a function with one request once its content is there."""

    __slots__ = ("_callback", "_request")

    streams_body = False

    def __init__(
        self, callback: Callable[[HTTPServerRequest], Any], request: HTTPServerRequest
    ) -> None:
        self._callback = callback
        self._request = request

    def execute(self) -> None:
        """Call the function; it responds through the request, now or later."""
        request = self._request
        if request.body:
            request._parse_body()
        result = self._callback(request)
        if result is not None and inspect.isawaitable(result):
            gen.convert_yielded(result).add_done_callback(self._finished)

    def _finished(self, future: Any) -> None:
        """The coroutine that the function turned out to be has ended."""
        if not future.cancelled() and future.exception() is not None:
            app_log.error("Uncaught exception in %r", self._callback, exc_info=future.exception())
            connection = self._request.connection
            if connection is not None and hasattr(connection, "close"):
                connection.close()

    def on_connection_close(self) -> None:
        """The function learns of it by `HTTP1Connection.set_close_callback`, if it wants to."""

    # The rest of `Target` is for content that is streamed.

    ready = None

    def data_received(self, chunk: bytes) -> None:
        raise AssertionError("the content of this request is collected")

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        """Trailers are for targets that stream their content."""

    def finish(self) -> None:
        raise AssertionError("the content of this request is collected")


class CallableAdapter(HTTPServerConnectionDelegate):
    """Serves requests with a function that writes its response through the request.

    :param callback: called with an `.HTTPServerRequest` whose content is complete.
    """

    def __init__(self, callback: Callable[[HTTPServerRequest], Any]) -> None:
        self.callback = callback

    def dispatch(self, request: HTTPServerRequest) -> CallableTarget:
        """Return the target of ``request``: the fast way."""
        return CallableTarget(self.callback, request)

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return a delegate that gathers one request and then calls the function."""
        return _Gatherer(self.callback, request_conn)


class _Gatherer(HTTPMessageDelegate):
    """Gathers one request in parts."""

    def __init__(
        self, callback: Callable[[HTTPServerRequest], Any], connection: HTTPConnection
    ) -> None:
        self._callback = callback
        self._connection = connection
        self._parts: list[bytes] = []
        self._request: HTTPServerRequest | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, RequestStartLine)
        self._request = HTTPServerRequest(
            connection=self._connection, start_line=start_line, headers=headers
        )

    def data_received(self, chunk: bytes) -> None:
        self._parts.append(chunk)

    def finish(self) -> None:
        assert self._request is not None
        self._request.body = b"".join(self._parts)
        CallableTarget(self._callback, self._request).execute()

    def on_connection_close(self) -> None:
        self._parts.clear()
