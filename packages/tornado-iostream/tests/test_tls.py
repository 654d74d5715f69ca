"""TLS streams: verification, handshakes and their deadline, start_tls, what is agreed, the end."""

import asyncio
import contextlib
import socket
import ssl
import warnings

import pytest

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.netutil import bind_sockets, ssl_wrap_socket
from tornado.tcpserver import TCPServer


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition did not come true")


class Echo(TCPServer):
    """Echoes lines over TLS and remembers its streams."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.streams = []

    async def handle_stream(self, stream, address):
        self.streams.append(stream)
        with contextlib.suppress(StreamClosedError):
            while True:
                await stream.write(await stream.read_until(b"\n"))


@contextlib.asynccontextmanager
async def serving(*args, **kwargs):
    server = Echo(*args, **kwargs)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    try:
        yield server, sockets[0].getsockname()
    finally:
        server.stop()
        for stream in server.streams:
            stream.close()
        await asyncio.sleep(0.002)


async def dial(address, server_hostname=None, **kwargs):
    stream = SSLIOStream(socket.socket(), **kwargs)
    try:
        return await stream.connect(address, server_hostname=server_hostname)
    except BaseException:
        stream.close()
        raise


def test_connect_and_talk(run, certificates):
    async def main():
        options = {"certfile": certificates.cert_file, "keyfile": certificates.key_file}
        async with serving(ssl_options=options) as (_, address):
            # By an address the certificate names, and by a name of the caller's.
            for name in (None, "localhost", "127.0.0.1"):
                stream = await dial(
                    address, name, ssl_options={"ca_certs": certificates.authority_file}
                )
                await stream.write(b"hello\n")
                assert await stream.read_until(b"\n") == b"hello\n"
                assert stream.socket.getpeercert()
                stream.close()

    run(main)


def test_connect_with_a_callback_and_early_writes(run, certificates):
    async def main():
        async with serving(ssl_options=certificates.server()) as (_, address):
            stream = SSLIOStream(socket.socket(), ssl_options=certificates.client())
            connected = asyncio.Event()
            assert stream.connect(address, connected.set) is None
            reading = stream.read_until(b"\n")
            await stream.write(b"early\n")
            await connected.wait()
            assert await reading == b"early\n"
            stream.close()

    run(main)


@pytest.mark.parametrize("options", [None, {}, {"ca_certs": "mine"}, "context"])
@pytest.mark.parametrize("fault", ["name", "stranger", "expired"])
def test_what_must_not_be_trusted(run, certificates, options, fault, caplog):
    async def main():
        cert = {
            "name": certificates.cert_file,
            "stranger": certificates.other_cert_file,
            "expired": certificates.expired_cert_file,
        }[fault]
        ours = options
        if ours == "context":
            ours = certificates.client()
        elif ours:
            ours = {"ca_certs": certificates.authority_file}
        async with serving(ssl_options=certificates.server(cert)) as (_, address):
            name = "example.com" if fault == "name" else "localhost"
            with pytest.raises(StreamClosedError) as info:
                await dial(address, name, ssl_options=ours)
            assert isinstance(info.value.real_error, ssl.SSLCertVerificationError)

    run(main)
    assert all(record.exc_info is None for record in caplog.records)


def test_verification_can_be_turned_off_expressly(run, certificates):
    async def main():
        context = certificates.server(certificates.other_cert_file)
        async with serving(ssl_options=context) as (_, address):
            stream = await dial(address, "example.com", ssl_options={"cert_reqs": ssl.CERT_NONE})
            await stream.write(b"x\n")
            assert await stream.read_until(b"\n") == b"x\n"
            stream.close()

    run(main)


def test_old_protocols_are_refused(run, certificates):
    async def main():
        options = {"certfile": certificates.cert_file}
        async with serving(ssl_options=options) as (_, address):
            context = certificates.client()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises(StreamClosedError):
                await dial(address, "localhost", ssl_options=context)

    run(main)


def test_alpn_and_sni(run, certificates):
    async def main():
        asked = []
        server_context = certificates.server()
        server_context.set_alpn_protocols(["h2", "http/1.1"])
        server_context.sni_callback = lambda sock, name, context: asked.append(name)
        async with serving(ssl_options=server_context) as (server, address):
            context = certificates.client()
            context.set_alpn_protocols(["http/1.1"])
            stream = await dial(address, "localhost", ssl_options=context)
            assert stream.socket.selected_alpn_protocol() == "http/1.1"
            assert await server.streams[0].wait_for_handshake() is server.streams[0]
            assert server.streams[0].socket.selected_alpn_protocol() == "http/1.1"
            assert asked == ["localhost"]
            stream.close()

    run(main)


def test_client_certificates(run, certificates, caplog):
    async def main():
        options = {
            "certfile": certificates.cert_file,
            "cert_reqs": ssl.CERT_REQUIRED,
            "ca_certs": certificates.authority_file,
        }
        async with serving(ssl_options=options) as (server, address):
            mine = {
                "ca_certs": certificates.authority_file,
                "certfile": certificates.client_cert_file,
            }
            stream = await dial(address, "localhost", ssl_options=mine)
            await stream.write(b"x\n")
            assert await stream.read_until(b"\n") == b"x\n"
            names = server.streams[0].socket.getpeercert()["subjectAltName"]
            assert names == (("email", "client@example.com"),)
            stream.close()
            # Without one the server hangs up; in TLS 1.3 the client hears of it when it reads.
            with pytest.raises(StreamClosedError):
                stream = await dial(
                    address, "localhost", ssl_options={"ca_certs": certificates.authority_file}
                )
                await stream.read_until(b"\n")
            await until(lambda: server.streams[-1].closed())
            assert isinstance(server.streams[-1].error, ssl.SSLError)

    run(main)


def test_a_client_that_never_shakes_hands(run, certificates, caplog):
    async def main():
        async with serving(ssl_options=certificates.server(), handshake_timeout=0.03) as (
            server,
            address,
        ):
            with socket.create_connection(address) as silent:
                silent.setblocking(False)
                await until(lambda: server.streams)
                await until(lambda: server.streams[0].closed())
                assert isinstance(server.streams[0].error, TimeoutError)
                assert silent.recv(1) == b""

    run(main)
    assert caplog.text.count("timed out") == 1


def test_a_server_that_never_shakes_hands(run, certificates):
    async def main():
        (listener,) = bind_sockets(0, "127.0.0.1")
        with listener:
            with pytest.raises(StreamClosedError) as info:
                await dial(
                    listener.getsockname(),
                    "localhost",
                    ssl_options=certificates.client(),
                    handshake_timeout=0.03,
                )
            assert isinstance(info.value.real_error, TimeoutError)

    run(main)


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b""])
def test_a_peer_that_speaks_something_else(run, certificates, noise, caplog):
    async def main():
        async with serving(ssl_options=certificates.server()) as (server, address):
            with socket.create_connection(address) as other:
                other.sendall(noise)
                other.shutdown(socket.SHUT_WR)
                await until(lambda: server.streams)
                await until(lambda: server.streams[0].closed())
            # and the server serves on
            stream = await dial(address, "localhost", ssl_options=certificates.client())
            await stream.write(b"x\n")
            assert await stream.read_until(b"\n") == b"x\n"
            stream.close()

    run(main)
    assert all(record.exc_info is None for record in caplog.records)


def test_a_reset_during_the_handshake(run, certificates):
    async def main():
        async with serving(ssl_options=certificates.server()) as (server, address):
            other = socket.create_connection(address)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            other.sendall(b"\x16\x03\x01")
            await until(lambda: server.streams)
            other.close()
            await until(lambda: server.streams[0].closed())
            with pytest.raises(StreamClosedError):
                await server.streams[0].wait_for_handshake()

    run(main)


def test_wait_for_handshake(run, certificates):
    async def main():
        left, right = socket.socketpair()
        server = SSLIOStream(
            ssl_wrap_socket(
                left, certificates.server(), server_side=True, do_handshake_on_connect=False
            )
        )
        waiting = server.wait_for_handshake()
        with pytest.raises(RuntimeError, match="waiting"):
            server.wait_for_handshake()
        client = SSLIOStream(
            ssl_wrap_socket(
                right,
                certificates.client(),
                server_hostname="localhost",
                do_handshake_on_connect=False,
            )
        )
        done = asyncio.get_running_loop().create_future()
        assert client.wait_for_handshake(lambda: done.set_result("called")) is None
        assert await done == "called"
        assert await waiting is server
        assert await server.wait_for_handshake() is server
        server.close()
        client.close()

    run(main)


def test_closing_while_someone_waits_for_the_handshake(run, certificates):
    async def main():
        left, right = socket.socketpair()
        with right:
            server = SSLIOStream(
                ssl_wrap_socket(
                    left, certificates.server(), server_side=True, do_handshake_on_connect=False
                )
            )
            called = []
            waiting = server.wait_for_handshake()
            reading = server.read_bytes(1)
            writing = server.write(b"x")
            server.close()
            for future in (waiting, reading, writing):
                with pytest.raises(StreamClosedError):
                    await future
            with pytest.raises(StreamClosedError):
                await server.wait_for_handshake()
            server.wait_for_handshake(called.append)
            await asyncio.sleep(0.002)
            assert called == []

    run(main)


def test_start_tls_both_ways(run, pairs, certificates):
    async def main():
        async with pairs() as (server, client):
            closed = asyncio.Event()
            server.set_close_callback(closed.set)
            await client.write(b"STARTTLS\n")
            assert await server.read_until(b"\n") == b"STARTTLS\n"
            await server.write(b"go\n")
            assert await client.read_until(b"\n") == b"go\n"
            # The client's first TLS bytes are there long before the server asks for them.
            upgrading = client.start_tls(False, certificates.client(), server_hostname="localhost")
            await asyncio.sleep(0.01)
            secure_server = await server.start_tls(
                True, {"certfile": certificates.cert_file, "keyfile": certificates.key_file}
            )
            secure_client = await upgrading
            assert server.closed()
            assert client.closed()
            assert isinstance(secure_server, SSLIOStream)
            with pytest.raises(StreamClosedError):
                client.read_bytes(1)
            await secure_client.write(b"secret")
            assert await secure_server.read_bytes(6) == b"secret"
            await secure_server.write(b"answer")
            assert await secure_client.read_bytes(6) == b"answer"
            assert not closed.is_set()
            secure_client.close()
            await closed.wait()
            secure_server.close()

    run(main)


def test_start_tls_needs_an_idle_stream(run, pairs):
    async def main():
        async with pairs("tcp") as (server, client):
            reading = server.read_until(b"\n")
            with pytest.raises(ValueError, match="not idle"):
                server.start_tls(True, {})
            # Bytes that came in clear text must not count as protected ones.
            await client.write(b"STARTTLS\nMAIL FROM:<attacker>\n")
            assert await reading == b"STARTTLS\n"
            with pytest.raises(ValueError, match="not idle"):
                server.start_tls(True, {})
            await server.read_until(b"\n")
            server.write(bytes(5_000_000))
            with pytest.raises(ValueError, match="not idle"):
                server.start_tls(True, {})
            server.close()
            with pytest.raises(StreamClosedError):
                server.start_tls(True, {})

    run(main)


def test_start_tls_that_fails(run, pairs, certificates, caplog):
    async def main():
        async with pairs() as (server, client):
            upgrading = server.start_tls(True, certificates.server())
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                await client.start_tls(False, certificates.client(), "example.com")
            assert not isinstance(caught.value, StreamClosedError)
            with pytest.raises(ssl.SSLError) as caught:
                await upgrading
            assert not isinstance(caught.value, StreamClosedError)
        async with pairs() as (server, client):
            with pytest.raises(ssl.SSLError):
                server.start_tls(True, {"ciphers": "NO-SUCH-CIPHER"})
            assert server.closed()

    run(main)


def test_start_tls_deadline_and_cancelling(run, pairs):
    async def main():
        async with pairs() as (server, client):
            with pytest.raises(TimeoutError):
                await client.start_tls(False, {}, "localhost", handshake_timeout=0.02)
            assert await server.read_until_close()
        async with pairs() as (server, client):
            upgrading = client.start_tls(False, {}, "localhost")
            await asyncio.sleep(0.005)
            upgrading.cancel()
            assert await server.read_until_close()

    run(main)


def test_the_end_is_announced(run, certificates):
    async def main():
        left, right = socket.socketpair()
        server = SSLIOStream(
            ssl_wrap_socket(
                left, certificates.server(), server_side=True, do_handshake_on_connect=False
            )
        )
        # A peer that wants to know whether an answer was cut off.
        client = SSLIOStream(
            ssl_wrap_socket(
                right,
                certificates.client(),
                server_hostname="localhost",
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
        )
        await asyncio.gather(server.wait_for_handshake(), client.wait_for_handshake())
        await server.write(b"all")
        server.close()
        assert await client.read_until_close() == b"all"
        assert client.error is None

    run(main)


class Fussy:
    """A TLS socket whose next calls want the other direction first, as after a key update."""

    def __init__(self, sock):
        self._sock = sock
        self.wants_write = self.wants_read = 0

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def recv(self, count):
        if self.wants_write:
            self.wants_write -= 1
            raise ssl.SSLWantWriteError
        return self._sock.recv(count)

    def recv_into(self, memory):
        if self.wants_write:
            self.wants_write -= 1
            raise ssl.SSLWantWriteError
        return self._sock.recv_into(memory)

    def send(self, data):
        if self.wants_read:
            self.wants_read -= 1
            raise ssl.SSLWantReadError
        return self._sock.send(data)


def test_reads_that_want_to_write_and_writes_that_want_to_read(run, pairs):
    async def main():
        async with pairs("tls") as (server, client):
            server.socket = fussy = Fussy(server.socket)
            fussy.wants_write = 2
            await client.write(b"abcdef")
            assert await server.read_bytes(3) == b"abc"
            assert fussy.wants_write == 0
            fussy.wants_write = 1
            memory = bytearray(5)
            reading = server.read_into(memory)
            await client.write(b"gh")
            assert await reading == 5
            fussy.wants_read = 1
            writing = server.write(b"answer")
            await asyncio.sleep(0.005)
            assert not writing.done()
            assert not server._writer_on  # the loop would spin
            await client.write(b"x")
            await writing
            assert await client.read_bytes(6) == b"answer"
            assert await server.read_bytes(1) == b"x"

    run(main)


def test_many_small_records(run, pairs):
    async def main():
        async with pairs("tls") as (server, client):
            for i in range(500):
                client.write(b"%d\n" % i)
            for i in range(500):
                assert await server.read_until(b"\n") == b"%d\n" % i

    run(main)


def test_wrapping_a_connected_plain_socket_waits_for_connect(run_asyncio):
    async def main():
        stream = SSLIOStream(socket.socket())
        waiting = stream.wait_for_handshake()
        stream.close()
        with pytest.raises(StreamClosedError):
            await waiting

    run_asyncio(main)


def test_a_plain_stream_has_no_tls(run_asyncio, pairs):
    async def main():
        async with pairs() as (server, _):
            assert isinstance(server, IOStream)
            assert not hasattr(server, "wait_for_handshake")

    run_asyncio(main)


@pytest.mark.parametrize(
    ("sent", "level"),
    [
        (b"", "DEBUG"),
        (b"\x16\x03\x01", "DEBUG"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "DEBUG"),
        (b"\x16\x03\x01\x00\x05hello", "DEBUG"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "WARNING"),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", "WARNING"),
        (b"SSH-2.0-client\r\n", "WARNING"),
        (bytes(50), "WARNING"),
    ],
)
def test_what_peers_do_before_the_handshake_is_complete(
    run_asyncio, certificates, caplog, sent, level
):
    async def main():
        left, right = socket.socketpair()
        server = SSLIOStream(
            ssl_wrap_socket(
                left, certificates.server(), server_side=True, do_handshake_on_connect=False
            )
        )
        with right:
            right.sendall(sent)
            right.shutdown(socket.SHUT_WR)
            with pytest.raises(StreamClosedError) as caught:
                await server.wait_for_handshake()
            assert isinstance(caught.value, ssl.SSLError)

    with caplog.at_level("DEBUG", "tornado"):
        run_asyncio(main)
    records = [(r.levelname, r.name) for r in caplog.records if r.name.startswith("tornado")]
    assert records == [(level, "tornado.general")]


def test_clients_that_do_not_trust_the_server(run_asyncio, certificates, caplog):
    async def main():
        left, right = socket.socketpair()
        server = SSLIOStream(
            ssl_wrap_socket(
                left,
                certificates.server(certificates.other_cert_file),
                server_side=True,
                do_handshake_on_connect=False,
            )
        )
        client = SSLIOStream(
            ssl_wrap_socket(
                right,
                certificates.client(),
                server_hostname="localhost",
                do_handshake_on_connect=False,
            )
        )
        for stream in (client, server):
            with pytest.raises(ssl.SSLError):
                await stream.wait_for_handshake()

    run_asyncio(main)
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING"]
    assert all(r.getMessage().startswith("SSL Error on") for r in caplog.records)
