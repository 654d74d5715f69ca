"""The bridge to asyncio: `IOLoop` over its loops, and conversions of futures.

Since the loop is built upon asyncio there is nothing to install: libraries made for asyncio run on
it, and `tornado.ioloop.IOLoop.current` finds the loop of `asyncio.run`.
"""

from typing import TYPE_CHECKING

from tornado._core.seam import legacy as _legacy
from tornado._loop.asyncio_loop import (
    AsyncIOLoop,
    AsyncIOMainLoop,
    BaseAsyncIOLoop,
    UvloopIOLoop,
)
from tornado._loop.bridge import to_asyncio_future, to_tornado_future
from tornado._loop.selector_thread import AddThreadSelectorEventLoop, SelectorThread

if TYPE_CHECKING:
    # Otherwise found when it is used: asyncio warns of policies from Python 3.14 on.
    from tornado._loop.policy import AnyThreadEventLoopPolicy

_legacy.provide(__name__)

__all__ = [
    "AddThreadSelectorEventLoop",
    "AnyThreadEventLoopPolicy",
    "AsyncIOLoop",
    "AsyncIOMainLoop",
    "BaseAsyncIOLoop",
    "SelectorThread",
    "UvloopIOLoop",
    "to_asyncio_future",
    "to_tornado_future",
]
