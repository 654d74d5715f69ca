"""The WSGI demo: both kinds of pages by curl, a slow call that holds up nobody, SIGTERM, wsgiref."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "demos" / "wsgi"


@pytest.fixture
def curl(require):
    executable = require("curl", "curl")

    def fetch(url: str, *options: str) -> tuple[str, str]:
        """Return the status and the content."""
        command = [executable, "-s", "-w", "\n%{http_code}", *options, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        content, status = done.stdout.rsplit("\n", 1)
        return status, content

    return fetch


def command(name: str, port: int) -> list[str]:
    return [sys.executable, "-W", "error", str(FOLDER / name), f"--port={port}"]


def test_both_in_one_server(run, require, curl, unused_port):
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    with run(command("main.py", port), url) as server:
        assert curl(f"{url}/") == ("200", "Tornado says hello\n")
        assert curl(f"{url}/sum", "-d", "n=1", "-d", "n=41") == ("200", '{"sum": 42}')
        assert curl(f"{url}/sum", "-d", "n=one")[0] == "400"
        assert curl(f"{url}/wsgi") == ("200", "WSGI says hello\n")
        assert curl(f"{url}/wsgi/upper", "-d", "grün") == ("200", "GRÜN")
        assert curl(f"{url}/wsgi/slow?seconds=nan")[0] == "400"
        assert curl(f"{url}/nowhere") == ("404", "WSGI does not know this page\n")

        slow = [require("curl", "curl"), "-s", f"{url}/wsgi/slow?seconds=0.8"]
        with subprocess.Popen(slow, stdout=subprocess.PIPE, text=True) as waiting:
            time.sleep(0.2)  # until its call has begun
            assert curl(f"{url}/") == ("200", "Tornado says hello\n")
            assert waiting.poll() is None, "the slow call held up nobody"
            server.send_signal(signal.SIGTERM)
            assert waiting.communicate(timeout=10)[0] == "slept\n"
        assert server.wait(10) == 0
        assert "Traceback" not in server.stdout.read()


def test_the_handlers_under_wsgiref(run, curl, unused_port):
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    with run(command("wsgi_server.py", port), url) as server:
        assert curl(f"{url}/") == ("200", "Tornado says hello\n")
        assert curl(f"{url}/sum", "-d", "n=1", "-d", "n=41") == ("200", '{"sum": 42}')
        assert curl(f"{url}/sum", "-d", "n=one")[0] == "400"
        assert curl(f"{url}/wsgi")[0] == "404"
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
        assert "Traceback" not in server.stdout.read()
