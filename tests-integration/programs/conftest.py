"""What the tests of real programs share: environments with our wheels, and servers with a log.

With TORNADO_PROGRAMS_WITH set to a version (6.6.1, say), the same tests run against that release from the
package index instead of this checkout: what fails there too is no fault of ours.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

#: The release that takes the place of this checkout's wheels; empty for the wheels.
RELEASE = os.environ.get("TORNADO_PROGRAMS_WITH", "")

#: The command that looks for names that sources use and that are missing.
NAMES_TOOL = str(Path(__file__).resolve().parent.parent.parent / "tools" / "public_names.py")

#: Seconds for a program to come up on a slow machine.
START_SECONDS = 120


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes more than a few seconds; not in every CI run")


def uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run uv without what tox sets for its own environments."""
    ours = ("UV_FIND_LINKS", "UV_CONSTRAINT", "UV_PYTHON_DOWNLOADS", "VIRTUAL_ENV")
    environ = {k: v for k, v in os.environ.items() if k not in ours}
    command = [sys.executable, "-m", "uv", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", env=environ)


@pytest.fixture(scope="session")
def pins(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of constraints that decides which Tornado the programs get."""
    if not RELEASE:
        return dist / "constraints.txt"
    path = tmp_path_factory.mktemp("pins") / "constraints.txt"
    path.write_text(f"tornado=={RELEASE}\n", "ascii")
    return path


class Installed:
    """An environment that holds a program and Tornado, and a folder to run things in."""

    def __init__(
        self, folder: Path, pins: Path, requirements: tuple[str, ...], override: bool = False
    ) -> None:
        self.folder = folder
        self.bin = folder / "env" / "bin"
        self.python = self.bin / "python"
        # An override decides against what a program asks for, a constraint only among it.
        self._pins = ["--override" if override else "--constraint", str(pins)]
        self._started: list[Server] = []
        done = uv("venv", "-q", "--python", sys.executable, str(folder / "env"))
        assert done.returncode == 0, done.stderr
        self.install("tornado" if RELEASE else "tornado[all]", *requirements)

    def install(self, *requirements: str) -> None:
        command = ["pip", "install", "-q", "--python", str(self.python), *self._pins]
        done = uv(*command, *requirements)
        assert done.returncode == 0, done.stderr

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command: a home of its own, the program's scripts first."""
        keep = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "OPENBLAS_CORETYPE", "CI")
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            **{name: os.environ[name] for name in keep if name in os.environ},
            "PATH": os.pathsep.join([str(self.bin), os.environ["PATH"]]),
            "HOME": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def version(self, name: str) -> str:
        code = f"import importlib.metadata as m; print(m.version({name!r}))"
        return self.run(code).strip()

    def run(self, code: str, *, timeout: float = 120) -> str:
        """Run Python code; return what it printed on standard output."""
        return self.call("python", "-c", code, timeout=timeout)

    def call(self, *command: str, timeout: float = 300, **options: object) -> str:
        """Run a command to its end; return its standard output, or fail with all its output."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            timeout=timeout,
            **{"cwd": self.folder, "env": self.environ, **options},
        )
        assert done.returncode == 0, f"{done.stdout[-20000:]}\n{done.stderr[-5000:]}"
        return done.stdout

    def start(self, *command: str, **options: object) -> Server:
        """Start a server that lives until the test's end."""
        server = Server(self, command, **options)
        self._started.append(server)
        return server

    def stop_all(self) -> None:
        while self._started:
            self._started.pop().stop()


class Server:
    """A program that runs in a process group of its own, and what it printed."""

    def __init__(
        self, home: Installed, command: tuple[str, ...], environ: dict[str, str] | None = None
    ) -> None:
        self._log = home.folder / f"{Path(command[0]).name}-{time.monotonic_ns()}.log"
        program = home.bin / command[0]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(program) if program.exists() else command[0], *command[1:]],
                cwd=home.folder,
                env={**home.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def wait_for(self, condition: Callable[[], object], what: str) -> object:
        """Wait until `condition` returns something true; fail with the output when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not (found := condition()):
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.output}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {START_SECONDS} s:\n{self.output}")
            time.sleep(0.05)
        return found

    def wait_for_line(self, text: str) -> None:
        self.wait_for(lambda: text in self.output, repr(text))

    def wait_for_url(self, url: str) -> None:
        """Wait until something is served at `url`, be it an error."""

        def responds() -> bool:
            try:
                urllib.request.urlopen(url, timeout=10).close()
            except urllib.error.HTTPError:
                return True
            except (OSError, http.client.HTTPException):
                return False
            return True

        self.wait_for(responds, url)

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)

    def no_errors(self, *allowed: str) -> None:
        """Fail if the program logged a traceback or a server error."""
        lines = [line for line in self.output.splitlines() if not any(a in line for a in allowed)]
        bad = [line for line in lines if "Traceback" in line or "Uncaught exception" in line]
        assert bad == [], self.output


@pytest.fixture(scope="session")
def environments(pins: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Installed]:
    """Return a function from requirements to an environment, made once."""

    @functools.cache
    def make(*requirements: str, override: bool = False) -> Installed:
        return Installed(tmp_path_factory.mktemp("program"), pins, requirements, override)

    return make


@pytest.fixture
def installed(environments: Callable[..., Installed]) -> Iterator[Callable[..., Installed]]:
    """The same, and what was started there ends with the test."""
    used: list[Installed] = []

    def make(*requirements: str, override: bool = False) -> Installed:
        used.append(environments(*requirements, override=override))
        return used[-1]

    yield make
    for each in used:
        each.stop_all()


@pytest.fixture
def screenshot(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Return a function that keeps a browser's picture where TORNADO_PROGRAMS_PICTURES says."""
    folder = os.environ.get("TORNADO_PROGRAMS_PICTURES")

    def keep(browser: object) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            browser.save_screenshot(str(Path(folder) / f"{request.node.name}.png"))

    return keep


@pytest.fixture
def redis_server(tmp_path: Path, unused_port: Callable[[], int]) -> Iterator[int]:
    """A Redis of its own; its port."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server: install the Debian package redis-server")
    port = unused_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    import redis

    client = redis.Redis(port=port)
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(redis.ConnectionError):
            client.ping()
            break
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    client.close()
    yield port
    process.terminate()
    process.wait()
