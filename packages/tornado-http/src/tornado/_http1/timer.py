"""Deadlines go in, one call when the last of them is over comes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class LazyTimer:
    """One deadline that moves often, over a timer of the loop that is armed seldom.

    Setting a later deadline only stores it. The armed timer looks at the stored deadline when it
    fires, and is armed anew for what is left.
    """

    __slots__ = ("_deadline", "_loop", "_now", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # asyncio's own loops ask this clock: what they do for each call is spared.
        usual = type(loop).time is asyncio.BaseEventLoop.time
        self._now: Callable[[], float] = time.monotonic if usual else loop.time
        self._deadline = 0.0  # of the loop's clock; 0: none
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def set_deadline(self, seconds: float | None) -> None:
        """Move the deadline to ``seconds`` from now; ``None`` takes it away."""
        if seconds is None:
            self._deadline = 0.0
            return
        self._deadline = deadline = self._now() + seconds
        timer = self._timer
        if timer is not None:
            if self._timer_at <= deadline:
                return
            timer.cancel()
        self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        if not self._deadline:
            return
        if self._now() < self._deadline:
            self._arm(self._deadline)
        else:
            self._deadline = 0.0
            self.deadline_passed()

    def cancel_deadline(self) -> None:
        """Disarm the timer for good."""
        self._deadline = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def deadline_passed(self) -> None:
        """Called once when the deadline is over."""
        raise NotImplementedError
