"""The class Template: arguments, namespaces, values, await."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado.escape import json_encode, url_escape
from tornado.template import DictLoader, ExpressionError, ParseError, Template, WhitespaceModeError


def render(source, **names):
    return Template(source).generate(**names)


class Text(str):
    def __str__(self):
        return "not its characters"


class Bytes(bytes):
    def __str__(self):
        return "not its bytes"


# --- values -----------------------------------------------------------------------------------

VALUES = [
    ("a<b", "a&lt;b"),
    (b"a<\xc3\xa9", "a&lt;é"),
    (Text("a<"), "a&lt;"),
    (Bytes(b"a<"), "a&lt;"),
    (5, "5"),
    (-1.5, "-1.5"),
    (True, "True"),
    (None, "None"),
    ([1, "<"], "[1, &#x27;&lt;&#x27;]"),
    ((1, 2), "(1, 2)"),
    (bytearray(b"a"), "bytearray(b&#x27;a&#x27;)"),
    ("a\0<b", "a\0&lt;b"),
    ("\0", "\0"),
    ("", ""),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values_alone_and_in_loops(value, expected):
    expected = expected.encode()
    assert render("{{ x }}", x=value) == expected
    assert render("a{{ x }}b", x=value) == b"a%sb" % expected
    assert render("{{ (x) }}", x=value) == expected
    assert render("{% for y in [x, 1] %}{{ y }};{% end %}", x=value) == expected + b";1;"
    assert render("{% for y in [0, x] %}{{ [y][0] }};{% end %}", x=value) == b"0;" + expected + b";"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("<", b"<"), (b"<", b"<"), (Text("<"), b"<"), (5, b"5"), (None, b"None"), (b"\xff", b"\xff")],
)
def test_raw_values(value, expected):
    assert render("{% raw x %}", x=value) == expected
    assert render("{% autoescape None %}{{ x }}", x=value) == expected
    assert render("{% for y in [x] %}{% raw y %}{% end %}", x=value) == expected


def test_raw_bytes_that_are_not_utf8_pass_through_everything():
    assert render("é{% raw x %}é{{ y }}", x=b"\xff\xfe", y="<") == "é".encode() + b"\xff\xfe" + (
        "é&lt;".encode()
    )
    assert render("{% apply f %}{% raw x %}{% end %}", x=b"\xff", f=lambda b: b + b) == b"\xff\xff"


def test_escaped_bytes_must_be_utf8():
    with pytest.raises(UnicodeDecodeError):
        render("{{ x }}", x=b"\xff")


@pytest.mark.parametrize("source", ["{{ x }}", "{% raw x %}", "{% for y in [x] %}{{ y }}{% end %}"])
def test_lone_surrogates_are_refused(source):
    with pytest.raises(UnicodeEncodeError):
        render(source, x="a\udcffb")
    with pytest.raises(UnicodeEncodeError):
        render("{% raw b'\\xff' %}" + source, x="a\udfffb")


def test_text_is_made_of_a_value_in_its_place():
    class Counter:
        count = 0

        def __str__(self):
            self.count += 1
            return str(self.count)

    assert (
        render("{{ x }}{{ x }}{% for y in 'ab' %}{{ x }}{% end %}{{ x }}", x=Counter()) == b"12345"
    )
    assert render("{{ l }}{{ l.append(1) }}{{ l }}", l=[]) == b"[]None[1]"
    assert render("{% for i in 'ab' %}{{ l }}{% set l.append(i) %}{% end %}", l=[]) == (
        b"[][&#x27;a&#x27;]"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1, 2", b"(1, 2)"),
        ("1 # why", b"1"),
        ("x if x else 0", b"3"),
        ("lambda: 1 and 0", b"&lt;function"),
        ("a = 5", b"5"),
        ("(b := 6)", b"6"),
        ("{1: {2: 3}}[1][2]", b"3"),
        ("'%s' % x", b"3"),
        ("f'{x}'", b"3"),
        ("[y for y in [x]][0]", b"3"),
        ("'}}'", b"}}"),
        ("x\n + 1", b"4"),
        ("None", b"None"),
        ("[1,2,3][-1]", b"3"),
    ],
)
def test_any_expression(expression, expected):
    assert render("{{ " + expression + " }}", x=3).startswith(expected)
    source = "{% for z in [1] %}{{ " + expression + " }}{% end %}"
    assert render(source, x=3).startswith(expected)


@pytest.mark.parametrize("source", ["{{ a) + (b }}", "{% raw a) + (b %}", "{{ f(a)) + (b }}"])
def test_an_expression_is_one_expression(source):
    with pytest.raises(ExpressionError):
        Template(source)


# --- names ------------------------------------------------------------------------------------


def test_names_come_from_arguments_then_loader_then_defaults():
    loader = DictLoader({"t": "{{ a }} {{ b }} {{ escape }}"}, namespace={"a": 1, "b": 2})
    assert loader.load("t").generate(a=3, escape=4) == b"3 2 4"


def test_the_loaders_namespace_is_read_at_each_generate():
    loader = DictLoader({"t": "{{ a }}"}, namespace={"a": 1})
    template = loader.load("t")
    assert template.namespace is loader.namespace
    loader.namespace["a"] = 2
    assert template.generate() == b"2"


def test_any_name_may_be_an_argument():
    names = {"self": 1, "name": 2, "kwargs": 3, "len": 4, "str": 5, "type": 6, "program": 7}
    source = "".join("{{ " + name + " }}" for name in names)
    assert render(source, **names) == b"1234567"
    assert render("{% for x in [1] %}{{ x }}{{ str }}{% end %}", str=5, type=6) == b"15"


def test_assigning_makes_a_local_name():
    with pytest.raises(UnboundLocalError):
        render("{% set x = x + 1 %}", x=1)
    assert render("{% set global x; x = x + 1 %}{{ x }}", x=1) == b"2"


def test_special_names():
    assert render("{{ __name__ }}") == b"&lt;string&gt;"
    assert Template("{{ __name__ }}", name="a.b").generate() == b"a_b"
    source = "{% raw __loader__.get_source('') %}<{{ 1 }}>"
    assert render(source).decode() == source + "<1>"
    assert render("{{ 'escape' in globals() and 'x' in globals() }}", x=1) == b"True"
    assert render("{{ eval('x') }}", x=1) == b"1"


def test_generate_does_not_change_later_runs():
    template = Template("{% set global x; x = 1 %}{{ x }}{{ y if 'y' in globals() else '' }}")
    assert template.generate(y=2) == b"12"
    assert template.generate() == b"1"


# --- functions that the template names --------------------------------------------------------


def test_autoescape_functions_get_bytes_and_may_return_bytes_or_text():
    got = []

    def function(value):
        got.append(value)
        return b"<bytes>" if len(got) == 1 else "<text>"

    source = "{% autoescape f %}{{ 'é' }}{{ 5 }}{% raw 'raw' %}"
    assert render(source, f=function) == b"<bytes><text>raw"
    assert got == ["é".encode(), b"5"]


def test_xhtml_escape_may_be_replaced():
    source = "{{ x }}{% for y in [x, 1] %}{{ y }}{% end %}"
    assert render(source, x="<", xhtml_escape=lambda value: b"!" + value) == b"!<!<!1"
    loader = DictLoader({"t": source}, namespace={"xhtml_escape": lambda value: "?"})
    assert loader.load("t").generate(x="<") == b"???"


def test_xhtml_escape_may_be_assigned_in_the_template():
    source = "{% set xhtml_escape = f %}{{ x }}{% for y in [x, 1] %}{{ y }}{% end %}"
    assert render(source, x="<", f=lambda value: b"!" + value) == b"!<!<!1"


@pytest.mark.parametrize("name", ["url_escape", "json_encode", "escape", "o.f"])
def test_other_autoescape_functions(name):
    class Namespace:
        f = staticmethod(bytes.upper)

    expected = {
        "url_escape": url_escape("a<"),
        "json_encode": json_encode("a<"),
        "escape": "a&lt;",
        "o.f": "A<",
    }
    output = Template("{{ x }}", autoescape=name).generate(x="a<", o=Namespace)
    assert output == expected[name].encode()


@pytest.mark.parametrize("autoescape", [None, ""])
def test_no_autoescape(autoescape):
    template = Template("{{ x }}", autoescape=autoescape)
    assert template.autoescape is None
    assert template.generate(x="<") == b"<"


def test_apply_functions_get_bytes():
    assert render("{% apply f %}é{{ '<' }}{% end %}", f=repr).decode() == repr("é&lt;".encode())
    assert render("{% apply f %}{% end %}", f=lambda b: b"[" + b + b"]") == b"[]"
    assert render(
        "{% apply f %}a{% apply f %}b{% end %}{% end %}", f=lambda b: b"<" + b + b">"
    ) == (b"<a<b>>")
    assert render("{% apply lambda b: b * 2 %}a{% end %}") == b"aa"


def test_apply_has_names_of_its_own():
    source = "{% apply f %}{% set x = 5 %}{{ x }}{% end %}{{ x }}"
    assert render(source, x=1, f=bytes.upper) == b"51"
    source = "{% set x = 3 %}{% apply f %}{{ x }}{% for y in [x] %}{{ y }}{% end %}{% end %}{{ x }}"
    assert render(source, x=1, f=bytes.upper) == b"333"
    source = "{% for i in [1, 2] %}{% apply f %}{% if i %}a{{ i }}{% end %}{% end %}{% end %}"
    assert render(source, f=bytes.upper) == b"A1A2"


@pytest.mark.parametrize("source", ["{% apply f %}{% end %}", "{% autoescape f %}{{ 1 }}"])
@pytest.mark.parametrize("result", [None, 5])
def test_functions_must_return_text(source, result):
    with pytest.raises(TypeError, match=f"returned {type(result).__name__}, expected str or bytes"):
        render(source, f=lambda value: result)


# --- arguments of the constructor -------------------------------------------------------------


def test_whitespace_arguments():
    with pytest.raises(TypeError, match="both"):
        Template("", compress_whitespace=True, whitespace="all")
    with pytest.raises(WhitespaceModeError):
        Template("", whitespace="some")
    loader = DictLoader({"a.html": "a  b"}, whitespace="all")
    assert loader.load("a.html").generate() == b"a  b"
    assert Template("a  b", name="a.html", loader=loader, whitespace="oneline").generate() == b"a b"


def test_positional_arguments():
    template = Template("{{ x }}  ", "n", None, True, None)
    assert (template.name, template.loader, template.autoescape) == ("n", None, None)
    assert repr(template) == "<Template 'n'>"
    assert template.generate(x="<") == b"< "


def test_bytes_must_be_utf8():
    with pytest.raises(UnicodeDecodeError):
        Template(b"\xff")


def test_code_is_the_text_of_the_function():
    assert "for x in y:" in Template("{% for x in y %}{{ x }}{% end %}").code


def test_yield_is_refused():
    with pytest.raises(ParseError, match="yield"):
        Template("{{ yield 1 }}")


# --- await ------------------------------------------------------------------------------------


async def later(value):
    await asyncio.sleep(0)
    return value


AWAITING = [
    ("{{ await later('<') }}", b"&lt;"),
    ("{% raw await later('<') %}", b"<"),
    ("{% if await later(1) %}a{% end %}", b"a"),
    ("{% for x in await later('ab') %}{{ await later(x) }}{% end %}", b"ab"),
    ("{% set x = await later(2) %}{{ x }}", b"2"),
    ("{% apply f %}{{ await later('a') }}{% end %}", b"A"),
    ("{% apply f %}{% set x = await later('a') %}{{ x }}{% end %}", b"A"),
    ("{{ [await later(x) for x in (1, 2)] }}", b"[1, 2]"),
    ("{% try %}{{ await later(1) / 0 }}{% except ZeroDivisionError %}e{% end %}", b"e"),
]


@pytest.mark.parametrize(("source", "expected"), AWAITING)
def test_await(source, expected):
    template = Template(source)
    assert template.is_async is True
    output = asyncio.run(template.generate_async(later=later, f=bytes.upper))
    assert output == expected
    with pytest.raises(TypeError, match="call generate_async"):
        template.generate(later=later)


def test_generate_async_runs_any_template():
    template = Template("{{ x }} {{ 'await' }}")
    assert template.is_async is False
    assert asyncio.run(template.generate_async(x=1)) == b"1 await"


def test_cancelling_reaches_what_the_template_awaits():
    reached = []

    async def forever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            reached.append(True)
            raise

    async def main():
        task = asyncio.ensure_future(Template("{{ await f() }}").generate_async(f=forever))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert reached == [True]


# --- sizes ------------------------------------------------------------------------------------


def test_huge_templates():
    count = 3000
    source = "text {{ x }} {% if x %}y{% end %}\n" * count
    assert render(source, x="<") == b"text &lt; y\n" * count
    assert render("{% for i in [0] %}" + source + "{% end %}", x="<") == b"text &lt; y\n" * count
    assert render("x" * 1_000_000) == b"x" * 1_000_000


def test_a_hundred_thousand_characters_on_one_line():
    source = "<{{ x }}>" * 2000
    assert render(source, x=1) == b"<1>" * 2000


def test_nesting_that_python_cannot_compile_is_a_parse_error():
    assert render("{% if 1 %}" * 80 + "x" + "{% end %}" * 80) == b"x"
    for start, end in (
        ("{% for x in y %}", "{% end %}"),
        ("{% try %}", "{% except %}{% end %}"),
    ):
        with pytest.raises(ParseError):
            Template(start * 80 + "{{ x }}" + end * 80)
    with pytest.raises(ParseError):
        Template("{{ " + "(" * 5000 + ")" * 5000 + " }}")
    with pytest.raises(ParseError):
        Template("{{ a\0b }}")
    blocks = "".join(
        "{% block b" + f"{i} %}}{{% block b{i + 1} %}}{{% end %}}{{% end %}}" for i in range(2000)
    )
    with pytest.raises(ParseError, match="nested too deeply"):
        Template(blocks)


def test_many_threads_generate_at_once():
    template = Template("{% for x in range(n) %}{{ x }},{% end %}")
    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda n: template.generate(n=n), range(50)))
    assert outputs == ["".join(f"{x}," for x in range(n)).encode() for n in range(50)]


def test_functions_in_c_may_import():
    from datetime import datetime

    template = Template("{{ when.strftime('%Y') }}")
    assert template.generate(when=datetime(2026, 11, 21)) == b"2026"


def test_the_code_by_its_old_name():
    template = Template("{{ 1 }}", name="a.html")
    assert template.compiled.co_filename == "a.html"
