"""Ports given as text, errors that name the address, attributes that belong to the application."""

import asyncio
import errno
import socket
import ssl

import pytest

from tornado import tcpclient
from tornado._netutil.addresses import format_address, port_number
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    OverrideResolver,
    Resolver,
    ThreadedResolver,
    bind_sockets,
    bind_unix_socket,
)
from tornado.platform.caresresolver import CaresResolver
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer
from tornado.util import TimeoutError

RESOLVERS = [
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ThreadedResolver,
    CaresResolver,
]


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def silent():
    """A listening socket that never accepts."""
    (listener,) = bind_sockets(0, "127.0.0.1")
    with listener:
        yield listener.getsockname()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("8888", 8888),
        (b"80", 80),
        (" 443 ", 443),
        (8888, 8888),
        (None, None),
        ("http", "http"),
        ("-1", "-1"),
        ("٨", "٨"),
        ("", ""),
    ],
)
def test_port_number(given, expected):
    assert port_number(given) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("127.0.0.1", 80), "127.0.0.1:80"),
        (("::1", 80, 0, 0), "[::1]:80"),
        ("/run/server.sock", "/run/server.sock"),
        (b"\0name", "\0name"),
        ("", ""),
    ],
)
def test_format_address(address, expected):
    assert format_address(address) == expected


def test_ports_as_text(run):
    async def main():
        port = str(free_port())
        (sock,) = bind_sockets(port, "127.0.0.1")
        assert sock.getsockname()[1] == int(port)
        sock.close()
        for listen in (
            lambda server: server.listen(port, "127.0.0.1"),
            lambda server: (server.bind(port, "127.0.0.1"), server.start()),
        ):
            server = TCPServer()
            listen(server)
            assert server.port == int(port)
            stream = await TCPClient().connect("127.0.0.1", port)
            assert stream.socket.getpeername()[1] == int(port)
            stream.close()
            stream = IOStream(socket.socket())
            await stream.connect(("127.0.0.1", port))
            stream.close()
            server.stop()

    run(main)


@pytest.mark.parametrize("cls", RESOLVERS)
def test_resolvers_take_ports_as_text(run, cls):
    async def main():
        resolver = cls()
        assert await resolver.resolve("127.0.0.1", "80", socket.AF_INET) == [
            (socket.AF_INET, ("127.0.0.1", 80))
        ]
        override = OverrideResolver(resolver, {("name.example", 443): ("127.0.0.1", "8443")})
        assert await override.resolve("name.example", "443", socket.AF_INET) == [
            (socket.AF_INET, ("127.0.0.1", 8443))
        ]
        resolver.close()

    run(main)


def test_errors_of_binding_name_the_address(tmp_path):
    (taken,) = bind_sockets(0, "127.0.0.1")
    port = taken.getsockname()[1]
    with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}") as caught, taken:
        bind_sockets(port, "127.0.0.1")
    assert caught.value.errno == errno.EADDRINUSE
    assert type(caught.value) is OSError
    with pytest.raises(OSError, match=r"no-such-host\.invalid:80") as caught:
        bind_sockets(80, "no-such-host.invalid")
    assert isinstance(caught.value, socket.gaierror)
    with pytest.raises(OSError, match=r"192\.0\.2\.1:0"):
        bind_sockets(0, "192.0.2.1")
    with pytest.raises(OSError, match=r"nowhere/file"):
        bind_unix_socket(str(tmp_path / "nowhere" / "file"))


def test_errors_of_connecting_name_the_address(run):
    async def main():
        port = free_port()
        with pytest.raises(StreamClosedError) as caught:
            await IOStream(socket.socket()).connect(("127.0.0.1", port))
        assert f"127.0.0.1:{port}" in str(caught.value.real_error)
        assert caught.value.real_error.errno == errno.ECONNREFUSED
        with pytest.raises(ConnectionRefusedError, match=rf"127\.0\.0\.1:{port}") as refused:
            await TCPClient().connect("127.0.0.1", port)
        error = refused.value
        assert isinstance(error, StreamClosedError)
        assert isinstance(error.real_error, ConnectionRefusedError)
        assert error.errno == errno.ECONNREFUSED
        with pytest.raises(ConnectionRefusedError) as refused:
            await SSLIOStream(socket.socket()).connect(("127.0.0.1", port))
        assert isinstance(refused.value, StreamClosedError)

    run(main)


@pytest.mark.parametrize(
    "cls", [BlockingResolver, DefaultExecutorResolver, DefaultLoopResolver, ThreadedResolver]
)
@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
def test_errors_of_resolving_name_the_host(run, cls, host):
    async def main():
        with pytest.raises(socket.gaierror, match=host):
            await cls().resolve(host, 80)

    run(main)


def test_certificate_errors_are_those_of_ssl(run, certificates, caplog):
    async def main():
        server = TCPServer(ssl_options=certificates.server(certificates.other_cert_file))
        server.handle_stream = lambda stream, address: None
        server.listen(0, "127.0.0.1")
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await TCPClient().connect(
                "localhost", server.port, socket.AF_INET, ssl_options=certificates.client()
            )
        error = caught.value
        assert not isinstance(error, StreamClosedError), "programs tell the two apart"
        assert error.verify_code != 0
        assert error.reason == "CERTIFICATE_VERIFY_FAILED"
        assert "self-signed" in str(error) or "self signed" in str(error) or "unable" in str(error)
        server.stop()

    run(main)


class Stuck(Resolver):
    def initialize(self):
        pass

    def resolve(self, host, port, family=0, callback=None):
        return asyncio.get_running_loop().create_future()


class Listed(Resolver):
    def initialize(self, found):
        self.found = found

    async def resolve(self, host, port, family=0, callback=None):
        return self.found


async def expect_timeout(text, connect):
    """Await ``connect(timeout)``, with more time where that was not enough to get to the point."""
    for timeout in (0.05, 0.5, 5):
        with pytest.raises(TimeoutError) as caught:
            await connect(timeout)
        if str(caught.value) == text:
            return
    assert str(caught.value) == text


class NeverConnects(TCPClient):
    """Overrides the hook with the signature it has had since 5.0."""

    def _create_stream(self, max_buffer_size, af, addr, source_ip=None, source_port=None):
        return IOStream(socket.socket(af)), asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("client", "found", "text"),
    [
        (lambda: TCPClient(Stuck()), None, "Timeout while resolving some.example"),
        (
            None,
            [(socket.AF_INET, ("192.0.2.1", 80))],
            "Timeout while connecting to 192.0.2.1:80",
        ),
        (
            None,
            [(socket.AF_INET6, ("2001:db8::1", 80, 0, 0)), (socket.AF_INET, ("192.0.2.1", 80))],
            "Timeout while connecting to 192.0.2.1:80, [2001:db8::1]:80",
        ),
    ],
)
def test_texts_of_timeouts(run_asyncio, monkeypatch, client, found, text):
    monkeypatch.setattr(tcpclient, "_INITIAL_CONNECT_TIMEOUT", 0.001)
    monkeypatch.setattr(tcpclient._Connector.start, "__defaults__", (0.001,))

    async def main():
        used = client() if client is not None else NeverConnects(Listed(found))
        await expect_timeout(
            text, lambda timeout: used.connect("some.example", 80, timeout=timeout)
        )

    run_asyncio(main)


def test_the_handshake_times_out(run, silent):
    async def main():
        await expect_timeout(
            f"Timeout during TLS handshake with 127.0.0.1:{silent[1]}",
            lambda timeout: TCPClient().connect(*silent, ssl_options={}, timeout=timeout),
        )

    run(main)


def test_a_percent_encoded_host_reaches_the_resolver(run, silent):
    asked = []

    class Asked(Listed):
        async def resolve(self, host, port, family=0, callback=None):
            asked.append((host, port))
            return self.found

    async def main():
        client = TCPClient(Asked([(socket.AF_INET, silent)]))
        for host in ("%2Frun%2Fserver.sock", "any thing", "ü" * 100):
            (await client.connect(host, 80)).close()

    run(main)
    assert asked == [("%2Frun%2Fserver.sock", 80), ("any thing", 80), ("ü" * 100, 80)]


class OwnAttributes:
    io_loop = "an application's"
    sockets = ()
    port = "an application's"

    def __init__(self, *args, **kwargs):
        self.io_loop = asyncio.get_running_loop()
        super().__init__(*args, **kwargs)
        assert self.io_loop is asyncio.get_running_loop()
        self.io_loop = object()


@pytest.mark.parametrize("when", ["mixed in", "on the instance"])
def test_attributes_of_the_application(run, when):
    def made(cls, *args):
        if when == "mixed in":
            return type("Own", (OwnAttributes, cls), {})(*args)
        made = cls(*args)
        made.io_loop = made.sockets = made.port = object()
        return made

    async def main():
        server = made(TCPServer)
        server.handle_stream = lambda stream, address: stream.close()
        (listener,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listener)
        address = listener.getsockname()
        client = made(TCPClient)
        stream = await client.connect(*address)
        await stream.read_until_close()
        for cls in RESOLVERS[:-1]:
            resolver = cls()
            resolver.io_loop = object()
            assert await resolver.resolve(*address) == [(socket.AF_INET, address)]
        server.stop()

    run(main)


def test_the_loop_can_be_read(run):
    async def main():
        loop = IOLoop.current()
        for thing in (
            TCPServer(),
            TCPClient(),
            Resolver(),
            TCPServer(io_loop=loop),
            TCPClient(io_loop=loop),
        ):
            assert thing.io_loop is loop

    run(main)


def test_sockets_and_port(run, tmp_path):
    async def main():
        server = TCPServer()
        assert (server.sockets, server.port) == ([], None)
        server.bind(0, "127.0.0.1")
        (sock,) = server.sockets
        assert server.port == sock.getsockname()[1]
        server.start()
        assert server.sockets == [sock]
        unix = bind_unix_socket(str(tmp_path / "socket"))
        server.add_socket(unix)
        assert server.sockets == [sock, unix]
        assert server.port == sock.getsockname()[1]
        server.listen(0, "127.0.0.1")
        assert server.port is None
        server.stop()
        assert (server.sockets, server.port) == ([], None)

    run(main)
