"""What a WebSocket needs of the things around it, as interfaces.

Two seams let another transport carry a WebSocket:

- `ByteTransport`: whatever moves bytes both ways carries the engine's frames, as a TCP stream
  does, or a stream of HTTP/2 (RFC 8441).
- `Carrier`: a request's connection that has messages of its own, such as an ASGI server's, carries
  a handler without the engine.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tornado._websocket.events import Event
    from tornado._websocket.protocol import WebSocketProtocol
    from tornado._websocket.state import State

__all__ = ["ByteReceiver", "ByteTransport", "Carrier", "Delegate", "FrameEngine"]


class ByteReceiver(Protocol):
    """What hears of a transport."""

    def chunk_received(self, data: bytes, /) -> None:
        """``data``, never empty, arrived."""

    def stream_closed(self, error: BaseException | None, /) -> None:
        """The transport ended, in order (``None``) or because of ``error``; called once."""

    def writing_resumed(self) -> None:
        """The backlog was above the high-water mark and has fallen below the low-water mark."""


class ByteTransport(Protocol):
    """A two-way stream of bytes; `tornado.iostream.IOStream` is one."""

    #: Bytes of backlog above which `ByteReceiver.writing_resumed` will be called.
    high_water: int

    @property
    def backlog(self) -> int:
        """Bytes that were sent and wait in this process's memory."""

    def attach(self, receiver: ByteReceiver, /) -> None:
        """Give every chunk that arrives, and has arrived, to ``receiver``."""

    def send(self, data: bytes, /) -> bool:
        """Send ``data``, in order; return whether nothing of it waits.

        :raises tornado.iostream.StreamClosedError: if the transport has ended.
        """

    def send_many(self, chunks: Sequence[bytes], /) -> bool:
        """Send ``chunks`` one after the other, as `send` would send them joined."""

    def flushed(self) -> "asyncio.Future[None] | None":
        """Return a future of everything sent so far having left; ``None`` if it has."""

    def pause_reading(self) -> None:
        """Give the receiver nothing until `resume_reading`."""

    def resume_reading(self) -> None:
        """Give it chunks again, by the loop."""

    def write_eof(self) -> None:
        """End the sending direction after everything sent so far; receiving goes on."""

    def close(self) -> None:
        """End the transport at once; what waits is dropped. The receiver hears of it through the loop."""

    def set_nodelay(self, value: bool, /) -> None:
        """Send small writes at once, or let them be gathered."""


class Delegate(Protocol):
    """What hears of a WebSocket: a handler on a server, a connection object on a client."""

    def on_message(self, message: str | bytes, /) -> Any:
        """A message arrived; the next one waits for an awaitable that is returned."""

    def on_ping(self, data: bytes, /) -> Any:
        """A ping arrived, and its pong was sent."""

    def on_pong(self, data: bytes, /) -> Any:
        """A pong arrived."""

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        """The connection is over; called once."""

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
        /,
    ) -> None:
        """A hook raised an exception."""


class FrameEngine(Protocol):
    """What the session drives: `tornado._websocket.engine.Engine` or the one of draft 76."""

    state: "State"
    message_bytes_in: int
    message_bytes_out: int
    wire_bytes_out: int

    @property
    def wire_bytes_in(self) -> int: ...
    @property
    def unread(self) -> int: ...
    def feed(self, data: bytes, /) -> None: ...
    def end(self) -> None: ...
    def next_event(self) -> "Event | None": ...
    def take_output(self) -> bytes: ...
    def encode_message(self, payload: bytes, binary: bool, /) -> bytes: ...
    def encode_pieces(self, payload: bytes, binary: bool, /) -> list[bytes]: ...
    def compress(self, payload: bytes, is_text: bool = False, /) -> tuple[int, bytes]: ...
    def encode_frame(self, first: int, payload: bytes, /) -> bytes: ...
    def encode_pong(self, payload: bytes = b"", /) -> bytes: ...
    def encode_ping(self, payload: bytes = b"", /) -> bytes: ...
    def encode_close(self, code: int | None = None, reason: str = "", /) -> bytes: ...


@runtime_checkable
class Carrier(Protocol):
    """A request's connection that carries WebSocket messages by its own means."""

    def carry_websocket(self, handler: Any, /) -> "WebSocketProtocol":
        """Accept the handshake of ``handler``'s request and return what it writes to from now on.

        The carrier calls ``handler``'s hooks as a `Delegate`, and never before ``handler.open``
        has returned.
        """
