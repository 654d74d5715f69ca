"""The canonical hello world, with a port to choose and an orderly end.

usage: python main.py [--port=8888] [--address=127.0.0.1]
"""

import asyncio
import signal

import tornado.options
import tornado.web
from tornado.options import define, options

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")


class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


def make_application():
    return tornado.web.Application([(r"/", MainHandler)])


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = make_application().listen(options.port, options.address)
    print(f"helloworld listens on http://{options.address}:{options.port}/", flush=True)
    await stop.wait()
    await server.drain(timeout=5)


if __name__ == "__main__":
    asyncio.run(main())
