"""The current `IOLoop` of each thread, and the asyncio loop below it.

This room sits beneath futures and loops, and so knows neither: `tornado._loop.asyncio_loop` puts into
`hooks`, at import, how a loop is made and how a foreign asyncio loop is adopted.
"""

import asyncio
import threading
from asyncio.events import _get_running_loop
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

if TYPE_CHECKING:
    import concurrent.futures

__all__ = [
    "adopt_loop",
    "asyncio_loop",
    "by_asyncio_loop",
    "forget",
    "get_current",
    "here",
    "hooks",
    "make_loop",
    "remember",
    "set_loop",
]

_T = TypeVar("_T")


class Loop(Protocol):
    """An `IOLoop`, as the rooms beneath it see it; see there for the methods."""

    _held: set[Any]

    def add_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None: ...

    def add_future(
        self,
        future: "asyncio.Future[_T] | concurrent.futures.Future[_T]",
        callback: "Callable[[asyncio.Future[_T]], Any]",
    ) -> None: ...

    def add_timeout(
        self, deadline: Any, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object: ...

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object: ...

    def _dispatch(self, callback: Callable[..., Any], *args: Any) -> None: ...

    def _hold(self, runner: Any) -> None: ...

    def _release(self, runner: Any) -> None: ...

    def _clear_current(self) -> None: ...


#: The `IOLoop` of each asyncio loop that has one.
by_asyncio_loop: dict[asyncio.AbstractEventLoop, Loop] = {}


class _Hooks:
    """What rooms above this one do for it; they put their functions here when they are imported.

    Code that needs no loop (a module that only decorates coroutines) does without those rooms: the first
    call of a hook imports the module that brings them, by its name.
    """

    __slots__ = ("adopt_loop", "make_loop")

    #: makes a new loop and makes it current
    make_loop: Callable[[], Loop]
    #: makes an `IOLoop` over an asyncio loop that has none
    adopt_loop: Callable[[asyncio.AbstractEventLoop], Loop]

    def __getattr__(self, name: str) -> Any:
        if name not in self.__slots__:
            raise AttributeError(name)
        import_module("tornado.ioloop")
        return object.__getattribute__(self, name)


hooks = _Hooks()


def make_loop() -> Loop:
    """Make a new loop and make it current."""
    return hooks.make_loop()


def adopt_loop(loop: asyncio.AbstractEventLoop) -> Loop:
    """Make an `IOLoop` over ``loop``."""
    return hooks.adopt_loop(loop)


class _Here(threading.local):
    """The loop that was made current in this thread."""

    loop: Loop | None = None


here = _Here()


def set_loop() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio loop set for this thread, without making one and without warnings.

    `asyncio.get_event_loop` makes a loop, or warns, where none was set: the default policies keep
    it in a thread-local, and that is read here. Another policy is asked.
    """
    # The public function is deprecated from Python 3.14 on, and gone in 3.16.
    get_policy = getattr(asyncio.events, "_get_event_loop_policy", None) or getattr(
        asyncio, "get_event_loop_policy", None
    )
    policy = asyncio if get_policy is None else get_policy()
    local = getattr(policy, "_local", None)
    if isinstance(local, threading.local):
        loop = getattr(local, "_loop", None)
    else:
        try:
            loop = policy.get_event_loop()
        except RuntimeError:
            return None  # from Python 3.14 on for every thread in which none was set
    return None if loop is None or loop.is_closed() else loop


@overload
def get_current() -> Loop: ...


@overload
def get_current(create: bool) -> Loop | None: ...


def get_current(create: bool = True) -> Loop | None:
    """Return the loop of the running asyncio loop, else this thread's; None if none and not create.

    With ``create``, an asyncio loop without an `IOLoop` gets one, and a thread without any loop
    gets a new one.
    """
    running = _get_running_loop()
    if running is not None:
        found = by_asyncio_loop.get(running)
        if found is None and create:
            found = adopt_loop(running)
        return found
    mine = here.loop
    if mine is not None and getattr(mine, "asyncio_loop", None) is None:
        return mine  # a loop that is not built upon asyncio
    chosen = set_loop()
    if chosen is not None:
        found = by_asyncio_loop.get(chosen)
        if found is None and create:
            found = adopt_loop(chosen)
        return found
    return make_loop() if create else None


def asyncio_loop() -> asyncio.AbstractEventLoop:
    """Return the asyncio loop on which something new in this thread is to run."""
    running = _get_running_loop()
    if running is not None:
        return running
    current = get_current()
    loop: asyncio.AbstractEventLoop | None = getattr(current, "asyncio_loop", None)
    if loop is None:
        raise RuntimeError(f"{current!r} is not built upon asyncio: futures need such a loop")
    return loop


def remember(io_loop: Loop, loop: asyncio.AbstractEventLoop) -> None:
    """Register the `IOLoop` of an asyncio loop, and forget those whose loop was closed."""
    for other in [known for known in by_asyncio_loop.copy() if known.is_closed()]:
        by_asyncio_loop.pop(other, None)
    if by_asyncio_loop.setdefault(loop, io_loop) is not io_loop:
        raise RuntimeError(f"{loop!r} already has an IOLoop")


def forget(loop: asyncio.AbstractEventLoop) -> None:
    """Drop the registration of a loop that is about to close."""
    by_asyncio_loop.pop(loop, None)
