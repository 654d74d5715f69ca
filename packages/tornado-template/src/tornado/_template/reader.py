"""Template source goes in, tokens come out, one by one: text, expressions and directives.

White space and the structure of directives are the parser's business. Reading takes linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tornado._template.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DIRECTIVE", "EXPRESSION", "TEXT", "Token", "read_tokens"]

TEXT, EXPRESSION, DIRECTIVE = range(3)

# (kind, content, line): the line of the first character of the content that is not white space,
# for an empty one the line where the token opens.
Token = tuple[int, str, int]

# In a run of more than two opening braces the two innermost ones count: ``{{{ x }}}`` is an
# expression between literal braces.
_OPENING = re.compile(r"\{(?:\{(?!\{)|[%#])")

_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_CLOSER_NAMES = {"{{": "expression }}", "{%": "block %}", "{#": "comment #}"}

# What matters for finding the end of Python code: whole strings, brackets, comments, a lone quote.
_PYTHON_TOKEN = re.compile(
    r"""'''(?:[^\\]|\\.)*?'''|\"""(?:[^\\]|\\.)*?\"""|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"
    |%\}|[()\[\]{}\#'"]""",
    re.DOTALL | re.VERBOSE,
)
# How far beyond the first closer a later one is looked for, in characters.
_LOOKAHEAD = 2000


def read_tokens(source: str, name: str) -> Iterator[Token]:
    """Split *source*, the text of the template called *name*.

    :raises ParseError: when a directive is not closed or is empty.
    """
    position = text_start = 0
    line = text_line = 1
    counted = 0
    while True:
        match = _OPENING.search(source, position)
        if match is None:
            if text_start < len(source):
                yield (TEXT, source[text_start:], text_line)
            return
        start = match.start()
        opener = match.group()
        line += source.count("\n", counted, start)
        counted = start
        if start > text_start:
            yield (TEXT, source[text_start:start], text_line)
        if source.startswith("!", start + 2):
            yield (TEXT, opener, line)
            position = text_start = start + 3
            text_line = line
            continue
        end = source.find(_CLOSERS[opener], start + 2)
        if end < 0:
            raise ParseError(f"Missing end {_CLOSER_NAMES[opener]}", name, line)
        content = source[start + 2 : end]
        if opener != "{#":
            if _looks_open(content):
                end = _end_of_python(source, start + 2, end, _CLOSERS[opener])
                content = source[start + 2 : end]
            yield _code_token(opener, content, name, line)
        position = text_start = end + 2
        line += source.count("\n", counted, position)
        counted = position
        text_line = line


def _code_token(opener: str, content: str, name: str, line: int) -> Token:
    stripped = content.strip()
    if not stripped:
        what = "Empty expression" if opener == "{{" else "Empty block tag ({% %})"
        raise ParseError(what, name, line)
    if "\n" in content:
        line += content.count("\n", 0, content.index(stripped[0]))
    return (EXPRESSION if opener == "{{" else DIRECTIVE, stripped, line)


def _looks_open(content: str) -> bool:
    """Say whether *content* may end inside a string or brackets: cheap, and rather yes than no."""
    count = content.count
    return bool(
        count("{") > count("}") or count('"') & 1 or count("'") & 1 or count("(") > count(")")
    )


def _end_of_python(source: str, start: int, first_end: int, closer: str) -> int:
    """Return where the code that opens at *start* is closed outside strings and brackets.

    This makes ``{{ {"a": {"b": 1}} }}`` and ``{{ "}}" }}`` what they look like. Where no such
    place is near, *first_end* is the result, and Python will name the error.
    """
    depth = 0
    limit = min(len(source), first_end + _LOOKAHEAD)
    position = start
    while True:
        match = _PYTHON_TOKEN.search(source, position, limit)
        if match is None:
            return first_end
        found = match.group()
        position = match.end()
        if found == "%}":
            if closer == "%}" and depth == 0:
                return match.start()
            if depth:
                depth -= 1
        elif found in ("(", "[", "{"):
            depth += 1
        elif found in (")", "]", "}"):
            if depth == 0:
                if found == "}" and closer == "}}" and source.startswith("}", position):
                    return match.start()
                return first_end
            depth -= 1
        elif len(found) == 1:  # a comment, or a quote that nothing closes
            return first_end
