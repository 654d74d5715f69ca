"""What can go wrong between two machines, over real sockets; and nothing may be left behind.

The fixtures compare descriptors, tasks and what the loop watches before and after each case.
"""

import asyncio
import contextlib
import errno
import itertools
import os
import resource
import socket
import struct

import pytest

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import add_accept_handler, bind_sockets
from tornado.tcpserver import TCPServer


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


def reset(sock):
    """Close a socket so that its peer gets a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def accepted_pair():
    (listener,) = bind_sockets(0, "127.0.0.1")
    with listener:
        client = socket.create_connection(listener.getsockname())
        listener.setblocking(True)
        return IOStream(listener.accept()[0]), client


POINTS = {
    "idle": lambda stream: None,
    "read_until": lambda stream: stream.read_until(b"\n"),
    "read_bytes": lambda stream: stream.read_bytes(10),
    "read many": lambda stream: stream.read_bytes(1_000_000),
    "read_into": lambda stream: stream.read_into(bytearray(10)),
    "regex": lambda stream: stream.read_until_regex(b"x"),
    "write": lambda stream: stream.write(bytes(10_000_000)),
}


@pytest.mark.parametrize("sent", [b"", b"part"])
@pytest.mark.parametrize("point", sorted(POINTS))
@pytest.mark.parametrize("how", ["reset", "close", "ours"])
def test_the_end_at_every_point(run, point, how, sent):
    async def main():
        stream, peer = accepted_pair()
        closed = []
        stream.set_close_callback(lambda: closed.append(stream.error))
        pending = POINTS[point](stream)
        peer.sendall(sent)
        await asyncio.sleep(0.001)
        if how == "ours":
            stream.close()
            peer.close()
        elif how == "reset":
            reset(peer)
        else:
            peer.close()
        if pending is not None:
            with pytest.raises(StreamClosedError):
                await pending
        elif how != "ours" and sent:
            await stream.read_until_close()
        await until(lambda: closed)
        await asyncio.sleep(0.001)
        assert len(closed) == 1
        assert stream.closed()
        if how == "reset" and pending is not None:
            assert isinstance(closed[0], OSError)

    run(main)


@pytest.mark.parametrize("point", sorted(POINTS))
def test_cancelled_awaits(run, point):
    async def main():
        stream, peer = accepted_pair()
        pending = POINTS[point](stream)
        if pending is not None:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(pending, 0.005)
        stream.close()
        peer.close()

    run(main)


def test_read_until_close_ends_with_a_reset(run):
    async def main():
        stream, peer = accepted_pair()
        reading = stream.read_until_close()
        peer.sendall(b"some")
        await asyncio.sleep(0.005)
        reset(peer)
        assert await reading == b"some"
        assert isinstance(stream.error, ConnectionResetError)

    run(main)


def test_a_handler_that_fails(run, caplog):
    class Failing(TCPServer):
        def handle_stream(self, stream, address):
            self.stream = stream
            raise ZeroDivisionError

    class FailingLater(TCPServer):
        async def handle_stream(self, stream, address):
            self.stream = stream
            await asyncio.sleep(0)
            stream.close()
            raise ZeroDivisionError

    async def main():
        for cls in (Failing, FailingLater):
            server = cls()
            (listener,) = bind_sockets(0, "127.0.0.1")
            server.add_socket(listener)
            with socket.create_connection(listener.getsockname()):
                await until(lambda s=server: hasattr(s, "stream") and s.stream.closed())
            server.stop()
            server.stop()

    run(main)
    assert len(caplog.records) == 2


def exhaust_descriptors():
    """Open descriptors until there are no more; return them."""
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken


@pytest.fixture
def few_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + 40, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in /proc")
def test_out_of_descriptors_and_back(run, few_descriptors, caplog):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        served = []

        def accept(connection, address):
            connection.close()
            served.append(address)

        remove = add_accept_handler(listener, accept)
        clients = [socket.socket() for _ in range(3)]
        taken = exhaust_descriptors()
        for client in clients:
            client.connect(listener.getsockname())
        loop = asyncio.get_running_loop()
        turns = 0
        end = loop.time() + 0.2
        while loop.time() < end:
            await asyncio.sleep(0.02)
            turns += 1
        assert served == []
        for fd in taken:
            os.close(fd)
        await until(lambda: len(served) == 3)
        remove()
        remove()
        listener.close()
        for client in clients:
            client.close()

    with caplog.at_level("INFO"):
        run(main)
    assert caplog.text.count("Cannot accept") == 1
    assert caplog.text.count("again") == 1


class FakeListener:
    """A listening socket whose accept fails as told; error 0 is a success."""

    def __init__(self, sock, errors):
        self.sock = sock
        self.errors = errors

    def accept(self):
        error = self.errors.pop(0) if self.errors else 0
        if error:
            raise OSError(error, "told to")
        return self.sock.accept()

    def __getattr__(self, name):
        return getattr(self.sock, name)


def test_accept_backs_off_and_can_be_removed_meanwhile(run_asyncio, caplog):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        fake = FakeListener(listener, [errno.EMFILE] * 50)
        remove = add_accept_handler(fake, lambda connection, address: connection.close())
        with socket.create_connection(listener.getsockname()):
            await asyncio.sleep(0.2)
            # 50 ms, then 100, then 200: not once per turn of the loop.
            assert 46 <= len(fake.errors) <= 48
            remove()
            await asyncio.sleep(0.25)
            assert 46 <= len(fake.errors) <= 48
        listener.close()

    run_asyncio(main)
    assert caplog.text.count("Cannot accept") == 1


def test_what_finds_room_one_by_one_is_not_told_each_time(run_asyncio, caplog):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        fake = FakeListener(listener, [errno.EMFILE, 0, errno.EMFILE, 0, errno.EMFILE])
        served = []

        def accept(connection, address):
            connection.close()
            served.append(address)

        remove = add_accept_handler(fake, accept)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        await until(lambda: len(served) == 3)
        remove()
        listener.close()
        for client in clients:
            client.close()

    with caplog.at_level("INFO"):
        run_asyncio(main)
    assert caplog.text.count("Cannot accept") == 1
    assert caplog.text.count("again") == 1


def test_connections_that_died_in_the_queue(run_asyncio):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        served = []
        fake = FakeListener(listener, [errno.ECONNABORTED, errno.EPROTO])
        remove = add_accept_handler(fake, lambda connection, address: served.append(connection))
        with socket.create_connection(listener.getsockname()):
            await until(lambda: served)
        remove()
        served[0].close()
        listener.close()

    run_asyncio(main)


def test_accepting_is_bounded_per_turn(run_asyncio):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1", backlog=400)
        served = []
        clients = [socket.create_connection(listener.getsockname()) for _ in range(300)]

        def accept(connection, address):
            connection.close()
            served.append(address)

        remove = add_accept_handler(listener, accept)
        steps = []
        while len(served) < 300:
            await asyncio.sleep(0)
            steps.append(len(served))
        assert max(b - a for a, b in itertools.pairwise([0, *steps])) == 128
        remove()
        listener.close()
        for client in clients:
            client.close()

    run_asyncio(main)


def test_many_short_connections_leave_nothing(run):
    class Once(TCPServer):
        async def handle_stream(self, stream, address):
            with contextlib.suppress(StreamClosedError):
                await stream.write(await stream.read_until(b"\n"))
            stream.close()

    async def main():
        server = Once()
        (listener,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listener)
        for i in range(200):
            stream = IOStream(socket.socket())
            await stream.connect(listener.getsockname())
            if i % 3:
                await stream.write(b"hello\n")
                assert await stream.read_until_close() == b"hello\n"
            stream.close()
        await asyncio.sleep(0.01)
        server.stop()

    run(main)


@pytest.mark.parametrize("point", sorted(POINTS))
@pytest.mark.parametrize("how", ["reset", "truncated", "announced", "ours"])
def test_the_end_at_every_point_of_tls(run, certificates, point, how):
    async def main():
        streams = []

        class Keeper(TCPServer):
            def handle_stream(self, stream, address):
                streams.append(stream)

        server = Keeper(ssl_options=certificates.server())
        (listener,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listener)
        peer = SSLIOStream(socket.socket(), ssl_options=certificates.client())
        await peer.connect(listener.getsockname())
        server.stop()
        await until(lambda: streams)
        stream = await streams[0].wait_for_handshake()
        closed = []
        stream.set_close_callback(lambda: closed.append(stream.error))
        pending = POINTS[point](stream)
        await asyncio.sleep(0.001)
        if how == "ours":
            stream.close()
            peer.close()
        else:
            if how == "reset":
                linger = struct.pack("ii", 1, 0)
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # A stream that failed says no goodbye.
            peer.close(exc_info=OSError("abrupt") if how != "announced" else False)
        if pending is not None:
            with pytest.raises(StreamClosedError):
                await pending
        await until(lambda: closed)
        await asyncio.sleep(0.001)
        assert len(closed) == 1

    run(main)
