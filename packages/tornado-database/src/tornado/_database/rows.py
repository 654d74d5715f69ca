"""Column names and values in, dictionaries with attributes out."""

from typing import Any


class Row(dict[str, Any]):
    """A row of a result: a `dict` whose keys can be read as attributes.

    A column that is not there raises `AttributeError` as an attribute and `KeyError` as a key. A column
    named like a method of `dict` (``items``, ``keys``, …) is reached as a key only.

    .. versionadded:: 2.3
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the row has no column {name!r}") from None


Row.__module__ = "tornado.database"
