"""Servers and clients of one side against those of the other, in one process."""

import signal

import pytest
from twisted.internet import endpoints, protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.protocols.basic import LineReceiver
from twisted.web import resource, server
from twisted.web.client import Agent, readBody

from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.platform.twisted import TornadoReactor, TwistedIOLoop
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer


@pytest.fixture(params=["TornadoReactor", "TwistedIOLoop"])
def both(request):
    """A loop and a reactor that run together, each way round."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    handlers = {number: signal.getsignal(number) for number in numbers}
    if request.param == "TornadoReactor":
        io_loop = IOLoop()
        reactor = TornadoReactor(io_loop)
    else:
        reactor = SelectReactor()
        io_loop = TwistedIOLoop(reactor, make_current=False)
    io_loop.make_current()
    yield io_loop, reactor
    if request.param == "TornadoReactor":
        reactor.fireSystemEvent("shutdown")
        reactor.disconnectAll()
    io_loop.close(all_fds=True)
    if request.param == "TwistedIOLoop":
        reactor._uninstallHandler()
        reactor._stopThreadPool()
        for reader in list(reactor._internalReaders):
            reactor.removeReader(reader)
            reader.connectionLost(None)
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Hello(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b"content-type", b"text/plain")
        return b"hello " + request.args[b"name"][0]


class EchoLines(LineReceiver):
    def lineReceived(self, line):
        self.sendLine(line.upper())


def test_stream_to_twisted_web_site(both):
    io_loop, reactor = both

    async def main():
        site = server.Site(Hello(), reactor=reactor)
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
        stream = await TCPClient().connect("127.0.0.1", port.getHost().port)
        await stream.write(b"GET /?name=tornado HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = await stream.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await stream.read_until_close() == b"hello tornado"
        stream.close()
        await port.stopListening()

    io_loop.run_sync(main, timeout=10)


def test_stream_to_line_receiver(both):
    io_loop, reactor = both

    async def main():
        factory = protocol.Factory.forProtocol(EchoLines)
        port = await endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
        stream = await TCPClient().connect("127.0.0.1", port.getHost().port)
        for text in (b"one", b"x" * 10000):
            await stream.write(text + b"\r\n")
            assert await stream.read_until(b"\r\n") == text.upper() + b"\r\n"
        stream.close()
        await port.stopListening()

    io_loop.run_sync(main, timeout=10)


class Answers(TCPServer):
    async def handle_stream(self, stream, address):
        try:
            head = await stream.read_until(b"\r\n\r\n")
            body = head.split(b" ")[1] * 20000
            await stream.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body
            )
        except StreamClosedError:
            pass
        stream.close()


# Twisted's readBody warns about the transport that its own Agent gives it.
@pytest.mark.filterwarnings("ignore:Using readBody:DeprecationWarning")
def test_agent_to_tcp_server(both):
    io_loop, reactor = both

    async def main():
        sockets = bind_sockets(0, "127.0.0.1")
        answers = Answers()
        answers.add_sockets(sockets)
        url = b"http://127.0.0.1:%d/path" % sockets[0].getsockname()[1]
        response = await Agent(reactor).request(b"GET", url)
        assert response.code == 200
        assert await readBody(response) == b"/path" * 20000
        answers.stop()

    io_loop.run_sync(main, timeout=10)
