"""Tokens of one template go in, a tree of nodes comes out: the template's :class:`nodes.File`.

The structure is checked here (what may stand in what, what must be closed); the Python inside
directives is not looked at. The parser keeps its own stack, so no template exhausts Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado._template.directives import DIRECTIVES, Frame, custom
from tornado._template.errors import ExpressionError, ParseError
from tornado._template.hints import hint_for
from tornado._template.nodes import Control, Expression, File, Node, Text
from tornado._template.reader import EXPRESSION, TEXT, read_tokens
from tornado._template.whitespace import filter_whitespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado._template.directives import Reader
    from tornado._template.extending import Directive

__all__ = ["MAX_DEPTH", "parse"]

# Python refuses more than 100 levels of indentation; the generated function needs a few itself.
MAX_DEPTH: Final = 90


def parse(
    source: str,
    name: str,
    path: str,
    autoescape: str | None,
    whitespace: str,
    directives: Mapping[str, Directive] | None = None,
) -> File:
    """Parse the text of one template.

    :param source: the text.
    :param name: the name that errors give and that other templates know it by.
    :param path: the name that tracebacks give.
    :param autoescape: name of the escaping function where the text does not choose one.
    :param whitespace: mode in force until the text chooses another.
    :param directives: those of the application, by name.
    :raises ParseError: for anything that is not a template.
    """
    file = File(name, path, source, autoescape)
    table = DIRECTIVES
    if directives:
        table = {**table, **{name: custom(each) for name, each in directives.items()}}
    _Parser(file, whitespace, table).run()
    return file


class _Parser:
    def __init__(self, file: File, whitespace: str, table: dict[str, Reader]) -> None:
        self.file = file
        self.whitespace = whitespace
        self.table = table
        self.stack = [Frame("", None, file.body, 1, False, False)]

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

    def add(self, node: Node) -> None:
        self.stack[-1].body.append(node)

    def directive(self, content: str, line: int) -> None:
        operator, *rest = content.split(None, 1)
        clause = rest[0] if rest else ""
        reader = self.table.get(operator)
        if reader is None:
            hint = hint_for(operator, self.table)
            raise self.fail(f"unknown operator: {operator!r}{hint}", line)
        if reader.needs and not clause:
            # Jinja's means something else.
            hint = ": for a literal {{, write {{!" if operator == "raw" else ""
            message = f"{operator} missing {reader.needs}{hint}"
            if reader.is_compiled:
                raise ExpressionError(message, self.file.name, line)
            raise self.fail(message, line)
        reader.read(self, operator, clause, line)

    def open(self, operator: str, node: Node, body: list[Node], line: int, in_loop: bool) -> None:
        stack = self.stack
        if len(stack) > MAX_DEPTH:
            raise self.fail(f"blocks nested more than {MAX_DEPTH} deep", line)
        stack[-1].body.append(node)
        stack.append(Frame(operator, node, body, line, stack[-1].in_loop, in_loop))

    def close(self, line: int) -> None:
        if len(self.stack) == 1:
            raise self.fail("Extra {% end %} block", line)
        frame = self.stack.pop()
        if frame.operator == "try":
            assert isinstance(frame.node, Control)
            if len(frame.node.branches) == 1:
                raise ExpressionError("try without except or finally", self.file.name, frame.line)
