"""Several things at once: lists and dicts of what can be waited for in; one future out."""

import asyncio
from asyncio import CancelledError
from asyncio.events import _get_running_loop
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

from tornado._gen.points import MultiYieldPoint, exception_types, has_points
from tornado._gen.runner import run_generator
from tornado._loop import current
from tornado._loop.conversion import Yieldable, convert_yielded
from tornado._loop.futures import CompatibleFuture, drop_own_frames, named_future, raisable
from tornado.log import app_log

__all__ = ["multi", "multi_future"]

_Types = type[BaseException] | tuple[type[BaseException], ...]


@named_future
class _Gathering(CompatibleFuture[Any]):
    """The future of several others; cancelling it cancels those that are not done."""

    __slots__ = ("_children", "_keys", "_left", "_quiet")

    _children: "list[asyncio.Future[Any]]"
    _keys: list[Any] | None
    _left: int
    _quiet: _Types

    def cancel(self, msg: Any = None) -> bool:
        if not super().cancel(msg):
            return False
        for child in self._children:
            child.cancel()
        return True

    def _child_done(self, _: Any) -> None:
        self._left -= 1
        if not self._left:
            self._gather()

    def _gather(self) -> None:
        """Take the results; the first error is ours, the others are logged."""
        results: list[Any] = []
        error: BaseException | None = None
        for child in self._children:
            # Not raised and caught here: the traceback would hold this frame, and this the error.
            failure = CancelledError() if child.cancelled() else child.exception()
            if failure is None:
                results.append(child.result())
            elif error is None:
                error = failure
            elif not isinstance(failure, (*exception_types(self._quiet), CancelledError)):
                app_log.error("Multiple exceptions in yield list", exc_info=failure)
        if self.done():
            return
        if error is None:
            keys = self._keys
            self.set_result(results if keys is None else dict(zip(keys, results, strict=True)))
        else:
            # A child that was cancelled fails this future, as in `asyncio.gather`: `cancelled` is
            # for a cancellation of this future itself.
            self.set_exception(raisable(error))


@overload
def multi(
    children: Sequence[Yieldable], quiet_exceptions: _Types = ()
) -> "asyncio.Future[list[Any]]": ...


@overload
def multi(
    children: Mapping[Any, Yieldable], quiet_exceptions: _Types = ()
) -> "asyncio.Future[dict[Any, Any]]": ...


def multi(
    children: Iterable[Any] | Mapping[Any, Any], quiet_exceptions: _Types = ()
) -> "asyncio.Future[Any]":
    """Wait for all of ``children``; the result is a list of theirs, or a dict with the same keys.

    :param children: anything that a coroutine may yield, in a list or dict.
    :param quiet_exceptions: one or more exception types. If several children fail, the first error
        is raised and the others logged, except those of these types.

    All children run to their end even if one fails. Cancelling the future cancels them; a child
    that is cancelled fails the future with `asyncio.CancelledError`, and leaves the others alone.
    `moment` and ``None`` count as done here. Coroutines may yield the list or dict itself, which
    means the same.

    .. versionadded:: 4.2
    """
    return multi_future(children, quiet_exceptions)  # type: ignore[arg-type]  # either


@overload
def multi_future(
    children: Sequence[Yieldable], quiet_exceptions: _Types = ()
) -> "asyncio.Future[list[Any]]": ...


@overload
def multi_future(
    children: Mapping[Any, Yieldable], quiet_exceptions: _Types = ()
) -> "asyncio.Future[dict[Any, Any]]": ...


def multi_future(
    children: Iterable[Any] | Mapping[Any, Any], quiet_exceptions: _Types = ()
) -> "asyncio.Future[Any]":
    """Do what `multi` does, under its older name.

    .. versionadded:: 4.0
    """
    if isinstance(children, Mapping):
        keys = list(children)
        children = list(children.values())
    else:
        keys = None
        children = list(children)
    if has_points(children):
        whole: Any = children if keys is None else dict(zip(keys, children, strict=True))
        return run_generator(_wait_for(MultiYieldPoint(whole, quiet_exceptions)))
    futures = [convert_yielded(child) for child in children]
    gathering = _Gathering(loop=_get_running_loop() or current.asyncio_loop())
    if gathering._source_traceback:
        drop_own_frames(gathering)
    gathering._children = futures
    gathering._keys = keys
    gathering._quiet = quiet_exceptions
    waiting = {id(future): future for future in futures if not future.done()}
    gathering._left = len(waiting)
    if not waiting:
        gathering._gather()
    for future in waiting.values():
        if isinstance(future, asyncio.Future):
            future.add_done_callback(gathering._child_done)
        else:
            io_loop = current.get_current()
            io_loop.add_future(future, gathering._child_done)
    return gathering


def _wait_for(point: MultiYieldPoint) -> Any:
    return (yield point)


convert_yielded.register(list, multi)
convert_yielded.register(dict, multi)
for _name in (multi, multi_future):
    _name.__module__ = "tornado.gen"
del _name
