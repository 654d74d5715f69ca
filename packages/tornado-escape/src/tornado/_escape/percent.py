"""Percent-encoded bytes go in, the bytes they stand for come out.

Forms are often dense: a text that is not English has an escape for each of its bytes. The standard
library makes an object of every one. Here the binary module's decoder of quoted-printable does the work
in one pass, for that encoding is percent-encoding with ``=`` in place of ``%``: the two signs are
exchanged, decoded, and exchanged again. Where the encodings differ, the input is made unambiguous first:

- The decoder takes ``==`` as one sign, ignores one at the end, and reads one in front of a line end as
  "the line goes on". In a URL each of these is a percent sign that begins no escape; it is escaped.
- Of the escapes, ``%25`` and ``%3D`` stand for the two signs themselves, which the second exchange
  changes. They are exchanged as well.
"""

from __future__ import annotations

from binascii import a2b_qp
from os import urandom

__all__ = ["unquote_to_bytes"]

_EXCHANGED = bytes.maketrans(b"%=", b"=%")
_PERCENT = ord("%")


def unquote_to_bytes(data: bytes) -> bytes:
    """Return ``data`` with each ``%`` and two hexadecimal digits replaced by the byte they stand for.

    A percent sign that two such digits do not follow stays.
    """
    if b"%" not in data:
        return data
    if b"%25" in data or b"%3" in data:
        data = _exchange_escapes(data)
    # From here on "%3D" is the escaped percent sign.
    if b"%%" in data:
        # Twice, since the first pass leaves pairs between neighbouring replacements.
        data = data.replace(b"%%", b"%3D%").replace(b"%%", b"%3D%")
    if b"%\n" in data or b"%\r" in data:
        data = data.replace(b"%\n", b"%3D\n").replace(b"%\r", b"%3D\r")
    if data[-1] == _PERCENT:
        data += b"3D"
    data = data.translate(_EXCHANGED)
    return a2b_qp(data).translate(_EXCHANGED)


def _exchange_escapes(data: bytes) -> bytes:
    """Return ``data`` with ``%3D`` for ``%25``, and the other way round."""
    # Holds the place of one while the other takes it, so it must not occur.
    marker = b"%g"
    while marker in data:
        marker = b"%g" + urandom(4).hex().encode()  # which nobody can have put in
    data = data.replace(b"%25", marker)
    data = data.replace(b"%3D", b"%25").replace(b"%3d", b"%25")
    return data.replace(marker, b"%3D")
