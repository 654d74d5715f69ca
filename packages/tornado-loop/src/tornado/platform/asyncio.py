"""The bridge to asyncio: its loops and futures in; `IOLoop` objects and futures out.

Since the loop is built upon asyncio there is nothing to install: libraries made for asyncio run on
it, and `tornado.ioloop.IOLoop.current` finds the loop of `asyncio.run`.
"""

from tornado import _legacy
from tornado._loop.asyncio_loop import (
    AsyncIOLoop,
    AsyncIOMainLoop,
    BaseAsyncIOLoop,
    UvloopIOLoop,
)
from tornado._loop.bridge import (
    AnyThreadEventLoopPolicy,
    to_asyncio_future,
    to_tornado_future,
)
from tornado._loop.selector_thread import AddThreadSelectorEventLoop, SelectorThread

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
