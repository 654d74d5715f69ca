"""Serving an application with one call: from the port to the last response."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.log import app_log, enable_pretty_logging

__all__ = ["run", "serve"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    application: Any,
    port: int | str = 8888,
    address: str | None = "localhost",
    *,
    drain_timeout: float | None = 10.0,
    **server_options: Any,
) -> None:
    """Serve ``application`` until the process is told to stop.

    ::

        tornado.web.run(tornado.web.Application([(r"/", MainHandler)]))

    It makes an event loop, runs the startup hooks of the application, listens, logs where, and waits
    for SIGINT or SIGTERM. Then it accepts no more connections, lets running requests finish, closes
    WebSockets with the code 1001, runs the shutdown hooks, and returns. A second signal cuts off what
    still runs. If nothing has configured logging, it is configured as by
    `tornado.log.enable_pretty_logging`.

    :param application: an `Application`, or anything else that `.HTTPServer` serves.
    :param port: the TCP port; 0 for any that is free.
    :param address: an address or a host name; ``None`` or an empty string for all interfaces.
    :param drain_timeout: seconds for running requests to finish; ``None`` for as long as they need.
    :param server_options: further arguments of `.HTTPServer`.
    :raises OSError: if the port cannot be opened.
    :raises RuntimeError: if an event loop is running in this thread; `serve` is for that.

    .. versionadded:: 6.100
    """
    if not logging.getLogger().handlers:
        logging.getLogger().setLevel(logging.INFO)
        enable_pretty_logging()
    asyncio.run(serve(application, port, address, drain_timeout=drain_timeout, **server_options))


async def serve(
    application: Any,
    port: int | str = 8888,
    address: str | None = "localhost",
    *,
    drain_timeout: float | None = 10.0,
    **server_options: Any,
) -> None:
    """Serve ``application`` on the running event loop; the parameters are those of `run`.

    Cancelling it is like a signal: it ends in order, and raises `asyncio.CancelledError` afterwards.

    .. versionadded:: 6.100
    """
    server = HTTPServer(application, **server_options)
    async with lifespan_of(application):
        server.listen(port, address or "")
        scheme = "https" if server_options.get("ssl_options") else "http"
        for listening in server.sockets:
            host, number = listening.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            app_log.info("Listening on %s://%s:%d/", scheme, shown, number)
        with _signalled() as stopped:
            try:
                await stopped.wait()
            finally:
                await end(server, application, stopped, drain_timeout)


async def end(
    server: HTTPServer, application: Any, stopped: asyncio.Event, drain_timeout: float | None
) -> None:
    """Accept nothing more, close WebSockets, and let requests finish, at most until the next signal.

    :param stopped: what signals set; it is cleared here first.
    :param drain_timeout: seconds until what still runs is cut off; ``None`` for never.
    """
    stopped.clear()
    for connection in list(getattr(application, "open_connections", ())):
        connection.close(1001, "the server is shutting down")
    draining = asyncio.ensure_future(server.drain(drain_timeout))
    impatient = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([draining, impatient], return_when=asyncio.FIRST_COMPLETED)
    finally:
        impatient.cancel()
        if not draining.done():
            draining.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await draining
        await server.close_all_connections()


def lifespan_of(application: Any) -> AbstractAsyncContextManager[Any]:
    """Return the context manager of what an application does before and after all requests."""
    lifespan = getattr(application, "lifespan", None)
    found: AbstractAsyncContextManager[Any]
    found = lifespan() if lifespan is not None else contextlib.nullcontext()
    return found


@contextlib.contextmanager
def _signalled() -> Iterator[asyncio.Event]:
    """Have SIGINT and SIGTERM set an event, where this is the main thread of a Unix system."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    installed = []
    for number in _SIGNALS:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            if sys.platform != "win32":
                loop.add_signal_handler(number, event.set)
                installed.append(number)
    try:
        yield event
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
