"""Loops and reactors that are taken apart, and a program that runs in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

from tornado.ioloop import IOLoop
from tornado.platform.twisted import TornadoReactor


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Twisted's own test cases make their files in the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def io_loop():
    loop = IOLoop()
    loop.make_current()
    yield loop
    loop.close(all_fds=True)


@pytest.fixture
def reactor(io_loop):
    made = TornadoReactor(io_loop)
    yield made
    made.fireSystemEvent("shutdown")
    made.disconnectAll()
    for call in made.getDelayedCalls():
        call.cancel()


@pytest.fixture
def program(tmp_path):
    """Run a program; a global reactor can be installed once in a process only."""

    def run(source, *arguments, timeout=20):
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(source), "utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", str(file), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run
