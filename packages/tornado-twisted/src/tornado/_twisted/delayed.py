"""Timed calls: a function and a delay in; a call by the loop, which can be moved or cancelled, out."""

from collections.abc import Callable
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.logger import Logger

from tornado._loop.seam import contexts
from tornado._twisted.loops import LoopReactor

__all__ = ["TornadoDelayedCall"]

_log = Logger()

# The loop's timers are of C doubles and of system calls: farther deadlines are reached in steps.
_LONGEST_SECONDS = 86400.0


class TornadoDelayedCall(DelayedCall):
    """A timed call of a `TornadoReactor`: what its ``callLater`` returns.

    :param reactor: the reactor whose loop makes the call.
    :param seconds: how long to wait, in seconds.
    :param f: what is called with the remaining arguments.

    It is an ``IDelayedCall`` of Twisted. Moving a call to a later time costs no new timer of the
    loop: the old one is looked at when it is due.
    """

    def __init__(
        self,
        reactor: LoopReactor,
        seconds: float,
        f: Callable[..., Any],
        *args: Any,
        **kw: Any,
    ) -> None:
        super().__init__(
            reactor.seconds() + seconds, f, args, kw, _forget, _hasten, seconds=reactor.seconds
        )
        self._reactor = reactor
        self._timeout: Any = None
        self._arm(seconds)

    def active(self) -> bool:
        """Whether the call is still to come."""
        return super().active()

    def cancel(self) -> None:
        """Do not make the call.

        :raises twisted.internet.error.AlreadyCalled: if it was made.
        :raises twisted.internet.error.AlreadyCancelled: if it was cancelled before.
        """
        super().cancel()

    def delay(self, seconds: float) -> None:
        """Make the call ``seconds`` later than planned; sooner, if that is negative.

        :raises twisted.internet.error.AlreadyCalled: if it was made.
        :raises twisted.internet.error.AlreadyCancelled: if it was cancelled before.
        """
        super().delay(seconds)

    def getTime(self) -> float:
        """Return when the call is due, in seconds by the reactor's clock."""
        return super().getTime()

    def reset(self, seconds: float) -> None:
        """Make the call ``seconds`` from now, whatever was planned.

        :raises twisted.internet.error.AlreadyCalled: if it was made.
        :raises twisted.internet.error.AlreadyCancelled: if it was cancelled before.
        """
        super().reset(seconds)

    def _arm(self, seconds: float) -> None:
        """Have the loop call `_due` after ``seconds``; Twisted's code runs outside stack contexts."""
        self._timeout = contexts.run_clean(
            self._reactor._io_loop.call_later, min(seconds, _LONGEST_SECONDS), self._due
        )

    def _disarm(self) -> None:
        timeout, self._timeout = self._timeout, None
        if timeout is not None:
            self._reactor._io_loop.remove_timeout(timeout)

    def _due(self) -> None:
        self._timeout = None
        if self.delayed_time > 0.0:
            self.activate_delay()
            self._arm(max(0.0, self.time - self.seconds()))
            return
        left = self.time - self.seconds()
        if left > _LONGEST_SECONDS / 2:
            self._arm(left)
            return
        self._reactor._delayed_calls.pop(self, None)
        self._reactor._something_happened()
        self.called = 1
        try:
            self.func(*self.args, **self.kw)
        except Exception:
            _log.failure("while handling timed call {call}", call=self)


def _forget(call: DelayedCall) -> None:
    """Take a call that is being cancelled from the loop."""
    assert isinstance(call, TornadoDelayedCall)
    call._disarm()
    call._reactor._delayed_calls.pop(call, None)


def _hasten(call: DelayedCall) -> None:
    """Have the loop look sooner at a call whose time moved towards now."""
    assert isinstance(call, TornadoDelayedCall)
    call._disarm()
    call._arm(max(0.0, call.time - call.seconds()))


TornadoDelayedCall.__module__ = "tornado.platform.twisted"
