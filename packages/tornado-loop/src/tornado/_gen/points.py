"""Yield points: keys, functions with callbacks, futures in; results of ``yield`` expressions out.

They are what generators waited for before there were futures, and work beside them still.
"""

import asyncio
import functools
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from tornado._loop import current
from tornado._loop.contexts import ExceptionStackContext
from tornado._loop.conversion import convert_yielded
from tornado._loop.futures import CompatibleFuture, drop_own_frames, future_set_exc_info
from tornado.log import app_log

__all__ = [
    "Arguments",
    "Callback",
    "MultiYieldPoint",
    "Task",
    "Wait",
    "WaitAll",
    "YieldFuture",
    "YieldPoint",
    "argument_adapter",
    "exception_types",
    "has_points",
]

_MODULE = "tornado.gen"
_Types = type[BaseException] | tuple[type[BaseException], ...]


class KeyedRunner(Protocol):
    """What yield points ask of whatever runs the generator."""

    def register_callback(self, key: Any) -> None: ...
    def is_ready(self, key: Any) -> bool: ...
    def set_result(self, key: Any, result: Any) -> None: ...
    def pop_result(self, key: Any) -> Any: ...
    def result_callback(self, key: Any) -> Callable[..., None]: ...


class YieldPoint:
    """Base of what a generator could wait for before there were futures.

    .. versionadded:: 2.1
    """

    __slots__ = ()

    #: Runs a generator and returns a future; `tornado._gen.runner` puts its function here.
    _run: "ClassVar[Callable[[Generator[Any, Any, Any]], asyncio.Future[Any]]]"

    def __init__(self) -> None:
        pass

    def start(self, runner: KeyedRunner) -> None:
        """Begin the operation; called once, when the generator has yielded this object."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether the generator can go on."""
        raise NotImplementedError

    def get_result(self) -> Any:
        """Return, or raise, what the ``yield`` expression gives; called once, when ready."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, Any]:
        return YieldPoint._run(_yield_one(self)).__await__()


def _yield_one(point: YieldPoint) -> Generator[Any, Any, Any]:
    return (yield point)


class Arguments(NamedTuple):
    """What ``yield`` gives for a callback that was called with several or with keyword arguments.

    .. versionadded:: 2.1
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def argument_adapter(callback: Callable[[Any], None]) -> Callable[..., None]:
    """Return a function of any arguments that calls ``callback`` with the one result they are.

    No argument means ``None``, one is itself, and more or keyword ones are `Arguments`.
    """

    def adapt(*args: Any, **kwargs: Any) -> None:
        if kwargs or len(args) > 1:
            callback(Arguments(args, kwargs))
        elif args:
            callback(args[0])
        else:
            callback(None)

    return adapt


class Callback(YieldPoint):
    """Gives a callable that lets a `Wait` with the same key go on.

    :param key: any hashable value, used for one pending callback of this generator at a time.

    The result of the `Wait` is what the callable is called with; see `Arguments`.
    """

    __slots__ = ("_runner", "key")

    def __init__(self, key: Any) -> None:
        self.key = key

    def start(self, runner: KeyedRunner) -> None:
        """Register the key."""
        self._runner = runner
        runner.register_callback(self.key)

    def is_ready(self) -> bool:
        """Always: the callable is there at once."""
        return True

    def get_result(self) -> Callable[..., None]:
        """Return the callable."""
        return self._runner.result_callback(self.key)


class Wait(YieldPoint):
    """Waits for the callable of a `Callback`, and gives what it was called with."""

    __slots__ = ("_runner", "key")

    def __init__(self, key: Any) -> None:
        self.key = key

    def start(self, runner: KeyedRunner) -> None:
        """Remember the runner, which has the results."""
        self._runner = runner

    def is_ready(self) -> bool:
        """Whether the callable was called."""
        return self._runner.is_ready(self.key)

    def get_result(self) -> Any:
        """Return its argument."""
        return self._runner.pop_result(self.key)


class WaitAll(YieldPoint):
    """Waits for several keys, and gives a list of their results in the same order."""

    __slots__ = ("_runner", "keys")

    def __init__(self, keys: Iterable[Any]) -> None:
        self.keys = list(keys)

    def start(self, runner: KeyedRunner) -> None:
        """Remember the runner, which has the results."""
        self._runner = runner

    def is_ready(self) -> bool:
        """Whether all of the callables were called."""
        # Each is asked, so that an unknown key is noticed at once.
        unready = [key for key in self.keys if not self._runner.is_ready(key)]
        return not unready

    def get_result(self) -> list[Any]:
        """Return their arguments."""
        return [self._runner.pop_result(key) for key in self.keys]


class Task(CompatibleFuture[Any], YieldPoint):
    """Calls a function that takes ``callback=``, and waits for that callback.

    :param func: called at once with the arguments given here, and a ``callback`` of ours.

    The result is what the callback is called with (see `Arguments`), the error what ``func``
    raises, at once or later in its stack context. A `Task` is a future, too.

    .. versionchanged:: 4.0
       A future, so it works outside of generators.
    """

    __slots__ = ()

    def __init__(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(loop=current.asyncio_loop())
        if self._source_traceback:
            drop_own_frames(self)
        with ExceptionStackContext(self._fail):
            func(*args, callback=argument_adapter(self._succeed), **kwargs)

    def _succeed(self, result: Any) -> None:
        if not self.done():
            self.set_result(result)

    def _fail(self, typ: Any, value: BaseException, tb: Any) -> bool:
        if self.done():
            return False
        future_set_exc_info(self, (typ, value, tb))
        return True

    def start(self, runner: KeyedRunner) -> None:
        """Nothing is left to start."""

    def is_ready(self) -> bool:
        """Whether the callback was called."""
        return self.done()

    def get_result(self) -> Any:
        """Return what it was called with."""
        return self.result()

    __await__ = CompatibleFuture.__await__


class YieldFuture(YieldPoint):
    """Waits for a future, as a yield point.

    :param io_loop: accepted; the future knows its loop.

    .. versionadded:: 3.0
    """

    __slots__ = ("_key", "_runner", "future")

    def __init__(self, future: Any, io_loop: Any = None) -> None:
        self.future = future

    def start(self, runner: KeyedRunner) -> None:
        """Ask the future to call back, unless it is done."""
        self._runner: KeyedRunner | None = None
        if self.future.done():
            return
        self._runner = runner
        self._key = object()
        runner.register_callback(self._key)
        io_loop = current.get_current()
        io_loop.add_future(self.future, functools.partial(runner.set_result, self._key))

    def is_ready(self) -> bool:
        """Whether the future is done."""
        return self._runner is None or self._runner.is_ready(self._key)

    def get_result(self) -> Any:
        """Return its result."""
        if self._runner is not None:
            self._runner.pop_result(self._key)
        return self.future.result()


class MultiYieldPoint(YieldPoint):
    """Waits for several yield points and futures together.

    :param children: a list, or a dict; the result has the same shape.
    :param quiet_exceptions: one or more exception types that are not logged when a second child
        fails; the first error is raised.

    ``Multi`` is the same under its older name, and can be awaited too.
    """

    __slots__ = ("children", "keys", "quiet_exceptions", "unfinished_children")

    def __init__(
        self,
        children: Iterable[Any] | Mapping[Any, Any],
        quiet_exceptions: _Types = (),
    ) -> None:
        self.keys: list[Any] | None = None
        if isinstance(children, Mapping):
            self.keys = list(children)
            children = children.values()
        self.children = [_as_point(child) for child in children]
        self.unfinished_children = set(self.children)
        self.quiet_exceptions = quiet_exceptions

    def start(self, runner: KeyedRunner) -> None:
        """Start all children."""
        for child in self.children:
            child.start(runner)

    def is_ready(self) -> bool:
        """Whether all children are ready."""
        self.unfinished_children = {c for c in self.unfinished_children if not c.is_ready()}
        return not self.unfinished_children

    def get_result(self) -> Any:
        """Return all results, or raise the first error."""
        results: list[Any] = []
        error: BaseException | None = None
        for child in self.children:
            try:
                results.append(child.get_result())
            except (Exception, asyncio.CancelledError) as raised:
                if error is None:
                    error = raised
                elif not isinstance(
                    raised, (*exception_types(self.quiet_exceptions), asyncio.CancelledError)
                ):
                    app_log.error("Multiple exceptions in yield list", exc_info=True)
        if error is not None:
            try:
                raise error
            finally:
                del error
        return results if self.keys is None else dict(zip(self.keys, results, strict=True))


def exception_types(types: _Types) -> tuple[type[BaseException], ...]:
    """Return one or more exception types as a tuple of them."""
    return types if isinstance(types, tuple) else (types,)


def _as_point(child: Any) -> YieldPoint:
    if isinstance(child, YieldPoint) and not isinstance(child, asyncio.Future):
        return child
    if has_points(child):
        return MultiYieldPoint(child)
    return YieldFuture(convert_yielded(child))


def has_points(yielded: Any) -> bool:
    """Whether a list or dict that was yielded holds yield points, perhaps further inside."""
    if isinstance(yielded, list):
        children: Any = yielded
    elif isinstance(yielded, dict):
        children = yielded.values()
    else:
        return False
    for child in children:
        if isinstance(child, asyncio.Future):
            continue
        if isinstance(child, YieldPoint) or has_points(child):
            return True
    return False


for _class in (
    Arguments,
    Callback,
    MultiYieldPoint,
    Task,
    Wait,
    WaitAll,
    YieldFuture,
    YieldPoint,
):
    _class.__module__ = _MODULE
del _class
