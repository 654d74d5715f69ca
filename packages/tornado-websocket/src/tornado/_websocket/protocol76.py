"""A handler's request goes in, a connection that speaks the older "draft 76" comes out."""

import asyncio
from typing import Any

from tornado._websocket.errors import HandshakeError
from tornado._websocket.hixie76 import (
    CHALLENGE_SIZE,
    Hixie76Engine,
    Hixie76Request,
    answer_challenge,
    read_request,
)
from tornado._websocket.parameters import Parameters
from tornado._websocket.session import Session
from tornado.iostream import StreamClosedError

__all__ = ["WebSocketProtocol76"]

#: Seconds within which the eight bytes that end the handshake have to arrive.
CHALLENGE_TIMEOUT = 5.0


class WebSocketProtocol76(Session):
    """The older version of the protocol known as "hixie-76" or "draft 76".

    It has neither binary messages nor pings nor close codes, and is spoken only if
    `WebSocketHandler.allow_draft76` returns true.

    :param handler: what hears of the connection.

    .. versionadded:: 2.3
    """

    def __init__(self, handler: Any, params: Parameters | None = None) -> None:
        super().__init__(handler)
        self.params = params or Parameters()
        self._request: Hixie76Request | None = None

    async def accept_connection(self, handler: Any = None) -> None:
        """Respond to the opening handshake of the handler's request, and open the handler.

        :raises HandshakeError: if the handshake is malformed; nothing was sent then.
        """
        handler = handler or self.handler
        request = self._request = read_request(handler.request.headers)
        location = f"{handler.get_websocket_scheme()}://{handler.request.host}{handler.request.uri}"
        fields = [
            ("Upgrade", "WebSocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Origin", request.origin),
            ("Sec-WebSocket-Location", location),
        ]
        subprotocol = self._choose_subprotocol(handler, request.subprotocols)
        if subprotocol:
            fields.append(("Sec-WebSocket-Protocol", subprotocol))
        stream = handler._switch_protocols(fields, "WebSocket Protocol Handshake")
        try:
            challenge = await asyncio.wait_for(stream.read_bytes(CHALLENGE_SIZE), CHALLENGE_TIMEOUT)
            stream.send(self.challenge_response(challenge))
        except (StreamClosedError, asyncio.TimeoutError):
            stream.close()
            return
        engine = Hixie76Engine(self.params.max_message_size)
        self._begin(stream, engine, handler._asyncio_loop(stream))
        await self._open(handler)

    def challenge_response(self, challenge: bytes) -> bytes:
        """Return the 16 bytes that respond to the handshake's keys and the 8 bytes after it.

        :raises HandshakeError: if the keys of the request are malformed.
        """
        request = self._request
        if request is None:
            request = read_request(self.handler.request.headers)
        if len(challenge) != CHALLENGE_SIZE:
            raise HandshakeError(f"challenge has {len(challenge)} bytes, expected {CHALLENGE_SIZE}")
        return answer_challenge(request, challenge)

    def start_pinging(self) -> None:
        """Do nothing: this version has no pings."""

    def write_ping(self, data: bytes) -> None:
        """Raise `ValueError`: this version has no pings."""
        self._engine.encode_ping(data)


WebSocketProtocol76.__module__ = "tornado.websocket"
