"""``tornado serve``: one process, or a supervisor and its workers."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import tornado
from tornado._cli.errors import USAGE, CommandError
from tornado._cli.listeners import listen, url_of
from tornado._cli.notices import Notices
from tornado._cli.options import settle
from tornado._cli.serving import Worker, configure_logging, reopen_logs, tls_context
from tornado._cli.supervisor import READY, SPENT, Supervisor
from tornado._cli.targets import load
from tornado.log import app_log
from tornado.netutil import bind_sockets

_WATCHED = "TORNADO_CLI_WATCHED"


def serve(arguments: argparse.Namespace, given: list[str]) -> int:
    """Run ``tornado serve``; return its exit status.

    :param given: the arguments as they were given, for a process that reloads.
    """
    _fill_standard_descriptors()
    options = settle(vars(arguments), os.environ)
    if options.reload and _WATCHED not in os.environ:
        _reload(options, given)
    configure_logging(options)
    tls_context(options)  # wrong files are found before anything listens
    notices = Notices(os.environ)
    workers = options.workers or os.cpu_count() or 1
    needs_parent = workers > 1 or options.max_requests or options.max_memory
    if needs_parent and not hasattr(os, "fork"):
        raise CommandError("more than one worker needs a system that forks", USAGE)
    sockets = listen(options, os.environ)
    health = _health_sockets(options)
    with _pid_file(options.pid_file):
        if needs_parent:
            return _supervise(arguments.target, options, workers, sockets, health, notices)
        _watch(options)
        return _serve_alone(arguments.target, options, sockets, health, notices)


def _fill_standard_descriptors() -> None:
    """Open what was closed of standard input, output and error.

    Otherwise a socket gets such a number, and a library or a child process writes its messages to it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _reload(options: argparse.Namespace, given: list[str]) -> None:
    """Become a process that runs the command, and runs it again when a file changes."""
    if options.workers not in (0, 1):
        raise CommandError("--reload serves with one worker", USAGE)
    environ = {**os.environ, _WATCHED: "1"}
    command = [sys.executable, "-m", "tornado.autoreload", "-m", "tornado", *given]
    _flush()
    if os.name == "nt":  # pragma: no cover
        import subprocess

        sys.exit(subprocess.call(command, env=environ))
    os.execve(sys.executable, command, environ)


def _watch(options: argparse.Namespace) -> None:
    """Have the reloading parent watch further files."""
    if _WATCHED not in os.environ:
        return
    from tornado import autoreload

    for folder in options.reload_dir:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                autoreload.watch(str(path))


def _health_sockets(options: argparse.Namespace) -> list[socket.socket]:
    if options.health_port is None:
        return []
    try:
        return bind_sockets(options.health_port, options.host or None)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {options.host}:{options.health_port}: {error.strerror}", 4
        ) from None


@contextlib.contextmanager
def _pid_file(path: str | None) -> Iterator[None]:
    if path is None:
        yield
        return
    try:
        Path(path).write_text(f"{os.getpid()}\n", "ascii")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}", USAGE) from None
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:
            with contextlib.suppress(OSError):
                # Another server may have taken the file over meanwhile.
                if Path(path).read_text("ascii", "replace").strip() == str(owner):
                    os.unlink(path)


def _banner(
    target: str, interface: str, options: argparse.Namespace, sockets: list[socket.socket]
) -> None:
    urls = " ".join(dict.fromkeys(url_of(each, options.certfile is not None) for each in sockets))
    kind = "" if interface == "tornado" else f" ({interface.upper()})"
    app_log.info("Tornado %s serves %s%s on %s", tornado.version, target, kind, urls)


def _serve_alone(
    name: str,
    options: argparse.Namespace,
    sockets: list[socket.socket],
    health: list[socket.socket],
    notices: Notices,
) -> int:
    target = load(name, options.interface, options.factory, options.app_dir)

    def ready() -> None:
        _banner(target.name, target.interface, options, sockets)
        if _WATCHED in os.environ:
            from tornado import autoreload

            autoreload.start()
        notices.ready()

    worker = Worker(target, options, sockets, health, ready, lambda: None, notices.watchdog)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGUSR1, lambda number, frame: reopen_logs())
        signal.signal(signal.SIGHUP, lambda number, frame: worker.reload_certificate())
    worker.run()
    notices.stopping()
    if _WATCHED in os.environ:
        # It was told to end: what runs the command again has nothing more to wait for.
        _flush()
        os._exit(0)
    return 0


def _supervise(
    name: str,
    options: argparse.Namespace,
    workers: int,
    sockets: list[socket.socket],
    health: list[socket.socket],
    notices: Notices,
) -> int:
    slots = _sockets_of_slots(options, workers, sockets)

    def work(pipe: int, slot: int) -> int:
        """Be a worker."""
        _end_with_parent(supervisor.lifeline)
        try:
            target = load(name, options.interface, options.factory, options.app_dir)
            worker = Worker(
                target,
                options,
                slots[slot % len(slots)],
                health,
                lambda: _tell(pipe, READY),
                lambda: _tell(pipe, SPENT),
            )
            worker.run()
        except CommandError as error:
            print(f"tornado serve: {error}", file=sys.stderr)
            return error.status
        return 0

    # The parent keeps the sockets, so that no connection is refused while workers are replaced.
    supervisor = Supervisor(workers, work, options.graceful_timeout, notices, reopen_logs)
    _banner(
        f"{name} with {workers} workers",
        options.interface if options.interface != "auto" else "tornado",
        options,
        sockets,
    )
    return supervisor.run()


def _sockets_of_slots(
    options: argparse.Namespace, workers: int, sockets: list[socket.socket]
) -> list[list[socket.socket]]:
    """Return the sockets of each worker: the same, or with --reuse-port some of its own."""
    slots = [sockets]
    if options.reuse_port and options.fd is None and options.uds is None:
        same = argparse.Namespace(**vars(options))
        same.port = sockets[0].getsockname()[1]
        slots += [listen(same, {}) for _ in range(workers - 1)]
    return slots


def _tell(pipe: int, message: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(pipe, message)


def _end_with_parent(lifeline: int) -> None:
    """Have this worker end in order when its parent has gone, however it went."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
