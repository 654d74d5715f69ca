"""An event loop policy for threads; imported when it is used, since asyncio gives policies up."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["AnyThreadEventLoopPolicy"]


class AnyThreadEventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """An event loop policy that makes loops in every thread, not only in the main one.

    ``asyncio.set_event_loop_policy(AnyThreadEventLoopPolicy())``

    asyncio deprecates policies from Python 3.14 on, and warns where this class is first used.

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


AnyThreadEventLoopPolicy.__module__ = "tornado.platform.asyncio"
