"""The :class:`Template` class: text goes in, ``generate`` gives bytes."""

from __future__ import annotations

import builtins
import datetime
import threading
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

from tornado._core.seam import wrong_type
from tornado._template import runtime
from tornado._template.errors import PUBLIC_MODULE
from tornado._template.extending import registered
from tornado._template.whitespace import check_mode, default_mode
from tornado.escape import json_encode, linkify, squeeze, to_unicode, url_escape, utf8, xhtml_escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tornado._template.compiler import Program
    from tornado._template.extending import Directive
    from tornado._template.nodes import File

__all__ = ["Template"]


class _Unset:
    def __repr__(self) -> str:
        return "<the loader's>"


UNSET: Final = _Unset()

_DEFAULT_NAMESPACE: Final[dict[str, Any]] = {
    "escape": xhtml_escape,
    "xhtml_escape": xhtml_escape,
    "url_escape": url_escape,
    "json_encode": json_encode,
    "squeeze": squeeze,
    "linkify": linkify,
    "datetime": datetime,
    "_tt_utf8": utf8,
    "_tt_string_types": (str, bytes),
}


# What the generated function is called with, in the order of `codegen.PARAMETERS`.
_PLAIN_ARGUMENTS: Final = (
    runtime.escape_text,
    runtime.text,
    runtime.raw_text,
    runtime.custom_escape,
    runtime.apply,
    type,
    str,
    runtime.fill_escaped,
)


class _NoType:
    """The type of no value, so that no value skips the escaping function."""


def _arguments(escape: Callable[[bytes], Any]) -> tuple[Any, ...]:
    """Return what the generated function needs where ``xhtml_escape`` means *escape*."""
    if escape is xhtml_escape:
        return _PLAIN_ARGUMENTS
    function = runtime.escaper(escape)
    return (function, function, *_PLAIN_ARGUMENTS[2:6], _NoType, runtime.fill)


class _Loading(threading.local):
    """Whether this thread loads templates as parts of another one."""

    as_part = False


_loading: Final = _Loading()


class TemplateLoader(Protocol):
    """What a template asks of its loader; :class:`.BaseLoader` is one.

    .. versionadded:: 6.100
    """

    autoescape: str | None
    namespace: dict[str, Any]
    whitespace: str | None

    def load(self, name: str, parent_path: str | None = None) -> Template:
        """Load a template, or return the one loaded before."""


class Template:
    """A compiled template.

    :param template_string: the template's text, as ``str`` or as bytes in UTF-8.
    :param name: what errors and tracebacks call it, and what relative paths in it start from.
    :param loader: a :class:`BaseLoader`, needed for ``{% extends %}`` and ``{% include %}``. It
        also gives the defaults of the other arguments, and entries of the namespace.
    :param compress_whitespace: the old spelling of *whitespace*: true means ``"single"``, false
        means ``"all"``.
    :param autoescape: name of a function in the template's namespace through which every
        expression goes, or ``None`` for no escaping. Default: the loader's, else
        ``"xhtml_escape"``.
    :param whitespace: ``"all"``, ``"single"`` or ``"oneline"``; see :func:`filter_whitespace`.
        Default: the loader's; else ``"single"`` when the name ends in ``.html`` or ``.js``,
        ``"all"`` otherwise.
    :param directives: directives of the application, besides the loader's; see :class:`Directive`.
    :raises ParseError: when the text is no template (see there for its kinds).
    :raises TypeError: when both *whitespace* and *compress_whitespace* are given.
    :raises UnicodeDecodeError: when bytes are not UTF-8.

    Its attributes ``name``, ``loader``, ``autoescape`` and ``namespace`` (the loader's, read again
    at each :meth:`generate`) may be read.

    .. versionchanged:: 4.3
       Added *whitespace*, which replaces *compress_whitespace*.
    .. versionchanged:: 6.100
       Added *directives*.
    """

    def __init__(
        self,
        template_string: str | bytes,
        name: str = "<string>",
        loader: TemplateLoader | None = None,
        compress_whitespace: bool | None = None,
        autoescape: str | _Unset | None = UNSET,
        whitespace: str | None = None,
        directives: Iterable[Directive] = (),
    ) -> None:
        # The parser and the compiler are imported with the first template: an application that
        # has none imports this module all the same, with `tornado.web`.
        from tornado._template.parser import parse

        self.name = name
        self.loader = loader
        if compress_whitespace is not None:
            if whitespace is not None:
                raise TypeError("cannot set both whitespace and compress_whitespace")
            whitespace = "single" if compress_whitespace else "all"
        if whitespace is None:
            whitespace = (loader and loader.whitespace) or default_mode(name)
        check_mode(whitespace)
        if isinstance(autoescape, _Unset):
            autoescape = loader.autoescape if loader is not None else "xhtml_escape"
        self.autoescape = autoescape or None
        self.namespace: dict[str, Any] = loader.namespace if loader is not None else {}
        # A loader need not be a BaseLoader, and an old one knows no paths.
        path_of = getattr(loader, "source_path", str)
        if not isinstance(template_string, (str, bytes)):
            raise wrong_type("Template()", template_string, "str or bytes")
        source = to_unicode(template_string)
        # Nor need it know directives of applications.
        table: dict[str, Directive] = getattr(loader, "directives", {})
        if directives:
            table = registered((*table.values(), *directives))
        self._directives = table
        self.file: File = parse(source, name, path_of(name), self.autoescape, whitespace, table)
        self._compiled: Program | None = None
        self._defaults: dict[str, Any] = {}
        self._prepare()

    def __repr__(self) -> str:
        return f"<Template {self.name!r}>"

    # A part of another template (a parent, an include) is compiled in its place there, and for
    # itself only when someone asks. Two threads that do at once compile the same twice.
    def _prepare(self) -> Template:
        """Compile, unless this is wanted as a part only; return the template."""
        if self._compiled is None and not _loading.as_part:
            self._program()
        return self

    def _program(self) -> Program:
        program = self._compiled
        if program is None:
            # Late for the same reason as the parser.
            from tornado._template.compiler import compile_file
            from tornado._template.tracebacks import SourceLoader

            loader = self.loader
            fetch = None if loader is None else self._fetch
            program = compile_file(self.file, fetch, getattr(loader, "cache", None))
            self._defaults = {
                **_DEFAULT_NAMESPACE,
                # Functions in C that import (strftime, for one) look for it here.
                "__builtins__": builtins,
                "__name__": self.name.replace(".", "_"),
                "__loader__": SourceLoader(self.file, program),
            }
            for directive in self._directives.values():
                self._defaults.update(directive.namespace)
            self._compiled = program
        return program

    def _fetch(self, name: str, parent: str) -> File:
        assert self.loader is not None
        outer, _loading.as_part = _loading.as_part, True
        try:
            return self.loader.load(name, parent_path=parent).file
        finally:
            _loading.as_part = outer

    @property
    def is_async(self) -> bool:
        """Whether the template awaits something, so that only :meth:`generate_async` runs it."""
        return self._program().is_async

    @property
    def code(self) -> str:
        """The text of the Python function that the template became, for reading only."""
        return self._program().source

    @property
    def compiled(self) -> CodeType:
        """The code of that function, as released versions called it; for reading only."""
        return self._program().code

    def _namespace(self, arguments: dict[str, Any]) -> dict[str, Any]:
        namespace = self._defaults.copy()
        if self.namespace:
            namespace.update(self.namespace)
        namespace.update(arguments)
        if "_modules" in namespace:
            # The name of releases before 2.4.
            namespace.setdefault("_tt_modules", namespace["_modules"])
        return namespace

    def generate(self, /, **kwargs: Any) -> bytes:
        """Run the template and return its output.

        :param kwargs: variables of the template. They come before those of the loader's
            namespace, which come before the default ones.
        :returns: the output in UTF-8.
        :raises TypeError: when the template uses ``await``; see :meth:`generate_async`.
        :raises Exception: whatever the code in the template raises; the traceback shows the
            template's lines.
        """
        program = self._compiled or self._program()
        if program.is_async:
            message = f"template {self.name!r} uses await: call generate_async"
            raise TypeError(message)
        namespace = self._namespace(kwargs)
        function = FunctionType(program.code, namespace)
        try:
            return runtime.encode(function(*_arguments(namespace["xhtml_escape"])))
        except Exception as error:
            # Needed when something goes wrong, and only then.
            from tornado._template.tracebacks import show_template_lines

            show_template_lines(error)
            raise error

    async def generate_async(self, /, **kwargs: Any) -> bytes:
        """Run the template, which may use ``await`` in its expressions, and return its output.

        It runs templates without ``await`` too. Awaiting happens in the order of the text, one
        thing at a time. When the caller is cancelled, so is what the template awaits, and no
        output is returned.

        :param kwargs: as for :meth:`generate`.
        :returns: the output in UTF-8.
        :raises Exception: whatever the code in the template raises.

        .. versionadded:: 6.100
        """
        program = self._compiled or self._program()
        namespace = self._namespace(kwargs)
        function = FunctionType(program.code, namespace)
        try:
            output = function(*_arguments(namespace["xhtml_escape"]))
            if program.is_async:
                output = await output
            return runtime.encode(output)
        except Exception as error:
            # Needed when something goes wrong, and only then.
            from tornado._template.tracebacks import show_template_lines

            show_template_lines(error)
            raise error


Template.__module__ = TemplateLoader.__module__ = PUBLIC_MODULE
