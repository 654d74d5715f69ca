"""What timed calls and signals need of the reactor to which they belong."""

from typing import Any, Protocol

from twisted.internet.base import DelayedCall

from tornado.ioloop import IOLoop

__all__ = ["LoopReactor"]


class _Installed(Protocol):
    """Handlers of signals that are set and put back."""

    def install(self) -> None: ...

    def uninstall(self) -> None: ...


class LoopReactor(Protocol):
    """A reactor over an `IOLoop`, as its parts see it."""

    _io_loop: IOLoop
    #: the calls that are still to come, in the order in which they were made
    _delayed_calls: dict[DelayedCall, None]

    @property
    def _child_signal(self) -> _Installed: ...

    def seconds(self) -> float:
        """Return the time by the loop's clock."""

    def _something_happened(self) -> None:
        """End the current iteration, if somebody waits for one."""

    #: the handlers of signals that end the program
    sigInt: Any
    sigTerm: Any
    sigBreak: Any
