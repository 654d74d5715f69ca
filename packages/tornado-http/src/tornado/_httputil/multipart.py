"""Pieces of a ``multipart/form-data`` body go in, its parts and their content come out (RFC 7578).

The parser keeps no content: what it holds between two calls is at most the headers of one part, or the
end of a chunk that may be the beginning of a delimiter. A body that is fed whole comes out in one piece a
part, found at the speed of `bytes.find`; the parser of whole bodies in :mod:`.forms` is that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from tornado._httputil.errors import HTTPInputError
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.parameters import _parse_header

#: RFC 2046 section 5.1.1: bytes of a boundary, at most.
_MAX_BOUNDARY: Final = 70

#: Lines of content that begin like a delimiter, at most; the RFC wants none.
_MAX_FALSE_DELIMITERS: Final = 1000

#: Bytes of padding behind a delimiter, at most.
_MAX_PADDING: Final = 256

_BOUNDARY_BYTES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? !#$%&*@[]^`{|}~;"
)
_CONTROLS = frozenset(map(chr, [*range(9), *range(10, 32), 127]))  # HTAB is none here
#: What may follow a delimiter on its line: padding, or the mark of the last one.
_AFTER_DELIMITER = re.compile(rb"[ \t]{0,%d}\r\n|--" % _MAX_PADDING)
#: What may become that when more arrives.
_BEGINNING = re.compile(rb"(?:[ \t]{0,%d}\r?|-)\Z" % _MAX_PADDING)

_START, _HEAD, _CONTENT, _OVER = range(4)


@dataclass
class ParseMultipartConfig:
    """How ``multipart/form-data`` is parsed.

    .. versionadded:: 6.5.5
    """

    #: Whether it is parsed at all; if not, such a body is refused.
    enabled: bool = True
    #: Parts in a body, at most.
    max_parts: int = 100
    #: Bytes in the headers of one part, at most.
    max_part_header_size: int = 10 * 1024
    #: Bytes in the content of all parts without a file name together, at most; ``None`` for any number.
    #:
    #: .. versionadded:: 6.100
    max_fields_size: int | None = None
    #: Parts with a file name, at most; ``None`` for as many as there may be parts.
    #:
    #: .. versionadded:: 6.100
    max_files: int | None = None
    #: Bytes in the content of one part with a file name, at most; ``None`` for any number.
    #:
    #: .. versionadded:: 6.100
    max_file_size: int | None = None


class MultipartPart:
    """The head of one part: what comes before its content.

    .. attribute:: name

       The name of the form's field.

    .. attribute:: filename

       The name that the client gave the file; empty if the part is a plain field. Anyone can claim
       anything there: it is no path to write to.

    .. attribute:: content_type

       What the client says the content is.

    .. attribute:: headers

       The part's `HTTPHeaders`.

    .. versionadded:: 6.100
    """

    __slots__ = ("filename", "headers", "name")

    def __init__(self, name: str, filename: str, headers: HTTPHeaders) -> None:
        self.name = name
        self.filename = filename
        self.headers = headers

    @property
    def content_type(self) -> str:
        default = "application/unknown" if self.filename else "text/plain"
        return self.headers.get("Content-Type", default)

    @property
    def is_file(self) -> bool:
        """Whether the part is a file, as opposed to a field."""
        return bool(self.filename)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, filename={self.filename!r})"


class PartEnd:
    """Stands behind the last piece of a part's content.

    .. versionadded:: 6.100
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "PartEnd()"


_PART_END = PartEnd()

#: What `MultipartParser.feed` returns: the head of a part, pieces of its content, its end.
MultipartEvent: TypeAlias = MultipartPart | bytes | PartEnd


class MultipartParser:
    """Parses a ``multipart/form-data`` body piece by piece; it does no input and output.

    ::

        parser = MultipartParser.for_type(headers["Content-Type"])
        for chunk in chunks:
            for event in parser.feed(chunk):
                ...
        parser.finish()

    :param boundary: from the Content-Type field, with or without the quotes around it.
    :param config: the limits; default: those of `ParseMultipartConfig`.
    :raises HTTPInputError: if the boundary is none, or parsing is disabled.

    .. versionadded:: 6.100
    """

    def __init__(self, boundary: bytes, config: ParseMultipartConfig | None = None) -> None:
        self._config = config = config or ParseMultipartConfig()
        if not config.enabled:
            raise HTTPInputError("multipart/form-data parsing is disabled")
        if len(boundary) >= 2 and boundary[:1] == boundary[-1:] == b'"':
            boundary = boundary[1:-1]
        if not 1 <= len(boundary) <= _MAX_BOUNDARY or not _BOUNDARY_BYTES.issuperset(boundary):
            raise malformed(f"boundary of {len(boundary)} bytes or with a byte it must not hold")
        self._dash_boundary = b"--" + boundary
        self._delimiter = b"\r\n" + self._dash_boundary
        self._state = _START
        self._kept = b""
        self._searched = 0  # of what is kept: the end of a part's head is not before
        self._parts = 0
        self._files = 0
        self._false_delimiters = 0
        # What the current part, and what all fields, may still have; None for any number.
        self._allowed: int | None = None
        self._fields_left = config.max_fields_size
        self._is_file = False
        self._skipped = 0  # at the beginning of what is kept, which is no content

    @classmethod
    def for_type(
        cls, content_type: str, config: ParseMultipartConfig | None = None
    ) -> MultipartParser:
        """Return a parser for the value of a Content-Type field.

        :raises HTTPInputError: if it is no ``multipart/form-data``, or has no boundary.
        """
        media_type, parameters = _parse_header(content_type)
        if media_type.lower() != "multipart/form-data":
            raise malformed(f"Content-Type is {media_type[:60]!r}")
        boundary = parameters.get("boundary")
        if not boundary:
            raise malformed("no boundary in Content-Type")
        return cls(boundary.encode("utf-8"), config)

    @property
    def is_over(self) -> bool:
        """Whether the final delimiter was met. What follows it is ignored."""
        return self._state == _OVER

    def feed(self, data: bytes) -> list[MultipartEvent]:
        """Take the next piece of the body, and return what came with it.

        For each part the list has its `MultipartPart`, the pieces of its content as `bytes` (of any size
        but 0, and none if there is no content), and a `PartEnd`, over as many calls as it takes.

        :raises HTTPInputError: if the body is malformed or beyond a limit. Nothing may be fed then.
        """
        if self._state == _OVER:
            return []
        if self._kept:
            data = self._kept + data
        events: list[MultipartEvent] = []
        position = 0
        while position >= 0:
            if self._state == _CONTENT:
                position = self._read_content(data, position, events)
            elif self._state == _HEAD:
                position = self._read_head(data, position, events)
            elif self._state == _START:
                position = self._read_start(data)
            else:
                self._kept = b""
                break
        return events

    def finish(self) -> None:
        """Say that the body is over.

        :raises HTTPInputError: if its end is missing.
        """
        if self._state == _START:
            raise malformed("does not begin with its boundary")
        if self._state != _OVER:
            raise malformed("no final boundary")

    # Each of these returns the position to go on from, or -1 after it kept what needs more to be read.

    def _keep(self, data: bytes, position: int) -> int:
        self._kept = data[position:] if position else data
        return -1

    def _read_start(self, data: bytes) -> int:
        start = self._dash_boundary
        if not data.startswith(start):
            if start.startswith(data):
                return self._keep(data, 0)
            raise malformed("does not begin with its boundary")
        following = _AFTER_DELIMITER.match(data, len(start))
        if following is None:
            if _BEGINNING.match(data, len(start)):
                return self._keep(data, 0)
            raise malformed("does not begin with its boundary")
        return self._pass_delimiter(following)

    def _pass_delimiter(self, following: re.Match[bytes]) -> int:
        """Go on behind a delimiter: at its CRLF, which may begin the next one as well."""
        if following.group() == b"--":
            self._state = _OVER
            return following.end()
        if self._parts >= self._config.max_parts:
            raise malformed(f"too many parts, at most {self._config.max_parts} are allowed")
        self._parts += 1
        self._state = _HEAD
        self._searched = 0
        return following.end() - 2

    def _read_head(self, data: bytes, base: int, events: list[MultipartEvent]) -> int:
        """Read the headers of a part; ``base`` is the CRLF before them."""
        limit = self._config.max_part_header_size
        start = base + 2
        first, first_delimiter = start, base
        if self._searched:
            searched = base + self._searched
            first = max(start, searched - 3)
            first_delimiter = max(base, searched - len(self._delimiter) - _MAX_PADDING - 2)
        end = data.find(b"\r\n\r\n", first, start + limit + 4)
        stop = end if end >= 0 else start + limit + 4
        found = data.find(self._delimiter, first_delimiter, stop)
        if found >= 0 and _AFTER_DELIMITER.match(data, found + len(self._delimiter)):
            raise malformed("a part without headers")
        if end < 0:
            if len(data) - start >= limit + 4:
                raise malformed(f"header too large: a part's exceeds {limit} bytes")
            self._searched = len(data) - base
            return self._keep(data, base)
        part = _read_part_head(data[start:end])
        events.append(part)
        self._state = _CONTENT
        # The CRLF of the empty line is no content, but may begin the next delimiter.
        self._skipped = 2
        self._is_file = bool(part.filename)
        if self._is_file:
            self._files += 1
            config = self._config
            if config.max_files is not None and self._files > config.max_files:
                raise malformed(f"too many files, at most {config.max_files} are allowed")
            self._allowed = config.max_file_size
        return self._read_content(data, end + 2, events)

    def _read_content(self, data: bytes, position: int, events: list[MultipartEvent]) -> int:
        start = position + self._skipped
        delimiter = self._delimiter
        searched = position
        while True:
            found = self._find_delimiter(data, searched)
            if found < 0:
                # What may be the beginning of a delimiter waits; there is no other CR in one.
                end = data.rfind(b"\r", max(position, len(data) - len(delimiter) + 1))
                if end < 0 or not delimiter.startswith(data[end:]):
                    end = len(data)
                break
            behind = found + len(delimiter)
            following = _AFTER_DELIMITER.match(data, behind)
            if following is not None:
                if found > start:
                    self._emit(data[start:found], events)
                events.append(_PART_END)
                return self._pass_delimiter(following)
            if _BEGINNING.match(data, behind):
                end = found
                break
            # A line of content that only begins like a delimiter.
            self._false_delimiters += 1
            if self._false_delimiters > _MAX_FALSE_DELIMITERS:
                raise malformed("its boundary is all over the content")
            searched = behind
        if end > start:
            self._emit(data[start:end], events)
        self._skipped = max(0, start - end)
        return self._keep(data, end)

    def _find_delimiter(self, data: bytes, position: int) -> int:
        """Return where the next delimiter begins, at its CRLF; negative if there is none."""
        # Found several times faster without the CRLF; with it, what follows a false match is not
        # searched by a loop of ours.
        found = data.find(self._dash_boundary, position)
        if found < 0:
            return -1
        found -= 2
        if found >= position and data.startswith(b"\r\n", found):
            return found
        return data.find(self._delimiter, position)

    def _emit(self, piece: bytes, events: list[MultipartEvent]) -> None:
        if self._is_file:
            if self._allowed is not None:
                self._allowed -= len(piece)
                if self._allowed < 0:
                    raise too_large("a file", self._config.max_file_size)
        elif self._fields_left is not None:
            self._fields_left -= len(piece)
            if self._fields_left < 0:
                raise too_large("the fields", self._config.max_fields_size)
        events.append(piece)


def malformed(reason: str) -> HTTPInputError:
    """Return the error for a body that is no multipart form."""
    return HTTPInputError(f"Invalid multipart/form-data: {reason}")


def too_large(what: str, limit: int | None) -> HTTPInputError:
    """Return the error for content beyond a limit; a server responds with 413."""
    error = malformed(f"{what} too large, at most {limit} bytes are allowed")
    error.status = 413
    return error


def _read_part_head(head: bytes) -> MultipartPart:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed("headers of a part are not UTF-8") from error
    lines = text.count("\n")
    if lines != text.count("\r") or (lines and lines != text.count("\r\n")):
        raise malformed("Invalid header value: line end within a header of a part")
    headers = HTTPHeaders.parse(text, _chars_are_bytes=False)
    disposition, parameters = _parse_header(headers.get("Content-Disposition", ""))
    if disposition.lower() != "form-data":
        raise malformed("Content-Disposition of a part is not form-data")
    name = parameters.get("name")
    if not name:
        raise malformed("a part without a name")
    filename = parameters.get("filename") or ""
    if _holds_controls(name) or (filename and _holds_controls(filename)):
        raise malformed("Invalid header value: control character in the name of a part")
    return MultipartPart(name, filename, headers)


def _holds_controls(text: str) -> bool:
    return not text.isprintable() and not _CONTROLS.isdisjoint(text)


for _exported in (ParseMultipartConfig, MultipartPart, MultipartParser, PartEnd):
    _exported.__module__ = "tornado.httputil"
