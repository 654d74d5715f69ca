"""Test methods in, finished tests out: each runs on an event loop of its own, within a time limit."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import sys
import unittest
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

from tornado import gen
from tornado.ioloop import IOLoop
from tornado.util import TimeoutError

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])

DEFAULT_TIMEOUT_SECONDS = 5.0
_CLEANUP_TIMEOUT_SECONDS = 5.0


def get_async_test_timeout() -> float:
    """Return the time limit of asynchronous tests, in seconds: ``$ASYNC_TEST_TIMEOUT``, or 5.

    .. versionadded:: 3.1
    """
    try:
        return float(os.environ.get("ASYNC_TEST_TIMEOUT", ""))
    except ValueError:
        return DEFAULT_TIMEOUT_SECONDS


class AsyncTestCase(unittest.TestCase):
    """A test case whose tests have an `IOLoop` of their own, as ``self.io_loop``.

    A test written with `gen_test` runs as a coroutine. One in callback style calls `wait`, which runs
    the loop until some callback calls `stop` and returns what that was given:

    .. code-block:: python

        class FetchTest(AsyncTestCase):
            def test_fetch(self):
                client = AsyncHTTPClient()
                client.fetch(url, self.stop)
                response = self.wait()
                self.assertIn(b"FriendFeed", response.body)

    An exception in a callback that runs during `wait` is raised by `wait`. When a test has ended, its
    unfinished tasks are cancelled and the loop is closed with all descriptors registered there. With
    ``fail_on_leaked_tasks = True`` in the class, a test that leaves tasks behind fails.

    .. versionadded:: 2.3
    """

    #: Whether a test that leaves unfinished tasks behind fails.
    fail_on_leaked_tasks = False

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self.__stopped = False
        self.__running = False
        self.__failure: BaseException | None = None
        self.__stop_args: Any = None

    def setUp(self) -> None:
        """Make the loop. An override calls this first."""
        super().setUp()
        self.io_loop = self.get_new_ioloop()
        self.io_loop.make_current()

    def tearDown(self) -> None:
        """Cancel what still runs and close the loop. An override calls this last."""
        leaked = self._cancel_tasks()
        IOLoop.clear_current()
        # A loop that others share outlives the test.
        if not IOLoop.initialized() or self.io_loop is not IOLoop.instance():
            self.io_loop.close(all_fds=True)
        super().tearDown()
        failure, self.__failure = self.__failure, None
        if failure is not None:
            raise failure
        if leaked and self.fail_on_leaked_tasks:
            self.fail(f"the test left tasks behind: {', '.join(leaked)}")

    def _cancel_tasks(self) -> list[str]:
        """Cancel all tasks of the loop, wait for their end, and return what they were."""
        loop = self.io_loop.asyncio_loop
        if loop.is_closed() or loop.is_running():
            return []
        tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
        if not tasks:
            return []
        names = [repr(task.get_coro()) for task in tasks]
        for task in tasks:
            task.cancel()
        _, alive = loop.run_until_complete(asyncio.wait(tasks, timeout=_CLEANUP_TIMEOUT_SECONDS))
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # retrieved: it came of the cancelling
        if alive:
            raise TimeoutError(f"these tasks do not end when they are cancelled: {alive}")
        return names

    def get_new_ioloop(self) -> IOLoop:
        """Return the loop for a test: a new one, unless a subclass has another in mind."""
        return IOLoop(make_current=False)

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        # unittest's own hook; without this check such a test would pass without having run.
        result = method()
        if inspect.isgenerator(result) or inspect.iscoroutine(result):
            result.close()
            raise TypeError("a test that is a generator or coroutine needs the decorator @gen_test")
        if result is not None:
            raise ValueError(f"a test returns None, not {result!r}")

    def stop(self, _arg: Any = None, **kwargs: Any) -> None:
        """Let one pending or future call of `wait` return the argument, or the keywords as a dict."""
        assert _arg is None or not kwargs, "stop takes one argument or keywords, not both"
        self.__stop_args = kwargs or _arg
        self.__stopped = True
        if self.__running:
            self.io_loop.stop()
            self.__running = False

    def wait(
        self, condition: Callable[[], bool] | None = None, timeout: float | None = None
    ) -> Any:
        """Run the loop until `stop` is called, and return what it was given.

        :param condition: if given, the loop runs on after `stop` until this returns true.
        :param timeout: seconds; ``None`` means `get_async_test_timeout`.

        Raises `failureException` when the time is up, and whatever a callback raised meanwhile.
        """
        if timeout is None:
            timeout = get_async_test_timeout()
        if not self.__stopped or (condition is not None and not condition()):
            self.__run(condition, timeout)
        self.__stopped = False
        failure, self.__failure = self.__failure, None
        if failure is not None:
            raise failure
        result, self.__stop_args = self.__stop_args, None
        return result

    def __run(self, condition: Callable[[], bool] | None, timeout: float) -> None:
        """Run the loop until it is stopped, a callback fails or the time is up."""

        def expire() -> None:
            self.__failure = self.failureException(
                f"Async operation timed out after {timeout:g} seconds"
            )
            self.stop()

        handle = self.io_loop.add_timeout(self.io_loop.time() + timeout, expire)
        # An attribute of this one loop, so that a subclass's own method is found again afterwards.
        vars(self.io_loop)["handle_callback_exception"] = self.__callback_failed
        try:
            while True:
                self.__running = True
                self.io_loop.start()
                if self.__failure is not None or condition is None or condition():
                    break
        finally:
            self.__running = False
            del vars(self.io_loop)["handle_callback_exception"]
            self.io_loop.remove_timeout(handle)

    def __callback_failed(self, callback: Any) -> None:
        error = sys.exc_info()[1]
        # The first failure is the cause; later ones tend to follow from it.
        if self.__failure is None:
            self.__failure = error
        self.stop()


@overload
def gen_test(func: Method) -> Method: ...


@overload
def gen_test(*, timeout: float | None = None) -> Callable[[Method], Method]: ...


@overload
def gen_test(func: None, timeout: float | None = None) -> Callable[[Method], Method]: ...


def gen_test(func: Callable[..., Any] | None = None, timeout: float | None = None) -> Any:
    """Run a test method, a coroutine of any kind, on the test case's loop.

    :param timeout: seconds; ``None`` means `get_async_test_timeout` when the test runs. When the time is
        up, the coroutine is cancelled and the test fails with `TimeoutError`, which names the lines
        where it waited.

    .. code-block:: python

        class FetchTest(AsyncTestCase):
            @gen_test(timeout=10)
            async def test_fetch(self):
                response = await AsyncHTTPClient().fetch(url)

    .. versionadded:: 3.1
    .. versionchanged:: 4.3
       Native coroutines.
    """
    if func is None:
        return functools.partial(_gen_test, timeout=timeout)
    return _gen_test(func, timeout=timeout)


def _gen_test(func: Callable[..., Any], timeout: float | None) -> Callable[..., Any]:
    @functools.wraps(func)
    def test(self: AsyncTestCase, *args: Any, **kwargs: Any) -> Any:
        limit = get_async_test_timeout() if timeout is None else timeout
        return run_limited(self.io_loop, functools.partial(func, self, *args, **kwargs), limit)

    # inspect.iscoroutinefunction and pytest follow __wrapped__ to the coroutine function.
    del test.__wrapped__
    return test


def run_limited(io_loop: IOLoop, func: Callable[[], Any], limit: float) -> Any:
    """Run what ``func()`` gives on the loop; past the limit raise TimeoutError that says where it hung."""
    waiting: list[str] = []
    running: Any = None
    future: Any = None

    def start() -> Any:
        nonlocal running, future
        running = func()
        result = gen.coroutine(lambda: running)() if inspect.isgenerator(running) else running
        if result is None:
            return None
        future = gen.convert_yielded(result)
        return future

    def expire() -> None:
        waiting.extend(_waiting_lines(running))
        if future is None or not future.cancel():
            io_loop.stop()

    handle = io_loop.call_later(limit, expire)
    try:
        return io_loop.run_sync(start)
    except (asyncio.CancelledError, TimeoutError) as error:
        if waiting:
            message = f"Operation timed out after {limit:g} seconds, waiting in\n"
            raise TimeoutError(message + "\n".join(waiting)) from error
        raise
    finally:
        io_loop.remove_timeout(handle)


def _waiting_lines(running: Any) -> list[str]:
    """Return a line for each suspended frame, outermost first, from a coroutine down to its await."""
    lines = []
    while running is not None:
        frame = getattr(running, "cr_frame", None) or getattr(running, "gi_frame", None)
        if frame is None:
            break
        code = frame.f_code
        lines.append(f"  {code.co_filename}:{frame.f_lineno} in {code.co_name}")
        running = getattr(running, "cr_await", None) or getattr(running, "gi_yieldfrom", None)
    return lines or ["  a future"]


def setup_with_context_manager(testcase: unittest.TestCase, cm: AbstractContextManager[T]) -> T:
    """Enter ``cm`` in ``setUp`` and leave it when the test is over; return what entering it gave.

    .. versionadded:: 6.3
    """
    entered = cm.__enter__()
    testcase.addCleanup(cm.__exit__, None, None, None)
    return entered
