"""`tornado.testing.main` from the command line."""

import subprocess
import sys

import pytest

TESTS = """
import unittest
from tornado.testing import AsyncTestCase, gen_test, main
from tornado import gen

class GoodTest(AsyncTestCase):
    @gen_test
    async def test_good(self):
        await gen.sleep(0)

class BadTest(unittest.TestCase):
    def test_bad(self):
        self.fail("bad")

def all():
    return unittest.defaultTestLoader.loadTestsFromTestCase(GoodTest)

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "mytests.py").write_text(TESTS)

    def run_with(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )

    return run_with


def test_a_module_by_name(run):
    done = run("-m", "tornado.testing", "mytests.GoodTest")
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr
    assert "PASS" in done.stderr


def test_a_failure(run):
    done = run("-m", "tornado.testing", "mytests")
    assert done.returncode == 1
    assert "FAIL" in done.stderr
    assert "Ran 2 tests" in done.stderr


def test_a_script_runs_all(run):
    done = run("mytests.py")
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr


def test_a_script_runs_what_is_named(run):
    assert run("mytests.py", "mytests.BadTest").returncode == 1


def test_options(run):
    assert "test_good" in run("mytests.py", "--verbose").stderr
    assert "--failfast" in run("mytests.py", "--help").stderr
    assert run("mytests.py", "--failfast", "mytests").returncode == 1
    assert run("mytests.py", "--no_such_option").returncode != 0
