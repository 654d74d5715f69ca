"""The content of a form goes in, in either encoding; its arguments and files come out, within limits."""

from __future__ import annotations

import dataclasses
from collections.abc import MutableMapping

from tornado._escape.seam import form_fields
from tornado._httputil.errors import HTTPInputError
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.multipart import MultipartParser, MultipartPart, ParseMultipartConfig
from tornado._httputil.parameters import _parse_header
from tornado.util import ObjectDict

Arguments = MutableMapping[str, list[bytes]]


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


def parse_body_config() -> ParseBodyConfig:
    """Return how the bodies of requests are parsed: what `set_parse_body_config` set last.

    .. versionadded:: 6.100
    """
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

    :param content_type: the value of Content-Type. Both encodings of HTML forms are known.
    :param arguments: names to lists of byte strings.
    :param files: names to lists of `HTTPFile`.
    :param headers: of the message. A form with a Content-Encoding left is refused.
    :param config: limits; ``None`` means those that `set_parse_body_config` set.
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

    :param boundary: from the Content-Type field, with or without the quotes around it.
    :param data: the body. What follows the last boundary is ignored.
    :param arguments: names to lists of byte strings; gets the parts without a file name.
    :param files: names to lists of `HTTPFile`; gets the others.
    :param config: limits; ``None`` means those that `set_parse_body_config` set.
    :raises HTTPInputError: at the first thing that is malformed or beyond a limit. Then nothing was
        added.
    """
    parser = MultipartParser(boundary, config or _default_config.multipart)
    fields: list[tuple[str, bytes]] = []
    uploads: list[tuple[str, HTTPFile]] = []
    part: MultipartPart | None = None
    content = b""
    # All that is fed at once comes out as one piece a part.
    for event in parser.feed(bytes(data)):
        if type(event) is bytes:
            content = event
        elif type(event) is MultipartPart:
            part = event
            content = b""
        elif part is not None:
            filename = part.filename
            if filename:
                file = HTTPFile(filename=filename, body=content, content_type=part.content_type)
                uploads.append((part.name, file))
            else:
                fields.append((part.name, content))
    parser.finish()
    for name, value in fields:
        arguments.setdefault(name, []).append(value)
    for name, file in uploads:
        files.setdefault(name, []).append(file)


for _exported in (
    HTTPFile,
    ParseUrlEncodedConfig,
    ParseBodyConfig,
    set_parse_body_config,
    parse_body_config,
    parse_body_arguments,
    parse_multipart_form_data,
):
    _exported.__module__ = "tornado.httputil"
