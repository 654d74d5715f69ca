"""A body goes to the multipart parser whole and in pieces; the same parts or the same refusal come out."""

# ruff: noqa: PT017 (an assertion is how a harness says what is wrong, about errors too)
from __future__ import annotations

from itertools import cycle

from tornado.httputil import (
    HTTPInputError,
    MultipartParser,
    MultipartPart,
    ParseMultipartConfig,
    PartEnd,
)

TOKENS = [
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"--", b"--b", b"--b\r\n", b"--b--", b"\r\n--b",
    b"\r\n--b--\r\n", b"\r\n--b \t\r\n", b"\r\n--b-", b"\r\n--bb", b'"', b"; ", b" ", b"\t", b"\xff",
    b"Content-Disposition: form-data; name=a\r\n\r\n", b'; filename="f"', b"x" * 40, b" " * 260,
    b"--b\r\nContent-Disposition: form-data; name=a; filename=f\r\nContent-Type: a/b\r\n\r\n",
]  # fmt: skip

CONFIG = ParseMultipartConfig(
    max_parts=8, max_part_header_size=128, max_files=4, max_file_size=512, max_fields_size=256
)

_Part = tuple[str, str, str, bytes]


def check(data: bytes) -> None:
    """The first bytes say how the rest is cut into pieces."""
    head, _, body = data.partition(b"\n")
    sizes = [byte % 9 + 1 for byte in head[:8]] or [1]
    whole = _parse([body])
    assert _parse([body[at : at + 1] for at in range(len(body))]) == whole
    pieces: list[bytes] = []
    at = 0
    for size in cycle(sizes):
        if at >= len(body):
            break
        pieces.append(body[at : at + size])
        at += size
    assert _parse(pieces) == whole


def _parse(pieces: list[bytes]) -> list[_Part] | None:
    """Return the parts, or ``None`` for a body that is refused."""
    parser = MultipartParser(b"b", CONFIG)
    found: list[_Part] = []
    part: MultipartPart | None = None
    content = b""
    try:
        for piece in pieces:
            for event in parser.feed(piece):
                if isinstance(event, MultipartPart):
                    assert part is None
                    part, content = event, b""
                elif isinstance(event, PartEnd):
                    assert part is not None
                    found.append((part.name, part.filename, part.content_type, content))
                    part = None
                else:
                    assert part is not None
                    assert event
                    content += event
            assert len(parser._kept) <= CONFIG.max_part_header_size + 300
        parser.finish()
    except HTTPInputError as error:
        assert str(error)
        return None
    assert part is None
    assert len(found) <= CONFIG.max_parts
    assert sum(len(content) for _, filename, _, content in found if not filename) <= 256
    assert all(len(content) <= 512 for *_, content in found)
    return found
