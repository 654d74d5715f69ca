"""Bytes in, WSGI's strings out, and back: text whose characters stand for bytes (PEP 3333)."""

from __future__ import annotations


def to_wsgi_str(s: bytes) -> str:
    """Return bytes as a string of as many characters, each from U+0000 to U+00FF."""
    return s.decode("latin-1")


def from_wsgi_str(s: str) -> bytes:
    """Return the bytes that a string of WSGI stands for.

    :raises UnicodeEncodeError: if it has a character above U+00FF, which no string of WSGI has.
    """
    return s.encode("latin-1")
