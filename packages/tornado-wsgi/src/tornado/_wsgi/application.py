"""Tornado applications as WSGI applications, for servers that know nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from tornado._core.seam import printable
from tornado._http1.seam import length_mismatch
from tornado._loop.seam import eager
from tornado._wsgi.request import HTTPRequest
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
    responses,
)
from tornado.ioloop import IOLoop
from tornado.log import gen_log
from tornado.web import Application

if TYPE_CHECKING:
    from tornado.concurrent import Future

StartResponse = Callable[..., Any]


class _Context:
    """What a connection tells about its peer."""

    def __init__(self, request: HTTPServerRequest) -> None:
        self.remote_ip = self._orig_remote_ip = request.remote_ip
        self.protocol = self._orig_protocol = request.protocol


class _Connection(HTTPConnection):
    """Gathers the response to one request, to be given to a WSGI server at once."""

    no_keep_alive = True
    stream = None

    def __init__(self, request: HTTPServerRequest) -> None:
        self.context = _Context(request)
        self.is_finished = False
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self._method = request.method
        self._is_begun = False
        self._has_content = True
        self._is_broken = False
        #: Bytes of content that a Content-Length announced and that are still to be written.
        self._missing: int | None = None

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Keep nothing: a WSGI server does not tell when its client leaves."""

    def run_coroutine(self, coro: Coroutine[Any, Any, None], context: Context) -> None:
        """Run what a handler left to be awaited; called by the handler's delegate.

        Inside a running loop (a `WSGIContainer` may be the server) no task would get its turn before this
        response has to be there, so the coroutine is run here, as far as it comes without waiting.
        """
        if asyncio._get_running_loop() is None:
            eager.start(coro, context)
            return
        try:
            # A bare None is a turn of the loop given up, and nothing to wait for.
            while context.run(coro.send, None) is None:
                pass
        except StopIteration:
            return
        coro.close()

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        self._check_is_first()
        length = _content_length(headers)
        if length is not None and self._carries_content(status) and length != len(body):
            raise HTTPOutputError(length_mismatch(length - len(body)))
        self._begin(status, reason, headers)
        self.chunks.append(body)
        self.is_finished = True

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[[], Any] | None = None,
    ) -> Future[None]:
        assert isinstance(start_line, ResponseStartLine)
        self._check_is_first()
        length = _content_length(headers)
        if length is not None and self._carries_content(start_line.code):
            if len(chunk or b"") > length:
                raise HTTPOutputError(length_mismatch(-1))
            self._missing = length
        self._begin(start_line.code, start_line.reason or "", headers)
        return self.write(chunk or b"", callback)

    def write(self, chunk: bytes, callback: Callable[[], Any] | None = None) -> Future[None]:
        if callback is not None:
            raise RuntimeError("WSGI does not support asynchronous callbacks")
        if self._missing is not None:
            if len(chunk) > self._missing:
                raise HTTPOutputError(length_mismatch(-1))
            self._missing -= len(chunk)
        self.chunks.append(bytes(chunk))
        return _written()

    def send_file(self, file: Any, offset: int, count: int) -> Future[None]:
        """Read a part of a file; a WSGI server takes nothing but bytes."""
        with open(file if isinstance(file, int) else file.fileno(), "rb", closefd=False) as source:
            source.seek(offset)
            return self.write(source.read(count))

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        if self._missing:
            self._is_broken = True
            raise HTTPOutputError(length_mismatch(self._missing))
        self.is_finished = True

    def close(self) -> None:
        """Break the response off: the server will see an exception, as nothing else tells it."""
        self._is_broken = True

    def detach(self) -> None:
        raise RuntimeError("a WSGI server does not hand over its connections")

    def content(self) -> list[bytes]:
        """Return the content for the server; none for HEAD and where the status has none."""
        return [b"".join(self.chunks)] if self._has_content else []

    def _check_is_first(self) -> None:
        if self._is_begun:
            raise RuntimeError("the headers were sent already")

    def _carries_content(self, status: int) -> bool:
        return self._method != "HEAD" and status not in (204, 304)

    def _begin(self, status: int, reason: str, headers: HTTPHeaders) -> None:
        self._is_begun = True
        self._has_content = self._carries_content(status)
        self.status = f"{status} {reason}"
        # A server frames and keeps alive as it sees fit (PEP 3333, "Other HTTP Features").
        self.headers = [pair for pair in headers.get_all() if pair[0] not in _HOP_BY_HOP]


_HOP_BY_HOP = frozenset(["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"])


def _content_length(headers: HTTPHeaders) -> int | None:
    """Return the Content-Length that a handler set, ``None`` if there is none.

    :raises HTTPOutputError: if it is no length.
    """
    value = headers.get("Content-Length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise HTTPOutputError(f"invalid Content-Length {value!r}")
    return int(value)


def _written() -> Future[None]:
    """Return a future that is done, of the loop that runs, if one does."""
    loop = asyncio._get_running_loop()
    if loop is None:
        return cast("Future[None]", _Written())
    future: Future[None] = loop.create_future()
    future.set_result(None)
    return future


class _Written:
    """What waiting for a write gives where there is no loop: it is done already."""

    def done(self) -> bool:
        return True

    def result(self) -> None:
        return None

    def exception(self) -> None:
        return None

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        callback(self)

    def __await__(self) -> Iterator[None]:
        return iter(())


class WSGIAdapter:
    """Makes a `tornado.web.Application` a WSGI application, for servers other than Tornado's own.

    :arg application: an application, or any other delegate of server connections.

    .. code-block:: python

        application = tornado.web.Application([(r"/", MainHandler)])
        server = wsgiref.simple_server.make_server("", 8888, WSGIAdapter(application))
        server.serve_forever()

    A handler responds before it returns: a coroutine that has to wait, ``@asynchronous`` without
    ``finish``, streamed content, WebSockets, clients and mixins that fetch do not work here, and raise
    `RuntimeError` in the server's call. Content of up to 100 MB is read before the handler runs.

    .. versionadded:: 4.0
    """

    def __init__(self, application: HTTPServerConnectionDelegate) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request; see PEP 3333."""
        try:
            request = HTTPRequest(environ)
        except HTTPInputError as error:
            gen_log.warning("Malformed request by WSGI: %s", printable(str(error)))
            start_response(f"400 {responses[400]}", [("Content-Length", "0")])
            return []
        connection = _Connection(request)
        self._run(request, connection)
        start_response(connection.status, connection.headers)
        return connection.content()

    def _run(self, request: HTTPServerRequest, connection: _Connection) -> None:
        """Give the request to the application, and see that it responds."""
        had_loop = IOLoop.current(instance=False) is not None
        delegate = self.application.start_request(self, connection)
        start_line = RequestStartLine(request.method or "GET", request.uri or "/", request.version)
        try:
            delegate.headers_received(start_line, request.headers)
            if request.body:
                delegate.data_received(request.body)
            delegate.finish()
            if not connection.is_finished:
                _turn()
            if connection._is_broken:
                raise RuntimeError("the response broke off; the log says why")
            if not connection.is_finished:
                raise RuntimeError("the handler did not answer before it returned, as WSGI needs")
        except RuntimeError as error:
            if "event loop" not in str(error):
                raise
            raise RuntimeError(
                "the handler needs an event loop, which WSGI does not have"
            ) from error
        finally:
            if not had_loop:
                _close_loop()


def _turn() -> None:
    """Let coroutines that were started run until they wait for something."""
    io_loop = IOLoop.current(instance=False)
    if io_loop is not None and not io_loop.asyncio_loop.is_running():
        io_loop.asyncio_loop.run_until_complete(asyncio.sleep(0))


def _close_loop() -> None:
    """Close the loop that a handler's coroutine brought about in this thread, and cancel its tasks."""
    io_loop = IOLoop.current(instance=False)
    if io_loop is None:
        return
    loop = io_loop.asyncio_loop
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    io_loop.clear_current()
    io_loop.close()


class WSGIApplication(Application):
    """A `tornado.web.Application` that a WSGI server calls.

    Routes and settings are the same. Nothing can be waited for: the decorator ``asynchronous`` raises an
    exception, and so does a handler that has not responded when it returns. What ``flush()`` sends is
    gathered, since a WSGI server gets the response as a whole.

    .. code-block:: python

        application = tornado.wsgi.WSGIApplication([(r"/", MainHandler)])
        server = wsgiref.simple_server.make_server("", 8888, application)
        server.serve_forever()
    """

    def __init__(
        self,
        handlers: list[Any] | None = None,
        default_host: str | None = "",
        **settings: Any,
    ) -> None:
        super().__init__(handlers, default_host=default_host, wsgi=True, **settings)
        self._adapter = WSGIAdapter(self)

    def __call__(self, *args: Any) -> Any:
        """Serve ``(environ, start_response)`` of a WSGI server, or a request of Tornado's own."""
        if len(args) == 2:
            return self._adapter(*args)
        return super().__call__(*args)
