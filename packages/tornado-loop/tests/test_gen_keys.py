"""tornado.gen: results of keys that come early, and exceptions that are thrown into generators."""

import contextlib

import pytest

from tornado import gen
from tornado.concurrent import Future
from tornado.ioloop import IOLoop
from tornado.stack_context import ExceptionStackContext, NullContext, StackContext, wrap


class Boom(Exception):
    pass


class Ready(gen.YieldPoint):
    """A yield point that is ready when it was told to be, and then resumes the generator."""

    def __init__(self):
        self.told = False

    def start(self, runner):
        self.runner = runner

    def is_ready(self):
        return self.told

    def get_result(self):
        return "point"

    def tell(self):
        self.told = True
        self.runner.run()


@pytest.fixture(params=["coroutine", "engine"])
def run_keys(request, run, io_loop):
    """Run a generator function of one argument as a coroutine, or as an engine."""

    def run_it(function):
        if request.param == "coroutine":
            return run(lambda: gen.coroutine(function)())
        done = Future()

        @gen.engine
        def engine():
            try:
                done.set_result((yield from function()))
            except Exception as error:
                if not done.done():
                    done.set_exception(error)

        return run(lambda: engine() or done)

    return run_it


def waits_for_a_future(fire):
    return gen.sleep(0.02)


def waits_for_a_task(fire):
    return gen.Task(lambda callback: IOLoop.current().call_later(0.02, callback))


async def native():
    await gen.sleep(0.02)


class TestEarlyResults:
    """A key's result is kept until somebody waits for it, and resumes nothing else."""

    @pytest.mark.parametrize(
        "other",
        [
            waits_for_a_future,
            waits_for_a_task,
            lambda fire: native(),
            lambda fire: [gen.sleep(0.02), native()],
            lambda fire: {"a": gen.sleep(0.02)},
            lambda fire: gen.multi([gen.sleep(0.02)]),
            lambda fire: gen.with_timeout(IOLoop.current().time() + 5, gen.sleep(0.02)),
        ],
    )
    def test_while_something_else_is_awaited(self, run_keys, io_loop, other):
        def function():
            fire = yield gen.Callback("a")
            io_loop.add_callback(fire, 1)
            waited = Future()
            handle = io_loop.call_later(0.01, waited.set_result, None)
            yield other(fire)
            io_loop.remove_timeout(handle)
            assert waited.done()
            return (yield gen.Wait("a"))

        assert run_keys(function) == 1

    @pytest.mark.parametrize("turn", [gen.moment, None])
    def test_while_a_turn_is_awaited(self, run_keys, io_loop, turn):
        def function():
            fire = yield gen.Callback("a")
            turns = []
            io_loop.add_callback(fire, 1)
            io_loop.add_callback(turns.append, 1)
            assert (yield turn) is None
            assert turns == [1]
            return (yield gen.Wait("a"))

        assert run_keys(function) == 1

    def test_several_keys(self, run_keys, io_loop):
        def function():
            first = yield gen.Callback("a")
            second = yield gen.Callback("b")
            third = yield gen.Callback("c")
            io_loop.add_callback(second, 2)
            io_loop.add_callback(third, 3, more=4)
            io_loop.call_later(0.02, first, 1)
            assert (yield gen.Wait("a")) == 1
            return (yield gen.WaitAll(["b", "c"]))

        assert run_keys(function) == [2, gen.Arguments((3,), {"more": 4})]

    def test_while_a_point_of_ones_own_is_awaited(self, run_keys, io_loop):
        def function():
            fire = yield gen.Callback("a")
            point = Ready()
            io_loop.add_callback(fire, 1)
            io_loop.call_later(0.02, point.tell)
            assert (yield point) == "point"
            return (yield gen.Wait("a"))

        assert run_keys(function) == 1

    def test_the_future_that_was_awaited_still_resumes(self, run_keys, io_loop):
        def function():
            fire = yield gen.Callback("a")
            future = Future()
            io_loop.add_callback(fire, 1)
            io_loop.call_later(0.02, future.set_exception, Boom())
            with pytest.raises(Boom):
                yield future
            return (yield gen.Wait("a"))

        assert run_keys(function) == 1

    def test_run_of_a_runner_that_waits_for_a_future(self, run, io_loop):
        runners = []

        class Spy(gen.YieldPoint):
            def start(self, runner):
                runners.append(runner)

            def is_ready(self):
                return True

            def get_result(self):
                return None

        @gen.coroutine
        def function():
            yield Spy()
            io_loop.add_callback(runners[0].run)
            return (yield gen.with_timeout(io_loop.time() + 5, gen.sleep(0.02)))

        assert run(function) is None

    def test_is_ready_that_raises_later(self, run):
        class Failing(Ready):
            def is_ready(self):
                if self.told:
                    raise Boom
                return False

        point = Failing()

        @gen.coroutine
        def function():
            IOLoop.current().add_callback(point.tell)
            with pytest.raises(Boom):
                yield point
            return "caught"

        assert run(function) == "caught"


class TestThrown:
    """After its first yield point, a generator is told of errors of the callbacks it started."""

    def test_caught_where_it_waits_for_a_key(self, run_keys, io_loop):
        def function():
            fire = yield gen.Callback("a")
            io_loop.add_callback(fail)
            io_loop.call_later(0.02, fire, 1)
            with pytest.raises(Boom):
                yield gen.Wait("a")
            return (yield gen.Wait("a"))

        assert run_keys(function) == 1

    @pytest.mark.parametrize("first", ["wait", "all", "own"])
    def test_every_kind_of_first_point(self, run_keys, io_loop, first):
        def function():
            fire = yield gen.Callback("a")
            fire(1)
            if first == "wait":
                yield gen.Wait("a")
            elif first == "all":
                yield gen.WaitAll(["a"])
            else:
                yield gen.Wait("a")
                point = Ready()
                io_loop.add_callback(point.tell)
                yield point
            io_loop.add_callback(fail)
            with pytest.raises(Boom):
                yield gen.sleep(5)
            return first

        assert run_keys(function) == first

    def test_caught_while_it_waits_for_a_future(self, run_keys, io_loop):
        def function():
            fire = yield gen.Callback("a")
            fire(None)
            io_loop.call_later(0.01, fail)
            future = Future()
            io_loop.call_later(0.02, future.set_result, 3)
            with pytest.raises(Boom):
                yield future
            yield gen.Wait("a")
            return (yield future)  # waiting for it a second time works

        assert run_keys(function) == 3

    def test_uncaught_ends_a_coroutine(self, run, io_loop):
        @gen.coroutine
        def function():
            yield gen.Callback("a")
            io_loop.add_callback(fail)
            yield gen.Wait("a")

        with pytest.raises(Boom):
            run(function)

    def test_something_else_may_be_raised(self, run, io_loop):
        @gen.coroutine
        def function():
            yield gen.Callback("a")
            io_loop.add_callback(fail)
            try:
                yield gen.Wait("a")
            except Boom:
                raise KeyError("else") from None

        with pytest.raises(KeyError):
            run(function)

    def test_what_was_scheduled_before_the_first_point_is_not(self, run, io_loop, logged):
        @gen.coroutine
        def function():
            io_loop.add_callback(fail)
            fire = yield gen.Callback("a")
            io_loop.call_later(0.02, fire, 1)
            return (yield gen.Wait("a"))

        assert run(function) == 1
        assert [record.levelname for record in logged] == ["ERROR"]

    def test_futures_alone_change_nothing(self, run, io_loop, logged):
        @gen.coroutine
        def function():
            yield gen.moment
            io_loop.add_callback(fail)
            yield gen.sleep(0.01)
            return "slept"

        assert run(function) == "slept"
        assert [record.levelname for record in logged] == ["ERROR"]

    def test_after_the_end_the_outer_context_has_it(self, run, io_loop):
        got = []

        @gen.coroutine
        def function():
            fire = yield gen.Callback("a")
            fire(None)
            yield gen.Wait("a")
            io_loop.call_later(0.01, fail)

        @gen.coroutine
        def main():
            with ExceptionStackContext(lambda typ, value, tb: got.append(typ) or True):
                future = function()
            yield future
            yield gen.sleep(0.03)

        run(main)
        assert got == [Boom]

    def test_outside_of_the_generators_contexts_it_is_not(self, run, io_loop, logged):
        @gen.coroutine
        def function():
            fire = yield gen.Callback("a")
            with NullContext():
                io_loop.add_callback(fail)
            io_loop.spawn_callback(fail)
            io_loop.call_later(0.02, fire, 1)
            return (yield gen.Wait("a"))

        assert run(function) == 1
        assert len(logged) == 2

    def test_inner_generators_have_their_own(self, run, io_loop):
        @gen.coroutine
        def inner():
            yield gen.Callback("a")
            io_loop.add_callback(fail)
            with pytest.raises(Boom):
                yield gen.Wait("a")
            raise gen.Return("inner")

        @gen.coroutine
        def outer():
            fire = yield gen.Callback("b")
            fire(1)
            yield gen.Wait("b")
            try:
                return (yield inner())
            except gen.LeakedCallbackError:
                return "leaked"

        assert run(outer) == "leaked"

    def test_errors_of_an_engine_come_to_its_outer_context(self, io_loop, logged):
        got = []

        @gen.engine
        def function():
            yield gen.Callback("a")
            io_loop.add_callback(fail)
            yield gen.Wait("a")

        def handle(typ, value, tb):
            got.append(typ)
            io_loop.stop()
            return True

        with ExceptionStackContext(handle):
            function()
        io_loop.start()
        assert got == [Boom]
        assert logged == []


class TestIsolation:
    """The contexts in which a key's callable is called are not those of the generator."""

    @pytest.mark.parametrize("unwrapped", [False, True])
    @pytest.mark.parametrize("used_before", [False, True])
    def test_contexts_of_the_caller_do_not_come_in(self, run_keys, io_loop, unwrapped, used_before):
        entered = []

        @contextlib.contextmanager
        def context():
            entered.append(1)
            try:
                yield
            finally:
                entered.pop()

        if used_before:
            with StackContext(contextlib.nullcontext):
                pass

        def function():
            fire = yield gen.Callback("a")
            with StackContext(context):
                io_loop.add_callback(getattr(fire, "__wrapped__", fire) if unwrapped else fire)
            yield gen.Wait("a")
            seen = Future()
            io_loop.add_callback(lambda: seen.set_result(list(entered)))
            return (yield seen)

        assert run_keys(function) == []

    def test_a_function_that_was_wrapped_outside_schedules_outside(self, run, io_loop):
        entered = []

        @contextlib.contextmanager
        def context():
            entered.append(1)
            try:
                yield
            finally:
                entered.pop()

        with StackContext(contextlib.nullcontext):
            pass
        seen = Future()

        def schedule():
            io_loop.add_callback(lambda: seen.set_result(list(entered)))

        wrapped = wrap(schedule)
        with StackContext(context):
            wrapped()

        async def main():
            return await seen

        with NullContext():
            assert run(main) == []


def fail():
    raise Boom
