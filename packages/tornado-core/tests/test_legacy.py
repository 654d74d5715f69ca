"""How modules give names of released versions: `tornado._legacy`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

import tornado
from tornado import _legacy, log, options, util
from tornado._legacy.names import NAMES, ORIGINS


@pytest.fixture
def core_alone(tmp_path):
    """A directory for ``sys.path`` that holds this distribution and nothing else."""
    source = os.path.dirname(tornado.__file__)
    package = tmp_path / "tornado"
    for part in ("_core", "_options", "_legacy"):
        shutil.copytree(os.path.join(source, part), package / part)
    for name in ("__init__.py", "_missing.py", "util.py", "log.py", "options.py"):
        shutil.copy(os.path.join(source, name), package / name)
    return tmp_path


def run(directory, code):
    """Run code that sets `result`, in a process that sees the directory and the standard library."""
    script = f"import sys, json\nsys.path.insert(0, {str(directory)!r})\n{code}\nprint(json.dumps(result))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_reexports():
    assert util.xrange is range
    assert options.basestring_type is str
    assert options.re.__name__ == "re"
    assert log.unicode_type is str


def test_from_import():
    namespace = {}
    exec("from tornado.options import exec_in, datetime", namespace)
    assert namespace["exec_in"] is util.exec_in


def test_an_unknown_name_is_told_as_ever():
    with pytest.raises(AttributeError, match=r"^module 'tornado.util' has no attribute 'nonesuch'"):
        util.nonesuch  # noqa: B018
    with pytest.raises(ImportError, match=r"^cannot import name 'nonesuch' from 'tornado.util'"):
        exec("from tornado.util import nonesuch")
    assert not hasattr(util, "nonesuch")
    assert getattr(util, "__wrapped__", None) is None


def test_nothing_is_imported_before_it_is_used(core_alone):
    code = """
import tornado.util, tornado.log, tornado.options
hasattr(tornado.util, "__path__")
before = "tornado._legacy.names" in sys.modules
tornado.options.numbers
result = [before, "tornado._legacy.names" in sys.modules]
"""
    assert run(core_alone, code) == [False, True]


def test_a_missing_distribution_is_named(core_alone):
    code = """
import tornado.options
result = []
for statement in ("tornado.options.stack_context", "from tornado.options import stack_context"):
    try:
        exec(statement)
    except (AttributeError, ImportError) as error:
        result.append([type(error).__name__, str(error)])
result.append(hasattr(tornado.options, "stack_context"))
"""
    told = (
        "tornado.options.stack_context is tornado.stack_context. No module named"
        " 'tornado.stack_context': it comes with the distribution 'tornado-loop':"
        " pip install tornado-loop"
    )
    assert run(core_alone, code) == [
        ["AttributeError", told],
        ["ModuleNotFoundError", told],
        False,
    ]


def test_an_optional_module_that_is_missing_is_none(core_alone):
    assert run(core_alone, "import tornado.log\nresult = tornado.log.colorama") is None


def test_dir_lists_what_the_module_defines():
    assert "xrange" not in dir(util)
    assert set(util.__all__) <= set(dir(util))


def test_a_name_can_be_replaced_and_comes_back(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(util, "xrange", list)
        assert util.xrange is list
    assert util.xrange is range


def test_values():
    assert util._websocket_mask(b"abcd", b"") == b""
    assert util._websocket_mask(b"\0\0\0\xff", b"12345678") == b"123\xcb567\xc7"
    with pytest.raises(ValueError, match="mask has 3 bytes"):
        util._websocket_mask_python(b"abc", b"data")
    assert log._safe_unicode(b"\xc3\xa9") == "é"
    assert log._safe_unicode(b"\xff") == "b'\\xff'"
    assert log._safe_unicode(3) == "3"
    assert "z" in util._alphanum
    assert util._re_unescape_pattern.sub(util._re_unescape_replacement, r"a\.b") == "a.b"
    with pytest.raises(ValueError, match="cannot unescape"):
        util._re_unescape_pattern.sub(util._re_unescape_replacement, r"\d")


def test_every_origin_of_the_table_is_used():
    entries = [text for names in NAMES.values() for text in names.split()]
    assert set(ORIGINS) - set(entries) == set()


def test_entries_are_unique():
    for module, names in NAMES.items():
        found = [text.partition("=")[0] for text in names.split()]
        assert len(found) == len(set(found)), module


def test_find_by_name():
    assert _legacy.find("tornado.util", "xrange") is range
