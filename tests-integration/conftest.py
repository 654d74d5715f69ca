"""What the integration tests share: the built wheels, fresh environments, processes that end, a browser."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

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
    """Return a port for a server that is started afterwards.

    It is below those that the kernel chooses by itself, so that no connection of another test, or of
    another program, takes it in the meantime.
    """
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given_ports:
            _given_ports.add(port)
            return port


_given_ports: set[int] = set()


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def run() -> Callable[..., contextlib.AbstractContextManager[subprocess.Popen[str]]]:
    return running


def wait_until(condition: Callable[[], object], seconds: float = 30) -> object:
    """Wait until `condition` returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {condition}"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="session")
def until() -> Callable[..., object]:
    return wait_until


def is_listening(port: int) -> bool:
    """Return whether somebody accepts connections on `port` of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def listening() -> Callable[[int], bool]:
    return is_listening


@pytest.fixture(scope="session")
def in_view() -> Callable[[Any, str], bool]:
    """Return a function that says whether an element lies inside a browser's window."""
    script = (
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return box.top >= 0 && box.bottom <= window.innerHeight"
    )
    return lambda browser, selector: browser.execute_script(script, selector)


class Program:
    """A Python program that a test started, in a process group of its own, and the lines it printed.

    ``prefix`` is a command that in the end runs the one behind it, as the same process.
    """

    def __init__(self, arguments: list[str], prefix: Sequence[str] = (), **options: object) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-W", "error", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **{"stderr": subprocess.STDOUT, **options},
        )
        self.pid = self.process.pid
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def found(self, pattern: str) -> list[str]:
        """Return what the first group of `pattern` matched in each line that has it."""
        matches = (re.search(pattern, line) for line in list(self.lines))
        return [match[1] for match in matches if match]

    def wait_for(self, pattern: str, count: int = 1) -> list[str]:
        """Wait until `count` lines have `pattern`; return what its first group matched."""

        def have() -> list[str]:
            found = self.found(pattern)
            if len(found) < count and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.lines}")
            return found if len(found) >= count else []

        try:
            found = wait_until(have)
        except AssertionError as error:
            raise AssertionError(f"{count} of {pattern!r}: {error}; {self.lines}") from None
        assert isinstance(found, list)
        return found

    def state(self, kind: str) -> int:
        """Return the count of ``descriptors``, or the ``clock_ticks`` of CPU time it has used."""
        if kind == "descriptors":
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def end(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        """Send a signal, wait for the end, return the exit status."""
        self.process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float = 20) -> int:
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status

    def clear_away(self) -> None:
        """Kill what is left of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        if self.process.stdout and not self._reader.is_alive():
            self.process.stdout.close()


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Return a function that starts a Python program; at the test's end all of them are gone."""
    started: list[Program] = []

    def start(*arguments: str, **options: object) -> Program:
        started.append(Program(list(arguments), **options))
        return started[-1]

    yield start
    for each in started:
        each.clear_away()


class BrokenAnswer(Exception):
    """A connection ended before an answer was whole; ``received`` is what there was of it."""

    def __init__(self, received: bytes, reason: object) -> None:
        super().__init__(f"{reason} after {received[:60]!r}")
        self.received = received


class Peer:
    """A client's kept-alive connection over a plain socket: it knows how far an answer came."""

    def __init__(self, port: int, timeout: float = 20) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.answers = 0
        self.is_last = False
        self._rest = b""

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def get(self, target: str) -> tuple[int, bytes]:
        return self.ask(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def ask(self, *parts: bytes) -> tuple[int, bytes]:
        """Send a request, in these parts; return status and content, or raise `BrokenAnswer`."""
        error: OSError | None = None
        try:
            for part in parts:
                self.socket.sendall(part)
        except OSError as sending:
            error = sending  # an answer may have come before
        return self.read_answer(error)

    def read_answer(self, error: OSError | None = None) -> tuple[int, bytes]:
        received = self._rest
        while True:
            found = self._parse(received)
            if found is not None:
                status, content, self._rest = found
                self.answers += 1
                return status, content
            try:
                data = self.socket.recv(65536)
            except OSError as reading:
                raise BrokenAnswer(received, error or reading) from None
            if not data:
                raise BrokenAnswer(received, error or "the end")
            received += data

    def _parse(self, data: bytes) -> tuple[int, bytes, bytes] | None:
        """Return (status, content, what comes behind) if the answer is whole."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return None
        status = int(head[9:12])
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        self.is_last = fields.get(b"connection") == b"close"
        if b"content-length" in fields:
            size = int(fields[b"content-length"])
            return (status, rest[:size], rest[size:]) if len(rest) >= size else None
        assert fields[b"transfer-encoding"] == b"chunked"
        content = b""
        while True:
            line, found, rest = rest.partition(b"\r\n")
            if not found or len(rest) < int(line, 16) + 2:
                return None
            content += rest[: int(line, 16)]
            rest = rest[int(line, 16) + 2 :]
            if line == b"0":
                return status, content, rest


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Return a function that connects to a port; at the test's end all connections are closed."""
    opened: list[Peer] = []

    def connect(port: int, timeout: float = 20) -> Peer:
        opened.append(Peer(port, timeout))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def broken_answer() -> type[BrokenAnswer]:
    return BrokenAnswer


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
