"""From any Python 3.10+ to one that has what the tools need: makes .venv-tools once, then re-runs there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "tools" / "requirements.txt"
ENVIRONMENT = ROOT / ".venv-tools"


def interpreter(environment: Path) -> Path:
    """Return the Python inside a virtual environment."""
    if sys.platform == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def enter() -> None:
    """Return at once inside the tools' environment; elsewhere make it and run this command there."""
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    if sys.version_info < (3, 10):  # noqa: UP036 - this command is what tells so
        sys.exit(f"Python 3.10 or later is needed; this is {sys.version.split()[0]}")
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "requirements.sha256"
    python = interpreter(ENVIRONMENT)
    if not stamp.exists() or stamp.read_text("ascii") != wanted:
        print("setting up the tools' own environment (.venv-tools) ...", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True, symlinks=os.name != "nt")
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)],
            check=True,
        )
        stamp.write_text(wanted, "ascii")
    if os.name == "nt":
        sys.exit(subprocess.run([str(python), *sys.argv]).returncode)
    # In place: signals sent to this process reach the command itself.
    os.execv(python, [str(python), *sys.argv])
