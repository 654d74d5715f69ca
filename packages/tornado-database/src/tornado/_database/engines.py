"""The seam between `Connection` and the databases: what an engine offers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

#: What fills a statement's placeholders: values for ``%s``, or names for ``%(name)s``.
Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """The part of a DB-API cursor that `Connection` uses (PEP 249)."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None: ...
    @property
    def rowcount(self) -> int: ...
    @property
    def lastrowid(self) -> int | None: ...
    def fetchall(self) -> Sequence[Sequence[Any]]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def close(self) -> None: ...


class Engine(Protocol):
    """One open session with a database. Every error it raises is one of PyMySQL's."""

    def execute(self, query: str, parameters: Parameters, *, streaming: bool) -> Cursor:
        """Run `query` and return its cursor, which the caller closes.

        With `streaming` the rows stay with the server until they are fetched.
        """
        ...

    def executemany(self, query: str, rows: Iterable[Parameters]) -> Cursor:
        """Run `query` once for each of `rows`; return the last cursor, which the caller closes."""
        ...

    def close(self) -> None:
        """End the session. Raises nothing where it has ended already."""
        ...

    def drop(self) -> None:
        """Forget the session without a word to the database, which may belong to another process."""
        ...
