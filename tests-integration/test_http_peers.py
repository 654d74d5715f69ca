"""The HTTP server against real peers: curl, nginx in front, load by wrk, thousands of idle connections."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = """
import json, signal, sys
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.ioloop import IOLoop
from tornado.netutil import bind_unix_socket

OK = ResponseStartLine("HTTP/1.1", 200, "OK")

def handle(request):
    connection = request.connection
    if request.path == "/chunks":
        connection.write_headers(OK, HTTPHeaders())
        for i in range(3):
            connection.write(b"part %d\\n" % i)
        connection.finish(HTTPHeaders({"X-Count": "3"}))
        return
    if request.path == "/raw":
        request.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nraw\\n")
        request.finish()
        return
    told = {
        "method": request.method, "uri": request.uri, "version": request.version, "host": request.host,
        "remote_ip": request.remote_ip, "protocol": request.protocol, "length": len(request.body),
        "text": request.body[:20].decode("latin-1"),
        "consumed": request.headers.get("X-Consumed-Content-Encoding"),
    }
    body = json.dumps(told).encode()
    connection.write_headers(OK, HTTPHeaders({"Content-Length": str(len(body))}), body)
    connection.finish()

options = json.loads(sys.argv[1])
server = HTTPServer(handle, **options.pop("server", {}))
if "unix" in options:
    server.add_socket(bind_unix_socket(options["unix"]))
if "port" in options:
    server.listen(options["port"], "127.0.0.1", backlog=1024)

async def end():
    print("cut off:", await server.drain(5), flush=True)
    IOLoop.current().stop()

loop = IOLoop.current()
signal.signal(signal.SIGTERM, lambda *_: loop.add_callback_from_signal(lambda: loop.spawn_callback(end)))
print("ready", flush=True)
loop.start()
"""


@contextlib.contextmanager
def serving(ends: bool = True, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run the server above for the length of the block; it must end by itself when asked to.

    With ``ends`` false the block itself has asked it.
    """
    import json

    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVER, json.dumps(options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        if ends:
            process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
        assert output == "cut off: 0\n"
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def curl(require):
    executable = require("curl", "curl")

    def call(*arguments: str, **options: object) -> str:
        done = subprocess.run(
            [executable, "-sS", "--max-time", "20", *arguments], capture_output=True, **options
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    return call


@pytest.fixture
def server(unused_port):
    port = unused_port()
    with serving(port=port, server={"decompress_request": True, "max_body_size": 3_000_000}):
        yield f"http://127.0.0.1:{port}"


def test_curl_versions(curl, server):
    assert '"version": "HTTP/1.1"' in curl(server + "/a?b=c")
    assert '"version": "HTTP/1.0"' in curl("--http1.0", server + "/")
    assert curl("-I", server + "/").startswith("HTTP/1.1 200 OK\r\n")
    assert curl(server + "/raw") == "raw\n"
    # Two transfers over one connection.
    trace = curl("-v", "--stderr", "-", server + "/1", server + "/2")
    assert re.search("Re-using existing connection", trace)


def test_curl_uploads(curl, server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 200_000)
    for arguments in (
        ["-T", str(path)],
        ["-T", str(path), "-H", "Transfer-Encoding: chunked"],
        ["-T", str(path), "-H", "Expect: 100-continue"],
        ["--data-binary", f"@{path}", "-H", "Expect: 100-Continue"],
    ):
        told = curl(*arguments, server + "/up")
        assert '"length": 2000000' in told
        assert '"text": "01234567890123456789"' in told
    gzipped = tmp_path / "file.gz"
    with gzipped.open("wb") as out:
        subprocess.run([sys.executable, "-m", "gzip", str(path)], check=True, stdout=out)
    gzipped = Path(f"{path}.gz")
    told = curl("--data-binary", f"@{gzipped}", "-H", "Content-Encoding: gzip", server + "/up")
    assert '"length": 2000000' in told
    assert '"consumed": "gzip"' in told


def test_curl_sees_a_refusal_while_it_uploads(curl, server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(50_000_000))
    for arguments in ([], ["-H", "Expect:"], ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"]):
        status = curl("-T", str(path), *arguments, "-o", "/dev/null", "-w", "%{http_code}", server)
        assert status == "413"


def test_curl_chunks_and_trailers(curl, server):
    assert curl(server + "/chunks") == "part 0\npart 1\npart 2\n"
    raw = curl("--raw", server + "/chunks")
    assert raw.endswith("0\r\nX-Count: 3\r\n\r\n")


def test_curl_as_to_a_proxy(curl, server):
    told = curl("-x", server, "http://example.invalid/path?q")
    assert '"uri": "http://example.invalid/path?q"' in told, "the target as it was sent"
    assert '"host": "example.invalid"' in told


def test_curl_over_a_unix_socket(curl, tmp_path):
    path = tmp_path / "socket"
    with serving(unix=str(path)):
        assert '"remote_ip": "0.0.0.0"' in curl("--unix-socket", str(path), "http://localhost/")


def test_curl_over_tls(curl, unused_port, tmp_path):
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    both = tmp_path / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(both))
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    port = unused_port()
    with serving(port=port, server={"ssl_options": {"certfile": str(both), "keyfile": str(both)}}):
        told = curl("--cacert", str(ca), f"https://127.0.0.1:{port}/")
        assert '"protocol": "https"' in told
        context = ssl.create_default_context(cafile=str(ca))
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
                secured.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert secured.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_sigterm_lets_running_requests_finish(unused_port):
    port = unused_port()
    with serving(ends=False, port=port) as process:
        busy = socket.create_connection(("127.0.0.1", port), timeout=5)
        idle = socket.create_connection(("127.0.0.1", port), timeout=5)
        busy.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(10_000).startswith(b"HTTP/1.1 200 OK")
        process.send_signal(signal.SIGTERM)
        assert idle.recv(10) == b""
        busy.sendall(b"lo")
        answer = busy.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"\r\nConnection: close\r\n" in answer
        busy.close()
        idle.close()


NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; use epoll; }}
http {{
    upstream frontends {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 8; }}
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    default_type application/octet-stream; keepalive_timeout 65; proxy_read_timeout 200;
    sendfile on; tcp_nopush on; tcp_nodelay on; gzip on; gzip_min_length 1000; gzip_proxied any;
    proxy_next_upstream error;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 50M;
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_header Server;
            proxy_set_header Host $http_host;
            proxy_redirect off;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Scheme $scheme;
            proxy_pass http://frontends;
        }}
    }}
}}
"""


def test_behind_nginx(curl, require, unused_port, tmp_path):
    executable = require("nginx", "nginx")
    first, second, port = unused_port(), unused_port(), unused_port()
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, first=first, second=second, port=port))
    options = {"xheaders": True, "protocol": "https"}
    with serving(port=first, server=options), serving(port=second, server=options):
        proxy = subprocess.Popen([executable, "-c", str(config), "-p", str(tmp_path)])
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(100):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            for _ in range(6):
                told = curl("-H", "Host: example.com", url + "/a?b")
                assert '"host": "example.com"' in told
                assert '"protocol": "http"' in told  # what nginx says, not what the option says
                assert '"remote_ip": "127.0.0.1"' in told
            upload = curl("--data-binary", "@" + executable, url + "/up")
            assert f'"length": {os.path.getsize(executable)}' in upload
            assert curl(url + "/chunks") == "part 0\npart 1\npart 2\n"
        finally:
            proxy.terminate()
            proxy.wait(10)


@pytest.mark.parametrize("pipeline", [1, 16])
def test_load_without_errors(require, unused_port, tmp_path, pipeline):
    wrk = require("wrk", "wrk")
    script = tmp_path / "pipeline.lua"
    script.write_text(
        textwrap.dedent(
            f"""
            function init(args)
              local r = {{}}
              for i = 1, {pipeline} do r[i] = wrk.format("GET", "/" .. i) end
              req = table.concat(r)
            end
            function request() return req end
            """
        )
    )
    port = unused_port()
    with serving(port=port):
        done = subprocess.run(
            [wrk, "-t1", "-c50", "-d2s", "-s", str(script), f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert "Non-2xx" not in done.stdout
    assert "Socket errors" not in done.stdout
    count = re.search(r"(\d+) requests in", done.stdout)
    assert count is not None
    assert int(count[1]) > 500


def test_an_active_connection_among_thousands_of_idle_ones(unused_port):
    count = 5000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 200:
        pytest.skip(f"needs {count + 200} file descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    port = unused_port()
    sockets = []
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    try:
        with serving(port=port):
            for _ in range(count):
                sockets.append(socket.create_connection(("127.0.0.1", port), timeout=10))
                sockets[-1].sendall(request)
                sockets[-1].recv(10_000)
            active = sockets[count // 2]
            slowest = 0.0
            for _ in range(100):
                start = time.monotonic()
                active.sendall(request)
                assert active.recv(10_000).startswith(b"HTTP/1.1 200 OK")
                slowest = max(slowest, time.monotonic() - start)
            assert slowest < 1
            for sock in sockets:
                sock.close()
    finally:
        for sock in sockets:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
