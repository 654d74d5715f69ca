"""Inheritance and includes."""

import pytest

from tornado._template.linker import MAX_CHAIN, MAX_INCLUDES
from tornado.template import DictLoader, ParseError, Template


def render(templates, name="a", **names):
    return DictLoader(templates).load(name).generate(**names)


def test_three_generations():
    templates = {
        "base": "[{% block x %}bx{% end %}{% block y %}by{% end %}{% block z %}bz{% end %}]",
        "middle": "{% extends 'base' %}{% block x %}mx{% end %}{% block y %}my{% end %}",
        "a": "{% extends 'middle' %}{% block y %}ay{% end %}",
    }
    assert render(templates, "base") == b"[bxbybz]"
    assert render(templates, "middle") == b"[mxmybz]"
    assert render(templates, "a") == b"[mxaybz]"


def test_blocks_inside_blocks():
    templates = {
        "base": "{% block x %}<{% block y %}by{% end %}>{% end %}",
        "a": "{% extends 'base' %}{% block y %}ay{% end %}",
        "b": "{% extends 'base' %}{% block x %}({% block z %}bz{% end %}){% end %}",
        "c": "{% extends 'b' %}{% block z %}cz{% end %}",
        "d": "{% extends 'base' %}{% block y %}{% block x %}dx{% end %}{% end %}",
    }
    assert render(templates) == b"<ay>"
    assert render(templates, "b") == b"(bz)"
    assert render(templates, "c") == b"(cz)"
    assert render(templates, "d") == b"dx"


def test_the_last_block_of_a_name_wins():
    assert render({"a": "{% block x %}1{% end %}{% block x %}2{% end %}"}) == b"22"


def test_blocks_of_includes_can_be_replaced():
    templates = {
        "a": "{% extends 'base' %}{% block x %}child{% end %}",
        "base": "B{% include 'inc' %}",
        "inc": "{% block x %}inc{% end %}",
        "before": "{% include 'base' %}{% block x %}outer{% end %}",
        "after": "{% block x %}outer{% end %}{% include 'base' %}",
    }
    assert render(templates) == b"Bchild"
    assert render(templates, "before") == b"Bouterouter"
    assert render(templates, "after") == b"incBinc"


def test_an_included_template_may_have_a_parent_of_its_own():
    templates = {
        "a": "{% include 'kid' %} {% block x %}mine{% end %}",
        "kid": "{% extends 'base' %}{% block x %}kid{% end %}",
        "base": "B{% block x %}base{% end %}",
    }
    assert render(templates) == b"Bkid mine"


def test_blocks_in_loops_see_loop_variables():
    templates = {
        "base": "{% for i in [1, 2] %}{% block x %}{{ i }}{% end %}{% end %}",
        "a": "{% extends 'base' %}{% block x %}<{{ i }}>{% if i %}{% raw '&' %}{% end %}{% end %}",
    }
    assert render(templates, "base") == b"12"
    assert render(templates) == b"<1>&<2>&"


def test_what_stands_outside_blocks_of_a_child_does_not_run():
    templates = {
        "base": "{% block x %}{% end %}",
        "a": "{% extends 'base' %}{% set y = 1 %}{% block x %}{{ y }}{% end %}",
    }
    assert render(templates, y="outer") == b"outer"


def test_the_last_extends_counts():
    templates = {"a": "{% extends 'b' %}{% extends 'c' %}", "b": "B", "c": "C"}
    assert render(templates) == b"C"


def test_includes_are_relative_to_the_file_they_stand_in():
    templates = {
        "a": "{% include 'd/b' %}{% include 'd/e/f' %}",
        "d/b": "{% include 'c' %}{% include '../g' %}",
        "d/c": "C",
        "d/e/f": "{% include '../c' %}{% include '/g' %}",
        "g": "G",
        "/g": "root",
    }
    assert render(templates) == b"CGCroot"


@pytest.mark.parametrize(
    ("templates", "message", "where"),
    [
        ({"a": "\n{% include 'a' %}"}, "recursive include: a -> a", ("a", 2)),
        ({"a": "{% extends 'a' %}"}, "recursive extends: a -> a", ("a", 1)),
        (
            {"a": "{% include 'b' %}", "b": "\n\n{% if 0 %}{% include 'a' %}{% end %}"},
            "recursive include: a -> b -> a",
            ("b", 3),
        ),
        (
            {"a": "{% extends 'b' %}", "b": "{% extends 'c' %}", "c": "\n{% extends 'b' %}"},
            "recursive extends: b -> c -> b",
            ("c", 2),
        ),
        (
            {"a": "{% extends 'b' %}", "b": "{% block x %}\n{% include 'a' %}{% end %}"},
            "recursive include: a -> b -> a",
            ("b", 2),
        ),
    ],
)
def test_recursion_is_an_error(templates, message, where):
    with pytest.raises(ParseError) as info:
        render(templates)
    assert info.value.message == message
    assert (info.value.filename, info.value.lineno) == where


def test_the_same_file_twice_is_no_recursion():
    assert render(
        {"a": "{% include 'b' %}{% include 'c' %}", "b": "B", "c": "{% include 'b' %}"}
    ) == (b"BB")


def test_long_chains_are_refused():
    templates = {str(i): "{% include '" + str(i + 1) + "' %}" for i in range(MAX_CHAIN + 5)}
    with pytest.raises(ParseError, match=f"more than {MAX_CHAIN} templates in one chain"):
        render(templates, "0")
    templates = {str(i): "{% extends '" + str(i + 1) + "' %}" for i in range(MAX_CHAIN + 5)}
    with pytest.raises(ParseError, match=f"more than {MAX_CHAIN} templates in one chain"):
        render(templates, "0")


def test_includes_that_multiply_are_refused():
    templates = {str(i): ("{% include '" + str(i + 1) + "' %}") * 2 for i in range(40)}
    templates["40"] = "x"
    with pytest.raises(ParseError, match=f"more than {MAX_INCLUDES} includes"):
        render(templates, "0")


def test_blocks_that_multiply_are_refused():
    base = "{% block b0 %}{% end %}"
    child = "".join(
        "{% block "
        + f"b{i}"
        + " %}"
        + ("{% block " + f"b{i + 1}" + " %}{% end %}") * 2
        + "{% end %}"
        for i in range(40)
    )
    with pytest.raises(ParseError, match="more than 10000 blocks"):
        render({"base": base, "a": "{% extends 'base' %}" + child})


@pytest.mark.parametrize("operator", ["extends", "include"])
def test_without_a_loader(operator):
    with pytest.raises(ParseError, match="but no template loader") as info:
        Template("\n{% " + operator + " 'a' %}")
    assert info.value.lineno == 2


def test_errors_in_other_files_name_them():
    templates = {"a": "{% include 'b' %}", "b": "\n{{ 1 + }}"}
    with pytest.raises(ParseError) as info:
        render(templates)
    assert (info.value.filename, info.value.lineno) == ("b", 2)
    with pytest.raises(ParseError) as info:
        render({"a": "{% extends 'b' %}", "b": "\n\n{% end %}"})
    assert (info.value.filename, info.value.lineno) == ("b", 3)


def test_a_missing_file_keeps_the_loaders_error():
    with pytest.raises(KeyError) as info:
        render({"a": "\n{% include 'missing' %}"})
    assert info.value.args == ("missing",)
    assert info.value.template_location == ("a", 2)
