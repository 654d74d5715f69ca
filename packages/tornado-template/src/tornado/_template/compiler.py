"""A parsed template goes in, a :class:`Program` that can run comes out.

Links, generates, compiles and renumbers; errors in the Python of a directive are translated to
the template's name and line here.
"""

from __future__ import annotations

import re
from types import CodeType
from typing import TYPE_CHECKING

from tornado._template.codegen import FUNCTION, Generated, generate
from tornado._template.errors import ExpressionError, ParseError
from tornado._template.lines import renumber
from tornado._template.linker import link
from tornado._template.nodes import DEFAULT_ESCAPE

if TYPE_CHECKING:
    from tornado._template.cache import CompiledCache
    from tornado._template.codegen import Origin, Via
    from tornado._template.linker import Fetch
    from tornado._template.nodes import File, Linked

__all__ = ["Program", "compile_file"]

# As in `inspect`, which takes longer to import than the whole engine.
_CO_GENERATOR = 0x20
_ASYNC_WORD = re.compile(r"\b(?:await|async)\b")


class Program:
    """A compiled template.

    ``code`` is the function's code, whose line numbers up to ``own_lines`` are those of the
    template's own file; the line ``own_lines + 1 + i`` stands for ``places[i]``, a line of another
    file (a parent, an include) and the way there. ``own_ways`` has the way to lines of the own file
    that stand in blocks. ``source`` is the generated text, for those who want to read it.
    """

    __slots__ = ("code", "file", "is_async", "own_lines", "own_ways", "places", "source")

    def __init__(
        self,
        file: File,
        source: str,
        code: CodeType,
        is_async: bool,
        own_lines: int,
        places: list[Origin],
        own_ways: dict[int, Via],
    ) -> None:
        self.file = file
        self.source = source
        self.code = code
        self.is_async = is_async
        self.own_lines = own_lines
        self.places = places
        self.own_ways = own_ways

    def place(self, lineno: int) -> Origin:
        """Return the file and line that a line of the code stands for, and the way there."""
        index = lineno - self.own_lines - 1
        if 0 <= index < len(self.places):
            return self.places[index]
        return self.file, lineno, self.own_ways.get(lineno, ())


def compile_file(file: File, fetch: Fetch | None, cache: CompiledCache | None) -> Program:
    """Compile *file*.

    :param fetch: returns the other files that it names; ``None`` where there is no loader.
    :param cache: where compiled code is kept between processes, if anywhere.
    :raises ParseError: when it does not link or compile. :exc:`ExpressionError` is the one for
        errors that Python found.
    """
    try:
        linked = link(file, fetch)
        program = _compile(file, linked, cache, asynchronous=False, plain_escape=True)
        if _binds(program.code, DEFAULT_ESCAPE):
            program = _compile(file, linked, cache, program.is_async, plain_escape=False)
    except (RecursionError, MemoryError) as error:
        raise ParseError("template nested too deeply", file.name, 1) from error
    return program


def _compile(
    file: File, linked: Linked, cache: CompiledCache | None, asynchronous: bool, plain_escape: bool
) -> Program:
    generated = generate(file, linked, asynchronous, plain_escape)
    own_lines = file.source.count("\n") + 1
    numbers: list[int] = []
    places: list[Origin] = []
    own_ways: dict[int, Via] = {}
    for place in generated.origins:
        origin, line, via = place
        if origin is file:
            line = min(line, own_lines)
            numbers.append(line)
            if via:
                own_ways.setdefault(line, via)
        else:
            if not places or places[-1] != place:
                places.append(place)
            numbers.append(own_lines + len(places))
    key = cache.key(generated.source, numbers, file.path) if cache is not None else ""
    code = cache.read(key) if cache is not None else None
    if code is None:
        try:
            code = _function_code(generated.source, numbers, file.path)
        except SyntaxError as error:
            if not asynchronous and _ASYNC_WORD.search(generated.source):
                return _compile(file, linked, cache, True, plain_escape)
            # The original speaks of the generated text.
            raise _translated(error, generated, file) from None
        except ValueError as error:  # a NUL in the source
            raise ExpressionError(str(error), file.name, 1) from error
        if code.co_flags & _CO_GENERATOR:
            raise ParseError("yield cannot be used in a template", file.name, 1)
        if cache is not None:
            cache.write(key, code)
    return Program(file, generated.source, code, asynchronous, own_lines, places, own_ways)


def _function_code(source: str, numbers: list[int], path: str) -> CodeType:
    module = compile(source, path, "exec", dont_inherit=True)
    code = next(
        constant
        for constant in module.co_consts
        if isinstance(constant, CodeType) and constant.co_name == FUNCTION
    )
    return renumber(code, numbers)


def _binds(code: CodeType, name: str) -> bool:
    """Say whether *name* is a local variable anywhere in *code*."""
    return (
        name in code.co_varnames
        or name in code.co_cellvars
        or any(_binds(item, name) for item in code.co_consts if isinstance(item, CodeType))
    )


def _translated(error: SyntaxError, generated: Generated, file: File) -> ExpressionError:
    index = (error.lineno or 1) - 1
    origins = generated.origins
    origin, line, _ = origins[max(0, min(index, len(origins) - 1))]
    # Lines in the message are those of the generated text.
    message = re.sub(r" (?:on line \d+|\(detected at line \d+\))", "", error.msg)
    return ExpressionError(message, origin.name, line, origin.line_text(line))
