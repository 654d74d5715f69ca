"""What a handler or a client connection drives: one WebSocket connection, whatever carries it."""

import abc
import asyncio
from collections.abc import Callable
from typing import Any

from tornado._websocket.errors import WebSocketClosedError

__all__ = ["MessageIterator", "WebSocketProtocol"]


class WebSocketProtocol(abc.ABC):
    """One WebSocket connection, as its handler sees it.

    The subclasses speak a version of the protocol over a stream of bytes. A transport with
    messages of its own implements this class to carry a `WebSocketHandler`.

    :param handler: what hears of the connection, normally a `WebSocketHandler`.

    .. versionadded:: 2.0
    """

    #: The close code and the reason that the peer sent, ``None`` if it sent none.
    close_code: int | None = None
    close_reason: str | None = None
    #: The subprotocol that both sides agreed on, ``None`` for none.
    selected_subprotocol: str | None = None
    #: Seconds that the last ping took until its pong, ``None`` before the first.
    latency: float | None = None

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        #: The stream below, ``None`` until the handshake is done.
        self.stream: Any = None
        #: Whether the peer will send nothing more.
        self.client_terminated = False
        #: Whether this side will send nothing more.
        self.server_terminated = False

    @abc.abstractmethod
    def accept_connection(self, handler: Any = None) -> Any:
        """Respond to the opening handshake of ``handler``, or of the handler given before."""

    @abc.abstractmethod
    def write_message(self, message: str | bytes, binary: bool = False) -> "asyncio.Future[None]":
        """Send a message; the future is done when it has left this process.

        :raises WebSocketClosedError: if the connection is closed or closing.
        """

    @abc.abstractmethod
    def write_ping(self, data: bytes) -> None:
        """Send a ping with at most 125 bytes of ``data``.

        :raises WebSocketClosedError: if the connection is closed or closing.
        """

    @abc.abstractmethod
    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin the closing handshake, if it has not begun."""

    @abc.abstractmethod
    def is_closing(self) -> bool:
        """Return whether nothing more can be sent."""

    @abc.abstractmethod
    def _abort(self) -> None:
        """End the connection at once, without a closing handshake."""

    @abc.abstractmethod
    def start_pinging(self) -> None:
        """Send pings at the interval that was asked for, if one was."""

    def set_nodelay(self, x: bool) -> None:
        """Send small messages at once (true), or let the system gather them."""
        if self.stream is not None:
            self.stream.set_nodelay(x)

    def on_connection_close(self) -> None:
        """The connection below is gone."""
        self._abort()

    def receive(self) -> "asyncio.Future[str | bytes | None]":
        """Return a future of the next message, ``None`` when there will be none; see `WebSocketHandler`.

        From the first call on, messages come out here and no longer go to ``on_message``.
        """
        raise WebSocketClosedError("this connection cannot be read from")

    def async_callback(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """Return ``callback`` with arguments bound; what it raises is logged and aborts."""

        def wrapper(*more: Any, **keywords: Any) -> Any:
            try:
                return callback(*args, *more, **kwargs, **keywords)
            except Exception as error:
                self.handler.log_exception(type(error), error, error.__traceback__)
                self._abort()
                return None

        return wrapper


class MessageIterator:
    """Iterates over the messages of a connection until it ends."""

    __slots__ = ("_connection",)

    def __init__(self, connection: WebSocketProtocol | None) -> None:
        self._connection = connection

    def __aiter__(self) -> "MessageIterator":
        return self

    async def __anext__(self) -> str | bytes:
        message = None if self._connection is None else await self._connection.receive()
        if message is None:
            raise StopAsyncIteration
        return message


WebSocketProtocol.__module__ = "tornado.websocket"
