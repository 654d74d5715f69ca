"""Queues for coroutines: items in; items, to the consumers in the order of asking, out.

They are like those of `queue`, but waiting does not block: ``await`` it, or ``yield`` it. They are
not thread-safe. A ``timeout`` is a deadline by the clock of `tornado.ioloop.IOLoop.time`, or a
`datetime.timedelta` from now; one that is past, or zero, means: now or never. An item on its way to
a consumer that is cancelled goes back to the queue.
"""

import asyncio
import heapq
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tornado._core.seam import legacy as _legacy
from tornado._loop.waiters import Timeout, Waiters, granted
from tornado.locks import Event

_legacy.provide(__name__)

__all__ = ["LifoQueue", "PriorityQueue", "Queue", "QueueEmpty", "QueueFull"]

_T = TypeVar("_T")
if TYPE_CHECKING:
    # `PriorityQueue()` needs no annotation: it takes anything, as in the releases.
    _Item = TypeVar("_Item", default=Any)
else:
    _Item = TypeVar("_Item")


class QueueEmpty(Exception):
    """`Queue.get_nowait` found no item."""


class QueueFull(Exception):
    """`Queue.put_nowait` found no room."""


class Queue(Generic[_T]):
    """Hands items from producers to consumers, first in first out.

    :param maxsize: how many items it holds; 0 for no limit. When it is full, `put` waits.
    :raises TypeError: if ``maxsize`` is ``None``.
    :raises ValueError: if it is negative.

    ``async for item in queue`` gets items for ever.

    .. versionadded:: 4.2
    .. versionchanged:: 4.3
       ``async for``.
    """

    # Where the items are; subclasses may choose what `_init`, `_get` and `_put` make of it.
    _queue: Any = None

    def __init__(self, maxsize: int = 0) -> None:
        if maxsize is None:
            raise TypeError("maxsize can't be None")
        if maxsize < 0:
            raise ValueError(f"maxsize can't be negative, got {maxsize}")
        self._maxsize = maxsize
        self._init()
        self._getters = Waiters(give_back=self._take_back)
        self._putters = Waiters()
        # What the putters that wait have to give, in the order of their line.
        self._offers: deque[tuple[asyncio.Future[None], _T]] = deque()
        self._unfinished_tasks = 0
        self._finished = Event()
        self._finished.set()

    def _init(self) -> None:
        """Make the container of the items."""
        self._queue = deque()

    def _get(self) -> _T:
        """Take the next item out of the container."""
        item: _T = self._queue.popleft()
        return item

    def _put(self, item: _T) -> None:
        """Put an item into the container."""
        self._queue.append(item)

    def _unget(self, item: _T) -> None:
        """Put an item back to where `_get` took it."""
        self._queue.appendleft(item)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x} {self._format()}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self._format()}>"

    def _format(self) -> str:
        parts = [f"maxsize={self._maxsize!r}"]
        if self._queue:
            parts.append(f"queue={self._queue!r}")
        if self._getters:
            parts.append(f"getters[{len(self._getters)}]")
        if self._putters:
            parts.append(f"putters[{len(self._putters)}]")
        if self._unfinished_tasks:
            parts.append(f"tasks={self._unfinished_tasks}")
        return " ".join(parts)

    @property
    def maxsize(self) -> int:
        """How many items the queue holds; 0 for no limit."""
        return self._maxsize

    def qsize(self) -> int:
        """Return the number of items in the queue."""
        return len(self._queue)

    def empty(self) -> bool:
        """Whether there is no item."""
        return not self._queue

    def full(self) -> bool:
        """Whether there is no room for another item."""
        return self._maxsize > 0 and self.qsize() >= self._maxsize

    def put(self, item: _T, timeout: Timeout = None) -> "asyncio.Future[None]":
        """Put an item into the queue, waiting for room if need be.

        :raises tornado.util.TimeoutError: when time is up, from the future; the item is not put.
        """
        if not self._maxsize and not self._getters._line:
            self._enqueue(item)
            return granted(None)
        if not self.full() or self._getters:
            self.put_nowait(item)
            return granted(None)
        waiter = self._putters.add(timeout)
        self._offer(waiter, item)
        return waiter

    def put_nowait(self, item: _T) -> None:
        """Put an item into the queue.

        :raises QueueFull: if there is no room.
        """
        getter = self._getters.pop() if self._getters._line else None
        if getter is not None:
            self._enqueue(item)
            getter.set_result(self._get())
        elif self._maxsize and self.full():
            raise QueueFull
        else:
            self._enqueue(item)

    def get(self, timeout: Timeout = None) -> "asyncio.Future[_T]":
        """Take the next item, waiting for one if need be.

        :raises tornado.util.TimeoutError: when time is up, from the future.
        """
        if self._queue or self._putters:
            return granted(self.get_nowait() if self._offers else self._get())
        return self._getters.add(timeout)

    def get_nowait(self) -> _T:
        """Take the next item.

        :raises QueueEmpty: if there is none.
        """
        if self._offers and self._putters:
            self._admit_putter()
        elif self.empty():
            raise QueueEmpty
        return self._get()

    def task_done(self) -> None:
        """Say that the work on an item that was got is done; see `join`.

        :raises ValueError: if it is called more often than there were items.
        """
        if self._unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished_tasks -= 1
        if self._unfinished_tasks == 0:
            self._finished.set()

    def join(self, timeout: Timeout = None) -> "asyncio.Future[None]":
        """Wait until `task_done` was called for every item that was put.

        :raises tornado.util.TimeoutError: when time is up, from the future.
        """
        return self._finished.wait(timeout)

    def __aiter__(self) -> "_QueueIterator[_T]":
        return _QueueIterator(self)

    def _offer(self, waiter: "asyncio.Future[None]", item: _T) -> None:
        """Keep the item of a putter that waits."""
        offers = self._offers
        if len(offers) > 100 and offers[0][0].done():
            self._offers = offers = deque(offer for offer in offers if not offer[0].done())
        offers.append((waiter, item))

    def _enqueue(self, item: _T) -> None:
        if not self._unfinished_tasks:
            self._finished.clear()
        self._unfinished_tasks += 1
        self._put(item)

    def _admit_putter(self) -> None:
        """Put the item of the first putter that still waits."""
        waiter = self._putters.pop()
        while True:
            owner, item = self._offers.popleft()
            if owner is waiter:
                break
        assert waiter is not None
        self._enqueue(item)
        waiter.set_result(None)

    def _take_back(self, item: _T) -> None:
        """Have back an item that a cancelled consumer was to get."""
        getter = self._getters.pop()
        if getter is not None:
            getter.set_result(item)
        else:
            self._unget(item)


class _QueueIterator(Generic[_T]):
    def __init__(self, queue: Queue[_T]) -> None:
        self._queue = queue

    def __anext__(self) -> "asyncio.Future[_T]":
        return self._queue.get()

    def __aiter__(self) -> "_QueueIterator[_T]":
        return self


class PriorityQueue(Queue[_Item]):
    """A queue that gives the smallest item first; items are often ``(priority, data)``.

    .. versionadded:: 4.2
    """

    def _init(self) -> None:
        self._queue = []

    def _put(self, item: _Item) -> None:
        heapq.heappush(self._queue, item)

    def _get(self) -> _Item:
        item: _Item = heapq.heappop(self._queue)
        return item

    _unget = _put


class LifoQueue(Queue[_Item]):
    """A queue that gives the newest item first.

    .. versionadded:: 4.2
    """

    def _init(self) -> None:
        self._queue = []

    def _put(self, item: _Item) -> None:
        self._queue.append(item)

    def _get(self) -> _Item:
        item: _Item = self._queue.pop()
        return item

    _unget = _put
