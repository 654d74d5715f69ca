"""One subscriber: a bounded queue of events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from tornado._broadcast.events import Gap, Message

__all__ = ["DEFAULT_MAX_QUEUE", "Event", "Subscription"]

#: Messages that wait for a subscriber, unless said otherwise.
DEFAULT_MAX_QUEUE = 1000

Event = Message | Gap


class Subscription:
    """The messages of a channel, or of the channels of a pattern; made by `Broadcast.subscribe`.

    An asynchronous iterator, and an asynchronous context manager that unsubscribes at its end::

        async with broadcast.subscribe("news") as subscription:
            async for event in subscription:
                if isinstance(event, Gap):
                    ...  # something is missing: read the whole state again
                else:
                    print(event.text)

    It is subscribed when the context manager is entered: what is published afterwards arrives. The
    iteration ends when the broadcast is closed. A subscriber that is too slow misses the oldest
    messages, and gets a `Gap` in their place: nobody waits for it.

    .. versionadded:: 6.100
    """

    def __init__(
        self,
        name: str,
        is_pattern: bool,
        max_queue: int,
        enter: Callable[[Subscription], Awaitable[None]],
        leave: Callable[[Subscription], Awaitable[None]],
    ) -> None:
        if max_queue < 1:
            raise ValueError(f"max_queue is {max_queue}, expected at least 1")
        #: The channel, or the pattern.
        self.name = name
        self.is_pattern = is_pattern
        self._max_queue = max_queue
        self._enter = enter
        self._leave = leave
        self._events: deque[Event] = deque()
        self._messages = 0
        self._arrived: asyncio.Future[None] | None = None
        self._is_closed = False

    async def __aenter__(self) -> Subscription:
        if self._is_closed:
            raise RuntimeError("a subscription can be entered once")
        try:
            await self._enter(self)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()
        await self._leave(self)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def next(self) -> Event | None:
        """Wait for the next event and return it; ``None`` when there will be none.

        One caller at a time. Cancelling it loses nothing.
        """
        while not self._events:
            if self._is_closed:
                return None
            if self._arrived is not None and not self._arrived.done():
                raise RuntimeError("somebody waits for the next event already")
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        event = self._events.popleft()
        if isinstance(event, Message):
            self._messages -= 1
        return event

    # What a backend calls.

    def deliver(self, message: Message) -> None:
        """Put a message in the queue."""
        if self._is_closed:
            return
        if self._messages >= self._max_queue:
            self._drop_oldest()
        self._events.append(message)
        self._messages += 1
        self._wake()

    def lost_connection(self) -> None:
        """Put in the queue that messages may be missing."""
        if self._is_closed or (self._events and self._events[-1] == Gap("connection")):
            return
        self._events.append(Gap("connection"))
        self._wake()

    def close(self) -> None:
        """Deliver nothing more; what waits can still be read."""
        self._is_closed = True
        self._wake()

    def _drop_oldest(self) -> None:
        """Drop the oldest message, and say so in its place."""
        kept: list[Gap] = []
        dropped = 0
        while not dropped:
            event = self._events.popleft()
            if isinstance(event, Message):
                dropped = 1
            elif event.reason == "overflow":
                dropped_before = event.count or 0
                event = self._events.popleft()
                while isinstance(event, Gap):
                    kept.append(event)
                    event = self._events.popleft()
                dropped = dropped_before + 1
            else:
                kept.append(event)
        self._messages -= 1
        self._events.appendleft(Gap("overflow", dropped))
        self._events.extendleft(reversed(kept))

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)
