"""`TornadoReactor` beside Tornado's loop: starting, stopping, time, threads, descriptors, processes."""

import os
import signal
import socket
import sys
import threading

import pytest
from twisted.internet import error, threads, utils
from twisted.internet.protocol import ProcessProtocol

from tornado.concurrent import Future
from tornado.gen import convert_yielded, sleep
from tornado.platform.twisted import TornadoDelayedCall, TornadoReactor
from tornado.stack_context import StackContext


def test_starts_with_the_loop(io_loop, reactor):
    calls = []
    reactor.callWhenRunning(calls.append, 1)
    assert not reactor.running
    io_loop.run_sync(lambda: sleep(0))
    assert calls == [1]
    assert reactor.running


def test_stop_ends_the_loop_after_the_shutdown_event(io_loop, reactor):
    calls = []
    reactor.addSystemEventTrigger("before", "shutdown", calls.append, "shutdown")
    reactor.callLater(0.001, reactor.stop)
    io_loop.start()
    assert calls == ["shutdown"]
    with pytest.raises(error.ReactorNotRunning):
        reactor.stop()
    with pytest.raises(error.ReactorNotRestartable):
        reactor.run(installSignalHandlers=False)


def test_run_before_and_after_the_loop_ran(io_loop, reactor):
    io_loop.run_sync(lambda: sleep(0))
    calls = []
    reactor.callLater(0.001, calls.append, 1)
    reactor.callLater(0.002, reactor.crash)
    reactor.run(installSignalHandlers=False)
    assert calls == [1]
    reactor.callLater(0.001, io_loop.stop)
    reactor.run(installSignalHandlers=False)
    assert not reactor.running


def test_run_inside_the_loop_is_refused(io_loop, reactor):
    async def main():
        with pytest.raises(error.ReactorAlreadyRunning):
            reactor.run()
        with pytest.raises(RuntimeError, match="iterate"):
            reactor.iterate()

    io_loop.run_sync(main)


def test_iterate_returns_when_something_happened(reactor):
    calls = []
    reactor.iterate(0)
    reactor.callLater(0, calls.append, 1)
    reactor.iterate(5)
    assert calls == [1]
    reactor.callFromThread(calls.append, 2)
    reactor.doIteration(None)
    assert calls == [1, 2]
    reactor.iterate(0.001)


def test_delayed_call_moves_and_is_cancelled(io_loop, reactor):
    calls = []
    later = reactor.callLater(0.001, calls.append, "later")
    later.delay(0.02)
    sooner = reactor.callLater(3600, calls.append, "sooner")
    sooner.reset(0.001)
    gone = reactor.callLater(0.001, calls.append, "gone")
    gone.cancel()
    assert isinstance(later, TornadoDelayedCall)
    assert set(reactor.getDelayedCalls()) == {later, sooner}
    assert later.getTime() > sooner.getTime()
    reactor.callLater(0.04, io_loop.stop)
    io_loop.start()
    assert calls == ["sooner", "later"]
    assert (later.active(), gone.active()) == (False, False)
    with pytest.raises(error.AlreadyCalled):
        later.cancel()
    with pytest.raises(error.AlreadyCancelled):
        gone.reset(1)
    assert reactor.getDelayedCalls() == []
    with pytest.raises(AssertionError):
        reactor.callLater(-1, calls.append)


def test_an_error_in_a_call_stops_nothing(io_loop, reactor):
    calls = []
    reactor.callLater(0, lambda: 1 / 0)
    reactor.callFromThread(lambda: 1 / 0)
    reactor.callLater(0.001, calls.append, 1)
    reactor.callLater(0.002, io_loop.stop)
    io_loop.start()
    assert calls == [1]


def test_clock_is_the_loops(io_loop, reactor):
    assert reactor.seconds() == pytest.approx(io_loop.time(), abs=1)


def test_threads(io_loop, reactor):
    async def main():
        here = threading.get_ident()
        there = await convert_yielded(
            threads.deferToThreadPool(reactor, reactor.getThreadPool(), threading.get_ident)
        )
        assert there != here
        back = Future()
        reactor.callInThread(
            lambda: reactor.callFromThread(lambda: back.set_result(threading.get_ident()))
        )
        assert await back == here

    io_loop.run_sync(main)


class Ends(ProcessProtocol):
    def __init__(self):
        self.output = b""
        self.ended = Future()

    def outReceived(self, data):
        self.output += data

    def processEnded(self, reason):
        self.ended.set_result(reason.value)


def test_process_under_the_loop(io_loop, reactor):
    before = signal.getsignal(signal.SIGCHLD)

    async def main():
        protocol = Ends()
        program = "import sys; print(input()); sys.exit(3)"
        transport = reactor.spawnProcess(
            protocol, sys.executable, [sys.executable, "-c", program], env=None
        )
        transport.write(b"hello\n")
        ended = await protocol.ended
        assert (ended.exitCode, protocol.output) == (3, b"hello\n")

    io_loop.run_sync(main)
    reactor._uninstallHandler()
    assert signal.getsignal(signal.SIGCHLD) == before


def test_former_child_handler_is_called_too(io_loop, reactor):
    calls = []
    before = signal.signal(signal.SIGCHLD, lambda *_: calls.append(1))
    try:

        async def main():
            output = utils.getProcessOutput(sys.executable, ["-c", "print(1)"], reactor=reactor)
            assert await convert_yielded(output) == b"1\n"

        io_loop.run_sync(main)
        reactor._uninstallHandler()
        assert calls
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_by_signals(reactor, number):
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    # Whoever started the tests in the background may have left it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        reactor.callLater(0.001, os.kill, os.getpid(), number)
        reactor.run()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert not reactor.running


class Selectable:
    def __init__(self, sock):
        self.sock = sock
        self.calls = []

    def fileno(self):
        return self.sock.fileno()

    def logPrefix(self):
        return "test"

    def doRead(self):
        self.calls.append(self.sock.recv(100))

    def doWrite(self):
        self.calls.append("write")

    def connectionLost(self, reason):
        self.calls.append(reason.type)


def test_reader_and_writer_of_one_descriptor(io_loop, reactor):
    ours, theirs = socket.socketpair()
    reader, writer = Selectable(ours), Selectable(ours)
    reactor.addReader(reader)
    reactor.addReader(reader)
    reactor.addWriter(writer)
    assert (reactor.getReaders(), reactor.getWriters()) == ([reader], [writer])
    theirs.send(b"x")
    io_loop.run_sync(lambda: sleep(0.001))
    assert reader.calls == [b"x"]
    assert "write" in writer.calls
    reactor.removeWriter(writer)
    reactor.removeWriter(writer)
    reactor.disconnectAll()
    assert reader.calls == [b"x", error.ConnectionLost]
    ours.close()
    theirs.close()


def test_a_number_that_comes_again_after_a_forgotten_close(io_loop, reactor):
    ours, theirs = socket.socketpair()
    number = ours.fileno()
    old = Selectable(ours)
    reactor.addReader(old)
    ours.close()
    again, peer = socket.socketpair()
    assert number in (again.fileno(), peer.fileno())
    if peer.fileno() == number:
        again, peer = peer, again
    new = Selectable(again)
    reactor.addReader(new)
    peer.send(b"y")
    io_loop.run_sync(lambda: sleep(0.001))
    assert (old.calls, new.calls) == ([], [b"y"])
    reactor.removeReader(new)
    for each in (theirs, again, peer):
        each.close()


def test_regular_files_are_always_ready(io_loop, reactor, tmp_path):
    class File(Selectable):
        def doRead(self):
            data = os.read(self.sock.fileno(), 4)
            if not data:
                return error.ConnectionDone()
            self.calls.append(data)
            return None

    path = tmp_path / "file"
    path.write_bytes(b"abcdefgh")
    with path.open("rb") as file:
        reader = File(file)
        reactor.addReader(reader)
        assert reactor.getReaders() == [reader]
        io_loop.run_sync(lambda: sleep(0.005))
        assert reader.calls == [b"abcd", b"efgh", error.ConnectionDone]
        assert reactor.getReaders() == []


def test_stack_contexts_do_not_reach_twisted_code(io_loop, reactor):
    entered = []

    class Context:
        def __enter__(self):
            entered.append(1)

        def __exit__(self, *error):
            pass

    with StackContext(Context):
        reactor.callLater(0.001, io_loop.stop)
    io_loop.start()
    assert entered == [1]


def test_reactor_takes_the_current_loop(io_loop):
    made = TornadoReactor()
    assert made._io_loop is io_loop
    made.fireSystemEvent("shutdown")
    made.disconnectAll()
