"""The guide's program for several machines: two processes of it share a Redis, its users do not notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parent.parent / "docs" / "guides" / "programs" / "board.py"
SWEEP_SECONDS = 0.4


@pytest.fixture
def redis_server(require, unused_port, until, tmp_path):
    """Return a function that starts a Redis (anew, on the same port); and its URL."""
    executable = require("redis-server", "redis-server")
    if os.environ.get("CI"):
        __import__("redis")
    else:
        pytest.importorskip("redis")
    port = unused_port()
    log = tmp_path / "redis.log"
    started = []

    def start():
        log.unlink(missing_ok=True)
        command = [executable, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "no", "--dir", str(tmp_path), "--logfile", str(log)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        until(lambda: log.exists() and "eady to accept" in log.read_text("utf-8"))
        return started[-1]

    yield start, f"redis://127.0.0.1:{port}/0"
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait(10)


@pytest.fixture
def board(redis_server, run, unused_port):
    """Return a function that starts one more process of the board and gives (process, its address)."""
    _, url = redis_server
    with contextlib.ExitStack() as stack:

        def start(**keys):
            port = unused_port()
            command = [sys.executable, "-W", "error", str(PROGRAM), f"--port={port}"]
            command += [f"--redis={url}", f"--sweep-seconds={SWEEP_SECONDS}"]
            names = {name.removeprefix("v"): key for name, key in keys.items()}
            environ = {**os.environ, "BOARD_KEYS": json.dumps(names)}
            address = f"127.0.0.1:{port}"
            return stack.enter_context(run(command, f"http://{address}/", env=environ)), address

        yield start


OLD = {"v1": "0" * 40}
BOTH = {**OLD, "v2": "1" * 40}
NEW = {"v2": "1" * 40}


async def fetch(url, **parameters):
    from tornado.httpclient import AsyncHTTPClient

    client = AsyncHTTPClient(force_instance=True)
    try:
        return await client.fetch(url, **parameters)
    finally:
        client.close()


async def log_in(address, name):
    """Return the Cookie header of somebody who logged in there."""
    answer = await fetch(f"http://{address}/login", method="POST", body=f"name={name}")
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


async def user_at(address, cookie):
    answer = await fetch(f"http://{address}/", headers=cookie)
    return json.loads(answer.body)["user"]


async def connect(address, cookie):
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    return await websocket_connect(HTTPRequest(f"ws://{address}/news", headers=cookie))


async def leave(socket):
    socket.close()
    await socket.wait_closed()


async def hear(socket):
    message = await asyncio.wait_for(socket.read_message(), 20)
    return None if message is None else json.loads(message)


def test_two_processes_are_one_board(redis_server, board):
    start_redis, _ = redis_server
    start_redis()
    (first, here), (second, there) = board(**OLD), board(**OLD)

    async def use():
        cookie = await log_in(here, "Ann")
        assert await user_at(there, cookie) == "Ann"
        assert await user_at(there, {}) is None

        ann, bob = await connect(here, cookie), await connect(there, {})
        await ann.write_message("hello")
        said = {"author": "Ann", "text": "hello"}
        assert await hear(bob) == said
        assert await hear(ann) == said
        await bob.write_message("hello yourself")
        assert await hear(ann) == {"author": "somebody", "text": "hello yourself"}

        # The one ends in order: its visitors are told so, the other's notice nothing.
        first.send_signal(signal.SIGTERM)
        assert await hear(ann) is None
        assert ann.close_code == 1001
        await ann.wait_closed()
        await hear(bob)
        await bob.write_message("still here")
        assert (await hear(bob))["text"] == "still here"
        await leave(bob)

    asyncio.run(use())
    assert first.wait(10) == 0
    second.send_signal(signal.SIGTERM)
    assert second.wait(10) == 0


def test_news_come_again_when_redis_does(redis_server, board):
    start_redis, _ = redis_server
    running = start_redis()
    (_, here), (_, there) = board(**OLD), board(**OLD)

    async def use():
        ann, bob = await connect(here, {}), await connect(there, {})
        running.terminate()
        running.wait(10)
        await ann.write_message("into the void")
        assert list(await hear(ann)) == ["error"]
        start_redis()
        news = asyncio.ensure_future(hear(bob))
        while not news.done():  # the other process comes back within a second
            await ann.write_message("again")
            await asyncio.wait([news], timeout=0.2)
        assert (await news)["text"] == "again"
        await leave(ann)
        await leave(bob)

    asyncio.run(use())


def test_work_for_one_is_done_by_one(redis_server, board, until):
    from redis import Redis

    start_redis, url = redis_server
    start_redis()
    board(**OLD)
    board(**OLD)
    with Redis.from_url(url) as client:
        until(lambda: int(client.get("board:sweeps") or 0) >= 1)
        began, before = client.time(), int(client.get("board:sweeps"))
        until(lambda: int(client.get("board:sweeps")) >= before + 4)
        ended = client.time()
    periods = (ended[0] - began[0] + (ended[1] - began[1]) / 1e6) / SWEEP_SECONDS
    # Two processes that both swept would need half as long.
    assert periods > 2.5


def test_keys_are_changed_without_logging_anybody_out(redis_server, board):
    start_redis, _ = redis_server
    start_redis()
    (_, old), (_, both), (_, new) = board(**OLD), board(**BOTH), board(**NEW)

    async def use():
        before, after = await log_in(old, "Ann"), await log_in(both, "Bob")
        assert await user_at(both, before) == "Ann"
        assert await user_at(new, after) == "Bob"
        assert (
            await user_at(old, after) is None
        )  # why all have to know a key before one signs with it
        assert await user_at(new, before) is None

    asyncio.run(use())
