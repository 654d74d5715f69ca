"""Coroutines that take their first step on a parked task."""

import asyncio
import contextvars
import gc
import sys

import pytest

from tornado._gen.parked import ParkedTask, Starter

variable = contextvars.ContextVar("variable", default="none")

only_where_tasks_are_parked = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="tasks start eagerly there"
)


class Connection:
    """Holds no fresh context, as a connection in the middle of a request."""

    fresh_context = None


class FreshConnection:
    """Begins a request, as the server does."""

    def __init__(self):
        self.fresh_context = contextvars.copy_context()
        self.unstarted = None

    def begin(self, starter, coro):
        context = self.fresh_context
        context.run(starter.start, coro, self)
        if self.unstarted is not None:
            from tornado._gen import eager

            eager.start(self.unstarted, context)


def start(starter, coro, fresh=False):
    if fresh:
        FreshConnection().begin(starter, coro)
    else:
        starter.start(coro, Connection())


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


def outside(function):
    """Call ``function`` from the loop, outside of any task, and return when it was called."""
    called = asyncio.get_running_loop().create_future()

    def call():
        try:
            called.set_result(function())
        except BaseException as error:
            called.set_exception(error)

    asyncio.get_running_loop().call_soon(call)
    return called


def run(scenario):
    async def work():
        starter = Starter()
        await outside(lambda: start(starter, nothing()))
        await turns()
        return await asyncio.wait_for(scenario(starter), 20)

    return asyncio.run(work())


async def nothing():
    pass


@pytest.mark.parametrize("fresh", [False, True])
def test_a_coroutine_that_never_waits_has_a_task(fresh):
    async def scenario(starter):
        seen = []

        async def coro():
            seen.append(asyncio.current_task())
            seen.append(asyncio.get_running_loop())

        await outside(lambda: start(starter, coro(), fresh))
        await turns()
        assert isinstance(seen[0], asyncio.Task)
        assert seen[1] is asyncio.get_running_loop()

    run(scenario)


@only_where_tasks_are_parked
def test_it_is_over_when_start_returns_and_the_task_is_lent_again():
    async def scenario(starter):
        numbers = []

        async def coro():
            numbers.append(id(asyncio.current_task()))

        def twice():
            start(starter, coro())
            assert len(numbers) == 1
            start(starter, coro())
            assert len(numbers) == 2

        await outside(twice)
        assert numbers[0] == numbers[1]

    run(scenario)


def keep_it(kept, task):
    kept.append(task)


def refer_weakly(kept, task):
    import weakref

    kept.append(weakref.ref(task))


def map_weakly(kept, task):
    import weakref

    mapping = weakref.WeakKeyDictionary()
    mapping[task] = 1
    kept.append(mapping)


def rename(kept, task):
    task.set_name("mine")


def await_its_end(kept, task):
    task.add_done_callback(lambda done: kept.append("done"))


def cancel(kept, task):
    task.cancel()


@pytest.mark.parametrize(
    "leave", [keep_it, refer_weakly, map_weakly, rename, await_its_end, cancel]
)
def test_nothing_of_a_coroutine_is_seen_by_the_next(leave):
    async def scenario(starter):
        kept = []
        seen = []

        async def first():
            leave(kept, asyncio.current_task())

        async def second():
            task = asyncio.current_task()
            seen.append((task.get_name(), any(each is task for each in kept)))
            if kept and hasattr(kept[0], "keys"):
                assert task not in kept[0]
            await asyncio.sleep(0)  # is not cancelled
            seen.append("went on")

        await outside(lambda: start(starter, first()))
        await turns()
        await outside(lambda: start(starter, second()))
        await turns()
        assert seen[0][0] != "mine"
        assert seen[0][1] is False
        assert seen[1] == "went on"
        if leave is await_its_end:
            assert kept == ["done"]
        if leave is keep_it:
            await asyncio.wait_for(kept[0], 5)  # it has ended, as its coroutine

    run(scenario)


@pytest.mark.parametrize("fresh", [False, True])
def test_context_variables(fresh):
    async def scenario(starter):
        seen = []
        event = asyncio.Event()

        async def coro(name):
            seen.append(variable.get())
            variable.set(name)
            await event.wait()
            seen.append(variable.get())
            seen.append(await asyncio.get_running_loop().create_task(read()))

        async def read():
            return variable.get()

        for name in ("a", "b"):
            await outside(lambda name=name: start(starter, coro(name), fresh))
            await turns()
        assert variable.get() == "none"
        event.set()
        await turns(10)
        assert seen == ["none", "none", "a", "b", "a", "b"]

    run(scenario)


@pytest.mark.parametrize("wait", ["future", "sleep", "turn", "event", "task"])
def test_a_coroutine_that_waits_goes_on_as_the_same_task(wait):
    async def scenario(starter):
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        tasks = []

        async def five():
            await asyncio.sleep(0)
            return 5

        async def coro():
            tasks.append(asyncio.current_task())
            if wait == "future":
                assert await future == 3
            elif wait == "sleep":
                await asyncio.sleep(0.001)
            elif wait == "turn":
                await asyncio.sleep(0)
            elif wait == "event":
                await asyncio.wait_for(future, 10)
            else:
                assert await loop.create_task(five()) == 5
            tasks.append(asyncio.current_task())
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())

        await outside(lambda: start(starter, coro()))
        future.set_result(3)
        while len(tasks) < 3:
            await asyncio.sleep(0.001)
        assert tasks[0] is tasks[1] is tasks[2]
        await asyncio.wait_for(tasks[0], 5)

    run(scenario)


@pytest.mark.parametrize("moment", ["at once", "later"])
def test_cancelling_a_coroutine_that_waits(moment):
    async def scenario(starter):
        waited = asyncio.get_running_loop().create_future()
        seen = []

        async def coro():
            seen.append(asyncio.current_task())
            try:
                await waited
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        def go():
            start(starter, coro())
            if moment == "at once" and seen:
                seen[0].cancel()

        await outside(go)
        await turns()
        if len(seen) == 1:
            seen[0].cancel()
        await turns()
        assert seen[1] == "cancelled"
        assert seen[0].cancelled()
        assert waited.cancelled()

    run(scenario)


def test_timeouts_and_what_is_thrown():
    async def scenario(starter):
        seen = []

        async def coro():
            try:
                await asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.001)
            except asyncio.TimeoutError:
                seen.append("timeout")
            failing = asyncio.get_running_loop().create_future()
            failing.set_exception(KeyError("x"))
            try:
                await failing
            except KeyError:
                seen.append("key")

        await outside(lambda: start(starter, coro()))
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        assert seen == ["timeout", "key"]

    run(scenario)


@only_where_tasks_are_parked
def test_an_exception_of_the_first_step_is_raised():
    async def scenario(starter):
        async def coro():
            raise KeyError("x")

        with pytest.raises(KeyError):
            await outside(lambda: start(starter, coro()))
        await outside(lambda: start(starter, nothing()))
        assert asyncio.current_task() is not None

    run(scenario)


def test_inside_of_a_task_an_ordinary_task_is_made():
    async def scenario(starter):
        tasks = []

        async def coro():
            tasks.append(asyncio.current_task())

        start(starter, coro())
        await turns()
        assert tasks[0] is not asyncio.current_task()

    run(scenario)


def test_all_tasks_does_not_hold_the_parked_one():
    async def alone():
        starter = Starter()
        await outside(lambda: start(starter, nothing()))
        await turns()
        return asyncio.all_tasks() == {asyncio.current_task()}

    assert asyncio.run(alone())


@only_where_tasks_are_parked
def test_a_loop_is_closed_without_a_word(caplog):
    async def main():
        starter = Starter()
        await outside(lambda: start(starter, nothing()))
        await turns()
        return starter

    starter = asyncio.run(main())
    assert isinstance(starter._parked, ParkedTask)
    del starter
    gc.collect()
    assert caplog.records == []

    async def again(starter):
        await outside(lambda: start(starter, nothing()))
        await turns()

    starter = asyncio.run(main())
    asyncio.run(again(starter))  # on another loop


def test_anyio_and_sniffio_see_a_task():
    anyio = pytest.importorskip("anyio")

    async def scenario(starter):
        seen = []

        async def inner():
            seen.append("inner")

        async def coro():
            with anyio.fail_after(5):
                seen.append(anyio.get_current_task().id > 0)
            async with anyio.create_task_group() as group:
                group.start_soon(inner)
            with anyio.move_on_after(0.001):
                await anyio.sleep_forever()
            seen.append("end")

        for _ in range(3):
            seen.clear()
            await outside(lambda: start(starter, coro()))
            while len(seen) < 3:
                await asyncio.sleep(0.001)
            assert seen == [True, "inner", "end"]

    run(scenario)
