"""No descriptors left: who is connected is served, the rest waits without a busy loop, and it passes."""

from __future__ import annotations

import os
import socket
import time

import pytest

SERVER = r"""
import asyncio, logging, os, resource, sys
import tornado.web
from tornado.httpclient import AsyncHTTPClient

logging.basicConfig(format="%(name)s %(levelname)s %(message)s", level=logging.INFO)

class Main(tornado.web.RequestHandler):
    def get(self):
        self.write("hi")

class File(tornado.web.RequestHandler):
    def get(self):
        with open(os.__file__) as file:
            self.write(file.read(10))

class Fetch(tornado.web.RequestHandler):
    async def get(self):
        try:
            response = await AsyncHTTPClient().fetch(self.get_argument("url"))
            self.write(response.body)
        except Exception as error:
            self.write("%s: %s" % (type(error).__name__, error))

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    app = tornado.web.Application([
        ("/", Main), ("/file", File), ("/fetch", Fetch),
        ("/static/(.*)", tornado.web.StaticFileHandler, {"path": os.path.dirname(os.__file__)})])
    app.listen(int(sys.argv[1]), "127.0.0.1", backlog=512)
    AsyncHTTPClient()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def crowd(program, unused_port, peer, until):
    """A server that allows itself 64 descriptors, one connection of ours, and 100 more than it takes."""
    port = unused_port()
    server = program("-c", SERVER, str(port))
    server.wait_for("(ready)")
    before = server.state("descriptors")
    first = peer(port)
    assert first.get("/") == (200, b"hi")
    assert first.get("/fetch?url=http://127.0.0.1:1/")[1].startswith(b"ConnectionRefusedError")
    others = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(160)]
    until(lambda: server.state("descriptors") == 64)
    yield server, port, first, others, before
    for each in others:
        each.close()


def test_a_server_out_of_descriptors(crowd, until, peer):
    server, port, first, others, before = crowd
    # It waits rather than spins, and serves whom it has.
    used = server.state("clock_ticks")
    began = time.monotonic()
    for _ in range(10):
        assert first.get("/") == (200, b"hi")
        time.sleep(0.1)
    elapsed = time.monotonic() - began
    seconds = (server.state("clock_ticks") - used) / os.sysconf("SC_CLK_TCK")
    assert seconds < elapsed / 2, "it spins"
    assert len(server.found("(Cannot accept)")) == 1
    others[0].sendall(REQUEST)
    assert others[0].recv(1000).endswith(b"hi")
    # What a handler cannot open is its own error.
    assert first.get("/file")[0] == 500
    assert first.get("/static/abc.py")[0] in (500, 503)
    assert first.get("/") == (200, b"hi")
    # Those in the queue get their turn as others leave, and then all is as before.
    others[-1].sendall(REQUEST)
    others[-1].settimeout(0.3)
    with pytest.raises(TimeoutError):
        others[-1].recv(1000)
    for each in others[:-1]:
        each.close()
    others[-1].settimeout(20)
    assert others[-1].recv(1000).endswith(b"hi")
    server.wait_for("(Accepting connections again)")
    with peer(port) as late:
        assert late.get("/static/abc.py")[0] == 200
    others[-1].close()
    first.close()
    until(lambda: server.state("descriptors") <= before)
    assert len(server.found("(Cannot accept)")) == 1
    assert len(server.found("(Traceback)")) <= 2, "one for each handler that failed"


def test_a_client_out_of_descriptors(crowd, until):
    server, port, first, others, _ = crowd
    url = f"/fetch?url=http://127.0.0.1:{port}/"
    for _ in range(3):
        status, told = first.get(url)
        assert (status, told.partition(b":")[0]) == (200, b"OSError")
        assert b"Too many open files" in told
    for each in others:
        each.close()
    until(lambda: first.get(url) == (200, b"hi"))
    assert server.found("(Traceback|never retrieved|Exception)") == []
