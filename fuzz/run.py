#!/usr/bin/env python3
"""Run the fuzz harnesses with random mutations of their corpora.

usage: python fuzz/run.py [--seconds 20] [--seed N] [--replay] [NAME ...]

Every harness first replays its corpus. --replay does nothing else. An input that fails is written
into the corpus, its traceback is printed, and the status is 1. A run is repeated by its seed.
"""

from __future__ import annotations

import argparse
import random
import sys

import driving


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="for each harness")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--replay", action="store_true", help="only the corpus")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of harnesses; default all")
    arguments = parser.parse_args()
    failed = False
    for name in arguments.names or driving.NAMES:
        if name not in driving.NAMES:
            parser.error(f"no harness {name!r}, expected one of {', '.join(driving.NAMES)}")
        defects = list(driving.replay(name))
        for defect in defects:
            print(f"{name}: a kept input fails: {defect.data!r}\n{defect.report}")
        failed = failed or bool(defects)
        replayed = len(driving.corpus(name))
        if arguments.replay or defects:
            print(f"{name}: {replayed} kept inputs, {len(defects)} failed", flush=True)
            continue
        count, found = driving.campaign(name, arguments.seconds, arguments.seed)
        print(f"{name}: {replayed} kept and {count} new inputs, seed {arguments.seed}", flush=True)
        if found:
            failed = True
            path = driving.keep(name, found.data)
            print(f"{name}: an input fails, kept as {path}: {found.data!r}\n{found.report}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
