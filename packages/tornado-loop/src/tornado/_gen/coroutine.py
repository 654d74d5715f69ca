"""The decorators: generator functions in; functions that return futures, or call back, out."""

import asyncio
import functools
import inspect
import types
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeVar, overload

from tornado._core.seam import wrong_type
from tornado._gen.errors import Return
from tornado._gen.runner import failed, new_future, run_engine, run_generator
from tornado._loop.callbacks import ReturnValueIgnoredError, deliver
from tornado._loop.conversion import task_of

__all__ = ["coroutine", "engine", "is_coroutine_function"]

_Generator = types.GeneratorType
_P = ParamSpec("_P")
_T = TypeVar("_T")


@overload
def coroutine(
    func: Callable[_P, Generator[Any, Any, _T]], replace_callback: bool = True
) -> Callable[_P, "asyncio.Future[_T]"]: ...


@overload
def coroutine(
    func: Callable[_P, _T], replace_callback: bool = True
) -> Callable[_P, "asyncio.Future[_T]"]: ...


@overload
def coroutine(
    func: None = None, replace_callback: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., "asyncio.Future[Any]"]]: ...


def coroutine(
    func: Callable[..., Any] | None = None, replace_callback: bool = True
) -> Callable[..., Any]:
    """Decorate a generator function, so that calling it runs it and returns a future.

    The generator runs at once until it first has to wait. What it yields is waited for: futures,
    awaitables, lists and dicts of them, yield points, whatever `convert_yielded` knows. It returns
    a value with ``return``, or ``raise gen.Return(value)``.

    :param replace_callback: false to leave an argument ``callback`` to the function. Otherwise
        ``callback=`` is taken from the call, and called with the result, unless the function has
        a parameter of that name itself.

    Cancelling the future raises `asyncio.CancelledError` in the generator where it waits.

    .. versionadded:: 3.0
    """
    if func is None:
        return functools.partial(coroutine, replace_callback=replace_callback)
    if not callable(func):
        raise wrong_type("gen.coroutine()", func, "a function")
    if inspect.isgeneratorfunction(func):
        # Lets the generator delegate to native coroutines with ``yield from``.
        func = types.coroutine(func)
    function: Callable[..., Any] = func
    takes_callback = replace_callback and not _has_parameter(func, "callback")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> "asyncio.Future[Any]":
        callback = None
        if takes_callback and "callback" in kwargs:
            callback = kwargs.pop("callback")
        if callback is None:
            return _run(function, args, kwargs)
        future = _run(function, args, kwargs)
        deliver(future, callback)
        return future

    wrapper.__tornado_coroutine__ = True  # type: ignore[attr-defined]  # a mark of ours
    wrapper.__wrapped__ = func
    return wrapper


def _run(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> "asyncio.Future[Any]":
    """Call the function, and run the generator that it returns, if it does."""
    try:
        result = function(*args, **kwargs)
    except (Return, StopIteration) as end:
        return _done(end.value)
    except BaseException as error:
        return failed(error)
    if result.__class__ is _Generator:
        return run_generator(result)
    if asyncio.iscoroutine(result):
        return task_of(result)
    return _done(result)


def _done(value: Any) -> "asyncio.Future[Any]":
    future = new_future()
    future.set_result(value)
    return future


def _has_parameter(func: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(func).parameters
    except (TypeError, ValueError):
        return False


def engine(func: Callable[..., Any]) -> Callable[..., None]:
    """Decorate a generator function that passes its result to a callback, or to nobody.

    The function returns ``None``; it runs at once until it first has to wait. What it raises until
    then is raised to the caller, and what it raises later goes to the stack context in which it was
    called, or is logged. It may not return a value. New code uses `coroutine`.
    """
    if not callable(func):
        raise wrong_type("gen.engine()", func, "a function")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            result = func(*args, **kwargs)
        except (Return, StopIteration) as end:
            result = end.value
        if result.__class__ is _Generator:
            run_engine(result)
        elif result is not None:
            raise ReturnValueIgnoredError(
                f"@gen.engine functions cannot return values, got {result!r}"
            )

    return wrapper


def is_coroutine_function(func: Any) -> bool:
    """Whether ``func`` was decorated with `coroutine`.

    .. versionadded:: 4.5
    """
    return getattr(func, "__tornado_coroutine__", False) is True


for _name in (coroutine, engine, is_coroutine_function):
    _name.__module__ = "tornado.gen"
del _name
