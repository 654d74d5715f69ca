"""An ASGI application on Tornado's server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tornado._asgi.lifespan import Lifespan
from tornado._asgi.messages import Scope
from tornado._asgi.scopes import make_scope
from tornado._asgi.target import ASGITarget
from tornado._http1.seam import asks_for_websocket
from tornado._loop.seam import Starter
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    Target,
)


class ASGIContainer(HTTPServerConnectionDelegate):
    """Serves an ASGI 3 application (Starlette, FastAPI, Django, Litestar, ...) with `.HTTPServer`.

    :param application: the ASGI application.
    :param root_path: the path at which the application is mounted, without a ``/`` at its end.
    :param log_function: a function of the request and the status, called after each response in place of
        the line in ``tornado.access``.
    :param websocket_settings: settings of the WebSockets, as `.Application` takes them
        (``websocket_ping_interval``, ``websocket_max_message_size``, ...).

    .. code-block:: python

        async def main():
            container = ASGIContainer(starlette_application)
            async with container.lifespan():
                HTTPServer(container).listen(8888)
                await asyncio.Event().wait()

    Beside handlers it is the target of a route; the application sees the whole path:

    .. code-block:: python

        tornado.web.Application([
            (r"/own", OwnHandler),
            (r".*", ASGIContainer(starlette_application)),
        ])

    HTTP and WebSockets, streaming in both directions with back-pressure, and the extensions
    ``http.response.early_hint``, ``http.response.trailers``, ``http.response.pathsend``,
    ``websocket.http.response`` and ``tls`` are supported. An application is told of a client that
    left by ``receive``; a ``send`` after that raises `OSError`. It is not cancelled.

    An application that raises before its response began gets a 500 in its place; one that raises
    later has its connection closed, so that the client sees a truncated response. Pages of any
    origin may open WebSockets, as on other ASGI servers: checking the origin is the application's
    affair.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.asgi"

    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        *,
        root_path: str = "",
        log_function: Callable[[HTTPServerRequest, int], None] | None = None,
        websocket_settings: dict[str, Any] | None = None,
    ) -> None:
        if not callable(application):
            raise TypeError(f"an ASGI application is callable, not {type(application).__name__}")
        self.application = application
        self.root_path = root_path
        self.log_function = log_function
        self._lifespan = Lifespan(application)
        self._websocket_settings = websocket_settings or {}
        self._websockets: Any = None
        #: starts the application's coroutines
        self.starter = Starter()

    def lifespan(self) -> Lifespan:
        """Return an asynchronous context manager that runs the application's lifespan protocol.

        Entering it waits for the application's startup, leaving it for the application's
        shutdown. An application without that protocol is served all the same.

        :raises RuntimeError: on entering, if the application says that its startup failed.
        """
        return self._lifespan

    # As a dispatcher, as a delegate, and as a function of a request.

    def dispatch(self, request: HTTPServerRequest) -> Target:
        """Return the target of a request; part of the `Dispatcher` contract."""
        if asks_for_websocket(request):
            return self._websocket_target(request)
        return ASGITarget(self, request)

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        """Return the delegate of a request; part of the delegate interface."""
        return _Delegate(self, server_conn, request_conn)

    def __call__(self, request: HTTPServerRequest) -> None:
        """Respond to a request whose content is complete, as a `.FallbackHandler` asks for it."""
        target = self.dispatch(request)
        if target.streams_body:
            if request.body:
                target.data_received(request.body)
            target.finish()
        else:
            target.execute()

    def _websocket_target(self, request: HTTPServerRequest) -> Target:
        if self._websockets is None:
            from tornado._asgi.bridging import application_for  # only where WebSockets are used

            self._websockets = application_for(self, self._websocket_settings)
        target: Target = self._websockets.dispatch(request)
        return target

    def scope_of(self, request: HTTPServerRequest, kind: str) -> Scope:
        """Return the scope of a request, with the state of the lifespan."""
        scope = make_scope(request, kind, self.root_path)
        state = self._lifespan.state
        if state is not None:
            scope["state"] = state.copy()
        return scope


class _Delegate(HTTPMessageDelegate):
    """Serves a request that arrives in parts."""

    def __init__(self, container: ASGIContainer, server_conn: object, connection: Any) -> None:
        self._container = container
        self._server_conn = server_conn
        self._connection = connection
        self._target: Any = None

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        request = HTTPServerRequest(
            connection=self._connection,
            server_connection=self._server_conn,
            start_line=start_line,
            headers=headers,
        )
        self._target = self._container.dispatch(request)
        if isinstance(self._target, ASGITarget):
            self._target.streams_body = self._target.has_content
        self._connection.set_close_callback(self._target.on_connection_close)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if not self._target.streams_body:
            return None
        taken: Awaitable[None] | None = self._target.data_received(chunk)
        return taken

    def finish(self) -> None:
        if self._target.streams_body:
            self._target.finish()
        else:
            self._target.execute()

    def on_connection_close(self) -> None:
        self._target.on_connection_close()
