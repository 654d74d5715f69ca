"""Real servers: this project's own, the standard library's, and nginx where it is installed."""

import asyncio
import gzip
import http.server
import os
import shutil
import socket
import subprocess
import threading

import pytest

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
)
from tornado.netutil import bind_sockets

BODY = bytes(range(256)) * 1000


class Echo(HTTPMessageDelegate):
    """Answers with the content it got, or with `BODY`."""

    def __init__(self, connection):
        self.connection = connection
        self.chunks = []

    def headers_received(self, start_line, headers):
        self.start_line = start_line

    def data_received(self, chunk):
        self.chunks.append(chunk)

    def finish(self):
        path = self.start_line.path
        headers = HTTPHeaders()
        if path == "/redirect":
            headers["Location"] = "/echo"
            self.respond(302, headers, b"")
        elif path == "/chunked":
            line = ResponseStartLine("HTTP/1.1", 200, "OK")
            self.connection.write_headers(line, headers)
            for start in range(0, len(BODY), 10_000):
                self.connection.write(BODY[start : start + 10_000])
            self.connection.finish()
        elif path == "/gzip":
            headers["Content-Encoding"] = "gzip"
            self.respond(200, headers, gzip.compress(BODY))
        else:
            self.respond(200, headers, b"".join(self.chunks) or BODY)

    def respond(self, code, headers, body):
        headers["Content-Length"] = str(len(body))
        line = ResponseStartLine("HTTP/1.1", code, "Reason")
        self.connection.write_headers(line, headers, body)
        self.connection.finish()


class Application(HTTPServerConnectionDelegate):
    def start_request(self, server_conn, request_conn):
        return Echo(request_conn)


def test_own_server(run, make_client):
    async def main():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(Application())
        server.add_sockets(sockets)
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

        async def produce(write):
            for start in range(0, len(BODY), 7000):
                await write(BODY[start : start + 7000])

        async with make_client() as client:
            for path in ("/", "/redirect", "/chunked", "/gzip"):
                assert (await client.fetch(url + path)).body == BODY
            for kwargs in (
                {"body": b"echo"},
                {"body": b"echo", "expect_100_continue": True},
                {"body": BODY * 10},
            ):
                response = await client.fetch(f"{url}/echo", method="POST", **kwargs)
                assert response.body == kwargs["body"]
            response = await client.fetch(f"{url}/echo", method="PUT", body_producer=produce)
            assert response.body == BODY
            response = await client.fetch(url, method="HEAD")
            assert response.headers["Content-Length"] == str(len(BODY))
            responses = await asyncio.gather(*[client.fetch(url) for _ in range(100)])
            assert {each.body for each in responses} == {BODY}
        server.stop()
        await server.close_all_connections()

    run(main)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_standard_library(run, make_client, version):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = version

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(200)
            if version == "HTTP/1.1":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    async def main():
        async with make_client() as client:
            for body in (b"", b"x", BODY):
                response = await client.fetch(
                    f"http://127.0.0.1:{server.server_port}/", method="POST", body=body
                )
                assert response.body == body

    try:
        run(main)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx(run, make_client, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "file").write_bytes(BODY)
    user = "user root;" if os.getuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(f"""
        {user} daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/errors;
        events {{ }}
        http {{
            access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;
            fastcgi_temp_path {tmp_path}/fcgi; uwsgi_temp_path {tmp_path}/uwsgi;
            scgi_temp_path {tmp_path}/scgi; gzip on; gzip_min_length 1; gzip_types *;
            server {{
                listen 127.0.0.1:{port}; root {tmp_path}; keepalive_requests 5;
                location = /moved {{ return 301 /file; }}
            }}
        }}
    """)
    command = [NGINX, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "errors")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    async def main():
        async with make_client(max_clients=4) as client:
            for _ in range(100):
                try:
                    await client.fetch(f"http://127.0.0.1:{port}/file")
                    break
                except Exception:
                    await asyncio.sleep(0.02)
            for path in ("/file", "/moved"):
                for kwargs in ({}, {"decompress_response": False}):
                    responses = await asyncio.gather(
                        *[
                            client.fetch(f"http://127.0.0.1:{port}{path}", **kwargs)
                            for _ in range(20)
                        ]
                    )
                    assert {each.body for each in responses} == {BODY}
            response = await client.fetch(f"http://127.0.0.1:{port}/none", raise_error=False)
            assert response.code == 404
            response = await client.fetch(
                f"http://127.0.0.1:{port}/file",
                headers={"Range": "bytes=1-3"},
                decompress_response=False,
            )
            assert (response.code, response.body) == (206, BODY[1:4])
            response = await client.fetch(
                f"http://127.0.0.1:{port}/file",
                if_modified_since=int((tmp_path / "file").stat().st_mtime),
                raise_error=False,
            )
            assert response.code == 304

    try:
        run(main)
    finally:
        process.terminate()
        process.wait()
