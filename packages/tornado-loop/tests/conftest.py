"""Fixtures: one loop per test, on asyncio or (TORNADO_TEST_LOOP=uvloop) on uvloop."""

import asyncio
import gc
import logging
import os

import pytest

from tornado import ioloop
from tornado._loop import contexts, current

LOOP = os.environ.get("TORNADO_TEST_LOOP", "asyncio")


@pytest.fixture(scope="session", autouse=True)
def configured_loop():
    """Every IOLoop() of the run is of the kind that the environment names."""
    ioloop.IOLoop.configure(LOOP)
    gc.collect()
    gc.freeze()  # so that the collection after each test looks at that test's objects only
    yield LOOP
    gc.unfreeze()
    ioloop.IOLoop.configure(None)


@pytest.fixture(autouse=True)
def clean():
    """Each test begins and ends without a loop, and leaves nothing to be reported late.

    And as if no stack context had ever been used: most code paths are shorter then.
    """
    contexts.in_use = False
    yield
    known = list(ioloop.IOLoop._ioloop_for_asyncio.values())
    left = [loop for loop in known if not loop.asyncio_loop.is_closed()]
    for loop in left:
        loop.close()
        if not loop.asyncio_loop.is_closed():
            loop.asyncio_loop.close()
    ioloop.IOLoop.clear_instance()
    ioloop.IOLoop.clear_current()
    asyncio.set_event_loop(None)
    current.by_asyncio_loop.clear()
    gc.collect()


@pytest.fixture
def io_loop():
    """A loop that is current."""
    loop = ioloop.IOLoop(make_current=False)
    loop.make_current()
    yield loop
    loop.close()


@pytest.fixture
def run(io_loop):
    """Run a function or coroutine on the loop, for five seconds at most."""
    return lambda func: io_loop.run_sync(func, timeout=5)


@pytest.fixture
def stop_later(io_loop):
    """Stop the loop after a few milliseconds, but not before many turns, however slow the machine is."""

    def turn(left):
        if left:
            io_loop.add_callback(turn, left - 1)
        else:
            io_loop.stop()

    return lambda: io_loop.call_later(0.005, turn, 50)


@pytest.fixture
def logged():
    """The records that the project's loggers write."""
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            record.text = record.getMessage()
            if record.exc_info:
                record.text += "\n" + logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
            records.append(record)

    handler = Keep()
    logger = logging.getLogger("tornado")
    logger.addHandler(handler)
    was, logger.propagate = logger.propagate, False
    yield records
    logger.removeHandler(handler)
    logger.propagate = was
