"""Connections that are reset while nothing is read from them.

A socket whose peer has sent its end of file is readable for ever, so the loop cannot watch it for input.
That the peer then resets the connection is an error of the descriptor, which asyncio's loops only
report together with input or output. ``epoll`` reports it always, even for a descriptor that is watched
for nothing: so each loop gets one such ``epoll``, for as long as it has something to watch, and watches that.

Where there is no ``epoll``, a reset is noticed when something is sent.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tornado._loop.seam import run_clean
from tornado._netutil.loops import selector_loop_of

__all__ = ["forget_hangup", "watch_hangup"]


class _HangupWatch:
    """The descriptors of one loop."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.callbacks: dict[int, Callable[[], None]] = {}
        self.process = os.getpid()
        self.epoll = select.epoll()
        run_clean(loop.add_reader, self.epoll.fileno(), self.report)

    def report(self) -> None:
        for fd, _ in self.epoll.poll(0):
            callback = self.callbacks.get(fd)
            self.forget(fd)
            if callback is not None:
                callback()

    def forget(self, fd: int) -> None:
        """Watch a descriptor no more; close the ``epoll`` with the last one."""
        if self.callbacks.pop(fd, None) is None:
            return
        if self.process == os.getpid():  # after a fork, it is the parent's as well
            with contextlib.suppress(OSError):
                self.epoll.unregister(fd)
        if not self.callbacks:
            # The loop may be closed by now.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                self.loop.remove_reader(self.epoll.fileno())
            self.epoll.close()
            _watches.pop(self.loop, None)


_watches: WeakKeyDictionary[Any, _HangupWatch] = WeakKeyDictionary()


def watch_hangup(io_loop: Any, fd: int, callback: Callable[[], None]) -> None:
    """Have ``callback`` called by the loop, once, if the connection is reset.

    :param fd: of a socket from which all was read.
    """
    if not hasattr(select, "epoll"):
        return
    loop = selector_loop_of(io_loop)
    watch = _watches.get(loop)
    if watch is None:
        watch = _watches[loop] = _HangupWatch(loop)
    watch.callbacks[fd] = callback
    with contextlib.suppress(FileExistsError):  # registered by a stream whose socket others closed
        watch.epoll.register(fd, 0)


def forget_hangup(io_loop: Any, fd: int) -> None:
    """Undo `watch_hangup`; without effect for what is not watched. To be called before ``fd`` is closed."""
    watch = _watches.get(selector_loop_of(io_loop))
    if watch is not None:
        watch.forget(fd)
