"""A response as an asynchronous iterator over its content."""

from __future__ import annotations

import asyncio
import collections
from typing import TYPE_CHECKING, Any, Protocol

from tornado.httputil import HTTPHeaders, parse_response_start_line

if TYPE_CHECKING:
    from tornado._httpclient.request import HTTPRequest
    from tornado._httpclient.response import HTTPResponse

#: Bytes that wait to be consumed before reading pauses.
_HIGH_WATER = 256 * 1024


class Fetcher(Protocol):
    """A client, as far as streams and sessions need it."""

    def fetch(
        self,
        request: str | HTTPRequest,
        *,
        raise_error: bool = True,
    ) -> asyncio.Future[HTTPResponse]:
        """Fetch ``request``: see `.AsyncHTTPClient.fetch`."""


class ResponseStream:
    """What `AsyncHTTPClient.stream` returns: enter it with ``async with``, iterate with ``async for``.

    Inside the block:

    * ``code``, ``reason`` and ``headers`` are those of the response. No status raises.
    * ``response`` is the `HTTPResponse`, once the content has ended; ``None`` before.

    Entering raises what a fetch raises where no response came; iterating does, where it broke off.
    """

    code: int
    reason: str
    headers: HTTPHeaders
    response: HTTPResponse | None

    def __init__(self, client: Fetcher, request: HTTPRequest) -> None:
        self._client = client
        self._request = request
        self._lines: list[str] = []
        self._chunks: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._room: asyncio.Future[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._fetch: asyncio.Future[HTTPResponse] | None = None
        self._has_head = False
        self.response = None

    async def __aenter__(self) -> ResponseStream:
        request = self._request
        if request.streaming_callback is not None or request.header_callback is not None:
            raise ValueError("a streamed request has no streaming_callback or header_callback")
        request.streaming_callback = self._take_chunk
        request.header_callback = self._take_line
        try:
            self._fetch = self._client.fetch(request, raise_error=False)
            self._fetch.add_done_callback(self._ended)
            await self._until(lambda: self._has_head)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __aiter__(self) -> ResponseStream:
        return self

    async def __anext__(self) -> bytes:
        await self._until(lambda: bool(self._chunks))
        if not self._chunks:
            raise StopAsyncIteration
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        if self._size <= _HIGH_WATER // 4:
            self._make_room()
        return chunk

    async def aclose(self) -> None:
        """End the fetch if it is still under way; the connection is closed then."""
        fetch = self._fetch
        self._chunks.clear()
        if fetch is not None and not fetch.done():
            fetch.cancel()
            # The client learns of it through the loop.
            await asyncio.sleep(0)
        self._make_room()
        request = self._request
        request.streaming_callback = request.header_callback = None

    async def _until(self, is_there: Any) -> None:
        """Wait until ``is_there()`` or the end of the fetch; raise the fetch's error."""
        fetch = self._fetch
        assert fetch is not None
        while not is_there() and not fetch.done():
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None
        if not is_there():
            self.response = fetch.result()
            if not self._has_head:
                # A response that was made up without a head: nothing was sent by any server.
                self.code, self.reason = self.response.code, self.response.reason
                self.headers, self._has_head = self.response.headers, True

    def _ended(self, fetch: asyncio.Future[HTTPResponse]) -> None:
        if not fetch.cancelled() and fetch.exception() is None:
            self.response = fetch.result()
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _take_line(self, line: str) -> None:
        if line != "\r\n":
            self._lines.append(line)
            return
        if self._lines:
            start_line = parse_response_start_line(self._lines[0].rstrip("\r\n"))
            lines, self._lines = self._lines[1:], []
            if start_line.code < 200 and start_line.code != 101:
                return  # an informational head; the final one follows
            self.code, self.reason = start_line.code, start_line.reason
            self.headers = HTTPHeaders.parse("".join(lines))
            self._has_head = True
            self._wake()

    def _take_chunk(self, chunk: bytes) -> asyncio.Future[None] | None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._wake()
        if self._size < _HIGH_WATER:
            return None
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        return self._room


ResponseStream.__module__ = "tornado.httpclient"
