"""Serving WSGI applications (PEP 3333) with Tornado's HTTP server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import Any, TypeVar

from tornado._core.seam import printable
from tornado._loop.seam import eager
from tornado._web.seam import SERVER_NAME
from tornado._wsgi.content import StreamedContent
from tornado._wsgi.environ import make_environ
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPOutputError,
    HTTPServerRequest,
    ResponseStartLine,
    responses,
)
from tornado.iostream import StreamClosedError
from tornado.log import access_log, app_log, gen_log

T = TypeVar("T")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_STATUS = re.compile(r"([1-9][0-9][0-9])(?: (.*))?\Z")
#: Fields that belong to the connection, which is the server's (PEP 3333, "Other HTTP Features", and RFC
#: 9110, section 7.6.1).
_HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    ]
)


class _Response:
    """The response of an application so far: status and headers, and what it passed to ``write``."""

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        self.headers: HTTPHeaders | None = None
        self.written: list[bytes] = []
        self.is_begun = False

    def start_response(
        self,
        status: str,
        headers: Sequence[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """Take status and headers, and return ``write``; PEP 3333 has the rules."""
        if exc_info is not None:
            try:
                if self.is_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it would refer to this frame
        elif self.headers is not None:
            raise RuntimeError("start_response was called twice, the second time without exc_info")
        match = _STATUS.match(status)
        if match is None:
            raise ValueError(f"a WSGI status reads '200 OK', not {status!r}")
        fields = HTTPHeaders()
        dropped = []
        for name, value in headers:
            if name.lower() in _HOP_BY_HOP:
                dropped.append(name)
            else:
                fields.add(name, value)
        if dropped:
            gen_log.warning(
                "Dropped %s of a WSGI application: the connection is the server's (PEP 3333)",
                printable(", ".join(dropped)),
            )
        self.status, self.reason = int(match[1]), match[2] or ""
        self.headers = fields
        return self.written.append


class _Pieces:
    """What an application returned, piece by piece, closed in the call that finds its end."""

    def __init__(self, result: Iterable[bytes]) -> None:
        self._result = result
        self._iterator = iter(result)
        self.is_single = hasattr(result, "__len__") and len(result) == 1  # type: ignore[arg-type]  # it has
        self.is_closed = False

    def next(self) -> bytes | None:
        """Return the next piece; None at the end, when all is closed."""
        try:
            piece = next(self._iterator, None)
            if piece is not None and not isinstance(piece, bytes):
                raise TypeError(f"a WSGI application yields bytes, not {type(piece).__name__}")
        except BaseException:
            self.close()
            raise
        if piece is None:
            self.close()
        return piece

    def close(self) -> None:
        """Tell the application that this was all; once."""
        self.is_closed = True
        close = getattr(self._result, "close", None)
        if close is not None:
            close()


class WSGIContainer:
    """Serves a WSGI application with Tornado's HTTP server.

    :arg wsgi_application: the application, called as PEP 3333 says.
    :arg executor: a `concurrent.futures.ThreadPoolExecutor` for the application's calls. ``None`` means
        that they are made in the loop's thread, which waits for them: good for applications that
        response at once, and a standstill for all others.

    :param log_function: a function of the request and the status, called after each response in place of
        the line in ``tornado.access``.

    .. code-block:: python

        container = tornado.wsgi.WSGIContainer(simple_app)
        http_server = tornado.httpserver.HTTPServer(container)
        http_server.listen(8888)

    Beside handlers, it is the ``fallback`` of a `tornado.web.FallbackHandler`.

    Responses are streamed: each piece is sent as the application gives it, and the next one is asked for
    when the client has taken it. With an executor content is streamed too: ``wsgi.input`` gives what has
    arrived and blocks its thread for the rest. ``close`` is called whatever happens, also when the client
    has left, which ends the response early.

    .. versionchanged:: 6.3
       Added ``executor``.
    """

    def __init__(
        self,
        wsgi_application: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]],
        executor: Executor | None = None,
        *,
        log_function: Callable[[HTTPServerRequest, int], None] | None = None,
    ) -> None:
        self.wsgi_application = wsgi_application
        self.executor: Executor = executor  # type: ignore[assignment]  # mostly given where it is used
        self.log_function = log_function

    def __call__(self, request: HTTPServerRequest) -> None:
        """Serve a request whose content is complete."""
        eager.start(self.handle_request(request))

    def dispatch(self, request: HTTPServerRequest) -> _Target:
        """Return the target of the request; called by the HTTP server."""
        return _Target(self, request)

    async def handle_request(self, request: HTTPServerRequest) -> None:
        """Serve a request, and return when the response was handed to the connection.

        An error of the application is logged, and the response is a 500 or, where part of a response has
        been sent already, by closing the connection.

        .. versionadded:: 6.3
        """
        await self._handle(request, None)

    @staticmethod
    def environ(request: HTTPServerRequest) -> dict[str, Any]:
        """Return the environment of a request for a WSGI application; a subclass may add to it."""
        return make_environ(request)

    async def _handle(self, request: HTTPServerRequest, content: StreamedContent | None) -> None:
        environ = self.environ(request)
        environ["wsgi.multithread"] = self.executor is not None
        if content is not None:
            environ["wsgi.input"] = content
        response = _Response()
        try:
            await self._run(environ, response, request)
        except Exception as error:
            if not (isinstance(error, StreamClosedError) and _has_left(request)):
                app_log.error(
                    "Uncaught exception in WSGI application, %s", _summary(request), exc_info=True
                )
                self._fail(request, response)
        finally:
            if content is not None:
                content.close()
        self._log(response.status or 500, request)

    async def _call(self, function: Callable[..., T], *args: Any) -> T:
        if self.executor is None:
            return function(*args)
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *args)

    async def _run(
        self, environ: dict[str, Any], response: _Response, request: HTTPServerRequest
    ) -> None:
        """Call the application, send what it gives piece by piece, close what it returned."""
        result: Iterable[bytes] = await self._call(
            self.wsgi_application, environ, response.start_response
        )
        pieces = _Pieces(result)
        try:
            while True:
                await self._send(request, response, response.written, None)
                piece = await self._call(pieces.next)
                await self._send(request, response, response.written, None)
                if piece is None:
                    break
                # A single piece needs no chunks: its length is that of the content.
                await self._send(
                    request, response, [piece], len(piece) if pieces.is_single else None
                )
            self._finish(request, response)
        finally:
            if not pieces.is_closed:  # the client left
                await self._call(pieces.close)

    async def _send(
        self,
        request: HTTPServerRequest,
        response: _Response,
        pieces: list[bytes],
        length: int | None,
    ) -> None:
        """Send pieces, the head before the first that is not empty. ``length`` is the whole content's."""
        data = b"".join(pieces)
        if pieces is response.written:
            pieces.clear()
        if not data:
            return
        if not response.is_begun:
            head, headers = self._begin(request, response, length)
            sent = request.connection.write_headers(head, headers, data)
            response.is_begun = True
            await sent
        else:
            await request.connection.write(data)

    def _begin(
        self, request: HTTPServerRequest, response: _Response, length: int | None
    ) -> tuple[ResponseStartLine, HTTPHeaders]:
        """Return the start line of a response, and its headers, completed."""
        headers = response.headers
        if headers is None:
            raise RuntimeError("the WSGI application did not call start_response")
        if response.status != 304:
            if length is not None and response.status != 204:
                headers.setdefault("Content-Length", str(length))
            headers.setdefault("Content-Type", "text/html; charset=UTF-8")
        headers.setdefault("Server", SERVER_NAME)
        if length is not None and response.status not in (204, 304) and request.method != "HEAD":
            announced = headers.get("Content-Length")
            if announced is not None and announced != str(length):
                # Found out before anything was sent, so that there can be a response.
                raise HTTPOutputError(
                    f"the WSGI application gave {length} bytes, its Content-Length is {announced!r}"
                )
        return ResponseStartLine("HTTP/1.1", response.status, response.reason), headers

    def _finish(self, request: HTTPServerRequest, response: _Response) -> None:
        connection = request.connection
        if not response.is_begun:
            head, headers = self._begin(request, response, 0)
            connection.write_headers(head, headers)
            response.is_begun = True
        connection.finish()

    def _fail(self, request: HTTPServerRequest, response: _Response) -> None:
        """Respond with 500 where nothing was sent yet; else close, so that the client sees the truncation."""
        connection = request.connection
        if response.is_begun:
            connection.close()
            return
        response.status = 500
        response.is_begun = True
        headers = HTTPHeaders({"Content-Length": "0", "Server": SERVER_NAME})
        connection.write_headers(ResponseStartLine("HTTP/1.1", 500, responses[500]), headers)
        connection.finish()

    def _log(self, status: int, request: HTTPServerRequest) -> None:
        if self.log_function is not None:
            self.log_function(request, status)
            return
        if status < 400:
            log = access_log.info
        elif status < 500:
            log = access_log.warning
        else:
            log = access_log.error
        milliseconds = 1000.0 * request.request_time()
        log("%d %s (%s) %.2fms", status, _summary(request), request.remote_ip, milliseconds)


def _summary(request: HTTPServerRequest) -> str:
    return printable(f"{request.method} {request.uri}")


def _has_left(request: HTTPServerRequest) -> bool:
    """Return whether the client has closed the connection."""
    stream = getattr(request.connection, "stream", None)
    return stream is None or bool(stream.closed())


class _Target(HTTPMessageDelegate):
    """Serves one request of the HTTP server with the container."""

    def __init__(self, container: WSGIContainer, request: HTTPServerRequest) -> None:
        self._container = container
        self._request = request
        self._content: StreamedContent | None = None
        #: Only a thread of its own can wait for content.
        self.streams_body = container.executor is not None
        if self.streams_body:
            self._content = StreamedContent()
            eager.start(container._handle(request, self._content))

    def execute(self) -> None:
        """Call the application once the content is complete."""
        self._container(self._request)

    def data_received(self, chunk: bytes) -> asyncio.Future[None] | None:
        assert self._content is not None
        return self._content.put(chunk)

    def finish(self) -> None:
        assert self._content is not None
        self._content.end()

    def on_connection_close(self) -> None:
        if self._content is not None:
            self._content.abort()
