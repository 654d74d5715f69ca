"""The crawler demo: on its own site, on another host, with limits, with addresses it cannot read."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MAIN = Path(__file__).resolve().parent.parent / "demos" / "webspider" / "main.py"


def crawl(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(MAIN), "--logging=error", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


@contextlib.contextmanager
def site(pages: dict[str, str], asked: list[str], release: threading.Event) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/never":
                release.wait(10)
                return
            content = pages.get(self.path, "").encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            release.set()
            server.shutdown()
            thread.join()


def test_its_own_site(unused_port):
    port = unused_port()
    done = crawl(f"--port={port}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"webspider crawls http://127.0.0.1:{port}/",
        f"error: http://127.0.0.1:{port}/gone.html: HTTP 404: Not Found",
        "6 pages, 1 redirects, 1 errors of 8 addresses",
    ]


@pytest.mark.parametrize("concurrency", [1, 5])
def test_another_site_each_address_once_and_no_more_than_allowed(concurrency):
    pages = {f"/{n}": f'<a href="{n + 1}">on</a> <A HREF="/0#x">back</A>' for n in range(30)}
    asked: list[str] = []
    with site(pages, asked, threading.Event()) as url:
        done = crawl(f"--url={url}0", f"--concurrency={concurrency}", "--max_pages=7")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "7 pages, 0 redirects, 0 errors of 7 addresses"
    assert asked == [f"/{n}" for n in range(7)]


def test_the_time_is_up():
    asked: list[str] = []
    with site({"/": '<a href="/never">wait</a>'}, asked, threading.Event()) as url:
        done = crawl(f"--url={url}", "--timeout=0.5")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "the time was up")
    assert asked == ["/", "/never"]
    assert "Traceback" not in done.stderr


def test_nobody_there(unused_port):
    done = crawl(f"--url=http://127.0.0.1:{unused_port()}/")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "0 pages, 0 redirects, 1 errors of 1 addresses"


def test_options_that_make_no_sense():
    assert crawl("--url=ftp://127.0.0.1/").returncode == 1
    done = crawl("--concurrency=0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "have to be above 0" in done.stderr
