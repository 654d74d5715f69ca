"""What requests and WebSockets need of the container that serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from tornado._asgi.messages import Scope
from tornado._loop.seam import Starter
from tornado.httputil import HTTPServerRequest

__all__ = ["Container"]


class Container(Protocol):
    """Holds an ASGI application; see `.ASGIContainer`."""

    application: Callable[..., Awaitable[None]]
    #: starts the application's coroutines
    starter: Starter
    log_function: Callable[[HTTPServerRequest, int], None] | None

    def scope_of(self, request: HTTPServerRequest, kind: str, /) -> Scope:
        """Return the scope of a request.

        :param kind: ``"http"`` or ``"websocket"``.
        """
