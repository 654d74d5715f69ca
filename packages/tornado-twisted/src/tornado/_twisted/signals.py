"""Signals for a reactor: INT, TERM and CHLD in; its shutdown and the reaping of processes out.

Twisted's own way takes the process's wake-up descriptor, which asyncio's signal handlers need. This
one leaves it alone where it can: the handler is a plain one that schedules a callback on the loop.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.python.runtime import platformType

from tornado._twisted.loops import LoopReactor

__all__ = ["ChildSignal", "ReactorSignals", "in_main_thread"]


def in_main_thread() -> bool:
    """Whether signal handlers can be set here."""
    return threading.current_thread() is threading.main_thread()


class ChildSignal:
    """Watches SIGCHLD on behalf of ``spawnProcess``.

    :param reactor: the reactor; its loop reaps the processes.

    A handler that was there before is called too, and put back by `uninstall` unless somebody
    else's has taken the place since.
    """

    def __init__(self, reactor: LoopReactor) -> None:
        self._reactor = reactor
        self._previous: Any = None
        self._handler: Callable[[int, FrameType | None], None] | None = None

    def install(self) -> None:
        """Begin to watch; a second call does nothing, nor does one on systems without SIGCHLD."""
        if platformType != "posix" or self._handler is not None:
            return
        self._handler = self._on_signal
        self._previous = signal.signal(signal.SIGCHLD, self._handler)
        signal.siginterrupt(signal.SIGCHLD, False)
        # A process may have ended before there was a handler.
        self._reactor._io_loop.add_callback_from_signal(_reap)

    def uninstall(self) -> None:
        """Stop watching and put the former handler back."""
        handler, self._handler = self._handler, None
        if handler is None or signal.getsignal(signal.SIGCHLD) != handler:
            return
        previous, self._previous = self._previous, None
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if previous is None else previous)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._reactor._io_loop.add_callback_from_signal(_reap)
        if callable(self._previous):
            self._previous(number, frame)


class ReactorSignals:
    """What ``reactor.run()`` installs: the signals that end the program, and SIGCHLD.

    :param reactor: the reactor that is stopped by SIGINT, SIGTERM and, on Windows, SIGBREAK.

    SIGINT is left alone where somebody else handles it. As with Twisted's own reactors, the
    handlers of the signals that end the program stay when the reactor has ended.
    """

    def __init__(self, reactor: LoopReactor) -> None:
        self._reactor = reactor

    def install(self) -> None:
        """Set the handlers; only possible in the main thread.

        :raises ValueError: in another thread.
        """
        reactor = self._reactor
        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, reactor.sigInt)
        signal.signal(signal.SIGTERM, reactor.sigTerm)
        sigbreak = getattr(signal, "SIGBREAK", None)
        if sigbreak is not None:
            signal.signal(sigbreak, reactor.sigBreak)
        reactor._child_signal.install()

    def uninstall(self) -> None:
        """Stop watching SIGCHLD."""
        self._reactor._child_signal.uninstall()


def _reap() -> None:
    # Imported here because the module exists on POSIX systems only, where SIGCHLD does too.
    from twisted.internet.process import reapAllProcesses

    reapAllProcesses()
