"""Platform functions that need nothing of the system but sockets, of releases before 6."""

from tornado._core.seam import legacy as _legacy
from tornado._loop.wakers import SocketWaker as Waker
from tornado._loop.wakers import try_close

_legacy.provide(__name__)

__all__ = ["Waker", "try_close"]
