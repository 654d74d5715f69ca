"""`HTTPServer`: its options, its ways to start, what it serves, and its end."""

import asyncio
import gzip
import inspect
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap

import pytest

import tornado.httpserver
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPConnection, HTTPRequest, HTTPServer
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    ResponseStartLine,
)
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.netutil import bind_unix_socket

CLOSE = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


def body_of(data):
    return data.partition(b"\r\n\r\n")[2]


def answer(request, text):
    body = text.encode() if isinstance(text, str) else text
    request.connection.write_headers(OK, HTTPHeaders({"Content-Length": str(len(body))}), body)
    request.connection.finish()


class Delegate(HTTPServerConnectionDelegate):
    """Answers with what `tell(request)` returns, by the way of delegates."""

    def __init__(self, tell):
        self.tell = tell
        self.closed = 0

    def start_request(self, server_conn, request_conn):
        return Message(self, request_conn)

    def on_close(self, server_conn):
        self.closed += 1


class Message(HTTPMessageDelegate):
    def __init__(self, app, connection):
        self.app = app
        self.connection = connection
        self.body = b""

    def headers_received(self, start_line, headers):
        self.request = HTTPServerRequest(
            start_line=start_line, headers=headers, connection=self.connection
        )

    def data_received(self, chunk):
        self.body += chunk

    def finish(self):
        self.request.body = self.body
        answer(self.request, self.app.tell(self.request))


class Dispatcher:
    """The same by the fast seam."""

    def __init__(self, tell):
        self.tell = tell

    def dispatch(self, request):
        return Target(self, request)


class Target:
    streams_body = False

    def __init__(self, app, request):
        self.app = app
        self.request = request

    def execute(self):
        answer(self.request, self.app.tell(self.request))

    def on_connection_close(self):
        pass


def function(tell):
    return lambda request: answer(request, tell(request))


@pytest.fixture(params=[Delegate, Dispatcher, function], ids=["delegate", "dispatch", "function"])
def kind(request):
    return request.param


def test_all():
    assert tornado.httpserver.__all__ == ["HTTPConnection", "HTTPRequest", "HTTPServer"]
    for name in tornado.httpserver.__all__:
        assert inspect.isclass(getattr(tornado.httpserver, name))
    assert HTTPRequest is HTTPServerRequest


def test_the_function_of_the_first_manual(run, listen):
    def handle_request(request):
        message = f"You requested {request.uri}\n"
        request.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(message)}\r\n\r\n{message}")
        request.finish()

    async def main():
        running = listen(handle_request)
        data = await running.exchange(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + CLOSE)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: "
        assert (
            data == head + b"17\r\n\r\nYou requested /a\n" + head + b"17\r\n\r\nYou requested /x\n"
        )
        await running.stop()

    run(main)


def test_what_is_served(kind, run, listen):
    async def main():
        seen = []
        app = kind(lambda request: seen.append(request) or request.body or request.uri)
        running = listen(app)
        assert body_of(await running.exchange(CLOSE)) == b"/x"
        put = b"PUT /y?a=b HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
        assert body_of(await running.exchange(put, b"abc")) == b"abc"
        request = seen[1]
        assert (request.method, request.path, request.query, request.version) == (
            "PUT",
            "/y",
            "a=b",
            "HTTP/1.1",
        )
        assert (request.remote_ip, request.protocol, request.host) == ("127.0.0.1", "http", "a:80")
        assert request.full_url() == "http://a:80/y?a=b"
        assert isinstance(request.connection, HTTP1Connection)
        assert request.request_time() >= 0
        await running.stop()

    run(main)


def test_forms_reach_a_function(run, listen):
    async def main():
        running = listen(
            function(
                lambda request: repr(
                    (request.arguments, request.files.get("f", [{}])[0].get("body"))
                )
            )
        )
        form = b"a=1&a=2"
        data = await running.exchange(
            b"POST /?b=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
            % (len(form), form)
        )
        assert body_of(data) == b"({'b': [b'3'], 'a': [b'1', b'2']}, None)"
        await running.stop()

    run(main)


def test_a_bad_form_is_refused(run, listen, caplog):
    caplog.set_level(logging.INFO, "tornado")

    async def main():
        running = listen(function(lambda request: "never"))
        data = await running.exchange(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            b"Content-Length: 7\r\n\r\ngarbage"
        )
        assert data.startswith(b"HTTP/1.1 400 ")
        await running.stop()

    run(main)
    assert len(caplog.records) == 1


def test_an_async_function(run, listen, caplog):
    async def main():
        async def handle(request):
            await asyncio.sleep(0)
            if request.uri == "/x":
                answer(request, "later")
            else:
                raise ZeroDivisionError

        running = listen(handle)
        assert body_of(await running.exchange(CLOSE)) == b"later"
        assert await running.exchange(CLOSE.replace(b"/x", b"/y")) == b""
        await running.stop()

    run(main)
    assert len(caplog.records) == 1


# Options.


@pytest.mark.parametrize(
    ("options", "request_", "status"),
    [
        (
            {"max_header_size": 500},
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 500 + b"\r\n\r\n",
            431,
        ),
        ({"max_header_size": 500}, b"GET /" + b"y" * 500 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (
            {"max_body_size": 5},
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef",
            413,
        ),
        (
            {"max_buffer_size": 5000},
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5001\r\n\r\n",
            413,
        ),
    ],
)
def test_limits(kind, run, listen, options, request_, status):
    async def main():
        running = listen(kind(lambda request: "never"), **options)
        data = await running.exchange(request_)
        assert data.startswith(b"HTTP/1.1 %d " % status)
        assert b"Connection: close\r\n" in data
        await running.stop()

    run(main)


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"idle_connection_timeout": 0.03}, b""),
        ({"idle_connection_timeout": 0.03}, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ({"header_timeout": 0.03}, b"GET / HTTP/1.1\r\nHost"),
        ({"body_timeout": 0.03}, b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"),
    ],
)
def test_timeouts(kind, run, listen, options, data):
    async def main():
        running = listen(kind(lambda request: "hi"), **options)
        got = await running.exchange(data)
        assert got.endswith(b"hi") == data.endswith(b"\r\n\r\n")
        await running.stop()

    run(main)


def test_no_keep_alive(kind, run, listen):
    async def main():
        running = listen(kind(lambda request: "hi"), no_keep_alive=True)
        data = await running.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        assert data.count(b"HTTP/1.1 200") == 1
        await running.stop()

    run(main)


def test_decompress_request(kind, run, listen):
    async def main():
        running = listen(kind(lambda request: request.body), decompress_request=True)
        body = gzip.compress(b"hello")
        data = await running.exchange(
            b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        assert body_of(data) == b"hello"
        await running.stop()

    run(main)


def test_protocol(kind, run, listen):
    async def main():
        running = listen(kind(lambda request: request.protocol), protocol="https")
        assert body_of(await running.exchange(CLOSE)) == b"https"
        await running.stop()

    run(main)


def tell_peer(request):
    return f"{request.remote_ip} {request.protocol}"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "127.0.0.1 http"),
        ({"X-Real-Ip": "4.4.4.4"}, "4.4.4.4 http"),
        ({"X-Real-Ip": "2620:0:1cfe:face:b00c::3"}, "2620:0:1cfe:face:b00c::3 http"),
        ({"X-Forwarded-For": "127.0.0.1, 4.4.4.4"}, "4.4.4.4 http"),
        ({"X-Forwarded-For": "::1, 5.5.5.5 , [2001:db8::1]"}, "2001:db8::1 http"),
        ({"X-Forwarded-For": "[2001:db8::2]:4711"}, "2001:db8::2 http"),
        ({"X-Forwarded-For": "4.4.4.4:4711"}, "4.4.4.4 http"),
        ({"X-Forwarded-For": "4.4.4.4", "X-Real-Ip": "5.5.5.5"}, "5.5.5.5 http"),
        ({"X-Real-Ip": "4.4.4.4<script>"}, "127.0.0.1 http"),
        ({"X-Real-Ip": "www.google.com"}, "127.0.0.1 http"),
        ({"X-Real-Ip": ""}, "127.0.0.1 http"),
        ({"X-Forwarded-For": "4.4.4.4, unknown"}, "127.0.0.1 http"),
        ({"X-Forwarded-For": "4.4.4.4, 8.8.8.8"}, "4.4.4.4 http"),
        ({"X-Forwarded-For": "4.4.4.4, 8.8.8.8, 9.9.9.9"}, "4.4.4.4 http"),
        ({"X-Forwarded-For": "3.3.3.3, 4.4.4.4, 8.8.8.8"}, "4.4.4.4 http"),
        ({"X-Forwarded-For": "8.8.8.8, 9.9.9.9"}, "8.8.8.8 http"),
        ({"X-Scheme": "https"}, "127.0.0.1 https"),
        ({"X-Forwarded-Proto": "https"}, "127.0.0.1 https"),
        ({"X-Forwarded-Proto": "http, https"}, "127.0.0.1 https"),
        ({"X-Forwarded-Proto": "https,http"}, "127.0.0.1 http"),
        ({"X-Scheme": "unknown"}, "127.0.0.1 http"),
        ({"X-Scheme": "http", "X-Forwarded-Proto": "https"}, "127.0.0.1 http"),
        ({"Forwarded": "for=4.4.4.4;proto=https"}, "4.4.4.4 https"),
        (
            {"Forwarded": 'For="[2001:db8:cafe::17]:4711"; Proto=HTTPS;by=203.0.113.43'},
            "2001:db8:cafe::17 https",
        ),
        ({"Forwarded": "for=3.3.3.3, for=4.4.4.4"}, "4.4.4.4 http"),
        ({"Forwarded": "for=4.4.4.4, for=8.8.8.8;proto=https"}, "4.4.4.4 https"),
        ({"Forwarded": 'for="4.4.4.4:80", for="8.8.8.8:99"'}, "4.4.4.4 http"),
        ({"Forwarded": "for=_hidden;proto=https"}, "127.0.0.1 https"),
        ({"Forwarded": "for=unknown"}, "127.0.0.1 http"),
        ({"Forwarded": "for=4.4.4.4;for=5.5.5.5"}, "127.0.0.1 http"),
        ({"Forwarded": 'for="4.4.4.4'}, "127.0.0.1 http"),
        ({"Forwarded": "for=4.4.4.4 x"}, "127.0.0.1 http"),
        ({"Forwarded": "for"}, "127.0.0.1 http"),
        ({"Forwarded": "for="}, "127.0.0.1 http"),
        ({"Forwarded": "for=4.4.4.4;;x=y"}, "127.0.0.1 http"),
        ({"Forwarded": r'for="4.4.4\.4"'}, "4.4.4.4 http"),
        ({"Forwarded": "for=6.6.6.6", "X-Real-Ip": "4.4.4.4"}, "4.4.4.4 http"),
        ({"Forwarded": "for=6.6.6.6", "X-Scheme": "https"}, "127.0.0.1 https"),
    ],
)
def test_xheaders(kind, run, listen, fields, expected):
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    request = b"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n" % lines

    async def main():
        app = kind(tell_peer)
        running = listen(app, xheaders=True, trusted_downstream=["8.8.8.8", "9.9.9.9"])
        data = await running.exchange(request + CLOSE)
        # The next request of the connection is told from its own headers.
        assert data.count(expected.encode()) == (2 if expected == "127.0.0.1 http" else 1)
        assert data.endswith(b"127.0.0.1 http")
        await running.stop()
        unaware = listen(app)
        data = await unaware.exchange(request + CLOSE)
        assert data.count(b"127.0.0.1 http") == 2
        await unaware.stop()

    run(main)


def test_the_context_knows_the_peer_behind_the_proxy(kind, run, listen):
    def tell(request):
        context = request.connection.context
        return f"{context.remote_ip} {context._orig_remote_ip} {context.protocol} {context}"

    async def main():
        running = listen(kind(tell), xheaders=True)
        data = await running.exchange(CLOSE.replace(b"Host: a", b"Host: a\r\nX-Real-Ip: 4.4.4.4"))
        assert body_of(data) == b"4.4.4.4 127.0.0.1 http 4.4.4.4"
        await running.stop()

    run(main)


def test_positions_of_both_families_of_releases():
    old = HTTPServer(print, True, None, True, None, "https")
    new = HTTPServer(print, True, True, None, "https", True, 1000, 2000)
    for server in (old, new):
        assert server.conn_params.no_keep_alive is True
        assert server.xheaders is True
        assert server.ssl_options is None
        assert server.protocol == "https"
    assert new.conn_params.decompress is True
    assert new.conn_params.chunk_size == 1000
    assert new.conn_params.max_header_size == 2000


def test_io_loop(run):
    async def main():
        server = HTTPServer(print, io_loop=IOLoop.current())
        server.listen(0, "127.0.0.1")
        server.stop()

    run(main)


def test_unknown_options_are_errors():
    with pytest.raises(TypeError, match="nonsense"):
        HTTPServer(print, nonsense=1)


def test_configure():
    class Other(HTTPServer):
        pass

    HTTPServer.configure(Other)
    try:
        assert type(HTTPServer(print)) is Other
    finally:
        HTTPServer.configure(None)
    assert type(HTTPServer(print)) is HTTPServer


def test_start_request_may_be_overridden(kind, run, listen):
    class Wrapping(HTTPServer):
        def start_request(self, server_conn, request_conn):
            seen.append(server_conn in self._connections)
            return super().start_request(server_conn, request_conn)

    seen = []

    async def main():
        running = listen(kind(lambda request: "hi"), Wrapping, xheaders=True)
        if kind is not Dispatcher:  # it has no other way
            assert body_of(await running.exchange(CLOSE)) == b"hi"
            assert seen == [True]
        await running.stop()

    run(main)


def test_on_close_reaches_the_delegate(run, listen):
    async def main():
        app = Delegate(lambda request: "hi")
        running = listen(app)
        for count in (1, 2):
            await running.exchange(CLOSE)
            while running.server._connections:
                await asyncio.sleep(0.001)
            assert app.closed == count
        await running.stop()

    run(main)


# Transports.


def test_tls(kind, run, listen, certificates):
    async def main():
        running = listen(kind(tell_peer), ssl_options=certificates.options)
        assert (
            body_of(await running.exchange(CLOSE, tls=certificates.client())) == b"127.0.0.1 https"
        )
        await running.stop()

    run(main)


def test_a_refusal_over_tls_reaches_a_peer_that_is_still_sending(run, listen, certificates):
    async def main():
        running = listen(print, ssl_options=certificates.options, max_body_size=1000)
        put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
        context = certificates.client()
        reader, writer = await asyncio.open_connection("localhost", running.port, ssl=context)
        writer.write(put + bytes(200_000))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")
        writer.close()
        await running.stop()

    run(main)


def test_client_certificates(run, listen, certificates):
    options = {
        **certificates.options,
        "cert_reqs": ssl.CERT_REQUIRED,
        "ca_certs": certificates.authority_file,
    }

    def tell(request):
        certificate = request.get_ssl_certificate()
        assert isinstance(request.get_ssl_certificate(binary_form=True), bytes)
        return repr(certificate["subject"])

    async def main():
        running = listen(function(tell), ssl_options=options)
        data = await running.exchange(CLOSE, tls=certificates.client(with_certificate=True))
        assert b"'client'" in data
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await running.exchange(CLOSE, tls=certificates.client())
            raise ConnectionError  # some versions of TLS tell only by closing
        await running.stop()

    run(main)


def test_a_handshake_that_never_ends(run, listen, certificates, caplog):
    async def main():
        running = listen(print, ssl_options=certificates.options, header_timeout=0.03)
        assert await running.exchange() == b""
        assert running.server._connections == set()
        await running.stop()

    run(main)


def test_plain_bytes_on_a_tls_port(run, listen, certificates, caplog):
    async def main():
        running = listen(print, ssl_options=certificates.options)
        try:
            assert b"HTTP/1.1" not in await running.exchange(CLOSE)
        except ConnectionResetError:
            pass
        await running.stop()

    run(main)


def test_a_unix_socket(kind, run, tmp_path):
    async def main():
        path = str(tmp_path / "socket")
        server = HTTPServer(
            kind(lambda request: f"{request.remote_ip} {request.connection.context}")
        )
        server.add_socket(bind_unix_socket(path))
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(CLOSE)
        assert body_of(await reader.read()) == b"0.0.0.0 a unix socket"
        writer.close()
        server.stop()
        await server.close_all_connections()

    run(main)


def test_bind_and_start(run):
    async def main():
        server = HTTPServer(function(lambda request: "hi"))
        server.bind(0, "127.0.0.1")
        server.start()
        (sock,) = server._sockets.values()
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(CLOSE)
        assert body_of(await reader.read()) == b"hi"
        writer.close()
        server.stop()
        await server.close_all_connections()

    run(main)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_many_processes():
    script = textwrap.dedent(
        """
        import os, signal, sys
        from tornado.httpserver import HTTPServer
        from tornado.ioloop import IOLoop

        def handle(request):
            body = str(os.getpid()).encode()
            head = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n"
            request.write(head % len(body) + body)
            request.finish()

        server = HTTPServer(handle)
        server.bind(0, "127.0.0.1")
        print(server._pending_sockets[0].getsockname()[1], flush=True)
        server.start(2)
        IOLoop.current().start()
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        port = int(process.stdout.readline())
        pids = set()
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                data = b""
                while chunk := sock.recv(1000):
                    data += chunk
            pids.add(body_of(data))
            if len(pids) == 2:
                break
        assert process.pid not in {int(pid) for pid in pids}
        assert 1 <= len(pids) <= 2
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
        process.stdout.close()


# The end.


def test_drain(kind, run, listen):
    async def main():
        requests = []
        idle_app = kind(lambda request: "hi")
        running = listen(requests.append)
        idle = listen(idle_app)
        _, idle_writer = await asyncio.open_connection("127.0.0.1", idle.port)
        idle_writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while not requests:
            await asyncio.sleep(0.001)
        assert await idle.server.drain(1) == 0
        draining = asyncio.ensure_future(running.server.drain(5))
        await asyncio.sleep(0.01)
        assert not draining.done()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", running.port)
        answer(requests[0], "done")
        data = await reader.read()
        assert data.endswith(b"done")
        assert b"Connection: close" in data
        assert await draining == 0
        writer.close()
        idle_writer.close()

    run(main)


def test_drain_answers_what_came_before_the_peer_could_know(kind, run, listen, monkeypatch):
    # Long enough for a busy machine; it is over as soon as both requests had their responses.
    monkeypatch.setattr(tornado.httpserver, "_LAST_REQUEST_SECONDS", 3)

    async def main():
        running = listen(kind(lambda request: request.path))
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"Connection: close" not in await reader.readuntil(b"/1")
        # The loop has no time to accept this one.
        waiting = socket.create_connection(("127.0.0.1", running.port))
        draining = asyncio.ensure_future(running.server.drain(5))
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", running.port)
        waiting.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        writer.write(b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        waiting_reader, waiting_writer = await asyncio.open_connection(sock=waiting)
        for answers, end in ((reader, b"/3"), (waiting_reader, b"/2")):
            data = await answers.read()
            assert data.endswith(end)
            assert b"\r\nConnection: close\r\n" in data
        assert await draining == 0
        writer.close()
        waiting_writer.close()

    run(main)


def test_drain_closes_idle_connections_when_it_is_cancelled(run, listen):
    async def main():
        running = listen(function(lambda request: "hi"))
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        draining = asyncio.ensure_future(running.server.drain())
        await asyncio.sleep(0.01)
        draining.cancel()
        assert await reader.read() == b""
        assert draining.cancelled()
        writer.close()

    run(main)


def test_drain_cuts_off_what_takes_too_long(run, listen):
    async def main():
        requests = []
        running = listen(requests.append)
        connections = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            connections.append((reader, writer))
        while len(requests) < 3:
            await asyncio.sleep(0.001)
        answer(requests[0], "done")
        assert await running.server.drain(0.02) == 2
        answers = [await reader.read() for reader, _ in connections]
        assert sorted(map(bool, answers)) == [False, False, True]
        for _, writer in connections:
            writer.close()
        assert await running.server.drain(0) == 0

    run(main)


def test_close_all_connections(kind, run, listen):
    async def main():
        running = listen(kind(lambda request: "hi"))
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"hi")
        assert len(running.server._connections) == 1
        running.server.stop()
        await running.server.close_all_connections()
        assert running.server._connections == set()
        assert await reader.read() == b""
        writer.close()

    run(main)


# The class of the first releases.


def test_http_connection(run):
    async def main():
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        seen = []

        def handle(request):
            seen.append(request.uri)
            if request.uri == "/1":
                connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                connection.finish()

        connection = HTTPConnection(
            IOStream(ours), ("4.4.4.4", 1), handle, xheaders=True, protocol="https"
        )
        closed = []
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError):
            connection.finish()
        await loop.sock_sendall(theirs, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await loop.sock_recv(theirs, 1000)).endswith(b"\r\n\r\nhi")
        await loop.sock_sendall(theirs, b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        connection.set_close_callback(lambda: closed.append(True))
        connection.close()
        assert await loop.sock_recv(theirs, 1000) == b""
        await asyncio.sleep(0)
        assert closed == [True]
        theirs.close()

    run(main)


@pytest.mark.parametrize("way", ["class", "class, later", "subclass", "instance"])
@pytest.mark.parametrize("xheaders", [False, True])
def test_a_replaced_start_request_is_called(run, listen, monkeypatch, way, xheaders):
    """New Relic replaces it on the released class itself."""
    seen = []
    original = HTTPServer.start_request

    def replaced(self, server_conn, request_conn):
        seen.append(type(request_conn).__name__)
        return original(self, server_conn, request_conn)

    class Server(HTTPServer):
        if way == "subclass":
            start_request = replaced

    async def main():
        if way == "class":
            monkeypatch.setattr(HTTPServer, "start_request", replaced)
        running = listen(lambda request: answer(request, "x"), Server, xheaders=xheaders)
        if way == "instance":
            running.server.start_request = lambda *args: replaced(running.server, *args)
        for number in range(2):
            if way == "class, later" and number == 1:
                monkeypatch.setattr(HTTPServer, "start_request", replaced)
            assert body_of(await running.exchange(CLOSE)) == b"x"
        await running.stop()

    run(main)
    assert seen == ["HTTP1Connection"] * (1 if way == "class, later" else 2)


def test_requests_begin_in_tasks_of_their_own_where_start_request_is_replaced(run, listen):
    """New Relic tells a request that waits from one that it caused by their tasks."""
    tasks = []

    class Server(HTTPServer):
        def start_request(self, server_conn, request_conn):
            tasks.append(asyncio.current_task())
            return super().start_request(server_conn, request_conn)

    async def main():
        running = listen(lambda request: answer(request, "x"), Server)
        for _ in range(2):
            assert body_of(await running.exchange(CLOSE)) == b"x"
        await running.stop()
        assert None not in tasks
        assert tasks[0] is not tasks[1]
        assert asyncio.current_task() not in tasks

    run(main)
    assert len(tasks) == 2


def test_an_io_loop_of_a_subclass_is_its_own(run, listen):
    class Server(HTTPServer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.io_loop = asyncio.get_running_loop()

    async def main():
        running = listen(lambda request: answer(request, "x"), Server)
        assert body_of(await running.exchange(CLOSE)) == b"x"
        await running.stop()

    run(main)


def test_a_port_as_text(run):
    async def main():
        server = HTTPServer(lambda request: answer(request, "x"))
        server.listen("0", "127.0.0.1")
        server.stop()

    run(main)
