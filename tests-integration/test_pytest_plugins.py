"""The pytest plugin of tornado-testing beside those of pytest-asyncio and anyio."""

from __future__ import annotations

import subprocess

import pytest

TESTS = """
import asyncio
import pytest
from tornado.ioloop import IOLoop

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.tornado
async def test_ours(io_loop):
    await asyncio.sleep(0)
    assert IOLoop.current() is io_loop

@pytest.mark.asyncio
async def test_of_pytest_asyncio():
    await asyncio.sleep(0)
    assert IOLoop.current().asyncio_loop is asyncio.get_running_loop()

@pytest.mark.anyio
async def test_of_anyio():
    await asyncio.sleep(0)
"""

INI = """
[pytest]
filterwarnings = error
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
tornado_mode = {mode}
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_three_plugins_live_together(environment, tmp_path, mode):
    environment.install("tornado-testing", "pytest", "pytest-asyncio", "anyio")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text(INI.format(mode=mode))
    (folder / "test_all.py").write_text(TESTS)
    done = subprocess.run(
        [str(environment.python), "-m", "pytest", "-q"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
