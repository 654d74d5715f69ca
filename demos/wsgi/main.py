"""A WSGI application and Tornado handlers in one server.

usage: python main.py [--port=8888] [--address=127.0.0.1] [--threads=4] [--debug]

What no handler takes goes to the WSGI application, whose calls run in threads.
"""

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

from handlers import ROUTES

import tornado.options
import tornado.web
from tornado.options import define, options
from tornado.wsgi import WSGIContainer

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("threads", default=4, type=int, help="how many calls of the WSGI application run at once")
define("debug", default=False, type=bool, help="show tracebacks and reload on change")

MAX_SLEEP = 5.0  # seconds


def plain_application(environ, start_response):
    """A WSGI application as any framework would be: /wsgi, /wsgi/slow?seconds=1, /wsgi/upper."""
    text = [("Content-Type", "text/plain; charset=UTF-8")]
    path = environ["PATH_INFO"]
    if path == "/wsgi":
        start_response("200 OK", text)
        return [b"WSGI says hello\n"]
    if path == "/wsgi/slow":
        try:
            seconds = float(parse_qs(environ["QUERY_STRING"]).get("seconds", ["1"])[0])
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= MAX_SLEEP:
            start_response("400 Bad Request", text)
            return [b"seconds is a number from 0 to 5\n"]
        time.sleep(seconds)  # blocks its thread, and nobody else
        start_response("200 OK", text)
        return [b"slept\n"]
    if path == "/wsgi/upper" and environ["REQUEST_METHOD"] == "POST":
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", text)
        return [content.decode("utf-8", "replace").upper().encode("utf-8")]
    start_response("404 Not Found", text)
    return [b"WSGI does not know this page\n"]


def make_application(executor, debug=False):
    container = WSGIContainer(plain_application, executor)
    fallback = (".*", tornado.web.FallbackHandler, {"fallback": container})
    return tornado.web.Application([*ROUTES, fallback], debug=debug)


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(options.threads) as executor:
        application = make_application(executor, options.debug)
        server = application.listen(options.port, options.address)
        print(f"wsgi listens on http://{options.address}:{options.port}/", flush=True)
        await stop.wait()
        await server.drain(timeout=MAX_SLEEP + 1)


if __name__ == "__main__":
    asyncio.run(main())
