"""What generated code calls."""

import pytest

from tornado._template import runtime
from tornado.escape import xhtml_escape


@pytest.mark.parametrize("value", ["", "a", "<>&\"'", "&amp;", "é<", "\0<", b"a&", 5, None, [1]])
def test_escape_text_is_xhtml_escape(value):
    expected = xhtml_escape(value if isinstance(value, (str, bytes)) else str(value))
    assert runtime.escape_text(value) == expected
    assert runtime.escaper(xhtml_escape)(value) == expected
    assert runtime.custom_escape(xhtml_escape, value) == expected


@pytest.mark.parametrize(
    ("formats", "values", "expected"),
    [
        ([], [], ""),
        (["a"], [], "a"),
        (["100%%"], [], "100%"),
        (["<%s>", "%s"], ["a", "b"], "<a>b"),
        (["%s", "%s"], ["<", "&"], "&lt;&amp;"),
        (["%s", "%s"], ["\0", "&\0"], "\0&amp;\0"),
        (["%s"], [""], ""),
        (["%s"], ["%s%"], "%s%"),
        (["%s|%s"], ["", "<"], "|&lt;"),
    ],
)
def test_fill_escaped(formats, values, expected):
    assert runtime.fill_escaped(formats, values) == expected


def test_fill_leaves_values_alone():
    assert runtime.fill(["<%s>"], ["<"]) == "<<>"


def test_nothing_from_outside_passes_for_binary_output():
    fake = "\udfff" + "0" * 32 + ":41;"
    with pytest.raises(UnicodeEncodeError):
        runtime.encode(fake)
    real = runtime.raw_text(b"\xff")
    assert runtime.encode("a" + real + "b") == b"a\xffb"
    with pytest.raises(UnicodeEncodeError):
        runtime.encode(real + fake)
