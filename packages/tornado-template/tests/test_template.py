"""The public module."""

import subprocess
import sys

import tornado.template


def test_all_is_what_is_exported():
    public = {
        name
        for name, value in vars(tornado.template).items()
        if getattr(value, "__module__", "") == "tornado.template"
    }
    assert public == set(tornado.template.__all__)
    assert sorted(tornado.template.__all__) == tornado.template.__all__


def test_every_public_object_is_documented():
    for name in tornado.template.__all__:
        assert getattr(tornado.template, name).__doc__


def test_running_the_module_runs_the_command(tmp_path):
    (tmp_path / "a.html").write_text("\n{{ 1 + }}")
    command = [sys.executable, "-m", "tornado.template", "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == (
        f"{tmp_path / 'a.html'}:2: invalid syntax\n    {{{{ 1 + }}}}\n"
        "1 templates checked, 1 errors\n"
    )
    assert result.stderr == ""


def test_what_few_need_is_imported_late():
    program = (
        "import sys; before = set(sys.modules); import tornado.template;"
        "late = {'zipfile', 'importlib.resources', 'linecache', 'argparse', 'hashlib', 'inspect'};"
        "print(sorted(late & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
