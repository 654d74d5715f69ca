"""Test methods in, finished tests out: each runs on an event loop of its own, within a time limit."""

from __future__ import annotations

import asyncio
import functools
import inspect
import linecache
import os
import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, TypeVar, overload

from tornado import gen
from tornado._testing.logs import is_expected
from tornado.ioloop import IOLoop
from tornado.log import app_log
from tornado.platform.asyncio import AsyncIOMainLoop
from tornado.stack_context import ExceptionStackContext
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

    A test runs inside an exception stack context, which everything started from the test inherits:
    callbacks and timeouts of the loop, callbacks of streams and clients. The first exception that one
    of them raises ends the pending or the next `wait` and is raised by it; if nothing waits any more,
    it fails the test when that is over. What was started inside `tornado.stack_context.NullContext`
    or by `IOLoop.spawn_callback` is outside: its exceptions go to the loop's
    ``handle_callback_exception``. So do all of them while an `ExpectLog` is active that expects the
    record "Exception in callback" (or "Uncaught exception") of ``tornado.application``.

    When a test has ended, its unfinished tasks are cancelled and the loop is closed with all
    descriptors registered there, unless the loop was current before the test. With
    ``fail_on_leaked_tasks = True`` in the class, a test that leaves tasks behind fails.

    .. versionadded:: 2.3
    """

    #: Whether a test that leaves unfinished tasks behind fails.
    fail_on_leaked_tasks = False

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self.__stopped = False
        self.__running = False
        self.__is_inside = False
        self.__owns_loop = True
        self.__failure: BaseException | None = None
        self.__stop_args: Any = None

    def setUp(self) -> None:
        """Make the loop. An override calls this first."""
        super().setUp()
        before = IOLoop.current(instance=False)
        self.io_loop = self.get_new_ioloop()
        # A harness may have set an asyncio loop that had no IOLoop before get_new_ioloop asked for it.
        is_adopted = (
            isinstance(self.io_loop, AsyncIOMainLoop)
            and IOLoop.current(instance=False) is self.io_loop
        )
        self.__owns_loop = before is not self.io_loop and not is_adopted
        self.io_loop.make_current()

    def tearDown(self) -> None:
        """Cancel what still runs and close the loop. An override calls this last."""
        leaked = self._cancel_tasks()
        if self.__owns_loop:
            IOLoop.clear_current()
            # A loop that others share outlives the test.
            if not IOLoop.initialized() or self.io_loop is not IOLoop.instance():
                self.io_loop.close(all_fds=True)
        super().tearDown()
        self.__raise_failure()
        if leaked and self.fail_on_leaked_tasks:
            self.fail(f"the test left tasks behind: {', '.join(leaked)}")

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test inside its exception stack context; see `unittest.TestCase.run`."""
        with self.__stack_context():
            collected = super().run(result)
        failure, self.__failure = self.__failure, None
        if failure is not None and collected is not None:
            # It came too late for tearDown, or a subclass's tearDown does not call this class's.
            exc_info = (type(failure), failure, failure.__traceback__)
            collected.addError(self, exc_info)  # type: ignore[arg-type]  # raised: it has a traceback
        return collected

    def debug(self) -> None:
        """Run the test without collecting its result; see `unittest.TestCase.debug`."""
        with self.__stack_context():
            super().debug()
        self.__raise_failure()

    @contextmanager
    def __stack_context(self) -> Iterator[None]:
        with ExceptionStackContext(self.__take_exception):
            self.__is_inside = True
            try:
                yield
            finally:
                # What leaves the block itself is the test runner's, not a callback's.
                self.__is_inside = False

    def __take_exception(
        self, typ: type[BaseException], value: BaseException, tb: TracebackType | None
    ) -> bool:
        """Keep a callback's exception for `wait`; return whether it was kept."""
        if not self.__is_inside or not _is_failure(value) or is_expected(app_log, _LOGGED_AS):
            return False
        if self.__failure is None:
            self.__failure = value
        else:
            # The first failure is the cause; later ones tend to follow from it.
            app_log.error("multiple unhandled exceptions in test", exc_info=(typ, value, tb))
        self.stop()
        return True

    def __raise_failure(self) -> None:
        failure, self.__failure = self.__failure, None
        if failure is not None:
            raise failure

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
            raise TypeError(
                "Generator and coroutine test methods should be decorated with"
                " tornado.testing.gen_test"
            )
        if result is not None:
            raise ValueError(f"Return value from test method ignored: {result!r}")

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

        :raises: `failureException` when the time is up; otherwise whatever a callback that was
            started from the test has raised.
        """
        if timeout is None:
            timeout = get_async_test_timeout()
        if not self.__stopped or (
            self.__failure is None and condition is not None and not condition()
        ):
            self.__run(condition, timeout)
        self.__stopped = False
        self.__raise_failure()
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
        try:
            while True:
                self.__running = True
                self.io_loop.start()
                if self.__failure is not None or condition is None or condition():
                    break
        finally:
            self.__running = False
            self.io_loop.remove_timeout(handle)


#: First words of the records by which the loop, and code that calls back in other ways, report what
#: a callback raised.
_LOGGED_AS = ("Exception in callback", "Uncaught exception")


def _is_failure(error: BaseException) -> bool:
    """Return whether an exception is one that fails a test, and not one that ends a task or the process."""
    return not isinstance(
        error, (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
    )


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
    """Return lines for each suspended frame, outermost first, from a coroutine down to its await."""
    lines = []
    while running is not None:
        frame = getattr(running, "cr_frame", None) or getattr(running, "gi_frame", None)
        if frame is None:
            break
        code = frame.f_code
        lines.append(f"  {code.co_filename}:{frame.f_lineno} in {code.co_name}")
        source = linecache.getline(code.co_filename, frame.f_lineno, frame.f_globals).strip()
        if source:
            lines.append(f"    {source}")
        running = getattr(running, "cr_await", None) or getattr(running, "gi_yieldfrom", None)
    return lines or ["  a future"]


def setup_with_context_manager(testcase: unittest.TestCase, cm: AbstractContextManager[T]) -> T:
    """Enter ``cm`` in ``setUp`` and leave it when the test is over; return what entering it gave.

    .. versionadded:: 6.3
    """
    entered = cm.__enter__()
    testcase.addCleanup(cm.__exit__, None, None, None)
    return entered
