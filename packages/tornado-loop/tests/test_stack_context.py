"""tornado.stack_context: contexts through every deferral, threads, generators and tasks."""

import asyncio
import contextlib
import contextvars
import gc
import subprocess
import sys
import threading
import weakref

import pytest

from tornado import gen, locks, queues
from tornado._loop import callbacks, contexts
from tornado.concurrent import Future, future_add_done_callback
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.stack_context import (
    ExceptionStackContext,
    NullContext,
    StackContext,
    StackContextInconsistentError,
    run_with_stack_context,
    wrap,
)


class Recorder:
    """Makes contexts that note which of them are entered."""

    def __init__(self):
        self.entered = []

    def context(self, name):
        @contextlib.contextmanager
        def manager():
            self.entered.append(name)
            try:
                yield
            finally:
                assert self.entered.pop() == name

        return StackContext(manager)


@pytest.fixture
def rec():
    recorder = Recorder()
    yield recorder
    assert recorder.entered == []
    assert not contexts.active()


def fail(*args):
    raise ZeroDivisionError


def carried():
    """Return how many contexts a callback that is scheduled here inherits."""
    return len(contexts.capture())


class TestWrap:
    def test_gives_the_function_itself_until_a_context_was_entered(self):
        assert wrap(print) is print
        assert wrap(None) is None
        with NullContext():
            assert wrap(print) is print
        with StackContext(contextlib.nullcontext):
            assert wrap(None) is None

    def test_wrapped_under_none_runs_without_any(self, rec):
        with rec.context("a"):
            with NullContext():
                inside = wrap(carried)
        outside = wrap(carried)
        assert (inside(), outside()) == (0, 0)
        with rec.context("b"):
            assert (inside(), outside()) == (0, 0)
            assert carried() == 1
        assert carried() == 0

    def test_wrapped_under_none_may_not_leave_a_context_open(self, rec):
        with rec.context("a"):
            pass
        block = StackContext(contextlib.nullcontext)
        wrapped = wrap(block.__enter__)
        with pytest.raises(StackContextInconsistentError):
            wrapped()
        assert not contexts.active()
        with rec.context("a"):
            with pytest.raises(StackContextInconsistentError):
                wrapped()
            assert carried() == 1

    def test_unused_in_a_fresh_process(self):
        code = (
            "from tornado import gen, ioloop\nfrom tornado._loop import contexts\n"
            "ioloop.IOLoop.current().run_sync(lambda: gen.sleep(0))\n"
            "assert contexts.in_use is False"
        )
        assert subprocess.run([sys.executable, "-c", code], timeout=10, check=True).returncode == 0

    def test_wrapped_runs_in_the_contexts(self, rec):
        with rec.context("a"), rec.context("b"):
            wrapped = wrap(lambda x, y=0: (list(rec.entered), x, y))
        assert rec.entered == []
        assert wrapped(1, y=2) == (["a", "b"], 1, 2)
        assert rec.entered == []

    def test_wrapped_once_only(self, rec):
        with rec.context("a"):
            wrapped = wrap(print)
            assert wrap(wrapped) is wrapped
        with rec.context("b"):
            assert wrap(wrapped) is wrapped

    def test_wrapped_inside_other_contexts(self, rec):
        with rec.context("a"):
            wrapped = wrap(lambda: list(rec.entered))
        with rec.context("b"):
            assert wrapped() == ["b", "a"]
            assert rec.entered == ["b"]
            inner = wrap(lambda: list(rec.entered))
        assert inner() == ["b"]

    def test_wrap_inside_wrapped_inherits(self, rec):
        with rec.context("a"):
            outer = wrap(lambda: wrap(lambda: list(rec.entered)))
        inner = outer()
        assert inner() == ["a"]

    def test_deactivated_is_not_inherited(self, rec):
        with rec.context("a") as deactivate, rec.context("b"):
            before = wrap(lambda: list(rec.entered))
            deactivate()
            after = wrap(lambda: list(rec.entered))
        assert before() == ["a", "b"]
        assert after() == ["b"]

    def test_all_deactivated(self, rec):
        with rec.context("a") as deactivate:
            deactivate()
            wrapped = wrap(carried)
        assert wrapped() == 0

    def test_active_cell_of_2_3(self):
        with StackContext(contextlib.nullcontext, _active_cell=[False]):
            wrapped = wrap(carried)
        assert wrapped() == 0

    def test_repr(self, rec):
        with rec.context("a"):
            assert repr(wrap(print)) == "<<built-in function print> in 1 stack contexts>"


class TestExceptions:
    def handler(self, seen, name, result=True):
        def handle(typ, value, tb):
            assert isinstance(value, typ)
            assert tb is not None
            seen.append(name)
            return result

        return handle

    def test_in_the_block(self):
        seen = []
        with ExceptionStackContext(self.handler(seen, "a")):
            fail()
        assert seen == ["a"]

    def test_not_consumed(self):
        seen = []
        with pytest.raises(ZeroDivisionError):
            with ExceptionStackContext(self.handler(seen, "a", None)):
                fail()
        assert seen == ["a"]

    def test_innermost_first_until_consumed(self):
        seen = []
        with (
            ExceptionStackContext(self.handler(seen, "never")),
            ExceptionStackContext(self.handler(seen, "outer")),
            ExceptionStackContext(self.handler(seen, "inner", False)),
        ):
            wrapped = wrap(fail)
        assert wrapped() is None
        assert seen == ["inner", "outer"]

    def test_wrapped_raises_what_nobody_consumed(self):
        seen = []
        with ExceptionStackContext(self.handler(seen, "a", False)):
            wrapped = wrap(fail)
        with pytest.raises(ZeroDivisionError) as info:
            wrapped()
        assert info.traceback[-1].name == "fail"

    def test_replaced_exception(self):
        def replace(typ, value, tb):
            raise KeyError

        seen = []
        with (
            ExceptionStackContext(lambda t, v, tb: seen.append(t) or True),
            ExceptionStackContext(replace),
        ):
            wrapped = wrap(fail)
        wrapped()
        assert seen == [KeyError]

    def test_factory_that_fails_in_a_callback(self):
        calls = []

        @contextlib.contextmanager
        def fails_second_time():
            calls.append(1)
            if len(calls) > 1:
                raise KeyError
            yield

        seen = []
        with ExceptionStackContext(lambda t, v, tb: seen.append(t) or True):
            with StackContext(fails_second_time):
                wrapped = wrap(print)
        wrapped()
        assert seen == [KeyError]

    def test_context_that_cannot_be_entered(self):
        with pytest.raises(ZeroDivisionError):
            with StackContext(fail):
                pass
        assert not contexts.active()

    def test_context_manager_that_swallows(self):
        with StackContext(lambda: contextlib.suppress(ZeroDivisionError)):
            wrapped = wrap(fail)
            fail()
        assert wrapped() is None

    def test_delay_warning_is_accepted(self):
        with ExceptionStackContext(lambda *a: True, delay_warning=True):
            fail()

    def test_through_the_loop(self, io_loop, stop_later, logged):
        seen = []
        with ExceptionStackContext(self.handler(seen, "a")):
            io_loop.add_callback(io_loop.add_callback, fail)
        stop_later()
        io_loop.start()
        assert seen == ["a"]
        assert logged == []


class TestMethods:
    def test_enter_and_exit(self, rec):
        context = rec.context("a")
        context.enter()
        assert rec.entered == ["a"]
        assert len(context.contexts) == 1
        assert not context.exit(None, None, None)
        handled = ExceptionStackContext(lambda *a: "yes")
        handled.enter()
        assert handled.exit(ValueError, ValueError(), None) == "yes"
        assert handled.exit(None, None, None) is None

    def test_one_object_entered_twice(self, rec):
        context = rec.context("a")
        with context:
            with context:
                assert rec.entered == ["a", "a"]
            assert rec.entered == ["a"]


class TestInconsistent:
    def test_wrong_order(self, rec):
        a, b = StackContext(contextlib.nullcontext), StackContext(contextlib.nullcontext)
        a.__enter__()
        b.__enter__()
        with pytest.raises(StackContextInconsistentError):
            a.__exit__(None, None, None)
        assert not contexts.active()

    def test_left_open_by_a_callback(self, rec):
        with rec.context("a"):
            wrapped = wrap(StackContext(contextlib.nullcontext).__enter__)
        with pytest.raises(StackContextInconsistentError):
            wrapped()

    @pytest.mark.parametrize("decorator", [gen.coroutine, gen.engine])
    def test_yield_in_with(self, run, decorator):
        caught = Future()

        @decorator
        def function():
            try:
                with StackContext(contextlib.nullcontext):
                    yield gen.moment
            except StackContextInconsistentError:
                caught.set_result(contexts.active())

        function()
        assert run(lambda: caught) is False

    def test_generator_finalised_elsewhere(self, rec):
        def generator():
            with StackContext(contextlib.nullcontext):
                yield

        g = generator()
        contextvars.copy_context().run(next, g)
        with rec.context("a"):
            g.close()
            assert rec.entered == ["a"]
            assert contexts.active()


class TestDeferrals:
    """Each way to run something later does it in the contexts of where it was asked for."""

    @pytest.mark.parametrize(
        "defer",
        [
            lambda loop, f: loop.add_callback(f),
            lambda loop, f: loop.call_later(0, f),
            lambda loop, f: loop.call_at(loop.time(), f),
            lambda loop, f: loop.add_timeout(loop.time(), f),
            lambda loop, f: loop.add_future(gen.sleep(0), lambda _: f()),
            lambda loop, f: future_add_done_callback(gen.sleep(0), lambda _: f()),
            lambda loop, f: loop.add_future(
                loop.run_in_executor(None, lambda: None), lambda _: f()
            ),
            lambda loop, f: callbacks.deliver(gen.sleep(0), lambda _: f()),
            lambda loop, f: gen.coroutine(lambda: (yield gen.moment))(callback=lambda _: f()),
            lambda loop, f: loop.add_future(locks.Event().wait(loop.time()), lambda _: f()),
            lambda loop, f: loop.add_future(queues.Queue().get(loop.time()), lambda _: f()),
        ],
    )
    def test_callbacks(self, io_loop, rec, defer):
        got = []
        with rec.context("a"), rec.context("b"):
            defer(io_loop, lambda: (got.extend(rec.entered), io_loop.stop()))
        io_loop.call_later(5, io_loop.stop)
        io_loop.start()
        assert got == ["a", "b"]

    @pytest.mark.parametrize(
        "defer",
        [
            lambda loop, f: loop.spawn_callback(f),
            lambda loop, f: loop.add_callback_from_signal(f),
            lambda loop, f: callbacks.schedule(loop, f),
        ],
    )
    def test_outside(self, io_loop, rec, defer):
        got = []
        with rec.context("a"):
            defer(io_loop, lambda: (got.append(contexts.active()), io_loop.stop()))
        io_loop.start()
        assert got == [False]

    def test_handler(self, io_loop, rec):
        import socket

        a, b = socket.socketpair()
        got = []

        def ready(fd, events):
            got.extend(rec.entered)
            io_loop.remove_handler(fd)
            io_loop.stop()

        with rec.context("a"):
            io_loop.add_handler(a, ready, io_loop.WRITE)
        io_loop.start()
        a.close()
        b.close()
        assert got == ["a"]

    def test_generator_steps(self, io_loop, rec):
        got = []

        @gen.coroutine
        def function():
            got.append(list(rec.entered))
            yield gen.moment
            got.append(list(rec.entered))
            yield gen.sleep(0.001)
            got.append(list(rec.entered))
            yield gen.Task(io_loop.add_callback)
            got.append(list(rec.entered))

        with rec.context("a"):
            future = function()
        io_loop.run_sync(lambda: future)
        assert got == [["a"]] * 4

    def test_native_coroutine_steps(self, io_loop, rec):
        got = []

        async def native():
            got.append(list(rec.entered))
            await asyncio.sleep(0)
            got.append(list(rec.entered))
            await gen.sleep(0.001)
            got.append(list(rec.entered))
            return 5

        with rec.context("a"):
            future = gen.convert_yielded(native())
        assert io_loop.run_sync(lambda: future) == 5
        assert got == [["a"]] * 3

    def test_task_made_inside_inherits(self, io_loop, rec):
        got = []

        async def task():
            await asyncio.sleep(0)
            io_loop.add_callback(lambda: got.extend(rec.entered))
            await asyncio.sleep(0.002)

        async def main():
            with rec.context("a"):
                inside = asyncio.ensure_future(task())
            await inside

        io_loop.run_sync(main)
        assert got == ["a"]

    def test_with_across_await_stays_in_its_task(self, io_loop, rec):
        got = []

        async def one():
            with StackContext(contextlib.nullcontext):
                await asyncio.sleep(0.001)
                got.append(contexts.active())
            got.append(contexts.active())

        async def other():
            await asyncio.sleep(0)
            got.append(contexts.active())

        async def main():
            await asyncio.gather(one(), other())

        io_loop.run_sync(main)
        assert got == [False, True, False]

    def test_threads(self, rec):
        got = []
        with rec.context("a"):
            thread = threading.Thread(target=lambda: got.append(contexts.active()))
            thread.start()
            thread.join()
            wrapped = wrap(lambda: got.append(list(rec.entered)))
        thread = threading.Thread(target=wrapped)
        thread.start()
        thread.join()
        assert got == [False, ["a"]]

    def test_same_context_in_two_threads_at_once(self):
        left = []
        barrier = threading.Barrier(2)

        @contextlib.contextmanager
        def manager():
            me = threading.get_ident()
            yield
            left.append(me == threading.get_ident())

        with StackContext(manager):
            wrapped = wrap(lambda: barrier.wait(5))
        threads = [threading.Thread(target=wrapped) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert left == [True] * 3

    def test_periodic_callback_is_outside(self, io_loop, rec):
        got = []
        periodic = PeriodicCallback(lambda: (got.append(contexts.active()), io_loop.stop()), 1)
        with rec.context("a"):
            periodic.start()
        io_loop.start()
        periodic.stop()
        assert set(got) == {False}

    def test_run_with_stack_context_in_a_coroutine(self, run, rec):
        @gen.coroutine
        def inner():
            first = list(rec.entered)
            yield gen.moment
            return first, list(rec.entered)

        @gen.coroutine
        def outer():
            result = yield run_with_stack_context(rec.context("a"), inner)
            return result, list(rec.entered)

        assert run(outer) == ((["a"], ["a"]), [])

    def test_contextvars_compose(self, run):
        var = contextvars.ContextVar("var", default="unset")
        got = []

        @contextlib.contextmanager
        def set_var():
            token = var.set("set")
            yield
            var.reset(token)

        @gen.coroutine
        def function():
            with StackContext(set_var):
                IOLoop.current().add_callback(lambda: got.append(var.get()))
            var.set("mine")
            yield gen.moment
            got.append(var.get())

        run(function)
        assert got == ["set", "mine"]
        assert var.get() == "unset"


class TestMemory:
    def test_churn_leaves_nothing(self, io_loop):
        alive = weakref.WeakSet()

        def hop(n):
            context = ExceptionStackContext(lambda *a: None)
            alive.add(context)
            with context as deactivate:
                deactivate()
                if n:
                    io_loop.add_callback(hop, n - 1)
                else:
                    io_loop.stop()

        hop(1000)
        io_loop.start()
        gc.collect()
        assert len(alive) == 0

    def test_one_context_over_many_hops_does_not_grow(self, io_loop):
        depths = set()

        def hop(n):
            depths.add(len(contexts.stack.get()))
            if n:
                io_loop.add_callback(hop, n - 1)
            else:
                io_loop.stop()

        with StackContext(contextlib.nullcontext):
            hop(100)
        io_loop.start()
        assert depths == {1}

    def test_run_clean_keeps_registrations_free(self, io_loop):
        context = StackContext(contextlib.nullcontext)
        ref = weakref.ref(context)
        with context:
            contexts.run_clean(io_loop.asyncio_loop.call_later, 60, print)
        del context
        gc.collect()
        assert ref() is None
        assert contexts.run_clean(int, "5") == 5
