"""A loop, or none, as callers give it, goes in; the loop to use and its asyncio loop come out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, overload

from tornado.ioloop import IOLoop

_T = TypeVar("_T")


def loop_or_current(io_loop: Any) -> IOLoop:
    """Return `io_loop`, or the current loop if it is ``None``."""
    return cast(IOLoop, io_loop if io_loop is not None else IOLoop.current())


def selector_loop_of(io_loop: Any) -> Any:
    """Return what has ``add_reader`` and the like for `io_loop`: its asyncio loop or a stand-in."""
    return getattr(io_loop, "selector_loop", io_loop.asyncio_loop)


def open_streams_of(io_loop: Any) -> set[Any]:
    """Return the set of streams that `io_loop` watches and ``close(all_fds=True)`` closes."""
    found: set[Any] | None = getattr(io_loop, "_open_streams", None)
    return set() if found is None else found


def asyncio_loop_of(io_loop: Any) -> asyncio.AbstractEventLoop:
    """Return the asyncio loop under `io_loop`."""
    return cast(asyncio.AbstractEventLoop, io_loop.asyncio_loop)


def queue_of(io_loop: Any) -> deque[asyncio.Handle] | None:
    """Return what `io_loop` is about to call in this turn, to look at only; ``None``: it does not tell."""
    found = getattr(io_loop.asyncio_loop, "_ready", None)  # asyncio's own loops have it
    return found if isinstance(found, deque) else None


def when_stopped(io_loop: Any, callback: Callable[[], None]) -> None:
    """Have `callback` called each time ``io_loop.start()`` is about to return, where that can be."""
    getattr(io_loop, "_when_stopped", []).append(callback)


class InstanceAttribute(Generic[_T]):
    """A value computed from the object, in whose place an instance may have an attribute.

    Applications give their servers and clients attributes with names of ours. Unlike a `property`,
    this steps aside for them; what this package itself needs is under private names.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> InstanceAttribute[_T]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> _T: ...

    def __get__(self, instance: object, owner: type | None = None) -> InstanceAttribute[_T] | _T:
        return self if instance is None else self.compute(instance)


def _io_loop(self: Any) -> IOLoop | None:
    """The loop that was given to the constructor, otherwise the current one, if there is one."""
    given: IOLoop | None = self._io_loop
    return given if given is not None else IOLoop.current(instance=False)


#: The attribute `io_loop` of classes that bind to a loop when they are used.
io_loop_attribute = InstanceAttribute(_io_loop)
