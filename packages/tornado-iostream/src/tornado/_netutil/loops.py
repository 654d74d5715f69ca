"""A loop, or none, as callers give it, goes in; the loop to use and its asyncio loop come out."""

import asyncio
from typing import Any, cast

from tornado.ioloop import IOLoop


def loop_or_current(io_loop: Any) -> IOLoop:
    """Return `io_loop`, or the current loop if it is ``None``."""
    return cast(IOLoop, io_loop if io_loop is not None else IOLoop.current())


def asyncio_loop_of(io_loop: Any) -> asyncio.AbstractEventLoop:
    """Return the asyncio loop under `io_loop`."""
    return cast(asyncio.AbstractEventLoop, io_loop.asyncio_loop)
