"""What errors say to those who come from other template languages, or who look for a file."""

from __future__ import annotations

import sys

import pytest

from tornado.template import DictLoader, Loader, ParseError, Template


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        (
            "{% if 1 %}{% endif %}",
            "unknown operator: 'endif': blocks of every kind end with {% end %}",
        ),
        ("{% for x in y %}{% endfor %}", "end with {% end %}"),
        ("{% block x %}{% endblock %}", "end with {% end %}"),
        (
            "{% if 1 %}{% else if 2 %}{% end %}",
            "else takes no argument: write {% elif condition %}",
        ),
        ("{% if 1 %}{% elseif 2 %}{% end %}", "write {% elif condition %}"),
        ("{% raw %}{{ x }}{% endraw %}", "raw missing expression: for a literal {{, write {{!"),
        ("{% macro f(x) %}", "define functions in Python"),
        ("{% filter upper %}", "write {% apply function %}"),
        ("{% csrf_token %}", "xsrf_form_html()"),
        ("{% inclde 'x' %}", "did you mean 'include'?"),
        ("{% whilst 1 %}", "did you mean 'while'?"),
    ],
)
def test_directives_of_other_languages(source, hint):
    with pytest.raises(ParseError) as info:
        Template(source, name="a.html")
    assert hint in str(info.value)
    assert str(info.value).endswith(" at a.html:1")


def test_a_directive_that_resembles_nothing():
    with pytest.raises(ParseError, match=r"^unknown operator: 'xyzzy' at "):
        Template("{% xyzzy %}")


@pytest.mark.parametrize("source", ["{{ super() }}", "{% raw super() %}", "{{ super().x }}"])
def test_super(source):
    loader = DictLoader(
        {
            "base": "{% block x %}a{% end %}",
            "sub": f"{{% extends 'base' %}}{{% block x %}}{source}{{% end %}}",
        }
    )
    with pytest.raises(RuntimeError, match=r"^super\(\): .*A block of a template has no super\(\)"):
        loader.load("sub").generate()


def test_a_function_called_super_works():
    assert Template("{{ super() }}").generate(super=lambda: "fine") == b"fine"


def test_other_errors_stay_as_they_are():
    with pytest.raises(RuntimeError, match=r"^super market$"):
        Template("{{ f() }}").generate(
            f=lambda: (_ for _ in ()).throw(RuntimeError("super market"))
        )


@pytest.fixture(params=["dict", "files"])
def make_loader(request, tmp_path):
    def make(templates):
        if request.param == "dict":
            return DictLoader(templates)
        for name, text in templates.items():
            (tmp_path / name).write_text(text)
        return Loader(str(tmp_path))

    return make


@pytest.mark.parametrize(
    ("templates", "note"),
    [
        ({"page": "a\n\n{% include 'gone' %}"}, "page:3: {% include gone %}"),
        ({"page": "\n{% extends 'gone' %}"}, "page:2: {% extends gone %}"),
        (
            {"page": "{% include 'part' %}", "part": "\n{% include 'gone' %}"},
            "part:2: {% include gone %}",
        ),
        (
            {"page": "{% extends 'up' %}", "up": "{% block x %}{% include 'gone' %}{% end %}"},
            "up:1: {% include gone %}",
        ),
    ],
)
def test_a_missing_template_is_told_with_its_place(make_loader, templates, note):
    with pytest.raises((KeyError, FileNotFoundError)) as info:
        make_loader(templates).load("page").generate()
    assert info.value.__notes__ == [note]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes are shown from Python 3.11 on")
def test_the_place_is_shown(make_loader):
    import traceback

    with pytest.raises((KeyError, FileNotFoundError)) as info:
        make_loader({"page": "{% include 'gone' %}"}).load("page").generate()
    assert traceback.format_exception(info.value)[-1] == "page:1: {% include gone %}\n"


def test_a_template_that_nobody_refers_to_has_no_note(make_loader):
    with pytest.raises((KeyError, FileNotFoundError)) as info:
        make_loader({}).load("gone")
    assert not hasattr(info.value, "__notes__")


@pytest.mark.parametrize("given", ["_modules", "_tt_modules"])
def test_modules_under_either_name(given):
    class Modules:
        def hello(self):
            return "<b>"

    loader = DictLoader({"a": "{% module hello() %}"}, namespace={given: Modules()})
    assert loader.load("a").generate() == b"<b>"


def test_the_newer_name_of_modules_wins():
    class Modules:
        def hello(self):
            return "newer"

    template = Template("{% module hello() %}")
    assert template.generate(_tt_modules=Modules(), _modules=None) == b"newer"


@pytest.mark.parametrize(
    ("source", "error", "hint"),
    [
        ("{% for x in [1] %}{{ loop.index }}{% end %}", NameError, "enumerate(items)"),
        ("{{ 'a'|len }}", TypeError, "no filters: write {{ function(value) }}"),
        ("{{ d.name }}", AttributeError, "with brackets: ['name']"),
    ],
)
def test_expressions_of_other_languages(source, error, hint):
    with pytest.raises(error) as info:
        Template(source).generate(d={"name": 1})
    assert hint in info.value.__notes__[0]


@pytest.mark.parametrize(
    "function", [lambda: "a" | len, lambda: {}.name], ids=["operator", "attribute"]
)
def test_errors_of_functions_have_no_hint(function):
    with pytest.raises((TypeError, AttributeError)) as info:
        Template("{{ f() }}").generate(f=function)
    assert not hasattr(info.value, "__notes__")
