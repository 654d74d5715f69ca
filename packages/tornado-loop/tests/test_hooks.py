"""Methods of the loop that applications override or patch: on a subclass, a class, an object."""

import asyncio
import functools
import time
from unittest import mock

import pytest

from tornado import gen
from tornado._loop import asyncio_loop, ioloop
from tornado.concurrent import Future
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.platform.asyncio import AsyncIOLoop

HOURS = 3600.0


class Transparent:
    """Wraps a function as instrumentation does: all look-ups are answered as the function does."""

    def __init__(self, wrapped, calls):
        self.__dict__.update(vars(wrapped), __wrapped__=wrapped, calls=calls, __self__=None)

    __class__ = property(lambda self: type(self.__wrapped__))

    def __eq__(self, other):
        return self.__wrapped__ == other

    def __hash__(self):
        return hash(self.__wrapped__)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __get__(self, instance, owner):
        bound = Transparent(self.__wrapped__.__get__(instance, owner), self.calls)
        return bound if instance is not None else self

    def __call__(self, *args, **kwargs):
        self.calls.append(args)
        return self.__wrapped__(*args, **kwargs)


def replace(where, name, io_loop, monkeypatch):
    """Replace a method in one of the ways programs do; return the list of calls."""
    calls = []
    cls = type(io_loop)
    original = getattr(cls, name)

    def method(self, *args, **kwargs):
        calls.append(args)
        return original(self, *args, **kwargs)

    if where == "instance":
        monkeypatch.setattr(io_loop, name, functools.partial(method, io_loop))
    elif where == "mock":
        patched = mock.MagicMock(side_effect=functools.partial(method, io_loop))
        monkeypatch.setattr(io_loop, name, patched)
    elif where == "class":
        monkeypatch.setattr(cls, name, method)
    elif where == "interface":
        owner = next(base for base in cls.__mro__ if name in vars(base))
        monkeypatch.setattr(owner, name, method)
    elif where == "transparent":
        owner = next(base for base in cls.__mro__ if name in vars(base))
        monkeypatch.setattr(owner, name, Transparent(vars(owner)[name], calls))
    else:
        assert where == "subclass"
        io_loop.__class__ = type("Mine", (cls,), {name: method})
    return calls


WAYS = ["instance", "mock", "class", "interface", "transparent", "subclass"]


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("where", WAYS)
class TestReplaced:
    def test_run_callback(self, io_loop, run, monkeypatch, where, used_before):
        """Each callback runs through it, with nothing but a function to call."""
        if used_before:
            run(lambda: gen.sleep(0))
        calls = replace(where, "_run_callback", io_loop, monkeypatch)
        got = []

        def note(value):
            got.append(value)
            if len(got) == 6:
                io_loop.stop()

        io_loop.add_callback(note, 1)
        io_loop.add_callback_from_signal(note, 2)
        io_loop.call_later(0, note, 3)
        io_loop.add_timeout(io_loop.time(), note, 4)
        future = Future()
        future.set_result(5)
        io_loop.add_future(future, lambda done: note(done.result()))
        io_loop.asyncio_loop.call_soon(io_loop.add_callback, note, 6)
        io_loop.start()
        assert sorted(got) == [1, 2, 3, 4, 5, 6]
        assert len(calls) == 6
        # Bound or not, a call has the function, and no arguments for it.
        assert {len(args) for args in calls} <= {1, 2}
        assert all(callable(args[-1]) for args in calls)

    def test_call_at(self, io_loop, run, monkeypatch, where, used_before):
        if used_before:
            run(lambda: gen.sleep(0))
        calls = replace(where, "call_at", io_loop, monkeypatch)
        got = []
        io_loop.call_later(0, got.append, 1)
        io_loop.add_timeout(io_loop.time(), got.append, 2)
        io_loop.call_later(0.01, io_loop.stop)
        io_loop.start()
        assert sorted(got) == [1, 2]
        assert len(calls) == 3

    def test_time(self, io_loop, run, monkeypatch, where, used_before):
        if used_before:
            run(lambda: gen.sleep(0))
        calls = replace(where, "time", io_loop, monkeypatch)
        io_loop.call_at(io_loop.time() + 0.01, io_loop.stop)
        io_loop.start()
        assert len(calls) == 2

    def test_handle_callback_exception(self, io_loop, run, monkeypatch, where, used_before, logged):
        if used_before:
            run(lambda: gen.sleep(0))
        calls = replace(where, "handle_callback_exception", io_loop, monkeypatch)
        io_loop.add_callback(lambda: 1 / 0)
        io_loop.call_later(0, lambda: 1 / 0)
        io_loop.call_later(0.01, io_loop.stop)
        io_loop.start()
        assert len(calls) == len(logged) == 2


@pytest.mark.parametrize("where", ["class", "base", "instance"])
def test_call_soon_of_asyncio(where, monkeypatch):
    calls = []
    asyncio_loop = asyncio.new_event_loop()
    loop = AsyncIOLoop(asyncio_loop=asyncio_loop, make_current=False)
    original = asyncio.BaseEventLoop.call_soon

    def call_soon(self, *args, **kwargs):
        calls.append(args)
        return original(self, *args, **kwargs)

    if where == "instance":
        monkeypatch.setattr(asyncio_loop, "call_soon", functools.partial(call_soon, asyncio_loop))
    elif where == "class":
        monkeypatch.setattr(type(asyncio_loop), "call_soon", call_soon, raising=False)
    else:
        monkeypatch.setattr(asyncio.BaseEventLoop, "call_soon", call_soon)

    def schedule():
        del calls[:]
        loop.add_callback(loop.stop)

    loop.call_later(0, schedule)
    loop.start()
    assert len(calls) == 1
    loop.close()


class Clock:
    """A clock of one's own: it is hours away from the usual ones, and runs as fast."""

    def __init__(self, offset):
        self.offset = offset

    def __call__(self):
        return time.monotonic() + self.offset


def own_clock(way, monkeypatch, offset):
    """Return a loop with a clock of its own, and the clock."""
    clock = Clock(offset)
    if way == "overridden":
        cls = type("Mine", (AsyncIOLoop,), {"time": lambda self: clock()})
        return cls(make_current=False), clock
    if way == "time_func":
        return IOLoop(make_current=False, time_func=clock), clock
    loop = IOLoop(make_current=False)
    if way == "instance":
        monkeypatch.setattr(loop, "time", clock)
    elif way == "mock":
        monkeypatch.setattr(loop, "time", mock.Mock(side_effect=clock))
    elif way == "class":
        monkeypatch.setattr(type(loop), "time", lambda self: clock(), raising=False)
    elif way == "frozen":  # as programs that freeze the clock of their tests do
        monkeypatch.setattr(time, "time", clock)
    else:
        monkeypatch.setattr(IOLoop, "time", lambda self: clock())
    return loop, clock


@pytest.mark.parametrize("offset", [-100 * HOURS, 100 * HOURS])
@pytest.mark.parametrize(
    "way", ["overridden", "time_func", "instance", "mock", "class", "interface", "frozen"]
)
class TestOwnClock:
    def test_deadlines(self, monkeypatch, way, offset):
        loop, clock = own_clock(way, monkeypatch, offset)
        loop.make_current()
        try:
            begin, got = clock(), []

            def note():
                got.append(clock() - begin)

            async def main():
                loop.call_at(loop.time() + 0.02, note)
                loop.add_timeout(loop.time() + 0.02, note)
                with pytest.raises(gen.TimeoutError):
                    await gen.with_timeout(loop.time() + 0.02, Future())
                note()
                await gen.sleep(0.02)

            loop.run_sync(main, timeout=10)
            assert len(got) == 3
            assert min(got) >= 0.015
        finally:
            loop.close()

    def test_periodic(self, monkeypatch, way, offset):
        loop, clock = own_clock(way, monkeypatch, offset)
        loop.make_current()
        try:
            got = []
            begin = clock()

            def note():
                got.append(clock())
                if len(got) == 3:
                    loop.stop()

            periodic = PeriodicCallback(note, 10)
            periodic.start()
            loop.start()
            periodic.stop()
            assert got[-1] - begin >= 0.025
        finally:
            loop.close()


def test_saved_functions_are_the_ones_of_the_classes():
    """They are compared with what a loop has: a wrapper put on between would go unnoticed."""
    assert vars(IOLoop)["_run_callback"] is ioloop.RUN_CALLBACK
    assert vars(asyncio_loop.BaseAsyncIOLoop)["call_at"] is asyncio_loop._CALL_AT
    assert vars(asyncio.BaseEventLoop)["call_soon"] is asyncio_loop._CALL_SOON
