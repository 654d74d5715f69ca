"""Errors at run time name the template's file and line and show the line's text."""

import asyncio
import linecache
import traceback

import pytest

from tornado.template import DictLoader, Loader, Template


class Boom(Exception):
    pass


def boom(*unused):
    raise Boom("boom")


def entries(template, **names):
    """Return what the traceback says about templates: (file, line, text of the line)."""
    with pytest.raises(Boom) as info:
        template.generate(boom=boom, **names)
    found = traceback.extract_tb(info.value.__traceback__)
    return [
        (entry.filename, entry.lineno, (entry.line or "").partition("  # ")[0])
        for entry in found
        if not entry.filename.endswith(".py")
    ]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{{ boom() }}", 1),
        ("a\nb\n{{ boom() }}\nc", 3),
        ("{% if boom() %}a{% end %}", 1),
        ("\n{% if 0 %}\n{% elif boom() %}{% end %}", 3),
        ("{% for x in [1] %}\n<b>{{ boom(x) }}</b>{% end %}", 2),
        ("{% for x in [1] %}{% raw x %}\n<b>{{ boom(x) }}</b>{% end %}", 2),
        ("\n{% for x in boom() %}{% end %}", 2),
        ("\n\n{% while boom() %}{% end %}", 3),
        ("\n{% set x = boom() %}", 2),
        ("\n{% raw boom() %}", 2),
        ("{% set x = 1 %}\n\n{% apply boom %}{{ 1 }}\n{% end %}", 3),
        ("{% apply str %}\n{% set x = 1 %}\n{{ boom() }}{% end %}", 3),
        ("{# \n\n #}{{ boom() }}", 3),
        ("{{\n\n1 and\nboom()\n}}", 4),
        ("{% autoescape boom %}\n{{ 1 }}", 2),
        ("{% try %}\n{% finally %}\n{{ boom() }}{% end %}", 3),
        ("{{! \n{{ boom() }}", 2),
        ("{{ [1,\n 2] }}\n{{ boom() }}", 3),
    ],
)
def test_line_of_a_template_from_a_string(source, line):
    found = entries(Template(source))
    text = source.split("\n")[line - 1].strip()
    assert found[-1] == ("<string>", line, text)


def test_line_of_a_template_from_a_file(tmp_path):
    path = tmp_path / "sub" / "a.html"
    path.parent.mkdir()
    path.write_text("<p>\n  {{ boom() }}\n</p>")
    template = Loader(str(tmp_path)).load("sub/a.html")
    assert entries(template) == [(str(path), 2, "{{ boom() }}")]


def test_lines_of_parents_and_includes():
    loader = DictLoader(
        {
            "base.html": "<html>\n{% block x %}{% end %}\n\n{{ boom() if at == 'base' else 1 }}",
            "page.html": "{% extends 'base.html' %}\n{% block x %}{{ boom() if at == 'page' else 1 }}\n"
            "{% include 'part.html' %}{% end %}",
            "part.html": "\n\n\n\n{{ boom() if at == 'part' else 1 }}",
        }
    )
    page = loader.load("page.html")
    # Twice: the second time the code has its final form.
    for _ in range(2):
        assert [entry[:2] for entry in entries(page, at="base")] == [("base.html", 4)]
        assert [entry[:2] for entry in entries(page, at="page")] == [("page.html", 2)]
        assert [entry[:2] for entry in entries(page, at="part")] == [("part.html", 5)]
    assert entries(page, at="part")[0][2] == "{{ boom() if at == 'part' else 1 }}"


WAYS = {
    "a block of its own": (
        {"base.html": "a\n{% block x %}\n{{ 1 / 0 }}{% end %}"},
        "base.html",
        ["# base.html:3 (via base.html:2)"],
    ),
    "an include": (
        {"base.html": "{% include 'sub.html' %}", "sub.html": "{{ 1 / 0 }}"},
        "base.html",
        ["# sub.html:1 (via base.html:1)"],
    ),
    "an include of an include": (
        {
            "a.html": "{% include 'b.html' %}",
            "b.html": "\n{% include 'c.html' %}",
            "c.html": "{{ 1 / 0 }}",
        },
        "a.html",
        ["# c.html:1 (via b.html:2, a.html:1)"],
    ),
    "a block that is replaced": (
        {
            "base.html": "{% block x %}{% end %}",
            "sub.html": "{% extends 'base.html' %}\n{% block x %}\n\n{% if 1 / 0 %}{% end %}{% end %}",
        },
        "sub.html",
        ["# sub.html:4 (via base.html:1)"],
    ),
    "a block within a block": (
        {
            "base.html": "{% block x %}{% end %}",
            "mid.html": "{% extends 'base.html' %}{% block x %}\n{% block y %}{% end %}{% end %}",
            "sub.html": "{% extends 'mid.html' %}\n{% block y %}{{ 1 / 0 }}{% end %}",
        },
        "sub.html",
        ["# sub.html:2 (via mid.html:2, base.html:1)"],
    ),
    "no way": ({"a.html": "\n{% for x in 1 / 0 %}{% end %}"}, "a.html", ["# a.html:2"]),
    "a module": (
        {
            "base.html": "{% module other() %}",
            "sub.html": "\n{% include 'part.html' %}",
            "part.html": "{{ 1 / 0 }}",
        },
        "base.html",
        ["# base.html:1", "# part.html:1 (via sub.html:2)"],
    ),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("in_files", [False, True])
def test_the_way_to_a_line(name, in_files, tmp_path):
    templates, start, ways = WAYS[name]
    loader = DictLoader(templates)
    if in_files:
        for file, text in templates.items():
            (tmp_path / file).write_text(text)
        loader = Loader(str(tmp_path))

    class Modules:
        def other(self):
            return loader.load("sub.html").generate()

    with pytest.raises(ZeroDivisionError) as info:
        loader.load(start).generate(_tt_modules=Modules())
    text = "".join(traceback.format_exception(info.value))
    shown = [line[line.index("  # ") + 2 :] for line in text.split("\n") if "  # " in line[8:]]
    assert [line.strip() for line in shown if ".html:" in line] == ways


def test_no_remarks_for_tools_in_tracebacks():
    with pytest.raises(Boom) as info:
        Template("{{ boom() }}").generate(boom=boom)
    text = "".join(traceback.format_exception(info.value))
    assert "noqa" not in text
    assert "type: ignore" not in text


def test_templates_within_templates():
    inner = DictLoader(
        {"in.html": "{% extends 'up.html' %}", "up.html": "\n{{ boom() }}"},
        namespace={"boom": boom},
    ).load("in.html")
    outer = DictLoader({"out.html": "\n\n{% include 'inc.html' %}", "inc.html": "\n{% raw f() %}"})
    found = entries(outer.load("out.html"), f=inner.generate)
    assert [entry[:2] for entry in found] == [("inc.html", 2), ("up.html", 2)]


def test_variables_stay_visible():
    loader = DictLoader({"a": "{% include 'b' %}", "b": "{% set secret = 42 %}{{ boom() }}"})
    with pytest.raises(Boom) as info:
        loader.load("a").generate(boom=boom)
    frames = [frame for frame, _ in traceback.walk_tb(info.value.__traceback__)]
    frame = next(frame for frame in frames if frame.f_code.co_filename == "b")
    assert frame.f_locals["secret"] == 42


def test_generate_stands_once_in_the_traceback():
    with pytest.raises(Boom) as info:
        Template("{{ boom() }}").generate(boom=boom)
    names = [entry.name for entry in traceback.extract_tb(info.value.__traceback__)]
    assert names.count("generate") == 1
    assert info.value.__context__ is None


def test_the_own_lines_are_in_the_code_itself():
    # What a debugger, a profiler or a handler inside the template sees.
    source = (
        "{% import traceback %}\n{% try %}\n{{ 1 / 0 }}{% except %}"
        "{% raw traceback.format_exc() %}{% end %}"
    )
    output = Template(source, name="a.txt").generate().decode()
    assert 'File "a.txt", line 3' in output


def test_awaiting():
    loader = DictLoader({"a": "{% include 'b' %}", "b": "\n{{ await f() }}"})

    async def f():
        raise Boom

    with pytest.raises(Boom) as info:
        asyncio.run(loader.load("a").generate_async(f=f))
    found = [(e.filename, e.lineno) for e in traceback.extract_tb(info.value.__traceback__)]
    assert ("b", 2) in found


def test_nothing_is_remembered_while_nothing_fails():
    linecache.clearcache()
    DictLoader({"fine.html": "{{ 1 }}"}).load("fine.html").generate()
    assert "fine.html" not in linecache.cache
