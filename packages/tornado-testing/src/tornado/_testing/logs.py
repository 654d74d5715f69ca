"""Log records in, verdicts out: messages that must come, and noise that only failing tests show."""

from __future__ import annotations

import io
import logging
import re
import unittest
from collections.abc import Iterable
from types import TracebackType

from tornado.util import basestring_type

#: Those whose block is being executed, in the order in which they were entered.
_active: list[ExpectLog] = []


def is_expected(logger: logging.Logger, beginnings: Iterable[str]) -> bool:
    """Return whether an active `ExpectLog` expects an error record that begins in one of these ways.

    The rest of the record is not known beforehand, so a pattern counts as well if it begins with
    the words themselves.
    """
    return any(expected._awaits(logger, text) for text in beginnings for expected in _active)


class ExpectLog(logging.Filter):
    """A context manager within which a message must be logged; the message itself is held back.

    .. code-block:: python

        with ExpectLog(gen_log, "malformed"):
            self.fetch("/")

    :param logger: the logger, or its name, that the message is sent to ("" is the root logger; a
        message that reaches it from a logger below does not count).
    :param regex: matched at the start of the formatted message.
    :param required: if false, the message may stay away.
    :param level: the level the message must have; the logger lets it through within the block, whatever
        its own level is. ``None`` means any that the logger lets through.

    Raises `AssertionError` at the end of the block where a required message did not come. After it,
    ``matched`` tells whether it came, ``match_count`` how often, and ``logged_stack`` whether one came
    with a traceback.

    .. versionadded:: 3.2
    .. versionchanged:: 4.3
       Added ``logged_stack``.
    .. versionchanged:: 6.3
       Added ``level``.
    """

    def __init__(
        self,
        logger: logging.Logger | str,
        regex: str,
        required: bool = True,
        level: int | None = None,
    ) -> None:
        super().__init__()
        if isinstance(logger, basestring_type):
            logger = logging.getLogger(logger)
        self.logger = logger
        self.regex = re.compile(regex)
        self.required = required
        self.level = level
        self.match_count = 0
        self.logged_stack = False
        self._level_before: int | None = None

    @property
    def matched(self) -> bool:
        """Whether the message came."""
        return self.match_count > 0

    def _awaits(self, logger: logging.Logger, beginning: str) -> bool:
        """Return whether an error record on ``logger`` with this beginning may be the expected one."""
        if self.logger is not logger or self.level not in (None, logging.ERROR):
            return False
        pattern = self.regex.pattern.lstrip("^(")
        examples = (beginning, f"{beginning} <...>")
        return any(map(self.regex.match, examples)) or pattern.startswith(beginning)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False, which drops the record, where it is the expected one."""
        if self.level is not None and record.levelno != self.level:
            return True
        if not self.regex.match(record.getMessage()):
            return True
        self.match_count += 1
        if record.exc_info and record.exc_info[0] is not None:
            self.logged_stack = True
        return False

    def __enter__(self) -> ExpectLog:
        if self.level is not None and not self.logger.isEnabledFor(self.level):
            self._level_before = self.logger.level
            self.logger.setLevel(self.level)
        self.logger.addFilter(self)
        _active.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.logger.removeFilter(self)
        if self in _active:
            _active.remove(self)
        if self._level_before is not None:
            self.logger.setLevel(self._level_before)
            self._level_before = None
        if error is None and self.required and not self.matched:
            raise AssertionError(f"no message like {self.regex.pattern!r} was logged")


class LogTrapTestCase(unittest.TestCase):
    """A test case that shows what was logged only where the test fails.

    It may be combined with `AsyncTestCase`: ``class MyTest(AsyncHTTPTestCase, LogTrapTestCase)``. It
    holds back what a single `logging.StreamHandler` of the root logger would print, as
    ``logging.basicConfig`` and Tornado's pretty logging set it up; with any other set-up of the root
    logger the test runs as it is.

    .. versionadded:: 2.3
    """

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test; see `unittest.TestCase.run`."""
        root = logging.getLogger()
        if not root.handlers:
            logging.basicConfig()
        handler = root.handlers[0]
        if len(root.handlers) != 1 or not isinstance(handler, logging.StreamHandler):
            return super().run(result)
        if result is None:
            result = self.defaultTestResult()
        shown = handler.stream
        held = io.StringIO()
        handler.setStream(held)
        held.write(f"RUNNING TEST: {self}\n")
        failed_before = len(result.failures) + len(result.errors)
        try:
            super().run(result)
        finally:
            handler.setStream(shown)
        if len(result.failures) + len(result.errors) != failed_before:
            shown.write(held.getvalue())
        return result
