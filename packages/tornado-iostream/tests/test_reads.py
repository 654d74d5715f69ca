"""Pending reads, without sockets: every case whole, byte by byte, and with bytes behind it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._iostream.reads import (
    ReadBytes,
    ReadInto,
    ReadManyBytes,
    ReadRegex,
    ReadUntil,
    ReadUntilClose,
    take_front,
)
from tornado.iostream import UnsatisfiableReadError

CASES = [
    pytest.param(lambda: ReadUntil(b"\r\n", None), b"line\r\n", id="until"),
    pytest.param(lambda: ReadUntil(b"\r\n", 6), b"line\r\n", id="until, limit met exactly"),
    pytest.param(lambda: ReadUntil(b"aab", None), b"aaab", id="until, overlapping start"),
    pytest.param(lambda: ReadRegex(re.compile(b"\r?\n"), None), b"line\n", id="regex"),
    pytest.param(lambda: ReadRegex(re.compile(b"[0-9]x"), 3), b"a1x", id="regex, limit"),
    pytest.param(lambda: ReadBytes(5, False), b"12345", id="bytes"),
    pytest.param(lambda: ReadManyBytes(5), b"12345", id="many bytes"),
]


@pytest.mark.parametrize(("make", "data"), CASES)
@pytest.mark.parametrize("behind", [b"", b"more\r\n1x"])
def test_whole(make, data, behind):
    buffer = bytearray(data + behind)
    assert make().take(buffer) == data
    assert bytes(buffer) == behind


@pytest.mark.parametrize(("make", "data"), CASES)
def test_byte_by_byte(make, data):
    read = make()
    buffer = bytearray()
    for i in range(len(data) - 1):
        buffer.append(data[i])
        assert read.take(buffer) is None
    buffer.append(data[-1])
    assert read.take(buffer) == data
    assert buffer == b""


@pytest.mark.parametrize(("make", "data"), CASES)
def test_a_whole_chunk_is_recognised(make, data):
    read = make()
    assert not read.is_exactly(data + b"x")
    assert not read.is_exactly(data[:-1])
    if not isinstance(read, (ReadRegex, ReadManyBytes)):
        assert read.is_exactly(data)


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lambda: ReadUntil(b"\r\n", 5), b"line\r\n"),
        (lambda: ReadUntil(b"\r\n", 4), b"line"),
        (lambda: ReadRegex(re.compile(b"x"), 2), b"aax"),
        (lambda: ReadRegex(re.compile(b"x"), 2), b"aa"),
    ],
)
def test_beyond_the_limit(make, data):
    with pytest.raises(UnsatisfiableReadError, match="within"):
        make().take(bytearray(data))


def test_partial_bytes():
    buffer = bytearray()
    read = ReadBytes(5, True)
    assert read.take(buffer) is None
    buffer += b"ab"
    assert read.take(buffer) == b"ab"
    assert ReadBytes(5, True).is_exactly(b"ab")
    assert not ReadBytes(5, False).is_exactly(b"ab")


def test_streaming_counts_down():
    read = ReadBytes(5, False)
    read.streaming = lambda chunk: None
    buffer = bytearray(b"abc")
    assert read.stream_out(buffer) == b"abc"
    assert read.take(buffer) is None
    buffer += b"defg"
    assert read.stream_out(buffer) == b"de"
    assert read.take(buffer) == b""
    assert buffer == b"fg"


def test_streaming_partial_ends_with_the_first_chunk():
    read = ReadBytes(5, True)
    buffer = bytearray(b"abc")
    assert read.stream_out(buffer) == b"abc"
    assert read.take(buffer) == b""


def test_until_close_takes_nothing_by_itself():
    buffer = bytearray(b"abc")
    assert ReadUntilClose().take(buffer) is None
    assert ReadUntilClose().stream_out(buffer) == b"abc"


def test_into():
    memory = bytearray(4)
    read = ReadInto(memoryview(memory), False)
    buffer = bytearray(b"ab")
    assert read.take(buffer) is None
    assert buffer == b""
    space = read.space()
    assert len(space) == 2
    space[:1] = b"c"
    assert read.put(1) is None
    assert read.give_back() == b"abc"
    assert read.take(bytearray(b"de")) == 4
    assert memory == b"abcd"


def test_into_partial():
    memory = bytearray(4)
    read = ReadInto(memoryview(memory), True)
    assert read.take(bytearray()) is None
    assert read.take(bytearray(b"xy")) == 2


@given(st.binary(), st.data())
def test_take_front(data, draw):
    count = draw.draw(st.integers(0, len(data)))
    buffer = bytearray(data)
    assert take_front(buffer, count) == data[:count]
    assert bytes(buffer) == data[count:]
