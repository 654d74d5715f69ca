"""What templates are compiled to: the shapes that make them fast, and the cases that try them."""

import pytest

from tornado.template import DictLoader, Template


def code_of(source, **parts):
    return DictLoader({"t": source, **parts}).load("t").code


def test_text_is_one_literal():
    code = code_of("a{# b #}c{{!d{% comment e %}f")
    assert code.count("return 'ac{{df'") == 1
    assert "append" not in code


def test_straight_templates_need_no_list():
    code = code_of(
        "<{{ a }}>{% if b %}b{{ c }}{% elif d %}d{% end %}{% include 'p' %}", p="<{{ e }}>"
    )
    assert "append" not in code
    assert "join" not in code


def test_one_write_for_a_run_of_text_and_values():
    code = code_of("{% for x in y %}<a>{{ x.a }}</a><b>{% raw x.b %}</b>{% end %}")
    assert code.count("append(") == 1


def test_loops_of_escaped_values_are_filled_at_their_end():
    code = code_of(
        "{% for x in y %}{% for z in x %}<{{ z }}>{% if z %} 100%{% end %}{% end %}{% end %}"
    )
    assert code.count("_tt_fill(") == 1
    assert "_tt_escape(" not in code


def test_blocks_and_includes_are_no_functions():
    code = code_of(
        "{% extends 'b' %}{% block x %}{% include 'i' %}{% end %}",
        b="{% block x %}{% end %}",
        i="I",
    )
    assert code.count("def ") == 1


def test_apply_is_a_function_only_where_names_are_bound():
    assert code_of("{% apply f %}{% if a %}{{ b }}{% end %}{% end %}").count("def ") == 1
    assert code_of("{% apply f %}{% set a = 1 %}{% end %}").count("def ") == 2
    assert code_of("{% apply f %}{{ (a := 1) }}{% end %}").count("def ") == 2


def test_many_expressions_in_one_run():
    source = "".join(f"{i}{{{{ {i} }}}}," for i in range(1000))
    expected = "".join(f"{i}{i}," for i in range(1000)).encode()
    assert Template(source).generate() == expected
    assert Template("{% if 1 %}" + source + "{% end %}").generate() == expected
    assert Template("{% for x in [1] %}" + source + "{% end %}").generate() == expected
    assert Template("{% try %}" + source + "{% finally %}{% end %}").generate() == expected


@pytest.mark.parametrize("raw", ["", "{% raw '&' %}", "{% apply f %}{% end %}"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "{% for a in [1, 2] %}{{ a }}{% for b in '3' %}{{ b }}{% else %}e{% break %}{% end %}z@{% end %}",
            "13e",
        ),
        (
            "{% for a in '12' %}a{% for b in '' %}{{ b }}{% else %}{{ a }}{% continue %}{% end %}z@{% end %}",
            "a1a2",
        ),
        (
            "{% for a in [1, 2] %}a{{ a }}{% if a == 2 %}!{% break %}{% end %}z@{% else %}no{% end %}",
            "a1z@a2!",
        ),
        ("{% for a in [1, 2] %}a{{ a }}{% continue %}{% end %}@", "a1a2@"),
        (
            "{% for a in [1] %}{% if a %}x{% for b in '12' %}{{ b }}{% break %}{% end %}y{% end %}@{% end %}",
            "x1y@",
        ),
        ("{% set n = 3 %}{% while n %}{{ n }}{% set n -= 1 %}@{% else %}end{% end %}", "3@2@1@end"),
        (
            "{% for a in '1' %}{% for b in '2' %}t{% end %}{% end %}{% for c in '3' %}{{ c }}{% end %}@",
            "t3@",
        ),
        (
            "{% for a in [0, 1] %}{% try %}<{{ 1 // a }}>{% except %}!{% continue %}{% end %}@{% end %}",
            "<!<1>@",
        ),
        ("{% for a in [1, 2] %}{% try %}{{ a }}{% break %}{% finally %}f{% end %}@{% end %}", "1f"),
    ],
)
def test_jumps_lose_no_output(source, expected, raw):
    expected = expected.replace("@", "&" if "&" in raw else "")
    assert Template(source.replace("@", raw)).generate(f=bytes).decode() == expected


def test_many_pieces_of_text_take_linear_time():
    count = 50_000
    assert Template("{{!" * count).generate() == b"{{" * count
    assert Template("{% for x in [1] %}" + "{{!" * count + "{{ x }}{% end %}").generate() == (
        b"{{" * count + b"1"
    )
