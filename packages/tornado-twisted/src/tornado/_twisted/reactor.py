"""A Twisted reactor upon an `IOLoop`: Twisted's servers, clients, timers and processes run on it."""

import errno
import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.error import ReactorAlreadyInstalledError
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.main import installReactor
from twisted.internet.posixbase import _NO_FILEDESC, PosixReactorBase
from twisted.logger import Logger
from twisted.python.log import callWithLogger
from zope.interface import implementer  # type: ignore[import-untyped]  # it has no types

from tornado._loop.seam import contexts
from tornado._twisted.delayed import TornadoDelayedCall
from tornado._twisted.signals import ChildSignal, ReactorSignals, in_main_thread
from tornado.ioloop import IOLoop

__all__ = ["TornadoReactor", "_TestReactor", "install"]

_log = Logger()

_LOCAL = "127.0.0.1"

# Twisted leaves these untyped, or types them more narrowly than its interfaces do.
_ReactorBase: Any = PosixReactorBase
_call_with_logger: Any = callWithLogger
_install_reactor: Any = installReactor


class _Watched:
    """Who waits for one descriptor: at most one reader and one writer, often the same object."""

    __slots__ = ("events", "reader", "writer")

    def __init__(self) -> None:
        self.events = IOLoop.NONE
        self.reader: Any = None
        self.writer: Any = None


@implementer(IReactorFDSet)
class TornadoReactor(_ReactorBase):  # type: ignore[misc]  # see above
    """A Twisted reactor on a Tornado loop.

    :param io_loop: the loop; ``None`` for the current one.

    It starts when the loop does, without ``reactor.run()``, and both can be mixed in one program.
    `run` works too, and runs the loop. The reactor's clock is the loop's.

    Under ``IOLoop.start()`` the signals that end a program are the application's business; SIGCHLD
    is watched from the first ``spawnProcess`` on. Under `run` all are handled, as Twisted does.

    A reactor that does not live as long as the process is taken apart before its loop is closed::

        reactor.fireSystemEvent("shutdown")
        reactor.disconnectAll()

    .. versionchanged:: 5.0
       The argument ``io_loop`` had been taken away; it is accepted here.
    """

    def __init__(self, io_loop: IOLoop | None = None) -> None:
        self._io_loop: IOLoop = io_loop if io_loop is not None else IOLoop.current()
        self._delayed_calls: dict[DelayedCall, None] = {}
        # Reader or writer -> the descriptor it had when it was added
        self._readers: dict[Any, int] = {}
        self._writers: dict[Any, int] = {}
        self._watched: dict[int, _Watched] = {}
        # Regular files cannot be waited for: they are always ready.
        self._file_readers: dict[Any, None] = {}
        self._file_writers: dict[Any, None] = {}
        self._files_scheduled = False
        self._started_by_loop = False
        self._wants_children = True
        self._one_turn = False
        self._justStopped: bool
        self._child_signal = ChildSignal(self)
        super().__init__()
        self._soon(self._start_with_loop)

    def _soon(self, callback: Callable[..., Any], *args: Any) -> None:
        """Have the loop call something; safe in every thread and signal handler."""
        self._io_loop.add_callback_from_signal(callback, *args)

    # -- time ------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """Return the time by the loop's clock, in seconds."""
        return self._io_loop.time()

    def callLater(
        self, seconds: float, f: Callable[..., Any], *args: Any, **kw: Any
    ) -> TornadoDelayedCall:
        """Call ``f(*args, **kw)`` after ``seconds``; return a handle that can move or cancel it."""
        if not seconds >= 0:
            raise AssertionError(f"{seconds} is not greater than or equal to 0 seconds")
        call = TornadoDelayedCall(self, seconds, f, *args, **kw)
        self._delayed_calls[call] = None
        return call

    def getDelayedCalls(self) -> list[DelayedCall]:
        """Return the timed calls that are still to come."""
        return list(self._delayed_calls)

    # -- threads ---------------------------------------------------------------------------------

    def callFromThread(self, f: Callable[..., Any], *args: Any, **kw: Any) -> None:
        """Call ``f(*args, **kw)`` on the loop's thread; safe in every thread and signal handler."""
        if not callable(f):
            raise AssertionError(f"{f} is not callable")
        self._soon(self._call_for_thread, functools.partial(f, *args, **kw))

    def _call_for_thread(self, call: Callable[[], Any]) -> None:
        self._something_happened()
        try:
            call()
        except Exception:
            _log.failure("while calling from thread")

    def _initThreadPool(self) -> None:
        """Make the pool of `callInThread`; its threads do not keep the process from ending.

        Under ``IOLoop.start()`` nobody may fire the shutdown event that would stop them.
        """
        super()._initThreadPool()
        self.threadpool.threadFactory = functools.partial(threading.Thread, daemon=True)

    def installWaker(self) -> None:
        """Do nothing: the loop has a waker of its own."""

    def wakeUp(self) -> None:
        """Make the loop turn once; safe in every thread and signal handler."""
        self._soon(self._something_happened)

    # -- starting and stopping -------------------------------------------------------------------

    def _start_with_loop(self) -> None:
        """Fire the startup event in the first turn of the loop, if `run` did not do so."""
        if not self._started and not self._startedBefore:
            self._started_by_loop = True
            self.startRunning(installSignalHandlers=False)

    def run(self, installSignalHandlers: bool = True) -> None:
        """Run the loop until `stop` or `crash` is called.

        :param installSignalHandlers: whether SIGINT and SIGTERM stop the reactor, and processes
            are watched; in another than the main thread it must be false.
        :raises twisted.internet.error.ReactorAlreadyRunning: if the loop runs already.
        :raises twisted.internet.error.ReactorNotRestartable: after `stop`.
        """
        if self._started_by_loop and self._started and not self._io_loop.running():
            # The loop ran before, and so did the startup event.
            self._installSignalHandlers = installSignalHandlers
            signals = ReactorSignals(self)
            if installSignalHandlers:
                signals.install()
            try:
                self.mainLoop()
            finally:
                signals.uninstall()
            return
        self._wants_children = installSignalHandlers
        super().run(installSignalHandlers)

    def mainLoop(self) -> None:
        """Run the loop, until the reactor or somebody else stops it."""
        if self._started:
            self._io_loop.start()
        if self._started:
            super().crash()  # the loop was stopped without the reactor

    def stop(self) -> None:
        """Fire the shutdown event on the loop's next turn, and then stop the loop.

        :raises twisted.internet.error.ReactorNotRunning: if the reactor does not run.
        """
        super().stop()
        self._soon(self._shut_down)

    def _shut_down(self) -> None:
        if self._justStopped:
            self._justStopped = False
            self.fireSystemEvent("shutdown")

    def crash(self) -> None:
        """Stop the loop, if it runs, without the shutdown event."""
        super().crash()
        if self._io_loop.running():
            self._io_loop.stop()

    def doIteration(self, delay: float | None) -> None:
        """Run the loop until something happens, but not longer than ``delay`` seconds.

        :param delay: ``None`` to wait without a limit; 0 to see only to what is ready.
        :raises RuntimeError: if the loop runs already: a turn cannot be made inside another.
        """
        if self._io_loop.running():
            raise RuntimeError("cannot iterate the reactor while its loop is running")
        timeout = None
        self._one_turn = True
        try:
            if delay is not None and delay <= 0:
                self._io_loop.stop()
            elif delay is not None:
                timeout = self._io_loop.call_later(delay, self._io_loop.stop)
            self._io_loop.start()
        finally:
            self._one_turn = False
            if timeout is not None:
                self._io_loop.remove_timeout(timeout)

    def _something_happened(self) -> None:
        """End the turn of `doIteration`."""
        if self._one_turn:
            self._one_turn = False
            self._io_loop.stop()

    # -- signals and processes -------------------------------------------------------------------

    def _signalsFactory(self) -> ReactorSignals:
        return ReactorSignals(self)

    def _handleSignals(self) -> None:
        # Twisted before 23.8 asks in this way.
        ReactorSignals(self).install()

    def _uninstallHandler(self) -> None:
        self._child_signal.uninstall()

    def spawnProcess(self, *args: Any, **kwargs: Any) -> Any:
        """Start a process; see Twisted's ``IReactorProcess``.

        The loop must run in the main thread, else nobody is told that the process ended.
        """
        if self._wants_children and in_main_thread():
            self._child_signal.install()
        return super().spawnProcess(*args, **kwargs)

    # -- descriptors -----------------------------------------------------------------------------

    def addReader(self, reader: Any) -> None:
        """Call ``reader.doRead()`` whenever its descriptor can be read."""
        if reader in self._readers or reader in self._file_readers:
            return
        fd = reader.fileno()
        watched = self._watched_for(fd)
        if watched.reader is not None and watched.reader is not reader:
            self._readers.pop(watched.reader, None)  # its descriptor was closed, and came again
            self._forget_fd(fd)
            watched = self._watched_for(fd)
        watched.reader = reader
        self._readers[reader] = fd
        try:
            self._update(fd, watched)
        except OSError as error:
            watched.reader = None
            del self._readers[reader]
            self._drop_if_idle(fd, watched)
            if error.errno != errno.EPERM:
                raise
            self._file_readers[reader] = None
            self._schedule_files()

    def addWriter(self, writer: Any) -> None:
        """Call ``writer.doWrite()`` whenever its descriptor can be written."""
        if writer in self._writers or writer in self._file_writers:
            return
        fd = writer.fileno()
        watched = self._watched_for(fd)
        if watched.writer is not None and watched.writer is not writer:
            self._writers.pop(watched.writer, None)  # its descriptor was closed, and came again
            self._forget_fd(fd)
            watched = self._watched_for(fd)
        watched.writer = writer
        self._writers[writer] = fd
        try:
            self._update(fd, watched)
        except OSError as error:
            watched.writer = None
            del self._writers[writer]
            self._drop_if_idle(fd, watched)
            if error.errno != errno.EPERM:
                raise
            self._file_writers[writer] = None
            self._schedule_files()

    def removeReader(self, reader: Any) -> None:
        """Wait no longer until ``reader`` can be read; nothing happens if nobody did."""
        self._file_readers.pop(reader, None)
        fd = self._readers.pop(reader, None)
        watched = self._watched.get(fd) if fd is not None else None
        if fd is not None and watched is not None and watched.reader is reader:
            watched.reader = None
            self._update(fd, watched)

    def removeWriter(self, writer: Any) -> None:
        """Wait no longer until ``writer`` can be written; nothing happens if nobody did."""
        self._file_writers.pop(writer, None)
        fd = self._writers.pop(writer, None)
        watched = self._watched.get(fd) if fd is not None else None
        if fd is not None and watched is not None and watched.writer is writer:
            watched.writer = None
            self._update(fd, watched)

    def removeAll(self) -> list[Any]:
        """Remove all readers and writers but the reactor's own, and return them."""
        readers = dict.fromkeys([*self._readers, *self._file_readers])
        writers = dict.fromkeys([*self._writers, *self._file_writers])
        return list(self._removeAll(readers, writers))

    def getReaders(self) -> list[Any]:
        """Return the readers."""
        return [*self._readers, *self._file_readers]

    def getWriters(self) -> list[Any]:
        """Return the writers."""
        return [*self._writers, *self._file_writers]

    def _watched_for(self, fd: int) -> _Watched:
        watched = self._watched.get(fd)
        if watched is None:
            watched = self._watched[fd] = _Watched()
        return watched

    def _forget_fd(self, fd: int) -> None:
        """Start from scratch with a descriptor, whose number may mean another file now."""
        old = self._watched.pop(fd, None)
        self._io_loop.remove_handler(fd)
        if old is not None:
            for table, selectable in ((self._readers, old.reader), (self._writers, old.writer)):
                if table.get(selectable) == fd:
                    del table[selectable]

    def _drop_if_idle(self, fd: int, watched: _Watched) -> None:
        if watched.reader is None and watched.writer is None:
            self._watched.pop(fd, None)

    def _update(self, fd: int, watched: _Watched) -> None:
        """Have the loop wait for what is wanted of a descriptor now."""
        events = IOLoop.NONE
        if watched.reader is not None:
            events |= IOLoop.READ
        if watched.writer is not None:
            events |= IOLoop.WRITE
        if events == watched.events:
            return
        if not events:
            self._io_loop.remove_handler(fd)
            self._watched.pop(fd, None)
        elif not watched.events:
            contexts.run_clean(
                self._io_loop.add_handler, fd, functools.partial(self._on_events, watched), events
            )
        else:
            try:
                self._io_loop.update_handler(fd, events)
            except FileNotFoundError:
                # The descriptor was closed and came again, so the system has forgotten it.
                self._io_loop.remove_handler(fd)
                contexts.run_clean(
                    self._io_loop.add_handler,
                    fd,
                    functools.partial(self._on_events, watched),
                    events,
                )
        watched.events = events

    def _on_events(self, watched: _Watched, fd: int, events: int) -> None:
        self._something_happened()
        reader, writer = watched.reader, watched.writer
        if reader is not None and events & (IOLoop.READ | IOLoop.ERROR):
            _call_with_logger(reader, self._do, reader, True)
        if (
            writer is not None
            and watched.writer is writer
            and events & (IOLoop.WRITE | IOLoop.ERROR)
        ):
            _call_with_logger(writer, self._do, writer, False)

    def _do(self, selectable: Any, read: bool) -> None:
        """Let a reader or writer do its work, and disconnect it if it cannot go on."""
        try:
            if selectable.fileno() == -1:
                why: Any = _NO_FILEDESC
            else:
                why = selectable.doRead() if read else selectable.doWrite()
        except Exception:
            why = sys.exc_info()[1]
            _log.failure("while reading or writing")
        if why:
            self._disconnectSelectable(selectable, why, read)

    # -- regular files ---------------------------------------------------------------------------

    def _schedule_files(self) -> None:
        if not self._files_scheduled and (self._file_readers or self._file_writers):
            self._files_scheduled = True
            self._soon(self._do_files)

    def _do_files(self) -> None:
        """Serve the files once; they are always ready, so in every turn of the loop."""
        self._files_scheduled = False
        for reader in list(self._file_readers):
            if reader in self._file_readers:
                self._something_happened()
                _call_with_logger(reader, self._do, reader, True)
        for writer in list(self._file_writers):
            if writer in self._file_writers:
                self._something_happened()
                _call_with_logger(writer, self._do, writer, False)
        self._schedule_files()


class _TestReactor(TornadoReactor):
    """A reactor with a loop of its own, for test suites that make one for each test.

    Twisted's own suite, among others, is given it by its dotted name. An empty interface means
    127.0.0.1, so that tests listen on no other; `disconnectAll` closes the loop, unless it runs.
    """

    def __init__(self) -> None:
        super().__init__(IOLoop(make_current=False))

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """Listen for connections, on 127.0.0.1 by default; see Twisted's ``IReactorTCP``."""
        return super().listenTCP(port, factory, backlog, interface or _LOCAL)

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> Any:
        """Receive datagrams, on 127.0.0.1 by default; see Twisted's ``IReactorUDP``."""
        return super().listenUDP(port, protocol, interface or _LOCAL, maxPacketSize)

    def disconnectAll(self) -> None:
        """Disconnect every reader and writer, and close the loop unless it runs."""
        super().disconnectAll()
        if not self._io_loop.running():
            self._io_loop.close()


def install(io_loop: IOLoop | None = None) -> TornadoReactor:
    """Make a `TornadoReactor` the reactor of the process, and return it.

    :param io_loop: the loop it runs on; ``None`` for the current one.
    :raises twisted.internet.error.ReactorAlreadyInstalledError: if there is one already; so this
        comes before everything that imports ``twisted.internet.reactor``.
    """
    if "twisted.internet.reactor" in sys.modules:
        raise ReactorAlreadyInstalledError("reactor already installed")
    reactor = TornadoReactor(io_loop)
    _install_reactor(reactor)
    return reactor


TornadoReactor.__module__ = "tornado.platform.twisted"
_TestReactor.__module__ = "tornado.platform.twisted"
install.__module__ = "tornado.platform.twisted"
