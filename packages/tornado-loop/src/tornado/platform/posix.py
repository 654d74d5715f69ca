"""Platform functions of POSIX systems, of releases before 6."""

from tornado._core.seam import legacy as _legacy
from tornado._loop.wakers import PipeWaker as Waker
from tornado._loop.wakers import set_close_exec
from tornado._loop.wakers import set_nonblocking as _set_nonblocking  # noqa: F401 - an old name

_legacy.provide(__name__)

__all__ = ["Waker", "set_close_exec"]
