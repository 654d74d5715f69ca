"""tornado.gen: the coroutine decorator and what coroutines may yield."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import datetime
import functools
import gc
import sys
import traceback
import weakref

import pytest

from tornado import gen, locks
from tornado._gen.eager import start
from tornado._loop import contexts
from tornado.concurrent import Future, is_future
from tornado.ioloop import IOLoop
from tornado.log import app_log
from tornado.stack_context import ExceptionStackContext
from tornado.util import TimeoutError


@gen.coroutine
def add(x, y):
    yield gen.moment
    return x + y


@gen.coroutine
def ready(x):
    raise gen.Return(x)


async def native(x):
    await asyncio.sleep(0)
    return x


class Boom(Exception):
    pass


async def boom_native():
    await asyncio.sleep(0)
    raise Boom


@gen.coroutine
def boom():
    yield gen.moment
    raise Boom


def done_future(value):
    future = Future()
    future.set_result(value)
    return future


class TestCoroutine:
    def test_ways_to_return(self, run):
        @gen.coroutine
        def raises():
            yield
            raise gen.Return(1)

        @gen.coroutine
        def returns():
            yield
            return 2

        @gen.coroutine
        def nothing():
            yield

        @gen.coroutine
        def no_generator():
            return 3

        @gen.coroutine
        def no_generator_raises():
            raise gen.Return(4)

        assert [run(f) for f in (raises, returns, nothing, no_generator, no_generator_raises)] == [
            1,
            2,
            None,
            3,
            4,
        ]
        assert gen.Return().value is None
        assert gen.Return(5).args == (5,)

    def test_runs_at_once_until_it_waits(self, io_loop):
        got = []

        @gen.coroutine
        def function():
            got.append(1)
            yield gen.moment
            got.append(2)

        future = function()
        assert got == [1]
        io_loop.run_sync(lambda: future)
        assert got == [1, 2]

    def test_future_is_done_if_nothing_waits(self, io_loop):
        @gen.coroutine
        def function():
            x = yield ready(1)
            y = yield done_future(2)
            return x + y

        future = function()
        assert future.done()
        assert future.result() == 3
        assert isinstance(future, Future)
        assert is_future(future)

    @pytest.mark.parametrize("early", [True, False])
    def test_errors_come_by_the_future(self, io_loop, early):
        @gen.coroutine
        def function():
            if not early:
                yield gen.moment
            raise Boom
            yield

        future = function()
        assert future.done() is early
        with pytest.raises(Boom):
            io_loop.run_sync(lambda: future)

    def test_error_of_a_plain_function(self, io_loop):
        @gen.coroutine
        def function():
            raise Boom

        with pytest.raises(Boom):
            io_loop.run_sync(function)

    def test_errors_are_raised_at_the_yield_with_their_traceback(self, run):
        @gen.coroutine
        def inner():
            yield gen.moment
            raise Boom

        @gen.coroutine
        def outer():
            try:
                yield inner()
            except Boom:
                return traceback.format_exc()

        text = run(outer)
        assert "yield inner()" in text
        assert "raise Boom" in text

    def test_unrelated_error_has_no_context(self, run):
        @gen.coroutine
        def function():
            try:
                yield boom()
            except Boom:
                pass
            with pytest.raises(KeyError) as info:
                raise KeyError
            assert info.value.__context__ is None

        run(function)

    def test_metadata(self):
        @gen.coroutine
        def function(a, b=2):
            """Doc."""
            yield

        assert function.__name__ == "function"
        assert function.__doc__ == "Doc."
        assert gen.is_coroutine_function(function)
        assert not gen.is_coroutine_function(function.__wrapped__)
        assert not gen.is_coroutine_function(native)

    def test_callback(self, io_loop):
        got = []
        future = add(1, 2, callback=lambda x: (got.append(x), io_loop.stop()))
        assert is_future(future)
        assert got == []
        io_loop.start()
        assert got == [3]

    def test_callback_of_a_ready_coroutine_comes_later(self, io_loop):
        got = []
        ready(1, callback=lambda x: (got.append(x), io_loop.stop()))
        assert got == []
        io_loop.start()
        assert got == [1]

    def test_callback_and_an_error(self, io_loop, stop_later, logged):
        boom(callback=pytest.fail)
        stop_later()
        io_loop.start()
        assert "Boom" in logged[0].text

    def test_callback_as_a_parameter_of_the_function(self, run):
        @gen.coroutine
        def function(callback=None):
            yield
            return callback

        @functools.partial(gen.coroutine, replace_callback=False)
        def keywords(**kwargs):
            yield
            return kwargs

        assert run(lambda: function(callback=5)) == 5
        assert run(lambda: keywords(callback=5)) == {"callback": 5}

    def test_decorator_with_an_argument(self, run):
        @gen.coroutine(replace_callback=False)
        def function(**kwargs):
            yield
            return kwargs

        assert run(lambda: function(callback=5)) == {"callback": 5}
        assert run(lambda: gen.coroutine(dict)(a=1)) == {"a": 1}

    def test_yield_from_native(self, run):
        @gen.coroutine
        def function():
            return (yield from native(5))

        assert run(function) == 5

    def test_decorated_native_coroutine(self, run):
        @gen.coroutine
        async def function():
            await asyncio.sleep(0)
            return 5

        assert run(function) == 5

    def test_methods(self, run):
        class Thing:
            @gen.coroutine
            def method(self, x):
                yield
                return self, x

        thing = Thing()
        assert run(lambda: thing.method(1)) == (thing, 1)

    def test_before_any_loop_runs(self):
        future = add(1, 2)
        assert IOLoop.current().run_sync(lambda: future) == 3

    def test_on_a_plain_asyncio_loop(self):
        async def main():
            return await add(1, 2), await asyncio.wait_for(add(3, 4), 1)

        assert asyncio.run(main()) == (3, 7)

    def test_deep_recursion_of_ready_futures(self, run):
        @gen.coroutine
        def many():
            total = 0
            for _ in range(20000):
                total += yield ready(1)
            return total

        assert run(many) == 20000

    def test_long_chain_of_pending_coroutines(self, run):
        @gen.coroutine
        def chain(n):
            if n == 0:
                yield gen.moment
                return 0
            return (yield chain(n - 1)) + 1

        assert run(lambda: chain(100)) == 100

    def test_context_variables_are_its_own(self, run):
        var = contextvars.ContextVar("var", default=0)

        @gen.coroutine
        def function(x):
            assert var.get() == 7
            var.set(x)
            yield gen.moment
            assert var.get() == x
            yield gen.sleep(0.001)
            assert var.get() == x

        async def main():
            var.set(7)
            await gen.multi([function(1), function(2)])
            assert var.get() == 7

        run(main)

    def test_keyboard_interrupt_passes(self, io_loop):
        @gen.coroutine
        def function():
            yield gen.moment
            raise KeyboardInterrupt

        future = function()
        with pytest.raises(KeyboardInterrupt):
            io_loop.run_sync(lambda: future)
        with pytest.raises(KeyboardInterrupt):
            future.result()

    def test_returned_stop_iteration(self, run):
        @gen.coroutine
        def function():
            yield gen.moment
            return next(iter([]))

        with pytest.raises(RuntimeError):
            run(function)


class TestYieldable:
    @pytest.mark.parametrize(
        ("make", "expected"),
        [
            (lambda: None, None),
            (lambda: gen.moment, None),
            (lambda: add(1, 2), 3),
            (lambda: native(4), 4),
            (lambda: asyncio.ensure_future(native(4)), 4),
            (lambda: [add(1, 2), native(3)], [3, 3]),
            (lambda: {"a": add(1, 2), "b": [ready(1), ready(2)]}, {"a": 3, "b": [1, 2]}),
            (list, []),
            (dict, {}),
            (lambda: IOLoop.current().run_in_executor(None, pow, 2, 3), 8),
            (lambda: gen.sleep(0), None),
            (lambda: gen.maybe_future(5), 5),
            (lambda: gen.multi([add(1, 2)]), [3]),
        ],
    )
    def test_from_generators(self, run, make, expected):
        @gen.coroutine
        def function():
            return (yield make())

        assert run(function) == expected

    @pytest.mark.parametrize(
        "make",
        [
            lambda: gen.moment,
            lambda: add(1, 2),
            lambda: IOLoop.current().run_in_executor(None, pow, 2, 3),
            lambda: gen.maybe_future(5),
            lambda: gen.multi([add(1, 2)]),
            lambda: gen.Multi([gen.Task(lambda callback: callback(1)), add(1, 2)]),
            lambda: gen.Task(lambda callback: callback(1)),
        ],
    )
    def test_the_same_from_native_coroutines(self, run, make):
        @gen.coroutine
        def function():
            return (yield make())

        async def other():
            return await make()

        assert run(function) == run(other)

    def test_concurrent_future(self, run):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:

            @gen.coroutine
            def function():
                first = yield pool.submit(pow, 2, 3)
                second = yield [pool.submit(pow, 2, 4), pool.submit(pow, 2, 5)]
                return first, second

            assert run(function) == (8, [16, 32])

    def test_object_with_await(self, run):
        class Waits:
            def __await__(self):
                return (yield from native(5).__await__())

        @gen.coroutine
        def function():
            return (yield Waits())

        assert run(function) == 5

    @pytest.mark.parametrize("bad", [5, "text", object(), (1, 2), {1, 2}])
    def test_bad_yield(self, run, bad):
        @gen.coroutine
        def function():
            with pytest.raises(gen.BadYieldError, match="yielded unknown object"):
                yield bad
            yield bad

        with pytest.raises(gen.BadYieldError):
            run(function)

    def test_registered_type(self, run):
        class Promise:
            value = 5

        @gen.convert_yielded.register(Promise)
        def _(promise):
            return done_future(promise.value)

        @gen.coroutine
        def function():
            return (yield Promise()), (yield [Promise()])

        assert run(function) == (5, [5])

    def test_moment_lets_others_run(self, io_loop):
        got = []

        @gen.coroutine
        def function(name):
            for _ in range(2):
                got.append(name)
                yield gen.moment

        async def main():
            await gen.multi([function("a"), function("b")])

        io_loop.run_sync(main)
        assert got == ["a", "b", "a", "b"]
        assert repr(gen.moment) == "tornado.gen.moment"

    def test_moment_in_native(self, run):
        async def function():
            return await gen.moment

        assert run(function) is None


class TestCancellation:
    @pytest.mark.parametrize("waits", [gen.sleep, lambda x: gen.moment, lambda x: Future()])
    def test_of_the_result_reaches_the_yield(self, io_loop, waits):
        got = []

        @gen.coroutine
        def function():
            try:
                yield waits(5)
            except asyncio.CancelledError:
                got.append("cancelled")
                raise

        async def main():
            future = function()
            assert future.cancel()
            assert future.cancelled()
            assert not future.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        io_loop.run_sync(main)
        assert got == ["cancelled"]

    def test_through_several_levels(self, io_loop):
        got = []

        @gen.coroutine
        def inner():
            try:
                yield gen.sleep(5)
            finally:
                got.append("inner")

        @gen.coroutine
        def middle():
            try:
                yield [inner(), inner()]
            finally:
                got.append("middle")

        async def outer():
            await middle()

        async def main():
            task = asyncio.ensure_future(outer())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for _ in range(4):
                await asyncio.sleep(0)

        io_loop.run_sync(main)
        assert sorted(got) == ["inner", "inner", "middle"]

    def test_while_it_runs(self, io_loop, stop_later):
        got = []

        @gen.coroutine
        def function():
            yield gen.moment
            futures[0].cancel()
            try:
                yield gen.sleep(5)
            except asyncio.CancelledError:
                got.append(1)

        futures = [function()]
        stop_later()
        io_loop.start()
        assert got == [1]

    def test_cancelled_future_is_raised_and_makes_cancelled(self, io_loop):
        async def main():
            future = Future()

            @gen.coroutine
            def function():
                yield future

            result = function()
            future.cancel()
            with pytest.raises(asyncio.CancelledError):
                await result
            assert result.cancelled()

        io_loop.run_sync(main)

    def test_swallowed(self, io_loop, stop_later):
        got = []

        @gen.coroutine
        def function():
            try:
                yield gen.sleep(5)
            except asyncio.CancelledError:
                pass
            yield gen.moment
            got.append(1)
            return 5

        future = function()
        future.cancel()
        stop_later()
        io_loop.start()
        assert got == [1]
        assert future.cancelled()

    def test_error_after_it_is_logged(self, io_loop, stop_later, logged):
        @gen.coroutine
        def function():
            try:
                yield gen.sleep(5)
            finally:
                raise Boom

        function().cancel()
        stop_later()
        io_loop.start()
        assert "Exception after Future was cancelled" in logged[0].text


class TestMemory:
    def test_nobody_waits_and_it_still_runs(self, io_loop):
        got = []
        futures = weakref.WeakSet()

        def launch(run):
            future = Future()
            futures.add(future)
            run(future)

        @gen.coroutine
        def generator(future):
            got.append((yield future))

        async def coroutine(future):
            got.append(await future)

        async def main():
            launch(generator)
            launch(lambda f: gen.convert_yielded(coroutine(f)))
            launch(lambda f: IOLoop.current().add_callback(coroutine, f))
            await asyncio.sleep(0.002)
            gc.collect()
            for n, future in enumerate(list(futures)):
                future.set_result(n)
            del future
            await asyncio.sleep(0.002)

        io_loop.run_sync(main)
        assert sorted(got) == [0, 1, 2]

    def test_collected_when_the_loop_is_closed(self):
        loop = IOLoop(make_current=False)
        finished = []

        @gen.coroutine
        def forever(future_of_itself):
            try:
                while True:
                    yield gen.sleep(0.001)
            finally:
                finished.append(1)

        cycle = []

        def begin():
            cycle.append(forever(cycle))

        loop.add_callback(begin)
        loop.call_later(0.005, loop.stop)
        loop.start()
        loop.close()
        del begin
        cycle.clear()
        gc.collect()
        assert finished == [1]

    def test_nothing_is_left_after_the_end(self, io_loop):
        class Local:
            pass

        alive = weakref.WeakSet()

        @gen.coroutine
        def function(fails):
            local = Local()
            alive.add(local)
            yield gen.moment
            if fails:
                raise Boom

        async def main():
            await function(False)
            for fails in (
                lambda: function(True),
                lambda: outer(),
                lambda: fails_at_once(),
                lambda: gen.multi([function(True), function(False)]),
                lambda: gen.with_timeout(datetime.timedelta(hours=1), function(True)),
            ):
                with contextlib.suppress(Boom):
                    await fails()
            with contextlib.suppress(TimeoutError):
                await locks.Event().wait(timeout=0)

        @gen.coroutine
        def outer():
            yield function(True)

        @gen.coroutine
        def fails_at_once():
            alive.add(local := Local())
            raise Boom(str(local))
            yield

        gc.collect()
        gc.disable()
        try:
            io_loop.run_sync(main)
            assert len(alive) == 0
            assert gc.collect() < 20
        finally:
            gc.enable()
        assert io_loop._held == set()


class TestMulti:
    def test_shapes(self, run):
        async def main():
            assert await gen.multi([ready(1), native(2), add(1, 2)]) == [1, 2, 3]
            assert await gen.multi(ready(n) for n in range(3)) == [0, 1, 2]
            assert await gen.multi({"x": ready(1), "y": add(1, 1)}) == {"x": 1, "y": 2}
            assert await gen.multi([]) == []
            assert await gen.multi({}) == {}
            assert await gen.multi_future([ready(1)]) == [1]
            future = native_future = asyncio.ensure_future(native(1))
            assert await gen.multi([future, native_future]) == [1, 1]

        run(main)

    def test_order_is_that_of_the_children(self, run):
        async def slow(x, turns):
            for _ in range(turns):
                await asyncio.sleep(0)
            return x

        assert run(lambda: gen.multi([slow(1, 3), slow(2, 1), slow(3, 2)])) == [1, 2, 3]

    @pytest.mark.parametrize("quiet", [(), Boom, (Boom, KeyError)])
    def test_first_error_is_raised_and_others_logged(self, run, logged, quiet):
        with pytest.raises(Boom):
            run(lambda: gen.multi([boom(), ready(1), boom_native()], quiet_exceptions=quiet))
        expected = [] if quiet else ["Multiple exceptions in yield list"]
        assert [r.getMessage() for r in logged] == expected

    def test_waits_for_all_even_after_an_error(self, run):
        got = []

        @gen.coroutine
        def slow():
            yield gen.sleep(0.005)
            got.append(1)

        with pytest.raises(Boom):
            run(lambda: gen.multi([boom(), slow()]))
        assert got == [1]

    def test_cancelled_child(self, run):
        async def main():
            child = Future()
            future = gen.multi([child, ready(1)])
            child.cancel()
            with pytest.raises(asyncio.CancelledError):
                await future

        run(main)

    def test_bad_child(self, run):
        with pytest.raises(gen.BadYieldError):
            run(lambda: gen.multi([5]))


class TestWithTimeout:
    @pytest.mark.parametrize("timeout", [0, datetime.timedelta(milliseconds=2)])
    def test_timeout(self, run, timeout):
        async def main():
            inner = Future()
            with pytest.raises(TimeoutError, match=r"^Timeout$"):
                await gen.with_timeout(timeout, inner)
            assert not inner.done()
            with pytest.raises(TimeoutError, match="too slow"):
                await gen.with_timeout(timeout, inner, message="too slow")

        run(main)

    def test_in_time(self, run):
        async def main():
            hour = datetime.timedelta(hours=1)
            assert await gen.with_timeout(hour, ready(1)) == 1
            assert await gen.with_timeout(hour, add(1, 2)) == 3
            assert await gen.with_timeout(IOLoop.current().time() + 60, native(4)) == 4
            with pytest.raises(Boom):
                await gen.with_timeout(hour, boom())

        run(main)

    def test_done_before_and_past_deadline(self, run):
        assert run(lambda: gen.with_timeout(0, ready(1))) == 1

    @pytest.mark.parametrize("quiet", [(), Boom])
    def test_error_after_timeout_is_logged(self, run, logged, quiet):
        async def main():
            inner = Future()
            with pytest.raises(TimeoutError):
                await gen.with_timeout(0, inner, quiet_exceptions=quiet)
            inner.set_exception(Boom())
            await asyncio.sleep(0)

        run(main)
        assert len(logged) == (0 if quiet else 1)
        assert [r.name for r in logged] in ([], [app_log.name])

    def test_third_argument_of_every_era(self, run, io_loop):
        async def main():
            for third in (io_loop, None, Boom, (Boom, KeyError)):
                assert await gen.with_timeout(5, ready(1), third) == 1
            assert await gen.with_timeout(5, ready(1), io_loop=io_loop) == 1

        run(main)

    def test_concurrent_future(self, run):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            hour = datetime.timedelta(hours=1)
            assert run(lambda: gen.with_timeout(hour, pool.submit(pow, 2, 3))) == 8

    def test_cancelling_it_cancels_the_future(self, run):
        async def main():
            inner = Future()
            outer = gen.with_timeout(IOLoop.current().time() + 60, inner)
            outer.cancel()
            assert inner.cancelled()

        run(main)

    def test_cancelled_future(self, run):
        async def main():
            inner = Future()
            outer = gen.with_timeout(IOLoop.current().time() + 60, inner)
            inner.cancel()
            with pytest.raises(asyncio.CancelledError):
                await outer

        run(main)


class TestSleep:
    def test_sleep_and_cancel(self, run):
        async def main():
            before = asyncio.get_running_loop().time()
            await gen.sleep(0.01)
            assert asyncio.get_running_loop().time() - before >= 0.009
            future = gen.sleep(60)
            future.cancel()
            assert future._handle.cancelled()

        run(main)


class TestWaitIterator:
    def test_generator(self, run):
        @gen.coroutine
        def main():
            slow, fast, failing = Future(), done_future("fast"), Future()
            iterator = gen.WaitIterator(slow, fast, failing)
            got = []
            while not iterator.done():
                try:
                    result = yield iterator.next()
                except Boom:
                    got.append(("error", iterator.current_index))
                    assert iterator.current_future is failing
                else:
                    got.append((result, iterator.current_index))
                if not failing.done():
                    failing.set_exception(Boom())
                elif not slow.done():
                    slow.set_result("slow")
            assert iterator.current_index is None
            assert iterator.current_future is None
            return got

        assert run(main) == [("fast", 1), ("error", 2), ("slow", 0)]

    def test_keywords_and_async_for(self, run):
        async def main():
            iterator = gen.WaitIterator(a=add(1, 2), b=native(4), c=done_future(5))
            got = {}
            async for result in iterator:
                got[iterator.current_index] = result
            assert iterator._unfinished == {}
            return got

        assert run(main) == {"a": 3, "b": 4, "c": 5}

    def test_both_kinds_are_refused(self, io_loop):
        with pytest.raises(ValueError, match="not both"):
            gen.WaitIterator(Future(), a=Future())

    def test_empty(self, run):
        async def main():
            assert gen.WaitIterator().done()
            return [x async for x in gen.WaitIterator()]

        assert run(main) == []


class TestMaybeFuture:
    def test_both(self, io_loop):
        future = Future()
        assert gen.maybe_future(future) is future
        assert gen.maybe_future(5).result() == 5
        other = concurrent.futures.Future()
        assert gen.maybe_future(other) is other


class TestEager:
    def test_ends_at_once(self, run):
        got = []

        async def at_once():
            got.append(1)

        async def main():
            future = start(at_once())
            if sys.version_info >= (3, 12):
                assert future is None
                assert got == [1]
            else:
                await future
            assert got == [1]

        run(main)

    def test_waits_and_fails(self, run):
        async def main():
            assert await start(native(5)) == 5
            with pytest.raises(Boom):
                await start(boom_native())

            async def fails():
                raise Boom

            with pytest.raises(Boom):
                await start(fails())

            async def task():
                return asyncio.current_task()

            async def has_task():
                first = asyncio.current_task()
                await asyncio.sleep(0)
                assert asyncio.current_task() is first
                return first

            future = start(has_task())
            assert await future is future

        run(main)

    def test_in_stack_contexts(self, run):
        got = []

        async def fails():
            await asyncio.sleep(0)
            got.append(contexts.active())
            raise Boom

        async def main():
            with ExceptionStackContext(lambda *args: None):
                future = start(fails())
            with pytest.raises(Boom):
                await future
            with ExceptionStackContext(lambda *args: None):
                assert start(asyncio.sleep(0)) is not None
                assert start(nothing()) is None

        async def nothing():
            pass

        run(main)
        assert got == [True]

    def test_without_a_running_loop(self, io_loop):
        future = start(native(5))
        assert io_loop.run_sync(lambda: future) == 5


class TestRunner:
    """The constructor of each release, for those who subclassed or used it."""

    def generator(self, got):
        got.append((yield gen.sleep(0)))
        return 5

    def test_2_and_3(self, io_loop, stop_later):
        got, ended = [], []
        runner = gen.Runner(self.generator(got), ended.append)
        runner.run()
        stop_later()
        io_loop.start()
        assert (got, ended) == ([None], [5])

    def test_4_and_5(self, run, io_loop):
        got, future = [], Future()
        generator = self.generator(got)
        gen.Runner(generator, future, next(generator))
        assert run(lambda: future) == 5

    def test_6(self, run):
        got, future = [], Future()
        generator = self.generator(got)
        first = next(generator)
        gen.Runner(contextvars.copy_context().run, generator, future, first)
        assert run(lambda: future) == 5

    def test_by_keyword(self, run):
        got, future = [], Future()
        ended = []
        runner = gen.Runner(
            gen=self.generator(got),
            result_future=future,
            deactivate_stack_context=lambda: ended.append(1),
        )
        runner.run()
        assert run(lambda: future) == 5
        assert ended == [1]
        runner.run()
        assert not runner.handle_exception(Boom, Boom(), None)

    def test_exception_from_outside(self, run):
        future = Future()

        def generator():
            try:
                yield Future()
            except Boom:
                return "caught"

        runner = gen.Runner(generator(), future)
        runner.run()
        assert runner.handle_exception(Boom, Boom(), None)
        assert run(lambda: future) == "caught"

    def test_first_yielded_is_ready(self, run):
        future = Future()

        def generator():
            return (yield done_future(7))

        g = generator()
        gen.Runner(g, future, next(g))
        assert run(lambda: future) == 7
