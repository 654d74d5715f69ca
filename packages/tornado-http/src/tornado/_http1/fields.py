"""The bytes of field lines go in, validated pairs come out (RFC 9112 section 5).

Nothing of a message that was refused is kept: the tables hold only names that passed.
"""

from __future__ import annotations

from collections.abc import Iterable

from tornado._http1.errors import MessageError, excerpt
from tornado._httputil.names import KNOWN, TOKEN, valid_name

#: Every byte that no field line may hold, CR and LF aside (those are counted).
CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])

#: The same with CR and LF.
ALL_CONTROLS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])

#: Names beyond this count are checked again each time they are sent.
_MAX_SENT_NAMES = 1024

#: Names that an application has sent and that were found valid.
sent_names: set[str] = set()


def parse_fields(block: bytes, max_count: int) -> list[tuple[str, str]]:
    """Return the (normal name, value) pairs of ``block``, in order.

    :param block: a line of any text (a start line's end, or nothing), then field lines, each
        preceded by CRLF, then CRLF CRLF.
    :param max_count: field lines at most.
    :raises MessageError: 400 for a bare CR or LF, a control character, white space before the
        colon, a folded line, a name that is no token or is missing; 431 for too many lines.
    """
    lines = block.decode("latin-1").split("\r\n")
    breaks = len(lines) - 1
    if (
        block.count(b"\n") != breaks
        or block.count(b"\r") != breaks
        or len(block.translate(None, CONTROLS)) != len(block)
    ):
        raise MessageError("control character in a header")
    if breaks - 2 > max_count:
        raise MessageError(f"{breaks - 2} header lines, at most {max_count} are allowed", 431)
    known = KNOWN.get
    pairs = []
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        normal = known(name)
        if normal is None or not colon:
            normal = _checked_name(name, colon)
        pairs.append((normal, value.strip(" \t")))
    return pairs


def _checked_name(name: str, colon: str) -> str:
    """Return the normal form of a name that was not seen before.

    :raises MessageError: if it is no token, or no colon follows it.
    """
    if name[:1] in (" ", "\t"):
        raise MessageError("folded header line")
    if not colon:
        raise MessageError(f"Malformed HTTP headers: no colon in header line {excerpt(name)}")
    if not TOKEN.match(name):
        raise MessageError(f"invalid header name {excerpt(name)}")
    return valid_name(name)


def check_names(names: Iterable[str]) -> None:
    """Let the field names of an outgoing message pass, or raise.

    :raises ValueError: if one is no token.
    """
    for name in names:
        if name not in sent_names:
            if not TOKEN.match(name):
                raise ValueError(f"invalid header name {excerpt(name)}")
            if len(name) <= 64 and len(sent_names) < _MAX_SENT_NAMES:
                sent_names.add(name)
