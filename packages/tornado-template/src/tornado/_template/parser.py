"""Tokens of one template go in, a tree of nodes comes out: the template's :class:`nodes.File`.

The structure is checked here (what may stand in what, what must be closed); the Python inside
directives is not looked at. The parser keeps its own stack, so no template exhausts Python's.
"""

from __future__ import annotations

from typing import Final

from tornado._template.errors import ExpressionError, ParseError
from tornado._template.hints import hint_for
from tornado._template.nodes import (
    Apply,
    Block,
    Branch,
    Control,
    Expression,
    File,
    Include,
    Node,
    Statement,
    Text,
)
from tornado._template.reader import EXPRESSION, TEXT, read_tokens
from tornado._template.whitespace import check_mode, filter_whitespace

__all__ = ["MAX_DEPTH", "parse"]

# Python refuses more than 100 levels of indentation; the generated function needs a few itself.
MAX_DEPTH: Final = 90

_INTERMEDIATE: Final = {
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
_NEEDS: Final = {
    "extends": "file path",
    "include": "file path",
    "import": "statement",
    "from": "statement",
    "set": "statement",
    "raw": "expression",
    "module": "expression",
    "if": "condition",
    "elif": "condition",
    "while": "condition",
    "for": "loop variable",
    "block": "name",
    "apply": "method name",
}


#: Those of which Python said that they are incomplete, so that callers catch its `SyntaxError`.
_COMPILED: Final = frozenset({"raw", "module", "if", "elif", "while", "for"})

#: Directives without an entry above.
_OTHERS: Final = ("autoescape", "break", "comment", "continue", "end", "try", "whitespace")


class _Frame:
    """An open directive: where its nodes go, and what is allowed there."""

    __slots__ = ("body", "in_loop", "line", "node", "operator", "outer_loop")

    def __init__(
        self, operator: str, node: Node | None, body: list[Node], line: int, outer_loop: bool
    ) -> None:
        self.operator = operator
        self.node = node
        self.body = body
        self.line = line
        self.outer_loop = outer_loop
        self.in_loop = (outer_loop or operator in ("for", "while")) and operator != "apply"


def parse(source: str, name: str, path: str, autoescape: str | None, whitespace: str) -> File:
    """Parse the text of one template.

    :param source: the text.
    :param name: the name that errors give and that other templates know it by.
    :param path: the name that tracebacks give.
    :param autoescape: name of the escaping function where the text does not choose one.
    :param whitespace: mode in force until the text chooses another.
    :raises ParseError: for anything that is not a template.
    """
    file = File(name, path, source, autoescape)
    _Parser(file, whitespace).run()
    return file


class _Parser:
    def __init__(self, file: File, whitespace: str) -> None:
        self.file = file
        self.whitespace = whitespace
        self.stack = [_Frame("", None, file.body, 1, False)]

    def run(self) -> None:
        file = self.file
        for kind, content, line in read_tokens(file.source, file.name):
            if kind == TEXT:
                if self.whitespace != "all" and "<pre>" not in content:
                    content = filter_whitespace(self.whitespace, content)
                self.stack[-1].body.append(Text(content, line))
            elif kind == EXPRESSION:
                self.stack[-1].body.append(Expression(content, line, True))
            else:
                self.directive(content, line)
        frame = self.stack[-1]
        if frame.operator:
            message = f"Missing {{% end %}} block for {frame.operator}"
            raise ParseError(message, file.name, frame.line)

    def fail(self, message: str, line: int) -> ParseError:
        return ParseError(message, self.file.name, line)

    def directive(self, content: str, line: int) -> None:
        operator, *rest = content.split(None, 1)
        clause = rest[0] if rest else ""
        if not clause and operator in _NEEDS:
            # Jinja's means something else.
            hint = ": for a literal {{, write {{!" if operator == "raw" else ""
            message = f"{operator} missing {_NEEDS[operator]}{hint}"
            if operator in _COMPILED:
                raise ExpressionError(message, self.file.name, line)
            raise self.fail(message, line)
        if operator in _INTERMEDIATE:
            self.intermediate(operator, clause, line)
        elif operator in ("if", "for", "while", "try"):
            control = Control(operator, clause, line)
            self.open(operator, control, control.branches[0].body, line)
        elif operator == "end":
            self.close(line)
        elif operator == "block":
            block = Block(clause, line, self.file)
            self.open(operator, block, block.body, line)
        elif operator == "apply":
            apply = Apply(clause, line)
            self.open(operator, apply, apply.body, line)
        else:
            self.leaf(operator, clause, content, line)

    def leaf(self, operator: str, clause: str, content: str, line: int) -> None:
        """Handle a directive that no ``{% end %}`` belongs to."""
        body = self.stack[-1].body
        if operator == "set":
            body.append(Statement(clause, line))
        elif operator in ("import", "from"):
            body.append(Statement(content, line))
        elif operator == "raw":
            body.append(Expression(clause, line, False))
        elif operator == "module":
            body.append(Expression("_tt_modules." + clause, line, False))
        elif operator == "include":
            body.append(Include(clause.strip("\"'"), line))
        elif operator == "extends":
            if len(self.stack) > 1:
                raise self.fail(f"extends inside {self.stack[-1].operator}", line)
            self.file.parent = (clause.strip("\"'"), line)
        elif operator in ("break", "continue"):
            if not self.stack[-1].in_loop:
                raise self.fail(f"{operator} outside a for or while block", line)
            if clause:
                raise self.fail(f"{operator} takes no argument", line)
            body.append(Statement(operator, line, jumps=True))
        elif operator == "autoescape":
            self.file.autoescape = None if clause in ("", "None") else clause
        elif operator == "whitespace":
            self.whitespace = check_mode(clause, self.file.name, line)
        elif operator != "comment":
            hint = hint_for(operator, (*_NEEDS, *_INTERMEDIATE, *_OTHERS))
            raise self.fail(f"unknown operator: {operator!r}{hint}", line)

    def open(self, operator: str, node: Node, body: list[Node], line: int) -> None:
        stack = self.stack
        if len(stack) > MAX_DEPTH:
            raise self.fail(f"blocks nested more than {MAX_DEPTH} deep", line)
        stack[-1].body.append(node)
        stack.append(_Frame(operator, node, body, line, stack[-1].in_loop))

    def intermediate(self, operator: str, clause: str, line: int) -> None:
        frame = self.stack[-1]
        allowed = _INTERMEDIATE[operator]
        if frame.operator not in allowed:
            raise self.fail(f"{operator} outside a {' or '.join(allowed)} block", line)
        assert isinstance(frame.node, Control)
        branches = frame.node.branches
        last = branches[-1].operator
        if operator not in _FOLLOWERS[last] or (operator == "finally" and frame.operator != "try"):
            raise ExpressionError(
                f"{operator} after {last} in a {frame.operator} block", self.file.name, line
            )
        if clause and operator in ("else", "finally"):
            hint = ": write {% elif condition %}" if clause.startswith("if ") else ""
            raise self.fail(f"{operator} takes no argument{hint}", line)
        branch = Branch(operator, clause, line)
        branches.append(branch)
        frame.body = branch.body
        if frame.operator in ("for", "while"):
            frame.in_loop = frame.outer_loop

    def close(self, line: int) -> None:
        if len(self.stack) == 1:
            raise self.fail("Extra {% end %} block", line)
        frame = self.stack.pop()
        if frame.operator == "try":
            assert isinstance(frame.node, Control)
            if len(frame.node.branches) == 1:
                raise ExpressionError("try without except or finally", self.file.name, frame.line)
