"""A CSV file of translations goes in; tables of messages come out, and bad rows are logged.

A row holds a message, its translation and, if it matters, ``singular`` or ``plural``.
"""

import codecs
import csv
import io

from tornado.log import gen_log

__all__ = ["read_translations"]

_INDICATORS = frozenset({"plural", "singular", "unknown"})


def read_translations(path: str, encoding: str | None = None) -> dict[str, dict[str, str]]:
    """Return the translations in a file, by plural indicator and then by message.

    A row that makes no sense is logged with its file and line, and left out.

    :param encoding: of the file; if left out, UTF-16 where it begins with that encoding's byte
        order mark, else UTF-8 with or without one.
    :raises OSError: if the file cannot be read.
    :raises UnicodeDecodeError: if it is not in the encoding; the reason names file and line.
    """
    with open(path, "rb") as file:
        data = file.read()
    if encoding is None:
        utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if utf_16 else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        error.reason = f"{error.reason} (file {path}, line {line})"
        raise
    # A mark that an explicit encoding such as "utf-8" keeps.
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    tables: dict[str, dict[str, str]] = {}
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return tables
        except csv.Error as error:
            gen_log.error("%s, line %d: %s", path, reader.line_num, error)
            continue
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        problem = _take(cells, tables)
        if problem:
            gen_log.error("%s, line %d: %s", path, reader.line_num, problem)


def _take(cells: list[str], tables: dict[str, dict[str, str]]) -> str | None:
    """Put a row's translation in its table; return what is wrong with the row, if something is."""
    if len(cells) < 2:
        return f"a row needs a message and its translation, got only {cells[0]!r}"
    message, translation = cells[:2]
    indicator = (cells[2] if len(cells) > 2 else "") or "unknown"
    if indicator not in _INDICATORS:
        return f"the plural indicator is {indicator!r}, expected 'singular', 'plural' or nothing"
    if any(cells[3:]):
        return f"a row has at most three columns, got {len(cells)}: is a comma not quoted?"
    if not message:
        return "the message is empty"
    tables.setdefault(indicator, {})[message] = translation
    return None
