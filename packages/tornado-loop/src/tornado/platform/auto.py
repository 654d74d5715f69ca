"""The platform functions that suit this system, of releases before 6.

::

    from tornado.platform.auto import set_close_exec
"""

import os

from tornado._core.seam import legacy as _legacy
from tornado._loop import wakers
from tornado._loop.wakers import monotonic_time, set_close_exec

_legacy.provide(__name__)

__all__ = ["Waker", "monotonic_time", "set_close_exec"]

Waker = wakers.SocketWaker if os.name == "nt" else wakers.PipeWaker
