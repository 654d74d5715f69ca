"""What the parser makes of a template: a tree of the nodes below, one :class:`File` a template.

Nodes hold source text only. Names of other files (``extends``, ``include``) are left as they
stand; the linker follows them. ``line`` counts from 1 and is where the directive opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Apply",
    "Block",
    "Branch",
    "Control",
    "Expression",
    "File",
    "Include",
    "Node",
    "Statement",
    "Text",
]


class Node:
    """A piece of a template."""

    __slots__ = ("line",)
    line: int


class Text(Node):
    """Literal text, white space already filtered."""

    __slots__ = ("text",)

    def __init__(self, text: str, line: int) -> None:
        self.line = line
        self.text = text


class Expression(Node):
    """``{{ source }}``, ``{% raw source %}`` and ``{% module source %}``.

    ``escaped`` says that the autoescape function of the file applies.
    """

    __slots__ = ("escaped", "source")

    def __init__(self, source: str, line: int, escaped: bool) -> None:
        self.line = line
        self.source = source
        self.escaped = escaped


class Statement(Node):
    """A Python statement copied as it is: ``set``, ``import``, ``from``, ``break``, ``continue``."""

    __slots__ = ("jumps", "source")

    def __init__(self, source: str, line: int, jumps: bool = False) -> None:
        self.line = line
        self.source = source
        self.jumps = jumps


class Branch(Node):
    """One header of a compound statement (``if x``, ``else``, ``except E``) and what it governs."""

    __slots__ = ("body", "clause", "operator")

    def __init__(self, operator: str, clause: str, line: int) -> None:
        self.line = line
        self.operator = operator
        self.clause = clause
        self.body: list[Node] = []


class Control(Node):
    """``if``, ``for``, ``while`` or ``try`` with all its branches, in their order."""

    __slots__ = ("branches", "operator")

    def __init__(self, operator: str, clause: str, line: int) -> None:
        self.line = line
        self.operator = operator
        self.branches = [Branch(operator, clause, line)]


class Apply(Node):
    """``{% apply function %}``: the body's output goes through a function."""

    __slots__ = ("body", "function")

    def __init__(self, function: str, line: int) -> None:
        self.line = line
        self.function = function
        self.body: list[Node] = []


class Block(Node):
    """``{% block name %}``: replaceable by a template that extends this one."""

    __slots__ = ("body", "file", "name")

    def __init__(self, name: str, line: int, file: File) -> None:
        self.line = line
        self.name = name
        self.file = file
        self.body: list[Node] = []


class Include(Node):
    """``{% include name %}``."""

    __slots__ = ("name",)

    def __init__(self, name: str, line: int) -> None:
        self.line = line
        self.name = name


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


def bodies_of(node: Node) -> Sequence[list[Node]]:
    """Return the lists of nodes directly inside *node*; none for a leaf."""
    if isinstance(node, Control):
        return [branch.body for branch in node.branches]
    if isinstance(node, (Apply, Block)):
        return [node.body]
    return ()
