"""Deferreds yielded and awaited, in whatever drives the coroutine."""

import asyncio
import contextlib

import pytest
from twisted.internet import defer

from tornado import gen
from tornado.stack_context import StackContext


@gen.coroutine
def by_coroutine(deferred):
    return (yield deferred)


async def by_await(deferred):
    return await deferred


async def by_inner_await(deferred):
    return await by_await(deferred)


async def by_twisted(deferred):
    return await defer.ensureDeferred(by_inner_await(deferred))


async def by_inline_callbacks(deferred):
    @defer.inlineCallbacks
    def inner():
        return (yield deferred)

    return await inner()


async def by_conversion(deferred):
    return await gen.convert_yielded(deferred)


def by_engine(deferred):
    future = asyncio.get_running_loop().create_future()

    @gen.engine
    def run():
        try:
            future.set_result((yield deferred))
        except Exception as error:
            future.set_exception(error)

    run()
    return future


WAYS = [
    by_coroutine,
    by_await,
    by_inner_await,
    by_twisted,
    by_inline_callbacks,
    by_conversion,
    by_engine,
]


@pytest.fixture(params=["plain", "contexts"])
def wait(request, io_loop):
    """Run a way to wait, also inside stack contexts, where Tornado drives native coroutines."""

    def run(way, deferred):
        if request.param == "plain":
            return io_loop.run_sync(lambda: way(deferred))
        with StackContext(lambda: contextlib.nullcontext()):
            return io_loop.run_sync(lambda: way(deferred))

    return run


@pytest.mark.parametrize("way", WAYS)
def test_result_later(wait, io_loop, way):
    deferred = defer.Deferred()
    io_loop.call_later(0.001, deferred.callback, 42)
    assert wait(way, deferred) == 42


@pytest.mark.parametrize("way", WAYS)
def test_result_there(wait, way):
    assert wait(way, defer.succeed(42)) == 42


@pytest.mark.parametrize("way", WAYS)
def test_failure_later(wait, io_loop, way):
    deferred = defer.Deferred()
    io_loop.call_later(0.001, lambda: deferred.errback(KeyError("key")))
    with pytest.raises(KeyError, match="key"):
        wait(way, deferred)


@pytest.mark.parametrize("way", WAYS)
def test_failure_there(wait, way):
    with pytest.raises(KeyError, match="key"):
        wait(way, defer.fail(KeyError("key")))


def test_lists_and_dicts(io_loop):
    @gen.coroutine
    def main():
        numbers = yield [defer.succeed(1), defer.succeed(2)]
        named = yield {"a": defer.succeed(3)}
        return numbers, named

    assert io_loop.run_sync(main) == ([1, 2], {"a": 3})


def test_a_chained_deferred(io_loop):
    first, second = defer.Deferred(), defer.Deferred()
    first.addCallback(lambda _: second)
    io_loop.call_later(0.001, first.callback, None)
    io_loop.call_later(0.002, second.callback, 5)
    assert io_loop.run_sync(lambda: by_await(first)) == 5


def test_several_wait_for_one(io_loop):
    deferred = defer.Deferred()
    io_loop.call_later(0.001, deferred.callback, 7)

    async def main():
        return await asyncio.gather(by_await(deferred), by_await(deferred))

    assert io_loop.run_sync(main) == [7, 7]


def test_the_result_stays(io_loop):
    deferred = defer.succeed(7)
    assert io_loop.run_sync(lambda: by_conversion(deferred)) == 7
    assert deferred.result == 7


@pytest.mark.parametrize("way", [by_await, by_inner_await, by_twisted, by_conversion])
def test_cancelling_the_task_cancels_the_deferred(io_loop, way):
    cancelled = []
    deferred = defer.Deferred(cancelled.append)

    async def main():
        task = asyncio.ensure_future(way(deferred))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    io_loop.run_sync(main)
    assert cancelled == [deferred]


def test_stop_iteration_does_not_vanish(io_loop):
    with pytest.raises(RuntimeError, match="StopIteration"):
        io_loop.run_sync(lambda: by_conversion(defer.fail(StopIteration())))


def test_traceback_shows_where_it_failed(io_loop):
    def broken(_):
        raise ValueError("here")

    deferred = defer.Deferred().addCallback(broken)
    io_loop.call_later(0.001, deferred.callback, None)
    with pytest.raises(ValueError, match="here") as caught:
        io_loop.run_sync(lambda: by_await(deferred))
    assert "broken" in [entry.name for entry in caught.traceback]


def test_without_a_loop_twisted_drives():
    done = []
    deferred = defer.Deferred()
    defer.ensureDeferred(by_inner_await(deferred)).addCallback(done.append)
    deferred.callback(3)
    assert done == [3]
