"""Pings over a clock of the test's own."""

import logging

import pytest

from tornado._websocket import keepalive
from tornado._websocket.keepalive import Keepalive, settle_timeout, sleep_time
from tornado.websocket import WebSocketProtocol13


class Clock:
    def __init__(self):
        self.now = 100.0
        self.timers = []

    def time(self):
        return self.now

    def call_later(self, delay, callback, *args):
        timer = Timer(self.now + delay, callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds):
        end = self.now + seconds
        while True:
            due = [timer for timer in self.timers if not timer.cancelled and timer.at <= end + 1e-9]
            if not due:
                break
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = timer.at
            timer.callback()
        self.now = end


class Timer:
    def __init__(self, at, callback):
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class Peer:
    """Notes pings with their times, and is alive or not."""

    def __init__(self, interval, timeout):
        self.clock = Clock()
        self.alive = True
        self.log = []
        self.keepalive = Keepalive(
            self.clock, interval, timeout, self.ping, lambda: self.alive, self.expired
        )

    def ping(self):
        self.log.append(("ping", round(self.clock.now - 100, 6)))

    def expired(self):
        self.log.append(("expired", round(self.clock.now - 100, 6)))


@pytest.mark.parametrize("timeout", [0, 4, 10])
def test_pings_come_at_the_interval(timeout):
    peer = Peer(10, timeout)
    peer.clock.advance(45)
    assert peer.log == [("ping", 10), ("ping", 20), ("ping", 30), ("ping", 40)]


def test_there_is_one_timer():
    peer = Peer(10, 4)
    for _ in range(20):
        peer.clock.advance(3)
        assert len([timer for timer in peer.clock.timers if not timer.cancelled]) == 1


@pytest.mark.parametrize("timeout", [4, 10])
def test_silence(timeout):
    peer = Peer(10, timeout)
    peer.clock.advance(15)
    peer.alive = False
    peer.clock.advance(100)
    expected = (
        [("ping", 10), ("expired", 20)]
        if timeout == 10
        else [("ping", 10), ("ping", 20), ("expired", 24)]
    )
    assert peer.log == expected


def test_no_limit():
    peer = Peer(10, 0)
    peer.alive = False
    peer.clock.advance(25)
    assert peer.log == [("ping", 10), ("ping", 20)]


def test_stop():
    peer = Peer(10, 4)
    peer.clock.advance(12)
    peer.keepalive.stop()
    peer.clock.advance(100)
    assert peer.log == [("ping", 10)]


@pytest.mark.parametrize("timeout", [0, 4, 10])
def test_stop_within_a_ping(timeout):
    """As when the ping cannot be sent: no timer may keep the connection alive."""
    peer = Peer(10, timeout)
    pings = []

    def ping():
        pings.append(peer.clock.now - 100)
        peer.keepalive.stop()

    peer.keepalive._ping = ping
    peer.clock.advance(100)
    assert pings == [10]
    assert [timer for timer in peer.clock.timers if not timer.cancelled] == []
    assert peer.log == []


def test_a_pong_that_is_late_by_less_than_the_interval_keeps_the_connection():
    peer = Peer(10, 10)
    peer.alive = False
    peer.clock.advance(19)
    peer.alive = True
    peer.clock.advance(2)
    assert peer.log == [("ping", 10), ("ping", 20)]


def test_timeouts(caplog, monkeypatch):
    monkeypatch.setattr(keepalive, "_warned", False)
    caplog.set_level(logging.WARNING)
    assert settle_timeout(None, 5) == 0
    assert settle_timeout(10, None) == 10
    assert settle_timeout(10, 5) == 5
    assert settle_timeout(10, 0) == 0
    assert caplog.records == []
    assert settle_timeout(10, 30) == 10
    assert settle_timeout(10, 30) == 10
    assert len(caplog.records) == 1


def test_sleep_time():
    assert sleep_time(100, 10, 103) == 7
    assert sleep_time(100, 10, 120) == 0
    assert WebSocketProtocol13.ping_sleep_time(last_ping_time=100, interval=10, now=103) == 7
