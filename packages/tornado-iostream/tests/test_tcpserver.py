"""The server: its ways to listen, its arguments in every release's order, TLS, stopping."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time

import pytest

from tornado import gen, netutil
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.tcpserver import TCPServer


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


class Hello(TCPServer):
    """Says hello, by a plain method."""

    def handle_stream(self, stream, address):
        self.last = (stream, address)
        stream.write(b"hello", stream.close)


class HelloLater(TCPServer):
    """Says hello, by a coroutine."""

    async def handle_stream(self, stream, address):
        self.last = (stream, address)
        await asyncio.sleep(0)
        await stream.write(b"hello")
        stream.close()


class HelloGenerator(TCPServer):
    """Says hello, by a coroutine of old."""

    @gen.coroutine
    def handle_stream(self, stream, address):
        self.last = (stream, address)
        yield stream.write(b"hello")
        stream.close()


async def ask(address, family=socket.AF_INET):
    stream = IOStream(socket.socket(family))
    await stream.connect(address)
    return await stream.read_until_close()


@pytest.mark.parametrize("cls", [Hello, HelloLater, HelloGenerator])
def test_handlers(run, cls):
    async def main():
        server = cls()
        (listener,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listener)
        address = listener.getsockname()
        assert await ask(address) == b"hello"
        stream, peer = server.last
        assert type(stream) is IOStream
        assert peer[0] == "127.0.0.1"
        assert server._sockets == {listener.fileno(): listener}
        server.stop()
        assert listener.fileno() == -1
        with pytest.raises(StreamClosedError):
            await ask(address)

    run(main)


def port_of(server):
    return next(iter(server._sockets.values())).getsockname()[1]


def test_listen_several_times(run_asyncio):
    async def main():
        server = Hello()
        server.listen(0, "127.0.0.1")
        server.listen(0, address="127.0.0.1", family=socket.AF_INET, backlog=5, reuse_port=True)
        assert len(server._sockets) == 2
        for listener in list(server._sockets.values()):
            assert await ask(listener.getsockname()) == b"hello"
        server.stop()

    run_asyncio(main)


def test_bind_and_start(run_asyncio):
    async def main():
        server = Hello()
        server.bind(0, "127.0.0.1")
        assert server._sockets == {}
        server.start()
        with pytest.raises(RuntimeError, match="before"):
            server.start()
        server.bind(0, "127.0.0.1")  # after the start it is listen
        assert len(server._sockets) == 2
        assert await ask(("127.0.0.1", port_of(server))) == b"hello"
        server.stop()
        never_started = Hello()
        never_started.bind(0, "127.0.0.1")
        never_started.stop()

    run_asyncio(main)


def test_unix_socket(run, tmp_path):
    async def main():
        path = str(tmp_path / "socket")
        server = Hello()
        server.add_sockets([bind_unix_socket(path)])
        assert await ask(path, socket.AF_UNIX) == b"hello"
        server.stop()

    run(main)


def test_arguments_of_every_release(run_asyncio, certificates):
    async def main():
        loop = IOLoop.current()
        context = certificates.server()
        server = TCPServer(loop, context, 1000, 100)
        assert (server.io_loop, server.ssl_options) == (loop, context)
        assert (server.max_buffer_size, server.read_chunk_size) == (1000, 100)
        server = TCPServer(context, 1000, 100)
        assert (server.io_loop, server.ssl_options) == (loop, context)
        assert (server.max_buffer_size, server.read_chunk_size) == (1000, 100)
        server = TCPServer(io_loop=loop, max_buffer_size=1000)
        assert (server.io_loop, server.ssl_options) == (loop, None)
        with pytest.raises(NotImplementedError):
            server.handle_stream(None, None)
        assert netutil.TCPServer is TCPServer
        with pytest.raises(AttributeError):
            netutil.UDPServer  # noqa: B018

    run_asyncio(main)


def test_limits_reach_the_streams(run_asyncio):
    async def main():
        server = Hello(max_buffer_size=1000, read_chunk_size=100)
        server.listen(0, "127.0.0.1")
        await ask(("127.0.0.1", port_of(server)))
        stream = server.last[0]
        assert (stream.max_buffer_size, stream.read_chunk_size) == (1000, 100)
        server.stop()

    run_asyncio(main)


def test_missing_certificates():
    with pytest.raises(KeyError, match="certfile"):
        TCPServer(ssl_options={})
    with pytest.raises(ValueError, match="certfile"):
        TCPServer(ssl_options={"certfile": "/nowhere/cert.pem"})
    with pytest.raises(ValueError, match="keyfile"):
        TCPServer(ssl_options={"certfile": __file__, "keyfile": "/nowhere/key.pem"})


@pytest.mark.parametrize("cls", [Hello, HelloLater])
def test_tls(run, certificates, cls):
    async def main():
        server = cls(
            ssl_options={"certfile": certificates.cert_file, "keyfile": certificates.key_file}
        )
        server.listen(0, "127.0.0.1")
        for _ in range(2):
            client = SSLIOStream(socket.socket(), ssl_options=certificates.client())
            await client.connect(("127.0.0.1", port_of(server)))
            assert await client.read_until_close() == b"hello"
            assert isinstance(server.last[0], SSLIOStream)
        server.stop()

    run(main)


def test_a_certificate_that_cannot_be_used(run_asyncio, caplog):
    async def main():
        server = Hello(ssl_options={"certfile": __file__})
        server.listen(0, "127.0.0.1")
        with socket.create_connection(("127.0.0.1", port_of(server))) as client:
            await asyncio.sleep(0.01)
            client.setblocking(False)
            assert client.recv(1) == b""
        server.stop()

    run_asyncio(main)
    assert "Error in connection callback" in caplog.text


def test_connections_outlive_stop(run_asyncio):
    async def main():
        streams = []

        class Keeper(TCPServer):
            def handle_stream(self, stream, address):
                streams.append(stream)

        server = Keeper()
        server.listen(0, "127.0.0.1")
        client = IOStream(socket.socket())
        await client.connect(("127.0.0.1", port_of(server)))
        await until(lambda: streams)
        server.stop()
        await streams[0].write(b"still here")
        assert await client.read_bytes(10) == b"still here"
        client.close()
        streams[0].close()

    run_asyncio(main)


def test_connections_in_the_queue_are_accepted_before_the_end(run_asyncio, caplog):
    async def main():
        class Greeter(TCPServer):
            def handle_stream(self, stream, address):
                stream.write(b"hi").add_done_callback(lambda _: stream.close())

        class Unable(TCPServer):
            def _handle_connection(self, connection, address):
                raise ZeroDivisionError

        for cls, greeting in ((Greeter, b"hi"), (Unable, b"")):
            server = cls()
            server.listen(0, "127.0.0.1")
            clients = [socket.create_connection(("127.0.0.1", port_of(server))) for _ in range(3)]
            server._accept_waiting()
            server.stop()
            await asyncio.sleep(0.01)
            for client in clients:
                client.setblocking(False)
                assert client.recv(10) == greeting
                client.close()

    run_asyncio(main)
    assert [record.message for record in caplog.records] == ["Error in connection callback"] * 3


def test_a_plain_handler_makes_no_task(run_asyncio):
    async def main():
        counts = []

        class Counting(TCPServer):
            def handle_stream(self, stream, address):
                asyncio.get_running_loop().call_soon(
                    lambda: counts.append(len(asyncio.all_tasks()))
                )
                stream.close()

        server = Counting()
        server.listen(0, "127.0.0.1")
        before = len(asyncio.all_tasks())
        with socket.create_connection(("127.0.0.1", port_of(server))):
            await until(lambda: counts)
        assert counts == [before]
        server.stop()

    run_asyncio(main)


SERVERS = {
    "listen": """
        server = Hello()
        server.listen(PORT, "127.0.0.1")
        IOLoop.instance().start()
        """,
    "bind/start": """
        server = Hello()
        server.bind(PORT, "127.0.0.1")
        server.start(2)
        IOLoop.instance().start()
        """,
    "add_sockets": """
        sockets = bind_sockets(PORT, "127.0.0.1")
        tornado.process.fork_processes(2)
        server = Hello()
        server.add_sockets(sockets)
        IOLoop.instance().start()
        """,
}


@pytest.mark.parametrize("arguments", [(0,), (None,), (3,), (3, 5)])
def test_start_calls_fork_processes_with_both_arguments(monkeypatch, arguments):
    """Programs put a function of their own in its place, their tests a mock."""
    seen = []
    monkeypatch.setattr("tornado.process.fork_processes", lambda *args: seen.append(args))
    Hello().start(*arguments)
    assert seen == [(*arguments, None)[:2]]


@pytest.mark.parametrize("pattern", sorted(SERVERS))
def test_the_patterns_of_the_manual(pattern):
    (probe,) = bind_sockets(0, "127.0.0.1")
    port = probe.getsockname()[1]
    probe.close()
    program = textwrap.dedent(
        """
        import os
        import tornado.process
        from tornado.ioloop import IOLoop
        from tornado.netutil import TCPServer, bind_sockets

        class Hello(TCPServer):
            def handle_stream(self, stream, address):
                stream.write(b"hello from %d" % os.getpid(), stream.close)

        """
    ) + textwrap.dedent(SERVERS[pattern]).replace("PORT", str(port))
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program], start_new_session=True
    )
    try:
        answers = set()
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port)) as client:
                    answers.add(client.recv(100))
            except ConnectionError:
                time.sleep(0.02)
                continue
            if len(answers) == (1 if pattern == "listen" else 2):
                break
        assert all(answer.startswith(b"hello from ") for answer in answers)
        pids = {int(answer.rpartition(b" ")[2]) for answer in answers}
        assert (process.pid in pids) is (pattern == "listen")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_handshake_error_is_the_peers_affair(run_asyncio, certificates, caplog):
    async def main():
        server = HelloLater(ssl_options=certificates.server())
        server.listen(0, "127.0.0.1")
        client = SSLIOStream(socket.socket(), ssl_options=ssl.create_default_context())
        with pytest.raises(StreamClosedError):
            await client.connect(("127.0.0.1", port_of(server)))
        await until(lambda: server.last[0].closed())
        await asyncio.sleep(0.002)
        server.stop()

    run_asyncio(main)
