"""tornado.platform: the modules of releases before 6, and what is found only when it is used."""

import asyncio
import concurrent.futures
import gc
import os
import select
import subprocess
import sys
import textwrap
import threading
import weakref

import pytest

from tornado._loop import asyncio_loop
from tornado.concurrent import run_on_executor
from tornado.ioloop import IOLoop, PollIOLoop
from tornado.platform import auto, common, epoll, interface, posix
from tornado.platform import select as select_loops
from tornado.platform.asyncio import AsyncIOLoop, AsyncIOMainLoop

WAKERS = [auto.Waker, common.Waker, posix.Waker]


class TestWakers:
    @pytest.mark.parametrize("make", WAKERS)
    def test_wake_and_consume(self, make):
        waker = make()
        try:
            assert not readable(waker)
            waker.wake()
            waker.wake()
            assert readable(waker)
            waker.consume()
            assert not readable(waker)
        finally:
            waker.close()

    @pytest.mark.parametrize("make", WAKERS)
    def test_wakes_another_thread(self, make):
        waker = make()
        found = []
        thread = threading.Thread(target=lambda: found.append(readable(waker, 10)))
        thread.start()
        waker.wake()
        thread.join()
        assert found == [True]
        waker.close()

    @pytest.mark.parametrize("make", WAKERS)
    def test_on_a_loop(self, io_loop, make):
        waker = make()

        def woken(fd, events):
            waker.consume()
            io_loop.remove_handler(fd)
            io_loop.stop()

        io_loop.add_handler(waker.fileno(), woken, IOLoop.READ)
        io_loop.call_later(0, waker.wake)
        io_loop.start()
        waker.close()

    @pytest.mark.parametrize("make", WAKERS)
    def test_a_full_one_does_not_block(self, make):
        waker = make()
        for _ in range(500_000):
            if select.select([], [waker.write_fileno()], [], 0)[1] == []:
                break
            os.write(waker.write_fileno(), b"x" * 4096)
        waker.wake()
        waker.consume()
        assert not readable(waker)
        waker.close()

    @pytest.mark.parametrize("make", WAKERS)
    def test_descriptors(self, make):
        waker = make()
        numbers = [waker.fileno(), waker.write_fileno()]
        assert [os.get_inheritable(fd) for fd in numbers] == [False, False]
        assert [os.get_blocking(fd) for fd in numbers] == [False, False]
        waker.close()
        for fd in numbers:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(fd)
        waker.close()
        waker.wake()

    def test_interface(self):
        waker = interface.Waker()
        for name in ("fileno", "write_fileno", "wake", "consume", "close"):
            with pytest.raises(NotImplementedError):
                getattr(waker, name)()
        assert all(issubclass(made, interface.Waker) for made in WAKERS)


@pytest.mark.parametrize("module", [auto, interface, posix])
def test_set_close_exec(module):
    a, b = os.pipe()
    try:
        os.set_inheritable(a, True)
        module.set_close_exec(a)
        assert os.get_inheritable(a) is False
    finally:
        os.close(a)
        os.close(b)
    with pytest.raises(OSError, match="Bad file descriptor"):
        module.set_close_exec(a)


def test_a_program_does_not_inherit(tmp_path):
    a, b = os.pipe()
    code = f"import os\ntry: os.fstat({a})\nexcept OSError: print('closed')"
    try:
        os.set_inheritable(a, True)
        auto.set_close_exec(a)
        done = subprocess.run(
            [sys.executable, "-c", code], close_fds=False, capture_output=True, check=True
        )
        assert done.stdout.strip() == b"closed"
    finally:
        os.close(a)
        os.close(b)


def test_small_functions():
    fd, other = os.pipe()
    posix._set_nonblocking(fd)
    assert os.get_blocking(fd) is False
    os.close(other)
    file = os.fdopen(fd, "rb", 0)
    os.close(fd)
    common.try_close(file)  # its descriptor is closed already
    assert auto.monotonic_time() <= interface.monotonic_time()


@pytest.mark.parametrize("cls", [epoll.EPollIOLoop, select_loops.SelectIOLoop])
def test_polling_loops(cls):
    loop = cls(make_current=False)
    assert isinstance(loop, PollIOLoop)
    assert loop.run_sync(lambda: asyncio.sleep(0, 5)) == 5
    loop.close()


def test_asyncio_can_be_imported_from_the_bridge():
    from tornado.platform.asyncio import asyncio as found

    assert found is asyncio


def readable(waker, timeout=0):
    return bool(select.select([waker.fileno()], [], [], timeout)[0])


def script(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


class TestLaterPythons:
    """Nothing that asyncio gives up is touched before it is used."""

    WITHOUT = """
        import asyncio, asyncio.events
        # As in Python 3.16, where the policies are gone.
        gone = [name for name in dir(asyncio) if "policy" in name.lower()]
        for module in (asyncio, asyncio.events):
            for name in gone:
                vars(module).pop(name, None)
    """

    def test_imports_and_loops_without_policies(self):
        code = (
            self.WITHOUT
            + """
        asyncio.get_event_loop = lambda: (_ for _ in ()).throw(RuntimeError("none"))
        asyncio.new_event_loop = asyncio.SelectorEventLoop
        asyncio.set_event_loop = lambda loop: None
        import tornado.platform.asyncio, tornado.gen, tornado.locks, tornado.queues
        from tornado._loop import current
        print(current.set_loop())
        loop = tornado.ioloop.IOLoop(make_current=False)
        print(loop.run_sync(lambda: asyncio.sleep(0, 5)))
        loop.close()
        """
        )
        assert script(code) == "None\n5\n"

    def test_the_policy_is_made_when_it_is_used(self):
        code = """
        import sys, tornado.platform.asyncio
        assert "tornado._loop.policy" not in sys.modules
        from tornado.platform.asyncio import AnyThreadEventLoopPolicy as first
        assert tornado.platform.asyncio.AnyThreadEventLoopPolicy is first
        print(first.__module__)
        """
        if sys.version_info >= (3, 14):
            pytest.skip("using it warns from here on")
        assert script(code) == "tornado.platform.asyncio\n"

    def test_sources_name_no_deprecated_function(self):
        """What warns on 3.14 and vanishes in 3.16 is not called on any ordinary path."""
        folder = os.path.dirname(asyncio_loop.__file__)
        for root in (folder, os.path.join(os.path.dirname(folder), "_gen")):
            for name in os.listdir(root):
                if name.endswith(".py") and name != "policy.py":
                    with open(os.path.join(root, name), encoding="utf-8") as file:
                        text = file.read()
                    assert "asyncio.iscoroutinefunction" not in text
                    assert "asyncio.get_event_loop_policy" not in text
                    assert "EventLoopPolicy" not in text


def test_selector_threads_end_with_the_program():
    """One whose loop was never closed leaves neither a thread nor a socket to complain of."""
    code = """
    import asyncio, socket
    from tornado.platform.asyncio import SelectorThread
    loop = asyncio.new_event_loop()
    a, b = socket.socketpair()
    kept = [SelectorThread(loop), SelectorThread(loop)]
    kept[0].add_reader(a, print)
    from tornado.platform import asyncio as bridge
    assert set(kept) == set(bridge._selector_loops)
    bridge._atexit_callback()
    assert not bridge._selector_loops
    assert [selector._waker_r.fileno() for selector in kept] == [-1, -1]
    assert not kept[0]._thread.is_alive()
    loop.close(); a.close(); b.close()
    """
    assert script(code) == ""


def test_refused_loops_leave_no_selector_thread(io_loop, monkeypatch):
    made = []

    class Spy(asyncio_loop.SelectorThread):
        def __init__(self, loop):
            made.append(self)
            super().__init__(loop)

    monkeypatch.setattr(asyncio_loop, "SelectorThread", Spy)
    monkeypatch.setattr(asyncio_loop, "_is_proactor", lambda loop: True)
    with pytest.raises(RuntimeError):
        AsyncIOMainLoop(asyncio_loop=io_loop.asyncio_loop)
    with pytest.raises(RuntimeError):
        IOLoop(make_current=True)
    assert [selector._closing for selector in made] == [True] * len(made)


class TestMainLoop:
    """The loop that `current` makes is one over asyncio's main loop; an explicit one is its own."""

    @pytest.mark.parametrize(
        "configured", [None, "asyncio", "tornado.platform.asyncio.AsyncIOLoop"]
    )
    def test_types(self, configured):
        IOLoop.configure(configured)
        try:
            loop = IOLoop.current()
            assert type(loop) is AsyncIOMainLoop
            other = IOLoop()
            assert type(other) is AsyncIOLoop
            assert IOLoop.current() is loop
            assert other.run_sync(lambda: asyncio.sleep(0, 1)) == 1
            other.close()
            loop.close()
            assert loop.asyncio_loop.is_closed()
        finally:
            IOLoop.configure(os.environ.get("TORNADO_TEST_LOOP", "asyncio"))

    def test_options_of_the_configuration(self):
        IOLoop.configure(None, time_func=lambda: 77.0)
        try:
            loop = IOLoop.current()
            assert loop.time() == 77.0
            loop.close()
        finally:
            IOLoop.configure(os.environ.get("TORNADO_TEST_LOOP", "asyncio"))

    def test_in_a_thread(self):
        if os.environ.get("TORNADO_TEST_LOOP") == "uvloop":
            pytest.skip("the configured class is another one")
        got = []

        def work():
            loop = IOLoop.current()
            got.append(type(loop))
            loop.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert got == [AsyncIOMainLoop]


class Work:
    executor = concurrent.futures.ThreadPoolExecutor(1)

    @run_on_executor
    def do(self):
        return 3


def test_adopted_loops_are_freed_without_the_collector():
    """Nor do the futures of executors keep anything: there is no cycle."""
    seen = []

    async def main():
        loop = IOLoop.current()
        assert type(loop) is AsyncIOMainLoop
        loop.call_later(0, loop.add_callback, print, end="")
        assert await loop.run_in_executor(None, lambda: 2) == 2
        future = Work().do()
        assert await future == 3
        seen.extend([weakref.ref(loop), weakref.ref(future)])

    async def other():
        IOLoop.current()  # a new loop takes the place of the one that was closed

    gc.collect()
    gc.disable()
    try:
        asyncio.run(main())
        asyncio.run(other())
        assert [ref() for ref in seen] == [None, None]
    finally:
        gc.enable()
