"""Servers on loopback addresses whose loops notice what is left behind, and plain sockets to talk to them."""

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass

import pytest
import trustme

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets


def _descriptors():
    try:
        return sorted(
            (int(name), os.readlink(f"/proc/self/fd/{name}"))
            for name in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{name}")
        )
    except OSError:
        return []


@pytest.fixture
def run():
    """Run a coroutine function on a new loop; fail on tasks, descriptors or errors left behind."""

    def runner(function, *args, timeout=10):
        before = _descriptors()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        problems = []
        loop.set_exception_handler(lambda _, context: problems.append(context))

        async def main():
            result = await asyncio.wait_for(function(*args), timeout)
            for _ in range(10):  # what is scheduled already may finish
                await asyncio.sleep(0)
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert left == []
            return result

        try:
            result = loop.run_until_complete(main())
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()
        assert problems == []
        assert _descriptors() == before
        return result

    return runner


@dataclass
class Running:
    """A server that listens, and how to reach it."""

    server: HTTPServer
    port: int

    async def exchange(self, *pieces, tls=None):
        """Send `pieces` on a connection of its own; return all that comes back until it closes."""
        options = {"ssl": tls, "server_hostname": "localhost"} if tls is not None else {}
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, **options)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.005 if len(pieces) > 1 else 0)
            return await asyncio.wait_for(reader.read(), 5)
        finally:
            writer.close()

    async def stop(self):
        """Stop accepting and close all connections."""
        self.server.stop()
        await self.server.close_all_connections()


@pytest.fixture
def listen():
    """Return a function that starts a server for `app` on a free port."""

    def start(app, server_class=HTTPServer, **options):
        server = server_class(app, **options)
        (listener,) = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        server.add_sockets([listener])
        return Running(server, listener.getsockname()[1])

    return start


@dataclass
class Certificates:
    """An authority, what it signed, and contexts of both sides."""

    options: dict
    authority_file: str
    client_file: str

    def client(self, with_certificate=False):
        """Return the context of a client that trusts the authority."""
        context = ssl.create_default_context(cafile=self.authority_file)
        if with_certificate:
            context.load_cert_chain(self.client_file)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Certificates for ``localhost`` and for a client, of an authority made on the fly."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert("localhost", "127.0.0.1")
    server.private_key_pem.write_to_path(str(folder / "key.pem"))
    for blob in server.cert_chain_pems:
        blob.write_to_path(str(folder / "cert.pem"), append=True)
    client = authority.issue_cert("client@example.org", common_name="client")
    client.private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    return Certificates(
        {"certfile": str(folder / "cert.pem"), "keyfile": str(folder / "key.pem")},
        str(folder / "ca.pem"),
        str(folder / "client.pem"),
    )
