"""The table of directives: for each name, how the parser reads it.

A directive of the language is an entry here and, if no other node serves, a class in :mod:`.nodes`.
Those of applications (:class:`.Directive`) are read by :func:`custom`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from tornado._template.errors import ExpressionError, ParseError
from tornado._template.extending import Directive, Tag
from tornado._template.nodes import (
    FLOW,
    SPECIAL,
    VALUE,
    Apply,
    Block,
    Branch,
    Control,
    Expression,
    File,
    Generator,
    Include,
    Linked,
    Node,
    Statement,
)
from tornado._template.whitespace import check_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DIRECTIVES", "Frame", "Reader", "custom"]


class Frame:
    """An open directive: where its nodes go, and what is allowed there."""

    __slots__ = ("body", "in_loop", "line", "node", "operator", "outer_loop")

    def __init__(
        self,
        operator: str,
        node: Node | None,
        body: list[Node],
        line: int,
        outer_loop: bool,
        in_loop: bool,
    ) -> None:
        self.operator = operator
        self.node = node
        self.body = body
        self.line = line
        self.outer_loop = outer_loop
        #: Whether ``break`` and ``continue`` may stand here.
        self.in_loop = in_loop


class Parser(Protocol):
    """What a directive uses of the parser."""

    file: File
    whitespace: str
    stack: list[Frame]

    def fail(self, message: str, line: int) -> ParseError:
        """Return the error to raise."""

    def add(self, node: Node) -> None:
        """Add a node to what is open."""

    def open(self, operator: str, node: Node, body: list[Node], line: int, in_loop: bool) -> None:
        """Add a node, and gather what follows in its body."""

    def close(self, line: int) -> None:
        """End what is open."""


class Reader:
    """How one directive is read.

    :param read: called with the parser, the directive's name, what follows it, and the line.
    :param needs: what must follow the name, as errors call it; empty: nothing need.
    :param is_compiled: whether Python itself says that it is incomplete, so that callers catch
        its `SyntaxError`.
    """

    __slots__ = ("is_compiled", "needs", "read")

    def __init__(
        self,
        read: Callable[[Parser, str, str, int], None],
        needs: str = "",
        is_compiled: bool = False,
    ) -> None:
        self.read = read
        self.needs = needs
        self.is_compiled = is_compiled


def _statement(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.add(Statement(clause, line))


def _import(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.add(Statement(f"{name} {clause}", line))


def _raw(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.add(Expression(clause, line, False))


def _module(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.add(Expression("_tt_modules." + clause, line, False))


def _include(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.add(Include(clause.strip("\"'"), line))


def _extends(parser: Parser, name: str, clause: str, line: int) -> None:
    if len(parser.stack) > 1:
        raise parser.fail(f"extends inside {parser.stack[-1].operator}", line)
    parser.file.parent = (clause.strip("\"'"), line)


def _jump(parser: Parser, name: str, clause: str, line: int) -> None:
    if not parser.stack[-1].in_loop:
        raise parser.fail(f"{name} outside a for or while block", line)
    if clause:
        raise parser.fail(f"{name} takes no argument", line)
    parser.add(Statement(name, line, jumps=True))


def _autoescape(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.file.autoescape = None if clause in ("", "None") else clause


def _whitespace(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.whitespace = check_mode(clause, parser.file.name, line)


def _comment(parser: Parser, name: str, clause: str, line: int) -> None:
    pass


def _control(parser: Parser, name: str, clause: str, line: int) -> None:
    control = Control(name, clause, line)
    in_loop = parser.stack[-1].in_loop or name in ("for", "while")
    parser.open(name, control, control.branches[0].body, line, in_loop)


def _block(parser: Parser, name: str, clause: str, line: int) -> None:
    block = Block(clause, line, parser.file)
    parser.open(name, block, block.body, line, parser.stack[-1].in_loop)


def _apply(parser: Parser, name: str, clause: str, line: int) -> None:
    apply = Apply(clause, line)
    parser.open(name, apply, apply.body, line, False)


# In what each branch may stand.
_BRANCHES: Final = {
    "else": ("for", "if", "try", "while"),
    "elif": ("if",),
    "except": ("try",),
    "finally": ("try",),
}
# Which branch may come after which.
_FOLLOWERS: Final = {
    "if": ("elif", "else"),
    "elif": ("elif", "else"),
    "for": ("else",),
    "while": ("else",),
    "try": ("except", "finally"),
    "except": ("except", "else", "finally"),
    "else": ("finally",),
    "finally": (),
}


def _branch(parser: Parser, name: str, clause: str, line: int) -> None:
    frame = parser.stack[-1]
    allowed = _BRANCHES[name]
    if frame.operator not in allowed:
        raise parser.fail(f"{name} outside a {' or '.join(allowed)} block", line)
    assert isinstance(frame.node, Control)
    branches = frame.node.branches
    last = branches[-1].operator
    if name not in _FOLLOWERS[last] or (name == "finally" and frame.operator != "try"):
        raise ExpressionError(
            f"{name} after {last} in a {frame.operator} block", parser.file.name, line
        )
    if clause and name in ("else", "finally"):
        hint = ": write {% elif condition %}" if clause.startswith("if ") else ""
        raise parser.fail(f"{name} takes no argument{hint}", line)
    branch = Branch(name, clause, line)
    branches.append(branch)
    frame.body = branch.body
    if frame.operator in ("for", "while"):
        frame.in_loop = frame.outer_loop


def _end(parser: Parser, name: str, clause: str, line: int) -> None:
    parser.close(line)


#: The directives of the language.
DIRECTIVES: Final[dict[str, Reader]] = {
    "apply": Reader(_apply, "method name"),
    "autoescape": Reader(_autoescape),
    "block": Reader(_block, "name"),
    "break": Reader(_jump),
    "comment": Reader(_comment),
    "continue": Reader(_jump),
    "elif": Reader(_branch, "condition", is_compiled=True),
    "else": Reader(_branch),
    "end": Reader(_end),
    "except": Reader(_branch),
    "extends": Reader(_extends, "file path"),
    "finally": Reader(_branch),
    "for": Reader(_control, "loop variable", is_compiled=True),
    "from": Reader(_import, "statement"),
    "if": Reader(_control, "condition", is_compiled=True),
    "import": Reader(_import, "statement"),
    "include": Reader(_include, "file path"),
    "module": Reader(_module, "expression", is_compiled=True),
    "raw": Reader(_raw, "expression", is_compiled=True),
    "set": Reader(_statement, "statement"),
    "try": Reader(_control),
    "while": Reader(_control, "condition", is_compiled=True),
    "whitespace": Reader(_whitespace),
}


def custom(directive: Directive) -> Reader:
    """Return how a directive of an application is read."""

    def read(parser: Parser, name: str, clause: str, line: int) -> None:
        tag = Tag(name, clause, parser.file.name, line)
        directive.check(tag)
        node = Custom(directive, tag)
        if directive.has_body:
            parser.open(name, node, node.body, line, False)
        else:
            parser.add(node)

    return Reader(read, directive.argument)


class Custom(Node):
    """One use of a directive of an application.

    What its code does is not known, so the most is assumed: it writes to a list, may bind names, and
    stands in no loop that is filled at its end.
    """

    __slots__ = ("body", "directive", "tag")

    def __init__(self, directive: Directive, tag: Tag) -> None:
        self.line = tag.line
        self.directive = directive
        self.tag = tag
        self.body: list[Node] = []

    @property
    def bodies(self) -> Sequence[list[Node]]:
        return (self.body,)

    def emit(self, generator: Generator, file: File, linked: Linked) -> None:
        generator.flush(file, self.line)
        self.directive.write(self.tag, _Writer(generator, self, file, linked))
        generator.flush(file, self.line)

    def traits(self, generator: Generator, file: File, linked: Linked) -> int:
        return super().traits(generator, file, linked) | VALUE | SPECIAL | FLOW

    def binds(self, generator: Generator, file: File, linked: Linked) -> bool:
        return True


class _Writer:
    """The code writer of one use of a directive."""

    def __init__(self, generator: Generator, node: Custom, file: File, linked: Linked) -> None:
        self._generator = generator
        self._node = node
        self._file = file
        self._linked = linked

    def text(self, text: str) -> None:
        self._generator.literal(text)

    def value(self, expression: str, escaped: bool = True) -> None:
        self._generator.expression(expression, escaped, self._file, self._node.line)

    def statement(self, source: str) -> None:
        self._generator.flush(self._file, self._node.line)
        self._generator.code(source, self._file, self._node.line)

    @contextmanager
    def suite(self, header: str) -> Iterator[None]:
        generator, file, line = self._generator, self._file, self._node.line
        if not header.rstrip().endswith(":"):
            raise self._node.tag.error(f"the header {header!r} has no colon at its end")
        generator.flush(file, line)
        guarded = generator.guarded
        # What may swallow an exception keeps what was output before it.
        generator.guarded = guarded or header.startswith(("try", "with", "async with"))
        generator.code(header, file, line)
        generator.enter()
        yield
        generator.flush(file, line)
        generator.leave()
        generator.guarded = guarded

    def body(self) -> None:
        self._need_body()
        self._generator.body(self._node.body, self._file, self._linked)

    def captured_body(self) -> str:
        self._need_body()
        generator, line = self._generator, self._node.line
        generator.flush(self._file, line)
        name = generator.unique("captured")
        text = generator.gather(self._node.body, self._file, self._linked, line)
        generator.line(f"{name} = {text}", self._file, line)
        return name

    def unique(self, prefix: str) -> str:
        return self._generator.unique(f"{prefix}_")

    def _need_body(self) -> None:
        if not self._node.directive.has_body:
            owner = type(self._node.directive).__name__
            raise TypeError(f"{owner} has no body: set {owner}.has_body to True")
