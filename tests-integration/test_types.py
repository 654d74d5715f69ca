"""Programs against the installed wheels, under two type checkers, from outside.

`typing/clean_*.py` are programs without mistakes, `typing/mistakes.py` has a mistake on each line that is
marked ``expect-error``. mypy says the same of both under Tornado 6.6.1; who changes a page checks that.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).parent / "typing"
MARK = "# expect-error"
CLEAN = sorted(path.name for path in PAGES.glob("clean_*.py"))
MISTAKES = "mistakes.py"

#: Lines of a page, by its name, with what a checker says of them.
Findings = dict[str, dict[int, str]]


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The pages at a place from which no source of the repository can be seen."""
    return Path(shutil.copytree(PAGES, tmp_path_factory.mktemp("programs") / "pages"))


@pytest.fixture(scope="module")
def found_by_mypy(pages) -> Findings:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--no-error-summary"]
    command += ["--cache-dir", str(pages.parent / "cache"), *CLEAN, MISTAKES]
    done = subprocess.run(command, cwd=pages, capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    findings: Findings = {}
    for name, line, text in re.findall(r"^(\w+\.py):(\d+): error: (.*)$", done.stdout, re.M):
        findings.setdefault(name, {})[int(line)] = text
    return findings


@pytest.fixture(scope="module")
def found_by_pyright(pages) -> Findings:
    (pages / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, "-p", str(pages)], capture_output=True, text=True, timeout=600)
    findings: Findings = {}
    for row in json.loads(done.stdout)["generalDiagnostics"]:
        if row["severity"] == "error":
            line = row["range"]["start"]["line"] + 1
            findings.setdefault(Path(row["file"]).name, {})[line] = row["message"]
    return findings


@pytest.fixture(params=["mypy", "pyright"])
def found(request) -> Findings:
    return request.getfixturevalue(f"found_by_{request.param}")


@pytest.mark.parametrize("name", CLEAN)
def test_programs_without_mistakes_are_clean(found, name):
    assert found.get(name, {}) == {}


def test_mistakes_are_found_and_nothing_else(found):
    lines = (PAGES / MISTAKES).read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}
    reported = found.get(MISTAKES, {})
    assert {number: lines[number - 1] for number in marked - reported.keys()} == {}
    assert {number: text for number, text in reported.items() if number not in marked} == {}
    assert len(marked) > 100
