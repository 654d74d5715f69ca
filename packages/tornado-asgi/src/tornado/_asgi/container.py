"""An ASGI application on Tornado's server."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from tornado._asgi.lifespan import Lifespan
from tornado._asgi.messages import HOP_BY_HOP, Message, Scope
from tornado._asgi.scopes import make_scope
from tornado._http1.seam import CALLBACK_ERRORS
from tornado._loop.seam import eager
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    Target,
)
from tornado.iostream import StreamClosedError
from tornado.log import access_log, app_log

_REASONS = {status.value: status.phrase for status in HTTPStatus}


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

    An application that raises before its response began is answered for with 500; one that raises
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
        if _is_websocket(request):
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
        if self._lifespan.state is not None:
            scope["state"] = self._lifespan.state.copy()
        return scope


def _is_websocket(request: HTTPServerRequest) -> bool:
    upgrade = request.headers.get("Upgrade")
    return upgrade is not None and upgrade.lower() == "websocket" and request.method == "GET"


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


class ASGITarget:
    """Responds to one request with an ASGI application."""

    def __init__(self, container: ASGIContainer, request: HTTPServerRequest) -> None:
        headers = request.headers
        self.streams_body = "Content-Length" in headers or "Transfer-Encoding" in headers
        self.ready = None
        self._container = container
        self._request = request
        self._exchange: Any = request.connection
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[bytes] = deque()
        self._is_started = False
        self._is_received = False  # all content has arrived
        self._has_told_end = False  # and the application knows
        self._is_gone = False
        #: done when there is something to receive
        self._arrived: asyncio.Future[None] | None = None
        #: done when the application took what arrived
        self._taken: asyncio.Future[None] | None = None
        self._start: Message | None = None
        self._is_begun = False
        self._is_done = False
        self._trailers: HTTPHeaders | None = None

    # What the transport calls.

    def execute(self) -> None:
        self._is_received = True
        self._run()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._chunks.append(chunk)
        self._notify()
        self._run()
        if not self._chunks or self._is_done:
            return None
        self._taken = self._loop.create_future()
        return self._taken

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        """ASGI has no place for the trailers of a request."""

    def finish(self) -> None:
        self._is_received = True
        self._notify()
        self._run()

    def on_connection_close(self) -> None:
        self._is_gone = True
        self._notify()
        self._release()

    # The application.

    def _run(self) -> None:
        if self._is_started:
            return
        self._is_started = True
        running = eager.start(self._converse())
        if running is not None:
            _running.add(running)
            running.add_done_callback(_running.discard)

    async def _converse(self) -> None:
        request = self._request
        try:
            scope = self._container.scope_of(request, "http")
            await self._container.application(scope, self._receive, self._send)
            if not self._is_done and not self._is_gone:
                app_log.error(
                    "The ASGI application returned without %s for %s %r",
                    "completing its response" if self._is_begun else "a response",
                    request.method,
                    request.path,
                )
                self._give_up()
        except CALLBACK_ERRORS as error:
            if isinstance(error, OSError) and self._is_gone:
                return  # the client has gone, and the application let go
            app_log.error(
                "Uncaught exception in the ASGI application for %s %r",
                request.method,
                request.path,
                exc_info=True,
            )
            self._give_up()
        finally:
            self._release()
            if self._is_begun or self._is_done:
                self._log()

    def _give_up(self) -> None:
        """Respond with 500, or break off the response that was begun."""
        if self._is_gone or self._is_done:
            return
        self._is_done = True
        if self._is_begun:
            self._exchange.close()
            return
        self._start = {"status": 500}
        headers = HTTPHeaders({"Content-Type": "text/plain; charset=utf-8"})
        self._exchange.respond(500, _REASONS[500], headers, b"Internal Server Error")

    async def _receive(self) -> Message:
        """The application's ``receive``."""
        while True:
            if self._is_gone:
                return {"type": "http.disconnect"}
            if self._chunks:
                body = self._chunks.popleft() if len(self._chunks) == 1 else self._join()
                self._release()
                more = not self._is_received
                self._has_told_end = not more
                return {"type": "http.request", "body": body, "more_body": more}
            if self._is_received and not self._has_told_end:
                self._has_told_end = True
                return {"type": "http.request", "body": b"", "more_body": False}
            if self._is_done:
                return {"type": "http.disconnect"}
            self._arrived = self._loop.create_future()
            await self._arrived

    def _join(self) -> bytes:
        body = b"".join(self._chunks)
        self._chunks.clear()
        return body

    def _notify(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _release(self) -> None:
        """Let the transport go on with the content."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    async def _send(self, message: Message) -> None:
        """The application's ``send``."""
        kind = message["type"]
        if self._is_gone:
            raise OSError("the client has closed the connection")
        if kind == "http.response.body":
            await self._send_body(message.get("body") or b"", bool(message.get("more_body")))
        elif kind == "http.response.start":
            if self._start is not None:
                raise RuntimeError("a second http.response.start")
            self._start = message
        elif kind == "http.response.pathsend":
            await self._send_path(message["path"])
        elif kind == "http.response.trailers":
            self._take_trailers(message)
        elif kind == "http.response.early_hint":
            links = HTTPHeaders()
            for link in message["links"]:
                links.add("Link", bytes(link).decode("latin-1"))
            self._exchange.write_headers(ResponseStartLine("HTTP/1.1", 103, "Early Hints"), links)
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r}")

    async def _send_body(self, body: bytes, more: bool) -> None:
        start = self._start
        if start is None:
            raise RuntimeError("http.response.body before http.response.start")
        if self._is_done:
            raise RuntimeError("http.response.body after the end of the response")
        if not self._is_begun:
            headers = _headers_of(start)
            status = int(start["status"])
            reason = _REASONS.get(status, "Unknown")
            if not more and not start.get("trailers"):
                self._is_begun = self._is_done = True
                self._respond(status, reason, headers, body)
                return
            sent = self._exchange.write_headers(
                ResponseStartLine("HTTP/1.1", status, reason), headers, body
            )
            self._is_begun = True
        else:
            sent = self._exchange.write(body)
        if not more and not start.get("trailers"):
            self._finish()
        elif not sent.done():
            await _sent(sent)

    def _respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        try:
            self._exchange.respond(status, reason, headers, body)
        except (ValueError, HTTPOutputError):
            self._is_begun = self._is_done = False
            raise
        self._notify()

    def _finish(self) -> None:
        self._is_done = True
        self._exchange.finish(self._trailers)
        self._notify()

    def _take_trailers(self, message: Message) -> None:
        if self._start is None or not self._start.get("trailers"):
            raise RuntimeError("http.response.trailers were not announced")
        self._trailers = self._trailers or HTTPHeaders()
        for name, value in message.get("headers") or ():
            self._trailers.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        if not message.get("more_trailers"):
            self._finish()

    async def _send_path(self, path: str) -> None:
        start = self._start
        if start is None or self._is_begun:
            raise RuntimeError("http.response.pathsend has to follow http.response.start")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            headers = _headers_of(start)
            headers.setdefault("Content-Length", str(size))
            status = int(start["status"])
            start_line = ResponseStartLine("HTTP/1.1", status, _REASONS.get(status, "Unknown"))
            self._exchange.write_headers(start_line, headers)
            self._is_begun = True
            await _sent(self._exchange.send_file(file, 0, size))
        self._finish()

    def _log(self) -> None:
        status = int(self._start["status"]) if self._start is not None else 500
        log_function = self._container.log_function
        if log_function is not None:
            log_function(self._request, status)
            return
        level = 20 if status < 400 else 30 if status < 500 else 40
        if access_log.isEnabledFor(level):
            request = self._request
            access_log.log(
                level,
                "%d %s %s (%s) %.2fms",
                status,
                request.method,
                request.uri,
                request.remote_ip,
                1000.0 * request.request_time(),
            )


# The loop itself holds its tasks only weakly.
_running: set[Any] = set()


def _headers_of(start: Message) -> HTTPHeaders:
    """Return the headers of a response; those that belong to the server are left out.

    :raises HTTPInputError: for what no header may hold.
    """
    headers = HTTPHeaders()
    for name, value in start.get("headers") or ():
        text = bytes(name).decode("latin-1")
        if text.title() not in HOP_BY_HOP:
            headers.add(text, bytes(value).decode("latin-1"))
    return headers


async def _sent(future: Any) -> None:
    """Wait until the client has taken what was sent.

    :raises OSError: if it has gone.
    """
    try:
        await future
    except StreamClosedError as error:
        raise OSError("the client has closed the connection") from error
