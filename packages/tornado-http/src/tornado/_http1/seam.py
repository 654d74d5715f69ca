"""The two fast seams between the HTTP connection and what answers requests, as protocols.

A delegate that has `RequestDispatcher.dispatch` is asked for a `RequestTarget` once per request,
without the layers of ``start_request`` and ``headers_received``; a connection that is a
`WholeResponder` takes an answer in one call.
"""

from __future__ import annotations

from typing import Protocol

from tornado.httputil import HTTPHeaders, HTTPServerRequest


class RequestTarget(Protocol):
    """What answers one request."""

    #: Whether the target takes the content as it arrives. If so it is an
    #: `~.httputil.HTTPMessageDelegate` too, whose ``data_received`` and ``finish`` are called
    #: (``headers_received`` is not). If not, the connection gathers the content, sets
    #: ``request.body`` and calls `execute`.
    streams_body: bool

    def execute(self) -> None:
        """Answer the request, now or later, through ``request.connection``. Called once."""

    def on_connection_close(self) -> None:
        """The peer left before the answer was finished."""


class RequestDispatcher(Protocol):
    """A delegate of a server connection that finds the target of a request by itself."""

    def dispatch(self, request: HTTPServerRequest, /) -> RequestTarget:
        """Return what answers ``request``, whose content is not there yet."""


class WholeResponder(Protocol):
    """A connection that takes an answer as a whole."""

    def respond(self, status: int, reason: str, headers: HTTPHeaders, body: bytes, /) -> None:
        """Send the answer and finish the request.

        :raises ValueError: if a header could not be sent as it is; nothing was sent then.
        :raises ~tornado.httputil.HTTPOutputError: if an answer was begun already.
        """
