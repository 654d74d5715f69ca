#!/usr/bin/env python3
"""Run one fuzz harness under atheris, which makes inputs that reach more of the code.

usage: python fuzz/guided.py NAME [option of libFuzzer ...]

The corpus is where it begins. What it finds on its way is kept in a temporary folder, an input
that fails as crash-… in the current one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # it has no annotations
import driving


def main() -> None:
    name, *options = sys.argv[1:] or [""]
    if name not in driving.NAMES:
        sys.exit(f"no harness {name!r}, expected one of {', '.join(driving.NAMES)}")
    # The harness brings the code under test, which must not have been imported before.
    with atheris.instrument_imports(include=["tornado", name]):
        harness = driving.load(name)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found"
        found.mkdir()
        words = Path(folder) / "words"
        words.write_text("".join(f'"{_escaped(token)}"\n' for token in harness.TOKENS))
        bounds = [f"-max_len={driving.MAX_SIZE}", f"-dict={words}"]
        folders = [str(found), str(driving.CORPUS / name)]
        atheris.Setup([sys.argv[0], *bounds, *options, *folders], harness.check)
        atheris.Fuzz()


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main()
