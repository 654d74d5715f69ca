"""Whatever an application may be, as a `Dispatcher`.

A transport accepts what `HTTPServer` accepts: something that dispatches by itself, such as a
`tornado.web.Application`; a delegate of the classic interface (`HTTPServerConnectionDelegate`); or a
function of a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tornado._http1.adapter import CallableAdapter
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    Target,
)

__all__ = ["ClassicTarget", "MessageTarget", "dispatch_of"]


def dispatch_of(application: Any) -> Callable[[HTTPServerRequest], Target]:
    """Return the function that finds the target of a request.

    To be asked again for each request: an application dispatches by itself only as long as nobody has
    replaced a step of the classic interface.

    :raises TypeError: if ``application`` is nothing that could respond.
    """
    dispatch: Callable[[HTTPServerRequest], Target] | None = getattr(application, "dispatch", None)
    if dispatch is not None:
        return dispatch
    if hasattr(application, "start_request"):
        return lambda request: ClassicTarget(application, request)
    if callable(application):
        return CallableAdapter(application).dispatch
    raise TypeError(
        "expected an application, a delegate of server connections or a function of a request, "
        f"not {type(application).__name__}"
    )


class MessageTarget:
    """Lets a message delegate of the classic interface respond: it receives the request in parts.

    :param delegate: the delegate of this request.
    """

    streams_body = True

    def __init__(self, delegate: HTTPMessageDelegate, request: HTTPServerRequest) -> None:
        self._delegate = delegate
        start_line = RequestStartLine(request.method or "", request.uri or "", request.version)
        self._ready: Awaitable[Any] | None = self._delegate.headers_received(
            start_line, request.headers
        )

    @property
    def ready(self) -> Awaitable[Any] | None:
        """What ``headers_received`` returned."""
        return self._ready

    def execute(self) -> None:
        """Not called, as content is streamed."""
        raise AssertionError("the content of this request is streamed")

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def trailers_received(self, trailers: HTTPHeaders) -> None:
        received = getattr(self._delegate, "trailers_received", None)
        if received is not None:
            received(trailers)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()


class ClassicTarget(MessageTarget):
    """Lets a delegate of server connections respond.

    :param application: an `.HTTPServerConnectionDelegate`.
    """

    def __init__(self, application: Any, request: HTTPServerRequest) -> None:
        super().__init__(
            application.start_request(request.server_connection, request.connection), request
        )
