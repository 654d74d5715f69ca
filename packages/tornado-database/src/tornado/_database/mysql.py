"""Host, user and SQL in, PyMySQL cursors out: the engine for MySQL and MariaDB."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
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


class MySQLEngine:
    """A session in UTC and UTF-8 that commits each statement and refuses lossy values.

    Raises `pymysql.err.OperationalError` where the server cannot be reached or refuses the login.
    """

    def __init__(
        self, host: str, database: str | None, user: str | None, password: str | None
    ) -> None:
        self._session: pymysql.connections.Connection[Any] = pymysql.connect(
            **parse_host(host),
            database=database,
            user=user,
            password=password or "",
            charset="utf8mb4",
            use_unicode=True,
            autocommit=True,
            init_command='SET time_zone = "+0:00"',
            sql_mode="TRADITIONAL",
        )

    def execute(self, query: str, parameters: Parameters, *, streaming: bool) -> Cursor:
        kind = pymysql.cursors.SSCursor if streaming else pymysql.cursors.Cursor
        cursor = self._session.cursor(kind)
        try:
            if parameters:
                cursor.execute(query, parameters)
            else:
                # `%%` stands for `%` whether or not there are parameters.
                cursor.execute(query.replace("%%", "%"))
        except BaseException:
            with contextlib.suppress(pymysql.err.Error):
                cursor.close()
            raise
        return cast(Cursor, cursor)

    def executemany(self, query: str, rows: Iterable[Parameters]) -> Cursor:
        cursor = self._session.cursor()
        try:
            cursor.executemany(query, list(rows))
        except BaseException:
            cursor.close()
            raise
        return cast(Cursor, cursor)

    def close(self) -> None:
        if self._session.open:
            # A server that has gone away cannot be told goodbye.
            with contextlib.suppress(pymysql.err.Error, OSError):
                self._session.close()
