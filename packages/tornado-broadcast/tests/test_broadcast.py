"""Publishing and subscribing within one process."""

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado.broadcast import (
    Broadcast,
    BroadcastConnectionError,
    BroadcastError,
    Gap,
    LocalBackend,
    Message,
)


def run(function):
    async def work():
        async with Broadcast() as broadcast:
            await asyncio.wait_for(function(broadcast), 20)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (b"\x00", b"\x00"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ("\u00e9", b"\xc3\xa9"),
        ({"a": 1}, b'{"a": 1}'),
        ([1], b"[1]"),
    ],
)
def test_messages(message, data):
    async def work(broadcast):
        async with broadcast.subscribe("news") as subscription:
            await broadcast.publish("other", "not here")
            await broadcast.publish("news", message)
            assert await subscription.next() == Message("news", data)

    run(work)


def test_what_a_message_says():
    assert Message("c", b"\xc3\xa9").text == "\u00e9"
    assert Message("c", b'{"a": 1}').json() == {"a": 1}
    with pytest.raises(ValueError, match="Expecting"):
        Message("c", b"{").json()


@pytest.mark.parametrize("message", [None, 5, object()])
def test_what_is_no_message(message):
    async def work(broadcast):
        with pytest.raises(TypeError, match=f"not {type(message).__name__}"):
            await broadcast.publish("news", message)

    run(work)


def test_every_subscriber_gets_it_in_order():
    async def work(broadcast):
        async with (
            broadcast.subscribe("news") as first,
            broadcast.subscribe("news") as second,
            broadcast.subscribe(pattern="n*") as third,
        ):
            for number in range(3):
                await broadcast.publish("news", str(number))
            for subscription in (first, second, third):
                texts = [(await subscription.next()).text for _ in range(3)]
                assert texts == ["0", "1", "2"]

    run(work)


def test_only_while_subscribed():
    async def work(broadcast):
        await broadcast.publish("news", "before")
        async with broadcast.subscribe("news") as subscription:
            await broadcast.publish("news", "now")
        await broadcast.publish("news", "after")
        assert [event.text async for event in subscription] == ["now"]
        with pytest.raises(RuntimeError, match="entered once"):
            await subscription.__aenter__()

    run(work)


def test_closing_ends_the_iteration():
    async def work():
        broadcast = Broadcast()
        async with broadcast.subscribe("news") as subscription:
            waiting = asyncio.ensure_future(subscription.next())
            await asyncio.sleep(0)
            await broadcast.publish("news", "a")
            assert (await waiting).text == "a"
            waiting = asyncio.ensure_future(subscription.next())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="waits for the next event already"):
                await subscription.next()
            await broadcast.close()
            assert await waiting is None
        await broadcast.close()

    asyncio.run(work())


def test_cancelling_a_wait_loses_nothing():
    async def work(broadcast):
        async with broadcast.subscribe("news") as subscription:
            waiting = asyncio.ensure_future(subscription.next())
            await asyncio.sleep(0)
            waiting.cancel()
            await broadcast.publish("news", "a")
            assert (await subscription.next()).text == "a"

    run(work)


def test_it_can_be_used_on_several_loops():
    broadcast = Broadcast()
    for _ in range(2):

        async def work():
            async with broadcast, broadcast.subscribe("news") as subscription:
                await broadcast.publish("news", "a")
                assert (await subscription.next()).text == "a"

        asyncio.run(work())


@pytest.mark.parametrize("published", [3, 4, 10])
def test_a_slow_subscriber_misses_the_oldest(published):
    async def work(broadcast):
        async with broadcast.subscribe("news", max_queue=3) as subscription:
            for number in range(published):
                await broadcast.publish("news", str(number))
            events = []
            while len(events) < 3 or (isinstance(events[0], Gap) and len(events) < 4):
                events.append(await subscription.next())
            missing = published - 3
            if missing:
                assert events.pop(0) == Gap("overflow", missing)
            assert [event.text for event in events] == [
                str(number) for number in range(missing, published)
            ]

    run(work)


@given(st.lists(st.sampled_from(["publish", "take", "lose"]), max_size=60), st.integers(1, 4))
def test_what_is_missing_is_always_said(steps, max_queue):
    """Whatever happens, the messages come in order, and a gap stands where some are missing."""

    async def work():
        broadcast = Broadcast()
        published = 0
        events = []
        async with broadcast.subscribe("c", max_queue=max_queue) as subscription:
            for step in steps:
                if step == "publish":
                    await broadcast.publish("c", str(published))
                    published += 1
                elif step == "lose":
                    subscription.lost_connection()
                elif subscription._events:
                    events.append(await subscription.next())
            while subscription._events:
                events.append(await subscription.next())
        expected = 0
        for event in events:
            if isinstance(event, Message):
                assert int(event.text) == expected
                expected += 1
            elif event.reason == "overflow":
                assert event.count > 0
                expected += event.count
        assert expected == published

    asyncio.run(work())


def test_callbacks():
    async def work(broadcast):
        seen = []

        async def slow(event):
            await asyncio.sleep(0)
            seen.append(event.text)

        def plain(event):
            seen.append(event.text.upper())
            return "ignored"

        end = await broadcast.listen("news", slow)
        await broadcast.listen(None, plain, pattern="*")
        await broadcast.publish("news", "a")
        while len(seen) < 2:
            await asyncio.sleep(0)
        assert sorted(seen) == ["A", "a"]
        end()
        await asyncio.sleep(0.01)
        await broadcast.publish("news", "b")
        while len(seen) < 3:
            await asyncio.sleep(0)
        assert seen[2] == "B"

    run(work)


def test_a_callback_that_raises_is_called_again(caplog):
    async def work(broadcast):
        seen = []

        def fail(event):
            seen.append(event)
            raise RuntimeError("on purpose")

        await broadcast.listen("news", fail)
        for _ in range(2):
            await broadcast.publish("news", "a")
        while len(seen) < 2:
            await asyncio.sleep(0)

    run(work)
    assert "Exception in broadcast callback" in caplog.text


def test_arguments():
    broadcast = Broadcast()
    with pytest.raises(TypeError, match="a channel or a pattern"):
        broadcast.subscribe()
    with pytest.raises(TypeError, match="a channel or a pattern"):
        broadcast.subscribe("a", pattern="b")
    with pytest.raises(ValueError, match="max_queue is 0"):
        broadcast.subscribe("a", max_queue=0)


class Failing(LocalBackend):
    """A backend whose server comes up at the second attempt."""

    def __init__(self):
        super().__init__()
        self.attempts = 0

    async def start(self):
        self.attempts += 1
        if self.attempts == 1:
            raise BroadcastConnectionError("nobody there")


def test_a_server_that_comes_later():
    async def work():
        broadcast = Broadcast(Failing())
        with pytest.raises(BroadcastConnectionError, match="nobody there") as caught:
            await broadcast.publish("news", "a")
        assert isinstance(caught.value, (BroadcastError, ConnectionError))
        await broadcast.publish("news", "a")
        async with broadcast.subscribe("news") as subscription:
            await broadcast.publish("news", "b")
            assert (await subscription.next()).text == "b"
        await broadcast.close()

    asyncio.run(work())


def test_the_missing_package_is_named():
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from tornado.broadcast import Broadcast\n"
        "try: Broadcast('redis://localhost')\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'tornado-broadcast[redis]'" in done.stdout
