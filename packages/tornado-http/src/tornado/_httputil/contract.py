"""The contract between a transport and an application: dispatcher, target, exchange.

A transport reads requests: HTTP/1.1 over a socket, an ASGI or WSGI server, a test that has no socket
at all. For each request it asks the application's *dispatcher* for a *target*, feeds the target the
request's content, and lets it execute. The target responds through the request's *exchange*, which the
transport made. These three interfaces are all that the two sides know of each other::

    transport                        application
    ---------                        -----------
    request, exchange   dispatch()
                     ------------->  Dispatcher
                                        |
    content             execute()       v
                     ------------->  Target
                                        |
    response            respond()       |
    Exchange         <-------------------

One request, in order:

1. The transport makes an `Exchange` and a request whose ``connection`` it is, and calls
   `Dispatcher.dispatch`. The request's content has not been read yet.
2. If the target has `Target.streams_body` set, the transport waits for `Target.ready`, calls
   `Target.data_received` for each piece of content, waiting for what it returns, then
   `Target.trailers_received` if trailers came, and `Target.finish`. Otherwise the transport collects the
   content, sets ``request.body`` and calls `Target.execute`.
3. The target responds through the exchange, at once or at any later time: either with one call of
   `Exchange.respond`, or with `Exchange.write_headers`, any number of `Exchange.write` and
   `Exchange.send_file`, and `Exchange.finish`. It may respond before all content has arrived; the
   transport then discards the rest or closes the connection.
4. If the client leaves before the response is finished, the transport calls
   `Target.on_connection_close` once, and everything that is written afterwards is discarded; futures of
   writes fail with `.StreamClosedError`.

What a dispatcher or target raises is the transport's to report: it logs the exception, responds with
500 if nothing was sent yet, and otherwise closes the connection so that the client sees a truncated
response.

All methods are called in the thread and on the event loop of the transport.

`HTTPConnection` is a base class for exchanges, which implements everything but the writing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tornado._httputil.headers import HTTPHeaders
    from tornado._httputil.request import HTTPServerRequest
    from tornado._httputil.startlines import RequestStartLine, ResponseStartLine

__all__ = ["Dispatcher", "Exchange", "Peer", "Target"]


class Peer(Protocol):
    """What a transport knows of the client: `Exchange.context`."""

    #: The client's address as text; a proxy's own report of it where the server trusts the proxy.
    remote_ip: str | None
    #: ``"http"`` or ``"https"``.
    protocol: str


class Exchange(Protocol):
    """One request and its response, as the application sees the transport.

    `HTTPServerRequest.connection` is one. The methods that write may be called only in the order that the
    module's documentation gives; anything else raises `HTTPOutputError` and sends nothing.
    """

    #: Facts about the client.
    context: Peer
    #: Whether the connection is closed after this response; may be set to true until the response begins.
    no_keep_alive: bool

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes, /) -> None:
        """Send a whole response and finish the exchange. Nothing is returned, since nothing is waited for.

        The exchange adds the framing that the headers lack, and leaves ``body`` out where HTTP does:
        for HEAD, and for statuses without content.

        :raises ValueError: if a header or the reason holds what no message may hold; nothing was sent.
        :raises HTTPOutputError: if the response was begun already, or a Content-Length in ``headers`` is
            not the length of ``body``; nothing was sent.
        """

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> asyncio.Future[None]:
        """Begin a response: send its status line and headers, and ``chunk`` with them.

        With an informational status (1xx other than 101) this does not begin the response: any number of
        such heads may precede it. A transport that cannot send them ignores them.

        :param callback: called without arguments, through the loop, once all was sent.
        :returns: a future that is done when the transport is ready for more, which is how a slow client
            slows its handler. Cancelling it does not take the bytes back.
        :raises ValueError: as `respond`.
        :raises HTTPOutputError: as `respond`.
        """

    def write(
        self, chunk: bytes, callback: Callable[..., Any] | None = None
    ) -> asyncio.Future[None]:
        """Send a piece of the content.

        :returns: a future, as `write_headers`.
        :raises HTTPOutputError: if more is written than the Content-Length says.
        """

    def send_file(self, file: Any, offset: int, count: int, /) -> asyncio.Future[None]:
        """Send a part of an open file as the next piece of the content.

        :param file: a file descriptor, or an object with ``fileno()``; it must stay open until the future
            is done, and its position is not used.
        :param offset: of the first byte to send.
        :param count: how many bytes.
        :returns: a future that is done when the file may be closed. A file that turns out to be shorter
            breaks the response off.
        :raises HTTPOutputError: if more is sent than the Content-Length says.
        """

    def finish(self, trailers: HTTPHeaders | None = None) -> None:
        """End the response.

        :param trailers: fields to send behind the content; ignored where the transport has no place for
            them.
        :raises HTTPOutputError: if less was written than the Content-Length says. The response is then
            broken off in a way that the client notices.
        """

    def send_now(self) -> None:
        """Send what the transport may have kept back to send together with other responses."""

    def set_close_callback(self, callback: Callable[[], Any] | None, /) -> None:
        """Have ``callback`` called if the client leaves before the response is finished.

        This is for applications that are plain functions; a target has `Target.on_connection_close`.

        :param callback: takes no arguments; ``None`` removes the one that was set.
        """

    def set_max_body_size(self, max_body_size: int, /) -> None:
        """Limit the size of the request's content; effective until its first piece was delivered.

        :param max_body_size: bytes, more or less than the transport's default.
        """

    def set_body_timeout(self, timeout: float | None, /) -> None:
        """Limit the time for the request's content.

        :param timeout: seconds from now on; ``None`` for no limit.
        """

    def detach(self) -> Any:
        """Give the connection's stream away, to speak another protocol on it.

        :returns: an `.IOStream`, on which everything that was written before has been sent or is queued.
        :raises RuntimeError: if the transport has no stream to give away.
        """

    def close(self) -> None:
        """Close the connection at once; a response that was begun ends truncated."""


class Target(Protocol):
    """What responds to one request."""

    #: Whether content is delivered piece by piece. If not, `execute` is called once with
    #: ``request.body`` complete, and `data_received` and `finish` are not used.
    streams_body: bool

    @property
    def ready(self) -> Awaitable[Any] | None:
        """What to wait for before the first piece of content is delivered, ``None`` for nothing."""

    def execute(self) -> None:
        """Respond to the request, now or later. Called once."""

    def data_received(self, chunk: bytes, /) -> Awaitable[None] | None:
        """Take the next piece of the content.

        :returns: an awaitable, until which no further piece is delivered, or ``None``.
        """

    def trailers_received(self, trailers: HTTPHeaders, /) -> None:
        """Take the fields that followed the content. Called before `finish`, if there were any."""

    def finish(self) -> None:
        """The content is complete."""

    def on_connection_close(self) -> None:
        """The client has gone before the response was finished. Called at most once."""


class Dispatcher(Protocol):
    """An application, as a transport sees it."""

    def dispatch(self, request: HTTPServerRequest, /) -> Target:
        """Return what responds to ``request``, whose content has not been read yet."""


for _exported in (Peer, Exchange, Target, Dispatcher):
    _exported.__module__ = "tornado.httputil"
