"""A URL or a request goes in; the response comes out of a future, a callback, or piece by piece."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from tornado import stack_context
from tornado._httpclient.request import HTTPRequest, _RequestProxy
from tornado._loop.callbacks import schedule
from tornado.ioloop import IOLoop
from tornado.util import Configurable

if TYPE_CHECKING:
    from tornado._httpclient.response import HTTPResponse
    from tornado._httpclient.streaming import ResponseStream


class Cancellable(Protocol):
    """A fetch under way, as `AsyncHTTPClient.fetch_impl` may return it."""

    def cancel(self) -> None:
        """End the fetch without a response, and give up what it holds. Harmless when it is over."""


@functools.cache
def _takes_io_loop(implementation: type[Any]) -> bool:
    """Tell whether ``initialize`` has the parameter that Tornado 5.0 removed."""
    parameters = inspect.signature(implementation.initialize).parameters.values()
    return any(each.name == "io_loop" or each.kind is each.VAR_KEYWORD for each in parameters)


def _forget_closed_loops(clients: WeakKeyDictionary[IOLoop, AsyncHTTPClient]) -> None:
    """Drop the clients whose loop is closed: a cached client keeps its loop alive."""
    for loop, client in list(clients.items()):
        if loop.asyncio_loop.is_closed():
            del clients[loop]
            client._abandon()


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

    :arg force_instance: if true, return a new client. Then nobody else uses it, and `close` closes
        nobody else's; arguments for the implementation are only allowed here and in `configure`.
    :arg io_loop: the loop it belongs to (default: the current one). Given as first positional
        argument it is told from ``force_instance`` by its type.
    :arg max_clients: fetches at a time (default: what was configured, else 10).

    .. versionchanged:: 5.0
       Upstream removed ``io_loop``; it is accepted here.
    """

    io_loop: IOLoop
    defaults: dict[str, Any]
    _closed: bool
    _instance_cache: WeakKeyDictionary[IOLoop, AsyncHTTPClient] | None

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
        if isinstance(io_loop, bool):
            force_instance, io_loop = io_loop, None
        if not isinstance(force_instance, bool):
            # Tornado 2 had max_clients in this place.
            force_instance, max_clients = False, force_instance
        if max_clients is not None:
            kwargs["max_clients"] = max_clients
        loop = io_loop or IOLoop.current()
        instance_cache = None if force_instance else cls._async_clients()
        if instance_cache is not None:
            known = instance_cache.get(loop)
            if known is not None:
                return known
            _forget_closed_loops(instance_cache)
        implementation: Any = cls.configured_class() if cls is AsyncHTTPClient else cls
        if _takes_io_loop(implementation):
            kwargs["io_loop"] = loop
        instance: AsyncHTTPClient = super().__new__(cls, **kwargs)
        instance.io_loop = loop
        instance._instance_cache = instance_cache
        if instance_cache is not None:
            instance_cache[loop] = instance
        return instance

    def initialize(
        self, io_loop: IOLoop | None = None, defaults: dict[str, Any] | None = None
    ) -> None:
        """Set up a new client.

        :arg defaults: parameters of `HTTPRequest`, for requests that leave them out.
        """
        self.io_loop = io_loop or IOLoop.current()
        self.defaults = dict(HTTPRequest._DEFAULTS)
        if defaults:
            self.defaults.update(defaults)
            if "use_gzip" in defaults:
                self.defaults.setdefault("decompress_response", defaults["use_gzip"])
                if "decompress_response" not in defaults:
                    self.defaults["decompress_response"] = defaults["use_gzip"]
        self._closed = False

    def close(self) -> None:
        """Close the client and its connections; fetches under way never end. No method may be
        called afterwards.

        Applications need not call it: a client is closed with its loop. Tests that make many
        clients do.
        """
        if self._closed:
            return
        self._closed = True
        cache = getattr(self, "_instance_cache", None)
        if cache is not None and cache.get(self.io_loop) is self:
            del cache[self.io_loop]

    def _abandon(self) -> None:
        """Free what the client holds, now that its loop is closed."""
        self._closed = True

    def fetch(
        self,
        request: str | HTTPRequest,
        callback: Callable[[HTTPResponse], Any] | None = None,
        raise_error: bool = True,
        **kwargs: Any,
    ) -> asyncio.Future[HTTPResponse]:
        """Fetch ``request`` and return a future of its `HTTPResponse`.

        :arg request: a URL, or an `HTTPRequest`.
        :arg callback: called with the response through the loop. It gets a response in any case;
            the response's ``error`` tells whether the fetch failed.
        :arg raise_error: if false, a response whose status is no success is returned like others.
            Where there is no response, the error is raised anyhow.
        :arg kwargs: parameters of `HTTPRequest`, where ``request`` is a URL.
        :raises RuntimeError: if the client is closed.
        :raises ValueError: if there are ``kwargs`` beside an `HTTPRequest`.

        Through the future come `HTTPClientError` and whatever else `HTTPResponse.error` may be.
        Cancelling the future ends the fetch and gives up, or returns, its connection.

        .. versionchanged:: 6.0
           ``raise_error=False`` only concerns status codes. Upstream removed ``callback``; it is
           accepted here.
        """
        if self._closed:
            raise RuntimeError("fetch() called on closed AsyncHTTPClient")
        if not isinstance(request, HTTPRequest):
            request = HTTPRequest(url=request, **kwargs)
        elif kwargs:
            raise ValueError("kwargs can't be used if request is an HTTPRequest object")
        # The client adds headers; the caller's own object stays as it is.
        request._headers = request._headers.copy()
        io_loop = self.io_loop
        future: asyncio.Future[HTTPResponse] = io_loop.asyncio_loop.create_future()
        if callback is not None:
            callback = stack_context.wrap(callback)

        def handle_response(response: HTTPResponse) -> None:
            if callback is not None:
                schedule(io_loop, callback, response)
            if future.done():
                return
            error = response.error
            if error is not None and (raise_error or not response._error_is_response_code):
                future.set_exception(error)
                if callback is not None:
                    # The callback was told: an error that nobody awaits is no fault.
                    future.exception()
            else:
                future.set_result(response)

        running = self.fetch_impl(_RequestProxy(request, self.defaults), handle_response)
        if running is not None and not future.done():
            cancel = running.cancel
            future.add_done_callback(lambda done: cancel() if done.cancelled() else None)
        return future

    def fetch_impl(
        self, request: _RequestProxy, callback: Callable[[HTTPResponse], None]
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
        # Deferred: that room needs this class.
        from tornado._httpclient.streaming import ResponseStream

        if not isinstance(request, HTTPRequest):
            request = HTTPRequest(url=request, **kwargs)
        elif kwargs:
            raise ValueError("kwargs can't be used if request is an HTTPRequest object")
        return ResponseStream(self, request)


AsyncHTTPClient.__module__ = "tornado.httpclient"
