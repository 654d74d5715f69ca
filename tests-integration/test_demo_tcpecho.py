"""The TCP echo demo: its own client, a client of the standard library, a line too long, SIGTERM."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).resolve().parent.parent / "demos" / "tcpecho" / "main.py"


def test_tcp_echo(run, unused_port):
    port = unused_port()
    command = [sys.executable, "-W", "error", str(MAIN), f"--port={port}"]
    with run(command) as server:
        assert server.stdout.readline() == f"tcpecho listens on 127.0.0.1:{port}\n"
        text = "one\nzwei ü\n\nno newline at the end"
        done = subprocess.run(
            [*command, "--connect"], input=text, capture_output=True, text=True, timeout=10
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, text + "\n", "")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"half a ")
            plain.sendall(b"line\nand more\n")
            received = b""
            while received.count(b"\n") < 2:
                received += plain.recv(100)
            assert received == b"half a line\nand more\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as endless:
            endless.settimeout(10)
            endless.sendall(b"x" * 70_000)
            try:
                assert endless.recv(100) == b""
            except ConnectionResetError:
                pass  # the server closed with bytes of ours unread
        with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
            waiting.sendall(b"here\n")
            assert waiting.recv(100) == b"here\n"
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
            assert waiting.recv(100) == b""
        assert "Traceback" not in server.stdout.read()
