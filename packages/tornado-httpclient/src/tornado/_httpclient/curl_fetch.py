"""A request goes in; its response comes out, each attempt by a libcurl handle."""

from __future__ import annotations

import asyncio
import collections
import functools
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol

import pycurl

from tornado._http1.seam import MessageError
from tornado._httpclient.callbacks import wait_for_result
from tornado._httpclient.curl_setup import request_fields, set_up
from tornado._httpclient.errors import (
    CurlError,
    CurlSizeError,
    CurlTimeoutError,
    HTTPProtocolError,
    HTTPTimeoutError,
)
from tornado._httpclient.fetch import FetchBase, FetchState, Places
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.urls import parse_url
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPOutputError,
    ResponseStartLine,
    parse_response_start_line,
)

#: Bytes that a producer may be ahead of libcurl before `write` makes it wait.
_HIGH_WATER = 64 * 1024

#: Our names for libcurl's times.
_TIMES = {
    "namelookup": pycurl.NAMELOOKUP_TIME,
    "connect": pycurl.CONNECT_TIME,
    "appconnect": pycurl.APPCONNECT_TIME,
    "pretransfer": pycurl.PRETRANSFER_TIME,
}


class CurlHandles(Places, Protocol):
    """Where a fetch gets its handles."""

    @property
    def max_header_size(self) -> int:
        """Bytes in the head of a response at most."""

    def take_handle(self) -> Any:
        """Return a handle; `set_up` resets it."""

    def add_handle(self, curl: Any, fetch: CurlFetch) -> None:
        """Start a transfer."""

    def give_back(self, curl: Any) -> None:
        """Take back a handle whose transfer is over."""

    def drop(self, curl: Any) -> None:
        """End a transfer before its time; its connection is closed."""

    def resume(self, curl: Any) -> None:
        """Let a transfer go on that a callback had paused."""

    def fail_later(self, fetch: CurlFetch, error: Exception) -> None:
        """Have a fetch fail as soon as libcurl has returned."""


class CurlFetch(FetchBase):
    """A fetch over libcurl; one handle carries one attempt after the other."""

    __slots__ = (
        "_curl",
        "_error",
        "_fields",
        "_handles",
        "_head_size",
        "_is_challenged",
        "_is_input_paused",
        "_is_output_paused",
        "_produced",
        "_producing",
        "_room",
        "_start_line",
        "_upload",
    )

    def __init__(
        self,
        handles: CurlHandles,
        request: _RequestProxy,
        deliver: Callable[[HTTPResponse], None],
    ) -> None:
        super().__init__(handles, request, deliver)
        self._handles = handles
        self._curl: Any = None
        self._error: tuple[int, str] | None = None
        self._start_line: ResponseStartLine | None = None
        self._fields = HTTPHeaders()
        self._head_size = 0
        self._is_challenged = False
        self._is_input_paused = False
        self._is_output_paused = False
        self._upload: BytesIO | None = None
        self._producing: asyncio.Task[None] | None = None
        # Pieces that a producer wrote; an empty one is the end.
        self._produced: collections.deque[bytes] = collections.deque()
        self._room: asyncio.Future[None] | None = None

    def _attempt(self) -> None:
        settings = self._settings
        try:
            target = self._target
            if target is None:
                target = self._target = parse_url(settings.url, settings.allow_unix_sockets)
            self._check_host(target)
            headers = self._sent = request_fields(settings, target)
            if settings.auth_mode == "digest":
                self._authenticate(headers, target)
            curl = self._curl = self._handles.take_handle()
            set_up(curl, settings, target, headers, self._run)
            curl.setopt(pycurl.HEADERFUNCTION, self._header_line)
            curl.setopt(pycurl.WRITEFUNCTION, functools.partial(self._write, curl))
            self._set_up_content(curl, headers)
            timeout = settings.connect_timeout
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(timeout * 1000)) if timeout else 0)
            if self.state is FetchState.CONNECTING:
                self.state = FetchState.EXCHANGING
                self._arm(settings.request_timeout)
            self._start_line = None
            self._is_challenged = False
            self._is_input_paused = self._is_output_paused = False
            self._handles.add_handle(curl, self)
            producer = settings._body_producer
            if producer is not None:
                self._producing = self._run(
                    self._loop.create_task, self._run_producer(curl, producer)
                )
        except pycurl.error as error:
            self.fail(CurlError(error.args[0], error.args[1]))
        except Exception as error:
            self.fail(error)

    # Content of the request.

    def _set_up_content(self, curl: Any, headers: HTTPHeaders) -> None:
        settings = self._settings
        self._produced.clear()
        self._upload = None
        if settings._body_producer is not None:
            size = int(headers["Content-Length"]) if "Content-Length" in headers else -1
            curl.setopt(pycurl.READFUNCTION, self._read_produced)
        elif settings._body is not None or "Content-Length" in headers:
            body = settings._body or b""
            self._upload = BytesIO(body)
            size = -1 if "Transfer-Encoding" in headers else len(body)
            curl.setopt(pycurl.READFUNCTION, self._upload.read)
            curl.setopt(pycurl.SEEKFUNCTION, self._seek)
        else:
            return
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.INFILESIZE_LARGE, size)

    def _seek(self, offset: int, origin: int) -> int:
        """Go back in the content: libcurl sends it again over a fresh connection."""
        assert self._upload is not None
        self._upload.seek(offset, origin)
        return int(pycurl.SEEKFUNC_OK)

    def _read_produced(self, size: int) -> bytes | int:
        if not self._produced:
            self._is_input_paused = True
            return int(pycurl.READFUNC_PAUSE)
        piece = self._produced.popleft()
        if len(piece) > size:
            self._produced.appendleft(piece[size:])
            piece = piece[:size]
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
        return piece

    async def _run_producer(self, curl: Any, producer: Callable[[Any], Any]) -> None:
        announced = None
        if "Content-Length" in self._settings._headers:
            announced = int(self._settings._headers["Content-Length"])
        written = 0

        def push(piece: bytes) -> None:
            self._produced.append(piece)
            if self._is_input_paused:
                self._is_input_paused = False
                self._handles.resume(curl)

        def write(chunk: bytes) -> asyncio.Future[None]:
            nonlocal written
            if self._curl is not curl:
                raise HTTPProtocolError("the exchange is over")
            written += len(chunk)
            if announced is not None and written > announced:
                raise HTTPOutputError(
                    f"Tried to write more data than Content-Length: {written} of {announced}"
                )
            room = self._loop.create_future()
            if chunk:
                push(chunk)
            if sum(map(len, self._produced)) > _HIGH_WATER:
                self._room = room
            else:
                room.set_result(None)
            return room

        try:
            await wait_for_result(producer(write))
            if self._curl is not curl:
                return
            if announced is not None and written < announced:
                raise HTTPOutputError(
                    f"Tried to write less data than Content-Length: {written} of {announced}"
                )
            push(b"")
        except Exception as error:
            if self._curl is curl:
                self.fail(error)

    # The response.

    def _header_line(self, data: bytes) -> int | None:
        """Take a line of a head: of a 1xx response, of a proxy's challenge, or of the response."""
        try:
            self._take_line(data.decode("latin-1"))
        except HTTPInputError as error:
            self._handles.fail_later(self, HTTPProtocolError(str(error)))
            return -1
        return None

    def _take_line(self, line: str) -> None:
        if self._start_line is None:
            if self._content is not None and not line.startswith("HTTP/"):
                return  # trailers
            self._start_line = parse_response_start_line(line.rstrip("\r\n"))
            self._fields = HTTPHeaders()
            self._head_size = 0
        elif line in ("\r\n", "\n"):
            start_line, fields = self._start_line, self._fields
            self._start_line = None
            if start_line.code < 200:
                self._call_header_callback(*start_line, fields)
            elif not self._is_proxy_challenge(start_line.code):
                self._take_head(*start_line, fields)
        else:
            self._fields.parse_line(line)
        self._head_size += len(line)
        if self._head_size > self._handles.max_header_size:
            raise HTTPInputError(f"headers over {self._handles.max_header_size} bytes")

    def _is_proxy_challenge(self, code: int) -> bool:
        """Return whether libcurl will respond to this 407 itself."""
        if code != 407 or self._settings.proxy_auth_mode != "digest":
            return False
        is_first, self._is_challenged = not self._is_challenged, True
        return is_first

    def _write(self, curl: Any, data: bytes) -> int | None:
        """Take a piece of the content."""
        if self._waiting is not None:
            self._is_output_paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        self.data_received(data)
        return None if self._curl is curl else -1

    def _refused(self, error: MessageError, record: str) -> Exception:
        if error.status != 413:
            return super()._refused(error, record)
        return CurlSizeError(pycurl.E_FILESIZE_EXCEEDED, f"max_body_size exceeded: {error.reason}")

    def _pause(self) -> None:
        """The next piece is refused by `_write`; libcurl gives it again later."""

    def _resume(self) -> None:
        curl = self._curl
        if self._is_output_paused and curl is not None:
            self._is_output_paused = False
            self._handles.resume(curl)
        elif curl is None:
            self._attempt_ended()

    def attempt_complete(self, error: tuple[int, str] | None) -> None:
        """libcurl is done with the handle."""
        curl, self._curl = self._curl, None
        for name, option in _TIMES.items():
            self.time_info[name] = curl.getinfo(option)
        self._handles.give_back(curl)
        self._stop_producing()
        self._error = error
        if self._waiting is None:
            self._attempt_ended()
        # Else the callback of the content is still busy with what came before.

    def _attempt_ended(self) -> None:
        if self._error is not None:
            errno, message = self._error
            if errno == pycurl.E_OPERATION_TIMEDOUT:
                self.fail(CurlTimeoutError(errno, message))
            else:
                self.fail(CurlError(errno, message))
        elif self._content is None:
            self.fail(CurlError(pycurl.E_GOT_NOTHING, "no response"))
        else:
            self._take_end()

    def _stop_producing(self) -> None:
        producing, self._producing = self._producing, None
        if producing is not None and not producing.done():
            producing.cancel()

    def _leave(self) -> None:
        curl, self._curl = self._curl, None
        self._waiting = None
        self._stop_producing()
        if curl is not None:
            self._handles.drop(curl)

    def _expired(self) -> None:
        message = "Timeout during request"
        self._timer = None
        if self.state is FetchState.QUEUED:
            self.fail(HTTPTimeoutError("Timeout in request queue"))
        else:
            self.fail(CurlTimeoutError(pycurl.E_OPERATION_TIMEDOUT, message))
