"""A connection's messages go in as calls, an application's come out as calls: the interfaces between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.startlines import RequestStartLine, ResponseStartLine


class HTTPServerConnectionDelegate:
    """What a server asks, for each request, who takes it. An application is one.

    .. versionadded:: 4.0
    """

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return who receives the next request; called when one begins.

        :arg server_conn: stands for the whole connection of the client, the same object for each of
            its requests.
        :arg request_conn: where the answer to this request is written.
        """
        raise NotImplementedError

    def on_close(self, server_conn: object) -> None:
        """Called when the connection has closed.

        :arg server_conn: what `start_request` was given for it.
        """


class HTTPMessageDelegate:
    """Who receives one message, a request or a response, piece by piece.

    .. versionadded:: 4.0
    """

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Take the start line and the headers.

        :returns: ``None``, or an awaitable: the content is not read before it is done.
        """

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take the next piece of the content.

        :returns: ``None``, or an awaitable: nothing more is read before it is done.
        """

    def finish(self) -> None:
        """The message is complete; nothing follows."""

    def on_connection_close(self) -> None:
        """The connection closed before the message was complete, or before it was answered.

        Of `finish` and this method at most one is called while the message is received.
        """


class HTTPConnection:
    """Where an application writes the message it sends.

    .. versionadded:: 4.0
    """

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> asyncio.Future[None]:
        """Write the start line and the headers.

        :arg start_line: of a request on a client's connection, of a response on a server's.
        :arg headers: all headers; those about the framing may be completed.
        :arg chunk: the first piece of the content; it leaves together with the headers.
        :arg callback: called without arguments when everything was written.
        :returns: a future that is done when everything was written.
        """
        raise NotImplementedError

    def write(
        self, chunk: bytes, callback: Callable[..., Any] | None = None
    ) -> asyncio.Future[None]:
        """Write a piece of the content; `write_headers` comes first.

        :arg callback: called without arguments when it was written.
        :returns: a future that is done when it was written.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """Say that the message is complete."""
        raise NotImplementedError


for _exported in (HTTPServerConnectionDelegate, HTTPMessageDelegate, HTTPConnection):
    _exported.__module__ = "tornado.httputil"
