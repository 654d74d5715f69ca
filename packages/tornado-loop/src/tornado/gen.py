"""Coroutines: generators that yield futures, tasks and keys in; functions that return futures out.

Native coroutines (``async def``) need little of this: `multi`, `with_timeout`, `sleep`. The
`coroutine` decorator does for generators what ``async def`` does for functions, and either may wait
for the other::

    @gen.coroutine
    def fetch_both(client, url1, url2):
        response1, response2 = yield [client.fetch(url1), client.fetch(url2)]
        return response1.body + response2.body

Functions that pass their result to ``callback=`` are waited for with `Task`, or `Callback` and `Wait`.
"""

from typing import TYPE_CHECKING

from tornado._core.seam import legacy as _legacy
from tornado._gen.coroutine import coroutine, engine, is_coroutine_function
from tornado._gen.errors import KeyReuseError, LeakedCallbackError, Return, UnknownKeyError
from tornado._gen.moment import moment
from tornado._gen.multi import multi, multi_future
from tornado._gen.points import (
    Arguments,
    Callback,
    MultiYieldPoint,
    Task,
    Wait,
    WaitAll,
    YieldFuture,
    YieldPoint,
)
from tornado._gen.runner import Runner
from tornado._gen.waiting import WaitIterator, maybe_future, sleep, with_timeout
from tornado._loop.callbacks import ReturnValueIgnoredError
from tornado._loop.conversion import BadYieldError, convert_yielded
from tornado.util import TimeoutError

if TYPE_CHECKING:
    # Of the names that `_legacy` provides, those that programs use most.
    from tornado.concurrent import Future as Future
    from tornado.concurrent import chain_future as chain_future
    from tornado.concurrent import is_future as is_future

_legacy.provide(__name__)

__all__ = [
    "Arguments",
    "BadYieldError",
    "Callback",
    "KeyReuseError",
    "LeakedCallbackError",
    "Multi",
    "MultiYieldPoint",
    "Return",
    "ReturnValueIgnoredError",
    "Runner",
    "Task",
    "TimeoutError",
    "UnknownKeyError",
    "Wait",
    "WaitAll",
    "WaitIterator",
    "YieldFuture",
    "YieldPoint",
    "convert_yielded",
    "coroutine",
    "engine",
    "is_coroutine_function",
    "maybe_future",
    "moment",
    "multi",
    "multi_future",
    "sleep",
    "with_timeout",
]

#: The older name of `MultiYieldPoint`; what it makes can be awaited too.
Multi = multi if TYPE_CHECKING else MultiYieldPoint
