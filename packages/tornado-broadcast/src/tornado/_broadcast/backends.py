"""What carries messages: within this process here, through a server in `redis_backend`."""

from __future__ import annotations

import re
from typing import Protocol

from tornado._broadcast.events import Message
from tornado._broadcast.patterns import compile_pattern
from tornado._broadcast.subscription import Subscription

__all__ = ["Backend", "LocalBackend", "Subscribers"]


class Backend(Protocol):
    """Carries messages between the processes that share it.

    All methods are called on one event loop, from `start` to `stop`; a backend may be started again.
    """

    async def start(self) -> None:
        """Begin; called before anything else.

        :raises BroadcastConnectionError: if the server cannot be reached.
        """

    async def stop(self) -> None:
        """End: close connections, cancel tasks."""

    async def publish(self, channel: str, data: bytes) -> None:
        """Send a message to all subscribers, those of this process included.

        :raises BroadcastConnectionError: if it could not be handed over.
        """

    async def subscribe(self, subscription: Subscription) -> None:
        """Begin to deliver; when this returns, later messages arrive."""

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more."""


class Subscribers:
    """The subscriptions of this process, by channel and by pattern."""

    def __init__(self) -> None:
        self._channels: dict[str, set[Subscription]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], set[Subscription]]] = {}

    def add(self, subscription: Subscription) -> bool:
        """Add a subscription; return whether it is the first of its name."""
        name = subscription.name
        if not subscription.is_pattern:
            found = self._channels.setdefault(name, set())
        elif name in self._patterns:
            found = self._patterns[name][1]
        else:
            found = set()
            self._patterns[name] = (compile_pattern(name), found)
        found.add(subscription)
        return len(found) == 1

    def remove(self, subscription: Subscription) -> bool:
        """Remove a subscription; return whether it was the last of its name."""
        name = subscription.name
        if subscription.is_pattern:
            entry = self._patterns.get(name)
            found = entry[1] if entry is not None else set()
        else:
            found = self._channels.get(name, set())
        if subscription not in found:
            return False
        found.discard(subscription)
        if found:
            return False
        if subscription.is_pattern:
            del self._patterns[name]
        else:
            del self._channels[name]
        return True

    @property
    def channels(self) -> list[str]:
        """The channels that somebody subscribes."""
        return list(self._channels)

    @property
    def patterns(self) -> list[str]:
        """The patterns that somebody subscribes."""
        return list(self._patterns)

    def everyone(self) -> list[Subscription]:
        """Return all subscriptions."""
        found = [each for group in self._channels.values() for each in group]
        return found + [each for _, group in self._patterns.values() for each in group]

    def of_channel(self, channel: str) -> list[Subscription]:
        """Return the subscriptions of exactly this channel."""
        return list(self._channels.get(channel, ()))

    def of_pattern(self, pattern: str) -> list[Subscription]:
        """Return the subscriptions of exactly this pattern."""
        entry = self._patterns.get(pattern)
        return list(entry[1]) if entry is not None else []

    def that_match(self, channel: str) -> list[Subscription]:
        """Return the subscriptions of patterns that match a channel."""
        return [
            each
            for compiled, group in self._patterns.values()
            if compiled.fullmatch(channel)
            for each in group
        ]


class LocalBackend:
    """Carries messages within this process; a message is delivered when `publish` returns.

    .. versionadded:: 6.100
    """

    def __init__(self) -> None:
        self._subscribers = Subscribers()

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def publish(self, channel: str, data: bytes) -> None:
        """Deliver a message."""
        message = Message(channel, data)
        for subscription in self._subscribers.of_channel(channel):
            subscription.deliver(message)
        for subscription in self._subscribers.that_match(channel):
            subscription.deliver(message)

    async def subscribe(self, subscription: Subscription) -> None:
        """Begin to deliver."""
        self._subscribers.add(subscription)

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more."""
        self._subscribers.remove(subscription)
