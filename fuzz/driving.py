"""A harness and its corpus go in; inputs are made from them, and the first one that fails comes out.

A harness is a module with two names:

* ``check(data)`` takes any bytes and raises if the code under test does what it must not.
* ``TOKENS`` is a list of byte strings that mean something in its language.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Protocol, cast

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
#: Every harness has a corpus.
NAMES = tuple(sorted(path.name for path in CORPUS.iterdir()))

#: Bytes that an input may have: what is wrong shows in small ones, and those are quick.
MAX_SIZE = 4096
#: Seconds that one input may take. What takes longer is a defect too.
LONGEST_SECONDS = 5.0


class Harness(Protocol):
    TOKENS: list[bytes]

    def check(self, data: bytes) -> None: ...


class TooSlowError(Exception):
    """One input took longer than `LONGEST_SECONDS`."""


class Defect(NamedTuple):
    data: bytes
    report: str


def load(name: str) -> Harness:
    """Return the harness of this name."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return cast(Harness, importlib.import_module(name))


def corpus(name: str) -> list[tuple[str, bytes]]:
    """Return the file names and contents of a harness's corpus, in a fixed order."""
    return [(path.name, path.read_bytes()) for path in sorted((CORPUS / name).iterdir())]


def keep(name: str, data: bytes) -> Path:
    """Write an input that failed into the corpus, where every later run replays it."""
    path = CORPUS / name / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def mutated(data: bytes, others: list[bytes], tokens: list[bytes], rng: random.Random) -> bytes:
    """Return `data` with one to five changes: bytes, tokens, cuts, repeats, parts of other inputs."""
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        start = rng.randint(0, len(result))
        stop = min(len(result), start + rng.choice((0, 1, 1, 2, 4, 16, 64)))
        kind = rng.randrange(7)
        if kind == 0:
            result[start:stop] = rng.randbytes(rng.choice((1, 1, 2, 4)))
        elif kind <= 2:
            result[start:stop] = rng.choice(tokens)
        elif kind == 3:
            del result[start:stop]
        elif kind == 4:
            result[start:start] = result[start:stop] * rng.choice((1, 2, 8, 64))
        elif kind == 5 and result:
            result[start % len(result)] ^= 1 << rng.randrange(8)
        else:
            other = rng.choice(others)
            place = rng.randint(0, len(other))
            result[start:stop] = other[place : place + rng.choice((4, 16, 64, 256))]
        del result[MAX_SIZE:]
    return bytes(result)


def _alarm(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"an input took over {LONGEST_SECONDS} seconds")


def attempt(check: Callable[[bytes], None], data: bytes) -> Defect | None:
    """Give one input to a harness; return what was wrong with it, if anything was."""
    signal.setitimer(signal.ITIMER_REAL, LONGEST_SECONDS)
    try:
        check(data)
    except Exception:
        return Defect(data, traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def replay(name: str) -> Iterator[Defect]:
    """Give every kept input to a harness; yield what fails."""
    signal.signal(signal.SIGALRM, _alarm)
    harness = load(name)
    for _, data in corpus(name):
        defect = attempt(harness.check, data)
        if defect:
            yield defect


def campaign(name: str, seconds: float, seed: int) -> tuple[int, Defect | None]:
    """Give mutated inputs to a harness for so long.

    :returns: how many inputs there were, and what was wrong with the last one, if anything was.
    """
    signal.signal(signal.SIGALRM, _alarm)
    harness = load(name)
    rng = random.Random(seed)
    seeds = [data for _, data in corpus(name)]
    pool = list(seeds)
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        data = mutated(rng.choice(pool), seeds, harness.TOKENS, rng)
        count += 1
        defect = attempt(harness.check, data)
        if defect:
            return count, defect
        # Some inputs are mutated further, so that changes add up.
        if rng.random() < 0.2:
            if len(pool) < 4 * len(seeds):
                pool.append(data)
            else:
                pool[rng.randrange(len(seeds), len(pool))] = data
    return count, None
