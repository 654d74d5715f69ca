"""A message board that any number of processes serve, on one machine or on several.

What is posted to one of them reaches the WebSockets of all; who logged in at one is
known to all.

usage: python3 board.py --port=8001 --redis=redis://127.0.0.1:6379/0
BOARD_KEYS in the environment holds the signing keys as JSON: {"1": "a long random string"}
"""

import asyncio
import json
import logging
import os
import secrets
import signal

from redis import asyncio as redis

import tornado.options
import tornado.web
from tornado.ioloop import PeriodicCallback
from tornado.options import define, options
from tornado.websocket import WebSocketHandler, broadcast

define("port", default=8001, help="where this process listens")
define("redis", default="redis://127.0.0.1:6379/0", help="what all processes share")
define("sweep_seconds", default=60.0, help="how often one process sweeps")

SESSION_SECONDS = 7 * 24 * 3600
KEPT_POSTS = 100

log = logging.getLogger("board")


class Board:
    """What all processes share, and the WebSockets of this one."""

    def __init__(self, url):
        self.redis = redis.from_url(url, decode_responses=True)
        self.listeners = set()

    async def post(self, author, text):
        message = json.dumps({"author": author, "text": text})
        async with self.redis.pipeline(transaction=True) as both:
            both.rpush("board:posts", message)
            both.publish("board:news", message)
            await both.execute()

    async def follow(self, ready):
        """Hand on whatever any process publishes; come back when Redis does."""
        while True:
            try:
                async with self.redis.pubsub() as news:
                    await news.subscribe("board:news")
                    ready.set()
                    async for event in news.listen():
                        if event["type"] == "message":
                            broadcast(self.listeners, event["data"])
            except redis.RedisError as error:
                log.warning("Redis is away: %s", error)
            await asyncio.sleep(1)

    async def sweep(self):
        """Run in every process; do the work in one of them."""
        mine = await self.redis.set("board:sweep", os.getpid(), nx=True, px=self.lock_ms())
        if mine:
            await self.redis.ltrim("board:posts", -KEPT_POSTS, -1)
            await self.redis.incr("board:sweeps")

    def lock_ms(self):
        # A little less than the period: the lock is gone when the next sweep is due.
        return max(1, int(options.sweep_seconds * 900))


class BaseHandler(tornado.web.RequestHandler):
    @property
    def board(self):
        return self.settings["board"]

    async def prepare(self):
        session = self.get_signed_cookie("session")
        if session:
            key = f"session:{session.decode()}"
            self.current_user = await self.board.redis.get(key)


class LoginHandler(BaseHandler):
    async def post(self):
        session = secrets.token_urlsafe()
        name = self.get_body_argument("name")
        await self.board.redis.set(f"session:{session}", name, ex=SESSION_SECONDS)
        self.set_signed_cookie("session", session, httponly=True, samesite="Lax")
        self.set_status(204)


class PostsHandler(BaseHandler):
    async def get(self):
        posts = await self.board.redis.lrange("board:posts", 0, -1)
        posts = [json.loads(post) for post in posts]
        self.write({"user": self.current_user, "posts": posts})


class NewsSocket(WebSocketHandler, BaseHandler):
    def open(self):
        self.board.listeners.add(self)

    async def on_message(self, text):
        try:
            await self.board.post(self.current_user or "somebody", text)
        except redis.RedisError as error:
            log.warning("not posted: %s", error)
            await self.write_message({"error": "Not posted. Try again later."})

    def on_close(self):
        self.board.listeners.discard(self)


def make_application(board, keys):
    return tornado.web.Application(
        [(r"/", PostsHandler), (r"/login", LoginHandler), (r"/news", NewsSocket)],
        board=board,
        cookie_secret=keys,
        key_version=max(keys),
        cross_origin_protection=True,
        websocket_ping_interval=20,
    )


async def main():
    tornado.options.parse_command_line()
    keys = json.loads(os.environ["BOARD_KEYS"])
    keys = {int(version): key for version, key in keys.items()}
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    board = Board(options.redis)
    ready = asyncio.Event()
    following = asyncio.create_task(board.follow(ready))
    await ready.wait()  # no listener before there is something to listen to
    sweeping = PeriodicCallback(board.sweep, options.sweep_seconds * 1000)
    sweeping.start()
    application = make_application(board, keys)
    server = application.listen(options.port, "127.0.0.1", xheaders=True)

    await stop.wait()
    server.stop()
    sweeping.stop()
    for listener in list(board.listeners):
        listener.close(1001, "this server stops")
    await server.drain(timeout=10)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await board.redis.aclose()


if __name__ == "__main__":
    asyncio.run(main())
