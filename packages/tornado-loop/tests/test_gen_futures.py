"""tornado.gen: what the futures of coroutines, `multi`, `with_timeout` and `WaitIterator` look like."""

import asyncio
import contextlib
import gc
import inspect
import logging

import pytest

from tornado import gen, locks, queues
from tornado.concurrent import Future
from tornado.stack_context import StackContext
from tornado.util import TimeoutError


def done_future(value=None):
    future = Future()
    future.set_result(value)
    return future


class Boom(Exception):
    pass


class TestCallsDoNotRaise:
    """A decorated function gives a future whatever happens before its first yield."""

    @staticmethod
    @gen.coroutine
    def plain():
        raise asyncio.CancelledError

    @staticmethod
    @gen.coroutine
    def generator():
        if True:
            raise asyncio.CancelledError("why")
        yield

    @staticmethod
    @gen.coroutine(replace_callback=False)
    def after_a_ready_yield():
        yield done_future()
        raise asyncio.CancelledError

    @pytest.mark.parametrize("name", ["plain", "generator", "after_a_ready_yield"])
    def test_cancelled(self, io_loop, name):
        future = getattr(self, name)()
        assert future.cancelled()
        with pytest.raises(asyncio.CancelledError):
            io_loop.run_sync(lambda: future)

    def test_wrong_arguments(self, io_loop):
        future = self.plain("one too many")
        assert isinstance(future.exception(), TypeError)

    def test_generator_exit(self, io_loop):
        @gen.coroutine
        def leave():
            raise GeneratorExit

        assert isinstance(leave().exception(), GeneratorExit)

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_what_ends_the_program_passes(self, io_loop, kind):
        @gen.coroutine
        def leave():
            raise kind

        with pytest.raises(kind):
            leave()


class TestMomentInContainers:
    """Only a bare ``yield gen.moment`` takes a turn."""

    @pytest.mark.parametrize("special", [gen.moment, None])
    @pytest.mark.parametrize(
        "make",
        [
            lambda special: [special],
            lambda special: {"a": special},
            lambda special: [special, done_future()],
            lambda special: [[special], {"b": special}],
            lambda special: gen.multi([special]),
            lambda special: gen.multi({"a": special}),
            lambda special: gen.convert_yielded([special]),
            lambda special: gen.Multi([special]),
            lambda special: gen.maybe_future(None),
        ],
    )
    def test_counts_as_done(self, run, io_loop, special, make):
        @gen.coroutine
        def main():
            turns = []
            io_loop.add_callback(turns.append, 1)
            yield make(special)
            return list(turns)

        assert run(main) == []

    @pytest.mark.parametrize("special", [gen.moment, None])
    def test_bare(self, run, io_loop, special):
        @gen.coroutine
        def main():
            turns = []
            io_loop.add_callback(turns.append, 1)
            yield special
            return turns

        assert run(main) == [1]

    def test_values(self, run):
        @gen.coroutine
        def main():
            return (yield [gen.moment, done_future(1), None]), (yield {"a": None, "b": gen.moment})

        assert run(main) == ([None, 1, None], {"a": None, "b": None})

    def test_beside_yield_points(self, run, io_loop):
        @gen.coroutine
        def main():
            return (yield [gen.moment, gen.Task(lambda callback: callback(3)), None])

        assert run(main) == [None, 3, None]

    def test_with_timeout_and_wait_iterator(self, run, io_loop):
        async def main():
            await gen.with_timeout(io_loop.time() + 5, gen.moment)
            return [value async for value in gen.WaitIterator(gen.moment, done_future(2))]

        assert run(main) == [None, 2]


class TestCancelledChildren:
    """A cancelled child fails `multi`, which itself is not cancelled."""

    @pytest.mark.parametrize("when", ["before", "during"])
    @pytest.mark.parametrize("shape", [list, lambda children: dict(enumerate(children))])
    def test_multi(self, run, logged, when, shape):
        async def main():
            child, other = Future(), Future()
            if when == "before":
                child.cancel()
            future = gen.multi(shape([child, other]))
            if when == "during":
                child.cancel()
            other.set_result(1)
            with pytest.raises(asyncio.CancelledError):
                await future
            return future.done(), future.cancelled(), other.cancelled()

        assert run(main) == (True, False, False)
        assert logged == []

    def test_cancelling_multi_itself(self, run):
        async def main():
            child = Future()
            future = gen.multi([child])
            future.cancel()
            return future.cancelled(), child.cancelled()

        assert run(main) == (True, True)

    @pytest.mark.parametrize("points", [False, True])
    def test_after_a_first_exception_it_is_not_logged(self, run, logged, points):
        async def main():
            failing, cancelled = Future(), Future()
            failing.set_exception(Boom())
            cancelled.cancel()
            more = [gen.YieldFuture(done_future())] if points else []
            with pytest.raises(Boom):
                await gen.multi([failing, cancelled, *more])

        run(main)
        assert logged == []

    def test_with_yield_points(self, run):
        """The keys beside a cancelled child are used up all the same."""

        @gen.coroutine
        def main():
            cancelled = Future()
            cancelled.cancel()
            fire = yield gen.Callback("a")
            fire(1)
            with pytest.raises(asyncio.CancelledError):
                yield [cancelled, gen.Wait("a")]
            return "no key is left"

        assert run(main) == "no key is left"

    def test_in_a_generator(self, run):
        @gen.coroutine
        def main():
            child = Future()
            child.cancel()
            try:
                yield [child]
            except asyncio.CancelledError:
                return "caught"

        assert run(main) == "caught"


class TestWaitIterator:
    """The same future several times is given as often."""

    @pytest.mark.parametrize("done_first", [True, False])
    def test_positions(self, run, io_loop, done_first):
        @gen.coroutine
        def main():
            future, other = Future(), Future()
            if done_first:
                future.set_result(42)
            iterator = gen.WaitIterator(future, future, other, future)
            assert list(iterator._unfinished) == [future, other]
            io_loop.add_callback(lambda: done_first or future.set_result(42))
            got = []
            while not iterator.done():
                result = yield iterator.next()
                got.append((iterator.current_index, result))
                assert iterator.current_future in (future, other)
                if len(got) == 3:
                    other.set_result(7)
            return got

        assert run(main) == [(0, 42), (1, 42), (3, 42), (2, 7)]

    def test_keywords(self, run):
        async def main():
            future = done_future(1)
            iterator = gen.WaitIterator(first=future, second=future)
            return [(iterator.current_index, value) async for value in iterator]

        assert run(main) == [("first", 1), ("second", 1)]

    def test_errors_come_as_often(self, run):
        async def main():
            future = Future()
            future.set_exception(Boom())
            iterator = gen.WaitIterator(future, future)
            for _ in range(2):
                assert not iterator.done()
                with pytest.raises(Boom):
                    await iterator.next()
            return iterator.done()

        assert run(main) is True

    def test_next_twice_ahead_of_the_results(self, run):
        """No future that `next` gave stays behind for ever."""

        async def main():
            first, second = Future(), Future()
            iterator = gen.WaitIterator(first, second)
            ahead = [iterator.next(), iterator.next()]
            second.set_result(2)
            first.set_result(1)
            return await gen.multi(ahead)

        assert run(main) == [2, 1]

    def test_a_next_that_was_cancelled_takes_no_result(self, run):
        async def main():
            future = Future()
            iterator = gen.WaitIterator(future)
            iterator.next().cancel()
            future.set_result(1)
            await gen.sleep(0)
            return await iterator.next()

        assert run(main) == 1


class TestTimeoutMessage:
    def test_is_asked_for_only_when_time_is_up(self, run, io_loop):
        asked = []

        def message():
            asked.append(1)
            return "no word from them"

        async def main():
            assert await gen.with_timeout(io_loop.time() + 5, done_future(1), message=message) == 1
            assert asked == []
            with pytest.raises(TimeoutError) as caught:
                await gen.with_timeout(io_loop.time(), Future(), message=message)
            return str(caught.value)

        assert run(main) == "no word from them"
        assert asked == [1]

    def test_text(self, run, io_loop):
        async def main():
            with pytest.raises(TimeoutError) as caught:
                await gen.with_timeout(io_loop.time(), Future(), message="late")
            return str(caught.value)

        assert run(main) == "late"

    def test_one_that_fails_still_ends_the_future(self, run, io_loop):
        async def main():
            with pytest.raises(ZeroDivisionError):
                await gen.with_timeout(io_loop.time(), Future(), message=lambda: 1 / 0)

        run(main)


@gen.coroutine
def waits(future):
    yield future


@gen.coroutine
def returns():
    return 1


class TestDebugMode:
    """``repr`` names the line of the application at which a future was made."""

    @pytest.mark.parametrize(
        "make",
        [
            lambda: waits(Future()),
            lambda: returns(),
            lambda: Future(),
            lambda: gen.sleep(10),
            lambda: gen.with_timeout(10**10, Future()),
            lambda: gen.multi([Future()]),
            lambda: gen.Task(lambda callback: None),
            lambda: locks.Event().wait(),
            lambda: locks.Condition().wait(timeout=10**10),
            lambda: queues.Queue().get(),
            lambda: queues.Queue().get(timeout=10**10),
            lambda: locks.Lock().acquire(),
        ],
    )
    def test_created_at(self, io_loop, make):
        async def main():
            io_loop.asyncio_loop.set_debug(True)
            future = make()
            line = inspect.getsourcelines(make)[1]
            assert f"created at {__file__}:{line}" in repr(future)
            future.cancel()
            await gen.sleep(0)

        io_loop.asyncio_loop.run_until_complete(main())


class TestMessages:
    """asyncio's messages call each of our futures a Future."""

    @pytest.mark.parametrize(
        "kind", ["coroutine", "generator", "queue", "lock", "timeout", "multi"]
    )
    def test_exception_never_retrieved(self, run, io_loop, caplog, kind):
        @gen.coroutine
        def fail(wait):
            if wait:
                yield gen.moment
            raise Boom

        def fails():
            raise Boom

        make = {
            "coroutine": lambda: gen.coroutine(fails)(),
            "generator": lambda: fail(True),
            "queue": lambda: queues.Queue().get(timeout=io_loop.time()),
            "lock": lambda: locks.Event().wait(timeout=io_loop.time()),
            "timeout": lambda: gen.with_timeout(io_loop.time(), Future()),
            "multi": lambda: gen.multi([fail(False)]),
        }[kind]

        async def main():
            future = make()
            while not future.done():
                await gen.sleep(0.001)

        with caplog.at_level(logging.ERROR, "asyncio"):
            run(main)
            gc.collect()
        assert [r.getMessage().partition(" exception")[0] for r in caplog.records] == ["Future"]

    def test_repr(self, io_loop):
        future = waits(Future())
        assert repr(future).startswith("<Future pending")
        future.cancel()


class TestTwoAwaiters:
    """Several that wait for one future do not disturb each other, whoever drives them."""

    @pytest.mark.parametrize("contexts", [(True, True), (True, False), (False, True)])
    @pytest.mark.parametrize("kind", ["coroutine", "future", "task", "queue", "task of a key"])
    def test_native_coroutines(self, run, io_loop, contexts, kind):
        async def wait(future):
            return await future

        @gen.coroutine
        def delegate(future):
            return (yield from future)

        async def later():
            await gen.sleep(0.01)
            return 1

        @gen.coroutine
        def generator():
            yield gen.sleep(0.01)
            return 1

        def plain():
            future = Future()
            io_loop.call_later(0.01, future.set_result, 1)
            return future

        def queue():
            made = queues.Queue()
            io_loop.call_later(0.01, made.put_nowait, 1)
            return made.get(timeout=io_loop.time() + 5)

        def make():
            return {
                "coroutine": generator,
                "future": plain,
                "task": lambda: asyncio.ensure_future(later()),
                "queue": queue,
                "task of a key": lambda: gen.Task(
                    lambda callback: io_loop.call_later(0.01, callback, 1)
                ),
            }[kind]()

        async def main():
            future = make()
            waiters = []
            for inside in contexts:
                with StackContext(contextlib.nullcontext) if inside else contextlib.nullcontext():
                    waiters += [gen.convert_yielded(wait(future)), delegate(future)]
            return await gen.multi(waiters)

        assert run(main) == [1, 1, 1, 1]
