"""The samples of the 2.3 manual, sections 3.2, 3.4, 5.1 and 5.5, and the README's, as programs.

They stand in today's spelling of Python (bytes literals, print as a function), nothing else is
changed but hosts and ports. The patterns of 3.4 that start servers are in test_tcpserver.
"""

import pathlib
import re
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from tornado import autoreload, process
from tornado.netutil import TCPServer


def run_program(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def old_web_server():
    """Answers one HTTP/1.0 request."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\nServer: old\r\n\r\nanswer"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield str(listener.getsockname()[1])
        thread.join()


def test_the_very_simple_http_client_of_3_2(old_web_server):
    printed = run_program(
        r"""
        from tornado import ioloop
        from tornado import iostream
        import socket
        import sys

        def send_request():
            stream.write(b"GET / HTTP/1.0\r\nHost: friendfeed.com\r\n\r\n")
            stream.read_until(b"\r\n\r\n", on_headers)

        def on_headers(data):
            headers = {}
            for line in data.split(b"\r\n"):
                parts = line.split(b":")
                if len(parts) == 2:
                    headers[parts[0].strip()] = parts[1].strip()
            stream.read_bytes(int(headers[b"Content-Length"]), on_body)

        def on_body(data):
            print(data)
            stream.close()
            ioloop.IOLoop.instance().stop()

        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        stream = iostream.IOStream(s)
        stream.connect(("localhost", int(sys.argv[1])), send_request)
        ioloop.IOLoop.instance().start()
        """,
        old_web_server,
    )
    assert printed == "b'answer'\n"


def test_the_same_client_with_coroutines(old_web_server):
    printed = run_program(
        r"""
        import asyncio, socket, sys
        from tornado.iostream import IOStream

        async def main():
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
            stream = IOStream(s)
            await stream.connect(("localhost", int(sys.argv[1])))
            await stream.write(b"GET / HTTP/1.0\r\nHost: friendfeed.com\r\n\r\n")
            header_data = await stream.read_until(b"\r\n\r\n")
            headers = {}
            for line in header_data.split(b"\r\n"):
                parts = line.split(b":")
                if len(parts) == 2:
                    headers[parts[0].strip()] = parts[1].strip()
            print(await stream.read_bytes(int(headers[b"Content-Length"])))
            stream.close()

        asyncio.run(main())
        """,
        old_web_server,
    )
    assert printed == "b'answer'\n"


def test_the_tls_options_of_3_4(certificates):
    data_dir, _, name = certificates.cert_file.rpartition("/")
    server = TCPServer(
        ssl_options={
            "certfile": f"{data_dir}/{name}",
            "keyfile": certificates.key_file,
        }
    )
    server.stop()


def test_accept_handler_of_3_4():
    printed = run_program(
        """
        import socket
        from tornado.ioloop import IOLoop
        from tornado.netutil import add_accept_handler, bind_sockets

        (sock,) = bind_sockets(0, "127.0.0.1")

        def on_connection(connection, address):
            print(connection.getpeername() == address)
            connection.close()
            IOLoop.instance().stop()

        add_accept_handler(sock, on_connection, IOLoop.instance())
        client = socket.create_connection(sock.getsockname())
        IOLoop.instance().start()
        client.close()
        sock.close()
        """
    )
    assert printed == "True\n"


def test_autoreload_of_5_1(monkeypatch):
    monkeypatch.setattr(autoreload, "_watched_files", set())
    monkeypatch.setattr(autoreload, "_reload_hooks", [])
    autoreload.watch("a/template.html")
    autoreload.add_reload_hook(lambda: None)
    assert callable(autoreload.start)
    assert callable(autoreload.wait)
    assert callable(autoreload.main)


def test_process_of_5_5():
    assert process.cpu_count() >= 1
    assert process.task_id() is None


def test_the_readme():
    readme = pathlib.Path(__file__).parent.parent / "README.md"
    (program,) = re.findall(r"```python\n(.*?)```", readme.read_text("utf-8"), re.DOTALL)
    assert run_program(program) == "b'hello\\n'\n"
