"""What goes wrong around a loop, and does not stop it: errors, threads, signals, forks, floods."""

import asyncio
import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from tornado import gen
from tornado.concurrent import Future
from tornado.ioloop import IOLoop, PeriodicCallback


def test_ten_thousand_threads_worth_of_callbacks(io_loop):
    """No wake-up is lost: a loop that sleeps notices each callback from each of many threads."""
    threads, each = 20, 500
    got = []

    def flood(name):
        for n in range(each):
            io_loop.add_callback(got.append, (name, n))

    def main():
        workers = [threading.Thread(target=flood, args=(name,)) for name in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        io_loop.add_callback(io_loop.stop)

    starter = threading.Thread(target=main)
    starter.start()
    io_loop.start()
    starter.join()
    assert len(got) == threads * each
    for name in range(threads):
        assert [n for who, n in got if who == name] == list(range(each))


def test_ping_pong_between_a_thread_and_a_sleeping_loop(io_loop):
    """Each side waits for the other, so one lost wake-up would hang the test."""
    rounds = 2000
    turn = threading.Semaphore(0)
    count = []

    def ping():
        for _ in range(rounds):
            io_loop.add_callback(pong)
            assert turn.acquire(timeout=5)
        io_loop.add_callback(io_loop.stop)

    def pong():
        count.append(1)
        turn.release()

    thread = threading.Thread(target=ping)
    thread.start()
    io_loop.start()
    thread.join()
    assert len(count) == rounds


def test_add_callback_while_the_loop_closes(io_loop):
    """Threads that still call back meet a closed loop, at any moment, without an error."""
    loop = IOLoop(make_current=False)
    errors, stop = [], threading.Event()

    def flood():
        try:
            while not stop.is_set():
                loop.add_callback(int)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=flood) for _ in range(3)]
    for thread in threads:
        thread.start()
    loop.call_later(0.01, loop.stop)
    loop.start()
    loop.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_callback_of_another_thread_raises(io_loop, stop_later, logged):
    def fail():
        raise KeyError

    thread = threading.Thread(target=io_loop.add_callback, args=(fail,))
    thread.start()
    thread.join()
    stop_later()
    io_loop.start()
    assert len(logged) == 1
    assert "KeyError" in logged[0].text


def test_errors_of_everything_at_once_stop_nothing(io_loop, logged):
    def fail(*args):
        raise KeyError

    async def native():
        fail()

    a, b = os.pipe()
    future = Future()
    future.set_exception(KeyError())
    io_loop.add_callback(fail)
    io_loop.add_callback(native)
    io_loop.spawn_callback(native)
    io_loop.call_later(0, fail)
    io_loop.call_later(0, native)
    io_loop.add_future(future, fail)
    io_loop.add_future(future, lambda f: f.result())
    io_loop.add_future(concurrent.futures.ThreadPoolExecutor(1).submit(fail), lambda f: f.result())
    io_loop.add_callback(lambda: gen.multi([native(), native()]))
    periodic = PeriodicCallback(fail, 1)
    periodic.start()
    io_loop.call_later(0.03, io_loop.stop)
    io_loop.start()
    periodic.stop()
    os.close(a)
    os.close(b)
    assert len(logged) > 10
    io_loop.run_sync(lambda: gen.sleep(0))


def test_handler_hook_that_raises_itself(caplog):
    from tornado.platform.asyncio import AsyncIOLoop

    class Broken(AsyncIOLoop):
        def handle_callback_exception(self, callback):
            raise ValueError("hook")

    loop = Broken(make_current=False)
    loop.add_callback(lambda: 1 / 0)
    ran = []
    loop.add_callback(ran.append, 1)
    loop.add_callback(loop.stop)
    loop.start()
    loop.close()
    assert ran == [1]
    assert "hook" in caplog.text


def test_system_exit_leaves_the_loop_and_it_can_go_on(io_loop):
    io_loop.add_callback(sys.exit, 3)
    with pytest.raises(SystemExit):
        io_loop.start()
    assert not io_loop.running()
    io_loop.add_callback(io_loop.stop)
    io_loop.start()


def test_handler_removed_by_another_handler_of_the_same_turn(io_loop, stop_later):
    import socket

    pairs = [socket.socketpair() for _ in range(2)]
    got = []

    def ready(fd, events):
        got.append(fd)
        for a, _ in pairs:
            io_loop.remove_handler(a)

    for a, b in pairs:
        io_loop.add_handler(a, ready, io_loop.READ)
        b.send(b"x")
    stop_later()
    io_loop.start()
    for a, b in pairs:
        a.close()
        b.close()
    assert len(got) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
class TestSignals:
    @pytest.fixture
    def on_signal(self):
        before = signal.getsignal(signal.SIGUSR1)
        yield lambda handler: signal.signal(signal.SIGUSR1, handler)
        signal.signal(signal.SIGUSR1, before)

    def test_wakes_a_sleeping_loop(self, io_loop, on_signal):
        on_signal(lambda *args: io_loop.add_callback_from_signal(io_loop.stop))
        timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        io_loop.start()
        timer.join()

    def test_hundreds_during_callbacks(self, io_loop, stop_later, on_signal):
        got, signals = [], 300
        on_signal(lambda *args: io_loop.add_callback_from_signal(got.append, 1))

        def busy(n):
            os.kill(os.getpid(), signal.SIGUSR1)
            if n:
                io_loop.add_callback(busy, n - 1)
            else:
                stop_later()

        busy(signals - 1)
        io_loop.start()
        assert len(got) == signals

    def test_handler_that_raises_in_a_callback(self, io_loop, stop_later, on_signal, logged):
        def handler(*args):
            raise KeyError("from the signal")

        on_signal(handler)
        io_loop.add_callback(os.kill, os.getpid(), signal.SIGUSR1)
        stop_later()
        io_loop.start()
        assert len(logged) <= 1

    def test_keyboard_interrupt(self):
        code = """
            import os, signal
            from tornado.ioloop import IOLoop
            loop = IOLoop.current()
            # Whoever started the tests in the background may have left it ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            loop.call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
            try:
                loop.start()
            except KeyboardInterrupt:
                print("interrupted")
            loop.close()
        """
        assert script(code) == "interrupted\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
class TestFork:
    def test_child_makes_its_own_loop(self):
        code = """
            import os
            from tornado import gen
            from tornado.ioloop import IOLoop
            parent = IOLoop.current()
            parent.run_sync(lambda: gen.sleep(0))
            child = os.fork()
            if not child:
                IOLoop.clear_instance()
                IOLoop.clear_current()
                loop = IOLoop.current()
                assert loop is not parent
                loop.run_sync(lambda: gen.sleep(0.001))
                os._exit(7)
            status = os.waitpid(child, 0)[1]
            parent.run_sync(lambda: gen.sleep(0.001))
            print(os.waitstatus_to_exitcode(status))
        """
        assert script(code) == "7\n"

    def test_child_closes_the_loop_it_inherited(self):
        code = """
            import os, socket
            from tornado import gen
            from tornado.ioloop import IOLoop
            parent = IOLoop.current()
            a, b = socket.socketpair()
            got = []
            parent.add_handler(a, lambda fd, events: (got.append(fd.recv(1)), parent.stop()), 1)
            child = os.fork()
            if not child:
                parent.close()
                IOLoop.current().run_sync(lambda: gen.sleep(0.001))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            b.send(b"x")
            parent.start()
            print(got)
        """
        assert script(code) == "[b'x']\n"

    @pytest.mark.parametrize("closed", ["number", "socket"])
    @pytest.mark.parametrize("where", ["the same loop", "another loop"])
    def test_what_was_closed_but_not_unregistered(self, closed, where):
        """A descriptor that is gone must not keep the child from having selectors of its own."""
        if where == "the same loop" and os.environ.get("TORNADO_TEST_LOOP") == "uvloop":
            pytest.skip("libuv ends the process when what it watches is closed")
        code = f"""
            import fcntl, os, socket
            from tornado.ioloop import IOLoop
            other = IOLoop(make_current=False)
            parent = IOLoop(make_current=False)
            parent.make_current()
            a, b = socket.socketpair()
            gone = fcntl.fcntl(a.fileno(), fcntl.F_DUPFD, 200)
            if {closed!r} == "socket":
                gone = socket.socket(fileno=gone)
            stale = parent if {where!r} == "the same loop" else other
            stale.add_handler(gone, lambda fd, events: None, IOLoop.READ)
            gone.close() if {closed!r} == "socket" else os.close(gone)
            c, d = socket.socketpair()
            got = []
            parent.add_handler(c, lambda fd, events: (got.append(fd.recv(1)), parent.stop()), 1)
            child = os.fork()
            if not child:
                parent.remove_handler(c)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            d.send(b"x")
            parent.call_later(10, parent.stop)
            parent.start()
            print(got)
        """
        assert script(code) == "[b'x']\n"

    def test_wake_ups_are_not_shared(self):
        code = """
            import os, threading
            from tornado.ioloop import IOLoop
            loop = IOLoop.current()
            loop.add_callback(loop.stop)
            loop.start()
            child = os.fork()
            for _ in range(200):
                thread = threading.Thread(target=loop.add_callback, args=(loop.stop,))
                loop.asyncio_loop.call_soon(thread.start)
                loop.start()
                thread.join()
            if not child:
                os._exit(0)
            print(os.wait()[1])
        """
        assert script(code) == "0\n"

    def test_handlers_are_not_shared(self):
        """What a child registers and removes, the parent does not notice, nor the other way."""
        code = """
            import os, socket
            from tornado.ioloop import IOLoop
            loop = IOLoop.current()
            a, b = socket.socketpair()
            got = []
            loop.add_handler(a, lambda fd, events: (got.append(fd.recv(1)), loop.stop()), 1)
            loop.call_later(0.01, loop.stop)
            loop.start()
            child = os.fork()
            if not child:
                loop.remove_handler(a)
                loop.call_later(0.01, loop.stop)
                loop.start()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            b.send(b"x")
            loop.call_later(10, loop.stop)
            loop.start()
            print(got)
        """
        assert script(code) == "[b'x']\n"

    def test_what_was_scheduled_before_happens_in_both(self):
        code = """
            import os
            from tornado.ioloop import IOLoop, PeriodicCallback
            loop = IOLoop.current()
            loop.call_later(0, loop.stop)
            loop.start()
            left = {"callback", "timeout", "period"}
            def note(what):
                left.remove(what)
                if not left:
                    loop.stop()
            loop.add_callback(note, "callback")
            loop.call_later(0.01, note, "timeout")
            periodic = PeriodicCallback(lambda: (note("period"), periodic.stop()), 10)
            periodic.start()
            child = os.fork()
            loop.start()
            if not child:
                os._exit(0)
            print(os.wait()[1], left)
        """
        assert script(code) == "0 set()\n"

    def test_fork_in_a_callback(self):
        code = """
            import os
            from tornado import gen
            from tornado.ioloop import IOLoop
            async def main():
                child = os.fork()
                await gen.sleep(0.001)
                return child
            child = IOLoop.current().run_sync(main)
            if not child:
                os._exit(0)
            print(os.wait()[1])
        """
        assert script(code) == "0\n"

    def test_loop_that_was_not_run_survives(self):
        code = """
            import os
            from tornado import gen
            from tornado.ioloop import IOLoop
            loop = IOLoop.instance()
            if os.fork() == 0:
                loop.run_sync(lambda: gen.sleep(0.001))
                os._exit(0)
            loop.run_sync(lambda: gen.sleep(0.001))
            print(os.wait()[1])
        """
        assert script(code) == "0\n"


def script(code):
    """Run a program, on the kind of loop that is tested, and return what it printed."""
    kind = os.environ.get("TORNADO_TEST_LOOP", "asyncio")
    code = f"from tornado.ioloop import IOLoop; IOLoop.configure({kind!r})\n" + textwrap.dedent(
        code
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_futures_error_that_nobody_looks_at_is_reported(io_loop, caplog):
    async def main():
        future = Future()
        future.set_exception(KeyError("unseen"))
        del future
        await asyncio.sleep(0)

    io_loop.run_sync(main)
    assert "unseen" in caplog.text
