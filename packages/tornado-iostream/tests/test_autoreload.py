"""Reloading: what is watched, what is run again, what the command survives."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import types

import pytest

from tornado import autoreload, ioloop
from tornado._autoreload import notices

SETTLE = 0.15
"""Seconds from the last line a program prints until its files are surely being watched."""


class Program:
    """A program in a folder of its own that runs under observation."""

    def __init__(self, folder, *command):
        self.folder = folder
        self.stamp = time.time() - 1000
        self.command = command
        self.process = None

    def write(self, name, source):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
        self.stamp += 10  # a change is a new time, however quick the test is
        os.utime(path, (self.stamp, self.stamp))

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-B", *self.command],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def expect(self, text):
        seen = []
        watchdog = threading.Timer(10, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                seen.append(line)
                if text in line:
                    return
        finally:
            watchdog.cancel()
            watchdog.join()
        raise AssertionError(f"{text!r} was not printed: {''.join(seen)}")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@pytest.fixture
def program(tmp_path):
    made = []

    def make(*command):
        made.append(Program(tmp_path, *command))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_server_restarts_when_a_module_changes(program):
    server = program("server.py", "an argument")
    server.write("part.py", "text = 'first'")
    server.write(
        "server.py",
        """
        import os, sys
        import part
        from tornado import autoreload
        from tornado.ioloop import IOLoop
        print(part.text, sys.argv[1:], flush=True)
        autoreload.add_reload_hook(lambda: print("hook", flush=True))
        autoreload.start(None, 10)
        os.chdir("/")
        # It has been looked at when this is printed.
        IOLoop.current().call_later(0.05, print, "ready", flush=True)
        IOLoop.current().start()
        """,
    )
    server.start()
    server.expect("first ['an argument']")
    server.expect("ready")
    server.write("part.py", "text = 'second'")
    server.expect("hook")
    server.expect("second ['an argument']")
    server.expect("ready")
    server.write("part.py", "text = 'third'")
    server.expect("third")


def test_modules_and_files_added_while_running(program):
    server = program("-m", "package.serve")
    server.write("package/__init__.py", "")
    server.write("package/late.py", "print('late 1', flush=True)")
    server.write("data.txt", "")
    server.write(
        "package/serve.py",
        """
        from tornado import autoreload
        from tornado.ioloop import IOLoop
        print("begin", __package__, flush=True)
        loop = IOLoop.current()
        autoreload.start(loop, check_time=10)
        def later():
            from . import late
            autoreload.watch("data.txt")
            loop.call_later(0.05, print, "ready", flush=True)
        loop.call_later(0.03, later)
        loop.start()
        """,
    )
    server.start()
    server.expect("begin package")
    server.expect("late 1")
    server.expect("ready")
    server.write("package/late.py", "print('late 2', flush=True)")
    server.expect("begin package")
    server.expect("late 2")
    server.expect("ready")
    server.write("data.txt", "changed")
    server.expect("begin package")


@pytest.mark.parametrize("how", ["module", "file"])
def test_the_command_survives_errors(program, how):
    target = ("-m", "package.main") if how == "module" else ("package/main.py",)
    runner = program("-m", "tornado.autoreload", *target, "argument")
    runner.write("package/__init__.py", "")
    runner.write("package/broken.py", "def unfinished(:")
    runner.write(
        "package/main.py",
        """
        import sys
        sys.path.insert(0, "package")
        import broken
        print("runs", sys.argv[1:], __name__, flush=True)
        raise SystemExit(broken.status)
        """,
    )
    runner.start()
    runner.expect("SyntaxError")
    time.sleep(SETTLE)
    runner.write("package/broken.py", "status = undefined_name")
    runner.expect("NameError")
    time.sleep(SETTLE)
    runner.write("package/broken.py", "raise SystemExit(7)")
    runner.expect("status 7")
    time.sleep(SETTLE)
    runner.write("package/broken.py", "status = 5")
    runner.expect("runs ['argument'] __main__")
    time.sleep(SETTLE)
    runner.write("package/broken.py", "status = 0")
    runner.expect("runs")
    assert runner.process.poll() is None


def test_until_success(program):
    runner = program("-m", "tornado.autoreload", "--until-success", "script.py")
    runner.write("script.py", "raise SystemExit(1)")
    runner.start()
    runner.expect("status 1")
    time.sleep(SETTLE)
    assert runner.process.poll() is None
    runner.write("script.py", "print('good', flush=True)")
    runner.expect("good")
    assert runner.process.wait(5) == 0


def test_a_script_imports_from_where_it_was_started(program):
    runner = program("-m", "tornado.autoreload", "scripts/script.py")
    runner.write("beside.py", "")
    runner.write("scripts/sibling.py", "")
    runner.write(
        "scripts/script.py",
        """
        import beside, sibling, sys
        print("imported", __spec__, __name__, flush=True)
        """,
    )
    runner.start()
    runner.expect("imported None __main__")
    time.sleep(SETTLE)
    runner.write("beside.py", "pass")
    runner.expect("imported None __main__")


@pytest.mark.parametrize("arguments", [[], ["-m"], ["--help"], ["--until-success"]])
def test_usage(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tornado.autoreload", *arguments],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("usage: python -m tornado.autoreload")


@pytest.fixture
def clean(monkeypatch):
    monkeypatch.setattr(autoreload, "_watched_files", set())
    monkeypatch.setattr(autoreload, "_reload_hooks", [])
    monkeypatch.setattr(autoreload, "_reload_attempted", False)
    calls = []
    monkeypatch.setattr(autoreload.os, "execv", lambda *args: calls.append(args))
    yield calls
    gc.collect()  # what watches files lives as long as its loop


def test_reload_runs_the_same_command(clean, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", "prog", "arg"])
    ran = []
    autoreload.add_reload_hook(lambda: ran.append(1))
    before = os.getcwd()
    os.chdir("/")
    autoreload._reload()
    assert os.getcwd() == before
    assert clean == [(sys.executable, [sys.executable, "-X", "dev", "-m", "prog", "arg"])]
    assert ran == [1]
    autoreload._Files().check()
    assert len(clean) == 1  # a reload that failed is not tried again and again


def test_files_that_vanish_or_never_were(clean, tmp_path):
    times = autoreload._Files()
    path = tmp_path / "file"
    path.write_text("")
    autoreload.watch(str(path))
    autoreload.watch(str(tmp_path / "never"))
    assert times.changed_file() is None
    content = path.read_text()
    path.unlink()
    assert times.changed_file() is None
    path.write_text(content + "more")
    os.utime(path, (1, 1))
    assert times.changed_file() == str(path)


def test_odd_entries_among_the_modules(monkeypatch):
    class Trap(types.ModuleType):
        def __getattr__(self, name):
            raise RuntimeError("modules like these act on access")

    compiled = types.ModuleType("compiled")
    compiled.__file__ = "/x/compiled.pyc"
    assert autoreload._source_of(Trap("trap")) is None
    assert autoreload._source_of(None) is None
    assert autoreload._source_of(compiled) == "/x/compiled.py"


def test_start_twice(clean, caplog):
    first = ioloop.IOLoop(make_current=False)
    second = ioloop.IOLoop(make_current=False)
    for loop in (first, second):
        loop.run_sync(lambda loop=loop: autoreload.start(loop))
        loop.run_sync(lambda loop=loop: autoreload.start(loop, 100))
    assert caplog.text.count("more than once") == 1
    for loop in (first, second):
        autoreload._io_loops.pop(loop)
        loop.close()


def test_starting_with_a_time_in_first_place(clean, run_asyncio, monkeypatch):
    made = []

    class Callback:
        def __init__(self, callback, check_time, io_loop=None):
            made.append(check_time)

        def start(self):
            pass

    async def main():
        monkeypatch.setattr(autoreload.ioloop, "PeriodicCallback", Callback)
        autoreload.start(250)
        autoreload._io_loops.clear()
        autoreload.start()
        autoreload._io_loops.clear()

    run_asyncio(main)
    assert made == [250, 500]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs inotify")
def test_files_are_only_looked_at_after_a_notice(clean, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("")
    autoreload.watch(str(path))
    files = autoreload._Files()
    files.check()
    files.check()  # opening what was watched may itself be noticed
    looks = []
    monkeypatch.setattr(files, "changed_file", lambda: looks.append(1))
    for _ in range(5):
        files.check()
    assert looks == []
    path.write_text("changed")
    files.check()
    assert looks == [1]
    for _ in range(11):
        files.check()
    assert looks == [1, 1]  # in case the kernel was mistaken
    monkeypatch.undo()


def test_without_notices_every_check_looks(clean, tmp_path, monkeypatch):
    monkeypatch.setattr(notices.sys, "platform", "other")
    assert notices.FolderNotices.open() is None
    files = autoreload._Files()
    assert files.is_look_due()
    assert files.is_look_due()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs inotify")
def test_notices_that_are_not_granted(clean, tmp_path, monkeypatch):
    files = autoreload._Files()
    assert not files.notices.watch(str(tmp_path / "nowhere"))
    monkeypatch.setattr(files.notices, "watch", lambda folder: False)
    path = tmp_path / "file"
    path.write_text("")
    autoreload.watch(str(path))
    assert files.changed_file() is None
    assert files.is_look_due()
    os.utime(path, (1, 1))
    assert files.changed_file() == str(path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs inotify")
def test_no_inotify_left(monkeypatch):
    class Library:
        def __init__(self, *args, **kwargs):
            pass

        def inotify_init1(self, flags):
            return -1

    monkeypatch.setattr(notices.ctypes, "CDLL", Library)
    assert notices.FolderNotices.open() is None
    monkeypatch.delattr(Library, "inotify_init1")
    assert notices.FolderNotices.open() is None
