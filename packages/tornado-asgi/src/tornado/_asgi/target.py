"""One HTTP request of Tornado's server, served by an ASGI application.

An application that responds without waiting costs no task (`tornado._gen.parked`), and its headers
go to the wire as the bytes they are (`respond_with_pairs`). Content that arrived with its head is
handed over whole; other content is streamed, and held back while the application does not want it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections import deque
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from tornado._asgi.messages import HOP_BY_HOP, Message
from tornado._asgi.serving import Container
from tornado._core.seam import printable
from tornado._http1.seam import Content, content_of, respond_with_pairs
from tornado._loop.seam import CALLBACK_ERRORS
from tornado.httputil import (
    HTTPHeaders,
    HTTPServerRequest,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError
from tornado.log import access_log, app_log

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NONE = Content.NONE
_PENDING = Content.PENDING
_log_is_enabled = access_log.isEnabledFor


class ClientDisconnectedError(OSError):
    """What ``send`` raises when the client has gone; ASGI asks for an `OSError`."""

    def __init__(self) -> None:
        super().__init__("the client has closed the connection")


class ASGITarget:
    """Responds to one request with an ASGI application."""

    # Defaults on the class: a request that is responded to at once sets only what differs.
    ready = None
    _chunks: deque[bytes] | None = None
    _is_started = False
    _is_received = False  # all content has arrived
    _has_told_end = False  # and the application knows
    _is_gone = False
    #: those who wait for something to receive
    _receivers: list[asyncio.Future[None]] | None = None
    #: done when the application took what arrived
    _taken: asyncio.Future[None] | None = None
    _start: Message | None = None
    _is_begun = False
    _is_done = False
    _trailers: HTTPHeaders | None = None

    def __init__(self, container: Container, request: HTTPServerRequest) -> None:
        content = content_of(request)
        #: whether the request has content, or may have
        self.has_content = content is not _NONE
        self.streams_body = content is _PENDING
        self._container = container
        self._request = request
        self._exchange: Any = request.connection

    # What the transport calls.

    def execute(self) -> None:
        """Respond to a request whose content is complete."""
        if self._request.body:
            self._chunks = deque([self._request.body])
        self._is_received = True
        self._run()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a part of the content; the next one is wanted when what is returned is done."""
        if self._is_done:
            return None
        if self._chunks is None:
            self._chunks = deque()
        self._chunks.append(chunk)
        self._notify()
        self._run()
        if not self._chunks or self._is_done:
            return None
        self._taken = asyncio.get_running_loop().create_future()
        return self._taken

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        """ASGI has no place for the trailers of a request."""

    def finish(self) -> None:
        """Take note that all content has arrived."""
        self._is_received = True
        self._notify()
        self._run()

    def on_connection_close(self) -> None:
        """Take note that the client has gone."""
        self._is_gone = True
        self._notify()
        self._release()

    # The application.

    def _run(self) -> None:
        if not self._is_started:
            self._is_started = True
            self._container.starter.start(self._converse(), self._request.server_connection)

    async def _converse(self) -> None:
        container, request = self._container, self._request
        try:
            await container.application(
                container.scope_of(request, "http"), self._receive, self._send
            )
        except CALLBACK_ERRORS as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                self._give_up()
                raise
            if not (self._is_gone and _is_of_disconnect(error)):
                app_log.error(
                    "Uncaught exception in the ASGI application for %s %r",
                    request.method,
                    request.path,
                    exc_info=True,
                )
                self._give_up()
        else:
            if not self._is_done and not self._is_gone:
                app_log.error(
                    "The ASGI application returned without %s for %s %r",
                    "completing its response" if self._is_begun else "a response",
                    request.method,
                    request.path,
                )
                self._give_up()
        finally:
            self._is_received = self._is_done = True  # for those who still receive
            if self._receivers is not None:
                self._notify()
            if self._taken is not None:
                self._release()
            if self._is_begun:
                self._log()

    def _give_up(self) -> None:
        """Respond with 500, or break off the response that was begun."""
        if self._is_gone or self._is_done:
            return
        self._is_done = True
        if self._is_begun:
            self._exchange.close()
            return
        self._is_begun = True
        self._start = {"status": 500}
        headers = HTTPHeaders({"Content-Type": "text/plain; charset=utf-8"})
        self._exchange.respond(500, _REASONS[500], headers, b"Internal Server Error")

    async def _receive(self) -> Message:
        """The application's ``receive``; several tasks may call it at the same time."""
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
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if self._receivers is None:
                self._receivers = []
            self._receivers.append(arrived)
            await arrived

    def _join(self) -> bytes:
        chunks = self._chunks
        assert chunks is not None
        body = b"".join(chunks)
        chunks.clear()
        return body

    def _notify(self) -> None:
        receivers = self._receivers
        if receivers:
            self._receivers = None
            for arrived in receivers:
                if not arrived.done():
                    arrived.set_result(None)

    def _release(self) -> None:
        """Let the transport go on with the content."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    async def _send(self, message: Message) -> None:
        """The application's ``send``."""
        if self._is_gone:
            raise ClientDisconnectedError
        kind = message["type"]
        if kind == "http.response.start":
            if self._start is not None:
                raise RuntimeError("a second http.response.start")
            self._start = message
            return
        if kind == "http.response.body":
            sent = self._send_body(message.get("body") or b"", bool(message.get("more_body")))
        elif kind == "http.response.pathsend":
            sent = self._send_path(message["path"])
        elif kind == "http.response.trailers":
            self._take_trailers(message)
            return
        elif kind == "http.response.early_hint":
            self._send_hints(message)
            return
        else:
            raise RuntimeError(f"unexpected ASGI message {kind!r}")
        if sent is not None:
            try:
                await sent
            except StreamClosedError as error:
                self.on_connection_close()
                raise ClientDisconnectedError from error

    def _send_body(self, body: bytes, more: bool) -> Awaitable[None] | None:
        """Send a part of the content; return what to wait for, if the client is slow."""
        start = self._start
        if start is None:
            raise RuntimeError("http.response.body before http.response.start")
        if self._is_done:
            raise RuntimeError("http.response.body after the end of the response")
        if body.__class__ is not bytes:
            if not isinstance(body, (bytes, bytearray, memoryview)):
                raise TypeError(f"the body of a message is bytes, not {type(body).__name__}")
            body = bytes(body)
        is_last = not more and not start.get("trailers")
        if self._is_begun:
            sent: Awaitable[None] = self._exchange.write(body)
        elif is_last:
            self._respond(start, body)
            return None
        else:
            status, headers = int(start["status"]), self._headers_of(start)
            start_line = ResponseStartLine("HTTP/1.1", status, _REASONS.get(status, "Unknown"))
            sent = self._exchange.write_headers(start_line, headers, body)
            self._is_begun = True
        if is_last:
            self._finish()
            return None
        return sent

    def _respond(self, start: Message, body: bytes) -> None:
        """Send the whole response."""
        self._is_begun = self._is_done = True
        try:
            status = start["status"]
            if not respond_with_pairs(self._exchange, status, start.get("headers") or (), body):
                status = int(status)
                reason = _REASONS.get(status, "Unknown")
                self._exchange.respond(status, reason, self._headers_of(start), body)
        except BaseException:
            self._is_begun = self._is_done = False  # nothing was sent
            raise
        if self._receivers is not None:
            self._notify()

    def _finish(self) -> None:
        self._is_done = True
        self._exchange.finish(self._trailers)
        self._notify()

    def _take_trailers(self, message: Message) -> None:
        if self._start is None or not self._start.get("trailers"):
            raise RuntimeError("http.response.trailers were not announced")
        if not self._is_begun or self._is_done:
            raise RuntimeError("http.response.trailers have to follow the content")
        self._trailers = self._trailers or HTTPHeaders()
        for name, value in message.get("headers") or ():
            self._trailers.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        if not message.get("more_trailers"):
            self._finish()

    def _send_hints(self, message: Message) -> None:
        if self._start is not None:
            raise RuntimeError("http.response.early_hint after http.response.start")
        links = HTTPHeaders()
        for link in message["links"]:
            links.add("Link", bytes(link).decode("latin-1"))
        self._exchange.write_headers(ResponseStartLine("HTTP/1.1", 103, "Early Hints"), links)

    async def _send_path(self, path: str) -> None:
        start = self._start
        if start is None or self._is_begun:
            raise RuntimeError("http.response.pathsend has to follow http.response.start")
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise RuntimeError(f"http.response.pathsend of {path!r}, which is no file")
            headers = self._headers_of(start)
            headers.setdefault("Content-Length", str(found.st_size))
            status = int(start["status"])
            start_line = ResponseStartLine("HTTP/1.1", status, _REASONS.get(status, "Unknown"))
            self._exchange.write_headers(start_line, headers)
            self._is_begun = True
            await self._exchange.send_file(file, 0, found.st_size)
        self._finish()

    def _headers_of(self, start: Message) -> HTTPHeaders:
        """Return the headers of a response; those that belong to the server are left out.

        :raises HTTPInputError: for what no header may hold.
        """
        headers = HTTPHeaders()
        for name, value in start.get("headers") or ():
            text = bytes(name).decode("latin-1")
            if text.title() not in HOP_BY_HOP:
                headers.add(text, bytes(value).decode("latin-1"))
            elif text.lower() == "connection" and b"close" in bytes(value).lower():
                headers["Connection"] = "close"
        return headers

    def _log(self) -> None:
        status = int(self._start["status"]) if self._start is not None else 500
        log_function = self._container.log_function
        if log_function is not None:
            log_function(self._request, status)
            return
        level = 20 if status < 400 else 30 if status < 500 else 40
        if _log_is_enabled(level):
            request = self._request
            access_log.log(
                level,
                "%d %s (%s) %.2fms",
                status,
                printable(f"{request.method} {request.uri}"),
                request.remote_ip,
                1000.0 * request.request_time(),
            )


def _is_cancelled() -> bool:
    """Return whether the running task itself is being cancelled, where Python can tell."""
    cancelling = getattr(asyncio.current_task(), "cancelling", None)
    return cancelling is not None and cancelling() > 0


def _is_of_disconnect(error: BaseException | None) -> bool:
    """Return whether an exception comes of a client that left: the application has let go."""
    for _ in range(16):
        if error is None:
            return False
        if isinstance(error, OSError):
            return True
        group = getattr(error, "exceptions", None)  # of an exception group, on any Python
        if group:
            return all(_is_of_disconnect(each) for each in group)
        error = error.__cause__ or error.__context__
    return False
