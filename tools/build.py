#!/usr/bin/env python3
"""Build distributions: from packages/* to wheels and sdists in dist/.

usage: python3 tools/build.py [--wheels-only] [--out DIR] [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import _bootstrap


def build_one(folder: Path, out: Path, *, wheels_only: bool) -> None:
    """Build one folder's wheel (and sdist) with hatchling, reproducibly."""
    environ = dict(os.environ, SOURCE_DATE_EPOCH=os.environ.get("SOURCE_DATE_EPOCH", "1577836800"))
    targets = ["wheel"] if wheels_only else ["wheel", "sdist"]
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    for target in targets:
        command += ["-t", target]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"building {folder.name} failed:\n{done.stdout}{done.stderr}")


def needs_compiler(folder: Path) -> bool:
    """Return whether a distribution holds C code."""
    return any(folder.glob("src/**/*.c"))


def has_compiler() -> bool:
    """Return whether C can be compiled here; if not, say what is left out."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cl"
    found = shutil.which(shlex.split(compiler)[0]) is not None or sys.platform == "win32"
    if not found:
        print(f"no C compiler ({compiler}): distributions in C are left out", file=sys.stderr)
    return found


def build(names: list[str], out: Path, *, wheels_only: bool = False) -> list[Path]:
    """Build the named distributions (all when empty) into `out`; return the files there.

    Also writes `out`/constraints.txt, which pins every sibling to the wheel just built: with it an
    installer cannot take a stranger's project of the same name from an index.
    """
    import _workspace  # needs the tools' environment on Python 3.10 (tomli)

    distributions = _workspace.load()
    out.mkdir(parents=True, exist_ok=True)
    chosen = [distributions[name] for name in names] or [
        each for each in distributions.values() if not needs_compiler(each.folder) or has_compiler()
    ]
    for distribution in chosen:
        stem = distribution.name.replace("-", "_")
        for old in [*out.glob(f"{stem}-*.whl"), *out.glob(f"{stem}-*.tar.gz")]:
            old.unlink()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = [pool.submit(build_one, d.folder, out, wheels_only=wheels_only) for d in chosen]
        for job in jobs:
            job.result()
    wheels = sorted(out.glob("*.whl"))
    lines = [f"{w.name.split('-')[0].replace('_', '-')} @ {w.resolve().as_uri()}" for w in wheels]
    (out / "constraints.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return sorted([*wheels, *out.glob("*.tar.gz")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels-only", action="store_true", help="leave the sdists out")
    parser.add_argument("--out", type=Path, default=_bootstrap.ROOT / "dist")
    parser.add_argument("names", nargs="*", metavar="NAME", help="distributions (default: all)")
    arguments = parser.parse_args()
    _bootstrap.enter()
    for path in build(arguments.names, arguments.out, wheels_only=arguments.wheels_only):
        print(path)


if __name__ == "__main__":
    main()
