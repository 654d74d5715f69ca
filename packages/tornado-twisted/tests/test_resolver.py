"""`TwistedResolver` against a name server of Twisted."""

import asyncio
import errno
import socket

import pytest
from twisted.internet import defer
from twisted.names import dns, server
from twisted.names.error import DomainError

from tornado.netutil import Resolver
from tornado.platform.twisted import TwistedResolver


class Zone:
    """Answers a few names, and nothing to one."""

    RECORDS = {
        (b"both.test", dns.A): [dns.Record_A("192.0.2.1"), dns.Record_A("192.0.2.2")],
        (b"both.test", dns.AAAA): [dns.Record_AAAA("2001:db8::1")],
        (b"four.test", dns.A): [dns.Record_A("192.0.2.4")],
        (b"four.test", dns.AAAA): [],
        (b"alias.test", dns.A): [dns.Record_CNAME("four.test")],
        (b"alias.test", dns.AAAA): [],
        (b"loop.test", dns.A): [dns.Record_CNAME("loop.test")],
        (b"loop.test", dns.AAAA): [],
    }

    def query(self, query, timeout=None):
        name = query.name.name
        if name == b"silent.test":
            return defer.Deferred()
        found = self.RECORDS.get((name.lower(), query.type))
        if found is None:
            return defer.fail(DomainError(name))
        headers = [dns.RRHeader(name, record.TYPE, ttl=60, payload=record) for record in found]
        return defer.succeed((headers, [], []))


@pytest.fixture
def resolver(io_loop, reactor, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.9 hosted.test\n")
    factory = server.DNSServerFactory(clients=[Zone()])
    port = reactor.listenUDP(0, dns.DNSDatagramProtocol(factory, reactor), interface="127.0.0.1")
    made = TwistedResolver(servers=[("127.0.0.1", port.getHost().port)], hosts=str(hosts))
    yield made
    made.close()
    made.close()
    io_loop.run_sync(port.stopListening)


@pytest.mark.parametrize(
    ("host", "family", "expected"),
    [
        ("192.0.2.7", socket.AF_UNSPEC, [(socket.AF_INET, ("192.0.2.7", 80))]),
        ("::1", socket.AF_UNSPEC, [(socket.AF_INET6, ("::1", 80, 0, 0))]),
        ("four.test", socket.AF_UNSPEC, [(socket.AF_INET, ("192.0.2.4", 80))]),
        ("alias.test", socket.AF_UNSPEC, [(socket.AF_INET, ("192.0.2.4", 80))]),
        ("hosted.test", socket.AF_INET, [(socket.AF_INET, ("192.0.2.9", 80))]),
        ("both.test", socket.AF_INET6, [(socket.AF_INET6, ("2001:db8::1", 80, 0, 0))]),
        (
            "both.test",
            socket.AF_UNSPEC,
            [
                (socket.AF_INET, ("192.0.2.1", 80)),
                (socket.AF_INET, ("192.0.2.2", 80)),
                (socket.AF_INET6, ("2001:db8::1", 80, 0, 0)),
            ],
        ),
    ],
)
def test_addresses(io_loop, resolver, host, family, expected):
    found = io_loop.run_sync(lambda: resolver.resolve(host, 80, family), timeout=10)
    assert sorted(found) == expected


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("absent.test", socket.AF_UNSPEC),
        ("four.test", socket.AF_INET6),
        ("loop.test", socket.AF_INET),
        ("192.0.2.7", socket.AF_INET6),
        ("four.test", 99),
    ],
)
def test_what_cannot_be_resolved(io_loop, resolver, host, family):
    with pytest.raises(OSError, match=host):
        io_loop.run_sync(lambda: resolver.resolve(host, 80, family), timeout=10)


def test_cancelling_gives_up(io_loop, resolver):
    async def main():
        future = resolver.resolve("silent.test", 80)
        await asyncio.sleep(0.001)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future

    io_loop.run_sync(main)


@pytest.mark.parametrize("count", [1, 3])
def test_close_ends_what_is_pending(io_loop, resolver, count):
    async def main():
        futures = [resolver.resolve("silent.test", 80) for _ in range(count)]
        await asyncio.sleep(0.01)
        resolver.close()
        return await asyncio.gather(*futures, return_exceptions=True)

    failures = io_loop.run_sync(main, timeout=5)
    assert [type(failure) for failure in failures] == [OSError] * count
    assert {failure.errno for failure in failures} == {errno.ECANCELED}
    assert "silent.test" in str(failures[0])


def test_one_resolver_in_several_loops(tmp_path):
    """It is made without a loop, and used in one after another."""
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.9 hosted.test\n")
    made = TwistedResolver(hosts=str(hosts), servers=[("127.0.0.1", 9)])
    reactors = []

    async def main():
        reactors.append(made.reactor)
        assert made.reactor is reactors[-1]
        assert made.resolver.resolvers
        return await made.resolve("hosted.test", 80, socket.AF_INET)

    assert [asyncio.run(main()) for _ in range(3)] == [[(socket.AF_INET, ("192.0.2.9", 80))]] * 3
    assert len(set(map(id, reactors))) == 3
    assert len(made._stubs) == 1
    made.close()


def test_port_as_text_and_an_io_loop_attribute_of_ones_own(io_loop, resolver):
    resolver.io_loop = "not ours"
    found = io_loop.run_sync(lambda: resolver.resolve("four.test", "80", socket.AF_INET))
    assert found == [(socket.AF_INET, ("192.0.2.4", 80))]


def test_callback(io_loop, resolver):
    found = []

    def done(addresses):
        found.extend(addresses)
        io_loop.stop()

    assert resolver.resolve("four.test", 80, socket.AF_INET, callback=done) is None
    io_loop.start()
    assert found == [(socket.AF_INET, ("192.0.2.4", 80))]


def test_configured_by_name(io_loop):
    Resolver.configure("tornado.platform.twisted.TwistedResolver")
    try:
        made = Resolver(io_loop=io_loop)
        assert isinstance(made, TwistedResolver)
        made.close()
        with pytest.raises(RuntimeError):
            made.resolve("localhost", 80)
    finally:
        Resolver.configure(None)
