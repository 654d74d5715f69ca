"""The event loop: callbacks, timeouts and descriptors in; `IOLoop` and `PeriodicCallback` out.

A program makes its servers and clients, and then starts the loop of its thread::

    IOLoop.current().start()

or runs one coroutine to its end::

    IOLoop.current().run_sync(main)

The loop is a skin over `asyncio`; code for either runs on it.
"""

from tornado._core.seam import legacy as _legacy
from tornado._loop.asyncio_loop import PollIOLoop
from tornado._loop.ioloop import IOLoop
from tornado._loop.periodic import PeriodicCallback
from tornado.util import TimeoutError

_legacy.provide(__name__)

__all__ = ["IOLoop", "PeriodicCallback", "PollIOLoop", "TimeoutError"]
