"""The content of a form goes in, in either encoding; its arguments and files come out, within limits."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import MutableMapping

from tornado._escape.seam import form_fields
from tornado._httputil.errors import HTTPInputError
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.parameters import _parse_header
from tornado.util import ObjectDict

Arguments = MutableMapping[str, list[bytes]]

#: RFC 2046 section 5.1.1: bytes of a boundary, at most.
_MAX_BOUNDARY = 70

#: Lines of content that begin like a delimiter, at most; the RFC wants none.
_MAX_FALSE_DELIMITERS = 1000

_BOUNDARY_BYTES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? !#$%&*@[]^`{|}~;"
)
_CONTROLS = frozenset(map(chr, [*range(9), *range(10, 32), 127]))  # HTAB is none here
#: What may follow a delimiter on its line: padding, or the mark of the last one.
_AFTER_DELIMITER = re.compile(rb"[ \t]*\r\n|--")


class HTTPFile(ObjectDict):
    """A file that came with a form; each attribute can also be read as an item, as in ``file["body"]``.

    * ``filename``: the name that the client gave it.
    * ``body``: its bytes.
    * ``content_type``: what the client says it is. Anyone can claim anything there.
    """

    filename: str
    body: bytes
    content_type: str


@dataclasses.dataclass
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


@dataclasses.dataclass
class ParseUrlEncodedConfig:
    """How ``application/x-www-form-urlencoded``, and the query of a URL, is parsed.

    .. versionadded:: 6.5.6
    """

    #: Fields, at most.
    max_arguments: int = 1000


@dataclasses.dataclass
class ParseBodyConfig:
    """How the bodies of requests are parsed.

    .. versionadded:: 6.5.5
    """

    multipart: ParseMultipartConfig = dataclasses.field(default_factory=ParseMultipartConfig)
    urlencoded: ParseUrlEncodedConfig = dataclasses.field(default_factory=ParseUrlEncodedConfig)


_default_config = ParseBodyConfig()


def set_parse_body_config(config: ParseBodyConfig) -> None:
    """Set how the bodies of requests are parsed in this process from now on.

    .. versionadded:: 6.5.5
    """
    global _default_config
    _default_config = config


def default_config() -> ParseBodyConfig:
    """Return what `set_parse_body_config` set last."""
    return _default_config


def parse_body_arguments(
    content_type: str,
    body: bytes,
    arguments: Arguments,
    files: MutableMapping[str, list[HTTPFile]],
    headers: HTTPHeaders | None = None,
    *,
    config: ParseBodyConfig | None = None,
) -> None:
    """Add what the form ``body`` holds to ``arguments`` and ``files``. A body of another type adds nothing.

    :arg content_type: the value of Content-Type. Both encodings of HTML forms are known.
    :arg arguments: names to lists of byte strings.
    :arg files: names to lists of `HTTPFile`.
    :arg headers: of the message. A form with a Content-Encoding left is refused.
    :arg config: limits; ``None`` means those that `set_parse_body_config` set.
    :raises HTTPInputError: if the body is malformed or beyond a limit. Then nothing was added.

    .. versionadded:: 3.2

    .. versionchanged:: 6.5
       What used to be logged is raised.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        _refuse_encoded(headers)
        limit = (config or _default_config).urlencoded.max_arguments
        for name, values in parse_urlencoded(bytes(body), limit).items():
            arguments.setdefault(name, []).extend(values)
    elif media_type == "multipart/form-data":
        _refuse_encoded(headers)
        boundary = _parse_header(content_type)[1].get("boundary")
        if not boundary:
            raise HTTPInputError("Invalid multipart/form-data: no boundary in Content-Type")
        multipart = (config or _default_config).multipart
        parse_multipart_form_data(
            boundary.encode("utf-8"), body, arguments, files, config=multipart
        )


def _refuse_encoded(headers: HTTPHeaders | None) -> None:
    if headers is not None and "Content-Encoding" in headers:
        coding = headers["Content-Encoding"]
        raise HTTPInputError(f"Unsupported Content-Encoding of a form: {coding[:60]!r}")


def parse_urlencoded(data: bytes, max_arguments: int) -> dict[str, list[bytes]]:
    """Return the fields of a query or an urlencoded body; a field without ``=`` has an empty value.

    Names are decoded as Latin-1, one character for each byte, and values are left to the
    application.

    :raises HTTPInputError: if there are more than ``max_arguments``.
    """
    arguments: dict[str, list[bytes]] = {}
    if not data:
        return arguments
    count = data.count(b"&") + 1
    if count > max_arguments:
        raise HTTPInputError(
            f"Max number of fields exceeded: {count}, at most {max_arguments} are allowed"
        )
    for name, _, value in form_fields(data):
        key = name.decode("latin-1")
        if key in arguments:
            arguments[key].append(value)
        else:
            arguments[key] = [value]
    return arguments


def parse_multipart_form_data(
    boundary: bytes,
    data: bytes,
    arguments: Arguments,
    files: MutableMapping[str, list[HTTPFile]],
    *,
    config: ParseMultipartConfig | None = None,
) -> None:
    """Add the parts of a ``multipart/form-data`` body to ``arguments`` and ``files`` (RFC 7578).

    :arg boundary: from the Content-Type field, with or without the quotes around it.
    :arg data: the body. What follows the last boundary is ignored.
    :arg arguments: names to lists of byte strings; gets the parts without a file name.
    :arg files: names to lists of `HTTPFile`; gets the others.
    :arg config: limits; ``None`` means those that `set_parse_body_config` set.
    :raises HTTPInputError: at the first thing that is malformed or beyond a limit. Then nothing was
        added.
    """
    if config is None:
        config = _default_config.multipart
    if not config.enabled:
        raise HTTPInputError("multipart/form-data parsing is disabled")
    if len(boundary) >= 2 and boundary[:1] == boundary[-1:] == b'"':
        boundary = boundary[1:-1]
    if not 1 <= len(boundary) <= _MAX_BOUNDARY or not _BOUNDARY_BYTES.issuperset(boundary):
        raise _malformed(f"boundary of {len(boundary)} bytes or with a byte it must not hold")
    fields: list[tuple[str, bytes]] = []
    uploads: list[tuple[str, HTTPFile]] = []
    for start, end in _part_bounds(bytes(data), b"--" + boundary, config.max_parts):
        _read_part(data, start, end, config.max_part_header_size, fields, uploads)
    for name, value in fields:
        arguments.setdefault(name, []).append(value)
    for name, file in uploads:
        files.setdefault(name, []).append(file)


def _malformed(reason: str) -> HTTPInputError:
    return HTTPInputError(f"Invalid multipart/form-data: {reason}")


def _part_bounds(data: bytes, dash_boundary: bytes, max_parts: int) -> list[tuple[int, int]]:
    """Return where each part begins (at its headers) and ends (before the CRLF of the next delimiter)."""
    if not data.startswith(dash_boundary):
        raise _malformed("does not begin with its boundary")
    bounds: list[tuple[int, int]] = []
    previous: int | None = None
    false_delimiters = 0
    # The position behind a delimiter, and the end of the part before it.
    position, part_end = len(dash_boundary), 0
    while True:
        following = _AFTER_DELIMITER.match(data, position)
        if following is not None:
            if previous is not None:
                if len(bounds) >= max_parts:
                    raise _malformed(f"too many parts, at most {max_parts} are allowed")
                bounds.append((previous, part_end))
            if following.group() == b"--":
                return bounds
            # The CRLF may also begin the next delimiter: the part between is empty then, and refused.
            previous = following.end()
            position = previous - 2
        elif previous is None:
            raise _malformed("does not begin with its boundary")
        else:
            # A line of content that only begins like a delimiter.
            false_delimiters += 1
            if false_delimiters > _MAX_FALSE_DELIMITERS:
                raise _malformed("its boundary is all over the content")
        part_end = _find_delimiter(data, dash_boundary, position)
        position = part_end + 2 + len(dash_boundary)


def _find_delimiter(data: bytes, dash_boundary: bytes, position: int) -> int:
    """Return where the next delimiter begins, at its CRLF."""
    # Found several times faster without the CRLF; with it, what follows a false match is not
    # searched by a loop of ours.
    found = data.find(dash_boundary, position) - 2
    if found >= 0 and not (found >= position and data.startswith(b"\r\n", found)):
        found = data.find(b"\r\n" + dash_boundary, position)
    if found < 0:
        raise _malformed("no final boundary")
    return found


def _read_part(
    data: bytes,
    start: int,
    end: int,
    max_header_size: int,
    fields: list[tuple[str, bytes]],
    uploads: list[tuple[str, HTTPFile]],
) -> None:
    """Add the part between ``start`` and ``end`` to ``fields`` or to ``uploads``."""
    head_end = data.find(b"\r\n\r\n", start, min(end, start + max_header_size + 4))
    if head_end < 0:
        if end - start > max_header_size:
            raise _malformed(f"header too large: a part's exceeds {max_header_size} bytes")
        if data[end - 2 : end] != b"\r\n" or end - start < 2:
            raise _malformed("a part without headers")
        # The CRLF of the empty line is also the one in front of the delimiter: there is no content.
        head_end = end - 2
    try:
        head = data[start:head_end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("headers of a part are not UTF-8") from error
    if head.count("\r") != head.count("\n") or head.count("\r\n") != head.count("\n"):
        raise _malformed("Invalid header value: line end within a header of a part")
    headers = HTTPHeaders.parse(head, _chars_are_bytes=False)
    disposition, parameters = _parse_header(headers.get("Content-Disposition", ""))
    if disposition.lower() != "form-data":
        raise _malformed("Content-Disposition of a part is not form-data")
    name = parameters.get("name")
    if not name:
        raise _malformed("a part without a name")
    filename = parameters.get("filename")
    if not _CONTROLS.isdisjoint(name) or (filename and not _CONTROLS.isdisjoint(filename)):
        raise _malformed("Invalid header value: control character in the name of a part")
    value = data[head_end + 4 : end]
    if filename:
        content_type = headers.get("Content-Type", "application/unknown")
        uploads.append((name, HTTPFile(filename=filename, body=value, content_type=content_type)))
    else:
        fields.append((name, value))


for _exported in (
    HTTPFile,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    ParseBodyConfig,
    set_parse_body_config,
    parse_body_arguments,
    parse_multipart_form_data,
):
    _exported.__module__ = "tornado.httputil"
