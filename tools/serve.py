#!/usr/bin/env python3
"""Set up and serve a demo: from a fresh clone to a page in a browser.

usage: python3 tools/serve.py [NAME] [--port=8888] [other options of the demo]

NAME is a folder of demos/ (default: chat). The wheels of this checkout are built and installed into an
environment of the demo's own, .venv-demo-NAME, together with what its requirements.txt names.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import _bootstrap

DEMOS = _bootstrap.ROOT / "demos"


def set_up(name: str) -> Path:
    """Build the wheels, make the demo's environment anew, return its Python."""
    import build  # needs the tools' environment

    out = _bootstrap.ROOT / "dist"
    print("building ...", flush=True)
    build.build([], out, wheels_only=True)
    environment = _bootstrap.ROOT / f".venv-demo-{name}"
    python = _bootstrap.interpreter(environment)
    uv = [sys.executable, "-m", "uv"]
    if not python.exists():
        subprocess.run(
            [*uv, "venv", "-q", "--python", sys.executable, str(environment)], check=True
        )
    install = [*uv, "pip", "install", "-q", "--python", str(python), "--reinstall", "tornado"]
    install += ["--find-links", str(out), "--constraint", str(out / "constraints.txt")]
    requirements = DEMOS / name / "requirements.txt"
    if requirements.exists():
        install += ["-r", str(requirements)]
    subprocess.run(install, check=True)
    return python


def main() -> None:
    arguments = sys.argv[1:]
    name = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "chat"
    known = sorted(path.parent.name for path in DEMOS.glob("*/main.py"))
    if "-h" in arguments or "--help" in arguments:
        print(__doc__)
        print("demos:", ", ".join(known))
        return
    if name not in known:
        sys.exit(f"no demo is called {name!r}; there are: {', '.join(known)}")
    _bootstrap.enter()
    python = set_up(name)
    os.execv(python, [str(python), str(DEMOS / name / "main.py"), *arguments])


if __name__ == "__main__":
    main()
