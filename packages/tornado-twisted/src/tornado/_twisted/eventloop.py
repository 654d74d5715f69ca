"""An asyncio loop on a Twisted reactor: a reactor in; everything that asyncio loops can do out.

The loop is asyncio's own selector loop, whose turns the reactor drives: descriptors that asyncio
waits for become readers and writers of the reactor, and its next deadline becomes one timed call.
When the reactor reports either, the loop makes one turn that does not wait.
"""

import asyncio
import os
import select
import selectors
import signal
import sys
import threading
from asyncio import events
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any

from twisted.internet.interfaces import IReadWriteDescriptor
from zope.interface import implementer  # type: ignore[import-untyped]  # it has no types

from tornado._twisted.signals import in_main_thread

__all__ = ["ReactorEventLoop"]

_BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE
_LONGEST_SECONDS = 86400.0


@implementer(IReadWriteDescriptor)
class _Descriptor:
    """A descriptor that asyncio waits for, as the reactor sees it."""

    def __init__(self, selector: "_ReactorSelector", fd: int) -> None:
        self._selector = selector
        self._fd = fd
        self.events = 0

    def fileno(self) -> int:
        return self._fd

    def logPrefix(self) -> str:
        return "asyncio"

    def doRead(self) -> None:
        self._selector.report(self._fd, selectors.EVENT_READ)

    def doWrite(self) -> None:
        self._selector.report(self._fd, selectors.EVENT_WRITE)

    def connectionLost(self, reason: Any) -> None:
        """The reactor dropped it: let asyncio see why, and add it again if that is still wanted."""
        events, self.events = self.events, 0
        ready = _state(self._fd)
        if ready is None:
            return  # closed without being removed
        if ready & events:
            self._selector.report(self._fd, ready & events)
        self._selector.restore(self._fd)


class _ReactorSelector(selectors.BaseSelector):
    """A selector whose waiting is done by a reactor.

    :param reactor: where descriptors are waited for.
    :param turn: called when one of them is ready.

    In a forked child, whose reactor shares its descriptors with the parent's, nothing is changed
    there; and the loop's own renewal after a fork makes a selector without a reactor.
    """

    def __init__(self, reactor: Any = None, turn: Callable[[], None] | None = None) -> None:
        self._reactor = reactor
        self._turn = turn
        self._process = os.getpid()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._descriptors: dict[int, _Descriptor] = {}
        self._ready: dict[int, int] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        fd = _number(fileobj)
        if fd < 0:
            raise ValueError(f"invalid file descriptor: {fd}")
        if not events or events & ~_BOTH:
            raise ValueError(f"invalid events: {events}")
        if fd in self._keys:
            raise KeyError(f"{fileobj!r} (descriptor {fd}) is already registered")
        key = self._keys[fd] = selectors.SelectorKey(fileobj, fd, events, data)
        self._descriptors[fd] = _Descriptor(self, fd)
        try:
            self._watch(fd, events)
        except BaseException:
            self.unregister(fileobj)
            raise
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self.get_key(fileobj)
        self._watch(key.fd, 0)
        del self._keys[key.fd]
        del self._descriptors[key.fd]
        self._ready.pop(key.fd, None)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        old = self.get_key(fileobj)
        self._watch(old.fd, events)
        key = self._keys[old.fd] = old._replace(events=events, data=data)
        return key

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        for fd, key in self._keys.items():
            if fileobj is key.fileobj:
                return self._keys[fd]
        try:
            return self._keys[_number(fileobj)]
        except (KeyError, ValueError):
            raise KeyError(f"{fileobj!r} is not registered") from None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what the reactor reported since the last time; never wait."""
        ready, self._ready = self._ready, {}
        return [
            (key, events & key.events)
            for fd, events in ready.items()
            if (key := self._keys.get(fd)) is not None and events & key.events
        ]

    def close(self) -> None:
        for key in list(self._keys.values()):
            self.unregister(key.fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def report(self, fd: int, events: int) -> None:
        """Take note that a descriptor is ready, and have the loop make its turn."""
        self._ready[fd] = self._ready.get(fd, 0) | events
        if self._turn is not None:
            self._turn()

    def restore(self, fd: int) -> None:
        """Have the reactor wait again for a descriptor that it dropped, if anybody wants it."""
        key = self._keys.get(fd)
        if key is not None:
            self._watch(fd, key.events)

    def _watch(self, fd: int, events: int) -> None:
        descriptor = self._descriptors[fd]
        added, removed = events & ~descriptor.events, descriptor.events & ~events
        descriptor.events = events
        if self._reactor is None or os.getpid() != self._process:
            return
        if added & selectors.EVENT_READ:
            self._reactor.addReader(descriptor)
        if added & selectors.EVENT_WRITE:
            self._reactor.addWriter(descriptor)
        if removed & selectors.EVENT_READ:
            self._reactor.removeReader(descriptor)
        if removed & selectors.EVENT_WRITE:
            self._reactor.removeWriter(descriptor)


# The private parts that are used (_run_once, _ready, _scheduled, _stopping, _thread_id) are the same
# in all supported Pythons; their types are nowhere declared.
_SelectorEventLoop: Any = asyncio.SelectorEventLoop


class ReactorEventLoop(_SelectorEventLoop):  # type: ignore[misc]  # see above
    """An asyncio loop that a Twisted reactor drives.

    :param reactor: a reactor that waits for descriptors (``IReactorFDSet``).

    Its callbacks run whenever the reactor does, no matter who started it. `run_forever`, and all that
    is built upon it, runs the reactor and ends by ``reactor.crash()``, so that it can run again.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._in_turn = False
        self._call: Any = None
        self._call_at = 0.0
        self._fatal: BaseException | None = None
        self._runs_reactor = False
        self._thread_id: int | None = None
        self._own_signals: dict[int, tuple[Any, Any]] = {}
        super().__init__(_ReactorSelector(reactor, self._turn))

    # -- turns -----------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Have the reactor call for a turn when the next one is due."""
        if self._in_turn or self.is_closed():
            return
        now = self.time()
        if self._ready or self._stopping:
            when = now
        elif self._scheduled:
            when = self._scheduled[0].when()
        else:
            return
        if self._call is not None:
            if self._call_at <= when:
                return
            self._call.cancel()
        self._call_at = when
        self._call = self._reactor.callLater(
            min(max(0.0, when - now), _LONGEST_SECONDS), self._on_call
        )

    def _on_call(self) -> None:
        self._call = None
        self._turn()

    def _turn(self) -> None:
        """Run what is ready, once, as the running loop of asyncio."""
        if self._in_turn or self.is_closed():
            return
        self._in_turn = True
        outer = events._get_running_loop()
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = threading.get_ident()
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook
        )
        try:
            self._run_once()
        except (SystemExit, KeyboardInterrupt) as error:
            if not self._runs_reactor:
                raise
            self._fatal = error  # the reactor would only log it
            self._stopping = True
        finally:
            sys.set_asyncgen_hooks(*hooks)
            events._set_running_loop(outer)
            if not self._runs_reactor:
                self._thread_id = None
            self._in_turn = False
            if self._stopping and self._runs_reactor:
                self._stopping = False
                self._reactor.crash()
            else:
                self._arm()

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Any:
        """Call ``callback(*args)`` on the next turn."""
        handle = super().call_soon(callback, *args, context=context)
        if not self._in_turn:
            self._arm()
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> Any:
        """Call ``callback(*args)`` at a time of `time`."""
        handle = super().call_at(when, callback, *args, context=context)
        if not self._in_turn:
            self._arm()
        return handle

    # -- running ---------------------------------------------------------------------------------

    def is_running(self) -> bool:
        """Whether the reactor runs."""
        return bool(self._reactor.running) or self._thread_id is not None

    def run_forever(self) -> None:
        """Run the reactor until `stop` is called, or the reactor is stopped by other means."""
        self._check_closed()
        self._check_running()
        self._thread_id = threading.get_ident()
        self._runs_reactor = True
        try:
            if self._stopping:
                self._reactor.callWhenRunning(self._arm)
            self._reactor.run(installSignalHandlers=in_main_thread())
        finally:
            self._runs_reactor = False
            self._stopping = False
            self._thread_id = None
            fatal, self._fatal = self._fatal, None
        if fatal is not None:
            raise fatal

    def stop(self) -> None:
        """End `run_forever` after the present turn; if it does not run, after its first."""
        self._stopping = True
        if not self._in_turn:
            self._arm()

    def close(self) -> None:
        """Close the loop, which must not be running; the reactor is left as it is."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        for number in list(self._own_signals):
            self.remove_signal_handler(number)
        super().close()

    # -- signals ---------------------------------------------------------------------------------

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        """Call ``callback(*args)`` on the loop after a signal.

        The process's wake-up descriptor is left to the reactor, and a handler of the reactor for
        the same signal is called too: SIGCHLD serves both.

        :raises RuntimeError: for a signal that cannot be caught.
        :raises ValueError: for no signal, or outside the main thread.
        """
        self._check_closed()
        if sig not in signal.valid_signals():
            raise ValueError(f"invalid signal number {sig}")

        previous = self._own_signals[sig][1] if sig in self._own_signals else signal.getsignal(sig)
        chained = previous if sig == getattr(signal, "SIGCHLD", None) else None

        def handle(number: int, frame: Any) -> None:
            if not self.is_closed():
                self.call_soon_threadsafe(callback, *args)
            if callable(chained):
                chained(number, frame)

        try:
            signal.signal(sig, handle)
        except OSError as error:
            raise RuntimeError(f"signal {sig} cannot be caught") from error
        if hasattr(signal, "siginterrupt"):
            signal.siginterrupt(sig, False)
        self._own_signals[sig] = (handle, previous)

    def remove_signal_handler(self, sig: int) -> bool:
        """Put back what handled a signal before; return whether there was a handler of this loop."""
        if sig not in self._own_signals:
            return False
        handle, previous = self._own_signals.pop(sig)
        if signal.getsignal(sig) == handle:
            signal.signal(sig, signal.SIG_DFL if previous is None else previous)
        return True


def _number(fileobj: Any) -> int:
    if isinstance(fileobj, int):
        return fileobj
    try:
        return int(fileobj.fileno())
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"invalid file object: {fileobj!r}") from None


def _state(fd: int) -> int | None:
    """Return which events asyncio would see on a descriptor now; None for one that was closed."""
    if not hasattr(select, "poll"):
        return _BOTH
    poll = select.poll()
    poll.register(fd, select.POLLIN | select.POLLOUT)
    found = dict(poll.poll(0)).get(fd, 0)
    if found & select.POLLNVAL:
        return None
    broken = found & (select.POLLHUP | select.POLLERR)
    ready = selectors.EVENT_READ if broken or found & select.POLLIN else 0
    return ready | (selectors.EVENT_WRITE if broken or found & select.POLLOUT else 0)
