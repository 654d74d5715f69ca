"""Futures and executors: results and blocking functions in; asyncio's futures out.

There is one kind of future, asyncio's. `Future` makes one that also has the methods of earlier
releases; every `asyncio.Future` is an instance of it.
"""

from tornado._core.seam import legacy as _legacy
from tornado._loop.callbacks import ReturnValueIgnoredError, return_future
from tornado._loop.executors import DummyExecutor, dummy_executor, run_on_executor
from tornado._loop.futures import (
    FUTURES,
    Future,
    TracebackFuture,
    chain_future,
    future_add_done_callback,
    future_set_exc_info,
    future_set_exception_unless_cancelled,
    future_set_result_unless_cancelled,
    is_future,
)

_legacy.provide(__name__)

__all__ = [
    "FUTURES",
    "DummyExecutor",
    "Future",
    "ReturnValueIgnoredError",
    "TracebackFuture",
    "chain_future",
    "dummy_executor",
    "future_add_done_callback",
    "future_set_exc_info",
    "future_set_exception_unless_cancelled",
    "future_set_result_unless_cancelled",
    "is_future",
    "return_future",
    "run_on_executor",
]
