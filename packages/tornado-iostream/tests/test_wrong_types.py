"""Arguments of a wrong type are refused at the call; the stream and what it holds stay as they were."""

import asyncio
import socket

import pytest

from tornado.iostream import IOStream
from tornado.process import Subprocess

READS = {
    "read_until": (
        lambda stream: stream.read_until("\r\n"),
        r"read_until\(\) takes bytes, got str",
    ),
    "read_until, None": (lambda stream: stream.read_until(None), "got NoneType"),
    "read_until_regex": (lambda stream: stream.read_until_regex("x"), "pattern"),
    "read_bytes": (lambda stream: stream.read_bytes("many"), r"read_bytes\(\) takes a count"),
    "read_bytes, None": (lambda stream: stream.read_bytes(None), "got NoneType"),
    "read_into": (lambda stream: stream.read_into(b"fixed"), r"read_into\(\) takes memory"),
    "read_into, a number": (lambda stream: stream.read_into(5), r"read_into\(\) takes a bytearray"),
    "callback": (
        lambda stream: stream.read_bytes(1, callback="x"),
        "function as callback, got str",
    ),
    "streaming": (
        lambda stream: stream.read_until_close(streaming_callback=[]),
        "streaming_callback takes a function",
    ),
}


@pytest.mark.parametrize("name", sorted(READS))
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_reads(run, pairs, kind, name):
    """No input is needed to notice it, and none is lost by it."""
    read, text = READS[name]

    async def main():
        async with pairs(kind) as (server, client):
            with pytest.raises(TypeError, match=text):
                read(server)
            await client.write(b"line\r\n")
            assert await server.read_until(b"\r\n") == b"line\r\n"

    run(main)


@pytest.mark.parametrize("delimiter", [bytearray(b"\n"), memoryview(b"\n")])
def test_delimiters_that_are_octets(run, pairs, delimiter):
    async def main():
        async with pairs("plain") as (server, client):
            await client.write(b"a\nb")
            assert await server.read_until(delimiter) == b"a\n"

    run(main)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("text", r"write\(\) takes bytes, bytearray or memoryview, got str"),
        (5, "got int"),
        (None, "got NoneType"),
        (memoryview(b"abcdef")[::2], "contiguous"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_writes(run, pairs, kind, data, text):
    async def main():
        async with pairs(kind) as (server, client):
            with pytest.raises(TypeError, match=text):
                client.write(data)
            with pytest.raises(TypeError, match="function as callback"):
                client.write(b"lost", callback=5)
            await client.write(b"good")
            assert await server.read_bytes(4) == b"good"

    run(main)


def test_write_of_something_awaitable(run, pairs):
    async def main():
        async with pairs("plain") as (_, client):
            future = asyncio.get_running_loop().create_future()
            with pytest.raises(TypeError, match="did you forget await"):
                client.write(future)

    run(main)


def test_other_callbacks(run, pairs):
    async def main():
        async with pairs("plain") as (server, _):
            with pytest.raises(TypeError, match=r"set_close_callback\(\) takes a function"):
                server.set_close_callback(5)
        stream = IOStream(socket.socket())
        with pytest.raises(TypeError, match=r"connect\(\) takes a function"):
            stream.connect(("127.0.0.1", 9), callback=5)
        stream.close()
        process = Subprocess(["true"])
        with pytest.raises(TypeError, match=r"set_exit_callback\(\) takes a function"):
            process.set_exit_callback(None)
        assert await process.wait_for_exit() == 0

    run(main)
