"""The incremental parser of multipart forms: whole, byte by byte, and in all splits."""

from __future__ import annotations

from typing import Any

import pytest

from tornado.httputil import (
    HTTPInputError,
    MultipartParser,
    MultipartPart,
    ParseMultipartConfig,
    PartEnd,
    parse_multipart_form_data,
)

HEAD = b'Content-Disposition: form-data; name="%s"\r\n\r\n'
FILE = b'Content-Disposition: form-data; name="%s"; filename="f"\r\nContent-Type: a/b\r\n\r\n'

Parts = list[tuple[str, str, bytes]]


def _take(parser: MultipartParser, chunks: list[bytes]) -> Parts:
    """Return name, file name and content of all parts."""
    found: Parts = []
    part: MultipartPart | None = None
    content = b""
    for chunk in chunks:
        for event in parser.feed(chunk):
            if isinstance(event, MultipartPart):
                assert part is None
                part, content = event, b""
            elif isinstance(event, PartEnd):
                assert part is not None
                found.append((part.name, part.filename, content))
                part = None
            else:
                assert part is not None
                assert event
                content += event
    parser.finish()
    return found


def _splits(body: bytes) -> list[list[bytes]]:
    one_by_one = [body[i : i + 1] for i in range(len(body))]
    in_two = [[body[:i], body[i:]] for i in range(len(body) + 1)]
    in_threes = [body[i : i + 3] for i in range(0, len(body), 3)]
    return [[body], one_by_one, in_threes, [b"", body, b""], *in_two]


BODIES: list[tuple[bytes, Parts]] = [
    (b"--b--", []),
    (b"--b--\r\nepilogue --b\r\n", []),
    (b"--b\r\n" + HEAD % b"a" + b"x\r\n--b--\r\n", [("a", "", b"x")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--b--", [("a", "", b"")]),
    # The empty line's CRLF is the delimiter's as well.
    (b"--b\r\n" + (HEAD % b"a")[:-2] + b"\r\n--b--", [("a", "", b"")]),
    (b"--b\r\n" + FILE % b"a" + b"\r\n\r\n\r\n--b--", [("a", "f", b"\r\n\r\n")]),
    (
        b"--b \t\r\n" + HEAD % b"a" + b"1\r\n--b\r\n" + FILE % b"c" + b"2\r\n--b--",
        [("a", "", b"1"), ("c", "f", b"2")],
    ),
    # What only begins like a delimiter is content.
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--bc\r\n--b--", [("a", "", b"\r\n--bc")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--b \tc\r\n--b--", [("a", "", b"\r\n--b \tc")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--b-c\r\n--b--", [("a", "", b"\r\n--b-c")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--b \rc\r\n--b--", [("a", "", b"\r\n--b \rc")]),
    (b"--b\r\n" + HEAD % b"a" + b"x--b--\n--b--\r\n--b--", [("a", "", b"x--b--\n--b--")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\r\n\r\n-\r\n--\r\n--b--", [("a", "", b"\r\r\n\r\n-\r\n--")]),
    (b"--b\r\n" + HEAD % b"a" + b"\r\n--b--\r\n--b\r\n\r\n", [("a", "", b"")]),
]


@pytest.mark.parametrize(("body", "parts"), BODIES)
def test_every_split_gives_the_same_parts(body: bytes, parts: Parts) -> None:
    for chunks in _splits(body):
        assert _take(MultipartParser(b"b"), chunks) == parts


@pytest.mark.parametrize(("body", "parts"), BODIES)
def test_the_whole_body_parser_gives_them_too(body: bytes, parts: Parts) -> None:
    arguments: dict[str, Any] = {}
    files: dict[str, Any] = {}
    parse_multipart_form_data(b"b", body, arguments, files)
    found = [(name, "", value) for name, values in arguments.items() for value in values]
    found += [(name, f.filename, f.body) for name, values in files.items() for f in values]
    assert found == parts


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "does not begin with its boundary"),
        (b"--", "does not begin with its boundary"),
        (b"--b", "does not begin with its boundary"),
        (b"--bx", "does not begin with its boundary"),
        (b"\r\n--b--", "does not begin with its boundary"),
        (b"preamble\r\n--b--", "does not begin with its boundary"),
        (b"--b\r\n", "no final boundary"),
        (b"--b\r\n" + HEAD % b"a" + b"x", "no final boundary"),
        (b"--b\r\n" + HEAD % b"a" + b"x\r\n--b", "no final boundary"),
        (b"--b\r\n" + HEAD % b"a" + b"x\r\n--b-", "no final boundary"),
        (b"--b\r\n--b--", "a part without headers"),
        (b"--b\r\n\r\n--b--", "a part without headers"),
        (b"--b\r\nA: b\r\n--b--", "a part without headers"),
        (b"--b\r\nA: b\r\n--b\r\n\r\n\r\n--b--", "a part without headers"),
        (b"--b\r\nA: b\r\n\r\nx\r\n--b--", "Content-Disposition of a part is not form-data"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "a part without a name"),
        (b"--b\r\n\xff\r\n\r\nx\r\n--b--", "headers of a part are not UTF-8"),
        (b"--b\r\nA: b\nC: d\r\n\r\nx\r\n--b--", "line end within a header"),
        (b"--b\r\n" + b"A" * 300 + b": b\r\n\r\n", "header too large"),
        (b"--b\r\n" + b"A" * 300, "header too large"),
        ((b"--b\r\n" + HEAD % b"a" + b"x\r\n") * 5 + b"--b--", "too many parts"),
        ((b"--b\r\n" + FILE % b"a" + b"x\r\n") * 3 + b"--b--", "too many files"),
        (b"--b\r\n" + FILE % b"a" + b"x" * 41 + b"\r\n--b--", "a file too large"),
        ((b"--b\r\n" + HEAD % b"a" + b"x" * 11 + b"\r\n") * 2 + b"--b--", "the fields too large"),
    ],
)
def test_what_is_malformed_or_too_much_is_refused_in_every_split(body: bytes, message: str) -> None:
    config = ParseMultipartConfig(
        max_parts=4, max_part_header_size=256, max_files=2, max_file_size=40, max_fields_size=20
    )
    splits = _splits(body) if len(body) < 600 else _splits(body)[:4]
    for chunks in splits:
        with pytest.raises(HTTPInputError, match="Invalid multipart/form-data: ") as info:
            _take(MultipartParser(b"b", config), chunks)
        assert message in str(info.value)
        is_large = message in ("a file too large", "the fields too large")
        assert info.value.status == (413 if is_large else 400)


def test_content_full_of_beginnings_of_delimiters_is_refused() -> None:
    body = b"--b\r\n" + HEAD % b"a" + b"\r\n--bx" * 1001
    for size in (1, 7, 100, len(body)):
        with pytest.raises(HTTPInputError, match="its boundary is all over the content"):
            _take(MultipartParser(b"b"), [body[i : i + size] for i in range(0, len(body), size)])


def test_limits_that_are_just_met() -> None:
    config = ParseMultipartConfig(
        max_parts=3,
        max_part_header_size=len(FILE % b"a") - 4,
        max_files=1,
        max_file_size=40,
        max_fields_size=20,
    )
    body = (b"--b\r\n" + HEAD % b"a" + b"x" * 10 + b"\r\n") * 2
    body += b"--b\r\n" + FILE % b"a" + b"x" * 40 + b"\r\n--b--"
    for chunks in _splits(body):
        assert len(_take(MultipartParser(b"b", config), chunks)) == 3


def test_nothing_of_a_large_file_is_kept() -> None:
    parser = MultipartParser(b"boundary")
    parser.feed(b"--boundary\r\n" + FILE % b"a")
    chunk = bytes(range(256)) * 256
    for _ in range(64):
        pieces = parser.feed(chunk)
        assert sum(len(piece) for piece in pieces if isinstance(piece, bytes)) > 65000
        assert len(parser._kept) < len(b"\r\n--boundary")


def test_tiny_pieces_of_a_head_take_linear_time() -> None:
    # What is kept is searched from where the last search ended.
    parser = MultipartParser(b"b")
    for byte in b"--b\r\n" + b"A" * 9000:
        parser.feed(bytes([byte]))
    assert parser._searched > 8990


def test_what_follows_the_end_is_ignored() -> None:
    parser = MultipartParser(b"b")
    assert not parser.is_over
    parser.feed(b"--b--")
    assert parser.is_over
    assert parser.feed(b"\r\n--b\r\nanything") == []
    parser.finish()


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("text/plain", "Content-Type is 'text/plain'"),
        ("multipart/mixed; boundary=b", "Content-Type is 'multipart/mixed'"),
        ("multipart/form-data", "no boundary in Content-Type"),
        ('multipart/form-data; boundary=""', "no boundary in Content-Type"),
        ("multipart/form-data; boundary=" + "b" * 71, "boundary of 71 bytes"),
        ("multipart/form-data; boundary=a\x01b", "boundary of 3 bytes"),
    ],
)
def test_content_types_without_a_usable_boundary(content_type: str, message: str) -> None:
    with pytest.raises(HTTPInputError) as info:
        MultipartParser.for_type(content_type)
    assert message in str(info.value)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=b", 'Multipart/Form-Data; charset=x; boundary="b"'],
)
def test_content_types_with_one(content_type: str) -> None:
    parser = MultipartParser.for_type(content_type)
    assert _take(parser, [b"--b\r\n" + HEAD % b"a" + b"x\r\n--b--"]) == [("a", "", b"x")]


def test_heads_say_what_came() -> None:
    parser = MultipartParser(b"b")
    field, file = (
        event
        for event in parser.feed(b"--b\r\n" + HEAD % b"a" + b"x\r\n--b\r\n" + FILE % b"c" + b"y")
        if isinstance(event, MultipartPart)
    )
    assert (field.is_file, field.content_type, field.filename) == (False, "text/plain", "")
    assert (file.is_file, file.content_type, file.filename) == (True, "a/b", "f")
    assert file.headers["Content-Type"] == "a/b"
    assert repr(file) == "MultipartPart(name='c', filename='f')"


def test_a_disabled_parser_is_refused() -> None:
    with pytest.raises(HTTPInputError, match="parsing is disabled"):
        MultipartParser(b"b", ParseMultipartConfig(enabled=False))
