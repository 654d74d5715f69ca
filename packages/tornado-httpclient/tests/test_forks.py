"""A forked child leaves the connections of its parent alone and opens its own."""

import asyncio
import multiprocessing
import os
import socket
import ssl
import threading

import pytest

from tornado.httpclient import AsyncHTTPClient, HTTPClient
from tornado.ioloop import IOLoop

pytestmark = [
    pytest.mark.filterwarnings("error"),
    # The server's thread; nothing of it is used in the child.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

CURL = "tornado.curl_httpclient.CurlAsyncHTTPClient"
SIMPLE = "tornado.simple_httpclient.SimpleAsyncHTTPClient"


class EchoServer:
    """A server in threads that responds with the path, and counts what went wrong on connections."""

    def __init__(self, tls=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.tls = tls
        self.connections = 0
        self.ended = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock, self.connections), daemon=True).start()

    def serve(self, sock, number):
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with sock:
                data = b""
                while True:
                    while b"\r\n\r\n" not in data:
                        piece = sock.recv(65536)
                        if not piece:
                            return
                        data += piece
                    head, _, data = data.partition(b"\r\n\r\n")
                    path = head.split(b" ")[1]
                    sock.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(path) + path
                    )
        except OSError:
            pass
        finally:
            self.ended.append(number)


@pytest.fixture(params=["plain", "tls"])
def server(request):
    tls = None
    if request.param == "tls":
        trustme = pytest.importorskip("trustme")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    server = EchoServer(tls)
    yield server
    server.listener.close()


@pytest.fixture(params=[SIMPLE, CURL], ids=["simple", "curl"], autouse=True)
def implementation(request):
    saved = AsyncHTTPClient._save_configuration()
    AsyncHTTPClient.configure(request.param)
    yield request.param
    AsyncHTTPClient._restore_configuration(saved)


def in_child(work, *args):
    """Run ``work`` in a forked child; return the process's id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(*args)
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def wait_for(children):
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)


def expect(fetch, server, name):
    for number in range(3):
        path = f"/{name}/{number}"
        assert fetch(server.url + path, validate_cert=False).body.decode() == path


def test_blocking_client(server):
    client = HTTPClient()
    expect(client.fetch, server, "before")
    children = [in_child(expect, client.fetch, server, f"c{n}") for n in range(3)]
    expect(client.fetch, server, "parent")
    wait_for(children)
    expect(client.fetch, server, "after")
    # The parent went on with its first connection, which no child has ended.
    assert server.connections == 4
    assert 1 not in server.ended
    client.close()


def test_blocking_client_over_uvloop(server):
    pytest.importorskip("uvloop")
    saved = IOLoop._save_configuration()
    IOLoop.configure("uvloop")
    try:
        client = HTTPClient()
        expect(client.fetch, server, "before")
        children = [in_child(expect, client.fetch, server, f"c{n}") for n in range(3)]
        expect(client.fetch, server, "parent")
        wait_for(children)
        wait_for([in_child(client.close)])
        expect(client.fetch, server, "after")
        assert server.connections == 4
        assert 1 not in server.ended
        client.close()
    finally:
        IOLoop._restore_configuration(saved)


def test_asynchronous_client_on_a_loop_that_goes_on(server):
    loop = IOLoop(make_current=False)
    client = AsyncHTTPClient(loop, force_instance=True)

    def fetch(url, **kwargs):
        return loop.run_sync(lambda: client.fetch(url, **kwargs))

    expect(fetch, server, "before")
    children = [in_child(expect, fetch, server, f"c{n}") for n in range(3)]
    wait_for(children)
    expect(fetch, server, "after")
    assert server.connections == 4
    client.close()
    loop.close()


def test_child_with_a_loop_of_its_own(server):
    loop = asyncio.new_event_loop()
    client = AsyncHTTPClient(force_instance=True)

    async def fetch(name):
        for number in range(3):
            path = f"/{name}/{number}"
            response = await client.fetch(server.url + path, validate_cert=False)
            assert response.body.decode() == path

    loop.run_until_complete(fetch("before"))
    children = [in_child(lambda name: asyncio.run(fetch(name)), f"c{n}") for n in range(3)]
    wait_for(children)
    loop.run_until_complete(fetch("after"))
    assert server.connections == 4
    client.close()
    loop.close()


def test_multiprocessing(server):
    client = HTTPClient()
    expect(client.fetch, server, "before")
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=expect, args=(client.fetch, server, f"c{n}")) for n in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    expect(client.fetch, server, "after")
    assert server.connections == 3
    client.close()


def test_child_that_does_not_fetch_and_exits_in_order(server):
    """What the interpreter does at its end must not speak to the parent's peers either."""
    client = HTTPClient()
    expect(client.fetch, server, "before")
    child = os.fork()
    if child == 0:
        try:
            client.close()
        finally:
            os._exit(0)
    wait_for([child])
    expect(client.fetch, server, "after")
    assert server.connections == 1
    client.close()


def test_fetch_pending_at_the_fork_fails_in_the_child(implementation):
    silent = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    client = AsyncHTTPClient(force_instance=True)

    async def start():
        future = client.fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        await asyncio.sleep(0.01)
        return future

    future = loop.run_until_complete(start())

    def child():
        with pytest.raises(Exception, match="parent process"):
            loop.run_until_complete(asyncio.wait_for(future, 5))

    wait_for([in_child(child)])
    assert not future.done()
    client.close()
    with pytest.raises(Exception, match="closed"):
        loop.run_until_complete(future)
    loop.close()
    silent.close()
