"""AsyncTestCase and gen_test: each inner test case is run, and its result looked at."""

import asyncio
import unittest

import pytest

import tornado.testing
from tornado import gen
from tornado.ioloop import IOLoop
from tornado.testing import (
    AsyncTestCase,
    bind_unused_port,
    gen_test,
    get_async_test_timeout,
    get_unused_port,
    setup_with_context_manager,
)


def run(case, name="test"):
    """Run one method of a test case class; return the result."""
    result = unittest.TestResult()
    case(name).run(result)
    return result


def only_error(result):
    problems = result.errors + result.failures
    assert len(problems) == 1, problems
    return problems[0][1]


def test_all_names_say_where_they_live():
    for name in tornado.testing.__all__:
        assert getattr(tornado.testing, name).__module__ == "tornado.testing"


class TestWaitAndStop(AsyncTestCase):
    def test_stop_gives_wait_its_argument(self):
        self.io_loop.add_callback(self.stop, "here")
        self.assertEqual(self.wait(), "here")

    def test_keywords_become_a_dict(self):
        self.io_loop.add_callback(self.stop, a=1, b=2)
        self.assertEqual(self.wait(), {"a": 1, "b": 2})

    def test_stop_before_wait(self):
        self.stop("early")
        self.assertEqual(self.wait(), "early")

    def test_several_cycles(self):
        for number in range(3):
            self.io_loop.add_callback(self.stop, number)
            self.assertEqual(self.wait(), number)

    def test_condition(self):
        seen = []

        def step():
            seen.append(1)
            self.stop()
            if len(seen) < 3:
                self.io_loop.add_callback(step)

        self.io_loop.add_callback(step)
        self.wait(condition=lambda: len(seen) >= 3)
        self.assertEqual(len(seen), 3)

    def test_argument_is_forgotten(self):
        self.io_loop.add_callback(self.stop, 1)
        self.wait()
        self.io_loop.add_callback(self.stop)
        self.assertIsNone(self.wait())

    def test_timeout(self):
        with self.assertRaisesRegex(self.failureException, "timed out after 0.01 seconds"):
            self.wait(timeout=0.01)

    def test_callback_error_is_raised_by_wait(self):
        self.io_loop.add_callback(lambda: 1 / 0)
        with self.assertRaises(ZeroDivisionError):
            self.wait()

    def test_first_of_several_errors(self):
        def fail():
            raise KeyError("second")

        self.io_loop.add_callback(lambda: 1 / 0)
        self.io_loop.add_callback(fail)
        with self.assertRaises(ZeroDivisionError):
            self.wait()

    def test_error_in_a_coroutine_callback(self):
        async def fail():
            await asyncio.sleep(0)
            raise KeyError("late")

        self.io_loop.add_callback(fail)
        with self.assertRaises(KeyError):
            self.wait()

    def test_assertion_in_a_callback(self):
        self.io_loop.add_callback(self.assertEqual, 1, 2)
        with self.assertRaises(AssertionError):
            self.wait()

    def test_own_current_loop(self):
        self.assertIs(IOLoop.current(), self.io_loop)


class TestGenTest(AsyncTestCase):
    @gen_test
    def test_generator(self):
        yield gen.sleep(0)
        self.finished = True

    @gen_test
    async def test_native(self):
        await asyncio.sleep(0)

    @gen_test(timeout=10)
    async def test_with_timeout(self):
        await gen.sleep(0)

    @gen_test
    @gen.coroutine
    def test_decorated_coroutine(self):
        yield gen.moment

    @gen_test
    def test_plain(self):
        self.assertTrue(self.io_loop)


def test_a_method_that_is_a_coroutine_needs_the_decorator():
    class Case(AsyncTestCase):
        async def test(self):
            raise AssertionError("never runs")

        def test_generator(self):
            yield

        def test_value(self):
            return 1

    assert "should be decorated" in only_error(run(Case))
    assert "should be decorated" in only_error(run(Case, "test_generator"))
    assert "Return value from test method ignored: 1" in only_error(run(Case, "test_value"))


def test_gen_test_past_its_limit_names_the_line():
    class Case(AsyncTestCase):
        async def deep(self):
            await asyncio.sleep(60)

        @gen_test(timeout=0.01)
        async def test(self):
            await self.deep()

        @gen_test(timeout=0.01)
        def test_generator(self):
            yield gen.sleep(60)

    text = only_error(run(Case))
    assert "timed out after 0.01 seconds" in text
    assert "in test\n" in text
    assert "in deep\n" in text
    assert "await self.deep()" in text
    assert "await asyncio.sleep(60)" in text
    generator = only_error(run(Case, "test_generator"))
    assert "in test_generator" in generator
    assert "yield gen.sleep(60)" in generator


def test_gen_test_errors_keep_their_line():
    class Case(AsyncTestCase):
        @gen_test
        async def test(self):
            await asyncio.sleep(0)
            raise KeyError("here")

    assert 'raise KeyError("here")' in only_error(run(Case))


def test_timeout_of_the_environment(monkeypatch):
    assert get_async_test_timeout() == 5.0
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "0.5")
    assert get_async_test_timeout() == 0.5
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "soon")
    assert get_async_test_timeout() == 5.0


def test_unfinished_tasks_are_cancelled():
    ended = []

    async def linger(started):
        try:
            started()
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    class Case(AsyncTestCase):
        def test(self):
            self.io_loop.spawn_callback(linger, self.stop)
            self.wait()

    assert run(Case).wasSuccessful()
    assert ended == [True]

    class Strict(Case):
        fail_on_leaked_tasks = True

    assert "left tasks behind" in only_error(run(Strict))


def test_the_loop_is_closed():
    loops = []

    class Case(AsyncTestCase):
        def test(self):
            loops.append(self.io_loop)

    assert run(Case).wasSuccessful()
    assert loops[0].asyncio_loop.is_closed()


def test_a_loop_of_ones_own():
    loop = IOLoop(make_current=False)
    used = []

    class Case(AsyncTestCase):
        def get_new_ioloop(self):
            return loop

        def test(self):
            used.append(self.io_loop)

    assert run(Case).wasSuccessful()
    assert used == [loop]


def test_a_case_without_a_method_name():
    AsyncTestCase()


def test_setup_with_context_manager():
    seen = []

    class Manager:
        def __enter__(self):
            seen.append("in")
            return 42

        def __exit__(self, *exc_info):
            seen.append("out")

    class Case(AsyncTestCase):
        def setUp(self):
            super().setUp()
            self.value = setup_with_context_manager(self, Manager())

        def test(self):
            assert self.value == 42
            seen.append("test")

    assert run(Case).wasSuccessful()
    assert seen == ["in", "test", "out"]


def test_ports():
    listening, port = bind_unused_port()
    with listening:
        assert listening.getsockname() == ("127.0.0.1", port)
    assert 0 < get_unused_port() < 65536


@pytest.mark.parametrize("reuse", [False, True])
def test_ports_that_others_may_share(reuse):
    listening, _ = bind_unused_port(reuse_port=reuse)
    listening.close()
