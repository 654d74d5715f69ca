"""Serving an application with one call."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys

import pytest

from tornado.web import Application, RequestHandler, serve

PROGRAM = """
import asyncio, sys
import tornado.web


class Main(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(float(self.get_argument("seconds", "0")))
        self.write("hello")


application = tornado.web.Application(
    [("/", Main)],
    on_startup=lambda application: print("startup", flush=True),
    on_shutdown=lambda application: print("shutdown", flush=True),
)
tornado.web.run(application, 0, drain_timeout=float(sys.argv[1]))
print("over", flush=True)
"""


@pytest.fixture
def program(tmp_path):
    """Return a function that starts the program and returns it with its port."""
    started = []

    def start(drain_timeout):
        command = [sys.executable, "-c", PROGRAM, str(drain_timeout)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        started.append(process)
        line = ""
        while "Listening on http://" not in line:
            line = process.stderr.readline()
            assert line, "it ended"
        return process, int(line.rstrip().rstrip("/").rpartition(":")[2])

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(port, path="/"):
    sock = socket.create_connection(("localhost", port), timeout=20)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return sock


def received(sock):
    with sock:
        return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(program, number):
    process, port = program(20)
    assert received(ask(port)).endswith(b"hello")
    slow = ask(port, "/?seconds=0.3")
    slow.settimeout(20)
    os.kill(process.pid, number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output.split() == ["startup", "shutdown", "over"]
    assert "Traceback" not in errors
    # It was accepted, or refused as a whole: it is never cut off.
    try:
        data = received(slow)
    except ConnectionResetError:
        data = b""
    assert data == b"" or data.endswith(b"hello")


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_what_takes_too_long_is_cut_off(program):
    process, port = program(0.2)
    slow = ask(port, "/?seconds=60")
    assert received(ask(port)).endswith(b"hello")
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert output.split() == ["startup", "shutdown", "over"]
    slow.close()


class Main(RequestHandler):
    def get(self):
        self.write("hello")


def test_cancelling_it(caplog):
    events = []
    application = Application([("/", Main)], on_startup=events.append, on_shutdown=events.append)

    class Connection:
        def close(self, code, reason):
            events.append(code)

    held = Connection()

    async def work():
        application.open_connections.add(held)
        serving = asyncio.ensure_future(serve(application, "0", "127.0.0.1", drain_timeout=5))
        while not (found := [r for r in caplog.records if "Listening on" in r.getMessage()]):
            await asyncio.sleep(0.001)
        url = found[0].getMessage().removeprefix("Listening on ")
        port = int(url.rstrip("/").rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nhello")
        writer.close()
        await writer.wait_closed()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert len(asyncio.all_tasks()) == 1

    with caplog.at_level(logging.INFO):
        asyncio.run(work())
    assert events == [application, 1001, application]


def test_a_port_in_use():
    async def work():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            await serve(Application(), taken.getsockname()[1], "127.0.0.1")

    with pytest.raises(OSError, match="in use"):
        asyncio.run(work())
