"""Percent-encoded bytes go in, the bytes they stand for come out.

Forms are often dense: a text that is not English has an escape for each of its bytes. The standard
library makes an object of every one, which is the fastest way where there are few. For many, the
binary module's decoder of quoted-printable does the work
in one pass, for that encoding is percent-encoding with ``=`` in place of ``%``: the two signs are
exchanged, decoded, and exchanged again. Where the encodings differ, the input is made unambiguous first:

- The decoder takes ``==`` as one sign, ignores one at the end, and reads one in front of a line end as
  "the line goes on". In a URL each of these is a percent sign that begins no escape; it is escaped.
- Of the escapes, ``%25`` and ``%3D`` stand for the two signs themselves, which the second exchange
  changes. They are exchanged as well.
"""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Iterable
from operator import methodcaller
from os import urandom
from urllib.parse import unquote_to_bytes as unquote_few

__all__ = ["form_fields", "unquote_to_bytes"]

#: Up to so many escapes are few, ...
_FEW = 4
#: ... and more of them are if each stands in so many bytes, of which the decoder looks at every one.
_BYTES_PER_ESCAPE = 32

_DIGITS = "0123456789ABCDEFabcdef"
_ESCAPED = {(a + b).encode(): bytes([int(a + b, 16)]) for a in _DIGITS for b in _DIGITS}

_EXCHANGED = bytes.maketrans(b"%=", b"=%")
_PERCENT = ord("%")


def unquote_to_bytes(data: bytes) -> bytes:
    """Return ``data`` with each ``%`` and two hexadecimal digits replaced by the byte they stand for.

    A percent sign that two such digits do not follow stays.
    """
    count = data.count(b"%")
    if count == 1:
        before, _, after = data.partition(b"%")
        byte = _ESCAPED.get(after[:2])
        return data if byte is None else before + byte + after[2:]
    if count <= _FEW or count * _BYTES_PER_ESCAPE < len(data):
        return unquote_few(data) if count else data
    if b"%25" in data or b"%3" in data:
        data = _exchange_escapes(data)
    # From here on "%3D" is the escaped percent sign.
    if b"%%" in data:
        # Twice, since the first pass leaves pairs between neighbouring replacements.
        data = data.replace(b"%%", b"%3D%").replace(b"%%", b"%3D%")
    if b"%\n" in data:
        data = data.replace(b"%\n", b"%3D\n")
    if b"%\r" in data:
        data = data.replace(b"%\r", b"%3D\r")
    if data[-1] == _PERCENT:
        data += b"3D"
    data = data.translate(_EXCHANGED)
    return a2b_qp(data).translate(_EXCHANGED)


def _exchange_escapes(data: bytes) -> bytes:
    """Return ``data`` with ``%3D`` for ``%25``, and the other way round."""
    if b"%25" not in data:
        return data.replace(b"%3D", b"%25").replace(b"%3d", b"%25")
    if b"%3D" not in data and b"%3d" not in data:
        return data.replace(b"%25", b"%3D")
    # Holds the place of one while the other takes it, so it must not occur. One of three bytes is
    # fastest, as no replacement changes the length of the data.
    marker = b"%gg"
    while marker in data:
        marker = b"%g" + urandom(4).hex().encode()  # which nobody can have put in
    data = data.replace(b"%25", marker)
    data = data.replace(b"%3D", b"%25").replace(b"%3d", b"%25")
    return data.replace(marker, b"%3D")


def form_fields(data: bytes) -> Iterable[tuple[bytes, bytes, bytes]]:
    """Return name, ``=`` and value of each field of a form or query that is not empty.

    Fields are decoded all at once, which is much faster than one by one where they are small. So that
    an escaped ``&`` or ``=`` remains part of its field, the signs that separate are exchanged for two
    bytes of which UTF-8 has no use. No escape can take part of them away, but some may add such a
    byte. Then, as is seen by their number, fields are decoded one by one.
    """
    if b"%" not in data:
        return map(_AT_EQUALS, filter(None, data.replace(b"+", b" ").split(b"&")))
    decoded = unquote_to_bytes(data.translate(_MARKED))
    if decoded.count(b"\xff") == data.count(b"&") and decoded.count(b"\xfe") == data.count(b"="):
        return map(_field_of_marked, filter(None, decoded.split(b"\xff")))
    return map(_field_of_escaped, filter(None, data.replace(b"+", b" ").split(b"&")))


_MARKED = bytes.maketrans(b"+&=", b" \xff\xfe")
_AT_EQUALS = methodcaller("partition", b"=")


def _field_of_marked(field: bytes) -> tuple[bytes, bytes, bytes]:
    name, equals, value = field.partition(b"\xfe")
    return name, equals, value.replace(b"\xfe", b"=")


def _field_of_escaped(field: bytes) -> tuple[bytes, bytes, bytes]:
    name, equals, value = field.partition(b"=")
    return unquote_to_bytes(name), equals, unquote_to_bytes(value)
