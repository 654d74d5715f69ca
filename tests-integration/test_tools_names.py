"""tools/public_names.py finds what is missing, and tools/test.py repeats what failed."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def names():
    import public_names

    return public_names


USES = """
import tornado.template as t, tornado.web
from tornado import httputil
from tornado.template import _parse
from tornado.web import RequestHandler, nothing_that_was_ever_there
try:
    from tornado.ioloop import _Timeout
except ImportError:
    pass
t._TemplateReader
tornado.web.RequestHandler.get
httputil.HTTPHeaders.has_key
"""


def test_scan_finds_names_that_a_release_had(names, tmp_path, capsys):
    (tmp_path / "program.py").write_text(USES, "utf-8")
    assert names.scan([tmp_path]) == 1
    printed = capsys.readouterr().out
    for name in ("template._parse", "template._TemplateReader", "httputil.HTTPHeaders.has_key"):
        assert f"missing: tornado.{name}, used at {tmp_path / 'program.py'}:" in printed
    assert "3 names missing" in printed


def test_scan_leaves_out_what_a_program_can_do_without(names, tmp_path):
    (tmp_path / "program.py").write_text(
        "try:\n    from tornado.template import _parse\nexcept ImportError:\n    _parse = None\n",
        "utf-8",
    )
    (tmp_path / "old.py").write_text("from tornado import web\nprint 'for Python 2'\n", "utf-8")
    assert names.scan([tmp_path]) == 0


def test_a_missing_name_is_found_in_modules_classes_and_instances(names, monkeypatch):
    made_up = {
        "modules": {"tornado.web": {"6.6.1": "RequestHandler no_such_name"}},
        "classes": {"tornado.web:RequestHandler": {"6.6.1": "get no_such_name"}},
        "instances": {"httputil.HTTPHeaders()": {"6.6.1": "no_such_name"}},
    }
    monkeypatch.setattr(names, "load", lambda: made_up)
    assert [*names.missing_module_names()] == [("tornado.web:no_such_name", "6.6.1")]
    assert [*names.missing_class_names()] == [("tornado.web:RequestHandler.no_such_name", "6.6.1")]


def test_an_exception_for_nothing_is_found(names):
    exceptions = names.Exceptions()
    unused = exceptions.unused()
    assert "tornado.template:_parse" in unused
    assert exceptions.allow("tornado.template:_parse")
    assert not exceptions.allow("tornado.web:RequestHandler")
    assert "tornado.template:_parse" not in exceptions.unused()


OUTPUT = """
print("web: commands[0]> pytest packages/tornado-web/tests")
print("lots of text")
print("\\x1b[31mFAILED\\x1b[0m packages/tornado-web/tests/test_web.py::test_one - AssertionError")
print("loop: commands[0]> pytest packages/tornado-loop/tests")
print("ERROR packages/tornado-loop/tests/test_gen.py::test_two")
raise SystemExit(1)
"""


def test_failed_tests_are_noted_with_their_environment(capfd):
    import importlib.util
    from pathlib import Path

    path = Path(__file__).resolve().parent.parent / "tools" / "test.py"
    spec = importlib.util.spec_from_file_location("tools_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    status, failed = module.run_and_note_failures([sys.executable, "-c", OUTPUT], {})
    assert status == 1
    assert failed == [
        "web: FAILED packages/tornado-web/tests/test_web.py::test_one - AssertionError",
        "loop: ERROR packages/tornado-loop/tests/test_gen.py::test_two",
    ]
    assert "lots of text" in capfd.readouterr().out
