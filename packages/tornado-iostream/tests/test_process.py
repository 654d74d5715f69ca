"""Forking, and child processes with streams."""

import asyncio
import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from tornado import process
from tornado.ioloop import IOLoop
from tornado.process import CalledProcessError, Subprocess, cpu_count, task_id


def run_program(program, **kwargs):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=20,
        **kwargs,
    )


def test_cpu_count(monkeypatch):
    assert cpu_count() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu_count() == 1


def test_task_id_outside_a_child():
    assert task_id() is None


def test_children_in_order_end_the_parent():
    done = run_program(
        """
        import os, sys, tornado.process
        assert tornado.process.task_id() is None
        number = tornado.process.fork_processes(3)
        # Only children get here.
        assert tornado.process.task_id() == number
        os.write(1, b"child %d\\n" % number)
        """
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split("\n")) == ["", "child 0", "child 1", "child 2"]


def test_as_many_as_processors():
    done = run_program(
        """
        import os, tornado.process
        tornado.process.fork_processes(0)
        os.write(1, b"x")
        """
    )
    assert done.stdout == "x" * (os.cpu_count() or 1)


def test_children_that_die_are_replaced(tmp_path):
    done = run_program(
        """
        import logging, os, signal, sys, tornado.process
        logging.basicConfig(level=logging.INFO)
        path = os.environ["MARKS"]
        number = tornado.process.fork_processes(2, max_restarts=5)
        mark = os.path.join(path, "mark%d" % number)
        if not os.path.exists(mark):
            open(mark, "w").close()
            if number:
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(3)
        os.write(1, b"%d" % number)
        """,
        env={**os.environ, "MARKS": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout) == ["0", "1"]
    assert "killed by signal 9, restarting" in done.stderr
    assert "exited with status 3, restarting" in done.stderr
    assert "exited normally" in done.stderr


def test_too_many_restarts():
    done = run_program(
        """
        import os, tornado.process
        try:
            tornado.process.fork_processes(1, max_restarts=2)
        except RuntimeError as error:
            print(error)
        else:
            os._exit(1)
        """
    )
    assert done.stdout == "Too many child restarts, giving up\n"


def is_running(pid):
    """Whether there is a process with this id that has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


WAITING_CHILDREN = """
import logging, os, signal, sys, time, tornado.process
logging.basicConfig(level=logging.INFO)
{before}
number = tornado.process.fork_processes(2, max_restarts=1)
{after}
os.write(1, b"%d\\n" % os.getpid())
for _ in range(2000):
    time.sleep(0.01)
"""


@contextlib.contextmanager
def waiting_children(before="", after=""):
    """Run two children that wait; give the parent and their ids. They are gone afterwards."""
    parent = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WAITING_CHILDREN.format(before=before, after=after)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    children = [int(parent.stdout.readline()) for _ in range(2)]
    try:
        yield parent, children
    finally:
        parent.kill()
        for pid in filter(is_running, children):
            os.kill(pid, signal.SIGKILL)
        parent.communicate()


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ("", -signal.SIGTERM),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))", 0),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(number))", -signal.SIGTERM),
    ],
    ids=["default", "in order", "one not in order"],
)
def test_sigterm_of_the_parent_ends_the_children(after, status):
    with waiting_children(after=after) as (parent, children):
        parent.terminate()
        _, logged = parent.communicate(timeout=10)
        assert parent.returncode == status
        assert not any(map(is_running, children))
        assert "restarting" not in logged
        assert logged.count("child ") == 2


def test_a_replaced_child_ends_with_the_parent_too():
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
    with waiting_children(after=handler) as (parent, children):
        os.kill(children[0], signal.SIGKILL)
        children.append(int(parent.stdout.readline()))
        parent.terminate()
        parent.communicate(timeout=10)
        assert parent.returncode == 0
        assert not any(map(is_running, children))


def test_a_handler_of_the_applications_own_stays():
    handler = "signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'caught\\n'))"
    with waiting_children(before=handler) as (parent, children):
        parent.terminate()
        os.kill(children[0], signal.SIGTERM)
        assert [parent.stdout.readline() for _ in range(2)] == ["caught\n", "caught\n"]
        assert parent.poll() is None
        assert all(map(is_running, children))


def test_giving_up_ends_the_others():
    with waiting_children() as (parent, children):
        os.kill(children[0], signal.SIGKILL)
        children.append(int(parent.stdout.readline()))
        os.kill(children[2], signal.SIGKILL)
        _, logged = parent.communicate(timeout=10)
        assert parent.returncode == 1
        assert logged.rstrip().endswith("RuntimeError: Too many child restarts, giving up")
        for _ in range(500):
            if not any(map(is_running, children)):
                break
            time.sleep(0.01)
        assert not any(map(is_running, children))


def test_children_have_random_numbers_of_their_own():
    done = run_program(
        """
        import os, random, tornado.process
        random.seed(1)
        tornado.process.fork_processes(2)
        os.write(1, b"%d\\n" % random.getrandbits(60))
        """
    )
    first, second = done.stdout.split()
    assert first != second


def test_reseeding_without_urandom(monkeypatch):
    def missing(count):
        raise NotImplementedError

    random.seed(1)
    first = random.random()
    monkeypatch.setattr(os, "urandom", missing)
    random.seed(1)
    process._reseed_random()
    assert random.random() != first


def gone_soon(children):
    for _ in range(1000):
        if not any(map(is_running, children)):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("before", "cause"),
    [
        (
            # Shells start what runs in the background with this signal ignored.
            "signal.signal(signal.SIGINT, signal.default_int_handler)",
            lambda parent, children: parent.send_signal(signal.SIGINT),
        ),
        (
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))",
            lambda parent, children: parent.terminate(),
        ),
        (
            # The first two forks succeed; the one that replaces a child does not.
            "fork, forks = os.fork, []\n"
            "def failing():\n"
            "    forks.append(1)\n"
            "    if len(forks) > 2: raise BlockingIOError(11, 'no more')\n"
            "    return fork()\n"
            "os.fork = failing",
            lambda parent, children: os.kill(children[0], signal.SIGKILL),
        ),
    ],
    ids=["interrupted", "a handler exits", "no more processes"],
)
def test_an_exception_of_the_parent_ends_the_children(before, cause):
    with waiting_children(before=before) as (parent, children):
        cause(parent, children)
        parent.communicate(timeout=10)
        assert parent.returncode != 0
        assert gone_soon(children)


def test_an_exception_of_a_child_leaves_its_siblings():
    done = run_program(
        """
        import os, time, tornado.process
        try:
            number = tornado.process.fork_processes(2, max_restarts=0)
            if number == 0:
                raise ValueError
            time.sleep(0.2)
            os.write(1, b"unharmed")
        except ValueError:
            os._exit(0)
        """
    )
    assert done.stdout == "unharmed"


@pytest.mark.parametrize(
    "before",
    [
        "tornado.ioloop.IOLoop.current()",
        "tornado.ioloop.IOLoop.instance()",
        "client = tornado.tcpclient.TCPClient()",
        "tornado.ioloop.IOLoop.current().run_sync(lambda: asyncio.sleep(0))",
    ],
)
def test_a_loop_made_before_works_in_every_child(before):
    done = run_program(
        f"""
        import asyncio, os, sys, tornado.ioloop, tornado.process, tornado.tcpclient
        {before}
        number = tornado.process.fork_processes(2)
        async def main():
            await asyncio.sleep(0.01)
            os.write(1, b"%d\\n" % number)
        tornado.ioloop.IOLoop.current().run_sync(main)
        """
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["0", "1"]


def test_forking_where_it_cannot_be(monkeypatch):
    async def main():
        with pytest.raises(RuntimeError, match="Cannot run in multiple processes"):
            process.fork_processes(2)

    asyncio.run(main())
    monkeypatch.setattr(process, "_task_id", 0)
    with pytest.raises(RuntimeError, match="that it forked"):
        process.fork_processes(2)
    monkeypatch.delattr(os, "fork")
    with pytest.raises(RuntimeError, match="cannot fork"):
        process.fork_processes(2)


def test_subprocess_streams(run):
    async def main():
        child = Subprocess(
            [sys.executable, "-i", "-q", "-u", "-c", "import sys; sys.ps1 = sys.ps2 = ''"],
            stdin=Subprocess.STREAM,
            stdout=Subprocess.STREAM,
            stderr=subprocess.STDOUT,
        )
        assert child.pid == child.proc.pid
        assert child.stderr is None
        await child.stdin.write(b"print('hello')\n")
        assert await child.stdout.read_until(b"hello\n")
        child.stdin.close()
        assert await child.wait_for_exit() == 0
        assert child.returncode == 0
        await child.stdout.read_until_close()

    run(main)


def test_stderr_and_plain_pipes(run):
    async def main():
        child = Subprocess(
            [sys.executable, "-c", r"import sys; print('out'); sys.stderr.write('err\n')"],
            stdout=subprocess.PIPE,
            stderr=Subprocess.STREAM,
        )
        assert await child.stderr.read_until_close() == b"err\n"
        await child.wait_for_exit()
        assert child.stdout is child.proc.stdout
        assert child.stdout.read() == b"out\n"
        child.stdout.close()

    run(main)


def test_exit_callback(run):
    async def main():
        Subprocess.initialize()
        child = Subprocess([sys.executable, "-c", ""])
        future = asyncio.get_running_loop().create_future()
        child.set_exit_callback(future.set_result)
        assert await future == 0
        # One that is set when it is all over is called, too.
        future = asyncio.get_running_loop().create_future()
        child.set_exit_callback(future.set_result)
        assert not future.done()
        assert await future == 0
        Subprocess.uninitialize()

    run(main)


def test_signals_are_negative(run):
    async def main():
        child = Subprocess([sys.executable, "-c", "import time; time.sleep(30)"])
        waiting = child.wait_for_exit(raise_error=False)
        os.kill(child.pid, signal.SIGTERM)
        assert await waiting == -signal.SIGTERM

    run(main)


def test_exit_status_as_an_error(run):
    async def main():
        child = Subprocess([sys.executable, "-c", "raise SystemExit(3)"])
        with pytest.raises(CalledProcessError) as info:
            await child.wait_for_exit()
        assert info.value.returncode == 3
        child = Subprocess([sys.executable, "-c", ""])
        waiting = child.wait_for_exit()
        waiting.cancel()
        child.set_exit_callback(lambda status: None)
        while child.returncode is None:
            await asyncio.sleep(0.002)

    run(main)


def test_without_process_descriptors(run, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)

    async def main():
        child = Subprocess([sys.executable, "-c", "raise SystemExit(3)"])
        assert await child.wait_for_exit(raise_error=False) == 3
        while any(thread.name.startswith("wait for process") for thread in threading.enumerate()):
            await asyncio.sleep(0.002)

    run(main)


def test_a_program_that_cannot_be_started(run_asyncio):
    async def main():
        with pytest.raises(FileNotFoundError):
            Subprocess(
                ["/no/such/program"],
                stdin=Subprocess.STREAM,
                stdout=Subprocess.STREAM,
                stderr=Subprocess.STREAM,
            )

    run_asyncio(main)


def test_a_loop_of_ones_own():
    loop = IOLoop(make_current=False)
    child = Subprocess([sys.executable, "-c", "print(1)"], stdout=Subprocess.STREAM, io_loop=loop)
    assert child.stdout.io_loop is loop
    got = []
    child.stdout.read_until_close(got.append)
    child.set_exit_callback(lambda status: (got.append(status), loop.stop()))
    loop.start()
    if len(got) < 2:
        loop.add_callback(loop.stop)
        loop.start()
    child.stdout.close()
    assert sorted(got, key=str) == [0, b"1\n"]
    loop.close()


def test_everyone_who_waits_is_told(run):
    async def main():
        child = Subprocess([sys.executable, "-c", "raise SystemExit(3)"])
        called = []
        child.set_exit_callback(called.append)
        waiting = [child.wait_for_exit(raise_error=False) for _ in range(2)]
        cancelled = child.wait_for_exit()
        cancelled.cancel()
        failing = child.wait_for_exit()
        assert await asyncio.gather(*waiting) == [3, 3]
        with pytest.raises(CalledProcessError):
            await failing
        assert await child.wait_for_exit(raise_error=False) == 3
        assert called == [3]

    run(main)


def test_a_loop_attribute_of_a_subclass(run):
    class Own(Subprocess):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.io_loop = asyncio.get_running_loop()

    async def main():
        child = Own([sys.executable, "-c", ""])
        assert await child.wait_for_exit() == 0

    run(main)


def test_streams_that_are_dropped_are_closed(run):
    async def main():
        child = Subprocess(["cat"], stdin=Subprocess.STREAM, stdout=Subprocess.STREAM)
        out = child.stdout
        waiting = child.wait_for_exit()
        await child.stdin.write(b"x")
        with pytest.warns(ResourceWarning, match="unclosed pipe"):
            child.stdin = None
        assert await out.read_until_close() == b"x"
        assert await waiting == 0

    run(main)


def test_a_loop_that_closes_lets_go_of_the_process(tmp_path):
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None
    loop = IOLoop(make_current=False)
    child = Subprocess(["cat"], stdin=subprocess.PIPE, io_loop=loop)
    child.set_exit_callback(lambda code: None)
    loop.close()
    child.proc.stdin.close()
    child.proc.wait()
    gc.collect()
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before
