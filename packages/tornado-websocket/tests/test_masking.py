"""Masking against its definition, at every alignment, on both sides of the crossover."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._websocket import masking
from tornado._websocket.masking import apply_mask, mask_in_python, next_mask_key, rotate_key


def definition(key, data):
    """RFC 6455 section 5.3, word for word."""
    return bytes(octet ^ key[i % 4] for i, octet in enumerate(data))


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, 4, 5, 7, 8, 125, 126, 639, 640, 641, 642, 643, 644, 5000]
)
def test_definition(size):
    key, data = os.urandom(4), os.urandom(size)
    assert apply_mask(key, data) == definition(key, data)


def test_zero_key_changes_nothing():
    for size in (10, 1000):
        data = os.urandom(size)
        assert apply_mask(bytes(4), data) == data


@given(key=st.binary(min_size=4, max_size=4), data=st.binary(max_size=1500))
def test_twice_is_nothing(key, data):
    assert apply_mask(key, apply_mask(key, data)) == data


@given(
    key=st.binary(min_size=4, max_size=4), data=st.binary(max_size=1500), cut=st.integers(0, 1500)
)
def test_in_two_parts(key, data, cut):
    first, second = data[:cut], data[cut:]
    parts = apply_mask(key, first) + apply_mask(rotate_key(key, len(first)), second)
    assert parts == apply_mask(key, data)


def test_keys_are_fresh_across_refills():
    count = masking._KEYS_PER_READ * 2 + 10
    keys = {next_mask_key() for _ in range(count)}
    assert all(len(key) == 4 for key in keys)
    assert len(keys) > count - 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_its_own_keys():
    next_mask_key()
    read_end, write_end = os.pipe()
    # The child only copies its next keys into the pipe and leaves.
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, b"".join(next_mask_key() for _ in range(50)))
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        theirs = pipe.read()
    os.waitpid(child, 0)
    assert len(theirs) == 200
    assert theirs != b"".join(next_mask_key() for _ in range(50))


class EmptiedByOthers(list):
    """A pool that another thread empties after it was seen to hold something."""

    def __bool__(self):
        return True

    def __len__(self):
        return 1

    def pop(self, *args):
        raise IndexError("pop from empty list")


def test_another_thread_takes_the_last_of_a_pool(monkeypatch):
    """A look at a pool and taking from it are one step."""
    monkeypatch.setattr(masking, "_rooms", EmptiedByOthers())
    monkeypatch.setattr(masking, "_keys", EmptiedByOthers())
    data = os.urandom(5000)
    assert mask_in_python(b"abcd", data) == definition(b"abcd", data)
    assert len(next_mask_key()) == 4


def test_threads_share_no_room():
    data = [os.urandom(3000) for _ in range(4)]
    expected = [definition(b"abcd", each) for each in data]

    def work(number):
        return all(mask_in_python(b"abcd", data[number]) == expected[number] for _ in range(300))

    with ThreadPoolExecutor(4) as executor:
        assert all(executor.map(work, range(4)))


# ---- in C ----


@given(
    key=st.binary(min_size=4, max_size=4),
    data=st.one_of(st.binary(max_size=1500), st.binary(min_size=4000, max_size=5000)),
    start=st.integers(0, 1500),
    length=st.none() | st.integers(0, 5000),
)
def test_c_and_python_are_equal(key, data, start, length):
    pytest.importorskip("tornado.speedups")
    start = min(start, len(data))
    stop = None if length is None else min(start + length, len(data))
    expected = mask_in_python(key, data, start, stop)
    assert expected == definition(key, data[start:stop])
    assert masking.mask_in_c(key, data[start:stop]) == expected
    assert apply_mask(key, data, start, stop) == expected


@pytest.mark.parametrize("size", [0, 1, 125, 640, 641, 4096, 65536, 65537, 200_003])
def test_c_and_python_are_equal_at_the_limits(size):
    speedups = pytest.importorskip("tornado.speedups")
    data = os.urandom(size)
    assert speedups.websocket_mask(b"abcd", data) == mask_in_python(b"abcd", data)
    assert apply_mask(b"abcd", data, 1, size) == definition(b"abcd", data[1:])


def test_without_the_extension(monkeypatch):
    monkeypatch.setattr(masking, "mask_in_c", None)
    data = os.urandom(5000)
    assert apply_mask(b"abcd", data, 3, 4999) == definition(b"abcd", data[3:4999])


def test_the_module_is_found_or_done_without():
    """In a fresh process, with the extension hidden: nothing requires it."""
    code = (
        "import sys; sys.modules['tornado.speedups'] = None\n"
        "from tornado._websocket import masking\n"
        "assert masking.mask_in_c is None\n"
        "assert masking.apply_mask(b'abcd', b'54321') == b'TVPVP'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
