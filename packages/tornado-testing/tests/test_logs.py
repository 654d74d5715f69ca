import io
import logging
import unittest

import pytest

from tornado.log import app_log, gen_log
from tornado.testing import ExpectLog, LogTrapTestCase


def test_an_expected_message_is_held_back(caplog):
    with ExpectLog(gen_log, "malformed .*") as expected:
        gen_log.warning("malformed %s", "thing")
        gen_log.warning("something else")
    assert expected.matched
    assert expected.match_count == 1
    assert [record.message for record in caplog.records] == ["something else"]


def test_a_missing_message_fails():
    with pytest.raises(AssertionError, match="no message like 'x'"), ExpectLog(gen_log, "x"):
        gen_log.warning("y")


def test_a_message_that_need_not_come():
    with ExpectLog(gen_log, "x", required=False) as expected:
        pass
    assert not expected.matched


def test_an_error_in_the_block_is_the_one_that_shows():
    with pytest.raises(KeyError), ExpectLog(gen_log, "x"):
        raise KeyError("mine")


def test_a_logger_by_name(caplog):
    with ExpectLog("tornado.application", "x"):
        app_log.error("x")
    assert caplog.records == []


def test_logged_stack():
    with ExpectLog(app_log, "plain") as plain:
        app_log.error("plain")
    with ExpectLog(app_log, "failed") as failed:
        try:
            raise KeyError
        except KeyError:
            app_log.error("failed", exc_info=True)
    assert (plain.logged_stack, failed.logged_stack) == (False, True)


def test_level():
    level = gen_log.level
    with ExpectLog(gen_log, "quiet", level=logging.DEBUG):
        gen_log.debug("quiet")
    assert gen_log.level == level
    with (
        pytest.raises(AssertionError),
        ExpectLog(gen_log, "loud", level=logging.INFO),
        ExpectLog(gen_log, "loud", level=logging.ERROR),
    ):
        gen_log.error("loud")


def run_trapped(case):
    root = logging.getLogger()
    shown = io.StringIO()
    handlers, root.handlers = root.handlers, [logging.StreamHandler(shown)]
    try:
        result = unittest.TestResult()
        case("test").run(result)
    finally:
        root.handlers = handlers
    return result, shown.getvalue()


def test_trap_drops_the_log_of_a_test_that_passes():
    class Passing(LogTrapTestCase):
        def test(self):
            logging.getLogger().warning("noise")

    result, shown = run_trapped(Passing)
    assert result.wasSuccessful()
    assert shown == ""


def test_trap_shows_the_log_of_a_test_that_fails():
    class Failing(LogTrapTestCase):
        def test(self):
            logging.getLogger().warning("why")
            self.fail()

    result, shown = run_trapped(Failing)
    assert not result.wasSuccessful()
    assert "why\n" in shown
    assert "RUNNING TEST" in shown


def test_trap_leaves_other_set_ups_alone():
    class Passing(LogTrapTestCase):
        def test(self):
            logging.getLogger().warning("noise")

    root = logging.getLogger()
    shown = io.StringIO()
    handlers = root.handlers
    root.handlers = [logging.StreamHandler(shown), logging.NullHandler()]
    try:
        Passing("test").run(unittest.TestResult())
    finally:
        root.handlers = handlers
    assert shown.getvalue() == "noise\n"
