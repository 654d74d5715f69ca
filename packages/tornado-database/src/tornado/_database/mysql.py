"""Host, user and SQL in, PyMySQL cursors out: the engine for MySQL and MariaDB."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import pymysql
import pymysql.cursors

from tornado._database.engines import Cursor, Parameters

DEFAULT_PORT = 3306


def parse_host(host: str) -> dict[str, Any]:
    """Return PyMySQL's address arguments for `host`.

    A host with a slash is the path of a unix socket; otherwise it is ``name``, ``name:port``,
    ``[v6]:port`` or a bare IPv6 address. Raises `ValueError` for a port that is not a number from 1 to
    65535.
    """
    if "/" in host:
        return {"unix_socket": host}
    match = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", host) or re.fullmatch(
        r"([^:]*)(?::([^:]*))?", host
    )
    if match is None:
        return {"host": host, "port": DEFAULT_PORT}
    name, port = match.group(1), match.group(2)
    if port is None:
        return {"host": name, "port": DEFAULT_PORT}
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"the port in {host!r} is not a number from 1 to 65535")
    return {"host": name, "port": int(port)}


#: Errors of a statement, after which the session is as good as before.
_STATEMENT_ERRORS = (
    pymysql.err.DataError,
    pymysql.err.IntegrityError,
    pymysql.err.NotSupportedError,
    pymysql.err.ProgrammingError,
)

# Codes of MySQL's client library.
_LOST = 2013
_OUT_OF_SYNC = 2014


class MySQLEngine:
    """A session in UTC and UTF-8 that commits each statement and refuses lossy values.

    Raises `pymysql.err.OperationalError` where the server cannot be reached or refuses the login, and
    for whatever leaves the session unusable. A session holds one result at a time: a statement ends
    the streamed one, if there is any, whose reader gets an error unless it had all rows.
    """

    def __init__(
        self, host: str, database: str | None, user: str | None, password: str | None
    ) -> None:
        self._stream: _Stream | None = None
        address = parse_host(host)
        try:
            self._session: pymysql.connections.Connection[Any] = pymysql.connect(
                **address,
                database=database,
                user=user,
                password=password or "",
                charset="utf8mb4",
                use_unicode=True,
                autocommit=True,
                init_command='SET time_zone = "+0:00"',
                sql_mode="TRADITIONAL",
            )
        except pymysql.err.OperationalError as error:
            # PyMySQL's text has the host at most; the number and the class stay.
            if "port" in address and len(error.args) == 2:
                where = f"{address['host']}:{address['port']}"
                error.args = (error.args[0], f"{error.args[1]} [connecting to {where}]")
            raise

    def execute(self, query: str, parameters: Parameters, *, streaming: bool) -> Cursor:
        with self.errors():
            self._end_stream()
            cursor = self._session.cursor(
                pymysql.cursors.SSCursor if streaming else pymysql.cursors.Cursor
            )
        # Outside, since parameters that do not fit are the caller's error and reach no server.
        # `%%` stands for `%` whether or not there are parameters.
        text = cursor.mogrify(query, parameters) if parameters else query.replace("%%", "%")
        try:
            with self.errors():
                cursor.execute(text)
        except BaseException:
            with contextlib.suppress(Exception):
                cursor.close()
            raise
        if not streaming:
            return cast(Cursor, cursor)
        self._stream = _Stream(self, cast("pymysql.cursors.SSCursor", cursor))
        return self._stream

    def executemany(self, query: str, rows: Iterable[Parameters]) -> Cursor:
        rows = list(rows)
        if not rows:
            return _NoResult()
        with self.errors():
            self._end_stream()
            cursor = self._session.cursor()
        try:
            with self.errors(TypeError, ValueError, LookupError):
                cursor.executemany(query, rows)
        except BaseException:
            cursor.close()
            raise
        return cast(Cursor, cursor)

    @contextlib.contextmanager
    def errors(self, *others: type[Exception]) -> Iterator[None]:
        """Raise `pymysql.err.OperationalError` for errors that leave the session unusable.

        PyMySQL has several kinds of them: `InterfaceError` where the session was closed before,
        `InternalError` for packets out of order, and where another thread or a lost connection
        closes it during a statement, whatever its own code then stumbles over.

        :param others: errors that may come from the statement's parameters; they pass.
        """
        try:
            yield
        except (*_STATEMENT_ERRORS, pymysql.err.OperationalError):
            raise
        except Exception as error:
            if isinstance(error, others) and self._session.open:
                raise
            if type(error) is pymysql.err.InternalError and self._session.open:
                raise  # told by the server
            raise pymysql.err.OperationalError(
                _LOST, f"Lost connection to MySQL server during query ({error!r})"
            ) from error

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end()

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cut()
        if self._session.open:
            # A server that has gone away cannot be told goodbye.
            with contextlib.suppress(Exception):
                self._session.close()

    def drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cut()
        # As when the object is deleted: the socket is closed, and nothing is sent.
        session: Any = self._session
        with contextlib.suppress(Exception):
            if session._result is not None:
                session._result.unbuffered_active = False
            session._force_close()


class _Stream:
    """A result whose rows stay with the server until they are fetched."""

    def __init__(self, engine: MySQLEngine, cursor: pymysql.cursors.SSCursor) -> None:
        self._engine = engine
        self._cursor = cursor
        self._process = os.getpid()
        self._is_complete = False
        self._is_cut = False

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    def fetchall(self) -> Sequence[Sequence[Any]]:
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        while True:
            if os.getpid() != self._process:
                self.cut()
            if self._is_cut:
                raise pymysql.err.ProgrammingError(
                    _OUT_OF_SYNC,
                    "the result was cut short by another statement on this connection, or by its"
                    " end: fetch all rows first (query), or use a second connection",
                )
            if self._is_complete:
                return
            with self._engine.errors():
                row = self._cursor.fetchone()
            if row is None:
                self._is_complete = True
                return
            yield row

    def end(self) -> None:
        """Make way for the next statement; the result is cut short unless its rows were all read."""
        if self._is_complete or self._is_cut:
            return
        if self._cursor.fetchone() is None:
            self._is_complete = True
        else:
            self._is_cut = True
            self._cursor.close()  # reads the other rows

    def cut(self) -> None:
        """Give the rest of the result up with the session."""
        if not self._is_complete:
            self._is_cut = True
            _disarm(self._cursor)

    def close(self) -> None:
        if self._process != os.getpid():
            self.cut()
        if not self._is_complete and not self._is_cut:
            with self._engine.errors():
                self._cursor.close()  # reads the other rows
        self._is_complete = True


def _disarm(cursor: Any) -> None:
    """Keep PyMySQL from reading the rest of a result, when it is deleted too."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False
    cursor.connection = None


class _NoResult:
    """The result of a statement that was run for no rows at all."""

    description = None
    rowcount = 0
    lastrowid = 0

    def fetchall(self) -> Sequence[Sequence[Any]]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def close(self) -> None:
        pass
