"""Queries in, rows out: one connection that hides cursors and comes back after long silence."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pymysql.err

from tornado._core.seam import wrong_type
from tornado._database.engines import Cursor, Engine, Parameters
from tornado._database.mysql import MySQLEngine
from tornado._database.rows import Row
from tornado._database.sqlite import MEMORY, SQLiteEngine, path_of
from tornado.log import gen_log


class Connection:
    """A connection to a MySQL or MariaDB server, or to a SQLite file.

    :param host: ``name``, ``name:port``, ``[v6]:port`` or the path of a unix socket (anything with a
        slash) of a MySQL server; ``sqlite:///path`` for a file and ``:memory:`` for a database that
        lives as long as the connection.
    :param database: the name of the database on the server; not used for SQLite.
    :param user: the login; None means the operating system's user.
    :param password: None means an empty one.
    :param max_idle_time: seconds after which an unused MySQL connection is reopened before its
        next query, because servers drop idle ones (theirs is eight hours, ours seven by default).

    Placeholders are ``%s`` with positional parameters or ``%(name)s`` with keyword parameters, and
    ``%%`` stands for a percent sign, on either database. Parameters never become part of the
    statement's text unescaped.

    A server that cannot be reached when the object is made is logged, not raised: the next query
    tries again, and raises `OperationalError` where that fails. An error of a query is raised; an
    `OperationalError`, which is also raised for a session that was lost, is logged and closes the
    connection first, so that the query after it starts on a fresh one.

    A child process (`os.fork`) starts with a session of its own; the parent's stays untouched.

    Not safe for two threads at the same time; see the module for its use with an executor. A
    connection is a context manager that closes itself at the block's end.

    .. versionadded:: 2.3
    .. versionchanged:: 6.100
        SQLite, IPv6 addresses, keyword parameters, the context manager.
    """

    def __init__(
        self,
        host: str,
        database: str | None = None,
        user: str | None = None,
        password: str | None = None,
        max_idle_time: float = 7 * 3600,
    ) -> None:
        if not isinstance(host, str):
            raise wrong_type("the host of Connection()", host, "str")
        self.host = host
        self.database = database
        self.max_idle_time = max_idle_time
        self._login = (user, password)
        self._path = path_of(host)
        self._engine: Engine | None = None
        self._process = os.getpid()
        self._last_use_time = time.monotonic()
        try:
            self.reconnect()
        except pymysql.err.OperationalError:
            gen_log.error("cannot connect to the database on %s", self.host, exc_info=True)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        # The attribute is missing where __init__ refused its arguments.
        if getattr(self, "_engine", None) is not None:
            self.close()

    def close(self) -> None:
        """Close this connection. A later query opens it again; closing twice does nothing."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        if self._process != os.getpid():
            engine.drop()  # it is the parent's
        else:
            engine.close()

    def reconnect(self) -> None:
        """Close the existing connection and open it again.

        Raises `OperationalError` where the server cannot be reached. A SQLite database in memory is
        empty afterwards.
        """
        self.close()
        self._process = os.getpid()
        if self._path is not None:
            self._engine = SQLiteEngine(self._path)
        else:
            self._engine = MySQLEngine(self.host, self.database, *self._login)
        self._last_use_time = time.monotonic()

    def iter(self, query: str, *parameters: Any, **named: Any) -> Iterator[Row]:
        """Yield the rows of `query` one by one, without holding all of them in memory.

        The rows stay with the server until they are fetched: finish or close the iterator before the
        next query on this connection. On MySQL that query ends the result, and the iterator raises
        `pymysql.err.ProgrammingError` if rows were left.
        """
        cursor = self._execute(query, parameters or named, streaming=True)
        engine = self._engine
        try:
            names = _column_names(cursor)
            rows = iter(cursor)
            while True:
                with self._failures_of(engine):
                    values = next(rows, None)
                if values is None:
                    return
                yield Row(zip(names, values, strict=True))
        finally:
            # What an early end leaves unread cannot fail for the caller; the session is dropped.
            with suppress(pymysql.err.OperationalError), self._failures_of(engine):
                cursor.close()

    def query(self, query: str, *parameters: Any, **named: Any) -> list[Row]:
        """Return all rows of `query` as a list of `Row`."""
        cursor = self._execute(query, parameters or named)
        try:
            names = _column_names(cursor)
            return [Row(zip(names, values, strict=True)) for values in cursor.fetchall()]
        finally:
            cursor.close()

    def get(self, query: str, *parameters: Any, **named: Any) -> Row | None:
        """Return the only row of `query`, or None where there is none.

        Raises `ValueError` where there are several: add ``LIMIT 1`` to want just the first.
        """
        rows = self.query(query, *parameters, **named)
        if len(rows) > 1:
            raise ValueError(f"the query gave {len(rows)} rows, expected at most 1")
        return rows[0] if rows else None

    def execute(self, query: str, *parameters: Any, **named: Any) -> int:
        """Run `query` and return the id that its last inserted row got (0 where it inserted none)."""
        return self.execute_lastrowid(query, *parameters, **named)

    def execute_lastrowid(self, query: str, *parameters: Any, **named: Any) -> int:
        """Run `query` and return the id that its last inserted row got (0 where it inserted none)."""
        cursor = self._execute(query, parameters or named)
        try:
            return cursor.lastrowid or 0
        finally:
            cursor.close()

    def execute_rowcount(self, query: str, *parameters: Any, **named: Any) -> int:
        """Run `query` and return how many rows it changed (found, for a SELECT on MySQL).

        .. versionadded:: 2.3
        """
        cursor = self._execute(query, parameters or named)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def executemany(self, query: str, parameters: Iterable[Parameters]) -> int:
        """Run `query` for each sequence of parameters and return the last inserted row's id."""
        return self.executemany_lastrowid(query, parameters)

    def executemany_lastrowid(self, query: str, parameters: Iterable[Parameters]) -> int:
        """Run `query` for each sequence of parameters and return the last inserted row's id."""
        cursor = self._executemany(query, parameters)
        try:
            return cursor.lastrowid or 0
        finally:
            cursor.close()

    def executemany_rowcount(self, query: str, parameters: Iterable[Parameters]) -> int:
        """Run `query` for each sequence of parameters and return how many rows all of it changed.

        .. versionadded:: 2.3
        """
        cursor = self._executemany(query, parameters)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def _connected(self) -> Engine:
        """Return the engine, reopened where it is closed, was idle for too long, or is another's."""
        if self._engine is not None and self._process != os.getpid():
            if self._path == MEMORY:
                self._process = os.getpid()  # a copy of all of it is this process's own
            else:
                self.close()
        idle = time.monotonic() - self._last_use_time
        if self._engine is None or (self._path is None and idle > self.max_idle_time):
            self.reconnect()
        assert self._engine is not None
        self._last_use_time = time.monotonic()
        return self._engine

    def _execute(self, query: str, parameters: Parameters, *, streaming: bool = False) -> Cursor:
        with self._failures_of(None):
            engine = self._connected()
        with self._failures_of(engine):
            return engine.execute(query, parameters, streaming=streaming)

    def _executemany(self, query: str, rows: Iterable[Parameters]) -> Cursor:
        with self._failures_of(None):
            engine = self._connected()
        with self._failures_of(engine):
            return engine.executemany(query, rows)

    @contextmanager
    def _failures_of(self, engine: Engine | None) -> Iterator[None]:
        """Log that the database failed, and drop a session that may be of no use any more."""
        try:
            yield
        except pymysql.err.OperationalError:
            gen_log.error("the database on %s failed", self.host, exc_info=True)
            self._drop(engine)
            raise
        except Exception:
            raise
        except BaseException:
            # An interrupt between a statement and its result: the next would get that one's.
            self._drop(engine)
            raise

    def _drop(self, engine: Engine | None) -> None:
        # A SQLite session survives its errors, and one in memory is all there is of its data.
        # Another thread may have opened a new one meanwhile.
        if self._path is None and engine is not None and self._engine is engine:
            self._engine = None
            engine.drop()


def _column_names(cursor: Cursor) -> Sequence[str]:
    return [column[0] for column in cursor.description or ()]


Connection.__module__ = "tornado.database"
