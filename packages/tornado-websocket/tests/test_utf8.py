"""The incremental decoder, against a table of RFC 3629's grammar."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._websocket.errors import ProtocolError
from tornado._websocket.utf8 import TextDecoder, decode_text

# RFC 3629 section 4: the ranges of each byte of a character.
TAIL = (0x80, 0xBF)
FORMS = [
    [(0x00, 0x7F)],
    [(0xC2, 0xDF), TAIL],
    [(0xE0, 0xE0), (0xA0, 0xBF), TAIL],
    [(0xE1, 0xEC), TAIL, TAIL],
    [(0xED, 0xED), (0x80, 0x9F), TAIL],
    [(0xEE, 0xEF), TAIL, TAIL],
    [(0xF0, 0xF0), (0x90, 0xBF), TAIL, TAIL],
    [(0xF1, 0xF3), TAIL, TAIL, TAIL],
    [(0xF4, 0xF4), (0x80, 0x8F), TAIL, TAIL],
]


def can_begin(data):
    """Whether ``data`` is the begin of one character, or all of it."""
    return any(
        len(data) <= len(form)
        and all(low <= byte <= high for byte, (low, high) in zip(data, form, strict=False))
        for form in FORMS
    )


EDGES = sorted(
    {
        edge
        for form in FORMS
        for pair in form
        for edge in (pair[0] - 1, pair[0], pair[1], pair[1] + 1)
    }
    & set(range(256))
)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_first_impossible_byte(length):
    """Every sequence of bytes at the edges of the ranges fails exactly where the grammar does."""
    for data in itertools.product(EDGES, repeat=length):
        if not can_begin(data[:-1]) or (length > 1 and can_end(data[:-1])):
            continue
        decoder = TextDecoder()
        for byte in data[:-1]:
            assert decoder.decode(bytes((byte,))) == ""
        if can_begin(data):
            decoder.decode(bytes(data[-1:]))
        else:
            with pytest.raises(ProtocolError):
                decoder.decode(bytes(data[-1:]))


def can_end(data):
    return any(
        len(data) == len(form)
        and all(low <= byte <= high for byte, (low, high) in zip(data, form, strict=True))
        for form in FORMS
    )


def test_error_names_the_byte():
    decoder = TextDecoder()
    decoder.decode(b"abc\xe2\x82")
    with pytest.raises(ProtocolError, match="byte 3 ") as caught:
        decoder.decode(b"x")
    assert caught.value.code == 1007


def test_cut_at_the_end():
    decoder = TextDecoder()
    decoder.decode(b"\xe2\x82")
    with pytest.raises(ProtocolError):
        decoder.decode(b"", final=True)


def test_whole():
    assert decode_text("añ€🌍".encode()) == "añ€🌍"
    with pytest.raises(ProtocolError, match="byte 1 "):
        decode_text(b"a\xff")


@given(text=st.text(), cuts=st.lists(st.integers(1, 5), min_size=1))
def test_round_trip(text, cuts):
    data, decoder, out, turn = text.encode(), TextDecoder(), [], 0
    while data:
        step = cuts[turn % len(cuts)]
        out.append(decoder.decode(data[:step]))
        data, turn = data[step:], turn + 1
    out.append(decoder.decode(b"", final=True))
    assert "".join(out) == text


@given(data=st.binary(max_size=40), cuts=st.lists(st.integers(1, 3), min_size=1))
def test_accepts_what_python_accepts(data, cuts):
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        expected = None
    decoder, out, turn, rest = TextDecoder(), [], 0, data
    try:
        while rest:
            step = cuts[turn % len(cuts)]
            out.append(decoder.decode(rest[:step]))
            rest, turn = rest[step:], turn + 1
        out.append(decoder.decode(b"", final=True))
        got = "".join(out)
    except ProtocolError:
        got = None
    assert got == expected
