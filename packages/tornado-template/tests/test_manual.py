"""Every sample and every claim about templates in the manual, one after the other."""

import datetime
import json
from types import SimpleNamespace

import pytest

from tornado.escape import linkify, squeeze, url_escape, xhtml_escape
from tornado.template import DictLoader, Loader, Template


def render(source, **names):
    return Template(source).generate(**names)


# --- overview of templates --------------------------------------------------------------------


def test_markup_with_control_sequences_and_expressions():
    source = """<html>
   <head>
      <title>{{ title }}</title>
   </head>
   <body>
     <ul>
       {% for item in items %}
         <li>{{ escape(item) }}</li>
       {% end %}
     </ul>
   </body>
 </html>
"""
    items = ["Item 1", "Item 2", "Item 3"]
    output = Template(source, name="template.html").generate(title="My title", items=items)
    assert output == (
        b"<html>\n<head>\n<title>My title</title>\n</head>\n<body>\n<ul>\n"
        b"\n<li>Item 1</li>\n\n<li>Item 2</li>\n\n<li>Item 3</li>\n"
        b"\n</ul>\n</body>\n</html>\n"
    )


def test_control_statements_and_expressions():
    source = "{% if len(items) > 2 %}{{ items[0] }}{% end %}"
    assert render(source, items=["a", "b", "c"]) == b"a"
    assert render(source, items=["a", "b"]) == b""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% if True %}if{% end %}", b"if"),
        ("{% for x in 'for' %}{{ x }}{% end %}", b"for"),
        ("{% set n = 2 %}{% while n %}w{% set n -= 1 %}{% end %}", b"ww"),
        ("{% try %}{{ 1/0 }}{% except %}try{% end %}", b"try"),
    ],
)
def test_if_for_while_and_try_end_with_end(source, expected):
    assert render(source) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("escape('<') ", "&lt;"),
        ("xhtml_escape('<')", "&lt;"),
        ("url_escape('a b&')", url_escape("a b&")),
        ("json_encode({'a': [1, None]})", json.dumps({"a": [1, None]})),
        ("squeeze('a   b')", squeeze("a   b")),
        ("linkify('http://a.b/')", linkify("http://a.b/")),
        ("datetime.datetime(2012, 3, 4).year", "2012"),
    ],
)
def test_names_that_every_template_has(expression, expected):
    assert render("{% raw " + expression + " %}") == expected.encode()


def test_escape_is_an_alias_and_datetime_the_module():
    names = Template(
        "{{ escape is xhtml_escape }} {{ xhtml_escape is mine }} {{ datetime is theirs }}"
    )
    assert names.generate(mine=xhtml_escape, theirs=datetime) == b"True True True"


def test_random_stuff_gives_random_python_errors():
    with pytest.raises(ZeroDivisionError):
        render("{{ 1 / 0 }}")
    with pytest.raises(NameError):
        render("{{ no_such_name }}")


def test_output_is_escaped_by_default_and_how_that_is_changed():
    assert render("{{ x }}", x="<&>\"'") == b"&lt;&amp;&gt;&quot;&#x27;"
    loader = DictLoader({"a": "{{ x }}"}, autoescape=None)
    assert loader.load("a").generate(x="<") == b"<"
    assert render("{% autoescape None %}{{ x }}", x="<") == b"<"
    assert render("{% raw x %}{{ x }}", x="<") == b"<&lt;"


def test_in_each_place_another_function_may_be_named():
    def shout(value):
        return value.upper()

    loader = DictLoader({"a": "{{ x }}"}, autoescape="shout", namespace={"shout": shout})
    assert loader.load("a").generate(x="<a") == b"<A"
    assert render("{% autoescape shout %}{{ x }}", x="<a", shout=shout) == b"<A"
    assert Template("{{ x }}", autoescape="shout").generate(x="<a", shout=shout) == b"<A"


def test_localized_template():
    source = """<title>FriendFeed - {{ _("Sign in") }}</title>
<form action="{{ request.path }}" method="post">
<div>{{ _("Username") }} <input type="text" name="username"/></div>
<div><input type="submit" value="{{ _("Sign in") }}"/></div>
{% module xsrf_form_html() %}
</form>"""
    output = render(
        source,
        _={"Sign in": "Entrar", "Username": "Usuario"}.get,
        request=SimpleNamespace(path="/a?b=1&c=2"),
        _tt_modules=SimpleNamespace(xsrf_form_html=lambda: "<input>"),
    )
    assert output.decode() == (
        "<title>FriendFeed - Entrar</title>\n"
        '<form action="/a?b=1&amp;c=2" method="post">\n'
        '<div>Usuario <input type="text" name="username"/></div>\n'
        '<div><input type="submit" value="Entrar"/></div>\n'
        "<input>\n</form>"
    )


def test_plural_translation_with_named_placeholders():
    source = (
        '{{ _("A person liked this", "%(num)d people liked this",\n'
        '     len(people)) % {"num": len(people)} }}'
    )

    def translate(one, many, count):
        return one if count == 1 else many

    assert render(source, _=translate, people=[1]) == b"A person liked this"
    assert render(source, _=translate, people=[1, 2]) == b"2 people liked this"


def test_modules():
    class Modules:
        def Entry(self, entry, show_comments=False):
            return f"<p>{entry} {show_comments}</p>"

    source = "{% for entry in entries %}{% module Entry(entry, show_comments=True) %}{% end %}"
    assert render(source, entries="ab", _tt_modules=Modules()) == b"<p>a True</p><p>b True</p>"
    # A variable of that name is not in the way.
    source = "{{ modules }}{% module Entry(1) %}"
    assert render(source, modules="m", _tt_modules=Modules()) == b"m<p>1 False</p>"


# --- the module's own page --------------------------------------------------------------------


def test_basic_usage():
    assert Template("<html>{{ myvalue }}</html>").generate(myvalue="XXX") == b"<html>XXX</html>"


def test_loader_caches_compiled_templates(tmp_path):
    (tmp_path / "test.html").write_text("{{ myvalue }}")
    loader = Loader(str(tmp_path))
    assert loader.load("test.html").generate(myvalue="XXX") == b"XXX"
    assert loader.load("test.html") is loader.load("test.html")


BASE = """<html>
  <head>
    <title>{% block title %}Default title{% end %}</title>
  </head>
  <body>
    <ul>
      {% for student in students %}
        {% block student %}
          <li>{{ escape(student.name) }}</li>
        {% end %}
      {% end %}
    </ul>
  </body>
</html>
"""
BOLD = """{% extends "base.html" %}

{% block title %}A bolder title{% end %}

{% block student %}
  <li><span style="bold">{{ escape(student.name) }}</span></li>
{% end %}
"""


def test_base_and_bold():
    loader = DictLoader({"base.html": BASE, "bold.html": BOLD})
    students = [SimpleNamespace(name="Ann"), SimpleNamespace(name="Bob & Co")]
    base = loader.load("base.html").generate(students=students)
    assert base == (
        b"<html>\n<head>\n<title>Default title</title>\n</head>\n<body>\n<ul>\n\n\n"
        b"<li>Ann</li>\n\n\n\n<li>Bob &amp;amp; Co</li>\n\n\n</ul>\n</body>\n</html>\n"
    )
    bold = loader.load("bold.html").generate(students=students)
    assert bold == (
        b"<html>\n<head>\n<title>A bolder title</title>\n</head>\n<body>\n<ul>\n\n\n"
        b'<li><span style="bold">Ann</span></li>\n\n\n\n'
        b'<li><span style="bold">Bob &amp;amp; Co</span></li>\n\n\n'
        b"</ul>\n</body>\n</html>\n"
    )


def test_complex_expressions_in_statements():
    source = (
        "{% for student in [p for p in people if p.student and p.age > 23] %}"
        "<li>{{ escape(student.name) }}</li>{% end %}"
    )
    people = [
        SimpleNamespace(name="A", student=True, age=24),
        SimpleNamespace(name="B", student=False, age=24),
        SimpleNamespace(name="C", student=True, age=23),
    ]
    assert render(source, people=people) == b"<li>A</li>"


def test_functions_are_passed_like_any_variable():
    def add(x, y):
        return x + y

    assert render("{{ add(1, 2) }}", add=add) == b"3"


# --- the syntax reference ---------------------------------------------------------------------


def test_tags_are_escaped_with_an_exclamation_mark():
    assert render("{{! x }} {%! if %} {#! c #}") == b"{{ x }} {% if %} {# c #}"


def test_comment_braces_wrap_other_directives():
    assert render("a{# {{ x }} {% if y %} #}b") == b"ab"


def test_apply():
    source = "{% apply linkify %}{{name}} said: {{message}}{% end %}"
    assert render(source, name="Ann & Bob", message="http://a.b/") == (
        linkify("Ann &amp; Bob said: http://a.b/").encode()
    )


def test_autoescape_sets_the_mode_of_the_current_file_only():
    loader = DictLoader(
        {
            "a.html": "{% autoescape None %}{{ x }}{% include 'b.html' %}",
            "b.html": "{{ x }}",
            "c.html": "{{ x }}{% include 'd.html' %}{% block e %}{% end %}",
            "d.html": "{% autoescape None %}{{ x }}",
            "e.html": "{% extends 'c.html' %}{% autoescape None %}{% block e %}{{ x }}{% end %}",
        }
    )
    assert loader.load("a.html").generate(x="<") == b"<&lt;"
    assert loader.load("c.html").generate(x="<") == b"&lt;<"
    assert loader.load("e.html").generate(x="<") == b"&lt;<<"
    assert render("{% autoescape xhtml_escape %}{{ '<' }}") == b"&lt;"


def test_block_and_extends():
    loader = DictLoader(
        {
            "base.html": "<!-- base.html -->\n<title>{% block title %}Default title{% end %}</title>",
            "mypage.html": "<!-- mypage.html -->\n"
            '{% extends "base.html" %}\n{% block title %}My page title{% end %}',
        }
    )
    base = loader.load("base.html").generate()
    assert base == b"<!-- base.html -->\n<title>Default title</title>"
    # What the child has outside of blocks is ignored.
    page = loader.load("mypage.html").generate()
    assert page == b"<!-- base.html -->\n<title>My page title</title>"


def test_comment_directive_has_no_end():
    assert render("a{% comment anything, {{ even }} this %}b") == b"ab"


def test_for():
    assert render("{% for a, b in c %}{{ a }}{{ b }};{% end %}", c=[(1, 2), (3, 4)]) == b"12;34;"
    assert render("{% for a in [] %}a{% else %}none{% end %}") == b"none"


def test_from_and_import():
    assert render("{% from os.path import join, sep %}{{ join('a', 'b') }}") == b"a/b"
    assert render("{% import json %}{% raw json.dumps({}) %}") == b"{}"
    assert render("{% import os.path as p %}{{ p.join('a', 'b') }}") == b"a/b"


@pytest.mark.parametrize(("x", "expected"), [(0, b"zero"), (1, b"one"), (2, b"many")])
def test_if_elif_else(x, expected):
    source = "{% if x == 0 %}zero{% elif x == 1 %}one{% else %}many{% end %}"
    assert render(source, x=x) == expected


def test_include_sees_all_local_variables():
    loader = DictLoader(
        {
            "a.html": "{% set x = 1 %}{% for y in [2] %}{% include 'b.html' %}{% end %}{{ z }}",
            "b.html": "{{ x }}{{ y }}{% set z = 3 %}",
        }
    )
    assert loader.load("a.html").generate() == b"123"


def test_module_output_is_not_escaped():
    modules = SimpleNamespace(Template=lambda name, **names: f"<{name} {names}>")
    source = '{% module Template("foo.html", arg=42) %}'
    assert render(source, _tt_modules=modules) == b"<foo.html {'arg': 42}>"


def test_raw():
    assert render("{% raw '<b>' %}{% raw 5 %}{% raw b'<i>' %}") == b"<b>5<i>"


def test_set():
    assert render("{% set x = 'a' %}{{ x }}{% set x, y = 1, 2 %}{{ x + y }}") == b"a3"


def test_try_except_else_finally():
    source = (
        "{% try %}{{ f() }}{% except ValueError as e %}value {{ e }}{% except %}other"
        "{% else %} else{% finally %} finally{% end %}"
    )

    def value_error():
        raise ValueError("<1>")

    assert render(source, f=lambda: "fine") == b"fine else finally"
    assert render(source, f=value_error) == b"value &lt;1&gt; finally"
    assert render(source, f=lambda: 1 / 0) == b"other finally"


def test_output_before_an_error_stays():
    assert render("{% try %}a{{ 1 }}b{{ 1 / 0 }}c{% except %}d{% end %}") == b"a1bd"
    source = "{% try %}{% for x in [1, 0] %}<{{ 1 // x }}>{% end %}{% except %}!{% end %}"
    assert render(source) == b"<1><!"
    source = "{% try %}a{% set x = 1 / 0 %}{% except %}b{% end %}"
    assert render(source) == b"ab"
    source = "{% try %}a{% if 1 %}b{{ 1 / 0 }}{% end %}{% except %}c{% end %}"
    assert render(source) == b"abc"
    source = "{% try %}a{% apply str %}b{{ 1 / 0 }}{% end %}{% except %}c{% end %}"
    assert render(source) == b"ac"


def test_while_break_and_continue():
    source = (
        "{% set i = 0 %}{% while True %}{% set i += 1 %}({{ i }}{% if i == 2 %}{% continue %}"
        "{% end %}{% if i > 3 %}{% break %}{% end %}){% end %}"
    )
    assert render(source) == b"(1)(2(3)(4"


def test_directives_may_span_lines():
    assert render("{{\n[1,\n 2]\n}}{%\nif (1 and\n 0) %}a{% else\n%}b{% end\n%}") == b"[1, 2]b"
    assert render("{% if x\n and y %}a{% end %}", x=1, y=1) == b"a"
    assert (
        render("{% apply\nstr.upper\n%}a{% end %}", str=SimpleNamespace(upper=bytes.upper)) == b"A"
    )


def test_unicode_literals_in_expressions():
    assert render("é{{ 'ü' }}{% if 'ß' == x %}€{% end %}", x="ß") == "éü€".encode()
    assert render("é{{ 'ü' }}".encode()) == "éü".encode()


def test_whitespace_directive():
    source = "a  \n b{% whitespace oneline %}a  \n b{% whitespace single %}a  \n b"
    assert render(source) == b"a  \n ba ba\nb"


def test_text_that_looks_like_formatting():
    assert render("100% %d %s %%{{ 5 }}% {0} {} {x}") == b"100% %d %s %%5% {0} {} {x}"
    # The same where loops fill formats.
    source = "{% for x in y %}%d{{ x }}%s%%{x}%{% end %}"
    assert render(source, y=["%", "%s"]) == b"%d%%s%%{x}%%d%s%s%%{x}%"


# --- the class reference ----------------------------------------------------------------------


def test_compress_whitespace():
    assert Template("a  b", compress_whitespace=True).generate() == b"a b"
    assert Template("a  b", name="a.html", compress_whitespace=False).generate() == b"a  b"


def test_loader_autoescape_and_namespace():
    loader = DictLoader({"a": "{{ x }}{{ y }}"}, autoescape=None, namespace={"x": "<", "y": ">"})
    assert loader.load("a").generate() == b"<>"
    assert loader.load("a").generate(y="arguments win") == b"<arguments win"


def test_reset_forgets_compiled_templates():
    texts = {"a": "1"}
    loader = DictLoader(texts)
    assert loader.load("a").generate() == b"1"
    texts["a"] = "2"
    assert loader.load("a").generate() == b"1"
    loader.reset()
    assert loader.load("a").generate() == b"2"
