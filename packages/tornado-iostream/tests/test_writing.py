"""Writing over real sockets: order, futures and callbacks, limits, slow readers."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tornado.iostream import StreamBufferFullError, StreamClosedError

KINDS = pytest.mark.parametrize("kind", ["plain", "tcp", "tls"])


@KINDS
def test_kinds_of_data(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            await server.write(b"bytes ")
            await server.write(bytearray(b"bytearray "))
            await server.write(memoryview(b"memoryview "))
            await server.write(memoryview(b"wide").cast("I"))
            await server.write(b"")
            assert await client.read_bytes(31) == b"bytes bytearray memoryview wide"
            for wrong in ("text", None, 5):
                with pytest.raises(TypeError):
                    server.write(wrong)

    run(main)


def test_a_bytearray_may_be_used_again_at_once(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            data = bytearray(b"a" * 5_000_000)
            future = server.write(data)
            assert server.writing()
            data[:] = bytes(len(data))
            data.clear()
            assert await client.read_bytes(5_000_000) == b"a" * 5_000_000
            await future

    run(main)


@KINDS
def test_futures_come_in_order(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            done = []
            futures = []
            for i in range(4):
                future = server.write(bytes(2_000_000))
                future.add_done_callback(lambda _, i=i: done.append(i))
                futures.append(future)
            assert done == []
            for wanted in range(4):
                await client.read_bytes(2_000_000)
                await asyncio.sleep(0.002)
                assert done[: wanted + 1] == list(range(min(len(done), wanted + 1)))
            await asyncio.gather(*futures)
            assert done == [0, 1, 2, 3]

    run(main)


def test_the_callback_waits_for_everything(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            called = []
            assert server.write(bytes(5_000_000), lambda: called.append("first")) is None
            assert server.write(b"x", callback=lambda: called.append("second")) is None
            await asyncio.sleep(0.005)
            assert called == []
            await client.read_bytes(5_000_001)
            await asyncio.sleep(0.005)
            assert called == ["second"]  # a later callback replaces an earlier one
            server.write(b"small", lambda: called.append("third"))
            assert called == ["second"]  # never before the call returns
            await asyncio.sleep(0.005)
            assert called == ["second", "third"]
            server.write(b"", lambda: called.append("empty"))
            await asyncio.sleep(0.005)
            assert called[-1] == "empty"

    run(main)


def test_the_write_limit(run, pairs):
    async def main():
        async with pairs("tcp", max_write_buffer_size=10_000_000) as (server, client):
            server.write(bytes(9_000_000))
            waiting = server.backlog
            assert waiting > 1_000_000
            with pytest.raises(StreamBufferFullError):
                server.write(bytes(10_000_000))
            assert server.backlog == waiting
            server.write(b"fits")
            data = await client.read_bytes(9_000_004)
            assert data[-4:] == b"fits"
            with pytest.raises(StreamBufferFullError):
                server.write(bytes(10_000_001))

    run(main)


@KINDS
def test_frames_appended_to_the_write_buffer(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            frames = [os.urandom(size) for size in (10, 100_000, 1, 3_000_000)]
            for frame in frames:
                server._write_buffer.append(frame)
                server._total_write_index += len(frame)
            future = server.write(b"")
            expected = b"".join(frames)
            assert await client.read_bytes(len(expected)) == expected
            await future
            assert not server.writing()
            server.close()
            assert server._write_buffer is None

    run(main)


def test_writing_to_a_closed_stream(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            client.set_close_callback(lambda: None)
            pending = server.write(bytes(5_000_000))
            server.close()
            with pytest.raises(StreamClosedError):
                await pending
            with pytest.raises(StreamClosedError):
                server.write(b"x")

    run_asyncio(main)


@KINDS
def test_writing_to_a_peer_that_is_gone(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            client.close()
            with pytest.raises(StreamClosedError) as info:
                for _ in range(100):
                    await server.write(bytes(10000))
            assert isinstance(info.value.real_error, (OSError, type(None)))
            await asyncio.sleep(0.005)
            assert server.closed()

    run(main)


def test_a_cancelled_write_is_still_written(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            future = server.write(bytes(5_000_000))
            future.cancel()
            later = server.write(b"end")
            assert (await client.read_bytes(5_000_003))[-3:] == b"end"
            await later

    run(main)


def test_what_the_peer_said_is_read_before_a_failed_write_closes(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            # An early answer, while the request is still being written.
            await server.write(b"no, thanks\n")
            reading = client.read_until(b"\n")
            server.close()
            for _ in range(20):
                try:
                    client.write(bytes(100_000))
                except StreamClosedError:
                    break
            assert await reading == b"no, thanks\n"

    run(main)


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_any_writes_under_a_slow_reader(run_asyncio, pairs, kind):
    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["bytes", "bytearray", "memoryview", "send", "many", "await"]),
                st.one_of(st.integers(0, 100), st.integers(0, 300_000)),
            ),
            max_size=12,
        ),
        st.integers(10_000, 400_000),
    )
    def check(writes, step):
        limit = 1_000_000

        async def main():
            async with pairs(kind, max_write_buffer_size=limit) as (server, client):
                written = bytearray()
                got = bytearray()

                async def read():
                    while True:
                        try:
                            got.extend(await client.read_bytes(step, partial=True))
                        except StreamClosedError:
                            return
                        await asyncio.sleep(0)

                reading = asyncio.ensure_future(read())
                for number, (how, size) in enumerate(writes):
                    data = bytes([number + 1]) * size
                    try:
                        if how == "send":
                            server.send(data)
                        elif how == "many":
                            server.send_many([data[: size // 2], data[size // 2 :]])
                        elif how == "await":
                            await server.write(data)
                        else:
                            server.write(_make(how, data))
                    except StreamBufferFullError:
                        continue
                    written += data
                    assert server.backlog <= limit
                done = server.flushed()
                if done is not None:
                    await done
                server.close()
                await reading
                assert bytes(got) == bytes(written)

        run_asyncio(main)

    check()


def _make(how, data):
    return {"bytes": bytes, "bytearray": bytearray, "memoryview": memoryview}[how](data)
