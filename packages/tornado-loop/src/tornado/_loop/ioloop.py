"""The interface of a loop: callbacks, times, futures and descriptors in; calls of handlers out.

`IOLoop` is abstract: `tornado._loop.asyncio_loop` implements it over asyncio, and others may over
something else. What can be said without knowing the implementation is said here.
"""

import asyncio
import concurrent.futures
import datetime
import functools
import numbers
import os
import threading
import time
from collections.abc import Callable
from types import MethodType
from typing import Any, ClassVar, Literal, Protocol, TypeVar, cast, overload

from tornado._core.seam import not_callable
from tornado._loop import contexts, current
from tornado._loop.blocking import BlockingWatch
from tornado._loop.conversion import BadYieldError, convert_yielded
from tornado._loop.futures import FUTURES, Future, chain_future, is_future
from tornado.log import app_log, gen_log
from tornado.util import Configurable, TimeoutError

__all__ = ["RUN_CALLBACK", "IOLoop", "LoopStoppedError", "Selectable"]

_T = TypeVar("_T")
_S = TypeVar("_S", bound="Selectable")

# What IOLoop.configure takes besides classes: short names, and a loop of releases before 5 whose
# module would not be importable on most systems.
_IMPLEMENTATIONS = {
    "asyncio": "tornado.platform.asyncio.AsyncIOLoop",
    "uvloop": "tornado.platform.asyncio.UvloopIOLoop",
    "tornado.platform.kqueue.KQueueIOLoop": "tornado.ioloop.PollIOLoop",
}


class LoopStoppedError(TimeoutError, RuntimeError):
    """`IOLoop.run_sync`: the loop was stopped before the operation was done."""


class Selectable(Protocol):
    """An object with a file descriptor, such as a socket."""

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class _Current(Protocol):
    @overload
    def __call__(self) -> "IOLoop": ...

    @overload
    def __call__(self, create: bool) -> "IOLoop | None": ...


#: `current.get_current`: that room knows a loop only by a few methods, but each one there is an `IOLoop`.
_current_loop = cast("_Current", current.get_current)


class IOLoop(Configurable):
    """An I/O event loop: a thin skin over an `asyncio` loop.

    Most programs use the one of their main thread, `IOLoop.current`, and either `start` it or
    run one coroutine on it with `run_sync`. ``IOLoop()`` makes a new one, with an asyncio loop of
    its own.

    :param make_current: whether the new loop becomes the thread's current one: ``None`` if there
        is none yet, ``True`` by all means, ``False`` not at all.
    :param impl: accepted for the sake of releases before 3.0, and unused: asyncio's selector is.
    :param time_func: the clock behind `time`, in seconds; by default `time.time`.
    :raises RuntimeError: with ``make_current=True``, if the thread has a current loop.

    The loop can be left to other libraries: code that was written for asyncio runs on it, and
    `current` gives an `IOLoop` for a loop that asyncio runs.

    .. versionchanged:: 4.2
       Added ``make_current``.
    .. versionchanged:: 5.0
       Built upon asyncio.
    """

    # Event masks of `add_handler`; the numbers are epoll's.
    NONE = 0
    READ = 0x001
    WRITE = 0x004
    ERROR = 0x018

    #: The `IOLoop` of each asyncio loop that has one.
    _ioloop_for_asyncio: "ClassVar[dict[asyncio.AbstractEventLoop, IOLoop]]" = cast(
        "dict[asyncio.AbstractEventLoop, IOLoop]", current.by_asyncio_loop
    )
    _singleton: "ClassVar[IOLoop | None]" = None
    _singleton_lock: ClassVar[Any] = threading.RLock()

    #: The asyncio loop below; loops that are not built upon asyncio lack it.
    asyncio_loop: asyncio.AbstractEventLoop
    #: What has ``add_reader`` and ``add_writer``: the asyncio loop, or a thread beside it.
    selector_loop: asyncio.AbstractEventLoop

    _executor: concurrent.futures.Executor | None = None
    _watch: BlockingWatch | None = None
    _time_func: Callable[[], float] | None = None

    # -- configuration ---------------------------------------------------------------------------

    @classmethod
    def configure(cls, impl: "type[Configurable] | str | None", **kwargs: Any) -> None:
        """Choose what ``IOLoop()`` makes.

        :param impl: ``"uvloop"`` (with `tornado-loop[uvloop]` installed), ``"asyncio"``, a
            subclass of `IOLoop` or the dotted name of one; ``None`` for the default. The names of
            the polling loops of releases before 5 are accepted.
        :param kwargs: default arguments of the constructor, for example ``time_func``.
        :raises ImportError: if the class, or uvloop, is not there.
        :raises ValueError: if the class is not an `IOLoop`.
        """
        if isinstance(impl, str):
            impl = _IMPLEMENTATIONS.get(impl, impl)
        super().configure(impl, **kwargs)

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        """Return `IOLoop`, which carries the configuration."""
        return IOLoop

    @classmethod
    def configurable_default(cls) -> type[Configurable] | str:
        """Return the implementation over asyncio."""
        return "tornado.platform.asyncio.AsyncIOLoop"

    def initialize(
        self,
        make_current: bool | None = None,
        impl: Any = None,
        time_func: Callable[[], float] | None = None,
    ) -> None:
        """Set up a new loop; see the class for the parameters."""
        self._held: set[Any] = set()
        if time_func is not None:
            self._time_func = time_func
        if make_current is not False:
            # It may be this one: a skin over the asyncio loop that is current.
            if _current_loop(create=False) in (None, self):
                self.make_current()
            elif make_current:
                raise RuntimeError("this thread already has a current IOLoop")

    # -- which loop ------------------------------------------------------------------------------

    @overload
    @staticmethod
    def current() -> "IOLoop": ...

    @overload
    @staticmethod
    def current(instance: Literal[True]) -> "IOLoop": ...

    @overload
    @staticmethod
    def current(instance: bool) -> "IOLoop | None": ...

    @staticmethod
    def current(instance: bool = True) -> "IOLoop | None":
        """Return the loop that runs in this thread, or else the thread's current one.

        A running asyncio loop that has no `IOLoop` is given one. A thread without any loop gets a
        new one.

        :param instance: if false, nothing is made, and ``None`` returned where there is none.

        .. versionchanged:: 4.1
           Added ``instance``.
        .. versionchanged:: 5.0
           Follows asyncio's idea of the current loop.
        """
        return _current_loop(instance)

    @staticmethod
    def instance() -> "IOLoop":
        """Return this thread's loop; in a thread without one, the one of the main thread.

        So a worker thread can hand results back with ``IOLoop.instance().add_callback(...)``, as
        it could before release 5. If there is no loop at all, one is made.
        """
        found = _current_loop(create=False)
        if found is not None:
            return found
        with IOLoop._singleton_lock:
            found = IOLoop._singleton
            loop = getattr(found, "asyncio_loop", None)
            if found is None or (loop is not None and loop.is_closed()):
                # None yet, or one made within an `asyncio.run` that is over.
                IOLoop._singleton = found = _current_loop()
        return found

    @staticmethod
    def initialized() -> bool:
        """Whether the global instance was made (by `instance`, `install` or in the main thread)."""
        return IOLoop._singleton is not None

    def install(self) -> None:
        """Make this loop the global instance, and the current one of this thread."""
        IOLoop._singleton = self
        self.make_current()

    @staticmethod
    def clear_instance() -> None:
        """Forget the global instance; it is no longer this thread's current loop either.

        .. versionadded:: 4.0
        """
        singleton, IOLoop._singleton = IOLoop._singleton, None
        if singleton is not None and _current_loop(create=False) is singleton:
            singleton._clear_current()

    def make_current(self) -> None:
        """Make this the current loop of this thread, whatever was current before.

        .. versionadded:: 3.0
        """
        current.here.loop = self

    @staticmethod
    def clear_current() -> None:
        """Leave this thread without a current loop.

        .. versionadded:: 3.0
        """
        found = _current_loop(create=False)
        if found is not None:
            found._clear_current()
        else:
            current.here.loop = None

    def _clear_current(self) -> None:
        if current.here.loop is self:
            current.here.loop = None

    # -- running ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Run until `stop` is called.

        :raises RuntimeError: if a loop runs in this thread already.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Let `start` return after the present turn of the loop; if it is not running, at once.

        Safe from every thread. What was scheduled before runs in that last turn.
        """
        raise NotImplementedError

    def running(self) -> bool:
        """Whether the loop is running now."""
        raise NotImplementedError

    def close(self, all_fds: bool = False) -> None:
        """Close the loop, which must not be running, and free what it holds.

        :param all_fds: whether to close the descriptors that handlers are registered for, too.
        :raises RuntimeError: if it is running.
        """
        raise NotImplementedError

    def run_sync(self, func: Callable[[], Any], timeout: float | None = None) -> Any:
        """Run ``func``, wait for the awaitable it returns, and return its result; then stop.

        :param func: a function without arguments, often a coroutine function. Pass the function
            itself: it is called by the loop.
        :param timeout: the longest time to wait, in seconds.
        :raises tornado.util.TimeoutError: if the time is up; the awaitable is cancelled.
        :raises RuntimeError: if a loop runs in this thread already, and nothing else happens then;
            or if this loop was stopped before the awaitable was done. The latter is a
            `tornado.util.TimeoutError` too, as it was in earlier releases.
        :raises TypeError: if ``func`` cannot be called.

        When it is interrupted (`KeyboardInterrupt`, `SystemExit`) the awaitable is cancelled, and
        given a few seconds to end, before the exception is raised here.

        .. versionadded:: 3.0
        .. versionchanged:: 4.3
           Native coroutines too.
        """
        if not callable(func):
            raise TypeError(
                f"run_sync() takes a function, got {func!r}; pass the function, without calling it"
            )
        self._check_startable()
        future: Any = None
        expired = interrupted = False

        def run() -> None:
            nonlocal future
            if interrupted:
                return
            try:
                result = func()
                if result is not None:
                    result = convert_yielded(result)
            except BaseException as error:
                future = Future()
                future.set_exception(error)
            else:
                if is_future(result):
                    future = result
                else:
                    future = Future()
                    future.set_result(result)
            if not future.done():
                self.add_future(future, lambda _: self.stop())
            else:
                self.stop()

        def expire() -> None:
            nonlocal expired
            expired = True
            if future is None or not future.cancel():
                self.stop()

        self.add_callback(run)
        handle = None if timeout is None else self.add_timeout(self.time() + timeout, expire)
        try:
            self.start()
        except (KeyboardInterrupt, SystemExit):
            interrupted = True
            self._end_interrupted(future)
            raise
        finally:
            if handle is not None:
                self.remove_timeout(handle)
        if expired:
            raise TimeoutError(f"Operation timed out after {timeout} seconds")
        if future is None or not future.done():
            self._leave_unfinished(future)
            raise LoopStoppedError("Event loop stopped before the operation was done")
        return future.result()

    def _check_startable(self) -> None:
        """Raise `RuntimeError` where a loop runs already."""
        if self.running():
            raise RuntimeError("the loop is already running")

    def _end_interrupted(self, future: Any) -> None:
        """Cancel the operation of a `run_sync` that was interrupted, if it had begun."""
        if future is not None and not future.done():
            future.cancel()

    def _leave_unfinished(self, future: Any) -> None:
        """Take note that `run_sync` ends before ``future`` is done."""

    # -- callbacks -------------------------------------------------------------------------------

    def add_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback(*args, **kwargs)`` on the loop's next turn.

        Safe from every thread, but not from signal handlers. It may be a coroutine function: what
        it returns is run, and its errors go to `handle_callback_exception`. On a closed loop
        nothing happens.

        .. versionchanged:: 3.0
           Takes arguments.
        """
        raise NotImplementedError

    def add_callback_from_signal(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Call ``callback(*args, **kwargs)`` on the next turn; safe in signal handlers.

        The callback runs outside all stack contexts: a signal interrupts whatever happens to run.

        .. versionadded:: 3.0
        """
        raise NotImplementedError

    def spawn_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback(*args, **kwargs)`` on the next turn, outside all stack contexts.

        The way to start a coroutine that nobody waits for: its errors are logged.

        .. versionadded:: 4.0
        """
        contexts.run_clean(functools.partial(self.add_callback, callback, *args, **kwargs))

    def add_future(
        self,
        future: "asyncio.Future[_T] | concurrent.futures.Future[_T]",
        callback: Callable[["asyncio.Future[_T]"], Any],
    ) -> None:
        """Call ``callback(future)`` on this loop when ``future`` is done.

        :param future: of asyncio or `concurrent.futures`.
        :raises TypeError: if it is not a future.

        .. versionadded:: 3.0
        """
        if not isinstance(future, FUTURES):
            raise TypeError(f"expected a future, got {future!r}")
        if not callable(callback):
            raise not_callable("add_future()", callback)
        callback = contexts.wrap(callback)
        future.add_done_callback(lambda done: self.add_callback(callback, done))

    def _dispatch(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run a callback of the loop now.

        Where `_run_callback` was overridden or patched, on a class or on this object, it is called
        with one argument, as in released versions. A bound method that is one indeed, and whose
        function is ours, cannot be imitated: wrappers that respond to look-ups as the original does
        are of another type.
        """
        run = self._run_callback
        if args and (type(run) is not MethodType or run.__func__ is not RUN_CALLBACK):
            run(functools.partial(callback, *args))
        else:
            run(callback, *args)

    def _run_callback(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run a callback of the loop; whatever it raises stops nothing."""
        try:
            result = callback(*args)
            if result is not None:
                self._run_returned(result)
        except asyncio.CancelledError:
            pass
        except Exception:
            self.handle_callback_exception(callback)

    def _run_returned(self, result: Any) -> None:
        """Wait for what a callback returned, if it is something to wait for."""
        try:
            future = convert_yielded(result)
        except BadYieldError:
            return  # callbacks may return anything
        self.add_future(future, self._check_result)

    @staticmethod
    def _check_result(future: "asyncio.Future[Any]") -> None:
        """Raise what the future failed with, so that it is reported."""
        future.result()

    def _hold(self, runner: Any) -> None:
        """Keep something that runs on this loop from being collected before it is done."""
        self._held.add(runner)

    def _release(self, runner: Any) -> None:
        self._held.discard(runner)

    # -- times -----------------------------------------------------------------------------------

    def time(self) -> float:
        """Return the time by this loop's clock, in seconds; by default that is `time.time`.

        .. versionadded:: 3.0
        """
        if self._time_func is None:
            return time.time()  # looked up each time: programs freeze the clock of their tests
        return self._time_func()

    def add_timeout(
        self,
        deadline: float | datetime.timedelta,
        callback: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> object:
        """Call ``callback(*args, **kwargs)`` at a time, and return a handle for `remove_timeout`.

        :param deadline: seconds by the clock of `time`, or a `datetime.timedelta` from now.
        :raises TypeError: for another kind of deadline.

        Not safe from other threads: get to the loop's thread with `add_callback` first.

        .. versionchanged:: 4.0
           Takes arguments.
        """
        if isinstance(deadline, numbers.Real):
            return self.call_at(float(deadline), callback, *args, **kwargs)
        if isinstance(deadline, datetime.timedelta):
            when = self.time() + deadline.total_seconds()
            return self.call_at(when, callback, *args, **kwargs)
        raise TypeError(f"deadline must be a number or a timedelta, got {deadline!r}")

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback(*args, **kwargs)`` after ``delay`` seconds; see `add_timeout`.

        .. versionadded:: 4.0
        """
        return self.call_at(self.time() + delay, callback, *args, **kwargs)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback(*args, **kwargs)`` at ``when``, by the clock of `time`.

        .. versionadded:: 4.0
        """
        if type(self).add_timeout is IOLoop.add_timeout:
            raise NotImplementedError
        # A loop for releases before 4.0, which knows only add_timeout(deadline, callback).
        return self.add_timeout(when, functools.partial(callback, *args, **kwargs))

    def remove_timeout(self, timeout: object) -> None:
        """Cancel a timeout, given its handle; one that is over is left alone."""
        raise NotImplementedError

    # -- descriptors -----------------------------------------------------------------------------

    @overload
    def add_handler(self, fd: int, handler: Callable[[int, int], Any], events: int) -> None: ...

    @overload
    def add_handler(self, fd: _S, handler: Callable[[_S, int], Any], events: int) -> None: ...

    def add_handler(self, fd: "int | Selectable", handler: Callable[..., Any], events: int) -> None:
        """Call ``handler(fd, events)`` whenever ``fd`` is ready.

        :param fd: a descriptor, or an object with ``fileno()``; the handler gets the same.
        :param events: ``READ``, ``WRITE`` or both.
        :raises ValueError: if there is a handler for it already.

        .. versionchanged:: 4.0
           Objects besides descriptors.
        """
        raise NotImplementedError

    def update_handler(self, fd: "int | Selectable", events: int) -> None:
        """Change the events that are waited for."""
        raise NotImplementedError

    def remove_handler(self, fd: "int | Selectable") -> None:
        """Wait for ``fd`` no longer; nothing happens if nobody did."""
        raise NotImplementedError

    def split_fd(self, fd: "int | _S") -> "tuple[int, int | _S]":
        """Return the descriptor's number, and the object that came (perhaps the number itself).

        .. versionadded:: 4.0
        """
        return (fd, fd) if isinstance(fd, int) else (fd.fileno(), fd)

    def close_fd(self, fd: "int | Selectable") -> None:
        """Close a descriptor or the object that owns it; if it is closed already, nothing happens.

        .. versionadded:: 4.0
        """
        try:
            if isinstance(fd, int):
                os.close(fd)
            else:
                fd.close()
        except OSError:
            pass

    # -- threads ---------------------------------------------------------------------------------

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., _T],
        *args: Any,
    ) -> "asyncio.Future[_T]":
        """Run ``func(*args)`` in an executor and return a future of its result.

        :param executor: ``None`` for the default: the one of `set_default_executor`, or a pool of
            five threads for each processor.

        Cancelling the future does not stop a function that runs.

        .. versionadded:: 5.0
        """
        if executor is None:
            if self._executor is None:
                self._executor = concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 1) * 5)
            executor = self._executor
        future: asyncio.Future[_T] = Future()
        self.add_future(executor.submit(func, *args), lambda done: chain_future(done, future))
        return future

    def set_default_executor(self, executor: concurrent.futures.Executor) -> None:
        """Set the executor that `run_in_executor` uses when it is given ``None``.

        .. versionadded:: 5.0
        """
        self._executor = executor

    # -- errors and blocking ---------------------------------------------------------------------

    def handle_callback_exception(self, callback: Callable[..., Any]) -> None:
        """Report the exception that a callback raised; it is in `sys.exc_info`.

        This one logs it. Subclasses may do something else; the loop runs on in any case.
        """
        app_log.error("Exception in callback %r", callback, exc_info=True)

    def set_blocking_signal_threshold(
        self, seconds: float | None, action: Callable[[int, Any], Any] | None
    ) -> None:
        """Send SIGALRM if the loop was blocked by a callback for longer than ``seconds``.

        :param seconds: ``None`` to stop watching.
        :param action: the signal handler; ``None`` for the system's own, which ends the process.

        Only for the loop of the main thread, on systems with `signal.setitimer`; elsewhere an
        error is logged, and nothing is watched. A block is noticed when it has lasted between
        once and one and a quarter times the threshold.
        """
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if seconds is None:
            return
        if not BlockingWatch.is_supported():
            gen_log.error(
                "set_blocking_signal_threshold needs signal.setitimer and the main thread"
            )
            return
        self._watch = BlockingWatch(self, seconds, action)

    def set_blocking_log_threshold(self, seconds: float | None) -> None:
        """Log a stack trace if the loop was blocked for longer than ``seconds``."""
        self.set_blocking_signal_threshold(seconds, self.log_stack)

    def log_stack(self, signal: int, frame: Any) -> None:
        """Log where the main thread is: a signal handler for `set_blocking_signal_threshold`."""
        BlockingWatch.log_stack(self._watch, frame)


#: What `IOLoop._run_callback` is while nobody has replaced it.
RUN_CALLBACK = IOLoop._run_callback

IOLoop.__module__ = "tornado.ioloop"
