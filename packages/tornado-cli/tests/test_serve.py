"""``tornado serve`` as a process: started, asked, told to end."""

import contextlib
import functools
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tornado._cli import proxy_header

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a Unix system")


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("site_app:application", "hello from"),
        ("site_app:make_app", "hello from"),
        ("site_app:asgi", "asgi"),
        ("site_app:wsgi", "wsgi"),
        ("site_app:function", "function"),
    ],
)
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_every_kind_of_application(start, target, body, loop):
    command = start("serve", target, "--port=0", f"--loop={loop}")
    status, content = command.get()
    assert status == 200
    assert content.startswith(body)
    assert command.end() == 0


def test_startup_and_shutdown(start):
    command = start("serve", "site_app", "--port=0")
    assert command.port
    assert command.end(signal.SIGINT) == 0
    assert [line for line in command.lines if line in ("startup", "shutdown")] == [
        "startup",
        "shutdown",
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_running_request_is_finished(start, workers, folder, until):
    command = start("serve", "site_app", "--port=0", f"--workers={workers}")
    mark = folder / "mark"
    responses = []
    path = f"/slow?seconds=0.5&mark={mark}"
    asking = threading.Thread(target=lambda: responses.append(command.get(path)))
    asking.start()
    until(mark.exists)
    assert command.end() == 0
    asking.join(10)
    assert responses == [(200, "slow")]


def test_a_second_signal_cuts_off(start, folder, until):
    command = start("serve", "site_app", "--port=0")
    mark = folder / "mark"
    asking = threading.Thread(
        target=lambda: (
            contextlib.suppress(Exception).__enter__()
            or _ignoring(lambda: command.get(f"/slow?seconds=60&mark={mark}"))
        )
    )
    asking.start()
    until(mark.exists)
    command.notify(signal.SIGTERM)
    time.sleep(0.5)
    began = time.monotonic()
    assert command.end() == 0
    assert time.monotonic() - began < 20
    asking.join(10)


def _ignoring(function):
    with contextlib.suppress(Exception):
        function()


def test_a_websocket_is_closed_with_1001(start):
    command = start("serve", "site_app", "--port=0")
    with socket.create_connection(("127.0.0.1", command.port), timeout=20) as sock:
        sock.sendall(
            b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        response = b""
        while b"\r\n\r\n" not in response:
            response += sock.recv(4096)
        assert response.startswith(b"HTTP/1.1 101 ")
        command.notify(signal.SIGTERM)
        frame = sock.recv(4096)
        assert frame[0] == 0x88
        assert struct.unpack_from("!H", frame, 2)[0] == 1001
        sock.sendall(bytes([0x88, 0x82, 0, 0, 0, 0]) + struct.pack("!H", 1001))
    assert command.process.wait(20) == 0


# Several processes.


def pids(command, count, until):
    """Ask until so many processes have responded; return their numbers."""
    found = set()

    def enough():
        found.add(command.get()[1].rpartition(" ")[2])
        return len(found) >= count

    until(enough)
    return found


@pytest.mark.parametrize("option", [[], ["--reuse-port"]])
def test_workers(start, until, option):
    command = start("serve", "site_app", "--port=0", "--workers=2", *option)
    found = pids(command, 2, until)
    assert str(command.process.pid) not in found
    assert command.end() == 0
    for pid in found:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def wait_for_new(command, known, until):
    """Wait until only processes that are not among the known ones respond; return them."""

    def only_new():
        found = {command.get()[1].rpartition(" ")[2] for _ in range(6)}
        return found if not found & known else None

    return until(only_new)


@contextlib.contextmanager
def load(command, clients=4):
    """Send requests without a pause meanwhile; yields their statuses and errors."""
    stop = threading.Event()
    outcomes = []

    def ask():
        while not stop.is_set():
            try:
                outcomes.append(command.get()[0])
            except (OSError, IndexError, ValueError) as error:
                outcomes.append(error)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)


def test_replacing_workers_under_load(start, until):
    command = start("serve", "site_app", "--port=0", "--workers=2", "--access-log=none")
    before = pids(command, 2, until)
    with load(command) as outcomes:
        for _ in range(2):
            command.notify(signal.SIGHUP)
            before |= wait_for_new(command, before, until)
    assert len(outcomes) > 20
    assert set(outcomes) == {200}
    assert command.end() == 0


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--max-requests=20", r"replaced after \d+ requests"),
        ("--max-memory=1M", r"replaced with \d+ MiB"),
    ],
)
def test_limits_of_workers_under_load(start, until, option, reason):
    command = start("serve", "site_app", "--port=0", "--workers=2", "--access-log=none", option)
    assert command.port
    with load(command) as outcomes:
        until(lambda: len(re.findall(reason, command.output)) >= 3)
    assert len(outcomes) > 20
    assert set(outcomes) == {200}
    assert command.end() == 0


def test_the_death_of_a_worker_under_load(start, until):
    command = start("serve", "site_app", "--port=0", "--workers=2", "--access-log=none")
    before = pids(command, 2, until)
    with load(command) as outcomes:
        victim = next(iter(before))
        os.kill(int(victim), signal.SIGKILL)
        command.wait_for(rf"Worker {victim} ended with signal 9")
        until(lambda: pids(command, 2, until) - before)
        count = len(outcomes)
        until(lambda: len(outcomes) > count + 20)
    failed = [each for each in outcomes if each != 200]
    assert len(failed) <= 4, "those that were inside of it, one for each client"
    assert 200 in outcomes[-5:]
    assert command.end() == 0


def test_new_code_after_sighup(start, folder, until):
    command = start("serve", "site_app:function", "--port=0", "--workers=2")
    assert command.get() == (200, "function")
    text = (folder / "site_app.py").read_text()
    (folder / "site_app.py").write_text(text.replace('b"function"', 'b"changed"'))
    command.notify(signal.SIGHUP)
    until(lambda: command.get()[1] == "changed")


def test_a_worker_that_dies_is_replaced(start, until):
    command = start("serve", "site_app", "--port=0", "--workers=2")
    before = pids(command, 2, until)
    victim = next(iter(before))
    os.kill(int(victim), signal.SIGKILL)
    command.wait_for(rf"Worker {victim} ended with signal 9")
    until(lambda: pids(command, 2, until) - before)
    assert command.end() == 0


def test_workers_that_keep_dying_are_started_ever_later(start, until):
    command = start("serve", "site_app", "--port=0", "--workers=2")
    assert command.port
    asked = 0.0

    def has_died(count):
        # A request may be lost with the worker that died before, so it is repeated each second.
        nonlocal asked
        if command.output.count("ended with status 9") >= count:
            return True
        if time.monotonic() > asked + 1:
            _ignoring(lambda: command.get("/die"))
            asked = time.monotonic()
        return False

    for count in range(1, 4):
        asked = 0.0
        until(functools.partial(has_died, count))
        until(lambda: (_asked(command, command.port) or "").startswith("hello"))
    assert command.end() == 0


def test_max_requests(start, until):
    command = start("serve", "site_app", "--port=0", "--max-requests=5", "--max-requests-jitter=2")
    first = command.get()[1]
    until(lambda: command.get()[1] != first)
    command.wait_for(r"is to be replaced after \d+ requests")
    assert command.end() == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_max_memory(start, until):
    command = start("serve", "site_app", "--port=0", "--max-memory=1M")
    command.wait_for(r"is to be replaced with \d+ MiB of memory")


def test_workers_end_with_their_parent(start, until):
    command = start("serve", "site_app", "--port=0", "--workers=2")
    found = pids(command, 2, until)
    command.process.kill()
    command.process.wait()

    def gone(pid):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError):
            return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
        return False

    until(lambda: all(gone(pid) for pid in found))


# What goes wrong.


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("nope:app", 3, "no module named 'nope'"),
        ("site_app:number", 3, "site_app:number is int"),
        ("site_app:failing", 1, "site_app:failing failed to start: no database"),
    ],
)
def test_an_application_that_does_not_start(run, workers, target, status, text):
    code, _, errors = run("serve", target, "--port=0", f"--workers={workers}")
    assert code == status
    assert text in errors
    assert "Traceback" not in errors


def test_a_port_in_use(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, errors = run("serve", "site_app", f"--port={port}")
    assert code == 4
    assert (
        errors == f"tornado serve: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        or (f"cannot listen on 127.0.0.1:{port}: " in errors)
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--keyfile=x"], "--keyfile needs --certfile"),
        (["--certfile=/none"], "cannot use /none: No such file"),
        (["--fd=0"], "descriptor 0"),
        (["--proxy-protocol=x"], "--proxy-protocol: "),
        (["--reload", "--workers=2"], "--reload serves with one worker"),
        (["--pid-file=/none/x"], "cannot write /none/x"),
        (["--access-log-file=/none/x"], "cannot write /none/x"),
    ],
)
def test_arguments_that_make_no_sense(run, arguments, text):
    code, _, errors = run("serve", "site_app", "--port=0", *arguments)
    assert code == 2
    assert text in errors
    assert "Traceback" not in errors


# Options, one by one.


def test_a_unix_socket(start, folder):
    path = folder / "socket"
    command = start("serve", "site_app", f"--uds={path}", "--uds-mode=660")
    command.wait_for("serves .* on unix:")
    assert path.stat().st_mode & 0o777 == 0o660
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 OK")
    assert command.end() == 0


def test_an_inherited_descriptor(start):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        number = listening.fileno()
        command = start("serve", "site_app", f"--fd={number}", pass_fds=[number])
        assert command.port == listening.getsockname()[1]
        assert command.get()[0] == 200
    assert command.end() == 0


_ACTIVATED = """
import os, sys
os.dup2({descriptor}, 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "tornado", "serve", "site_app"])
"""


def test_systemd(folder):
    """A socket by activation, READY=1 when it is served, and signs of life."""
    listening = socket.create_server(("127.0.0.1", 0))
    descriptor = os.dup(listening.fileno())
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.bind(str(folder / "notify"))
    notices.settimeout(20)
    environ = {
        **os.environ,
        "LISTEN_FDS": "1",
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": "400000",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _ACTIVATED.format(descriptor=descriptor)],
        cwd=folder,
        env=environ,
        pass_fds=[descriptor],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        assert notices.recv(4096).decode() == f"READY=1\nMAINPID={process.pid}"
        assert notices.recv(4096) == b"WATCHDOG=1"
        with socket.create_connection(listening.getsockname(), timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 OK")
        process.terminate()
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(descriptor)
        notices.close()
        listening.close()


def test_limits(start):
    command = start("serve", "site_app", "--port=0", "--max-body-size=10")
    assert command.get(method="POST", body=b"x" * 10) == (200, "10 bytes from 127.0.0.1")
    assert command.get(method="POST", body=b"x" * 11)[0] == 413


def test_proxy_headers(start):
    head = "X-Forwarded-For: 192.0.2.9\r\n"
    command = start("serve", "site_app", "--port=0", "--proxy-headers")
    assert command.get(method="POST", head=head)[1] == "0 bytes from 192.0.2.9"
    command = start("serve", "site_app", "--port=0")
    assert command.get(method="POST", head=head)[1] == "0 bytes from 127.0.0.1"


@pytest.mark.parametrize("version", [1, 2])
def test_proxy_protocol(start, version):
    command = start("serve", "site_app", "--port=0", "--proxy-protocol=127.0.0.0/8")
    if version == 1:
        header = b"PROXY TCP4 192.0.2.9 192.0.2.1 5000 80\r\n"
    else:
        rest = bytes([192, 0, 2, 9, 192, 0, 2, 1]) + struct.pack("!HH", 5000, 80)
        header = proxy_header.SIGNATURE + struct.pack("!BBH", 0x21, 0x11, len(rest)) + rest
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    for data, expected in ((header + request, b"0 bytes from 192.0.2.9"), (request, b"")):
        with socket.create_connection(("127.0.0.1", command.port), timeout=20) as sock:
            sock.sendall(data)
            with contextlib.suppress(ConnectionResetError):
                response = b""
                response = b"".join(iter(lambda sock=sock: sock.recv(65536), b""))
            assert response.endswith(expected)
            if not expected:
                assert response == b""
    assert command.end() == 0


def test_a_proxy_that_is_not_trusted(start):
    command = start("serve", "site_app", "--port=0", "--proxy-protocol=10.0.0.0/8")
    with socket.create_connection(("127.0.0.1", command.port), timeout=20) as sock:
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(100) == b""
    command.wait_for("Connection without a PROXY header from 127.0.0.1 refused")


def test_tls_and_a_new_certificate(start, folder, until):
    import trustme

    authority = trustme.CA()
    certfile, keyfile = folder / "cert.pem", folder / "key.pem"

    def issue(name):
        issued = authority.issue_cert("localhost", common_name=name)
        keyfile.write_bytes(issued.private_key_pem.bytes())
        certfile.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def name_seen():
        context = ssl.create_default_context()
        authority.configure_trust(context)
        with (
            socket.create_connection(("127.0.0.1", command.port), timeout=20) as sock,
            context.wrap_socket(sock, server_hostname="localhost") as wrapped,
        ):
            subject = dict(pair for row in wrapped.getpeercert()["subject"] for pair in row)
            return subject.get("commonName")

    issue("first")
    command = start(
        "serve", "site_app", "--port=0", f"--certfile={certfile}", f"--keyfile={keyfile}"
    )
    assert name_seen() == "first"
    issue("second")
    command.notify(signal.SIGHUP)
    until(lambda: name_seen() == "second")
    assert command.end() == 0


@pytest.mark.parametrize("target", ["site_app:application", "site_app:asgi", "site_app:wsgi"])
def test_access_logs(start, folder, until, target):
    path = folder / "access.log"
    command = start("serve", target, "--port=0", "--access-log=json", f"--access-log-file={path}")
    command.get('/?a="b"', head="User-Agent: test\r\n")
    line = json.loads(until(lambda: path.read_text().splitlines())[0])
    assert (line["status"], line["method"], line["target"]) == (200, "GET", '/?a="b"')
    assert line["user_agent"] == "test"
    assert line["client"] == "127.0.0.1"
    assert line["duration_ms"] >= 0
    path.rename(folder / "access.log.1")
    command.notify(signal.SIGUSR1)
    time.sleep(0.2)
    command.get("/again")
    until(path.exists)
    assert "/again" in until(path.read_text)


@pytest.mark.parametrize("name", ["common", "combined"])
def test_the_usual_log_formats(start, name):
    command = start("serve", "site_app", "--port=0", f"--access-log={name}")
    command.get(head='User-Agent: evil"\r\nReferer: r\r\n')
    pattern = (
        r'^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET / HTTP/1\.1" 200 \d+'
    )
    if name == "combined":
        pattern += r' "r" "evil\\x22"'
    assert command.wait_for(pattern + "$")


def test_no_access_log(start):
    command = start("serve", "site_app", "--port=0", "--access-log=none")
    command.get()
    command.get("/none")
    assert command.end() == 0
    assert not re.search(r"\b(200|404) GET", command.output)


def test_health(start, folder, until):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = start("serve", "site_app", "--port=0", f"--health-port={port}")
    assert command.port
    assert command.get("/healthz", port=port) == (200, "ok\n")
    assert command.get("/readyz", port=port) == (200, "ok\n")
    assert command.get("/", port=port)[0] == 404
    mark = folder / "mark"
    path = f"/slow?seconds=2&mark={mark}"
    asking = threading.Thread(target=lambda: _ignoring(lambda: command.get(path)))
    asking.start()
    until(mark.exists)
    command.notify(signal.SIGTERM)
    until(lambda: command.get("/readyz", port=port)[0] == 503)
    assert command.get("/healthz", port=port)[0] == 200
    asking.join(10)
    assert command.process.wait(20) == 0


def test_the_pid_file(start, folder, until):
    path = folder / "pid"
    command = start("serve", "site_app", "--port=0", "--workers=2", f"--pid-file={path}")
    assert command.port
    assert path.read_text() == f"{command.process.pid}\n"
    assert command.end() == 0
    assert not path.exists()


def test_root_path(start):
    command = start("serve", "site_app:asgi", "--port=0", "--root-path=/mount")
    assert command.get()[1] == "asgi /mount"


def test_environment(start):
    command = start(
        "serve", "site_app:asgi", environ={"TORNADO_PORT": "0", "TORNADO_ROOT_PATH": "/e"}
    )
    assert command.get()[1] == "asgi /e"


def test_reload(start, folder, until):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = start("serve", "site_app:function", f"--port={port}", "--reload")
    until(lambda: _asked(command, port) == "function")
    source = folder / "site_app.py"
    text = source.read_text()
    source.write_text("this is no Python")
    command.wait_for("SyntaxError")
    changes = iter(range(1000))
    written = 0.0

    def is_served():
        # Written again now and then: the first time may be before the file is watched.
        nonlocal written
        if time.monotonic() - written > 3:
            written = time.monotonic()
            changed = text.replace('b"function"', 'b"changed again"')
            source.write_text(f"{changed}\n# {next(changes)}\n")
        return _asked(command, port) == "changed again"

    until(is_served)
    assert command.end() == 0


def _asked(command, port):
    with contextlib.suppress(OSError, IndexError):
        return command.get(port=port)[1]
    return None


def test_refusals_carry_default_headers(start, folder):
    (folder / "policy_app.py").write_text(
        "from tornado.web import Application\n"
        "app = Application([], default_headers={'X-Policy': 'strict'})\n"
    )
    command = start("serve", "policy_app:app", "--port=0")
    with socket.create_connection(("127.0.0.1", command.port)) as sock:
        sock.settimeout(10)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        head = sock.makefile("rb").read()
    assert head.startswith(b"HTTP/1.1 400")
    assert b"\r\nX-Policy: strict\r\n" in head
    assert command.end() == 0
