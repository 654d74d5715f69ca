"""Small tools under every layer: objects go in; the same, adapted or configured, come out.

Most applications need little of this: `ObjectDict` and `import_object` perhaps, and `Configurable`
when they offer a choice of implementations.
"""

import builtins
import re
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from types import CodeType, TracebackType
from typing import Any, NoReturn, TypeVar

from tornado import _legacy
from tornado._core.seam import wrong_type

_legacy.provide(__name__)

__all__ = [
    "PY3",
    "ArgReplacer",
    "Configurable",
    "GzipDecompressor",
    "ObjectDict",
    "TimeoutError",
    "b",
    "basestring_type",
    "bytes_type",
    "errno_from_exception",
    "exec_in",
    "import_object",
    "is_finalizing",
    "raise_exc_info",
    "re_unescape",
    "timedelta_to_seconds",
    "u",
    "unicode_type",
]

# Names from the years in which one source ran on Python 2 and 3.
PY3 = True
bytes_type = bytes
unicode_type = str
basestring_type = str

_Self = TypeVar("_Self", bound="Configurable")


def u(s: str) -> str:
    """Return ``s``: the spelling of a Unicode literal in code that also ran on Python 2.

    .. versionadded:: 3.0
    """
    return s


def b(s: str) -> bytes:
    """Return the bytes of ``s``, one for each character: a byte literal in code for Python 2.5.

    :raises UnicodeEncodeError: for a character above U+00FF.

    .. versionadded:: 2.1
    """
    return s.encode("latin-1")


# What `tornado.gen.with_timeout`, `tornado.ioloop.IOLoop.run_sync`, locks and queues raise when time
# is up: asyncio's own class, so that code written for either catches the other's. Python 3.11 made it
# the built-in one.
#
# .. versionadded:: 5.0
#    One class instead of one each in `tornado.gen` and `tornado.ioloop`.
if sys.version_info >= (3, 11):
    TimeoutError = builtins.TimeoutError
else:
    from asyncio.exceptions import TimeoutError


class ObjectDict(dict[str, Any]):
    """A dictionary whose string keys can also be read and set as attributes.

    A key that is missing raises `AttributeError` when read as an attribute and `KeyError` when
    read as an item.

    .. versionadded:: 2.3
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None


class GzipDecompressor:
    """A streaming decompressor of gzip data whose output can be bounded.

    Feed it with `decompress`, and when all has been fed call `flush`. The data may consist of
    several gzip members, one after another; the result is that of all of them. Nothing else may
    follow a member.

    .. versionadded:: 3.2
    .. versionchanged:: 6.6
       Reads all members of a stream; before, the first.
    """

    def __init__(self) -> None:
        # Of the member that has begun, if one has.
        self._inflater: zlib._Decompress | None = None
        self._tail = b""
        # Whether the tail is the last byte of input, which was fed, and the inflater may hold
        # output that found no room.
        self._is_held = False

    def decompress(self, value: bytes, max_length: int = 0) -> bytes:
        """Return the next decompressed bytes, in the order in which they were compressed.

        :param value: the next bytes of compressed data; any division into chunks will do.
        :param max_length: return at most this many bytes; 0 for no bound. Input whose turn has not
            come is then in `unconsumed_tail` and must be passed again, before or in front of newer
            data, until the tail is empty. Until then a call may return fewer bytes, or none: it
            ends where a member ends.
        :raises zlib.error: if the data is not gzip, or damaged.

        .. versionchanged:: 4.0
           Added ``max_length``.
        """
        if self._is_held and value:
            value = value[1:]
        elif not value:
            return b""
        self._tail = b""
        if max_length:
            return self._decompress_some(value, max_length)
        self._is_held = False
        parts = [self._inflater.decompress(b"")] if self._inflater is not None else []
        # In slices, since each end of a member copies what follows it.
        for start in range(0, len(value), _GZIP_SLICE):
            rest = value[start : start + _GZIP_SLICE]
            while rest:
                inflater = self._begun()
                parts.append(inflater.decompress(rest))
                rest = inflater.unused_data
                if inflater.eof:
                    self._inflater = None
        return b"".join(parts)

    def _decompress_some(self, value: bytes, max_length: int) -> bytes:
        was_held, self._is_held = self._is_held, False
        if not value and not was_held:
            return b""
        inflater = self._begun()
        result = inflater.decompress(value, max_length)
        if inflater.eof:
            self._inflater = None
            self._tail = inflater.unused_data
        else:
            self._tail = inflater.unconsumed_tail
            if not self._tail and len(result) == max_length:
                # There may be more output of what was fed. The caller goes on while there is a
                # tail, so there has to be one.
                self._is_held = True
                self._tail = value[-1:] or b"\0"
        return result

    def _begun(self) -> "zlib._Decompress":
        if self._inflater is None:
            # 16 more than the window size tells zlib to expect gzip's header and trailer.
            self._inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return self._inflater

    @property
    def unconsumed_tail(self) -> bytes:
        """Compressed bytes that the last `decompress` with ``max_length`` left.

        .. versionadded:: 4.0
        """
        return self._tail

    def flush(self) -> bytes:
        """Check that the data is complete; to be called once, last. Returns ``b""``.

        :raises zlib.error: if the last member's end is missing: the input was cut off.
        :raises ValueError: if `unconsumed_tail` is not empty; nothing is decompressed then.
        """
        if self._tail:
            raise ValueError(
                f"unconsumed_tail holds {len(self._tail)} bytes that were not passed to decompress"
            )
        if self._inflater is not None:
            raise zlib.error("gzip data ended before its end-of-stream marker")
        return b""


# Bytes that are fed at once where output is not bounded.
_GZIP_SLICE = 16384


def import_object(name: str) -> Any:
    """Return the module, or the member of a module, that a dotted name stands for.

    ``import_object("json")`` is the module, ``import_object("json.loads")`` the function in it and
    ``import_object("os.path")`` the submodule.

    :raises ImportError: if there is no such module or member.
    """
    if not isinstance(name, str):
        raise wrong_type("import_object()", name, "a dotted name as str")
    parent_name, _, member = name.rpartition(".")
    if not parent_name:
        return import_module(name)
    parent = import_module(parent_name)
    try:
        return getattr(parent, member)
    except AttributeError as missing:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            # A submodule that exists and fails on an import of its own must say so itself.
            if error.name != name:
                raise
            raise ImportError(
                f"module {parent_name!r} has no member {member!r}", name=name
            ) from missing


def exec_in(
    code: str | CodeType, glob: dict[str, Any], loc: Mapping[str, Any] | None = None
) -> None:
    """Run ``code`` with the given globals, and locals if they are to be another mapping.

    Source text is compiled without the ``from __future__`` features of this module.

    .. versionadded:: 3.0
    """
    if isinstance(code, str):
        code = compile(code, "<string>", "exec", dont_inherit=True)
    exec(code, glob, loc)


def raise_exc_info(
    exc_info: (
        tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
        | tuple[None, None, None]
    ),
) -> NoReturn:
    """Raise again the exception of a `sys.exc_info` triple, with the traceback it had.

    :raises TypeError: if the triple holds no exception.
    """
    error = exc_info[1]
    if error is None:
        raise TypeError("raise_exc_info called with no exception")
    try:
        raise error.with_traceback(exc_info[2])
    finally:
        # The exception's traceback holds this frame: without this, a reference cycle.
        del error, exc_info


def errno_from_exception(e: BaseException) -> int | None:
    """Return the error number of an exception, or ``None`` if it has none.

    It is the attribute ``errno`` where there is one, else the exception's first argument: some
    exceptions are raised with the number and never set the attribute.

    .. versionadded:: 3.0
    """
    number: int | None = getattr(e, "errno", None)
    if number is None and e.args:
        number = e.args[0]
    return number


def re_unescape(s: str) -> str:
    r"""Undo `re.escape`.

    :raises ValueError: for a regular expression that `re.escape` cannot have made, such as
        ``\d`` or one that ends in a single backslash.

    .. versionadded:: 4.4
    """
    return _ESCAPE.sub(_unescape, s)


_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def _unescape(match: "re.Match[str]") -> str:
    escaped = match[1]
    if not escaped or (escaped.isascii() and escaped.isalnum()):
        raise ValueError(f"cannot unescape '\\{escaped}': re.escape never writes that")
    return escaped


def timedelta_to_seconds(td: timedelta) -> float:
    """Return the length of ``td`` in seconds.

    .. versionadded:: 3.0
    """
    if not isinstance(td, timedelta):
        raise wrong_type("timedelta_to_seconds()", td, "a timedelta")
    return td.total_seconds()


def is_finalizing() -> bool:
    """Return whether the interpreter is shutting down.

    .. versionadded:: 4.5
    """
    return sys.is_finalizing()


class Configurable:
    """Base of an interface whose constructor makes an object of a configurable implementation.

    The interface class derives from this one and defines `configurable_base` (usually to return
    itself) and `configurable_default`. Implementations derive from the interface and define
    `initialize` in place of ``__init__``. Calling the interface makes an object of the
    configured implementation; calling an implementation makes an object of that one::

        class Store(Configurable):
            @classmethod
            def configurable_base(cls):
                return Store

            @classmethod
            def configurable_default(cls):
                return MemoryStore

        class MemoryStore(Store):
            def initialize(self, size=100):
                self.size = size

        Store.configure("myapp.stores.DiskStore", path="/var/lib/myapp")
        store = Store()

    .. versionadded:: 3.0
    """

    # Set on the base class of each interface; `None` until something was configured.
    __impl_class: "type[Configurable] | None" = None
    __impl_kwargs: "dict[str, Any] | None" = None

    def __new__(cls: type[_Self], *args: Any, **kwargs: Any) -> _Self:
        """Make an object of the configured class and call its `initialize`.

        Keyword arguments given to `configure` are defaults; those given here go before them.
        """
        base = cls.configurable_base()
        implementation: type[Any] = cls
        if cls is base:
            implementation = cls.configured_class()
            configured = base.__dict__.get("_Configurable__impl_kwargs")
            if configured:
                kwargs = {**configured, **kwargs}
        if implementation.configurable_base() is not base:
            # The implementation is an interface in its own right, with a choice of its own.
            made: _Self = implementation(*args, **kwargs)
            return made
        instance: _Self = super().__new__(implementation)
        instance.initialize(*args, **kwargs)
        return instance

    @classmethod
    def configurable_base(cls) -> "type[Configurable]":
        """Return the class that carries the configuration: usually the interface class itself."""
        raise NotImplementedError(f"{cls.__qualname__} must define configurable_base")

    @classmethod
    def configurable_default(cls) -> "type[Configurable] | str":
        """Return the implementation, or its dotted name, to use while nothing was configured."""
        raise NotImplementedError(f"{cls.__qualname__} must define configurable_default")

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set up a new object; takes what the constructor was given. For implementations.

        .. versionchanged:: 4.2
           Takes positional arguments too.
        """
        if args or kwargs:
            given = ", ".join([*map(repr, args), *kwargs])
            raise TypeError(f"{type(self).__qualname__} takes no arguments, got {given}")

    @classmethod
    def configure(cls, impl: "type[Configurable] | str | None", **kwargs: Any) -> None:
        """Choose the class that the interface's constructor makes objects of.

        :param impl: a subclass of this class, the dotted name of one, or `None` for the default.
        :param kwargs: default keyword arguments of the constructor.
        :raises ImportError: if the dotted name leads nowhere.
        :raises ValueError: if it is not a subclass of this class.
        """
        if isinstance(impl, str):
            impl = import_object(impl)
        if impl is not None and not (isinstance(impl, type) and issubclass(impl, cls)):
            raise ValueError(f"{impl!r} is not a subclass of {cls.__qualname__}")
        cls._restore_configuration((impl, kwargs))

    @classmethod
    def configured_class(cls) -> "type[Configurable]":
        """Return the configured class; the default one if none was configured."""
        base = cls.configurable_base()
        configured: type[Any] | None = base.__dict__.get("_Configurable__impl_class")
        if configured is None:
            default = cls.configurable_default()
            configured = import_object(default) if isinstance(default, str) else default
            base.__impl_class = configured
        return configured

    @classmethod
    def _save_configuration(cls) -> "tuple[type[Any] | None, dict[str, Any] | None]":
        """Return the configuration as it is, for `_restore_configuration`: tests use the pair."""
        own = cls.configurable_base().__dict__
        return own.get("_Configurable__impl_class"), own.get("_Configurable__impl_kwargs")

    @classmethod
    def _restore_configuration(
        cls, saved: "tuple[type[Any] | None, dict[str, Any] | None]"
    ) -> None:
        base = cls.configurable_base()
        base.__impl_class, base.__impl_kwargs = saved


class ArgReplacer:
    """Finds and replaces one argument in calls of a function that were caught by a wrapper.

    :param func: the function that is wrapped.
    :param name: the name of one of its parameters. It may be one that ``func`` takes only by
        keyword, or not at all: then it is looked for among the keyword arguments.

    .. versionadded:: 3.0
    """

    def __init__(self, func: Callable[..., Any], name: str) -> None:
        self.name = name
        self.arg_pos: int | None = None
        # Here, since this alone needs it, and it takes longer to load than all the rest.
        from inspect import signature

        try:
            parameters = list(signature(func).parameters.values())
        except (TypeError, ValueError):
            return  # a function written in C that does not tell: the argument goes by keyword
        for position, parameter in enumerate(parameters):
            if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                return
            if parameter.name == name:
                self.arg_pos = position
                return

    def get_old_value(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], default: Any = None
    ) -> Any:
        """Return the argument's value in a call with ``args`` and ``kwargs``.

        :param default: what to return if the call does not give the argument.

        .. versionadded:: 4.0
        """
        if self.arg_pos is not None and len(args) > self.arg_pos:
            return args[self.arg_pos]
        return kwargs.get(self.name, default)

    def replace(
        self, new_value: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Any, Sequence[Any], dict[str, Any]]:
        """Put ``new_value`` in the argument's place.

        :return: the old value (`None` if the call did not give the argument, which is then added
            to the keyword arguments), and the positional and keyword arguments to call with.
            ``kwargs`` itself may have been changed.
        """
        if self.arg_pos is not None and len(args) > self.arg_pos:
            changed = list(args)
            old_value, changed[self.arg_pos] = changed[self.arg_pos], new_value
            return old_value, changed, kwargs
        old_value = kwargs.get(self.name)
        kwargs[self.name] = new_value
        return old_value, args, kwargs
