"""The rooms of a request handler are put together into one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado._web.execution import Execution

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["RequestHandler"]


class RequestHandler(Execution):
    """Base of the classes that handle requests. Define ``get()``, ``post()`` and so on in your own.

    The method gets the groups of the route's pattern as arguments. To support other methods than
    those in ``SUPPORTED_METHODS``, override that attribute as well.

    For each request an object is made, and its hooks are called in this order: `initialize`,
    `prepare`, the method, `on_finish`. Hooks and methods may be ``async def`` where that is said;
    an object is never used by two requests, nor by two threads: only `.IOLoop.add_callback` is safe
    to call from other threads.

    :param application: kept as ``self.application``.
    :param request: the `.HTTPServerRequest`, kept as ``self.request``.
    :param kwargs: passed on to `initialize`.
    """

    __module__ = "tornado.web"

    if TYPE_CHECKING:
        # What these hooks may return; the rooms below cope with anything else too.
        def prepare(self) -> Awaitable[None] | None: ...

        def data_received(self, chunk: bytes) -> Awaitable[None] | None: ...
