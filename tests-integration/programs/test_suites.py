"""The test suites that other projects were released with, against our wheels.

What does not pass is listed, with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

WEBSSH = (
    # They fail under Tornado 6.6.1 too, with the newest paramiko.
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_encrypted_ed25519_key",
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_encrypted_new_rsa_key",
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_plain_new_dsa_key",
    # Content over a limit is 413 here (RFC 9110 section 15.5.14), where 6.6.1 sends 400.
    "tests/test_app.py::TestAppBasic::test_app_post_form_with_large_body_size_by_multipart_form",
    "tests/test_app.py::TestAppBasic::test_app_post_form_with_large_body_size_by_urlencoded_form",
)

STREAMZ = (
    # They fail under Tornado 6.6.1 too: pytest without a plugin for coroutines, and measured times.
    "streamz/tests/test_core.py::test_backpressure_connect_empty_stream",
    "streamz/tests/test_core.py::test_map_async",
    "streamz/tests/test_core.py::test_map_async_restart",
    "streamz/tests/test_core.py::test_map_async_tornado",
    "streamz/tests/test_core.py::test_timed_window_timedelta",
    "streamz/tests/test_dask.py::test_buffer",
)

#: project -> (what its tests need, where they are in its source distribution, what does not pass)
SUITES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "jupyter_server": (("jupyter_server[test]", "jupyterlab"), "tests", ()),
    "jupyter_server_terminals": (("jupyter_server_terminals[test]",), "tests", ()),
    "terminado": (("terminado[test]", "pytest"), "tests", ()),
    "streamz": (
        ("streamz", "pytest", "flaky", "requests", "distributed", "dask[dataframe]"),
        "streamz/tests",
        STREAMZ,
    ),
    "flower": (("flower", "pytest", "packaging", "redis"), "tests/unit", ()),
    "webssh": (("webssh", "pytest", "mock"), "tests", WEBSSH),
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
    command = ["python", "-m", "pytest", "-q", "--tb=short", "-ra", tests]
    command += [f"--deselect={test}" for test in known]
    try:
        home.call(*command, timeout=900, cwd=folder)
    except AssertionError:
        # Some of these suites measure time: what failed has a second chance, alone.
        home.call(
            *command, "--last-failed", "--last-failed-no-failures=none", timeout=900, cwd=folder
        )
