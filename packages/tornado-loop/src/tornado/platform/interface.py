"""What a platform module offered in releases before 6: `Waker`, `set_close_exec`, `monotonic_time`."""

from tornado._core.seam import legacy as _legacy
from tornado._loop.wakers import Waker, monotonic_time, set_close_exec

_legacy.provide(__name__)

__all__ = ["Waker", "monotonic_time", "set_close_exec"]
