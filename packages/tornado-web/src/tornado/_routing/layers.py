"""Middleware: functions that run around whatever responds to a request.

A middleware is called with a request, whose head has arrived, and with ``call_next``. It either returns a
response of its own, or calls ``call_next(request)`` once, which finds the target (a handler, a router, a
WSGI application) and starts it. Each middleware of a request is one `Layer`: a message delegate that
passes the content inwards, and gives the target an exchange of its own, through which the response passes
outwards. A middleware that is a coroutine holds the response back at its exchange until it returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context, copy_context
from functools import partial
from inspect import isawaitable
from typing import Any

from tornado import httputil
from tornado._loop.seam import CALLBACK_ERRORS, eager
from tornado._routing.calls import Call, Middleware, Response, ResponseHead
from tornado.concurrent import chain_future
from tornado.iostream import StreamClosedError
from tornado.log import app_log

__all__ = ["AmendingExchange", "Find", "Layer", "OnError", "fold"]


Find = Callable[[httputil.HTTPServerRequest], Any]
OnError = Callable[[httputil.HTTPServerRequest, int], Any]


class _ExchangeAround:
    """Stands before an exchange; what a subclass does not define is the exchange's own."""

    _OWN: frozenset[str]
    _exchange: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            super().__setattr__(name, value)
        else:
            setattr(self._exchange, name, value)


class AmendingExchange(_ExchangeAround):
    """An exchange that lets a function amend the head of the response: all that default headers need.

    :param amend: called with the head just before it is sent.
    """

    _OWN = frozenset({"_amend", "_exchange"})

    def __init__(self, exchange: Any, amend: Callable[[ResponseHead], object]) -> None:
        self._exchange = exchange
        self._amend = amend

    def respond(self, status: int, reason: str, headers: httputil.HTTPHeaders, body: bytes) -> None:
        head = ResponseHead(status, reason, headers)
        self._amend(head)
        _respond(self._exchange, head, body)

    def write_headers(
        self,
        start_line: Any,
        headers: httputil.HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> Any:
        if not 100 <= start_line.code < 200 or start_line.code == 101:
            self._amend(ResponseHead(start_line.code, start_line.reason, headers))
        return self._exchange.write_headers(start_line, headers, chunk, callback)


class _LayerExchange(_ExchangeAround):
    """The exchange of a target inside a middleware."""

    _OWN = frozenset({"_exchange", "_layer", "_queue", "_head", "_is_discarding"})

    def __init__(self, exchange: Any, layer: Layer) -> None:
        self._exchange = exchange
        self._layer = layer
        #: Calls that wait for the middleware, each with the future that it returned.
        self._queue: list[tuple[Callable[..., Any], asyncio.Future[Any] | None]] | None = None
        self._head: ResponseHead | None = None
        self._is_discarding = False

    # The target's side.

    def respond(self, status: int, reason: str, headers: httputil.HTTPHeaders, body: bytes) -> None:
        head = self._begin(ResponseHead(status, reason, headers))
        self._pass_on(lambda: _respond(self._exchange, head, body), waits=False)

    def write_headers(
        self,
        start_line: Any,
        headers: httputil.HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> Any:
        status = start_line.code
        if 100 <= status < 200 and status != 101:
            return self._exchange.write_headers(start_line, headers, chunk, callback)
        head = self._begin(ResponseHead(status, start_line.reason, headers))

        def send() -> Any:
            line = httputil.ResponseStartLine(start_line.version, head.status_code, head.reason)
            return self._exchange.write_headers(line, head.headers, chunk, callback)

        return self._pass_on(send)

    def write(self, chunk: bytes, callback: Callable[..., Any] | None = None) -> Any:
        return self._pass_on(partial(self._exchange.write, chunk, callback))

    def send_file(self, file: Any, offset: int, count: int) -> Any:
        return self._pass_on(partial(self._exchange.send_file, file, offset, count))

    def finish(self, trailers: httputil.HTTPHeaders | None = None) -> None:
        # (Exchanges of older servers take no trailers.)
        arguments = () if trailers is None else (trailers,)
        self._pass_on(partial(self._exchange.finish, *arguments), waits=False)

    def detach(self) -> Any:
        """Give the stream away: the response, if any, has been sent."""
        if self._head is None:
            self._begin(ResponseHead(0, "", httputil.HTTPHeaders()))
        self.release()
        return self._exchange.detach()

    def close(self) -> None:
        self._layer.lost()
        self._exchange.close()

    def _begin(self, head: ResponseHead) -> ResponseHead:
        if self._head is not None or self._is_discarding:
            return head  # the outer exchange says what is wrong with a second head
        self._head = head
        layer = self._layer
        if layer.is_holding and head.status_code not in (0, 101):
            self._queue = []
        else:
            layer.amend(head)
        layer.begun(head)
        return head

    def _pass_on(self, call: Callable[[], Any], waits: bool = True) -> Any:
        if self._is_discarding:
            return _done() if waits else None
        if self._queue is None:
            return call()
        future = asyncio.get_running_loop().create_future() if waits else None
        self._queue.append((call, future))
        return future

    # The layer's side.

    @property
    def has_begun(self) -> bool:
        return self._head is not None

    @property
    def is_committed(self) -> bool:
        """Whether a part of the response may have been sent."""
        return self._head is not None and self._queue is None

    def release(self, head: ResponseHead | None = None) -> None:
        """Send what was held back.

        :param head: in place of the target's head.
        """
        queue, self._queue = self._queue, None
        mine = self._head
        if queue is None or mine is None:
            return
        if head is not None and head is not mine:
            mine.status_code, mine.reason, mine.headers = (
                head.status_code,
                head.reason,
                head.headers,
            )
        self._layer.amend(mine)
        for call, future in queue:
            try:
                result = call()
            except BaseException as e:
                if future is None:
                    raise
                future.set_exception(e)
                future.exception()
                continue
            if future is None:
                continue
            if isinstance(result, asyncio.Future):
                chain_future(result, future)
            elif not future.done():
                future.set_result(None)

    def discard(self) -> None:
        """Drop what is held, and all that is still to come: another response is sent instead."""
        queue, self._queue = self._queue, None
        self._is_discarding = True
        for _, future in queue or ():
            if future is not None and not future.done():
                future.set_result(None)


def _respond(exchange: Any, head: ResponseHead, body: bytes) -> None:
    """Send a whole response, also over an exchange of the interface before 6.100."""
    respond = getattr(exchange, "respond", None)
    if respond is not None:
        respond(head.status_code, head.reason, head.headers, body)
        return
    start_line = httputil.ResponseStartLine("", head.status_code, head.reason)
    exchange.write_headers(start_line, head.headers, body)
    exchange.finish()


def _done() -> asyncio.Future[None]:
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


class Layer(httputil.HTTPMessageDelegate):
    """One middleware around the delegate of one request."""

    _call: Call | None = None
    _delegate: Any = None
    _exchange: Any = None
    _context: Context | None = None
    _reached: asyncio.Future[None] | None = None
    _ready: Any = None
    _is_complete = False
    _is_gone = False
    #: Whether the middleware has not ended yet.
    is_holding = False
    _held: _LayerExchange

    def __init__(
        self,
        middleware: Middleware,
        find: Find,
        on_error: OnError | None,
        request: httputil.HTTPServerRequest,
    ) -> None:
        self._middleware = middleware
        self._find = find
        self._on_error = on_error
        self._request = request

    @property
    def handler(self) -> Any:
        """The handler inside, once there is one."""
        return getattr(self._delegate, "handler", None)

    # From the transport.

    def headers_received(self, start_line: Any, headers: httputil.HTTPHeaders) -> Any:
        request = self._request
        self._exchange = request.connection
        exchange: Any = _LayerExchange(self._exchange, self)
        self._held = exchange
        request.connection = exchange
        self.is_holding = True
        try:
            result = self._middleware(request, self._call_next)
        except CALLBACK_ERRORS as e:
            self.is_holding = False
            self._fail(e)
            return None
        if isinstance(result, Call) or not isawaitable(result):
            self.is_holding = False
            self._conclude(result)
        else:
            eager.start(self._run(result), self._own_context())
        if self._delegate is not None:
            return self._ready
        if not self.is_holding:
            return None
        self._reached = asyncio.get_running_loop().create_future()
        return self._reached

    def data_received(self, chunk: bytes) -> Any:
        if self._delegate is not None:
            return self._inside(self._delegate.data_received, chunk)
        return None

    def finish(self) -> None:
        self._is_complete = True
        if self._delegate is not None:
            self._finish_inside()

    def on_connection_close(self) -> None:
        self._is_gone = True
        if self._delegate is not None:
            self._inside(self._delegate.on_connection_close)
        self.lost()
        self._reach()

    def execute(self) -> Awaitable[None] | None:
        """Serve a request whose content is there already: `.Application.__call__`."""
        request = self._request
        start_line = httputil.RequestStartLine(
            request.method or "", request.uri or "", request.version
        )
        ready = self.headers_received(start_line, request.headers)
        if ready is None:
            self._feed(self.data_received(request.body) if request.body else None)
            return None
        return asyncio.ensure_future(self._execute_after(ready))

    async def _execute_after(self, ready: Any) -> None:
        await ready
        if self._request.body:
            taken = self.data_received(self._request.body)
            if taken is not None:
                await taken
        self.finish()

    def _feed(self, taken: Any) -> None:
        if taken is None:
            self.finish()
        else:
            asyncio.ensure_future(taken).add_done_callback(lambda _: self.finish())

    # From the exchange.

    def amend(self, head: ResponseHead) -> None:
        """Let the middleware change the head that is about to be sent."""
        call = self._call
        if call is not None:
            for callback in call._amendments:
                try:
                    callback(head)
                except CALLBACK_ERRORS:
                    app_log.error("Uncaught exception in middleware %s", self._name, exc_info=True)

    def begun(self, head: ResponseHead) -> None:
        """The target has begun to respond."""
        if self._call is not None:
            head.exception = getattr(self.handler, "_failure", None)
            self._call._has_begun(head)

    def lost(self) -> None:
        """No response will come."""
        if self._call is not None and not self._call._is_over:
            self._call._has_failed(StreamClosedError())

    # The middleware.

    @property
    def _name(self) -> str:
        middleware: Any = self._middleware
        return getattr(middleware, "__qualname__", None) or type(middleware).__qualname__

    def _call_next(self, request: httputil.HTTPServerRequest) -> Call:
        if self._call is not None:
            raise RuntimeError(f"middleware {self._name} called call_next twice")
        if self._is_gone:
            raise StreamClosedError()
        call = self._call = Call()
        delegate = self._find(request)
        if delegate is None:
            delegate = self._error_page(request, 404)
        start_line = httputil.RequestStartLine(
            request.method or "", request.uri or "", request.version
        )
        self._ready = delegate.headers_received(start_line, request.headers)
        self._delegate = delegate
        self._context = copy_context()
        if self._reached is not None:
            if isawaitable(self._ready):
                waiting = asyncio.ensure_future(self._ready)
                waiting.add_done_callback(lambda _: self._reach())
            else:
                self._reach()
        if self._is_complete:
            asyncio.get_running_loop().call_soon(self._finish_inside)
        return call

    async def _run(self, work: Awaitable[Any]) -> None:
        try:
            result = await work
        except asyncio.CancelledError as e:
            self.is_holding = False
            self._fail(e)
            raise
        except Exception as e:
            self.is_holding = False
            self._fail(e)
        else:
            self.is_holding = False
            self._conclude(result)
        self._reach()

    def _conclude(self, result: Any) -> None:
        """Let the response out that the middleware has decided on."""
        held = self._held
        try:
            if isinstance(result, Response):
                if held.is_committed:
                    raise RuntimeError(
                        f"middleware {self._name} returned a response, but another one was begun"
                    )
                self._respond(result)
            elif result is not None and not isinstance(result, (Call, ResponseHead)):
                raise TypeError(
                    f"middleware {self._name} returned {type(result).__name__}, expected what"
                    " call_next returned, or a Response"
                )
            elif self._call is None and not held.has_begun and not self._is_gone:
                raise RuntimeError(
                    f"middleware {self._name} neither called call_next nor returned a Response"
                )
            else:
                held.release(result if isinstance(result, ResponseHead) else None)
        except Exception as e:
            self._fail(e)

    def _respond(self, response: Response) -> None:
        self._held.discard()
        head = ResponseHead(response.status_code, response.reason, response.headers)
        if response.status_code >= 200 and response.status_code not in (204, 304):
            head.headers["Content-Length"] = str(len(response.body))
        _respond(self._exchange, head, response.body)

    def _fail(self, error: BaseException) -> None:
        """Respond with the error that a middleware raised."""
        if isinstance(error, StreamClosedError) and self._is_gone:
            self._held.discard()
            return
        status = getattr(error, "status_code", None)
        if not isinstance(status, int) or not 400 <= status < 600:
            status = 500
        if status == 500:
            app_log.error("Uncaught exception in middleware %s", self._name, exc_info=error)
        if self._held.is_committed:
            self._exchange.close()
            return
        self._held.discard()
        request = self._request
        request.connection = self._exchange
        page = self._error_page(request, status)
        start_line = httputil.RequestStartLine(request.method or "", request.uri or "", "HTTP/1.1")
        page.headers_received(start_line, request.headers)
        page.finish()

    def _error_page(self, request: httputil.HTTPServerRequest, status: int) -> Any:
        return (self._on_error or _BarePage)(request, status)

    # The target inside.

    def _finish_inside(self) -> None:
        try:
            self._inside(self._delegate.finish)
        except Exception as e:
            if not self.is_holding or self._call is None or self._call._is_over:
                raise
            self._call._has_failed(e)

    def _inside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of the delegate with the context variables that the middleware has set."""
        assert self._context is not None
        self._forget_fresh_context()
        return self._context.copy().run(function, *arguments)

    def _own_context(self) -> Context:
        self._forget_fresh_context()
        return copy_context()

    def _forget_fresh_context(self) -> None:
        # The server's context for this request is not the one that its handler will run in.
        server: Any = self._request.server_connection
        if getattr(server, "fresh_context", None) is not None:
            server.fresh_context = None

    def _reach(self) -> None:
        """Let the transport go on with the content."""
        if self._reached is not None and not self._reached.done():
            self._reached.set_result(None)


class _BarePage(httputil.HTTPMessageDelegate):
    """Responds with an error without content."""

    def __init__(self, request: httputil.HTTPServerRequest, status: int) -> None:
        self._request = request
        self._status = status

    def finish(self) -> None:
        headers = httputil.HTTPHeaders({"Content-Length": "0"})
        head = ResponseHead(self._status, httputil.responses.get(self._status, "Unknown"), headers)
        _respond(self._request.connection, head, b"")


def fold(middleware: Iterable[Middleware], find: Find, on_error: OnError | None = None) -> Find:
    """Return a function like ``find`` that puts a layer for each middleware around what that returns.

    :param middleware: the outermost one first.
    :param find: returns the delegate of a request.
    :param on_error: returns the delegate of an error page.
    :raises TypeError: if one cannot be called.
    """
    for one in reversed(list(middleware)):
        if not callable(one):
            raise TypeError(f"middleware must be callable, got {one!r}")
        find = partial(Layer, one, find, on_error)
    return find
