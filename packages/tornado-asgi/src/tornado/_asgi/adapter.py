"""A Tornado application, as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from tornado import gen
from tornado._asgi.carrying import WebSocketExchange
from tornado._asgi.exchange import ASGIExchange, Responding, log_failure
from tornado._asgi.lifespan import serve_lifespan
from tornado._asgi.messages import Receive, Scope, Send
from tornado._asgi.requests import make_request, read_headers
from tornado._http1.seam import dispatch_of, reason_phrase
from tornado._loop.seam import CALLBACK_ERRORS
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest, Target
from tornado.log import gen_log

#: Bytes of a request's content, unless said otherwise; that of `.HTTPServer`.
DEFAULT_MAX_BODY_SIZE = 100 * 1024 * 1024


class ASGIAdapter:
    """Makes an application of Tornado an ASGI 3 application, for uvicorn, hypercorn, Granian and others.

    :param application: a `tornado.web.Application`, a router, a delegate, or a function of a request:
        what `.HTTPServer` serves.
    :param max_body_size: bytes of a request's content (default 100 MiB): 413. A handler that streams its
        content may set another limit for itself, with ``request.connection.set_max_body_size``.

    .. code-block:: python

        application = ASGIAdapter(tornado.web.Application([(r"/", MainHandler)]))

    saved as ``site.py`` is served by ``uvicorn site:application``. It may also be mounted in an
    application of another framework: the path at which it is mounted (``root_path``) is not part
    of what its routes match. Redirects and URLs that begin with ``/`` lead to the root of the
    host.

    Handlers, WebSocket handlers, streamed content in both directions, `.RequestHandler.flush` and
    the hooks work as on `.HTTPServer`, on the server's event loop. Informational heads, trailers
    and files sent by their path are used where the server offers the ASGI extensions.
    ``request.connection.scope`` is the scope of the request. What needs the bare stream
    (`.RequestHandler.detach`) raises `RuntimeError`, and pings are the server's affair.

    The limits on headers, and all other timeouts, are those of the ASGI server.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.asgi"

    def __init__(self, application: Any, *, max_body_size: int = DEFAULT_MAX_BODY_SIZE) -> None:
        dispatch_of(application)  # is it one?
        self.application = application
        self.max_body_size = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; see the ASGI specification.

        Cancelling it means that the client has gone.
        """
        kind = scope["type"]
        if kind == "http":
            exchange = ASGIExchange(scope, self.max_body_size)
            await _Conversation(self.application, exchange, receive, send).run()
        elif kind == "websocket":
            await _serve_websocket(self.application, scope, receive, send)
        elif kind == "lifespan":
            await serve_lifespan(self.application, receive, send)
        else:
            raise ValueError(f"unknown type of ASGI scope: {kind!r}")


class _Conversation:
    """One request and its response."""

    def __init__(
        self, application: Any, exchange: ASGIExchange, receive: Receive, send: Send
    ) -> None:
        self._application = application
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._target: Target | None = None
        self._received = 0  # bytes of content

    async def run(self) -> None:
        """Serve the request until its response is sent or its client has gone."""
        exchange = self._exchange
        reading: asyncio.Task[None] | None = None
        try:
            request = self._request()
            if request is not None and await self._begin(request) and not exchange.is_over:
                reading = asyncio.ensure_future(self._read(request))
            await exchange.pump.run(self._send, lambda: exchange.is_over)
        except asyncio.CancelledError:
            self._client_left(None)
            raise
        except OSError as error:
            self._client_left(error)  # the server's way to say so, from ASGI 2.4 on
        finally:
            if reading is not None:
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading
        if exchange.state is Responding.BROKEN:
            # An application that fails is how ASGI has a connection closed without its end.
            raise ConnectionAbortedError("the response was broken off")

    def _request(self) -> HTTPServerRequest | None:
        """Return the request; refuse one that the server should have refused."""
        try:
            headers = read_headers(self._exchange.scope)
            return make_request(self._exchange.scope, self._exchange, headers)
        except HTTPInputError as error:
            gen_log.info("Malformed HTTP message from %s: %s", self._exchange.context, error)
            self._refuse(400)
            return None

    async def _begin(self, request: HTTPServerRequest) -> bool:
        """Find the target and start it; return whether there is more to read."""
        exchange = self._exchange
        with self._guarded("in a dispatcher"):
            target = self._target = dispatch_of(self._application)(request)
        if self._target is None:
            return False
        if target.streams_body:
            return True
        if _may_have_content(exchange.scope):
            body = await self._collect()
            if body is None:
                return False
            request.body = body
        with self._guarded(f"for {request.method} {request.path!r}"):
            target.execute()
        return True

    async def _next_part(self) -> tuple[bytes, bool] | None:
        """Return the next part of the content, and whether more follows.

        :returns: ``None`` if it never came, or the content is refused.
        """
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._client_left(None)
            return None
        part = message.get("body") or b""
        self._received += len(part)
        if self._received > self._exchange.max_body_size:
            self._too_large()
            return None
        return part, bool(message.get("more_body"))

    async def _collect(self) -> bytes | None:
        """Return the whole content; ``None`` if it never came, or was refused."""
        parts: list[bytes] = []
        while True:
            next_part = await self._next_part()
            if next_part is None:
                return None
            part, more = next_part
            parts.append(part)
            if not more:
                return b"".join(parts)

    async def _read(self, request: HTTPServerRequest) -> None:
        """Feed a target that streams its content; then wait for the client to leave."""
        target = self._target
        assert target is not None
        if target.streams_body:
            with self._guarded(f"for {request.method} {request.path!r}"):
                if not await self._feed(target):
                    return
        while not self._exchange.is_over:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._client_left(None)

    async def _feed(self, target: Target) -> bool:
        """Deliver the content; return whether all of it was delivered."""
        ready = target.ready
        if ready is not None:
            await gen.convert_yielded(ready)
        more = True
        while more:
            next_part = await self._next_part()
            if next_part is None:
                return False
            part, more = next_part
            if part:
                taken = target.data_received(part)
                if taken is not None:
                    await gen.convert_yielded(taken)
        target.finish()
        return True

    def _client_left(self, error: BaseException | None) -> None:
        was_open = not self._exchange.is_over
        self._exchange.client_left(error)
        if was_open and self._target is not None:
            with self._guarded("when a client left"):
                self._target.on_connection_close()

    def _too_large(self) -> None:
        gen_log.info(
            "Content too large from %s: over %d bytes",
            self._exchange.context,
            self._exchange.max_body_size,
        )
        self._refuse(413)
        target = self._target
        if target is not None and target.streams_body:
            with self._guarded("when its content was refused"):
                target.on_connection_close()

    def _refuse(self, status: int) -> None:
        exchange = self._exchange
        if exchange.state is Responding.IDLE:
            exchange.respond(
                status, reason_phrase(status), HTTPHeaders({"Content-Length": "0"}), b""
            )
        else:
            exchange.close()

    @contextlib.contextmanager
    def _guarded(self, what: str) -> Any:
        """Log what the application raises, and respond for it."""
        try:
            yield
        except CALLBACK_ERRORS as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            log_failure(what)
            self._refuse(500)


def _is_cancelled() -> bool:
    """Return whether the running task itself is being cancelled, where Python can tell."""
    task = asyncio.current_task()
    cancelling: Callable[[], int] | None = getattr(task, "cancelling", None)
    return cancelling is None or cancelling() > 0


def _may_have_content(scope: Scope) -> bool:
    """Return whether a request may have content; in HTTP/1 its headers say so (RFC 9112 section 6)."""
    if not str(scope.get("http_version", "1.1")).startswith("1"):
        return True
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


async def _serve_websocket(application: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket: its handshake is a request, which a handler accepts or responds to."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return  # the client left before
    exchange = WebSocketExchange(scope)
    await exchange.serve(lambda request: dispatch_of(application)(request), receive, send)
