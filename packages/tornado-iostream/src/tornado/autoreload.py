"""Changed source files go in, a restarted process comes out: for development.

A web application has this with ``debug=True`` or ``autoreload=True``. Other programs call `start`,
or `wait` at their end, or are run by the command::

    python -m tornado.autoreload -m package.module [arguments]
    python -m tornado.autoreload program.py [arguments]

which also survives what stops a program before it gets anywhere, such as a syntax error: it waits
for the next change. With ``--until-success`` it ends when the program has ended without an error.

All files that modules were imported from are watched, also those imported later, and what `watch`
names. The process is replaced by a new one that runs the same command line in the directory it was
first run in. Not for servers of several processes.
"""

import functools
import importlib.util
import logging
import os
import runpy
import signal
import subprocess
import sys
import traceback
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn, overload

from tornado import ioloop
from tornado._autoreload.notices import FolderNotices
from tornado._core.seam import legacy as _legacy
from tornado._netutil.loops import loop_or_current
from tornado.log import gen_log

_legacy.provide(__name__)

__all__ = ["add_reload_hook", "main", "start", "wait", "watch"]

_USAGE = """\
usage: python -m tornado.autoreload [--until-success] -m module [arguments]
       python -m tornado.autoreload [--until-success] program.py [arguments]

Runs a program, and runs it again whenever one of its source files changes.
"""

_watched_files: set[str] = set()
_reload_hooks: list[Callable[[], Any]] = []
_UNSEEN_CHECKS = 10
"""Count of checks without a notice after which the files are looked at all the same."""
_io_loops: "weakref.WeakKeyDictionary[ioloop.IOLoop, bool]" = weakref.WeakKeyDictionary()
_start_directory = os.getcwd()
_reload_attempted = False


@overload
def start(check_time: float = 500) -> None: ...


@overload
def start(io_loop: "ioloop.IOLoop | None", check_time: float | None = None) -> None: ...


def start(  # type: ignore[misc]  # what comes first by position is either
    io_loop: Any = None, check_time: float | None = None
) -> None:
    """Watch from the loop, and restart the process when a file has changed.

    Requests and whatever else is going on are cut off by the restart.

    :param io_loop: ``None`` means the current loop. A number here is `check_time`.
    :param check_time: milliseconds between two looks at the files, default 500.

    .. versionchanged:: 5.0
       Without `io_loop`, which is still accepted here.
    """
    if isinstance(io_loop, (int, float)):
        io_loop, check_time = None, io_loop
    loop = loop_or_current(io_loop)
    if loop in _io_loops:
        return
    _io_loops[loop] = True
    if len(_io_loops) > 1:
        gen_log.warning("tornado.autoreload started more than once in the same process")
    check = _Files().check
    watcher = ioloop.PeriodicCallback(
        check, 500 if check_time is None else check_time, io_loop=loop
    )
    check()  # what changes from now on is a change
    watcher.start()


def wait() -> None:
    """Wait until a file changes, then restart the process; for the end of a script."""
    io_loop = ioloop.IOLoop(make_current=False)
    io_loop.add_callback(start, io_loop)
    io_loop.start()


def watch(filename: str) -> None:
    """Watch a file besides those of the imported modules."""
    _watched_files.add(os.path.abspath(filename))


def add_reload_hook(fn: Callable[[], Any]) -> None:
    """Have ``fn()`` called before the process restarts, for what must be put in order by hand.

    Files and sockets need none: Python does not hand them on to the new process.
    """
    _reload_hooks.append(fn)


class _Files:
    """When each file was last modified; which files modules came from.

    Where the kernel tells of changed folders, files are only looked at after such a notice, and
    now and then in case it was mistaken: it knows nothing of what other machines do on a file
    system that they share.
    """

    def __init__(self) -> None:
        self.modified: dict[str, float] = {}
        self.module_files: dict[str, str | None] = {}
        self.notices = FolderNotices.open()
        self.known = (0, 0)  # count of modules and of other files when last looked at
        self.unseen_checks = 0

    def check(self) -> None:
        """Restart the process if a file was changed."""
        if _reload_attempted:
            return  # the restart failed once; it would fail again
        if not self.is_look_due():
            return
        path = self.changed_file()
        if path is not None:
            gen_log.info("%s modified; restarting server", path)
            _reload()

    def is_look_due(self) -> bool:
        """Whether something may have changed since the last look."""
        known = (len(sys.modules), len(_watched_files))
        if (
            self.notices is not None
            and not self.notices.take()
            and known == self.known
            and self.unseen_checks < _UNSEEN_CHECKS
        ):
            self.unseen_checks += 1
            return False
        self.known = known
        self.unseen_checks = 0
        return True

    def is_granted(self, path: str) -> bool:
        """Have changes of `path` noticed from now on."""
        return self.notices is None or self.notices.watch(os.path.dirname(path))

    def changed_file(self) -> str | None:
        for name, module in list(sys.modules.items()):
            if name not in self.module_files:
                self.module_files[name] = _source_of(module)
        for path in (*self.module_files.values(), *_watched_files):
            if path is not None and self.is_changed(path):
                return path
        return None

    def is_changed(self, path: str) -> bool:
        try:
            modified = os.stat(path).st_mtime
        except OSError:
            return False  # between the two steps of an editor's save, or gone
        if path not in self.modified and not self.is_granted(path):
            if self.notices is not None:
                self.notices.close()
            self.notices = None  # look at all files each time, then
        return self.modified.setdefault(path, modified) != modified


def _source_of(module: Any) -> str | None:
    """Return the file that `module` came from; its source where a compiled one is recorded."""
    # Some programs put other things than modules among them, or modules that act on access.
    if not isinstance(module, ModuleType):
        return None
    path = module.__dict__.get("__file__")
    if not isinstance(path, str):
        return None
    if path.endswith((".pyc", ".pyo")):
        path = path[:-1]
    return os.path.join(_start_directory, path)


def _reload() -> None:
    global _reload_attempted
    _reload_attempted = True
    for hook in _reload_hooks:
        hook()
    if hasattr(signal, "setitimer"):
        # A pending alarm would outlive this program and kill the next.
        signal.setitimer(signal.ITIMER_REAL, 0, 0)
    os.chdir(_start_directory)
    arguments = [sys.executable, *sys.orig_argv[1:]]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if sys.platform == "win32":  # pragma: no cover - there exec leaves the console to the shell
        subprocess.Popen(arguments)
        os._exit(0)
    os.execv(sys.executable, arguments)


def main() -> None:
    """Run the program that the command line names, again after each change of its files."""
    arguments = sys.argv[1:]
    until_success = arguments[:1] == ["--until-success"]
    if until_success:
        del arguments[0]
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        run = functools.partial(_run_module, arguments[1], arguments[2:])
    elif arguments and not arguments[0].startswith("-"):
        run = functools.partial(_run_file, arguments[0], arguments[1:])
    else:
        _complain()
    succeeded = _run_once(run)
    if until_success and succeeded:
        return
    wait()


def _complain() -> NoReturn:
    sys.stderr.write(_USAGE)
    raise SystemExit(1)


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
        if spec is not None and spec.origin is not None:
            watch(spec.origin)
    except (ImportError, ValueError):
        pass  # running it will say what is wrong
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _run_file(path: str, arguments: list[str]) -> None:
    sys.argv = [path, *arguments]
    watch(os.path.abspath(path))
    # What Python does for a script. The entry that -m put there stays: programs import from the
    # directory they were started in.
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        sys.path[0] = folder
    elif os.path.abspath(sys.path[0] or os.curdir) != folder:
        sys.path.insert(0, folder)
    runpy.run_path(path, run_name="__main__")


def _watch_where_raised(error: BaseException) -> None:
    """Watch the files that led to an error: a module whose import failed is in no list of modules."""
    for frame in traceback.extract_tb(error.__traceback__):
        if os.path.exists(frame.filename):
            watch(frame.filename)


def _run_once(run: Callable[[], None]) -> bool:
    """Run the program to its end, however it ends; True if without an error."""
    try:
        run()
    except SystemExit as error:
        logging.basicConfig()
        _watch_where_raised(error)
        succeeded = error.code is None or error.code == 0
        level = logging.INFO if succeeded else logging.WARNING
        gen_log.log(level, "Script exited with status %s", error.code)
        return succeeded
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        logging.basicConfig()
        gen_log.warning("Script exited with uncaught exception", exc_info=True)
        _watch_where_raised(error)
        if isinstance(error, SyntaxError) and error.filename:
            watch(error.filename)
        return False
    logging.basicConfig()
    gen_log.info("Script exited normally")
    return True


if __name__ == "__main__":
    # This file runs twice then, as __main__ and as the module that programs import: the state has
    # to be the module's.
    from tornado.autoreload import main as _main

    _main()
