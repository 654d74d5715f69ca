"""Times go in, pings and the verdict that the peer is gone come out: one timer for each connection."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

from tornado.log import gen_log

__all__ = ["Keepalive", "settle_timeout", "sleep_time"]


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[..., Any], /, *args: Any) -> Any: ...


class _Phase(Enum):
    #: Nothing is asked of the peer until the next ping.
    RESTING = auto()
    #: A ping is out, and a sign of life is due.
    WAITING = auto()
    STOPPED = auto()


_warned = False


def settle_timeout(interval: float | None, timeout: float | None) -> float:
    """Return the seconds to wait for a sign of life after a ping: never more than the interval.

    :param timeout: ``None`` stands for the interval, 0 for no limit.
    """
    global _warned
    if not interval:
        return 0.0
    if timeout is None:
        return interval
    if timeout > interval:
        if not _warned:
            _warned = True
            gen_log.warning(
                "websocket ping timeout (%s s) is longer than the ping interval (%s s);"
                " the interval is used",
                timeout,
                interval,
            )
        return interval
    return timeout


def sleep_time(last_ping_time: float, interval: float, now: float) -> float:
    """Return the seconds from ``now`` until the next ping is due, at least 0."""
    return max(0.0, last_ping_time + interval - now)


class Keepalive:
    """Pings a peer, and tells when it stays silent.

    :param interval: seconds between two pings.
    :param timeout: seconds after a ping by which something has to have arrived; 0 for no limit.
    :param ping: sends a ping.
    :param is_alive: tells whether anything arrived since the last ping, or could not be seen.
    :param expired: called once when the peer stayed silent.
    """

    __slots__ = (
        "_clock",
        "_expired",
        "_handle",
        "_interval",
        "_is_alive",
        "_phase",
        "_ping",
        "_pinged_at",
        "_timeout",
    )

    def __init__(
        self,
        clock: Clock,
        interval: float,
        timeout: float,
        ping: Callable[[], None],
        is_alive: Callable[[], bool],
        expired: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._ping = ping
        self._is_alive = is_alive
        self._expired = expired
        self._phase = _Phase.RESTING
        self._pinged_at = clock.time()
        self._handle = clock.call_later(interval, self._tick)

    def stop(self) -> None:
        """Do nothing more."""
        self._phase = _Phase.STOPPED
        self._handle.cancel()

    def _tick(self) -> None:
        if self._phase is _Phase.WAITING:
            if not self._is_alive():
                self._phase = _Phase.STOPPED
                self._expired()
                return
            self._phase = _Phase.RESTING
            rest = sleep_time(self._pinged_at, self._interval, self._clock.time())
            if rest > 0:
                self._handle = self._clock.call_later(rest, self._tick)
                return
        self._pinged_at = self._clock.time()
        self._ping()
        if self._phase is _Phase.STOPPED:
            return
        if self._timeout:
            self._phase = _Phase.WAITING
            self._handle = self._clock.call_later(self._timeout, self._tick)
        else:
            self._handle = self._clock.call_later(self._interval, self._tick)
