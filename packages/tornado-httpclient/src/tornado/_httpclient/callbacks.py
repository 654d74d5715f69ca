"""Results of the application's callbacks: what can be awaited is, everything else is ignored.

A list or a dictionary that a callback returns is a value like others here, not several things to
wait for, and so is a number: ``streaming_callback=file.write`` is common.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tornado import gen


def as_future(result: Any) -> asyncio.Future[Any] | None:
    """Return a future of what a callback returned; ``None`` if there is nothing to wait for."""
    if result is None or isinstance(result, (int, bytes, str, list, dict, tuple)):
        return None
    try:
        # Also a Deferred, and whatever else a conversion is registered for.
        future: asyncio.Future[Any] = gen.convert_yielded(result)
    except gen.BadYieldError:
        return None
    return future


async def wait_for_result(result: Any) -> None:
    """Wait for what a callback returned, if it can be awaited."""
    future = as_future(result)
    if future is not None:
        await future
