"""Requests for a WebSocket go in, messages come out, in both directions: server and client.

A WebSocket (:rfc:`6455`) is a connection of messages between a browser and a server that either
side may send at any time. On the server a `WebSocketHandler` stands in the routes of an
application like any other handler; on the client `websocket_connect` opens a connection. Messages
can be compressed (:rfc:`7692`).

::

    import asyncio
    import tornado.web
    import tornado.websocket

    class Echo(tornado.websocket.WebSocketHandler):
        def on_message(self, message):
            self.write_message(message)

    async def main():
        tornado.web.Application([("/echo", Echo)]).listen(8888)
        async with tornado.websocket.websocket_connect("ws://localhost:8888/echo") as connection:
            connection.write_message("hello")
            print(await connection.read_message())

    asyncio.run(main())

The errors of this module::

    WebSocketError
    ├── WebSocketClosedError    the caller used a connection that is closed or closing
    ├── HandshakeError          the peer's opening handshake broke a rule
    └── ProtocolError           the peer's frames broke a rule
"""

from tornado._core.seam import legacy as _legacy
from tornado._websocket.broadcast import BroadcastResult, broadcast
from tornado._websocket.client import WebSocketClientConnection, websocket_connect
from tornado._websocket.codes import CloseCode
from tornado._websocket.coding import Extension, ExtensionCodec
from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE as _default_max_message_size
from tornado._websocket.errors import (
    HandshakeError,
    ProtocolError,
    WebSocketClosedError,
    WebSocketError,
)
from tornado._websocket.handler import WebSocketHandler
from tornado._websocket.protocol import WebSocketProtocol
from tornado._websocket.protocol13 import WebSocketProtocol13
from tornado._websocket.protocol76 import WebSocketProtocol76
from tornado._websocket.reconnect import Backoff, reconnecting_websocket

_legacy.provide(__name__)

__all__ = [
    "Backoff",
    "BroadcastResult",
    "CloseCode",
    "Extension",
    "ExtensionCodec",
    "HandshakeError",
    "ProtocolError",
    "WebSocketClientConnection",
    "WebSocketClosedError",
    "WebSocketError",
    "WebSocketHandler",
    "WebSocketProtocol",
    "WebSocketProtocol13",
    "WebSocketProtocol76",
    "_default_max_message_size",
    "broadcast",
    "reconnecting_websocket",
    "websocket_connect",
]
