"""Directives of applications: the public side of the parser's table.

It is small, because it is imported with :mod:`tornado.template`; what runs when a template has such
a directive is in :mod:`.directives`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tornado._template.errors import PUBLIC_MODULE, ParseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CodeWriter", "Directive", "Tag", "registered"]


class Tag:
    """One use of a directive in a template.

    .. attribute:: name

       The directive's name.

    .. attribute:: argument

       What stands behind the name, without white space around it; empty if there is nothing.

    .. attribute:: template_name

       The name of the template in which it stands.

    .. attribute:: line

       The line on which it begins, counted from 1.

    .. versionadded:: 6.100
    """

    __slots__ = ("argument", "line", "name", "template_name")

    def __init__(self, name: str, argument: str, template_name: str, line: int) -> None:
        self.name = name
        self.argument = argument
        self.template_name = template_name
        self.line = line

    def error(self, message: str) -> ParseError:
        """Return the error to raise for a tag that is wrong; it names the template and the line."""
        return ParseError(f"{self.name}: {message}", self.template_name, self.line)


class CodeWriter(Protocol):
    """Writes the Python that one use of a directive becomes; `Directive.write` gets it.

    Code is written in the order in which it shall run. A template becomes one function, so names are
    visible to all that follows: make those of your own with :meth:`unique`.

    .. versionadded:: 6.100
    """

    def text(self, text: str) -> None:
        """Output *text* as it is."""

    def value(self, expression: str, escaped: bool = True) -> None:
        """Output the value of a Python expression.

        :param escaped: whether it goes through the autoescape function that the template chose.
        """

    def statement(self, source: str) -> None:
        """Run a Python statement, such as an assignment. It may span lines."""

    def suite(self, header: str) -> AbstractContextManager[None]:
        """Write what follows, in a ``with`` statement, inside ``if x:``, ``for x in y:``, ``with x:`` ...

        :param header: the Python, with its colon.
        """

    def body(self) -> None:
        """Output what stands between the directive and its ``{% end %}``; for each call once."""

    def captured_body(self) -> str:
        """Run the body without output, and return the name of a variable that has its text.

        The text is a `str`, and is escaped already.
        """

    def unique(self, prefix: str) -> str:
        """Return a name for a variable that nothing else in the template has."""


class Directive:
    """Base of the directives that applications add to the language of templates.

    A subclass gives ``name`` and :meth:`write`, and is made known to a loader (or to a `Template`)::

        class Debug(template.Directive):
            name = "debug"
            argument = "expression"

            def write(self, tag, out):
                out.text(f"{tag.argument} = ")
                out.value(f"repr({tag.argument})")

        loader = template.Loader("templates", directives=[Debug()])

    Then ``{% debug user.name %}`` is a directive of all templates of that loader. It is compiled with
    the template, so it costs what the Python it writes costs.

    .. versionadded:: 6.100
    """

    #: The word after ``{%``: a Python identifier that no other directive has.
    name: ClassVar[str]
    #: What must follow the name, for the error if nothing does (``"expression"``); empty: nothing need.
    argument: ClassVar[str] = ""
    #: Whether a body follows, up to ``{% end %}``. ``break`` and ``continue`` do not reach out of it.
    has_body: ClassVar[bool] = False
    #: Names that the written code uses, and their values. A template's own variables come first, so
    #: give them names that nobody else uses.
    namespace: Mapping[str, Any] = {}

    def check(self, tag: Tag) -> None:
        """Hook: raise ``tag.error(...)`` for a tag that is wrong. Called when a template is parsed."""

    def write(self, tag: Tag, out: CodeWriter) -> None:
        """Write the code of one use. Called when a template is compiled, once for each place it is in.

        :param tag: the directive as it stands in the template.
        :param out: takes the code.
        """
        raise NotImplementedError


#: The names of the language itself; the parser's table has the same, which a test checks.
RESERVED = frozenset(
    "apply autoescape block break comment continue elif else end except extends finally for from if"
    " import include module raw set try while whitespace".split()
)


def registered(directives: Iterable[Directive]) -> dict[str, Directive]:
    """Return directives by their names.

    :raises TypeError: for what is no directive, such as the class in place of an instance.
    :raises ValueError: for a name that cannot be one, is part of the language, or is there twice.
    """
    table: dict[str, Directive] = {}
    for directive in directives:
        if not isinstance(directive, Directive):
            shown = directive.__name__ if isinstance(directive, type) else repr(directive)
            made = " (did you forget the parentheses?)" if isinstance(directive, type) else ""
            raise TypeError(f"directives must be instances of Directive, not {shown}{made}")
        name = getattr(directive, "name", None)
        owner = type(directive).__name__
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{owner}.name is {name!r}; expected a Python identifier")
        if name in RESERVED:
            raise ValueError(f"{owner}: {{% {name} %}} is a directive of the template language")
        if name in table:
            other = type(table[name]).__name__
            raise ValueError(f"{owner}: {{% {name} %}} is registered already, by {other}")
        table[name] = directive
    return table


for _class in (Tag, CodeWriter, Directive):
    _class.__module__ = PUBLIC_MODULE
