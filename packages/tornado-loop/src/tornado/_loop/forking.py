"""Loops across a fork: in the child, loops share nothing with those of the parent.

An epoll descriptor and a wake-up pipe are shared by parent and child: what the child unregisters
or closes there, the parent stops hearing of. So in the child every known loop gets its own, right
after the fork, and what was registered or scheduled before works in both. A loop may therefore be
made and used at import, before `tornado.process.fork_processes`; only a loop that is running in the
thread that forks would run twice, and is refused there.
"""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

from tornado._loop import current

__all__ = ["renew"]


def renew(loop: Any) -> None:
    """Give a loop a selector and a wake-up pipe of its own.

    These are asyncio's private parts, the same since Python 3.4; a loop that has others, and is no
    uvloop, is left alone.
    """
    uvloop: Any = sys.modules.get("uvloop.loop")
    if uvloop is not None and isinstance(loop, uvloop.Loop):
        _renew_uvloop(uvloop, loop)
        return
    selector = getattr(loop, "_selector", None)
    if selector is None or loop.is_closed() or not hasattr(loop, "_make_self_pipe"):
        return
    fresh = type(selector)()
    for key in list(selector.get_map().values()):
        # Some may have been closed without being unregistered: nobody hears of them anyway.
        with contextlib.suppress(OSError, ValueError):
            fresh.register(key.fileobj, key.events, key.data)
    selector.close()
    loop._selector = fresh
    loop._close_self_pipe()
    loop._make_self_pipe()
    if getattr(loop, "_signal_handlers", None):
        signal.set_wakeup_fd(loop._csock.fileno())


def _renew_uvloop(uvloop: Any, loop: Any) -> None:
    """Have libuv do the same: uvloop asks it to for a loop that runs at the fork, and for no other."""
    if loop.is_closed() or loop.is_running():
        return
    try:
        import ctypes  # not every Python has it, and who does not fork a uvloop does without it

        fork = ctypes.CDLL(uvloop.__file__).uv_loop_fork
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
    except (ImportError, OSError, AttributeError):
        return  # built without the symbols
    pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    fork.argtypes, fork.restype = [ctypes.c_void_p], ctypes.c_int
    fork(pointer(uvloop.libuv_get_loop_t_ptr(loop), None))


def _after_fork() -> None:
    for loop in list(current.by_asyncio_loop):
        # One that cannot be renewed, because no descriptors are left, say, must not keep others from it.
        with contextlib.suppress(OSError):
            renew(loop)
    mine = getattr(current.here.loop, "asyncio_loop", None)
    if mine is not None and not mine.is_closed() and current.set_loop() is None:
        # From Python 3.12 on asyncio forgets it here.
        asyncio.set_event_loop(mine)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
