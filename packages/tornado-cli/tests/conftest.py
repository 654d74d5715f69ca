"""What the tests of the command share: folders with applications, and the command as a process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

APPLICATIONS = """
import asyncio, os, time
import tornado.web, tornado.websocket


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write(f"hello from {os.getpid()}")

    def post(self):
        self.write(f"{len(self.request.body)} bytes from {self.request.remote_ip}")


class Slow(tornado.web.RequestHandler):
    async def get(self):
        open(self.get_argument("mark"), "w").close()
        await asyncio.sleep(float(self.get_argument("seconds")))
        self.write("slow")


class Die(tornado.web.RequestHandler):
    def get(self):
        os._exit(9)


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


def on_startup(application):
    print("startup", flush=True)


def on_shutdown(application):
    print("shutdown", flush=True)


def make_app():
    handlers = [("/", Hello), ("/slow", Slow), ("/die", Die), ("/echo", Echo)]
    return tornado.web.Application(handlers, on_startup=on_startup, on_shutdown=on_shutdown)


application = make_app()
number = 5


class Broken(tornado.web.Application):
    pass


def fail(application):
    raise RuntimeError("no database")


failing = tornado.web.Application(on_startup=fail)


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"asgi " + scope["root_path"].encode()})


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"wsgi"]


def function(request):
    from tornado.httputil import HTTPHeaders
    request.connection.respond(200, "OK", HTTPHeaders(), b"function")


async def coroutine_factory():
    return application
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a module ``site_app`` of many applications."""
    (tmp_path / "site_app.py").write_text(APPLICATIONS, "utf-8")
    return tmp_path


def wait_until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.02)
    return found


@pytest.fixture
def until():
    return wait_until


class Command:
    """``python -m tornado`` with arguments, running."""

    def __init__(self, folder: Path, arguments, environ=None, **options):
        environ = {**os.environ, **(environ or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tornado", *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern):
        """Wait until a line of the output matches, and return the match."""

        def found():
            for line in list(self.lines):
                match = re.search(pattern, line)
                if match:
                    return match
            assert self.process.poll() is None or self._reader.is_alive(), self.output
            return None

        return wait_until(found)

    @property
    def port(self):
        return int(self.wait_for(r"serves .* on https?://127\.0\.0\.1:(\d+)/")[1])

    def get(self, path="/", method="GET", head="", body=b"", port=None):
        """Send a request; return the status and the content."""
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=20) as sock:
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            text = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{length}{head}\r\n"
            sock.sendall(text.encode() + body)
            response = b"".join(iter(lambda: sock.recv(65536), b""))
        first, _, rest = response.partition(b"\r\n")
        return int(first.split(b" ")[1]), rest.partition(b"\r\n\r\n")[2].decode()

    def notify(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """End it by a signal; return its exit status."""
        self.notify(number)
        status = self.process.wait(30)
        self._reader.join(10)
        return status


@pytest.fixture
def start(folder):
    """Return a function that starts the command; everything is ended with the test."""
    commands = []

    def run(*arguments, environ=None, **options):
        command = Command(folder, arguments, environ, **options)
        commands.append(command)
        return command

    yield run
    for command in commands:
        if command.process.poll() is None:
            command.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                command.process.wait(20)
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()
        command.process.stdout.close()


@pytest.fixture
def run(folder):
    """Return a function that runs the command to its end and returns status, output and errors."""

    def run(*arguments, environ=None):
        done = subprocess.run(
            [sys.executable, "-m", "tornado", *arguments],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return run
