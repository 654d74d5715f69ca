"""tornado.ioloop.PeriodicCallback: periods that do not drift, jitter, coroutines."""

import asyncio
import datetime
import random

import pytest

from tornado import gen
from tornado.ioloop import IOLoop, PeriodicCallback


class Clock:
    """A loop whose time is the test's own: `run` calls timeouts in their order."""

    def __init__(self):
        self.now = 1000.0
        self.timeouts = []

    def time(self):
        return self.now

    def add_timeout(self, deadline, callback):
        handle = [deadline, callback]
        self.timeouts.append(handle)
        return handle

    def remove_timeout(self, handle):
        self.timeouts.remove(handle)

    def run(self, until):
        while self.timeouts and min(self.timeouts)[0] <= until:
            handle = min(self.timeouts)
            self.timeouts.remove(handle)
            self.now = max(self.now, handle[0])
            handle[1]()


@pytest.fixture
def clock():
    return Clock()


def times(clock, durations, period=10_000, jitter=0):
    """Return when the calls came, if each takes as long as ``durations`` say."""
    durations = list(durations)
    calls = []

    def callback():
        calls.append(clock.now)
        if durations:
            clock.now += durations.pop(0)
        else:
            periodic.stop()

    periodic = PeriodicCallback(callback, period, jitter, io_loop=clock)
    periodic.start()
    clock.run(1e9)
    return calls


def test_even_distances(clock):
    assert times(clock, [0, 0, 0]) == [1010, 1020, 1030, 1040]


def test_slow_callbacks_do_not_shift_the_rest(clock):
    assert times(clock, [3, 9, 1]) == [1010, 1020, 1030, 1040]


def test_overrun_skips_whole_periods(clock):
    assert times(clock, [25, 11]) == [1010, 1040, 1060]
    assert times(Clock(), [10]) == [1010, 1030]


def test_clock_set_back(clock):
    # A little: never twice in one period.
    assert times(clock, [0, -3, 0]) == [1010, 1020, 1030, 1040]


@pytest.mark.parametrize("jitter", [0, 0.5])
def test_clock_set_back_by_hours(clock, jitter):
    calls = times(clock, [0, -7200, 0, 0], jitter=jitter)
    assert len(calls) == 5
    back = calls[1] - 7200
    assert calls[2:] == [back + 10, *calls[3:]]
    assert 5 <= calls[3] - calls[2] <= 20


def test_clock_set_forward_by_hours(clock):
    assert times(clock, [0, 7200, 0]) == [1010, 1020, 8230, 8240]


def test_timedelta(clock):
    assert times(clock, [0], datetime.timedelta(minutes=1)) == [1060, 1120]


def test_no_drift_over_many_calls(clock):
    calls = times(clock, [0.001] * 10_000, period=100)
    assert calls[-1] == pytest.approx(1000 + 0.1 * 10_001, abs=1e-4)


def test_jitter(clock, monkeypatch):
    values = iter([0.5, 1.0, 0.0, 0.75])
    monkeypatch.setattr(random, "random", lambda: next(values))
    calls = times(clock, [0, 0, 0], jitter=0.5)
    assert calls == [1010, 1022.5, 1030, 1041.25]


@pytest.mark.parametrize("period", [0, -1, datetime.timedelta(0)])
def test_period_must_be_positive(period):
    with pytest.raises(ValueError, match="must be positive"):
        PeriodicCallback(print, period)


def test_start_stop(clock):
    calls = []
    periodic = PeriodicCallback(lambda: calls.append(1), 1000, io_loop=clock)
    assert not periodic.is_running()
    periodic.start()
    periodic.start()
    assert periodic.is_running()
    assert len(clock.timeouts) == 1
    periodic.stop()
    periodic.stop()
    assert clock.timeouts == []
    periodic.start()
    clock.run(1001)
    assert calls == [1]


def test_third_parameter_of_every_era(io_loop):
    assert PeriodicCallback(print, 1, io_loop).io_loop is io_loop
    assert PeriodicCallback(print, 1, 0.2).jitter == 0.2
    assert PeriodicCallback(print, 1, None).jitter == 0


def test_error_does_not_end_it(io_loop, logged):
    calls = []

    def callback():
        calls.append(1)
        if len(calls) == 3:
            io_loop.stop()
        raise KeyError(len(calls))

    periodic = PeriodicCallback(callback, 1)
    periodic.start()
    io_loop.start()
    periodic.stop()
    assert len(logged) == len(calls) >= 3  # uvloop ends its turn before it stops


@pytest.mark.parametrize("kind", ["native", "generator"])
def test_coroutines_do_not_overlap(io_loop, logged, kind):
    state = {"running": 0, "calls": 0}

    async def native():
        state["running"] += 1
        state["calls"] += 1
        assert state["running"] == 1
        await asyncio.sleep(0.003)
        state["running"] -= 1
        if state["calls"] == 3:
            io_loop.stop()
        raise KeyError

    @gen.coroutine
    def generator():
        yield native()

    periodic = PeriodicCallback({"native": native, "generator": generator}[kind], 1)
    periodic.start()
    io_loop.start()
    periodic.stop()
    assert state == {"running": 0, "calls": 3}
    assert len(logged) >= 2
    assert {"KeyError" in record.text for record in logged} == {True}
    io_loop.run_sync(lambda: gen.sleep(0.002))


def test_stopped_and_started_while_a_coroutine_runs(io_loop):
    calls = []

    async def callback():
        calls.append(1)
        await asyncio.sleep(0.002)
        if periodic.is_running():
            periodic.stop()
            periodic.start()
        await asyncio.sleep(0)
        if len(calls) == 5:
            io_loop.stop()

    periodic = PeriodicCallback(callback, 1)
    periodic.start()
    io_loop.start()
    periodic.stop()
    io_loop.run_sync(lambda: gen.sleep(0.005))
    assert len(calls) > 1
    assert periodic._timeout is None


def test_current_loop_of_start(io_loop):
    periodic = PeriodicCallback(print, 1000)
    other = IOLoop(make_current=False)
    other.make_current()
    periodic.start()
    assert periodic.io_loop is other
    periodic.stop()
    other.close()
    io_loop.make_current()


def test_a_value_is_ignored(io_loop):
    periodic = PeriodicCallback(lambda: io_loop.stop() or 5, 1)
    periodic.start()
    io_loop.start()
    periodic.stop()


def test_started_again_after_its_loop_was_closed():
    """It belongs to no loop: one `asyncio.run` after another may start it, without a stop."""
    got = []

    async def main():
        done = asyncio.get_running_loop().create_future()

        def call():
            got.append(periodic.io_loop)
            periodic.callback = lambda: None
            done.set_result(None)

        periodic.callback = call
        periodic.start()
        await asyncio.wait_for(done, 5)

    periodic = PeriodicCallback(lambda: None, 1)
    for _ in range(2):
        asyncio.run(main())
    assert len(got) == 2
    assert got[0] is not got[1]
    assert periodic.is_running()
    periodic.stop()
