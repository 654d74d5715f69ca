"""The older protocol "draft 76" (draft-ietf-hybi-thewebsocketprotocol-00), server side.

Bytes from the peer go in, text messages come out, and back. It has no binary messages, no pings
and no close codes, and its handshake does not keep a script from talking to other kinds of
servers: it is spoken only with clients for which the application asks for it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tornado._websocket.codes import CloseCode
from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE
from tornado._websocket.errors import HandshakeError, ProtocolError, WebSocketClosedError
from tornado._websocket.events import CloseReceived, Event, Failed
from tornado._websocket.state import Action, State, next_state
from tornado._websocket.utf8 import TextDecoder

__all__ = ["CHALLENGE_SIZE", "Hixie76Engine", "Hixie76Request", "answer_challenge", "read_request"]

#: How many bytes follow the request's head.
CHALLENGE_SIZE = 8

_CLOSE_FRAME = b"\xff\x00"


@dataclass(frozen=True, slots=True)
class Hixie76Request:
    """What a client's opening handshake asks for."""

    key1: str
    key2: str
    origin: str
    subprotocols: list[str]


def read_request(headers: Mapping[str, str]) -> Hixie76Request:
    """Return what a GET request with these header fields asks for; raise `HandshakeError` (400)."""
    if headers.get("Upgrade", "").lower() != "websocket":
        raise HandshakeError('Can "Upgrade" only to "WebSocket".')
    if headers.get("Connection", "").lower() != "upgrade":
        raise HandshakeError('"Connection" must be "Upgrade".')
    key1 = headers.get("Sec-WebSocket-Key1", "")
    key2 = headers.get("Sec-WebSocket-Key2", "")
    if not headers.get("Origin"):
        raise HandshakeError("Origin is missing")
    for key in (key1, key2):
        _key_number(key)
    protocol = headers.get("Sec-WebSocket-Protocol", "")
    return Hixie76Request(key1, key2, headers["Origin"], protocol.split())


def _key_number(key: str) -> bytes:
    """Return the four bytes hidden in a key: its digits, divided by the count of its spaces."""
    digits = "".join(re.findall("[0-9]", key))
    spaces = key.count(" ")
    if not digits or not spaces or len(digits) > 20:
        raise HandshakeError("malformed Sec-WebSocket-Key1 or -Key2")
    number, rest = divmod(int(digits), spaces)
    if rest or number >> 32:
        raise HandshakeError("malformed Sec-WebSocket-Key1 or -Key2")
    return number.to_bytes(4, "big")


def answer_challenge(request: Hixie76Request, challenge: bytes) -> bytes:
    """Return the 16 bytes that respond to a handshake and the 8 bytes that followed it."""
    proof = _key_number(request.key1) + _key_number(request.key2) + challenge
    return hashlib.md5(proof, usedforsecurity=False).digest()


class Hixie76Engine:
    """One connection after its opening handshake, with the interface of `tornado._websocket.engine.Engine`.

    :param max_message_size: the most bytes that a message may have.
    """

    def __init__(self, max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE) -> None:
        self.state = State.OPEN
        self._max_message_size = max_message_size
        # What arrived and is not consumed: _buffer from _position on.
        self._buffer = b""
        self._position = 0
        self._output = b""
        # The message being read: None between messages.
        self._decoder: TextDecoder | None = None
        self._pieces: list[str] = []
        self._size = 0
        self._reading = True
        #: Bytes of messages, and of the frames that carried them.
        self.message_bytes_in = self.message_bytes_out = 0
        self.wire_bytes_in = self.wire_bytes_out = 0

    @property
    def unread(self) -> int:
        """How many bytes were fed and not yet consumed."""
        return len(self._buffer) - self._position

    def feed(self, data: bytes) -> None:
        """Take what arrived; `next_event` tells what it means."""
        if self._reading:
            self._buffer = self._buffer[self._position :] + data
            self._position = 0

    def end(self) -> None:
        """The transport ended: nothing more comes, and nothing more can be sent."""
        self.state = next_state(self.state, Action.END)
        self._stop_reading()

    def next_event(self) -> Event | None:
        """Return the next event in what was fed; ``None`` if there is no whole one."""
        try:
            return self._read()
        except ProtocolError as error:
            if self.state is State.OPEN:
                self._output += _CLOSE_FRAME
            self.state = next_state(self.state, Action.FAIL)
            self._stop_reading()
            return Failed(error.code, str(error))

    def _read(self) -> Event | None:
        buffer, start = self._buffer, self._position
        if start == len(buffer):
            # An idle connection keeps no chunk alive.
            self._buffer = b""
            self._position = 0
            return None
        if self._decoder is None:
            first = buffer[start]
            if first == 0xFF:
                if len(buffer) < start + 2:
                    return None
                if buffer[start + 1] == 0:
                    return self._read_close()
            if first != 0:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, f"unexpected frame type {first}")
            self._decoder = TextDecoder()
            start += 1
        stop = buffer.find(b"\xff", start)
        end = stop >= 0
        data = buffer[start : stop if end else len(buffer)]
        self._position = stop + 1 if end else len(buffer)
        self._size += len(data)
        if self._size > self._max_message_size:
            raise ProtocolError(CloseCode.TOO_BIG, "message too big")
        text = self._decoder.decode(data, final=end)
        if self._pieces and len(text) + len(self._pieces[-1]) < 4096:
            self._pieces[-1] += text
        else:
            self._pieces.append(text)
        if not end:
            return None
        self.message_bytes_in += self._size
        self.wire_bytes_in += self._size + 2
        message = "".join(self._pieces)
        self._pieces = []
        self._decoder = None
        self._size = 0
        return message

    def _read_close(self) -> CloseReceived:
        owed = self.state is State.OPEN
        self.state = next_state(self.state, Action.RECEIVE_CLOSE)
        self._stop_reading()
        if owed:
            self._output += _CLOSE_FRAME
            self.state = next_state(self.state, Action.SEND_CLOSE)
        return CloseReceived(None, "")

    def _stop_reading(self) -> None:
        self._reading = False
        self._buffer = b""
        self._position = 0
        self._pieces = []

    def take_output(self) -> bytes:
        """Return the frames that events made due, and forget them."""
        output, self._output = self._output, b""
        return output

    def encode_message(self, payload: bytes, binary: bool) -> bytes:
        """Return the frame of one whole message.

        :raises ValueError: for a binary message, which this protocol does not have.
        :raises WebSocketClosedError: if the connection is over.
        """
        if binary:
            raise ValueError("draft 76 has no binary messages")
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        self.message_bytes_out += len(payload)
        self.wire_bytes_out += len(payload) + 2
        return b"\x00" + payload + b"\xff"

    def encode_pieces(self, payload: bytes, binary: bool) -> list[bytes]:
        """Return what `encode_message` does, in a list."""
        return [self.encode_message(payload, binary)]

    def compress(self, payload: bytes, is_text: bool = False) -> tuple[int, bytes]:
        """Return no reserved bits and the message as it is.

        :raises WebSocketClosedError: if the connection is over.
        """
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        return 0, payload

    def encode_frame(self, first: int, payload: bytes) -> bytes:
        """Return a frame; this protocol has only those that hold a text message.

        :param first: 0x81, as for a text message of the later protocol.
        """
        if first != 0x81:
            raise ValueError("draft 76 has no frames but those of text messages")
        return self.encode_message(payload, False)

    def encode_pong(self, payload: bytes = b"") -> bytes:
        """Raise `ValueError`: this protocol has no pongs."""
        raise ValueError("draft 76 has no pongs")

    def encode_ping(self, payload: bytes = b"") -> bytes:
        """Raise `ValueError`: this protocol has no pings."""
        raise ValueError("draft 76 has no pings")

    def encode_close(self, code: int | None = None, reason: str = "") -> bytes:
        """Return a close frame; the code and the reason have no place in it."""
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        self.state = next_state(self.state, Action.SEND_CLOSE)
        return _CLOSE_FRAME
