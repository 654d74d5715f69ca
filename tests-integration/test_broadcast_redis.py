"""Broadcasting through a real Redis: processes, restarts, a server that stops talking."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys

import pytest

from tornado.broadcast import (
    Broadcast,
    BroadcastConnectionError,
    Gap,
    Message,
    RedisBackend,
)


class Server:
    """A Redis server in a folder of its own, which may be stopped and started."""

    def __init__(self, executable, port, folder):
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._command = [executable, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        self._folder = folder
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self._command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    async def answers(self):
        """Wait until it takes connections."""
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return


@pytest.fixture
def redis(require, unused_port, tmp_path):
    server = Server(require("redis-server", "redis-server"), unused_port(), tmp_path)
    server.start()
    yield server
    server.stop()


def run(redis, function):
    async def work():
        await redis.answers()
        await asyncio.wait_for(function(), 60)
        for _ in range(100):
            if len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(work())


async def next_text(subscription):
    event = await asyncio.wait_for(subscription.next(), 20)
    assert isinstance(event, Message), event
    return event.text


def test_channels_and_patterns(redis):
    async def work():
        async with (
            Broadcast(redis.url) as one,
            Broadcast(redis.url) as other,
            one.subscribe("news.rain") as channel,
            one.subscribe("news.rain") as again,
            one.subscribe(pattern="news.*") as pattern,
        ):
            await other.publish("news.rain", "It rains")
            await other.publish("news.sun", {"sun": True})
            assert await next_text(channel) == "It rains"
            assert await next_text(again) == "It rains"
            assert await next_text(pattern) == "It rains"
            event = await pattern.next()
            assert (event.channel, event.json()) == ("news.sun", {"sun": True})
            await one.publish("news.rain", "by itself")
            assert await next_text(channel) == "by itself"

    run(redis, work)


def test_subscribing_and_leaving(redis):
    async def work():
        async with Broadcast(redis.url) as broadcast, broadcast.subscribe("stays") as stays:
            for number in range(5):
                async with broadcast.subscribe("comes") as comes:
                    await broadcast.publish("comes", str(number))
                    assert await next_text(comes) == str(number)
                await broadcast.publish("comes", "nobody listens")
            await broadcast.publish("stays", "last")
            assert await next_text(stays) == "last"

    run(redis, work)


def test_a_prefix_keeps_applications_apart(redis):
    async def work():
        async with (
            Broadcast(RedisBackend(redis.url, prefix="a*:")) as one,
            Broadcast(RedisBackend(redis.url, prefix="ab:")) as other,
            one.subscribe("c") as channel,
            one.subscribe(pattern="*") as pattern,
        ):
            await other.publish("c", "of the other")
            await one.publish("c", "own")
            assert await next_text(channel) == "own"
            event = await pattern.next()
            assert (event.channel, event.text) == ("c", "own")

    run(redis, work)


def test_a_restart_leaves_a_gap(redis, caplog):
    async def work():
        async with Broadcast(redis.url) as broadcast, broadcast.subscribe("news") as subscription:
            await broadcast.publish("news", "before")
            assert await next_text(subscription) == "before"
            redis.stop()
            while True:  # until it is noticed
                try:
                    await broadcast.publish("news", "lost")
                except BroadcastConnectionError:
                    break
                await asyncio.sleep(0.01)
            late = asyncio.ensure_future(subscribed(broadcast, "late"))
            redis.start()
            assert await asyncio.wait_for(subscription.next(), 30) == Gap("connection")
            second = await asyncio.wait_for(late, 30)
            while True:
                with contextlib.suppress(BroadcastConnectionError):
                    await broadcast.publish("news", "after")
                    await broadcast.publish("late", "too")
                    break
                await asyncio.sleep(0.01)
            assert await next_text(subscription) == "after"
            event = await second.next()
            if isinstance(event, Gap):  # it was there before the connection was
                event = await second.next()
            assert event.text == "too"
            await second.__aexit__()

    run(redis, work)
    assert "the connection to the server was lost" in caplog.text


async def subscribed(broadcast, channel):
    return await broadcast.subscribe(channel).__aenter__()


def test_no_server(redis):
    async def work():
        redis.stop()
        broadcast = Broadcast(redis.url)
        with pytest.raises(BroadcastConnectionError, match="cannot use the server"):
            await broadcast.publish("news", "a")
        with pytest.raises(ConnectionError):
            async with broadcast.subscribe("news"):
                pass
        await broadcast.close()

    run_without = asyncio.wait_for

    async def whole():
        await run_without(work(), 30)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(whole())


def test_a_server_that_falls_silent_is_noticed(unused_port):
    """It accepts, answers the first commands, and then says nothing more."""

    async def silent(reader, writer):
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                line = await reader.readuntil(b"\r\n")
                count = int(line[1:])
                words = []
                for _ in range(count):
                    size = int((await reader.readuntil(b"\r\n"))[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                command = words[0].upper()
                if command == b"SUBSCRIBE":
                    subscribed.append(words[1])
                    name = words[1]
                    writer.write(
                        b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(name), name)
                    )
                elif command == b"PING" and b"listening" not in subscribed:
                    writer.write(b"+PONG\r\n")
                elif command != b"PING":
                    writer.write(b"+OK\r\n")

    subscribed = []
    writers = []

    async def work():
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        backend = RedisBackend(f"redis://127.0.0.1:{port}/0", alive_interval=0.1)
        broadcast = Broadcast(backend)
        async with broadcast.subscribe("listening") as subscription:
            assert await asyncio.wait_for(subscription.next(), 20) == Gap("connection")
        await broadcast.close()
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        assert len(subscribed) >= 2

    asyncio.run(work())


WORKER = """
import asyncio, json, sys
from tornado.broadcast import Broadcast, BroadcastConnectionError, Gap

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def main():
    seen, gaps = [], 0
    async with Broadcast(url) as broadcast, broadcast.subscribe("room", max_queue=100000) as room:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

        async def talk():
            sent = []
            for number in range(count):
                while True:
                    try:
                        await broadcast.publish("room", f"{name}:{number}")
                        sent.append(number)
                        break
                    except BroadcastConnectionError:
                        await asyncio.sleep(0.05)
                        break  # at most once: it is not sent again
                await asyncio.sleep(0.002)
            return sent

        talking = asyncio.ensure_future(talk())

        async def listen():
            nonlocal gaps
            async for event in room:
                if isinstance(event, Gap):
                    gaps += 1
                else:
                    seen.append(event.text)

        listening = asyncio.ensure_future(listen())
        sent = await talking
        print("sent", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        listening.cancel()
    print(json.dumps({"sent": sent, "seen": seen, "gaps": gaps}), flush=True)

asyncio.run(main())
"""


def test_three_processes_and_two_restarts(redis):
    """No message comes twice, and none is missing without a gap."""
    count = 500
    workers = {}

    async def restart():
        redis.stop()
        await asyncio.sleep(0.1)
        redis.start()
        await redis.answers()

    async def ready():
        await redis.answers()

    asyncio.run(ready())
    try:
        for name in "abc":
            workers[name] = subprocess.Popen(
                [sys.executable, "-c", WORKER, redis.url, name, str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        for worker in workers.values():
            assert worker.stdout.readline() == "ready\n"
        for worker in workers.values():
            worker.stdin.write("go\n")
            worker.stdin.flush()
        asyncio.run(restart())
        asyncio.run(restart())
        for worker in workers.values():
            assert worker.stdout.readline() == "sent\n"
        asyncio.run(asyncio.sleep(2))  # what is under way arrives; reconnecting takes its time
        reports = {}
        for name, worker in workers.items():
            worker.stdin.write("end\n")
            worker.stdin.flush()
            reports[name] = json.loads(worker.stdout.readline())
            assert worker.wait(20) == 0
    finally:
        for worker in workers.values():
            if worker.poll() is None:
                worker.kill()
                worker.wait()
            worker.stdin.close()
            worker.stdout.close()
    everything = {
        f"{name}:{number}" for name, report in reports.items() for number in report["sent"]
    }
    for report in reports.values():
        assert len(report["seen"]) == len(set(report["seen"])), "a message came twice"
        if everything - set(report["seen"]):
            assert report["gaps"] >= 1, "messages are missing, and nobody said so"
        for name in "abc":
            numbers = [int(t.partition(":")[2]) for t in report["seen"] if t[0] == name]
            assert numbers == sorted(numbers), "messages changed places"
