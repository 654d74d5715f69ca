"""tornado.platform.asyncio: the bridge, the policy, and the selector thread."""

import asyncio
import concurrent.futures
import socket
import threading

import pytest

from tornado import gen
from tornado._loop import asyncio_loop as implementation
from tornado.concurrent import Future
from tornado.ioloop import IOLoop
from tornado.platform.asyncio import (
    AddThreadSelectorEventLoop,
    AnyThreadEventLoopPolicy,
    AsyncIOLoop,
    AsyncIOMainLoop,
    BaseAsyncIOLoop,
    SelectorThread,
    to_asyncio_future,
    to_tornado_future,
)


@pytest.fixture
def pair():
    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    yield a, b
    a.close()
    b.close()


def test_code_of_both_kinds_on_one_loop(run):
    @gen.coroutine
    def generator():
        yield asyncio.sleep(0)
        return (yield from_asyncio())

    async def from_asyncio():
        return await asyncio.gather(gen.sleep(0), asyncio.sleep(0, 5))

    assert run(generator) == [None, 5]


def test_asyncio_run_with_tornado_inside():
    async def main():
        got = Future()
        IOLoop.current().call_later(0.001, got.set_result, 5)
        return await got

    assert asyncio.run(main()) == 5


def test_future_conversions(run):
    async def main():
        future = Future()
        assert to_tornado_future(future) is future
        assert to_asyncio_future(future) is future

        async def native():
            return 5

        assert await to_asyncio_future(native()) == 5
        assert await to_asyncio_future([native()]) == [5]

    run(main)


def test_async_io_loop_with_a_given_loop():
    given = asyncio.new_event_loop()
    loop = AsyncIOLoop(asyncio_loop=given, make_current=False)
    assert loop.asyncio_loop is given
    assert isinstance(loop, BaseAsyncIOLoop)
    loop.close()
    assert given.is_closed()


def test_main_loop_makes_one_where_none_is():
    main = AsyncIOMainLoop(make_current=True)
    assert IOLoop.current() is main
    main.asyncio_loop.call_soon(main.stop)
    main.start()
    asyncio_loop = main.asyncio_loop
    main.close()
    asyncio_loop.close()


class TestPolicy:
    @pytest.fixture(autouse=True)
    def policy(self):
        before = asyncio.get_event_loop_policy()
        asyncio.set_event_loop_policy(AnyThreadEventLoopPolicy())
        yield
        asyncio.set_event_loop_policy(before)

    def test_makes_loops_in_any_thread(self):
        def other():
            policy = asyncio.get_event_loop_policy()
            loop = policy.get_event_loop()
            assert policy.get_event_loop() is loop
            assert IOLoop.current().asyncio_loop is loop
            IOLoop.current().close()
            loop.close()
            return loop

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first, second = (pool.submit(other).result(5) for _ in range(2))
        assert first.is_closed()
        assert second.is_closed()

    def test_foreign_policy_is_asked(self):
        class Odd:
            loop = None

            def get_event_loop(self):
                if self.loop is None:
                    raise RuntimeError
                return self.loop

            def set_event_loop(self, loop):
                self.loop = loop

            new_event_loop = staticmethod(asyncio.DefaultEventLoopPolicy().new_event_loop)

        class OddPolicy(Odd, asyncio.AbstractEventLoopPolicy):
            pass

        asyncio.set_event_loop_policy(OddPolicy())
        assert IOLoop.current(instance=False) is None
        loop = IOLoop()
        assert IOLoop.current() is loop
        loop.close()
        assert IOLoop.current(instance=False) is None


class TestSelectorThread:
    @pytest.fixture
    def loop(self):
        loop = asyncio.new_event_loop()
        yield loop
        loop.close()

    def test_reading_and_writing(self, loop, pair):
        a, b = pair
        selector = SelectorThread(loop)
        got = []

        def readable(name):
            got.append((name, a.recv(1), threading.current_thread() is threading.main_thread()))
            if len(got) == 3:
                assert selector.remove_reader(a)
                selector.add_writer(a, writable)

        def writable():
            got.append("writable")
            assert selector.remove_writer(a.fileno())
            loop.stop()

        selector.add_reader(a, readable, "r")
        b.send(b"xyz")
        loop.run_forever()
        assert got == [
            ("r", b"x", True),
            ("r", b"y", True),
            ("r", b"z", True),
            "writable",
        ]
        assert not selector.remove_reader(a)
        selector.close()
        selector.close()
        with pytest.raises(RuntimeError, match="closed"):
            selector.add_reader(a, print)

    def test_no_event_is_reported_twice(self, loop, pair):
        a, b = pair
        selector = SelectorThread(loop)
        got = []
        selector.add_reader(a, lambda: got.append(a.recv(100)))
        for n in range(20):
            loop.call_later(n * 0.001, b.send, b"x")
        loop.call_later(0.04, loop.stop)
        loop.run_forever()
        selector.close()
        assert b"".join(got) == b"x" * 20

    def test_closed_descriptor(self, loop, pair):
        a, _ = pair
        selector = SelectorThread(loop)
        selector.add_reader(a, lambda: None)
        loop.call_later(0.002, a.close)
        c, d = socket.socketpair()
        number = a.fileno()

        def replace():
            selector.remove_reader(number)
            selector.add_reader(c, loop.stop)
            d.send(b"x")

        loop.call_later(0.004, replace)
        loop.run_forever()
        selector.close()
        c.close()
        d.close()

    def test_loop_closed_first(self, pair):
        a, b = pair
        loop = asyncio.new_event_loop()
        selector = SelectorThread(loop)
        selector.add_reader(a, lambda: None)
        loop.close()
        b.send(b"x")
        selector._thread.join(5)
        assert not selector._thread.is_alive()
        selector.close()

    def test_never_used(self, loop):
        SelectorThread(loop).close()

    def test_added_to_a_loop(self, pair):
        a, b = pair
        real = asyncio.new_event_loop()
        loop = AddThreadSelectorEventLoop(real)
        loop.add_writer(a, loop.stop)
        loop.run_forever()
        assert loop.remove_writer(a)
        b.send(b"x")
        loop.add_reader(a, loop.stop)
        loop.run_forever()
        assert loop.remove_reader(a)
        loop.close()
        assert real.is_closed()

    def test_io_loop_uses_it_for_loops_that_need_it(self, monkeypatch, pair):
        class Proactor(asyncio.SelectorEventLoop):
            def add_reader(self, *args):
                raise NotImplementedError

            add_writer = add_reader

        monkeypatch.setattr(asyncio, "ProactorEventLoop", Proactor, raising=False)
        assert implementation._is_proactor(Proactor) is False
        plain = asyncio.SelectorEventLoop.add_reader

        class Working(Proactor):
            """The loop's own pipe needs a reader; only strangers' are refused."""

            def _add_reader(self, fd, callback, *args):
                return super()._add_reader(fd, callback, *args)

        loop = AsyncIOLoop(asyncio_loop=Working(), make_current=False)
        a, b = pair
        got = []

        def ready(fd, events):
            got.append((fd, events, a.recv(10)))
            loop.remove_handler(fd)
            loop.stop()

        loop.add_handler(a, ready, IOLoop.READ)
        b.send(b"hello")
        loop.start()
        loop.close()
        assert got == [(a, IOLoop.READ, b"hello")]
        assert isinstance(loop.selector_loop, SelectorThread)
        assert plain is not None


class TestAddThreadSelectorEventLoop:
    """It is a loop to asyncio, and all but its readers and writers is the real one's."""

    def test_asyncio_takes_it(self):
        real = asyncio.new_event_loop()
        loop = AddThreadSelectorEventLoop(real)
        assert isinstance(loop, asyncio.AbstractEventLoop)
        try:
            asyncio.set_event_loop(loop)
            assert loop.run_until_complete(asyncio.sleep(0, 5)) == 5
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        assert real.is_closed()

    @pytest.mark.parametrize(
        "name", ["time", "get_debug", "is_running", "is_closed", "call_soon", "create_task"]
    )
    def test_the_rest_is_the_real_loops(self, name):
        real = asyncio.new_event_loop()
        loop = AddThreadSelectorEventLoop(real)
        assert getattr(loop, name) == getattr(real, name)
        with pytest.raises(AttributeError):
            loop.no_such_name  # noqa: B018 - looking it up is the test
        loop.close()
