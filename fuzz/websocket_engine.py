"""Frames go to WebSocket engines of both roles; however they are cut, the events must be the same."""

from __future__ import annotations

import driving

from tornado._websocket.deflate import Deflater, Inflater
from tornado._websocket.engine import Engine, Role
from tornado._websocket.events import WORKING, CloseReceived, Failed, Ping
from tornado._websocket.hixie76 import Hixie76Engine
from tornado._websocket.state import State

TOKENS = [
    b"\x81\x00", b"\x81\x05hello", b"\x82\x03abc", b"\x01\x03abc", b"\x00\x03abc", b"\x80\x03abc",
    b"\x89\x00", b"\x89\x02hi", b"\x8a\x00", b"\x88\x00", b"\x88\x02\x03\xe8", b"\x88\x02\x03\xed",
    b"\x81\x85\0\0\0\0hello", b"\x82\x83\0\0\0\0abc", b"\x01\x83\0\0\0\0abc", b"\x00\x80\0\0\0\0",
    b"\x80\x83\0\0\0\0abc", b"\x89\x80\0\0\0\0", b"\x88\x82\0\0\0\0\x03\xe8", b"\x88\x80\0\0\0\0",
    b"\x7e", b"\x7f", b"\xfe", b"\xff", b"\xfe\x00\x7e", b"\xff\0\0\0\0\0\x01\0\0", b"\0\0\0\0",
    b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00", b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x41", b"\xc2", b"\xc1\x81\0\0\0\0\x00", b"\x00\x00\xff\xff", b"\xc3\xa4", b"\xe2\x82",
    b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x83", b"\x8b",
    b"\0hello\xff", b"\xff\0", b"\0", b"\0\xff",
]  # fmt: skip

MAX_MESSAGE_SIZE = 2048

Trace = tuple[list[object], State, bytes]


def _codecs() -> tuple[Deflater, Inflater]:
    return Deflater(), Inflater()


def _trace(role: Role | None, compressed: bool, pieces: list[bytes]) -> Trace:
    """Return the events, the state they lead to and, of a server, what it has to send.

    Without a role it is the server of the older protocol.
    """
    engine: Engine | Hixie76Engine
    if role is None:
        engine = Hixie76Engine(MAX_MESSAGE_SIZE)
    else:
        engine = Engine(role, MAX_MESSAGE_SIZE, _codecs() if compressed else None)
    events: list[object] = []
    output = b""
    over = False
    for piece in pieces:
        engine.feed(piece)
        while (event := engine.next_event()) is not None:
            assert not over, "an event after the end"
            if event is WORKING:
                continue
            if isinstance(event, str):
                assert len(event.encode()) <= MAX_MESSAGE_SIZE  # raises for a lone surrogate
            elif isinstance(event, bytes):
                assert len(event) <= MAX_MESSAGE_SIZE
            elif isinstance(event, Ping):
                assert len(event.payload) <= 125
            over = isinstance(event, (CloseReceived, Failed))
            # What is said of a failure may depend on how much had come. The older protocol has no
            # lengths: where a message is too big and no text either, what shows first counts.
            sent = engine.take_output()
            if isinstance(event, Failed):
                events.append(event.code if role is not None else "failed")
            else:
                events.append(event)
                output += sent if role is not Role.CLIENT else b""
    assert engine.unread <= driving.MAX_SIZE
    engine.end()
    return events, engine.state, output


def _check_round_trip(payload: bytes, compressed: bool) -> None:
    """What a client sends is what a server gets, and the other way round."""
    for role, peer in ((Role.CLIENT, Role.SERVER), (Role.SERVER, Role.CLIENT)):
        sender = Engine(role, deflate=_codecs() if compressed else None)
        receiver = Engine(peer, deflate=_codecs() if compressed else None)
        for _ in range(2):
            receiver.feed(sender.encode_message(payload, True))
            assert receiver.next_event() == payload
        receiver.feed(sender.encode_close(1000, "x"))
        assert receiver.next_event() == CloseReceived(1000, "x")
        sender.feed(receiver.take_output())
        assert sender.next_event() == CloseReceived(1000, "")


def check(data: bytes) -> None:
    """The first byte chooses role, compression and cuts; the rest is what the peer sends."""
    if not data:
        return
    choice, sent = data[0], data[1:]
    role = Role.CLIENT if choice & 1 else Role.SERVER
    compressed = bool(choice & 2)
    for kind in (role, None):
        whole = _trace(kind, compressed, [sent])
        for width in {1, 1 + (choice >> 2)}:
            pieces = [sent[i : i + width] for i in range(0, len(sent), width)]
            cut = _trace(kind, compressed, pieces)
            assert cut == whole, f"cut into {width}: {cut}, whole: {whole}"
    _check_round_trip(sent, compressed)
