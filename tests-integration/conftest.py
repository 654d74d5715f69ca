"""What the integration tests share: the built wheels, fresh environments, processes that end, a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))


def need(executable: str, package: str) -> str:
    """Return the path of `executable`; skip with one line where it is absent, fail in CI."""
    found = shutil.which(executable) or shutil.which(executable, path="/usr/sbin:/usr/bin")
    if found:
        return found
    message = f"needs {executable}: install the Debian package {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require() -> Callable[[str, str], str]:
    return need


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all wheels and sdists of this checkout, and constraints.txt that pins them."""
    import build

    out = tmp_path_factory.mktemp("dist")
    build.build([], out)
    return out


class Environment:
    """A fresh virtual environment and what can be done in it."""

    def __init__(self, folder: Path, dist: Path) -> None:
        self.folder = folder
        self.dist = dist
        self.python = folder / "bin" / "python"
        self._uv("venv", "-q", "--python", sys.executable, str(folder))

    def _uv(self, *arguments: str) -> str:
        # What tox sets for its own environments is not for these.
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "VIRTUAL_ENV"))}
        done = subprocess.run(
            [sys.executable, "-m", "uv", *arguments],
            capture_output=True,
            text=True,
            cwd="/",
            env=environ,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, *requirements: str, pinned: bool = True) -> None:
        pins = ["--constraint", str(self.dist / "constraints.txt")] if pinned else []
        self._uv("pip", "install", "-q", "--python", str(self.python), *pins, *requirements)

    def installed(self) -> set[str]:
        rows = self._uv("pip", "freeze", "--python", str(self.python)).splitlines()
        names = (row.removeprefix("-e ").split("==")[0].split(" @ ")[0] for row in rows)
        return {Path(name).name.lower() for name in names}

    def run(self, code: str, *, timeout: float = 60) -> str:
        """Run `code` with every warning an error, outside of any checkout; return what it printed."""
        done = subprocess.run(
            [str(self.python), "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=timeout,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def environment(tmp_path: Path, dist: Path) -> Environment:
    return Environment(tmp_path / "env", dist)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def unused_port() -> Callable[[], int]:
    return free_port


@contextlib.contextmanager
def running(
    command: list[str], url: str | None = None, **options: object
) -> Iterator[subprocess.Popen[str]]:
    """Run a process for the length of the block; with `url`, wait until that answers."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    try:
        deadline = time.monotonic() + 60
        while url is not None:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise AssertionError(
                        f"{command} did not come up:\n{process.communicate()[0]}"
                    ) from None
                time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def run() -> Callable[..., contextlib.AbstractContextManager[subprocess.Popen[str]]]:
    return running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[[], object]]:
    """Return a function that opens one more headless browser with a profile of its own."""
    need("chromium", "chromium")
    driver_path = need("chromedriver", "chromium-driver")
    from selenium import webdriver

    opened = []

    def open_browser() -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        for flag in (
            "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
            "disable-background-networking", "disable-component-update", "disable-sync",
            "disable-dev-shm-usage", "window-size=900,700",
        ):  # fmt: skip
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(executable_path=driver_path)
        browser = webdriver.Chrome(options=options, service=service)
        browser.set_page_load_timeout(30)
        opened.append(browser)
        return browser

    yield open_browser
    for browser in opened:
        browser.quit()
