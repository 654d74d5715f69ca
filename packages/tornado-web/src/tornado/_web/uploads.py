"""Handlers of multipart forms of any size: chunks of content go in, parts or files on disk come out.

:class:`MultipartHandler` gives the parts as they arrive; :class:`UploadHandler` gathers them, files above
a threshold on disk. Both hold back the client while they are busy, so that no more than one chunk waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import IO, Any, ClassVar, Final, cast

from tornado import httputil
from tornado._core.seam import printable
from tornado._web.errors import BadContentError, HTTPError
from tornado._web.handler import RequestHandler
from tornado.iostream import StreamClosedError

__all__ = ["MultipartHandler", "MultipartReader", "StreamedPart", "UploadHandler", "UploadedFile"]

#: Bytes of all fields of a form together, unless a handler says otherwise.
_MAX_FIELDS_SIZE: Final = 1024 * 1024
#: Bytes that `StreamedPart.read` returns at most.
_MAX_READ: Final = 1024 * 1024


def _refused(error: httputil.HTTPInputError) -> HTTPError:
    """Return what ends the request of a client that sent an invalid form."""
    return BadContentError(error.status, "%s", printable(str(error)))


class StreamedPart:
    """One part of a form, whose content is read as it arrives: ``async for chunk in part``.

    What was not read when the next part is asked for is skipped.

    .. attribute:: name

       The name of the form's field.

    .. attribute:: filename

       The name that the client gave the file; empty if the part is a plain field. Anyone can claim
       anything there: it is no path to write to.

    .. attribute:: content_type

       What the client says the content is.

    .. attribute:: headers

       The `.HTTPHeaders` of the part.

    .. attribute:: is_file

       Whether the part is a file, as opposed to a field.

    .. versionadded:: 6.100
    """

    def __init__(self, head: httputil.MultipartPart, reader: MultipartReader) -> None:
        self.name = head.name
        self.filename = head.filename
        self.content_type = head.content_type
        self.headers = head.headers
        self.is_file = head.is_file
        self._reader = reader

    def __repr__(self) -> str:
        return f"<StreamedPart name={self.name!r} filename={self.filename!r}>"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._reader._next_chunk(self)
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def read(self, max_size: int = _MAX_READ) -> bytes:
        """Return the rest of the content.

        :param max_size: bytes; if there are more, the request is refused (413).
        :raises HTTPError: if there are more, or the form is malformed.
        :raises StreamClosedError: if the client leaves.
        """
        chunks: list[bytes] = []
        size = 0
        async for chunk in self:
            size += len(chunk)
            if size > max_size:
                raise BadContentError(
                    413, "%s: over %d bytes in a part", printable(self.name), max_size
                )
            chunks.append(chunk)
        return b"".join(chunks)

    async def text(self, max_size: int = _MAX_READ) -> str:
        """Return the rest of the content, as text in UTF-8.

        :param max_size: as for `read`.
        :raises HTTPError: as `read`, and if it is not UTF-8.
        """
        try:
            return (await self.read(max_size)).decode("utf-8")
        except UnicodeDecodeError:
            raise HTTPError(400, "%s: not UTF-8", printable(self.name)) from None


class MultipartReader:
    """The parts of a form as they arrive: ``async for part in reader``. See `MultipartHandler.parts`.

    .. versionadded:: 6.100
    """

    def __init__(self, parser: httputil.MultipartParser) -> None:
        self._parser = parser
        self._events: deque[httputil.MultipartPart | httputil.PartEnd | bytes] = deque()
        self._error: Exception | None = None
        self._is_over = False
        self._current: StreamedPart | None = None
        #: Awaited by whoever reads, while there is nothing.
        self._arrival: asyncio.Future[None] | None = None
        #: Awaited by the connection, while nobody reads.
        self._demand: asyncio.Future[None] | None = None

    # What the handler calls.

    def _feed(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a chunk of the content; return what is done when the next one may come."""
        if self._error is not None:
            return None
        try:
            self._events.extend(self._parser.feed(chunk))
        except httputil.HTTPInputError as error:
            self._fail(_refused(error))
            return None
        _resolve(self._arrival)
        if not self._events:
            return None
        self._demand = asyncio.get_running_loop().create_future()
        return self._demand

    def _end(self) -> None:
        if self._error is None and not self._is_over:
            try:
                self._parser.finish()
            except httputil.HTTPInputError as error:
                self._error = _refused(error)
        self._is_over = True
        _resolve(self._arrival)

    def _fail(self, error: Exception) -> None:
        """Let reading fail, after what came before the error."""
        self._error = self._error or error
        _resolve(self._arrival)
        _resolve(self._demand)

    # What whoever reads calls.

    async def _next_event(self) -> httputil.MultipartPart | httputil.PartEnd | bytes | None:
        while not self._events:
            if self._error is not None:
                raise self._error
            if self._is_over:
                return None
            _resolve(self._demand)
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self._events.popleft()

    async def _next_chunk(self, part: StreamedPart) -> bytes | None:
        if part is not self._current:
            return None
        event = await self._next_event()
        if isinstance(event, bytes):
            return event
        self._current = None
        return None

    def __aiter__(self) -> AsyncIterator[StreamedPart]:
        return self

    async def __anext__(self) -> StreamedPart:
        current = self._current
        if current is not None:
            while await self._next_chunk(current) is not None:
                pass
        event = await self._next_event()
        if event is None:
            raise StopAsyncIteration
        part = self._current = StreamedPart(cast(httputil.MultipartPart, event), self)
        return part


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


class MultipartHandler(RequestHandler):
    """Base of handlers that read a ``multipart/form-data`` form while it arrives.

    ::

        class Import(web.MultipartHandler):
            max_body_size = 10 * 1024**3

            async def post(self):
                async for part in self.parts():
                    if part.is_file:
                        async for chunk in part:
                            await self.store(part.name, chunk)
                    else:
                        self.log_field(part.name, await part.text())

    Unlike with `stream_request_body`, the method runs while content arrives. The client is held back while
    the method is busy. ``prepare`` may read parts too, and the method goes on from there: fields that
    come before files can decide whether the files are wanted.

    A method that finishes early leaves the rest unread. Malformed forms end the request with 400, content
    over a limit with 413.

    With the setting ``xsrf_cookies``, the token has to be in the header ``X-XSRFToken`` or in the query: the
    form has not come when it is checked.

    .. versionadded:: 6.100
    """

    _stream_request_body = True
    _awaits_content = False

    #: Bytes of content that a request may have; ``None``: as many as the server allows.
    max_body_size: ClassVar[int | None] = None
    #: The limits of the form; ``None``: those that `.set_parse_body_config` set.
    multipart_config: ClassVar[httputil.ParseMultipartConfig | None] = None

    _reader: MultipartReader | None = None

    def _begin(self, args: Any, kwargs: Any) -> Coroutine[Any, Any, None] | None:
        if self.max_body_size is not None:
            set_limit = getattr(self.request.connection, "set_max_body_size", None)
            if set_limit is not None:
                set_limit(self.max_body_size)
        if self._body_future is not None:
            self._body_future.add_done_callback(self._content_ended)
        try:
            self._open_content()
        except httputil.HTTPInputError as error:
            self._fail(_refused(error))
            return None
        return super()._begin(args, kwargs)

    def _is_multipart(self) -> bool:
        content_type = self.request.headers.get("Content-Type", "")
        return content_type.partition(";")[0].strip().lower() == "multipart/form-data"

    def _open_content(self) -> None:
        """Prepare for the content."""
        if self._is_multipart():
            self._reader = MultipartReader(self._new_parser())
            if self._body_future is None:
                # A transport that hands over requests as a whole.
                self._reader._feed(self.request.body)
                self._reader._end()

    def _new_parser(self) -> httputil.MultipartParser:
        content_type = self.request.headers.get("Content-Type", "")
        config = self.multipart_config or httputil.parse_body_config().multipart
        return httputil.MultipartParser.for_type(content_type, config)

    def parts(self) -> MultipartReader:
        """Return the parts of the form, to be iterated over with ``async for``.

        It is the same object for each call, and goes on where it was left.

        :raises HTTPError: 415 if the request's content is no such form. Reading raises 400 if it is
            malformed, 413 if it is over a limit.
        """
        if self._reader is None:
            raise HTTPError(415, "expected multipart/form-data")
        self._release_body()
        return self._reader

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a chunk of the content: not to be overridden."""
        reader = self._reader
        return None if reader is None else reader._feed(chunk)

    def _content_ended(self, future: asyncio.Future[None]) -> None:
        """Learn that all content came, that the client left, or that the response is finished."""
        reader = self._reader
        if reader is not None:
            error = None if future.cancelled() else future.exception()
            if isinstance(error, Exception):
                reader._fail(error)
            elif self._finished:
                reader._fail(StreamClosedError())
            else:
                reader._end()


class UploadedFile(httputil.HTTPFile):
    """A file of a form that `UploadHandler` gathered; an `.HTTPFile` whose content may be on disk.

    Besides ``filename``, ``content_type`` and ``body`` (which reads all content into memory) it has

    .. attribute:: file

       The content as a binary file object, at its beginning.

    .. attribute:: size

       Bytes of content.

    It is closed, and gone from the disk, when the response is finished.

    .. versionadded:: 6.100
    """

    file: IO[bytes]
    size: int

    def __missing__(self, name: str) -> Any:
        if name != "body":
            raise KeyError(name)
        self.file.seek(0)
        content = self.file.read()
        self.file.seek(0)
        return content

    async def save_to(self, path: str) -> None:
        """Write the content into a file of its own, without blocking the event loop.

        :param path: the file, which is replaced if it is there.
        :raises OSError: if it cannot be written.
        """

        # Imported by those who receive files only.
        import shutil

        def copy() -> None:
            self.file.seek(0)
            with open(path, "wb") as target:
                shutil.copyfileobj(self.file, target, 1024 * 1024)
            self.file.seek(0)

        await asyncio.get_running_loop().run_in_executor(None, copy)


class UploadHandler(MultipartHandler):
    """Base of handlers of forms with large files, which are written to disk while they arrive.

    ::

        class Photo(web.UploadHandler):
            max_body_size = 2 * 1024**3

            async def post(self):
                [photo] = self.request.files["photo"]
                await photo.save_to(self.path_for(self.get_body_argument("album")))

    The method is called when all content came, as in every other handler. ``self.request.files`` has an
    `UploadedFile` for each file: in memory up to `spool_threshold`, beyond that in a temporary file
    that has no name. Fields are arguments as always. Content of other types is in
    ``self.request.body``, up to `max_plain_size`.

    `file_started` is called before the content of a file, when the fields before it are known.

    .. versionadded:: 6.100
    """

    _awaits_content = True

    #: Bytes of a file that are kept in memory.
    spool_threshold: ClassVar[int] = 1024 * 1024
    #: Where larger ones are kept; ``None``: the system's directory of temporary files.
    spool_directory: ClassVar[str | None] = None
    #: Bytes of content that is no multipart form; more is refused with 413.
    max_plain_size: ClassVar[int] = 10 * 1024 * 1024

    _parser: httputil.MultipartParser | None = None
    _part: httputil.MultipartPart | None = None
    _file: IO[bytes] | None = None
    _size = 0
    _owes_check = False
    _is_writing = False

    def file_started(self, part: httputil.MultipartPart) -> Awaitable[None] | None:
        """Hook called before a file is received. Override it; it may be a coroutine.

        The fields that came before the file are arguments by now. To refuse the upload, raise an
        `HTTPError`: then nothing more is received.

        :param part: the head of the part: ``name``, ``filename``, ``content_type``, ``headers``.
        """
        return None

    def _open_content(self) -> None:
        self._chunks: list[bytes] = []
        self._opened: list[IO[bytes]] = []
        self._whole = self._body_future is None
        if self._whole or not self._is_multipart():
            return
        self._parser = self._new_parser()

    def _new_parser(self) -> httputil.MultipartParser:
        content_type = self.request.headers.get("Content-Type", "")
        config = self.multipart_config
        if config is None:
            config = httputil.parse_body_config().multipart
            if config.max_fields_size is None:
                config = httputil.ParseMultipartConfig(
                    config.enabled,
                    config.max_parts,
                    config.max_part_header_size,
                    _MAX_FIELDS_SIZE,
                    config.max_files,
                    config.max_file_size,
                )
        return httputil.MultipartParser.for_type(content_type, config)

    def parts(self) -> MultipartReader:
        """Not for this class, which gathers the parts.

        :raises RuntimeError: always.
        """
        raise RuntimeError(
            "UploadHandler gathers the parts; derive from MultipartHandler to read them"
        )

    def _check_forgery(self) -> None:
        if self._parser is None:
            super()._check_forgery()
        else:
            # The token may be a field of the form; it is looked for when the first file comes.
            self._owes_check = True

    def _check_owed(self) -> None:
        if self._owes_check:
            self._owes_check = False
            super()._check_forgery()

    async def data_received(self, chunk: bytes) -> None:
        """Take a chunk of the content: not to be overridden."""
        parser = self._parser
        if parser is None:
            self._size += len(chunk)
            if self._size > self.max_plain_size:
                raise BadContentError(413, "content over %d bytes", self.max_plain_size)
            self._chunks.append(chunk)
            return
        try:
            events = parser.feed(chunk)
        except httputil.HTTPInputError as error:
            raise _refused(error) from error
        for event in events:
            if isinstance(event, bytes):
                await self._take(event)
            elif isinstance(event, httputil.PartEnd):
                self._end_part()
            else:
                await self._start_part(event)
            if self._finished:
                return

    async def _start_part(self, part: httputil.MultipartPart) -> None:
        self._part = part
        self._size = 0
        if not part.is_file:
            return
        self._check_owed()
        result = self.file_started(part)
        if result is not None:
            await result
        if not self._finished:
            # Imported by those who receive files only.
            import tempfile

            self._file = cast(
                "IO[bytes]",
                tempfile.SpooledTemporaryFile(self.spool_threshold, dir=self.spool_directory),
            )
            self._opened.append(self._file)

    async def _take(self, content: bytes) -> None:
        file = self._file
        self._size += len(content)
        if file is None:
            self._chunks.append(content)
        elif self._size <= self.spool_threshold:
            file.write(content)
        else:
            # A disk may be slow; the loop goes on meanwhile, and the client is held back.
            self._is_writing = True
            try:
                await asyncio.get_running_loop().run_in_executor(None, file.write, content)
            finally:
                self._is_writing = False
                if self._finished:
                    self._close_files()

    def _end_part(self) -> None:
        part = self._part
        assert part is not None
        request = self.request
        file, self._file = self._file, None
        if file is None:
            value = b"".join(self._chunks)
            self._chunks = []
            request.arguments.setdefault(part.name, []).append(value)
            request.body_arguments.setdefault(part.name, []).append(value)
        else:
            file.seek(0)
            upload = UploadedFile(
                filename=part.filename, content_type=part.content_type, file=file, size=self._size
            )
            request.files.setdefault(part.name, []).append(upload)

    def _answer(self) -> Coroutine[Any, Any, None] | None:
        if self._parser is not None:
            if not self._finished:
                try:
                    self._parser.finish()
                except httputil.HTTPInputError as error:
                    raise _refused(error) from error
                self._check_owed()
        elif not self._whole:
            self.request.body = b"".join(self._chunks)
            self._chunks = []
            if self.request.body and not self._finished:
                try:
                    self.request._parse_body()
                except httputil.HTTPInputError as error:
                    raise _refused(error) from error
        return super()._answer()

    def _content_ended(self, future: asyncio.Future[None]) -> None:
        if self._finished or future.cancelled() or future.exception() is not None:
            self._close_files()

    def _content_is_over(self) -> None:
        super()._content_is_over()
        self._close_files()

    def _close_files(self) -> None:
        if not self._is_writing:
            for file in self._opened:
                file.close()
            self._opened.clear()
