"""Field lines, pairs or mappings go in; a case-insensitive mapping that keeps repeated fields comes out."""

from __future__ import annotations

import enum
import numbers
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar, overload

from tornado._httputil.errors import HTTPInputError
from tornado._httputil.names import KNOWN, normal_form, valid_name

# Controls except HTAB; with them, where characters stand for bytes, all that is above U+00FF.
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_BAD_IN_BYTES = re.compile("[^\t\x20-\x7e\x80-\xff]")


def _checked_value(name: str, value: str, chars_are_bytes: bool) -> str:
    """Return ``value``, or raise `HTTPInputError` if no field value may hold what it holds."""
    if not (value.isascii() and value.isprintable()):
        bad = _BAD_IN_BYTES if chars_are_bytes else _BAD_IN_TEXT
        if bad.search(value):
            raise HTTPInputError(f"Invalid header value: control character in {name[:60]!r}")
    return value


def _text_of(name: str, value: object) -> str:
    """Return the text of a field value that was set as something else."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, enum.IntEnum):
        return str(int(value))
    has_text = type(value).__str__ is not object.__str__ and not isinstance(value, Collection)
    if has_text or isinstance(value, numbers.Number):
        return str(value)
    raise TypeError(f"{name} is {value!r} of type {type(value).__name__}, which no header can hold")


_D = TypeVar("_D")


class HTTPHeaders(MutableMapping[str, str]):
    """The header fields of a message: a mapping in which ``CONTENT-TYPE`` is ``Content-Type``.

    Names are held in their normal form and in the order in which they first came. A field that came
    more than once reads as one value, joined by commas; `add` adds such a value, and `get_list` and
    `get_all` give the single ones.

    The constructor takes what `dict` takes: a mapping (another `HTTPHeaders` too, whose repeated
    fields are kept), pairs, and keywords.

    >>> headers = HTTPHeaders({"content-type": "text/html"})
    >>> list(headers)
    ['Content-Type']
    >>> headers.add("Set-Cookie", "flavour=oat")
    >>> headers.add("set-cookie", "crumbs=many")
    >>> headers["SET-COOKIE"]
    'flavour=oat,crumbs=many'
    >>> headers.get_list("Set-Cookie")
    ['flavour=oat', 'crumbs=many']
    >>> for name, value in headers.get_all():
    ...     print(f"{name}: {value}")
    Content-Type: text/html
    Set-Cookie: flavour=oat
    Set-Cookie: crumbs=many

    Setting an item replaces every value of that field and checks nothing; whatever is invalid in a
    message is refused when the message is sent. `add`, `parse_line` and `parse` check names and
    values at once.

    Nothing here takes more than linear time, however often a field is repeated.

    .. versionchanged:: 6.5
       `add`, `parse_line` and `parse` raise `HTTPInputError` for what RFC 9110 does not allow.
    """

    # _fields: normal name -> value. _repeated: normal name -> all values, for the names that have
    # more than one (_fields then has the first one). Other rooms of this distribution read both.
    __slots__ = ("__dict__", "__weakref__", "_fields", "_repeated")

    _fields: dict[str, str]
    _repeated: dict[str, list[str]] | None

    @overload
    def __init__(self, given: Mapping[str, list[str]], /) -> None: ...

    @overload
    def __init__(self, given: Mapping[str, str], /) -> None: ...

    @overload
    def __init__(self, given: Iterable[tuple[str, str]] | None, /) -> None: ...

    @overload
    def __init__(self, *args: tuple[str, str]) -> None: ...

    @overload
    def __init__(self, **kwargs: str) -> None: ...

    def __init__(self, *args: Any, **kwargs: str) -> None:
        self._repeated = None
        if not kwargs and len(args) == 1 and type(args[0]) is dict:
            # The way of almost all responses: nothing is repeated in a dictionary.
            known = KNOWN.get
            self._fields = {
                known(name) or normal_form(name): value for name, value in args[0].items()
            }
            return
        self._fields = {}
        if (args and args[0] is not None) or kwargs:
            self.update(*args, **kwargs)

    @classmethod
    def _from_normalized(cls, pairs: Iterable[tuple[str, str]]) -> HTTPHeaders:
        """Return headers of ``pairs`` whose names are in normal form and whose values were checked."""
        self = cls.__new__(cls)
        fields: dict[str, str] = {}
        repeated: dict[str, list[str]] | None = None
        for name, value in pairs:
            if name not in fields:
                fields[name] = value
            else:
                if repeated is None:
                    repeated = {}
                if name in repeated:
                    repeated[name].append(value)
                else:
                    repeated[name] = [fields[name], value]
        self._fields = fields
        self._repeated = repeated
        return self

    @classmethod
    def _copy_of(cls, other: HTTPHeaders) -> HTTPHeaders:
        """Return headers that equal ``other`` and share nothing with it."""
        self = cls.__new__(cls)
        self._fields = other._fields.copy()
        repeated = other._repeated
        self._repeated = (
            None if repeated is None else {name: values.copy() for name, values in repeated.items()}
        )
        return self

    def _lines(self) -> list[str]:
        """Return ``"Name: value"`` for each field line, in order.

        :raises TypeError: for a value that stands for no text, such as ``None`` or a list.
        """
        pairs = self.get_all() if self._repeated else self._fields.items()
        try:
            # Adding strings gives the text of a member of ``class Colour(str, Enum)``, and fails for
            # what is none.
            return [name + ": " + value for name, value in pairs]
        except TypeError:
            return [f"{name}: {_text_of(name, value)}" for name, value in self.get_all()]

    # What this class adds to a mapping.

    def add(self, name: str, value: str, *, _chars_are_bytes: bool = True) -> None:
        """Add ``value`` to the values of the field ``name``.

        :param name: the name, in any case.
        :param value: the value, without line breaks.
        :raises HTTPInputError: if the name is no token, or the value holds a control character or,
            unless its characters are known not to stand for bytes, one above U+00FF.
        """
        normal = valid_name(name)
        value = _checked_value(normal, value, _chars_are_bytes)
        fields = self._fields
        if normal not in fields:
            fields[normal] = value
            return
        repeated = self._repeated
        if repeated is None:
            repeated = self._repeated = {}
        if normal in repeated:
            repeated[normal].append(value)
        else:
            repeated[normal] = [fields[normal], value]

    def get_list(self, name: str) -> list[str]:
        """Return all values of the field ``name``, in order; an empty list if there are none."""
        normal = normal_form(name)
        if self._repeated and normal in self._repeated:
            return self._repeated[normal].copy()
        return [self._fields[normal]] if normal in self._fields else []

    def get_all(self) -> Iterator[tuple[str, str]]:
        """Yield a pair of name and value for each field line; a repeated name comes repeatedly."""
        repeated = self._repeated or {}
        for name, value in self._fields.items():
            if name in repeated:
                for each in repeated[name]:
                    yield name, each
            else:
                yield name, value

    def parse_line(self, line: str, *, _chars_are_bytes: bool = True) -> None:
        r"""Add the field that ``line`` holds.

        >>> headers = HTTPHeaders()
        >>> headers.parse_line("Content-Type: text/html")
        >>> headers.get("content-type")
        'text/html'

        :param line: a name, a colon and a value, with or without the line end (CRLF, or LF alone). An
            empty line adds nothing.
        :raises HTTPInputError: if the line has no colon, has a name that is no token, starts with
            white space (the folded lines of HTTP/1.0 are refused, RFC 9112 section 5.2) or holds a
            control character.
        """
        if line.endswith("\r\n"):
            line = line[:-2]
        elif line.endswith("\n"):
            line = line[:-1]
        if not line:
            return
        if line[0] in " \t":
            raise HTTPInputError("Folded header line")
        name, colon, value = line.partition(":")
        if not colon:
            raise HTTPInputError("no colon in header line")
        self.add(name, value.strip(" \t"), _chars_are_bytes=_chars_are_bytes)

    @classmethod
    def parse(cls, headers: str, *, _chars_are_bytes: bool = True) -> HTTPHeaders:
        r"""Return the fields of the block of lines ``headers``.

        >>> headers = HTTPHeaders.parse("Content-Type: text/html\r\nContent-Length: 42\r\n")
        >>> sorted(headers.items())
        [('Content-Length', '42'), ('Content-Type', 'text/html')]

        :param headers: the lines, each ended by CRLF (or LF alone), the last one perhaps by nothing.
        :raises HTTPInputError: as `parse_line` does.
        """
        self = cls()
        for line in headers.split("\n"):
            self.parse_line(
                line[:-1] if line.endswith("\r") else line, _chars_are_bytes=_chars_are_bytes
            )
        return self

    def copy(self) -> HTTPHeaders:
        """Return new headers with the same fields, repeated ones too.

        .. versionchanged:: 2.3
           Repeated fields stay repeated.
        """
        return self._copy_of(self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> HTTPHeaders:
        return self._copy_of(self)

    # The mapping.

    def __getitem__(self, name: str) -> str:
        normal = KNOWN.get(name) or normal_form(name)
        if self._repeated and normal in self._repeated:
            return ",".join(self._repeated[normal])
        return self._fields[normal]

    def __setitem__(self, name: str, value: str) -> None:
        normal = KNOWN.get(name) or normal_form(name)
        self._fields[normal] = value
        if self._repeated:
            self._repeated.pop(normal, None)

    def __delitem__(self, name: str) -> None:
        normal = normal_form(name)
        del self._fields[normal]
        if self._repeated:
            self._repeated.pop(normal, None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (KNOWN.get(name) or normal_form(name)) in self._fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...

    @overload
    def get(self, name: str, default: str, /) -> str: ...

    @overload
    def get(self, name: str, default: _D, /) -> str | _D: ...

    @overload
    def get(self, name: str, *, default: str) -> str: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of the field ``name``, or ``default`` if there is none."""
        normal = KNOWN.get(name) or normal_form(name)
        if self._repeated and normal in self._repeated:
            return ",".join(self._repeated[normal])
        return self._fields.get(normal, default)

    @overload  # type: ignore[override]
    def update(self, given: Mapping[str, str], /, **kwargs: str) -> None: ...

    @overload
    def update(self, given: Iterable[tuple[str, str]] = (), /, **kwargs: str) -> None: ...

    def update(  # type: ignore[misc]  # mypy does not see that any arguments are all of them
        self, *args: Any, **kwargs: str
    ) -> None:
        """Set fields from a mapping or from pairs, and from keywords, as `dict.update` does.

        Each replaces the values that its field had. From another `HTTPHeaders` repeated fields stay
        repeated.
        """
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 argument, got {len(args)}")
        for source in args:
            if isinstance(source, HTTPHeaders):
                self._take(source)
            else:
                pairs = source.items() if isinstance(source, Mapping) else source
                for name, value in pairs:
                    self[name] = value
        for name, value in kwargs.items():
            self[name] = value

    def _take(self, other: HTTPHeaders) -> None:
        self._fields.update(other._fields)
        if self._repeated:
            for name in other._fields:
                self._repeated.pop(name, None)
        if other._repeated:
            if self._repeated is None:
                self._repeated = {}
            for name, values in other._repeated.items():
                self._repeated[name] = values.copy()

    def clear(self) -> None:
        """Remove all fields."""
        self._fields.clear()
        self._repeated = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, HTTPHeaders):
            return self._fields == other._fields and (self._repeated or {}) == (
                other._repeated or {}
            )
        if isinstance(other, Mapping):
            mine = dict(self.items())
            return len(mine) == len(other) and mine == {
                normal_form(name) if isinstance(name, str) else name: value
                for name, value in other.items()
            }
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the way a class says that it has no hash

    def __str__(self) -> str:
        """The field lines, each ended by ``\\n``."""
        return "".join([f"{line}\n" for line in self._lines()])

    __unicode__ = __str__

    def __repr__(self) -> str:
        return f"HTTPHeaders({list(self.get_all())!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), list(self.get_all()))


def _unpickled(cls: type[HTTPHeaders], pairs: list[tuple[str, str]]) -> HTTPHeaders:
    return cls._from_normalized(pairs)


HTTPHeaders.__module__ = "tornado.httputil"
