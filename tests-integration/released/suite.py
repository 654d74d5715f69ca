"""The released test suite: from the package index to the outcome of each of its tests here."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VERSION = "6.6.1"
SHA256 = "28e6311402af59c8b02e3fa0f5e7d8eb465b25081381803b127d97e6a4395d5a"
ARCHIVE = f"tornado-{VERSION}.tar.gz"
HERE = Path(__file__).resolve().parent

#: Seconds after which a released asynchronous test gives up by itself: many, for slow machines.
ASYNC_SECONDS = 60
#: Seconds after which a single test counts as hanging.
TEST_SECONDS = 150
#: Seconds that one process may take.
PROCESS_SECONDS = 900


def cache_folder() -> Path:
    """Return the folder in which downloads are kept from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tornado-tests"


def fetch() -> Path:
    """Return the source distribution, from the cache or from the package index, checked."""
    path = cache_folder() / ARCHIVE
    if not (path.exists() and _is_genuine(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = path.parent / f"requirements-{VERSION}.txt"
        wanted.write_text(f"tornado=={VERSION} --hash=sha256:{SHA256}\n", "ascii")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        command += ["--require-hashes", "-r", str(wanted), "-d", str(path.parent)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"cannot fetch {ARCHIVE}:\n{done.stdout}{done.stderr}")
    if not _is_genuine(path):
        raise RuntimeError(f"{path} has another checksum than {SHA256}")
    return path


def _is_genuine(path: Path) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def extract_tests(archive: Path, folder: Path) -> None:
    """Extract the tests, and nothing else, so that `folder` on the path makes ``tornado.test``."""
    prefix = f"tornado-{VERSION}/tornado/test/"
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if not (member.isfile() and member.name.startswith(prefix)):
                continue
            content = tar.extractfile(member)
            assert content is not None
            target = folder / "tornado" / "test" / member.name.removeprefix(prefix)
            if not target.resolve().is_relative_to(folder.resolve()):
                raise RuntimeError(f"{member.name} leaves the folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def expected() -> dict[str, str]:
    """Return test -> the reason why it does not pass here."""
    groups = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))["group"]
    found: dict[str, str] = {}
    for group in groups:
        for test in group["tests"]:
            if test in found:
                raise ValueError(f"{test} is listed twice")
            found[test] = f"{group['kind']}: {group['reason']}"
    return found


@dataclass(frozen=True)
class Outcome:
    """What became of one test: passed, failed, skipped or hung."""

    kind: str
    text: str = ""


def run(folder: Path, results: Path, *names: str) -> dict[str, Outcome]:
    """Run modules or tests in a process of their own, in further ones behind a test that hangs."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "ASYNC_TEST_TIMEOUT": str(ASYNC_SECONDS),
        "NO_NETWORK": "1",
    }
    command = [sys.executable, str(HERE / "worker.py"), str(results), str(TEST_SECONDS), *names]
    outcomes: dict[str, Outcome] = {}
    while True:
        before = len(outcomes)
        status, text = _bounded(command, environ, folder)
        outcomes = _read(results)
        hung = [test for test, outcome in outcomes.items() if outcome.kind == "started"]
        for test in hung:
            outcomes[test] = Outcome("hung", text)
        if status == 0:
            return outcomes
        if not hung or len(outcomes) == before:
            outcomes[f"{names[0]} (the process)"] = Outcome(
                "failed", f"ended with {status}\n{text}"
            )
            return outcomes
        lines = (json.dumps({"test": t, "outcome": "hung", "text": text}) + "\n" for t in hung)
        with results.open("a", encoding="utf-8") as file:
            file.writelines(lines)


def _bounded(command: list[str], environ: dict[str, str], folder: Path) -> tuple[int, str]:
    """Run a command in a session of its own; return its status and the end of what it printed."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text = process.communicate(timeout=PROCESS_SECONDS)[0]
    except subprocess.TimeoutExpired:
        text = f"not ready after {PROCESS_SECONDS} s"
    finally:
        # What tests left running would hold the pipe open.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return process.returncode, text[-4000:]


def _read(results: Path) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    for line in results.read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["test"]] = Outcome(row["outcome"], row.get("text", ""))
    return found
