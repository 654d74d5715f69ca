"""What can never be called, or never be raised, is refused or replaced where it is passed."""

import asyncio
import concurrent.futures
import datetime
import gc
import socket

import pytest

from tornado import concurrent as tornado_concurrent
from tornado import gen
from tornado.ioloop import IOLoop, PeriodicCallback

CALLS = {
    "add_callback": lambda loop, value: loop.add_callback(value),
    "add_callback with arguments": lambda loop, value: loop.add_callback(value, 1, b=2),
    "add_callback_from_signal": lambda loop, value: loop.add_callback_from_signal(value),
    "spawn_callback": lambda loop, value: loop.spawn_callback(value),
    "call_later": lambda loop, value: loop.call_later(0, value),
    "call_at": lambda loop, value: loop.call_at(loop.time(), value, a=1),
    "add_timeout": lambda loop, value: loop.add_timeout(loop.time(), value),
    "add_timeout, a timedelta": lambda loop, value: loop.add_timeout(datetime.timedelta(0), value),
    "add_future": lambda loop, value: loop.add_future(asyncio.Future(), value),
    "add_future, of an executor": lambda loop, value: loop.add_future(
        concurrent.futures.Future(), value
    ),
    "PeriodicCallback": lambda loop, value: PeriodicCallback(value, 100),
    "future_add_done_callback": lambda loop, value: tornado_concurrent.future_add_done_callback(
        asyncio.Future(), value
    ),
    "gen.coroutine": lambda loop, value: gen.coroutine(value),
    "gen.engine": lambda loop, value: gen.engine(value),
}


@pytest.mark.parametrize("name", sorted(CALLS))
@pytest.mark.parametrize("value", [5, "stop", [print]], ids=repr)
def test_callbacks_that_cannot_be_called(run, io_loop, name, value, logged):
    """`TypeError` at the call, as in release 6; nothing is scheduled, nothing logged later."""

    async def call():
        with pytest.raises(TypeError, match="takes a function"):
            CALLS[name](io_loop, value)
        await gen.moment
        await gen.moment

    run(call)
    assert logged == []


@pytest.mark.parametrize("name", ["add_callback", "call_later", "spawn_callback"])
def test_a_coroutine_in_place_of_a_function(run, io_loop, name):
    async def work():
        raise AssertionError("never run")

    async def call():
        coroutine = work()
        try:
            with pytest.raises(TypeError, match="pass the function, without calling it"):
                CALLS[name](io_loop, coroutine)
        finally:
            coroutine.close()

    run(call)


def test_nothing_in_place_of_a_function(run, io_loop):
    async def call():
        for name in ("add_callback", "call_later", "call_at"):
            with pytest.raises(TypeError, match="got NoneType"):
                CALLS[name](io_loop, None)

    run(call)


def test_a_handler_that_cannot_be_called(io_loop):
    one, other = socket.socketpair()
    with one, other:
        with pytest.raises(TypeError, match=r"add_handler\(\) takes a function"):
            io_loop.add_handler(one, 5, IOLoop.READ)
        io_loop.add_handler(one, lambda fd, events: None, IOLoop.READ)  # nothing was registered
        io_loop.remove_handler(one)


class Work:
    def __init__(self, executor):
        self.executor = executor

    @tornado_concurrent.run_on_executor
    def stop(self):
        raise StopIteration("value")


def chained(executor, loop):
    future = asyncio.Future()
    tornado_concurrent.chain_future(executor.submit(Work.stop.__wrapped__, None), future)
    return future


ENDS = {
    "run_on_executor": lambda executor, loop: Work(executor).stop(),
    "run_in_executor": lambda executor, loop: loop.run_in_executor(
        executor, Work.stop.__wrapped__, None
    ),
    "chain_future": chained,
    "multi": lambda executor, loop: gen.multi([executor.submit(Work.stop.__wrapped__, None)]),
    "with_timeout": lambda executor, loop: gen.with_timeout(
        datetime.timedelta(seconds=30), executor.submit(Work.stop.__wrapped__, None)
    ),
}


@pytest.mark.parametrize("executor", ["threads", "dummy"])
@pytest.mark.parametrize("name", sorted(ENDS))
def test_stop_iteration_in_an_executor(run, io_loop, name, executor):
    """A future of asyncio cannot raise it; one that never ends would be worse (faults F18)."""

    async def call():
        with pytest.raises(RuntimeError) as caught:
            await ENDS[name](pool, io_loop)
        assert isinstance(caught.value.__cause__, StopIteration)
        assert caught.value.__cause__.value == "value"

    pool = (
        concurrent.futures.ThreadPoolExecutor(1)
        if executor == "threads"
        else tornado_concurrent.dummy_executor
    )
    with pool:
        run(call)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_coroutine_is_reported_once(run, kind, caplog):
    """It leaves the call; the future that nobody got is not reported as well."""

    @gen.coroutine
    def interrupted():
        raise kind

    async def call():
        with pytest.raises(kind):
            interrupted()
        gc.collect()
        await gen.moment

    run(call)
    assert caplog.records == []
