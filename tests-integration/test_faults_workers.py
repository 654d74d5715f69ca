"""Worker processes that are killed under load: what was not in the killed one goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

SERVER = r"""
import asyncio, logging, os, signal, sys, time
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

logging.basicConfig(format="%(message)s")
workers, max_restarts, port = map(int, sys.argv[1:4])

def say(line):
    os.write(1, line.encode())  # in one piece: other processes write there too

class Main(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.001)
        self.write("%d %s" % (os.getpid(), self.get_argument("n")))

    async def post(self):
        self.write("%d " % os.getpid())
        await self.flush()
        await asyncio.sleep(0.001)
        self.write(self.request.body)

class Block(RequestHandler):
    def get(self):
        time.sleep(0.2)
        self.write(str(os.getpid()))

server = HTTPServer(Application([("/", Main), ("/block", Block)]))
server.bind(port, "127.0.0.1")
server.start(workers, max_restarts=max_restarts)

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    say("worker %d\n" % os.getpid())
    await stop.wait()
    say("cut off %d\n" % await server.drain(10))

IOLoop.current().run_sync(main)
"""


def is_running(pid: int) -> bool:
    """Whether there is a process with this id that has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@dataclasses.dataclass
class Failure:
    worker: int
    received: bytes
    answers: int


@pytest.fixture
def load(peer, broken_answer):
    """Clients in threads that each keep a connection and open another when it ends."""

    class Load:
        def __init__(self, port: int) -> None:
            self.port = port
            self.served: Counter[int] = Counter()
            self.failures: list[Failure] = []
            self.errors: list[BaseException] = []
            self.is_last_connection = False
            self.stop = threading.Event()
            self.threads: list[threading.Thread] = []
            self.worker_of: dict[int, int] = {}  # of each thread's connection; 0: not known yet

        def add(self, connection, worker: int) -> None:
            thread = threading.Thread(target=self.run, args=(connection, worker))
            self.threads.append(thread)
            thread.start()

        def run(self, connection, worker: int) -> None:
            try:
                self.ask_on(connection, worker)
            except BaseException as error:
                self.errors.append(error)

        def ask_on(self, connection, worker: int) -> None:
            number = 0
            while not self.stop.is_set():
                number += 1
                text = b"%d" % number
                try:
                    if number % 3:
                        status, content = connection.get(f"/?n={number}")
                    else:
                        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                        status, content = connection.ask(head % len(text), text)
                except broken_answer as broken:
                    self.failures.append(Failure(worker, broken.received, connection.answers))
                    connection.close()
                    if self.is_last_connection:
                        return
                    connection = peer(self.port)
                    self.worker_of[threading.get_ident()] = worker = 0
                    continue
                answered_by, _, echoed = content.partition(b" ")
                assert (status, echoed) == (200, text)
                assert worker in (0, int(answered_by)), "a connection stays with its worker"
                self.worker_of[threading.get_ident()] = worker = int(answered_by)
                self.served[worker] += 1
                time.sleep(0.002)
            connection.close()

        def __enter__(self):
            return self

        def __exit__(self, *exc_info: object) -> None:
            self.stop.set()
            for thread in self.threads:
                thread.join(30)

    return Load


@pytest.fixture
def connect_to(peer):
    """Open connections until each worker has `count` of them; return pairs of connection and worker."""

    def connect(port: int, workers: set[int], count: int):
        have: dict[int, list] = {pid: [] for pid in workers}
        with contextlib.ExitStack() as blocked:
            while any(len(rows) < count for rows in have.values()):
                for rows in have.values():
                    if len(rows) >= count:
                        # A worker that is busy accepts nothing: the others have to.
                        rows[-1].socket.sendall(b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
                        blocked.callback(rows[-1].read_answer)
                connection = peer(port)
                pid = int(connection.get("/?n=0")[1].split()[0])
                blocked.close()
                have[pid].append(connection)
                assert sum(map(len, have.values())) < 200, have.keys()
        return [(connection, pid) for pid, rows in have.items() for connection in rows]

    return connect


def test_workers_killed_in_turn(program, unused_port, until, load, connect_to):
    port = unused_port()
    server = program("-c", SERVER, "3", "10", str(port))
    workers = {int(pid) for pid in server.wait_for(r"^worker (\d+)", 3)}
    with load(port) as clients:
        for connection, pid in connect_to(port, workers, 4):
            clients.add(connection, pid)
        until(lambda: min(clients.served[pid] for pid in workers) > 40)
        killed: list[int] = []
        for victim in sorted(workers):
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            started = server.wait_for(r"^worker (\d+)", 3 + len(killed))
            alive = {int(pid) for pid in started} - set(killed)
            for connection, _ in connect_to(port, alive, 1):
                connection.close()
            served = clients.served.copy()
            until(
                lambda served=served, alive=alive: (
                    all(clients.worker_of.values())
                    and all(clients.served[pid] > served[pid] + 10 for pid in alive if served[pid])
                )
            )
        before_the_end = list(clients.failures)
        survivors = {int(pid) for pid in server.found(r"^worker (\d+)")} - set(killed)
        assert len(survivors) == 3
        clients.is_last_connection = True
        status = server.end()
    assert clients.errors == []
    # Only what was in a killed process is lost: of each of its connections the one request.
    assert {failure.worker for failure in before_the_end} <= set(killed)
    assert len(before_the_end) >= 4
    # The end: each worker drained; idle connections were closed without a byte of an answer.
    assert status == 0
    assert server.found("^cut off (.*)") == ["0"] * 3
    at_the_end = clients.failures[len(before_the_end) :]
    assert [failure for failure in at_the_end if failure.received or not failure.answers] == []
    assert not any(map(is_running, survivors | workers))
    assert len(server.found("(killed by signal 9, restarting)")) == 3


def test_restarts_are_limited(program, unused_port, until, peer):
    port = unused_port()
    server = program("-c", SERVER, "2", "2", str(port))
    workers = [int(pid) for pid in server.wait_for(r"^worker (\d+)", 2)]
    for count in (3, 4):
        os.kill(workers[-1], signal.SIGKILL)
        workers = [int(pid) for pid in server.wait_for(r"^worker (\d+)", count)]
        with peer(port) as client:
            assert client.get("/?n=1")[0] == 200
    os.kill(workers[-1], signal.SIGKILL)
    assert server.wait() == 1
    assert server.lines.count("RuntimeError: Too many child restarts, giving up") == 1
    # Nobody goes on with the port, unwatched.
    until(lambda: not any(map(is_running, workers)))
    with pytest.raises(ConnectionRefusedError):
        peer(port)
