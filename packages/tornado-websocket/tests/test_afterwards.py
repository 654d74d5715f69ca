"""What last hooks return is seen through."""

import asyncio

from tornado._websocket import afterwards
from tornado._websocket.afterwards import see_through


class Delegate:
    def __init__(self):
        self.errors = []

    def log_exception(self, typ, value, tb):
        self.errors.append(value)


def test_it_runs_to_its_end():
    done = []

    async def hook():
        await asyncio.sleep(0)
        done.append(True)

    async def work():
        see_through(hook(), Delegate())
        assert len(afterwards._running) == 1
        await asyncio.sleep(0.01)

    asyncio.run(work())
    assert done == [True]
    assert afterwards._running == set()


def test_its_error_is_logged():
    error = ZeroDivisionError()
    delegate = Delegate()

    async def hook():
        raise error

    async def work():
        see_through(hook(), delegate)
        await asyncio.sleep(0.01)

    asyncio.run(work())
    assert delegate.errors == [error]


def test_nothing_to_run():
    async def work():
        see_through(None, Delegate())
        see_through(17, Delegate())

    asyncio.run(work())
    assert afterwards._running == set()
