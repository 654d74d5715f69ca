"""The client: addresses in turn and in parallel, source addresses, deadlines, TLS."""

import asyncio
import datetime
import errno
import socket
import ssl

import pytest

from tornado import tcpclient
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import Resolver, bind_sockets
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer
from tornado.util import TimeoutError


class Greeter(TCPServer):
    """Tells each client where it came from."""

    async def handle_stream(self, stream, address):
        await stream.write(address[0].encode())
        stream.close()


class FixedResolver(Resolver):
    """Answers with the addresses it was made with."""

    def initialize(self, addresses):
        self.addresses = addresses
        self.closed = False

    def resolve(self, host, port, family=socket.AF_UNSPEC, callback=None):
        future = asyncio.get_running_loop().create_future()
        future.set_result([(af, address) for af, address in self.addresses if family in (0, af)])
        return future

    def close(self):
        self.closed = True


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def greeter(host="127.0.0.1", **kwargs):
    server = Greeter(**kwargs)
    server.listen(0, host)
    return server, next(iter(server._sockets.values())).getsockname()[1]


def refused_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize("timeout", [None, 5, datetime.timedelta(seconds=5)])
def test_connect(run, timeout):
    async def main():
        server, port = greeter()
        client = TCPClient()
        stream = await client.connect("localhost", port, timeout=timeout, max_buffer_size=5000)
        assert type(stream) is IOStream
        assert stream.max_buffer_size == 5000
        assert await stream.read_until_close() == b"127.0.0.1"
        stream = await client.connect("127.0.0.1", port, socket.AF_INET)
        stream.close()
        client.close()
        server.stop()

    run(main)


def test_source_address(run):
    async def main():
        server, port = greeter("127.0.0.1")
        client = TCPClient()
        stream = await client.connect("127.0.0.1", port, source_ip="127.0.0.2")
        assert await stream.read_until_close() == b"127.0.0.2"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        stream = await client.connect("127.0.0.1", port, source_port=free)
        assert stream.socket.getsockname()[1] == free
        stream.close()
        with pytest.raises(OSError, match="assign"):
            await client.connect("127.0.0.1", port, source_ip="192.0.2.1")
        server.stop()

    run(main)


def test_refused_and_unknown(run):
    async def main():
        client = TCPClient()
        with pytest.raises(ConnectionRefusedError):
            await client.connect("127.0.0.1", refused_port())
        with pytest.raises(socket.gaierror):
            await client.connect("no..such", 80)
        empty = TCPClient(FixedResolver([]))
        with pytest.raises(OSError, match="no address"):
            await empty.connect("nowhere", 80)

    run(main)


def test_addresses_are_tried_in_turn(run):
    async def main():
        server, port = greeter()
        refused = ("127.0.0.1", refused_port())
        unsupported = (9999, ("nothing", 1))
        resolver = FixedResolver(
            [(socket.AF_INET, refused), unsupported, (socket.AF_INET, ("127.0.0.1", port))]
        )
        client = TCPClient(resolver=resolver)
        stream = await client.connect("host", port)
        assert await stream.read_until_close() == b"127.0.0.1"
        client.close()
        assert not resolver.closed
        server.stop()

    run(main)


class SlowStreams:
    """Connecting to some addresses never gets anywhere, or only after a while."""

    def __init__(self, **delays):
        self.delays = delays
        self.streams = {}
        self.started = []

    def connect(self, family, address):
        self.started.append(address)
        stream = IOStream(socket.socket())
        self.streams[address] = stream
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        delay = self.delays[address]
        if isinstance(delay, Exception):
            loop.call_soon(lambda: future.done() or future.set_exception(delay))
        elif delay is not None:
            loop.call_later(delay, lambda: future.done() or future.set_result(stream))
        return stream, future


FOUR, SIX = 4, 6


def connector(slow, addresses, **options):
    return tcpclient._Connector(
        [(FOUR if name[0] == "a" else SIX, name) for name in addresses],
        slow.connect,
        asyncio.get_running_loop(),
        **options,
    )


def test_happy_eyeballs(run):
    async def main():
        async def race(head_start, addresses, **delays):
            slow = SlowStreams(**delays)
            try:
                family, address, stream = await connector(slow, addresses).start(head_start)
                assert family == (FOUR if address[0] == "a" else SIX)
                assert not stream.closed()
                stream.close()
                # Those that lost are closed at once.
                assert all(other.closed() for other in slow.streams.values())
                return address, slow.started
            finally:
                for stream in slow.streams.values():
                    stream.close()

        # The first family wins if it answers within its head start.
        assert await race(1, ["a1", "b1"], a1=0, b1=0) == ("a1", ["a1"])
        # The other starts after the head start, and may win.
        assert await race(0.01, ["a1", "b1"], a1=None, b1=0) == ("b1", ["a1", "b1"])
        # An error starts the other at once.
        failure = OSError("no way")
        address, started = await race(60, ["a1", "a2", "b1"], a1=failure, a2=None, b1=0.001)
        assert address == "b1"
        assert sorted(started) == ["a1", "a2", "b1"]
        # All fail: the last error is told.
        with pytest.raises(OSError, match="no way"):
            await race(60, ["a1", "b1"], a1=OSError("at first"), b1=failure)

    run(main)


def test_silence_is_followed_by_the_next_address(run):
    async def main():
        async def race(addresses, is_port_fixed=False, **delays):
            slow = SlowStreams(**delays)
            try:
                connecting = connector(slow, addresses, is_port_fixed=is_port_fixed).start(0.005)
                _, address, stream = await asyncio.wait_for(connecting, 0.2)
                stream.close()
                assert all(other.closed() for other in slow.streams.values())
                return address, slow.started
            finally:
                for stream in slow.streams.values():
                    stream.close()

        # One family only, the first addresses of which are dead.
        assert await race(["a1", "a2", "a3", "a4"], a1=None, a2=None, a3=0) == (
            "a3",
            ["a1", "a2", "a3"],
        )
        # Both families: after the first of each it is the turn of the one that has more left.
        address, started = await race(["a1", "a2", "b1", "b2"], a1=None, b1=None, a2=None, b2=0)
        assert address == "b2"
        assert started == ["a1", "b1", "a2", "b2"]
        failure = OSError("no way")
        address, started = await race(["a1", "a2", "b1"], a1=None, b1=failure, a2=0)
        assert (address, started) == ("a2", ["a1", "b1", "a2"])
        # From a port of one's own only one attempt of a family can be made at a time.
        with pytest.raises(asyncio.TimeoutError):
            await race(["a1", "a2", "b1"], is_port_fixed=True, a1=None, a2=0, b1=None)

    run(main)


def test_nothing_is_tried_after_the_end(run):
    async def main():
        slow = SlowStreams()

        def refuse(family, address):
            slow.started.append(address)
            raise OSError("no such family")

        slow.connect = refuse
        connecting = connector(slow, ["a1", "a2"]).start(60)
        connecting.cancel()
        await asyncio.sleep(0.005)
        assert slow.started == ["a1"]

    run(main)


def test_the_real_race(run):
    if not has_ipv6():
        pytest.skip("needs IPv6")

    async def main():
        server, port = greeter("::1")
        resolver = FixedResolver(
            [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
        )
        stream = await TCPClient(resolver).connect("host", port)
        assert await stream.read_until_close() == b"::1"
        server.stop()

    run(main)


def silent_listener():
    """A listening socket nobody accepts from; TLS handshakes with it never end."""
    (listener,) = bind_sockets(0, "127.0.0.1")
    return listener


def test_deadline(run):
    class Never(Resolver):
        def resolve(self, host, port, family=socket.AF_UNSPEC, callback=None):
            return asyncio.get_running_loop().create_future()

    async def main():
        with pytest.raises(TimeoutError):
            await TCPClient(Never()).connect("host", 80, timeout=0.01)
        with silent_listener() as listener:
            client = TCPClient()
            host, port = listener.getsockname()
            with pytest.raises(TimeoutError):
                await client.connect(host, port, ssl_options={}, timeout=0.02)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.connect(host, port, ssl_options={}), 0.02)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.connect(host, port, ssl_options={}, timeout=5), 0.02)
        with pytest.raises(ConnectionRefusedError):
            await client.connect("127.0.0.1", refused_port(), timeout=5)

    run(main)


def test_tls(run, certificates):
    async def main():
        server, port = greeter(ssl_options=certificates.server())
        client = TCPClient()
        trust = {"ca_certs": certificates.authority_file}
        for options in (trust, certificates.client()):
            stream = await client.connect("localhost", port, ssl_options=options)
            assert isinstance(stream, SSLIOStream)
            assert await stream.read_until_close() == b"127.0.0.1"
        resolver = FixedResolver([(socket.AF_INET, ("127.0.0.1", port))])
        for options in (trust, {}):
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                await TCPClient(resolver).connect("example.com", port, ssl_options=options)
            assert not isinstance(caught.value, StreamClosedError)
        with pytest.raises(FileNotFoundError):
            await client.connect("localhost", port, ssl_options={"ca_certs": "/nowhere"})
        server.stop()
        await asyncio.sleep(0.005)

    run(main)


def test_positions_of_the_old_releases(run_asyncio):
    async def main():
        server, port = greeter()
        loop = IOLoop.current()
        client = TCPClient(None, loop)
        stream = await client.connect("127.0.0.1", port)
        assert stream.io_loop is loop
        stream.close()
        client.close()
        with pytest.raises(StreamClosedError):
            stream.write(b"x")
        server.stop()

    run_asyncio(main)


@pytest.mark.parametrize("secure", [False, True])
def test_cancelling_at_every_turn_of_the_loop(run, certificates, secure):
    async def main():
        options = certificates.client() if secure else None
        server, port = greeter(ssl_options=certificates.server() if secure else None)
        resolver = FixedResolver([(socket.AF_INET, ("127.0.0.1", port))])
        client = TCPClient(resolver)
        for timeout in (None, 5):
            for turns in range(40):
                task = asyncio.ensure_future(
                    client.connect("localhost", port, ssl_options=options, timeout=timeout)
                )
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    (await task).close()
                except asyncio.CancelledError:
                    pass
                await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        server.stop()

    run(main)


@pytest.mark.parametrize("source", ["192.0.2.7", "2001:db8::7"])
def test_the_source_address_is_named(run, source):
    async def main():
        server, port = greeter()
        try:
            with pytest.raises(OSError, match=source.replace(".", r"\.")) as caught:
                await TCPClient().connect("127.0.0.1", port, source_ip=source)
            assert isinstance(caught.value, StreamClosedError)
        finally:
            server.stop()

    run(main)


def test_the_source_port_is_named(run):
    async def main():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            number = taken.getsockname()[1]
            with pytest.raises(OSError, match=f"127.0.0.1:{number}") as caught:
                await TCPClient().connect("127.0.0.1", refused_port(), source_port=number)
        assert caught.value.errno == errno.EADDRINUSE

    run(main)


def test_host_as_bytes(run, certificates):
    async def main():
        server, port = greeter(ssl_options=certificates.server())
        try:
            stream = await TCPClient().connect(
                b"localhost", port, af=socket.AF_INET, ssl_options=certificates.client()
            )
            assert await stream.read_until_close() == b"127.0.0.1"
        finally:
            server.stop()
        with pytest.raises(ConnectionRefusedError, match=r"127\.0\.0\.1"):
            await TCPClient().connect(b"127.0.0.1", refused_port())

    run(main)
