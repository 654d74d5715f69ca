"""The engine: every case whole, byte by byte, in threes and with trailing bytes, in both roles."""

import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tornado._websocket.deflate import Deflater, Inflater
from tornado._websocket.engine import DEFAULT_MAX_MESSAGE_SIZE, Engine, Role
from tornado._websocket.errors import ProtocolError, WebSocketClosedError
from tornado._websocket.events import CloseReceived, Failed, Ping, Pong
from tornado._websocket.state import State

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


def length_bytes(size):
    if size < 126:
        return bytes((size,))
    if size < 65536:
        return b"\x7e" + size.to_bytes(2, "big")
    return b"\x7f" + size.to_bytes(8, "big")


def close(code, reason=b""):
    return code.to_bytes(2, "big") + reason


# Frames as (first byte, payload), and the events that they are.
GOOD = {
    "text": ([(TEXT, b"Hello")], ["Hello"]),
    "empty text": ([(TEXT, b"")], [""]),
    "empty binary": ([(BINARY, b"")], [b""]),
    "binary": ([(BINARY, b"\x00\xff\x80")], [b"\x00\xff\x80"]),
    "text of 125 bytes": ([(TEXT, b"x" * 125)], ["x" * 125]),
    "text of 126 bytes": ([(TEXT, b"x" * 126)], ["x" * 126]),
    "text of 127 bytes": ([(TEXT, b"x" * 127)], ["x" * 127]),
    "binary of 641 bytes": ([(BINARY, bytes(range(256)) * 3)], [bytes(range(256)) * 3]),
    "unicode": ([(TEXT, "Grüße, κόσμε 🌍".encode())], ["Grüße, κόσμε 🌍"]),
    "two messages": ([(TEXT, b"one"), (BINARY, b"two")], ["one", b"two"]),
    "three fragments": ([(0x01, b"Hel"), (0x00, b""), (0x80, b"lo")], ["Hello"]),
    "binary fragments": ([(0x02, b"a"), (0x00, b"b"), (0x80, b"c")], [b"abc"]),
    "empty fragments": ([(0x01, b""), (0x00, b""), (0x80, b"")], [""]),
    "character across fragments": ([(0x01, b"\xf0\x9f"), (0x80, b"\x8c\x8d")], ["🌍"]),
    "ping": ([(PING, b"hi")], [Ping(b"hi")]),
    "ping of 125 bytes": ([(PING, b"p" * 125)], [Ping(b"p" * 125)]),
    "pong": ([(PONG, b"")], [Pong(b"")]),
    "ping between fragments": (
        [(0x01, b"Hel"), (PING, b"?"), (0x80, b"lo")],
        [Ping(b"?"), "Hello"],
    ),
    "pong in the middle": ([(0x02, b"a"), (PONG, b"!"), (0x80, b"b")], [Pong(b"!"), b"ab"]),
    "close": ([(CLOSE, close(1000))], [CloseReceived(1000, "")]),
    "close without code": ([(CLOSE, b"")], [CloseReceived(None, "")]),
    "close with reason": (
        [(CLOSE, close(3000, "Tschüß".encode()))],
        [CloseReceived(3000, "Tschüß")],
    ),
    "longest close": ([(CLOSE, close(4999, b"r" * 123))], [CloseReceived(4999, "r" * 123)]),
    "message, then close": (
        [(TEXT, b"bye"), (CLOSE, close(1001))],
        ["bye", CloseReceived(1001, "")],
    ),
    "close within a message": ([(0x01, b"He"), (CLOSE, close(1000))], [CloseReceived(1000, "")]),
    "nothing after close": ([(CLOSE, close(1000)), (TEXT, b"late")], [CloseReceived(1000, "")]),
}

for code in (
    1000,
    1001,
    1002,
    1003,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    3000,
    3999,
    4000,
    4999,
):
    GOOD[f"close code {code}"] = ([(CLOSE, close(code))], [CloseReceived(code, "")])

# Frames, and the close code they are failed with.
BAD = {
    "reserved bit 1": ([(TEXT | 0x40, b"x")], 1002),
    "reserved bit 2": ([(TEXT | 0x20, b"x")], 1002),
    "reserved bit 3": ([(TEXT | 0x10, b"x")], 1002),
    "all reserved bits": ([(TEXT | 0x70, b"x")], 1002),
    "reserved bit in a ping": ([(PING | 0x40, b"")], 1002),
    "fragmented ping": ([(PING & 0x7F, b"x")], 1002),
    "fragmented pong": ([(PONG & 0x7F, b"x")], 1002),
    "fragmented close": ([(CLOSE & 0x7F, close(1000))], 1002),
    "ping of 126 bytes": ([(PING, b"p" * 126)], 1002),
    "close of 126 bytes": ([(CLOSE, close(1000, b"r" * 124))], 1002),
    "continuation of nothing": ([(0x80, b"x")], 1002),
    "continuation after a message": ([(0x01, b"a"), (0x80, b"b"), (0x80, b"c")], 1002),
    "text within a message": ([(0x01, b"a"), (TEXT, b"b")], 1002),
    "binary within a message": ([(0x02, b"a"), (0x02, b"b")], 1002),
    "close with one byte": ([(CLOSE, b"\x03")], 1002),
    "close reason not UTF-8": ([(CLOSE, close(1000, b"\xff"))], 1007),
    "invalid text": ([(TEXT, b"abc\xff")], 1007),
    "invalid long text": ([(TEXT, b"x" * 300 + b"\xc0\xaf" + b"x" * 300)], 1007),
    "text cut within a character": ([(TEXT, b"abc\xe2\x82")], 1007),
    "surrogate": ([(TEXT, b"\xed\xa0\x80")], 1007),
    "above U+10FFFF": ([(TEXT, b"\xf4\x90\x80\x80")], 1007),
    "overlong": ([(TEXT, b"\xe0\x80\xaf")], 1007),
    "invalid in a later fragment": ([(0x01, b"ok"), (0x80, b"\xff")], 1007),
    "character cut by the last fragment": ([(0x01, b"\xe2"), (0x80, b"\x82")], 1007),
}
for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    BAD[f"opcode {opcode}"] = ([(0x80 | opcode, b"x")], 1002)
for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
    BAD[f"close code {code}"] = ([(CLOSE, close(code))], 1002)


@pytest.mark.parametrize("name", GOOD)
def test_good(name, side, replay):
    frames, expected = GOOD[name]
    engine = side.engine()
    assert replay(engine, b"".join(side.frame(*frame) for frame in frames)) == expected


@pytest.mark.parametrize("name", BAD)
def test_bad(name, side, replay):
    frames, code = BAD[name]
    engine = side.engine()
    events = replay(engine, b"".join(side.frame(*frame) for frame in frames))
    assert isinstance(events[-1], Failed)
    assert events[-1].code == code
    assert [event for event in events if isinstance(event, (str, bytes))] in ([], ["ab"])
    assert engine.state is State.FAILED
    sent = side.bare(engine.take_output())
    assert sent == [(CLOSE, close(code, events[-1].reason.encode()))]
    # No data after that, in either direction.
    engine.feed(side.frame(TEXT, b"more"))
    assert engine.next_event() is None
    assert engine.unread == 0
    with pytest.raises(WebSocketClosedError):
        engine.encode_message(b"x", False)


@pytest.mark.parametrize("head", [b"\x81\x05Hello", b"\x82\x00", b"\x89\x00"])
def test_server_refuses_unmasked(head, replay):
    engine = Engine(Role.SERVER)
    assert [event.code for event in replay(engine, head)] == [1002]


def test_client_refuses_masked(replay, server_side):
    engine = Engine(Role.CLIENT)
    assert [event.code for event in replay(engine, server_side.frame(TEXT, b"Hello"))] == [1002]


@pytest.mark.parametrize(
    ("length", "payload"),
    [
        (b"\x7e\x00\x7d", b"x" * 125),
        (b"\x7e\x00\x00", b""),
        (b"\x7f" + bytes(7) + b"\x05", b"x" * 5),
        (b"\x7f" + (65535).to_bytes(8, "big"), b"x" * 65535),
        (b"\x7f\x80" + bytes(7), b""),
        (b"\x7f" + b"\xff" * 8, b""),
    ],
)
def test_length_in_a_wrong_form(length, payload, side, events_of):
    engine = side.engine()
    assert [event.code for event in events_of(engine, side.frame(BINARY, payload, length))] == [
        1002
    ]


@pytest.mark.parametrize("size", [65535, 65536, 200_000])
def test_large_message(size, side, events_of):
    payload = os.urandom(size)
    assert events_of(side.engine(), side.frame(BINARY, payload)) == [payload]
    text = "ä€" * (size // 5)
    assert events_of(side.engine(), side.frame(TEXT, text.encode())) == [text]


def test_large_message_in_chunks(side):
    payload = os.urandom(200_003)
    engine = side.engine()
    data = side.frame(BINARY, payload) + side.frame(TEXT, b"next")
    events = []
    for i in range(0, len(data), 65536):
        engine.feed(data[i : i + 65536])
        while (event := engine.next_event()) is not None:
            events.append(event)
    assert events == [payload, "next"]


# ---- invalid UTF-8 is found at once ----


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"\xce\xba\xe1\xbd\xb9", b"\xf4\x90"),
        (b"abc", b"\xff"),
        (b"abc", b"\x80"),
        (b"", b"\xc0"),
        (b"", b"\xe0\x80"),
        (b"", b"\xed\xa0"),
        (b"", b"\xf0\x80"),
        (b"x\xf0\x9f", b"x"),
    ],
)
def test_bad_utf8_fails_at_the_first_impossible_byte(good, bad, side):
    """The frame says that a thousand bytes follow; the bad one is reported when it arrives."""
    engine = side.engine()
    frame = side.frame(0x01, good + bad + b"x" * 1000)
    head = len(frame) - 1000
    for i in range(head - 1):
        engine.feed(frame[i : i + 1])
        assert engine.next_event() is None
    engine.feed(frame[head - 1 : head])
    assert engine.next_event().code == 1007


def test_bad_utf8_in_compressed_data_fails_before_the_message_ends(side):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    payload = Deflater().deflate(b"\xff" + os.urandom(4000))
    frame = side.frame(0x41, payload)
    engine.feed(frame[:2000])
    assert engine.next_event().code == 1007


# ---- limits ----


def test_message_at_the_limit(side, replay):
    engine = side.engine(max_message_size=100)
    assert replay(engine, side.frame(BINARY, b"x" * 100)) == [b"x" * 100]


@pytest.mark.parametrize("first", [TEXT, BINARY, 0x01])
@pytest.mark.parametrize("size", [101, 126, 1000, 65536, 2**40])
def test_too_big_by_length_fails_at_the_head(first, size, side):
    engine = side.engine(max_message_size=100)
    engine.feed(side.frame(first, b"", length_bytes(size)))
    assert engine.next_event().code == 1009
    assert engine.unread == 0


def test_too_big_by_fragments(side, replay):
    engine = side.engine(max_message_size=100)
    frames = side.frame(0x02, b"x" * 60) + side.frame(0x00, b"x" * 40) + side.frame(0x00, b"x")
    assert [event.code for event in replay(engine, frames)] == [1009]


def test_limit_is_for_each_message(side, replay):
    engine = side.engine(max_message_size=100)
    frames = (side.frame(0x02, b"x" * 60) + side.frame(0x80, b"y" * 40)) * 3
    assert replay(engine, frames) == [b"x" * 60 + b"y" * 40] * 3


def test_too_big_by_decompression(side, replay):
    engine = side.engine(max_message_size=10_000, deflate=(Deflater(), Inflater()))
    bomb = Deflater().deflate(bytes(1_000_000))
    assert len(bomb) < 2000
    assert [event.code for event in replay(engine, side.frame(0xC2, bomb))] == [1009]


def test_decompressed_message_at_the_limit(side, replay):
    engine = side.engine(max_message_size=10_000, deflate=(Deflater(), Inflater()))
    data = side.frame(0xC2, Deflater().deflate(bytes(10_000)))
    assert replay(engine, data) == [bytes(10_000)]


def test_too_big_by_decompression_of_fragments(side, events_of):
    engine = side.engine(max_message_size=10_000, deflate=(Deflater(), Inflater()))
    bomb = Deflater().deflate(bytes(1_000_000))
    frames = [side.frame(0x42 if i == 0 else 0x00, bomb[i : i + 1]) for i in range(len(bomb))]
    assert [event.code for event in events_of(engine, b"".join(frames))] == [1009]


def test_compressed_length_far_over_the_limit_fails_at_the_head(side):
    engine = side.engine(max_message_size=1000, deflate=(Deflater(), Inflater()))
    engine.feed(side.frame(0xC2, b"", b"\x7f" + (10**6).to_bytes(8, "big")))
    assert engine.next_event().code == 1009


def test_incompressible_message_at_the_limit(side, events_of):
    payload = os.urandom(50_000)
    engine = side.engine(max_message_size=50_000, deflate=(Deflater(), Inflater()))
    assert events_of(engine, side.frame(0xC2, Deflater().deflate(payload))) == [payload]


def test_many_streams_in_one_message(side, events_of):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    assert [event.code for event in events_of(engine, side.frame(0xC2, b"\x03\x00" * 1000))] == [
        1007
    ]


def test_default_limit():
    assert DEFAULT_MAX_MESSAGE_SIZE == 10 * 1024 * 1024


def test_message_byte_by_byte_keeps_few_pieces(side):
    engine = side.engine()
    data = side.frame(BINARY, b"x" * 60_000)
    for i in range(len(data) - 1):
        engine.feed(data[i : i + 1])
        assert engine.next_event() is None
    assert len(engine._pieces) < 60_000 / 4096 + 2


def test_idle_engine_keeps_no_chunk(side, events_of):
    engine = side.engine()
    events_of(engine, side.frame(BINARY, b"x" * 50))
    assert engine._buffer == b""
    assert engine.unread == 0


# ---- nothing is decoded ahead ----


def test_events_are_taken_one_by_one(side):
    engine = side.engine()
    engine.feed(side.frame(TEXT, b"one") + side.frame(TEXT, b"two"))
    assert engine.next_event() == "one"
    rest = engine.unread
    engine.feed(side.frame(TEXT, b"three"))
    assert engine.unread > rest
    assert [engine.next_event(), engine.next_event(), engine.next_event()] == ["two", "three", None]


# ---- compression ----


def test_compressed_example_of_rfc_7692(server_side, replay):
    """Section 7.2.3.1 and .2: "Hello", and the same again referring to it."""
    engine = server_side.engine(deflate=(Deflater(), Inflater()))
    first = server_side.frame(0xC1, bytes.fromhex("f248cdc9c90700"))
    second = server_side.frame(0xC1, bytes.fromhex("f200110000"))
    assert replay(engine, first + second) == ["Hello", "Hello"]


@pytest.mark.parametrize(
    "payload",
    [
        "f248cdc9c90700",
        "000500faff48656c6c6f00",
        "f348cdc9c9070000",
        "f248050000 00ffff cac9c90700",
    ],
    ids=["deflate", "stored", "final block", "two blocks"],
)
def test_ways_to_compress_of_rfc_7692(payload, side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    data = side.frame(0xC1, bytes.fromhex(payload)) + side.frame(
        0xC1, bytes.fromhex("f248cdc9c90700")
    )
    assert replay(engine, data) == ["Hello", "Hello"]


def test_compressed_fragments_of_rfc_7692(side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    data = side.frame(0x41, bytes.fromhex("f248cd")) + side.frame(0x80, bytes.fromhex("c9c90700"))
    assert replay(engine, data) == ["Hello"]


def test_uncompressed_message_where_compression_was_agreed(side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    assert replay(engine, side.frame(TEXT, b"plain")) == ["plain"]


@pytest.mark.parametrize("first", [0xC9, 0xC8, 0xCA])
def test_compressed_control_frame(first, side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    assert [event.code for event in replay(engine, side.frame(first, b""))] == [1002]


def test_compression_bit_in_a_later_fragment(side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    data = side.frame(0x41, bytes.fromhex("f248cd")) + side.frame(0xC0, bytes.fromhex("c9c90700"))
    assert [event.code for event in replay(engine, data)] == [1002]


def test_garbage_that_does_not_inflate(side, replay):
    engine = side.engine(deflate=(Deflater(), Inflater()))
    assert [event.code for event in replay(engine, side.frame(0xC2, b"\xff\xff\xff"))] == [1007]


def test_without_compression_the_bit_is_refused(side, replay):
    data = side.frame(0xC1, bytes.fromhex("f248cdc9c90700"))
    assert [event.code for event in replay(side.engine(), data)] == [1002]


# ---- control frames and the closing handshake ----


def test_ping_is_answered(side, replay):
    engine = side.engine()
    assert replay(engine, side.frame(PING, b"payload")) == [Ping(b"payload")]
    assert side.bare(engine.take_output()) == [(PONG, b"payload")]
    assert engine.take_output() == b""


def test_pong_is_not_answered(side, replay):
    engine = side.engine()
    replay(engine, side.frame(PONG, b"payload"))
    assert engine.take_output() == b""


@pytest.mark.parametrize("payload", [b"", close(1000), close(4321, b"why")])
def test_close_is_answered_with_its_code(payload, side, replay):
    engine = side.engine()
    replay(engine, side.frame(CLOSE, payload))
    assert side.bare(engine.take_output()) == [(CLOSE, payload[:2])]
    assert engine.state is State.CLOSED


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_illegal_code_is_never_echoed(code, side, replay):
    engine = side.engine()
    replay(engine, side.frame(CLOSE, close(code)))
    ((first, payload),) = side.bare(engine.take_output())
    assert (first, payload[:2]) == (CLOSE, close(1002))


def test_closing_from_this_side(side):
    engine = side.engine()
    assert side.bare(engine.encode_close(1001, "bye")) == [(CLOSE, close(1001, b"bye"))]
    assert engine.state is State.CLOSE_SENT
    for encode in (
        lambda: engine.encode_message(b"x", True),
        engine.encode_ping,
        engine.encode_pong,
        engine.encode_close,
    ):
        with pytest.raises(WebSocketClosedError):
            encode()
    # What the peer sent before it saw the close frame still comes.
    engine.feed(side.frame(TEXT, b"late") + side.frame(PING) + side.frame(CLOSE, close(1001)))
    assert engine.next_event() == "late"
    assert engine.next_event() == Ping(b"")
    assert engine.next_event() == CloseReceived(1001, "")
    assert engine.take_output() == b""
    assert engine.state is State.CLOSED


def test_failure_after_our_close_sends_nothing(side):
    engine = side.engine()
    engine.encode_close()
    engine.feed(side.frame(0x83, b""))
    assert engine.next_event().code == 1002
    assert engine.take_output() == b""


def test_end_of_the_transport(side):
    engine = side.engine()
    engine.feed(side.frame(TEXT, b"cut")[:-1])
    assert engine.next_event() is None
    engine.end()
    assert engine.state is State.CLOSED
    assert engine.unread == 0
    assert engine.next_event() is None
    with pytest.raises(WebSocketClosedError):
        engine.encode_message(b"x", False)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_illegal_code_is_never_sent(code, side):
    engine = side.engine()
    with pytest.raises(ValueError, match=str(code)):
        engine.encode_close(code)
    assert engine.state is State.OPEN


def test_reason_without_code_is_1000(side):
    assert side.bare(side.engine().encode_close(None, "r")) == [(CLOSE, close(1000, b"r"))]


def test_control_frame_too_long(side):
    engine = side.engine()
    with pytest.raises(ValueError, match="126 bytes, expected at most 125"):
        engine.encode_ping(b"x" * 126)
    with pytest.raises(ValueError, match="126 bytes"):
        engine.encode_close(1000, "x" * 124)
    assert engine.state is State.OPEN


# ---- what is sent ----


@pytest.mark.parametrize(
    ("payload", "head"),
    [
        (b"", b"\x82\x00"),
        (b"x" * 125, b"\x82\x7d"),
        (b"x" * 126, b"\x82\x7e\x00\x7e"),
        (b"x" * 65535, b"\x82\x7e\xff\xff"),
        (b"x" * 65536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_frames_of_a_server(payload, head):
    assert Engine(Role.SERVER).encode_message(payload, True) == head + payload


def test_a_client_masks_with_fresh_keys():
    engine = Engine(Role.CLIENT)
    frames = {engine.encode_message(b"x" * 20, True) for _ in range(100)}
    assert len(frames) == 100
    assert {frame[:2] for frame in frames} == {b"\x82\x94"}


# ---- both ends against each other ----

messages = st.lists(
    st.one_of(st.text(max_size=300), st.binary(max_size=300), st.just("ä" * 40_000)), max_size=8
)


def pair(deflate):
    def codecs():
        return (Deflater(), Inflater()) if deflate else None

    return Engine(Role.CLIENT, deflate=codecs()), Engine(Role.SERVER, deflate=codecs())


def encode(engine, message):
    if isinstance(message, str):
        return engine.encode_message(message.encode(), False)
    return engine.encode_message(message, True)


@settings(max_examples=60)
@given(sent=messages, deflate=st.booleans(), cuts=st.lists(st.integers(1, 5000), min_size=1))
def test_round_trip(sent, deflate, cuts):
    for sender, receiver in (pair(deflate), pair(deflate)[::-1]):
        data = b"".join(encode(sender, message) for message in sent)
        got, position, turn = [], 0, 0
        while position < len(data):
            step = cuts[turn % len(cuts)]
            receiver.feed(data[position : position + step])
            position, turn = position + step, turn + 1
            while (event := receiver.next_event()) is not None:
                got.append(event)
        assert got == sent


@settings(max_examples=300)
@given(data=st.binary(max_size=200), cut=st.integers(1, 200), server=st.booleans())
def test_any_bytes_give_the_same_events_however_they_arrive(data, cut, server):
    role = Role.SERVER if server else Role.CLIENT
    results = []
    for step in (len(data) or 1, cut, 1):
        engine = Engine(role, max_message_size=100, deflate=(Deflater(), Inflater()))
        events = []
        for i in range(0, len(data), step):
            engine.feed(data[i : i + step])
            while (event := engine.next_event()) is not None:
                events.append(event)
        events = [(e.code,) if isinstance(e, Failed) else e for e in events]
        results.append((events, engine.state))
    assert results[0] == results[1] == results[2]


def test_inflater_errors_are_protocol_errors():
    with pytest.raises(ProtocolError) as caught:
        Inflater().inflate(b"\xff\xff", 100)
    assert caught.value.code == 1007
    assert zlib.error not in type(caught.value).__mro__


@pytest.mark.parametrize("size", [11, 125])
def test_a_short_message_over_the_limit(side, size):
    """The shortest frames have a path of their own, which knows the limit too."""
    engine = side.engine(max_message_size=10)
    engine.feed(side.frame(0x82, bytes(10)))
    assert engine.next_event() == bytes(10)
    engine.feed(side.frame(0x82, bytes(size)))
    event = engine.next_event()
    assert (event.code, event.reason) == (1009, "message too big")
