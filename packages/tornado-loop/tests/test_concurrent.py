"""tornado.concurrent: futures, their helpers, executors, return_future; callbacks beside futures."""

import asyncio
import concurrent.futures
import subprocess
import sys
import threading

import pytest

from tornado import gen
from tornado._loop.callbacks import deliver, with_callback
from tornado.concurrent import (
    DummyExecutor,
    Future,
    ReturnValueIgnoredError,
    TracebackFuture,
    chain_future,
    dummy_executor,
    future_add_done_callback,
    future_set_exc_info,
    future_set_exception_unless_cancelled,
    future_set_result_unless_cancelled,
    is_future,
    return_future,
    run_on_executor,
)
from tornado.ioloop import IOLoop
from tornado.stack_context import ExceptionStackContext


class Boom(Exception):
    pass


def exc_info():
    try:
        raise Boom
    except Boom:
        return sys.exc_info()


class TestFuture:
    def test_it_is_asyncios(self, run):
        async def main():
            future = Future()
            assert isinstance(future, asyncio.Future)
            assert asyncio.isfuture(future)
            assert future.get_loop() is asyncio.get_running_loop()
            asyncio.get_running_loop().call_soon(future.set_result, 5)
            assert await future == 5
            assert await asyncio.wait_for(future, 1) == 5

        run(main)

    def test_every_asyncio_future_is_one(self, run):
        async def main():
            assert isinstance(asyncio.get_running_loop().create_future(), Future)
            assert isinstance(asyncio.current_task(), Future)
            assert issubclass(asyncio.Task, Future)
            assert not isinstance(concurrent.futures.Future(), Future)
            assert not issubclass(int, Future)
            assert not isinstance(asyncio.get_running_loop().create_future(), gen.Task)

        run(main)
        assert TracebackFuture is Future

    def test_without_a_running_loop(self):
        future = Future()
        assert future.get_loop() is IOLoop.current().asyncio_loop
        other = IOLoop(make_current=False)
        assert Future(loop=other.asyncio_loop).get_loop() is other.asyncio_loop

    def test_methods_of_old(self, io_loop):
        future = Future()
        assert future.running() is True
        assert future.exc_info() is None
        future.set_exc_info(exc_info())
        assert future.running() is False
        kind, error, traceback = future.exc_info()
        assert kind is Boom
        assert traceback.tb_next is None
        assert future.exception(timeout=1) is error
        with pytest.raises(Boom):
            future.result(timeout=1)
        with pytest.raises(TypeError, match="no exception"):
            Future().set_exc_info((None, None, None))
        good = Future()
        good.set_result(5)
        assert good.exc_info() is None
        assert good.result(0) == 5

    def test_is_future(self, io_loop):
        assert is_future(Future())
        assert is_future(concurrent.futures.Future())
        assert not is_future(5)


class TestHelpers:
    def test_set_unless_cancelled(self, io_loop, logged):
        future = Future()
        future_set_result_unless_cancelled(future, 5)
        assert future.result() == 5
        cancelled = Future()
        cancelled.cancel()
        future_set_result_unless_cancelled(cancelled, 5)
        assert logged == []
        future_set_exception_unless_cancelled(cancelled, Boom("after"))
        future_set_exc_info(cancelled, exc_info())
        assert ["after" in logged[0].text, "Boom" in logged[1].text] == [True, True]
        failed = Future()
        future_set_exception_unless_cancelled(failed, Boom())
        with pytest.raises(Boom):
            failed.result()

    def test_set_exc_info(self, io_loop):
        future = Future()
        future_set_exc_info(future, exc_info())
        with pytest.raises(Boom):
            future.result()
        with pytest.raises(ValueError, match="no exception"):
            future_set_exc_info(Future(), (None, None, None))

    def test_add_done_callback(self, io_loop):
        got = []
        future = Future()
        future_add_done_callback(future, got.append)
        future.set_result(1)
        assert got == []
        io_loop.run_sync(lambda: gen.sleep(0))
        assert got == [future]
        future_add_done_callback(future, got.append)
        assert got == [future, future]

    def test_chain(self, run):
        async def main():
            for kind in ("result", "error", "cancel"):
                a, b = Future(), Future()
                chain_future(a, b)
                if kind == "result":
                    a.set_result(5)
                    assert await b == 5
                elif kind == "error":
                    a.set_exception(Boom())
                    with pytest.raises(Boom):
                        await b
                else:
                    a.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await b

        run(main)

    def test_chain_of_done_futures(self, run):
        async def main():
            a, b, c = Future(), Future(), Future()
            a.set_result(1)
            c.set_result(2)
            chain_future(a, b)
            assert b.result() == 1
            chain_future(a, c)
            assert c.result() == 2

        run(main)

    def test_chain_with_threads(self, run):
        async def main():
            a, b = concurrent.futures.Future(), Future()
            chain_future(a, b)
            threading.Thread(target=a.set_result, args=(5,)).start()
            assert await b == 5
            c, d = Future(), concurrent.futures.Future()
            chain_future(c, d)
            c.set_result(6)
            await asyncio.sleep(0)
            assert d.result(0) == 6

        run(main)


class TestExecutors:
    def test_dummy(self):
        assert dummy_executor.submit(pow, 2, 3).result() == 8
        with pytest.raises(ZeroDivisionError):
            DummyExecutor().submit(divmod, 1, 0).result()
        dummy_executor.shutdown(wait=True, cancel_futures=True)

    @pytest.mark.parametrize("pool", [dummy_executor, None])
    def test_run_on_executor(self, run, pool, io_loop):
        class Thing:
            def __init__(self, executor):
                self.executor = self._other = executor

            @run_on_executor
            def add(self, x, y=1):
                """Doc."""
                return x + y, threading.get_ident()

            @run_on_executor(executor="_other")
            def fail(self):
                raise Boom

            @run_on_executor()
            def plain(self):
                return 5

        own = concurrent.futures.ThreadPoolExecutor(1) if pool is None else None
        thing = Thing(pool or own)

        async def main():
            result, ident = await thing.add(1, y=2)
            assert result == 3
            assert (ident == threading.get_ident()) is (pool is not None)
            with pytest.raises(Boom):
                await thing.fail()
            assert await thing.plain() == 5
            done = Future()
            thing.add(2, callback=done.set_result)
            assert (await done)[0] == 3

        run(main)
        assert Thing.add.__doc__ == "Doc."
        if own:
            own.shutdown()

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match="not both"):
            run_on_executor(print, executor="x")
        with pytest.raises(ValueError, match="one function"):
            run_on_executor(print, print)


class TestReturnFuture:
    @return_future
    def at_once(self, value, callback):
        callback(value)

    @return_future
    def later(self, callback, value=None):
        IOLoop.current().add_callback(callback, value)

    @return_future
    def bare(self, callback):
        callback()

    @return_future
    def fails_now(self, callback):
        raise Boom

    @return_future
    def fails_later(self, callback):
        IOLoop.current().add_callback(self.raise_boom)

    @return_future
    def returns(self, callback):
        return 5

    def raise_boom(self):
        raise Boom

    def test_futures(self, run):
        async def main():
            assert await self.at_once(5) == 5
            assert await self.later(value=6) == 6
            assert await self.bare() is None
            with pytest.raises(Boom):
                await self.fails_later()

        run(main)

    def test_errors_at_the_start_are_raised_at_once(self, io_loop):
        with pytest.raises(Boom):
            self.fails_now()
        with pytest.raises(ReturnValueIgnoredError):
            self.returns()

    def test_callbacks(self, io_loop):
        got = []
        self.at_once(1, callback=got.append)
        self.at_once(2, got.append)
        self.bare(callback=lambda: got.append("bare"))
        assert got == []
        self.later(lambda x: (got.append(x), io_loop.stop()), value=3)
        io_loop.start()
        assert got == [1, 2, "bare", 3]

    def test_error_beside_a_callback_goes_to_the_context(self, io_loop, stop_later, logged):
        got = []
        with ExceptionStackContext(lambda t, v, tb: got.append(t) or True):
            self.fails_later(callback=pytest.fail)
        stop_later()
        io_loop.start()
        assert got == [Boom]
        assert logged == []

    def test_callback_after_an_error(self, io_loop, logged):
        kept = []

        @return_future
        def function(callback):
            kept.append(callback)
            raise Boom

        with pytest.raises(Boom):
            function()
        kept[0](5)


class TestCallbacksBesideFutures:
    def test_a_future_or_a_callback(self, io_loop, stop_later):
        got = []

        async def native(x):
            return x

        async def main():
            assert await with_callback(native(1), None, io_loop) == 1

        io_loop.run_sync(main)
        assert with_callback(native(2), got.append, io_loop) is None
        assert got == []
        stop_later()
        io_loop.start()
        assert got == [2]

    def test_a_callback_runs_in_the_contexts_of_its_caller(self, io_loop, stop_later):
        got = []

        async def native():
            return 1

        def callback(_):
            raise Boom

        with ExceptionStackContext(lambda t, v, tb: got.append(t) or True):
            with_callback(native(), callback, io_loop)
        stop_later()
        io_loop.start()
        assert got == [Boom]

    def test_error(self, io_loop, stop_later, logged):
        got = []

        async def fails():
            raise Boom

        with ExceptionStackContext(lambda t, v, tb: got.append(t) or True):
            deliver(fails(), pytest.fail)
        deliver(fails(), pytest.fail)
        stop_later()
        io_loop.start()
        assert got == [Boom]
        assert len(logged) == 1
        assert "Boom" in logged[0].text

    def test_no_callback(self):
        deliver(object(), None)


def test_run_on_executor_needs_no_other_import():
    code = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from tornado.concurrent import run_on_executor

class Work:
    executor = ThreadPoolExecutor(1)

    @run_on_executor
    def answer(self):
        return 42

async def main():
    return await Work().answer()

print(asyncio.run(main()))
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("42\n", "")
