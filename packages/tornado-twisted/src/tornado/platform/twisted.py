"""Tornado and Twisted in one process: reactors on our loop, our loop on reactors, Deferreds in coroutines.

To run code made for Twisted in a Tornado application, install the reactor at its beginning::

    import tornado.platform.twisted

    tornado.platform.twisted.install()
    from twisted.internet import reactor

and start the loop instead of the reactor, with ``IOLoop.current().start()``.

To run code made for Tornado in a Twisted application, see `TwistedIOLoop`.

Importing this module lets coroutines wait for Deferreds: ``yield deferred`` in those of
`tornado.gen`, ``await deferred`` in native ones, in whatever runs them.
"""

from tornado._core.seam import legacy as _legacy
from tornado._twisted import deferreds
from tornado._twisted.delayed import TornadoDelayedCall
from tornado._twisted.ioloop import TwistedIOLoop
from tornado._twisted.reactor import (
    TornadoReactor,
    _TestReactor,  # noqa: F401 - by its dotted name test suites find it
    install,
)
from tornado._twisted.resolver import TwistedResolver

_legacy.provide(__name__)

assert deferreds  # imported for what it does to Deferreds

__all__ = ["TornadoDelayedCall", "TornadoReactor", "TwistedIOLoop", "TwistedResolver", "install"]
