"""What a last hook returned goes in; it is seen through to its end, and its error is logged."""

import asyncio
from typing import Any

from tornado import gen
from tornado._websocket.seam import Delegate

__all__ = ["see_through"]

# The loop itself holds its tasks only weakly.
_running: set["asyncio.Future[Any]"] = set()


def see_through(result: Any, delegate: Delegate) -> None:
    """Run what a hook that nothing waits for returned, if it is something to run."""
    if result is None:
        return
    if asyncio.iscoroutine(result):
        result = asyncio.get_running_loop().create_task(result)
    try:
        future = gen.convert_yielded(result)
    except gen.BadYieldError:
        return

    def done(future: "asyncio.Future[Any]") -> None:
        _running.discard(future)
        if not future.cancelled():
            error = future.exception()
            if error is not None:
                delegate.log_exception(type(error), error, error.__traceback__)

    _running.add(future)
    future.add_done_callback(done)
