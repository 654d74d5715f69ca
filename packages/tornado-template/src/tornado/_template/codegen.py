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

import sys
from keyword import iskeyword
from typing import TYPE_CHECKING, Final, TypeAlias

from tornado._template.errors import ParseError
from tornado._template.nodes import DEFAULT_ESCAPE, FLOW, JUMP, is_simple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado._template.nodes import Control, File, Linked, Node

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

# An f-string of more parts than this is written in several.
_MAX_PIECES: Final = 128

# From 3.11 on CPython has an instruction for `list.append` that needs no bound method.
_APPEND_BY_METHOD: Final = sys.version_info >= (3, 11)

# Blocks inlined in one template: those that contain one another can multiply.
_MAX_BLOCKS: Final = 10_000

#: How a line came into the function: name and line of each directive, ``include`` or ``block``, in
#: whose place it stands, the nearest first.
Via = tuple[tuple[str, int], ...]

Origin: TypeAlias = "tuple[File, int, Via]"


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
        self.suites: list[int] = []
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
        """Begin the suite of the statement whose header was the last line."""
        self.indent += " "
        self.suites.append(len(self.lines))

    def leave(self) -> None:
        """End a suite; one without a statement becomes a ``pass``."""
        if self.suites.pop() == len(self.lines):
            self.line("pass", *self.origins[-1])
        self.indent = self.indent[:-1]

    def result(self, text: str) -> None:
        """Emit a line that belongs to the same place as the one before."""
        self.line(text, *self.origins[-1])

    # --- variables and output -----------------------------------------------------------------

    def variable(self) -> str:
        """Return a new variable's name; it is free again once its text was written."""
        self.variables += 1
        return f"_tt_{self.variables}"

    def unique(self, prefix: str) -> str:
        """Return a name that occurs nowhere else in the function."""
        self.names += 1
        return f"_tt_{prefix}{self.names}"

    def literal(self, text: str) -> None:
        """Output text as it is."""
        self.output.literal(text.replace("%", "%%") if self.values else text)

    def piece(self, variable: str, file: File, line: int) -> None:
        """Output the text in a variable."""
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
        if self.traits(body, file, linked) & (FLOW | JUMP):
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
        self.result(f"return {result}")

    def body(self, nodes: Sequence[Node], file: File, linked: Linked) -> None:
        """Generate *nodes*, one after the other."""
        for node in nodes:
            node.emit(self, file, linked)

    def elsewhere(
        self, nodes: list[Node], file: File, linked: Linked, origin: tuple[str, int]
    ) -> None:
        """Generate nodes of another place, in the place of the directive at *origin*."""
        via = self.via
        self.via = (origin, *via)
        self.body(nodes, file, linked)
        self.via = via

    def count_block(self, file: File, line: int) -> None:
        """Count one more block that is inlined."""
        self.blocks_left -= 1
        if self.blocks_left < 0:
            raise ParseError(f"more than {_MAX_BLOCKS} blocks", file.name, line)

    # --- expressions --------------------------------------------------------------------------

    def expression(self, source: str, escaped: bool, file: File, line: int) -> None:
        """Output the value of an expression, through the file's autoescape function if *escaped*."""
        if self.values:
            self.value(source, file, line)
            return
        if self.guarded:
            self.flush(file, line)
        variable = self.variable()
        function = file.autoescape if escaped else None
        if function is None:
            self.call("_tt_raw(", source, variable, file, line)
        elif function == DEFAULT_ESCAPE and self.plain_escape:
            self.call("_tt_escape(", source, variable, file, line)
        else:
            self.call(f"_tt_custom({function}, ", source, variable, file, line)
        self.piece(variable, file, line)

    def value(self, source: str, file: File, line: int) -> None:
        """Generate an expression in a loop that is filled at its end."""
        value = source
        if not value.isidentifier() or iskeyword(value):
            value = self.variable()
            self.assign(value, source, file, line)
        text = f"{value} if _tt_type({value}) is _tt_str else _tt_text({value})"
        self.line(f"{self.values}.append({text})", file, line)
        self.output.literal("%s")

    def assign(self, variable: str, source: str, file: File, line: int) -> None:
        """Emit *variable* = *source*, whatever Python *source* is."""
        if "\n" in source:
            self.wrapped(f"{variable} = ", source, "", file, line)
        else:
            self.line(f"{variable} = {source}", file, line)

    def call(self, head: str, source: str, variable: str, file: File, line: int) -> None:
        """Emit *variable* = *head* + *source* + ``)``, whatever Python *source* is."""
        if is_simple(source):
            self.line(f"{variable} = {head}{source})", file, line)
            return
        self.assign(variable, source, file, line)
        self.line(f"{variable} = {head}{variable})", file, line)

    # --- control flow -------------------------------------------------------------------------

    @property
    def is_filling(self) -> bool:
        """Whether this is inside a loop that is filled at its end."""
        return bool(self.values)

    def filled(self, node: Control, file: File, linked: Linked) -> None:
        """Generate a loop that gathers formats and values, and fills them at its end."""
        formats = self.open_buffer(file, node.line)
        values = self.unique("values")
        self.line(f"{values} = []", file, node.line)
        outer = self.output
        self.output = _Output(formats, self.variables)
        self.values = values
        node.emit_branches(self, file, linked)
        self.values = ""
        self.output = outer
        variable = self.variable()
        self.line(f"{variable} = _tt_fill({formats}, {values})", file, node.line)
        self.piece(variable, file, node.line)

    # --- questions about a body ---------------------------------------------------------------

    def traits(self, nodes: list[Node], file: File, linked: Linked) -> int:
        """Return what matters about the code that *nodes* become, as flags."""
        key = (id(nodes), id(linked))
        known = self.known.get(key)
        if known is None:
            known = 0
            for node in nodes:
                known |= node.traits(self, file, linked)
            self.known[key] = known
        return known

    def binds(self, nodes: list[Node], file: File, linked: Linked) -> bool:
        """Return whether *nodes* may bind a name, which is then local to the ``apply`` around."""
        key = (id(nodes), id(linked))
        known = self.known_to_bind.get(key)
        if known is None:
            known = any(node.binds(self, file, linked) for node in nodes)
            self.known_to_bind[key] = known
        return known
