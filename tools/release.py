#!/usr/bin/env python3
"""Make a release: reproducible wheels and sdists, checked, and an index to install them from.

usage: python3 tools/release.py [--out DIR] [--skip-install]

Builds everything twice and compares the files byte for byte, checks their metadata, lays out DIR/simple
(a static index, PEP 503) and installs `tornado[all]` from it into a fresh environment, once with the
newest and once with the oldest versions of the requirements. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import _bootstrap

SMOKE = (
    "import tornado, tornado.web, tornado.database, tornado.curl_httpclient; print(tornado.version)"
)


def build_twice(out: Path) -> list[Path]:
    """Build all distributions into `out` and once more elsewhere; fail where a byte differs."""
    import build  # needs the tools' environment

    files = build.build([], out)
    with tempfile.TemporaryDirectory() as again:
        for second in build.build([], Path(again)):
            first = out / second.name
            if first.read_bytes() != second.read_bytes():
                raise SystemExit(f"{second.name} differs from one build to the next")
    return files


def check(files: list[Path]) -> None:
    """Let twine and check-wheel-contents look at the files."""
    paths = [str(path) for path in files]
    wheels = [path for path in paths if path.endswith(".whl")]
    uvx = [sys.executable, "-m", "uv", "tool", "run"]
    subprocess.run([*uvx, "twine", "check", "--strict", *paths], check=True)
    # W004: a wheel of the namespace has no __init__.py of its own; W007: the meta-package is empty.
    ignore = ["--ignore", "W004,W005,W007,W008,W009,W010"]
    subprocess.run([*uvx, "check-wheel-contents", *ignore, *wheels], check=True)


def make_index(files: list[Path], out: Path) -> Path:
    """Lay out a static index below `out`/simple; return that folder."""
    simple = out / "simple"
    shutil.rmtree(simple, ignore_errors=True)
    names: dict[str, list[Path]] = {}
    for path in files:
        name = path.name.split("-")[0].replace("_", "-")
        names.setdefault(name, []).append(path)
    for name, members in names.items():
        folder = simple / name
        folder.mkdir(parents=True)
        links = []
        for path in members:
            shutil.copy2(path, folder)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            text = html.escape(path.name)
            links.append(f'<a href="{text}#sha256={digest}">{text}</a><br>')
        (folder / "index.html").write_text("\n".join(links) + "\n", "utf-8")
    index = "\n".join(f'<a href="{name}/">{name}</a><br>' for name in sorted(names))
    (simple / "index.html").write_text(index + "\n", "utf-8")
    return simple


def try_install(simple: Path, resolution: str) -> None:
    """Install the whole from the index into a fresh environment and import it."""
    with tempfile.TemporaryDirectory() as folder:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, folder], check=True)
        python = _bootstrap.interpreter(Path(folder))
        install = [*uv, "pip", "install", "-q", "--python", str(python), "--resolution", resolution]
        # uv takes a project from the first index that has it: ours, for all of ours.
        install += ["--index", simple.resolve().as_uri(), "tornado[all]"]
        subprocess.run(install, check=True)
        shown = subprocess.run(
            [str(python), "-c", SMOKE], check=True, capture_output=True, text=True
        )
        print(f"tornado {shown.stdout.strip()} installs with the {resolution} requirements")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=_bootstrap.ROOT / "dist")
    parser.add_argument("--skip-install", action="store_true", help="do not try the index")
    arguments = parser.parse_args()
    _bootstrap.enter()
    import version  # needs the tools' environment on Python 3.10 (tomli)

    problems = version.check(_bootstrap.ROOT)
    if problems:
        raise SystemExit("\n".join(problems))
    files = build_twice(arguments.out)
    check(files)
    simple = make_index(files, arguments.out)
    print(f"index: {simple}")
    if not arguments.skip_install:
        for resolution in ("highest", "lowest-direct"):
            try_install(simple, resolution)


if __name__ == "__main__":
    main()
