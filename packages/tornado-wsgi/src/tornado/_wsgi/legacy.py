"""Names of older releases' `tornado.wsgi` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import asyncio

from tornado.concurrent import Future


def _dummy_future() -> asyncio.Future[None]:
    """Return a future that is done."""
    future: asyncio.Future[None] = Future()
    future.set_result(None)
    return future
