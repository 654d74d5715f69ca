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


def problems_of(copy, distribution, line):
    """Return what is found after a module with one line was planted in a distribution."""
    import check_layers

    source = copy / "packages" / distribution / "src" / "tornado" / "planted.py"
    source.write_text(line + "\n", "utf-8")
    return check_layers.check(copy)


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
    (problem,) = problems_of(copy, "tornado-core", line)
    assert "planted.py" in problem


@pytest.mark.parametrize(
    "line",
    [
        "from tornado._http1 import server",
        "import tornado._http1.server",
        "from tornado._http1.server import HTTP1ServerConnection",
        "from tornado import _missing",
        "from tornado.httputil import _parse_header",
        "from tornado._loop.seam import _hidden",
        "def later():\n    from tornado._gen import eager",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tornado._loop import ioloop",
    ],
)
def test_check_layers_finds_a_private_import_of_another_distribution(copy, line):
    (problem,) = problems_of(copy, "tornado-web", line)
    assert "planted.py" in problem
    assert "not in its seam" in problem


@pytest.mark.parametrize(
    "line",
    [
        "from tornado._loop.seam import eager",
        "from tornado._web import handler",
        "from tornado import gen, web",
    ],
)
def test_check_layers_allows_seams_public_modules_and_rooms_of_one_s_own(copy, line):
    assert problems_of(copy, "tornado-web", line) == []


def test_a_distribution_has_one_seam(copy):
    import check_layers

    source = copy / "packages" / "tornado-http" / "src" / "tornado"
    (source / "_httputil" / "seam.py").write_text("", "utf-8")
    (problem,) = check_layers.check(copy)
    assert problem == (
        "tornado-http has 2 seams, expected one: tornado._http1.seam, tornado._httputil.seam"
    )


@pytest.mark.parametrize(
    "back",
    [
        "from tornado import planted",
        "from tornado.planted import something",
        "def later():\n    import tornado.planted",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tornado.planted import Some",
        "from tornado._escape import planted_between",
    ],
)
def test_check_layers_finds_a_circle(copy, back):
    import check_layers

    source = copy / "packages" / "tornado-escape" / "src" / "tornado"
    (source / "planted.py").write_text("from tornado._escape import planted_below\n", "utf-8")
    (source / "_escape" / "planted_below.py").write_text(back + "\n", "utf-8")
    (source / "_escape" / "planted_between.py").write_text("import tornado.planted\n", "utf-8")
    problems = check_layers.check(copy)
    is_typed = "TYPE_CHECKING" in back
    assert len(problems) == (1 if is_typed else 2)
    for problem in problems:
        assert "import circle" in problem
        assert "tornado._escape.planted_below" in problem
        assert "tornado.planted" in problem
    assert ("at run time" in problems[-1]) is not is_typed


def test_circles_only_become_fewer():
    import _workspace
    import check_layers

    distributions = _workspace.load(ROOT)
    owner, _ = check_layers.owners(distributions)
    assert check_layers.circles(distributions, owner) == check_layers.KNOWN_CIRCLES
    at_run_time = check_layers.circles(distributions, owner, at_run_time=True)
    assert at_run_time == check_layers.KNOWN_CIRCLES_AT_RUN_TIME


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
