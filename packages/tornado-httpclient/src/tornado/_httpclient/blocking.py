"""A URL or a request goes in; the response comes out when it is there, and the caller waits."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tornado import gen
from tornado._httpclient.base import AsyncHTTPClient
from tornado.ioloop import IOLoop

if TYPE_CHECKING:
    from tornado._httpclient.request import HTTPRequest
    from tornado._httpclient.response import HTTPResponse
    from tornado._httpclient.session import BlockingSession

_T = TypeVar("_T")

#: Loops of parent processes: to free them would unregister what the parent has registered.
_left_alone: list[IOLoop] = []


class HTTPClient:
    """A client that blocks: for scripts, tests and threads without a loop.

    ::

        client = HTTPClient()
        try:
            response = client.fetch("http://www.example.com/")
            print(response.body)
        except HTTPError as error:
            print(f"Error: {error}")
        client.close()

    It has a loop of its own, so it works anywhere; where a loop is running in the same thread, that
    one stands still meanwhile, as with everything that blocks. A client is used by one thread at a
    time.

    :param async_client_class: the class of the client that does the work (default `AsyncHTTPClient`,
        as configured).
    :param kwargs: for its constructor.
    """

    def __init__(
        self, async_client_class: Callable[..., AsyncHTTPClient] | None = None, **kwargs: Any
    ) -> None:
        self._closed = True
        self._pid = os.getpid()
        self._io_loop = IOLoop(make_current=False)
        if async_client_class is None:
            async_client_class = AsyncHTTPClient
        make = functools.partial(async_client_class, **kwargs)

        async def make_client() -> AsyncHTTPClient:
            return make()

        try:
            self._async_client = self._run(make_client)
        except BaseException:
            self._io_loop.close()
            raise
        self._closed = False

    def __enter__(self) -> HTTPClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and free what it used. A second call does nothing."""
        if not self._closed:
            self._closed = True
            if os.getpid() != self._pid:
                self._begin_in_child()
            self._async_client.close()
            self._io_loop.close()

    def fetch(self, request: HTTPRequest | str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``request``, a URL or an `HTTPRequest`, and return its `HTTPResponse`.

        :param kwargs: as for `AsyncHTTPClient.fetch`.
        :raises HTTPClientError: if there is no successful response; see there for others.
        """

        async def fetch() -> HTTPResponse:
            future: Any = self._async_client.fetch(request, **kwargs)
            response: HTTPResponse = await gen.convert_yielded(future)
            return response

        response: HTTPResponse = self._run(fetch)
        return response

    def session(self, base_url: str | None = None, **kwargs: Any) -> BlockingSession:
        """Return a `BlockingSession`: this client with a base URL, default headers, cookies,
        authentication, retries and hooks.

        :param base_url: put in front of URLs without a scheme.
        :param kwargs: see `Session`.
        """
        # Deferred: that room needs this class.
        from tornado._httpclient.session import BlockingSession

        return BlockingSession(self, base_url, **kwargs)

    def _begin_in_child(self) -> None:
        """Use a loop that shares nothing with the parent process.

        Loops of asyncio's own kind got a selector of their own when the process forked. Others
        share a descriptor with the parent, which would lose by whatever is registered or closed here.
        """
        self._pid = os.getpid()
        if getattr(self._io_loop.asyncio_loop, "_selector", None) is None:
            _left_alone.append(self._io_loop)
            self._io_loop = IOLoop(make_current=False)

    def _run(self, function: Callable[[], Any]) -> Any:
        """Run ``function`` on this client's own loop until its result is there."""
        if os.getpid() != self._pid:
            self._begin_in_child()
        if asyncio._get_running_loop() is None:
            return self._io_loop.run_sync(function)
        # asyncio runs one loop in a thread: this one runs in another thread, while we wait.
        outcome: list[Any] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                outcome.append(self._io_loop.run_sync(function))
            except BaseException as error:
                failure.append(error)

        thread = threading.Thread(target=run, name="HTTPClient", daemon=True)
        thread.start()
        thread.join()
        if failure:
            raise failure.pop()
        return outcome[0]


HTTPClient.__module__ = "tornado.httpclient"
