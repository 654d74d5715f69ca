"""Readiness of descriptors for loops that cannot wait for them, by a thread.

asyncio's Proactor loop, the usual one on Windows, cannot wait for descriptors. A thread beside it
polls them, and hands what is ready over to the loop, where the callbacks run. While they run the
thread waits, so readiness stays level-triggered and no callback runs in two places at once.
"""

import asyncio
import atexit
import selectors
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["AddThreadSelectorEventLoop", "SelectorThread"]

_Callback = tuple[Callable[..., Any], tuple[Any, ...]]


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


_Ready = list[tuple[int, int]]

# A fresh selector for each round, of a kind that is cheap to fill: the thread never shares one.
_Selector: type[selectors.BaseSelector] = getattr(
    selectors, "PollSelector", selectors.SelectSelector
)


# Those that were made and not closed.
_selector_loops: "weakref.WeakSet[SelectorThread]" = weakref.WeakSet()


def _atexit_callback() -> None:
    """Stop the threads whose loops were never closed, and close their sockets."""
    for selector in list(_selector_loops):
        selector.close()


atexit.register(_atexit_callback)


class SelectorThread:
    """A thread that waits for descriptors on behalf of an asyncio loop.

    :param real_loop: the loop that the callbacks run on.

    The thread starts with the first descriptor. All methods belong to the loop's thread.

    .. versionadded:: 6.3
    """

    def __init__(self, real_loop: asyncio.AbstractEventLoop) -> None:
        self._real_loop = real_loop
        self._readers: dict[int, _Callback] = {}
        self._writers: dict[int, _Callback] = {}
        self._condition = threading.Condition()
        self._round: tuple[list[int], list[int]] | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._waker_r, self._waker_w = socket.socketpair()
        self._waker_r.setblocking(False)
        self._waker_w.setblocking(False)
        _selector_loops.add(self)

    def close(self) -> None:
        """Stop the thread and forget all descriptors; a second call does nothing."""
        if self._closing:
            return
        _selector_loops.discard(self)
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._wake()
        if self._thread is not None:
            self._thread.join()
        self._waker_r.close()
        self._waker_w.close()
        self._readers.clear()
        self._writers.clear()

    def add_reader(self, fd: "int | _HasFileno", callback: Callable[..., Any], *args: Any) -> None:
        """Call ``callback(*args)`` whenever ``fd`` can be read, in place of what was called."""
        self._readers[_number(fd)] = (callback, args)
        self._changed()

    def add_writer(self, fd: "int | _HasFileno", callback: Callable[..., Any], *args: Any) -> None:
        """Call ``callback(*args)`` whenever ``fd`` can be written, in place of what was called."""
        self._writers[_number(fd)] = (callback, args)
        self._changed()

    def remove_reader(self, fd: "int | _HasFileno") -> bool:
        """Wait no longer until ``fd`` can be read; return whether anyone did."""
        return self._remove(self._readers, fd)

    def remove_writer(self, fd: "int | _HasFileno") -> bool:
        """Wait no longer until ``fd`` can be written; return whether anyone did."""
        return self._remove(self._writers, fd)

    def _remove(self, table: dict[int, _Callback], fd: "int | _HasFileno") -> bool:
        removed = table.pop(_number(fd), None) is not None
        if removed and not self._closing:
            self._wake()
        return removed

    def _changed(self) -> None:
        if self._closing:
            raise RuntimeError("the selector thread is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tornado-selector", daemon=True)
            self._thread.start()
            self._next_round()
        else:
            self._wake()

    def _wake(self) -> None:
        try:
            self._waker_w.send(b"\0")
        except OSError:
            pass  # full, so the thread will wake anyhow; or closed

    def _next_round(self) -> None:
        with self._condition:
            self._round = (list(self._readers), list(self._writers))
            self._condition.notify()

    def _deliver(self, ready: _Ready) -> None:
        """Run the callbacks of what is ready, then let the thread wait again."""
        try:
            self._waker_r.recv(4096)
        except OSError:
            pass  # nothing there, or closed
        for fd, events in ready:
            for event, table in (
                (selectors.EVENT_READ, self._readers),
                (selectors.EVENT_WRITE, self._writers),
            ):
                entry = table.get(fd) if events & event else None
                if entry is not None:
                    self._real_loop.call_soon(entry[0], *entry[1])
        if not self._closing:
            # After the callbacks: what they consume must not be reported a second time.
            self._real_loop.call_soon(self._next_round)

    def _run(self) -> None:
        while True:
            with self._condition:
                while self._round is None and not self._closing:
                    self._condition.wait()
                if self._closing or self._round is None:
                    return
                readers, writers = self._round
                self._round = None
            ready = self._select(readers, writers)
            try:
                self._real_loop.call_soon_threadsafe(self._deliver, ready)
            except RuntimeError:
                return  # the loop was closed

    def _select(self, readers: list[int], writers: list[int]) -> _Ready:
        with _Selector() as selector:
            selector.register(self._waker_r, selectors.EVENT_READ)
            for fd in {*readers, *writers}:
                events = 0
                if fd in readers:
                    events |= selectors.EVENT_READ
                if fd in writers:
                    events |= selectors.EVENT_WRITE
                selector.register(fd, events)
            try:
                selected = selector.select()
            except OSError:
                return []  # a descriptor was closed before it was removed; the next round knows
            waker = self._waker_r.fileno()
            return [(key.fd, events) for key, events in selected if key.fd != waker]


class AddThreadSelectorEventLoop(asyncio.AbstractEventLoop):
    """An asyncio loop with `add_reader` and its siblings added, by a `SelectorThread`.

    :param real_loop: the loop; everything else is its own.

    .. versionadded:: 6.1
    """

    #: What is found on this object; everything else is the real loop's.
    MY_ATTRIBUTES = frozenset(
        {
            "_real_loop",
            "_selector",
            "add_reader",
            "add_writer",
            "close",
            "remove_reader",
            "remove_writer",
        }
    )

    def __init__(self, real_loop: asyncio.AbstractEventLoop) -> None:
        self._real_loop = real_loop
        self._selector = SelectorThread(real_loop)

    def __getattribute__(self, name: str) -> Any:
        # Not __getattr__: the base class, which makes this a loop for asyncio's checks, has all names.
        if name in AddThreadSelectorEventLoop.MY_ATTRIBUTES or name.startswith("__"):
            return super().__getattribute__(name)
        return getattr(self._real_loop, name)

    def close(self) -> None:
        """Stop the thread and close the real loop."""
        self._selector.close()
        self._real_loop.close()

    def add_reader(  # type: ignore[override]  # the arguments are any
        self, fd: "int | _HasFileno", callback: Callable[..., Any], *args: Any
    ) -> None:
        """Call ``callback(*args)`` whenever ``fd`` can be read."""
        self._selector.add_reader(fd, callback, *args)

    def add_writer(  # type: ignore[override]  # the arguments are any
        self, fd: "int | _HasFileno", callback: Callable[..., Any], *args: Any
    ) -> None:
        """Call ``callback(*args)`` whenever ``fd`` can be written."""
        self._selector.add_writer(fd, callback, *args)

    def remove_reader(self, fd: "int | _HasFileno") -> bool:
        """Wait no longer until ``fd`` can be read; return whether anyone did."""
        return self._selector.remove_reader(fd)

    def remove_writer(self, fd: "int | _HasFileno") -> bool:
        """Wait no longer until ``fd`` can be written; return whether anyone did."""
        return self._selector.remove_writer(fd)


def _number(fd: "int | _HasFileno") -> int:
    return fd if isinstance(fd, int) else int(fd.fileno())


SelectorThread.__module__ = "tornado.platform.asyncio"
AddThreadSelectorEventLoop.__module__ = "tornado.platform.asyncio"
