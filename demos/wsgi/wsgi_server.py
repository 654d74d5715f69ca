"""The handlers of the demo as a WSGI application, served by the standard library's wsgiref.

usage: python wsgi_server.py [--port=8888] [--address=127.0.0.1]
"""

import signal
import threading
from wsgiref.simple_server import make_server

from handlers import ROUTES

import tornado.options
from tornado.options import define, options
from tornado.wsgi import WSGIApplication

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")


def main():
    tornado.options.parse_command_line()
    with make_server(options.address, options.port, WSGIApplication(ROUTES)) as server:

        def end(number, frame):
            # An exception raised here could end up in wsgiref, which takes it for one of the application's;
            # and shutdown() waits for the loop that this thread is in.
            threading.Thread(target=server.shutdown).start()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        print(f"wsgiref listens on http://{options.address}:{options.port}/", flush=True)
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
