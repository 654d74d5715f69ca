"""The supervisor of workers: signals at awkward moments, workers that hang, nothing left to start with."""

import fcntl
import os
import resource
import signal
import subprocess
import sys

import pytest

if not hasattr(os, "fork"):
    pytest.skip("needs a Unix system", allow_module_level=True)

from tornado._cli import supervisor as room
from tornado._cli.notices import Notices
from tornado._cli.supervisor import Child, Stage, Supervisor


def run_script(source, *, timeout=60):
    """Run a program with a supervisor to its end; return its exit status and its output."""
    head = (
        "import os, signal, sys, threading, time\n"
        "from tornado._cli import supervisor as room\n"
        "from tornado._cli.notices import Notices\n"
        "from tornado._cli.supervisor import Supervisor, READY, SPENT\n"
        "def say(text): os.write(1, (text + '\\n').encode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + source], capture_output=True, text=True, timeout=timeout
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_signal_that_comes_while_a_worker_is_started_is_not_lost():
    # The worker gets it before its first instruction, with the parent's handlers still in place.
    status, lines, errors = run_script("""
fork = os.fork
def signalled():
    pid = fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)
    return pid
os.fork = signalled
def work(pipe, slot):
    say("works")
    time.sleep(1000)
    return 0
sys.exit(Supervisor(1, work, 30.0, Notices({})).run())
""")
    assert (status, lines) == (0, []), errors


def test_a_worker_that_does_not_end_is_killed():
    status, _, errors = run_script("""
room._GRACE_SECONDS = 0.05
def work(pipe, slot):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(pipe, READY)
    os.kill(os.getppid(), signal.SIGTERM)
    while True:
        time.sleep(1000)
sys.exit(Supervisor(1, work, 0.0, Notices({})).run())
""")
    assert status == 0, errors
    assert "did not end in time, and is killed" in errors


def test_a_worker_that_closes_its_pipe_does_not_keep_the_parent_busy():
    status, lines, errors = run_script("""
def work(pipe, slot):
    os.write(pipe, READY)
    os.close(pipe)
    def end():
        os.kill(os.getppid(), signal.SIGTERM)
    timer = threading.Timer(1.0, end)
    timer.start()
    time.sleep(1000)
supervisor = Supervisor(1, work, 5.0, Notices({}))
rounds = 0
wait = supervisor._wait
def counted():
    global rounds
    rounds += 1
    wait()
supervisor._wait = counted
status = supervisor.run()
say(str(rounds))
sys.exit(status)
""")
    assert status == 0, errors
    assert int(lines[-1]) < 20


def test_an_exit_of_the_application_at_the_start_is_a_failure():
    status, _, _ = run_script("""
def work(pipe, slot):
    raise SystemExit(0)
sys.exit(Supervisor(2, work, 5.0, Notices({})).run())
""")
    assert status == 1


class Watched(Supervisor):
    """Starts and signals nobody."""

    def __init__(self, count):
        super().__init__(count, lambda pipe, slot: 0, 1.0, Notices({}))
        self.number = 100
        self.started = []
        self.stopped = []

    def _start(self, replaces, slot):
        self.number += 1
        child = self._children[self.number] = Child(self.number, -1, slot)
        child.replaces = replaces
        child.generation = self._generation
        self.started.append((self.number, replaces and replaces.pid))

    def _stop(self, child):
        child.stage = Stage.STOPPING
        self.stopped.append(child.pid)

    def signal(self, number):
        self._signals.append(number)
        self._heed_signals()
        self._fill()

    def serves(self, pid):
        self._serves(self._children[pid])
        self._fill()

    def ended(self, pid, status):
        self._ended(self._children.pop(pid), status)
        self._fill()


@pytest.fixture
def supervisor():
    watched = Watched(2)
    watched._fill()
    for pid in (101, 102):
        watched.serves(pid)
    assert watched.started == [(101, None), (102, None)]
    return watched


def test_replacements_come_one_at_a_time(supervisor):
    supervisor.signal(signal.SIGHUP)
    assert supervisor.started[2:] == [(103, 101)]
    supervisor.serves(103)
    assert supervisor.stopped == [101]
    assert supervisor.started[3:] == [(104, 102)]
    supervisor.serves(104)
    assert supervisor.stopped == [101, 102]
    supervisor._fill()
    assert len(supervisor.started) == 4


def test_a_replacement_that_was_starting_at_the_second_sighup_is_replaced_too(supervisor):
    # It may have imported the code of before.
    supervisor.signal(signal.SIGHUP)
    supervisor.signal(signal.SIGHUP)
    assert supervisor.started[2:] == [(103, 101)]
    for number in range(103, 110):
        if number in supervisor._children:
            supervisor.serves(number)
    serving = [c for c in supervisor._children.values() if c.stage is Stage.SERVING]
    assert sorted(c.slot for c in serving) == [0, 1]
    assert all(c.generation == 2 for c in serving)


def test_a_storm_of_sighup_starts_no_more_than_one_at_a_time(supervisor):
    for _ in range(100):
        supervisor.signal(signal.SIGHUP)
    assert len(supervisor.started) == 3


def test_a_replacement_that_fails_is_tried_again_later_and_the_old_worker_stays(supervisor):
    supervisor.signal(signal.SIGHUP)
    supervisor.ended(103, 1)
    assert supervisor.stopped == []
    assert len(supervisor.started) == 3, "not at once"
    supervisor._start_at = 0.0
    supervisor._fill()
    assert supervisor.started[3] == (104, 101)


def test_a_worker_that_is_spent_before_it_was_replaced(supervisor):
    reading, writing = os.pipe()
    child = supervisor._children[101]
    child.pipe = reading
    os.write(writing, room.SPENT)
    supervisor._heard(child)
    supervisor._fill()
    assert supervisor.started[2:] == [(103, 101)]
    supervisor.ended(101, -9)
    assert supervisor.started[2:] == [(103, 101)], "the replacement has its place"
    os.close(writing)


def test_workers_that_end_together_count_once(supervisor):
    pause = supervisor._pause
    for pid in (101, 102):
        supervisor._ended(supervisor._children.pop(pid), -11)
    assert supervisor._pause == pause * 2


def test_more_and_fewer_workers(supervisor):
    supervisor.signal(signal.SIGTTIN)
    assert supervisor.started[2:] == [(103, None)]
    supervisor.serves(103)
    supervisor.signal(signal.SIGTTOU)
    assert supervisor.stopped == [103]
    for _ in range(5):
        supervisor.signal(signal.SIGTTOU)
    assert supervisor._count == 1


@pytest.mark.parametrize("function", ["pipe", "fork"])
def test_nothing_left_to_start_a_worker_with(function, monkeypatch, caplog):
    supervisor = Supervisor(2, lambda pipe, slot: 0, 1.0, Notices({}))
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None

    def fail():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, function, fail)
    supervisor._fill()
    assert supervisor._children == {}
    assert "Cannot start a worker: [Errno 24] Too many open files" in caplog.text
    first = supervisor._start_at
    supervisor._fill()
    assert supervisor._start_at == first, "it waits"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    if before is not None:
        assert set(os.listdir("/proc/self/fd")) == before


def test_descriptors_beyond_those_that_select_takes():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this system allows no such descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    try:
        supervisor = Watched(1)
        supervisor._fill()
        reading, writing = os.pipe()
        child = supervisor._children[101]
        child.pipe = fcntl.fcntl(reading, fcntl.F_DUPFD, 1500)
        os.write(writing, room.READY)
        supervisor._wait()
        assert child.stage is Stage.SERVING
        for descriptor in (reading, writing, child.pipe):
            os.close(descriptor)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_logs_are_reopened_here_and_in_workers_that_start(start, folder, until):
    (folder / "slow_app.py").write_text(
        "import os, time\n"
        "open('importing', 'w').close()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "from site_app import application\n"
    )
    log = folder / "access.log"
    command = start(
        "serve",
        "slow_app",
        "--port=0",
        "--workers=2",
        "--access-log=common",
        f"--access-log-file={log}",
    )
    until((folder / "importing").exists)
    os.rename(log, folder / "access.log.1")
    command.notify(signal.SIGUSR1)

    (folder / "go").write_text("")
    assert command.get()[0] == 200
    until(lambda: log.exists() and "GET / " in log.read_text())
    assert "ended with" not in command.output
    assert command.end() == 0


def test_standard_descriptors_that_were_closed():
    source = (
        "import os, sys\n"
        "report = os.dup(1)\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "from tornado._cli.serve import _fill_standard_descriptors\n"
        "_fill_standard_descriptors()\n"
        "os.write(report, b'%d' % os.open(os.devnull, os.O_RDONLY))\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60)
    assert int(done.stdout) > 2


def test_a_pid_file_that_another_server_took_over_stays(start, folder, until):
    file = folder / "server.pid"
    command = start("serve", "site_app", "--port=0", f"--pid-file={file}")
    assert command.port
    file.write_text("1\n")
    assert command.end() == 0
    assert file.read_text() == "1\n"
