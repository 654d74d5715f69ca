"""tornado.gen: engine functions, and the yield points of the callback era."""

import functools

import pytest

from tornado import gen
from tornado.concurrent import Future
from tornado.stack_context import ExceptionStackContext


class Boom(Exception):
    pass


@pytest.fixture
def run_engine(io_loop, logged):
    """Run an engine function until it calls ``done``, and return what it called it with."""

    def run(function):
        got = []
        handle = io_loop.call_later(5, io_loop.stop)

        def done(*args):
            got.append(args[0] if args else None)
            io_loop.stop()

        def failed(typ, value, tb):
            got.append(value)
            io_loop.stop()
            return True

        with ExceptionStackContext(failed):
            function(done)
        io_loop.start()
        io_loop.remove_timeout(handle)
        assert logged == []
        assert len(got) == 1
        if isinstance(got[0], BaseException):
            raise got[0]
        return got[0]

    return run


@pytest.fixture
def later(io_loop):
    """A function of the old kind: it calls back on the next turn with its arguments."""

    def function(*args, callback, **kwargs):
        io_loop.add_callback(callback, *args, **kwargs)

    return function


def at_once(*args, callback):
    callback(*args)


class TestEngine:
    def test_returns_none_and_runs_at_once(self, io_loop, later):
        got = []

        @gen.engine
        def function():
            got.append(1)
            yield gen.Task(later)
            got.append(2)
            io_loop.stop()

        assert function() is None
        assert got == [1]
        io_loop.start()
        assert got == [1, 2]

    def test_without_a_yield(self, io_loop):
        got = []
        gen.engine(lambda x: got.append(x))(5)
        assert got == [5]

    def test_error_before_it_waits_is_raised(self, io_loop):
        @gen.engine
        def function():
            yield gen.Callback("never waited for")
            raise Boom

        with pytest.raises(Boom):
            function()

    def test_error_after_it_waits_goes_to_the_context(self, run_engine, later):
        @gen.engine
        def function(done):
            yield gen.Task(later)
            raise Boom

        with pytest.raises(Boom):
            run_engine(function)

    def test_error_without_a_context_is_logged(self, io_loop, stop_later, logged):
        @gen.engine
        def function():
            yield gen.moment
            raise Boom

        function()
        stop_later()
        io_loop.start()
        assert "Boom" in logged[0].text

    def test_may_not_return_a_value(self, run_engine, later, io_loop):
        @gen.engine
        def function(done):
            yield gen.Task(later)
            raise gen.Return(5)

        with pytest.raises(gen.ReturnValueIgnoredError, match="got 5"):
            run_engine(function)
        with pytest.raises(gen.ReturnValueIgnoredError):
            gen.engine(lambda: 5)()

    def test_waits_for_futures_too(self, run_engine):
        @gen.coroutine
        def coroutine():
            yield gen.moment
            return 5

        async def native():
            return 6

        @gen.engine
        def function(done):
            done([(yield coroutine()), (yield native())])

        assert run_engine(function) == [5, 6]

    def test_engines_call_engines(self, run_engine, later):
        @gen.engine
        def inner(x, callback):
            result = yield gen.Task(later, x)
            callback(result + 1)

        @gen.engine
        def function(done):
            first = yield gen.Task(inner, 1)
            second = yield [gen.Task(inner, 2), gen.Task(inner, 3)]
            done([first, *second])

        assert run_engine(function) == [2, 3, 4]

    def test_error_of_an_inner_engine_comes_to_the_outer(self, run_engine, later):
        @gen.engine
        def inner(callback):
            yield gen.Task(later)
            raise Boom

        @gen.engine
        def function(done):
            with pytest.raises(Boom):
                yield gen.Task(inner)
            done("caught")

        assert run_engine(function) == "caught"


class TestTask:
    def test_results(self, run_engine, later):
        @gen.engine
        def function(done):
            done(
                [
                    (yield gen.Task(later)),
                    (yield gen.Task(later, 1)),
                    (yield gen.Task(later, 1, 2)),
                    (yield gen.Task(later, key=3)),
                    (yield gen.Task(at_once, 4)),
                ]
            )

        assert run_engine(function) == [None, 1, ((1, 2), {}), ((), {"key": 3}), 4]

    def test_arguments(self):
        arguments = gen.Arguments((1, 2), {"a": 3})
        assert arguments.args == (1, 2)
        assert arguments.kwargs == {"a": 3}
        args, kwargs = arguments
        assert (args, kwargs) == ((1, 2), {"a": 3})

    def test_errors_now_and_later(self, run_engine, io_loop):
        def fails_now(callback):
            raise Boom

        def fails_later(callback):
            io_loop.add_callback(fails_now, None)

        @gen.engine
        def function(done):
            with pytest.raises(Boom):
                yield gen.Task(fails_now)
            with pytest.raises(Boom):
                yield gen.Task(fails_later)
            with pytest.raises(Boom):
                yield [gen.Task(fails_later), gen.Task(at_once)]
            done()

        assert run_engine(function) is None

    def test_it_is_a_future(self, run, later):
        async def main():
            assert await gen.Task(later, 5) == 5
            task = gen.Task(later, 6)
            assert isinstance(task, Future)
            assert isinstance(task, gen.YieldPoint)
            assert not task.is_ready()
            assert await task == 6
            assert task.is_ready()
            assert task.get_result() == 6

        run(main)

    def test_second_call_of_the_callback_is_ignored(self, run):
        def twice(callback):
            callback(1)
            callback(2)

        async def main():
            assert await gen.Task(twice) == 1

        run(main)


class TestKeys:
    def test_callback_and_wait(self, run_engine, later):
        @gen.engine
        def function(done):
            later(1, callback=(yield gen.Callback("k1")))
            (yield gen.Callback("k2"))(2)
            keyed = yield gen.Callback(("any", "key"))
            keyed(3, four=4)
            done(
                [
                    (yield gen.Wait("k2")),
                    (yield gen.Wait("k1")),
                    (yield gen.Wait(("any", "key"))),
                ]
            )

        assert run_engine(function) == [2, 1, ((3,), {"four": 4})]

    def test_wait_all_and_lists(self, run_engine, later):
        @gen.engine
        def function(done):
            for key in "abcd":
                later(key, callback=(yield gen.Callback(key)))
            first = yield gen.WaitAll("ab")
            second = yield [gen.Wait("d"), gen.Wait("c")]
            done(first + second)

        assert run_engine(function) == ["a", "b", "d", "c"]

    def test_list_and_dict_of_callbacks(self, run_engine, later):
        @gen.engine
        def function(done):
            one, two = yield [gen.Callback(1), gen.Callback(2)]
            later(10, callback=one)
            later(20, callback=two)
            first = yield {"a": gen.Wait(1), "b": gen.Wait(2)}
            second = yield {"c": gen.Task(later, 3), "d": [gen.Task(later, 4), gen.sleep(0)]}
            done([first, second])

        assert run_engine(function) == [{"a": 10, "b": 20}, {"c": 3, "d": [4, None]}]

    def test_key_can_be_used_again_after_its_wait(self, run_engine):
        @gen.engine
        def function(done):
            results = []
            for n in range(3):
                (yield gen.Callback("key"))(n)
                results.append((yield gen.Wait("key")))
            done(results)

        assert run_engine(function) == [0, 1, 2]

    def test_reuse_of_a_pending_key(self, io_loop):
        @gen.engine
        def function():
            yield gen.Callback("key")
            yield gen.Callback("key")

        with pytest.raises(gen.KeyReuseError, match="'key' is already pending"):
            function()

    @pytest.mark.parametrize("point", [gen.Wait("no"), gen.WaitAll(["no"]), [gen.Wait("no")]])
    def test_unknown_key(self, io_loop, point):
        @gen.engine
        def function():
            yield point

        with pytest.raises(gen.UnknownKeyError, match="'no' is not pending"):
            function()

    def test_leaked_callback(self, io_loop):
        @gen.engine
        def function():
            yield gen.Callback("left")

        with pytest.raises(gen.LeakedCallbackError, match="left"):
            function()

    def test_leaked_callback_of_a_coroutine(self, run):
        @gen.coroutine
        def function():
            yield gen.Callback("left")

        with pytest.raises(gen.LeakedCallbackError, match="left"):
            run(function)

    def test_an_error_goes_before_the_leak(self, io_loop):
        @gen.engine
        def function():
            yield gen.Callback("left")
            raise Boom

        with pytest.raises(Boom):
            function()

    def test_called_after_the_end(self, io_loop):
        kept = []

        @gen.engine
        def function():
            kept.append((yield gen.Callback("left")))
            raise Boom

        with pytest.raises(Boom):
            function()
        kept[0](5)

    def test_in_coroutines(self, run, later):
        @gen.coroutine
        def function():
            later(1, callback=(yield gen.Callback(0)))
            return (yield gen.Wait(0)), (yield gen.Task(later, 2)), (yield gen.moment)

        assert run(function) == (1, 2, None)

    def test_resumes_in_the_call_of_the_callback(self, io_loop):
        got = []

        @gen.engine
        def function():
            kept.append((yield gen.Callback("key")))
            got.append((yield gen.Wait("key")))

        kept = []
        function()
        kept[0](5)
        assert got == [5]

    def test_error_in_a_context_of_the_operation(self, run_engine, io_loop):
        """An operation begun with a Callback that fails later, throws into the generator."""

        @gen.engine
        def function(done):
            callback = yield gen.Callback("key")

            def fail():
                raise Boom

            with pytest.raises(Boom):
                io_loop.add_callback(functools.partial(callback.__wrapped__, 1))
                yield gen.Wait("key")
                yield gen.Task(lambda callback: io_loop.add_callback(fail))
            done()

        assert run_engine(function) is None


class TestOtherPoints:
    def test_yield_future(self, run_engine):
        done_before = Future()
        done_before.set_result(1)

        @gen.engine
        def function(done):
            later = Future()
            got = [(yield gen.YieldFuture(done_before))]
            from tornado.ioloop import IOLoop

            IOLoop.current().add_callback(later.set_result, 2)
            got.append((yield gen.YieldFuture(later, io_loop=IOLoop.current())))
            done(got)

        assert run_engine(function) == [1, 2]

    def test_multi(self, run_engine, later, logged):
        def fails(callback):
            raise Boom

        @gen.engine
        def function(done):
            got = yield gen.Multi([gen.Task(later, 1), gen.Task(later, 2)])
            got.append((yield gen.MultiYieldPoint({"a": gen.Task(later, 3)})))
            with pytest.raises(Boom):
                yield gen.MultiYieldPoint(
                    [gen.YieldFuture(gen.Task(fails)), gen.Task(fails)], quiet_exceptions=Boom
                )
            done(got)

        assert run_engine(function) == [1, 2, {"a": 3}]

    def test_multi_function_with_points(self, run, later):
        async def main():
            point = gen.YieldFuture(gen.Task(later, 1))
            return await gen.multi([point, gen.Task(later, 2)])

        assert run(main) == [1, 2]

    def test_second_error_is_logged(self, run, logged):
        def fails(callback):
            raise Boom

        async def main():
            with pytest.raises(Boom):
                await gen.Multi([gen.Task(fails), gen.Task(fails)])

        run(main)
        assert [r.getMessage() for r in logged] == ["Multiple exceptions in yield list"]

    def test_own_yield_point(self, run_engine):
        class Count(gen.YieldPoint):
            def __init__(self, n):
                self.n = n
                super().__init__()

            def start(self, runner):
                self.runner = runner

            def is_ready(self):
                return True

            def get_result(self):
                return self.n

        @gen.engine
        def function(done):
            done([(yield Count(1)), (yield [Count(2), Count(3)])])

        assert run_engine(function) == [1, [2, 3]]

    def test_abstract_point(self, run):
        point = gen.YieldPoint()
        for method in (lambda: point.start(None), point.is_ready, point.get_result):
            with pytest.raises(NotImplementedError):
                method()

        @gen.coroutine
        def function():
            yield point

        with pytest.raises(NotImplementedError):
            run(function)
