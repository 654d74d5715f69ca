"""What holds for all templates."""

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tornado._template.parser import MAX_DEPTH
from tornado.escape import xhtml_escape, xhtml_unescape
from tornado.template import DictLoader, ExpressionError, ParseError, Template, filter_whitespace

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
MARKUP = st.text(alphabet="{}%#! \n\t'\"ab<>&", max_size=40)


@given(st.one_of(TEXT, MARKUP))
def test_text_without_directives_comes_out_as_it_is(text):
    if re.search(r"\{[{%#]", text):
        text = re.sub(r"\{(?=[{%#])", "(", text)
    assert Template(text).generate() == text.encode()


@given(MARKUP)
def test_any_text_can_be_escaped(text):
    # Braces followed by what would open a directive get an exclamation mark.
    source = re.sub(r"\{([{%#])", r"{\1!", text)
    if re.search(r"\{\{(?=\{)|\{(?=\{[{%#]!)", source):
        return  # a run of braces: which ones count is a case of its own
    assert Template(source).generate() == text.encode()


@given(TEXT)
def test_escaping_round_trips(text):
    expected = xhtml_escape(text).encode()
    output = Template("{{ x }}").generate(x=text)
    assert output == expected
    assert xhtml_unescape(output) == text
    assert html.unescape(output.decode()) == html.unescape(xhtml_escape(text))
    assert not re.search(rb"[<>\"']", output)


@given(
    st.lists(st.one_of(TEXT, st.integers(), st.none(), st.binary(max_size=3).filter(bytes.isascii)))
)
def test_a_loop_outputs_what_its_parts_would(values):
    single = Template("[{{ x }}%]")
    expected = b"".join(single.generate(x=value) for value in values)
    assert Template("{% for x in y %}[{{ x }}%]{% end %}").generate(y=values) == expected
    assert (
        Template("{% for x in y %}{% raw '[' %}{{ x }}%]{% end %}").generate(y=values) == expected
    )


@given(st.sampled_from(["all", "single", "oneline"]), st.text(alphabet=" \t\n\r\x0b\u00a0ab"))
def test_white_space_is_filtered_once_and_for_all(mode, text):
    once = filter_whitespace(mode, text)
    assert filter_whitespace(mode, once) == once
    assert once.split() == text.split()
    if mode == "single":
        assert ("\n" in once) is ("\n" in text)
    if mode == "oneline":
        assert "\n" not in once


# --- random nestings ---------------------------------------------------------------------------

LEAVES = st.sampled_from(
    [
        "text",
        "\n",
        "{{ x }}",
        "{% raw x %}",
        "{% set y = 1 %}",
        "{# comment #}",
        "{% include 'part' %}",
        "{{! literal }}",
        "{% import json %}",
    ]
)


def wrapped(body):
    return st.one_of(
        st.builds("".join, st.lists(body, max_size=3)),
        st.builds("{{% if x %}}{}{{% end %}}".format, body),
        st.builds("{{% if x %}}{}{{% else %}}{}{{% end %}}".format, body, body),
        st.builds(
            "{{% for i in r %}}{}{{% if i %}}{{% break %}}{{% end %}}{{% end %}}".format, body
        ),
        st.builds("{{% for i in r %}}{}{{% else %}}{}{{% end %}}".format, body, body),
        st.builds("{{% try %}}{}{{% except KeyError %}}{}{{% end %}}".format, body, body),
        st.builds("{{% try %}}{}{{% finally %}}{}{{% end %}}".format, body, body),
        st.builds("{{% apply f %}}{}{{% end %}}".format, body),
        st.builds("{{% block b %}}{}{{% end %}}".format, body),
    )


WELL_FORMED = st.recursive(LEAVES, wrapped, max_leaves=12)


@settings(max_examples=150)
@given(WELL_FORMED)
def test_well_formed_templates_compile_and_run(source):
    loader = DictLoader({"t": source, "part": "<{{ x }}>"})
    loader.load("t").generate(x="&", r=[0, 1], f=lambda body: body)


@settings(max_examples=150)
@given(WELL_FORMED, st.data())
def test_how_it_is_generated_does_not_show(source, data):
    """A template in a loop, in a `try`, in an `apply`, in a block gives what it gives alone."""
    names = {
        "x": data.draw(st.sampled_from(["&", "%s", "\0", 5])),
        "r": [0, 1],
        "f": bytes.swapcase,
    }
    parts = {"part": "<{{ x }}>"}
    alone = DictLoader({"t": source, **parts}).load("t").generate(**names)
    for around in (
        "{% for _ in [0] %}@{% end %}",
        "{% try %}@{% except KeyError %}{% end %}",
        "{% apply same %}@{% end %}",
        "{% block outer %}@{% end %}",
        "{% if 1 %}@{% else %}{% end %}",
        "{% while 1 %}@{% break %}{% end %}",
    ):
        loader = DictLoader({"t": around.replace("@", source), **parts})
        output = loader.load("t").generate(same=lambda body: body, **names)
        assert output == alone


DIRECTIVES = st.sampled_from(
    [
        "{% if x %}",
        "{% elif x %}",
        "{% else %}",
        "{% end %}",
        "{% for i in x %}",
        "{% while x %}",
        "{% try %}",
        "{% except %}",
        "{% finally %}",
        "{% break %}",
        "{% continue %}",
        "{% block b %}",
        "{% apply f %}",
        "{{ x }}",
        "{{ 1 + }}",
        "{{",
        "%}",
        "{% wrong %}",
        "text",
        "{% set 1 = x %}",
    ]
)


def error_of(source):
    try:
        Template(source)
    except ParseError as error:
        return error
    return None


@settings(max_examples=300)
@given(st.lists(DIRECTIVES, max_size=12))
def test_random_nestings_compile_or_name_the_line(directives):
    error = error_of("\n".join(directives))
    if error is None:
        return
    assert error.filename == "<string>"
    assert 1 <= error.lineno <= len(directives)
    # Nothing before that line is wrong, but for what still misses its end there; Python looks at
    # the code when all structure is known to be right.
    earlier = error_of("\n".join(directives[: error.lineno - 1]))
    assert (
        earlier is None
        or earlier.message.startswith("Missing")
        or (isinstance(earlier, ExpressionError) and not isinstance(error, ExpressionError))
    )


@given(
    st.integers(1, 8), st.integers(0, 20), st.sampled_from(["{{ 1 + }}", "{% end %}", "{% no %}"])
)
def test_errors_are_at_the_line_of_the_directive(depth, lines, wrong):
    assert depth < MAX_DEPTH
    source = (
        "{% if x %}\n" * depth + "{% end %}" * depth + "{{ 'a\\n' }}\n" * lines + wrong + "\n\n"
    )
    error = error_of(source)
    assert error is not None
    assert error.lineno == depth + lines + 1
