"""The pytest plugin of tornado-testing beside those of other projects."""

from __future__ import annotations

import os
import subprocess

import pytest

TESTS = """
import asyncio
import pytest
from tornado.ioloop import IOLoop

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.tornado
async def test_ours(io_loop):
    await asyncio.sleep(0)
    assert IOLoop.current() is io_loop

@pytest.mark.asyncio
async def test_of_pytest_asyncio():
    await asyncio.sleep(0)
    assert IOLoop.current().asyncio_loop is asyncio.get_running_loop()

@pytest.mark.anyio
async def test_of_anyio():
    await asyncio.sleep(0)
"""

INI = """
[pytest]
filterwarnings = error
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
tornado_mode = {mode}
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_three_plugins_live_together(environment, tmp_path, mode):
    environment.install("tornado-testing", "pytest", "pytest-asyncio", "anyio")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text(INI.format(mode=mode))
    (folder / "test_all.py").write_text(TESTS)
    done = subprocess.run(
        [str(environment.python), "-m", "pytest", "-q"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


FOR_OURS = """
import pytest
from tornado import gen, web
from tornado.ioloop import IOLoop

ran = []

class Main(web.RequestHandler):
    def get(self):
        self.write("hello")

@pytest.fixture
def app():
    return web.Application([("/", Main)])

@pytest.mark.tornado
async def test_native(io_loop):
    assert IOLoop.current() is io_loop
    ran.append("native")

@pytest.mark.tornado
@gen.coroutine
def test_generator(http_client, base_url, http_port):
    for url in (base_url, f"http://127.0.0.1:{http_port}"):
        response = yield http_client.fetch(url + "/")
        assert response.body == b"hello"
    ran.append("generator")

def test_that_they_ran():
    assert ran == ["native", "generator"]
"""

FOR_PYTEST_TORNADO = """
import pytest
from test_ours import app

ran = []

@pytest.mark.gen_test
def test_generator(http_client, base_url):
    response = yield http_client.fetch(base_url + "/")
    ran.append(response.body)

@pytest.mark.gen_test
async def test_native(http_client, http_port):
    response = await http_client.fetch(f"http://127.0.0.1:{http_port}/")
    ran.append(response.body)

def test_that_they_ran():
    assert ran == [b"hello", b"hello"]
"""

FOR_PYTEST_TORNASYNC = """
from test_ours import app

ran = []

async def test_native(http_server_client):
    response = await http_server_client.fetch("/")
    ran.append(response.body)

async def test_port(http_client, http_server_port):
    response = await http_client.fetch(f"http://127.0.0.1:{http_server_port[1]}/")
    ran.append(response.body)

def test_that_they_ran():
    assert ran == [b"hello", b"hello"]
"""


@pytest.mark.parametrize("order", ["ours first", "theirs first", "entry points"])
@pytest.mark.parametrize(
    ("other", "plugin", "tests"),
    [
        ("pytest-tornado", "pytest_tornado.plugin", FOR_PYTEST_TORNADO),
        ("pytest-tornasync", "pytest_tornasync.plugin", FOR_PYTEST_TORNASYNC),
    ],
)
def test_older_plugins_for_tornado(environment, tmp_path, other, plugin, tests, order):
    # pytest-tornado imports pkg_resources, which setuptools has given up.
    environment.install("tornado-testing[http]", "tornado-web", "pytest", "setuptools<81", other)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_ours.py").write_text(FOR_OURS)
    (folder / "test_theirs.py").write_text(tests)
    plugins = ["tornado._testing.pytest_plugin", plugin]
    environ, arguments = dict(os.environ), []
    if order != "entry points":
        environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        for name in plugins if order == "ours first" else plugins[::-1]:
            arguments += ["-p", name]
    done = subprocess.run(
        [str(environment.python), "-m", "pytest", "-q", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
