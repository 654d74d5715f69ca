"""tornado.queues: items, room, timeouts, joining, cancellation."""

import asyncio
import datetime
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tornado import gen, queues
from tornado.ioloop import IOLoop
from tornado.util import TimeoutError

SHORT = datetime.timedelta(milliseconds=2)


def test_sizes():
    with pytest.raises(TypeError, match="can't be None"):
        queues.Queue(None)
    with pytest.raises(ValueError, match="can't be negative"):
        queues.Queue(-1)
    queue = queues.Queue(2)
    assert (queue.maxsize, queue.qsize(), queue.empty(), queue.full()) == (2, 0, True, False)
    queue.put_nowait(0)
    queue.put_nowait(1)
    assert (queue.qsize(), queue.empty(), queue.full()) == (2, False, True)
    with pytest.raises(queues.QueueFull):
        queue.put_nowait(2)
    assert not queues.Queue().full()


def test_nowait():
    queue = queues.Queue()
    with pytest.raises(queues.QueueEmpty):
        queue.get_nowait()
    queue.put_nowait("a")
    queue.put_nowait("b")
    assert [queue.get_nowait(), queue.get_nowait()] == ["a", "b"]


def test_order_of_each_kind():
    for kind, expected in (
        (queues.Queue, [3, 1, 2]),
        (queues.LifoQueue, [2, 1, 3]),
        (queues.PriorityQueue, [1, 2, 3]),
    ):
        queue = kind(3)
        for item in (3, 1, 2):
            queue.put_nowait(item)
        assert [queue.get_nowait() for _ in range(3)] == expected


def test_put_waits_for_room(run):
    async def main():
        queue = queues.Queue(1)
        await queue.put(1)
        second, third = queue.put(2), queue.put(3)
        assert not second.done()
        assert await queue.get() == 1
        await second
        assert not third.done()
        assert queue.get_nowait() == 2
        await third
        assert queue.get_nowait() == 3

    run(main)


def test_get_waits_in_order(run):
    async def main():
        queue = queues.Queue()
        getters = [queue.get() for _ in range(3)]
        for item in "abc":
            queue.put_nowait(item)
        assert await gen.multi(getters) == ["a", "b", "c"]

    run(main)


@pytest.mark.parametrize("timeout", [0, SHORT, datetime.timedelta(0)])
def test_timeouts(run, timeout):
    async def main():
        queue = queues.Queue(1)
        with pytest.raises(TimeoutError):
            await queue.get(timeout)
        queue.put_nowait(1)
        with pytest.raises(TimeoutError):
            await queue.put(2, timeout)
        with pytest.raises(TimeoutError):
            await queue.join(timeout)
        assert await queue.get(timeout) == 1
        with pytest.raises(queues.QueueEmpty):
            queue.get_nowait()
        await queue.put(3, timeout)
        assert queue.get_nowait() == 3

    run(main)


def test_in_time(run):
    async def main():
        queue = queues.Queue(1)
        getter = queue.get(timeout=datetime.timedelta(seconds=5))
        queue.put_nowait(1)
        assert getter._handle is None  # the timer is gone
        assert await getter == 1
        await queue.put(2)
        putter = queue.put(3, timeout=IOLoop.current().time() + 5)
        assert queue.get_nowait() == 2
        await putter
        assert queue.get_nowait() == 3

    run(main)


def test_join(run):
    async def main():
        queue = queues.Queue()
        await queue.join()
        queue.put_nowait(1)
        queue.put_nowait(2)
        joined = queue.join()
        queue.get_nowait()
        queue.task_done()
        assert not joined.done()
        queue.get_nowait()
        queue.task_done()
        await joined
        with pytest.raises(ValueError, match="too many times"):
            queue.task_done()

    run(main)


def test_producers_and_consumers(run):
    async def main():
        queue, got = queues.Queue(2), []

        async def consumer():
            async for item in queue:
                got.append(item)
                await asyncio.sleep(0)
                queue.task_done()

        @gen.coroutine
        def producer(start):
            for item in range(start, start + 20):
                yield queue.put(item)

        consumers = [asyncio.ensure_future(consumer()) for _ in range(3)]
        await gen.multi([producer(0), producer(100)])
        await queue.join()
        for task in consumers:
            task.cancel()
        await asyncio.gather(*consumers, return_exceptions=True)
        assert sorted(got) == [*range(20), *range(100, 120)]
        assert [item for item in got if item < 100] == list(range(20))

    run(main)


@pytest.mark.parametrize("kind", [queues.Queue, queues.LifoQueue, queues.PriorityQueue])
@pytest.mark.parametrize("native", [True, False])
def test_item_for_a_cancelled_consumer_goes_back(run, kind, native):
    async def main():
        queue = kind()

        async def get_native():
            return await queue.get()

        @gen.coroutine
        def get_generator():
            return (yield queue.get())

        consumer = asyncio.ensure_future(get_native()) if native else get_generator()
        await asyncio.sleep(0)
        queue.put_nowait(1)
        consumer.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        assert queue.qsize() == 1
        assert queue.get_nowait() == 1

        consumer = asyncio.ensure_future(get_native()) if native else get_generator()
        await asyncio.sleep(0)
        next_one = queue.get()
        queue.put_nowait(2)
        consumer.cancel()
        assert await next_one == 2

    run(main)


def test_cancelled_putter_puts_nothing(run):
    async def main():
        queue = queues.Queue(1)
        await queue.put(1)
        first, second = queue.put(2), queue.put(3)
        first.cancel()
        assert queue.get_nowait() == 1
        await second
        assert queue.get_nowait() == 3
        assert queue.empty()

    run(main)


def test_many_timeouts_leave_the_line(run):
    async def main():
        queue = queues.Queue(1)
        for _ in range(10):
            with pytest.raises(TimeoutError):
                await gen.multi(
                    [queue.get(timeout=0) for _ in range(101)], quiet_exceptions=TimeoutError
                )
        assert len(queue._getters._line) < 250
        queue.put_nowait(1)
        for _ in range(10):
            with pytest.raises(TimeoutError):
                await gen.multi(
                    [queue.put(2, timeout=0) for _ in range(101)], quiet_exceptions=TimeoutError
                )
        assert len(queue._putters._line) < 250

    run(main)


def test_text(run):
    async def main():
        queue = queues.Queue(1)
        assert str(queue) == "<Queue maxsize=1>"
        queue.get()
        assert str(queue) == "<Queue maxsize=1 getters[1]>"
        queue.put_nowait(1)
        queue.put_nowait(2)
        queue.put(3)
        assert str(queue) == "<Queue maxsize=1 queue=deque([2]) putters[1] tasks=2>"
        assert repr(queue).startswith("<Queue at 0x")

    run(main)


def test_subclass_with_its_own_container(run):
    class Unique(queues.Queue):
        def _init(self):
            self._queue = set()

        def _put(self, item):
            self._queue.add(item)

        def _get(self):
            return self._queue.pop()

    async def main():
        queue = Unique()
        queue.put_nowait(1)
        queue.put_nowait(1)
        assert await queue.get() == 1
        assert queue.empty()

    run(main)


@settings(max_examples=60)
@given(
    maxsize=st.integers(0, 3),
    steps=st.lists(st.sampled_from(["put", "get", "cancel", "turn", "get_now"]), max_size=40),
)
def test_no_item_is_lost_or_reordered(maxsize, steps):
    loop = IOLoop(make_current=False)

    async def main():
        queue, got, put, tasks = queues.Queue(maxsize), [], deque(), []

        async def get():
            got.append(await queue.get())

        async def main_put(item):
            await queue.put(item)
            put.append(item)

        for number, step in enumerate(steps):
            if step == "put" and not queue.full():
                queue.put_nowait(number)
                put.append(number)
            elif step == "get":
                tasks.append(asyncio.ensure_future(get()))
            elif step == "cancel" and tasks:
                tasks.pop(len(tasks) // 2).cancel()
            elif step == "get_now" and not queue.empty():
                got.append(queue.get_nowait())
            else:
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while not queue.empty():
            got.append(queue.get_nowait())
        assert sorted(got) == sorted(put)

    loop.run_sync(main)
    loop.close()


class TestLoops:
    """A queue belongs to no loop: it may be made at import, and used in one loop after another."""

    @pytest.mark.parametrize("timeout", [None, datetime.timedelta(hours=1)])
    def test_getters_and_putters_of_a_closed_loop_are_skipped(self, timeout):
        queue = queues.Queue(1)
        first = asyncio.new_event_loop()

        async def begin():
            queue.get(timeout)

        first.run_until_complete(begin())
        first.close()

        async def go_on():
            await queue.put("a")
            got = [await queue.get()]
            queue.put_nowait("b")
            queue.put("never", timeout)
            return got

        second = asyncio.new_event_loop()
        assert second.run_until_complete(go_on()) == ["a"]
        second.close()

        async def end():
            got = [queue.get_nowait()]
            assert queue.empty()
            await queue.put("c")
            return [*got, await queue.get()]

        assert asyncio.run(end()) == ["b", "c"]
