"""tornado.locks: conditions, events, semaphores and locks."""

import asyncio
import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tornado import gen, locks
from tornado.ioloop import IOLoop
from tornado.util import TimeoutError

SHORT = datetime.timedelta(milliseconds=2)


class TestCondition:
    def test_notify(self, run):
        async def main():
            condition = locks.Condition()
            waiting = [condition.wait() for _ in range(4)]
            condition.notify()
            condition.notify(2)
            assert [f.done() for f in waiting] == [True, True, True, False]
            condition.notify_all()
            assert await gen.multi(waiting) == [True] * 4
            condition.notify()

        run(main)

    @pytest.mark.parametrize("timeout", [0, SHORT, datetime.timedelta(0)])
    def test_timeout_gives_false(self, run, timeout):
        async def main():
            condition = locks.Condition()
            first, second = condition.wait(timeout), condition.wait()
            assert await first is False
            condition.notify()
            assert await second is True

        run(main)

    def test_notified_in_time(self, run):
        async def main():
            condition = locks.Condition()
            future = condition.wait(IOLoop.current().time() + 5)
            condition.notify()
            assert future._handle is None
            assert await future is True

        run(main)

    def test_cancelled_ones_are_passed_over(self, run):
        async def main():
            condition = locks.Condition()
            first, second = condition.wait(SHORT), condition.wait()
            first.cancel()
            condition.notify()
            assert await second is True

        run(main)

    def test_repr(self, run):
        async def main():
            condition = locks.Condition()
            assert repr(condition) == "<Condition>"
            condition.wait()
            assert repr(condition) == "<Condition waiters[1]>"

        run(main)

    def test_many_timeouts_leave_the_line(self, run):
        async def main():
            condition = locks.Condition()
            for _ in range(10):
                await gen.multi([condition.wait(timeout=0) for _ in range(101)])
                condition.wait(timeout=0)
            assert len(condition._waiters._line) < 250

        run(main)


class TestEvent:
    def test_set_and_clear(self, run):
        async def main():
            event = locks.Event()
            assert repr(event) == "<Event clear>"
            waiting = [event.wait(), event.wait(SHORT)]
            assert not event.is_set()
            event.set()
            event.set()
            assert event.is_set()
            assert repr(event) == "<Event set>"
            assert await gen.multi(waiting) == [None, None]
            assert event.wait().done()
            event.clear()
            assert not event.wait().done()

        run(main)

    @pytest.mark.parametrize("timeout", [0, SHORT, datetime.timedelta(0)])
    def test_timeout(self, run, timeout):
        with pytest.raises(TimeoutError):
            run(lambda: locks.Event().wait(timeout))

    def test_made_before_the_loop(self):
        event = locks.Event()
        future = event.wait()
        IOLoop.current().add_callback(event.set)
        IOLoop.current().run_sync(lambda: future)


class TestSemaphore:
    def test_values(self, run):
        with pytest.raises(ValueError, match="must be >= 0"):
            locks.Semaphore(-1)

        async def main():
            semaphore = locks.Semaphore(2)
            assert repr(semaphore) == "<Semaphore [unlocked,value:2]>"
            await semaphore.acquire()
            await semaphore.acquire()
            third = semaphore.acquire()
            assert repr(semaphore) == "<Semaphore [locked,waiters:1]>"
            semaphore.release()
            await third
            assert repr(semaphore) == "<Semaphore [locked]>"

        run(main)

    def test_context_managers(self, run):
        semaphore = locks.Semaphore()

        @gen.coroutine
        def generator():
            with (yield semaphore.acquire()) as nothing:
                assert nothing is None
                assert semaphore._value == 0
            assert semaphore._value == 1

        async def native():
            async with semaphore as nothing:
                assert nothing is None
                assert semaphore._value == 0
            with await semaphore.acquire():
                assert semaphore._value == 0
            assert semaphore._value == 1

        run(generator)
        run(native)

    @pytest.mark.parametrize("kind", [locks.Semaphore, locks.BoundedSemaphore, locks.Lock])
    def test_plain_with_is_refused(self, kind):
        with pytest.raises(RuntimeError, match="use 'async with'"):
            with kind():
                pass
        with pytest.raises(RuntimeError, match="use 'async with'"):
            kind().__exit__(None, None, None)

    @pytest.mark.parametrize("timeout", [0, SHORT, datetime.timedelta(0)])
    def test_timeout(self, run, timeout):
        async def main():
            semaphore = locks.Semaphore(0)
            with pytest.raises(TimeoutError):
                await semaphore.acquire(timeout)
            semaphore.release()
            await semaphore.acquire(timeout)

        run(main)

    def test_bounded(self, run):
        async def main():
            semaphore = locks.BoundedSemaphore(1)
            with pytest.raises(ValueError, match="too many times"):
                semaphore.release()
            await semaphore.acquire()
            waiting = semaphore.acquire()
            semaphore.release()
            await waiting
            semaphore.release()
            with pytest.raises(ValueError, match="too many times"):
                semaphore.release()

        run(main)

    @pytest.mark.parametrize("native", [True, False])
    def test_permit_granted_to_a_cancelled_waiter_goes_on(self, run, native):
        async def main():
            semaphore = locks.BoundedSemaphore(1)
            await semaphore.acquire()

            async def wait_native():
                await semaphore.acquire()

            @gen.coroutine
            def wait_generator():
                yield semaphore.acquire()

            first = asyncio.ensure_future(wait_native()) if native else wait_generator()
            await asyncio.sleep(0)
            second = semaphore.acquire()
            semaphore.release()
            first.cancel()
            await second
            semaphore.release()
            assert semaphore._value == 1

        run(main)

    @pytest.mark.parametrize("kind", [locks.BoundedSemaphore, locks.Lock])
    def test_the_same_in_a_with_block(self, run, kind):
        async def main():
            lock = kind()
            await lock.acquire()

            async def block():
                async with lock:
                    pytest.fail("it was cancelled")

            first = asyncio.ensure_future(block())
            await asyncio.sleep(0)
            second = lock.acquire()
            lock.release()
            first.cancel()
            await second
            third = asyncio.ensure_future(block())
            await asyncio.sleep(0)
            third.cancel()
            await asyncio.sleep(0)
            lock.release()
            async with lock:
                pass

        run(main)

    def test_cancelling_after_the_grant_was_taken_changes_nothing(self, run):
        async def main():
            semaphore = locks.BoundedSemaphore(1)
            await semaphore.acquire()
            waiting = semaphore.acquire()
            semaphore.release()
            await waiting
            assert not waiting.cancel()
            assert semaphore._value == 0

        run(main)


class TestLock:
    def test_fifo(self, run):
        async def main():
            lock = locks.Lock()
            order = []

            async def worker(n):
                async with lock:
                    order.append(n)
                    await asyncio.sleep(0)
                    order.append(n)

            await gen.multi([worker(n) for n in range(5)])
            assert order == [n for n in range(5) for _ in "xx"]

        run(main)

    def test_release_unlocked(self):
        with pytest.raises(RuntimeError, match="release unlocked lock"):
            locks.Lock().release()

    def test_released_after_an_error(self, run):
        async def main():
            lock = locks.Lock()
            with pytest.raises(ZeroDivisionError):
                async with lock:
                    raise ZeroDivisionError
            with pytest.raises(KeyError):
                with await lock.acquire():
                    raise KeyError
            await lock.acquire(timeout=0)
            assert repr(lock) == "<Lock _block=<BoundedSemaphore [locked]>>"
            with pytest.raises(TimeoutError):
                await lock.acquire(timeout=0)

        run(main)

    def test_cancelled_waiter_leaves_the_line(self, run):
        async def main():
            lock = locks.Lock()
            await lock.acquire()
            first, second = lock.acquire(), lock.acquire()
            first.cancel()
            lock.release()
            await second
            lock.release()
            assert lock.acquire().done()

        run(main)


@settings(max_examples=60)
@given(
    permits=st.integers(0, 3),
    steps=st.lists(st.sampled_from(["acquire", "release", "cancel", "turn", "timed"]), max_size=40),
)
def test_permits_are_conserved(permits, steps):
    """Whatever happens to waiters, permits held, free and released add up."""
    loop = IOLoop(make_current=False)

    async def main():
        semaphore = locks.Semaphore(permits)
        total, held, tasks = permits, [0], []

        async def take(timeout):
            try:
                await semaphore.acquire(timeout)
            except (TimeoutError, asyncio.CancelledError):
                return
            held[0] += 1

        for step in steps:
            if step in ("acquire", "timed"):
                tasks.append(asyncio.ensure_future(take(0 if step == "timed" else None)))
            elif step == "release":
                total += 1
                semaphore.release()
            elif step == "cancel" and tasks:
                tasks.pop(len(tasks) // 2).cancel()
            else:
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        waiting = len(semaphore._waiters)
        assert held[0] + semaphore._value == total
        assert not (waiting and semaphore._value)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    loop.run_sync(main)
    loop.close()


class TestLoops:
    """A lock belongs to no loop: it may be made at import, and used in one loop after another."""

    @pytest.mark.parametrize("make", [locks.Lock, locks.Semaphore, locks.BoundedSemaphore])
    def test_locks(self, make):
        lock = make()

        async def contend():
            order = []

            async def enter(n):
                async with lock:
                    order.append(n)
                    await asyncio.sleep(0)

            await asyncio.gather(enter(1), enter(2), enter(3))
            return order

        assert [asyncio.run(contend()) for _ in range(2)] == [[1, 2, 3], [1, 2, 3]]

    @pytest.mark.parametrize("wait", ["plain", "timed", "async with"])
    def test_waiters_of_a_closed_loop_are_skipped(self, wait):
        lock = locks.Lock()
        first = asyncio.new_event_loop()

        async def begin():
            await lock.acquire()
            if wait == "async with":
                return first.create_task(self.enter(lock))
            timeout = None if wait == "plain" else datetime.timedelta(hours=1)
            return lock.acquire(timeout)

        left = first.run_until_complete(begin())
        first.run_until_complete(asyncio.sleep(0))
        first.close()

        async def go_on():
            mine = lock.acquire()
            lock.release()
            await mine
            lock.release()
            async with lock:
                return "mine"

        assert asyncio.run(go_on()) == "mine"
        left._log_destroy_pending = False

    async def enter(self, lock):
        async with lock:
            pass

    def test_loop_of_a_condition(self, run, io_loop):
        assert locks.Condition().io_loop is io_loop

    def test_events_and_conditions(self):
        event, condition = locks.Event(), locks.Condition()
        first = asyncio.new_event_loop()

        async def begin():
            event.wait()
            condition.wait()

        first.run_until_complete(begin())
        first.close()

        async def go_on():
            waits = [event.wait(), condition.wait()]
            condition.notify(1)
            event.set()
            return await asyncio.gather(*waits)

        assert asyncio.run(go_on()) == [None, True]
