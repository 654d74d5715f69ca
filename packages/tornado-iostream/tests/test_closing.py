"""Ends of a stream: cut-off reads, descriptors closed behind its back, the order of callbacks."""

import asyncio
import errno
import os
import socket
import ssl

import pytest

from tornado.iostream import (
    IOStream,
    PipeIOStream,
    SSLIOStream,
    StreamBufferFullError,
    StreamClosedError,
)


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


@pytest.mark.parametrize(
    ("error", "fails"),
    [
        (None, False),
        (ConnectionResetError(errno.ECONNRESET, "reset"), False),
        (BrokenPipeError(errno.EPIPE, "pipe"), False),
        (TimeoutError(errno.ETIMEDOUT, "time"), False),
        (OSError(errno.EIO, "disk"), True),
        (ValueError("odd"), True),
        (ssl.SSLError(1, "bad record"), True),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_cut_off_read_until_close(run, pairs, error, fails, streaming):
    async def main():
        async with pairs() as (left, right):
            chunks = []
            pending = left.read_until_close(
                **({"streaming_callback": chunks.append} if streaming else {})
            )
            await right.write(b"part")
            await asyncio.sleep(0.002)
            left.close(exc_info=error or False)
            if fails:
                with pytest.raises(StreamClosedError) as caught:
                    await pending
                assert caught.value.real_error is error
            else:
                assert await pending == (b"" if streaming else b"part")

    run(main)


def test_a_cut_off_read_until_close_with_a_callback(run, pairs):
    async def main():
        async with pairs() as (left, right):
            got = []
            left.read_until_close(got.append)
            await right.write(b"part")
            await asyncio.sleep(0.002)
            left.close(exc_info=ValueError("odd"))
            await until(lambda: got)
            assert got == [b"part"]  # as every release with callbacks: there is `error` to look at

    run(main)


def test_reading_until_close_beyond_the_limit(run, pairs, caplog):
    async def main():
        async with pairs(max_buffer_size=10_000) as (left, right):
            pending = left.read_until_close()
            writing = right.write(bytes(100_000))
            with pytest.raises(StreamClosedError) as caught:
                await pending
            assert isinstance(caught.value.real_error, StreamBufferFullError)
            await asyncio.wait([writing])

    run(main)
    records = [(r.levelname, r.getMessage()) for r in caplog.records]
    assert records[0] == ("ERROR", "Reached maximum read buffer size")
    assert records[1][0] == "WARNING"
    assert records[1][1].startswith("error on read: Reached maximum read buffer size")
    assert len(records) == 2


def by_number(stream):
    os.close(stream.fileno())


def by_socket(stream):
    stream.socket.close()


@pytest.mark.parametrize("how", [by_number, by_socket])
@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("pending", [False, True])
def test_a_descriptor_closed_by_somebody_else(run_asyncio, how, watched, pending):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            stream = IOStream(ours)
            closed = []
            if watched:
                stream.set_close_callback(lambda: closed.append(True))
            reading = stream.read_bytes(1) if pending else None
            how(stream)
            stream.close()
            stream.close()
            if reading is not None:
                with pytest.raises(StreamClosedError):
                    await reading
            await asyncio.sleep(0)
            assert closed == [True] * watched
            if how is by_number:
                ours.detach()

    run_asyncio(main)


@pytest.mark.parametrize("how", [by_number, by_socket])
@pytest.mark.parametrize("watched", [False, True])
def test_reading_from_a_descriptor_closed_by_somebody_else(run_asyncio, how, watched):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            stream = IOStream(ours)
            closed = []
            if watched:
                stream.set_close_callback(lambda: closed.append(True))
            how(stream)
            with pytest.raises(OSError, match="Bad file descriptor") as caught:
                await stream.read_bytes(1)
            assert caught.value.errno == errno.EBADF
            assert stream.closed()
            await asyncio.sleep(0)
            assert closed == [True] * watched
            if how is by_number:
                ours.detach()

    run_asyncio(main)


def test_a_transport_that_cannot_be_closed(run, pairs, caplog):
    class Stubborn(IOStream):
        __slots__ = ()

        def close_fd(self):
            super().close_fd()
            raise self.failure

    async def main(failure):
        async with pairs() as (left, _right):
            Stubborn.failure = failure
            left.__class__ = Stubborn
            closed = []
            left.set_close_callback(lambda: closed.append(True))
            pending = left.read_bytes(1)
            left.close()
            with pytest.raises(StreamClosedError):
                await pending
            await asyncio.sleep(0)
            assert closed == [True]

    run(main, OSError(errno.EBADF, "gone"))
    assert caplog.records == []
    run(main, RuntimeError("odd"))
    assert len(caplog.records) == 1


def test_dropped_pipes_are_closed(run):
    async def main():
        reading, writing = os.pipe()
        stream = PipeIOStream(writing)
        await stream.write(b"x")
        with pytest.warns(ResourceWarning, match="unclosed pipe"):
            del stream
        source = PipeIOStream(reading)
        assert await source.read_until_close() == b"x"

    run(main)


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_the_close_callback_comes_last(run, pairs, kind):
    async def main():
        async with pairs(kind) as (left, right):
            events = []

            def on_line(line):
                events.append(line)
                left.read_until(b"\n", on_line)

            left.set_close_callback(lambda: events.append("closed"))
            await right.write(b"one\ntwo\nthree\n")
            right.close()
            left.read_until(b"\n", on_line)
            await until(lambda: "closed" in events)
            assert events == [b"one\n", b"two\n", b"three\n", "closed"]

    run(main)


def test_the_close_callback_follows_other_callbacks(run, pairs):
    async def main():
        async with pairs() as (left, right):
            events = []
            left.set_close_callback(lambda: events.append("closed"))
            left.read_bytes(2, lambda data: (events.append(data), left.close()))
            left.write(b"x", lambda: events.append("written"))
            await right.write(b"ab")
            await until(lambda: "closed" in events)
            assert events == ["written", b"ab", "closed"]

    run(main)


def test_wait_for_handshake_calls_without_arguments(run, pairs):
    async def main():
        async with pairs("tls") as (left, _right):
            called = []
            assert left.wait_for_handshake(lambda: called.append(True)) is None
            await until(lambda: called)
            assert await left.wait_for_handshake() is left
            assert called == [True]

    run(main)


def test_memory_is_free_while_the_error_is_handled(run, pairs):
    async def main():
        async with pairs("tls") as (left, right):
            right.socket.close()
            data = bytearray(100_000)
            with pytest.raises(StreamClosedError):
                while True:
                    await left.write(data)
            try:
                raise left.error
            except OSError:
                data += b"more"
            assert isinstance(left, SSLIOStream)

    run(main)
