"""`ReactorEventLoop`: asyncio's ways on a reactor."""

import asyncio
import os
import select
import signal
import socket
import sys

import pytest
from twisted.internet import selectreactor

from tornado._twisted.eventloop import ReactorEventLoop

REACTORS = [selectreactor.SelectReactor]
if hasattr(select, "poll"):
    from twisted.internet import pollreactor

    REACTORS.append(pollreactor.PollReactor)
if hasattr(select, "epoll"):
    from twisted.internet import epollreactor

    REACTORS.append(epollreactor.EPollReactor)


@pytest.fixture(autouse=True)
def signals():
    """Put back the handlers that reactors leave."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(params=REACTORS)
def loop(request):
    reactor = request.param()
    made = ReactorEventLoop(reactor)
    yield made
    made.close()
    reactor._uninstallHandler()
    if reactor.threadpool is not None:
        reactor._stopThreadPool()
    reactor.disconnectAll()
    for reader in list(reactor._internalReaders):
        reactor.removeReader(reader)
        reader.connectionLost(None)
    for poller in ("_poller",):
        if hasattr(getattr(reactor, poller, None), "close"):
            getattr(reactor, poller).close()


def test_runs_to_the_end_more_than_once(loop):
    async def answer():
        await asyncio.sleep(0.001)
        assert asyncio.get_running_loop() is loop
        return 42

    assert loop.run_until_complete(answer()) == 42
    assert loop.run_until_complete(answer()) == 42
    assert not loop.is_running()


def test_stop_before_running_lets_one_turn_pass(loop):
    calls = []
    loop.call_soon(calls.append, 1)
    loop.stop()
    loop.run_forever()
    assert calls == [1]


def test_order_of_callbacks_and_times(loop):
    calls = []
    loop.call_later(0.003, calls.append, "late")
    loop.call_later(0.001, calls.append, "early")
    loop.call_soon(calls.append, 1)
    loop.call_soon(calls.append, 2)
    loop.call_later(0.006, loop.stop)
    loop.run_forever()
    assert calls == [1, 2, "early", "late"]


def test_streams_and_processes_of_asyncio(loop):
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x" * 50000 + b"\n")
        assert len(await reader.read()) == 50001
        writer.close()
        server.close()
        assert await loop.run_in_executor(None, lambda: 5) == 5

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())


def test_refused_connection(loop):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]

    async def main():
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    loop.run_until_complete(main())


def test_hang_up_is_seen_by_a_writer_alone(loop):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            break
    calls = []

    def writable():
        calls.append(1)
        loop.remove_writer(writer)
        loop.stop()

    loop.add_writer(writer, writable)
    loop.call_later(0.001, os.close, reader)
    loop.run_forever()
    os.close(writer)
    assert calls == [1]


def test_signal_handler(loop):
    calls = []

    def on_signal(value):
        calls.append(value)
        loop.stop()

    before = signal.getsignal(signal.SIGUSR1)
    loop.add_signal_handler(signal.SIGUSR1, on_signal, 5)
    loop.call_later(0.001, os.kill, os.getpid(), signal.SIGUSR1)
    loop.run_forever()
    assert calls == [5]
    assert loop.remove_signal_handler(signal.SIGUSR1)
    assert not loop.remove_signal_handler(signal.SIGUSR1)
    assert signal.getsignal(signal.SIGUSR1) == before
    with pytest.raises(RuntimeError):
        loop.add_signal_handler(signal.SIGKILL, on_signal)


def test_system_exit_ends_the_reactor(loop):
    loop.call_soon(sys.exit, 3)
    with pytest.raises(SystemExit) as caught:
        loop.run_forever()
    assert caught.value.code == 3


def test_asynchronous_generators_are_closed(loop):
    calls = []

    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            calls.append("closed")

    async def main():
        async for _ in numbers():
            break
        for _ in range(5):
            await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert calls == ["closed"]


def test_a_closed_loop_refuses(loop):
    loop.close()
    with pytest.raises(RuntimeError):
        loop.call_soon(print)
    with pytest.raises(RuntimeError):
        loop.run_forever()
