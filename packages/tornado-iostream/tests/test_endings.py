"""A peer that sends something and goes in the same moment: nobody may wait for a second event.

uvloop reports an error of a descriptor once, together with the data that arrived before it, and then
stops watching. Each case sends, ends the connection and only then lets the loop turn.
"""

import asyncio
import contextlib
import socket
import ssl
import struct

import pytest

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import bind_sockets, ssl_wrap_socket


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


ENDS = {
    "reset": reset,
    "close": lambda sock: sock.close(),
    "half-close": lambda sock: sock.shutdown(socket.SHUT_WR),
}


def accepted():
    """Return both ends of a TCP connection."""
    (listener,) = bind_sockets(0, "127.0.0.1")
    with listener:
        client = socket.create_connection(listener.getsockname())
        listener.setblocking(True)
        server = listener.accept()[0]
        # Session tickets must not come late: a peer that leaves something unread always resets.
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server, client


class Peer:
    """The other end: a plain socket, or TLS driven by hand so that the loop need not turn."""

    def __init__(self, sock, tls=None):
        self.sock = sock
        self.tls = tls

    def send(self, data):
        if self.tls is None:
            self.sock.sendall(data)
            return
        engine, outgoing = self.tls
        engine.write(data)
        self.sock.sendall(outgoing.read())

    def end(self, how):
        ENDS[how](self.sock)

    def close(self):
        self.sock.close()


async def tls_peer(sock, stream, certificates):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = certificates.client().wrap_bio(incoming, outgoing, server_hostname="localhost")
    sock.setblocking(False)
    done = stream.wait_for_handshake()
    shaken = False
    while not (shaken and done.done()):
        if not shaken:
            try:
                engine.do_handshake()
                shaken = True
            except ssl.SSLWantReadError:
                pass
        sock.sendall(outgoing.read())
        await asyncio.sleep(0)
        with contextlib.suppress(BlockingIOError):
            incoming.write(sock.recv(65536))
    for _ in range(20):
        await asyncio.sleep(0)
        with contextlib.suppress(BlockingIOError):
            sock.recv(65536)
    sock.setblocking(True)
    return Peer(sock, (engine, outgoing))


@contextlib.asynccontextmanager
async def connection(kind, certificates):
    ours, theirs = accepted()
    if kind == "plain":
        stream, peer = IOStream(ours), Peer(theirs)
    else:
        stream = SSLIOStream(
            ssl_wrap_socket(
                ours, certificates.server(), server_side=True, do_handshake_on_connect=False
            )
        )
        peer = await tls_peer(theirs, stream, certificates)
    try:
        yield stream, peer
    finally:
        stream.close()
        peer.close()
        await asyncio.sleep(0)


class Receiver:
    """A receiver that notes what it gets."""

    def __init__(self):
        self.data = b""
        self.closed = []

    def chunk_received(self, data):
        self.data += data

    def stream_closed(self, error):
        self.closed.append(error)

    def writing_resumed(self):
        pass


KINDS = ["plain", "tls"]
READS = {
    "read_bytes": lambda stream: stream.read_bytes(100),
    "read_until": lambda stream: stream.read_until(b"\n"),
    "regex": lambda stream: stream.read_until_regex(b"x"),
    "read_into": lambda stream: stream.read_into(bytearray(100)),
    "read many": lambda stream: stream.read_bytes(1_000_000),
}


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(READS))
def test_a_pending_read(run, certificates, kind, end, name):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            closed = []
            stream.set_close_callback(lambda: closed.append(stream.error))
            pending = READS[name](stream)
            await asyncio.sleep(0)
            peer.send(b"1234567")
            peer.end(end)
            with pytest.raises(StreamClosedError) as caught:
                await pending
            await until(lambda: closed)
            assert stream.closed()
            if end == "reset" and kind == "plain":  # Python's TLS says: end of file
                assert isinstance(closed[0], ConnectionResetError)
                assert caught.value.real_error is closed[0]

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
def test_reading_until_the_end(run, certificates, kind, end):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            pending = stream.read_until_close()
            await asyncio.sleep(0)
            for _ in range(3):
                peer.send(b"x" * 5_000)
            peer.end(end)
            data = await pending
            # A reset may destroy what the kernel still held: TLS takes it in several small reads.
            assert data == b"x" * 15_000 or (end == "reset" and kind == "tls")
            assert stream.closed()

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_read_that_the_data_satisfies(run, certificates, kind, end):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            closed = []
            stream.set_close_callback(lambda: closed.append(True))
            pending = stream.read_bytes(4)
            await asyncio.sleep(0)
            peer.send(b"data")
            peer.end(end)
            assert await pending == b"data"
            await until(lambda: closed)

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
def test_reads_one_after_the_other(run, certificates, kind, end):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            pending = stream.read_until(b"\n")
            await asyncio.sleep(0)
            peer.send(b"one\ntwo\nthr")
            peer.end(end)
            assert await pending == b"one\n"
            assert await stream.read_until(b"\n") == b"two\n"
            with pytest.raises(StreamClosedError):
                await stream.read_until(b"\n")
            assert stream.closed()

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [7, 400_000])
def test_a_receiver(run, certificates, kind, end, size):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            receiver = Receiver()
            stream.attach(receiver)
            await asyncio.sleep(0)
            peer.send(b"z" * size)
            peer.end(end)
            await until(lambda: receiver.closed)
            assert len(receiver.data) == size or (end == "reset" and size > 100_000)
            if kind == "plain":
                assert isinstance(receiver.closed[0], ConnectionResetError) == (end == "reset")

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_that_pauses(run, certificates, kind, end):
    class Pausing(Receiver):
        def chunk_received(self, data):
            super().chunk_received(data)
            stream.pause_reading()

    async def main():
        nonlocal stream
        async with connection(kind, certificates) as (stream, peer):
            receiver = Pausing()
            stream.attach(receiver)
            await asyncio.sleep(0)
            peer.send(b"request")
            peer.end(end)
            await until(lambda: receiver.data)
            await asyncio.sleep(0.005)
            assert not receiver.closed
            stream.resume_reading()
            await until(lambda: receiver.closed)
            assert receiver.data == b"request"

    stream = None
    run(main)


@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_backlog(run, certificates, kind, end):
    async def main():
        async with connection(kind, certificates) as (stream, peer):
            receiver = Receiver()
            stream.attach(receiver)
            writing = stream.write(bytes(30_000_000))
            peer.send(b"more")
            peer.end(end)
            with pytest.raises(StreamClosedError):
                await writing
            await until(lambda: receiver.closed)
            assert receiver.data in (b"more", b"")

    run(main)


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01"])
def test_during_the_handshake(run, certificates, caplog, end, sent):
    async def main():
        ours, theirs = accepted()
        with theirs:
            stream = SSLIOStream(
                ssl_wrap_socket(
                    ours, certificates.server(), server_side=True, do_handshake_on_connect=False
                )
            )
            closed = []
            stream.set_close_callback(lambda: closed.append(True))
            waiting = stream.wait_for_handshake()
            await asyncio.sleep(0.002)
            theirs.sendall(sent)
            ENDS[end](theirs)
            with pytest.raises(StreamClosedError):
                await waiting
            await until(lambda: closed)

    run(main)
    assert [r for r in caplog.records if r.levelname != "DEBUG"] == []
