"""The exchange of a request that came through an ASGI server.

An application writes whenever it likes; ASGI wants one awaited ``send`` after the other. The exchange
therefore collects messages in order, and `ResponsePump` sends them. The future of a write is done when
the server's ``send`` returned, which is how a slow client slows its handler.
"""

from __future__ import annotations

import asyncio
import enum
import os
import re
import stat
from collections import deque
from collections.abc import Callable
from typing import Any

from tornado._asgi.messages import HOP_BY_HOP, Message, RawHeaders, Scope, Send
from tornado._asgi.requests import Peer
from tornado._http1.seam import TOKEN
from tornado._web.seam import SERVER_NAME
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import StreamClosedError
from tornado.log import app_log

#: What no header value and no reason may hold (RFC 9110 section 5.5).
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


class Responding(enum.Enum):
    """Where the response stands."""

    IDLE = "idle"  #: nothing was written; informational heads do not count
    CONTENT = "content"  #: the head was written
    DONE = "done"  #: the response is complete
    BROKEN = "broken"  #: the response was begun and cannot be completed
    GONE = "gone"  #: the client left


#: What may follow what.
TRANSITIONS: dict[Responding, frozenset[Responding]] = {
    Responding.IDLE: frozenset(
        {Responding.CONTENT, Responding.DONE, Responding.BROKEN, Responding.GONE}
    ),
    Responding.CONTENT: frozenset({Responding.DONE, Responding.BROKEN, Responding.GONE}),
    Responding.DONE: frozenset({Responding.GONE}),
    Responding.BROKEN: frozenset({Responding.GONE}),
    Responding.GONE: frozenset(),
}


class ResponsePump:
    """Messages on their way to the server, in order."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._messages: deque[tuple[Message, asyncio.Future[None] | None]] = deque()
        self._woken: asyncio.Future[None] | None = None
        self._is_closed = False

    def put(self, message: Message) -> None:
        """Send ``message`` after those before it."""
        self._messages.append((message, None))
        self.wake()

    def put_awaitable(self, message: Message) -> asyncio.Future[None]:
        """Send ``message``; return a future that is done when the server has taken it."""
        taken: asyncio.Future[None] = self._loop.create_future()
        if self._is_closed:
            fail(taken, StreamClosedError())
        else:
            self._messages.append((message, taken))
            self.wake()
        return taken

    @property
    def last(self) -> Message | None:
        """The last message that is still waiting."""
        return self._messages[-1][0] if self._messages else None

    def wake(self) -> None:
        """Have `run` look again."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def close(self, error: BaseException | None = None) -> None:
        """Send nothing more: what waits is dropped, and its futures fail."""
        self._is_closed = True
        while self._messages:
            _, taken = self._messages.popleft()
            if taken is not None and not taken.done():
                fail(taken, StreamClosedError(error))
        self.wake()

    async def run(self, send: Send, is_over: Callable[[], bool]) -> None:
        """Send messages until ``is_over`` says that no more will come.

        :raises Exception: whatever ``send`` raises, when the client has gone.
        """
        while True:
            while self._messages:
                message, taken = self._messages.popleft()
                try:
                    await send(message)
                except BaseException as error:
                    if taken is not None and not taken.done():
                        fail(taken, StreamClosedError(error))
                    raise
                if taken is not None and not taken.done():
                    taken.set_result(None)
            if is_over() or self._is_closed:
                return
            self._woken = self._loop.create_future()
            await self._woken


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Let ``future`` fail; nobody has to look at it."""
    future.set_exception(error)
    future.exception()


class ASGIExchange(HTTPConnection):
    """The response side of one request.

    :param scope: of the request.
    :param max_body_size: bytes of its content, unless the application says otherwise.
    """

    #: Prefix of the message types: a WebSocket that is refused has types of its own.
    _types = "http.response"

    def __init__(self, scope: Scope, max_body_size: int) -> None:
        self.scope = scope
        self.context = Peer(scope)
        self.pump = ResponsePump()
        self.max_body_size = max_body_size
        self.body_timeout: float | None = None
        self._method = scope.get("method") or "GET"
        self._extensions = scope.get("extensions") or {}
        self._state = Responding.IDLE
        self._has_content = True
        self._sends_trailers = False
        self._is_path_sent = False
        #: bytes that the Content-Length still asks for; ``None`` where there is none
        self._remaining: int | None = None
        self._close_callback: Callable[[], Any] | None = None

    # The state.

    @property
    def state(self) -> Responding:
        """Where the response stands."""
        return self._state

    @state.setter
    def state(self, state: Responding) -> None:
        if state not in TRANSITIONS[self._state]:
            raise AssertionError(f"{state} cannot follow {self._state}")
        self._state = state

    @property
    def is_over(self) -> bool:
        """Whether the response is complete, or never will be."""
        return self._state not in (Responding.IDLE, Responding.CONTENT)

    def client_left(self, error: BaseException | None = None) -> None:
        """The client has gone: what is written from now on is discarded."""
        if self._state is Responding.GONE:
            return
        was_open = not self.is_over
        self.state = Responding.GONE
        self.pump.close(error)
        callback, self._close_callback = self._close_callback, None
        if was_open and callback is not None:
            callback()

    # The contract.

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes) -> None:
        if self._state is Responding.GONE:
            return
        if self._state is not Responding.IDLE:
            raise HTTPOutputError("a response was begun already")
        self._judge(status, headers)
        if self._has_content and self._remaining not in (None, len(body)):
            _refuse_length(len(body), self._remaining)
        head = self._head(status, reason, headers, None if _is_empty(status) else len(body))
        self.state = Responding.DONE
        self.pump.put(head)
        self.pump.put(self._body(body if self._has_content else b"", False))

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> asyncio.Future[None]:
        assert isinstance(start_line, ResponseStartLine)
        status = start_line.code
        if self._state is Responding.GONE:
            return self._too_late()
        if self._state is not Responding.IDLE:
            raise HTTPOutputError("a response was begun already")
        if status < 200 and status != 101:
            return self._informational(status, headers)
        self._judge(status, headers)
        if chunk:
            self._account(len(chunk))
        head = self._head(status, start_line.reason, headers, None)
        if "http.response.trailers" in self._extensions and "Trailer" in headers:
            head["trailers"] = self._sends_trailers = True
        self.state = Responding.CONTENT
        if not chunk or not self._has_content:
            return self._with_callback(self.pump.put_awaitable(head), callback)
        self.pump.put(head)
        return self._with_callback(
            self.pump.put_awaitable(self._body(bytes(chunk), True)), callback
        )

    def write(
        self, chunk: bytes, callback: Callable[..., Any] | None = None
    ) -> asyncio.Future[None]:
        if self._state is Responding.GONE:
            return self._too_late()
        if self._state is not Responding.CONTENT:
            raise HTTPOutputError("content before headers, or after the end of the response")
        self._account(len(chunk))
        if not chunk or not self._has_content:
            written = asyncio.get_running_loop().create_future()
            written.set_result(None)
            return self._with_callback(written, callback)
        return self._with_callback(
            self.pump.put_awaitable(self._body(bytes(chunk), True)), callback
        )

    def send_file(self, file: Any, offset: int, count: int) -> asyncio.Future[None]:
        if self._has_content and self._state is Responding.CONTENT:
            path = self._whole_file(file, offset, count)
            if path is not None:
                self._account(count)
                self._is_path_sent = True
                return self.pump.put_awaitable({"type": "http.response.pathsend", "path": path})
        return super().send_file(file, offset, count)

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        if self._state is Responding.GONE:
            return
        if self._state is not Responding.CONTENT:
            raise HTTPOutputError("finish before headers, or twice")
        if self._has_content and self._remaining:
            self.close()
            raise HTTPOutputError(
                f"Tried to write {self._remaining} bytes less than Content-Length"
            )
        self.state = Responding.DONE
        last = self.pump.last
        if self._is_path_sent:
            self.pump.wake()  # a file sent by its path is the whole content
        elif last is not None and last["type"] == f"{self._types}.body":
            last["more_body"] = False
        else:
            self.pump.put(self._body(b"", False))
        if self._sends_trailers:
            fields = raw_headers(trailers) if trailers is not None else []
            self.pump.put(
                {"type": "http.response.trailers", "headers": fields, "more_trailers": False}
            )

    def set_close_callback(self, callback: Callable[[], Any] | None) -> None:
        self._close_callback = callback

    def set_max_body_size(self, max_body_size: int) -> None:
        self.max_body_size = max_body_size

    def set_body_timeout(self, timeout: float | None) -> None:
        self.body_timeout = timeout

    def close(self) -> None:
        """Break the response off; the server closes the connection, so that the client sees it."""
        if not self.is_over:
            self.state = Responding.BROKEN
            self.pump.close()

    # Parts of it.

    def _judge(self, status: int, headers: HTTPHeaders) -> None:
        """Find out what content the response of these headers has."""
        self._has_content = self._method != "HEAD" and not _is_empty(status)
        length = headers.get("Content-Length")
        if length is None:
            self._remaining = None
            return
        if not (length.isascii() and length.isdigit()):
            raise HTTPOutputError(f"Content-Length {length!r} is not a decimal number")
        self._remaining = int(length)

    def _account(self, size: int) -> None:
        if not self._has_content or self._remaining is None:
            return
        if size > self._remaining:
            raise HTTPOutputError("Tried to write more data than Content-Length")
        self._remaining -= size

    def _head(
        self, status: int, reason: str | None, headers: HTTPHeaders, length: int | None
    ) -> Message:
        """Return the message that begins the response.

        :raises ValueError: if it would hold what no message may hold.
        """
        if not 100 <= status <= 999:
            raise ValueError(f"status code {status}, expected 100 to 999")
        if reason and _CONTROL.search(reason):
            raise ValueError(f"control character in the reason {reason!r}")
        fields = raw_headers(headers)
        if length is not None and "Content-Length" not in headers:
            fields.append((b"content-length", b"%d" % length))
        return {"type": f"{self._types}.start", "status": status, "headers": fields}

    def _body(self, chunk: bytes, more: bool) -> Message:
        return {"type": f"{self._types}.body", "body": chunk, "more_body": more}

    def _informational(self, status: int, headers: HTTPHeaders) -> asyncio.Future[None]:
        """Send a 103 where the server can; ASGI has no other informational heads."""
        links = headers.get_list("Link")
        if status == 103 and links and "http.response.early_hint" in self._extensions:
            values = [value for name, value in raw_headers(headers) if name == b"link"]
            return self.pump.put_awaitable({"type": "http.response.early_hint", "links": values})
        raw_headers(headers)  # what could not be sent is an error here, too
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent

    def _whole_file(self, file: Any, offset: int, count: int) -> str | None:
        """Return the path of ``file`` where the server can send it by its path, all of it.

        The server opens the path again, so it has to lead to the very file that was opened here.
        """
        path = getattr(file, "name", None)
        if "http.response.pathsend" not in self._extensions or offset or not isinstance(path, str):
            return None
        try:
            opened, named = os.fstat(file.fileno()), os.lstat(path)
        except (OSError, ValueError):
            return None
        if opened.st_size != count or not stat.S_ISREG(named.st_mode):
            return None
        is_same = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
        return os.path.abspath(path) if is_same and self._remaining in (None, count) else None

    def _too_late(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        fail(future, StreamClosedError())
        return future

    def _with_callback(
        self, future: asyncio.Future[None], callback: Callable[..., Any] | None
    ) -> asyncio.Future[None]:
        if callback is not None:
            future.add_done_callback(lambda done: done.exception() or callback())
        return future


def _is_empty(status: int) -> bool:
    """Return whether responses of this status never have content (RFC 9110 section 6.4.1)."""
    return status < 200 or status in (204, 304)


def _refuse_length(size: int, expected: int | None) -> None:
    if expected is not None and size > expected:
        raise HTTPOutputError("Tried to write more data than Content-Length")
    raise HTTPOutputError(f"Tried to write {(expected or 0) - size} bytes less than Content-Length")


def raw_headers(headers: HTTPHeaders) -> RawHeaders:
    """Return headers as ASGI wants them.

    :raises ValueError: if one could not be sent as it is.
    """
    fields = []
    for name, value in headers.get_all():
        if name in HOP_BY_HOP or name == "Date" or (name == "Server" and value == SERVER_NAME):
            continue  # the server's affair
        if not TOKEN.match(name):
            raise ValueError(f"invalid header name {name!r}")
        if _CONTROL.search(value):
            raise ValueError(f"control character in the value of header {name!r}")
        fields.append((name.lower().encode("ascii"), value.encode("latin-1")))
    return fields


def log_failure(what: str) -> None:
    """Log the exception that is being handled, as the server's connections do."""
    app_log.error("Uncaught exception %s", what, exc_info=True)
