"""Publishing and subscribing: what applications use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tornado import gen
from tornado._broadcast.backends import Backend, LocalBackend
from tornado._broadcast.errors import BroadcastClosedError
from tornado._broadcast.subscription import DEFAULT_MAX_QUEUE, Event, Subscription
from tornado.log import app_log

__all__ = ["Broadcast"]


class Broadcast:
    """Publishes messages to channels and subscribes to them.

    :param backend: what carries the messages; a URL (``redis://...``) stands for a `RedisBackend`,
        ``None`` for a `LocalBackend`.

    ::

        broadcast = Broadcast("redis://localhost")

        async with broadcast, broadcast.subscribe("news") as subscription:
            await broadcast.publish("news", "It rains")
            event = await subscription.next()
            assert event.text == "It rains"

    Every message is delivered at most once. One that was published while a subscriber's connection was
    lost, or while the subscriber was too slow, is missing; a `Gap` says so in its place.

    It belongs to the event loop that runs when it is first used, until it is closed; then it may be used
    again, on another loop.

    .. versionadded:: 6.100
    """

    def __init__(self, backend: Backend | str | None = None) -> None:
        if isinstance(backend, str):
            from tornado._broadcast.redis_backend import RedisBackend  # an extra

            backend = RedisBackend(backend)
        self.backend: Backend = backend if backend is not None else LocalBackend()
        self._subscriptions: set[Subscription] = set()
        self._listeners: set[asyncio.Task[None]] = set()
        self._started: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Broadcast:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Connect. `publish` and `subscribe` do so themselves; here it can be waited for.

        :raises BroadcastConnectionError: if the server cannot be reached.
        """
        if self._started is None:
            self._started = asyncio.ensure_future(self.backend.start())
        started = self._started
        try:
            await asyncio.shield(started)
        except Exception:
            if self._started is started:
                self._started = None  # the next call tries again
            raise

    async def close(self) -> None:
        """End all subscriptions and close the connections. What was delivered can still be read."""
        for listener in list(self._listeners):
            listener.cancel()
        if self._listeners:
            await asyncio.wait(self._listeners)
        for subscription in list(self._subscriptions):
            subscription.close()
        started, self._started = self._started, None
        if started is not None:
            await asyncio.wait([started])
            if not started.cancelled() and started.exception() is None:
                for subscription in list(self._subscriptions):
                    await self._leave(subscription)
                await self.backend.stop()
        self._subscriptions.clear()

    async def publish(
        self, channel: str, message: bytes | str | dict[str, Any] | list[Any]
    ) -> None:
        """Send a message to all who subscribe to ``channel`` now.

        :param message: bytes; text, which is sent as UTF-8; or a dict or list, sent as JSON.
        :raises BroadcastConnectionError: if it could not be handed to the server.
        :raises TypeError: for another type of message.

        Cancelling it does not take the message back.
        """
        if isinstance(message, str):
            data = message.encode("utf-8")
        elif isinstance(message, (bytes, bytearray, memoryview)):
            data = bytes(message)
        elif isinstance(message, (dict, list)):
            data = json.dumps(message).encode("utf-8")
        else:
            raise TypeError(
                f"publish() takes bytes, str, dict or list, not {type(message).__name__}"
            )
        await self.start()
        await self.backend.publish(channel, data)

    def subscribe(
        self,
        channel: str | None = None,
        *,
        pattern: str | None = None,
        max_queue: int = DEFAULT_MAX_QUEUE,
    ) -> Subscription:
        """Return a subscription, to be entered with ``async with``.

        :param channel: the channel.
        :param pattern: a pattern of channels in its place: ``*``, ``?`` and ``[...]`` as in Redis.
        :param max_queue: messages that wait for the subscriber; the oldest are dropped beyond.
        :raises TypeError: unless one of ``channel`` and ``pattern`` is given.
        :raises ValueError: if ``max_queue`` is less than 1.
        """
        if (channel is None) == (pattern is None):
            raise TypeError("subscribe() takes a channel or a pattern")
        name = channel if channel is not None else pattern
        assert name is not None
        return Subscription(name, pattern is not None, max_queue, self._enter, self._leave)

    async def listen(
        self,
        channel: str | None,
        callback: Callable[[Event], Any],
        *,
        pattern: str | None = None,
        max_queue: int = DEFAULT_MAX_QUEUE,
    ) -> Callable[[], None]:
        """Call ``callback`` with each event of a channel.

        :param callback: takes a `Message` or a `Gap`. It may be a coroutine; the next event waits for it.
            What it raises is logged, and the next event comes.
        :returns: a function without parameters that ends it, once the subscription stands.

        The other parameters are those of `subscribe`.
        """
        subscription = self.subscribe(channel, pattern=pattern, max_queue=max_queue)
        await subscription.__aenter__()
        listener = asyncio.ensure_future(self._call(subscription, callback))
        self._listeners.add(listener)
        listener.add_done_callback(self._listeners.discard)

        def end() -> None:
            listener.cancel()

        return end

    async def _call(self, subscription: Subscription, callback: Callable[[Event], Any]) -> None:
        try:
            async for event in subscription:
                try:
                    result = callback(event)
                    if (result is not None and gen.is_future(result)) or hasattr(
                        result, "__await__"
                    ):
                        await result
                except Exception:
                    app_log.error("Exception in broadcast callback %r", callback, exc_info=True)
        finally:
            await subscription.__aexit__()

    async def _enter(self, subscription: Subscription) -> None:
        await self.start()
        self._subscriptions.add(subscription)
        try:
            await self.backend.subscribe(subscription)
        except asyncio.CancelledError:
            self._subscriptions.discard(subscription)
            if self._started is None:
                raise BroadcastClosedError("the broadcast was closed") from None
            raise
        except BaseException:
            self._subscriptions.discard(subscription)
            raise

    async def _leave(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.discard(subscription)
            await self.backend.unsubscribe(subscription)
