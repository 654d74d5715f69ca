"""A real MariaDB on a free port and a socket of its own, in a temporary folder, ended with the session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

START_TIMEOUT_SECONDS = 60.0
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])


@dataclass
class Server:
    """Where the server listens, and one login that may do everything in one database."""

    port: int
    unix_socket: str
    user: str = "tornado"
    password: str = "s3cret'\"\\%"
    database: str = "tornado_test"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def login(self) -> dict[str, str]:
        return {"database": self.database, "user": self.user, "password": self.password}


def _absent(what: str) -> None:
    message = f"needs {what}: install the Debian package mariadb-server"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    daemon = shutil.which("mariadbd", path=SYSTEM_PATH)
    install = shutil.which("mariadb-install-db", path=SYSTEM_PATH)
    if daemon is None or install is None:
        _absent("mariadbd and mariadb-install-db")
        return
    folder = tmp_path_factory.mktemp("mariadb")
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["--user=root"] if os.getuid() == 0 else []
    subprocess.run(
        [install, "--no-defaults", *user, f"--datadir={data}", "--skip-test-db"]
        + ["--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )
    server = Server(port, str(folder / "s"))
    log = Path(folder, "log").open("wb")
    process = subprocess.Popen(
        [daemon, "--no-defaults", *user, f"--datadir={data}", f"--port={port}"]
        + [f"--socket={server.unix_socket}", "--bind-address=127.0.0.1"]
        + ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--skip-log-bin"],
        stdout=log,
        stderr=log,
    )
    try:
        root = _connect_root(server, process)
        with root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {server.database} CHARACTER SET utf8mb4")
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (server.user, server.password))
            cursor.execute(
                f"GRANT ALL PRIVILEGES ON {server.database}.* TO %s@'%%'", (server.user,)
            )
            cursor.execute(
                "CREATE USER %s@'localhost' IDENTIFIED BY %s", (server.user, server.password)
            )
            cursor.execute(
                f"GRANT ALL PRIVILEGES ON {server.database}.* TO %s@'localhost'", (server.user,)
            )
        root.close()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _connect_root(
    server: Server, process: subprocess.Popen[bytes]
) -> pymysql.connections.Connection:
    # PyMySQL leaves its socket open where nobody listens, so ask with one of our own first.
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(server.unix_socket) == 0:
                break
        assert process.poll() is None, "mariadbd ended at its start"
        assert time.monotonic() < deadline, "mariadbd did not listen in time"
        time.sleep(0.05)
    return pymysql.connect(unix_socket=server.unix_socket, user="root")
