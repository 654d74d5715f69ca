"""IOLoop.run_sync and IOLoop.start: refused, stopped early, and interrupted."""

import asyncio
import gc
import logging
import os
import signal

import pytest

from tornado import gen
from tornado._loop import asyncio_loop
from tornado.concurrent import Future
from tornado.ioloop import IOLoop, PeriodicCallback, TimeoutError

LOOP = os.environ.get("TORNADO_TEST_LOOP", "asyncio")


@pytest.fixture
def quiet(caplog):
    """The messages that asyncio logged; there should be none."""
    with caplog.at_level(logging.WARNING, "asyncio"):
        yield lambda: (gc.collect(), [r.getMessage() for r in caplog.records])[1]


async def waits():
    await asyncio.sleep(60)


@gen.coroutine
def generator():
    yield waits()


@gen.coroutine
def outer_generator():
    yield [generator(), gen.sleep(60)]


async def outer():
    await asyncio.gather(waits(), generator())


OPERATIONS = [waits, generator, outer_generator, outer, Future]


class TestRefused:
    """A refused call has no side effects: the outer loop runs on."""

    @pytest.mark.parametrize("inner", ["run_sync", "run_sync with a limit", "start", "other loop"])
    def test_nested(self, run, io_loop, inner):
        called = []

        async def main():
            other = IOLoop(make_current=False)
            try:
                with pytest.raises(RuntimeError, match="running"):
                    if inner == "start":
                        IOLoop.current().start()
                    elif inner == "other loop":
                        other.run_sync(lambda: called.append(1))
                    else:
                        limit = 0.001 if "limit" in inner else None
                        IOLoop.current().run_sync(lambda: called.append(1), timeout=limit)
            finally:
                other.close()
            await gen.sleep(0.01)
            return "ran on"

        assert run(main) == "ran on"
        assert called == []

    def test_start_does_not_end_the_turn_of_the_outer_one(self, run, io_loop):
        ends = []

        async def main():
            io_loop._when_stopped.append(lambda: ends.append(1))
            with pytest.raises(RuntimeError):
                io_loop.start()
            return list(ends)

        assert run(main) == []
        assert ends == [1]

    def test_coroutine_in_place_of_a_function(self, io_loop):
        coro = waits()
        with pytest.raises(TypeError, match=r"takes a function.*without calling it"):
            io_loop.run_sync(coro)
        coro.close()
        assert io_loop.run_sync(lambda: gen.sleep(0)) is None

    def test_where_nesting_was_allowed(self, run, io_loop, monkeypatch):
        """Programs that let asyncio's loops nest (as in notebooks) may nest ours."""
        loop = io_loop.asyncio_loop
        if not hasattr(loop, "_check_running"):
            pytest.skip("only asyncio's own loops can be changed so")
        started = []

        async def main():
            monkeypatch.setattr(loop, "_check_running", lambda: None, raising=False)
            monkeypatch.setattr(loop, "run_forever", lambda: started.append(1))
            with pytest.raises(RuntimeError, match="stopped"):
                io_loop.run_sync(lambda: Future())

        run(main)
        assert started == [1]


class TestStopped:
    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("limit", [None, 50])
    def test_error_of_both_eras(self, quiet, operation, limit):
        loop = IOLoop()
        loop.call_later(0.01, loop.stop)
        with pytest.raises(RuntimeError, match=r"^Event loop stopped") as caught:
            loop.run_sync(operation, timeout=limit)
        assert isinstance(caught.value, TimeoutError)
        del caught
        loop.close()
        assert quiet() == []

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("when", ["at once", "by an interrupt"])
    def test_before_the_operation_began(self, quiet, operation, when):
        """Coroutines that never got a turn are no reason for a warning either."""

        def interrupt():
            raise KeyboardInterrupt

        loop = IOLoop()
        loop.add_callback(loop.stop if when == "at once" else interrupt)
        with pytest.raises(RuntimeError if when == "at once" else KeyboardInterrupt) as caught:
            loop.run_sync(operation)
        del caught
        loop.close()
        assert quiet() == []

    def test_the_loop_can_go_on(self, io_loop):
        done = []

        async def operation():
            await gen.sleep(0.02)
            done.append(1)
            io_loop.stop()

        io_loop.call_later(0.001, io_loop.stop)
        with pytest.raises(RuntimeError):
            io_loop.run_sync(operation)
        io_loop.start()
        assert done == [1]

    def test_timeout_is_as_it_was(self, io_loop):
        with pytest.raises(TimeoutError, match=r"timed out after 0\.01 seconds") as caught:
            io_loop.run_sync(waits, timeout=0.01)
        assert not isinstance(caught.value, RuntimeError)

    def test_what_the_program_started_itself_is_reported(self, quiet):
        """Only a run that was cut short is quiet: other lost tasks are mistakes."""
        loop = IOLoop()
        lost = []

        async def main():
            lost.append(asyncio.ensure_future(waits()))

        loop.run_sync(main)
        loop.run_sync(lambda: gen.sleep(0))
        loop.close()
        lost.clear()
        assert [text.partition("\n")[0] for text in quiet()] == [
            "Task was destroyed but it is pending!"
        ]


class TestClosed:
    """What callbacks of a loop began ends with the loop, without a word (as in 6.x)."""

    @pytest.mark.parametrize("operation", [waits, generator, outer_generator, outer])
    @pytest.mark.parametrize("way", ["add_callback", "spawn_callback", "call_later", "periodic"])
    @pytest.mark.parametrize("turns", [3, 20])
    def test_pending_coroutines_of_callbacks(self, quiet, operation, way, turns):
        loop = IOLoop()
        # Three turns, because on a busy machine both timers are due at once, and tasks of the
        # operation that have had no turn yet would be reported by Python.

        def stop(left):
            if left:
                loop.add_callback(stop, left - 1)
            else:
                loop.stop()

        async def begin():
            if way == "periodic":
                PeriodicCallback(operation, 1).start()
            elif way == "call_later":
                loop.call_later(0, operation)
            else:
                getattr(loop, way)(operation)
            loop.call_later(0.002, stop, turns)

        loop.add_callback(begin)
        loop.start()
        loop.close()
        assert quiet() == []


class TestInterrupted:
    """An interrupt leaves nothing for asyncio to complain about."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_in_a_callback(self, quiet, operation, kind):
        loop = IOLoop()

        def interrupt():
            raise kind

        loop.call_later(0.01, interrupt)
        with pytest.raises(kind):
            loop.run_sync(operation)
        loop.close()
        assert quiet() == []

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_by_a_signal(self, quiet, operation):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        loop = IOLoop()
        try:
            loop.call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                loop.run_sync(operation)
        finally:
            signal.signal(signal.SIGINT, before)
        loop.close()
        assert quiet() == []

    def test_in_the_operation_itself(self, quiet):
        loop = IOLoop()

        async def main():
            await gen.sleep(0)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loop.run_sync(main)
        loop.close()
        assert quiet() == []

    @pytest.mark.skipif(LOOP == "uvloop", reason="it runs the rest of the turn all the same")
    def test_before_the_operation_began(self, io_loop):
        called = []

        def interrupt():
            raise KeyboardInterrupt

        io_loop.add_callback(interrupt)
        with pytest.raises(KeyboardInterrupt):
            io_loop.run_sync(lambda: called.append(1))
        io_loop.run_sync(lambda: gen.sleep(0))
        assert called == []

    def test_it_ends_before_the_error_leaves(self, io_loop):
        steps = []

        async def main():
            try:
                await waits()
            finally:
                await gen.sleep(0.01)
                steps.append("cleaned up")

        def interrupt():
            raise KeyboardInterrupt

        io_loop.call_later(0.01, interrupt)
        with pytest.raises(KeyboardInterrupt):
            io_loop.run_sync(main)
        assert steps == ["cleaned up"]

    def test_one_that_does_not_end_is_left(self, quiet, monkeypatch):
        monkeypatch.setattr(asyncio_loop, "_LONGEST_FAREWELL_SECONDS", 0.02)
        loop = IOLoop()

        async def main():
            while True:
                try:
                    await waits()
                except asyncio.CancelledError:
                    pass

        def interrupt():
            raise KeyboardInterrupt

        loop.call_later(0.01, interrupt)
        with pytest.raises(KeyboardInterrupt):
            loop.run_sync(main)
        assert len(asyncio.all_tasks(loop.asyncio_loop)) == 1
        loop.close()
        assert quiet() == []

    def test_start(self, quiet):
        loop = IOLoop()
        loop.spawn_callback(waits)
        loop.spawn_callback(outer_generator)

        def interrupt():
            raise KeyboardInterrupt

        loop.call_later(0.01, interrupt)
        with pytest.raises(KeyboardInterrupt):
            loop.start()
        loop.close()
        assert quiet() == []
