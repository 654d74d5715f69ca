"""Conversions between the futures of Tornado and asyncio, which are the same today."""

import asyncio
from typing import Any

from tornado._loop.conversion import convert_yielded

__all__ = ["to_asyncio_future", "to_tornado_future"]


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


for _name in (to_tornado_future, to_asyncio_future):
    _name.__module__ = "tornado.platform.asyncio"
del _name
