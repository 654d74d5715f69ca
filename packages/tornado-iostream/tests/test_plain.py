"""Connecting, and streams over sockets as such."""

import asyncio
import contextlib
import gc
import os
import socket
import sys
import weakref

import pytest

from tornado import stack_context
from tornado.ioloop import IOLoop
from tornado.iostream import BaseIOStream, IOStream, StreamClosedError
from tornado.netutil import bind_sockets, bind_unix_socket


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


@contextlib.contextmanager
def listening():
    (listener,) = bind_sockets(0, "127.0.0.1")
    with listener:
        yield listener


def refused_address():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()


def test_connect_with_a_future(run):
    async def main():
        with listening() as listener:
            stream = IOStream(socket.socket())
            connecting = stream.connect(listener.getsockname())
            writing = stream.write(b"early")
            reading = stream.read_bytes(5)
            assert await connecting is stream
            await writing
            peer, _ = listener.accept()
            with peer:
                peer.sendall(peer.recv(5))
                assert await reading == b"early"
            stream.set_nodelay(True)
            assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            stream.set_nodelay(False)
            assert not stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            stream.close()
            stream.set_nodelay(True)
            assert stream.fileno() == -1

    run(main)


def test_connect_with_callbacks(run):
    async def main():
        with listening() as listener:
            events = []
            stream = IOStream(socket.socket())
            stream.set_close_callback(lambda: events.append("closed"))
            await asyncio.sleep(0.002)  # an unconnected socket reports events that mean nothing
            assert not stream.closed()
            assert stream.connect(listener.getsockname(), lambda: events.append("open")) is None
            stream.write(b"x", lambda: events.append("written"))
            assert events == []
            await until(lambda: "written" in events)
            listener.accept()[0].close()
            await until(lambda: "closed" in events)
            assert events == ["open", "written", "closed"]

    run(main)


def test_connection_refused(run, caplog):
    async def main():
        stream = IOStream(socket.socket())
        connecting = stream.connect(refused_address())
        reading = stream.read_bytes(1)
        writing = stream.write(b"x")
        with pytest.raises(StreamClosedError) as info:
            await connecting
        assert isinstance(info.value.real_error, ConnectionRefusedError)
        assert stream.error is info.value.real_error
        for future in (reading, writing):
            with pytest.raises(StreamClosedError):
                await future
        assert caplog.records == []
        stream = IOStream(socket.socket())
        closed = asyncio.Event()
        stream.set_close_callback(closed.set)
        stream.connect(refused_address(), lambda: pytest.fail("not connected"))
        await closed.wait()
        assert isinstance(stream.error, ConnectionRefusedError)

    run(main)
    assert "Connect error on fd" in caplog.text


def test_an_address_that_cannot_be(run_asyncio):
    async def main():
        stream = IOStream(socket.socket())
        with pytest.raises(StreamClosedError):
            await stream.connect(("no.such.host.invalid", 80))
        stream = IOStream(socket.socket())
        with pytest.raises(StreamClosedError):
            await stream.connect(("127.0.0.1", 80), "the.server.name")

    run_asyncio(main)


def test_close_and_cancel_while_connecting(run):
    async def main():
        with listening() as listener:
            stream = IOStream(socket.socket())
            connecting = stream.connect(listener.getsockname())
            stream.close()
            with pytest.raises(StreamClosedError):
                await connecting
            with pytest.raises(StreamClosedError):
                stream.connect(listener.getsockname())
            stream = IOStream(socket.socket())
            connecting = stream.connect(listener.getsockname())
            connecting.cancel()
            await asyncio.sleep(0.002)
            assert not stream.closed()
            stream.close()

    run(main)


def test_unix_sockets_wait_for_a_full_queue(run_asyncio, tmp_path):
    async def main():
        path = str(tmp_path / "socket")
        with bind_unix_socket(path, backlog=0) as listener:
            streams = [IOStream(socket.socket(socket.AF_UNIX)) for _ in range(4)]
            connecting = [asyncio.ensure_future(stream.connect(path)) for stream in streams]
            await asyncio.sleep(0.005)
            assert not all(future.done() for future in connecting)
            peers = []
            while len(peers) < 4:
                with contextlib.suppress(BlockingIOError):
                    peers.append(listener.accept()[0])
                await asyncio.sleep(0.001)
            await asyncio.gather(*connecting)
            for peer in peers:
                peer.close()
            for stream in streams:
                stream.set_nodelay(True)
                stream.close()

    run_asyncio(main)


def test_close_with_an_error(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            try:
                raise ZeroDivisionError("why")
            except ZeroDivisionError:
                server.close(exc_info=True)
            assert isinstance(server.error, ZeroDivisionError)
            client.close(exc_info=(ValueError, ValueError("given"), None))
            assert str(client.error) == "given"
            server.close(exc_info=KeyError("later"))
            assert isinstance(server.error, ZeroDivisionError)
        async with pairs() as (server, client):
            server.close(KeyError("itself"))
            assert isinstance(server.error, KeyError)
            client.close(exc_info=True)
            assert client.error is None

    run_asyncio(main)


def test_fd_error_and_fileno(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, _):
            assert server.get_fd_error() is None
            assert server.fileno() == server.socket.fileno()

    run_asyncio(main)


def test_the_base_class_needs_a_transport(run_asyncio):
    async def main():
        stream = BaseIOStream()
        for call in (
            stream.fileno,
            stream.close_fd,
            lambda: stream.read_from_fd(bytearray(1)),
            lambda: stream.write_to_fd(memoryview(b"")),
        ):
            with pytest.raises(NotImplementedError):
                call()
        assert stream.get_fd_error() is None

    run_asyncio(main)


def test_stack_contexts_reach_the_callbacks_of_a_stream(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            active, seen = [], []

            @contextlib.contextmanager
            def context(name):
                active.append(name)
                try:
                    yield
                finally:
                    active.remove(name)

            def note(what):
                return lambda *args: seen.append((what, tuple(active)))

            with stack_context.StackContext(lambda: context("reader")):
                server.read_bytes(4, note("read"), streaming_callback=note("chunk"))
                server.set_close_callback(note("closed"))
            with stack_context.StackContext(lambda: context("writer")):
                client.write(b"1234", note("written"))
            await until(lambda: len(seen) == 3)
            # The loop watches on for the stream, not for whoever read first.
            server.read_bytes(1, note("outside"))
            await client.write(b"5")
            await until(lambda: len(seen) == 4)
            client.close()
            await until(lambda: len(seen) == 5)
            assert sorted(seen) == [
                ("chunk", ("reader",)),
                ("closed", ("reader",)),
                ("outside", ()),
                ("read", ("reader",)),
                ("written", ("writer",)),
            ]

    run_asyncio(main)


def test_closed_streams_are_not_kept_alive(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, client):
            server.set_close_callback(lambda: None)
            await client.write(b"x\n")
            await server.read_until(b"\n")
            alive = weakref.ref(server)
        del server, client
        await asyncio.sleep(0.002)
        if alive() is not None:
            gc.collect()
        assert alive() is None

    run_asyncio(main)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts CPython's bytes")
def test_an_idle_stream_is_small(run_asyncio):
    async def main():
        left, right = socket.socketpair()
        stream = IOStream(left)
        own = sys.getsizeof(stream)
        assert own < 350
        assert stream.__dict__ == {}
        assert stream._queue is None
        assert stream._read_buffer is not None
        assert len(stream._read_buffer) == 0
        stream.anything = os  # programs put attributes of their own on streams
        stream.close()
        right.close()

    run_asyncio(main)


def test_closing_the_loop_closes_its_streams():
    loop = IOLoop(make_current=False)
    left, right = socket.socketpair()
    stream = IOStream(left, loop)
    events = []

    def begin():
        stream.set_close_callback(lambda: events.append("closed"))
        loop.stop()

    loop.add_callback(begin)
    loop.start()
    assert not stream.closed()
    loop.close(all_fds=True)
    assert stream.closed()
    assert left.fileno() == -1
    right.close()


def test_a_stream_that_nobody_watches_is_not_held(run_asyncio):
    async def main():
        left, right = socket.socketpair()
        stream = IOStream(left)
        stream.set_close_callback(lambda: None)
        assert stream in IOLoop.current()._open_streams
        right.send(b"unread")
        await asyncio.sleep(0.002)
        assert stream not in IOLoop.current()._open_streams
        stream.close()
        right.close()

    run_asyncio(main)
