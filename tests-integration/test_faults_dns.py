"""Names that cannot be looked up, or lead to what is dead: clear errors in time, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import struct
import threading
import time

import pytest

import tornado.util
import tornado.web
from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    OverrideResolver,
    ThreadedResolver,
    bind_sockets,
)
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.tcpclient import TCPClient

KINDS = {
    "loop": DefaultLoopResolver,
    "executor": DefaultExecutorResolver,
    "threaded": ThreadedResolver,
    "blocking": BlockingResolver,
    "override": lambda: OverrideResolver(ThreadedResolver(), {"alias.test": "name.test"}),
}


class Names:
    """What ``socket.getaddrinfo`` finds in these tests: addresses, an error, or nothing for a while."""

    def __init__(self) -> None:
        self.table: dict[str, object] = {}
        self.release = threading.Event()
        self._look_up = socket.getaddrinfo

    def __call__(self, host, port, family=0, type=0, proto=0, flags=0):
        found = self.table.get(host)
        if found is None:
            return self._look_up(host, port, family, type, proto, flags)
        if found is self.release:
            self.release.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if isinstance(found, Exception):
            raise found.__class__(*found.args)
        return [(kind, type, proto, "", (address, port)) for kind, address in found]


@pytest.fixture
def names(monkeypatch):
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    yield names
    names.release.set()


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hi")


@contextlib.asynccontextmanager
async def serving(resolver):
    """Give a port that answers "hi" and two clients that resolve so; nothing is left afterwards."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, time.sleep, 0)  # its first thread stays
    app = tornado.web.Application([("/", Hello)])
    (listener,) = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(app)
    server.add_socket(listener)
    tasks, descriptors = len(asyncio.all_tasks()), open_descriptors()
    client = AsyncHTTPClient(force_instance=True, resolver=resolver)
    try:
        yield listener.getsockname()[1], client, TCPClient(resolver)
    finally:
        client.close()
        resolver.close()
        await server.close_all_connections()
        for _ in range(500):
            if len(asyncio.all_tasks()) <= tasks and open_descriptors() <= descriptors:
                break
            await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) <= tasks
        assert open_descriptors() <= descriptors
        server.stop()


def open_descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


LIVE = [(socket.AF_INET, "127.0.0.1")]
ERRORS = {
    "unknown": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    "temporary": socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    "too long": UnicodeError("label too long"),
}


@pytest.mark.parametrize("error", list(ERRORS.values()), ids=list(ERRORS))
@pytest.mark.parametrize("kind", list(KINDS))
def test_errors_and_recovery(names, kind, error):
    async def main():
        async with serving(KINDS[kind]()) as (port, client, tcp_client):
            host = "alias.test" if kind == "override" else "name.test"
            names.table["name.test"] = error
            for _ in range(3):
                with pytest.raises(socket.gaierror) as caught:
                    await client.fetch(f"http://{host}:{port}/")
                if isinstance(error, socket.gaierror):
                    assert caught.value.args == error.args
                with pytest.raises(socket.gaierror):
                    await tcp_client.connect(host, port)
            many = [client.fetch(f"http://{host}:{port}/") for _ in range(30)]
            errors = await asyncio.gather(*many, return_exceptions=True)
            assert all(isinstance(each, socket.gaierror) for each in errors)
            names.table["name.test"] = LIVE
            assert (await client.fetch(f"http://{host}:{port}/")).body == b"hi"
            (await tcp_client.connect(host, port)).close()

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["loop", "executor", "threaded", "override"])
def test_a_name_server_that_does_not_answer(names, kind):
    async def main():
        async with serving(KINDS[kind]()) as (port, client, tcp_client):
            names.table["name.test"] = names.release
            began = time.monotonic()
            hanging = [
                client.fetch(f"http://name.test:{port}/", connect_timeout=0.3) for _ in range(10)
            ]
            connecting = [tcp_client.connect("name.test", port, timeout=0.3) for _ in range(40)]
            waiting = asyncio.gather(*hanging, *connecting, return_exceptions=True)
            await asyncio.sleep(0.05)
            # All threads wait for names; who names an address does not, with another client.
            other = AsyncHTTPClient(force_instance=True)
            assert (await other.fetch(f"http://127.0.0.1:{port}/")).body == b"hi"
            other.close()
            errors = await waiting
            assert time.monotonic() - began < 10
            assert {type(error) for error in errors[:10]} == {HTTPTimeoutError}
            assert "Timeout while resolving name.test" in str(errors[0])
            assert all(isinstance(error, HTTPError) and error.code == 599 for error in errors[:10])
            assert {type(error) for error in errors[10:]} == {tornado.util.TimeoutError}
            names.table["name.test"] = LIVE
            names.release.set()
            assert (await client.fetch(f"http://name.test:{port}/")).body == b"hi"

    asyncio.run(main())


@contextlib.contextmanager
def silent(family: socket.AddressFamily, address: str, port: int = 0):
    """Give a port at which connecting gets no answer: its queue is full and nobody accepts."""
    with socket.socket(family) as listener, contextlib.ExitStack() as queued:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(20):
            waiting = queued.enter_context(socket.socket(family))
            waiting.settimeout(0.05)
            try:
                waiting.connect(listener.getsockname()[:2])
            except TimeoutError:
                break
        else:
            pytest.fail("the queue does not fill")
        yield listener.getsockname()[1]


@pytest.mark.parametrize("kind", ["loop", "override"])
def test_dead_addresses_before_a_live_one(names, kind):
    async def main():
        async with serving(KINDS[kind]()) as (port, client, tcp_client):
            v4 = socket.AF_INET
            # Nobody listens on the first: refused at once.
            names.table["name.test"] = [(v4, "127.0.0.3"), (v4, "127.0.0.4"), *LIVE]
            assert (await client.fetch(f"http://name.test:{port}/")).body == b"hi"
            # The first does not answer at all.
            with silent(v4, "127.0.0.2", port):
                names.table["name.test"] = [(v4, "127.0.0.2"), *LIVE]
                response = await client.fetch(f"http://name.test:{port}/?again", connect_timeout=9)
                assert response.body == b"hi"
                stream = await tcp_client.connect("name.test", port, timeout=9)
                assert stream.socket.getpeername()[0] == "127.0.0.1"
                stream.close()
                # Nobody answers: the time is bounded.
                names.table["name.test"] = [(v4, "127.0.0.2")]
                with pytest.raises(tornado.util.TimeoutError):
                    await tcp_client.connect("name.test", port, timeout=0.1)
            names.table["name.test"] = [(v4, "127.0.0.3"), (v4, "127.0.0.4")]
            with pytest.raises(ConnectionRefusedError):
                await tcp_client.connect("name.test", port)

    asyncio.run(main())


def test_the_other_family(names):
    """IPv6 first, as most systems have it, where IPv6 leads nowhere."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("needs IPv6 on the loopback interface")

    async def main():
        async with serving(DefaultLoopResolver()) as (port, client, tcp_client):
            names.table["name.test"] = [(socket.AF_INET6, "::1"), *LIVE]
            assert (await client.fetch(f"http://name.test:{port}/")).body == b"hi"
            with silent(socket.AF_INET6, "::1", port):
                stream = await tcp_client.connect("name.test", port, timeout=9)
                assert stream.socket.family == socket.AF_INET
                stream.close()

    asyncio.run(main())


class NameServer(asyncio.DatagramProtocol):
    """A name server that answers with an address, with a failure, with nonsense, or not at all."""

    does = "answer"

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        (kind,) = struct.unpack("!H", question[-4:-2])
        answers = b""
        if self.does == "answer" and kind == 1:
            answers = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton("127.0.0.1")
        flags = {"answer": 0x8180, "fail": 0x8182, "refuse": 0x8185}.get(self.does)
        if flags is not None:
            head = data[:2] + struct.pack("!HHHHH", flags, 1, bool(answers), 0, 0)
            self.transport.sendto(head + question + answers, address)
        elif self.does == "garble":
            self.transport.sendto(os.urandom(40), address)
            self.transport.sendto(data[:2] + b"\x81\x80" + b"\xff" * 20, address)


def test_cares_with_a_name_server_of_all_sorts():
    pytest.importorskip("pycares", reason="needs pycares: install tornado-iostream[cares]")
    from tornado.platform.caresresolver import CaresResolver

    async def main():
        loop = asyncio.get_running_loop()
        transport, name_server = await loop.create_datagram_endpoint(
            NameServer, local_addr=("127.0.0.1", 0)
        )
        resolver = CaresResolver(
            IOLoop.current(), servers=["127.0.0.1"], timeout=0.1, tries=2,
            udp_port=transport.get_extra_info("sockname")[1],
        )  # fmt: skip
        async with serving(resolver) as (port, client, tcp_client):
            for number, does in enumerate(("silent", "fail", "refuse", "garble")):
                name_server.does = does
                began = time.monotonic()
                with pytest.raises(OSError, match=f"C-Ares.*while resolving name{number}.test"):
                    await client.fetch(f"http://name{number}.test:{port}/")
                with pytest.raises(OSError, match="C-Ares"):
                    await tcp_client.connect(f"name{number}.test", port)
                assert time.monotonic() - began < 15
                # Whoever has less time than that waits no longer, unless c-ares gives up before.
                if does == "silent":
                    with pytest.raises((HTTPTimeoutError, OSError)):
                        await client.fetch(f"http://other.test:{port}/", connect_timeout=0.05)
                    with pytest.raises((tornado.util.TimeoutError, OSError)):
                        await tcp_client.connect("other.test", port, timeout=0.05)
                name_server.does = "answer"
                url = f"http://good{number}.test:{port}/"
                assert (await client.fetch(url)).body == b"hi"
        transport.close()
        await asyncio.sleep(0)

    asyncio.run(main())
