"""A URL or a request goes in; the response comes out of a future, a callback, or piece by piece."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import weakref
from collections.abc import Callable, MutableMapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from tornado import stack_context
from tornado._core.seam import check_callback
from tornado._httpclient.errors import _NoResponse
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._loop.seam import schedule
from tornado.ioloop import IOLoop
from tornado.util import Configurable

if TYPE_CHECKING:
    from tornado._httpclient.response import HTTPResponse
    from tornado._httpclient.session import Session
    from tornado._httpclient.streaming import ResponseStream


_C = TypeVar("_C", bound="AsyncHTTPClient")


class Cancellable(Protocol):
    """A fetch under way, as `AsyncHTTPClient.fetch_impl` may return it."""

    def cancel(self) -> None:
        """End the fetch without a response, and give up what it holds. Harmless when it is over."""


@functools.cache
def _takes_io_loop(implementation: type[Any]) -> bool:
    """Tell whether ``initialize`` has the parameter that Tornado 5.0 removed."""
    parameters = inspect.signature(implementation.initialize).parameters.values()
    return any(each.name == "io_loop" or each.kind is each.VAR_KEYWORD for each in parameters)


def _is_loop(candidate: object) -> TypeGuard[IOLoop]:
    """Tell whether it can be used as a loop: one of ours, or an object that does as if."""
    return isinstance(candidate, IOLoop) or (
        hasattr(candidate, "add_callback") and hasattr(candidate, "add_timeout")
    )


def _forget_closed_loops(clients: WeakKeyDictionary[IOLoop, AsyncHTTPClient]) -> None:
    """Drop the clients whose loop is closed; those that somebody holds still work on other loops."""
    for loop, client in list(clients.items()):
        if loop.asyncio_loop.is_closed():
            del clients[loop]
            client._drop_closed_loops()


class _Loopless(threading.local):
    """The shared clients that were made in a thread without a loop, by class."""

    def __init__(self) -> None:
        self.clients: WeakValueDictionary[type[Any], AsyncHTTPClient] = WeakValueDictionary()


_loopless = _Loopless()


class AsyncHTTPClient(Configurable):
    """A client that does not block.

    ::

        async def main():
            client = AsyncHTTPClient()
            try:
                response = await client.fetch("http://www.example.com/")
            except Exception as error:
                print(f"Error: {error}")
            else:
                print(response.body)

    The constructor returns an object of the class that `configure` chose (by default
    `~tornado.simple_httpclient.SimpleAsyncHTTPClient`), and the same object each time it is called
    on one `IOLoop`: a client may be made wherever it is used.

    A client may also be made where no loop is running, at import for instance, and used on any
    number of loops: each `fetch` runs on the running loop, and each loop has connections and a
    queue of its own, which are closed when ``asyncio.run`` ends. After a fork the child opens its
    own connections and leaves those of its parent untouched.

    With ``async with AsyncHTTPClient(force_instance=True) as client`` the client is closed at the end.

    :param force_instance: if true, return a new client. Then nobody else uses it, and `close` closes
        nobody else's; arguments for the implementation are only allowed here and in `configure`.
    :param io_loop: the loop to fetch on where none is running (default: the current one). Given as
        first positional argument it is told from ``force_instance`` by its type.
    :param max_clients: fetches at a time (default: what was configured, else 10).

    .. versionchanged:: 5.0
       Upstream removed ``io_loop``; it is accepted here.
    """

    defaults: dict[str, Any]
    _closed = False
    _instance_cache: MutableMapping[Any, AsyncHTTPClient] | None = None
    _bound_loop: weakref.ref[IOLoop] | None = None
    _assigned_loop: Any = None

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        """Return `AsyncHTTPClient`."""
        return AsyncHTTPClient

    @classmethod
    def configurable_default(cls) -> type[Configurable] | str:
        """Return the implementation in pure Python."""
        return "tornado.simple_httpclient.SimpleAsyncHTTPClient"

    @classmethod
    def _async_clients(cls) -> WeakKeyDictionary[IOLoop, AsyncHTTPClient]:
        name = "_async_client_dict_" + cls.__name__
        if name not in cls.__dict__:
            setattr(cls, name, WeakKeyDictionary())
        clients: WeakKeyDictionary[IOLoop, AsyncHTTPClient] = cls.__dict__[name]
        return clients

    def __new__(
        cls,
        io_loop: IOLoop | bool | None = None,
        force_instance: bool | int = False,
        max_clients: int | None = None,
        **kwargs: Any,
    ) -> AsyncHTTPClient:
        loop = io_loop if _is_loop(io_loop) else None
        if io_loop is not None and loop is None:
            # Since 5.0 force_instance comes first; anything that is true, a URL by mistake, counts.
            force_instance = bool(io_loop)
        if isinstance(force_instance, int) and not isinstance(force_instance, bool):
            # Tornado 2 had max_clients in this place.
            force_instance, max_clients = False, force_instance
        return cls._make(loop, bool(force_instance), max_clients, kwargs)

    @classmethod
    def _make(
        cls,
        loop: IOLoop | None,
        force_instance: bool,
        max_clients: int | None,
        kwargs: dict[str, Any],
    ) -> AsyncHTTPClient:
        if max_clients is not None:
            kwargs["max_clients"] = max_clients
        if loop is None:
            # None is made where none runs: it would only have to be closed.
            loop = IOLoop.current(instance=asyncio._get_running_loop() is not None)
        cache: MutableMapping[Any, AsyncHTTPClient] | None = None
        key: Any = cls if loop is None else loop
        if not force_instance:
            cache = _loopless.clients if loop is None else cls._async_clients()
            known = cache.get(key)
            if known is not None:
                return known
            _forget_closed_loops(cls._async_clients())
        implementation: Any = cls.configured_class() if cls is AsyncHTTPClient else cls
        if _takes_io_loop(implementation):
            kwargs["io_loop"] = loop
        instance: AsyncHTTPClient = super().__new__(cls, **kwargs)
        if loop is not None:
            instance._bound_loop = weakref.ref(loop)
        if cache is not None:
            instance._instance_cache = cache
            cache[key] = instance
        return instance

    def initialize(
        self,
        io_loop: IOLoop | dict[str, Any] | None = None,
        defaults: dict[str, Any] | None = None,
    ) -> None:
        """Set up a new client.

        :param defaults: parameters of `HTTPRequest`, for requests that leave them out.
        """
        if isinstance(io_loop, dict):  # since 5.0, defaults comes first
            io_loop, defaults = None, io_loop
        if io_loop is not None:
            self._bound_loop = weakref.ref(io_loop)
        self.defaults = dict(HTTPRequest._DEFAULTS)
        if defaults:
            self.defaults.update(defaults)
            agent = defaults.get("user_agent")
            if isinstance(agent, bytes):
                self.defaults["user_agent"] = agent.decode("utf-8")
            if "use_gzip" in defaults:
                self.defaults.setdefault("decompress_response", defaults["use_gzip"])
                if "decompress_response" not in defaults:
                    self.defaults["decompress_response"] = defaults["use_gzip"]
        self._closed = False

    @property
    def io_loop(self) -> IOLoop:
        """The loop on which a fetch would run now. What is assigned here is kept, and not used."""
        if self._assigned_loop is not None:
            assigned: IOLoop = self._assigned_loop
            return assigned
        return self._loop_in_use()

    @io_loop.setter
    def io_loop(self, value: Any) -> None:
        self._assigned_loop = value

    def _loop_in_use(self) -> IOLoop:
        """Return the running loop, else the one that the client was made on, else the current one."""
        if asyncio._get_running_loop() is None and self._bound_loop is not None:
            bound = self._bound_loop()
            if bound is not None and not bound.asyncio_loop.is_closed():
                return bound
        return IOLoop.current()

    async def __aenter__(self: _C) -> _C:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and its connections, on every loop. Fetches that are pending fail with
        `.HTTPStreamClosedError`, and new ones are refused. A second call does nothing.

        Applications need not call it: the connections of a loop are closed with it, and those of a
        client that nobody holds any more as well. Tests that make many clients do.
        """
        if self._closed:
            return
        self._closed = True
        cache = self._instance_cache
        if cache is not None:
            for key in [key for key, client in list(cache.items()) if client is self]:
                del cache[key]

    def _drop_closed_loops(self) -> None:
        """Free what the client holds on loops that are closed."""

    if TYPE_CHECKING:
        # Without the callback of releases up to 5.1, which is accepted: methods that override this need
        # not have it.
        def fetch(
            self, request: str | HTTPRequest, raise_error: bool = True, **kwargs: Any
        ) -> asyncio.Future[HTTPResponse]: ...

    else:

        def fetch(self, request, callback=None, raise_error=True, **kwargs):
            """Fetch ``request`` and return a future of its `HTTPResponse`.

            :param request: a URL, or an `HTTPRequest`.
            :param callback: called with the response through the loop. It gets a response in any case;
                the response's ``error`` tells whether the fetch failed.
            :param raise_error: if false, a response whose status is no success is returned like others.
                Where there is no response, the error is raised anyhow.
            :param kwargs: parameters of `HTTPRequest`, where ``request`` is a URL.
            :raises RuntimeError: if the client is closed.
            :raises ValueError: if there are ``kwargs`` beside an `HTTPRequest`.

            Through the future come `HTTPClientError` and whatever else `HTTPResponse.error` may be.
            Cancelling the future ends the fetch and gives up, or returns, its connection.

            .. versionchanged:: 6.0
               ``raise_error=False`` only concerns status codes. Upstream removed ``callback``; it is
               accepted here.
            """
            if isinstance(callback, bool):  # since 6.0, raise_error comes second
                callback, raise_error = None, callback
            return self._fetch(request, callback, raise_error, kwargs)

    def _fetch(
        self,
        request: str | HTTPRequest,
        callback: Callable[[HTTPResponse], Any] | None,
        raise_error: bool,
        kwargs: dict[str, Any],
    ) -> asyncio.Future[HTTPResponse]:
        if self._closed:
            raise RuntimeError("fetch() called on closed AsyncHTTPClient")
        check_callback("fetch()", callback)
        if not isinstance(request, HTTPRequest):
            request = HTTPRequest(url=request, **kwargs)
        elif kwargs:
            raise ValueError("kwargs can't be used if request is an HTTPRequest object")
        # The client adds headers; the caller's own object stays as it is.
        request._headers = request._headers.copy()
        loop = asyncio._get_running_loop() or self._loop_in_use().asyncio_loop
        future: asyncio.Future[HTTPResponse] = loop.create_future()
        if callback is not None:
            callback = stack_context.wrap(callback)

        context = None if callback is None else copy_context()

        def handle_response(response: HTTPResponse) -> None:
            if callback is not None and context is not None:
                if isinstance(response.error, _NoResponse):
                    response.error._shows_status = True
                context.run(schedule, IOLoop.current(), callback, response)
            if future.done():
                return
            error = response.error
            if error is not None and (raise_error or not response._error_is_response_code):
                future.set_exception(error)
                if callback is not None or self._closed or getattr(error, "_is_farewell", False):
                    # The callback was told, or the client or the loop was closed although somebody
                    # might wait: an error that nobody awaits is no fault then.
                    future.exception()
            else:
                future.set_result(response)

        proxy: Any = _RequestProxy(request, self.defaults)
        running = self.fetch_impl(proxy, handle_response)
        if running is not None and not future.done():
            cancel = running.cancel
            future.add_done_callback(lambda done: cancel() if done.cancelled() else None)
        return future

    def fetch_impl(
        self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]
    ) -> Cancellable | None:
        """Fetch ``request`` and call ``callback`` once. Implementations define it.

        :returns: ``None``, or what can cancel the fetch.
        """
        raise NotImplementedError

    def stream(self, request: str | HTTPRequest, **kwargs: Any) -> ResponseStream:
        """Fetch ``request`` and read the response's content piece by piece, as it arrives::

            async with client.stream("http://www.example.com/large") as response:
                if response.code == 200:
                    async for chunk in response:
                        file.write(chunk)

        No more is read from the connection than the loop consumes. Leaving the block early closes
        the connection. See `ResponseStream`.
        """
        # Deferred, as below: that room needs this class.
        from tornado._httpclient.streaming import ResponseStream

        if not isinstance(request, HTTPRequest):
            request = HTTPRequest(url=request, **kwargs)
        elif kwargs:
            raise ValueError("kwargs can't be used if request is an HTTPRequest object")
        return ResponseStream(self, request)

    def session(self, base_url: str | None = None, **kwargs: Any) -> Session:
        """Return a `Session`: this client with a base URL, default headers, cookies, authentication,
        retries and hooks.

        :param base_url: put in front of URLs without a scheme.
        :param kwargs: see `Session`.
        """
        from tornado._httpclient.session import Session

        return Session(self, base_url, **kwargs)


AsyncHTTPClient.__module__ = "tornado.httpclient"
