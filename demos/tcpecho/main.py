"""A TCP server that sends each line back, and a client for it.

usage: python main.py [--port=8888] [--address=127.0.0.1]      the server
       python main.py --connect [--port=8888] [--address=...]  the client: lines from standard input
"""

import asyncio
import signal
import sys

import tornado.options
from tornado.iostream import StreamClosedError, UnsatisfiableReadError
from tornado.options import define, options
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer

define("port", default=8888, type=int, help="the port to listen on, or to connect to")
define("address", default="127.0.0.1", help="the address to listen on, or to connect to")
define("connect", default=False, type=bool, help="be the client")

MAX_LINE = 64 * 1024  # bytes


class EchoServer(TCPServer):
    def __init__(self):
        super().__init__()
        self.streams = set()

    async def handle_stream(self, stream, address):
        self.streams.add(stream)
        try:
            while True:
                await stream.write(await stream.read_until(b"\n", max_bytes=MAX_LINE))
        except (StreamClosedError, UnsatisfiableReadError):
            pass  # the peer left, or its line was too long
        finally:
            self.streams.discard(stream)
            stream.close()

    def end(self):
        """Stop accepting and close every connection."""
        self.stop()
        for stream in list(self.streams):
            stream.close()


async def serve():
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = EchoServer()
    server.listen(options.port, options.address)
    print(f"tcpecho listens on {options.address}:{options.port}", flush=True)
    await stop.wait()
    server.end()
    await asyncio.sleep(0)  # the handlers see that their streams closed


async def talk():
    stream = await TCPClient().connect(options.address, options.port)
    loop = asyncio.get_running_loop()
    try:
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            await stream.write(line if line.endswith(b"\n") else line + b"\n")
            sys.stdout.buffer.write(await stream.read_until(b"\n", max_bytes=MAX_LINE))
            sys.stdout.buffer.flush()
    except StreamClosedError:
        sys.exit("the server closed the connection")
    finally:
        stream.close()


if __name__ == "__main__":
    tornado.options.parse_command_line()
    asyncio.run(talk() if options.connect else serve())
