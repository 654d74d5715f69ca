"""Async test functions and fixtures in, finished tests out: `tornado.testing` for pytest.

Fixtures: ``io_loop``, a new loop for each test; ``http_server`` for what the user's own fixture ``app``
returns, with ``http_port``, ``base_url`` and ``http_client``; ``in_memory_client`` for the same ``app``.

An ``async def`` test (or one decorated with `gen.coroutine`) runs on ``io_loop`` when it is marked
``@pytest.mark.tornado`` or, with the ini option ``tornado_mode = auto``, when no other plugin's mark
claims it; asynchronous fixtures run so in auto mode. ``@pytest.mark.tornado(timeout=10)`` or the ini
option ``tornado_timeout`` set the limit in seconds.

pytest-tornado and pytest-tornasync may be installed as well. Tests written for them run under them,
and a fixture that both sides define, such as ``io_loop``, is theirs, whichever plugin pytest loads
first; for that the fixtures of this module are registered last, without those names.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # HTTP is an extra; the loop is imported when a test asks for it
    from tornado.httpclient import AsyncHTTPClient
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop
    from tornado.testing import InMemoryClient

#: Marks by which other plugins claim an async test.
_OTHERS = ("anyio", "asyncio", "gen_test", "trio", "twisted")

#: The fixtures, as the namespace of a plugin of its own: see `pytest_configure`.
_fixtures: dict[str, Any] = {}


def _fixture(func: Callable[..., Any]) -> Any:
    """Make a fixture that is registered unless another plugin defines one of its name."""
    _fixtures[func.__name__] = pytest.fixture(func)
    return func


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("tornado_mode", "auto: run every async test on io_loop", default="strict")
    parser.addini("tornado_timeout", "limit of an async test, in seconds", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "tornado(timeout=None): run this asynchronous test on io_loop"
    )
    mode = config.getini("tornado_mode")
    if mode not in ("auto", "strict"):
        raise pytest.UsageError(f"tornado_mode is 'auto' or 'strict', not {mode!r}")
    others = [each for each in config.pluginmanager.get_plugins() if _is_alike(each)]
    ours = ModuleType("tornado_testing_fixtures")
    for name, fixture in _fixtures.items():
        if not any(hasattr(other, name) for other in others):
            setattr(ours, name, fixture)
    config.pluginmanager.register(ours, ours.__name__)


def _is_alike(plugin: Any) -> bool:
    """Return whether another plugin, and no ``conftest.py``, defines the fixture ``io_loop``."""
    return (
        isinstance(plugin, ModuleType)
        and plugin.__name__ != __name__
        and hasattr(plugin, "io_loop")
        and not (plugin.__file__ or "").endswith("conftest.py")
    )


def _is_auto(config: pytest.Config) -> bool:
    return bool(config.getini("tornado_mode") == "auto")


def _is_ours(item: pytest.Item) -> bool:
    """Whether this plugin runs the test."""
    if not isinstance(item, pytest.Function):
        return False
    if item.get_closest_marker("tornado") is not None:
        return True
    if not _is_auto(item.config) or any(item.get_closest_marker(mark) for mark in _OTHERS):
        return False
    return inspect.iscoroutinefunction(item.obj)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _is_ours(item) and "io_loop" not in item.fixturenames:  # type: ignore[attr-defined]  # a Function
            item.fixturenames.insert(0, "io_loop")  # type: ignore[attr-defined]  # a Function


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Give a plain function to whichever plugin calls the test.

    Others may be asked before this plugin and call whatever is no ``async def`` without waiting for
    what it returns.
    """
    if not _is_ours(pyfuncitem):
        return (yield)
    io_loop: Any = pyfuncitem.funcargs["io_loop"]
    func, limit = pyfuncitem.obj, _limit(pyfuncitem)

    @functools.wraps(func)
    def test(**arguments: Any) -> None:
        _run(io_loop, functools.partial(func, **arguments), limit)

    del test.__wrapped__  # or inspect.iscoroutinefunction of the plugins finds func
    pyfuncitem.obj = test
    try:
        return (yield)
    finally:
        pyfuncitem.obj = func


def _limit(item: pytest.Item) -> float:
    from tornado.testing import get_async_test_timeout  # only where a test of ours runs

    marker = item.get_closest_marker("tornado")
    chosen = marker.kwargs.get("timeout") if marker else None
    if chosen is None:
        chosen = item.config.getini("tornado_timeout") or get_async_test_timeout()
    return float(chosen)


def _run(io_loop: IOLoop, func: Callable[[], Any], limit: float) -> Any:
    from tornado._testing.cases import run_limited  # only where a test of ours runs

    return run_limited(io_loop, func, limit)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Any:
    is_generator = inspect.isasyncgenfunction(fixturedef.func)
    if not _is_auto(request.config) or not (
        is_generator or inspect.iscoroutinefunction(fixturedef.func)
    ):
        return None
    io_loop = request.getfixturevalue("io_loop")
    limit = _limit(request.node)
    arguments = {name: request.getfixturevalue(name) for name in fixturedef.argnames}
    make: Callable[[], Any] = functools.partial(fixturedef.func, **arguments)
    if is_generator:
        steps = make()

        def finish() -> None:
            end = object()
            if _run(io_loop, lambda: _next(steps, end), limit) is not end:
                pytest.fail(f"the fixture {fixturedef.argname} yields more than once")

        value = _run(io_loop, lambda: _next(steps), limit)
        request.addfinalizer(finish)
    else:
        value = _run(io_loop, make, limit)
    cache_key = fixturedef.cache_key(request)  # type: ignore[arg-type]  # it is the SubRequest
    fixturedef.cached_result = (value, cache_key, None)
    return True if value is None else value  # None would call the next plugin


async def _next(steps: AsyncIterator[Any], *default: object) -> Any:
    return await anext(steps, *default)


@_fixture
def io_loop() -> Iterator[IOLoop]:
    """A new `tornado.ioloop.IOLoop`, current for the length of the test."""
    from tornado.testing import AsyncTestCase  # only where a test asks for it

    case = AsyncTestCase()
    case.setUp()
    yield case.io_loop
    case.tearDown()


@_fixture
def http_server(io_loop: IOLoop, app: Any) -> Iterator[HTTPServer]:
    """An HTTP server on a free port of 127.0.0.1 that serves what the fixture ``app`` returns."""
    from tornado.httpserver import HTTPServer  # an extra
    from tornado.testing import bind_unused_port  # only where a test asks for it

    server = HTTPServer(app)
    listening, _ = bind_unused_port()
    server.add_sockets([listening])
    yield server
    server.stop()
    io_loop.run_sync(server.close_all_connections, timeout=5)


@_fixture
def http_port(http_server: HTTPServer) -> int:
    """The port of ``http_server``."""
    (listening,) = http_server._sockets.values()
    port: int = listening.getsockname()[1]
    return port


@_fixture
def base_url(http_port: int) -> str:
    """The URL of ``http_server``, without a slash at its end."""
    return f"http://127.0.0.1:{http_port}"


@_fixture
def http_client(io_loop: IOLoop) -> Iterator[AsyncHTTPClient]:
    """An `tornado.httpclient.AsyncHTTPClient` of the test's own."""
    from tornado.httpclient import AsyncHTTPClient  # an extra

    client = AsyncHTTPClient(force_instance=True)
    yield client
    client.close()


@_fixture
def in_memory_client(app: Any) -> InMemoryClient:
    """A client that fetches from ``app`` without a socket."""
    from tornado.testing import InMemoryClient  # only where a test asks for it

    return InMemoryClient(app)
