"""Publish and subscribe, within a process, or across processes and machines through Redis or Valkey.

A server that outgrows one process has to tell the others what its users say. A `Broadcast` does that::

    broadcast = Broadcast("redis://localhost")  # or Broadcast() within one process

    async def chat(handler):
        async with broadcast.subscribe("room") as subscription:
            async for event in subscription:
                ...

    await broadcast.publish("room", {"author": "Ann", "text": "hello"})

Delivery is at most once: see `Broadcast` for what that means, and `Gap` for how a subscriber learns that
something is missing.

The errors of this module::

    BroadcastError
    ├── BroadcastClosedError        the caller used a broadcast that is closed
    └── BroadcastConnectionError    the server cannot be reached; also a ConnectionError
"""

from tornado._broadcast.backends import Backend, LocalBackend
from tornado._broadcast.broadcaster import Broadcast
from tornado._broadcast.errors import (
    BroadcastClosedError,
    BroadcastConnectionError,
    BroadcastError,
)
from tornado._broadcast.events import Gap, Message
from tornado._broadcast.redis_backend import RedisBackend
from tornado._broadcast.subscription import Subscription

__all__ = [
    "Backend",
    "Broadcast",
    "BroadcastClosedError",
    "BroadcastConnectionError",
    "BroadcastError",
    "Gap",
    "LocalBackend",
    "Message",
    "RedisBackend",
    "Subscription",
]

for _name in __all__:
    globals()[_name].__module__ = __name__
