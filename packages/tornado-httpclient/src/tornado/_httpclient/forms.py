"""Content of requests from objects: JSON, form fields, files, and parameters of the URL.

Small content becomes the request's ``body``. Files are read while they are sent, by the loop's
executor, so that neither memory nor the loop has to hold them; where their sizes are known, a
Content-Length is sent.
"""

from __future__ import annotations

import asyncio
import io
import json as json_module
import mimetypes
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import urlencode

from tornado.escape import utf8
from tornado.httputil import HTTPHeaders, url_concat

#: Bytes of a file that are read and sent at a time.
_PIECE_SIZE = 65536
#: Files of more bytes than this in total are not collected in memory.
_MAX_COLLECTED = 65536

#: Names and values, as a mapping (of which a list is several values) or as pairs.
Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]
#: The content of a file, or ``(filename, content)``, or ``(filename, content, content_type)``.
FileSpec = str | bytes | IO[bytes] | tuple[Any, ...]

Producer = Callable[[Callable[[bytes], Any]], Any]


def pairs_of(fields: Fields) -> list[tuple[str, Any]]:
    """Return the pairs of names and values; ``None`` leaves one out."""
    items = fields.items() if isinstance(fields, Mapping) else fields
    pairs: list[tuple[str, Any]] = []
    for name, value in items:
        values = value if isinstance(value, (list, tuple)) else [value]
        pairs.extend((name, _plain(each)) for each in values if each is not None)
    return pairs


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (str, bytes)) else str(value)


def with_params(url: str | bytes, params: Fields) -> str:
    """Return ``url`` with ``params`` added to its query."""
    text = url.decode("utf-8") if isinstance(url, bytes) else url
    text, hash_sign, fragment = text.partition("#")
    return url_concat(text, pairs_of(params)) + hash_sign + fragment


def encode_content(
    headers: HTTPHeaders, json: Any, data: Any, files: Any
) -> tuple[bytes | None, Producer | None]:
    """Return the body or the producer for content, and set the fields that describe it.

    :raises ValueError: if ``json`` is given beside ``data`` or ``files``, or a name in ``files``
        is of no use.
    :raises TypeError: for what JSON cannot express.
    """
    if json is not None:
        if data is not None or files is not None:
            raise ValueError("json must not be given beside data or files")
        headers.setdefault("Content-Type", "application/json")
        return json_module.dumps(json, ensure_ascii=False, allow_nan=False).encode("utf-8"), None
    if files is None:
        if isinstance(data, (str, bytes, bytearray)):
            return utf8(bytes(data) if isinstance(data, bytearray) else data), None
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return urlencode(pairs_of(data)).encode("ascii"), None
    multipart = Multipart(pairs_of(data or {}), files)
    headers["Content-Type"] = f"multipart/form-data; boundary={multipart.boundary}"
    if multipart.size is not None:
        if multipart.size <= _MAX_COLLECTED and multipart.is_in_memory:
            return b"".join(multipart.collected()), None
        headers["Content-Length"] = str(multipart.size)
    return None, multipart.produce


class Multipart:
    """A form with files (RFC 7578).

    :param fields: pairs of names and values.
    :param files: as `encode_content` takes them.
    """

    def __init__(self, fields: list[tuple[str, Any]], files: Any) -> None:
        self.boundary = secrets.token_hex(16)
        #: bytes of the whole, ``None`` if the size of a file cannot be known
        self.size: int | None = 0
        #: whether all content is here as bytes
        self.is_in_memory = True
        self._parts: list[bytes | _File] = []
        for name, value in fields:
            self._add(self._head(name, None, None) + utf8(value) + b"\r\n")
        items = files.items() if isinstance(files, Mapping) else files
        for name, spec in items:
            for each in spec if isinstance(spec, list) else [spec]:
                self._add_file(name, each)
        self._add(f"--{self.boundary}--\r\n".encode())

    def _add(self, data: bytes) -> None:
        self._parts.append(data)
        if self.size is not None:
            self.size += len(data)

    def _add_file(self, name: str, spec: FileSpec) -> None:
        filename, content, content_type = None, spec, None
        if isinstance(spec, tuple):
            filename, content, content_type = (*spec, None, None)[:3]
        if filename is None:
            path = getattr(content, "name", None)
            filename = os.path.basename(path) if isinstance(path, str) else name
        if content_type is None:
            content_type = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        self._add(self._head(name, filename, content_type))
        if isinstance(content, (str, bytes)):
            self._add(utf8(content))
        else:
            if not hasattr(content, "read"):
                raise TypeError(
                    f"content of file {name!r} is {content!r}, expected bytes or a file"
                )
            file = _File(content)
            self.is_in_memory = False
            self._parts.append(file)
            self.size = None if self.size is None or file.size is None else self.size + file.size
        self._add(b"\r\n")

    def _head(self, name: str, filename: str | None, content_type: str | None) -> bytes:
        text = f'--{self.boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if filename is not None:
            text += f'; filename="{_quoted(filename)}"'
        if content_type is not None:
            if not (content_type.isascii() and content_type.isprintable()):
                raise ValueError(f"invalid content type of a file: {content_type!r}")
            text += f"\r\nContent-Type: {content_type}"
        return f"{text}\r\n\r\n".encode()

    def collected(self) -> Iterator[bytes]:
        """Yield all parts; only where `is_in_memory`."""
        for part in self._parts:
            assert isinstance(part, bytes)
            yield part

    async def produce(self, write: Callable[[bytes], Any]) -> None:
        """Send everything through ``write``; again from its beginning if it is called again.

        :raises ValueError: by a second call, if a file cannot be read twice.
        """
        loop = asyncio.get_running_loop()
        for part in self._parts:
            if isinstance(part, bytes):
                await write(part)
                continue
            part.rewind()
            while piece := await loop.run_in_executor(None, part.read, _PIECE_SIZE):
                await write(piece)


class _File:
    """A file, from where it stands when it is given."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._was_read = False
        self.size: int | None = None
        self._start: int | None = None
        try:
            self._start = file.tell()
            self.size = file.seek(0, io.SEEK_END) - self._start
            file.seek(self._start)
        except (AttributeError, OSError, TypeError):
            self._start = self.size = None  # a pipe, for instance

    def rewind(self) -> None:
        if self._was_read:
            if self._start is None:
                raise ValueError("the file cannot be sent again: it has no seek()")
            self._file.seek(self._start)
        self._was_read = True

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if isinstance(data, str):
            raise TypeError("a file to be sent must be opened in binary mode")
        return bytes(data)


def _quoted(text: str) -> str:
    """Return a name for a quoted parameter, as browsers write it (HTML, multipart/form-data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
