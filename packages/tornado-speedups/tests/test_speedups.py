"""The masks in C, against their definition."""

import array
import importlib.util
import sys
import sysconfig
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

speedups = pytest.importorskip("tornado.speedups")  # optional where all tests run together
websocket_mask = speedups.websocket_mask
websocket_mask_inplace = speedups.websocket_mask_inplace

KEY = b"\x01\x92\x00\xff"


def definition(key, data):
    return bytes(octet ^ key[i % 4] for i, octet in enumerate(data))


@pytest.mark.parametrize("size", [*range(70), 255, 256, 1000, 4095, 65536, 100_001])
def test_definition(size):
    data = bytes(i * 7 & 255 for i in range(size))
    expected = definition(KEY, data)
    assert websocket_mask(KEY, data) == expected
    changed = bytearray(data)
    assert websocket_mask_inplace(KEY, changed) is None
    assert changed == expected
    assert websocket_mask(KEY, expected) == data


@given(
    key=st.binary(min_size=4, max_size=4), data=st.binary(max_size=300), start=st.integers(0, 20)
)
def test_any_key_data_and_alignment(key, data, start):
    expected = definition(key, data[start:])
    assert websocket_mask(key, data[start:]) == expected
    assert websocket_mask(key, memoryview(data)[start:]) == expected
    changed = bytearray(data)
    websocket_mask_inplace(key, memoryview(changed)[start:])
    assert changed == data[:start] + expected


@pytest.mark.parametrize("of_key", [bytes, bytearray, memoryview])
@pytest.mark.parametrize(
    "of_data", [bytes, bytearray, memoryview, lambda data: array.array("B", data)]
)
def test_kinds_of_bytes(of_key, of_data):
    data = b"some bytes, not many"
    given = of_data(data)
    result = websocket_mask(of_key(KEY), given)
    assert type(result) is bytes
    assert result == definition(KEY, data)
    assert bytes(given) == data


def test_the_result_is_a_new_object():
    """Bytes of length 0 and 1 exist once in a process: they must not be written to."""
    assert websocket_mask(KEY, b"") == b""
    assert websocket_mask(b"\x01\x00\x00\x00", b"a") == b"`"
    assert b"a"[0] == 97
    for octet in range(256):
        assert websocket_mask(KEY, bytes([octet]))[0] == octet ^ 1
        assert bytes([octet])[0] == octet


@pytest.mark.parametrize("key", [b"", b"a", b"abc", b"abcde", bytearray(8)])
@pytest.mark.parametrize("mask", [websocket_mask, websocket_mask_inplace])
def test_a_key_of_another_length(mask, key):
    with pytest.raises(ValueError, match=f"mask has {len(key)} bytes, expected 4"):
        mask(key, bytearray(b"data"))


@pytest.mark.parametrize(
    "arguments", [(), (KEY,), (KEY, b"", b""), ("text", b""), (KEY, "text"), (KEY, 1)]
)
@pytest.mark.parametrize("mask", [websocket_mask, websocket_mask_inplace])
def test_arguments_that_are_no_bytes(mask, arguments):
    with pytest.raises(TypeError):
        mask(*arguments)


@pytest.mark.parametrize(
    "data", [b"bytes", memoryview(b"bytes"), memoryview(bytearray(8)).toreadonly()]
)
def test_what_is_read_only_is_not_changed_in_place(data):
    before = bytes(data)
    with pytest.raises((TypeError, BufferError)):
        websocket_mask_inplace(KEY, data)
    assert bytes(data) == before


def test_what_is_not_contiguous():
    strided = memoryview(bytearray(16))[::2]
    for mask in (websocket_mask, websocket_mask_inplace):
        with pytest.raises((TypeError, BufferError)):
            mask(KEY, strided)


def test_a_masked_bytearray_can_be_resized():
    """No view of it is kept."""
    data = bytearray(b"data")
    websocket_mask_inplace(KEY, data)
    websocket_mask(KEY, data)
    data.extend(b"more")


def test_references_are_returned():
    data = bytearray(b"x" * 1000)
    before = sys.getrefcount(data), sys.getrefcount(KEY)
    for _ in range(100):
        websocket_mask(KEY, data)
        websocket_mask_inplace(KEY, data)
    assert (sys.getrefcount(data), sys.getrefcount(KEY)) == before


def test_from_several_threads():
    data = bytes(range(256)) * 256
    expected = definition(KEY, data)
    results = []

    def work():
        results.extend(websocket_mask(KEY, data) == expected for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80


def test_one_file_serves_every_python():
    origin = importlib.util.find_spec("tornado.speedups").origin
    assert origin.endswith(".pyd" if sysconfig.get_platform().startswith("win") else ".abi3.so")
    assert speedups.__doc__
    assert {name for name in vars(speedups) if not name.startswith("_")} == {
        "websocket_mask",
        "websocket_mask_inplace",
    }
