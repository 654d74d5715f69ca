"""Running generators: what they yield in; results sent, errors thrown, a finished future out.

`Runner` is the one engine under `coroutine` and `engine`. It waits with one done-callback on the
future that was yielded, goes on at once while what is yielded is ready, and runs each generator in
a `contextvars` context of its own.
"""

import asyncio
import functools
from asyncio.events import _get_running_loop
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from types import CoroutineType, TracebackType
from typing import Any

from tornado._gen.errors import KeyReuseError, LeakedCallbackError, Return, UnknownKeyError
from tornado._gen.moment import moment
from tornado._gen.points import MultiYieldPoint, YieldPoint, argument_adapter, has_points
from tornado._loop import contexts, conversion, current
from tornado._loop.callbacks import ReturnValueIgnoredError
from tornado._loop.contexts import ExceptionStackContext, StackContextInconsistentError
from tornado._loop.conversion import convert_yielded
from tornado._loop.futures import (
    CompatibleFuture,
    drop_own_frames,
    future_set_exception_unless_cancelled,
    named_future,
)
from tornado._loop.waiters import Waiter

__all__ = [
    "CoroutineFuture",
    "EngineRunner",
    "Runner",
    "failed",
    "new_future",
    "run_engine",
    "run_generator",
]

_Gen = Generator[Any, Any, Any]
_AsyncioFuture = asyncio.Future
_Coroutine = CoroutineType


@named_future
class CoroutineFuture(CompatibleFuture[Any]):
    """The future of a generator that runs; cancelling it cancels what the generator waits for."""

    __slots__ = ("_runner",)

    _runner: "Runner | None"

    def cancel(self, msg: Any = None) -> bool:
        """Cancel; the generator sees `asyncio.CancelledError` where it yielded."""
        if not super().cancel(msg):
            return False
        runner = getattr(self, "_runner", None)
        if runner is not None:
            runner.cancel()
        return True


class _Outcome:
    """Something ready to go on with, in the shape of a done future."""

    __slots__ = ("_error", "_value")

    def __init__(self, error: BaseException | None = None, value: Any = None) -> None:
        self._error = error
        self._value = value

    def result(self) -> Any:
        if self._error is not None:
            try:
                raise self._error
            finally:
                del self  # as in Runner._run
        return self._value


class _Point:
    """A started yield point in the shape of a future."""

    __slots__ = ("point",)

    def __init__(self, point: YieldPoint) -> None:
        self.point = point

    def done(self) -> bool:
        return self.point.is_ready()

    def result(self) -> Any:
        return self.point.get_result()


_NOTHING = _Outcome()


def _repair_stack(outside: Any) -> BaseException:
    contexts.restore(outside)
    return StackContextInconsistentError(
        'stack contexts changed at a yield (probably a yield inside a "with StackContext" block)'
    )


def _set_error(future: "asyncio.Future[Any]", error: BaseException) -> None:
    """Let ``future`` end as a generator did that raised ``error``."""
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    elif isinstance(error, (KeyboardInterrupt, SystemExit)):
        if not future.done():
            future.set_exception(error)
            future.exception()  # seen: it is raised here, and must not be reported once more
        raise error
    else:
        future_set_exception_unless_cancelled(future, error)


class Runner:
    """Runs one generator until its end.

    The parameters are those of every release, in any of their orders: applications hardly make
    runners, but `YieldPoint` classes talk to them.

    :param gen: the generator.
    :param result_future: what to set when it has ended.
    :param first_yielded: what it yielded already; left out, the generator has not started.
    :param ctx_run: the ``run`` method of the `contextvars.Context` to run it in.
    :param final_callback: called with the result when the generator has ended, in place of a future.
    :param deactivate_stack_context: called when the generator has ended.
    """

    __slots__ = (
        "__weakref__",
        "_cancelling",
        "_context",
        "_held",
        "_on_end",
        "_points",
        "_resume",
        "_stack",
        "finished",
        "future",
        "gen",
        "pending_callbacks",
        "result_future",
        "results",
        "running",
    )

    _on_end: Callable[[], Any] | None

    def __init__(
        self,
        gen: Any,
        result_future: Any = None,
        first_yielded: Any = _NOTHING,
        ctx_run: Any = None,
        final_callback: Callable[[Any], Any] | None = None,
        deactivate_stack_context: Callable[[], Any] | None = None,
    ) -> None:
        if not hasattr(gen, "send"):  # since 6: (ctx_run, gen, result_future, first_yielded)
            gen, result_future, first_yielded, ctx_run = (
                result_future,
                first_yielded,
                ctx_run,
                gen,
            )
        elif callable(result_future):
            # (gen, deactivate_stack_context) in 2.x, (gen, final_callback) in 3.x
            final_callback, result_future = result_future, None
        if result_future is None:
            result_future = CoroutineFuture(loop=current.asyncio_loop())
            if final_callback is not None:
                result_future.add_done_callback(lambda done: final_callback(done.result()))
        context = getattr(ctx_run, "__self__", None)
        self._prepare(
            gen, result_future, context if isinstance(context, Context) else copy_context()
        )
        self._on_end = deactivate_stack_context
        if first_yielded is not _NOTHING:
            self._context.run(self._begin, first_yielded)

    def _prepare(self, gen: Any, result_future: Any, context: Context) -> None:
        self.gen = gen
        self.result_future = result_future
        self._context = context
        self.future: Any = _NOTHING
        self.running = False
        self.finished = False
        self._cancelling = False
        self._held: Any = None
        self._on_end = None
        self._points = False
        # From the first yield point on: the stack contexts that the generator runs in.
        self._stack: Any = None
        self._resume: Any = self._bind(
            contexts.wrap(self._wake_up) if contexts.in_use else self._wake_up
        )

    # -- the engine ------------------------------------------------------------------------------

    def _wake_up(self, done: Any) -> None:
        """Go on, because ``done`` is; unless something else made the generator go on before.

        The usual step, from one pending future to the next, is spelled out here: it is what most
        coroutines do most of the time. All else is left to `_run`.
        """
        if done is not self.future:
            return
        error: BaseException | None = None
        try:
            value = done.result()
        except BaseException as raised:
            error = raised
        # As in _run: tracebacks hold this frame, so it may not hold a failed future.
        del done
        if error is not None or contexts.in_use:
            self.future = _Outcome(error, None if error is not None else value)
            del error
            self._run()
            return
        self.future = None
        self.running = True
        try:
            yielded = self.gen.send(value)
        except (StopIteration, Return) as end:
            self._finish(end.value)
            return
        except BaseException as raised:
            self._fail(raised)
            return
        finally:
            self.running = False
        if (
            isinstance(yielded, _AsyncioFuture)
            and not yielded.done()
            and not self._cancelling
            and not contexts.in_use
        ):
            self.future = yielded
            yielded._asyncio_future_blocking = False  # as in handle_yield
            yielded.add_done_callback(self._resume, context=self._context)
        else:
            self._start(yielded)

    def _start(self, yielded: Any) -> None:
        if contexts.in_use and contexts.stack.get():
            # No context was ever entered when the step began.
            self.future = _Outcome(_repair_stack(()))
        else:
            self._begin(yielded)
            return
        del yielded
        self._run()

    def _begin(self, yielded: Any) -> None:
        self.running = True
        ready = self.handle_yield(yielded)
        self.running = False
        if ready:
            self._run()

    def run(self) -> None:
        """Start the generator, or resume it if the yield point it waits for is ready.

        What else it waits for (a future, `moment`) resumes it by itself, and nothing else does.
        """
        if self.running or self.finished:
            return
        waiting = self.future
        if waiting.__class__ is _Point:
            try:
                if not waiting.done():
                    return
            except Exception as error:
                self.future = _Outcome(error)
        elif waiting is not _NOTHING:
            return
        self._context.run(self._run)

    def _run(self) -> None:
        if self.running or self.finished:
            return
        self.running = True
        gen = self.gen
        error: BaseException | None = None
        thrown: BaseException | None = None
        entered = outside = contexts.stack.get() if contexts.in_use else ()
        if self._stack is not None:
            outside = self._stack
            contexts.restore(outside)
        try:
            while True:
                # Nothing in this frame may refer to a failed future: its exception's traceback
                # holds the frame, and there would be a reference cycle.
                waited, self.future, yielded = self.future, None, None
                try:
                    value = waited.result()
                except BaseException as raised:
                    error = raised
                del waited
                try:
                    if error is not None:
                        thrown, error = error, None
                        yielded = gen.throw(thrown)
                    else:
                        yielded = gen.send(value)
                except (StopIteration, Return) as end:
                    self._finish(end.value)
                    return
                except BaseException as raised:
                    self._fail(raised)
                    return
                if contexts.in_use and contexts.stack.get() is not outside:
                    self.future = _Outcome(_repair_stack(outside))
                    continue
                if not self.handle_yield(yielded):
                    return
                if self._stack is not None:
                    outside = self._stack
        finally:
            self.running = False
            thrown = error = None
            if self._stack is not None:
                contexts.restore(entered)

    def handle_yield(self, yielded: Any) -> bool:
        """Take what the generator yielded; return whether it is ready.

        If not, the generator goes on when it is.
        """
        if not isinstance(yielded, _AsyncioFuture):
            if yielded is None or yielded is moment:
                self.future = moment
                self._loop().call_soon(self._resume, moment, context=self._context)
                if self._held is None:
                    self._hold()
                return False
            if isinstance(yielded, YieldPoint) or has_points(yielded):
                return self._handle_point(yielded)
            try:
                if yielded.__class__ is _Coroutine and not contexts.in_use:
                    # Held by this object, which is held itself; so less than convert_yielded does.
                    yielded = self._loop().create_task(yielded)
                else:
                    yielded = convert_yielded(yielded)
            except BaseException as error:
                self.future = _Outcome(error)
                return True
        self.future = yielded
        if yielded.done():
            return True
        if isinstance(yielded, _AsyncioFuture):
            # As a task does: the mark is of the future, and would be seen by its next awaiter.
            yielded._asyncio_future_blocking = False
            yielded.add_done_callback(self._resume, context=self._context)
        else:
            self._await_foreign(yielded)
        if self._held is None:
            self._hold()
        if self._cancelling:
            self._cancelling = False
            yielded.cancel()
        return False

    def _await_foreign(self, future: Any) -> None:
        """Wait for a future that may be done in another thread."""
        loop, resume, context = self._loop(), self._resume, self._context
        future.add_done_callback(
            lambda done: loop.call_soon_threadsafe(resume, done, context=context)
        )

    def _loop(self) -> asyncio.AbstractEventLoop:
        return _get_running_loop() or current.asyncio_loop()

    def _hold(self) -> None:
        """Keep this object from being collected while it waits."""
        loop = self._loop()
        io_loop = current.by_asyncio_loop.get(loop) or current.adopt_loop(loop)
        self._held = io_loop._held
        self._held.add(self)

    def _end(self) -> None:
        self.finished = True
        self.gen = self.future = None
        self._resume = None
        if self._held is not None:
            self._held.discard(self)
            self._held = None
        if self._on_end is not None:
            self._on_end()
            self._on_end = None

    def _finish(self, value: Any) -> None:
        if self._points and self.pending_callbacks:
            self._fail(
                LeakedCallbackError(
                    f"finished without waiting for callbacks {self.pending_callbacks!r}"
                )
            )
            return
        self._end()
        self._deliver(value)

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._deliver_error(error)

    def _deliver(self, value: Any) -> None:
        future = self.result_future
        self.result_future = None
        if not future.done():
            future.set_result(value)

    def _deliver_error(self, error: BaseException) -> None:
        future = self.result_future
        self.result_future = None
        _set_error(future, error)

    def cancel(self) -> None:
        """Throw `asyncio.CancelledError` into the generator where it waits, or will wait next."""
        if self.finished:
            return
        waiting = self.future
        if self.running or waiting is None:
            self._cancelling = True
        elif isinstance(waiting, asyncio.Future) and waiting.cancel():
            pass  # and its done-callback brings the error here
        else:
            if isinstance(waiting, Waiter):
                waiting.abandon()
            self.future = outcome = _Outcome(asyncio.CancelledError())
            self._loop().call_soon(self._resume, outcome, context=self._context)

    def handle_exception(
        self, typ: type[BaseException], value: BaseException, tb: TracebackType | None
    ) -> bool:
        """Throw an exception of a callback that the generator started into it, where it waits.

        :return: whether it was thrown: not if the generator runs now, or has ended. Then the
            exception goes on to the next outer stack context.
        """
        if self.running or self.finished:
            return False
        self.future = _Outcome(value)
        self._context.run(self._run)
        return True

    # -- yield points and their keys -------------------------------------------------------------

    def _handle_point(self, yielded: Any) -> bool:
        if not isinstance(yielded, YieldPoint):
            yielded = MultiYieldPoint(yielded)
        if not self._points:
            self._points = True
            self.pending_callbacks: set[Any] = set()
            self.results: dict[Any, Any] = {}
        if self._on_end is None:
            self._enter_context()
        waiting = _Point(yielded)
        try:
            yielded.start(self)
            if waiting.done():
                self.future = waiting
                return True
        except Exception as error:
            self.future = _Outcome(error)
            return True
        self.future = waiting
        self._hold()
        return False

    def _enter_context(self) -> None:
        """Have exceptions of callbacks that are started from now on thrown into the generator.

        The context stays until the generator ends. Nothing has to be entered or left for it, so it
        is put on the stack of each step, and callbacks find it there.
        """
        context = ExceptionStackContext(self.handle_exception)
        self._on_end = context._deactivate
        self._stack = contexts.push(context)
        self._resume = self._bind(contexts.wrap(self._wake_up))

    def _bind(self, resume: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return what the loop calls to resume the generator."""
        return resume

    def register_callback(self, key: Any) -> None:
        """Note that a callback with this key is to be waited for.

        :raises KeyReuseError: if the key is pending already.
        """
        if key in self.pending_callbacks:
            raise KeyReuseError(f"key {key!r} is already pending")
        self.pending_callbacks.add(key)

    def is_ready(self, key: Any) -> bool:
        """Whether the callback with this key was called.

        :raises UnknownKeyError: if the key is not pending.
        """
        if key not in self.pending_callbacks:
            raise UnknownKeyError(f"key {key!r} is not pending")
        return key in self.results

    def set_result(self, key: Any, result: Any) -> None:
        """Set the result for a key, and resume the generator if that is what it waits for."""
        if self.finished:
            return
        self.results[key] = result
        self.run()

    def pop_result(self, key: Any) -> Any:
        """Return the result for a key, which is then free again."""
        self.pending_callbacks.remove(key)
        return self.results.pop(key)

    def result_callback(self, key: Any) -> Callable[..., None]:
        """Return a callback that sets the result for a key; see `Arguments` for what that is."""
        return contexts.wrap(argument_adapter(lambda result: self.set_result(key, result)))


def run_generator(gen: _Gen) -> "asyncio.Future[Any]":
    """Run a generator at once until it first has to wait, and return the future of its result."""
    context = copy_context()
    if contexts.in_use:
        future = new_future()
        future._runner = runner = Runner.__new__(Runner)
        runner._prepare(gen, future, context)
        context.run(runner._run)
        try:
            return future
        finally:
            del future  # see below
    # No runner is made for a generator that does not wait; and no future either while it runs, for
    # the traceback of an error would hold this frame, and this the future: a reference cycle.
    try:
        yielded = context.run(gen.send, None)
    except (StopIteration, Return) as end:
        future = new_future()
        future.set_result(end.value)
        return future
    except BaseException as error:
        return failed(error)
    future = new_future()
    future._runner = runner = Runner.__new__(Runner)
    runner._prepare(gen, future, context)
    context.run(runner._start, yielded)
    return future


def new_future() -> CoroutineFuture:
    """Return a new future for a coroutine."""
    future = CoroutineFuture(loop=_get_running_loop() or current.asyncio_loop())
    if future._source_traceback:
        drop_own_frames(future)
    return future


def failed(error: BaseException) -> "asyncio.Future[Any]":
    """Return a future that ended as a generator did that raised ``error``."""
    future = new_future()
    _set_error(future, error)
    return future


class EngineRunner(Runner):
    """Runs the generator of an `engine` function, whose errors go to the stack context."""

    __slots__ = ()

    def _bind(self, resume: Callable[[Any], Any]) -> Callable[[Any], Any]:
        io_loop = current.get_current()
        return functools.partial(io_loop._dispatch, resume)

    def _deliver(self, value: Any) -> None:
        if value is not None:
            raise ReturnValueIgnoredError(
                f"@gen.engine functions cannot return values, got {value!r}"
            )

    def _deliver_error(self, error: BaseException) -> None:
        raise error


def run_engine(gen: _Gen) -> None:
    """Run a generator; errors are raised here until it first waits, then in its stack context."""
    runner = EngineRunner.__new__(EngineRunner)
    runner._prepare(gen, None, copy_context())
    runner._context.run(runner._run)


YieldPoint._run = staticmethod(run_generator)
Runner.__module__ = "tornado.gen"


def drive(coro: Coroutine[Any, Any, Any]) -> "asyncio.Future[Any]":
    """Run a native coroutine step by step inside the stack contexts that are active now."""
    return run_generator(_delegate(coro))


def _delegate(coro: Coroutine[Any, Any, Any]) -> _Gen:
    return (yield from coro.__await__())


conversion.drive = drive
