"""The c-ares resolver, against a name server of the test's own."""

import asyncio
import socket
import struct

import pytest

from tornado.ioloop import IOLoop
from tornado.netutil import Resolver

pytest.importorskip("pycares")

from tornado.platform.caresresolver import CaresResolver

A, AAAA = 1, 28


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA questions from a table; is silent about ``silent.test``."""

    table = {
        (b"host.test", A): socket.inet_aton("192.0.2.7"),
        (b"host.test", AAAA): socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
        (b"four.test", A): socket.inet_aton("192.0.2.8"),
    }

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        name = b".".join(labels).lower()
        (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
        if name == b"silent.test":
            return
        known = any(key[0] == name for key in self.table)
        value = self.table.get((name, kind))
        flags = 0x8180 if known else 0x8183
        head = data[:2] + struct.pack("!HHHHH", flags, 1, 1 if value else 0, 0, 0)
        answer = head + data[12 : at + 5]
        if value:
            answer += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(value)) + value
        self.transport.sendto(answer, address)


async def until_it_answers(port):
    """Ask the name server by hand, so that what fails later is not the road to it."""
    question = b"\0\7\1\0\0\1\0\0\0\0\0\0\4four\4test\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(("127.0.0.1", port))
        sock.send(question)
        answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 512), 5)
    assert answer.endswith(socket.inet_aton("192.0.2.8"))


@pytest.fixture
def resolving(run_asyncio):
    """Run a function with a resolver that asks the test's name server."""

    def run(function, **options):
        async def main():
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                NameServer, local_addr=("127.0.0.1", 0)
            )
            port = transport.get_extra_info("sockname")[1]
            await until_it_answers(port)
            # Without `lookups`: pycares frees that text before c-ares reads it.
            resolver = CaresResolver(
                servers=["127.0.0.1"], udp_port=port, **{"tries": 3, **options}
            )
            try:
                await function(resolver)
            finally:
                resolver.close()
                transport.close()
                await asyncio.sleep(0.01)

        run_asyncio(main)

    return run


FOUR = (socket.AF_INET, ("192.0.2.7", 80))


def test_families(resolving):
    async def main(resolver):
        found = await resolver.resolve("host.test", 80)
        assert FOUR in found
        six = [address[:2] for family, address in found if family == socket.AF_INET6]
        assert six == [("2001:db8::7", 80)]
        assert await resolver.resolve("host.test", 80, socket.AF_INET) == [FOUR]
        assert await resolver.resolve("four.test", 1) == [(socket.AF_INET, ("192.0.2.8", 1))]

    resolving(main)


def test_addresses_need_no_server(resolving):
    async def main(resolver):
        assert await resolver.resolve("127.0.0.1", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]
        found = await resolver.resolve("::1", 80)
        assert [(family, address[:2]) for family, address in found] == [
            (socket.AF_INET6, ("::1", 80))
        ]

    resolving(main)


def test_many_at_once(resolving):
    async def main(resolver):
        found = await asyncio.gather(
            *(resolver.resolve("host.test", 80, socket.AF_INET) for _ in range(20))
        )
        assert found == [[FOUR]] * 20

    resolving(main)


def test_unknown_names(resolving):
    async def main(resolver):
        with pytest.raises(OSError, match=r"C-Ares returned error.*nowhere.test"):
            await resolver.resolve("nowhere.test", 80)

    resolving(main)


def test_callbacks(resolving):
    async def main(resolver):
        future = asyncio.get_running_loop().create_future()
        assert resolver.resolve("host.test", 80, socket.AF_INET, future.set_result) is None
        assert await future == [FOUR]

    resolving(main)


def test_a_server_that_does_not_answer(resolving):
    async def main(resolver):
        with pytest.raises(OSError, match="silent"):
            await resolver.resolve("silent.test", 80, socket.AF_INET)

    resolving(main, timeout=0.05, tries=1)


def test_closing_and_cancelling(resolving):
    async def main(resolver):
        pending = resolver.resolve("silent.test", 80, socket.AF_INET)
        cancelled = resolver.resolve("silent.test", 80, socket.AF_INET)
        cancelled.cancel()
        resolver.close()
        resolver.close()
        with pytest.raises(OSError, match="silent"):
            await pending
        with pytest.raises(RuntimeError, match="closed"):
            resolver.resolve("host.test", 80)

    resolving(main)


def test_as_the_configured_resolver(run_asyncio):
    async def main():
        saved = Resolver._save_configuration()
        try:
            Resolver.configure("tornado.platform.caresresolver.CaresResolver")
            resolver = Resolver(io_loop=IOLoop.current())
            assert isinstance(resolver, CaresResolver)
            resolver.close()
        finally:
            Resolver._restore_configuration(saved)
        await asyncio.sleep(0.01)

    run_asyncio(main)
