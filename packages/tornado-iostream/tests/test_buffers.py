"""The queue of what waits to be written."""

from hypothesis import given
from hypothesis import strategies as st

from tornado._iostream.buffers import FileRange, WriteQueue

KINDS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "wide memoryview": lambda data: memoryview(data + bytes(-len(data) % 4)).cast("I"),
}


def drain(queue, step):
    out = b""
    while queue:
        front = b"".join(queue.buffers())
        head = bytes(queue.head(step))
        assert head == front[: len(head)]
        count = min(step, len(front))
        out += front[:count]
        queue.advance(count)
    return out


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 9000), st.integers(0, 255)),
        max_size=20,
    ),
    st.integers(50, 20000),
)
def test_what_goes_in_comes_out(chunks, step):
    queue = WriteQueue()
    expected = b""
    for kind, size, fill in chunks:
        data = KINDS[kind](bytes([fill]) * size)
        expected += bytes(data)
        queue.append(data)
    assert queue.size == len(queue) == len(expected)
    assert drain(queue, step) == expected
    assert queue.size == 0
    assert not queue


def test_small_chunks_share_one_buffer():
    queue = WriteQueue()
    for _ in range(10000):
        queue.append(b"x")
    assert len(queue._items) == 1
    assert queue.size == 10000


def test_a_bytearray_may_change_after_it_was_queued():
    queue = WriteQueue()
    data = bytearray(b"a" * 10000)
    queue.append(data)
    data.clear()
    assert queue.head(5) == b"aaaaa"


def test_the_rest_of_a_sent_chunk():
    queue = WriteQueue()
    queue.append_rest(b"abcdef", 2)
    queue.append_rest(b"gh", 0)
    assert drain(queue, 3) == b"cdefgh"


def test_a_strided_memoryview():
    queue = WriteQueue()
    queue.append(memoryview(b"abcdef")[::2])
    assert drain(queue, 100) == b"ace"


def test_file_ranges_keep_their_place():
    queue = WriteQueue()
    queue.append(b"before")
    part = FileRange(0, 0, 10)
    queue.append_file(part)
    queue.append(b"after")
    assert queue.head_file() is None
    assert b"".join(queue.buffers()) == b"before"
    queue.advance(6)
    assert queue.head_file() is part
    assert queue.size == 5
    queue.drop_head()
    assert drain(queue, 2) == b"after"


def test_clear():
    queue = WriteQueue()
    queue.append(b"x")
    queue.clear()
    assert not queue
    assert queue.size == 0
