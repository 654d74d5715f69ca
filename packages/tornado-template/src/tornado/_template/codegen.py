"""A linked template goes in, the text of a Python function comes out, each line with its origin.

What the function looks like decides how fast a template runs:

- Output is gathered as *pieces*, literals and local variables, and written only where control
  flow forces it: as one f-string for a whole run. An ``if`` whose branches only output something
  becomes one more piece. A template without loops needs no list at all.
- Each expression is evaluated, turned into text and escaped in its place; how is decided here.
- A loop whose expressions are all escaped the default way keeps literals and values apart, and
  has all values escaped together when the loop is done (:func:`runtime.fill_escaped`).
- Blocks and includes are inlined. ``{% apply %}`` becomes a nested function only where its body
  binds names, because those are local to it.

Inside ``try`` everything is written before the next thing that may raise, so that what came
before an error stays in the output.
"""

from __future__ import annotations

import re
import sys
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

from tornado._template.errors import ParseError
from tornado._template.nodes import (
    Apply,
    Block,
    Control,
    Expression,
    File,
    Include,
    Node,
    Statement,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado._template.linker import Linked
    from tornado._template.nodes import Branch

__all__ = ["FUNCTION", "PARAMETERS", "Generated", "generate"]

FUNCTION: Final = "_tt_execute"
# In this order: what escapes one value; what makes text of one; the same for raw output; calls an
# autoescape function; calls an apply function; the types `type` and `str`; fills loops.
PARAMETERS: Final = (
    "_tt_escape",
    "_tt_text",
    "_tt_raw",
    "_tt_custom",
    "_tt_apply",
    "_tt_type",
    "_tt_str",
    "_tt_fill",
)
DEFAULT_ESCAPE: Final = "xhtml_escape"

# An f-string of more parts than this is written in several.
_MAX_PIECES: Final = 128

# Python that can stand as an argument of a call without changing what it means.
_SIMPLE = re.compile(r"""[^\W\d][\w.]*(?:\[[\w'" .-]*\]|\([\w'" .,=-]*\)|\.[\w.]+)*""")

# From 3.11 on CPython has an instruction for `list.append` that needs no bound method.
_APPEND_BY_METHOD: Final = sys.version_info >= (3, 11)

# Blocks inlined in one template: those that contain one another can multiply.
_MAX_BLOCKS: Final = 10_000

# What matters about a body: it outputs the value of an expression; it outputs something in another
# way than by text and values escaped the default way; it may leave by `break` or `continue`; it
# has control flow that needs its output written to a list.
_VALUE, _SPECIAL, _JUMP, _FLOW = 1, 2, 4, 8
# Of these a loop that is filled at its end has the first one only.
_FILL_MASK = _VALUE | _SPECIAL | _JUMP

#: How a line came into the function: name and line of each directive, ``include`` or ``block``, in
#: whose place it stands, the nearest first.
Via = tuple[tuple[str, int], ...]

Origin = tuple[File, int, Via]


class Generated:
    """``source`` of the function; ``origins[i]`` is the template line behind its line i + 1."""

    __slots__ = ("origins", "source")

    def __init__(self, source: str, origins: list[Origin]) -> None:
        self.source = source
        self.origins = origins


def generate(root: File, linked: Linked, asynchronous: bool, plain_escape: bool) -> Generated:
    """Generate the function of the template whose own file is *root*.

    :param asynchronous: make it an ``async def``.
    :param plain_escape: the template itself gives the name ``xhtml_escape`` no other meaning.
    """
    generator = _Generator(root, asynchronous, plain_escape)
    generator.function(linked)
    return Generated("\n".join(generator.lines) + "\n", generator.origins)


class _Output:
    """One stream of text under construction.

    ``pieces`` are what is not written yet: (is literal, text or name of a variable). ``buffer`` is
    the list that takes what is written; an output without one folds its pieces into a variable.
    ``base`` is the first number of a variable it may use.
    """

    __slots__ = ("base", "buffer", "pieces")

    def __init__(self, buffer: str | None, base: int) -> None:
        self.buffer = buffer
        self.base = base
        self.pieces: list[tuple[bool, str]] = []

    def literal(self, text: str) -> None:
        if text:
            self.pieces.append((True, text))

    def joined(self) -> str:
        """Return the Python for all pieces in one string."""
        if len(self.pieces) == 1 and not self.pieces[0][0]:
            return self.pieces[0][1]
        # Python joins adjacent literals itself; so no brace needs doubling.
        parts: list[str] = []
        literal: list[str] = []
        for is_literal, value in self.pieces:
            if is_literal:
                literal.append(value)
            else:
                if literal:
                    parts.append(repr("".join(literal)))
                    literal = []
                parts.append(f"f'{{{value}}}'")
        if literal:
            parts.append(repr("".join(literal)))
        return "".join(parts)


class _Generator:
    def __init__(self, root: File, asynchronous: bool, plain_escape: bool) -> None:
        self.root = root
        self.asynchronous = asynchronous
        self.plain_escape = plain_escape
        self.lines: list[str] = []
        self.origins: list[Origin] = []
        self.indent = ""
        self.variables = 0
        self.names = 0  # of buffers and nested functions
        self.guarded = False
        self.output = _Output(None, 0)
        # Inside a loop that is filled at its end: the list of values. The output then is formats.
        self.values = ""
        self.blocks_left = _MAX_BLOCKS
        self.via: Via = ()
        self.known: dict[tuple[int, int], int] = {}
        self.known_to_bind: dict[tuple[int, int], bool] = {}

    # --- lines ------------------------------------------------------------------------------

    def line(self, text: str, file: File, line: int, via: Via | None = None) -> None:
        self.lines.append(self.indent + text)
        self.origins.append((file, line, self.via if via is None else via))

    def code(self, text: str, file: File, line: int) -> None:
        """Emit the author's code, which may span lines; only its first one is indented."""
        first, *rest = text.split("\n")
        self.line(first, file, line)
        for number, text_line in enumerate(rest, line + 1):
            self.lines.append(text_line)
            self.origins.append((file, number, self.via))

    def wrapped(self, head: str, source: str, tail: str, file: File, line: int) -> None:
        """Emit *source* in parentheses, with a line end before the last for what may be a comment."""
        self.code(f"{head}({source}", file, line)
        self.line(f"){tail}", *self.origins[-1])

    def enter(self) -> None:
        self.indent += " "

    def leave(self) -> None:
        self.indent = self.indent[:-1]

    # --- variables and output -----------------------------------------------------------------

    def variable(self) -> str:
        self.variables += 1
        return f"_tt_{self.variables}"

    def unique(self, prefix: str) -> str:
        self.names += 1
        return f"_tt_{prefix}{self.names}"

    def piece(self, variable: str, file: File, line: int) -> None:
        output = self.output
        output.pieces.append((False, variable))
        if len(output.pieces) >= _MAX_PIECES:
            self.flush(file, line)

    def flush(self, file: File, line: int) -> None:
        """Write the pieces, so that what follows may leave this run of code."""
        output = self.output
        if not output.pieces:
            return
        joined = output.joined()
        self.variables = output.base
        if output.buffer is None:
            folded = self.variable()
            self.line(f"{folded} = {joined}", file, line)
            output.pieces = [(False, folded)]
        else:
            append = ".append" if _APPEND_BY_METHOD else "_append"
            self.line(f"{output.buffer}{append}({joined})", file, line)
            output.pieces = []

    def open_buffer(self, file: File, line: int) -> str:
        buffer = self.unique("buffer")
        self.line(f"{buffer} = []", file, line)
        if not _APPEND_BY_METHOD:
            self.line(f"{buffer}_append = {buffer}.append", file, line)
        return buffer

    def gather(self, body: list[Node], file: File, linked: Linked, line: int) -> str:
        """Generate *body* as an output of its own; return the Python for its text."""
        outer, outer_guarded = self.output, self.guarded
        buffer = None
        if self.traits(body, file, linked) & (_FLOW | _JUMP):
            buffer = self.open_buffer(file, line)
        self.guarded = False
        self.output = _Output(buffer, self.variables)
        self.body(body, file, linked)
        if buffer is None:
            result = self.output.joined() if self.output.pieces else "''"
        else:
            self.flush(file, line)
            result = f"''.join({buffer})"
        self.variables = self.output.base
        self.output, self.guarded = outer, outer_guarded
        return result

    # --- the function -------------------------------------------------------------------------

    def function(self, linked: Linked) -> None:
        root = self.root
        head = f"def {FUNCTION}({', '.join(PARAMETERS)}):"
        self.line("async " + head if self.asynchronous else head, root, 1)
        self.enter()
        result = self.gather(linked.file.body, linked.file, linked, 1)
        self.line(f"return {result}", *self.origins[-1])

    def body(self, nodes: Sequence[Node], file: File, linked: Linked) -> None:
        for node in nodes:
            if isinstance(node, Text):
                text = node.text
                self.output.literal(text.replace("%", "%%") if self.values else text)
            elif isinstance(node, Expression):
                self.expression(node, file)
            elif isinstance(node, Statement):
                if self.guarded or node.jumps:
                    self.flush(file, node.line)
                self.code(node.source, file, node.line)
            elif isinstance(node, Block):
                winner = linked.blocks[node.name]
                self.blocks_left -= 1
                if self.blocks_left < 0:
                    raise ParseError(f"more than {_MAX_BLOCKS} blocks", file.name, node.line)
                via = self.via
                self.via = ((file.name, node.line), *via)
                self.body(winner.body, winner.file, linked)
                self.via = via
            elif isinstance(node, Include):
                included = linked.includes[node]
                via = self.via
                self.via = ((file.name, node.line), *via)
                self.body(included.file.body, included.file, included)
                self.via = via
            elif isinstance(node, Apply):
                self.apply(node, file, linked)
            elif isinstance(node, Control):
                self.control(node, file, linked)

    # --- expressions --------------------------------------------------------------------------

    def expression(self, node: Expression, file: File) -> None:
        if self.values:
            self.value(node, file)
            return
        if self.guarded:
            self.flush(file, node.line)
        variable = self.variable()
        function = file.autoescape if node.escaped else None
        if function is None:
            self.call("_tt_raw(", node.source, variable, file, node.line)
        elif function == DEFAULT_ESCAPE and self.plain_escape:
            self.call("_tt_escape(", node.source, variable, file, node.line)
        else:
            self.call(f"_tt_custom({function}, ", node.source, variable, file, node.line)
        self.piece(variable, file, node.line)

    def value(self, node: Expression, file: File) -> None:
        """Generate an expression in a loop that is filled at its end."""
        value = node.source
        if not value.isidentifier() or iskeyword(value):
            value = self.variable()
            self.assign(value, node.source, file, node.line)
        text = f"{value} if _tt_type({value}) is _tt_str else _tt_text({value})"
        self.line(f"{self.values}.append({text})", file, node.line)
        self.output.literal("%s")

    def assign(self, variable: str, source: str, file: File, line: int) -> None:
        """Emit *variable* = *source*, whatever Python *source* is."""
        if "\n" in source:
            self.wrapped(f"{variable} = ", source, "", file, line)
        else:
            self.line(f"{variable} = {source}", file, line)

    def call(self, head: str, source: str, variable: str, file: File, line: int) -> None:
        """Emit *variable* = *head* + *source* + ``)``, whatever Python *source* is."""
        if _SIMPLE.fullmatch(source):
            self.line(f"{variable} = {head}{source})", file, line)
            return
        self.assign(variable, source, file, line)
        self.line(f"{variable} = {head}{variable})", file, line)

    def apply(self, node: Apply, file: File, linked: Linked) -> None:
        if self.guarded:
            self.flush(file, node.line)
        if self.binds(node.body, file, linked):
            name = self.unique("function")
            head = f"def {name}():"
            self.line("async " + head if self.asynchronous else head, file, node.line)
            self.enter()
            text = self.gather(node.body, file, linked, node.line)
            self.line(f"return {text}", *self.origins[-1])
            self.leave()
            text = f"await {name}()" if self.asynchronous else f"{name}()"
        else:
            text = self.gather(node.body, file, linked, node.line)
        variable = self.variable()
        self.line(f"{variable} = {text}", file, node.line)
        if _SIMPLE.fullmatch(node.function):
            function = node.function
        else:
            function = self.unique("applied")
            self.wrapped(f"{function} = ", node.function, "", file, node.line)
        self.line(f"{variable} = _tt_apply({function}, {variable})", file, node.line)
        self.piece(variable, file, node.line)

    # --- control flow -------------------------------------------------------------------------

    def control(self, node: Control, file: File, linked: Linked) -> None:
        if not self.guarded:
            traits = self.control_traits(node, file, linked)
            if node.operator == "if":
                if not traits & (_FLOW | _JUMP | (_VALUE if self.values else 0)):
                    self.choice(node, file, linked)
                    return
            elif not self.values and traits & _FILL_MASK == _VALUE:
                self.filled_loop(node, file, linked)
                return
        self.flush(file, node.line)
        self.branches(node, file, linked)

    def branches(self, node: Control, file: File, linked: Linked) -> None:
        guarded = self.guarded
        if node.operator == "try":
            self.guarded = True
        for branch in node.branches:
            self.header(branch, file)
            self.enter()
            before = len(self.lines)
            self.body(branch.body, file, linked)
            self.flush(file, branch.line)
            if len(self.lines) == before:
                self.line("pass", file, branch.line)
            self.leave()
        self.guarded = guarded

    def filled_loop(self, node: Control, file: File, linked: Linked) -> None:
        """Generate a loop that gathers formats and values, and fills them at its end."""
        formats = self.open_buffer(file, node.line)
        values = self.unique("values")
        self.line(f"{values} = []", file, node.line)
        outer = self.output
        self.output = _Output(formats, self.variables)
        self.values = values
        self.branches(node, file, linked)
        self.values = ""
        self.output = outer
        variable = self.variable()
        self.line(f"{variable} = _tt_fill({formats}, {values})", file, node.line)
        self.piece(variable, file, node.line)

    def choice(self, node: Control, file: File, linked: Linked) -> None:
        """Generate an ``if`` that only outputs something: its text becomes one piece."""
        result = self.variable()
        for branch in node.branches:
            self.header(branch, file)
            self.enter()
            text = self.gather(branch.body, file, linked, branch.line)
            self.line(f"{result} = {text}", *self.origins[-1])
            self.leave()
        if node.branches[-1].operator != "else":
            self.line("else:", file, node.line)
            self.line(f" {result} = ''", file, node.line)
        self.piece(result, file, node.line)

    def header(self, branch: Branch, file: File) -> None:
        clause = branch.clause
        if branch.operator in ("if", "elif", "while") and ("\n" in clause or "#" in clause):
            self.wrapped(f"{branch.operator} ", clause, ":", file, branch.line)
            return
        text = f"{branch.operator} {clause}:" if clause else f"{branch.operator}:"
        self.code(text, file, branch.line)

    # --- questions about a body ---------------------------------------------------------------

    def traits(self, nodes: list[Node], file: File, linked: Linked) -> int:
        """Return what matters about the code that *nodes* become, as flags."""
        key = (id(nodes), id(linked))
        known = self.known.get(key)
        if known is not None:
            return known
        traits = 0
        for node in nodes:
            if isinstance(node, Text):
                continue
            if isinstance(node, Expression):
                plain = node.escaped and file.autoescape == DEFAULT_ESCAPE and self.plain_escape
                traits |= _VALUE if plain else _VALUE | _SPECIAL
            elif isinstance(node, Statement):
                if node.jumps:
                    traits |= _JUMP
            elif isinstance(node, Apply):
                traits |= _VALUE | _SPECIAL
            elif isinstance(node, Control):
                traits |= self.control_traits(node, file, linked)
            else:
                for body, owner, place in self.inside(node, file, linked):
                    traits |= self.traits(body, owner, place)
        self.known[key] = traits
        return traits

    def control_traits(self, node: Control, file: File, linked: Linked) -> int:
        traits = 0
        for branch in node.branches:
            traits |= self.traits(branch.body, file, linked)
        if node.operator == "if":
            return traits
        if node.operator == "try":
            return traits | _SPECIAL | _FLOW
        # A jump stays within the loop, unless it stands in the loop's `else`.
        if len(node.branches) == 1:
            traits &= ~_JUMP
        if traits & _FILL_MASK == _VALUE:
            return traits & ~_FLOW
        return traits | _FLOW

    def inside(
        self, node: Node, file: File, linked: Linked
    ) -> list[tuple[list[Node], File, Linked]]:
        """Return what stands in the place of *node*'s bodies, with its file and links."""
        if isinstance(node, Control):
            return [(branch.body, file, linked) for branch in node.branches]
        if isinstance(node, Block):
            winner = linked.blocks[node.name]
            return [(winner.body, winner.file, linked)]
        if isinstance(node, Include):
            included = linked.includes[node]
            return [(included.file.body, included.file, included)]
        if isinstance(node, Apply):
            return [(node.body, file, linked)]
        return []

    def binds(self, nodes: list[Node], file: File, linked: Linked) -> bool:
        """Say whether *nodes* may bind a name, which is then local to the ``apply`` around."""
        key = (id(nodes), id(linked))
        known = self.known_to_bind.get(key)
        if known is None:
            known = any(self.node_binds(node, file, linked) for node in nodes)
            self.known_to_bind[key] = known
        return known

    def node_binds(self, node: Node, file: File, linked: Linked) -> bool:
        if isinstance(node, Statement):
            return True
        if isinstance(node, Expression):
            return _binds_inside(node.source)
        if isinstance(node, Control) and (
            node.operator not in ("if", "while")
            or any(_binds_inside(branch.clause) for branch in node.branches)
        ):
            return True
        return any(
            self.binds(body, owner, place) for body, owner, place in self.inside(node, file, linked)
        )


def _binds_inside(source: str) -> bool:
    """Say whether an expression may bind a name: by ``:=``, or by a lone ``=`` as a statement."""
    return "=" in source and (":=" in source or not _SIMPLE.fullmatch(source))
