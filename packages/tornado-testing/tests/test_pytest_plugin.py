"""The pytest plugin, in runs of its own."""

import pytest

APP = """
import asyncio
import pytest
from tornado import gen
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")

@pytest.fixture
def app():
    return Application([("/", MainHandler)])
"""


@pytest.fixture
def run(pytester):
    def run_with(source, ini="", *arguments):
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(APP + source)
        return pytester.runpytest_subprocess(*arguments)

    return run_with


def test_marked_tests_run_on_the_loop(run):
    result = run(
        """
@pytest.mark.tornado
async def test_native(io_loop):
    await gen.sleep(0)
    assert IOLoop.current() is io_loop

@pytest.mark.tornado
@gen.coroutine
def test_generator():
    yield gen.moment

@pytest.mark.tornado
async def test_server(http_client, base_url):
    response = await http_client.fetch(base_url + "/")
    assert response.body == b"Hello, world"

@pytest.mark.tornado
async def test_memory(in_memory_client):
    assert (await in_memory_client.fetch("/")).body == b"Hello, world"

@pytest.mark.tornado
@pytest.mark.parametrize("value", [1, 2])
async def test_parameters(value):
    assert value

class TestInClass:
    @pytest.mark.tornado
    async def test_method(self, io_loop):
        await asyncio.sleep(0)
"""
    )
    result.assert_outcomes(passed=7)


def test_failures_show_their_line(run):
    result = run(
        """
@pytest.mark.tornado
async def test_fails():
    await asyncio.sleep(0)
    assert 1 == 2
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])


def test_timeouts(run):
    result = run(
        """
@pytest.mark.tornado(timeout=0.01)
async def test_hangs():
    await asyncio.sleep(60)

@pytest.mark.tornado
async def test_hangs_too():
    await asyncio.sleep(60)
""",
        "tornado_timeout = 0.02",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*timed out after 0.01 seconds*", "*timed out after 0.02 seconds*"]
    )


def test_auto_mode(run):
    result = run(
        """
ended = []

@pytest.fixture
async def value():
    await asyncio.sleep(0)
    return 42

@pytest.fixture
async def resource(io_loop):
    await asyncio.sleep(0)
    yield "open"
    ended.append(True)

@pytest.fixture
async def nothing():
    await asyncio.sleep(0)

async def test_async(value, resource, nothing):
    await asyncio.sleep(0)
    assert (value, resource, nothing) == (42, "open", None)

def test_after():
    assert ended == [True]

def test_plain_with_async_fixture(value):
    assert value == 42
""",
        "tornado_mode = auto",
    )
    result.assert_outcomes(passed=3)


def test_strict_mode_leaves_others_alone(run):
    result = run(
        """
@pytest.mark.tornado
async def test_ours():
    await asyncio.sleep(0)

def test_plain():
    pass
""",
        "",
        "--strict-markers",
    )
    result.assert_outcomes(passed=2)


def test_a_wrong_mode_is_refused(run):
    result = run("", "tornado_mode = sometimes")
    result.stderr.fnmatch_lines(["*tornado_mode is 'auto' or 'strict', not 'sometimes'*"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_beside_anyio(run, mode):
    pytest.importorskip("anyio")
    result = run(
        """
@pytest.mark.tornado
async def test_ours(io_loop):
    await asyncio.sleep(0)
    assert IOLoop.current() is io_loop

@pytest.mark.anyio
async def test_of_anyio(anyio_backend):
    await asyncio.sleep(0)

@pytest.fixture
def anyio_backend():
    return "asyncio"
""",
        f"tornado_mode = {mode}",
    )
    result.assert_outcomes(passed=2)


def test_unittest_cases_are_collected(run):
    result = run(
        """
from tornado.testing import AsyncHTTPTestCase, AsyncTestCase, gen_test

class FirstTest(AsyncTestCase):
    @gen_test
    async def test_native(self):
        await asyncio.sleep(0)

    def test_callback(self):
        self.io_loop.add_callback(self.stop, 1)
        assert self.wait() == 1

class SecondTest(AsyncHTTPTestCase):
    def get_app(self):
        return Application([("/", MainHandler)])

    def test_fetch(self):
        assert self.fetch("/").code == 200
"""
    )
    result.assert_outcomes(passed=3)


OTHER_PLUGIN = """
import pytest
from tornado.ioloop import IOLoop

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    names = pyfuncitem._fixtureinfo.argnames
    pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    return True

@pytest.fixture
def io_loop():
    loop = IOLoop(make_current=False)
    loop.is_theirs = True
    loop.make_current()
    yield loop
    loop.clear_current()
    loop.close()

@pytest.fixture
def app():
    return Application([("/", MainHandler)])
"""


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_plugin_with_a_loop_of_its_own(run, pytester, monkeypatch, first):
    pytester.makepyfile(other_plugin=OTHER_PLUGIN)
    pytester.syspathinsert()
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ["-p", "tornado._testing.pytest_plugin", "-p", "other_plugin"]
    result = run(
        """
ran = []

@pytest.mark.tornado
@gen.coroutine
def test_the_loop_is_theirs(io_loop):
    yield gen.moment
    assert IOLoop.current() is io_loop
    assert io_loop.is_theirs
    ran.append(1)

@pytest.mark.tornado
@gen.coroutine
def test_ours_use_it(http_client, base_url):
    response = yield http_client.fetch(base_url + "/")
    assert response.body == b"Hello, world"
    ran.append(2)

def test_that_they_ran():
    assert ran == [1, 2]
""",
        "",
        *(plugins if first == "ours" else plugins[2:] + plugins[:2]),
    )
    result.assert_outcomes(passed=3)


def test_a_loop_of_a_conftest_leaves_the_other_fixtures_alone(run, pytester):
    pytester.makeconftest("""
import pytest
from tornado.testing import AsyncTestCase

@pytest.fixture
def io_loop():
    case = AsyncTestCase()
    case.setUp()
    case.io_loop.is_theirs = True
    yield case.io_loop
    case.tearDown()
""")
    result = run("""
@pytest.mark.tornado
async def test_both(io_loop, http_client, base_url):
    assert io_loop.is_theirs
    assert (await http_client.fetch(base_url + "/")).code == 200
""")
    result.assert_outcomes(passed=1)


def test_the_entry_point_has_a_name_of_its_own():
    from importlib.metadata import distribution

    names = {each.name for each in distribution("tornado-testing").entry_points}
    assert names == {"tornado_testing"}
