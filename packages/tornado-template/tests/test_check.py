"""The command that checks a directory of templates."""

import pytest

from tornado._template.check import check_directory, main


@pytest.fixture
def templates(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "good.html").write_text("{% extends 'base.html' %}{% block x %}{{ 1 }}{% end %}")
    (tmp_path / "base.html").write_text("{% block x %}{% end %}")
    (tmp_path / "sub" / "good.txt").write_text("{% include '../base.html' %}")
    return tmp_path


def run(capsys, *arguments):
    status = main(["check", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_all_well(templates, capsys):
    assert run(capsys, templates) == (0, "3 templates checked, 0 errors\n", "")
    assert run(capsys, templates, "--quiet") == (0, "", "")


def test_every_kind_of_error(templates, capsys):
    (templates / "a.html").write_text("\n  <b>{{ 1 + }}</b>")
    (templates / "b.html").write_text("{% if x %}\n")
    (templates / "c.html").write_text("\n\n{% include 'missing.html' %}")
    (templates / "d.html").write_bytes(b"fine\nnot \xff fine")
    (templates / "e.html").write_text("{% include 'a.html' %}")
    (templates / "f.html").write_text("{% include 'f.html' %}")
    (templates / "g.html").write_text("{% extends 'base.html' %}{% block x %}\n{{ '}} }}{% end %}")
    status, out, err = run(capsys, templates)
    assert status == 1
    assert err == ""
    lines = out.replace(str(templates) + "/", "").split("\n")
    assert lines[:6] == [
        "a.html:2: invalid syntax",
        "    <b>{{ 1 + }}</b>",
        "b.html:1: Missing {% end %} block for if",
        "    {% if x %}",
        f"c.html:3: No such file or directory: {templates / 'missing.html'}".replace(
            str(templates) + "/", ""
        ),
        "    {% include 'missing.html' %}",
    ]
    assert lines[6:8] == ["d.html:2: not UTF-8: invalid start byte at byte 9", "    not \\xff fine"]
    # The error in a.html is not told again for e.html.
    assert lines[8] == "f.html:1: recursive include: f.html -> f.html"
    assert lines[10].startswith("g.html:2: unterminated string literal")
    assert lines[11] == "    {{ '}} }}{% end %}"
    assert lines[12] == "10 templates checked, 6 errors"


def test_choosing_files(templates, capsys):
    (templates / "image.html").write_bytes(b"\x89PNG\0{{")
    (templates / ".hidden.html").write_text("{{")
    (templates / ".git").mkdir()
    (templates / ".git" / "a.html").write_text("{{")
    (templates / "notes.md").write_text("{{")
    assert run(capsys, templates, "--match", "*.html", "--match", "*.txt")[0] == 0
    assert run(capsys, templates)[0] == 1
    status, _, err = run(capsys, templates, "--match", "*.xml")
    assert (status, err) == (2, f"{templates}: no templates found\n")


def test_parents_are_checked_by_themselves(templates):
    (templates / "base.html").write_text("{% block x %}{{ 1 + }}{% end %}")
    count, problems = check_directory(str(templates))
    assert count == 3
    assert [(problem.name, problem.lineno) for problem in problems] == [("base.html", 1)]


def test_options_of_the_loader(templates, capsys):
    (templates / "a.html").write_text("{{ 1 }}")
    assert run(capsys, templates, "--autoescape", "1 +")[0] == 1
    assert run(capsys, templates, "--autoescape", "None", "--whitespace", "all")[0] == 0


def test_wrong_use(templates, capsys):
    assert run(capsys, templates / "missing") == (
        2,
        "",
        f"{templates / 'missing'}: no such directory\n",
    )
    with pytest.raises(SystemExit) as info:
        main([])
    assert info.value.code == 2
    with pytest.raises(SystemExit) as info:
        main(["check", str(templates), "--whitespace", "some"])
    assert info.value.code == 2


def test_a_file_that_cannot_be_read(templates, capsys):
    (templates / "dangling.html").symlink_to(templates / "nowhere")
    status, out, _ = run(capsys, templates, "-q")
    assert status == 1
    path = templates / "dangling.html"
    assert out == f"{path}:0: No such file or directory: {path}\n"


def test_directives_of_the_application(templates, capsys, monkeypatch):
    (templates / "a.html").write_text("{% hello %}")
    (templates / "custom_directives.py").write_text(
        "from tornado.template import Directive\n"
        "class Hello(Directive):\n"
        "    name = 'hello'\n"
        "    def write(self, tag, out):\n"
        "        out.text('hello')\n"
        "hello = Hello()\n"
        "several = [hello]\n"
    )
    monkeypatch.syspath_prepend(str(templates))
    given = ("--match", "*.html", "--directives")
    assert run(capsys, templates, *given[:2])[0] == 1
    assert run(capsys, templates, *given, "custom_directives:hello")[0] == 0
    assert run(capsys, templates, *given, "custom_directives:several")[0] == 0
    for target, message in [
        ("custom_directives", "expected MODULE:NAME"),
        ("custom_directives:nothing", "nothing"),
        ("no_such_module:hello", "no_such_module"),
        ("custom_directives:Hello", "did you forget the parentheses?"),
    ]:
        status, _, err = run(capsys, templates, *given, target)
        assert status == 2
        assert message in err
