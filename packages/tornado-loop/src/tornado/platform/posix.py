"""Platform functions of POSIX systems, of releases before 6."""

from tornado import _legacy
from tornado._loop.wakers import PipeWaker as Waker
from tornado._loop.wakers import set_close_exec
from tornado._loop.wakers import set_nonblocking as _set_nonblocking

assert _set_nonblocking  # its name of old, for programs that import it

_legacy.provide(__name__)

__all__ = ["Waker", "set_close_exec"]
