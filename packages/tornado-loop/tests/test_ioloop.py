"""tornado.ioloop: which loop is current, callbacks, timeouts, descriptors, threads, errors."""

import asyncio
import concurrent.futures
import datetime
import functools
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from tornado import gen, ioloop, util
from tornado.concurrent import Future
from tornado.ioloop import IOLoop, PollIOLoop
from tornado.platform.asyncio import AsyncIOLoop, AsyncIOMainLoop


@pytest.fixture
def pair():
    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    yield a, b
    a.close()
    b.close()


def in_thread(func):
    """Return what ``func`` returns in a new thread."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(func).result(5)


class TestCurrent:
    def test_current_makes_one_and_keeps_it(self):
        assert IOLoop.current(instance=False) is None
        loop = IOLoop.current()
        assert IOLoop.current() is loop
        assert IOLoop.current(instance=False) is loop

    def test_first_loop_becomes_current_and_second_does_not(self):
        first, second = IOLoop(), IOLoop()
        assert IOLoop.current() is first
        assert second is not first

    def test_make_current_false(self):
        IOLoop(make_current=False)
        assert IOLoop.current(instance=False) is None

    def test_make_current_true_raises_where_one_is(self):
        first = IOLoop(make_current=True)
        before = dict(IOLoop._ioloop_for_asyncio)
        with pytest.raises(RuntimeError, match="already has a current"):
            IOLoop(make_current=True)
        assert IOLoop.current() is first
        assert IOLoop._ioloop_for_asyncio == before

    def test_positional_argument_of_every_era(self):
        assert IOLoop(False).running() is False
        assert IOLoop.current(instance=False) is None
        assert IOLoop(None) is IOLoop.current()
        assert isinstance(IOLoop(impl=object()), IOLoop)

    def test_running_loop_is_current(self, io_loop):
        other = IOLoop(make_current=False)
        assert other.run_sync(_adopt) is other
        assert IOLoop.current() is io_loop

    def test_loop_that_asyncio_runs(self):
        async def main():
            loop = IOLoop.current()
            assert loop.asyncio_loop is asyncio.get_running_loop()
            assert IOLoop.current() is loop
            assert IOLoop._ioloop_for_asyncio[loop.asyncio_loop] is loop
            return type(loop)

        assert asyncio.run(main()) is AsyncIOMainLoop
        assert IOLoop.current(instance=False) is None

    def test_instance_false_adopts_nothing(self):
        async def main():
            return IOLoop.current(instance=False)

        assert asyncio.run(main()) is None

    def test_loop_set_in_asyncio_is_current(self):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        assert IOLoop.current(instance=False) is None
        assert IOLoop.current().asyncio_loop is loop
        IOLoop.current().close()
        assert not loop.is_closed()
        loop.close()

    def test_closed_loop_set_in_asyncio_is_not(self):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.close()
        assert IOLoop.current().asyncio_loop is not loop

    def test_make_current_tells_asyncio(self):
        first, second = IOLoop(), IOLoop()
        second.make_current()
        assert IOLoop.current() is second
        assert asyncio.get_event_loop_policy().get_event_loop() is second.asyncio_loop
        first.make_current()
        assert IOLoop.current() is first

    def test_clear_current(self):
        IOLoop.clear_current()
        IOLoop()
        IOLoop.clear_current()
        assert IOLoop.current(instance=False) is None

    def test_close_clears(self):
        loop = IOLoop()
        loop.install()
        loop.close()
        assert IOLoop.current(instance=False) is None
        assert not IOLoop.initialized()
        assert loop.asyncio_loop not in IOLoop._ioloop_for_asyncio

    def test_threads_have_their_own(self):
        main = IOLoop.current()

        def other():
            assert IOLoop.current(instance=False) is None
            loop = IOLoop.current()
            assert loop is not main
            assert IOLoop.current() is loop
            loop.close()

        in_thread(other)

    def test_instance_in_a_thread_is_the_main_one(self):
        main = IOLoop.instance()
        assert IOLoop.initialized()
        assert in_thread(IOLoop.instance) is main

    def test_instance_in_a_thread_with_a_loop_is_that(self):
        main = IOLoop.instance()

        def other():
            loop = IOLoop()
            try:
                return IOLoop.instance() is loop
            finally:
                loop.close()

        assert in_thread(other)
        assert IOLoop.instance() is main

    def test_instance_made_within_a_run_ends_with_it(self):
        async def main():
            return IOLoop.instance()

        IOLoop.clear_instance()
        over = asyncio.run(main())
        following = IOLoop.instance()
        assert following is not over
        assert following.run_sync(main) is following

    def test_install_and_clear_instance(self):
        IOLoop.current()
        mine = IOLoop()
        mine.install()
        assert IOLoop.instance() is mine
        assert IOLoop.current() is mine
        IOLoop.clear_instance()
        assert not IOLoop.initialized()
        assert IOLoop.current(instance=False) is None

    def test_plain_loop_does_not_initialize_the_instance(self):
        IOLoop(make_current=False)
        assert not IOLoop.initialized()

    def test_two_skins_over_one_loop_are_refused(self, io_loop):
        with pytest.raises(RuntimeError, match="already has an IOLoop"):
            AsyncIOLoop(asyncio_loop=io_loop.asyncio_loop)

    def test_closed_asyncio_loops_are_forgotten(self):
        asyncio.run(_adopt())
        IOLoop().close()
        assert [k for k in IOLoop._ioloop_for_asyncio if k.is_closed()] == []

    def test_a_loop_that_is_not_asyncios(self):
        class Other(IOLoop):
            def initialize(self, **kwargs):
                super().initialize(**kwargs)

        loop = Other()
        try:
            assert IOLoop.current() is loop
            with pytest.raises(RuntimeError, match="not built upon asyncio"):
                Future()
        finally:
            IOLoop.clear_current()
        assert IOLoop.current(instance=False) is None


async def _adopt():
    return IOLoop.current()


class TestConfigure:
    @pytest.fixture(autouse=True)
    def restored(self):
        saved = IOLoop._save_configuration()
        yield
        IOLoop._restore_configuration(saved)

    @pytest.mark.parametrize(
        "name",
        [
            "tornado.ioloop.PollIOLoop",
            "tornado.platform.epoll.EPollIOLoop",
            "tornado.platform.select.SelectIOLoop",
            "tornado.platform.kqueue.KQueueIOLoop",
        ],
    )
    def test_names_of_polling_loops(self, name):
        IOLoop.configure(name)
        loop = IOLoop()
        assert isinstance(loop, PollIOLoop)
        assert loop.run_sync(lambda: gen.sleep(0)) is None

    def test_asyncio_by_name(self):
        IOLoop.configure("tornado.platform.asyncio.AsyncIOLoop")
        assert type(IOLoop()) is AsyncIOLoop
        IOLoop.configure("asyncio")
        assert type(IOLoop()) is AsyncIOLoop

    def test_uvloop(self):
        uvloop = pytest.importorskip("uvloop")
        IOLoop.configure("uvloop")
        loop = IOLoop()
        assert isinstance(loop.asyncio_loop, uvloop.Loop)
        assert loop.run_sync(lambda: gen.sleep(0)) is None

    def test_loop_factory(self):
        made = []

        def factory():
            made.append(asyncio.new_event_loop())
            return made[0]

        IOLoop.configure("asyncio", loop_factory=factory)
        assert IOLoop().asyncio_loop is made[0]

    def test_time_func(self):
        IOLoop.configure(None, time_func=lambda: 42.0)
        assert IOLoop().time() == 42.0
        assert PollIOLoop(time_func=time.monotonic).time() == pytest.approx(time.monotonic(), abs=1)

    def test_clock_of_another_kind(self):
        IOLoop.configure(None, time_func=time.monotonic)
        loop = IOLoop()
        loop.add_timeout(time.monotonic() + 0.01, loop.stop)
        loop.start()

    def test_not_a_loop(self):
        with pytest.raises(ValueError, match="not a subclass"):
            IOLoop.configure(dict)


class TestRunning:
    def test_stop_before_start(self, io_loop):
        io_loop.stop()
        io_loop.start()
        ran = []
        io_loop.add_callback(ran.append, 1)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert ran == [1]

    def test_callback_before_start(self, io_loop):
        io_loop.add_callback(io_loop.stop)
        io_loop.start()

    def test_stop_from_another_thread(self, io_loop):
        io_loop.add_callback(lambda: threading.Timer(0.01, io_loop.stop).start())
        io_loop.start()

    def test_running(self, io_loop):
        assert io_loop.running() is False
        seen = []
        io_loop.run_sync(lambda: seen.append(io_loop.running()))
        assert seen == [True]

    def test_close_of_a_running_loop_is_refused(self, io_loop, logged):
        io_loop.add_callback(io_loop.close)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert "cannot close a running IOLoop" in logged[0].text
        assert IOLoop.current() is io_loop
        assert io_loop.run_sync(_adopt) is io_loop

    def test_close_twice(self):
        loop = IOLoop()
        loop.close()
        loop.close()

    def test_callback_on_a_closed_loop_is_ignored(self):
        loop = IOLoop()
        loop.close()
        loop.add_callback(print)
        loop.add_callback_from_signal(print)
        loop.spawn_callback(print)

    def test_main_loop_leaves_asyncios_open(self):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        main = AsyncIOMainLoop()
        main.install()
        assert IOLoop.instance() is main
        loop.call_soon(main.stop)
        loop.run_forever()
        main.close()
        assert not loop.is_closed()
        loop.close()


class TestRunSync:
    def test_results(self, run):
        async def native():
            await asyncio.sleep(0)
            return 3

        @gen.coroutine
        def generator():
            yield gen.moment
            return 4

        assert run(lambda: None) is None
        assert run(native) == 3
        assert run(generator) == 4
        assert run(lambda: gen.sleep(0)) is None

    def test_plain_function_that_returns_something_odd(self, run):
        with pytest.raises(gen.BadYieldError):
            run(lambda: object())

    @pytest.mark.parametrize("native", [True, False])
    def test_errors(self, run, native):
        async def fails():
            raise ZeroDivisionError

        def at_once():
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            run(fails if native else at_once)

    def test_timeout(self, io_loop):
        cancelled = []

        async def slow():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(1)
                raise

        with pytest.raises(util.TimeoutError, match=r"timed out after 0\.01 seconds"):
            io_loop.run_sync(slow, timeout=0.01)
        assert cancelled == [1]

    def test_timeout_of_what_cannot_be_cancelled(self, io_loop):
        @gen.coroutine
        def stubborn():
            while True:
                try:
                    yield gen.sleep(60)
                except asyncio.CancelledError:
                    pass

        with pytest.raises(util.TimeoutError):
            io_loop.run_sync(stubborn, timeout=0.01)

    def test_stopped_before_the_end(self, io_loop):
        io_loop.call_later(0.005, io_loop.stop)
        with pytest.raises(util.TimeoutError, match="stopped before"):
            io_loop.run_sync(Future)

    def test_timer_is_removed(self, io_loop):
        if LOOPS_OWN(io_loop):
            pytest.skip("uvloop shows nobody its timers")
        io_loop.run_sync(lambda: None, timeout=3600)
        assert [t for t in io_loop.asyncio_loop._scheduled if not t.cancelled()] == []


class TestCallbacks:
    def test_arguments(self, io_loop):
        got = []
        io_loop.add_callback(lambda *a, **k: got.append((a, k)), 1, 2, three=3)
        io_loop.spawn_callback(lambda *a, **k: got.append((a, k)), 4, five=5)
        io_loop.add_callback_from_signal(lambda *a, **k: got.append((a, k)), 6, seven=7)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert got == [((1, 2), {"three": 3}), ((4,), {"five": 5}), ((6,), {"seven": 7})]

    def test_order(self, io_loop):
        got = []
        for i in range(100):
            io_loop.add_callback(got.append, i)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert got == list(range(100))

    def test_one_added_by_a_callback_runs_on_the_next_turn(self, io_loop):
        got = []
        io_loop.add_callback(lambda: io_loop.add_callback(got.append, "next"))
        io_loop.add_callback(got.append, "this")
        io_loop.add_callback(io_loop.add_callback, io_loop.stop)
        io_loop.start()
        assert got == ["this", "next"]

    def test_coroutine_functions_run(self, io_loop):
        got = []

        async def native(x):
            await asyncio.sleep(0)
            got.append(x)

        @gen.coroutine
        def generator(x):
            yield gen.moment
            got.append(x)
            io_loop.stop()

        io_loop.add_callback(native, 1)
        io_loop.call_later(0.005, generator, 2)
        io_loop.start()
        assert got == [1, 2]

    @pytest.mark.parametrize("kind", ["plain", "native", "generator", "timeout", "handler"])
    def test_errors_reach_the_hook_and_stop_nothing(self, kind, pair):
        seen = []

        class Mine(AsyncIOLoop):
            def handle_callback_exception(self, callback):
                seen.append((callback, sys.exc_info()[0]))

        loop = Mine(make_current=False)

        def plain(*args):
            loop.remove_handler(pair[0])
            raise KeyError

        async def native():
            raise KeyError

        @gen.coroutine
        def generator():
            yield gen.moment
            raise KeyError

        if kind == "timeout":
            loop.add_timeout(datetime.timedelta(0), plain)
        elif kind == "handler":
            loop.add_handler(pair[0], plain, IOLoop.WRITE)
        else:
            loop.add_callback({"plain": plain, "native": native, "generator": generator}[kind])
        loop.call_later(0.01, loop.stop)
        loop.start()
        loop.close()
        assert [kind for _, kind in seen] == [KeyError]
        if kind != "native" and kind != "generator":
            assert seen[0][0] is plain

    def test_errors_are_logged(self, io_loop, logged):
        io_loop.add_callback(lambda: 1 / 0)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert [r.name for r in logged] == ["tornado.application"]
        assert "Exception in callback" in logged[0].text
        assert "ZeroDivisionError" in logged[0].text

    def test_cancelled_is_no_error(self, io_loop, stop_later, logged):
        async def gives_up():
            raise asyncio.CancelledError

        io_loop.add_callback(gives_up)
        stop_later()
        io_loop.start()
        assert logged == []

    def test_own_thread_does_not_wake(self, io_loop, monkeypatch):
        if LOOPS_OWN(io_loop):
            pytest.skip("uvloop's methods cannot be watched")
        woken = []
        monkeypatch.setattr(io_loop.asyncio_loop, "_write_to_self", lambda: woken.append(1))
        io_loop.asyncio_loop.call_soon(io_loop.add_callback, io_loop.stop)
        io_loop.start()
        assert woken == []

    def test_add_future(self, io_loop):
        got = []
        future = Future()
        io_loop.add_future(future, lambda f: (got.append(f.result()), io_loop.stop()))
        io_loop.add_callback(future.set_result, 5)
        io_loop.start()
        assert got == [5]

    def test_add_future_of_another_thread(self, io_loop):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            got = []

            def done(future):
                got.append((future.result(), threading.get_ident()))
                io_loop.stop()

            io_loop.add_future(pool.submit(time.sleep, 0.005), done)
            io_loop.start()
        assert got == [(None, threading.get_ident())]

    def test_add_future_of_another_loop(self, io_loop):
        other = IOLoop(make_current=False)
        future = Future(loop=other.asyncio_loop)
        io_loop.add_future(future, lambda f: io_loop.stop())
        other.add_callback(future.set_result, 1)
        other.call_later(0.005, other.stop)
        other.start()
        io_loop.start()

    def test_add_future_wants_a_future(self, io_loop):
        with pytest.raises(TypeError, match="expected a future"):
            io_loop.add_future(5, print)


def LOOPS_OWN(io_loop):
    return not hasattr(io_loop.asyncio_loop, "_write_to_self")


class TestTimeouts:
    def test_every_kind_of_deadline(self, io_loop):
        ran = {}

        def note(kind, **kwargs):
            ran[kind] = (io_loop.time(), kwargs)
            if len(ran) == 6:
                io_loop.stop()

        now = io_loop.time()
        io_loop.add_timeout(datetime.timedelta(milliseconds=3), note, "timedelta")
        io_loop.add_timeout(now + 0.006, note, "absolute", key=1)
        io_loop.call_later(0.009, note, "later")
        io_loop.call_at(now + 0.012, functools.partial(note, "at"))
        io_loop.add_timeout(now - 10, note, "past")
        io_loop.add_timeout(int(now) - 1, note, "whole seconds", key=2)
        io_loop.start()
        # Only that none was early can be said: a busy machine runs them all late.
        early = 0.002  # what uvloop's clock of milliseconds may round away
        waits = {"timedelta": 0.003, "absolute": 0.006, "later": 0.009, "at": 0.012}
        for kind, wait in waits.items():
            assert ran[kind][0] >= now + wait - early, kind
        assert list(ran)[:2] == ["past", "whole seconds"]
        assert {kind: kwargs for kind, (_, kwargs) in ran.items() if kwargs} == {
            "absolute": {"key": 1},
            "whole seconds": {"key": 2},
        }

    def test_time_is_unix_time(self, io_loop):
        assert io_loop.time() == pytest.approx(time.time(), abs=1)

    def test_bad_deadline(self, io_loop):
        with pytest.raises(TypeError, match="number or a timedelta"):
            io_loop.add_timeout("soon", print)

    def test_remove(self, io_loop):
        got = []
        handle = io_loop.call_later(0.001, got.append, 1)
        io_loop.remove_timeout(handle)
        io_loop.remove_timeout(handle)
        later = io_loop.call_later(0.01, io_loop.stop)
        io_loop.start()
        io_loop.remove_timeout(later)
        assert got == []

    def test_removed_by_an_earlier_one_of_the_same_time(self, io_loop):
        got = []
        when = io_loop.time() + 0.005
        handles = []
        io_loop.call_at(when, lambda: io_loop.remove_timeout(handles[0]))
        handles.append(io_loop.call_at(when + 0.0001, got.append, 1))
        io_loop.call_later(0.02, io_loop.stop)
        io_loop.start()
        assert got == []

    def test_cancelled_ones_do_not_pile_up(self, io_loop):
        if LOOPS_OWN(io_loop):
            pytest.skip("uvloop frees a timer at once")

        async def churn():
            for _ in range(20):
                for handle in [io_loop.call_later(3600, print) for _ in range(1000)]:
                    io_loop.remove_timeout(handle)
                await asyncio.sleep(0)

        io_loop.run_sync(churn)
        assert len(io_loop.asyncio_loop._scheduled) < 1200

    def test_subclass_that_knows_only_add_timeout(self, io_loop):
        class Old(IOLoop):
            def initialize(self):
                pass

            def add_timeout(self, deadline, callback):
                return ("handle", deadline, callback())

        loop = Old()
        assert loop.call_at(5, lambda x: x, 7) == ("handle", 5, 7)
        assert loop.call_later(5, lambda: 8)[2] == 8


class TestHandlers:
    def test_read_and_write(self, io_loop, pair):
        a, b = pair
        got = []

        def on_a(fd, events):
            got.append((fd, events))
            io_loop.update_handler(a, IOLoop.READ)
            if events & IOLoop.READ:
                got.append(a.recv(10))
                io_loop.stop()
            else:
                b.send(b"x")

        io_loop.add_handler(a, on_a, IOLoop.WRITE)
        io_loop.start()
        assert got == [(a, IOLoop.WRITE), (a, IOLoop.READ), b"x"]
        io_loop.remove_handler(a)
        io_loop.remove_handler(a)

    def test_number_is_given_back_as_number(self, io_loop, pair):
        got = []
        number = pair[0].fileno()

        def ready(fd, events):
            got.append((fd, events))
            io_loop.remove_handler(fd)
            io_loop.stop()

        io_loop.add_handler(number, ready, io_loop.WRITE)
        io_loop.start()
        assert got == [(number, io_loop.WRITE)]

    def test_level_triggered(self, io_loop, pair):
        pair[1].send(b"ab")
        got = []

        def ready(fd, events):
            got.append(fd.recv(1))
            if len(got) == 2:
                io_loop.stop()

        io_loop.add_handler(pair[0], ready, io_loop.READ)
        io_loop.start()
        assert got == [b"a", b"b"]

    @pytest.mark.parametrize("also_writes", [False, True])
    def test_a_reset_that_came_with_data_is_reported_after_it(self, io_loop, also_writes):
        got = []
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        with server:
            server.setblocking(False)
            client.sendall(b"data")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

            def ready(fd, events):
                if not events & IOLoop.READ:
                    return
                try:
                    got.append(fd.recv(3))  # once an event
                except ConnectionResetError as error:
                    got.append(type(error))
                    io_loop.remove_handler(fd)
                    io_loop.stop()

            events = IOLoop.READ | IOLoop.WRITE if also_writes else IOLoop.READ
            io_loop.add_handler(server, ready, events)
            io_loop.start()
        assert got == [b"dat", b"a", ConnectionResetError]

    def test_no_events(self, io_loop, stop_later, pair):
        io_loop.add_handler(pair[0], pytest.fail, IOLoop.READ | IOLoop.WRITE)
        io_loop.update_handler(pair[0], IOLoop.NONE)
        stop_later()
        io_loop.start()

    def test_wrong_use(self, io_loop, pair):
        io_loop.add_handler(pair[0], print, 0)
        with pytest.raises(ValueError, match="already has a handler"):
            io_loop.add_handler(pair[0], print, 0)
        with pytest.raises(ValueError, match="has no handler"):
            io_loop.update_handler(pair[1], 0)

    def test_failed_registration_leaves_nothing(self, io_loop, tmp_path):
        with open(tmp_path / "file", "w") as file:
            try:
                io_loop.add_handler(file, print, IOLoop.READ)
            except OSError:
                assert io_loop.handlers == {}
            else:
                io_loop.remove_handler(file)

    @pytest.mark.parametrize("all_fds", [True, False])
    def test_close_all_fds(self, all_fds, pair):
        loop = IOLoop()
        read, write = os.pipe()
        loop.add_handler(pair[0], print, IOLoop.READ)
        loop.add_handler(read, print, IOLoop.READ)

        class Stream:
            closed = False

            def close(self):
                self.closed = True

        stream = Stream()
        loop._open_streams.add(stream)
        loop.close(all_fds=all_fds)
        assert (pair[0].fileno() == -1) is all_fds
        assert stream.closed is all_fds
        if all_fds:
            with pytest.raises(OSError, match="Bad file"):
                os.fstat(read)
        else:
            os.close(read)
        os.close(write)

    def test_split_and_close_fd(self, io_loop, pair):
        assert io_loop.split_fd(pair[0]) == (pair[0].fileno(), pair[0])
        assert io_loop.split_fd(3) == (3, 3)
        io_loop.close_fd(pair[0])
        assert pair[0].fileno() == -1
        io_loop.close_fd(123456)


class TestExecutors:
    def test_default(self, io_loop, run):
        assert run(lambda: io_loop.run_in_executor(None, pow, 2, 10)) == 1024
        with pytest.raises(ZeroDivisionError):
            run(lambda: io_loop.run_in_executor(None, divmod, 1, 0))

    def test_given_and_set(self, io_loop, run):
        def name():
            return threading.current_thread().name.rsplit("_", 1)[0]

        with (
            concurrent.futures.ThreadPoolExecutor(1, "given") as given,
            concurrent.futures.ThreadPoolExecutor(1, "set") as default,
        ):
            io_loop.set_default_executor(default)
            assert run(lambda: io_loop.run_in_executor(given, name)) == "given"
            assert run(lambda: io_loop.run_in_executor(None, name)) == "set"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
class TestBlocking:
    def test_log_threshold(self, io_loop, logged):
        io_loop.set_blocking_log_threshold(0.01)
        io_loop.add_callback(blocking_function)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        # On a busy machine the loop may look blocked elsewhere, too.
        record = next(record for record in logged if "blocking_function" in record.text)
        assert record.name == "tornado.general"
        assert "IOLoop blocked for 0.010000 seconds in" in record.text
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

    def test_not_when_idle_or_busy_in_small_pieces(self, io_loop, logged):
        io_loop.set_blocking_log_threshold(0.2)
        end = time.monotonic() + 0.15

        def busy():
            if time.monotonic() < end:
                io_loop.add_callback(busy)

        io_loop.add_callback(busy)
        io_loop.call_later(0.4, io_loop.stop)
        io_loop.start()
        assert logged == []

    def test_signal_threshold_and_off(self, io_loop, logged):
        got = []
        io_loop.set_blocking_signal_threshold(0.01, lambda number, frame: got.append(number))
        io_loop.add_callback(blocking_function)
        io_loop.add_callback(io_loop.set_blocking_signal_threshold, None, None)
        io_loop.add_callback(time.sleep, 0.02)
        io_loop.add_callback(io_loop.stop)
        io_loop.start()
        assert set(got) == {signal.SIGALRM}
        assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
        assert logged == []

    def test_set_while_running(self, io_loop, logged):
        io_loop.add_callback(io_loop.set_blocking_log_threshold, 0.01)
        io_loop.add_callback(blocking_function)
        io_loop.call_later(0.001, io_loop.stop)
        io_loop.start()
        assert "blocking_function" in "".join(record.text for record in logged)

    def test_in_another_thread_it_is_an_error(self, logged):
        def other():
            loop = IOLoop()
            loop.set_blocking_log_threshold(1)
            loop.close()

        in_thread(other)
        assert "setitimer" in logged[0].text

    def test_without_action_the_process_ends(self):
        code = (
            "import time; from tornado.ioloop import IOLoop\n"
            "loop = IOLoop.instance(); loop.set_blocking_signal_threshold(0.01, None)\n"
            "loop.add_callback(time.sleep, 5); loop.start()"
        )
        done = subprocess.run([sys.executable, "-c", code], timeout=5, check=False)
        assert done.returncode == -signal.SIGALRM


def blocking_function():
    time.sleep(0.03)


def test_module_names():
    assert ioloop.IOLoop.__module__ == "tornado.ioloop"
    assert repr(AsyncIOLoop) == "<class 'tornado.platform.asyncio.AsyncIOLoop'>"
