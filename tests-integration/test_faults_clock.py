"""The wall clock is set by hours: what waits goes on by the steady clock, what is dated follows the wall."""

from __future__ import annotations

import email.utils
import json
import socket
import time
import urllib.parse

import pytest

SERVER = r"""
import asyncio, datetime, logging, os, sys, time

ahead = 0.0
steady = time.monotonic

def wall(real=time.time):
    return real() + ahead

time.time = wall  # before anything has taken the other one

import tornado.web, tornado.websocket
from tornado import gen, locks, queues
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop, PeriodicCallback

logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
ticks = []

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("hi")

class Jump(tornado.web.RequestHandler):
    def get(self):
        global ahead
        ahead += float(self.get_argument("seconds"))
        self.write(str(time.time()))

class Cookie(tornado.web.RequestHandler):
    def get(self):
        value = self.get_argument("value", None)
        if value is None:
            self.write(self.create_signed_value("name", "somebody"))
        else:
            self.write(self.get_signed_cookie("name", value, max_age_days=1) or b"nobody")

class Ticks(tornado.web.RequestHandler):
    def get(self):
        self.write(str(len(ticks)))

class Wait(tornado.web.RequestHandler):
    # Begins waits of every kind, jumps, and tells how long each took by the steady clock.
    async def get(self):
        global ahead
        loop = IOLoop.current()
        began = steady()
        took = {}
        def note(name):
            took[name] = steady() - began
        loop.call_later(0.3, note, "call_later")
        loop.call_at(loop.time() + 0.3, note, "call_at")
        loop.add_timeout(time.time() + 0.3, note, "add_timeout at a time")
        loop.add_timeout(datetime.timedelta(seconds=0.3), note, "add_timeout after")
        loop.call_later(3600, note, "an hour")
        async def waiting(name, awaitable):
            try:
                await awaitable
            except (gen.TimeoutError, tornado.util.TimeoutError):
                pass
            note(name)
        kinds = {
            "sleep": gen.sleep(0.3),
            "with_timeout": gen.with_timeout(loop.time() + 0.3, asyncio.Future()),
            "event": locks.Event().wait(timeout=loop.time() + 0.3),
            "condition": locks.Condition().wait(timeout=loop.time() + 0.3),
            "queue": queues.Queue().get(timeout=datetime.timedelta(seconds=0.3)),
        }
        tasks = [asyncio.ensure_future(waiting(*kind)) for kind in kinds.items()]
        client = AsyncHTTPClient(force_instance=True)
        try:
            fetching = asyncio.ensure_future(
                client.fetch(self.get_argument("url"), request_timeout=0.3))
            await asyncio.sleep(0.05)
            ahead += float(self.get_argument("seconds"))
            try:
                await fetching
            except Exception as error:
                took["fetch: %s" % error] = steady() - began
            response = await client.fetch(self.get_argument("self"))
            took["request_time"] = response.request_time + 0.3
        finally:
            client.close()
        await asyncio.gather(*tasks)
        await asyncio.sleep(0.05)
        self.write(took)

class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)

async def main():
    app = tornado.web.Application(
        [("/", Main), ("/jump", Jump), ("/cookie", Cookie), ("/ticks", Ticks), ("/wait", Wait),
         ("/echo", Echo)],
        cookie_secret="for the tests", static_path=sys.argv[2],
        websocket_ping_interval=0.5, websocket_ping_timeout=0.5)
    app.listen(int(sys.argv[1]), "127.0.0.1", idle_connection_timeout=1.0, header_timeout=1.0)
    PeriodicCallback(lambda: ticks.append(steady()), 20).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

HOURS = 5 * 3600
DAY = 24 * 3600


@pytest.fixture
def server(program, unused_port, tmp_path):
    (tmp_path / "file.txt").write_bytes(b"content")
    port = unused_port()
    running = program("-c", SERVER, str(port), str(tmp_path))
    running.wait_for("(ready)")
    running.port = port
    return running


@pytest.fixture
def jump(server, peer):
    def jump(seconds: float) -> float:
        """Set the server's clock by so many seconds; return its time."""
        with peer(server.port) as client:
            return float(client.get(f"/jump?seconds={seconds}")[1])

    return jump


BOTH_WAYS = (HOURS, -2 * HOURS)


def test_waits_go_by_the_steady_clock(server, peer):
    """Each wait is for 0.3 seconds, and takes no less and not much more."""
    with socket.create_server(("127.0.0.1", 0)) as silent, peer(server.port) as client:
        for seconds in BOTH_WAYS:
            query = {
                "seconds": seconds,
                "url": f"http://127.0.0.1:{silent.getsockname()[1]}/",
                "self": f"http://127.0.0.1:{server.port}/",
            }
            status, content = client.get("/wait?" + urllib.parse.urlencode(query))
            assert status == 200
            took = json.loads(content)
            assert len(took) == 11
            assert [name for name in took if "fetch" in name] == ["fetch: Timeout during request"]
            for name, duration in took.items():
                assert 0.29 < duration < 5, name


def test_periodic_callbacks_go_on(server, peer, jump, until):
    with peer(server.port) as client:
        for seconds in BOTH_WAYS * 2:
            jump(seconds)
            before = int(client.get("/ticks")[1])
            began = time.monotonic()
            until(lambda before=before: int(client.get("/ticks")[1]) > before + 5)
            # Nor are the calls of the hours that were skipped made up for.
            elapsed = time.monotonic() - began
            assert int(client.get("/ticks")[1]) - before < 20 + elapsed / 0.02


def test_connections_idle_as_long_as_ever(server, peer, jump):
    for seconds in BOTH_WAYS:
        with peer(server.port) as client, peer(server.port) as slow:
            assert client.get("/") == (200, b"hi")
            slow.socket.sendall(b"GET / HTTP/1.1\r\nHo")
            jump(seconds)
            # Neither closed at once, nor forgotten.
            assert client.get("/") == (200, b"hi")
            began = time.monotonic()
            assert client.socket.recv(100) == b""
            assert 0.9 < time.monotonic() - began < 10
            assert slow.socket.recv(100) == b""


def test_websockets_stay_open(server, jump):
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{server.port}/echo", proxy=None) as connection:
        for number in range(14):
            if number % 7 == 0:
                jump(BOTH_WAYS[number // 7])
            connection.send(str(number))
            assert connection.recv(5) == str(number)
            time.sleep(0.1)


def test_signed_cookies(server, peer, jump):
    with peer(server.port) as client:

        def read(value: bytes) -> bytes:
            return client.get("/cookie?value=" + urllib.parse.quote(value))[1]

        _, value = client.get("/cookie")
        assert read(value) == b"somebody"
        jump(HOURS)
        assert read(value) == b"somebody"
        jump(DAY)
        assert read(value) == b"nobody", "it has expired"
        jump(-DAY - 2 * HOURS)
        # From a machine, or a time, some hours ahead; but none that would last for ever.
        assert read(value) == b"somebody"
        jump(-31 * DAY)
        assert read(value) == b"nobody"
        jump(31 * DAY + HOURS)
        assert read(value) == b"somebody"


def head_of(client, target: str, *fields: str) -> tuple[int, dict[str, str]]:
    lines = [f"GET {target} HTTP/1.1", "Host: a", *fields, "", ""]
    client.socket.sendall("\r\n".join(lines).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.socket.recv(65536)
    status, *rows = data.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(status.split()[1]), dict(row.split(": ", 1) for row in rows)


def seconds_of(date: str) -> float:
    return email.utils.parsedate_to_datetime(date).timestamp()


def test_dates_follow_the_wall_clock(server, peer, jump):
    def fresh(target: str, *fields: str) -> tuple[int, dict[str, str]]:
        with peer(server.port) as client:
            return head_of(client, target, *fields)

    for seconds in (0, HOURS, -2 * HOURS, HOURS):
        now = jump(seconds)
        for target in ("/", "/static/file.txt"):
            _, headers = fresh(target)
            assert abs(seconds_of(headers["Date"]) - now) < 5
    # A client that was told of a file at any of these times has it still.
    _, headers = fresh("/static/file.txt")
    for seconds in (0, HOURS, -2 * HOURS):
        jump(seconds)
        for field in ("Last-Modified", "Date"):
            status, _ = fresh("/static/file.txt", f"If-Modified-Since: {headers[field]}")
            assert status == 304
        status, _ = fresh("/static/file.txt", f"If-None-Match: {headers['Etag']}")
        assert status == 304
    early = email.utils.formatdate(seconds_of(headers["Last-Modified"]) - HOURS, usegmt=True)
    status, _ = fresh("/static/file.txt", f"If-Modified-Since: {early}")
    assert status == 200
