"""Small bridges to asyncio: futures and threads in; futures and loops out."""

import asyncio
from typing import Any

from tornado._loop.conversion import convert_yielded

__all__ = ["AnyThreadEventLoopPolicy", "to_asyncio_future", "to_tornado_future"]


class AnyThreadEventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """An event loop policy that makes loops in every thread, not only in the main one.

    ``asyncio.set_event_loop_policy(AnyThreadEventLoopPolicy())``

    .. versionadded:: 5.0
    """

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        """Return this thread's loop, a new one if there is none."""
        loop: asyncio.AbstractEventLoop | None = getattr(self._local, "_loop", None)
        if loop is None:
            loop = self.new_event_loop()
            self.set_event_loop(loop)
        return loop

    _local: Any


def to_tornado_future(asyncio_future: "asyncio.Future[Any]") -> "asyncio.Future[Any]":
    """Return the future itself: there is one kind.

    .. versionadded:: 4.1
    """
    return asyncio_future


def to_asyncio_future(tornado_future: Any) -> "asyncio.Future[Any]":
    """Return an asyncio future for anything that a coroutine may yield.

    .. versionadded:: 4.1
    """
    return convert_yielded(tornado_future)


for _name in (AnyThreadEventLoopPolicy, to_tornado_future, to_asyncio_future):
    _name.__module__ = "tornado.platform.asyncio"
del _name
