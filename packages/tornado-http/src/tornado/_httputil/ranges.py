"""A Range field goes in, the bounds of a slice come out; they go in, a Content-Range field comes out."""

from __future__ import annotations

import re

_RANGE = re.compile(r"\s*([0-9]{0,100})\s*-\s*([0-9]{0,100})\s*\Z")


def _parse_request_range(range_header: str) -> tuple[int | None, int | None] | None:
    """Return the bounds of a Range field as a Python slice takes them (its end is exclusive).

    >>> _parse_request_range("bytes=1-2")
    (1, 3)
    >>> _parse_request_range("bytes=6-")
    (6, None)
    >>> _parse_request_range("bytes=-6")
    (-6, None)
    >>> _parse_request_range("bytes=-0")
    (None, 0)
    >>> _parse_request_range("bytes=1-2,4-5") is None
    True

    :returns: ``None`` for what is no single range of bytes: the field is then ignored (RFC 9110
        section 14.2).
    """
    unit, _, value = range_header.partition("=")
    if unit.strip() != "bytes":
        return None
    match = _RANGE.match(value)
    if match is None:
        return None
    first, last = match.groups()
    if first:
        return int(first), int(last) + 1 if last else None
    if not last:
        return None, None
    length = int(last)
    return (-length, None) if length else (None, 0)


def _get_content_range(start: int | None, end: int | None, total: int) -> str:
    """Return the value of Content-Range for the slice from ``start`` to ``end`` of ``total`` bytes.

    >>> _get_content_range(None, 1, 4)
    'bytes 0-0/4'
    >>> _get_content_range(1, None, 4)
    'bytes 1-3/4'
    """
    return f"bytes {start or 0}-{(end or total) - 1}/{total}"
