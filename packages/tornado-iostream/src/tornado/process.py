"""Several processes that serve together, and child processes that the loop talks to.

`fork_processes` turns one process into many; `Subprocess` wraps `subprocess.Popen` with streams
and a callback for the end of the child.
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from subprocess import CalledProcessError
from typing import Any, NoReturn

from tornado import ioloop, stack_context
from tornado._core.seam import legacy as _legacy
from tornado._core.seam import not_callable
from tornado._loop.seam import run_clean
from tornado._netutil.loops import asyncio_loop_of, loop_or_current, selector_loop_of
from tornado.iostream import PipeIOStream
from tornado.log import gen_log

_legacy.provide(__name__)

__all__ = ["CalledProcessError", "Subprocess", "cpu_count", "fork_processes", "task_id"]

_task_id: int | None = None


def cpu_count() -> int:
    """Return the number of processors of this machine, 1 if it cannot be found out."""
    return os.cpu_count() or 1


def _reseed_random() -> None:
    """Children must not repeat the parent's random numbers."""
    module = sys.modules.get("random")
    if module is None:
        return
    try:
        seed: int | None = int.from_bytes(os.urandom(16), "big")
    except NotImplementedError:
        seed = time.time_ns() ^ (os.getpid() << 64)
    random.seed(seed)


def fork_processes(num_processes: int | None, max_restarts: int | None = None) -> int:
    """Fork worker processes and keep them running; only the children return.

    A child that dies by a signal or with a status other than zero is replaced by a new one with
    the same task id. When all have ended in order the parent exits too.

    Where the application has set no handler for ``SIGTERM`` or ``SIGCHLD``, the parent hands
    ``SIGTERM`` on to the children and waits for them. It then exits too if all of them ended in
    order, and otherwise ends by the signal.

    Not together with `tornado.autoreload`, and not while a loop is running in this thread. A loop,
    or an object that uses one, may have been made before: each child has its own copy.

    :param num_processes: count of children; ``None`` or less than 1 means one for each processor.
    :param max_restarts: how many replacements there are in all, default 100.
    :returns: in each child its task id, from 0 up to `num_processes` - 1.
    :raises SystemExit: in the parent, when all children have ended in order.
    :raises RuntimeError: in the parent, when the children die too often: those that are left have
        been sent ``SIGTERM``. Or if a loop is running, or this is a child already, or the platform
        cannot fork. Whatever exception leaves this function in the parent, the children have been
        sent ``SIGTERM`` before.

    .. versionchanged:: 2.2
       The parent exits rather than return ``None``.
    .. versionchanged:: 6.100
       The parent leaves no children behind when it gives up or gets ``SIGTERM``.
    """
    if not hasattr(os, "fork"):
        raise RuntimeError("this platform cannot fork processes")
    if _task_id is not None:
        raise RuntimeError("fork_processes called in a process that it forked")
    if asyncio._get_running_loop() is not None:
        raise RuntimeError(
            "Cannot run in multiple processes: an event loop is running. Call fork_processes() before"
            " the loop is started, not in a coroutine or a callback"
        )
    if num_processes is None or num_processes <= 0:
        num_processes = cpu_count()
    gen_log.info("Starting %d processes", num_processes)
    return _Family(100 if max_restarts is None else max_restarts).run(num_processes)


class _SignalPipe:
    """Delivers ``SIGTERM`` and ``SIGCHLD`` as bytes of a pipe.

    A handler alone would not do: it is not called for a signal that comes just before ``os.wait``
    blocks.
    """

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        self.former = signal.set_wakeup_fd(self.writing, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    @classmethod
    def open(cls) -> "_SignalPipe | None":
        """Return ``None`` where handlers cannot be set, or the application has set some."""
        if threading.current_thread() is not threading.main_thread():
            return None
        found = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD))
        return cls() if found == (signal.SIG_DFL, signal.SIG_DFL) else None

    def read(self) -> bytes:
        """Wait for signals; return their numbers."""
        return os.read(self.reading, 4096)

    def close(self) -> None:
        """Put everything as it was."""
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(self.former)
        os.close(self.reading)
        os.close(self.writing)


class _Family:
    """The parent's view of its children."""

    def __init__(self, max_restarts: int) -> None:
        self.max_restarts = max_restarts
        self.restarts = 0
        self.children: dict[int, int] = {}  # pid -> task id
        self.signals = _SignalPipe.open()
        self.is_ending = False
        self.all_in_order = True
        self.pid = os.getpid()

    def run(self, count: int) -> int:
        """Fork `count` children and look after them; return in each child, with its task id."""
        try:
            return self.raise_children(count)
        except BaseException:
            if os.getpid() == self.pid:
                self.end_children()  # without waiting: they may take their time, or never end
                self.close()
            raise

    def raise_children(self, count: int) -> int:
        for number in range(count):
            if self.fork(number):
                return number
        while self.children:
            pid, status = self.next_ended()
            number_or_none = self.children.pop(pid, None)
            if number_or_none is None or self.ended_in_order(number_or_none, pid, status):
                continue
            if self.is_ending:
                self.all_in_order = False
                continue
            self.restarts += 1
            if self.restarts > self.max_restarts:
                raise RuntimeError("Too many child restarts, giving up")
            if self.fork(number_or_none):
                return number_or_none
        self.leave()

    def fork(self, number: int) -> bool:
        """Fork the child with this task id; True in the child."""
        global _task_id
        # For a moment the child has the parent's handlers, and the parent a child it does not know.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        try:
            pid = os.fork()
            if pid:
                self.children[pid] = number
                return False
            self.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _reseed_random()
        _task_id = number
        return True

    def next_ended(self) -> tuple[int, int]:
        """Wait until a child ends; return its id and status. Hand ``SIGTERM`` on meanwhile."""
        if self.signals is None:
            return os.wait()
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                return pid, status
            if signal.SIGTERM in self.signals.read():
                self.end_children()

    def end_children(self) -> None:
        """Have all children end; none is replaced from now on."""
        self.is_ending = True
        for pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def close(self) -> None:
        if self.signals is not None:
            self.signals.close()
            self.signals = None

    def ended_in_order(self, number: int, pid: int, status: int) -> bool:
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            gen_log.info("child %d (pid %d) exited normally", number, pid)
            return True
        then = "" if self.is_ending else ", restarting"
        if code < 0:
            gen_log.warning("child %d (pid %d) killed by signal %d%s", number, pid, -code, then)
        else:
            gen_log.warning("child %d (pid %d) exited with status %d%s", number, pid, code, then)
        return False

    def leave(self) -> NoReturn:
        self.close()
        if self.is_ending and not self.all_in_order:
            os.kill(os.getpid(), signal.SIGTERM)
        # Every example of this function goes on as if only children returned from it.
        sys.exit(0)


def task_id() -> int | None:
    """Return the task id of this process; ``None`` if `fork_processes` did not make it."""
    return _task_id


class Subprocess:
    """A child process with streams for its standard files.

    The arguments are those of `subprocess.Popen`, with these differences:

    * ``stdin``, ``stdout`` and ``stderr`` may be ``tornado.process.Subprocess.STREAM``; the
      attribute of that name is then a `tornado.iostream.PipeIOStream`. The caller closes it.
    * `io_loop` is the loop the streams and the exit callback belong to.

    The attribute ``proc`` is the `subprocess.Popen`, ``pid`` the process id, and ``returncode`` the
    exit status once an exit callback or `wait_for_exit` has seen it.

    .. versionadded:: 3.1
    """

    STREAM: object = object()

    _default_loop: "ioloop.IOLoop | None" = None

    # As types: what they are where `STREAM` was given; otherwise they are the `subprocess.Popen`'s.
    stdin: PipeIOStream
    stdout: PipeIOStream
    stderr: PipeIOStream

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        io_loop = kwargs.pop("io_loop", None)
        given = io_loop or type(self)._default_loop
        self._io_loop = loop_or_current(given)
        # Made without a loop, and while none runs, it belongs to the one that first waits for it.
        self._is_bound = given is not None or asyncio._get_running_loop() is not None
        self.io_loop = self._io_loop  # for others to read; a subclass may put its own there
        theirs: list[int] = []
        ours: dict[str, int] = {}
        try:
            for name in ("stdin", "stdout", "stderr"):
                if kwargs.get(name) is Subprocess.STREAM:
                    reading, writing = os.pipe()
                    ours[name], kwargs[name] = (
                        (writing, reading) if name == "stdin" else (reading, writing)
                    )
                    theirs.append(kwargs[name])
            self.proc = subprocess.Popen(*args, **kwargs)
        except BaseException:
            for fd in (*theirs, *ours.values()):
                os.close(fd)
            raise
        for fd in theirs:
            os.close(fd)
        self.pid = self.proc.pid
        self.returncode: int | None = None
        self._exit_callback: Callable[[int], Any] | None = None
        self._exit_waiters: list[Callable[[int], None]] = []
        self._watching = False
        for name in ("stdin", "stdout", "stderr"):
            stream = PipeIOStream(ours[name], given) if name in ours else None
            setattr(self, name, stream if stream is not None else getattr(self.proc, name))

    def set_exit_callback(self, callback: Callable[[int], Any]) -> None:
        """Have ``callback(returncode)`` called by the loop when the process has ended.

        `returncode` is the exit status, or the negative number of the signal. A later callback
        replaces an earlier one.
        """
        if not callable(callback):
            raise not_callable("set_exit_callback()", callback)
        self._exit_callback = stack_context.wrap(callback)
        self._await_exit()

    def _await_exit(self) -> None:
        self._bind()
        if self.returncode is not None:
            self._tell()
        elif not self._watching:
            self._watching = True
            run_clean(_watch, self)

    def _bind(self) -> None:
        if not self._is_bound and asyncio._get_running_loop() is not None:
            self._is_bound = True
            if not self._watching:
                self._io_loop = loop_or_current(None)

    def wait_for_exit(self, raise_error: bool = True) -> "asyncio.Future[int]":
        """Return a future of the exit status.

        It may be called several times, and beside `set_exit_callback`.

        :param raise_error: whether a status other than zero fails the future with
            `subprocess.CalledProcessError`.

        .. versionadded:: 4.2
        .. versionchanged:: 6.100
           Does not take the place of the exit callback or of an earlier call.
        """
        self._bind()
        future: asyncio.Future[int] = asyncio.Future(loop=asyncio_loop_of(self._io_loop))

        def on_exit(returncode: int) -> None:
            if future.done():
                return
            if returncode and raise_error:
                future.set_exception(CalledProcessError(returncode, self.proc.args))
            else:
                future.set_result(returncode)

        self._exit_waiters.append(on_exit)
        self._await_exit()
        return future

    @classmethod
    def initialize(cls, io_loop: "ioloop.IOLoop | None" = None) -> None:
        """Have child processes watched by `io_loop`, from any thread's processes.

        There is no need to call it: each process is watched, without a signal handler, by the loop
        it was made on.

        .. versionchanged:: 4.1
           `io_loop` is of no importance any more.
        """
        cls._default_loop = io_loop

    @classmethod
    def uninitialize(cls) -> None:
        """Undo `initialize`."""
        cls._default_loop = None

    def _poll(self) -> bool:
        """Whether the process has ended; if so its status is taken."""
        returncode = self.proc.poll()
        if returncode is None:
            return False
        self.returncode = returncode
        self._tell()
        return True

    def _tell(self) -> None:
        waiters, self._exit_waiters = self._exit_waiters, []
        for waiter in waiters:
            run_clean(self._io_loop.add_callback, waiter, self.returncode)
        callback, self._exit_callback = self._exit_callback, None
        if callback is not None:
            self._io_loop.add_callback(callback, self.returncode)


def _watch(child: Subprocess) -> None:
    """Call ``child._poll`` on its loop when the process has ended."""
    try:
        fd = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # not Linux, or no descriptor to be had
        name = f"wait for process {child.pid}"
        threading.Thread(target=_wait_in_thread, args=(child,), name=name, daemon=True).start()
        return
    _ExitWatcher(child, fd).start()


class _ExitWatcher:
    """A descriptor that becomes readable when a process ends; closed with this object at the latest.

    The loop holds it for as long as it watches: one that is closed before the process ends lets go.
    """

    def __init__(self, child: Subprocess, fd: int) -> None:
        self.child = child
        self.fd = fd
        self.close = weakref.finalize(self, os.close, fd)
        self.close.atexit = False
        self.loop = selector_loop_of(child._io_loop)

    def start(self) -> None:
        self.loop.add_reader(self.fd, self.on_exit)

    def on_exit(self) -> None:
        if self.child._poll():
            self.loop.remove_reader(self.fd)
            self.close()


def _wait_in_thread(child: Subprocess) -> None:
    child.proc.wait()
    child._io_loop.add_callback(child._poll)
