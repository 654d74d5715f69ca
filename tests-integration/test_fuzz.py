"""The fuzz harnesses: kept inputs pass, some new ones pass, and a defect would be noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parent.parent / "fuzz"
NAMES = (
    "addresses",
    "content",
    "cookies",
    "fields",
    "forms",
    "handshake",
    "http_engine",
    "logins",
    "multipart",
    "static_files",
    "template",
    "text",
    "urls",
    "websocket_engine",
)


def fuzz(*arguments: str, folder: Path = FUZZ) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(folder / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_every_harness_is_run():
    assert {path.name for path in (FUZZ / "corpus").iterdir()} == set(NAMES)
    written = {path.stem for path in FUZZ.glob("*.py")} - {"driving", "guided", "run"}
    assert written == set(NAMES)


def test_kept_inputs_pass():
    done = fuzz("--replay")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(NAMES)
    for name, line in zip(NAMES, lines, strict=True):
        kept = len(list((FUZZ / "corpus" / name).iterdir()))
        assert kept >= 5
        assert line == f"{name}: {kept} kept inputs, 0 failed"


@pytest.mark.parametrize("name", NAMES)
def test_new_inputs_pass(name, tmp_path):
    # On a copy: what fails is shown here, and does not change the checkout.
    folder = shutil.copytree(FUZZ, tmp_path / "fuzz")
    done = fuzz("--seconds", "0.5", "--seed", "1", name, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    new = int(done.stdout.partition(" kept and ")[2].partition(" ")[0])
    assert new > 50


def test_a_defect_is_found_kept_and_replayed(tmp_path):
    folder = shutil.copytree(FUZZ, tmp_path / "fuzz")
    with (folder / "cookies.py").open("a") as harness:
        harness.write('\n\n_sound = check\n\n\ndef check(data):\n    assert b"$$" not in data\n')
        harness.write("    _sound(data)\n")
    with (folder / "corpus" / "cookies" / "dollar").open("wb") as kept:
        kept.write(b"$")
    found = fuzz("--seconds", "20", "--seed", "1", "cookies", folder=folder)
    assert found.returncode == 1, found.stdout
    assert "AssertionError" in found.stdout
    (crash,) = (folder / "corpus" / "cookies").glob("crash-*")
    assert b"$$" in crash.read_bytes()
    again = fuzz("--replay", "cookies", folder=folder)
    assert again.returncode == 1
    assert again.stdout.endswith("8 kept inputs, 1 failed\n")
