"""Loops that notice what is left behind, pairs of connected streams, certificates made on the fly."""

import asyncio
import contextlib
import datetime
import functools
import os
import socket
import ssl
from dataclasses import dataclass

import pytest
import trustme

from tornado._iostream.core import StreamCore
from tornado._iostream.state import TRANSITIONS
from tornado.iostream import IOStream, SSLIOStream
from tornado.netutil import bind_sockets, ssl_wrap_socket


class _CheckedState:
    """Stands in for the slot that holds a stream's state: only changes of the table are let in."""

    def __init__(self, slot):
        self.slot = slot

    def __get__(self, stream, owner=None):
        return self if stream is None else self.slot.__get__(stream, owner)

    def __set__(self, stream, state):
        try:
            before = self.slot.__get__(stream)
        except AttributeError:
            before = None  # a new stream
        assert before is None or state in TRANSITIONS[before], f"{before} to {state}"
        self.slot.__set__(stream, state)


@pytest.fixture(scope="session", autouse=True)
def only_changes_of_the_table():
    slot = StreamCore.__dict__["_state"]
    StreamCore._state = _CheckedState(slot)
    yield
    StreamCore._state = slot


def _descriptors():
    try:
        return sorted(
            (int(name), os.readlink(f"/proc/self/fd/{name}"))
            for name in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{name}")
        )
    except OSError:
        return []


@functools.cache
def _loop_factory(name):
    if name != "uvloop":
        return asyncio.new_event_loop
    factory = pytest.importorskip("uvloop").new_event_loop
    loop = factory()  # the first one opens a pipe for signals that stays for all
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    return factory


def _run(factory, function, *args, timeout=10):
    before = _descriptors()
    loop = factory()
    asyncio.set_event_loop(loop)
    problems = []
    loop.set_exception_handler(lambda _, context: problems.append(context))

    async def main():
        await asyncio.wait_for(function(*args), timeout)
        for _ in range(10):  # what is scheduled already may finish
            await asyncio.sleep(0)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    try:
        left = loop.run_until_complete(main())
        assert left == []
        readers = getattr(loop, "_selector", None)
        if readers is not None:
            # The loop's own wake-up pipe is the only thing it may still watch.
            assert len(readers.get_map()) == 1
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
    assert problems == []
    assert _descriptors() == before


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Run a coroutine function on a new loop; fail on tasks, watched files or descriptors left."""
    factory = _loop_factory(request.param)
    return lambda function, *args, **kwargs: _run(factory, function, *args, **kwargs)


@pytest.fixture
def run_asyncio():
    """As `run`, on asyncio's own loop only: for cases where the loop makes no difference."""
    return lambda function, *args, **kwargs: _run(asyncio.new_event_loop, function, *args, **kwargs)


@dataclass
class Certificates:
    """An authority, what it signed, and contexts of both sides that use it."""

    authority_file: str
    cert_file: str
    key_file: str
    client_cert_file: str
    other_cert_file: str
    expired_cert_file: str

    def server(self, cert_file=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert_file or self.cert_file)
        return context

    def client(self):
        return ssl.create_default_context(cafile=self.authority_file)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)

    def write(name, blob):
        path = folder / name
        blob.write_to_path(str(path))
        return str(path)

    def whole(name, leaf):
        path = folder / name
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)

    leaf = authority.issue_cert("localhost", "127.0.0.1", "::1", key_type=trustme.KeyType.ECDSA)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    expired = authority.issue_cert(
        "localhost", not_before=past, not_after=past + datetime.timedelta(days=1)
    )
    key = write("key.pem", leaf.private_key_pem)
    chain = folder / "cert.pem"
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(str(chain), append=True)
    both = folder / "both.pem"
    both.write_bytes(chain.read_bytes() + (folder / "key.pem").read_bytes())
    stranger = trustme.CA(key_type=trustme.KeyType.ECDSA)
    return Certificates(
        authority_file=write("authority.pem", authority.cert_pem),
        cert_file=str(both),
        key_file=key,
        client_cert_file=whole("client.pem", authority.issue_cert("client@example.com")),
        other_cert_file=whole("other.pem", stranger.issue_cert("localhost")),
        expired_cert_file=whole("expired.pem", expired),
    )


class Pairs:
    """Makes pairs of connected streams, server side first."""

    def __init__(self, certificates):
        self.certificates = certificates

    @contextlib.asynccontextmanager
    async def __call__(self, kind="plain", **kwargs):
        left, right = await getattr(self, f"_{kind}")(kwargs)
        try:
            yield left, right
        finally:
            left.close()
            right.close()
            await asyncio.sleep(0)

    async def _plain(self, kwargs):
        left, right = socket.socketpair()
        return IOStream(left, **kwargs), IOStream(right, **kwargs)

    async def _tcp(self, kwargs):
        (listener,) = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        with listener:
            client = socket.create_connection(listener.getsockname())
            listener.setblocking(True)
            server, _ = listener.accept()
        # Loopback would take megabytes otherwise, and nothing would ever queue.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        return IOStream(server, **kwargs), IOStream(client, **kwargs)

    async def _tls(self, kwargs):
        left, right = socket.socketpair()
        server = SSLIOStream(
            ssl_wrap_socket(
                left, self.certificates.server(), server_side=True, do_handshake_on_connect=False
            ),
            **kwargs,
        )
        client = SSLIOStream(
            ssl_wrap_socket(
                right,
                self.certificates.client(),
                server_hostname="localhost",
                do_handshake_on_connect=False,
            ),
            **kwargs,
        )
        await asyncio.gather(server.wait_for_handshake(), client.wait_for_handshake())
        return server, client


@pytest.fixture(scope="session")
def pairs(certificates):
    return Pairs(certificates)
