"""One request goes in; its response comes out, after queue, connection, redirects and retries."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable, Hashable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tornado import gen
from tornado._http1.errors import MessageError
from tornado._http1.head import ResponseHead
from tornado._http1.writer import MessageWriter
from tornado._httpclient.authentication import DigestSession
from tornado._httpclient.connecting import connect
from tornado._httpclient.connection import ClientConnection, closed_error
from tornado._httpclient.content import Discarded, Gathered, Streamed
from tornado._httpclient.errors import HTTPProtocolError, HTTPStreamClosedError, HTTPTimeoutError
from tornado._httpclient.outgoing import credentials_of, headers_for
from tornado._httpclient.proxies import Proxy, proxy_for
from tornado._httpclient.redirects import follow, is_redirect
from tornado._httpclient.request import _RequestProxy
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.settings import Settings, check_settings, settings_of
from tornado._httpclient.tls import tls_key
from tornado._httpclient.urls import Target, parse_url
from tornado._loop.contexts import run_clean
from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, StreamClosedError

if TYPE_CHECKING:
    from tornado._httpclient.simple import SimpleAsyncHTTPClient

#: RFC 9110 section 9.2.2: what may be sent again if the connection broke before any answer.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})

#: Seconds to wait for 100 Continue; then the content is sent anyhow (RFC 9110 section 10.1.1).
CONTINUE_TIMEOUT = 1.0


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


_QUEUED = FetchState.QUEUED
_CONNECTING = FetchState.CONNECTING
_EXCHANGING = FetchState.EXCHANGING
_DONE = FetchState.DONE

#: What a fetch says when time was up.
_TIMEOUTS = {
    _QUEUED: "Timeout in request queue",
    _CONNECTING: "Timeout while connecting",
    _EXCHANGING: "Timeout during request",
}


class Fetch:
    """A fetch under way; it is the consumer of its exchanges, one after the other.

    :arg request: the request with its defaults.
    :arg deliver: called with the response, once, unless the fetch is cancelled.
    """

    __slots__ = (
        "_client",
        "_code",
        "_connecting",
        "_connection",
        "_content",
        "_continue_timer",
        "_deliver",
        "_digest",
        "_digest_origin",
        "_headers",
        "_is_second_try",
        "_loop",
        "_next",
        "_producing",
        "_reason",
        "_request",
        "_send_content",
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
        client: SimpleAsyncHTTPClient,
        request: _RequestProxy,
        deliver: Callable[[HTTPResponse], None],
    ) -> None:
        self._client = client
        self._loop = client.io_loop.asyncio_loop
        self._request = request
        self._deliver = deliver
        self._settings: Settings = settings_of(request)
        self._target: Target | None = None
        self.state = _QUEUED
        self.origin: Hashable = None
        self.queued_at = self._start = self._loop.time()
        self._start_time = time.time()
        self.time_info: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[IOStream] | None = None
        self._connection: ClientConnection | None = None
        self._is_second_try = False
        self._send_content: Callable[[], None] | None = None
        self._continue_timer: asyncio.TimerHandle | None = None
        self._producing: asyncio.Task[None] | None = None
        self._waiting: asyncio.Future[Any] | None = None
        self._content: Gathered | None = None
        self._next: Settings | None = None
        self._digest: DigestSession | None = None
        self._digest_origin: Hashable = None
        self._code = 0
        self._reason = ""
        self._headers: HTTPHeaders | None = None

    def prepare(self) -> None:
        """Look at the request before it gets a place.

        :raises ValueError: if it can never be sent (and `KeyError`).
        """
        check_settings(self._settings)
        self._target = parse_url(self._settings.url)
        self.origin = self._target.origin

    # Time.

    def queue(self) -> None:
        """Wait for a place among the others."""
        timeout = self._connect_timeout()
        if timeout is not None:
            self._timer = self._loop.call_at(self.queued_at + timeout, self._expired)

    def _connect_timeout(self) -> float | None:
        settings = self._settings
        timeouts = [each for each in (settings.connect_timeout, settings.request_timeout) if each]
        return min(timeouts) if timeouts else None

    def _arm(self, timeout: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if timeout:
            self._timer = self._loop.call_at(self._start + timeout, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self.fail(HTTPTimeoutError(_TIMEOUTS[self.state]))

    # The way to the server.

    def start(self) -> None:
        """Use the place among ``max_clients`` that the client gives."""
        now = self._loop.time()
        self.time_info["queue"] = now - self.queued_at
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._start = now
        self._start_time = time.time()
        self._attempt()

    def _attempt(self) -> None:
        """Send the request, over a connection from the pool or a new one."""
        try:
            settings = self._settings
            target = self._target
            if target is None:
                target = self._target = parse_url(settings.url)
            proxy = proxy_for(settings, target)
            tls = tls_key(settings) if target.scheme == "https" else None
            key = (
                target.origin if proxy is None or tls is not None else None,
                proxy,
                tls,
                settings.network_interface,
                settings.allow_ipv6,
            )
        except Exception as error:
            self.fail(error)
            return
        connection = None
        if not self._is_second_try:
            verify = settings.method not in _IDEMPOTENT or settings._body_producer is not None
            connection = self._client.pool.take(key, verify)
        if connection is not None:
            self.time_info["connect"] = 0.0
            self._send(connection, proxy)
            return
        self.state = _CONNECTING
        self._arm(self._connect_timeout())
        self._connecting = run_clean(self._begin_connecting, target, proxy, settings)
        self._connecting.add_done_callback(lambda done: self._connected(done, key, proxy))

    def _begin_connecting(
        self, target: Target, proxy: Proxy | None, settings: Settings
    ) -> asyncio.Task[IOStream]:
        return self._loop.create_task(self._open(target, proxy, settings))

    async def _open(self, target: Target, proxy: Proxy | None, settings: Settings) -> IOStream:
        client = self._client
        tls = client.contexts.context_for(settings) if target.scheme == "https" else None
        return await connect(
            client.tcp_client, target, proxy, tls, settings, client.max_buffer_size
        )

    def _connected(
        self, task: asyncio.Task[IOStream], key: Hashable, proxy: Proxy | None
    ) -> None:
        if self._connecting is task:
            self._connecting = None
        if task.cancelled():
            if self.state is _CONNECTING:
                self.fail(HTTPStreamClosedError("Connecting was cancelled"))
            return
        error = task.exception()
        if self.state is not _CONNECTING:
            if error is None:
                task.result().close()
            return
        if error is not None:
            if isinstance(error, StreamClosedError):
                error = closed_error(error)
            self.fail(error)
            return
        self.time_info["connect"] = self._loop.time() - self._start
        self._send(self._client.adopt(task.result(), key), proxy)

    def _send(self, connection: ClientConnection, proxy: Proxy | None) -> None:
        settings, target = self._settings, self._target
        assert target is not None
        self.state = _EXCHANGING
        self._connection = connection
        self._arm(settings.request_timeout)
        try:
            headers = headers_for(settings, target)
            path = target.path
            if proxy is not None and target.scheme == "http":
                path = f"http://{target.authority}{path}"
                if proxy.authorization is not None:
                    headers["Proxy-Authorization"] = proxy.authorization
            if settings.auth_mode == "digest":
                self._authenticate(headers, target)
            writer = MessageWriter()
            head = writer.start_request(settings.method, path, headers)
            body = settings._body
            producer = settings._body_producer
            if producer is not None:
                connection.begin(self, settings.method, writer, head, None)
                self._when_wanted(lambda: self._produce(connection, producer))
            elif body and settings.expect_100_continue:
                connection.begin(self, settings.method, writer, head, None)
                self._when_wanted(lambda: self._send_body(connection, body))
            else:
                connection.begin(self, settings.method, writer, head, body)
        except StreamClosedError as error:
            self.exchange_failed(closed_error(error), True)
        except Exception as error:
            self.fail(error)

    def _authenticate(self, headers: HTTPHeaders, target: Target) -> None:
        """Answer the challenge that the server has given before, if it has."""
        credentials = credentials_of(self._settings, target)
        if credentials is None or "Authorization" in headers:
            return
        if self._digest is None or self._digest_origin != target.origin:
            self._digest = DigestSession(*credentials)
            self._digest_origin = target.origin
        value = self._digest.authorization(self._settings.method, target.path)
        if value is not None:
            headers["Authorization"] = value

    # Content of the request.

    def _when_wanted(self, send: Callable[[], None]) -> None:
        """Send the content at once, or when the server has asked for it, or has not in time."""
        if not self._settings.expect_100_continue:
            send()
            return
        self._send_content = send
        self._continue_timer = self._loop.call_later(CONTINUE_TIMEOUT, self.continue_received)

    def _send_body(self, connection: ClientConnection, body: bytes) -> None:
        connection.send_content(body)
        connection.finish_content()

    def _produce(self, connection: ClientConnection, producer: Callable[[Any], Any]) -> None:
        self._producing = self._loop.create_task(self._run_producer(connection, producer))

    async def _run_producer(
        self, connection: ClientConnection, producer: Callable[[Any], Any]
    ) -> None:
        stream = connection.stream
        loop = self._loop

        def write(chunk: bytes) -> asyncio.Future[None]:
            if self._connection is not connection:
                raise HTTPStreamClosedError("the exchange is over")
            connection.send_content(chunk)
            if stream.backlog > stream.low_water:
                flushed = stream.flushed()
                if flushed is not None:
                    return flushed
            done = loop.create_future()
            done.set_result(None)
            return done

        try:
            busy = producer(write)
            if busy is not None:
                await gen.convert_yielded(busy)
            if self._connection is connection:
                connection.finish_content()
        except StreamClosedError:
            pass  # the connection tells about it, and perhaps a response came before
        except Exception as error:
            if self._connection is connection:
                self.fail(error)

    def _stop_sending(self) -> None:
        self._send_content = None
        if self._continue_timer is not None:
            self._continue_timer.cancel()
            self._continue_timer = None
        producing, self._producing = self._producing, None
        if producing is not None and not producing.done():
            producing.cancel()

    # The response.

    def continue_received(self) -> None:
        """Send the content that the server waits for."""
        send, self._send_content = self._send_content, None
        if self._continue_timer is not None:
            self._continue_timer.cancel()
            self._continue_timer = None
        if send is not None:
            try:
                send()
            except StreamClosedError as error:
                self.fail(closed_error(error))
            except Exception as error:
                self.fail(error)

    def head_received(self, head: ResponseHead) -> None:
        """Decide what becomes of the response: followed, answered, or given to the caller."""
        settings = self._settings
        headers = head.headers
        self._code, self._reason, self._headers = head.status, head.reason, headers
        self._next = None
        self._send_content = None  # a final response: the server does not want it any more
        try:
            if is_redirect(settings, head.status, headers):
                assert self._target is not None
                self._next = follow(settings, self._target, head.status, headers)
            elif head.status == 401 and settings.auth_mode == "digest":
                digest = self._digest
                challenges = headers.get_list("WWW-Authenticate")
                if digest is not None and digest.challenged(challenges):
                    self._next = settings
        except ValueError as error:
            self.fail(error)
            return
        if self._next is not None:
            self._content = Discarded()
            return
        self.time_info["starttransfer"] = self._loop.time() - self._start
        self._receive_content(head)

    def _receive_content(self, head: ResponseHead) -> None:
        settings, headers = self._settings, head.headers
        limit = self._client.max_body_size
        callback = settings._streaming_callback
        connection = self._connection
        assert connection is not None
        try:
            if settings._header_callback is not None:
                lines = [f"{head.version} {head.status} {head.reason}", *headers._lines(), ""]
                for line in lines:
                    settings._header_callback(line + "\r\n")
        except Exception as error:
            self.fail(error)
            return
        if callback is None:
            content = Gathered(limit)
        else:
            content = Streamed(limit, callback, self._wait)
        if settings.decompress_response and settings.method != "HEAD":
            content.decode(headers)
        self._content = content
        connection.reader.check_size()

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
                return
            self.fail(HTTPProtocolError(str(error)))
        except Exception as error:
            self.fail(error)

    def _wait(self, awaitable: Any) -> None:
        """Let the callback of the content finish before more is read."""
        waiting = gen.convert_yielded(awaitable)
        if self._connection is not None:
            self._connection.pause()
        self._waiting = waiting
        waiting.add_done_callback(self._waited)

    def _waited(self, waiting: asyncio.Future[Any]) -> None:
        if self._waiting is not waiting:
            if not waiting.cancelled():
                waiting.exception()  # the fetch is over, and the error of no more use
            return
        self._waiting = None
        error = asyncio.CancelledError() if waiting.cancelled() else waiting.exception()
        if error is not None:
            self.fail(error)
            return
        assert isinstance(self._content, Streamed)
        try:
            if self._content.flow() and self._connection is not None:
                self._connection.resume()
        except MessageError as malformed:
            self.fail(HTTPProtocolError(str(malformed)))
        except Exception as failure:
            self.fail(failure)

    def response_complete(self, reusable: bool) -> None:
        """The exchange is over: give the connection back, then go on or deliver."""
        connection = self._connection
        self._connection = None
        self._stop_sending()
        if reusable and connection is not None:
            self._client.pool.put(connection)
        if self._next is not None:
            self._go_on()
            return
        assert self._content is not None
        try:
            buffer = self._content.end()
        except MessageError as error:
            self.fail(HTTPProtocolError(str(error)))
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
        self._is_second_try = False
        self._attempt()

    def exchange_failed(self, error: BaseException, untouched: bool) -> None:
        """The connection broke. Once, a request that can be sent again is."""
        connection = self._connection
        self._connection = None
        settings = self._settings
        if (
            untouched
            and connection is not None
            and connection.is_reused
            and not self._is_second_try
            and settings.method in _IDEMPOTENT
            and settings._body_producer is None
        ):
            # The server closed the connection while it was idle, and we learned too late.
            self._is_second_try = True
            self._stop_sending()
            self._attempt()
            return
        self.fail(error)

    # The end.

    def _finish(self, buffer: BytesIO) -> None:
        now = self._loop.time()
        self.time_info["total"] = now - self._start
        self._end(
            HTTPResponse(
                self._request,
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
        if self.state is _DONE:
            return
        self._leave()
        self._end(
            HTTPResponse(
                self._request,
                599,
                error=error,
                effective_url=self._settings.url,
                request_time=self._loop.time() - self._start,
                start_time=self._start_time,
                time_info=self.time_info,
            )
        )

    def _leave(self) -> None:
        """Give up what is under way."""
        connection, self._connection = self._connection, None
        self._stop_sending()
        self._waiting = None
        if connection is not None:
            connection.close()
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None

    def _end(self, response: HTTPResponse | None) -> None:
        before, self.state = self.state, _DONE
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._content = None
        deliver = self._deliver
        self._client.fetch_ended(self, before is not _QUEUED)
        if response is not None:
            deliver(response)

    def cancel(self) -> None:
        """End the fetch without a response. Its connection is closed."""
        if self.state is not _DONE:
            self._leave()
            self._end(None)
