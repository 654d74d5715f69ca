"""Requests that came through a proxy go in; the application sees them as the client sent them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)


class ClosingListener(Protocol):
    """What is told of closed connections: an `HTTPServer`, whose ``on_close`` programs override."""

    def on_close(self, server_conn: object, /) -> None:
        """``server_conn`` closed."""


class ProxiedDispatcher:
    """Stands between server connections and an application that has ``dispatch``.

    :param server: is told of closed connections.
    :param adapted: the ``dispatch`` of the application.
    :param xheaders: whether the headers of proxies count.
    """

    __slots__ = ("_server", "adapted", "dispatch")

    def __init__(
        self,
        server: ClosingListener | None,
        adapted: Callable[[HTTPServerRequest], Any],
        xheaders: bool,
    ) -> None:
        self._server = server
        self.adapted = adapted
        #: called for each request: the application's own, if there is nothing to do before it
        self.dispatch = self._dispatch_proxied if xheaders else adapted

    def _dispatch_proxied(self, request: HTTPServerRequest) -> Any:
        connection: Any = request.connection
        context = connection.context
        context._apply_xheaders(request.headers)
        request.remote_ip = context.remote_ip
        request.protocol = context.protocol
        return self.adapted(request)

    @property
    def default_headers(self) -> HTTPHeaders | None:
        """Header fields for the refusals that connections send by themselves."""
        return getattr(self._server, "default_headers", None)

    def on_close(self, server_conn: object) -> None:
        """A connection closed."""
        if self._server is not None:
            self._server.on_close(server_conn)


class ProxiedDelegate(HTTPMessageDelegate):
    """Applies the headers of proxies before ``delegate`` sees a request, and takes that back at its end."""

    def __init__(self, delegate: HTTPMessageDelegate, request_conn: HTTPConnection) -> None:
        self._delegate = delegate
        self._context: Any = getattr(request_conn, "context", None)

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Any:
        self._context._apply_xheaders(headers)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
