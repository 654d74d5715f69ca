"""Bytes from the peer go in and events come out; messages go in and frames come out.

The engine is both roles of RFC 6455 after the opening handshake, with RFC 7692 where it was
agreed. It knows no stream, no loop and no clock. Its owner

- hands it what arrived with `Engine.feed`, and takes events one by one with `Engine.next_event`
  for as long as it wants more of them: nothing is decoded ahead of that, so a paused owner bounds
  the memory of the connection;
  An owner that shares its thread with others stops where it likes; a message of very many
  fragments does not keep it, since `WORKING` is returned in between;
- sends what `Engine.take_output` holds after an event (pongs, the reply to a close frame);
- sends what `Engine.encode_message`, `encode_ping`, `encode_pong` and `encode_close` return.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from tornado._websocket.codes import CloseCode, check_code, is_wire_code
from tornado._websocket.coding import ExtensionCodec, decode_message, encode_message
from tornado._websocket.deflate import Deflater, Inflater
from tornado._websocket.errors import ProtocolError, WebSocketClosedError
from tornado._websocket.events import WORKING, CloseReceived, Event, Failed, Ping, Pong
from tornado._websocket.frames import (
    MAX_CONTROL_PAYLOAD,
    SHORT_BINARY_HEADS,
    SHORT_TEXT_HEADS,
    Opcode,
    build_frame,
    build_head,
)
from tornado._websocket.masking import apply_mask, mask_in_c, next_mask_key, rotate_key
from tornado._websocket.state import Action, State, next_state
from tornado._websocket.utf8 import TextDecoder, decode_text

__all__ = ["DEFAULT_MAX_MESSAGE_SIZE", "Engine", "Role", "close_payload", "read_close"]

#: The largest message that is taken unless the application says otherwise, in bytes.
DEFAULT_MAX_MESSAGE_SIZE = 10 * 1024 * 1024

# Pieces of a message smaller than this are joined as they arrive, so that a message that comes
# byte by byte does not cost an object for each.
_SMALL_PIECE = 4096

# Frames that are read in one step without an event. Each takes about two microseconds, so that a
# step takes half a millisecond.
_FRAMES_PER_STEP = 256

_TEXT_FRAME = 0x81
_BINARY_FRAME = 0x82
_COMPRESSED = 0x40

_from_bytes = int.from_bytes


class Role(Enum):
    """Which end of the connection the engine is."""

    #: Takes masked frames, sends unmasked ones.
    SERVER = "server"
    #: Sends masked frames, takes unmasked ones.
    CLIENT = "client"


class Engine:
    """One connection after its opening handshake.

    :param role: the end that this engine is.
    :param max_message_size: the most bytes that a message may have, as sent and once decompressed.
    :param deflate: what compresses and decompresses messages, if permessage-deflate was agreed.
    :param codecs: the codecs of other extensions, which messages pass before they are compressed.
    """

    __slots__ = (
        "_allowed_bits",
        "_bits",
        "_buffer",
        "_codecs",
        "_compressed",
        "_compressed_bit",
        "_control_bytes_in",
        "_decoder",
        "_deflater",
        "_fed",
        "_final",
        "_in_payload",
        "_inflater",
        "_is_plain",
        "_key",
        "_mask_bit",
        "_masks",
        "_max_message_size",
        "_opcode",
        "_output",
        "_pieces",
        "_position",
        "_reading",
        "_remaining",
        "_short_head",
        "_size",
        "_wire_size",
        "message_bytes_in",
        "message_bytes_out",
        "state",
        "wire_bytes_out",
    )

    def __init__(
        self,
        role: Role,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
        deflate: tuple[Deflater, Inflater] | None = None,
        codecs: Sequence[ExtensionCodec] = (),
    ) -> None:
        self.state = State.OPEN
        self._masks = role is Role.CLIENT
        self._mask_bit = 0 if self._masks else 0x80
        self._short_head = 2 if self._masks else 6
        self._max_message_size = max_message_size
        self._deflater: Deflater | None = deflate[0] if deflate else None
        self._inflater: Inflater | None = deflate[1] if deflate else None
        self._codecs = codecs
        # The reserved bit of compressed messages, and those that a data frame may have set at all. Codecs
        # that are not known here decide about their bits by themselves.
        self._compressed_bit = _COMPRESSED if deflate else 0
        self._allowed_bits = self._compressed_bit
        for codec in codecs:
            self._allowed_bits |= getattr(codec, "bits", _COMPRESSED)
        self._bits = 0
        if codecs:
            # No message has the short form of `next_event`: each one has to be decoded.
            self._short_head = 1 << 64
        # Whether frames leave neither masked nor compressed.
        self._is_plain = not self._masks and deflate is None and not codecs
        self._output: list[bytes] = []
        #: Bytes of messages, not compressed, and of the data frames that carried them.
        self.message_bytes_in = 0
        self.message_bytes_out = 0
        self.wire_bytes_out = 0
        self._fed = 0
        self._control_bytes_in = 0
        # What arrived and is not consumed: _buffer from _position on; False in _reading throws it
        # away.
        self._buffer = b""
        self._position = 0
        self._reading = True
        # The data frame being read: whether there is one, its payload bytes to come, the key they
        # are masked with, and whether it ends its message.
        self._in_payload = False
        self._remaining = 0
        self._key = b""
        self._final = True
        # The message being read; an opcode of 0 means none.
        self._opcode = 0
        self._compressed = False
        self._decoder: TextDecoder | None = None
        self._pieces: list[Any] = []
        self._size = 0
        self._wire_size = 0

    # ---- from the peer ----

    def feed(self, data: bytes) -> None:
        """Take what arrived; `next_event` tells what it means."""
        if self._reading:
            self._fed += len(data)
            rest = self._buffer
            self._buffer = rest[self._position :] + data if self._position < len(rest) else data
            self._position = 0

    @property
    def unread(self) -> int:
        """How many bytes were fed and not yet consumed."""
        return len(self._buffer) - self._position

    @property
    def wire_bytes_in(self) -> int:
        """How many bytes of data frames were consumed."""
        return self._fed - self.unread - self._control_bytes_in

    def end(self) -> None:
        """The transport ended: nothing more comes, and nothing more can be sent."""
        if self.state is State.CLOSE_RECEIVED:
            self._output.clear()
        self.state = next_state(self.state, Action.END)
        self._stop_reading()

    def next_event(self) -> Event | None:
        """Return the next event in what was fed; ``None`` if there is no whole one."""
        buffer = self._buffer
        start = self._position
        end = len(buffer)
        if end - start < 2 and not self._in_payload:
            if start == end:
                # An idle connection keeps no chunk alive.
                self._buffer = b""
                self._position = 0
            return None
        # The shape that nearly every message has: one short frame that arrived whole.
        try:
            if not self._opcode and self._reading:
                first = buffer[start]
                size = buffer[start + 1] ^ self._mask_bit
                if size < 126 and (first == _TEXT_FRAME or first == _BINARY_FRAME):
                    stop = start + self._short_head + size
                    if stop <= end and size <= self._max_message_size:
                        self._position = stop
                        self.message_bytes_in += size
                        payload = buffer[stop - size : stop]
                        if not self._mask_bit:
                            pass
                        elif mask_in_c is not None:
                            payload = mask_in_c(buffer[start + 2 : start + 6], payload)
                        else:
                            # What mask_in_python() does to few bytes, without the call.
                            pattern = (buffer[start + 2 : start + 6] * 32)[:size]
                            payload = (
                                _from_bytes(payload, "little") ^ _from_bytes(pattern, "little")
                            ).to_bytes(size, "little")
                        return payload if first == _BINARY_FRAME else decode_text(payload)
            return self._read()
        except ProtocolError as error:
            return self._fail(error.code, str(error))

    def _read(self) -> Event | None:
        """Return the next event, whatever its shape."""
        if not self._reading:
            return None
        for _ in range(_FRAMES_PER_STEP):
            if not self._in_payload:
                head = self._read_head()
                if head is not True:
                    return head or None
            if not self._read_payload():
                return None
            self._in_payload = False
            if self._final:
                return self._finish_message()
        return WORKING

    def _read_head(self) -> Event | bool:
        """Read a frame's head.

        :return: ``True`` where a data frame begins, an event for a control frame, ``False`` if
            bytes are missing.
        """
        buffer = self._buffer
        start = self._position
        available = len(buffer) - start
        if available < 2:
            return False
        first = buffer[start]
        second = buffer[start + 1]
        opcode = first & 0x0F
        self._check_head(first, second)
        size = second & 0x7F
        head = 2
        if size == 126:
            head = 4
        elif size == 127:
            head = 10
        if available < head:
            return False
        if head > 2:
            size = _from_bytes(buffer[start + 2 : start + head], "big")
            if size < (126 if head == 4 else 65536):
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "length not in its shortest form")
            if size >> 63:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "length of 2**63 or more")
        if opcode < 8:
            self._check_size(size, first & self._compressed_bit if opcode else self._compressed)
        if self._mask_bit:
            head += 4
            if available < head:
                return False
            self._key = buffer[start + head - 4 : start + head]
        if opcode >= 8:
            if available < head + size:
                return False
            self._position = start + head + size
            self._control_bytes_in += head + size
            payload = buffer[start + head : start + head + size]
            if self._mask_bit:
                payload = apply_mask(self._key, payload)
            return self._read_control(opcode, payload)
        self._position = start + head
        if opcode:
            self._bits = first & 0x70
        self._begin_frame(opcode, bool(first & 0x80), bool(first & self._compressed_bit), size)
        return True

    def _check_head(self, first: int, second: int) -> None:
        """Raise `ProtocolError` if a frame's first two bytes break a rule of RFC 6455 section 5."""
        opcode = first & 0x0F
        problem = ""
        if first & 0x70 and (first & 0x70 & ~self._allowed_bits or not 0 < opcode < 8):
            problem = "reserved bit set"
        elif opcode not in _OPCODES:
            problem = f"reserved opcode {opcode}"
        elif second & 0x80 != self._mask_bit:
            problem = "frame not masked" if self._mask_bit else "frame masked"
        elif opcode >= 8:
            if not first & 0x80:
                problem = "fragmented control frame"
            elif second & 0x7F > MAX_CONTROL_PAYLOAD:
                problem = "control frame too long"
        elif opcode == Opcode.CONTINUATION:
            if not self._opcode:
                problem = "continuation of no message"
        elif self._opcode:
            problem = "message within a fragmented message"
        if problem:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, problem)

    def _check_size(self, size: int, compressed: int | bool) -> None:
        """Raise `ProtocolError` if a frame makes its message too big, before any of it is kept."""
        limit = self._max_message_size
        if compressed:
            # What does not compress grows by a few bytes in 16 KiB; the message itself is measured
            # as it inflates.
            total = self._wire_size + size
            limit += limit // 8 + 1024
        else:
            total = self._size + size
        if total > limit:
            raise ProtocolError(CloseCode.TOO_BIG, "message too big")

    def _begin_frame(self, opcode: int, final: bool, compressed: bool, size: int) -> None:
        if opcode:
            self._opcode = opcode
            self._compressed = compressed
        if self._compressed:
            self._wire_size += size
        else:
            self._size += size
        self._final = final
        self._remaining = size
        self._in_payload = True

    def _read_payload(self) -> bool:
        """Take what there is of the frame's payload; return whether that was all of it."""
        remaining = self._remaining
        if not remaining:
            return True
        buffer = self._buffer
        start = self._position
        count = min(remaining, len(buffer) - start)
        if not count:
            return False
        stop = start + count
        remaining -= count
        self._remaining = remaining
        if self._mask_bit:
            key = self._key
            if remaining:
                self._key = rotate_key(key, count)
            chunk = apply_mask(key, buffer, start, stop)
        else:
            chunk = buffer[start:stop]
        if stop == len(buffer):
            self._buffer = b""
            self._position = 0
        else:
            self._position = stop
        if self._compressed:
            assert self._inflater is not None
            chunk = self._inflater.inflate(chunk, self._max_message_size - self._size)
            self._size += len(chunk)
        self._add(chunk)
        return not remaining

    def _add(self, data: bytes) -> None:
        """Add ``data``, unmasked and decompressed, to the message."""
        if not data:
            return
        piece: Any = data
        pieces = self._pieces
        if self._opcode == Opcode.TEXT and not self._codecs:
            if self._decoder is None:
                self._decoder = TextDecoder()
            piece = self._decoder.decode(data)
        if pieces and len(piece) < _SMALL_PIECE and len(pieces[-1]) < _SMALL_PIECE:
            pieces[-1] += piece
        else:
            pieces.append(piece)

    def _finish_message(self) -> str | bytes:
        """Return the message that the frame just read completes."""
        if self._compressed:
            assert self._inflater is not None
            rest = self._inflater.finish(self._max_message_size - self._size)
            self._size += len(rest)
            self._add(rest)
        self.message_bytes_in += self._size
        text = self._opcode == Opcode.TEXT
        if self._decoder is not None:
            self._decoder.decode(b"", final=True)
            self._decoder = None
        pieces = self._pieces
        self._pieces = []
        self._opcode = self._size = self._wire_size = 0
        self._compressed = False
        if self._codecs:
            data = decode_message(
                self._codecs, self._bits, b"".join(pieces), self._max_message_size
            )
            return decode_text(data) if text else data
        if len(pieces) == 1:
            message: str | bytes = pieces[0]
            return message
        return "".join(pieces) if text else b"".join(pieces)

    def _read_control(self, opcode: int, payload: bytes) -> Event:
        if opcode == Opcode.PING:
            if self.state is State.OPEN:
                self._output.append(self._frame(0x80 | Opcode.PONG, payload))
            return Ping(payload)
        if opcode == Opcode.PONG:
            return Pong(payload)
        code, reason = read_close(payload)
        owed = self.state is State.OPEN
        self.state = next_state(self.state, Action.RECEIVE_CLOSE)
        self._stop_reading()
        if owed:
            self._output.append(self._frame(0x80 | Opcode.CLOSE, payload[:2]))
            self.state = next_state(self.state, Action.SEND_CLOSE)
        return CloseReceived(code, reason)

    def _fail(self, code: int, reason: str) -> Failed:
        if self.state is State.OPEN:
            self._output.append(self._frame(0x80 | Opcode.CLOSE, close_payload(code, reason)))
        self.state = next_state(self.state, Action.FAIL)
        self._stop_reading()
        return Failed(code, reason)

    def _stop_reading(self) -> None:
        self._fed -= self.unread
        self._reading = self._in_payload = False
        self._buffer = b""
        self._position = 0
        self._pieces = []
        self._decoder = None

    # ---- to the peer ----

    def take_output(self) -> bytes:
        """Return the frames that events made due, and forget them."""
        output = self._output
        if not output:
            return b""
        data = output[0] if len(output) == 1 else b"".join(output)
        output.clear()
        return data

    def encode_shared(self, payload: bytes, binary: bool, frames: dict[Any, bytes]) -> bytes:
        """Return the frame of a message that goes to many; the rest is as in `encode_message`.

        :param frames: what was encoded for the others; it is used and filled.
        """
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        if self._masks or self._codecs:
            # Each frame of a client has a key of its own, and each connection its codecs.
            return self.encode_message(payload, binary)
        first = _BINARY_FRAME if binary else _TEXT_FRAME
        deflater = self._deflater if payload else None
        key = deflater.settings if deflater is not None else None
        frame = frames.get(key)
        if frame is None:
            if deflater is None:
                frame = build_frame(first, payload)
            else:
                frame = build_frame(first | _COMPRESSED, Deflater.once(*deflater.settings, payload))
            frames[key] = frame
        if deflater is not None:
            deflater.forget()
        self.message_bytes_out += len(payload)
        self.wire_bytes_out += len(frame)
        return frame

    def encode_message(self, payload: bytes, binary: bool) -> bytes:
        """Return the frame of one whole message.

        :param payload: the message; for text it has to be UTF-8, which is not checked here.
        :raises WebSocketClosedError: if the closing handshake has begun, or the connection is over.
        """
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        size = len(payload)
        self.message_bytes_out += size
        first = _BINARY_FRAME if binary else _TEXT_FRAME
        if self._is_plain:
            if size < 126:
                # What build_frame() does, without the calls.
                self.wire_bytes_out += size + 2
                return (SHORT_BINARY_HEADS if binary else SHORT_TEXT_HEADS)[size] + payload
        else:
            bits, payload = self._encode(payload, not binary)
            first |= bits
        frame = build_frame(first, payload, next_mask_key() if self._masks else None)
        self.wire_bytes_out += len(frame)
        return frame

    def encode_pieces(self, payload: bytes, binary: bool) -> list[bytes]:
        """Return what `encode_message` does, in pieces that need not be joined before they leave."""
        if not self._is_plain or self.state is not State.OPEN:
            return [self.encode_message(payload, binary)]
        head = build_head(_BINARY_FRAME if binary else _TEXT_FRAME, len(payload))
        self.message_bytes_out += len(payload)
        self.wire_bytes_out += len(head) + len(payload)
        return [head, payload]

    def compress(self, payload: bytes, is_text: bool = False) -> tuple[int, bytes]:
        """Return a message as a frame carries it, and the reserved bits that say how it is coded.

        :raises WebSocketClosedError: as `encode_message` does.
        """
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        self.message_bytes_out += len(payload)
        return self._encode(payload, is_text)

    def _encode(self, payload: bytes, is_text: bool) -> tuple[int, bytes]:
        """Return the reserved bits and the payload of a message as a frame carries it."""
        bits = 0
        if self._codecs:
            bits, payload = encode_message(self._codecs, payload, is_text)
        if self._deflater is not None and payload:
            return bits | _COMPRESSED, self._deflater.deflate(payload)
        return bits, payload

    def encode_frame(self, first: int, payload: bytes) -> bytes:
        """Return one frame as it is; whether it is allowed here is the caller's business.

        :param first: its first byte, see `build_frame`.
        :raises WebSocketClosedError: if the connection is over.
        """
        if self.state is not State.OPEN and first & 0x0F < Opcode.CLOSE:
            raise WebSocketClosedError("the WebSocket is closed")
        frame = self._frame(first, payload)
        if first & 0x0F < Opcode.CLOSE:
            self.wire_bytes_out += len(frame)
        return frame

    def encode_ping(self, payload: bytes = b"") -> bytes:
        """Return a ping; raise `ValueError` if its payload is longer than 125 bytes."""
        return self._encode_control(Opcode.PING, payload)

    def encode_pong(self, payload: bytes = b"") -> bytes:
        """Return a pong that no ping asked for; the errors are those of `encode_ping`."""
        return self._encode_control(Opcode.PONG, payload)

    def encode_close(self, code: int | None = None, reason: str = "") -> bytes:
        """Return a close frame; after it nothing can be sent.

        :param code: a code that may travel; ``None`` leaves it out, or stands for 1000 if there is
            a reason.
        :param reason: at most 123 bytes as UTF-8.
        :raises ValueError: for a code that must not be sent or a reason that is too long.
        :raises WebSocketClosedError: if the closing handshake has begun already, or the connection
            is over.
        """
        if code is None and reason:
            code = CloseCode.NORMAL
        if code is not None:
            check_code(code)
        frame = self._encode_control(Opcode.CLOSE, close_payload(code, reason))
        self.state = next_state(self.state, Action.SEND_CLOSE)
        return frame

    def _encode_control(self, opcode: Opcode, payload: bytes) -> bytes:
        if len(payload) > MAX_CONTROL_PAYLOAD:
            raise ValueError(
                f"payload of a control frame has {len(payload)} bytes,"
                f" expected at most {MAX_CONTROL_PAYLOAD}"
            )
        if self.state is not State.OPEN:
            raise WebSocketClosedError("the WebSocket is closed")
        return self._frame(0x80 | opcode, payload)

    def _frame(self, first: int, payload: bytes) -> bytes:
        return build_frame(first, payload, next_mask_key() if self._masks else None)


_OPCODES = frozenset(int(opcode) for opcode in Opcode)


def close_payload(code: int | None, reason: str) -> bytes:
    """Return the payload of a close frame."""
    if code is None and reason:
        code = CloseCode.NORMAL
    return b"" if code is None else code.to_bytes(2, "big") + reason.encode()


def read_close(payload: bytes) -> tuple[int | None, str]:
    """Return a close frame's code and reason; raise `ProtocolError` for what must not be in one."""
    if not payload:
        return None, ""
    if len(payload) == 1:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "close frame with one byte")
    code = _from_bytes(payload[:2], "big")
    if not is_wire_code(code):
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, f"close code {code} must not be sent")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError(CloseCode.INVALID_DATA, "close reason is not UTF-8") from None
