"""The pull face over real sockets: futures, callbacks, streaming, limits, the end of input."""

import asyncio
import itertools
import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tornado.ioloop import IOLoop
from tornado.iostream import (
    IOStream,
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
)

KINDS = pytest.mark.parametrize("kind", ["plain", "tls"])


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


@KINDS
def test_every_read_with_futures(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            await client.write(b"line\r\nrest12345678abcdef")
            assert await server.read_until(b"\r\n") == b"line\r\n"
            assert await server.read_until_regex(rb"[0-9]") == b"rest1"
            assert await server.read_bytes(3) == b"234"
            memory = bytearray(2)
            assert await server.read_into(memory) == 2
            assert memory == b"56"
            assert await server.read_bytes(100, partial=True) == b"78abcdef"
            assert await server.read_bytes(0) == b""
            client.close()
            assert await server.read_until_close() == b""
            assert server.closed()

    run(main)


@KINDS
def test_every_read_with_callbacks(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            loop = asyncio.get_running_loop()

            async def called(method, *args, **kwargs):
                future = loop.create_future()
                assert method(*args, callback=future.set_result, **kwargs) is None
                assert not future.done()  # never before the call returns
                return await future

            await client.write(b"line\r\nrest12345678")
            assert await called(server.read_until, b"\r\n") == b"line\r\n"
            assert await called(server.read_until_regex, rb"[0-9]") == b"rest1"
            assert await called(server.read_bytes, 3) == b"234"
            memory = bytearray(2)
            assert await called(server.read_into, memory) == 2
            assert await called(server.read_bytes, 9, partial=True) == b"78"
            client.close()
            assert await called(server.read_until_close) == b""

    run(main)


def test_positional_arguments_of_the_releases(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            got = []
            await client.write(b"a\nb\ncd")
            server.read_until(b"\n", got.append)
            await until(lambda: got)
            assert await server.read_until(b"\n", 10) == b"b\n"
            assert await server.read_bytes(10, True) == b"cd"
            assert got == [b"a\n"]

    run_asyncio(main)


@KINDS
def test_streaming_callbacks(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            chunks, done = [], []
            server.read_bytes(6, done.append, streaming_callback=chunks.append)
            await client.write(b"abc")
            await until(lambda: chunks)
            assert done == []
            await client.write(b"defgh")
            await until(lambda: done)
            assert b"".join(chunks) == b"abcdef"
            assert done == [b""]
            chunks.clear()
            future = server.read_until_close(streaming_callback=chunks.append)
            await client.write(b"ij")
            await until(lambda: b"".join(chunks) == b"ghij")
            client.close()
            assert await future == b""

    run(main)


def test_read_until_close_with_data_and_end_at_once(run, pairs):
    async def main():
        async with pairs() as (server, client):
            await client.write(b"all of it")
            client.close()
            assert await server.read_until_close() == b"all of it"

    run(main)


def test_reads_from_the_buffer_after_the_end(run, pairs):
    async def main():
        async with pairs() as (server, client):
            await client.write(b"one\ntwo\nrest")
            assert await server.read_until(b"\n") == b"one\n"
            client.close()
            with pytest.raises(StreamClosedError):
                await server.read_until(b"no such")
            assert server.closed()
            assert await server.read_until(b"\n") == b"two\n"
            assert await server.read_until_close() == b"rest"
            with pytest.raises(StreamClosedError):
                server.read_bytes(1)

    run(main)


def test_the_close_callback_comes_last_and_once(run, pairs):
    async def main():
        async with pairs() as (server, client):
            events = []
            server.set_close_callback(lambda: events.append("closed"))
            await client.write(b"one\ntwo\n")
            client.close()

            def first(data):
                events.append(data)
                server.read_until(b"\n", events.append)

            server.read_until(b"\n", first)
            await until(lambda: "closed" in events)
            server.close()
            await turns()
            assert events == [b"one\n", b"two\n", "closed"]

    run(main)


def test_the_close_callback_without_any_read(run, pairs):
    async def main():
        async with pairs() as (server, client):
            closed = asyncio.Event()
            server.set_close_callback(closed.set)
            client.close()
            await closed.wait()
            assert server.closed()
            assert server.error is None
            again = asyncio.Event()
            server.set_close_callback(again.set)
            await again.wait()

    run(main)


def test_a_second_read_is_refused(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            future = server.read_bytes(1)
            with pytest.raises(AssertionError, match="Already reading"):
                server.read_bytes(1)
            assert server.reading()
            await client.write(b"x")
            assert await future == b"x"
            assert not server.reading()

    run_asyncio(main)


@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.parametrize("size", [5, 200000])
def test_a_cancelled_read_leaves_its_data(run, pairs, kind, size):
    async def main():
        async with pairs(kind) as (server, client):
            future = server.read_bytes(size)
            await client.write(b"abc")
            await asyncio.sleep(0.005)
            future.cancel()
            await turns()
            assert not server.reading()
            await client.write(b"d\n")
            assert await server.read_until(b"\n") == b"abcd\n"
            memory = bytearray(4)
            future = server.read_into(memory)
            await client.write(b"ef")
            await asyncio.sleep(0.005)
            future.cancel()
            await client.write(b"g\n")
            assert await server.read_until(b"\n") == b"efg\n"

    run(main)


def test_wait_for_cancels(run, pairs):
    async def main():
        async with pairs() as (server, client):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(server.read_until(b"\n"), 0.01)
            await client.write(b"late\n")
            assert await server.read_until(b"\n") == b"late\n"

    run(main)


@KINDS
@pytest.mark.parametrize(
    "ask",
    [
        lambda stream: stream.read_until(b"\n", max_bytes=8),
        lambda stream: stream.read_until_regex(rb"\n", max_bytes=8),
    ],
)
def test_max_bytes(run, pairs, kind, ask, caplog):
    async def main():
        async with pairs(kind) as (server, client):
            await client.write(b"1234567\n")
            assert await ask(server) == b"1234567\n"
            await client.write(b"12345678\n")
            with caplog.at_level("INFO"), pytest.raises(StreamClosedError) as info:
                await ask(server)
            assert isinstance(info.value.real_error, UnsatisfiableReadError)
            assert server.error is info.value.real_error

    run(main)
    assert "Unsatisfiable read" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@KINDS
def test_max_buffer_size(run, pairs, kind, caplog):
    async def main():
        async with pairs(kind, max_buffer_size=10000) as (server, client):
            client.write(bytes(10000))
            assert len(await server.read_bytes(10000)) == 10000
            client.write(bytes(20001))
            with pytest.raises(StreamClosedError) as info:
                await server.read_until(b"x")
            assert isinstance(info.value.real_error, StreamBufferFullError)
            assert len(server._read_buffer) <= 10001

    run(main)


def test_the_buffer_limit_is_no_limit_for_streaming_and_into(run, pairs):
    async def main():
        async with pairs(max_buffer_size=1000) as (server, client):
            chunks = []
            client.write(bytes(50000))
            assert await server.read_bytes(25000, streaming_callback=chunks.append) == b""
            assert sum(map(len, chunks)) == 25000
            memory = bytearray(25000)
            assert await server.read_into(memory) == 25000

    run(main)


def test_an_idle_stream_does_not_read_far_ahead(run, pairs):
    async def main():
        async with pairs("tls", read_chunk_size=4096) as (server, client):
            server.set_close_callback(lambda: None)
            client.write(bytes(1000000))
            await asyncio.sleep(0.02)
            assert len(server._read_buffer) < 4096 + 16384
            assert len(await server.read_bytes(1000000)) == 1000000
        async with pairs() as (server, client):
            server.set_close_callback(lambda: None)
            await client.write(bytes(1000))
            await asyncio.sleep(0.005)
            assert len(server._read_buffer) == 0
            assert not server._reader_on  # and the loop does not spin
            assert len(await server.read_bytes(1000)) == 1000

    run(main)


def test_reading_available_input_lets_the_loop_turn(run, pairs):
    async def main():
        async with pairs("tcp", read_chunk_size=100) as (server, client):
            ticks = 0
            done = False

            async def tick():
                nonlocal ticks
                while not done:
                    ticks += 1
                    await asyncio.sleep(0)

            ticker = asyncio.ensure_future(tick())
            await client.write(bytes(40000))
            server.set_close_callback(lambda: None)
            for _ in range(400):
                await server.read_bytes(100)
            done = True
            await ticker
            assert ticks > 20

    run(main)


def test_arguments_that_cannot_be(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, _):
            with pytest.raises(ValueError, match="-1"):
                server.read_bytes(-1)
            with pytest.raises(re.error):
                server.read_until_regex(b"(")
            assert not server.reading()

    run_asyncio(main)


def test_an_error_in_a_callback_closes_and_is_reported(run_asyncio, pairs, caplog):
    async def main():
        async with pairs() as (server, client):
            closed = asyncio.Event()
            server.set_close_callback(closed.set)

            def fail(data):
                raise ZeroDivisionError("from the callback")

            server.read_bytes(1, fail)
            await client.write(b"x")
            await closed.wait()
            assert isinstance(server.error, ZeroDivisionError)

    run_asyncio(main)
    assert "Uncaught exception, closing connection." in caplog.text


def test_old_style_subclass_of_read_from_fd(run, pairs):
    class Slow(IOStream):
        def read_from_fd(self):
            try:
                return self.socket.recv(3)
            except BlockingIOError:
                return None

    class Counting(IOStream):
        calls = 0

        def read_from_fd(self, buf):
            self.calls += 1
            return super().read_from_fd(buf)

        def write_to_fd(self, data):
            self.calls += 1
            return super().write_to_fd(data[:5])

    async def main():
        async with pairs() as (server, client):
            for cls in (Slow, Counting):
                stream = cls(server.socket.dup())
                await client.write(b"abcdef\n12345")
                assert await stream.read_until(b"\n") == b"abcdef\n"
                memory = bytearray(5)
                assert await stream.read_into(memory) == 5
                assert memory == b"12345"
                await stream.write(b"0123456789")
                assert await client.read_bytes(10) == b"0123456789"
                if cls is Counting:
                    assert stream.calls >= 3
                stream.close()

    run(main)


def test_reading_from_a_plain_call_without_buffer(run_asyncio, pairs):
    async def main():
        for kind in ("plain", "tls"):
            async with pairs(kind) as (server, client):
                assert server.read_from_fd() is None
                client.write(b"abc")
                assert server.read_from_fd() == b"abc"

    run_asyncio(main)


OPERATIONS = st.one_of(
    st.tuples(st.just("until"), st.sampled_from([b"\n", b"ab", b"\r\n"])),
    # No match of these can grow when more arrives: else the result would hang on the split.
    st.tuples(st.just("regex"), st.sampled_from([rb"\r?\n", rb"[ab]+x"])),
    st.tuples(st.just("bytes"), st.integers(0, 40)),
    st.tuples(st.just("streamed"), st.integers(0, 40)),
    st.tuples(st.just("into"), st.integers(1, 40)),
    st.tuples(st.just("close"), st.none()),
)


def expected_results(data, operations):
    results = []
    for name, argument in operations:
        if name == "until":
            end = data.find(argument)
            end = end + len(argument) if end >= 0 else -1
        elif name == "regex":
            match = re.search(argument, data)
            end = match.end() if match else -1
        elif name == "close":
            end = len(data)
        else:
            end = argument if len(data) >= argument else -1
        if end < 0:
            results.append("closed")
        else:
            results.append(data[:end])
            data = data[end:]
    return results


async def actual_results(stream, operations):
    results = []
    for name, argument in operations:
        try:
            if name == "until":
                results.append(await stream.read_until(argument))
            elif name == "regex":
                results.append(await stream.read_until_regex(argument))
            elif name == "bytes":
                results.append(await stream.read_bytes(argument))
            elif name == "streamed":
                # Streamed bytes cannot be put back, so ask only for what will come.
                chunks = []
                await stream.read_bytes(argument, streaming_callback=chunks.append)
                await turns(3)
                results.append(b"".join(chunks))
            elif name == "into":
                memory = bytearray(argument)
                await stream.read_into(memory)
                results.append(bytes(memory))
            else:
                results.append(await stream.read_until_close())
        except StreamClosedError:
            results.append("closed")
    return results


def splits(data, cuts):
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_any_reads_over_any_split(run_asyncio, pairs, kind, chunk):
    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.lists(st.sampled_from([b"a", b"b", b"x", b"\r\n", b"\n", b"0123456789"]), max_size=30),
        st.lists(st.integers(0, 120), max_size=6),
        st.lists(OPERATIONS, max_size=8),
    )
    def check(parts, cuts, operations):
        data = b"".join(parts)
        wanted = expected_results(data, operations)
        for index, (name, _) in enumerate(operations):
            if name == "streamed" and wanted[index] == "closed":
                return

        async def main():
            async with pairs(kind, read_chunk_size=chunk) as (server, client):

                async def feed():
                    for piece in splits(data, cuts):
                        await client.write(piece)
                        await turns(2)
                    client.close()

                feeding = asyncio.ensure_future(feed())
                assert await actual_results(server, operations) == wanted
                await feeding

        run_asyncio(main)

    check()


def test_streams_use_the_loop_they_are_given():
    loop = IOLoop(make_current=False)

    left, right = socket.socketpair()
    stream = IOStream(left, loop)
    other = IOStream(right, io_loop=loop, max_buffer_size=5)
    got = []
    stream.read_bytes(2, lambda data: (got.append(data), loop.stop()))
    other.write(b"ok")
    loop.start()
    assert got == [b"ok"]
    assert other.max_buffer_size == 5
    stream.close()
    other.close()
    loop.close()


def test_the_newer_positions_of_arguments(run_asyncio):
    async def main():
        left, right = socket.socketpair()
        stream = IOStream(left, 5000, 100, 7)
        assert (stream.max_buffer_size, stream.read_chunk_size) == (5000, 100)
        assert stream.max_write_buffer_size == 7
        other = IOStream(right, None, 5000, 100, 7)
        assert (other.max_buffer_size, other.read_chunk_size) == (5000, 100)
        stream.close()
        other.close()

    run_asyncio(main)


def test_until_close_streams_what_was_buffered_before(run, pairs):
    async def main():
        async with pairs() as (server, client):
            await client.write(b"head\nbody")
            assert await server.read_until(b"\n") == b"head\n"
            chunks = []
            reading = server.read_until_close(streaming_callback=chunks.append)
            client.close()
            assert await reading == b""
            assert b"".join(chunks) == b"body"
            assert await server.read_until_close() == b""

    run(main)


def test_old_style_reads_that_give_more_than_asked(run, pairs):
    class Generous(IOStream):
        def read_from_fd(self):
            try:
                return self.socket.recv(100)
            except BlockingIOError:
                return None

    async def main():
        async with pairs() as (server, client):
            stream = Generous(server.socket.dup())
            await client.write(b"0123456789")
            memory = bytearray(4)
            assert await stream.read_into(memory) == 4
            assert memory == b"0123"
            assert await stream.read_bytes(6) == b"456789"
            stream.close()

    run(main)


def test_a_transport_that_raises_instead_of_returning_none(run, pairs):
    class Raising(IOStream):
        def read_from_fd(self, buf):
            return self.socket.recv_into(buf)

        def write_to_fd(self, data):
            return self.socket.send(data)

    async def main():
        async with pairs() as (server, client):
            stream = Raising(server.socket.dup())
            reading = stream.read_bytes(200_000)
            client.write(bytes(200_000))
            assert len(await reading) == 200_000
            writing = stream.write(bytes(3_000_000))
            assert len(await client.read_bytes(3_000_000)) == 3_000_000
            await writing
            stream.close()

    run(main)
