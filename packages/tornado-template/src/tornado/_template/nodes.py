"""What the parser makes of a template: a tree of the nodes below, one :class:`File` a template.

Nodes hold source text only. Names of other files (``extends``, ``include``) are left as they
stand; the linker follows them. ``line`` counts from 1 and is where the directive opens.

A node class says itself what it becomes (:meth:`Node.emit`), what matters about that code to what is
around it (:meth:`Node.traits`, :meth:`Node.binds`) and what it contains (:attr:`Node.bodies`,
:meth:`Node.inside`). So a directive is an entry in the parser's table and a class here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "DEFAULT_ESCAPE",
    "FILL_MASK",
    "FLOW",
    "JUMP",
    "SPECIAL",
    "VALUE",
    "Apply",
    "Block",
    "Branch",
    "Control",
    "Expression",
    "File",
    "Generator",
    "Include",
    "Linked",
    "Node",
    "Statement",
    "Text",
    "is_simple",
]

# What matters about a body: it outputs the value of an expression; it outputs something in another
# way than by text and values escaped the default way; it may leave by `break` or `continue`; it
# has control flow that needs its output written to a list.
VALUE, SPECIAL, JUMP, FLOW = 1, 2, 4, 8
# Of these a loop that is filled at its end has the first one only.
FILL_MASK: Final = VALUE | SPECIAL | JUMP

DEFAULT_ESCAPE: Final = "xhtml_escape"

# Python that can stand as an argument of a call without changing what it means.
_SIMPLE = re.compile(r"""[^\W\d][\w.]*(?:\[[\w'" .-]*\]|\([\w'" .,=-]*\)|\.[\w.]+)*""")


def is_simple(source: str) -> bool:
    """Return whether an expression can stand as an argument of a call without changing its meaning."""
    return _SIMPLE.fullmatch(source) is not None


def _binds_inside(source: str) -> bool:
    """Return whether an expression may bind a name: by ``:=``, or by a lone ``=`` as a statement."""
    return "=" in source and (":=" in source or not is_simple(source))


class Generator(Protocol):
    """What nodes use of the code generator; each method is documented there."""

    asynchronous: bool
    guarded: bool
    plain_escape: bool

    @property
    def is_filling(self) -> bool: ...

    def line(self, text: str, file: File, line: int) -> None: ...
    def code(self, text: str, file: File, line: int) -> None: ...
    def wrapped(self, head: str, source: str, tail: str, file: File, line: int) -> None: ...
    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def result(self, text: str) -> None: ...
    def variable(self) -> str: ...
    def unique(self, prefix: str) -> str: ...
    def literal(self, text: str) -> None: ...
    def expression(self, source: str, escaped: bool, file: File, line: int) -> None: ...
    def piece(self, variable: str, file: File, line: int) -> None: ...
    def flush(self, file: File, line: int) -> None: ...
    def gather(self, body: list[Node], file: File, linked: Linked, line: int) -> str: ...
    def body(self, nodes: Sequence[Node], file: File, linked: Linked) -> None: ...
    def count_block(self, file: File, line: int) -> None: ...
    def elsewhere(
        self, nodes: list[Node], file: File, linked: Linked, origin: tuple[str, int]
    ) -> None: ...
    def filled(self, node: Control, file: File, linked: Linked) -> None: ...
    def traits(self, nodes: list[Node], file: File, linked: Linked) -> int: ...
    def binds(self, nodes: list[Node], file: File, linked: Linked) -> bool: ...


class Node:
    """A piece of a template."""

    __slots__ = ("line",)
    line: int

    @property
    def bodies(self) -> Sequence[list[Node]]:
        """The lists of nodes directly inside; none for a leaf."""
        return ()

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        """Generate the node's code, as a part of *file* among what it is linked with."""
        raise NotImplementedError

    def inside(self, file: File, linked: Linked) -> list[tuple[list[Node], File, Linked]]:
        """Return what stands in the place of the bodies, each with its file and links."""
        return [(body, file, linked) for body in self.bodies]

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        """Return what matters about the node's code, as flags."""
        traits = 0
        for body, owner, place in self.inside(file, linked):
            traits |= generator.traits(body, owner, place)
        return traits

    def binds(self, generator: Generator, file: File, linked: Linked) -> bool:
        """Return whether the node's code may bind a name."""
        return any(
            generator.binds(body, owner, place) for body, owner, place in self.inside(file, linked)
        )


class Text(Node):
    """Literal text, white space already filtered."""

    __slots__ = ("text",)

    def __init__(self, text: str, line: int) -> None:
        self.line = line
        self.text = text

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        generator.literal(self.text)


class Expression(Node):
    """``{{ source }}``, ``{% raw source %}`` and ``{% module source %}``.

    ``escaped`` says that the autoescape function of the file applies.
    """

    __slots__ = ("escaped", "source")

    def __init__(self, source: str, line: int, escaped: bool) -> None:
        self.line = line
        self.source = source
        self.escaped = escaped

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        generator.expression(self.source, self.escaped, file, self.line)

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        plain = self.escaped and file.autoescape == DEFAULT_ESCAPE and generator.plain_escape
        return VALUE if plain else VALUE | SPECIAL

    def binds(self, generator: Generator, file: File, linked: Linked) -> bool:
        return _binds_inside(self.source)


class Statement(Node):
    """A Python statement copied as it is: ``set``, ``import``, ``from``, ``break``, ``continue``."""

    __slots__ = ("jumps", "source")

    def __init__(self, source: str, line: int, jumps: bool = False) -> None:
        self.line = line
        self.source = source
        self.jumps = jumps

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        if generator.guarded or self.jumps:
            generator.flush(file, self.line)
        generator.code(self.source, file, self.line)

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        return JUMP if self.jumps else 0

    def binds(self, generator: Generator, file: File, linked: Linked) -> bool:
        return True


class Branch:
    """One header of a compound statement (``if x``, ``else``, ``except E``) and what it governs."""

    __slots__ = ("body", "clause", "line", "operator")

    def __init__(self, operator: str, clause: str, line: int) -> None:
        self.line = line
        self.operator = operator
        self.clause = clause
        self.body: list[Node] = []

    def emit_header(self, generator: Generator, file: File) -> None:
        """Generate the header's line."""
        clause = self.clause
        if self.operator in ("if", "elif", "while") and ("\n" in clause or "#" in clause):
            generator.wrapped(f"{self.operator} ", clause, ":", file, self.line)
            return
        text = f"{self.operator} {clause}:" if clause else f"{self.operator}:"
        generator.code(text, file, self.line)


class Control(Node):
    """``if``, ``for``, ``while`` or ``try`` with all its branches, in their order."""

    __slots__ = ("branches", "operator")

    def __init__(self, operator: str, clause: str, line: int) -> None:
        self.line = line
        self.operator = operator
        self.branches = [Branch(operator, clause, line)]

    @property
    def bodies(self) -> Sequence[list[Node]]:
        return [branch.body for branch in self.branches]

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        if not generator.guarded:
            traits = self.traits(generator, file, linked)
            filling = generator.is_filling
            if self.operator == "if":
                if not traits & (FLOW | JUMP | (VALUE if filling else 0)):
                    self._emit_choice(generator, file, linked)
                    return
            elif not filling and traits & FILL_MASK == VALUE:
                generator.filled(self, file, linked)
                return
        generator.flush(file, self.line)
        self.emit_branches(generator, file, linked)

    def emit_branches(self, generator: Generator, file: File, linked: Linked) -> None:
        """Generate the statement as Python has it, each branch writing what it outputs."""
        guarded = generator.guarded
        if self.operator == "try":
            generator.guarded = True
        for branch in self.branches:
            branch.emit_header(generator, file)
            generator.enter()
            generator.body(branch.body, file, linked)
            generator.flush(file, branch.line)
            generator.leave()
        generator.guarded = guarded

    def _emit_choice(self, generator: Generator, file: File, linked: Linked) -> None:
        """Generate an ``if`` that only outputs something: its text becomes one piece."""
        result = generator.variable()
        for branch in self.branches:
            branch.emit_header(generator, file)
            generator.enter()
            text = generator.gather(branch.body, file, linked, branch.line)
            generator.result(f"{result} = {text}")
            generator.leave()
        if self.branches[-1].operator != "else":
            generator.line("else:", file, self.line)
            generator.line(f" {result} = ''", file, self.line)
        generator.piece(result, file, self.line)

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        traits = super().traits(generator, file, linked)
        if self.operator == "if":
            return traits
        if self.operator == "try":
            return traits | SPECIAL | FLOW
        # A jump stays within the loop, unless it stands in the loop's `else`.
        if len(self.branches) == 1:
            traits &= ~JUMP
        if traits & FILL_MASK == VALUE:
            return traits & ~FLOW
        return traits | FLOW

    def binds(self, generator: Generator, file: File, linked: Linked) -> bool:
        return (
            self.operator not in ("if", "while")
            or any(_binds_inside(branch.clause) for branch in self.branches)
            or super().binds(generator, file, linked)
        )


class Apply(Node):
    """``{% apply function %}``: the body's output goes through a function."""

    __slots__ = ("body", "function")

    def __init__(self, function: str, line: int) -> None:
        self.line = line
        self.function = function
        self.body: list[Node] = []

    @property
    def bodies(self) -> Sequence[list[Node]]:
        return (self.body,)

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        line = self.line
        if generator.guarded:
            generator.flush(file, line)
        if generator.binds(self.body, file, linked):
            name = generator.unique("function")
            head = f"def {name}():"
            generator.line("async " + head if generator.asynchronous else head, file, line)
            generator.enter()
            text = generator.gather(self.body, file, linked, line)
            generator.result(f"return {text}")
            generator.leave()
            text = f"await {name}()" if generator.asynchronous else f"{name}()"
        else:
            text = generator.gather(self.body, file, linked, line)
        variable = generator.variable()
        generator.line(f"{variable} = {text}", file, line)
        if is_simple(self.function):
            function = self.function
        else:
            function = generator.unique("applied")
            generator.wrapped(f"{function} = ", self.function, "", file, line)
        generator.line(f"{variable} = _tt_apply({function}, {variable})", file, line)
        generator.piece(variable, file, line)

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        return VALUE | SPECIAL


class Block(Node):
    """``{% block name %}``: replaceable by a template that extends this one."""

    __slots__ = ("body", "file", "name")

    def __init__(self, name: str, line: int, file: File) -> None:
        self.line = line
        self.name = name
        self.file = file
        self.body: list[Node] = []

    @property
    def bodies(self) -> Sequence[list[Node]]:
        return (self.body,)

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        generator.count_block(file, self.line)
        [(body, owner, place)] = self.inside(file, linked)
        generator.elsewhere(body, owner, place, (file.name, self.line))

    def inside(self, file: File, linked: Linked) -> list[tuple[list[Node], File, Linked]]:
        winner = linked.blocks[self.name]
        return [(winner.body, winner.file, linked)]


class Include(Node):
    """``{% include name %}``."""

    __slots__ = ("name",)

    def __init__(self, name: str, line: int) -> None:
        self.line = line
        self.name = name

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        [(body, owner, place)] = self.inside(file, linked)
        generator.elsewhere(body, owner, place, (file.name, self.line))

    def inside(self, file: File, linked: Linked) -> list[tuple[list[Node], File, Linked]]:
        included = linked.includes[self]
        return [(included.file.body, included.file, included)]


class File:
    """A parsed template.

    ``name`` is what loaders know it by, ``path`` what a traceback shows (a real file's path where
    there is one). ``autoescape`` is a function's name as written, or ``None``; it is settled only
    when the whole file is parsed. ``parent`` is the ``extends`` directive: name and line.
    """

    __slots__ = ("autoescape", "body", "name", "parent", "path", "source")

    def __init__(self, name: str, path: str, source: str, autoescape: str | None) -> None:
        self.name = name
        self.path = path
        self.source = source
        self.autoescape = autoescape
        self.parent: tuple[str, int] | None = None
        self.body: list[Node] = []

    def line_text(self, lineno: int) -> str:
        """Return the text of one line, without its end; empty outside the file."""
        lines = self.source.split("\n")
        return lines[lineno - 1] if 0 < lineno <= len(lines) else ""


class Linked:
    """A template with everything it refers to, as the linker found it.

    ``file`` gives the body (the outermost parent), ``blocks`` the block that wins for each name,
    ``includes`` what each include directive stands for.
    """

    __slots__ = ("blocks", "file", "includes")

    def __init__(
        self, file: File, blocks: dict[str, Block], includes: dict[Include, Linked]
    ) -> None:
        self.file = file
        self.blocks = blocks
        self.includes = includes
