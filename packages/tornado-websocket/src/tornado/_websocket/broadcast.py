"""One message and many connections go in; it is framed and compressed once and sent to each."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from tornado._websocket.codes import CloseCode
from tornado._websocket.engine import Engine
from tornado._websocket.errors import WebSocketClosedError
from tornado._websocket.protocol import WebSocketProtocol
from tornado._websocket.sending import Sender, as_payload
from tornado.escape import json_encode

__all__ = ["MAX_BACKLOG", "BroadcastResult", "broadcast"]

#: Bytes that may wait for a peer before it counts as slow.
MAX_BACKLOG = 1024 * 1024


class BroadcastResult(NamedTuple):
    """What became of a message to many.

    .. versionadded:: 6.100
    """

    #: How many connections it was sent to.
    sent: int
    #: The connections that were too slow, in order; by the rule that was chosen they missed the
    #: message or are closing.
    slow: list[Any]
    #: The connections that were closed or closing already.
    closed: list[Any]


def broadcast(
    connections: Iterable[Any],
    message: str | bytes | dict[str, Any],
    binary: bool = False,
    *,
    max_backlog: int = MAX_BACKLOG,
    on_slow: Literal["close", "skip"] = "close",
) -> BroadcastResult:
    """Send one message to many connections, without waiting for any of them.

    The message is encoded once, and compressed once for each set of compression parameters among
    the connections. Nobody waits for a slow peer, and nobody's memory grows without bound: a
    connection for which more than ``max_backlog`` bytes wait when its turn comes is closed with
    the code 1013 (and ends after 5 seconds if it does not agree by then), or is passed over.

    :param connections: `WebSocketHandler` or `WebSocketClientConnection` objects; the iterable is
        copied first, so that it may change meanwhile.
    :param message: as for `WebSocketHandler.write_message`.
    :param max_backlog: bytes.
    :param on_slow: what happens to a slow peer: ``"close"``, so that it can come back and catch
        up, or ``"skip"``: it misses this message and stays.
    :returns: what became of it; connections that are closed are no error.

    .. versionadded:: 6.100
    """
    if on_slow not in ("close", "skip"):
        raise ValueError(f'on_slow is {on_slow!r}, expected "close" or "skip"')
    if isinstance(message, dict):
        message = json_encode(message)
    payload = as_payload(message, binary)
    frames: dict[Any, bytes] = {}
    sent = 0
    slow: list[Any] = []
    closed: list[Any] = []
    for connection in list(connections):
        protocol = _protocol_of(connection)
        if protocol is None or protocol.is_closing():
            closed.append(connection)
            continue
        if getattr(protocol.stream, "backlog", 0) > max_backlog:
            slow.append(connection)
            if on_slow == "close":
                connection.close(CloseCode.TRY_AGAIN_LATER, "too slow")
            continue
        try:
            if (
                isinstance(protocol, Sender)
                and type(protocol._engine) is Engine
                and protocol._replaced_write_frame is None
            ):
                protocol._send_frame(protocol._engine.encode_shared(payload, binary, frames))
            else:
                protocol.write_message(message, binary)
        except WebSocketClosedError:
            closed.append(connection)
        else:
            sent += 1
    return BroadcastResult(sent, slow, closed)


def _protocol_of(connection: Any) -> WebSocketProtocol | None:
    if hasattr(connection, "ws_connection"):
        return connection.ws_connection  # type: ignore[no-any-return]  # a handler's
    return connection.protocol  # type: ignore[no-any-return]  # a client connection's


for _public in (broadcast, BroadcastResult):
    _public.__module__ = "tornado.websocket"
