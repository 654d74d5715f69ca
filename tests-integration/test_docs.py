"""Every Python sample of the documentation, run: the blocks of a page, in their order, as one program."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
TIME_LIMIT_SECONDS = 30

_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: python\n(?P<body>(?:(?P=indent) +\S.*\n|[ \t]*\n)+)", re.M
)
_OPTION = re.compile(r":(\w+): *(.*)\n")


def samples(page: Path) -> list[tuple[str, bool]]:
    """Return (source, whether it is only a fragment) for each Python block of a page."""
    found = []
    for match in _BLOCK.finditer(page.read_text("utf-8") + "\n"):
        body = textwrap.dedent(match["body"]).lstrip("\n")
        options = {}
        while option := _OPTION.match(body):
            options[option[1]] = option[2]
            body = body[option.end() :]
        found.append((body.strip("\n") + "\n", "fragment" in options.get("class", "")))
    return found


PAGES = [page for page in sorted(DOCS.rglob("*.rst")) if samples(page)]


def test_there_are_samples():
    assert len(PAGES) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_samples(page, tmp_path):
    program = ""
    for source, is_fragment in samples(page):
        compile(source, str(page), "exec")
        if not is_fragment:
            program += source + "\n"
    script = tmp_path / "sample.py"
    script.write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
