"""Streams and processes made before a loop runs belong to the one that first uses them."""

import asyncio
import os
import socket
import threading

import pytest

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, PipeIOStream
from tornado.netutil import bind_sockets
from tornado.process import Subprocess


def in_this_thread(main):
    asyncio.run(asyncio.wait_for(main(), 10))


def in_another_thread(main):
    failures = []

    def work():
        try:
            in_this_thread(main)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failures == []


def in_a_loop_of_its_own(main):
    loop = IOLoop(make_current=False)
    loop.run_sync(main, timeout=10)
    loop.close()


@pytest.fixture(params=[in_this_thread, in_another_thread, in_a_loop_of_its_own])
def run_later(request):
    yield request.param
    current = IOLoop.current(instance=False)
    if current is not None:
        current.close()


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    yield left, right
    left.close()
    right.close()


@pytest.mark.parametrize("read", ["read_bytes", "read_until_close", "read_into", "streaming"])
def test_reads(run_later, pair, read):
    stream, peer = IOStream(pair[0]), pair[1]

    async def main():
        pieces = []
        if read == "read_bytes":
            future = stream.read_bytes(4)
        elif read == "read_into":
            future = stream.read_into(bytearray(4))
        else:
            streaming = pieces.append if read == "streaming" else None
            future = stream.read_until_close(streaming_callback=streaming)
        await asyncio.sleep(0)  # nothing is there: the loop has to watch
        peer.sendall(b"data")
        if "close" in read or read == "streaming":
            peer.close()
        result = await future
        assert b"".join(pieces) or result in (b"data", 4)
        assert stream.io_loop is IOLoop.current()
        stream.close()

    run_later(main)


def test_writes_and_the_end(run_later, pair):
    stream, peer = IOStream(pair[0]), IOStream(pair[1])
    closed = []

    async def main():
        stream.set_close_callback(lambda: closed.append(asyncio.get_running_loop()))
        writing = stream.write(b"x" * 3_000_000)
        assert len(await peer.read_bytes(3_000_000)) == 3_000_000
        await writing
        peer.close()
        while not closed:
            await asyncio.sleep(0)
        assert closed == [asyncio.get_running_loop()]

    run_later(main)


def test_connecting(run_later):
    stream = IOStream(socket.socket())
    (listener,) = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)

    async def main():
        assert await stream.connect(listener.getsockname()) is stream
        stream.close()

    with listener:
        run_later(main)


def test_pipes(run_later):
    read, write = os.pipe()
    reader, writer = PipeIOStream(read), PipeIOStream(write)

    async def main():
        future = reader.read_until_close()
        await writer.write(b"through")
        writer.close()
        assert await future == b"through"

    run_later(main)


def test_processes(run_later):
    process = Subprocess(["cat"], stdin=Subprocess.STREAM, stdout=Subprocess.STREAM)

    async def main():
        ended = []
        process.set_exit_callback(ended.append)
        await process.stdin.write(b"meow")
        process.stdin.close()
        assert await process.stdout.read_until_close() == b"meow"
        assert await process.wait_for_exit() == 0
        while not ended:
            await asyncio.sleep(0)
        assert ended == [0]

    run_later(main)


def test_a_loop_that_was_given_stays(pair):
    """As does the one under which a stream was registered first."""
    loop = IOLoop(make_current=False)
    stream = IOStream(pair[0], io_loop=loop)

    async def elsewhere():
        assert stream.io_loop is loop
        future = stream.read_bytes(1)
        assert future.get_loop() is loop.asyncio_loop

    asyncio.run(elsewhere())
    stream.close()
    loop.close()
