"""The push face: chunks as they come, back-pressure both ways, hand-over to the pull face."""

import asyncio
import functools
import os
import select
import socket
import struct
import tempfile

import pytest

from tornado._netutil import hangups
from tornado.iostream import IOStream, StreamBufferFullError, StreamClosedError
from tornado.netutil import bind_sockets

KINDS = pytest.mark.parametrize("kind", ["plain", "tcp", "tls"])


class Recorder:
    """A receiver that remembers what it was told."""

    def __init__(self, stream=None):
        self.stream = stream
        self.data = b""
        self.closed = []
        self.resumed = 0

    def chunk_received(self, data):
        assert data
        self.data += data

    def stream_closed(self, error):
        self.closed.append(error)

    def writing_resumed(self):
        self.resumed += 1


class Echo(Recorder):
    def chunk_received(self, data):
        if not self.stream.send(data) and self.stream.backlog > self.stream.high_water:
            self.stream.pause_reading()

    def writing_resumed(self):
        super().writing_resumed()
        self.stream.resume_reading()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


@KINDS
def test_chunks_arrive_and_the_end_too(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            receiver = Recorder()
            server.attach(receiver)
            await client.write(b"abc")
            await until(lambda: receiver.data == b"abc")
            await client.write(bytes(300000))
            await until(lambda: len(receiver.data) == 300003)
            client.close()
            await until(lambda: receiver.closed)
            await asyncio.sleep(0.005)
            assert receiver.closed == [None]
            assert server.closed()

    run(main)


@KINDS
def test_echo_with_back_pressure(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            echo = Echo(server)
            server.attach(echo)
            data = os.urandom(6_000_000)
            written = client.write(data)
            await until(lambda: server.backlog > server.high_water)
            assert server.backlog < server.high_water + 2 * server.read_chunk_size
            assert await client.read_bytes(len(data)) == data
            await written
            assert echo.resumed >= 1
            assert server.backlog == 0
            assert server.flushed() is None

    run(main)


def test_attach_delivers_the_buffer_at_once(run, pairs):
    async def main():
        async with pairs() as (server, client):
            await client.write(b"line\nrest")
            assert await server.read_until(b"\n") == b"line\n"
            receiver = Recorder()
            server.attach(receiver)
            assert receiver.data == b"rest"
            with pytest.raises(RuntimeError):
                server.attach(Recorder())
            with pytest.raises(AssertionError):
                server.read_bytes(1)

    run(main)


def test_attach_during_a_read(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, _):
            future = server.read_bytes(1)
            with pytest.raises(RuntimeError, match="being read"):
                server.attach(Recorder())
            future.cancel()
            server.attach(Recorder())

    run_asyncio(main)


def test_attach_to_a_closed_stream(run, pairs):
    async def main():
        async with pairs() as (server, client):
            await client.write(b"line\nrest")
            assert await server.read_until(b"\n") == b"line\n"
            server.close()
            receiver = Recorder()
            server.attach(receiver)
            assert receiver.data == b"rest"
            assert receiver.closed == []
            await asyncio.sleep(0)
            assert receiver.closed == [None]

    run(main)


@KINDS
def test_detach_hands_the_rest_back(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):

            class Switch(Recorder):
                def chunk_received(self, data):
                    head, _, rest = data.partition(b"\n")
                    self.data = head
                    server.detach(rest)

            receiver = Switch()
            server.attach(receiver)
            await client.write(b"hello\nfor the pull face")
            await until(lambda: receiver.data)
            await client.write(b"!")
            assert await server.read_until(b"!") == b"for the pull face!"
            client.close()
            await server.read_until_close()
            assert receiver.closed == []
            server.detach()

    run(main)


@KINDS
def test_pause_and_resume(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            receiver = Recorder()
            server.attach(receiver)
            server.pause_reading()
            server.pause_reading()
            await client.write(b"x" * 40000)
            await asyncio.sleep(0.01)
            assert receiver.data == b""
            server.resume_reading()
            server.resume_reading()
            assert receiver.data == b""
            await until(lambda: len(receiver.data) == 40000)

    run(main)


@KINDS
def test_pause_inside_chunk_received(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):

            class OneAtATime(Recorder):
                def chunk_received(self, data):
                    super().chunk_received(data)
                    server.pause_reading()

            receiver = OneAtATime()
            server.attach(receiver)
            await client.write(b"y" * 100000)
            await asyncio.sleep(0.01)
            first = len(receiver.data)
            assert 0 < first < 100000
            while len(receiver.data) < 100000:
                server.resume_reading()
                await asyncio.sleep(0.001)

    run(main)


@KINDS
def test_what_the_peer_takes(run, pairs, kind):
    """It is told by the kernel too, which asks for more only when much of its buffer is free."""

    async def main():
        async with pairs(kind) as (server, client):
            server.attach(Recorder())
            assert server.send(bytes(4_000_000)) is False
            await asyncio.sleep(0.01)
            for _ in range(10):
                taken = server.taken
                assert server.taken == taken
                await client.read_bytes(100_000)
                await asyncio.sleep(0.001)
                assert server.taken > taken
            server.close()
            assert server.taken == server.sent_late

    run(main)


@KINDS
def test_send_reports_what_stays(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            receiver = Recorder()
            server.attach(receiver)
            assert server.send(b"small") is True
            assert server.backlog == 0
            big = bytes(4_000_000)
            assert server.send(big) is False
            waiting = server.backlog
            assert waiting > 0
            assert server.sent_late == 0
            assert server.send(b"tail") is False
            flushed = server.flushed()
            assert len(await client.read_bytes(5 + len(big))) == 5 + len(big)
            assert server.sent_late >= waiting
            assert await client.read_bytes(4) == b"tail"
            await flushed
            assert receiver.resumed == 1

    run(main)


@KINDS
def test_send_many(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            server.attach(Recorder())
            assert server.send_many([b"a", b"b" * 10, b""]) is True
            assert server.send_many([b"c"]) is True
            assert await client.read_bytes(12) == b"abbbbbbbbbbc"
            chunks = [bytes([i % 256]) * 3000 for i in range(1000)]
            assert server.send_many(chunks) is False
            assert server.send_many([b"x", b"y"]) is False
            expected = b"".join(chunks) + b"xy"
            assert await client.read_bytes(len(expected)) == expected

    run(main)


def test_sending_on_a_closed_stream(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, _):
            server.close()
            for send in (lambda: server.send(b"x"), lambda: server.send_many([b"x", b"y"])):
                with pytest.raises(StreamClosedError):
                    send()
            with pytest.raises(StreamClosedError):
                await server.flushed()

    run_asyncio(main)


def test_the_write_limit_counts(run_asyncio, pairs):
    async def main():
        async with pairs(max_write_buffer_size=1000) as (server, _):
            with pytest.raises(StreamBufferFullError, match="limit 1000"):
                server.send(bytes(1001))
            with pytest.raises(StreamBufferFullError):
                server.send_many([bytes(600), bytes(600)])
            assert server.backlog == 0

    run_asyncio(main)


@KINDS
def test_a_failed_send_delivers_what_came_before(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            receiver = Recorder()
            await client.write(b"last words")
            client.close()
            server.attach(receiver)
            # The peer is gone; the first sends may still be taken by the kernel.
            for _ in range(50):
                if server.closed():
                    break
                server.send(b"x" * 1000)
                await asyncio.sleep(0)
            await until(lambda: receiver.closed)
            assert receiver.data == b"last words"
            assert len(receiver.closed) == 1

    run(main)


@KINDS
def test_an_error_in_a_receiver_closes_the_stream(run, pairs, kind, caplog):
    async def main():
        async with pairs(kind) as (server, client):

            class Bad(Recorder):
                def chunk_received(self, data):
                    raise ZeroDivisionError

            receiver = Bad()
            server.attach(receiver)
            await client.write(b"x")
            await until(lambda: receiver.closed)
            assert isinstance(receiver.closed[0], ZeroDivisionError)

    run(main)
    assert "Uncaught exception" in caplog.text


@pytest.mark.parametrize("kind", ["plain", "tcp"])
@pytest.mark.parametrize("stays", [True, False])
def test_half_close(run, pairs, kind, stays):
    async def main():
        async with pairs(kind) as (server, client):

            class Half(Recorder):
                ended = False

                def eof_received(self):
                    self.ended = True
                    return stays

            receiver = Half()
            server.attach(receiver)
            client.write(b"question")
            client.write_eof()
            client.write_eof()
            with pytest.raises(StreamClosedError):
                client.write(b"more")
            await until(lambda: receiver.ended)
            assert receiver.data == b"question"
            if stays:
                assert not server.closed()
                assert server.send(b"answer") is True
                assert server.send_many([b",", b"etc."]) is True
                big = bytes(3_000_000)
                server.send(big)
                reading = client.read_until_close()
                await server.flushed()
                server.close()
                assert await reading == b"answer,etc." + big
            else:
                assert server.closed()

    run(main)


def test_a_half_closed_peer_gets_what_was_queued(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            receiver = Recorder()
            server.attach(receiver)
            big = os.urandom(6_000_000)
            server.send(big)
            assert server.backlog
            client.write_eof()
            await asyncio.sleep(0.01)
            assert not server.closed()
            assert await client.read_until_close() == big
            await until(lambda: receiver.closed)
            assert receiver.closed == [None]

    run(main)


def test_write_eof_waits_for_the_queue(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            big = bytes(5_000_000)
            server.write(big)
            assert server.writing()
            server.write_eof()
            assert len(await client.read_until_close()) == len(big)

    run(main)


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="only epoll reports it without input")
@pytest.mark.parametrize("ending", ["reset", "silent", "own close"])
def test_a_reset_after_an_end_of_file_is_noticed(run, pairs, caplog, ending):
    class Staying(Recorder):
        def eof_received(self):
            ended.append(self)
            return True

    ended = []

    async def main():
        async with pairs("tcp") as (server, client), pairs("tcp") as (other, quiet):
            for stream in (server, other):
                stream.attach(Staying())
            server.detach()
            server.attach(receiver := Staying())
            client.write_eof()
            quiet.write_eof()
            await until(lambda: len(ended) == 2)
            assert not server.closed()
            if ending == "reset":
                linger = struct.pack("ii", 1, 0)
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.close()
                await until(lambda: receiver.closed)
                assert isinstance(server.error, ConnectionResetError)
            elif ending == "own close":
                server.close()
                await until(lambda: receiver.closed)
            else:
                # Ended in one direction only, it may stay as it is, and be written to.
                assert server.send(b"more") is True
                assert await client.read_bytes(4) == b"more"
            assert not other.closed()
        assert not hangups._watches

    run(main)
    assert caplog.records == []


def test_write_eof_to_a_peer_that_has_reset(run, pairs, caplog):
    async def main():
        async with pairs("tcp") as (server, client):
            server.attach(receiver := Recorder())
            server.pause_reading()
            linger = struct.pack("ii", 1, 0)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.close()
            server.write_eof()
            await until(lambda: receiver.closed)

    run(main)
    assert caplog.records == []


@KINDS
@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_send_file(run, pairs, kind, size):
    async def main():
        data = os.urandom(size)
        async with pairs(kind) as (server, client):
            with tempfile.TemporaryFile() as file:
                file.write(b"skip" + data + b"behind")
                file.flush()
                server.send(b"head")
                future = server.send_file(file, 4, size)
                server.send(b"tail")
                assert server.backlog < 100
                expected = b"head" + data + b"tail"
                assert await client.read_bytes(len(expected)) == expected
                await future

    run(main)


@KINDS
def test_send_file_that_is_too_short(run, pairs, kind):
    async def main():
        async with pairs(kind) as (server, client):
            with tempfile.TemporaryFile() as file:
                file.write(b"12345")
                file.flush()
                future = server.send_file(file.fileno(), 2, 100)
                assert await client.read_until_close() == b"345"
                with pytest.raises(StreamClosedError) as info:
                    await future
                assert "early" in str(info.value.real_error)
            with pytest.raises(StreamClosedError):
                server.send_file(0, 0, 1)

    run(main)


def test_send_file_from_what_sendfile_refuses(run, pairs):
    async def main():
        async with pairs() as (server, client):
            with open("/proc/self/status", "rb") as file:
                expected = file.read(50)
                await server.send_file(file, 0, 50)
                assert await client.read_bytes(50) == expected

    run(main)


def test_write_eof_before_the_connection_stands(run):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        with listener:
            stream = IOStream(socket.socket())
            connecting = stream.connect(listener.getsockname())
            stream.write_eof()
            with pytest.raises(StreamClosedError):
                stream.send(b"x")
            with pytest.raises(StreamClosedError):
                stream.send_many([b"x", b"y"])
            await connecting
            for send in (lambda: stream.send(b"x"), lambda: stream.send_many([b"x", b"y"])):
                with pytest.raises(StreamClosedError):
                    send()
            peer = IOStream(listener.accept()[0])
            assert await peer.read_until_close() == b""
            stream.close()

    run(main)


def test_both_directions_end(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):

            class Half(Recorder):
                def eof_received(self):
                    return True

            server.attach(Half())
            client.write_eof()
            await until(lambda: not server._reader_on)
            with pytest.raises(AssertionError):
                server.read_bytes(1)
            server.detach()
            with pytest.raises(StreamClosedError):
                server.read_bytes(1)
            assert await server.read_until_close() == b""
            await server.write(b"bye")
            server.write_eof()
            assert server.closed()
            assert await client.read_until_close() == b"bye"

    run(main)


def test_an_error_in_eof_received_and_writing_resumed(run, pairs, caplog):
    async def main():
        class Bad(Recorder):
            def eof_received(self):
                raise ZeroDivisionError

            def writing_resumed(self):
                raise ZeroDivisionError

        async with pairs("tcp") as (server, client):
            server.attach(receiver := Bad())
            client.write_eof()
            await until(lambda: receiver.closed)
            assert isinstance(receiver.closed[0], ZeroDivisionError)
        async with pairs("tcp") as (server, client):
            server.attach(receiver := Bad())
            server.send(bytes(3_000_000))
            reading = client.read_until_close()
            await until(lambda: receiver.closed)
            assert isinstance(receiver.closed[0], ZeroDivisionError)
            await reading

    run(main)


def test_a_close_callback_after_detach(run, pairs):
    async def main():
        async with pairs() as (server, client):
            server.attach(Recorder())
            closed = asyncio.Event()
            server.set_close_callback(closed.set)
            server.pause_reading()
            server.detach()
            client.close()
            await closed.wait()

    run(main)


@KINDS
@pytest.mark.parametrize("place", ["instance", "class"])
def test_send_file_through_a_write_that_was_replaced(run, pairs, monkeypatch, kind, place):
    pieces = []

    async def main():
        data = os.urandom(3_000_000)
        async with pairs(kind) as (server, client):
            own = type(server).write

            def write(stream, piece, *args):
                pieces.append(len(piece))
                return own(stream, piece, *args)

            if place == "class":
                monkeypatch.setattr(type(server), "write", write)
            else:
                server.write = functools.partial(write, server)
            with tempfile.TemporaryFile() as file:
                file.write(b"skip" + data)
                file.flush()
                sending = server.send_file(file, 4, len(data))
                await asyncio.sleep(0)
                # The peer is slow: not all of the file is in memory.
                assert server.backlog < 200_000
                assert await client.read_bytes(len(data)) == data
                await sending
                assert not server.written_by_hand
                short = server.send_file(file, len(data), 100)
                assert len(await client.read_until_close()) == 4
                with pytest.raises(StreamClosedError) as info:
                    await short
                assert "early" in str(info.value.real_error)

    run(main)
    assert sum(pieces) == 3_000_004
    assert max(pieces) <= 65536
