"""Names of released versions' `tornado.gen` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from tornado._gen.coroutine import coroutine
from tornado._gen.errors import Return
from tornado._gen.points import KeyedRunner, YieldPoint, has_points
from tornado._loop.conversion import convert_yielded
from tornado.concurrent import Future

_T = TypeVar("_T")

#: What a coroutine may yield, for annotations.
_Yieldable = (
    Awaitable[Any] | list[Awaitable[Any]] | dict[Any, Awaitable[Any]] | asyncio.Future[Any] | None
)

_contains_yieldpoint = has_points


class _NullFuture:
    """Is done, and its result is ``None``."""

    def result(self, timeout: float | None = None) -> None:
        return None

    def done(self) -> bool:
        return True

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield


_null_future = _NullFuture()


class _NullYieldPoint(YieldPoint):
    """Is ready at once, and gives ``None``."""

    __slots__ = ()

    def start(self, runner: KeyedRunner) -> None:
        pass

    def is_ready(self) -> bool:
        return True

    def get_result(self) -> None:
        return None


_null_yield_point = _NullYieldPoint()


def _create_future() -> asyncio.Future[Any]:
    """Return a new future of the current loop."""
    return Future()


def _fake_ctx_run(f: Callable[..., _T], *args: Any, **kw: Any) -> _T:
    """Call ``f`` as `contextvars.Context.run` would, in the context that is active."""
    return f(*args, **kw)


def _make_coroutine_wrapper(
    func: Callable[..., Any], replace_callback: bool
) -> Callable[..., asyncio.Future[Any]]:
    """Decorate a coroutine as `tornado.gen.coroutine` does."""
    return coroutine(func, replace_callback=replace_callback)


def _value_from_stopiteration(e: StopIteration | Return) -> Any:
    """Return the result of a coroutine that ended with this exception."""
    if e.args and getattr(e, "value", None) is None:
        return e.args[0]
    return getattr(e, "value", None)


def _wrap_awaitable(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    """Return a future of an awaitable, which begins to run."""
    return convert_yielded(awaitable)
