"""A kept connection is looked at before each reuse: what nobody asked for is nobody's response."""

import time

import pytest

from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.tcpserver import TCPServer

pytestmark = pytest.mark.filterwarnings("error")

UNSOLICITED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Late:
    """A server in a thread's loop of its own would do; here the kernel is the one who waits.

    It answers, then sends ``late`` on the same connection while the client's loop is blocked.
    """

    def __init__(self, receive, respond, late):
        self.receive, self.respond, self.late = receive, respond, late
        self.writers = []

    async def handle(self, reader, writer):
        self.writers.append(writer)
        while (await self.receive(reader)) is not None:
            writer.write(self.respond(body=b"right"))
            await writer.drain()

    def send_late(self):
        # Straight into the kernel, without a turn of the loop.
        sock = self.writers[0].get_extra_info("socket")
        if self.late is None:
            sock._sock.shutdown(1)
        else:
            sock._sock.send(self.late)
        time.sleep(0.01)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("late", [UNSOLICITED, TIMED_OUT, b"\n", None])
def test_what_arrived_before_a_request_is_no_response(
    run, make_client, serve_raw, receive, respond, method, late
):
    server_side = Late(receive, respond, late)
    body = b"" if method in ("PUT", "POST") else None

    async def main():
        async with serve_raw(server_side.handle) as server, make_client() as client:
            assert (await client.fetch(server.url)).body == b"right"
            server_side.send_late()
            response = await client.fetch(server.url, method=method, body=body)
            assert response.code == 200
            assert response.body == (b"" if method == "HEAD" else b"right")
            assert server.connections == 2

    run(main)


def test_a_quiet_connection_is_used_again(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            for method in ("GET", "PUT", "GET", "POST", "DELETE"):
                body = b"" if method in ("PUT", "POST") else None
                await client.fetch(server.url, method=method, body=body)
            assert server.connections == 1

    run(main)


@pytest.mark.parametrize("kind", ["POST", "PATCH", "producer"])
def test_what_cannot_be_repeated_is_not_sent_on_an_old_connection(
    run, make_simple, serve, respond, age, kind
):
    """The server may be closing an idle connection in the moment in which the request arrives."""

    async def produce(write):
        await write(b"x")

    async def main():
        async with serve(lambda r: respond()) as server, make_simple() as client:
            request = (
                {"method": "PUT", "body_producer": produce}
                if kind == "producer"
                else {"method": kind, "body": b"x"}
            )
            await client.fetch(server.url)
            age(client, 0.5)
            await client.fetch(server.url, **request)
            assert server.connections == 1
            age(client, 1.5)
            await client.fetch(server.url, **request)
            assert server.connections == 2
            # The old one is still good enough for a request that may be repeated.
            await client.fetch(server.url)
            await client.fetch(server.url)
            assert server.connections == 2

    run(main)


def test_a_server_that_gives_up_an_idle_connection_when_the_post_arrives(
    run, make_client, serve_raw, receive, respond, age
):
    async def handle(reader, writer):
        await receive(reader)
        writer.write(respond(body=b"x"))
        await writer.drain()
        await receive(reader)  # no response to the second request

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            await client.fetch(server.url)
            if "simple" in make_client.name:
                age(client, 2.5)
            response = await client.fetch(server.url, method="POST", body=b"y")
            assert response.body == b"x"

    run(main)


class Named(TCPServer):
    """Says its name in every response; open connections outlive it, as those of `HTTPServer` do."""

    name = b"?"

    async def handle_stream(self, stream, address):
        try:
            while await stream.read_until(b"\r\n\r\n"):
                await stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + self.name)
        except StreamClosedError:
            pass


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_server_of_this_process_that_stopped_gets_no_further_request(run, make_simple, method):
    """Its connections stay open, and its port goes to the next one."""

    async def main():
        port = 0
        async with make_simple() as client:
            for name in (b"a", b"b", b"c"):
                server = Named()
                server.name = name
                (sock,) = bind_sockets(port, "127.0.0.1")
                port = sock.getsockname()[1]
                server.add_socket(sock)
                body = b"" if method == "POST" else None
                url = f"http://127.0.0.1:{port}/"
                for _ in range(2):
                    assert (await client.fetch(url, method=method, body=body)).body == name
                server.stop()

    run(main)
