"""The test suites that other projects were released with, against our wheels.

What fails under the released Tornado 6.6.1 too is listed, with that as the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

#: project -> (what its tests need, where they are in its source distribution, what fails under 6.6.1 too)
SUITES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "jupyter_server": (("jupyter_server[test]", "jupyterlab"), "tests", ()),
    "jupyter_server_terminals": (("jupyter_server_terminals[test]",), "tests", ()),
    "terminado": (("terminado[test]", "pytest"), "tests", ()),
    "streamz": (
        ("streamz", "pytest", "pandas", "flaky", "requests", "setuptools<81"),
        "streamz/tests",
        (),
    ),
    "flower": (("flower", "pytest", "packaging", "redis"), "tests/unit", ()),
    "webssh": (("webssh", "pytest", "mock"), "tests", ()),
}


def sources(name: str, version: str) -> Path:
    """Return a project's source distribution, from the cache or the package index."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "tornado-tests" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    if not path.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        done = subprocess.run(
            [*command, "-d", str(folder), f"{name}=={version}"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return path


@pytest.mark.long
@pytest.mark.parametrize("name", SUITES)
def test_suite(name, installed):
    requirements, tests, known = SUITES[name]
    home = installed(*requirements)
    with tarfile.open(sources(name, home.version(name))) as tar:
        tar.extractall(home.folder, filter="data")
    folder = next(home.folder.glob(f"{name}-*"))
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "-ra", tests]
    command += [f"--deselect={test}" for test in known]
    home.call(*command, timeout=900, cwd=folder)
