"""A disk that is full: uploads, templates, static files and logs; the server says so and serves on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

UPLOAD = str(Path(__file__).resolve().parent.parent / "demos" / "upload" / "main.py")
SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
SMALL_FILES = "import resource, os, sys; {}; os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture(params=["small disk", "small files"])
def upload_demo(request, program, unused_port, peer, tmp_path):
    """The upload demo, whose folder is full after a megabyte, or that may write no larger file.

    Give a connection to it, the process, and its folder as that process sees it.
    """
    folder = tmp_path / "uploads"
    folder.mkdir()
    port = unused_port()
    command = [UPLOAD, f"--port={port}", f"--folder={folder}", "--logging=warning"]
    if request.param == "small disk":
        prefix = ["unshare", "--mount", "--map-root-user", "sh", "-c", SMALL_DISK, str(folder)]
        tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
        if tried.returncode:
            message = f"needs mounts of its own (user namespaces): {tried.stderr.strip()}"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        server = program(*command, prefix=prefix)
    else:
        limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
        server = program(*command, prefix=[sys.executable, "-c", SMALL_FILES.format(limit)])
    server.wait_for("(upload listens)")
    return peer(port), server, Path(f"/proc/{server.pid}/root{folder}")


def put(name: str, size: int) -> list[bytes]:
    head = f"PUT /files/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"
    return [head.encode(), *[bytes(65536)] * (size // 65536), bytes(size % 65536)]


def test_uploads_to_a_full_disk(upload_demo, peer, until):
    client, server, folder = upload_demo
    port = client.socket.getpeername()[1]
    assert client.ask(*put("small", 1000))[0] == 201
    descriptors = server.state("descriptors")
    for size in (3_000_000, 1_050_000, 3_000_000):
        with peer(port) as other:
            status, content = other.ask(*put("large", size))
            assert status == 507
            assert b"Insufficient Storage" in content
        until(lambda: os.listdir(folder) == ["small"])  # nothing stays of what did not fit
    # Whoever is connected, or comes, is served.
    assert client.get("/")[0] == 200
    assert client.get("/download/small") == (200, bytes(1000))
    assert client.ask(*put("next", 300_000))[0] == 201
    until(lambda: server.state("descriptors") <= descriptors)
    assert server.found("(Traceback|Error)") == []
    assert server.end() == 0


def test_a_log_that_cannot_be_written(program, unused_port, until, listening, peer, tmp_path):
    """Neither the log file nor standard error has room: requests know nothing of it."""
    port = unused_port()
    log = tmp_path / "log"
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    prefix = [sys.executable, "-c", SMALL_FILES.format(limit)]
    hello = str(Path(UPLOAD).parent.parent / "helloworld" / "main.py")
    command = [hello, f"--port={port}", f"--log-file-prefix={log}"]
    with open("/dev/full", "w") as full:
        server = program(*command, prefix=prefix, stderr=full)
    until(lambda: listening(port))
    client = peer(port)
    assert client.get("/")[0] == 200
    before = server.state("descriptors")
    for number in range(100):
        assert client.get(f"/?{number}") == (200, b"Hello, world")
        assert client.get(f"/nowhere/{number}")[0] == 404
    assert log.stat().st_size == 2000
    assert server.state("descriptors") == before
    # Python ends with 120 where standard error could not take what was left for it.
    assert server.end() in (0, 120)


FETCHING = r"""
import asyncio, sys
import logging
from tornado.httpclient import AsyncHTTPClient
from tornado.simple_httpclient import HTTPStreamClosedError

async def main():
    logging.disable()  # each failure of a callback is logged
    client = AsyncHTTPClient()
    for _ in range(3):
        with open("/dev/full", "wb", buffering=0) as full:
            try:
                await client.fetch(sys.argv[1], streaming_callback=full.write)
            except HTTPStreamClosedError as error:
                print("failed:", error.__cause__.strerror, flush=True)
    print((await client.fetch(sys.argv[1])).body[:5], flush=True)
    client.close()
    await asyncio.sleep(0)
    print("tasks", len(asyncio.all_tasks()), flush=True)

asyncio.run(main())
"""


def test_a_download_to_a_full_disk(program, run, unused_port):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    hello = str(Path(UPLOAD).parent.parent / "helloworld" / "main.py")
    with run([sys.executable, hello, f"--port={port}"], url):
        fetching = program("-c", FETCHING, url)
        assert fetching.wait() == 0, fetching.lines
    assert fetching.lines == [*["failed: No space left on device"] * 3, "b'Hello'", "tasks 1"]
