"""Sources that change under load: the process starts anew, and no answer is cut in two."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter

import pytest

SERVER = """
import asyncio, os, sys
import tornado.autoreload, tornado.web
from version import VERSION

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("%s %s" % (VERSION, "x" * 5000))

    async def post(self):
        await asyncio.sleep(0.003)
        self.write("%s %s" % (VERSION, self.request.body.decode()))

async def main():
    app = tornado.web.Application([("/", Main)], static_path=os.path.dirname(__file__))
    app.listen(int(sys.argv[1]), "127.0.0.1")
    tornado.autoreload.start(check_time=50)
    print("serves %s as %d" % (VERSION, os.getpid()), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def sources(tmp_path):
    """A folder with the sources, and a function that writes the version anew."""
    (tmp_path / "server.py").write_text(SERVER)
    written = iter(range(1, 1000))

    def write(text: str) -> None:
        path = tmp_path / "version.py"
        fresh = tmp_path / "version.tmp"
        fresh.write_text(text)
        # However coarse the file system's times are.
        moment = 1_700_000_000 + next(written)
        os.utime(fresh, (moment, moment))
        fresh.replace(path)

    write("VERSION = 0\n")
    return tmp_path, write


@pytest.fixture
def load(peer, broken_answer):
    """Clients that ask without an end, and connect again when a connection has ended."""

    class Load:
        def __init__(self, port: int) -> None:
            self.port = port
            self.answers: Counter[str] = Counter()
            self.ended: list[bytes] = []
            self.errors: list[BaseException] = []
            self.stop = threading.Event()
            self.threads = [threading.Thread(target=self.run) for _ in range(8)]

        def run(self) -> None:
            try:
                while not self.stop.is_set():
                    try:
                        with peer(self.port) as connection:
                            self.ask_on(connection)
                    except ConnectionRefusedError:
                        time.sleep(0.01)  # it is starting
                    except ConnectionResetError:
                        self.ended.append(b"")  # while it was being accepted
                    except broken_answer as broken:
                        self.ended.append(broken.received)
            except BaseException as error:
                self.errors.append(error)

        def ask_on(self, connection) -> None:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"
            while not self.stop.is_set():
                for request in ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], [head, b"x" * 5000]):
                    status, content = connection.ask(*request)
                    version, _, rest = content.partition(b" ")
                    assert (status, rest) == (200, b"x" * 5000)
                    self.answers[version.decode()] += 1
                time.sleep(0.001)

        def __enter__(self):
            for thread in self.threads:
                thread.start()
            return self

        def __exit__(self, *exc_info: object) -> None:
            self.stop.set()
            for thread in self.threads:
                thread.join(30)

    return Load


def test_reload_under_load(program, unused_port, until, sources, load):
    folder, write = sources
    port = unused_port()
    server = program(str(folder / "server.py"), str(port), cwd=folder)
    server.wait_for("serves (0)")
    with load(port) as clients:
        until(lambda: clients.answers["0"] > 50)
        descriptors = server.state("descriptors")
        for version in range(1, 4):
            write(f"VERSION = {version}\n")
            until(lambda version=version: clients.answers[str(version)] > 50)
    assert clients.errors == []
    # Each was answered whole, or its connection ended before a byte of the answer.
    assert set(clients.ended) <= {b""}
    assert set(server.found(r"serves \d as (\d+)")) == {str(server.pid)}
    until(lambda: server.state("descriptors") <= descriptors)
    assert server.lines == [f"serves {version} as {server.pid}" for version in range(4)]
    server.end()


def test_errors_in_the_source(program, unused_port, until, sources, load):
    """What the command ``python -m tornado.autoreload`` is for: it waits for the error to be mended."""
    folder, write = sources
    port = unused_port()
    command = ["-m", "tornado.autoreload", str(folder / "server.py"), str(port)]
    server = program(*command, cwd=folder)
    server.wait_for("serves (0)")
    errors = {
        "VERSION = = 1\n": "(SyntaxError)",
        "import nowhere\n": "(No module named 'nowhere')",
        "raise SystemExit(3)\n": "(Script exited with status 3)",
    }
    with load(port) as clients:
        until(lambda: clients.answers["0"] > 20)
        for version, (text, said) in enumerate(errors.items(), 1):
            write(text)
            server.wait_for(said)
            time.sleep(0.3)
            for _ in range(30):
                # Again, as one would: the first time may be before it watches what has failed.
                write(f"VERSION = {version}\n")
                deadline = time.monotonic() + 1
                while clients.answers[str(version)] <= 20 and time.monotonic() < deadline:
                    time.sleep(0.01)
                if clients.answers[str(version)] > 20:
                    break
            assert clients.answers[str(version)] > 20
    assert clients.errors == []
    assert set(clients.ended) <= {b""}
    assert set(server.found(r"serves \d as (\d+)")) == {str(server.pid)}
    server.end()
