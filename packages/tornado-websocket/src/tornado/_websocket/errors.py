"""What goes wrong on a WebSocket, as one tree of exceptions.

::

    WebSocketError
    ├── WebSocketClosedError    the caller used a connection that is closed or closing
    ├── HandshakeError          the peer's opening handshake broke a rule
    └── ProtocolError           the peer's frames broke a rule
"""

from collections.abc import Mapping

__all__ = ["HandshakeError", "ProtocolError", "WebSocketClosedError", "WebSocketError"]


class WebSocketError(Exception):
    """Any failure of a WebSocket: the base of this module's exceptions.

    .. versionadded:: 3.2
    """


class WebSocketClosedError(WebSocketError):
    """A message was written to a connection that is closed, or closing.

    .. versionadded:: 3.2
    """


class HandshakeError(WebSocketError):
    """The peer's opening handshake broke a rule of RFC 6455 or RFC 7692.

    :ivar status: on a server the HTTP status to respond with (400, 403 or 426); on a client the
        status of the server's response.
    :ivar headers: fields that the refusal has to carry, such as the versions spoken here.

    .. versionadded:: 6.100
    """

    def __init__(
        self, message: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: Mapping[str, str] = headers or {}


class ProtocolError(WebSocketError):
    """The peer's frames broke a rule of RFC 6455 or RFC 7692.

    :ivar code: the close code that says so to the peer (1002, 1007 or 1009).

    .. versionadded:: 6.100
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


for _public in (WebSocketError, WebSocketClosedError, HandshakeError, ProtocolError):
    _public.__module__ = "tornado.websocket"
