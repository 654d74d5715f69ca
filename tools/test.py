#!/usr/bin/env python3
"""Set up and pass all tests: from a fresh clone to one line that says how it went.

usage: python3 tools/test.py [--quick] [ENV ...]

Without arguments: lint, types, every distribution alone, the whole on every supported Python found on
this machine, the documentation, the integration tests, the released suite and the quick ones of the
programs that others wrote (`programs` runs all of them). --quick leaves out the other Pythons. ENV names
environments of tox.ini instead. After a red run, the failed tests are listed once more at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import _bootstrap

ENVIRONMENTS = (
    "lint,type,core,escape,template,loop,broadcast,iostream,http,httpserver,httpclient,web,speedups,websocket,auth,"
    "wsgi,asgi,cli,testing,database,twisted,uvloop,docs,integration,released,programs-quick"
)
SUPPORTED = [(3, 10), (3, 11), (3, 12), (3, 13)]


def other_pythons() -> dict[str, Path]:
    """Return tox factor -> interpreter for each supported Python here, this one left out."""
    found: dict[str, Path] = {}
    for major, minor in SUPPORTED:
        if (major, minor) == sys.version_info[:2]:
            continue
        name = f"python{major}.{minor}"
        versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        candidates = [
            Path(folder) / name for folder in os.environ.get("PATH", "").split(os.pathsep)
        ]
        candidates += sorted(versions.glob(f"{major}.{minor}.*/bin/{name}"))
        for candidate in candidates:
            if candidate.is_file() and _runs(candidate):
                found[f"py{major}{minor}"] = candidate
                break
    return found


def _runs(python: Path) -> bool:
    """Whether this file is a working interpreter (version managers leave shims that are not)."""
    done = subprocess.run([str(python), "-c", "import ssl, venv"], capture_output=True)
    return done.returncode == 0


def run_and_note_failures(command: list[str], environ: dict[str, str]) -> tuple[int, list[str]]:
    """Run tox, print what it prints; return its exit status and a line for each failed test.

    The lines are those of pytest's short summaries, behind the name of their environment; in the
    output they can be thousands of lines above its end.
    """
    failed: list[str] = []
    environment = ""
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
            if match := re.match(r"([\w-]+): (?:commands|install_deps|venv)\b", plain):
                environment = match[1]
            elif plain.startswith(("FAILED ", "ERROR ")):
                failed.append(f"{environment}: {plain.rstrip()}")
    return process.returncode, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="this Python only")
    parser.add_argument("environments", nargs="*", metavar="ENV")
    arguments = parser.parse_args()
    _bootstrap.enter()
    import build  # needs the tools' environment

    started = time.monotonic()
    build.build([], _bootstrap.ROOT / "dist")
    environ = dict(os.environ)
    pythons = other_pythons()
    folders = [str(python.parent) for python in pythons.values()]
    environ["PATH"] = os.pathsep.join([environ.get("PATH", ""), *folders])
    environments = arguments.environments or ENVIRONMENTS.split(",")
    if not arguments.environments and not arguments.quick:
        environments += [f"{factor}-full" for factor in pythons]
    command = [sys.executable, "-m", "tox", "run", "--recreate", "-c", str(_bootstrap.ROOT)]
    command += ["--colored", "yes" if sys.stdout.isatty() else "no", "-e", ",".join(environments)]
    code, failed = run_and_note_failures(command, environ)
    if failed:
        print("what failed:", *failed, sep="\n  ")
    print(f"{'all green' if code == 0 else 'RED'} after {time.monotonic() - started:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
