"""Loops across a fork: the loops of the parent in; loops that share nothing with it out.

An epoll descriptor and a wake-up pipe are shared by parent and child: what the child unregisters
or closes there, the parent stops hearing of. So in the child every known loop of asyncio's selector
kind gets its own, right after the fork. (uvloop sees to a loop that
runs at the fork by itself, and to no other.)
"""

import asyncio
import os
import signal
from typing import Any

from tornado._loop import current

__all__ = ["renew"]


def renew(loop: Any) -> None:
    """Give a selector loop a selector and a wake-up pipe of its own.

    These are asyncio's private parts, the same since Python 3.4; a loop that has others is left
    alone.
    """
    selector = getattr(loop, "_selector", None)
    if selector is None or loop.is_closed() or not hasattr(loop, "_make_self_pipe"):
        return
    fresh = type(selector)()
    for key in list(selector.get_map().values()):
        fresh.register(key.fileobj, key.events, key.data)
    selector.close()
    loop._selector = fresh
    loop._close_self_pipe()
    loop._make_self_pipe()
    if getattr(loop, "_signal_handlers", None):
        signal.set_wakeup_fd(loop._csock.fileno())


def _after_fork() -> None:
    for loop in list(current.by_asyncio_loop):
        renew(loop)
    mine = getattr(current.here.loop, "asyncio_loop", None)
    if mine is not None and not mine.is_closed() and current.set_loop() is None:
        # From Python 3.12 on asyncio forgets it here.
        asyncio.set_event_loop(mine)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
