"""The commands of tools/: what they find, and what they refuse."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path):
    """A copy of packages/ that a test may spoil."""
    ignore = shutil.ignore_patterns("tests", "__pycache__")
    shutil.copytree(ROOT / "packages", tmp_path / "packages", ignore=ignore)
    return tmp_path


def test_layers_hold():
    import check_layers

    assert check_layers.check(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "from tornado import web",
        "import tornado.web",
        "from tornado.web import RequestHandler",
        "def later():\n    from . import gen",
        "import requests",
    ],
)
def test_check_layers_finds_a_planted_import(copy, line):
    import check_layers

    source = copy / "packages" / "tornado-core" / "src" / "tornado" / "planted.py"
    source.write_text(line + "\n", "utf-8")
    problems = check_layers.check(copy)
    assert len(problems) == 1
    assert "planted.py" in problems[0]


def test_check_layers_finds_a_planted_requirement(copy):
    import check_layers

    pyproject = copy / "packages" / "tornado-core" / "pyproject.toml"
    text = pyproject.read_text("utf-8")
    pyproject.write_text(
        text.replace("dependencies = []", 'dependencies = ["tornado-web ~= 6.100"]')
    )
    assert "tornado-core requires tornado-web, which stands above it" in check_layers.check(copy)


def test_check_layers_finds_a_module_in_two_distributions(copy):
    import check_layers

    (copy / "packages" / "tornado-wsgi" / "src" / "tornado" / "util.py").write_text("")
    problems = check_layers.check(copy)
    assert problems == ["tornado.util lies in tornado-core and in tornado-wsgi"]


def test_the_command_fails_where_something_is_wrong(copy):
    (copy / "packages" / "tornado-core" / "src" / "tornado" / "planted.py").write_text("import x\n")
    command = [sys.executable, str(ROOT / "tools" / "check_layers.py"), "--root", str(copy)]
    assert subprocess.run(command, capture_output=True).returncode == 1


def test_versions_agree():
    import version

    assert version.check(ROOT) == []


def test_a_bump_reaches_every_file(copy):
    import _workspace
    import version

    version.set_version(copy, "7.3.1")
    assert version.check(copy) == []
    assert {d.version for d in _workspace.load(copy).values()} == {"7.3.1"}
    assert "tornado-core ~= 7.3" in _workspace.load(copy)["tornado-loop"].requires
    assert 'version = "7.3.1"' in version.core_init(copy).read_text("utf-8")


def test_a_forgotten_pin_is_found(copy):
    import version

    pyproject = copy / "packages" / "tornado-web" / "pyproject.toml"
    text = pyproject.read_text("utf-8")
    pyproject.write_text(text.replace("tornado-template ~= 6.100", "tornado-template ~= 6.99"))
    assert len(version.check(copy)) == 1
