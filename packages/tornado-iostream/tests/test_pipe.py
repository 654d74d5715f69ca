"""Streams over pipes."""

import asyncio
import os

import pytest

from tornado.iostream import PipeIOStream, StreamClosedError


def pipe_pair():
    reading, writing = os.pipe()
    return PipeIOStream(reading), PipeIOStream(writing)


def test_reads_and_writes(run):
    async def main():
        reader, writer = pipe_pair()
        await writer.write(b"line\nbytes")
        assert await reader.read_until(b"\n") == b"line\n"
        memory = bytearray(5)
        assert await reader.read_into(memory) == 5
        assert memory == b"bytes"
        big = os.urandom(1_000_000)
        future = writer.write(big)
        assert writer.writing()
        assert await reader.read_bytes(len(big)) == big
        await future
        writer.close()
        assert writer.fileno() == -1
        assert await reader.read_until_close() == b""
        assert reader.closed()

    run(main)


def test_the_reader_goes_away(run):
    async def main():
        reader, writer = pipe_pair()
        closed = asyncio.Event()
        writer.set_close_callback(closed.set)
        reader.close()
        await closed.wait()
        with pytest.raises(StreamClosedError):
            writer.write(b"x")

    run(main)


def test_the_reader_goes_away_during_a_write(run):
    async def main():
        reader, writer = pipe_pair()
        future = writer.write(bytes(1_000_000))
        reader.close()
        with pytest.raises(StreamClosedError):
            await future

    run(main)


def test_read_from_fd_both_ways(run_asyncio):
    async def main():
        reader, writer = pipe_pair()
        assert reader.read_from_fd() is None
        assert reader.read_from_fd(bytearray(5)) is None
        assert writer.write_to_fd(memoryview(b"abcdef")) == 6
        memory = bytearray(4)
        assert reader.read_from_fd(memory) == 4
        assert memory == b"abcd"
        assert reader.read_from_fd() == b"ef"
        reader.set_nodelay(True)
        assert reader.get_fd_error() is None
        reader.close()
        writer.close()

    run_asyncio(main)


def test_the_push_face_and_files(run, tmp_path):
    class Receiver:
        data = b""

        def chunk_received(self, data):
            self.data += data

        def stream_closed(self, error):
            self.closed = True

        def writing_resumed(self):
            pass

    async def main():
        reader, writer = pipe_pair()
        receiver = Receiver()
        reader.attach(receiver)
        path = tmp_path / "file"
        path.write_bytes(b"from a file")
        with open(path, "rb") as file:
            await writer.send_file(file, 5, 6)
        writer.close()
        while not hasattr(receiver, "closed"):
            await asyncio.sleep(0.001)
        assert receiver.data == b"a file"

    run(main)
