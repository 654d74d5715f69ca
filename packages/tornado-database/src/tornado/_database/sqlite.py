"""A path and SQL in, sqlite3 cursors out: the embedded engine, with MySQL's placeholders."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import cast

import pymysql.err

from tornado._database.engines import Cursor, Parameters

PREFIX = "sqlite://"
MEMORY = ":memory:"

# Quoted text and comments are left alone; what remains may hold placeholders.
_TOKENS = re.compile(
    r"""('(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | --[^\n]* | /\*.*?\*/)"""
    r"""| %(?:(%)|(s)|\((\w+)\)s)""",
    re.VERBOSE | re.DOTALL,
)


def path_of(host: str) -> str | None:
    """Return the database file that `host` names, or None where it names a MySQL server.

    ``:memory:`` and ``sqlite://`` are databases in memory, ``sqlite:///name`` is a path relative to the
    working directory and ``sqlite:////name`` an absolute one.
    """
    if host == MEMORY or host in (PREFIX, PREFIX + "/"):
        return MEMORY
    if host.startswith(PREFIX + "/"):
        return host[len(PREFIX) + 1 :]
    if host.startswith(PREFIX):
        raise ValueError(f"{host!r} names a host; a SQLite path reads sqlite:///path")
    return None


@lru_cache(maxsize=512)
def translate(query: str) -> str:
    """Return `query` with ``%s`` and ``%(name)s`` as SQLite's placeholders and ``%%`` as ``%``."""

    def replace(match: re.Match[str]) -> str:
        quoted, percent, positional, name = match.groups()
        if quoted is not None:
            return quoted.replace("%%", "%")
        if percent:
            return "%"
        return "?" if positional else f":{name}"

    return _TOKENS.sub(replace, query)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Translate sqlite3's errors into PyMySQL's of the same name."""
    try:
        yield
    except sqlite3.Error as error:
        kind = getattr(pymysql.err, type(error).__name__, pymysql.err.DatabaseError)
        raise kind(*error.args) from error


class SQLiteEngine:
    """A session with a SQLite file that commits each statement and checks foreign keys.

    It may be used from several threads, one at a time. Raises `pymysql.err.OperationalError` where the
    file cannot be opened.
    """

    def __init__(self, path: str) -> None:
        with _errors():
            self._session = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._session.execute("PRAGMA foreign_keys = ON")

    def execute(self, query: str, parameters: Parameters, *, streaming: bool) -> Cursor:
        values = parameters if isinstance(parameters, Mapping) else tuple(parameters)
        with _errors():
            return _Cursor(self._session.execute(translate(query), values))

    def executemany(self, query: str, rows: Iterable[Parameters]) -> Cursor:
        # All rows or none, as one INSERT of many rows is on MySQL.
        with _errors():
            self._session.execute("BEGIN")
            try:
                cursor = self._session.executemany(translate(query), rows)
                self._session.execute("COMMIT")
            except BaseException:
                self._session.execute("ROLLBACK")
                raise
            return _Cursor(cursor)

    def close(self) -> None:
        self._session.close()

    def drop(self) -> None:
        # Closing it might end the other process's write-ahead log; so it is never closed.
        _dropped.append(self._session)


_dropped: list[sqlite3.Connection] = []


class _Cursor:
    """A sqlite3 cursor whose fetching raises PyMySQL's errors."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | None:
        return cast(
            "tuple[tuple[str, None, None, None, None, None, None], ...] | None",
            self._cursor.description,
        )

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    def fetchall(self) -> list[tuple[object, ...]]:
        with _errors():
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        with _errors():
            yield from self._cursor

    def close(self) -> None:
        self._cursor.close()
