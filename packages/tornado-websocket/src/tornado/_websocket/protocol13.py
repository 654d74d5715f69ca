"""The connection of RFC 6455, opened by a handler on the server and after the handshake on the client."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tornado._websocket.coding import Extension, ExtensionCodec, accept_extensions
from tornado._websocket.deflate import Deflater, Inflater
from tornado._websocket.engine import Engine, Role
from tornado._websocket.handshake import Request, accept_value, read_request
from tornado._websocket.keepalive import sleep_time
from tornado._websocket.negotiation import DeflateCodec, DeflateOptions, PermessageDeflate
from tornado._websocket.parameters import Parameters
from tornado._websocket.session import Session

__all__ = ["WebSocketProtocol13", "all_extensions"]


class WebSocketProtocol13(Session):
    """The final version of the protocol, RFC 6455, and the drafts with the versions 7 and 8.

    :param handler: what hears of the connection.
    :param mask_outgoing: whether this end is the client.
    :param compression_options: see `WebSocketHandler.get_compression_options`; ``None`` for no
        compression. Those in ``params`` win.
    :param params: the parameters of the connection.

    .. versionadded:: 2.3
    """

    #: The bits of a frame's first byte (RFC 6455 section 5.2), under their released names.
    FIN = 0x80
    RSV1 = 0x40
    RSV2 = 0x20
    RSV3 = 0x10
    RSV_MASK = RSV1 | RSV2 | RSV3
    OPCODE_MASK = 0x0F

    def __init__(
        self,
        handler: Any,
        mask_outgoing: bool = False,
        compression_options: Mapping[str, Any] | None = None,
        params: Parameters | None = None,
    ) -> None:
        super().__init__(handler)
        self.params = params or Parameters(compression_options=compression_options)
        self.is_client = self.mask_outgoing = mask_outgoing
        if self.params.ping_interval:
            self.ping_interval = self.params.ping_interval
            self.ping_timeout = self.params.ping_timeout
        self._request: Request | None = None

    def read_request(self, headers: Mapping[str, str]) -> Request:
        """Return what the opening handshake with these fields asks for.

        :raises HandshakeError: with the status to respond with.
        """
        self._request = read_request(headers)
        return self._request

    async def accept_connection(self, handler: Any = None) -> None:
        """Respond to the opening handshake of the handler's request, and open the handler.

        :raises HandshakeError: if the handshake is malformed; nothing was sent then.
        """
        handler = handler or self.handler
        request = self._request or self.read_request(handler.request.headers)
        fields = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", self.compute_accept_value(request.key)),
        ]
        subprotocol = self._choose_subprotocol(handler, request.subprotocols)
        if subprotocol:
            fields.append(("Sec-WebSocket-Protocol", subprotocol))
        field, codecs = "", list[ExtensionCodec]()
        extensions = self._extensions(getattr(handler, "websocket_extensions", ()))
        if extensions and request.extensions:
            field, codecs = accept_extensions(request.extensions, extensions)
        if field:
            fields.append(("Sec-WebSocket-Extensions", field))
        self._request = None
        stream = handler._switch_protocols(fields)
        self._begin_server(stream, handler._asyncio_loop(stream), *_parted(codecs))
        self.start_pinging()
        await self._open(handler)

    def _begin_server(
        self,
        stream: Any,
        loop: Any,
        deflate: tuple[Deflater, Inflater] | None = None,
        codecs: Sequence[ExtensionCodec] = (),
    ) -> None:
        engine = Engine(Role.SERVER, self.params.max_message_size, deflate, codecs)
        self._begin(stream, engine, loop)

    def begin_client(self, stream: Any, loop: Any, codecs: Sequence[ExtensionCodec] = ()) -> None:
        """Speak as the client over ``stream``, whose opening handshake is done.

        :param codecs: those of the extensions that were agreed on.
        """
        engine = Engine(Role.CLIENT, self.params.max_message_size, *_parted(codecs))
        self._begin(stream, engine, loop)

    def _extensions(self, others: Sequence[Extension]) -> list[Extension]:
        """Return all extensions of a connection: those of the application, then compression."""
        return all_extensions(others, self.params.compression_options)

    @staticmethod
    def compute_accept_value(key: str | bytes) -> str:
        """Return the Sec-WebSocket-Accept for a Sec-WebSocket-Key.

        .. versionadded:: 3.2
        """
        return accept_value(key.decode("latin-1") if isinstance(key, bytes) else key)

    def periodic_ping(self) -> Any:
        """Send a ping now, as the timer does.

        .. versionadded:: 4.5
        """
        self._ping_again()

    @staticmethod
    def ping_sleep_time(*, last_ping_time: float, interval: float, now: float) -> float:
        """Return the seconds from ``now`` until the next ping is due, at least 0.

        .. versionadded:: 6.5
        """
        if isinstance(interval, timedelta):
            interval = interval.total_seconds()
        return sleep_time(last_ping_time, interval, now)


def all_extensions(
    others: Sequence[Extension], compression_options: Mapping[str, Any] | None
) -> list[Extension]:
    """Return the extensions of an application, then compression if there are options for it."""
    extensions = list(others)
    if compression_options is not None:
        extensions.append(PermessageDeflate(DeflateOptions.read(compression_options)))
    return extensions


def _parted(
    codecs: Sequence[ExtensionCodec],
) -> tuple[tuple[Deflater, Inflater] | None, Sequence[ExtensionCodec]]:
    """Return the halves of a compression that comes last, and the codecs before it."""
    last = codecs[-1] if codecs else None
    if type(last) is DeflateCodec:
        return (last.deflater, last.inflater), codecs[:-1]
    return None, codecs


WebSocketProtocol13.__module__ = "tornado.websocket"
