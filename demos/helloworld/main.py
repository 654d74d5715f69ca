"""The canonical hello world, with a port to choose and an orderly end.

usage: python main.py [--port=8888] [--address=127.0.0.1], or ``tornado serve main:make_application``
"""

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


if __name__ == "__main__":
    tornado.options.parse_command_line()
    tornado.web.run(make_application(), options.port, options.address, drain_timeout=5)
