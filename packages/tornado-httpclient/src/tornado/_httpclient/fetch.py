"""One request goes in; its response comes out: what fetches over any transport have in common.

A fetch waits in its client's queue, then makes one attempt after the other (the first, those after
redirects, one with a digest), and ends once: with a response, an error, or cancelled.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable, Hashable
from contextvars import copy_context
from io import BytesIO
from typing import Any, Protocol, TypeVar

from tornado._http1.seam import MessageError
from tornado._httpclient.authentication import DigestSession
from tornado._httpclient.callbacks import as_future
from tornado._httpclient.content import CallbackError, Discarded, Gathered, Streamed
from tornado._httpclient.errors import (
    HTTPClientError,
    HTTPRedirectError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    refused,
)
from tornado._httpclient.outgoing import credentials_of
from tornado._httpclient.redirects import follow, is_redirect
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.settings import Settings, check_settings, settings_of
from tornado._httpclient.urls import Target, is_encoded, parse_url
from tornado._loop.seam import contexts
from tornado.httputil import HTTPHeaders
from tornado.log import app_log

#: RFC 9110 section 9.2.2: what may be sent again if the connection broke before any response.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


_T = TypeVar("_T")


class FetchState(enum.Enum):
    """Where a fetch stands."""

    #: waits for a place among the client's ``max_clients``
    QUEUED = "queued"
    #: has a place, is being connected
    CONNECTING = "connecting"
    #: the request is under way, or the response
    EXCHANGING = "exchanging"
    #: over, and the response delivered, or cancelled
    DONE = "done"


#: What a fetch says when time was up.
_TIMEOUTS = {
    FetchState.QUEUED: "Timeout in request queue",
    FetchState.CONNECTING: "Timeout while connecting",
    FetchState.EXCHANGING: "Timeout during request",
}


class Places(Protocol):
    """Gives a fetch its place among the client's ``max_clients``, and takes it back."""

    loop: asyncio.AbstractEventLoop

    @property
    def max_body_size(self) -> int:
        """Bytes of decoded content at most."""

    def fetch_ended(self, fetch: FetchBase, had_place: bool) -> None:
        """Take the place back; called once."""


class FetchBase:
    """A fetch under way.

    Whatever the application has given to be called runs in the context of the caller of `fetch`
    (see `_run`), not in that of whatever made the loop call here.

    :param places: gives the fetch a place, and takes it back.
    :param request: the request with its defaults.
    :param deliver: called with the response, once, unless the fetch is cancelled.
    """

    __slots__ = (
        "_code",
        "_content",
        "_context",
        "_deliver",
        "_digest",
        "_digest_origin",
        "_headers",
        "_loop",
        "_next",
        "_places",
        "_reason",
        "_request",
        "_sent",
        "_settings",
        "_start",
        "_start_time",
        "_target",
        "_timer",
        "_waiting",
        "origin",
        "queued_at",
        "state",
        "time_info",
    )

    def __init__(
        self,
        places: Places,
        request: _RequestProxy,
        deliver: Callable[[HTTPResponse], None],
    ) -> None:
        self._places = places
        self._loop = places.loop
        self._context = copy_context()
        if contexts.in_use:
            # Callbacks carry the stack contexts of their own origin.
            self._context.run(contexts.restore, ())
        self._request = request
        self._deliver = deliver
        self._settings: Settings = settings_of(request)
        self._target: Target | None = None
        self.state = FetchState.QUEUED
        #: of the first URL
        self.origin: Hashable = None
        self.queued_at = self._start = self._loop.time()
        self._start_time = time.time()
        self.time_info: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Future[Any] | None = None
        # Of the attempt that is under way: the response so far, and what comes after it.
        self._code = 0
        self._reason = ""
        self._headers: HTTPHeaders | None = None
        self._sent: HTTPHeaders | None = None
        self._content: Gathered | None = None
        self._next: Settings | None = None
        self._digest: DigestSession | None = None
        self._digest_origin: Hashable = None

    # What a transport defines.

    def _attempt(self) -> None:
        """Send the request that `_settings` describe; its response goes to `_take_head` and so on."""
        raise NotImplementedError

    def _leave(self) -> None:
        """Give up what is under way."""
        raise NotImplementedError

    def _pause(self) -> None:
        """Receive nothing until `_resume`."""
        raise NotImplementedError

    def _resume(self) -> None:
        """Receive again."""
        raise NotImplementedError

    # Until the first attempt.

    def prepare(self) -> None:
        """Look at the request before it gets a place.

        :raises ValueError: if it can never be sent (and `KeyError`).
        """
        check_settings(self._settings)
        settings = self._settings
        self._target = parse_url(settings.url, settings.allow_unix_sockets)
        self.origin = self._target.origin

    def queue(self) -> None:
        """Wait for a place among the others."""
        timeout = self._connect_timeout()
        if timeout is not None:
            self._timer = self._loop.call_at(self.queued_at + timeout, self._expired)

    def start(self) -> None:
        """Use the place among ``max_clients`` that the client gives."""
        now = self._loop.time()
        self.time_info["queue"] = now - self.queued_at
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._start = now
        self._start_time = time.time()
        self.state = FetchState.CONNECTING
        self._attempt()

    def _check_host(self, target: Target) -> None:
        """Refuse a host that is no name of the DNS, where no resolver could understand it.

        :raises ValueError: then.
        """
        if is_encoded(target.host) and target.scheme != "http+unix":
            raise ValueError(f"invalid host name in URL: {target.host!r}")

    def _run(self, function: Callable[..., _T], *args: Any) -> _T:
        """Call something of the application's, in the context of the caller of `fetch`."""
        return self._context.run(function, *args)

    # Time.

    def _connect_timeout(self) -> float | None:
        settings = self._settings
        timeouts = [each for each in (settings.connect_timeout, settings.request_timeout) if each]
        return min(timeouts) if timeouts else None

    def _arm(self, timeout: float | None) -> None:
        """Let the fetch fail ``timeout`` seconds after its start."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if timeout:
            self._timer = self._loop.call_at(self._start + timeout, self._expired)

    def _connecting_seconds(self) -> float | None:
        """Return the seconds in which a new connection has to be made; each has its own time."""
        timeout = self._settings.connect_timeout
        overall = self._settings.request_timeout
        if overall:
            left: float = max(self._start + overall - self._loop.time(), 0.0)
            return min(timeout, left) if timeout else left
        return timeout or None

    def _expired(self) -> None:
        self._timer = None
        self.fail(HTTPTimeoutError(_TIMEOUTS[self.state]))

    # The response.

    def _authenticate(self, headers: HTTPHeaders, target: Target) -> None:
        """Respond to the challenge of Digest authentication that the server has given, if it has."""
        credentials = credentials_of(self._settings, target)
        if credentials is None or "Authorization" in headers:
            return
        if self._digest is None or self._digest_origin != target.origin:
            self._digest = DigestSession(*credentials)
            self._digest_origin = target.origin
        value = self._digest.authorization(self._settings.method, target.path)
        if value is not None:
            headers["Authorization"] = value

    def _take_head(self, version: str, code: int, reason: str, headers: HTTPHeaders) -> None:
        """Decide what becomes of the response: followed, authenticated, or given to the caller."""
        settings = self._settings
        self._code, self._reason, self._headers = code, reason, headers
        self._next = None
        if settings._cookies is not None:
            assert self._target is not None
            settings._cookies.store(self._target, headers.get_list("Set-Cookie"))
        try:
            if is_redirect(settings, code, headers):
                assert self._target is not None
                following = follow(settings, self._target, code, headers)
                self._check_host(parse_url(following.url))
                self._next = following
            elif code == 401 and self._digest is not None:
                if self._digest.challenged(headers.get_list("WWW-Authenticate")):
                    self._next = settings
        except ValueError as error:
            self.fail(HTTPRedirectError(str(error)))
            return
        if self._next is not None:
            self._content = Discarded()
            return
        self.time_info["starttransfer"] = self._loop.time() - self._start
        if not self._call_header_callback(version, code, reason, headers):
            return
        limit = self._places.max_body_size
        if settings._streaming_callback is None:
            self._content = Gathered(limit)
        else:
            self._content = Streamed(limit, self._call_streaming_callback)
        if settings.decompress_response and settings.method != "HEAD":
            self._content.decode(headers)

    def _call_header_callback(
        self, version: str, code: int, reason: str, headers: HTTPHeaders
    ) -> bool:
        """Give the lines of a head to the application; return whether the fetch goes on."""
        callback = self._settings._header_callback
        if callback is not None:
            try:
                for line in [f"{version} {code} {reason}", *headers._lines(), ""]:
                    self._run(callback, line + "\r\n")
            except Exception as error:
                self._callback_failed(error)
                return False
        return self.state is not FetchState.DONE

    def _call_streaming_callback(self, piece: bytes) -> bool:
        """Give a piece of content to the application; return whether it can take the next one.

        :raises CallbackError: if it raises.
        """
        try:
            result = self._run(self._settings._streaming_callback, piece)
            if result is None:
                return True
            waiting = self._run(as_future, result)
        except Exception as error:
            raise CallbackError(error) from error
        if waiting is None:
            return True
        self._pause()
        self._waiting = waiting
        waiting.add_done_callback(self._waited)
        return False

    def _callback_failed(self, error: BaseException) -> None:
        """Log an exception of a callback of the application, and fail with it as the cause."""
        app_log.error("Uncaught exception", exc_info=error)
        failure = HTTPStreamClosedError(f"a callback of the fetch raised {error!r}")
        failure.__cause__ = error
        self.fail(failure)

    def _refused(self, error: MessageError, record: str) -> Exception:
        """Log that the content was refused, and return the exception for it."""
        return refused(error, record)

    def data_received(self, data: bytes) -> None:
        """Take a piece of the content."""
        content = self._content
        if content is None:
            return
        try:
            content.take(data)
        except MessageError as error:
            if self._next is not None:
                # The rest of a redirect's content is not worth waiting for.
                self._leave()
                self._go_on()
            else:
                self.fail(self._refused(error, content.record_of(error)))
        except CallbackError as error:
            self._callback_failed(error.error)
        except Exception as error:
            self.fail(error)

    def _waited(self, waiting: asyncio.Future[Any]) -> None:
        if self._waiting is not waiting:
            if not waiting.cancelled():
                waiting.exception()  # the fetch is over, and the error of no more use
            return
        self._waiting = None
        error = asyncio.CancelledError() if waiting.cancelled() else waiting.exception()
        if error is not None:
            self._callback_failed(error)
            return
        content = self._content
        assert isinstance(content, Streamed)
        try:
            if content.flow():
                self._resume()
        except MessageError as malformed:
            self.fail(self._refused(malformed, content.record_of(malformed)))
        except CallbackError as failure:
            self._callback_failed(failure.error)
        except Exception as failure:
            self.fail(failure)

    def _take_end(self) -> None:
        """The response is complete: go on, or deliver it."""
        if self._next is not None:
            self._go_on()
            return
        content = self._content
        assert content is not None
        try:
            buffer = content.end()
        except MessageError as error:
            self.fail(self._refused(error, content.record_of(error)))
            return
        self._finish(buffer)

    def _go_on(self) -> None:
        """Send the next request of this fetch: after a redirect, or with a digest."""
        following = self._next
        assert following is not None
        if following is not self._settings:
            self.time_info["redirect"] = self._loop.time() - self._start
        self._next = self._content = None
        self._settings = following
        self._target = None
        self._attempt()

    # The end.

    def _sent_request(self) -> HTTPRequest:
        """Return the request with the headers that were sent last.

        It is a copy: the application may be using its own for other fetches at the same time.
        """
        request: HTTPRequest = self._request.request
        return request if self._sent is None else request._as_sent(self._sent)

    def _finish(self, buffer: BytesIO) -> None:
        now = self._loop.time()
        self.time_info["total"] = now - self._start
        self._end(
            HTTPResponse(
                self._sent_request(),
                self._code,
                reason=self._reason or None,
                headers=self._headers,
                buffer=buffer,
                effective_url=self._settings.url,
                request_time=now - self._start,
                start_time=self._start_time,
                time_info=self.time_info,
            )
        )

    def fail(self, error: BaseException) -> None:
        """End the fetch with an error."""
        if self.state is FetchState.DONE:
            return
        self._leave()
        if isinstance(error, asyncio.CancelledError):
            # Nobody cancelled this fetch.
            closed = HTTPStreamClosedError("what the fetch waited for was cancelled")
            closed.__cause__ = error
            error = closed
        response = HTTPResponse(
            self._sent_request(),
            599,
            error=error,
            effective_url=self._settings.url,
            request_time=self._loop.time() - self._start,
            start_time=self._start_time,
            time_info=self.time_info,
        )
        if isinstance(error, HTTPClientError) and error.response is None:
            error.response = response
        self._end(response)

    def _end(self, response: HTTPResponse | None) -> None:
        had_place = self.state is not FetchState.QUEUED
        self.state = FetchState.DONE
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._content = None
        self._waiting = None
        # Delivered first: the next fetch may come from there, and is behind those that wait.
        if response is not None:
            self._deliver(response)
        self._places.fetch_ended(self, had_place)

    def cancel(self) -> None:
        """End the fetch without a response. Its connection is closed."""
        if self.state is not FetchState.DONE:
            self._leave()
            self._end(None)
