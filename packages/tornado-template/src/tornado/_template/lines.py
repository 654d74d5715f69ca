"""A code object goes in, the same code with other line numbers comes out.

The generated function has lines of its own. Templates are told apart from it here: afterwards each
instruction carries the line of the template it was made from, so that tracebacks, debuggers,
profilers and warnings speak of the template. Column numbers, which would point into the generated
text, are left out.

The formats are those of CPython's ``Objects/lnotab_notes.txt`` (3.10) and
``InternalDocs/code_objects.md`` (3.11 and later).
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["renumber"]


def renumber(code: CodeType, numbers: Sequence[int]) -> CodeType:
    """Return *code*, and all code within it, with other line numbers.

    :param numbers: the new number of line 1, of line 2 and so on; counted from 1. Lines beyond
        the last one get the last one's.
    """
    last = len(numbers)
    first = numbers[min(code.co_firstlineno, last) - 1]
    changes: dict[str, Any] = {
        "co_firstlineno": first,
        "co_linetable": _encode_lines(code, numbers, first),
    }
    if any(type(constant) is CodeType for constant in code.co_consts):
        changes["co_consts"] = tuple(
            renumber(constant, numbers) if type(constant) is CodeType else constant
            for constant in code.co_consts
        )
    return code.replace(**changes)


def _encode_3_10(code: CodeType, numbers: Sequence[int], first: int) -> bytes:
    """Encode pairs of (bytes of code, change of the line); a change of -128 says: no line."""
    table = bytearray()
    last = len(numbers)
    current = first
    for start, end, old in code.co_lines():
        length = end - start
        if old is None:
            change = -128
        else:
            line = numbers[old - 1 if old < last else -1]
            change = line - current
            current = line
            while change > 127:
                table += b"\x00\x7f"
                change -= 127
            while change < -127:
                table += b"\x00\x81"
                change += 127
        while length > 254:
            table += bytes((254, change & 255))
            change = -128 if old is None else 0
            length -= 254
        table += bytes((length, change & 255))
    return bytes(table)


# An entry's first byte is its form and the number of code units less one, of which it has eight
# at most; the change of the line follows.
_NO_LINE = 0x80 | 15 << 3
_NO_COLUMNS = 0x80 | 13 << 3
_EIGHT_MORE = bytes((_NO_COLUMNS | 7, 0))


def _encode_3_11(code: CodeType, numbers: Sequence[int], first: int) -> bytes:
    """Encode entries of up to eight code units each, none with columns."""
    table = bytearray()
    append = table.append
    last = len(numbers)
    current = first
    for start, end, old in code.co_lines():
        units = (end - start) >> 1
        if not units:
            continue
        if old is None:
            while units > 0:
                append(_NO_LINE | min(units, 8) - 1)
                units -= 8
            continue
        line = numbers[old - 1 if old < last else -1]
        change = line - current
        current = line
        append(_NO_COLUMNS | (7 if units > 8 else units - 1))
        if -32 < change < 32:
            append(change << 1 if change >= 0 else -change << 1 | 1)
        else:
            number = change << 1 if change >= 0 else -change << 1 | 1
            while number > 63:
                append(0x40 | number & 63)
                number >>= 6
            append(number)
        if units > 8:
            more, rest = divmod(units - 8, 8)
            table += _EIGHT_MORE * more
            if rest:
                append(_NO_COLUMNS | rest - 1)
                append(0)
    return bytes(table)


_encode_lines = _encode_3_11 if sys.version_info >= (3, 11) else _encode_3_10
