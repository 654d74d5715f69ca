"""Running a login's coroutine as a future, with an optional callback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tornado._auth.errors import AuthError
from tornado._core.seam import printable
from tornado._loop.seam import contexts, deliver
from tornado.concurrent import Future
from tornado.gen import convert_yielded
from tornado.ioloop import IOLoop
from tornado.log import gen_log

_T = TypeVar("_T")

Callback = Callable[..., Any]


def start(work: Awaitable[_T], callback: Callback | None) -> asyncio.Future[_T]:
    """Start ``work`` and return its future; call ``callback`` with the result, ``None`` on an error.

    The callback runs before code that awaits the future resumes. A handler may return the future
    (under `tornado.web.asynchronous`) and finish in the callback.
    """
    future = convert_yielded(work)
    if callback is not None:
        respond = callback

        def call(done: asyncio.Future[_T]) -> None:
            result: _T | None = None
            try:
                result = done.result()
            except AuthError as error:
                gen_log.warning("%s", printable(str(error)))
            respond(result)

        IOLoop.current().add_future(future, call)
    return future


def redirecting(work: Awaitable[None], callback: Callback | None) -> asyncio.Future[None]:
    """Start ``work``, which ends in a redirect; ``callback`` is called without an argument.

    Handlers written for old releases do not wait for it. An error that nobody has retrieved is
    raised in their stack context, so that the request ends.
    """
    future = convert_yielded(work)
    if callback is not None:
        deliver(future, callback, with_result=False)
    elif contexts.in_use and contexts.active():
        io_loop = IOLoop.current()

        def raise_unseen() -> None:
            if getattr(future, "_log_traceback", False):
                future.result()

        # Two turns: code that awaits the future is woken in the first.
        again: Callback = contexts.wrap(lambda done: io_loop.add_callback(raise_unseen))
        future.add_done_callback(again)
    return future


def redirected(callback: Callback | None) -> asyncio.Future[None]:
    """Return the future of a redirect that was made already; call ``callback`` without an argument."""
    future: asyncio.Future[None] = Future()
    future.set_result(None)
    deliver(future, callback, with_result=False)
    return future
