"""A Content-Type and a body go to the parsers of forms; arguments and files come out, or one error."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

from urllib.parse import parse_qsl

from tornado.httputil import (
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    parse_body_arguments,
)

TOKENS = [
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"--", b"--b", b"--b\r\n", b"--b--", b"\r\n--b",
    b"\r\n--b--\r\n", b'"', b"\\", b"'", b";", b"; ", b"=", b"&", b"+", b"%", b"%00", b"%zz", b"%C3",
    b"multipart/form-data; boundary=b\n", b"application/x-www-form-urlencoded\n", b"boundary=",
    b"Content-Disposition: form-data; name=a\r\n\r\n", b'Content-Disposition: form-data; name="',
    b'; filename="f"', b"; filename*=UTF-8''%e2%82%ac", b"; filename*0=", b"; filename*1*=",
    b"Content-Type: text/plain\r\n", b"Content-Transfer-Encoding: base64\r\n", b" ", b"\t",
    b"\xff", b"\xc3\xa4", b"name*=", b"latin-1''", b"unknown''x", b"form-data",
]  # fmt: skip

CONFIG = ParseBodyConfig(
    ParseMultipartConfig(max_parts=8, max_part_header_size=256), ParseUrlEncodedConfig(64)
)


def check(data: bytes) -> None:
    """The first line is the Content-Type, the rest is the body; of usual types it is one too."""
    first, _, body = data.partition(b"\n")
    for content_type in (
        first.decode("latin-1"),
        "multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded",
    ):
        _check_form(content_type, body)


def _check_form(content_type: str, body: bytes) -> None:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    try:
        parse_body_arguments(content_type, body, arguments, files, HTTPHeaders(), config=CONFIG)
    except HTTPInputError as error:
        assert str(error)
        assert not arguments
        assert not files
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        _check_fields(body, arguments)
        assert not files
    elif media_type == "multipart/form-data":
        _check_parts(body, arguments, files)
    else:
        assert not arguments
        assert not files


def _check_fields(body: bytes, arguments: dict[str, list[bytes]]) -> None:
    """The standard library reads the same."""
    expected: dict[str, list[bytes]] = {}
    for name, value in parse_qsl(body.decode("latin-1"), True, encoding="latin-1"):
        expected.setdefault(name, []).append(value.encode("latin-1"))
    assert arguments == expected
    assert sum(map(len, arguments.values())) <= CONFIG.urlencoded.max_arguments


def _check_parts(
    body: bytes, arguments: dict[str, list[bytes]], files: dict[str, list[HTTPFile]]
) -> None:
    values = [value for values in arguments.values() for value in values]
    uploads = [upload for uploads in files.values() for upload in uploads]
    assert len(values) + len(uploads) <= CONFIG.multipart.max_parts
    contents = values + [upload.body for upload in uploads]
    assert sum(map(len, contents)) <= len(body)
    assert all(content in body for content in contents)
    names = [*arguments, *files, *(upload.filename for upload in uploads)]
    for name in names:
        assert name
        # A tab is kept, as in every release.
        controls = {chr(code) for code in range(32)} | {chr(127)}
        assert not (controls - {"\t"}).intersection(name)
    assert not any(set(upload.content_type) & set("\r\n\0") for upload in uploads)
