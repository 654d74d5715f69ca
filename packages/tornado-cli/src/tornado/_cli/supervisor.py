"""The parent of several workers: it starts, watches and replaces them, and serves nothing itself.

It never imports the application: a worker that is started later imports it as it is then, which is
what makes SIGHUP a deployment.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import select
import signal
import time
from collections.abc import Callable
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
        self.pipe = pipe
        self.stage = Stage.STARTING
        self.born = time.monotonic()
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
    """

    def __init__(
        self,
        count: int,
        work: Callable[[int, int], int],
        graceful_timeout: float,
        notices: Notices,
    ) -> None:
        self._count = count
        self._work = work
        self._graceful_timeout = graceful_timeout
        self._notices = notices
        self._children: dict[int, Child] = {}
        self._pause = _FIRST_PAUSE_SECONDS
        self._start_at = 0.0
        self._to_replace: list[Child] = []
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
        if self._to_replace and not any(c.replaces is not None for c in self._children.values()):
            child = self._to_replace.pop(0)
            if self._children.get(child.pid) is child and child.stage is Stage.SERVING:
                self._start(child, child.slot)

    def _start(self, replaces: Child | None, slot: int) -> None:
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            app_log.error("Cannot start a worker: %s", error)
            self._start_at = time.monotonic() + self._pause
            return
        if pid == 0:
            os.close(reading)
            self._be_worker(writing, slot)
        os.close(writing)
        os.set_blocking(reading, False)
        child = self._children[pid] = Child(pid, reading, slot)
        child.replaces = replaces

    def _be_worker(self, pipe: int, slot: int) -> NoReturn:
        """Do the work, in the new process, and end it."""
        status = FAILED
        try:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_IGN)  # the parent decides
            for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1):
                signal.signal(number, signal.SIG_DFL)
            for descriptor in (self._wake_read, self._wake_write, self._lifeline_write):
                os.close(descriptor)
            for child in self._children.values():
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
        os.close(child.pipe)
        if child.stage is Stage.STOPPING:
            return
        if not self._is_ready and status > 0:
            # The first ones do not even start: the command has failed.
            self._status = status
            self._begin_to_stop()
            return
        how = f"signal {-status}" if status < 0 else f"status {status}"
        app_log.error("Worker %d ended with %s", child.pid, how)
        if time.monotonic() - child.born >= _HEALTHY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
            return
        self._start_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

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
        pipes = {c.pipe: c for c in self._children.values()}
        with contextlib.suppress(InterruptedError):
            readable, _, _ = select.select([self._wake_read, *pipes], [], [], timeout)
            for descriptor in readable:
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
            # The end of the pipe is the end of the process, which SIGCHLD reports too.
            os.close(child.pipe)
            child.pipe = os.open(os.devnull, os.O_WRONLY)
            return
        if READY in data and child.stage is Stage.STARTING:
            self._serves(child)
        if SPENT in data and child.stage is Stage.SERVING:
            self._to_replace.append(child)

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
                self._to_replace = [c for c in self._children.values() if c.stage is Stage.SERVING]
            elif number == signal.SIGUSR1:
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
