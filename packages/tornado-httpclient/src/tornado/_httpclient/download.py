"""Download of a file, which goes on where it broke off (RFC 9110 section 14)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from typing import IO

from tornado._httpclient.errors import HTTPClientError, HTTPProtocolError
from tornado._httpclient.request import HTTPRequest
from tornado._httpclient.response import HTTPResponse
from tornado._httpclient.retries import Retries
from tornado._httpclient.streaming import ResponseStream
from tornado.httputil import HTTPHeaders

#: Called with the bytes that are there, and with those of the whole; ``None`` if that is not known.
Progress = Callable[[int, "int | None"], object]

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(?:([0-9]{1,18})|\*)", re.ASCII)


class Download:
    """A download under way.

    :param open_stream: makes the stream of a request.
    :param make_request: makes the request, anew for each attempt.
    :param path: where the file shall be; until it is complete it is beside that, as ``.part``.
    """

    def __init__(
        self,
        open_stream: Callable[[HTTPRequest], ResponseStream],
        make_request: Callable[[], HTTPRequest],
        path: str | os.PathLike[str],
        retries: Retries,
        progress: Progress | None,
    ) -> None:
        self._open_stream = open_stream
        self._make_request = make_request
        self._path = os.fspath(path)
        self._retries = retries
        self._progress = progress
        self._received = 0
        # What tells whether the server still has the same content, once that is known.
        self._validator: str | None = None

    async def run(self) -> HTTPResponse:
        """Download everything and return the last response, without content.

        :raises HTTPClientError: if the status is no success, or no retry is left. Then no file is
            left either.
        """
        part = f"{self._path}.part"
        loop = asyncio.get_running_loop()
        try:
            # Opening may wait for a disk, as writing may.
            file = await loop.run_in_executor(None, open, part, "wb")
            with file:
                response = await self._attempts(file)
            os.replace(part, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        return response

    async def _attempts(self, file: IO[bytes]) -> HTTPResponse:
        attempt = 0
        while True:
            request = self._make_request()
            if self._received and self._validator is not None:
                request.headers["Range"] = f"bytes={self._received}-"
                request.headers["If-Range"] = self._validator
            before = self._received
            try:
                return await self._attempt(request, file)
            except (HTTPClientError, OSError) as error:
                gets_on = self._received > before
                if gets_on:
                    attempt = 0
                outcome = error.response if isinstance(error, HTTPClientError) else None
                delay = self._retries.delay(
                    request, attempt, error if outcome is None or outcome.code == 599 else outcome
                )
                if delay is None:
                    raise
                if gets_on:
                    self._retries.give_back()
            attempt += 1
            await asyncio.sleep(delay)

    async def _attempt(self, request: HTTPRequest, file: IO[bytes]) -> HTTPResponse:
        loop = asyncio.get_running_loop()
        async with self._open_stream(request) as stream:
            total = None
            if 200 <= stream.code < 300:
                total = self._begin(request, stream.code, stream.headers, file)
            async for chunk in stream:
                if 200 <= stream.code < 300:
                    await loop.run_in_executor(None, file.write, chunk)
                    self._received += len(chunk)
                    if self._progress is not None:
                        self._progress(self._received, total)
            response = stream.response
        assert response is not None
        response.rethrow()
        return response

    def _begin(
        self, request: HTTPRequest, code: int, headers: HTTPHeaders, file: IO[bytes]
    ) -> int | None:
        """Find out what the content is; return the bytes of the whole, if they are known."""
        if code == 206 and "Range" in request.headers:
            match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
            if match is None or int(match[1]) != self._received:
                raise HTTPProtocolError(
                    f"Content-Range {headers.get('Content-Range')!r}, asked for"
                    f" {request.headers['Range']}"
                )
            return None if match[2] is None else int(match[2])
        # All of it, from the beginning: the first response, or the content has changed.
        file.seek(0)
        file.truncate()
        self._received = 0
        etag = headers.get("ETag", "")
        # A weak validator does not tell whether bytes are the same (RFC 9110 section 13.1.5).
        self._validator = etag if etag and not etag.startswith("W/") else None
        length = headers.get("Content-Length", "")
        return int(length) if length.isascii() and length.isdigit() else None
