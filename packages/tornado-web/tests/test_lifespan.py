"""What runs before the first request and after the last one."""

import asyncio
import contextlib

import pytest

from tornado import gen
from tornado.web import Application


def live(application, during=lambda: None):
    async def work():
        async with application.lifespan():
            during()

    asyncio.run(work())


def test_order():
    events = []

    def plain(application):
        events.append(("plain", application))
        return "ignored"

    async def native(application):
        await asyncio.sleep(0)
        events.append(("native", application))

    @gen.coroutine
    def decorated(application):
        yield gen.moment
        events.append(("decorated", application))

    @contextlib.asynccontextmanager
    async def around(application):
        events.append("enter")
        yield
        events.append("leave")

    application = Application(
        on_startup=[plain, native], on_shutdown=[decorated, plain], lifespan=around
    )
    live(application, lambda: events.append("requests"))
    assert events == [
        "enter",
        ("plain", application),
        ("native", application),
        "requests",
        ("decorated", application),
        ("plain", application),
        "leave",
    ]
    assert "on_startup" not in application.settings


def test_one_function_is_enough():
    events = []
    application = Application(on_startup=events.append, on_shutdown=events.append)
    live(application)
    assert events == [application, application]
    live(application)
    assert len(events) == 4, "it may be entered again"


def test_a_startup_that_fails():
    events = []

    @contextlib.asynccontextmanager
    async def around(application):
        try:
            yield
        finally:
            events.append("leave")

    def fail(application):
        raise RuntimeError("no database")

    application = Application(on_startup=fail, on_shutdown=events.append, lifespan=around)
    with pytest.raises(RuntimeError, match="no database"):
        live(application)
    assert events == ["leave"]


def test_a_shutdown_that_fails_keeps_the_others_running(caplog):
    events = []

    def fail(application):
        raise RuntimeError("first")

    application = Application(on_shutdown=[fail, events.append])
    with pytest.raises(RuntimeError, match="first"):
        live(application)
    assert events == [application]
    (record,) = caplog.records
    assert record.name == "tornado.application"
    assert "Exception in shutdown hook" in record.getMessage()


def test_shutdown_after_an_error():
    events = []
    application = Application(on_shutdown=events.append)
    with pytest.raises(KeyError):
        live(application, lambda: {}["x"])
    assert events == [application]


@pytest.mark.parametrize(
    "options",
    [{"on_startup": 5}, {"on_startup": [5]}, {"on_shutdown": "name"}, {"lifespan": 5}],
)
def test_what_is_no_function(options):
    with pytest.raises(TypeError):
        Application(**options)
