"""`IOLoop` over asyncio: the interface of every release upon one asyncio loop."""

import asyncio
import functools
import inspect
import select
from asyncio import selector_events
from asyncio.events import _get_running_loop
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from types import CoroutineType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from tornado._core.seam import not_callable
from tornado._loop import contexts, current, forking
from tornado._loop.blocking import BlockingWatch
from tornado._loop.ioloop import RUN_CALLBACK, IOLoop, Selectable
from tornado._loop.selector_thread import SelectorThread

if TYPE_CHECKING:
    import concurrent.futures

_T = TypeVar("_T")

assert forking  # imported for what it does at a fork

__all__ = ["AsyncIOLoop", "AsyncIOMainLoop", "BaseAsyncIOLoop", "PollIOLoop", "UvloopIOLoop"]


def _dismiss(works: Iterable[Any]) -> None:
    """Keep asyncio and Python from reporting tasks that cannot go on, for their loop closes now."""
    for work in works:
        if not isinstance(work, asyncio.Task) or work.done():
            continue
        work._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather does
        coroutine = work.get_coro()
        if (
            isinstance(coroutine, CoroutineType)
            and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
        ):
            coroutine.close()  # it never got a turn


# How long an operation that was interrupted may take to end, in seconds.
_LONGEST_FAREWELL_SECONDS = 5.0

_BASE_EVENTS = asyncio.BaseEventLoop.run_forever.__code__.co_filename


class _Call(asyncio.Handle):
    """A callback of `IOLoop.add_callback` in the loop's own queue.

    It is what `asyncio.Handle` is, and does in its one method what `IOLoop._run_callback` does, so
    that callbacks need no second call around them.
    """

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._context = copy_context()
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None

    def _run(self) -> None:
        try:
            result = self._context.run(self._callback, *self._args)
            if result is not None:
                self._context.run(self._io_loop()._run_returned, result)
        except asyncio.CancelledError:
            pass
        except Exception:
            self._context.run(self._io_loop().handle_callback_exception, self._callback)

    def _io_loop(self) -> IOLoop:
        return current.by_asyncio_loop[self._loop]  # type: ignore[return-value]  # all there are


# asyncio's own `call_soon`; `None` if it had been replaced before this module was imported.
_CALL_SOON: Any = asyncio.BaseEventLoop.call_soon
if type(_CALL_SOON) is not FunctionType or _CALL_SOON.__code__.co_filename != _BASE_EVENTS:
    _CALL_SOON = None


def _queue_of(loop: asyncio.AbstractEventLoop) -> "deque[asyncio.Handle] | None":
    """Return the queue of callbacks of asyncio's own loops; others are asked by `call_soon`."""
    queue = getattr(loop, "_ready", None)
    usual = getattr(type(loop), "call_soon", None) is _CALL_SOON
    return queue if usual and isinstance(queue, deque) and not loop.get_debug() else None


class BaseAsyncIOLoop(IOLoop):
    """What all loops over asyncio share; use `AsyncIOLoop` or `AsyncIOMainLoop`.

    :param asyncio_loop: the asyncio loop to run on.
    :param close_loop: whether `close` closes that loop too.
    :param make_current: see `IOLoop`.

    The attribute ``asyncio_loop`` is the asyncio loop.
    """

    # Whether a step was replaced on this object: looked for where attributes are set, which is seldom,
    # not where callbacks are added. What was replaced on classes, and on the asyncio loop, is.
    _is_patched = False

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _STEPS:
            super().__setattr__("_is_patched", True)

    def initialize(  # type: ignore[override]  # implementations take what they need
        self,
        asyncio_loop: asyncio.AbstractEventLoop,
        close_loop: bool = True,
        **kwargs: Any,
    ) -> None:
        """Set up the skin over ``asyncio_loop``."""
        self.asyncio_loop = asyncio_loop
        self.close_loop = close_loop
        # Descriptor -> (what add_handler was given, handler)
        self.handlers: dict[int, tuple[int | Selectable, Callable[..., Any]]] = {}
        self.readers: set[int] = set()
        self.writers: set[int] = set()
        self.closing = False
        # Streams wait for their descriptors without handlers; `close(all_fds=True)` closes them.
        self._open_streams: set[Any] = set()
        # Called when `start` is about to return: what was left for the end of the turn is done.
        self._when_stopped: list[Callable[[], None]] = []
        self._queue = _queue_of(asyncio_loop)
        # Whether a run_sync ended before its operation did.
        self._left_unfinished = False
        current.remember(self, asyncio_loop)
        try:
            # Where descriptors are waited for: the asyncio loop, or a thread beside it.
            self.selector_loop = asyncio_loop
            if _is_proactor(asyncio_loop):
                # It has what the handlers of descriptors use.
                self.selector_loop = SelectorThread(asyncio_loop)  # type: ignore[assignment]
            super().initialize(**kwargs)
        except BaseException:
            current.forget(asyncio_loop)
            if self.selector_loop is not asyncio_loop:
                self.selector_loop.close()
            raise

    def close(self, all_fds: bool = False) -> None:
        """Close the loop, which must not be running, and free what it holds."""
        if self.asyncio_loop.is_running():
            raise RuntimeError("cannot close a running IOLoop")
        if self.closing:
            return
        self.closing = True
        if self._watch is not None:
            self.set_blocking_signal_threshold(None, None)
        for number, (fd, _) in list(self.handlers.items()):
            self.remove_handler(number)
            if all_fds:
                self.close_fd(fd)
        if all_fds:
            for stream in list(self._open_streams):
                stream.close()
        self._open_streams.clear()
        if self._left_unfinished:
            _dismiss(asyncio.all_tasks(self.asyncio_loop))
        # Coroutines that callbacks of the loop returned, and what generators wait for, run until
        # the loop closes: nobody else holds their tasks, so losing them now is no mistake.
        _dismiss([getattr(held, "future", held) for held in self._held])
        self._held.clear()
        if IOLoop._singleton is self:
            IOLoop._singleton = None
        if current.here.loop is self or current.set_loop() is self.asyncio_loop:
            self._clear_current()
        current.forget(self.asyncio_loop)
        if self._executor is not None:
            self._executor.shutdown(wait=False)
        if self.selector_loop is not self.asyncio_loop:
            self.selector_loop.close()
        if self.close_loop:
            self.asyncio_loop.close()

    def make_current(self) -> None:
        """Make this the current loop of this thread, for asyncio too."""
        super().make_current()
        asyncio.set_event_loop(self.asyncio_loop)

    def _clear_current(self) -> None:
        super()._clear_current()
        if current.set_loop() is self.asyncio_loop:
            asyncio.set_event_loop(None)

    def _check_startable(self) -> None:
        """Raise `RuntimeError` where a loop runs already, before anything is changed."""
        loop: Any = self.asyncio_loop
        check = getattr(loop, "_check_running", None)
        if check is not None:
            check()  # asyncio's own: there are programs that relax it, to nest their loops
        elif loop.is_running():
            raise RuntimeError("This event loop is already running")
        elif _get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")

    def start(self) -> None:
        """Run until `stop` is called."""
        self._check_startable()
        if self._watch is not None:
            self._watch.begin()
        try:
            self.asyncio_loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            # The program ends: what it leaves behind is no mistake that asyncio should report.
            self._silence_tasks()
            self._left_unfinished = True
            raise
        finally:
            for call in self._when_stopped:
                call()
            if self._watch is not None:
                self._watch.pause()

    def stop(self) -> None:
        """Let `start` return after the present turn; safe from every thread."""
        loop = self.asyncio_loop
        if _get_running_loop() is loop or not loop.is_running():
            loop.stop()
        else:
            loop.call_soon_threadsafe(loop.stop)

    def running(self) -> bool:
        """Whether the loop is running now."""
        return self.asyncio_loop.is_running()

    def _end_interrupted(self, future: Any) -> None:
        """Cancel the operation of a `run_sync` that was interrupted, and let it end."""
        if future is None:
            return
        if not future.done():
            handle = self.call_later(_LONGEST_FAREWELL_SECONDS, self.stop)
            try:
                future.cancel()  # its done-callback stops the loop
                self.start()
            finally:
                self.remove_timeout(handle)
                self._silence_tasks()
        if future.done() and not future.cancelled():
            future.exception()  # seen, so that asyncio does not report it: it is on its way out

    def _leave_unfinished(self, future: Any) -> None:
        self._left_unfinished = True

    def _silence_tasks(self) -> None:
        """Keep asyncio from reporting tasks of this loop that are collected before they are done."""
        for task in asyncio.all_tasks(self.asyncio_loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather does

    # -- callbacks -------------------------------------------------------------------------------

    def _step(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what asyncio is to call, with its arguments, to run a callback of this loop."""
        run = self._run_callback
        if args and (type(run) is not MethodType or run.__func__ is not RUN_CALLBACK):
            return (run, functools.partial(callback, *args))
        return (run, callback, *args)

    def add_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback(*args, **kwargs)`` on the next turn; safe from every thread."""
        if not callable(callback):
            raise not_callable("add_callback()", callback)
        if contexts.in_use:
            callback = contexts.wrap(callback)
        if kwargs:
            callback = functools.partial(callback, **kwargs)
        loop = self.asyncio_loop
        try:
            if _get_running_loop() is not loop:
                loop.call_soon_threadsafe(*self._step(callback, args))
                return
            queue = self._queue
            # The short way may be taken only where nobody replaced a step of the long one.
            if (
                queue is not None
                and not self._is_patched
                and type(self)._run_callback is RUN_CALLBACK
            ):
                # (To look into the `__dict__` of asyncio's loop would make all that it does slower.)
                soon = loop.call_soon
                if type(soon) is MethodType and soon.__func__ is _CALL_SOON:
                    queue.append(_Call(callback, args, loop))
                    return
            loop.call_soon(*self._step(callback, args))
        except RuntimeError:
            if not self.asyncio_loop.is_closed():
                raise

    def add_callback_from_signal(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Call ``callback(*args, **kwargs)`` on the next turn; safe in signal handlers."""
        if not callable(callback):
            raise not_callable("add_callback_from_signal()", callback)
        if kwargs:
            callback = functools.partial(callback, **kwargs)
        try:
            contexts.run_clean(self.asyncio_loop.call_soon_threadsafe, *self._step(callback, args))
        except RuntimeError:
            if not self.asyncio_loop.is_closed():
                raise

    def add_future(
        self,
        future: "asyncio.Future[_T] | concurrent.futures.Future[_T]",
        callback: Callable[["asyncio.Future[_T]"], Any],
    ) -> None:
        """Call ``callback(future)`` on this loop when ``future`` is done."""
        if not callable(callback):
            raise not_callable("add_future()", callback)
        if isinstance(future, asyncio.Future) and future.get_loop() is self.asyncio_loop:
            if contexts.in_use:
                callback = contexts.wrap(callback)
            future.add_done_callback(functools.partial(self._dispatch, callback))
        else:
            super().add_future(future, callback)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback(*args, **kwargs)`` at ``when``, by the clock of `time`."""
        if not callable(callback):
            raise not_callable("call_at()", callback)
        if contexts.in_use:
            callback = contexts.wrap(callback)
        if kwargs:
            callback = functools.partial(callback, **kwargs)
        delay = when - self.time()
        delay = delay if delay > 0 else 0
        return self.asyncio_loop.call_later(delay, *self._step(callback, args))

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback(*args, **kwargs)`` after ``delay`` seconds."""
        if not callable(callback):
            raise not_callable("call_later()", callback)
        if self._is_patched or type(self).call_at is not _CALL_AT:
            return self.call_at(self.time() + delay, callback, *args, **kwargs)
        if contexts.in_use:
            callback = contexts.wrap(callback)
        if kwargs:
            callback = functools.partial(callback, **kwargs)
        delay = delay if delay > 0 else 0
        if args:
            return self.asyncio_loop.call_later(delay, *self._step(callback, args))
        return self.asyncio_loop.call_later(delay, self._run_callback, callback)

    def remove_timeout(self, timeout: object) -> None:
        """Cancel a timeout, given its handle."""
        timeout.cancel()  # type: ignore[attr-defined]  # a handle of asyncio

    # -- descriptors -----------------------------------------------------------------------------

    def add_handler(self, fd: int | Selectable, handler: Callable[..., Any], events: int) -> None:
        """Call ``handler(fd, events)`` whenever ``fd`` is ready."""
        if not callable(handler):
            raise not_callable("add_handler()", handler)
        number, given = self.split_fd(fd)
        if number in self.handlers:
            raise ValueError(f"descriptor {number} already has a handler")
        self.handlers[number] = (given, contexts.wrap(handler))
        try:
            self._register(number, events)
        except BaseException:
            del self.handlers[number]
            raise

    def update_handler(self, fd: int | Selectable, events: int) -> None:
        """Change the events that are waited for."""
        number, _ = self.split_fd(fd)
        if number not in self.handlers:
            raise ValueError(f"descriptor {number} has no handler")
        self._register(number, events)

    def remove_handler(self, fd: int | Selectable) -> None:
        """Wait for ``fd`` no longer."""
        number, _ = self.split_fd(fd)
        if number not in self.handlers:
            return
        self._register(number, 0)
        del self.handlers[number]

    def _register(self, number: int, events: int) -> None:
        """Have asyncio wait for exactly these events."""
        selector = self.selector_loop
        handle = self._handle_events if repeats_errors(selector) else self._handle_events_once
        for wanted, registered, add, remove in (
            (IOLoop.READ, self.readers, selector.add_reader, selector.remove_reader),
            (IOLoop.WRITE, self.writers, selector.add_writer, selector.remove_writer),
        ):
            if events & wanted:
                if number not in registered:
                    contexts.run_clean(add, number, handle, number, wanted)
                    registered.add(number)
            elif number in registered:
                registered.discard(number)
                remove(number)

    def _handle_events(self, number: int, events: int) -> None:
        entry = self.handlers.get(number)
        if entry is not None:
            self._dispatch(entry[1], entry[0], events)

    def _handle_events_once(self, number: int, events: int) -> None:
        """As `_handle_events`, on loops that report an error once and then stop watching.

        A handler that reads once an event may have taken data only, and then the error that came with it
        is for the next event.
        """
        self._handle_events(number, events)
        watched = IOLoop.READ * (number in self.readers) | IOLoop.WRITE * (number in self.writers)
        if watched and _has_error(number):
            self._register(number, 0)
            self._register(number, watched)


def repeats_errors(selector_loop: Any) -> bool:
    """Return whether `selector_loop` is known to report a descriptor's error again and again.

    libuv, and with it uvloop, reports it once and then stops watching the descriptor.
    """
    return isinstance(selector_loop, selector_events.BaseSelectorEventLoop)


def _has_error(number: int) -> bool:
    """Return whether a descriptor has an error, or was hung up; where nothing can tell, False."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(number, 0)
    return bool(poll.poll(0))


_STEPS = {"_run_callback", "call_at"}
# Compared with what a loop has when it is used: it may have been overridden or patched since.
_CALL_AT = BaseAsyncIOLoop.call_at


class AsyncIOLoop(BaseAsyncIOLoop):
    """An `IOLoop` with an asyncio loop of its own: what ``IOLoop()`` makes.

    :param loop_factory: makes the asyncio loop; by default `asyncio.new_event_loop`.
    :param asyncio_loop: an asyncio loop made before; it is closed with this one.

    .. versionadded:: 3.2
    .. versionchanged:: 6.2
       Takes ``asyncio_loop``.
    """

    def initialize(  # type: ignore[override]  # the asyncio loop is made here
        self,
        impl: Any = None,
        *,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        asyncio_loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None:
        """Set up a new loop."""
        if isinstance(impl, bool):  # the first parameter is make_current since release 4.2
            kwargs["make_current"] = impl
        loop = asyncio_loop
        if loop is None:
            loop = (loop_factory or asyncio.new_event_loop)()
        try:
            super().initialize(loop, **kwargs)
        except BaseException:
            if asyncio_loop is None:
                loop.close()
            raise


class AsyncIOMainLoop(BaseAsyncIOLoop):
    """An `IOLoop` over the current asyncio loop, which stays in asyncio's hands.

    ``AsyncIOMainLoop().install()`` was necessary once; since release 5 `IOLoop.current` does it.

    :param asyncio_loop: the asyncio loop; ``None`` for this thread's current one.

    .. versionadded:: 3.2
    """

    def initialize(  # type: ignore[override]  # the asyncio loop is found here
        self, *, asyncio_loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any
    ) -> None:
        """Set up the skin over the current asyncio loop; `close` leaves that loop open."""
        loop = asyncio_loop or _get_running_loop() or current.set_loop()
        if loop is None:
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        super().initialize(loop, close_loop=False, **kwargs)


class PollIOLoop(AsyncIOLoop):
    """The name of the polling loops before release 5; asyncio polls here.

    :param impl: accepted and unused: a polling object, as the polling loops took one.
    :param time_func: the clock of the loop, in seconds.
    """

    def initialize(  # type: ignore[override]  # the polling object is not needed
        self,
        impl: Any = None,
        time_func: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Set up a new loop."""
        super().initialize(impl, time_func=time_func, **kwargs)


class UvloopIOLoop(AsyncIOLoop):
    """An `IOLoop` over uvloop, from the extra ``tornado-loop[uvloop]``."""

    def initialize(  # type: ignore[override]  # the asyncio loop is made here
        self, impl: Any = None, **kwargs: Any
    ) -> None:
        """Set up a new loop.

        :raises ImportError: if uvloop is not installed.
        """
        # Imported here because it is optional.
        import uvloop

        super().initialize(impl, loop_factory=uvloop.new_event_loop, **kwargs)


def _make_loop() -> IOLoop:
    """Make the loop of a thread that has none, and make it current."""
    made: IOLoop
    if IOLoop.configured_class() is AsyncIOLoop:
        # As if asyncio had had one; but it is ours to close.
        options = {"impl": None, "asyncio_loop": None, "loop_factory": None, "make_current": None}
        options.update(IOLoop._save_configuration()[1] or {})
        factory: Any = options.pop("loop_factory") or asyncio.new_event_loop
        loop: Any = options.pop("asyncio_loop") or factory()
        del options["impl"], options["make_current"]
        made = AsyncIOMainLoop(asyncio_loop=loop, make_current=False, **options)
        made.close_loop = True
    else:
        made = IOLoop(make_current=False)
    made.make_current()
    if BlockingWatch.in_main_thread():
        with IOLoop._singleton_lock:
            if IOLoop._singleton is None:
                IOLoop._singleton = made
    return made


def _adopt_loop(loop: asyncio.AbstractEventLoop) -> IOLoop:
    return AsyncIOMainLoop(asyncio_loop=loop, make_current=False)


current.hooks.make_loop = _make_loop
current.hooks.adopt_loop = _adopt_loop


def _is_proactor(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether ``loop`` cannot wait for descriptors: the usual loop on Windows."""
    proactor = getattr(asyncio, "ProactorEventLoop", None)
    return proactor is not None and isinstance(loop, proactor)


for _class in (AsyncIOLoop, AsyncIOMainLoop, BaseAsyncIOLoop, UvloopIOLoop):
    _class.__module__ = "tornado.platform.asyncio"
PollIOLoop.__module__ = "tornado.ioloop"
del _class
