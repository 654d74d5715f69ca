"""A chat room over WebSockets: one process by itself, or many that share their talk through Redis.

usage: python main.py [--port=8888] [--address=127.0.0.1] [--redis=redis://127.0.0.1:6379/0] [--debug]

Without --redis the room lives in this process. With it, any number of processes publish what is said and
deliver what any of them published, each to the browsers that are connected to itself.
"""

import asyncio
import json
import logging
import os
import secrets
import signal
from collections import deque
from pathlib import Path

import tornado.options
import tornado.web
from tornado.escape import json_decode
from tornado.options import define, options
from tornado.websocket import Backoff, WebSocketHandler, broadcast

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("redis", default=None, type=str, help="share the room through this Redis server")
define("debug", default=False, type=bool, help="show tracebacks and reload on change")

HERE = Path(__file__).resolve().parent
CHANNEL = "wschat"
HISTORY = "wschat:history"
MAX_HISTORY = 50
MAX_NAME_LENGTH = 30
MAX_TEXT_LENGTH = 1000
PING_SECONDS = 20

log = logging.getLogger("wschat")


class Room:
    """Those who are connected to this process, and what was said lately."""

    def __init__(self):
        self.visitors = set()
        self.history = deque(maxlen=MAX_HISTORY)

    async def start(self):
        """Begin to take part."""

    async def stop(self):
        """Send everybody home; their browsers come back to another process."""
        for visitor in list(self.visitors):
            visitor.close(1001, "server stops")

    async def recent(self):
        """Return what was said lately, oldest first."""
        return list(self.history)

    async def say(self, message):
        """Let everybody hear ``message``."""
        self.history.append(message)
        self.deliver(message)

    def deliver(self, message):
        """Hand ``message`` to those who are connected here; who is too slow is sent home."""
        broadcast(self.visitors, message)


class SharedRoom(Room):
    """A room that spans processes: what is said goes to Redis, what comes from Redis is delivered."""

    def __init__(self, url):
        super().__init__()
        from redis import asyncio as redis  # an own requirement of --redis

        self.client = redis.from_url(url, decode_responses=True)
        self.error = redis.RedisError
        self.listening = None

    async def start(self):
        ready = asyncio.Event()
        self.listening = asyncio.create_task(self.listen(ready))
        await ready.wait()

    async def stop(self):
        await super().stop()
        self.listening.cancel()
        await asyncio.gather(self.listening, return_exceptions=True)
        await self.client.aclose()

    async def recent(self):
        entries = await self.client.lrange(HISTORY, 0, MAX_HISTORY - 1)
        return [json.loads(entry) for entry in reversed(entries)]

    async def say(self, message):
        async with self.client.pipeline() as pipeline:
            pipeline.lpush(HISTORY, json.dumps(message))
            pipeline.ltrim(HISTORY, 0, MAX_HISTORY - 1)
            pipeline.publish(CHANNEL, json.dumps(message))
            await pipeline.execute()

    async def listen(self, ready):
        """Deliver what any process publishes, for as long as this one runs."""
        backoff = Backoff(0.1, 5)
        while True:
            try:
                async with self.client.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    ready.set()
                    backoff.reset()
                    async for event in subscription.listen():
                        if event["type"] == "message":
                            self.deliver(json.loads(event["data"]))
            except (self.error, OSError) as error:
                log.warning("Redis is away: %s", error)
            await asyncio.sleep(backoff.delay())


class PageHandler(tornado.web.RequestHandler):
    def get(self):
        self.render("room.html")


class HealthHandler(tornado.web.RequestHandler):
    def get(self):
        self.write({"process": os.getpid(), "visitors": len(self.settings["room"].visitors)})


class ChatSocket(WebSocketHandler):
    """One visitor: says who it is, then talks."""

    name = None

    @property
    def room(self):
        return self.settings["room"]

    async def open(self):
        await self.write_message({"kind": "welcome", "process": os.getpid()})

    async def on_message(self, message):
        try:
            request = json_decode(message)
            kind, text = request["kind"], str(request["text"])
        except (ValueError, KeyError, TypeError):
            self.close(1003, "not a message of this chat")
            return
        if kind == "join" and self.name is None and 0 < len(text) <= MAX_NAME_LENGTH:
            self.name = text
            # From here on nothing is missed; what comes twice has the same id, and the page shows it once.
            self.room.visitors.add(self)
            for earlier in await self.room.recent():
                await self.write_message(earlier)
            await self.write_message({"kind": "joined"})
        elif kind == "say" and self.name is not None and 0 < len(text) <= MAX_TEXT_LENGTH:
            message_id = secrets.token_hex(8)
            await self.room.say(
                {"kind": "said", "id": message_id, "author": self.name, "text": text}
            )
        else:
            self.close(1008, "out of turn, or too long")

    def on_close(self):
        self.room.visitors.discard(self)


def make_application(room, debug=False):
    return tornado.web.Application(
        [(r"/", PageHandler), (r"/health", HealthHandler), (r"/socket", ChatSocket)],
        room=room,
        template_path=HERE / "templates",
        static_path=HERE / "static",
        websocket_ping_interval=PING_SECONDS,
        websocket_max_message_size=10_000,
        debug=debug,
    )


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    room = SharedRoom(options.redis) if options.redis else Room()
    await room.start()
    server = make_application(room, options.debug).listen(
        options.port, options.address, xheaders=bool(options.redis)
    )
    print(f"wschat listens on http://{options.address}:{options.port}/", flush=True)
    await stop.wait()
    server.stop()
    await room.stop()
    await server.drain(timeout=5)


if __name__ == "__main__":
    asyncio.run(main())
