"""Messages through a server of Redis or Valkey.

One connection listens, others publish. The listening connection is watched: if nothing arrives for a
while it is asked for a sign of life, and if it is lost, it is made again, ever later while the server is
away. Every subscription then gets a `Gap`, since nobody knows what was published in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

from tornado._broadcast.backends import Subscribers
from tornado._broadcast.errors import BroadcastConnectionError
from tornado._broadcast.events import Message
from tornado._broadcast.subscription import Subscription
from tornado.log import app_log

__all__ = ["RedisBackend"]

#: Seconds until the next attempt to connect: the first and the longest.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class RedisBackend:
    """Carries messages through Redis or Valkey; needs the package ``redis`` (``tornado-broadcast[redis]``).

    :param url: ``redis://``, ``rediss://`` or ``unix://``, as of ``redis.asyncio.Redis.from_url``.
    :param prefix: put before the names of channels, for several applications on one server.
    :param alive_interval: seconds of silence after which the server is asked for a sign of life; the
        connection counts as lost after as many seconds more.
    :param options: further arguments of ``from_url``.
    :raises ImportError: if the package is not installed.

    .. versionadded:: 6.100
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        *,
        prefix: str = "",
        alive_interval: float = 15.0,
        **options: Any,
    ) -> None:
        try:
            from redis import asyncio as client
            from redis import backoff, exceptions
            from redis.asyncio.retry import Retry
        except ImportError:
            raise ImportError(
                "RedisBackend needs the package redis: pip install 'tornado-broadcast[redis]'"
            ) from None
        #: What says that the connection, or the attempt to make one, has failed.
        self._lost: tuple[type[Exception], ...] = (
            exceptions.ConnectionError,
            exceptions.TimeoutError,
            OSError,
            asyncio.TimeoutError,
        )
        #: The same, and that the server refuses a command (while it loads its data, say).
        self._failed: tuple[type[Exception], ...] = (*self._lost, exceptions.ResponseError)
        no_backoff: Any = backoff.NoBackoff
        settings = {
            # The client would connect again by itself, and nobody would know of the gap.
            "retry": Retry(no_backoff(), 0),
            "socket_connect_timeout": alive_interval,
            **options,
        }
        self._make_client: Any = lambda: client.Redis.from_url(url, **settings)
        self._prefix = prefix
        self._alive_interval = alive_interval
        self._subscribers = Subscribers()
        self._client: Any = None
        self._pubsub: Any = None
        self._reading: asyncio.Task[None] | None = None
        self._wanted: asyncio.Event | None = None
        self._sending: asyncio.Lock | None = None
        #: (whether it is a pattern, name) -> done when the server has confirmed
        self._confirmations: dict[tuple[bool, str], asyncio.Future[None]] = {}
        self._is_listening = False

    async def start(self) -> None:
        """Connect.

        :raises BroadcastConnectionError: if the server cannot be reached.
        """
        self._client = self._make_client()
        self._wanted = asyncio.Event()
        self._sending = asyncio.Lock()
        try:
            await self._client.ping()
        except self._failed as error:
            await self.stop()
            raise BroadcastConnectionError(f"cannot use the server: {error}") from error

    async def stop(self) -> None:
        """Close all connections."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*self._lost):
                await client.aclose()
        for confirmation in self._confirmations.values():
            confirmation.cancel()
        self._confirmations.clear()

    async def publish(self, channel: str, data: bytes) -> None:
        """Hand a message to the server.

        :raises BroadcastConnectionError: if that failed. The server may have taken it all the same.
        """
        try:
            await self._client.publish(self._prefix + channel, data)
        except self._lost as error:
            raise BroadcastConnectionError(f"cannot publish to {channel!r}: {error}") from error

    async def subscribe(self, subscription: Subscription) -> None:
        """Begin to deliver; waits for the server, also while it is away."""
        key = (subscription.is_pattern, subscription.name)
        is_first = self._subscribers.add(subscription)
        if is_first or key not in self._confirmations:
            self._confirmations[key] = asyncio.get_running_loop().create_future()
            await self._ask(subscription.is_pattern, subscription.name, True)
        try:
            await asyncio.shield(self._confirmations[key])
        except BaseException:
            self._subscribers.remove(subscription)
            raise

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more."""
        if self._subscribers.remove(subscription):
            self._confirmations.pop((subscription.is_pattern, subscription.name), None)
            await self._ask(subscription.is_pattern, subscription.name, False)

    async def _ask(self, is_pattern: bool, name: str, on: bool) -> None:
        """Tell the server what is wanted now; without a connection the next one will."""
        assert self._sending is not None
        if self._client is None:
            return
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        async with self._sending:
            if not self._is_listening:
                return
            verb = ("p" if is_pattern else "") + ("subscribe" if on else "unsubscribe")
            # If it fails, the reader notices too, and subscribes to everything again. (The client raises
            # AttributeError where the reader has found the connection closed a moment before.)
            with contextlib.suppress(*self._lost, AttributeError):
                await getattr(self._pubsub, verb)(self._prefix_of(is_pattern) + name)

    def _prefix_of(self, is_pattern: bool) -> str:
        if not is_pattern:
            return self._prefix
        return "".join("\\" + c if c in "*?[]\\^-" else c for c in self._prefix)

    async def _read(self) -> None:
        """Listen, and connect again when the connection is lost."""
        pause = _FIRST_PAUSE_SECONDS
        was_lost = False
        while True:
            pubsub = self._pubsub = self._client.pubsub()
            try:
                await self._resubscribe(pubsub)
                if was_lost:
                    app_log.info("Broadcast: connected again")
                    for subscription in self._subscribers.everyone():
                        subscription.lost_connection()
                    was_lost = False
                pause = _FIRST_PAUSE_SECONDS
                await self._listen(pubsub)
            except self._failed as error:
                if not was_lost:
                    app_log.warning("Broadcast: the connection to the server was lost: %s", error)
                was_lost = True
            finally:
                self._is_listening = False
                with contextlib.suppress(*self._lost):
                    await pubsub.aclose()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _resubscribe(self, pubsub: Any) -> None:
        """Subscribe everything on a new connection."""
        assert self._sending is not None
        async with self._sending:
            channels = [self._prefix + name for name in self._subscribers.channels]
            patterns = [self._prefix_of(True) + name for name in self._subscribers.patterns]
            if channels:
                await pubsub.subscribe(*channels)
            if patterns:
                await pubsub.psubscribe(*patterns)
            if not channels and not patterns:
                await pubsub.connect()
            self._is_listening = True

    async def _listen(self, pubsub: Any) -> None:
        """Deliver what arrives, until the connection is lost."""
        asked = False
        while True:
            message = await self._next(pubsub)
            if message is None:
                if asked:
                    raise asyncio.TimeoutError("the server is silent")
                asked = True
                await pubsub.ping()
                continue
            asked = False
            self._handle(message)

    async def _next(self, pubsub: Any) -> Any:
        """Return the next message; ``None`` if none came for a while."""
        response = await pubsub.parse_response(block=False, timeout=self._alive_interval)
        return None if response is None else await pubsub.handle_message(response)

    def _handle(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "message":
            channel = self._own(message["channel"])
            found = Message(channel, message["data"])
            for subscription in self._subscribers.of_channel(channel):
                subscription.deliver(found)
        elif kind == "pmessage":
            channel = self._own(message["channel"])
            found = Message(channel, message["data"])
            pattern = _text(message["pattern"])[len(self._prefix_of(True)) :]
            for subscription in self._subscribers.of_pattern(pattern):
                subscription.deliver(found)
        elif kind in ("subscribe", "psubscribe"):
            is_pattern = kind == "psubscribe"
            name = _text(message["channel"])[len(self._prefix_of(is_pattern)) :]
            confirmation = self._confirmations.get((is_pattern, name))
            if confirmation is not None and not confirmation.done():
                confirmation.set_result(None)

    def _own(self, channel: Any) -> str:
        return _text(channel)[len(self._prefix) :]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
