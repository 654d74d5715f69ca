"""`IOLoop` over Twisted: a reactor in; a loop on which everything of Tornado runs out."""

import functools
import threading
from typing import Any

from tornado._twisted.eventloop import ReactorEventLoop
from tornado._twisted.reactor import TornadoReactor
from tornado.platform.asyncio import BaseAsyncIOLoop

__all__ = ["TwistedIOLoop"]


class TwistedIOLoop(BaseAsyncIOLoop):
    """An `IOLoop` that runs on a Twisted reactor, for Tornado code in a Twisted application.

    :param reactor: the reactor; ``None`` for Twisted's global one. Each loop needs its own.
    :param kwargs: see `tornado.ioloop.IOLoop`, for example ``make_current``.

    ::

        from tornado.platform.twisted import TwistedIOLoop
        from twisted.internet import reactor

        TwistedIOLoop().install()
        # Set up the Tornado application as usual, with IOLoop.current()
        reactor.run()

    `start` runs the reactor, too, and `stop` ends that in a way that it can be run again. Futures,
    streams, `tornado.process` and whatever is made for asyncio work on it: its ``asyncio_loop`` is
    an asyncio loop that the reactor drives.

    .. versionadded:: 3.0
    """

    #: The reactor below.
    reactor: Any

    def initialize(  # type: ignore[override]  # the reactor stands in the asyncio loop's place
        self, reactor: Any = None, **kwargs: Any
    ) -> None:
        """Set up a loop on ``reactor``."""
        if reactor is None:
            # Imported here because importing it installs a reactor.
            from twisted.internet import reactor
        if isinstance(reactor, TornadoReactor):
            raise ValueError("a TornadoReactor has an IOLoop already; use that")
        self.reactor = reactor
        if hasattr(reactor, "getThreadPool"):
            # `stop` fires no shutdown event, so nobody would stop these threads at the end.
            reactor.getThreadPool().threadFactory = functools.partial(threading.Thread, daemon=True)
        loop = ReactorEventLoop(reactor)
        try:
            super().initialize(loop, **kwargs)
        except BaseException:
            loop.close()
            raise


TwistedIOLoop.__module__ = "tornado.platform.twisted"
