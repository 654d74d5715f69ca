"""Answers of one turn leave together, and none of them is late, lost or in another's way."""

import asyncio
import time
from collections import deque

import pytest

from tornado._http1 import departures as departures_room
from tornado._http1.departures import Departures, departures_of
from tornado.http1connection import HTTP1ServerConnection
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop


class Waiting:
    """A connection with answers to send."""

    def __init__(self, log, name, error=None):
        self.log = log
        self.name = name
        self.error = error

    def uncork(self):
        if self.error is not None:
            raise self.error
        self.log.append(self.name)

    def send_failed(self):
        self.log.append(f"{self.name} failed")


class Turns:
    """A loop that is turned by hand."""

    def __init__(self):
        self.queue = deque()

    def call_soon(self, callback, *, context):
        self.queue.append(callback)

    def turn(self):
        while self.queue:
            self.queue.popleft()()


@pytest.fixture
def turns():
    return Turns()


@pytest.fixture
def departures(turns):
    return Departures(turns, turns.queue)


def serve_one(departures, log, name, error=None):
    """Have an answer ready, as a connection has."""
    connection = Waiting(log, name, error)
    if departures.keeps():
        departures.add(connection)
    else:
        connection.uncork()


def test_one_alone_leaves_at_once(departures, turns):
    log = []
    serve_one(departures, log, "a")
    assert log == ["a"]
    assert not turns.queue


def test_what_came_together_alone_leaves_at_once(departures, turns):
    log = []
    departures.add(Waiting(log, "two answers"))
    assert log == ["two answers"]
    assert not turns.queue


def test_several_leave_when_the_last_was_served(departures, turns):
    log = []

    def serve(name):
        log.append(f"serve {name}")
        serve_one(departures, log, name)

    for name in "abc":
        turns.queue.append(lambda name=name: serve(name))
    turns.turn()
    assert log == ["serve a", "serve b", "serve c", "a", "b", "c"]


def test_those_before_something_else_leave_at_the_end_of_the_turn(departures, turns):
    log = []
    turns.queue.append(lambda: serve_one(departures, log, "a"))
    turns.queue.append(lambda: log.append("something else"))
    turns.turn()
    assert log == ["something else", "a"]


def test_no_more_than_so_many_are_kept(departures, turns):
    log = []
    turns.queue.append(lambda: None)
    for number in range(departures_room._TOGETHER):
        assert log == []
        serve_one(departures, log, number)
    assert log == list(range(departures_room._TOGETHER))
    serve_one(departures, log, "next")
    assert log[-1] != "next"
    turns.turn()
    assert log[-1] == "next"


def test_slow_handlers_keep_nobody_waiting_for_long(departures, turns):
    log = []
    turns.queue.append(lambda: None)
    serve_one(departures, log, "a")
    time.sleep(2 * departures_room._LONGEST_SECONDS)
    turns.turn()
    assert log == ["a"]
    for number in range(departures_room._AT_ONCE_WHEN_SLOW):
        turns.queue.append(lambda: None)
        serve_one(departures, log, number)
        assert log[-1] == number
    serve_one(departures, log, "b")
    assert log[-1] != "b"
    turns.turn()
    assert log[-1] == "b"


def test_few_answers_are_not_worth_the_while(departures, turns):
    log = []
    turns.queue.append(lambda: None)
    serve_one(departures, log, "a")
    turns.turn()
    turns.queue.append(lambda: None)
    serve_one(departures, log, "b")
    assert log == ["a", "b"]


def test_a_loop_that_does_not_show_its_queue(turns):
    departures = Departures(turns, None)
    log = []
    for name in "abc":
        serve_one(departures, log, name)
    assert log == []
    turns.turn()
    assert log == ["a", "b", "c"]


def test_one_that_fails_does_not_harm_the_others(departures, turns, caplog):
    log = []
    turns.queue.append(lambda: None)
    serve_one(departures, log, "a")
    serve_one(departures, log, "b", OSError("no"))
    serve_one(departures, log, "c")
    turns.turn()
    assert log == ["a", "b failed", "c"]
    assert [record.getMessage() for record in caplog.records] == ["Cannot send a response"]


# Over connections.


class Application:
    """Answers with the target; what ``then`` is called with comes after the answer."""

    def __init__(self, log, then=None):
        self.log = log
        self.then = then

    def dispatch(self, request):
        return Target(self, request)


class Target:
    streams_body = False

    def __init__(self, application, request):
        self.application = application
        self.request = request

    def execute(self):
        self.application.log.append(self.request.uri)
        exchange = self.request.connection
        exchange.respond(200, "OK", HTTPHeaders(), self.request.uri.encode())
        if self.application.then is not None:
            self.application.then(exchange)

    def on_connection_close(self):
        pass


def serve(connect, application):
    stream, peer = connect()
    connection = HTTP1ServerConnection(stream)
    connection.start_serving(application)
    return connection, peer


def request(target):
    return b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target


async def arrived():
    """Let everything that was sent arrive in one turn: nothing is read meanwhile."""
    await asyncio.sleep(0)


def test_connections_of_one_turn(run, connect, monkeypatch):
    log = []
    sent = HTTP1ServerConnection._send
    monkeypatch.setattr(
        HTTP1ServerConnection, "_send", lambda self, data: (log.append("send"), sent(self, data))[1]
    )

    async def main():
        pairs = [serve(connect, Application(log)) for _ in range(3)]
        await arrived()
        for _, peer in pairs:
            peer.sock.send(request(b"/x"))
        for _, peer in pairs:
            assert (await peer.receive_head()).endswith(b"/x")
        for connection, _ in pairs:
            connection.close()

    run(main)
    assert log == ["/x"] * 3 + ["send"] * 3


def test_an_answer_leaves_before_its_stream_is_closed(run, connect):
    async def main():
        log = []
        pairs = [
            serve(connect, Application(log, lambda exchange: exchange.stream.close()))
            for _ in range(3)
        ]
        await arrived()
        for _, peer in pairs:
            peer.sock.send(request(b"/x"))
        for _, peer in pairs:
            assert (await peer.receive()).endswith(b"\r\n\r\n/x")

    run(main)


def test_an_answer_leaves_before_its_connection_is_closed(run, connect):
    async def main():
        served = []

        def close_all(exchange):
            served.append(exchange)
            if len(served) == 3:
                for connection, _ in pairs:
                    connection.close()

        pairs = [serve(connect, Application([], close_all)) for _ in range(3)]
        await arrived()
        for _, peer in pairs:
            peer.sock.send(request(b"/x"))
        for _, peer in pairs:
            assert (await peer.receive()).endswith(b"\r\n\r\n/x")

    run(main)


def test_an_answer_leaves_before_the_loop_stops(connect):
    io_loop = IOLoop(make_current=False)
    log = []

    def stop(exchange):
        io_loop.asyncio_loop.call_soon(log.append, "something else")
        io_loop.stop()

    async def begin():
        pairs = [serve(connect, Application(log, stop)) for _ in range(3)]
        await arrived()
        return pairs

    pairs = io_loop.asyncio_loop.run_until_complete(begin())
    for _, peer in pairs:
        peer.sock.send(request(b"/x"))
    io_loop.start()
    assert "/x" in log
    answered = 0
    for connection, peer in pairs:
        try:
            answered += peer.sock.recv(1000).endswith(b"/x")
        except BlockingIOError:
            pass
        connection.stream.close()
        peer.close()
    io_loop.close()
    assert answered == log.count("/x")


def test_a_half_close_behind_the_request(run, connect):
    async def main():
        pairs = [serve(connect, Application([])) for _ in range(3)]
        await arrived()
        for _, peer in pairs:
            peer.sock.send(request(b"/x"))
            peer.sock.shutdown(1)
        for _, peer in pairs:
            assert (await peer.receive()).endswith(b"\r\n\r\n/x")

    run(main)


def test_one_for_each_loop():
    loops = [IOLoop(make_current=False) for _ in range(2)]
    assert departures_of(loops[0]) is departures_of(loops[0])
    assert departures_of(loops[0]) is not departures_of(loops[1])
    for loop in loops:
        loop.close()
