"""Messages go in, frames for the transport come out, and the futures that are done when they left."""

import asyncio
from functools import partial
from typing import Any

from tornado import gen
from tornado._loop.seam import done_future
from tornado._websocket.engine import Engine, Role
from tornado._websocket.errors import WebSocketClosedError
from tornado._websocket.frames import Opcode
from tornado._websocket.protocol import WebSocketProtocol
from tornado._websocket.replaceable import ReplaceableMethod, ReplaceableMethods
from tornado._websocket.seam import ByteTransport, FrameEngine
from tornado._websocket.state import State
from tornado.escape import utf8
from tornado.iostream import StreamClosedError

__all__ = ["Sender", "as_payload"]

#: Bytes from which on a payload is not copied behind its head.
_LARGE = 32768


class Sender(WebSocketProtocol, metaclass=ReplaceableMethods):
    """The sending direction of a connection after its opening handshake."""

    is_client = False

    _transport: ByteTransport = None  # type: ignore[assignment]  # until the handshake is done
    # Before the handshake is done: one over which nothing can be sent.
    _engine: FrameEngine = Engine(Role.SERVER)
    _engine.end()
    _loop: asyncio.AbstractEventLoop
    _sent: "asyncio.Future[None]"

    #: Whether the transport ended.
    _ended = False
    #: Whether something could not be sent.
    _is_lost = False
    _pinged_at: float | None = None
    #: What took the place of `_write_frame`, if anything did.
    _replaced_write_frame: Any
    #: The pong that a replaced `_write_frame` is still writing, and the payload of the next one.
    _pong: "asyncio.Future[Any] | None" = None
    _next_pong: bytes | None = None
    #: The pong, as payload and frame, that waits until the peer has taken more of what was sent.
    _late_pong: tuple[bytes, bytes] | None = None

    def _begin_sending(self, transport: ByteTransport, engine: FrameEngine, loop: Any) -> None:
        self.stream = self._transport = transport
        self._engine = engine
        self._loop = loop
        self._sent = done_future(loop)

    def is_closing(self) -> bool:
        """Return whether nothing more can be sent."""
        return self._is_lost or self._ended or self._engine.state is not State.OPEN

    # ---- messages ----

    def write_message(self, message: str | bytes, binary: bool = False) -> "asyncio.Future[None]":
        """Send a message.

        :returns: a future that is done when the message has left this process; it fails with
            `WebSocketClosedError` if the connection ends before that. Cancelling it changes
            nothing.
        :raises WebSocketClosedError: if the connection is closed or closing.
        :raises UnicodeDecodeError: if bytes that are to be sent as text are not UTF-8.
        """
        if type(message) is str:
            payload = message.encode()
        else:
            payload = as_payload(message, binary)
        if self._replaced_write_frame is not None:
            flags, payload = self._engine.compress(payload, not binary)
            opcode = Opcode.BINARY if binary else Opcode.TEXT
            return self._as_sent(self._write_frame(True, int(opcode), payload, flags=flags))
        transport = self._transport
        try:
            if len(payload) < _LARGE:
                frame = self._engine.encode_message(payload, binary)
                if transport.send(frame):
                    return self._sent
            else:
                pieces = self._engine.encode_pieces(payload, binary)
                if transport.send_many(pieces):
                    return self._sent
        except StreamClosedError as error:
            raise self._lost() from error
        return self._left()

    def _left(self) -> "asyncio.Future[None]":
        """Return a future of everything sent so far having left this process."""
        transport = self._transport
        try:
            flushed = transport.flushed()
        except StreamClosedError as error:
            raise self._lost() from error
        if flushed is None:
            return self._sent
        if transport.backlog > transport.high_water:
            self._peer_falls_behind()
        future: asyncio.Future[None] = self._loop.create_future()
        flushed.add_done_callback(partial(_pass_on, future))
        return future

    def _peer_falls_behind(self) -> None:
        """Hook called when more than the transport's high-water mark waits for the peer."""

    def _lost(self) -> WebSocketClosedError:
        self._is_lost = True
        return WebSocketClosedError("the connection is closed")

    # ---- frames ----

    @ReplaceableMethod
    def _write_frame(
        self, fin: bool, opcode: int, data: bytes, flags: int = 0
    ) -> "asyncio.Future[None]":
        """Send one frame; whatever this connection sends passes here if the method is replaced.

        :param fin: whether the frame ends its message.
        :param data: the payload, compressed if ``flags`` say so.
        :param flags: reserved bits: 0x40 for a compressed message.
        :returns: a future that is done when the frame has left this process.
        :raises WebSocketClosedError: if the connection is closed.
        """
        frame = self._engine.encode_frame((0x80 if fin else 0) | flags | opcode, data)
        self._send_frame(frame)
        return self._left()

    def _as_sent(self, result: Any) -> "asyncio.Future[None]":
        """Return the future of what a replaced `_write_frame` returned."""
        if result is None:
            return self._sent
        future: asyncio.Future[None] = gen.convert_yielded(result)
        return future

    def _send_frame(self, frame: bytes) -> None:
        """Send a frame, and let nobody wait for it."""
        try:
            self._transport.send(frame)
        except StreamClosedError as error:
            raise self._lost() from error

    def _send_control(self, opcode: int, payload: bytes, frame: bytes) -> Any:
        """Send a control frame; a peer that is gone needs none of those that the protocol demands.

        :param frame: the frame as the engine encoded it.
        :returns: what a replaced `_write_frame` returned, otherwise ``None``.
        """
        if not frame:
            return None
        try:
            if self._replaced_write_frame is not None:
                return self._write_frame(True, opcode, payload)
            self._send_frame(frame)
        except WebSocketClosedError:
            pass
        return None

    # ---- pings and pongs ----

    def write_ping(self, data: bytes) -> None:
        """Send a ping with at most 125 bytes of ``data``; `latency` is measured by an empty one."""
        frame = self._engine.encode_ping(data)
        if not data and self._pinged_at is None:
            self._pinged_at = self._loop.time()
        if self._replaced_write_frame is not None:
            self._write_frame(True, int(Opcode.PING), data)
        else:
            self._send_frame(frame)

    def _send_pong(self, payload: bytes, frame: bytes) -> None:
        """Respond to a ping.

        A peer that takes nothing gets one pong, to the last of its pings (RFC 6455 section 5.5.3).
        """
        if self._pong is not None:
            self._next_pong = payload
        elif frame and self._transport.backlog > self._transport.high_water:
            self._late_pong = (payload, frame)
        else:
            result = self._send_control(Opcode.PONG, payload, frame)
            if asyncio.isfuture(result) and not result.done():
                self._pong = result
                result.add_done_callback(self._pong_left)

    def _pong_left(self, future: "asyncio.Future[Any]") -> None:
        self._pong = None
        payload, self._next_pong = self._next_pong, None
        if not future.cancelled() and future.exception() is None and payload is not None:
            if not self.is_closing():
                self._send_pong(payload, self._engine.encode_pong(payload))

    def _send_late_pong(self) -> None:
        pong, self._late_pong = self._late_pong, None
        if pong is not None:
            self._send_control(Opcode.PONG, *pong)

    # ---- counters, in bytes since the opening handshake ----

    @property
    def _message_bytes_out(self) -> int:
        """Messages sent, before compression."""
        return self._engine.message_bytes_out

    @property
    def _message_bytes_in(self) -> int:
        """Messages received, after decompression."""
        return self._engine.message_bytes_in

    @property
    def _wire_bytes_out(self) -> int:
        """Data frames sent, with their heads and masks."""
        return self._engine.wire_bytes_out

    @property
    def _wire_bytes_in(self) -> int:
        """Data frames received, with their heads and masks."""
        return self._engine.wire_bytes_in


def as_payload(message: Any, binary: bool) -> bytes:
    """Return the bytes of a message; what is to be text has to be UTF-8.

    :raises TypeError: for something else than text and bytes.
    """
    if isinstance(message, (bytearray, memoryview)):
        message = bytes(message)
    elif not isinstance(message, (str, bytes)):
        raise TypeError(f"a message is {type(message).__name__}, expected str or bytes")
    payload: bytes = utf8(message)
    if not binary and not isinstance(message, str):
        payload.decode()
    return payload


def _pass_on(future: "asyncio.Future[None]", flushed: "asyncio.Future[None]") -> None:
    """Settle what a writer waits for by what the transport says."""
    if future.done():
        return
    if flushed.cancelled() or flushed.exception() is not None:
        future.set_exception(WebSocketClosedError("the connection closed before the message left"))
        future.exception()  # not every writer waits: nobody has to retrieve it
    else:
        future.set_result(None)
