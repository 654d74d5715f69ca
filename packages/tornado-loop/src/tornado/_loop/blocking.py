"""Watching for a blocked loop: heartbeats of the loop in; a signal when they fail to come out."""

import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from tornado.log import gen_log

__all__ = ["BlockingWatch"]

# Heartbeats in one threshold: each one puts the alarm off.
_BEATS = 4


class Timers(Protocol):
    """What the watch needs of a loop."""

    def running(self) -> bool:
        """Return whether the loop is running now."""

    def call_later(self, delay: float, callback: Callable[..., Any], /) -> object:
        """Call ``callback()`` after ``delay`` seconds; return a handle."""

    def remove_timeout(self, timeout: object, /) -> None:
        """Cancel a timeout, given its handle."""


class BlockingWatch:
    """Keeps an alarm of the system in the future for as long as the loop turns.

    A timeout of the loop puts the alarm off four times per threshold. While a callback blocks, no
    timeout runs, and the alarm goes off. This needs nothing of the loop but its timeouts, so it
    works the same over every asyncio loop.
    """

    def __init__(
        self, io_loop: Timers, seconds: float, action: Callable[[int, Any], Any] | None
    ) -> None:
        self.seconds = seconds
        self._io_loop = io_loop
        self._interval = seconds / _BEATS
        self._handle: Any = None
        signal.signal(signal.SIGALRM, signal.SIG_DFL if action is None else action)
        if io_loop.running():
            self.begin()

    @staticmethod
    def in_main_thread() -> bool:
        """Whether this is the main thread, the only one that signal handlers run in."""
        return threading.current_thread() is threading.main_thread()

    @classmethod
    def is_supported(cls) -> bool:
        """Whether this system has interval timers, and this thread may set them."""
        return hasattr(signal, "setitimer") and cls.in_main_thread()

    def begin(self) -> None:
        """The loop runs now: the first heartbeat."""
        signal.setitimer(signal.ITIMER_REAL, self.seconds + self._interval, 0)
        self._handle = self._io_loop.call_later(self._interval, self.begin)

    def pause(self) -> None:
        """The loop does not run any more: no alarm until it does again."""
        signal.setitimer(signal.ITIMER_REAL, 0, 0)
        if self._handle is not None:
            self._io_loop.remove_timeout(self._handle)
            self._handle = None

    def cancel(self) -> None:
        """Stop for good, and leave the signal to the system's own handling."""
        self.pause()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    @staticmethod
    def log_stack(watch: "BlockingWatch | None", frame: Any) -> None:
        """Log where the main thread is."""
        gen_log.warning(
            "IOLoop blocked for %f seconds in\n%s",
            0.0 if watch is None else watch.seconds,
            "".join(traceback.format_stack(frame)),
        )
