"""Tokens to nodes: what may stand where."""

import pytest

from tornado._template import nodes
from tornado._template.parser import MAX_DEPTH, parse
from tornado.template import ParseError


def parsed(source, whitespace="all"):
    return parse(source, "t.html", "/t.html", "xhtml_escape", whitespace)


def test_nodes_of_every_kind():
    file = parsed(
        "text{{ a }}{% raw b %}{% module C() %}{% set d = 1 %}{% import e %}{% from f import g %}"
        "{% include 'h' %}{% apply i %}I{% end %}{% block j %}J{% end %}{% comment k %}"
    )
    text, a, b, c, d, e, f, h, i, j = file.body
    assert (type(text), text.text) == (nodes.Text, "text")
    assert (type(a), a.source, a.escaped) == (nodes.Expression, "a", True)
    assert (type(b), b.source, b.escaped) == (nodes.Expression, "b", False)
    assert (type(c), c.source, c.escaped) == (nodes.Expression, "_tt_modules.C()", False)
    assert [type(node) for node in (d, e, f)] == [nodes.Statement] * 3
    assert [node.source for node in (d, e, f)] == ["d = 1", "import e", "from f import g"]
    assert (type(h), h.name) == (nodes.Include, "h")
    assert (type(i), i.function, i.body[0].text) == (nodes.Apply, "i", "I")
    assert (type(j), j.name, j.body[0].text, j.file) == (nodes.Block, "j", "J", file)


def test_branches():
    file = parsed("{% if a %}1{% elif b %}2{% elif c %}3{% else %}4{% end %}")
    (control,) = file.body
    assert [(b.operator, b.clause, b.body[0].text) for b in control.branches] == [
        ("if", "a", "1"),
        ("elif", "b", "2"),
        ("elif", "c", "3"),
        ("else", "", "4"),
    ]


@pytest.mark.parametrize("quoted", ["a.html", "'a.html'", '"a.html"'])
def test_file_names_may_be_quoted(quoted):
    assert parsed("{% extends " + quoted + " %}").parent == ("a.html", 1)
    assert parsed("{% include " + quoted + " %}").body[0].name == "a.html"


def test_the_last_autoescape_counts_for_the_whole_file():
    assert parsed("").autoescape == "xhtml_escape"
    assert parsed("{% autoescape None %}").autoescape is None
    assert parsed("{% autoescape %}").autoescape is None
    assert parsed("{% autoescape None %}x{% autoescape f.g %}").autoescape == "f.g"


def test_whitespace_directive_counts_from_its_place():
    file = parsed("a  b{% whitespace oneline %}c \n d{% whitespace all %}e  f")
    assert [node.text for node in file.body] == ["a  b", "c d", "e  f"]


def test_text_with_pre_keeps_its_white_space():
    assert parsed("<pre> a  b</pre>  c", "oneline").body[0].text == "<pre> a  b</pre>  c"


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("a\n{% end %}", "Extra {% end %} block", 2),
        ("\n{% if a %}\n\n", "Missing {% end %} block for if", 2),
        ("{% if a %}\n{% for b in c %}{% end %}", "Missing {% end %} block for if", 1),
        ("{% block a %}", "Missing {% end %} block for block", 1),
        ("\n{% nonsense %}", "unknown operator: 'nonsense'", 2),
        ("{% with a as b %}{% end %}", "unknown operator: 'with': write {% set name = value %}", 1),
        ("{% else %}", "else outside a for or if or try or while block", 1),
        ("{% block a %}{% else %}", "else outside a for or if or try or while block", 1),
        ("{% elif a %}", "elif outside a if block", 1),
        ("{% for a in b %}\n{% elif c %}", "elif outside a if block", 2),
        ("{% if a %}{% except %}", "except outside a try block", 1),
        ("{% finally %}", "finally outside a try block", 1),
        ("{% if a %}{% else %}\n{% else %}{% end %}", "else after else in a if block", 2),
        ("{% if a %}{% else %}{% elif b %}{% end %}", "elif after else in a if block", 1),
        ("{% try %}{% else %}{% end %}", "else after try in a try block", 1),
        ("{% try %}{% finally %}{% except %}{% end %}", "except after finally in a try block", 1),
        ("{% for a in b %}{% else %}{% finally %}", "finally outside a try block", 1),
        ("{% if a %}{% else b %}{% end %}", "else takes no argument", 1),
        ("\n{% try %}{% end %}", "try without except or finally", 2),
        ("{% break %}", "break outside a for or while block", 1),
        ("{% if a %}{% continue %}{% end %}", "continue outside a for or while block", 1),
        ("{% for a in b %}{% else %}{% break %}{% end %}", "break outside a for or while block", 1),
        (
            "{% for a in b %}{% apply c %}\n{% break %}{% end %}{% end %}",
            "break outside a for or while block",
            2,
        ),
        ("{% for a in b %}{% break 2 %}{% end %}", "break takes no argument", 1),
        ("{% if a %}{% extends 'b' %}{% end %}", "extends inside if", 1),
        ("{% extends %}", "extends missing file path", 1),
        ("{% include %}", "include missing file path", 1),
        ("{% import %}", "import missing statement", 1),
        ("{% from %}", "from missing statement", 1),
        ("{% set %}", "set missing statement", 1),
        ("{% raw %}", "raw missing expression: for a literal {{, write {{!", 1),
        ("{% module %}", "module missing expression", 1),
        ("{% if %}", "if missing condition", 1),
        ("{% if a %}{% elif %}", "elif missing condition", 1),
        ("{% while %}", "while missing condition", 1),
        ("{% for %}", "for missing loop variable", 1),
        ("{% block %}{% end %}", "block missing name", 1),
        ("{% apply %}{% end %}", "apply missing method name", 1),
        (
            "\n{% whitespace some %}",
            "invalid whitespace mode 'some', expected one of: all, single, oneline",
            2,
        ),
    ],
)
def test_errors(source, message, line):
    with pytest.raises(ParseError) as info:
        parsed(source)
    assert (info.value.message, info.value.filename, info.value.lineno) == (message, "t.html", line)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in b %}{% if c %}{% try %}{% break %}{% finally %}{% end %}{% end %}{% end %}",
        "{% while a %}{% block b %}{% continue %}{% end %}{% end %}",
        "{% for a in b %}{% for c in d %}{% else %}{% break %}{% end %}{% end %}",
        "{% apply a %}{% for b in c %}{% break %}{% end %}{% end %}",
        "{% if a %}{% end if %}",
        "{% try %}{% except A %}{% except B %}{% else %}{% finally %}{% end %}",
        "{% if\ta %}{% end %}",
    ],
)
def test_allowed(source):
    assert len(parsed(source).body) == 1


def test_depth_is_bounded():
    parsed("{% if a %}" * MAX_DEPTH + "{% end %}" * MAX_DEPTH)
    with pytest.raises(ParseError) as info:
        parsed("\n{% if a %}" * 100_000)
    assert (info.value.message, info.value.lineno) == (
        f"blocks nested more than {MAX_DEPTH} deep",
        MAX_DEPTH + 2,
    )
