"""A chat room by long polling: every browser holds one request open until somebody speaks.

usage: python main.py [--port=8888] [--address=127.0.0.1] [--debug]

A visitor picks a name, which a signed cookie keeps. Messages are kept in memory, the last 200 of them.
"""

import asyncio
import os
import signal
from collections import deque
from datetime import timedelta
from itertools import count
from pathlib import Path

import tornado.options
import tornado.web
from tornado.escape import to_unicode
from tornado.locks import Condition
from tornado.options import define, options

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("debug", default=False, type=bool, help="show tracebacks and reload on change")

HERE = Path(__file__).resolve().parent
MAX_MESSAGES = 200
MAX_NAME_LENGTH = 30
MAX_MESSAGE_LENGTH = 1000
POLL_SECONDS = 25


class Room:
    """The messages said lately, and a bell for those who wait for the next one."""

    def __init__(self):
        self.messages = deque(maxlen=MAX_MESSAGES)
        self.bell = Condition()
        self.numbers = count(1)
        self.is_closing = False

    def say(self, author, text):
        """Add a message and wake everybody who waits; return it."""
        message = {"id": next(self.numbers), "author": author, "text": text}
        self.messages.append(message)
        self.bell.notify_all()
        return message

    def since(self, cursor):
        """Return the messages that came after the one numbered `cursor`."""
        return [message for message in self.messages if message["id"] > cursor]

    def close(self):
        """Send everybody who waits home, so that the server can end."""
        self.is_closing = True
        self.bell.notify_all()


class ChatHandler(tornado.web.RequestHandler):
    """What the pages share: the room, and the visitor's name."""

    @property
    def room(self):
        return self.settings["room"]

    def get_current_user(self):
        name = self.get_signed_cookie("name")
        return name.decode("utf-8") if name else None

    def rendered(self, message):
        """Return `message` with the HTML that shows it."""
        html = self.render_string("modules/message.html", message=message)
        return {"id": message["id"], "html": to_unicode(html)}


class RoomHandler(ChatHandler):
    @tornado.web.authenticated
    def get(self):
        messages = list(self.room.messages)
        cursor = messages[-1]["id"] if messages else 0
        self.render("room.html", messages=messages, cursor=cursor)


class LoginHandler(ChatHandler):
    def get(self):
        self.render("login.html", problem=None)

    def post(self):
        name = self.get_body_argument("name", "")
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            self.set_status(400)
            self.render("login.html", problem=f"A name has 1 to {MAX_NAME_LENGTH} letters.")
            return
        self.set_signed_cookie("name", name, httponly=True, samesite="Lax")
        self.redirect("/")


class LogoutHandler(ChatHandler):
    def post(self):
        self.clear_cookie("name")
        self.redirect("/login")


class NewMessageHandler(ChatHandler):
    @tornado.web.authenticated
    def post(self):
        text = self.get_body_argument("text", "")
        if not 0 < len(text) <= MAX_MESSAGE_LENGTH:
            raise tornado.web.HTTPError(400, "a message has 1 to %d letters", MAX_MESSAGE_LENGTH)
        self.write(self.rendered(self.room.say(self.current_user, text)))


class UpdatesHandler(ChatHandler):
    """Answers with what came after `cursor`; waits for it up to POLL_SECONDS."""

    waiting = None

    @tornado.web.authenticated
    async def post(self):
        try:
            cursor = int(self.get_body_argument("cursor", "0"))
        except ValueError:
            raise tornado.web.HTTPError(400, "cursor is not a number") from None
        messages = self.room.since(cursor)
        if not messages and not self.room.is_closing:
            self.waiting = asyncio.ensure_future(self._wait())
            await self.waiting
            messages = self.room.since(cursor)
        if not self.request.connection.stream.closed():
            self.write({"messages": [self.rendered(message) for message in messages]})

    async def _wait(self):
        await self.room.bell.wait(timeout=timedelta(seconds=POLL_SECONDS))

    def on_connection_close(self):
        if self.waiting is not None:
            self.waiting.cancel()


class MessageModule(tornado.web.UIModule):
    def render(self, message):
        return self.render_string("modules/message.html", message=message)


def make_application(debug=False):
    room = Room()
    return tornado.web.Application(
        [
            (r"/", RoomHandler),
            (r"/login", LoginHandler),
            (r"/logout", LogoutHandler),
            (r"/messages/new", NewMessageHandler),
            (r"/messages/updates", UpdatesHandler),
        ],
        room=room,
        cookie_secret=os.environ.get("CHAT_COOKIE_SECRET") or os.urandom(32).hex(),
        login_url="/login",
        template_path=HERE / "templates",
        static_path=HERE / "static",
        ui_modules={"Message": MessageModule},
        xsrf_cookies=True,
        debug=debug,
    )


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    application = make_application(options.debug)
    server = application.listen(options.port, options.address)
    print(f"chat listens on http://{options.address}:{options.port}/", flush=True)
    await stop.wait()
    application.settings["room"].close()
    await server.drain(timeout=5)


if __name__ == "__main__":
    asyncio.run(main())
