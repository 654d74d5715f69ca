"""Template source to tokens."""

import pytest

from tornado._template.reader import DIRECTIVE, EXPRESSION, TEXT, read_tokens
from tornado.template import ParseError


def kinds(source):
    return [(kind, content) for kind, content, _ in read_tokens(source, "t")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ("plain", [(TEXT, "plain")]),
        ("{{ x }}", [(EXPRESSION, "x")]),
        ("a{{x}}b", [(TEXT, "a"), (EXPRESSION, "x"), (TEXT, "b")]),
        ("{% if x %}", [(DIRECTIVE, "if x")]),
        ("{%if x%}", [(DIRECTIVE, "if x")]),
        ("a{# {{ x }} {% y %} #}b", [(TEXT, "a"), (TEXT, "b")]),
        ("{##}", []),
        ("{#\n#}", []),
        # Lone braces and closers are text.
        ("{", [(TEXT, "{")]),
        ("a{", [(TEXT, "a{")]),
        ("} }} %} #}", [(TEXT, "} }} %} #}")]),
        ("{ {", [(TEXT, "{ {")]),
        ("function() {return}", [(TEXT, "function() {return}")]),
        # The two innermost of several braces open an expression.
        ("{{{ x }}}", [(TEXT, "{"), (EXPRESSION, "x"), (TEXT, "}")]),
        ("{{{{ x }}}}", [(TEXT, "{{"), (EXPRESSION, "x"), (TEXT, "}}")]),
        # Escaped openers.
        ("{{! x }}", [(TEXT, "{{"), (TEXT, " x }}")]),
        ("{%! x %}", [(TEXT, "{%"), (TEXT, " x %}")]),
        ("{#! x #}", [(TEXT, "{#"), (TEXT, " x #}")]),
        ("{{!", [(TEXT, "{{")]),
        ("{{!{{!x", [(TEXT, "{{"), (TEXT, "{{"), (TEXT, "x")]),
        ("{{{! x", [(TEXT, "{"), (TEXT, "{{"), (TEXT, " x")]),
        # A closer inside a string or brackets closes nothing.
        ("{{ '}}' }}", [(EXPRESSION, "'}}'")]),
        ('{{ "}}" }}', [(EXPRESSION, '"}}"')]),
        ("{{ {1:{2:3}} }}", [(EXPRESSION, "{1:{2:3}}")]),
        ("{{ {1:{2:3}}}}", [(EXPRESSION, "{1:{2:3}}")]),
        ("{% set x = '%}' %}y", [(DIRECTIVE, "set x = '%}'"), (TEXT, "y")]),
        ("{{ f('it\\'s }}') }}", [(EXPRESSION, "f('it\\'s }}')")]),
        ("{{ '''}}''' }}", [(EXPRESSION, "'''}}'''")]),
        # Where code stays open, the first closer counts; Python names the error later.
        ("{{ '}} }}", [(EXPRESSION, "'"), (TEXT, " }}")]),
        ("{{ f( }}) }}", [(EXPRESSION, "f("), (TEXT, ") }}")]),
        ("{{ (] }}", [(EXPRESSION, "(]")]),
        ("{{ x # it's }}", [(EXPRESSION, "x # it's")]),
        ("{% comment it's %}x", [(DIRECTIVE, "comment it's"), (TEXT, "x")]),
        ("{% comment ( %}{% end %}", [(DIRECTIVE, "comment ("), (DIRECTIVE, "end")]),
    ],
)
def test_tokens(source, expected):
    assert kinds(source) == expected


def test_lines_are_those_where_the_code_begins():
    source = "a\n{{ x }}\n\n{%\n  if y\n%}\n{# \n #}{{ z }}\nend"
    assert list(read_tokens(source, "t")) == [
        (TEXT, "a\n", 1),
        (EXPRESSION, "x", 2),
        (TEXT, "\n\n", 2),
        (DIRECTIVE, "if y", 5),
        (TEXT, "\n", 6),
        (EXPRESSION, "z", 8),
        (TEXT, "\nend", 8),
    ]


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("{{", "Missing end expression }}", 1),
        ("a\nb{{ x", "Missing end expression }}", 2),
        ("{{ x }", "Missing end expression }}", 1),
        ("{{ x %}", "Missing end expression }}", 1),
        ("\n\n{% if", "Missing end block %}", 3),
        ("\n{# x", "Missing end comment #}", 2),
        ("{{}}", "Empty expression", 1),
        ("\n{{ \n }}", "Empty expression", 2),
        ("{% %}", "Empty block tag ({% %})", 1),
        ("{%%}", "Empty block tag ({% %})", 1),
    ],
)
def test_errors(source, message, line):
    with pytest.raises(ParseError) as info:
        list(read_tokens(source, "t.html"))
    assert (info.value.message, info.value.filename, info.value.lineno) == (message, "t.html", line)


def test_hostile_source_is_read_in_linear_time():
    # Each of these once would have looked for its closer to the end of the text.
    count = 20_000
    assert len(list(read_tokens("{{ ( }}" * count, "t"))) == count
    assert len(list(read_tokens("{{ ' }}" * count, "t"))) >= count // 2
    with pytest.raises(ParseError):
        list(read_tokens("{" * count, "t"))
