"""A chat: every browser holds one request open until somebody speaks.

usage: python3 chat.py [--port=8888] [--debug]
"""

import asyncio
import logging
import signal
from datetime import timedelta
from pathlib import Path

import tornado.options
import tornado.web
from tornado.locks import Condition
from tornado.options import define, options

define("port", default=8888, help="where to listen")
define("debug", default=False, help="show tracebacks, restart when a file changes")

HERE = Path(__file__).resolve().parent


class Room:
    """What was said, and a bell that rings when there is more."""

    def __init__(self):
        self.messages = []
        self.bell = Condition()
        self.is_open = True

    def say(self, text):
        self.messages.append(text)
        self.bell.notify_all()

    async def news(self, cursor):
        """Return the messages after the first `cursor`; wait if there are none."""
        if self.is_open and len(self.messages) <= cursor:
            await self.bell.wait(timeout=timedelta(seconds=25))
        return self.messages[cursor:]

    def close(self):
        """Let nobody wait any longer."""
        self.is_open = False
        self.bell.notify_all()


class BaseHandler(tornado.web.RequestHandler):
    @property
    def room(self):
        return self.settings["room"]


class RoomHandler(BaseHandler):
    def get(self):
        self.render("room.html", messages=self.room.messages)


class SayHandler(BaseHandler):
    def post(self):
        text = self.get_body_argument("text")
        if not 0 < len(text) <= 500:
            raise tornado.web.HTTPError(400)
        self.room.say(text)
        self.set_status(204)


class NewsHandler(BaseHandler):
    async def get(self):
        cursor = self.get_argument("cursor")
        if not cursor.isdecimal():
            raise tornado.web.HTTPError(400)
        self.write({"messages": await self.room.news(int(cursor))})


def make_application(room, **settings):
    return tornado.web.Application(
        [(r"/", RoomHandler), (r"/say", SayHandler), (r"/news", NewsHandler)],
        room=room,
        template_path=HERE / "templates",
        static_path=HERE / "static",
        xsrf_cookies=True,
        **settings,
    )


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    room = Room()
    application = make_application(room, debug=options.debug)
    server = application.listen(options.port, "127.0.0.1", xheaders=True)
    logging.info("Listening on http://localhost:%d/", options.port)

    await stop.wait()
    room.close()
    await server.drain(timeout=10)


if __name__ == "__main__":
    asyncio.run(main())
