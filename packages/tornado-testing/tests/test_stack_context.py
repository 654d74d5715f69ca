"""Exceptions of what a test starts: raised by ``wait``, failed with, or logged."""

import asyncio
import logging
import unittest

import pytest

from tornado import gen
from tornado.concurrent import Future
from tornado.ioloop import IOLoop
from tornado.log import app_log
from tornado.stack_context import ExceptionStackContext, NullContext, wrap
from tornado.testing import AsyncTestCase, ExpectLog, gen_test


class Boom(Exception):
    pass


def boom(*args):
    raise Boom("boom")


@gen.coroutine
def decorated_boom():
    yield gen.moment
    raise Boom("decorated")


async def native_boom():
    await asyncio.sleep(0)
    raise Boom("native")


def run(case, name="test"):
    """Run one method of a test case class; return the texts of its errors and failures."""
    result = unittest.TestResult()
    case(name).run(result)
    assert result.testsRun == 1
    return [text for _, text in result.errors + result.failures]


def in_null_context(callback):
    def start(io_loop):
        with NullContext():
            io_loop.add_callback(callback)

    return start


def wrapped_done_callback(io_loop):
    future = Future()
    future.add_done_callback(wrap(boom))
    io_loop.add_callback(future.set_result, None)


INSIDE = {
    "callback": lambda io_loop: io_loop.add_callback(boom),
    "timeout": lambda io_loop: io_loop.call_later(0, boom),
    "nested": lambda io_loop: io_loop.add_callback(io_loop.add_callback, boom),
    "future": lambda io_loop: io_loop.add_future(gen.sleep(0), boom),
    "done-callback": wrapped_done_callback,
    "decorated": lambda io_loop: io_loop.add_callback(decorated_boom),
    "native": lambda io_loop: io_loop.add_callback(native_boom),
}
OUTSIDE = {
    "callback": in_null_context(boom),
    "decorated": in_null_context(decorated_boom),
    "spawned": lambda io_loop: io_loop.spawn_callback(boom),
    "spawned coroutine": lambda io_loop: io_loop.spawn_callback(native_boom),
}


@pytest.mark.parametrize("start", INSIDE.values(), ids=INSIDE)
def test_wait_raises_what_the_test_started(start, caplog):
    class Case(AsyncTestCase):
        def test(self):
            start(self.io_loop)
            with self.assertRaises(Boom):
                self.wait()

    assert run(Case) == []
    assert caplog.records == []


@pytest.mark.parametrize("start", OUTSIDE.values(), ids=OUTSIDE)
def test_what_is_outside_is_logged(start, caplog):
    class Case(AsyncTestCase):
        def test(self):
            start(self.io_loop)
            self.io_loop.call_later(0.02, self.stop, "undisturbed")
            self.assertEqual(self.wait(), "undisturbed")

    assert run(Case) == []
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("tornado.application", logging.ERROR)
    assert record.getMessage().startswith("Exception in callback")
    assert record.exc_info[0] is Boom


@pytest.mark.parametrize("start", OUTSIDE.values(), ids=OUTSIDE)
def test_what_is_outside_reaches_the_override_of_the_loop_instance(start, caplog):
    class Case(AsyncTestCase):
        def test(self):
            self.io_loop.handle_callback_exception = self.stop
            start(self.io_loop)
            self.wait()

    assert run(Case) == []
    assert caplog.records == []


def test_a_context_of_the_test_comes_first():
    seen = []

    class Case(AsyncTestCase):
        def test(self):
            def handle(typ, value, tb):
                seen.append(typ)
                self.stop("handled")
                return True

            with ExceptionStackContext(handle):
                self.io_loop.add_callback(boom)
            self.assertEqual(self.wait(), "handled")

    assert run(Case) == []
    assert seen == [Boom]


def test_an_exception_before_wait_is_raised_by_the_next():
    class Case(AsyncTestCase):
        def test(self):
            self.io_loop.add_callback(boom)
            self.io_loop.run_sync(lambda: gen.sleep(0))
            with self.assertRaises(Boom):
                self.wait(condition=lambda: False)

    assert run(Case) == []


class NobodyWaits(AsyncTestCase):
    __test__ = False  # run by the tests below

    def test(self):
        self.io_loop.add_callback(boom)
        self.io_loop.run_sync(lambda: gen.sleep(0))

    @gen_test
    def test_generator(self):
        self.io_loop.add_callback(boom)
        yield gen.sleep(0)

    @gen_test
    async def test_native(self):
        self.io_loop.call_later(0, boom)
        await asyncio.sleep(0.01)


class OverridesTearDown(NobodyWaits):
    def tearDown(self):
        self.io_loop.close()


@pytest.mark.parametrize("name", ["test", "test_generator", "test_native"])
@pytest.mark.parametrize("case", [NobodyWaits, OverridesTearDown])
def test_an_exception_that_nobody_waits_for_fails_the_test(case, name):
    (text,) = run(case, name)
    assert "Boom: boom" in text
    assert "in boom" in text


def test_further_exceptions_are_logged(caplog):
    def second():
        raise KeyError("second")

    class Case(AsyncTestCase):
        def test(self):
            self.io_loop.add_callback(boom)
            self.io_loop.add_callback(second)
            self.io_loop.add_callback(second)
            with self.assertRaises(Boom):
                self.wait()

    assert run(Case) == []
    assert [record.name for record in caplog.records] == ["tornado.application"] * 2
    for record in caplog.records:
        assert record.levelno == logging.ERROR
        assert record.getMessage().startswith("multiple unhandled exceptions")
        assert record.exc_info[0] is KeyError


EXPECTED = [
    ("tornado.application", "Exception in callback", None),
    (app_log, "Exception in callback", logging.ERROR),
    (app_log, "Exception", None),
    (app_log, ".* in callback .*", None),
    (app_log, "Exception in callback .*", None),
    (app_log, "Exception in callback \\S", None),
]


@pytest.mark.parametrize("start", [INSIDE[name] for name in ("callback", "decorated", "native")])
@pytest.mark.parametrize(("logger", "pattern", "level"), EXPECTED)
def test_an_exception_whose_record_is_expected_is_logged(logger, pattern, level, start, caplog):
    class Case(AsyncTestCase):
        def test(self):
            with ExpectLog(logger, pattern, level=level) as expected:
                start(self.io_loop)
                self.io_loop.call_later(0.02, self.stop, "undisturbed")
                self.assertEqual(self.wait(), "undisturbed")
            self.assertTrue(expected.logged_stack)

    assert run(Case) == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("logger", "pattern", "level"),
    [
        ("tornado.general", "Exception in callback", None),
        (app_log, "Exception in callback", logging.WARNING),
        (app_log, "other", None),
    ],
)
def test_other_expectations_change_nothing(logger, pattern, level):
    class Case(AsyncTestCase):
        def test(self):
            with ExpectLog(logger, pattern, required=False, level=level):
                self.io_loop.add_callback(boom)
                with self.assertRaises(Boom):
                    self.wait()

    assert run(Case) == []


def test_an_expectation_that_is_over_changes_nothing():
    class Case(AsyncTestCase):
        def test(self):
            with ExpectLog(app_log, "Exception in callback", required=False):
                pass
            self.io_loop.add_callback(boom)
            with self.assertRaises(Boom):
                self.wait()

    assert run(Case) == []


def test_a_caller_that_reports_by_other_words_is_let_through(caplog):
    class Case(AsyncTestCase):
        def call_and_log(self, callback):
            try:
                callback()
            except Boom:
                app_log.error("Uncaught exception", exc_info=True)
            self.stop("logged")

        def test(self):
            with ExpectLog(app_log, "Uncaught exception"):
                self.io_loop.add_callback(self.call_and_log, wrap(boom))
                self.assertEqual(self.wait(), "logged")

    assert run(Case) == []
    assert caplog.records == []


def test_debug_raises_what_nobody_waited_for():
    with pytest.raises(Boom):
        NobodyWaits("test").debug()


def test_what_a_runner_raises_is_its_own():
    class Result(unittest.TestResult):
        def addSuccess(self, test):
            raise Boom("from the runner")

    class Case(AsyncTestCase):
        def test(self):
            pass

    with pytest.raises(Boom, match="from the runner"):
        Case("test").run(Result())


def test_the_loop_that_was_current_outlives_the_test():
    own = asyncio.new_event_loop()
    asyncio.set_event_loop(own)

    class Case(AsyncTestCase):
        def get_new_ioloop(self):
            return IOLoop.current()

        def test(self):
            assert self.io_loop.asyncio_loop is own
            self.io_loop.add_callback(self.stop)
            self.wait()

    try:
        for _ in range(2):  # the second finds the IOLoop that the first made
            assert run(Case) == []
            assert not own.is_closed()
            assert IOLoop.current(instance=False).asyncio_loop is own
    finally:
        IOLoop.current().close()
        asyncio.set_event_loop(None)
        own.close()


def test_a_loop_that_get_new_ioloop_made_current_is_closed():
    class Case(AsyncTestCase):
        def get_new_ioloop(self):
            return IOLoop(make_current=True)

        def test(self):
            loops.append(self.io_loop)

    loops = []
    assert run(Case) == []
    assert loops[0].asyncio_loop.is_closed()
    assert IOLoop.current(instance=False) is None


def test_names_that_programs_take_from_the_module():
    import tornado.testing
    from tornado.testing import unittest as lent

    assert lent is unittest
    assert tornado.testing.gen is gen
