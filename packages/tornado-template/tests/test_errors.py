"""The tree of errors."""

import traceback

import pytest

from tornado.template import ExpressionError, ParseError, Template, WhitespaceModeError


def test_parse_error_fields():
    error = ParseError("wrong", "a.html", 3)
    assert (error.message, error.filename, error.lineno) == ("wrong", "a.html", 3)
    assert str(error) == "wrong at a.html:3"
    assert error.args == ("wrong", "a.html", 3)


def test_parse_error_defaults():
    error = ParseError("wrong")
    assert (error.filename, error.lineno) == (None, 0)
    assert str(error) == "wrong at None:0"


def test_tree():
    assert issubclass(ExpressionError, ParseError)
    assert issubclass(ExpressionError, SyntaxError)
    assert issubclass(WhitespaceModeError, ParseError)
    assert issubclass(WhitespaceModeError, ValueError)
    assert {e.__module__ for e in (ParseError, ExpressionError, WhitespaceModeError)} == {
        "tornado.template"
    }


def test_expression_error_prints_the_line_of_the_template():
    with pytest.raises(ExpressionError) as info:
        Template("first\n<b>{{ 1 + }}</b>\n", name="a.html")
    error = info.value
    assert (error.filename, error.lineno, error.text) == ("a.html", 2, "<b>{{ 1 + }}</b>")
    assert str(error) == "invalid syntax at a.html:2"
    printed = "".join(traceback.format_exception_only(ExpressionError, error))
    assert 'File "a.html", line 2' in printed
    assert "<b>{{ 1 + }}</b>" in printed
    assert error.__cause__ is None


@pytest.mark.parametrize(
    "source",
    ["\n\n{{ f(\n 1] }}", "\n\n{{ ' }}", "{% if x %}\n{{ {\n) }}{% end %}", "\n\n\n{{ (1,"],
)
def test_messages_give_no_lines_of_the_generated_text(source):
    with pytest.raises(ParseError) as info:
        Template(source)
    assert "line" not in info.value.message
    assert info.value.lineno in (3, 4)


@pytest.mark.parametrize(
    "source",
    [
        "{% if %}{% end %}",
        "{% if x %}{% elif %}{% end %}",
        "{% for %}{% end %}",
        "{% while %}{% end %}",
        "{% raw %}",
        "{% module %}",
        "{% try %}{% end %}",
        "{% try %}{% else %}{% end %}",
    ],
)
def test_incomplete_directives_are_syntax_errors_too(source):
    """Released versions left them to Python, so that is what callers catch."""
    with pytest.raises(ParseError) as caught:
        Template("first\n" + source, name="page.html")
    assert isinstance(caught.value, SyntaxError)
    assert (caught.value.filename, caught.value.lineno) == ("page.html", 2)
