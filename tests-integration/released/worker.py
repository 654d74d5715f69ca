"""Run unittest modules or single tests, one JSON line for each start and each outcome.

usage: python worker.py RESULTS SECONDS NAME ...

A test that RESULTS already has is left out, so that a run which a hanging test ended can be taken up
behind it. A test that takes longer than SECONDS ends the process, with the stacks of all threads on
standard error.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import sys
import traceback
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class Recorder(unittest.TestResult):
    """A result that lives in a file, complete up to the moment at which the process dies."""

    def __init__(self, file: IO[str], limit: float) -> None:
        super().__init__()
        self._file = file
        self._limit = limit
        self._outcome = "passed"
        self._text = ""

    def _write(self, **fields: str) -> None:
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._outcome, self._text = "passed", ""
        self._write(test=test.id(), outcome="started")
        faulthandler.dump_traceback_later(self._limit, exit=True)

    def stopTest(self, test: unittest.TestCase) -> None:
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)
        self._write(test=test.id(), outcome=self._outcome, text=self._text)

    def _failed(self, test: unittest.TestCase, error: object) -> None:
        text = "".join(traceback.format_exception(*error))
        self._outcome, self._text = "failed", (self._text + "\n" + text).strip()
        if not isinstance(test, unittest.TestCase):  # a class's or module's own set-up
            self._write(test=test.id(), outcome=self._outcome, text=self._text)

    def addError(self, test: unittest.TestCase, error: object) -> None:
        self._failed(test, error)

    def addFailure(self, test: unittest.TestCase, error: object) -> None:
        self._failed(test, error)

    def addSubTest(self, test: unittest.TestCase, subtest: object, error: object) -> None:
        if error is not None:
            self._failed(test, error)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._outcome, self._text = "skipped", reason

    def addExpectedFailure(self, test: unittest.TestCase, error: object) -> None:
        self._outcome = "passed"

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self._outcome, self._text = "failed", "passed, against its own expectation"


def each(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Yield the test cases of a suite in their order."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each(item)
        else:
            yield item


def main() -> None:
    path, limit, *names = sys.argv[1:]
    results = Path(path)
    # As strict about warnings as the released suite's own runner.
    warnings.filterwarnings("error")
    warnings.filterwarnings("ignore", category=ImportWarning)
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.filterwarnings("ignore", category=category)
        warnings.filterwarnings("error", category=category, module=r"tornado\..*")
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    known = set()
    if results.exists():
        known = {json.loads(line)["test"] for line in results.read_text("utf-8").splitlines()}
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    rest = unittest.TestSuite(test for test in each(suite) if test.id() not in known)
    with results.open("a", encoding="utf-8") as file:
        rest.run(Recorder(file, float(limit)))


if __name__ == "__main__":
    main()
