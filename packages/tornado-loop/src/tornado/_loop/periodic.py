"""Periodic callbacks: a callback and a period in; calls at even distances out."""

import datetime
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

from tornado._core.seam import check_callback
from tornado._loop import contexts, current
from tornado._loop.conversion import BadYieldError, convert_yielded
from tornado._loop.ioloop import IOLoop

__all__ = ["PeriodicCallback"]


class PeriodicCallback:
    """Calls a callback every so often.

    :param callback: may be a coroutine function; a call that is not over when the next is due is
        waited for, so calls never overlap.
    :param callback_time: the period, in milliseconds or as a `datetime.timedelta`.
    :param jitter: a share of the period (0.1 is a tenth) by which each call is moved at random,
        half of it to either side, so that several processes do not act in step.
    :param io_loop: the loop to run on; by default the one that is current when `start` is called.
    :raises ValueError: if the period is not positive.

    Calls keep to the times start + n * period whatever each takes; one that runs into the next
    periods skips them. When the clock of the loop is set, forward or back, the next call still
    comes within two periods.

    .. versionchanged:: 5.0
       The loop is chosen by `start`.
    .. versionchanged:: 5.1
       Added ``jitter``.
    .. versionchanged:: 6.2
       The period may be a `datetime.timedelta`, and callbacks coroutines.
    """

    def __init__(
        self,
        callback: Callable[[], Awaitable[Any] | None],
        callback_time: float | datetime.timedelta,
        jitter: "float | IOLoop | None" = 0,
        io_loop: "IOLoop | None" = None,
    ) -> None:
        if isinstance(jitter, IOLoop):  # the third parameter was io_loop until release 5
            io_loop, jitter = jitter, 0
        if isinstance(callback_time, datetime.timedelta):
            callback_time = callback_time / datetime.timedelta(milliseconds=1)
        check_callback("PeriodicCallback()", callback)
        if callback_time <= 0:
            raise ValueError(f"callback_time must be positive, got {callback_time!r}")
        self.callback = callback
        self.callback_time = callback_time
        self.jitter: float = jitter or 0
        self.io_loop: IOLoop = io_loop  # type: ignore[assignment]  # known from `start` on
        self._bound_loop = io_loop
        self._running = False
        self._timeout: Any = None
        self._next_timeout = 0.0

    def start(self) -> None:
        """Start calling; the first call comes after one period. If it runs, nothing happens.

        One that was started on a loop which is closed by now is restarted on the current one.
        """
        if self._running and not self._is_loop_closed():
            return
        self._timeout = None
        self.io_loop = self._bound_loop or cast(IOLoop, current.get_current())
        self._running = True
        self._next_timeout = self.io_loop.time()
        self._schedule_next()

    def stop(self) -> None:
        """Stop calling; a coroutine that runs is let finish."""
        self._running = False
        if self._timeout is not None:
            self.io_loop.remove_timeout(self._timeout)
            self._timeout = None

    def is_running(self) -> bool:
        """Whether `start` was called, and not `stop` since.

        .. versionadded:: 4.1
        """
        return self._running

    def _is_loop_closed(self) -> bool:
        loop = getattr(self.io_loop, "asyncio_loop", None)
        return loop is not None and bool(loop.is_closed())

    def _run(self) -> None:
        if not self._running:
            return
        self._timeout = None
        pending = None
        try:
            result = self.callback()
            if result is not None:
                pending = self._awaited(result)
        except Exception:
            self.io_loop.handle_callback_exception(self.callback)
        if pending is None:
            self._schedule_next()
        else:
            self.io_loop.add_future(pending, self._after)

    @staticmethod
    def _awaited(result: Any) -> Any:
        try:
            return convert_yielded(result)
        except BadYieldError:
            return None  # callbacks may return anything

    def _after(self, future: Any) -> None:
        try:
            if not future.cancelled():
                future.result()
        except Exception:
            self.io_loop.handle_callback_exception(self.callback)
        self._schedule_next()

    def _schedule_next(self) -> None:
        # A timeout is pending already if it was stopped and started again in the meantime.
        if self._running and self._timeout is None:
            now = self.io_loop.time()
            self._update_next(now)
            period = self.callback_time / 1000.0
            if self._next_timeout - now > 2 * period * (1 + self.jitter):
                # The clock was set back by more than a period: start over rather than wait until
                # it is again as late as it was.
                self._next_timeout = now + period
            self._timeout = contexts.run_clean(
                self.io_loop.add_timeout, self._next_timeout, self._run
            )

    def _update_next(self, current_time: float) -> None:
        """Move the next time on by whole periods, past the present."""
        period = self.callback_time / 1000.0
        if self.jitter:
            period *= 1 + self.jitter * (random.random() - 0.5)
        behind = current_time - self._next_timeout
        if behind >= 0:
            self._next_timeout += (math.floor(behind / period) + 1) * period
        else:
            # The timer fired early, or the clock was set back: still never twice in one period.
            self._next_timeout += period


PeriodicCallback.__module__ = "tornado.ioloop"
