"""The whole under load: a short soak, and a restart in turn behind nginx without a failed request."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream frontends {{
        server 127.0.0.1:{first} max_fails=0;
        server 127.0.0.1:{second} max_fails=0;
        keepalive 8;
    }}
    proxy_next_upstream error;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://frontends;
        }}
    }}
}}
"""


def test_short_soak(tmp_path):
    results = tmp_path / "soak.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--json", str(results)]
    done = subprocess.run(
        [*command, "--seconds", "8", "--clients", "15"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(results.read_text("utf-8"))
    assert figures["errors"] == {}
    kinds = {"keep-alive", "tls", "form", "upload", "stream", "websocket", "reset", "slow"}
    assert figures["done"].keys() == kinds


class Load:
    """Clients that ask one after the other, and count what was not the right answer."""

    def __init__(self, port: int, clients: int) -> None:
        self.port = port
        self.good = 0
        self.bad: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.bad.append(repr(error))
                connection.close()
                continue
            if (answer.status, content) == (200, b"Hello, world"):
                self.good += 1
            else:
                self.bad.append(f"{answer.status} {content[:60]!r}")
        connection.close()


def test_restart_in_turn_behind_nginx(require, run, unused_port, until, listening, tmp_path):
    nginx = require("nginx", "nginx-light")
    first, second, port = unused_port(), unused_port(), unused_port()
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, first=first, second=second, port=port))
    demo = [sys.executable, str(ROOT / "demos" / "helloworld" / "main.py"), "--logging=warning"]

    backends: dict[int, subprocess.Popen[bytes]] = {}

    def start(number: int) -> None:
        backends[number] = subprocess.Popen([*demo, f"--port={number}"])
        until(lambda: listening(number))

    try:
        start(first)
        start(second)
        with (
            run([nginx, "-c", str(config), "-p", str(tmp_path)], f"http://127.0.0.1:{port}/"),
            Load(port, clients=8) as load,
        ):
            for number in (first, second, first, second):
                time.sleep(0.3)
                served = load.good
                backends[number].send_signal(signal.SIGTERM)
                assert backends[number].wait(10) == 0
                start(number)
                while load.good < served + 50 and not load.bad:
                    time.sleep(0.01)
            time.sleep(0.3)
        assert load.bad == []
        assert load.good > 200
    finally:
        for process in backends.values():
            process.terminate()
            process.wait(10)
