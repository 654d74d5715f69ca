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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["renumber"]

LineRange = tuple[int, int, "int | None"]  # start and end in bytes, line


def renumber(code: CodeType, new_line: Callable[[int], int]) -> CodeType:
    """Return *code*, and all code within it, with each line number replaced by ``new_line`` of it.

    :param new_line: gives a line counted from 1 for each line in the code.
    """
    first = new_line(code.co_firstlineno)
    ranges = [
        (start, end, None if line is None else new_line(line))
        for start, end, line in code.co_lines()
    ]
    constants = tuple(
        renumber(constant, new_line) if isinstance(constant, CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(
        co_firstlineno=first, co_linetable=_encode_lines(ranges, first), co_consts=constants
    )


def _encode_3_10(ranges: Iterable[LineRange], first: int) -> bytes:
    """Encode pairs of (bytes of code, change of the line); a change of -128 says: no line."""
    table = bytearray()
    current = first
    for start, end, line in ranges:
        length = end - start
        if line is None:
            change = -128
        else:
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
            change = -128 if line is None else 0
            length -= 254
        table += bytes((length, change & 255))
    return bytes(table)


_NO_LINE = 0x80 | 15 << 3
_NO_COLUMNS = 0x80 | 13 << 3


def _encode_3_11(ranges: Iterable[LineRange], first: int) -> bytes:
    """Encode entries of up to eight code units each, none with columns."""
    table = bytearray()
    current = first
    for start, end, line in ranges:
        units = (end - start) >> 1
        if line is None:
            while units > 0:
                table.append(_NO_LINE | min(units, 8) - 1)
                units -= 8
            continue
        change = line - current
        current = line
        while units > 0:
            table.append(_NO_COLUMNS | min(units, 8) - 1)
            number = change << 1 if change >= 0 else -change << 1 | 1
            while number > 63:
                table.append(0x40 | number & 63)
                number >>= 6
            table.append(number)
            change = 0
            units -= 8
    return bytes(table)


_encode_lines = _encode_3_11 if sys.version_info >= (3, 11) else _encode_3_10
