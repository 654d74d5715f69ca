"""Directives of applications, and the table of those of the language."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tornado._template.directives import DIRECTIVES
from tornado._template.extending import RESERVED
from tornado.template import (
    CodeWriter,
    CompiledCache,
    DictLoader,
    Directive,
    ParseError,
    Tag,
    Template,
)


class Debug(Directive):
    """``{% debug expression %}``: a leaf that outputs text and a value."""

    name = "debug"
    argument = "expression"

    def write(self, tag: Tag, out: CodeWriter) -> None:
        out.text(f"{tag.argument} = ")
        out.value(f"repr({tag.argument})")


class Cached(Directive):
    """``{% cached key %}...{% end %}``: a body that is run once for each key."""

    name = "cached"
    argument = "key"
    has_body = True

    def __init__(self) -> None:
        self.kept: dict[object, str] = {}
        self.namespace = {"_cached_kept": self.kept}

    def write(self, tag: Tag, out: CodeWriter) -> None:
        key = out.unique("key")
        out.statement(f"{key} = {tag.argument}")
        with out.suite(f"if {key} not in _cached_kept:"):
            text = out.captured_body()
            out.statement(f"_cached_kept[{key}] = {text}")
        out.value(f"_cached_kept[{key}]", escaped=False)


class Repeat(Directive):
    """``{% repeat count %}...{% end %}``: a body in a loop."""

    name = "repeat"
    argument = "count"
    has_body = True

    def check(self, tag: Tag) -> None:
        if tag.argument.startswith("-"):
            raise tag.error("the count is negative")

    def write(self, tag: Tag, out: CodeWriter) -> None:
        with out.suite(f"for {out.unique('i')} in range({tag.argument}):"):
            out.body()


class Optional(Directive):
    """``{% optional %}...{% end %}``: nothing more is output when the body fails."""

    name = "optional"
    has_body = True

    def write(self, tag: Tag, out: CodeWriter) -> None:
        with out.suite("try:"):
            out.body()
        with out.suite("except LookupError:"):
            pass


ALL = (Debug(), Cached(), Repeat(), Optional())


def run(text: str, **variables: Any) -> str:
    return Template(text, directives=ALL).generate(**variables).decode()


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("a{% debug x %}b", "ax = &#x27;&lt;1&gt;&#x27;b"),
        ("{% autoescape None %}{% debug x %}", "x = '<1>'"),
        ("{% repeat 3 %}{{ x }},{% end %}", "&lt;1&gt;,&lt;1&gt;,&lt;1&gt;,"),
        ("{% repeat 2 %}{% repeat 2 %}.{% end %}|{% end %}", "..|..|"),
        ("{% repeat 0 %}x{% end %}", ""),
        ("{% repeat 2 %}{% end %}", ""),
        ("{% for y in 'ab' %}{{ y }}{% repeat 2 %}{{ y }}%{% end %}{% end %}", "aa%a%bb%b%"),
        ("{% if x %}{% repeat 2 %}y{% end %}{% else %}n{% end %}", "yy"),
        ("{% apply upper %}{% end %}", ""),
        ("{% apply upper %}a{% repeat 2 %}b{% end %}{% end %}", "ABB"),
        ("{% optional %}a{{ missing[0] }}b{% end %}c", "ac"),
        ("{% optional %}a{% end %}{% optional %}b{% end %}", "ab"),
        ("{% try %}a{% debug missing[0] %}{% except %}c{% end %}", "amissing[0] = c"),
        ("{% cached 1 %}a{% for i in 'xy' %}{{ i }}{% end %}{% end %}", "axy"),
        ("{% set n = 1 %}{% repeat 2 %}{% set n += 1 %}{% end %}{{ n }}", "3"),
        ("{% block b %}{% repeat 2 %}{% block c %}c{% end %}{% end %}{% end %}", "cc"),
    ],
)
def test_directives_work_wherever_they_stand(text: str, output: str) -> None:
    assert run(text, x="<1>", upper=lambda text: text.upper(), missing=()) == output


def test_a_body_is_kept_between_runs() -> None:
    cached = Cached()
    runs: list[int] = []
    template = Template(
        "{% for key in 'aab' %}{% cached key %}{{ note(key) }}{% end %}{% end %}",
        directives=[cached],
    )
    for _ in range(2):
        assert template.generate(note=lambda key: runs.append(1) or key) == b"aab"
    assert len(runs) == 2
    assert cached.kept == {"a": "a", "b": "b"}


def test_directives_await() -> None:
    async def later(value: object) -> object:
        await asyncio.sleep(0)
        return value

    template = Template(
        "{% repeat await later(2) %}{{ await later('x') }}{% end %}", directives=ALL
    )
    assert asyncio.run(template.generate_async(later=later)) == b"xx"


def test_all_templates_of_a_loader_know_its_directives() -> None:
    loader = DictLoader(
        {
            "base": "[{% block body %}{% end %}]",
            "page": "{% extends 'base' %}{% block body %}"
            "{% repeat 2 %}{% include 'part' %}{% end %}{% end %}",
            "part": "{% debug x %};",
        },
        directives=ALL,
    )
    assert loader.load("page").generate(x=1) == b"[x = 1;x = 1;]"
    assert set(loader.directives) == {"debug", "cached", "repeat", "optional"}


def test_a_template_adds_to_those_of_its_loader() -> None:
    loader = DictLoader({}, directives=[Debug()])
    text = "{% repeat 2 %}{% debug x %} {% end %}"
    assert Template(text, loader=loader, directives=[Repeat()]).generate(x=1) == b"x = 1 x = 1 "
    with pytest.raises(ParseError, match=r"unknown operator: 'repeat'"):
        Template(text, loader=loader)
    with pytest.raises(ValueError, match=r"registered already, by Debug"):
        Template(text, loader=loader, directives=[Debug()])


def test_compiled_code_is_cached_by_what_a_directive_wrote(tmp_path: Any) -> None:
    class Other(Debug):
        def write(self, tag: Tag, out: CodeWriter) -> None:
            out.text("other")

    for directive, output in ((Debug(), b"x = 1"), (Other(), b"other"), (Debug(), b"x = 1")):
        cache = CompiledCache(tmp_path / "cache")
        loader = DictLoader({"t": "{% debug x %}"}, cache=cache, directives=[directive])
        assert loader.load("t").generate(x=1) == output


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("\n{% debug %}", "debug missing expression", 2),
        ("{% repeat -1 %}{% end %}", "repeat: the count is negative", 1),
        ("a\n\n{% repeat 2 %}", "Missing {% end %} block for repeat", 3),
        ("{% for x in y %}{% repeat 2 %}{% break %}{% end %}{% end %}", "break outside a", 1),
        ("{% repeat 2 %}{% else %}{% end %}", "else outside a", 1),
        ("{% repeat 2 %}{% extends 'x' %}{% end %}", "extends inside repeat", 1),
        ("{% debgu x %}", "unknown operator: 'debgu': did you mean 'debug'?", 1),
        ("{% debug x %}{% end %}", "Extra {% end %} block", 1),
        ("\n{% debug x + %}", "", 2),
        ("\n\n{% repeat ) %}{% end %}", "", 3),
    ],
)
def test_errors_name_the_directive_and_the_line(text: str, message: str, line: int) -> None:
    with pytest.raises(ParseError) as info:
        Template(text, name="page.html", directives=ALL)
    assert (info.value.filename, info.value.lineno) == ("page.html", line)
    assert message in str(info.value)


def test_errors_of_running_name_the_line() -> None:
    template = Template("\n\n{% repeat 2 %}\n{{ 1 // 0 }}{% end %}", name="p", directives=ALL)
    with pytest.raises(ZeroDivisionError) as info:
        template.generate()
    assert info.traceback[-1].lineno == 3  # counted from 0


def _named(given: object) -> type[Directive]:
    return type("Named", (Directive,), {"name": given, "write": Debug.write})


@pytest.mark.parametrize(
    ("directives", "error", "message"),
    [
        ([_named("if")()], ValueError, "Named: {% if %} is a directive of the template language"),
        ([_named("end")()], ValueError, "{% end %} is a directive of the template language"),
        ([_named("else")()], ValueError, "{% else %} is a directive of the template language"),
        ([_named("a b")()], ValueError, "Named.name is 'a b'; expected a Python identifier"),
        ([_named("")()], ValueError, "Named.name is ''; expected a Python identifier"),
        ([_named(None)()], ValueError, "Named.name is None; expected a Python identifier"),
        ([Debug(), Debug()], ValueError, "Debug: {% debug %} is registered already, by Debug"),
        ([Debug], TypeError, "not Debug (did you forget the parentheses?)"),
        (["debug"], TypeError, "directives must be instances of Directive, not 'debug'"),
    ],
)
def test_a_registration_that_cannot_be_is_refused(
    directives: Any, error: type[Exception], message: str
) -> None:
    for register in (
        lambda: DictLoader({}, directives=directives),
        lambda: Template("", directives=directives),
    ):
        with pytest.raises(error) as info:
            register()
        assert message in str(info.value)


def test_wrong_use_of_the_writer_is_an_error() -> None:
    class Bodiless(Debug):
        def write(self, tag: Tag, out: CodeWriter) -> None:
            out.body()

    with pytest.raises(TypeError, match=r"Bodiless has no body: set Bodiless\.has_body to True"):
        Template("{% debug x %}", directives=[Bodiless()])

    class Colonless(Debug):
        def write(self, tag: Tag, out: CodeWriter) -> None:
            with out.suite("if x"):
                out.text("y")

    with pytest.raises(ParseError, match="debug: the header 'if x' has no colon at its end"):
        Template("{% debug x %}", directives=[Colonless()])


def test_the_reserved_names_are_those_of_the_table() -> None:
    assert frozenset(DIRECTIVES) == RESERVED


def test_directives_that_are_not_used_change_nothing() -> None:
    text = "{% for x in y %}<li>{{ x }}</li>{% end %}{% if y %}{{ y }}{% end %}"
    assert Template(text, directives=ALL).code == Template(text).code
