"""White space of text between directives."""

import pytest

from tornado.template import Template, WhitespaceModeError, filter_whitespace

SAMPLE = " a  b \n\n \t c\n d\t\te\r\n\r\n  f  "


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("all", SAMPLE),
        ("single", " a b\nc\nd e\nf "),
        ("oneline", " a b c d e f "),
    ],
)
def test_filter(mode, expected):
    assert filter_whitespace(mode, SAMPLE) == expected


def test_blanks_that_are_not_ascii_count_only_for_oneline():
    assert filter_whitespace("single", "a\u00a0\u00a0b \u2003c") == "a\u00a0\u00a0b \u2003c"
    assert filter_whitespace("oneline", "a\u00a0\u00a0b \u2003c") == "a b c"


def test_unknown_mode():
    with pytest.raises(ValueError, match="invalid whitespace mode 'other'") as info:
        filter_whitespace("other", "")
    assert type(info.value) is WhitespaceModeError
    assert str(info.value) == (
        "invalid whitespace mode 'other', expected one of: all, single, oneline"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.html", b" a b\nc"),
        ("a.js", b" a b\nc"),
        ("a.txt", b" a  b \n\n c"),
        ("a", b" a  b \n\n c"),
    ],
)
def test_default_depends_on_the_name(name, expected):
    assert Template(" a  b \n\n c", name=name).generate() == expected


def test_linear_on_long_runs():
    text = (" " * 50_000 + "x") * 4 + "\n" * 50_000 + "\t" * 50_000
    assert filter_whitespace("single", text) == " x x x x\n"
    blanks = "\u00a0" * 50_000
    assert filter_whitespace("single", f"a{blanks}b\n") == f"a{blanks}b\n"
    assert filter_whitespace("oneline", text) == " x x x x "
