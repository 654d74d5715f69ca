"""Resolvers: every kind gives the same answers, in both styles."""

import asyncio
import concurrent.futures
import socket

import pytest

from tornado.ioloop import IOLoop
from tornado.netutil import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ExecutorResolver,
    OverrideResolver,
    Resolver,
    ThreadedResolver,
)

KINDS = [
    Resolver,
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ThreadedResolver,
    ExecutorResolver,
    lambda: OverrideResolver(BlockingResolver(), {}),
]
EACH = pytest.mark.parametrize("make", KINDS)
LOCAL = (socket.AF_INET, ("127.0.0.1", 80))


@EACH
def test_awaited(run, make):
    async def main():
        resolver = make()
        assert LOCAL in await resolver.resolve("localhost", 80, socket.AF_UNSPEC)
        assert await resolver.resolve("127.0.0.1", 80, socket.AF_INET) == [LOCAL]
        assert await resolver.resolve("127.0.0.1", port=80) == [LOCAL]
        with pytest.raises(OSError):  # noqa: PT011 - every system words it differently
            await resolver.resolve("no..such", 80)
        resolver.close()

    run(main)


@EACH
def test_addresses_do_not_wait_for_names(run_asyncio, make, monkeypatch):
    """Whatever the lookups of names do to the threads."""
    asked = []

    def look_up(host, port, family=0, type=0, proto=0, flags=0):
        asked.append((host, flags))
        return found(host, port, family, type, proto, flags)

    found = socket.getaddrinfo

    async def main():
        resolver = make()
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        assert await resolver.resolve("127.0.0.1", 80) == [LOCAL]
        (entry,) = await resolver.resolve("::1", 80)
        assert entry == (socket.AF_INET6, ("::1", 80, 0, 0))
        assert asked == [
            ("127.0.0.1", socket.AI_NUMERICHOST),
            ("::1", socket.AI_NUMERICHOST),
        ]
        # What only looks like an address, or is of another family, is looked up and not found.
        for host, family in (("1.2.3.4.5", 0), ("1:2", 0), ("127.0.0.1", socket.AF_INET6)):
            with pytest.raises(OSError):  # noqa: PT011 - every system words it differently
                await resolver.resolve(host, 80, family)
        resolver.close()

    run_asyncio(main)


@EACH
def test_called_back(run_asyncio, make, caplog):
    async def main():
        resolver = make()
        future = asyncio.get_running_loop().create_future()
        assert resolver.resolve("127.0.0.1", 80, callback=future.set_result) is None
        assert not future.done()
        assert await future == [LOCAL]
        resolver.resolve("no..such", 80, callback=lambda result: pytest.fail("no such host"))
        for _ in range(100):
            await asyncio.sleep(0.002)
            if caplog.records:
                break
        resolver.close()

    run_asyncio(main)
    assert len(caplog.records) == 1


def test_the_configured_kind():
    assert Resolver.configurable_base() is Resolver
    assert Resolver.configurable_default() is DefaultLoopResolver
    saved = Resolver._save_configuration()
    try:
        Resolver.configure("tornado.netutil.ThreadedResolver", num_threads=2)
        resolver = Resolver()
        assert isinstance(resolver, ThreadedResolver)
        assert resolver.executor._max_workers in (2, 10)
    finally:
        Resolver._restore_configuration(saved)


def test_the_base_class_resolves_nothing(run_asyncio):
    class Nothing(Resolver):
        pass

    async def main():
        with pytest.raises(NotImplementedError):
            Nothing().resolve("localhost", 80)

    run_asyncio(main)


def test_override(run_asyncio):
    mapping = {
        ("google.com", 80): ("1.2.3.4", 8080),
        ("google.com", 80, socket.AF_INET): ("1.2.3.5", 80),
        "google.com": "1.2.3.6",
    }

    class Echo(Resolver):
        def resolve(self, host, port, family=socket.AF_UNSPEC, callback=None):
            future = asyncio.get_running_loop().create_future()
            future.set_result([(family, (host, port))])
            if callback is not None:
                callback(future.result())
            return future

        closed = False

        def close(self):
            self.closed = True

    async def main():
        inner = Echo()
        resolver = OverrideResolver(resolver=inner, mapping=mapping)
        assert await resolver.resolve("google.com", 80) == [(0, ("1.2.3.4", 8080))]
        assert await resolver.resolve("google.com", 80, socket.AF_INET) == [
            (socket.AF_INET, ("1.2.3.5", 80))
        ]
        assert await resolver.resolve("google.com", 81) == [(0, ("1.2.3.6", 81))]
        got = []
        resolver.resolve("other", 1, callback=got.append)
        assert got == [[(0, ("other", 1))]]
        resolver.close()
        assert inner.closed

    run_asyncio(main)


def test_executor_resolver_closes_its_executor(run_asyncio):
    async def main():
        executor = concurrent.futures.ThreadPoolExecutor(1)
        resolver = ExecutorResolver(executor=executor)
        assert await resolver.resolve("127.0.0.1", 80) == [LOCAL]
        resolver.close()
        with pytest.raises(RuntimeError):
            executor.submit(int)
        with pytest.raises(RuntimeError, match="closed"):
            resolver.resolve("127.0.0.1", 80)
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            resolver = ExecutorResolver(executor, False)  # as releases without io_loop have it
            resolver.close()
            assert executor.submit(int).result() == 0

    run_asyncio(main)


def test_positions_of_the_old_releases(run_asyncio):
    async def main():
        loop = IOLoop.current()
        for resolver in (
            BlockingResolver(loop),
            ThreadedResolver(loop, 3),
            ThreadedResolver(3),
            ThreadedResolver(io_loop=loop),
            Resolver(io_loop=loop),
        ):
            assert await resolver.resolve("127.0.0.1", 80) == [LOCAL]

    run_asyncio(main)


@EACH
@pytest.mark.parametrize("host", [b"127.0.0.1", b"localhost"])
def test_names_as_bytes(run, make, host):
    """Every release took them, and handed them to the system."""

    async def main():
        resolver = make()
        assert LOCAL in await resolver.resolve(host, 80, socket.AF_INET)
        resolver.close()

    run(main)


@EACH
@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".invalid", "xn--\xe9"])
def test_names_that_nobody_can_be_asked_for(run, make, host):
    """Released versions let the `UnicodeError` out where the name cannot be encoded."""

    async def main():
        resolver = make()
        with pytest.raises(socket.gaierror) as caught:
            await resolver.resolve(host, 80)
        assert isinstance(caught.value, UnicodeError)
        assert f"{host}:80" in str(caught.value)
        assert type(caught.value).__name__ == "gaierror"
        resolver.close()

    run(main)
