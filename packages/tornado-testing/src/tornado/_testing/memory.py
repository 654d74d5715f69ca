"""Requests in, responses out, with no socket between: an application driven through its connection."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # HTTP is an extra
    from tornado.httpclient import HTTPResponse
    from tornado.httputil import HTTPHeaders, RequestStartLine, ResponseStartLine

_NO_CONTENT_CODES = frozenset([204, 304])


class _Context:
    """What a connection tells about its peer."""

    def __init__(self, remote_ip: str, protocol: str) -> None:
        self.remote_ip = self._orig_remote_ip = remote_ip
        self.protocol = self._orig_protocol = protocol
        self.address = (remote_ip, 0)
        self.address_family = None


class _Connection:
    """The connection of one request: keeps what the application writes (see `httputil.HTTPConnection`)."""

    no_keep_alive = False
    stream = None

    def __init__(self, context: _Context, done: asyncio.Future[None]) -> None:
        self.context = context
        self.start_line: ResponseStartLine | None = None
        self.headers: HTTPHeaders | None = None
        self.chunks: list[bytes] = []
        self.close_callback: Callable[[], object] | None = None
        self._done = done

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[[], object] | None = None,
    ) -> asyncio.Future[None]:
        self.start_line, self.headers = start_line, headers
        return self.write(chunk or b"", callback)

    def write(
        self, chunk: bytes, callback: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        if chunk:
            self.chunks.append(bytes(chunk))
        loop = self._done.get_loop()
        if callback is not None:
            loop.call_soon(callback)
        written: asyncio.Future[None] = loop.create_future()
        written.set_result(None)
        return written

    def finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        self.close_callback = callback

    def detach(self) -> Any:
        raise RuntimeError("a request in memory has no stream to detach")

    def set_max_body_size(self, size: int) -> None:
        """There is no limit: the content is in memory already."""

    def set_body_timeout(self, seconds: float | None) -> None:
        """There is no limit: the content is in memory already."""


class InMemoryClient:
    """Fetches from an application without a server, a socket or bytes of HTTP between.

    :param application: a `tornado.web.Application` or any other
        `tornado.httputil.HTTPServerConnectionDelegate`.
    :param remote_ip: the address that requests seem to come from.
    :param protocol: ``"http"`` or ``"https"``, as the application sees it.
    :param host: the value of the Host field, unless a request brings its own.

    .. code-block:: python

        client = InMemoryClient(make_application())
        response = await client.fetch("/search", method="POST", body="q=tornado")
        assert response.code == 200

    Routing, handlers, cookies and errors are the real ones. What belongs to the wire is not there:
    limits, timeouts, compression of requests, upgrades. Needs ``tornado-testing[http]``.

    .. versionadded:: 6.100
    """

    def __init__(
        self,
        application: Any,
        *,
        remote_ip: str = "127.0.0.1",
        protocol: str = "http",
        host: str = "testserver",
    ) -> None:
        self.application = application
        self._context = (remote_ip, protocol)
        self._host = host

    async def fetch(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
        raise_error: bool = False,
    ) -> HTTPResponse:
        """Return the application's response to one request.

        :param path: the target, which begins with ``/`` and may have a query.
        :param body: the content; a string is sent as UTF-8. A form's content type is assumed for a
            POST that names none.
        :param raise_error: whether a code of 300 or more raises `tornado.httpclient.HTTPClientError`.

        Cancelling it closes the connection, as the application sees it.
        """
        from tornado import httpclient, httputil  # extras

        content = body.encode("utf-8") if isinstance(body, str) else bytes(body)
        fields = httputil.HTTPHeaders(dict(headers or {}))
        fields.setdefault("Host", self._host)
        if content or method in ("POST", "PUT", "PATCH"):
            fields.setdefault("Content-Length", str(len(content)))
        if method == "POST":
            fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = _Connection(
            _Context(*self._context), asyncio.get_running_loop().create_future()
        )
        started = time.time()
        start_line = httputil.RequestStartLine(method, path, "HTTP/1.1")
        await self._exchange(connection, start_line, fields, content)
        assert connection.start_line is not None
        assert connection.headers is not None
        code = connection.start_line.code
        has_content = method != "HEAD" and code not in _NO_CONTENT_CODES
        response = httpclient.HTTPResponse(
            httpclient.HTTPRequest(
                f"{self._context[1]}://{fields['Host']}{path}",
                method=method,
                headers=fields,
                body=content or None,
                allow_nonstandard_methods=True,
            ),
            code,
            headers=connection.headers,
            buffer=io.BytesIO(b"".join(connection.chunks) if has_content else b""),
            reason=connection.start_line.reason,
            request_time=time.time() - started,
            start_time=started,
        )
        if raise_error:
            response.rethrow()
        return response

    async def _exchange(
        self,
        connection: _Connection,
        start_line: RequestStartLine,
        headers: HTTPHeaders,
        content: bytes,
    ) -> None:
        """Give the request to the application and wait for the end of its response."""
        delegate = self.application.start_request(object(), connection)
        try:
            ready = delegate.headers_received(start_line, headers)
            if ready is not None:
                await ready
            if content:
                taken = delegate.data_received(content)
                if taken is not None:
                    await taken
            delegate.finish()
            await connection._done
        except asyncio.CancelledError:
            if connection.close_callback is not None:
                connection.close_callback()
            else:
                delegate.on_connection_close()
            raise
