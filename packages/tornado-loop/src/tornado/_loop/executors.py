"""Executors: blocking functions in; futures of their results out."""

import asyncio
import concurrent.futures
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from tornado._loop.callbacks import deliver
from tornado._loop.futures import Future, chain_future

__all__ = ["DummyExecutor", "dummy_executor", "run_on_executor"]


_P = ParamSpec("_P")
_T = TypeVar("_T")


class DummyExecutor(concurrent.futures.Executor):
    """An executor that runs the function at once, in the caller's thread.

    .. versionadded:: 3.0
    """

    def submit(
        self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any
    ) -> "concurrent.futures.Future[_T]":
        """Run ``fn(*args, **kwargs)`` and return a future that is done."""
        future: concurrent.futures.Future[_T] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: nothing is ever pending."""


dummy_executor = DummyExecutor()


@overload
def run_on_executor(fn: Callable[_P, _T], /) -> Callable[_P, "asyncio.Future[_T]"]: ...


@overload
def run_on_executor(
    *, executor: str = "executor"
) -> Callable[[Callable[_P, _T]], Callable[_P, "asyncio.Future[_T]"]]: ...


def run_on_executor(*args: Any, **kwargs: Any) -> Any:
    """Decorate a synchronous method, so that it runs in an executor and returns a future.

    :param executor: by keyword: the name of the attribute of ``self`` that holds the executor;
        ``"executor"`` if left out.

    The decorated method also takes ``callback=``, which is called with the result::

        class Sums:
            executor = ThreadPoolExecutor(4)

            @run_on_executor
            def add(self, a, b): ...

            @run_on_executor(executor="_other_pool")
            def multiply(self, a, b): ...

    .. versionadded:: 3.0
    .. versionchanged:: 4.2
       Added ``executor``.
    """

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        attribute = kwargs.get("executor", "executor")

        @functools.wraps(fn)
        def submit(self: Any, *args: Any, **kwargs: Any) -> "asyncio.Future[Any]":
            callback = kwargs.pop("callback", None)
            future: asyncio.Future[Any] = Future()
            chain_future(getattr(self, attribute).submit(fn, self, *args, **kwargs), future)
            if callback is not None:
                deliver(future, callback)
            return future

        return submit

    if args and kwargs:
        raise ValueError("run_on_executor takes a function or keyword arguments, not both")
    if len(args) == 1:
        return decorate(args[0])
    if args:
        raise ValueError(f"run_on_executor takes one function, got {len(args)}")
    return decorate


DummyExecutor.__module__ = "tornado.concurrent"
run_on_executor.__module__ = "tornado.concurrent"
