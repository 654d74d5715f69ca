"""The parent of several workers: it starts, watches and replaces them, and serves nothing itself.

It never imports the application: a worker that is started later imports it as it is then, which is
what makes SIGHUP a deployment.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import math
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

from tornado._cli.errors import FAILED
from tornado._cli.notices import Notices
from tornado.log import app_log

#: Seconds until a worker that ended too early is started again: the first and the longest.
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
#: A worker that lived for so many seconds did not end too early.
_HEALTHY_SECONDS = 10.0
#: Seconds that a worker is given beyond its graceful timeout, before it is killed.
_GRACE_SECONDS = 5.0

#: Names of the signals that wait while a worker is started, until it has handlers of its own.
_BLOCKED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGTTIN", "SIGTTOU")

READY = b"R"
SPENT = b"S"


class Stage(enum.Enum):
    """What a worker is about."""

    STARTING = "starting"  #: it was started and does not serve yet
    SERVING = "serving"  #: it accepts connections
    STOPPING = "stopping"  #: it was told to end


class Child:
    """One worker process."""

    def __init__(self, pid: int, pipe: int, slot: int) -> None:
        self.pid = pid
        #: its number among the workers; a replacement has that of the one it replaces
        self.slot = slot
        #: the descriptor on which it reports, -1 once it has closed it
        self.pipe = pipe
        self.stage = Stage.STARTING
        self.born = time.monotonic()
        #: how many times SIGHUP had come when it was started
        self.generation = 0
        #: whether it has reached a limit, and is to be replaced
        self.is_spent = False
        #: the worker that this one replaces
        self.replaces: Child | None = None
        #: when it is killed, if it has not ended
        self.deadline: float | None = None


class Supervisor:
    """Keeps a number of workers running.

    :param count: how many.
    :param work: called in each worker with the descriptor of a pipe to the parent and with the worker's
        number, from 0 on; its result is the worker's exit status.
    :param graceful_timeout: seconds that a worker has to end.
    :param notices: tells systemd.
    :param reopen_logs: called on SIGUSR1, here and in workers that do not serve yet.
    """

    def __init__(
        self,
        count: int,
        work: Callable[[int, int], int],
        graceful_timeout: float,
        notices: Notices,
        reopen_logs: Callable[[], None] = lambda: None,
    ) -> None:
        self._reopen_logs = reopen_logs
        self._count = count
        self._work = work
        self._graceful_timeout = graceful_timeout
        self._notices = notices
        self._children: dict[int, Child] = {}
        self._pause = _FIRST_PAUSE_SECONDS
        self._start_at = 0.0
        self._generation = 0
        self._is_ready = False
        self._is_stopping = False
        self._status = 0
        self._signals: list[int] = []
        self._wake_read, self._wake_write = os.pipe()
        #: Workers hold the reading end: it ends when this process does.
        self._lifeline_read, self._lifeline_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def run(self) -> int:
        """Run the workers until a signal ends it; return the exit status."""
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD]
        numbers += [signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU]
        before = {number: signal.signal(number, self._signalled) for number in numbers}
        try:
            while not (self._is_stopping and not self._children):
                self._fill()
                self._wait()
                self._heed_signals()
                self._reap()
                self._kill_late_ones()
            return self._status
        finally:
            for child in self._children.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
            for number, handler in before.items():
                signal.signal(number, handler)

    # Workers.

    def _fill(self) -> None:
        """Start the workers that are missing, and the replacements that are due."""
        now = time.monotonic()
        if self._is_stopping or now < self._start_at:
            return
        serving = [c for c in self._children.values() if c.stage is not Stage.STOPPING]
        taken = {c.slot for c in serving}
        for slot in [each for each in range(self._count) if each not in taken]:
            self._start(None, slot)
        for child in serving:
            if child.slot >= self._count:
                self._stop(child)
        # One replacement at a time, so that there are never many more processes than were asked for.
        if not any(c.replaces is not None for c in self._children.values()):
            for child in serving:
                if child.stage is Stage.SERVING and self._is_due(child):
                    self._start(child, child.slot)
                    break

    def _is_due(self, child: Child) -> bool:
        """Return whether a worker is to be replaced: it is used up, or older than the last SIGHUP."""
        return child.is_spent or child.generation != self._generation

    def _start(self, replaces: Child | None, slot: int) -> None:
        """Start a worker. A signal that comes meanwhile reaches it when it can heed it."""
        try:
            reading, writing = os.pipe()
        except OSError as error:
            self._cannot_start(error)
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.Signals[n] for n in _BLOCKED])
        try:
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                self._be_worker(writing, slot, before)
        except OSError as error:
            os.close(reading)
            os.close(writing)
            self._cannot_start(error)
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writing)
        os.set_blocking(reading, False)
        child = self._children[pid] = Child(pid, reading, slot)
        child.replaces = replaces
        child.generation = self._generation

    def _cannot_start(self, error: OSError) -> None:
        """The system has no processes or descriptors left: try again later."""
        app_log.error("Cannot start a worker: %s", error)
        self._put_off()

    def _put_off(self) -> None:
        """Start no worker for a while, and for a longer one each time."""
        self._start_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

    def _be_worker(self, pipe: int, slot: int, mask: Iterable[int]) -> NoReturn:
        """Do the work, in the new process, and end it.

        :param mask: the signals to block, which are more at the beginning.
        """
        status = FAILED
        try:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_IGN)  # the parent decides
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGUSR1, lambda number, frame: self._reopen_logs())
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for descriptor in (self._wake_read, self._wake_write, self._lifeline_write):
                os.close(descriptor)
            for child in self._children.values():
                if child.pipe >= 0:
                    os.close(child.pipe)
            status = self._work(pipe, slot)
        except BaseException as error:
            if not isinstance(error, SystemExit):
                app_log.error("Worker %d failed", os.getpid(), exc_info=True)
        finally:
            with contextlib.suppress(Exception):
                import sys

                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    @property
    def lifeline(self) -> int:
        """The descriptor that becomes readable in a worker when this process has ended."""
        return self._lifeline_read

    def _stop(self, child: Child) -> None:
        if child.stage is Stage.STOPPING:
            return
        child.stage = Stage.STOPPING
        child.deadline = time.monotonic() + self._graceful_timeout + _GRACE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)

    def _reap(self) -> None:
        """Take notice of workers that have ended."""
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                self._ended(child, os.waitstatus_to_exitcode(raw))

    def _ended(self, child: Child, status: int) -> None:
        if child.pipe >= 0 and child.stage is Stage.STARTING:
            self._heard(child)  # it may have begun to serve just before
        if child.pipe >= 0:
            os.close(child.pipe)
        if child.stage is Stage.STOPPING:
            return
        if not self._is_ready and child.stage is Stage.STARTING and status > 0:
            # The first ones do not even start: the command has failed.
            self._status = status
            self._begin_to_stop()
            return
        how = f"signal {-status}" if status < 0 else f"status {status}"
        app_log.error("Worker %d ended with %s", child.pid, how)
        if time.monotonic() - child.born >= _HEALTHY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
            return
        if time.monotonic() >= self._start_at:  # several that end together count once
            self._put_off()

    def _kill_late_ones(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.deadline is not None and now > child.deadline:
                app_log.error("Worker %d did not end in time, and is killed", child.pid)
                child.deadline = None
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    # Events.

    def _wait(self) -> None:
        """Wait for a signal, a message of a worker, or the next deadline."""
        now = time.monotonic()
        moments = [c.deadline for c in self._children.values() if c.deadline is not None]
        if not self._is_stopping and self._start_at > now:
            moments.append(self._start_at)
        timeout = self._notices.watchdog_seconds
        if moments:
            timeout = min(max(min(moments) - now, 0.0), timeout or 3600.0)
        pipes = {c.pipe: c for c in self._children.values() if c.pipe >= 0}
        polling = select.poll()  # select() ends at descriptor 1023
        for descriptor in (self._wake_read, *pipes):
            polling.register(descriptor, select.POLLIN)
        ready = polling.poll(None if timeout is None else math.ceil(timeout * 1000))
        for descriptor, _ in ready:
            if descriptor == self._wake_read:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            else:
                self._heard(pipes[descriptor])
        self._notices.watchdog()

    def _heard(self, child: Child) -> None:
        try:
            data = os.read(child.pipe, 64)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINTR):
                return
            data = b""
        if not data:
            # The end of the pipe is the end of the process in almost every case, and SIGCHLD reports that.
            os.close(child.pipe)
            child.pipe = -1
            return
        if READY in data and child.stage is Stage.STARTING:
            self._serves(child)
        if SPENT in data:
            child.is_spent = True

    def _serves(self, child: Child) -> None:
        child.stage = Stage.SERVING
        replaced, child.replaces = child.replaces, None
        if replaced is not None and self._children.get(replaced.pid) is replaced:
            self._stop(replaced)
        serving = sum(1 for c in self._children.values() if c.stage is Stage.SERVING)
        if not self._is_ready and serving >= self._count:
            self._is_ready = True
            self._notices.ready()

    def _signalled(self, number: int, frame: object) -> None:
        self._signals.append(number)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    def _heed_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number in (signal.SIGINT, signal.SIGTERM):
                if self._is_stopping:
                    self._hurry()
                else:
                    self._begin_to_stop()
            elif number == signal.SIGHUP and not self._is_stopping:
                app_log.info("Replacing %d workers", self._count)
                self._generation += 1
            elif number == signal.SIGUSR1:
                self._reopen_logs()
                for child in self._children.values():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child.pid, signal.SIGUSR1)
            elif number == signal.SIGTTIN:
                self._count += 1
            elif number == signal.SIGTTOU:
                self._count = max(1, self._count - 1)

    def _begin_to_stop(self) -> None:
        self._is_stopping = True
        self._notices.stopping()
        for child in self._children.values():
            self._stop(child)

    def _hurry(self) -> None:
        """A second signal: workers cut off what still runs."""
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
