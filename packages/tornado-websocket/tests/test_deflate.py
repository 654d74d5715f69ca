"""The compression's data side by itself."""

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._websocket.deflate import Deflater, Inflater
from tornado._websocket.errors import ProtocolError

ROOM = 10**6


def inflate(inflater, data, room=ROOM):
    first = inflater.inflate(data, room)
    return first + inflater.finish(room - len(first))


@pytest.mark.parametrize("window_bits", range(8, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_every_window(window_bits, takeover):
    """What is deflated for a window can be inflated with a window of that size."""
    deflater = Deflater(window_bits, takeover)
    inflater = Inflater(window_bits, takeover)
    # Repetitions farther apart than the small windows, and some within them.
    block = bytes(range(200)) + b"abc" * 50 + zlib.compress(bytes(range(256)) * 7)
    for message in (block * 20, b"", block, block * 300, b"x"):
        assert inflate(inflater, deflater.deflate(message)) == message


@given(messages=st.lists(st.binary(max_size=2000), max_size=6), takeover=st.booleans())
def test_round_trip(messages, takeover):
    deflater, inflater = Deflater(context_takeover=takeover), Inflater(context_takeover=takeover)
    for message in messages:
        assert inflate(inflater, deflater.deflate(message)) == message


def test_context_takeover_pays():
    text = b"a line that comes again and again, word for word, number by number"
    kept, fresh = Deflater(), Deflater(context_takeover=False)
    assert len(kept.deflate(text)) == len(fresh.deflate(text))
    assert len(kept.deflate(text)) < len(fresh.deflate(text)) / 3


def test_forget():
    """After a message that somebody else compressed, nothing refers to what was before it."""
    deflater, inflater = Deflater(), Inflater()
    text = b"some text that repeats"
    assert inflate(inflater, deflater.deflate(text)) == text
    assert inflate(inflater, Deflater.once(15, 6, 8, b"from elsewhere")) == b"from elsewhere"
    deflater.forget()
    assert inflate(inflater, deflater.deflate(text)) == text


def test_room():
    data = Deflater().deflate(b"x" * 1000)
    assert inflate(Inflater(), data, 1000) == b"x" * 1000
    with pytest.raises(ProtocolError) as caught:
        inflate(Inflater(), data, 999)
    assert caught.value.code == 1009


def test_a_bomb_is_never_unfolded():
    bomb = Deflater().deflate(bytes(50_000_000))
    inflater = Inflater()
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            inflater.inflate(bomb, 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == 1009
    assert peak < 1_000_000


def test_streams_that_end():
    """RFC 7692 section 7.2.3.4: a block with its final bit set."""
    inflater = Inflater()
    final = bytes.fromhex("f348cdc9c90700")
    assert inflate(inflater, final + b"\x00") == b"Hello"
    assert inflate(inflater, Deflater().deflate(b"next")) == b"next"
    # The same without the byte that has to follow: the next message still stands by itself.
    assert inflate(inflater, final) == b"Hello"
    assert inflate(inflater, Deflater().deflate(b"next")) == b"next"


def test_garbage():
    with pytest.raises(ProtocolError) as caught:
        Inflater().inflate(b"\x07\xff", ROOM)
    assert caught.value.code == 1007


@given(data=st.binary(max_size=300))
def test_any_bytes(data):
    try:
        code, size = None, len(inflate(Inflater(), data, 1000))
    except ProtocolError as error:
        code, size = error.code, 0
    assert code in (None, 1007, 1009)
    assert size <= 1000
